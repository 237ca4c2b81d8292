"""The page of loss surfaces, run without a browser: every view, what its link and its code give again, every fault."""

import base64
import html
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from parts.titles import SURFACES
from streamlit.testing.v1 import AppTest

import lossviz
from lossviz import STRATEGIES, surfacefigures
from lossviz.judgement import undone
from lossviz.landscape import as_npz
from lossviz.planes import parameter_names

PAGE = ROOT / "pages" / "surfaces.py"
QUICK = {"s-blobs-n": "200", "s-steps": "50", "resolution": "20"}
MLP = SURFACES["s-model"]["mlp"]


class Page:
    """The page in one session."""

    def __init__(self):
        self.at = AppTest.from_file(PAGE, default_timeout=180)

    def open(self, **parameters):
        self.at.query_params.update(parameters)
        return self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    @property
    def told(self):
        return [json.loads(c.proto.json) for c in self.at.get("bidi_component")]

    @property
    def surface(self):
        return self.at.session_state["surfaces surface"][1]

    @property
    def run_held(self):
        return self.at.session_state["surfaces run surface"][1]

    @property
    def problem(self):
        (error,) = self.at.error
        return re.sub(r"\\(.)", r"\1", error.value)

    @property
    def sentences(self):
        return " ".join(html.unescape(e.proto.body) for e in self.at.get("html"))

    @property
    def code(self):
        return self.at.code[-1].value


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Streamlit puts each script in the place of `__main__`, which a worker that starts later would try to import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def page(engine):
    return Page()


def array(value):
    """An array of a figure's JSON."""
    if not isinstance(value, dict):
        return np.array(value, float)
    found = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
    return found.reshape([int(n) for n in value["shape"].split(",")]) if "shape" in value else found


def executed(code, expression):
    """An array that code makes, in a process of its own: TensorFlow stays out of this one."""
    wanted = f"import io, sys\nimport numpy as np\nfile = io.BytesIO()\nnp.save(file, np.asarray({expression}))\n"
    script = (
        re.sub(r"^print\(.*\)$", "", code, flags=re.MULTILINE)
        + "\n"
        + wanted
        + "sys.stdout.buffer.write(file.getvalue())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return np.load(io.BytesIO(done.stdout))


def traces(figure, kind):
    return [t for t in figure["data"] if t["type"] == kind]


# Surface


@pytest.mark.parametrize("model", ["bias", "two"])
def test_the_whole_surface_and_the_code_that_makes_it_again(page, model):
    page.open(**QUICK, **{"s-model": SURFACES["s-model"][model]})
    found = page.surface
    assert found.done
    assert found.loss.shape == (3, 20, 20)
    (told,) = page.told
    drawn = traces(json.loads(told["figure"]), "contour")
    assert [t["meta"] for t in drawn] == [0, 1, 2]
    for j, trace in enumerate(drawn):
        np.testing.assert_allclose(array(trace["customdata"]), found.loss[j], rtol=1e-6)
        np.testing.assert_allclose(array(trace["z"]), np.log10(found.loss[j]), atol=1e-5)
        assert trace["contours"] == drawn[0]["contours"], "one scale"
    assert told["label"] in page.sentences
    assert "This is the whole surface" in told["label"]
    run = page.run_held
    assert f"loss {run.losses[-1, 0]:.3g}, least on the grid {found.loss[0].min():.3g}" in told["label"]
    np.testing.assert_allclose(found.trajectories[0], run.parameters[:, 0], atol=1e-9)
    np.testing.assert_array_equal(executed(page.code, "surface.loss"), found.loss)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"plane": SURFACES["plane"]["random"], "directions": "3", "reference": "Weighted cross-entropy"},
        {"plane": SURFACES["plane"]["weights"], "own": "true", "weight-up": "layer 3, unit 2, bias"},
        {"range-x": "-1, 2", "range-y": "-2,2.5"},
    ],
    ids=["pca", "random", "own weights", "ranges"],
)
def test_slices_of_a_network_come_again_from_link_and_code(page, asked):
    page.open(**QUICK, **{"s-model": MLP}, **asked)
    found = page.surface
    assert found.done
    if "range-x" in asked:
        assert (found.x[0], found.x[-1], found.y[0], found.y[-1]) == (-1, 2, -2, 2.5)
    if not asked:
        assert f"The plane holds {100 * sum(found.plane.explained):.0f} %" in page.told[0]["label"]
        assert f"up to {found.off_plane.max():.3g} off it" in page.told[0]["label"]
    if "own" in asked:
        assert found.plane.own
        assert found.plane.labels[1] == "layer 3, unit 2, bias"
        assert found.plane.labels[1] in parameter_names(page.run_held.plan)
    if "directions" in asked:
        assert "'random', resolution=20, reference=1, seed=3" in page.code.replace(
            "seed=3, reference=1", "reference=1, seed=3"
        )
    again = Page()
    for key, value in dict(page.at.query_params).items():
        again.at.query_params[key] = value
    np.testing.assert_array_equal(again.run().surface.loss, found.loss)
    np.testing.assert_allclose(executed(page.code, "surface.loss"), found.loss, rtol=1e-5)


def test_nothing_is_computed_twice_and_the_last_is_kept(page):
    page.open(**QUICK)
    first = page.surface
    page.at.button_group(key="drawn").set_value("solid")
    page.run()
    assert page.surface is first, "another way to draw it"
    figure = json.loads(page.told[0]["figure"])
    assert len(traces(figure, "surface")) == 3
    assert {f"scene{i}" for i in ("", 2, 3)} <= set(figure["layout"])
    page.at.slider(key="resolution").set_value(30)
    page.run()
    assert page.surface.loss.shape == (3, 30, 30)


def test_the_model_at_a_point(page):
    page.open(**QUICK, **{"s-model": MLP, "at": "0.5, -0.25", "rule-of": "Multiplied logits"})
    plan, where = page.run_held.plan, page.surface.plane
    theta = where.at(0.5, -0.25)
    z = lossviz.models.forward(theta, plan.standardised(plan.X_test), plan.dims)
    decided = plan.rows[2].rule.classes(z)
    recall = (decided == 1)[plan.y_test == 1].mean()
    table = next(d.value for d in page.at.dataframe if "Decides as" in d.value.columns).set_index("Decides as")
    assert table.loc["Multiplied logits", "Recall, class 1"] == pytest.approx(recall)
    surface, point = page.told
    assert "chosen point" in [t.get("name") for t in json.loads(surface["figure"])["data"]]
    assert point["label"].startswith("At (0.5, −0.25), decided as Multiplied logits")
    grid = plan.rows[2].rule.classes(lossviz.models.forward(theta, plan.standardised(plan.grid()), plan.dims))
    drawn = array(traces(json.loads(point["figure"]), "heatmap")[0]["z"])
    assert (drawn.ravel() == grid).mean() > 0.999


def test_one_feature_has_a_probability_in_place_of_a_map(page):
    page.open(**QUICK, at="2, -1")
    plan = page.run_held.plan
    curve = json.loads(page.told[1]["figure"])["data"][0]
    x = array(curve["x"])
    f = 2 * (x - plan.centre[0]) / plan.scale[0] - 1
    np.testing.assert_allclose(array(curve["y"]), 1 / (1 + np.exp(-f)), atol=1e-6)


def test_all_strategies(page):
    page.open(**QUICK, **{"s-strategies": [s.title + " ⚠" * s.flawed for s in STRATEGIES.values()]})
    assert not page.at.error
    assert page.surface.names == tuple(STRATEGIES)
    assert page.surface.done
    assert f"the other {len(STRATEGIES) - 4} are in the table" in page.told[0]["label"]


def test_numbers_and_arrays_are_the_surface(page):
    found = page.open(**QUICK).surface
    table = surfacefigures.surface_numbers(found)
    paths = table[(table["What"] == "path") & (table["Strategy"] == "Cross-entropy")]
    np.testing.assert_array_equal(paths["Loss"], found.recorded[0])
    least = table[(table["What"] == "least loss on the grid")]["Loss"]
    np.testing.assert_array_equal(least, found.loss.min((1, 2)))
    assert table.loc[table["What"] == "grid", "Loss"].isin(found.loss.ravel()).all()
    kept = np.load(io.BytesIO(as_npz(found)))
    np.testing.assert_array_equal(kept["loss"], found.loss)


# Between two solutions


def test_the_line_between_two_solutions(page):
    page.open(
        **QUICK,
        look=SURFACES["look"]["between"],
        **{"line-to": "Multiplied logits ⚠".removesuffix(" ⚠"), "points": "11"},
    )
    assert not page.at.error
    line = page.at.session_state["surfaces line"][1]
    assert line.ends == ("cross_entropy", "multiplied_logits")
    at_ends = [line.at.tolist().index(t) for t in (0, 1)]
    assert len(line.at) == 13
    np.testing.assert_allclose(line.loss[[0, 2], at_ends], page.run_held.losses[-1, [0, 2]], rtol=1e-4)
    figure = json.loads(page.told[0]["figure"])
    np.testing.assert_allclose(array(figure["data"][1]["y"]), line.loss[1])
    np.testing.assert_array_equal(executed(page.code, "line.loss"), line.loss)


# The network undoes it


def test_the_network_undoes_it(page):
    page.open(**QUICK, look=SURFACES["look"]["undone"])
    run = page.at.session_state["surfaces run undone"][1]
    assert [r.strategy for r in run.plan.rows] == ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
    recall, norms = page.told
    curves = {t["name"]: array(t["y"]) for t in json.loads(recall["figure"])["data"]}
    assert list(curves)[2:] == ["Multiplied logits (flawed), raw", "Multiplied logits (flawed), scaled"]
    rare = run.plan.y_test == 1
    for name, row, rule in (("Cross-entropy", 0, 0), (list(curves)[2], 2, 0), (list(curves)[3], 2, 1)):
        decided = run.plan.rows[row].tables.decisions[rule].classes(run.test_logits[row].astype(float))
        assert curves[name][-1] == pytest.approx((decided == 1)[rare].mean())
    assert "Scaled as in training, multiplied logits predict" in norms["label"]
    assert executed(page.code, "found['raw']") == pytest.approx(undone(run.plan, run.theta, run.test_logits)["raw"])


# Fading weights


def test_fading_weights(page):
    page.open(look=SURFACES["look"]["fading"], **{"f-weight": "20", "f-until": "5", "f-l2": "0.02"})
    assert not page.at.error
    figure = json.loads(page.told[0]["figure"])
    plain = lossviz.fading_weights(20, 1e5)
    weighted = next(t for t in figure["data"] if t["name"] == "Weighted")
    np.testing.assert_allclose(array(weighted["y"]), plain.boundary[1])
    (law,) = [t for t in figure["data"] if t["name"].startswith("theory: −log")]
    assert law["line"]["dash"] == "dot"
    np.testing.assert_allclose(array(law["y"])[-1], -np.log(20) / (2 * np.log(2 * np.sqrt(20) * 1e5)))
    assert "it fades" in page.sentences
    made = executed(page.code, "[f.boundary for f in found]")
    np.testing.assert_array_equal(made[0], plain.boundary)
    np.testing.assert_array_equal(made[3], lossviz.fading_weights(20, 1e5, overlap=0.1, l2=0.02).boundary)


def test_without_l2_its_curves_are_left_out(page):
    page.open(look=SURFACES["look"]["fading"], **{"f-l2": "0"})
    names = [t["name"] for t in json.loads(page.told[0]["figure"])["data"]]
    assert not any("L2" in n for n in names)


# Faults


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"range-x": "3, -3"}, "Across, from and to: the first must be less than the second; not 3, -3"),
        ({"range-x": "1"}, "has 1 number, not 2"),
        ({"range-y": "0, inf"}, "Up, from and to: 'inf' must be a finite number; write from, to"),
        ({"at": "a, 1"}, "'a' is no number"),
        ({"at": "1, 2; 3, 4"}, "Point: 2 rows, where 1 is enough; write across, up"),
        ({"at": "nan, 2"}, "Point: 'nan' must be a finite number"),
        ({"at": "1e99, 2"}, "numbers must be from −1e+06 to 1e+06; not 1e+99, 2"),
        ({"s-optimizer": "Gradient descent", "s-rate-sgd": "5", "s-l2": "1"}, "diverged by step"),
    ],
)
def test_what_is_wrong_is_a_sentence(page, asked, said):
    page.open(**QUICK, **asked)
    assert said in page.problem
    assert page.at.selectbox(key="s-data"), "the controls stay"


def test_too_much_is_said_before_it_is_begun(page):
    page.open(
        **{
            "s-blobs-n": "100000",
            "s-steps": "50",
            "resolution": "200",
            "s-model": MLP,
            "plane": SURFACES["plane"]["random"],
        }
        | {"own": "true"}
    )
    assert "takes too long" in page.problem


def test_no_strategy_and_links_in_vain(page):
    page.open(**QUICK)
    page.at.button_group(key="s-strategies").set_value([])
    page.run()
    assert "at least one strategy" in page.at.info[0].value
    other = Page().open(**QUICK, **{"s-data": "Iris", "look": "nonesuch"})
    assert "s\\-data\\=Iris" in other.at.warning[0].value
    assert other.surface.done
