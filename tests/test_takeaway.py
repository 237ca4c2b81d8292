"""What a visitor takes home, opened again: code that reproduces the run, CSV, JSON."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest

import lossviz
from lossviz import judgement, takeaway
from lossviz.spreadsheet import cell

NAMES = ["cross_entropy", "multiplied_logits", "focal"]
OPTIONS = {"model": "linear", "steps": 30, "seed": 2, "knobs": {"focal": {"gamma": 3.0}}, "batch_size": None}


def executed(code):
    scope = {}
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, scope)
    return scope["run"], printed.getvalue()


def fit(data, **options):
    return lossviz.fit(
        NAMES, data.X, data.y, X_test=data.X_test, y_test=data.y_test, classes=data.classes, features=data.features,
        **OPTIONS | options,
    )  # fmt: skip


def same(a, b):
    for name in ("theta", "maps", "losses", "test_logits", "confusion"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.plan.classes == b.plan.classes
    assert a.plan.features == b.plan.features


def test_the_call_reproduces_the_run():
    arguments = {"seed": 3, "n": 120, "imbalance": 7.5}
    run, printed = executed(takeaway.call(takeaway.Source("moons", arguments), NAMES, OPTIONS))
    same(run, fit(lossviz.make_dataset("moons", **arguments)))
    assert printed.strip() == str(run.table()).strip()


def test_the_call_reproduces_what_was_drawn_by_hand():
    points = [(0.5, 1.25, 1.0), (-2.0, 0.0, 0.0)]
    arguments = {"seed": 1, "classes": 2, "counts": [60, 9], "centres": [[0.0, 0.0], [2.0, 1.5]]}
    run, _ = executed(takeaway.call(takeaway.Source("blobs", arguments, points), NAMES, OPTIONS))
    same(run, fit(lossviz.with_points(lossviz.make_dataset("blobs", **arguments), points)))
    assert run.plan.counts.tolist() == [61, 10]


@pytest.mark.parametrize("features", [("x'1", "y"), "pca"])
def test_the_call_reproduces_the_run_on_a_table(features, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{b:.3f},{k}" for (a, b), k in zip(rng.normal(size=(80, 2)), "aaab" * 20, strict=True)]
    data = "\n".join(["x'1,y,kind", *lines, ""]).encode()
    name = "my 'own'\\ \"table\".csv"
    (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    arguments = {"filename": name, "label": "kind", "features": features, "seed": 1}
    run, _ = executed(takeaway.call(takeaway.Source("table", arguments), NAMES, OPTIONS))
    same(run, fit(lossviz.from_table(lossviz.read_table(data, name), "kind", features, seed=1)))


@pytest.fixture(scope="module")
def run():
    data = lossviz.make_dataset("blobs", n=200, imbalance=9, seed=0)
    hostile = ("=1+1", "@b", "c,\"d\"\n'e'")
    return lossviz.fit(NAMES, data.X, data.y, "linear", 20, X_test=data.X_test, y_test=data.y_test, classes=hostile)


def test_csv_is_the_table_and_holds_no_formula(run):
    records = judgement.judged(run.plan, run.test_logits)
    text = takeaway.csv(run, records)
    back = pd.read_csv(io.StringIO(text), index_col="Strategy")
    assert back.pop("Seed").tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(back.to_numpy(), judgement.table(run.plan, records).to_numpy(float), rtol=1e-12)
    assert list(back.index) == ["Cross-entropy", "Multiplied logits (raw)", "Multiplied logits (scaled)", "Focal loss"]
    for name in (*back.columns, *back.index):
        assert name[0] not in "=+-@\t\r"
    assert cell("=1+1") == "'=1+1"
    assert cell("\tx") == "'\tx"
    assert cell("plain") == "plain"


def test_csv_has_a_line_a_seed_and_only_numbers():
    data = lossviz.make_dataset("moons", n=100, seed=0)
    run = lossviz.fit(NAMES, data.X, data.y, "linear", 20, repeats=3)
    text = takeaway.csv(run, judgement.judged(run.plan, run.test_logits))
    back = pd.read_csv(io.StringIO(text), index_col="Strategy")
    assert len(back) == 3 * 4
    assert sorted(back.loc["Focal loss", "Seed"]) == [0, 1, 2]
    assert all(kind.kind in "if" for kind in back.dtypes)
    np.testing.assert_allclose(back.loc["Focal loss", "Macro-F1"], [m["macro_f1"] for m in run.metrics[-3:]])


def test_json_holds_the_run(run):
    said = json.loads(takeaway.as_json(run, "code"), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    np.testing.assert_allclose(np.array(said["parameters"], np.float32), run.theta[-1])
    np.testing.assert_allclose(np.array(said["test_cross_entropy"], np.float32), run.test_cross_entropy)
    assert said["steps"] == run.steps.tolist()
    assert said["classes"] == list(run.plan.classes)
    assert [r["strategy"] for r in said["rows"]] == NAMES
    assert said["metrics"][0]["confusion"] == run.metrics[0]["confusion"].tolist()
    assert said["call"] == "code"
    # the parameters are enough to decide again
    z = ((run.plan.X_test - said["model"]["centre"]) / said["model"]["scale"]).astype(np.float32)
    w = np.array(said["parameters"][0]).reshape(3, 3)
    np.testing.assert_allclose(z @ w[:, :2].T + w[:, 2], run.test_logits[0], atol=1e-4)
