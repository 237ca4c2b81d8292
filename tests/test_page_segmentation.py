"""The page of segmentation, run without a browser: training, link, code, weights, masks and every fault."""

import html
import io
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from parts.titles import SEGMENTATION
from streamlit.testing.v1 import AppTest
from test_masks import bomb, png

from lossviz import camvid, count_pixels, segsentences
from lossviz.scenes import CLASSES
from lossviz.segplan import METHODS, SOURCES, prepare_scenes

PAGE = ROOT / "pages" / "segmentation.py"
QUICK = {"seg-steps": "20", "seg-scenes": "8"}


class Page:
    """The page in one session."""

    def __init__(self, finish):
        self.finish = finish
        self.at = AppTest.from_file(PAGE, default_timeout=180)

    def open(self, **parameters):
        self.at.query_params.update(QUICK | parameters)
        return self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def train(self):
        self.finish(self.job, 180)
        return self.run()

    @property
    def job(self):
        return self.at.session_state["segmentation job"][1]

    @property
    def told(self):
        return [json.loads(c.proto.json) for c in self.at.get("bidi_component")]

    def own_plan(self):
        """What is trained by default: with the scenes' own weights."""
        return prepare_scenes(["true_mask"], steps=20, scenes=8)

    @property
    def charts(self):
        return {t["name"]: t for t in self.told if "figure" in t}

    @property
    def problem(self):
        (error,) = self.at.error
        return re.sub(r"\\(.)", r"\1", error.value)

    @property
    def sentences(self):
        return " ".join(html.unescape(e.proto.body) for e in self.at.get("html"))


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Streamlit puts each script in the place of `__main__`, which a worker that starts later would try to import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def page(engine, finish):
    return Page(finish)


def test_it_trains_what_the_link_asks_for_and_says_what_came_of_it(page):
    asked = ["true_mask", "multiplied_mask", "tversky"]
    page.open(**{
        "seg-methods": [SEGMENTATION["seg-methods"][n] for n in asked], "seg-weights": SOURCES["segnet"], "seg-seed": "3",
        "seg-tversky-alpha": "0.1", "seg-scene": "Training scene 2", "seg-row": "Masks times logits",
    }).train()  # fmt: skip
    assert not page.at.error
    run = page.job.run()
    plan = run.plan
    assert plan.methods == tuple(asked)
    assert plan.seed == 3
    assert plan.knobs["tversky"]["alpha"] == 0.1
    np.testing.assert_array_equal(plan.weights, camvid.SEGNET)
    picture = page.told[0]
    assert picture["url"] == f"/live/{page.job.token}"
    assert picture["scene"] == 1
    chart = page.charts["segmentation-iou"]
    assert len(json.loads(chart["figure"])["data"]) == len(CLASSES) - 1
    best = np.nanmax(run.iou[-1, 1])
    assert chart["label"].startswith("Masks times logits: ")
    assert f"with an IoU of {100 * best:.1f} %" in chart["label"]
    assert chart["label"] in page.sentences
    code = page.at.code[-1].value
    assert "weights='segnet'" in code
    assert "{'tversky': {'alpha': 0.1, 'beta': 0.7}}" in code
    code += "\nprint('@', numbers.to_json(orient='split', double_precision=15))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = pd.read_json(io.StringIO(out.split("\n@ ")[1]), orient="split")
    found = found[found["Method"] == "Masks times logits"].reset_index(drop=True)
    shown = next(d.value for d in page.at.dataframe if "Mean IoU" in d.value.columns).reset_index(drop=True)
    assert list(found["Step"]) == list(shown["Step"])
    np.testing.assert_allclose(found["Mean IoU"], shown["Mean IoU"], atol=0.01)


def test_another_scene_trains_nothing_anew_and_another_method_does(page):
    page.open(**{"seg-methods": ["Plain"]}).train()
    first = page.job
    page.at.selectbox(key="seg-scene").select("Unseen scene 2")
    page.run()
    assert page.job is first
    assert page.told[0]["scene"] == 3
    page.at.button_group(key="seg-methods").set_value(["plain", "dice"])
    page.run()
    assert page.job is not first
    assert first.ended


def test_void_can_be_turned_on_as_a_class(page):
    page.open(**{"seg-methods": ["Weighted by true label"], "seg-void": "false"})
    assert page.job.plan.weights[-1] > 0
    assert not page.job.plan.void


def test_weights_from_scenes_and_from_camvid(page):
    page.open(**{"seg-methods": ["Plain"]})
    counts = count_pixels(page.job.plan.scenes.labels, 12)
    label = page.charts["seg-own"]["label"]
    assert f"of {counts.masks} images" in label or "both denominators are the same" in label
    page.at.button_group(key="seg-look").set_value("camvid")
    page.run()
    label = page.charts["seg-camvid"]["label"]
    assert "The copied list gives SignSymbol 9.6446; from the counts of the same 367 images follows 3.5331" in label
    assert "Fence, in 173 of 367 images, weighs 3.74 in place of 1.81" in label
    table = next(d.value for d in page.at.dataframe if "SegNet's copied list" in d.value.columns)
    np.testing.assert_array_equal(table["Pixels"], camvid.PIXELS)


def masks(page, *files):
    page.at.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    return page.run()


def test_ones_own_masks(page):
    page.open(**{"seg-methods": ["Plain"], "seg-look": "Your own masks", "seg-names": "road, =sky, <b>sign</b>"})
    assert "Choose label masks" in page.at.info[-1].value
    a, b = np.zeros((4, 5), np.uint8), np.ones((3, 3), np.uint8)
    a[0, :2], b[0, 0] = 2, 255
    masks(page, ("a.png", png(a)), ("b.png", png(b)))
    assert not page.at.error
    counts = np.array([18, 8, 2]) / np.array([20, 8, 20])
    right = np.median(counts) / counts
    code = next(c.value for c in page.at.code if "weights[labels] * losses" in c.value)
    assert "# 'road', '=sky', '<b>sign</b>'\n" in code
    scope = {"labels": np.array([[[0, 2], [1, 255]]]), "losses": np.ones((1, 2, 2))}
    exec(code.replace("# loss =", "loss ="), scope)
    assert scope["loss"] == pytest.approx(right.sum() / 4), "an ignored pixel weighs nothing"
    assert "2 masks, 28 pixels counted, 1 ignored" in page.sentences
    assert "2 sizes, from 3×3 to 5×4" in page.sentences
    assert page.charts["seg-mine"]["label"].startswith("With all images in the denominator")


def test_scenes_are_trained_with_the_weights_of_ones_own_masks(page):
    mine = SEGMENTATION["seg-weights"]["mine"]
    page.open(**{"seg-methods": ["Weighted by true label"], "seg-look": "Your own masks", "seg-weights": mine})
    assert "which are not part of a link" in page.at.warning[0].value
    assert page.job.plan.weights.tolist() == page.own_plan().weights.tolist()
    mask = np.repeat(np.arange(11, dtype=np.uint8), np.arange(1, 12))[None]
    masks(page, ("a.png", png(mask)))
    assert not page.at.warning
    expected = 6 / np.arange(1, 12)  # the median of 1 … 11 over each
    assert page.job.plan.weights.tolist() == pytest.approx([*expected, 0])
    assert page.train().at.caption[-1].value.startswith("The methods with a mask, above")
    code = next(c.value for c in page.at.code if "fit_scenes" in c.value)
    assert "weights=[6.0, 3.0, 2.0," in code
    # taken away again, the scenes' own are used
    page.at.file_uploader[0].set_value([])
    page.run()
    assert "which are not part of a link" in page.at.warning[0].value
    assert page.job.plan.weights.tolist() == page.own_plan().weights.tolist()


def test_a_button_trains_with_the_weights_and_other_classes_are_told(page):
    page.open(**{"seg-methods": ["Weighted by true label"], "seg-look": "Your own masks"})
    masks(page, ("a.png", png(np.arange(12, dtype=np.uint8)[None])))
    page.at.button[0].click()
    page.run()
    assert page.at.selectbox(key="seg-weights").value == "mine"
    assert page.job.plan.weights.tolist() == [1.0] * 11 + [0.0]
    masks(page, ("a.png", png(np.arange(3, dtype=np.uint8)[None])))
    said = "cannot be trained with these weights: they have none for 'Road'"
    assert said in re.sub(r"\\(.)", r"\1", page.at.warning[0].value)
    assert any(said in re.sub(r"\\(.)", r"\1", c.value) for c in page.at.caption)


@pytest.mark.parametrize(
    ("data", "parameters", "said"),
    [
        (b"\xff\xd8\xff", {}, "'a.png' is no PNG file"),
        (bomb(90_000, 90_000), {}, "more than 40 million"),
        (png(np.full((2, 2), 9, np.uint8)), {"seg-names": "road, sky"}, "has 4 pixels of index 9"),
        (
            png(np.array([[0, 1]], np.uint8)),
            {"seg-names": "road"},
            "has 1 pixel of index 1, the first at row 0, column 1",
        ),
        (png(np.full((2, 2), 9, np.uint8)), {"seg-ignore": "9"}, "nothing is left to count"),
        (png(np.full((2, 2), 9, np.uint8)), {"seg-ignore": "nine"}, "'nine' is no index"),
        (png(np.full((2, 2), 9, np.uint8)), {"seg-names": "a, a"}, "two are the same"),
    ],
)
def test_what_is_wrong_with_masks_is_a_sentence(page, data, parameters, said):
    page.open(**{"seg-methods": ["Plain"], "seg-look": "Your own masks", **parameters})
    if not page.at.error:
        masks(page, ("a.png", data))
    assert said in page.problem
    assert page.told, "the pictures stay"


def test_no_method_and_links_in_vain(page):
    page.open(**{"seg-methods": ["Plain"]})
    page.at.button_group(key="seg-methods").set_value([])
    page.run()
    assert "at least one method" in page.at.info[0].value
    assert page.job.cancelled
    other = Page(page.finish).open(**{"seg-weights": "nonesuch", "seg-scenes": "100000"})
    said = re.sub(r"\\(.)", r"\1", other.at.warning[0].value)
    assert "seg-weights=nonesuch" in said
    assert "seg-scenes=100000" in said
    assert other.job.plan.scenes.labels.shape[0] == 48


def test_every_method_has_a_title_and_says_whether_it_is_flawed():
    for m in METHODS.values():
        assert SEGMENTATION["seg-methods"][m.name] == m.title + " ⚠" * m.flawed
        assert m.summary.endswith(".")
    assert segsentences.share(0.5) == "50 %"


def test_a_method_of_the_curves_that_is_not_trained_is_said(page):
    page.open(**{"seg-row": "zebra"}).train()
    (warning,) = page.at.warning
    assert "seg-row=zebra (must be " in re.sub(r"\\(.)", r"\1", warning.value)


def test_a_switch_is_true_or_false_in_a_link(page):
    page.open(**{"seg-void": "maybe", "seg-methods": "Plain"})
    assert "seg-void=maybe (must be true or false)" in re.sub(r"\\(.)", r"\1", page.at.warning[0].value)
    page.job.cancel()
    other = Page(page.finish).open(**{"seg-void": "false", "seg-methods": "Plain"})
    assert not other.at.warning
    assert other.job.plan.void is False
    other.job.cancel()
