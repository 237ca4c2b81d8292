"""The pages, run without a browser: every strategy, dataset and optimiser, and every bad file."""

import ast
import gzip
import html
import io
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, drawn
from parts import words
from parts.listing import PAGES
from parts.titles import VIEWS, canonical
from streamlit.testing.v1 import AppTest

import lossviz
from lossviz import DATASETS, MODELS, OPTIMIZERS, STRATEGIES, demo, judgement, wire
from lossviz import engine as engines
from lossviz.knobs import Knob
from lossviz.presets import PRESETS
from lossviz.sentences import percent, rarest

ALL = list(STRATEGIES)
QUICK = {"model": "linear", "steps": 50}
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "![x](http://a.b/c.png)",
    "=1+1",
    ":red[x]",
    "$x^2$ **b** `c`",
    "long " * 60,
    "🐈 :cat:",
    "תווית ‏עברית",
]


def link(name):
    """What Streamlit writes into the link for a choice: its title; for several, a list of them."""
    if isinstance(name, list):
        return [link(n) for n in name]
    entries = [*DATASETS.values(), *MODELS.values(), *OPTIMIZERS.values(), *STRATEGIES.values()]
    titles = {e.name: e.title + (" ⚠" if getattr(e, "flawed", False) else "") for e in entries} | {
        "upload": "Your own table…",
        "all": "All examples",
        "two": "Two columns",
        "pca": "PCA of all numbers",
        "lda": "LDA of all numbers",
    }
    return titles.get(name, str(name))


class Page:
    """The race page in one session."""

    def __init__(self, finish):
        self.finish = finish
        self.at = AppTest.from_file(ROOT / "pages" / "race.py", default_timeout=180)

    def open(self, **parameters):
        self.at.query_params.update({name: link(value) for name, value in parameters.items()})
        return self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def train(self):
        """Run until the training of what is chosen has ended."""
        self.finish(self.job)
        return self.run()

    def choose(self, key, value):
        self.at.selectbox(key=key).select(value)
        return self.run()

    def upload(self, data, name="mine.csv"):
        self.at.file_uploader[0].set_value((name, data, ""))
        return self.run()

    @property
    def job(self):
        return self.at.session_state["race job"][1]

    @property
    def drawn(self):
        """What the component draws: it is told where to read, and reads it."""
        told = json.loads(self.at.get("bidi_component")[0].proto.json)
        assert told["url"] == f"/live/{self.job.token}"
        assert engines.find(self.job.token) is self.job
        picture = drawn(self.job)
        picture.run = told["run"]
        return picture

    @property
    def chart(self):
        """The figure that is drawn under the picture, and what it is said to show."""
        told = json.loads(self.at.get("bidi_component")[1].proto.json)
        return json.loads(told["figure"]), told["label"]

    @property
    def problem(self):
        (error,) = self.at.error
        return unescaped(error.value)

    @property
    def html(self):
        return [e.proto.body for e in self.at.get("html")]


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Streamlit puts each script in the place of `__main__`, which a worker that starts later would try to import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def page(engine, finish):
    return Page(finish)


def unescaped(markdown):
    return re.sub(r"\\(.)", r"\1", markdown)


def check(page):
    """The picture, the sentences and the table are the run's."""
    assert not page.at.error
    job, drawn = page.job, page.drawn
    run, plan = job.run(), job.plan
    assert run.done, job.error
    assert drawn.frames == len(drawn.steps) == len(run.steps)
    assert drawn.steps == run.steps.tolist()
    side, rows = drawn.resolution, len(plan.rows)
    np.testing.assert_array_equal(drawn.maps, run.maps)
    assert drawn.maps.shape[1:] == (rows, side, side)
    np.testing.assert_array_equal(drawn.curves, np.stack([run.losses, run.cross_entropy, run.test_cross_entropy]))
    np.testing.assert_array_equal(drawn.confusion, run.confusion)
    shown = wire.shown_points(plan.y)
    assert drawn.points.size == 2 * len(shown) == 2 * len(drawn.labels)
    np.testing.assert_array_equal(drawn.labels, plan.y[shown])
    x0, x1, y0, y1 = drawn.extent
    there = drawn.points.reshape(-1, 2) * [x1 - x0, y1 - y0] + [x0, y0]
    np.testing.assert_allclose(there, plan.X[shown], atol=1e-6 * max(x1 - x0, y1 - y0))
    assert drawn.counts == np.bincount(plan.y).tolist()
    assert drawn.extent[0] < drawn.extent[1]
    assert drawn.extent[2] < drawn.extent[3]
    assert [p["title"] for p in drawn.panels] == [STRATEGIES[n].title for n in run.strategies]
    assert [p["flawed"] for p in drawn.panels] == [STRATEGIES[n].flawed for n in run.strategies]

    c = rarest(plan)
    truly = plan.y_test == c
    for i, (row, note) in enumerate(zip(plan.rows, drawn.end.notes, strict=True)):
        rule = row.tables.decisions[0]
        recall = (rule.classes(run.test_logits[i].astype(np.float64)) == c)[truly].mean()
        assert f"recall of {plan.classes[c]} {percent(recall)}" in note
        if row.strategy == "cross_entropy":
            plain = (run.test_logits[i].argmax(1) == c)[truly].mean()
            assert drawn.end.sentence.startswith(
                f"Recall of {plan.classes[c]}, the rarest class ({plan.counts[c]:,} of "
            )
            assert f": {row.title} {percent(plain)}" in drawn.end.sentence
    last = run.test_cross_entropy[-1]
    assert f"{plan.rows[last.argmin()].title}" in drawn.end.curveSentence
    assert f"{last.min():.3f}" in drawn.end.curveSentence

    table, metrics = page.at.dataframe[0].value, run.table()
    assert len(table) == len(metrics) >= rows
    records = judgement.judged(plan, run.test_logits)
    metrics["mcc"], metrics["brier"], metrics["ece"] = zip(
        *((r["mcc"], r["brier"], r["ece"]) for r in records), strict=True
    )
    metrics["auc"], metrics["ap"] = zip(*((r["roc_auc"][c], r["average_precision"][c]) for r in records), strict=True)
    rare_first = [plan.classes[c] for c in np.argsort(plan.counts, kind="stable")]
    columns = [f"{m}[{c}]" for m in ("recall", "precision") for c in rare_first]
    columns += ["balanced_accuracy", "macro_f1", "mcc", "log_loss", "brier", "ece", "auc", "ap"]
    columns += [*(f"predicted_share[{c}]" for c in rare_first)]
    np.testing.assert_array_equal(table.iloc[:, 1:].to_numpy(float), metrics[columns].to_numpy(float))
    for title, name in zip(table["Strategy"], metrics["strategy"], strict=True):
        assert title.startswith(STRATEGIES[name].title)
    assert table["Strategy"].is_unique
    assert table.columns.is_unique
    assert f"On {len(plan.y_test):,} test examples" in [h.value for h in page.at.header]
    assert len([h for h in page.html if f"of the test examples are {html.escape(plan.classes[c])};" in h]) == 1
    return drawn


# The race page: every dataset, model, optimiser, batch size and strategy


@pytest.mark.parametrize("name", DATASETS)
def test_every_strategy_on_every_dataset(page, name):
    page.open(data=name, **QUICK)
    page.at.button_group(key="strategies").set_value(ALL)
    drawn = check(page.run().train())
    data = page.job.plan
    assert [p["title"] for p in drawn.panels] == [STRATEGIES[n].title for n in ALL]
    truth = DATASETS[name].kind == "synthetic" and name != "separable"
    assert bool(drawn.lines) == truth
    assert tuple(drawn.classes) == data.classes
    if truth:
        assert drawn.dots.size == 2 * sum(length for _, length in drawn.lines) > 0
        assert set(drawn.aims) <= {-1, *range(len(drawn.lines))}
        assert drawn.aims[ALL.index("cross_entropy")] == 0
    again = lossviz.make_dataset(name, seed=0)
    np.testing.assert_array_equal(data.X, again.X)
    np.testing.assert_array_equal(data.y_test, again.y_test)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch", ["all", "32"])
def test_every_model_optimiser_and_batch(page, model, optimizer, batch):
    check(page.open(data="moons", model=model, optimizer=optimizer, batch=batch, steps=50).train())
    plan = page.job.plan
    assert (plan.model, plan.optimizer) == (model, optimizer)
    assert plan.batch_size == (None if batch == "all" else 32)
    assert plan.learning_rate == OPTIMIZERS[optimizer].learning_rate


@pytest.mark.parametrize("view", ["pca", "lda", "two"])
def test_every_view_of_a_real_dataset(page, view):
    parameters = {"iris-axes": view, "data": "iris"} | QUICK
    page.open(**parameters).train()
    drawn = check(page)
    assert len(drawn.features) == 2
    if view == "two":
        assert drawn.features == list(DATASETS["iris"].columns[:2])
        page.choose("iris-x", DATASETS["iris"].columns[2]).train()
        assert check(page).features == [DATASETS["iris"].columns[2], DATASETS["iris"].columns[1]]


def test_a_changed_control_cancels_the_old_job(page):
    page.open(data="moons", model="linear", steps=5000)
    old = page.job
    assert page.run().job is old, "the same configuration goes on"
    page.at.slider(key="steps").set_value(50)
    page.run()
    assert old.cancelled
    assert page.job is not old
    new = page.job
    check(page.train())
    assert page.job is new
    page.at.button_group(key="strategies").set_value(["ldam", "cross_entropy"])
    assert page.run().job.plan.rows[0].strategy == "cross_entropy", "in the order of the list, not of clicks"


def test_the_same_link_gives_the_same_picture(page, finish):
    link = {"data": "xor", "seed": 7, "xor-n": 200, "xor-overlap": 0.7, "strategies": "focal", "l2": 0.01} | QUICK
    first = check(page.open(**link).train())
    second = check(Page(finish).open(**link).train())
    np.testing.assert_array_equal(first.maps, second.maps)
    assert first.run == second.run
    assert sum(first.counts) == 200
    assert [p["title"] for p in first.panels] == [STRATEGIES["focal"].title]
    assert page.job.plan.seed == 7


def test_nonsense_in_a_link_is_told_and_replaced(page):
    given = {
        "data": "nothing",
        "model": "<b>",
        "steps": "many",
        "seed": "-3",
        "strategies": "no_such",
        "rate-adam": "nan",
    }
    page.open(**given)
    (told,) = [unescaped(w.value) for w in page.at.warning]
    assert told.startswith("The link asks for what is not there; the controls show what is used instead: ")
    for part in (
        "strategies=no_such (must be one of the list's; repeat",
        "seed=-3 (must be a whole number from 0 to 9,999)",
    ):
        assert part in told
    for part in ("data=nothing (must be blobs,", "model=<b> (must be linear, mlp)", "steps=many"):
        assert part in told
    assert page.job.plan.model == "mlp"
    assert not page.at.error
    page.run()
    assert not page.at.warning, "once is enough"


def test_a_class_of_the_curves_that_is_not_there_is_said(page):
    page.open(**QUICK, **{"view": VIEWS["pr"], "view-class": "zebra"}).train()
    (told,) = [unescaped(w.value) for w in page.at.warning]
    assert f"view-class=zebra (must be {', '.join(page.at.selectbox(key='view-class').options)})" in told


def test_a_link_may_use_names():
    names = [("data", "moons"), ("strategies", "focal"), ("strategies", "multiplied_logits"), ("moons-n", "300")]
    assert canonical(names) == [(key, link(value)) for key, value in names]
    assert canonical(canonical(names)) == canonical(names)
    odd = [
        ("foo", "moons"),
        ("data", "nothing"),
        ("seed", "9" * 400),
        ("x", "a" * 400),
        ("seed", "1e999"),
        ("data", ""),
    ]
    cut = ("seed", "9" * 20 + "…")
    assert canonical(odd) == [odd[0], odd[1], cut, odd[3], odd[4], odd[5]], "only what would overflow is cut"


def test_a_table_outlives_a_visit_to_another_page(page):
    page.open(data="upload", **QUICK).upload(csv(rows())).train()
    before = check(page)
    page.at.session_state["file here"] = False  # as the router does when another page was open
    page.at.file_uploader[0].clear()
    page.run()
    assert "Still here: mine.csv" in [unescaped(c.value) for c in page.at.caption]
    np.testing.assert_array_equal(check(page).maps, before.maps)
    next(b for b in page.at.button if b.label == "Remove the table").click()
    assert "Choose a file" in page.run().at.info[0].value


def test_no_strategy_is_not_an_error(page):
    page.open(**QUICK)
    page.at.button_group(key="strategies").set_value([])
    page.run()
    assert "at least one strategy" in page.at.info[0].value
    assert not page.at.error


def test_a_failed_training_is_a_sentence(page):
    page.open(**QUICK).train()
    page.job.error = "Training stopped: ValueError: <b> **no**"
    page.run()
    assert page.problem == "Training stopped: ValueError: <b> **no**"


def test_every_view_of_what_came_of_a_run(page):
    names = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits", "focal"]
    page.open(strategies=names, seeds=3, model="linear", steps=300, **{"blobs-imbalance": 20}).train()
    plan, run = page.job.plan, page.job.run()
    assert [r.seed for r in plan.rows[:3]] == [0, 1, 2]
    assert len(page.drawn.panels) == 4, "the first seed is drawn"
    np.testing.assert_array_equal(page.drawn.maps, run.maps[:, ::3])
    assert "over 3 seeds)" in page.drawn.end.sentence
    table = page.at.dataframe[0].value
    recalls = [m["recall"][2] for m in run.metrics if plan.rows[m["row"]].strategy == "focal"]
    low, mean, high = min(recalls), np.mean(recalls), max(recalls)
    shown = table.set_index("Strategy").loc["Focal loss", "Recall, class 2"]
    assert shown == f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    for view, words_of in (("pr", "Average precision"), ("roc", "ROC AUC"), ("reliability", "calibration error")):
        page.at.button_group(key="view").set_value(view)
        page.run()
        spec, label = page.chart
        assert words_of in label
        assert [t["name"] for t in spec["data"] if t.get("showlegend")] == [STRATEGIES[n].title for n in names]
        assert len(spec["data"]) == 1 + 3 * len(names), "a line a seed"
        assert any(html.escape(label) in h for h in page.html)
        numbers = page.at.dataframe[0].value
        assert set(numbers[""]) == {STRATEGIES[n].title for n in names}
    page.at.button_group(key="view").set_value("threshold")
    pairs = page.run().at.dataframe[0].value
    assert len(pairs) == 6
    for i in (0, 2, 4):
        assert pairs["Recall"][i] <= pairs["Recall"][i + 1] + 1e-12
        assert pairs["Recall"][i + 1] - pairs["Recall"][i] < 1e-9, "as many are found"
    weighted = plan.panels[1]
    decided = run.test_logits[weighted].argmax(1)
    assert pairs["Recall"][0] == (decided == 2)[plan.y_test == 2].mean()
    assert pairs["False alarms"][0] == (decided == 2)[plan.y_test != 2].mean()
    page.at.button_group(key="view").set_value("undone")
    page.run()
    spec, _ = page.chart
    assert len(spec["data"]) == 2 * 9, "logits and last layer, of three classes in three ways"
    assert len(page.at.dataframe[0].value) == 2 * 9 * len(run.steps)
    assert any("Scaled as in training, multiplied logits predict" in h for h in page.html)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_sets_the_controls_and_trains(page, name):
    preset = PRESETS[name]
    for key, value in canonical(preset.parameters()):
        page.at.query_params[key] = [*page.at.query_params.get(key, []), value]
    page.run()
    assert not page.at.warning
    plan = page.job.plan
    assert any(html.escape(preset.story) in body for body in page.html)
    assert [r.strategy for r in plan.rows] == [n for n in STRATEGIES if n in preset.strategies]
    data = lossviz.make_dataset(preset.dataset, seed=0, **preset.knobs)
    np.testing.assert_array_equal(plan.X, data.X)
    assert (plan.model, plan.steps[-1]) == (preset.options["model"], preset.options["steps"])
    drawn = check(page.train())
    assert drawn.weights == [round(w, 4) for w in lossviz.class_weights(plan.counts).tolist()]
    page.at.slider(key="steps").set_value(50)
    page.run()
    assert page.job.plan.steps[-1] == 50, "a preset is a start, not a fetter"


# Uploads


def rows(n=120, rare=10, seed=0):
    rng = np.random.default_rng(seed)
    kinds = ["rare"] * rare + ["common"] * (n - rare)
    return [f"{a:.3f},{b:.3f},{kind}" for (a, b), kind in zip(rng.normal(size=(n, 2)), kinds, strict=True)]


def csv(body, header="size,weight,kind"):
    return "\n".join([header, *body, ""]).encode()


def parquet(frame):
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()


def test_an_upload_becomes_a_comparison(page):
    page.open(**QUICK).choose("data", "upload")
    assert "Choose a file" in page.at.info[0].value
    drawn = check(page.upload(csv(rows())).train())
    assert drawn.classes == ["common", "rare"]
    assert drawn.features == ["size", "weight"]
    assert page.job.plan.counts.sum() + len(page.job.plan.y_test) == 120
    assert page.at.selectbox(key="table-class").value == "kind"
    before = page.job
    assert page.run().job is before, "an upload is read once"
    check(page.choose("table-axes", "pca").train())
    page.at.file_uploader[0].clear()
    assert "Choose a file" in page.run().at.info[0].value


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("messy.csv", csv([*rows(), "1,?,common", "x,2,common", "3,inf,rare", "4,5,", "1,2"]), "left out"),
        ("t.tsv", csv(rows()).replace(b",", b"\t"), "tabs"),
        ("t.csv.gz", gzip.compress(csv(rows())), "commas"),
        ("semi.csv", csv(rows()).replace(b",", b";").replace(b".", b","), "Decimal commas"),
        ("latin.csv", csv(rows()).replace(b"rare", "räre".encode("latin-1")), "Windows-1252"),
        ("one.csv", csv([*rows(), "1,2,single"]), "Class 'single' has 1 row to use: left out"),
        ("bool.parquet", parquet(pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 7, "y": [True, False] * 20})), ""),
    ],
)  # fmt: skip
def test_a_messy_table_is_used_and_says_how(page, name, data, said):
    page.open(data="upload", **QUICK).upload(data, name)
    check(page.train())
    notes = html.unescape(" ".join(page.html))
    assert said in notes


def test_two_hundred_columns(page):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 200)), columns=[f"c{i}" for i in range(200)])
    frame["class"] = np.where(rng.random(300) < 0.1, "few", "many")
    page.open(data="upload", **QUICK).upload(frame.to_csv(index=False).encode())
    check(page.train())
    check(page.choose("table-axes", "lda").train())
    assert "discriminant 1" in page.drawn.features[0]


def test_a_million_rows_are_sampled(page):
    body = b"".join(b"%d,%d,%s\n" % (i % 997, i % 1009, b"b" if i % 50 else b"a") for i in range(20_000)) * 50
    page.open(data="upload", **QUICK).upload(b"x,y,kind\n" + body)
    drawn = check(page.train())
    assert sum(drawn.counts) == 70_000
    assert len(drawn.labels) <= wire.SHOWN + 100
    assert "A random sample of 100,000 of 1,000,000 rows" in " ".join(page.html)


BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "header only": (b"size,weight,kind\n", "no rows below it"),
    "one class": (csv([f"{i / 7:.3f},{i},a" for i in range(40)]), "only one class"),
    "classes of one row": (csv(["1,2,a", "3,4,b", "5,7,c"]), "'a' has 1 row to use"),
    "text for numbers": (csv(["p,q,a", "r,s,b"] * 10), "two columns of numbers"),
    "nothing but NaN": (csv(["1,nan,a", "2,nan,b"] * 10), "columns"),
    "nothing but infinity": (csv(["1,inf,a", "2,-inf,b"] * 10), "columns"),
    "constant": (csv(["1,2,a", "1,3,b"] * 10), "in every training row"),
    "one column": (b"a\n1\n2\n", "single column"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "an image"),
    "a workbook": (b"PK\x03\x04" + bytes(100), "Excel"),
    "a web page": (b"<!doctype html><p>no", "a web page"),
    "json": (b'{"a": [1, 2]}', "JSON"),
    "binary": (bytes(range(256)) * 4, "binary data"),
    "UTF-16 cut off": ("size,weight,kind\n1,2,a\n".encode("utf-16")[:-1], "UTF-16"),
    "duplicate columns": (csv(["1,2,a", "3,4,b"] * 5, "size,size,kind"), "more than one column called 'size'"),
    "damaged gzip": (gzip.compress(csv(rows()))[:-20], "gzip file that is cut off"),
    "damaged Parquet": (b"PAR1" + bytes(50), "Parquet file that is cut off"),
    "open quote": (csv(['"1,2,a', *rows()]), "quotation mark"),
    "too many columns": (
        b",".join(b"c%d" % i for i in range(2001)) + b"\n" + b",".join([b"1"] * 2001),
        "2,001 columns",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_gets_a_sentence(page, what):
    data, said = BAD[what]
    page.open(data="upload", seed=3, **QUICK)
    if what == "empty":
        page.upload(csv(rows())).train()  # a good one before
    page.upload(data, "bad.csv")
    assert said in page.problem
    assert page.problem[0].isupper() or page.problem.startswith("'bad.csv'")
    assert page.problem.endswith(".")
    assert "Traceback" not in page.problem
    assert not page.at.get("bidi_component")
    assert page.at.slider(key="steps").value == 50
    assert page.at.number_input(key="seed").value == 3
    assert page.at.selectbox(key="model").value == "linear"
    check(page.upload(csv(rows())).train())  # and a good one after


def test_a_file_over_the_limit(page, engine):
    page.open(data="upload", **QUICK)
    engine.client.run(exec, "import lossviz.tables as t; t.MAX_BYTES = 1000")
    try:
        page.upload(csv(rows()))
        assert "is larger than" in page.problem
        page.upload(gzip.compress(csv(["1,2,a"] * 2000)), "bomb.csv.gz")
        assert "decompressed; upload a part of its rows" in page.problem
    finally:
        engine.client.run(exec, "import lossviz.tables as t; t.MAX_BYTES = 2**30")


def test_another_file_with_other_columns(page):
    page.open(data="upload", **QUICK).upload(csv(rows())).choose("table-x", "weight").train()
    assert check(page).features == ["weight", "size"]
    page.upload(csv([r + ",1" for r in rows()], "p,q,r,s"))
    page.choose("table-class", "r").train()
    assert check(page).features == ["p", "q"]
    page.choose("table-class", "s")
    assert "only one class" in page.problem


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_user_wrote_is_shown_as_data(page, text):
    quoted = '"' + text.replace('"', '""') + '"'
    body = [r.replace("rare", quoted) for r in rows()]
    page.open(data="upload", **QUICK).upload(csv([*body, f"1,2,{quoted} "], f"{quoted},weight,kind"), f"{text}.csv")
    drawn = check(page.train())
    shown = " ".join(text.split()) if text.endswith(" ") else text
    assert drawn.classes == ["common", shown]
    assert drawn.features == [shown, "weight"]
    assert any(shown in c for c in page.at.dataframe[0].value.columns)
    at = page.at
    for element in [*at.markdown, *at.caption, *at.error, *at.info, *at.title, *at.subheader]:
        assert shown not in element.value
    if html.escape(shown) != shown:
        assert not any(shown in body for body in page.html)
    page.upload(csv(["1,2,a", "3,4,b"] * 5, f"{quoted},{quoted},kind"), f"{text}.csv")
    message = at.error[0].value
    assert not re.search(r"(?<!\\)[<>*_`$:!\[\]()|~]", message), "every character that means something is escaped"
    assert "more than one column called" in unescaped(message)


def test_the_router_opens_home(engine):
    at = AppTest.from_file(ROOT / "pages" / "router.py", default_timeout=180).run()
    assert not at.exception
    assert at.title[0].value == "What class weights do, and what they do not"


def test_home_reads_its_link_and_says_what_it_cannot_use():
    at = AppTest.from_file(ROOT / "pages" / "router.py", default_timeout=30)
    at.query_params.update({"imbalance": "abc", "weight": "999", "only": "steps"})
    at.run()
    assert not at.exception
    (told,) = [unescaped(w.value) for w in at.warning]
    assert told.endswith(
        "instead: imbalance=abc (must be a whole number from 1 to 50); weight=999 (must be a whole number from 1 to 50); "
        "only=steps (no control in sight is called so)."
    )
    (told,) = (json.loads(c.proto.json) for c in at.get("bidi_component") if c.proto.component_name == "lossviz_home")
    assert [k["value"] for k in told["knobs"]] == [demo.IMBALANCE.default, demo.WEIGHT.default]


def test_data_drawn_by_hand(page):
    page.open(**QUICK, **{"blobs-classes": 2, "blobs-counts": "90, 10", "blobs-centres": "0,0; 3, 0"})
    data = lossviz.make_dataset("blobs", classes=2, counts=[90, 10], centres=[[0, 0], [3, 0]])
    np.testing.assert_array_equal(page.job.plan.X, data.X)
    page.at.text_input(key="blobs-points").set_value("1, 2, 1; 0.5,-1,0;")
    page.run()
    plan = page.job.plan
    np.testing.assert_array_equal(plan.X[-2:], [[1, 2], [0.5, -1]])
    assert plan.y[-2:].tolist() == [1, 0]
    assert plan.counts.tolist() == [91, 11]
    told = json.loads(page.at.get("bidi_component")[0].proto.json)["edit"]
    assert told == {"centres": [[0, 0], [3, 0]], "byHand": True, "seen": 0}
    before = page.job
    for key, value, said in (
        ("blobs-points", "1, 2", "Added points, row 1 has 2 numbers, not 3; write x, y, class; x, y, class"),
        ("blobs-points", "1, 2, 1; a, 2, 0", "Added points, row 2: 'a' is no number; write x, y, class; x, y, class"),
        ("blobs-points", "1, 2, 7", "point 1 is of class 7: classes are whole numbers from 0 to 1"),
        (
            "blobs-points",
            "1, nan, 1",
            "Added points, row 1: 'nan' must be a finite number; write x, y, class; x, y, class",
        ),
        ("blobs-counts", "90, 1", "counts[1] is 1: each class needs a whole number of points, 2 or more"),
        ("blobs-counts", "90", "Class counts, row 1 has 1 number, not 2; write n0, n1; n0, n1"),
        ("blobs-centres", "0, 0", "centres must have shape [2, 2]; not [1, 2]"),
    ):
        kept = page.at.text_input(key=key).value
        page.at.text_input(key=key).set_value(value)
        page.run()
        assert page.problem == said
        assert page.at.text_input(key=key).value == value, "nothing the user did is lost"
        page.at.text_input(key=key).set_value(kept)
    page.run()
    assert not page.at.error
    assert page.job.plan.counts.tolist() == before.plan.counts.tolist()


def test_points_are_added_to_real_data_too(page):
    page.open(data="iris", **QUICK)
    (field,) = (t for t in page.at.text_input if t.label == "Added points")
    field.set_value("0, 0, 2")
    page.run()
    assert page.job.plan.X[-1].tolist() == [0, 0]
    assert page.job.plan.y[-1] == 2
    page.choose("iris-axes", "two")
    assert page.job.plan.X[-1].tolist() != [0, 0], "points of other axes stay with those"


def test_the_list_of_pages_is_the_folder():
    assert {p.file for p in PAGES} == {f.name for f in (ROOT / "pages").glob("*.py")} - {"router.py"}
    assert PAGES[0].path == ""
    assert all(p.about and p.thumbnail for p in PAGES[1:])


@pytest.mark.parametrize("listed", PAGES, ids=lambda p: p.file)
def test_a_page_begins_with_its_title_and_no_line_shows_itself(listed, engine, monkeypatch):
    """Streamlit writes any expression that stands alone on the page: a string after a constant, a name left over."""
    file = ROOT / "pages" / listed.file
    tree = ast.parse(file.read_text())
    homes = [n for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.FunctionDef, ast.ClassDef))]
    told = [n.body[0] for n in homes if ast.get_docstring(n) is not None]
    alone = [n for n in ast.walk(tree) if isinstance(n, ast.Expr) and not isinstance(n.value, (ast.Call, ast.Yield))]
    assert [ast.unparse(n) for n in alone if n not in told] == []
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)  # needs the menu
    at = AppTest.from_file(file, default_timeout=180).run()
    assert not at.exception
    first = next(iter(at.main.children.values()))
    assert (first.type, bool(first.value)) == ("title", True)


def test_every_door_has_a_thumbnail_that_can_be_drawn():
    drawings = (ROOT / "pages" / "parts" / "thumb.js").read_text()
    for listed in PAGES[1:]:
        kind, data = listed.thumbnail({"imbalance": 12.0, "weight": 12.0})
        taken = re.search(rf"\n  {kind}\(ctx, width, height, (?:data|{{ (.*) }}), seconds, state\)", drawings)[1]
        assert set(taken.split(", ") if taken else []) == set(data), kind
        json.dumps(data, allow_nan=False)


# What pages share


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_is_escaped_and_complete(text):
    escaped = words.plain(text)
    assert unescaped(escaped) == " ".join(text.split())
    assert not re.search(r"(?<!\\)[<>*_`$:!\[\]()|~&#]", escaped)


def test_plain_text_stays_on_one_line():
    assert words.plain("a\n\n# b\tc\r\n- d") == r"a \# b c \- d"


def test_controls_follow_the_knobs():
    def script():
        # the function's source is a script of its own, so it imports what this file has imported too
        import streamlit as st
        from parts import controls

        from lossviz.knobs import Choice, Knob

        entries = [
            Knob("whole", "Whole", 3, 1, 9, 1),
            Knob("fine", "Fine", 0.5, 0, 1, 0.01),
            Knob("wide", "Wide", 100, 1, 100_000, 1),
            Choice("kind", "Kind", "b", ("a", "b")),
        ]
        st.session_state["values"] = controls.knobs(entries, "p")

    at = AppTest.from_function(script, default_timeout=30).run()
    assert not at.exception
    assert at.session_state["values"] == {"whole": 3, "fine": 0.5, "wide": 100, "kind": "b"}
    assert at.slider(key="p-whole").value == 3
    at.slider(key="p-fine").set_value(0.25)
    at.number_input(key="p-wide").set_value(7)
    at.selectbox(key="p-kind").select("a")
    at.run()
    assert at.session_state["values"] == {"whole": 3, "fine": 0.25, "wide": 7, "kind": "a"}
    at = AppTest.from_function(script, default_timeout=30)
    at.query_params.update({"p-fine": "0.75", "p-wide": "0", "p-kind": "a", "p-whole": "nine"})
    at.run()
    assert at.session_state["values"] == {"whole": 3, "fine": 0.75, "wide": 100, "kind": "a"}


def test_every_knob_has_a_control_at_its_default(page):
    page.open(strategies=list(STRATEGIES))
    shown = {w.key: w.value for kind in ("slider", "number_input", "selectbox") for w in page.at.get(kind)}
    expected = {
        f"{entry.name}-{k.name}": k.default
        for entry in [*STRATEGIES.values(), DATASETS["blobs"]]
        for k in entry.knobs
        if isinstance(k, Knob) or len(k.options) > 1
    }
    assert expected.items() <= shown.items()


def test_a_turned_knob_reaches_the_run(page):
    page.open(strategies=["cross_entropy", "focal"])
    before = page.job
    page.at.slider(key="focal-gamma").set_value(4.0)
    page.run()
    assert before.cancelled or before.run().done
    assert page.job.plan.rows[1].knobs["gamma"] == 4
    np.testing.assert_array_equal(page.job.plan.rows[1].tables.focus, 4)


def test_what_a_link_asks_in_vain_is_said_once_also_after_a_rerun_of_the_page():
    def script():
        import streamlit as st
        from parts import controls

        controls.begin()
        controls.one("A", {"x": "X", "y": "Y"}, "a", "x")
        controls.unread_of("a")
        controls.unread()
        if "over" not in st.session_state:
            st.session_state["over"] = True
            controls.rerun()

    at = AppTest.from_function(script)
    at.query_params.update(a="nonsense", only="foo")
    at.run()
    of_a, rest = (re.sub(r"\\(.)", r"\1", w.value) for w in at.warning)
    assert of_a.count("a=nonsense") == rest.count("only=foo") == 1
    assert "a=nonsense" not in rest
    assert at.session_state["over"]
