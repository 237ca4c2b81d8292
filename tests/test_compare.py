"""Schemes side by side against `class_weights` itself, positive weights by hand, and β where weights are not flat."""

import numpy as np
import pytest

from lossviz import weights
from lossviz.compare import counted, examples, pos_weights, schemes, step_sentence, suggest_beta, weigh
from lossviz.labels import LabelCounts
from lossviz.weights import NORMALISATIONS, SCHEMES, class_weights

COUNTS = ([900, 80, 20], [500, 31], [31, 500], [7, 7, 7, 7], [12, 5, 3, 900, 44, 2])
MULTI = LabelCounts(("a", "b", "c"), np.array([60, 5, 90]), 110, 10, "multi")


@pytest.mark.parametrize("n", COUNTS, ids=str)
def test_schemes_are_those_of_class_weights(n):
    found = schemes(n)
    assert found.names == tuple(SCHEMES)
    assert found.normalisations == (None, *NORMALISATIONS)
    for i, name in enumerate(found.names):
        for j, normalise in enumerate(found.normalisations):
            w = class_weights(n, name, normalise)
            np.testing.assert_allclose(found.weights[i, j], w, rtol=1e-12)
            assert found.step[i, j] == pytest.approx(np.repeat(w, n).mean())
            assert found.ratio[i] == pytest.approx(w.max() / w.min())


def test_a_new_scheme_shows_up_untouched(monkeypatch):
    monkeypatch.setattr("lossviz.weights.SCHEMES", dict(SCHEMES))
    registry = weights.SCHEMES
    monkeypatch.setattr("lossviz.compare.SCHEMES", registry)

    @weights.scheme("Cube root", "w", fixed_by="nothing", source="this test")
    def cube_root(counts, present):
        """Gentler still."""
        return np.cbrt(counts.max() / counts)

    found = schemes([800, 100])
    assert found.names[-1] == "cube_root"
    np.testing.assert_allclose(found.table()["Cube root"], [1, 2])
    assert len(found.frame) == 4 * len(registry)


def test_frames():
    found = schemes(LabelCounts(("ok", "fraud"), np.array([90, 10]), 100))
    frame = found.frame
    assert len(frame) == 4 * len(SCHEMES)
    row = frame[(frame.scheme == "inverse_frequency") & frame.normalise.isna()].iloc[0]
    assert row.step == pytest.approx(0.18)
    assert row.ratio == pytest.approx(9)
    assert row.sentence == found.sentences[found.names.index("inverse_frequency")][0]
    assert found.table("classes").loc["fraud", "Balanced"] == pytest.approx(1.8)
    mean = frame[frame.normalise == "mean"]
    np.testing.assert_allclose(mean.step, 1)
    assert set(mean.sentence) == {"The mean example weighs 1: the learning rate stays as it is."}


def test_step_sentence():
    assert (
        step_sentence(4)
        == "The mean example weighs 4: plain SGD takes steps 4 times larger; Adam divides it out again."
    )
    assert "of nearly the same size" in step_sentence(1.03)
    assert "20 times smaller" in step_sentence(0.05)


def test_absent_classes_have_no_weight():
    found = schemes([90, 0, 10])
    assert np.isnan(found.weights[..., 1]).all()
    # of three classes, two of which occur, each is against the rest
    np.testing.assert_allclose(found.weights[found.names.index("pos_weight"), 0, [0, 2]], [1 / 9, 9])
    np.testing.assert_allclose(found.weights[found.names.index("balanced"), 0, [0, 2]], class_weights([90, 10]))
    assert np.isfinite(found.step).all()
    assert np.isnan(weigh(counted([5, 0]), "pos_weight")[1])


def test_knobs_and_present():
    at = list(SCHEMES).index("effective_number")
    found = schemes([900, 80], knobs={"effective_number": {"beta": 0.9}})
    np.testing.assert_allclose(found.weights[at, 0], class_weights([900, 80], "effective_number", beta=0.9))
    at = list(SCHEMES).index("median_frequency")
    w = schemes([1, 2, 4], present=[2, 4, 16]).weights[at, 0]
    np.testing.assert_allclose(w, [1, 1, 2])
    pixels = LabelCounts(("a", "b", "c"), np.array([1, 2, 4]), 7, 0, "pixels", np.array([2, 4, 16]))
    np.testing.assert_allclose(schemes(pixels).weights[at, 0], [1, 1, 2])
    with pytest.raises(ValueError, match=r"scheme must be one of .* not 'nonesuch'"):
        schemes([1, 2], knobs={"nonesuch": {}})
    with pytest.raises(ValueError, match="beta must be between 0 and 1; not 2"):
        schemes([1, 2], knobs={"effective_number": {"beta": 2}})
    for present in ([1, 2], [1, 1, 9]):
        with pytest.raises(ValueError, match="present must be one number a class, 3, and no smaller"):
            schemes([1, 2, 4], present=present)


def test_of_several_labels_the_negatives_keep_one():
    found = schemes(MULTI)
    at = found.names.index("pos_weight")
    np.testing.assert_allclose(found.weights[at, 0], [40 / 60, 95 / 5, 10 / 90])
    y = np.zeros((100, 3))
    for c, n in enumerate(MULTI.counts):
        y[:n, c] = 1
    assert found.step[at, 0] == pytest.approx(np.where(y == 1, found.weights[at, 0], 1).mean())
    # two labels are no (negative, positive) either
    two = LabelCounts(("a", "b"), np.array([60, 5]), 100, 0, "multi")
    np.testing.assert_allclose(weigh(two, "pos_weight"), [40 / 60, 95 / 5])


def test_pos_weights():
    found = pos_weights(LabelCounts(("cat", "dog", "eel", "all"), np.array([2, 8, 0, 10]), 12, 2, "multi"))
    np.testing.assert_allclose(found.weights, [4, 0.25, 1, 1])
    np.testing.assert_array_equal(found.negatives, [8, 2, 10, 0])
    assert (found.never, found.always) == ((2,), (3,))
    assert found.sentence == (
        "'cat' has the largest positive weight, 4: 2 rows with it, 8 without. No row has 'eel': leave it out. "
        "Every row has 'all': there is nothing to learn about it."
    )
    single = pos_weights(LabelCounts(("no", "yes"), np.array([500, 31]), 531))
    np.testing.assert_allclose(single.weights, [31 / 500, 500 / 31])  # claim 4 of the threads: 16.13
    assert examples(MULTI) == 100


def test_suggested_beta_is_neither_flat_nor_inverse():
    for n in ([10_000, 100], [10**6, 10**3], [10**6, 5000, 300]):
        beta = suggest_beta(n)
        w = class_weights(n, "effective_number", beta=beta)
        full = max(n) / min(n)
        assert full**0.35 < w.max() / w.min() < full**0.65
    assert suggest_beta([100, 0, 10_000]) == pytest.approx(0.999)
    assert suggest_beta([1, 1]) == 0


@pytest.mark.parametrize(
    ("counts", "kind", "says"),
    [
        ([3, -1], None, "class 1 has a count of -1"),
        ([0, 0], None, "all 0"),
        ([], None, "empty"),
        ([2.5, 1], None, "'0' has a count of 2.5: counts must be whole numbers"),
        ([1e30, 1], None, "whole numbers up to"),
        ([1e300, 1], None, "must be between"),
        ([3, 1], "multi", "several labels a row need the number of rows as well"),
        ([3, 1], "single-label", "kind must be one of"),
        (MULTI, "single", "counted as 'multi'; not 'single'"),
        (LabelCounts(("a",), np.array([1, 2]), 3), None, "labels must be one a class, 2; not 1"),
        (LabelCounts(("a", "b"), np.array([1, 9]), 8, 2, "multi"), None, "'b' is in 9 rows of 6: there cannot be more"),
    ],
    ids=str,
)
def test_refuses_counts(counts, kind, says):
    with pytest.raises(ValueError, match=says):
        counted(counts, kind)
