"""Judgement of a model: scikit-learn's numbers where it has them, laws and hand-worked values where it has none."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn import metrics

from lossviz import STRATEGIES
from lossviz.measure import POINTS, calibration_error, judge, matched_shift, measure, repaired

rng = np.random.default_rng(0)
COUNTS = np.array([900, 80, 20])
Y = rng.choice(3, 600, p=COUNTS / 1000)
Z = rng.normal(size=(600, 3)) + 2 * np.eye(3)[Y] + np.log(COUNTS / 1000)
PLAIN = STRATEGIES["cross_entropy"].tables(COUNTS).decisions[0]


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("name", ["cross_entropy", "multiplied_logits", "threshold_moving", "expected_cost"])
def test_judge_equals_scikit_learn(name):
    for rule in STRATEGIES[name].tables(COUNTS).decisions:
        found, p = judge(Y, rule, Z), rule.probabilities(Z)
        decided = rule.classes(Z)
        assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(Y, decided))
        assert found["brier"] == pytest.approx(sum(2 * metrics.brier_score_loss(Y == c, p[:, c]) for c in range(3)) / 2)
        for c in range(3):
            assert found["roc_auc"][c] == pytest.approx(metrics.roc_auc_score(Y == c, p[:, c]))
            assert found["average_precision"][c] == pytest.approx(metrics.average_precision_score(Y == c, p[:, c]))
            fpr, tpr = found["roc"][c]
            assert metrics.auc(fpr, tpr) == pytest.approx(found["roc_auc"][c], abs=2e-3), "thinned, but the same curve"
            assert len(fpr) <= POINTS
            assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
            mean, share, size = found["reliability"][c]
            assert size.sum() == len(Y)
            assert (size * mean).sum() == pytest.approx(p[:, c].sum())
            assert (size * share).sum() == pytest.approx((Y == c).sum())
        for key, value in measure(Y, rule, Z).items():
            np.testing.assert_array_equal(found[key], value)


def test_the_curves_of_a_rare_class_are_drawn_where_it_is():
    rng = np.random.default_rng(0)
    y = (rng.random(40_000) < 0.002).astype(int)
    z = np.stack([np.zeros(len(y)), 1.5 * y + rng.normal(size=len(y)) - 6], 1)
    rule = STRATEGIES["cross_entropy"].tables([998, 2]).decisions[0]
    found, p = judge(y, rule, z), rule.probabilities(z)[:, 1]
    precision, recall, _ = metrics.precision_recall_curve(y, p)
    drawn = found["pr"][1]
    assert drawn.shape[1] <= POINTS
    assert metrics.auc(*drawn) == pytest.approx(metrics.auc(recall, precision), abs=1e-3)
    assert np.abs(np.diff(drawn[0])).max() < 0.02, "no long way without a point"
    assert metrics.auc(*found["roc"][1]) == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-3)


def test_a_class_that_does_not_occur_has_no_curve():
    found = judge(np.zeros(600, int), PLAIN, Z)
    assert np.isnan(found["roc_auc"]).all()
    assert found["roc"][1].shape == (2, 0)
    assert found["reliability"][2].shape == (3, 0)


def test_precision_of_what_is_never_decided_is_undefined():
    found = measure(Y, PLAIN, Z + np.array([100, 0, 0]))
    assert found["recall"].tolist() == [1, 0, 0]
    assert np.isnan(found["precision"][1:]).all()


def test_calibration_error():
    p = rng.dirichlet([1, 1, 1], 20_000)
    drawn = (p.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    assert calibration_error(drawn, p) < 0.015, "labels drawn from the probabilities"
    sure, right = p.max(1), p.argmax(1) == drawn
    edges = np.linspace(0, 1, 16)
    by_hand = sum(
        abs(right[m].mean() - sure[m].mean()) * m.mean()
        for low, high in pairwise(edges)
        if (m := (sure >= low) & (sure < high)).any()
    )
    assert calibration_error(drawn, p) == pytest.approx(by_hand)
    overconfident = softmax(5 * np.log(p))
    assert calibration_error(drawn, overconfident) > 0.1


@pytest.mark.parametrize("recall", [0.0, 0.2, 0.5, 0.77, 1.0])
def test_matched_shift_reaches_the_recall_and_no_more(recall):
    direction = np.log(1 / COUNTS)
    shift = matched_shift(Y, Z, direction, 2, recall)
    of_class = Y == 2
    reached = ((Z + shift).argmax(1) == 2)[of_class].mean()
    assert reached >= recall - 1e-12
    assert reached < recall + 1 / of_class.sum()
    np.testing.assert_allclose(shift / shift[2], direction / direction[2])


def test_matched_shift_refuses_a_direction_that_does_not_favour_the_class():
    with pytest.raises(ValueError, match="class 0 must gain more than the others"):
        matched_shift(Y, Z, np.log(1 / COUNTS), 0, 0.5)


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_repair_takes_the_weighting_out_of_the_optimum(name):
    """At the optimum, z = log p + shift by the target: the repair gives p back."""
    tables = STRATEGIES[name].tables(COUNTS)
    p = softmax(Z)
    back = repaired(np.log(p) + (0 if tables.target is None else tables.target.shift), tables)
    proper = {"cross_entropy", "weighted_cross_entropy", "class_balanced", "logit_adjustment", "balanced_softmax"}
    proper |= {"posthoc_logit_adjustment", "threshold_moving", "resampling"}
    assert (back is not None) == (name in proper)
    if back is not None:
        np.testing.assert_allclose(softmax(back), p)


def test_repair_is_the_inverse_of_the_rule_that_moved_it():
    for name in ("posthoc_logit_adjustment", "threshold_moving"):
        tables = STRATEGIES[name].tables(COUNTS)
        np.testing.assert_allclose(softmax(repaired(tables.decisions[0].scores(Z), tables)), softmax(Z))
