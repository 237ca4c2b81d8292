"""What came of a run: tables, weight against threshold, and what the network undoes, against the run's own arrays."""

import numpy as np
import pytest

import lossviz
from lossviz import judgement

DATA = lossviz.make_dataset("blobs", n=600, imbalance=20, seed=1)
NAMES = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits", "threshold_moving", "focal"]


def fit(names=NAMES, **options):
    fixed = {"steps": 300, "learning_rate": 0.1, "X_test": DATA.X_test, "y_test": DATA.y_test}
    return lossviz.fit(names, DATA.X, DATA.y, "linear", **{"classes": DATA.classes, **fixed, **options})


@pytest.fixture(scope="module")
def run():
    return fit()


def test_the_table_has_every_rule_once(run):
    frame = judgement.table(run.plan, judgement.judged(run.plan, run.test_logits))
    assert len(frame) == len(run.metrics) == 7
    for title, m in zip(frame.index, run.metrics, strict=True):
        assert frame.loc[title, "Macro-F1"] == m["macro_f1"]
        assert frame.loc[title, "Recall, class 2"] == m["recall"][2]
    assert list(frame.columns[:3]) == ["Recall, class 2", "Recall, class 1", "Recall, class 0"]


def test_the_table_shows_the_spread_over_seeds():
    run = fit(["cross_entropy", "focal"], repeats=4, steps=5)
    frame = judgement.table(run.plan, judgement.judged(run.plan, run.test_logits))
    losses = [m["log_loss"] for m in run.metrics[4:]]
    expected = f"{np.mean(losses):.3f} ({min(losses):.3f} to {max(losses):.3f})"
    assert frame.loc["Focal loss", "Log loss (nats)"] == expected
    assert len(frame) == 2


def test_a_moved_threshold_finds_as_many(run):
    frame = judgement.against_threshold(run.plan, run.test_logits)
    assert frame["Compared"].tolist() == [t for t in frame["Compared"][::2] for _ in range(2)]
    np.testing.assert_allclose(frame["Recall"][::2], frame["Recall"][1::2], atol=1 / (DATA.y_test == 2).sum())
    by = frame.set_index(["Compared", "Model"])
    weighted = by.loc[("Weighted cross-entropy", "Weighted cross-entropy")]
    moved = by.loc[("Weighted cross-entropy", "Cross-entropy, threshold moved")]
    plain = run.metrics[0]
    assert moved["Log loss, repaired"] == pytest.approx(plain["log_loss"])
    assert weighted["Log loss, repaired"] == pytest.approx(plain["log_loss"], abs=0.01), (
        "the linear model fits the data"
    )
    assert weighted["Log loss (nats)"] > plain["log_loss"] + 0.02
    assert abs(weighted["False alarms"] - moved["False alarms"]) < 0.02
    assert np.isnan(by.loc[("Focal loss", "Focal loss"), "Log loss, repaired"])
    assert "Weighted cross-entropy" in judgement.threshold_sentence(run.plan, frame)


def test_without_a_plain_model_there_is_no_threshold_to_move():
    run = fit(["focal"], steps=5)
    frame = judgement.against_threshold(run.plan, run.test_logits)
    assert frame.empty
    assert "Choose cross-entropy too" in judgement.threshold_sentence(run.plan, frame)
    assert judgement.undone(run.plan, run.theta, run.test_logits) is None


def test_training_undoes_multiplied_logits():
    run = fit(["cross_entropy", "multiplied_logits"], steps=3000)
    found = judgement.undone(run.plan, run.theta, run.test_logits)
    assert found["scaled"] < 0.01 < found["raw"]
    norms = found["norms"]
    np.testing.assert_allclose(norms["effective"][-1], norms["plain"][-1], rtol=0.1)
    assert norms["raw"][-1, 2] < 0.7 * norms["plain"][-1, 2], "the column that is multiplied most is made small"
    w = run.theta[-1, 0].reshape(3, 3)
    np.testing.assert_allclose(norms["plain"][-1], np.linalg.norm((w - w.mean(0))[:, :2], axis=1), rtol=1e-5)
    z = run.test_logits[0, ::2].astype(float)  # 2,400 test points: every other
    spread = np.sqrt(((z - z.mean(1, keepdims=True)) ** 2).mean(0))
    np.testing.assert_allclose(found["logits"]["plain"][-1], spread, rtol=1e-4)
    np.testing.assert_allclose(found["logits"]["effective"][-1], spread, rtol=0.1)
    said = judgement.undone_sentence(run.plan, found)
    assert "training has undone the multiplication" in said
    assert f"is {spread[2]:.2f} off the mean of all in the plain model" in said
    early = fit(["cross_entropy", "multiplied_logits"], steps=1, learning_rate=1e-6)
    found = judgement.undone(early.plan, early.theta, early.test_logits)
    assert "has not undone it yet" in judgement.undone_sentence(early.plan, found)


def test_of_two_classes_the_difference_is_measured():
    data = lossviz.make_dataset("moons", n=200, seed=0)
    names = ["cross_entropy", "multiplied_logits"]
    run = lossviz.fit(names, data.X, data.y, steps=30, X_test=data.X_test, y_test=data.y_test)
    found = judgement.undone(run.plan, run.theta, run.test_logits)
    for kind in ("logits", "norms"):
        assert all(v.shape == (31, 1) for v in found[kind].values())
    gap = np.diff(run.test_logits.astype(float))[..., 0]
    np.testing.assert_allclose(found["logits"]["plain"][-1, 0], np.sqrt((gap[0] ** 2).mean()), rtol=1e-4)
    a = lossviz.class_weights(run.plan.counts)
    scaled = np.diff(run.test_logits[1].astype(float) * a)[:, 0]
    np.testing.assert_allclose(found["logits"]["effective"][-1, 0], np.sqrt((scaled**2).mean()), rtol=1e-4)
    assert "The two logits are" in judgement.undone_sentence(run.plan, found)


def test_the_repair_is_told_in_numbers_or_not_at_all(run):
    frame = judgement.against_threshold(run.plan, run.test_logits)
    said = judgement.threshold_sentence(run.plan, frame)
    weighted = frame.iloc[0]
    assert (
        f"Weighted cross-entropy from {weighted['Log loss (nats)']:.3f} to {weighted['Log loss, repaired']:.3f}" in said
    )
    none = fit(["cross_entropy", "multiplied_logits"], steps=5)
    said = judgement.threshold_sentence(none.plan, judgement.against_threshold(none.plan, none.test_logits))
    assert "repair" not in said


def test_with_seeds_all_of_the_sentence_is_their_mean():
    from lossviz import sentences

    run = fit(["cross_entropy", "multiplied_logits"], repeats=3, steps=30)
    raw = [m for m in run.metrics if m["decision"] == "raw"]
    plain = [m for m in run.metrics if m["decision"] == "logits"]
    more = 100 * np.mean(
        [sentences.false_alarms(a, 2) - sentences.false_alarms(b, 2) for a, b in zip(raw, plain, strict=True)]
    )
    assert f"(false alarms {sentences.points(more)})" in sentences.boundaries(run)


def test_rankings_name_best_and_worst(run):
    records = judgement.judged(run.plan, run.test_logits)
    for metric in ("roc_auc", "average_precision", "ece"):
        said = judgement.ranking_sentence(run.plan, records, metric, 2)
        shown = [r for r in records if r["decision"] == run.plan.rows[r["row"]].rule.name]
        values = [r[metric] if metric == "ece" else r[metric][2] for r in shown]
        assert f"{min(values):.3f}" in said
        assert f"{max(values):.3f}" in said
