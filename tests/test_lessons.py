"""Lessons: what holds for each of them, values of their own, the fits they stand on, and the notebook of exercises."""

import json
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from sklearn.linear_model import LogisticRegression

from lossviz import lessonfigures, lessons, smallfit
from lossviz.lesson import LETTERS, Formula
from lossviz.lessons import LESSONS
from lossviz.notebook import notebook
from lossviz.strategies import get

CASES = [(n, k.name, v) for n, entry in LESSONS.items() for k in entry.knobs for v in (k.low, k.high)]


def words(entry, found):
    parts = [p.words if isinstance(p, Formula) else p for p in entry.explanation(found)]
    return [entry.sentence(found), entry.happened(found), *parts]


def test_a_boundary_beside_the_points_is_in_the_picture_or_said_not_to_be():
    x, y = np.array([[-1.0, -1.0], [1.0, 1.0], [0.5, -0.5]]), np.array([0, 1, 1])

    def at(place):  # the boundary x1 = place
        return "plain", np.array([[0.0, 0.0, 0.0], [1.0, 0.0, -place]])

    within, beside, far = (lessonfigures.plane(x, y, ("a", "b"), {"line": at(p)}) for p in (0.0, 2.5, 99.0))
    np.testing.assert_allclose(within.layout.xaxis.range, [-1.3, 1.3], atol=0.01)
    np.testing.assert_allclose(within.data[2].x, 0, atol=1e-12)
    np.testing.assert_allclose(beside.layout.xaxis.range, [-1.3, 2.8], atol=0.01)
    np.testing.assert_allclose(beside.data[2].x, 2.5)
    np.testing.assert_allclose(far.layout.xaxis.range, [-1.3, 1.3], atol=0.01)
    flat = lessonfigures.plane(x, y, ("a", "b"), {"line": ("plain", np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -0.2]]))})
    np.testing.assert_allclose(flat.data[2].y, 0.2)
    assert flat.data[2].name == "line"
    assert not np.isnan(flat.data[2].x.astype(float)).any()
    assert [f.data[2].name for f in (within, beside, far)] == ["line", "line", "line (not in the picture)"]


def test_ten_lessons_a_file_each():
    files = sorted(p.stem for p in (ROOT / "lossviz" / "lessons").glob("l*.py"))
    assert list(LESSONS) == [f.split("_", 1)[1] for f in files]
    assert len(LESSONS) == 10


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_whole(name):
    entry = LESSONS[name]
    for question in (entry.prediction, entry.transfer):
        names = [a.name for a in question.answers]
        assert 2 <= len(names) == len(set(names)) <= len(LETTERS)
        assert all(a.text and len(a.feedback.split()) > 4 for a in question.answers)
    assert entry.transfer.right in {a.name for a in entry.transfer.answers}
    assert 1 <= len(entry.knobs) <= 2
    assert entry.words
    assert entry.exercises
    assert entry.teacher
    assert 3 <= entry.minutes <= 15


@pytest.mark.parametrize(("name", "knob", "value"), CASES)
def test_it_stays_true_at_the_ends_of_its_controls(name, knob, value):
    entry = LESSONS[name]
    found = entry.run(**{knob: value})
    assert entry.outcome(found) in {a.name for a in entry.prediction.answers}
    assert entry.picture(found).data
    text = " ".join(words(entry, found))
    assert " nan" not in text
    assert "inf " not in text
    usual = entry.run()
    if value != next(k.default for k in entry.knobs if k.name == knob):
        assert words(entry, usual) != words(entry, found)  # no number is typed in


@pytest.mark.parametrize("name", LESSONS)
def test_the_same_twice(name):
    entry = LESSONS[name]
    assert words(entry, entry.run()) == words(entry, entry.run())


def test_an_unknown_knob_is_told():
    with pytest.raises(ValueError, match="must be one of 'imbalance' or 'overlap'"):
        lessons.run("rare", weight=3)
    with pytest.raises(ValueError, match="imbalance must be between 1 and 200"):
        lessons.run("rare", imbalance=1000)


def test_outcomes_come_out_either_way():
    def outcome(name, **values):
        return LESSONS[name].outcome(LESSONS[name].run(**values))

    assert [outcome("rare", imbalance=i) for i in (1, 10, 100)] == ["most", "half", "few"]
    assert outcome("ways") == "multiplied"
    assert outcome("means") == "keras"
    assert [outcome("schemes", imbalance=i) for i in (1, 100)] == ["same", "balanced"]
    assert outcome("several") == "fewer"
    assert [outcome("pixels", noise=s) for s in (0.05, 0.35)] == ["same", "fewer"]
    assert [outcome("price", imbalance=i) for i in (1, 30)] == ["same", "fewer"]


def test_a_recipe_that_would_work_flips_the_verdict(monkeypatch):
    """Lesson 3 is about what training does: were the logits weighted in truth, its outcome would say so."""
    weighted = get("weighted_cross_entropy")
    from lossviz.lessons import l03_undone

    monkeypatch.setattr(l03_undone, "get", lambda name: weighted if name == "multiplied_logits" else get(name))
    assert LESSONS["undone"].outcome(LESSONS["undone"].run()) == "more"


def test_the_counts_that_are_known():
    """Multiplied by (.2, 1, 5) training ends at the plain model's probabilities; the plain counts were found elsewhere too."""
    found = LESSONS["undone"].run()
    assert found["counts"]["plain"].tolist() == found["counts"]["scaled"].tolist() == [977, 19, 4]
    assert found["apart"] < 1e-6
    raw = {tuple(LESSONS["undone"].run(start=s)["counts"]["raw"]) for s in (1, 2, 3)}
    assert len(raw) == 3


def test_optimum_is_scikit_learns():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=(90, 2)), rng.normal(size=(30, 2)) + 1])
    y = np.repeat([0, 1], [90, 30])
    theta = smallfit.optimum(get("weighted_cross_entropy").tables([90, 30]), x, y)
    theirs = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-10, max_iter=1000).fit(x, y)
    ours = theta[1] - theta[0]
    np.testing.assert_allclose(ours, [*theirs.coef_[0], theirs.intercept_[0]], atol=1e-4)
    slow = smallfit.descend(get("weighted_cross_entropy").tables([90, 30]), x, y, steps=2000)
    np.testing.assert_allclose(slow[1] - slow[0], ours, atol=1e-3)


def test_costs_follow_the_threshold():
    found = LESSONS["costs"].run(miss=9)
    assert found["threshold"] == pytest.approx(0.1)
    assert found["moved"] == pytest.approx(np.interp(0.1, found["grid"], found["costs"]), rel=0.05)
    assert found["costs"].min() > 0.9 * found["moved"]


def test_pixels_add_up():
    found = LESSONS["pixels"].run(size=4)
    assert found["counts"].sum() == 2 * 48 * 48
    assert found["counts"][2] == 2 * 4 * 12
    plain = found["scores"]["plain"]
    assert (plain["iou"] <= plain["recall"] + 1e-12).all()
    assert plain["accuracy"] == pytest.approx((found["maps"]["plain"] == found["maps"]["truth"]).mean())


def test_softmax_gives_one_half_to_one_tag_at_most():
    found = LESSONS["several"].run()
    assert found["most"]["softmax"] == 1
    assert found["sums"]["softmax"] == pytest.approx(1)
    assert found["sums"]["sigmoid"] == pytest.approx(found["true"], rel=0.05)


def test_the_notebook_is_one_and_its_cells_run():
    text = notebook(LESSONS)
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    code = [c.source for c in book.cells if c.cell_type == "code"]
    assert len(code) == 2 * sum(len(entry.exercises) for entry in LESSONS.values())
    assert all("assert" in c for c in code[1::2])  # every solution checks itself
    runner = (
        "import json, sys\nspace = {}\n"
        "for i, cell in enumerate(json.load(sys.stdin)):\n    exec(compile(cell, f'cell {i}', 'exec'), space)\nprint('done')"
    )
    command = [sys.executable, "-W", "error", "-c", runner]
    ran = subprocess.run(command, input=json.dumps(code), capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert ran.stdout.endswith("done\n"), ran.stderr


def test_a_solution_can_fail():
    entry = LESSONS["means"].exercises[0]
    space = {}
    exec(entry.given.replace("3.0", "30.0"), space)
    with pytest.raises(AssertionError):
        exec(entry.solution, space)
