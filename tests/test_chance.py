"""Chance: intervals against sampling theory, batches and folds against scipy, scikit-learn and enumeration."""

import itertools
import time
import warnings

import numpy as np
import pytest
from scipy.stats import binom, hypergeom, norm
from sklearn.model_selection import KFold, StratifiedKFold

from lossviz.chance import batches, bootstrap, folds
from lossviz.labels import LabelCounts
from lossviz.weights import NORMALISATIONS, SCHEMES, class_weights

MULTI = LabelCounts(("a", "b", "c"), np.array([60, 5, 90]), 110, 10, "multi")
PIXELS = LabelCounts(("sky", "car"), np.array([900, 100]), 1000, 0, "pixels", np.array([1000, 400]))


def test_interval_is_that_of_the_share():
    """Balanced, two classes: w = 1/(2π), and π has the standard error √(π(1−π)/n)."""
    found = bootstrap([9000, 1000], draws=4000)
    z, p = norm.ppf(0.975), 0.1
    error = np.sqrt(p * (1 - p) / 10_000)
    assert found.low[1] == pytest.approx(1 / (2 * (p + z * error)), rel=0.01)
    assert found.high[1] == pytest.approx(1 / (2 * (p - z * error)), rel=0.01)
    narrow = bootstrap([9000, 1000], level=0.5)
    assert narrow.low[1] > found.low[1]
    assert narrow.high[1] < found.high[1]
    assert found.level == 0.95
    assert found.sentence.startswith("Drawn anew, as many rows would give '1' (1,000 examples) a weight between 4.7")


def test_interval_covers_the_true_weight():
    rng, truth = np.random.default_rng(5), class_weights([800, 150, 50])
    hits = np.zeros(3)
    for seed in range(100):
        found = bootstrap(rng.multinomial(1000, [0.8, 0.15, 0.05]), draws=200, seed=seed)
        hits += (found.low <= truth) & (truth <= found.high)
    assert (hits >= 86).all(), hits  # of 95 expected, 4 standard deviations


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("normalise", [None, *NORMALISATIONS])
def test_every_scheme_is_within_its_interval(scheme, normalise):
    n = [4000, 900, 300]
    found, w = bootstrap(n, scheme, normalise, draws=100), class_weights(n, scheme, normalise)
    assert (found.low <= w * (1 + 1e-9)).all()
    assert (found.high >= w * (1 - 1e-9)).all()
    # draw by draw, by class_weights itself
    drawn = np.random.default_rng(0).multinomial(5200, np.array(n) / 5200, 100)
    each = np.sort([class_weights(row, scheme, normalise) for row in drawn], axis=0)
    np.testing.assert_allclose(found.low, each[2])
    np.testing.assert_allclose(found.high, each[97])


def test_vanished():
    """A class of 1 in 100 vanishes from (1 − 1/100)^100 = 37 % of the draws, one of 4 from 1.7 %."""
    found = bootstrap([95, 1, 4], draws=4000)
    assert found.vanished[1] == pytest.approx(0.99**100, abs=0.03)
    assert found.vanished[2] == pytest.approx(0.96**100, abs=0.008)
    assert found.high[1] == np.inf
    assert np.isfinite(found.high[2])
    assert np.isfinite(found.low).all()
    assert found.sentence.startswith(
        "The weight of '1' (1 example) rests on nothing: drawn anew, as many rows would have none"
    )
    assert bootstrap([95, 1, 4], draws=4000, level=0.99).high[2] == np.inf  # 1.7 % is more than half of 1 %
    absent = bootstrap([95, 0, 5])
    assert np.isnan([absent.low[1], absent.high[1]]).all()
    assert absent.vanished[1] == 1
    np.testing.assert_allclose(absent.low[[0, 2]], bootstrap([95, 5]).low, rtol=0.05)


def test_pos_weight_stays_against_the_rest_when_a_class_vanishes():
    """Of three classes two are left in many draws; they must not be taken for (negative, positive)."""
    found = bootstrap([500, 1, 50], "pos_weight", draws=400)
    assert found.low[0] < found.high[0] < 0.2  # 50/500 and about; never 1, the weight of a negative
    assert 5 < found.low[2] < 10 < found.high[2] < 20


def test_labels_are_drawn_each_on_its_own():
    found = bootstrap(LabelCounts(("a", "b"), np.array([6000, 9000]), 10_010, 10, "multi"), "pos_weight", draws=4000)
    q = binom.ppf([0.975, 0.025], 10_000, 0.6)
    np.testing.assert_allclose([found.low[0], found.high[0]], (10_000 - q) / q, rtol=0.005)


def test_pixels_have_no_intervals():
    found = bootstrap(PIXELS)
    assert np.isnan(found.low).all()
    assert found.draws == 0
    assert "Pixels of one image resemble each other" in found.sentence
    many = bootstrap(np.full(10_001, 3))
    assert many.draws == 0
    assert many.sentence == "No intervals for more than 10,000 classes."


def test_bootstrap_is_seeded_and_quick():
    n = np.random.default_rng(0).integers(1, 5000, 1000)
    start = time.process_time()
    one = bootstrap(n, "effective_number", "mean")
    assert time.process_time() - start < 1.5  # 0.3 s here
    assert one.draws == 2000
    np.testing.assert_array_equal(one.high, bootstrap(n, "effective_number", "mean").high)
    assert (one.high != bootstrap(n, "effective_number", "mean", seed=1).high).any()
    assert bootstrap(np.full(10_000, 3)).draws == 200


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"level": 1}, "level must be between 0 and 1; not 1"),
        ({"draws": 5}, "draws must be 40 or more; not 5"),
        ({"scheme": "blanced"}, "scheme must be one of"),
        ({"normalise": "Sum"}, "normalise must be one of"),
        ({"knobs": {"beta": 1}}, "balanced has no knobs"),
    ],
    ids=str,
)
def test_bootstrap_refuses(options, says):
    with pytest.raises(ValueError, match=says):
        bootstrap([3, 2], **options)


def test_batches_hand_worked_and_enumerated():
    found = batches([3, 2], 2)  # of the 10 pairs of 5, 3 have no 1 and 1 has no 0
    np.testing.assert_allclose(found.none, [1 / 10, 3 / 10])
    np.testing.assert_allclose(found.expected, [1.2, 0.8])
    y = [0] * 5 + [1] * 3 + [2]
    for size in range(1, 10):
        draws = list(itertools.combinations(y, size))
        none = [np.mean([c not in draw for draw in draws]) for c in range(3)]
        expected = [np.mean([draw.count(c) for draw in draws]) for c in range(3)]
        found = batches([5, 3, 1], size)
        np.testing.assert_allclose(found.none, none, atol=1e-12)
        np.testing.assert_allclose(found.expected, expected)
    assert batches([5, 3, 1], 1000).batch_size == 9


@pytest.mark.parametrize("n", [[9_980, 20], [900_000, 99_999, 1], [10**9, 10**6]], ids=str)
@pytest.mark.parametrize("size", [1, 32, 1024])
def test_batches_against_scipy(n, size):
    expected = [hypergeom.pmf(0, sum(n), c, size) for c in n]
    np.testing.assert_allclose(batches(n, size).none, expected, rtol=1e-5, atol=1e-12)
    if size**2 < sum(n):  # as good as with replacement
        np.testing.assert_allclose(batches(n, size).none, (1 - np.array(n) / sum(n)) ** size, rtol=0.02, atol=1e-4)


def test_batches_of_labels_and_images():
    np.testing.assert_allclose(batches(MULTI, 10).none, [hypergeom.pmf(0, 100, c, 10) for c in (60, 5, 90)])
    found = batches(PIXELS, 4)  # cars are in 40 % of the images
    np.testing.assert_allclose(found.none, [0, 0.6**4])
    np.testing.assert_allclose(found.expected, [4, 1.6])
    assert found.sentence == "A batch of 4 images has none of 'car' in 13 % of cases; 1.6 of them are expected in it."
    unknown = batches(LabelCounts(("sky", "car"), np.array([900, 100]), 1000, 0, "pixels"))
    assert np.isnan(unknown.none).all()
    assert "not known" in unknown.sentence


def test_batches_in_words():
    say = batches(LabelCounts(("fraud", "ok"), np.array([20, 9980]), 10_000)).sentence
    assert say == "A batch of 32 has none of 'fraud' in 94 % of cases; 0.064 of them are expected in it."
    assert batches([500, 500]).sentence.startswith(
        "Nearly every batch has every class: a batch of 32 has none of '0' in under"
    )
    assert "none of '1' in under 0.01 %" in batches([50_000, 6000, 30_000], 512).sentence  # all 0 in float64, nearly
    assert "'2'" in batches([500, 0, 3]).sentence  # a class that never occurs is no news
    for size in (0, -1, 2.5, None, "32"):
        with pytest.raises(ValueError, match="batch_size must be a whole number from 1"):
            batches([3, 2], size)


def test_folds_hand_worked_and_enumerated():
    y = np.array([0] * 5 + [1, 1])  # 7 rows in 3 folds: 3, 2, 2
    found = folds([5, 2], 3)
    places = list(itertools.combinations(range(7), 2))
    missed = [sum(not set(place) & set(fold) for fold in ((0, 1, 2), (3, 4), (5, 6))) for place in places]
    assert found.random[1] == pytest.approx(np.mean(missed))
    np.testing.assert_array_equal(found.stratified, [0, 1])
    assert len(y) == 7


def test_folds_against_scikit_learn():
    n, k = [180, 14, 3], 5
    y = np.repeat(np.arange(3), n)
    missed = np.zeros(3)
    for seed in range(300):
        for _, test in KFold(k, shuffle=True, random_state=seed).split(y):
            missed += np.bincount(y[test], minlength=3) == 0
    found = folds(n, k)
    np.testing.assert_allclose(found.random, missed / 300, atol=0.12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has fewer members than there are folds is the point
        parts = [np.bincount(y[test], minlength=3) == 0 for _, test in StratifiedKFold(k).split(y, y)]
    np.testing.assert_array_equal(found.stratified, np.sum(parts, 0))


def test_folds_in_words():
    assert (
        folds([97, 3]).sentence
        == "Of 5 random folds, 2.5 are expected to have none of '1'; of 5 stratified folds, 2 must."
    )
    assert folds([93, 7]).sentence.endswith("of 5 stratified folds, none need to.")
    assert (
        folds([50_000, 6000, 30_000]).sentence
        == "Every class is in every one of 5 folds, even random ones ('1' is the rarest)."
    )
    assert np.isnan(folds(PIXELS).random).all()
    assert "images" in folds(PIXELS).sentence
    with pytest.raises(ValueError, match="5 folds need as many examples at least; not 3"):
        folds([2, 1])
    for k in (1, 2.5, None):
        with pytest.raises(ValueError, match="whole number from 2"):
            folds([20, 10], k)
