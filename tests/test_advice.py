"""The verdict: every rule reached and its reasons true, cautions at their thresholds, and one call that gathers all."""

import pickle
import string

import numpy as np
import pytest

from lossviz import costs, figures
from lossviz.advice import cautions, recommend, verdict
from lossviz.compare import suggest_beta
from lossviz.labels import LabelCounts
from lossviz.rules import RULES
from lossviz.weights import SCHEMES, class_weights


def multi(*counts, rows=1000):
    return LabelCounts(tuple("abcdefgh"[: len(counts)]), np.array(counts), rows, 0, "multi")


PIXELS = LabelCounts(("sky", "car"), np.array([900, 100]), 1000, 0, "pixels", np.array([1000, 400]))
COST = [[0, 1], [9, 0]]
CASES = [  # counts, options, the rule, the scheme
    ([50], {}, "one class", None),
    ([50, 0], {}, "one class", None),
    ([50, 0], {"costs": COST}, "one class", None),
    (multi(0, 1000), {}, "one class", None),
    ([9000, 1000], {"costs": COST}, "costs", None),
    ([50, 50], {"costs": COST}, "costs", None),  # costs move the threshold of balanced data too
    (multi(40, 900), {"costs": COST}, "costs", None),
    ([1, 1, 1, 0], {"probabilities": True}, "once", None),
    ([2, 2, 2], {}, "even", None),
    ([60, 41], {}, "even", None),
    ([60, 41, 50], {"probabilities": True}, "even", None),
    (multi(450, 500), {}, "even", None),
    ([9000, 1000], {"probabilities": True}, "probabilities", None),
    (multi(40, 900), {"probabilities": True}, "probabilities", None),
    (PIXELS, {}, "pixels", "median_frequency"),
    ([900, 100], {"kind": "pixels"}, "pixels", "median_frequency"),
    (multi(40, 900), {}, "labels", "pos_weight"),
    (multi(10), {}, "few labels", "sqrt"),
    (multi(990), {}, "few labels", "sqrt"),
    ([400, 24], {}, "few", "sqrt"),
    ([400, 25], {}, "threshold", None),
    ([99_900, 50], {}, "seldom and extreme", "sqrt"),
    ([99_900, 100], {}, "seldom", "balanced"),
    ([99_900, 100], {"batch_size": 1024}, "threshold", None),
    ([2_000_000, 1500], {"batch_size": 4096}, "threshold", None),  # extreme, but met
    ([150, 100], {}, "threshold", None),
    ([9000, 1000], {}, "threshold", None),
    ([9000, 1000, 3000], {}, "threshold", None),
]


@pytest.mark.parametrize(("counts", "options", "rule", "scheme"), CASES, ids=str)
def test_rules(counts, options, rule, scheme):
    found = recommend(counts, **options)
    assert (found.rule, found.scheme) == (rule, scheme)
    assert found.sentence.startswith("Do not weight") == (scheme is None)
    assert found.threshold == (rule in ("costs", "probabilities", "threshold"))
    assert found.reasons
    for text in (found.sentence, *found.reasons, *(a.sentence for a in found.alternatives)):
        assert text.endswith(".")
        assert text.isprintable()
        assert not set(text) & set("{}")
        assert "nan" not in text
    for a in found.alternatives:
        assert a.scheme is None or a.scheme in SCHEMES


def test_every_rule_is_reached():
    assert {rule for *_, rule, _ in CASES} == {rule.name for rule in RULES}
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_rules_are_whole():
    words = set(recommend([5, 4]).__dataclass_fields__)  # the fields exist
    assert {"rule", "reasons", "alternatives"} <= words
    for rule in RULES:
        assert rule.scheme is None or rule.scheme in SCHEMES
        assert not (rule.scheme and rule.threshold)
        for text in (rule.advice, *rule.reasons, *(a.sentence for a in rule.alternatives)):
            assert all(field is None or field.isidentifier() for _, field, _, _ in string.Formatter().parse(text))


def test_the_threshold_it_advises_decides_as_balanced_weights():
    p = np.random.default_rng(3).dirichlet(np.ones(3), 2000)
    found = recommend([9000, 1000, 3000])
    w = class_weights([9000, 1000, 3000])
    np.testing.assert_array_equal((p * found.multiply).argmax(1), (p * w).argmax(1))
    assert "divide each class's probability by its share" in found.sentence
    two = recommend(LabelCounts(("fraud", "ok"), np.array([1000, 9000]), 10_000))
    assert "decide 'fraud' where its probability is above its share, 10 %" in two.sentence
    for q in (0.099, 0.101):  # at its share, 10 %
        assert (np.argmax(np.array([q, 1 - q]) * two.multiply) == 0) == (q > 0.1)
    assert recommend([9000, 0, 1000]).multiply[1] == 0
    assert "above its share, 10 %" in recommend([9000, 0, 1000]).sentence


def test_costs_come_first():
    found = recommend([9000, 1000], costs=COST)
    assert found.multiply == (1, 9)
    assert found.sentence.endswith(costs.thresholds(COST).sentence)
    assert "at least 10 %" in found.sentence
    assert recommend([5, 6, 7], costs=[[0, 1, 5], [1, 0, 1], [1, 1, 0]]).multiply is None
    labels = recommend(multi(40, 900), costs=COST)
    assert labels.multiply is None
    assert "Decide 'present' where its probability is at least 10 %" in labels.sentence
    with pytest.raises(ValueError, match="a row and a column for each of the 3 classes; not 2"):
        recommend([5, 6, 7], costs=COST)
    with pytest.raises(ValueError, match="batch_size must be"):
        recommend([5, 6], batch_size=0)
    with pytest.raises(ValueError, match="counted as 'pixels'; not 'single'"):
        recommend(PIXELS, kind="single")


def test_reasons_hold_the_numbers():
    assert recommend([99_900, 100]).reasons[0].startswith("A batch of 32 has none of it in 97 % of cases")
    assert "standard error of up to 29 points" in recommend([400, 3]).reasons[0]
    assert "as far as 1,998 others" in recommend([99_900, 50]).reasons[1]
    assert "'a' is the farthest from half of the rows (40 of 1,000 have it)" in recommend(multi(40, 900)).reasons[0]
    assert "'b' is the farthest from half of the rows (30 of 1,000 lack it)" in recommend(multi(40, 970)).reasons[0]
    assert (
        recommend(multi(40, 995)).reasons[1]
        == "At its full positive weight, 199, 5 rows, right or wrong, would steer the model."
    )


def about(counts, **options):
    return {c.about: c for c in cautions(counts, **options)}


def test_few():
    assert set(about([25, 24])) == {"few", "even"}
    assert about([25, 24])["few"].classes == (1,)
    few = about(LabelCounts(("a", "b", "c"), np.array([9, 4000, 1]), 4010))["few"]
    assert few.classes == (2, 0)
    assert few.sentence == (
        "'c' with 1 example (and 1 more with fewer than 25): not enough; even a recall measured on it has a standard error of "
        "up to 50 points."
    )
    # the standard error of a recall of one half, simulated
    recalls = np.random.default_rng(0).binomial(9, 0.5, 100_000) / 9
    assert f"{100 * recalls.std():.0f} points" in about([900, 9])["few"].sentence
    assert "'b' with 3 rows without it" in about(multi(500, 997))["few"].sentence
    assert "few" not in about(LabelCounts(("a", "b"), np.array([5, 4000]), 4005, 0, "pixels"))


def test_absent():
    found = about([30, 0, 40, 0])["absent"]
    assert found.classes == (1, 3)
    assert found.sentence == "'1', '3' never occur and have no weight: leave them out."
    assert "'0', '1', '2' and 2 more never occur" in about([0] * 5 + [9])["absent"].sentence
    assert set(about(multi(0, 1000))) == {"absent"}  # and nothing said of balance


def test_images():
    unknown = LabelCounts(("a", "b"), np.array([500, 4000]), 4500, 0, "pixels")
    assert about(unknown)["images"].sentence.startswith("Which images contain a class was not counted")
    assert "images" not in about(PIXELS)


def test_extreme():
    assert "extreme" not in about([1000 * 30, 30])
    found = about(LabelCounts(("ok", "fraud"), np.array([1001 * 30, 30]), 1002 * 30))["extreme"]
    assert found.classes == (1,)
    assert found.sentence.startswith(
        "Balanced weights are 1,001 to 1: one example of 'fraud' moves the model as far as 1,001 others"
    )
    assert "one row without 'a'" in about(multi(99_970, rows=100_000))["extreme"].sentence


def test_even():
    assert "even" in about([149, 100])
    assert "even" not in about([150, 100])
    assert "the largest class, '0', is 1.2 times the smallest, '1'" in about([120, 100])["even"].sentence
    assert "all classes that occur are equally large, 100 each" in about([100, 100, 0])["even"].sentence


def test_flat():
    n = [100_000, 5000]
    found = about(n)["flat"].sentence  # β = .999, so that numbers stop growing at 1,000
    assert "At β = 0.999" in found
    assert "a factor of 20: every class is far larger than 1/(1 − β) = 1,000" in found
    beta = suggest_beta(n)
    assert "flat" not in about(n, knobs={"effective_number": {"beta": beta}})
    w = class_weights(n, "effective_number", beta=beta)
    assert f"makes it {w.max() / w.min():.1f} to 1" in found
    assert "differ by nothing" in about(n, knobs={"effective_number": {"beta": 0}})["flat"].sentence
    assert "flat" not in about([1000, 50])
    assert "flat" not in about([100_000, 60_000])  # less than twice: as it should be
    assert "flat" not in about(n, knobs={"effective_number": {"beta": 1}})


def test_many():
    assert "many" in about(np.full(1001, 100))
    assert "many" not in about(np.full(1000, 100))
    assert "50 classes with 2 examples each on average" in about(np.full(50, 2))["many"].sentence


def test_nothing_to_be_careful_about():
    assert cautions([1000, 300]) == ()


def test_verdict_gathers():
    c = LabelCounts(("fraud", "ok"), np.array([20, 9980]), 10_010, 10)
    found = verdict(c)
    assert found.recommendation.rule == "few"
    assert (found.scheme, found.normalise) == ("sqrt", "mean")
    np.testing.assert_allclose(found.weights, class_weights(c.counts, "sqrt", "mean"))
    np.testing.assert_allclose(found.shares, [0.002, 0.998])
    assert found.headline == (
        "10,000 rows, 2 classes, 'fraud' the rarest with 20 (0.2 %). "
        "Label more of 'fraud' first; until then weight gently, by the square root."
    )
    assert (
        found.implied.sentence == "Square root weights say that missing one 'fraud' costs as much as 22 false alarms."
    )
    assert found.batches.none[0] == pytest.approx(0.998**32, rel=1e-3)
    assert found.folds.random[0] < 0.1
    assert found.thresholds is found.equivalent is found.pos_weights is None
    table = found.table
    assert list(table.label) == ["fraud", "ok"]
    assert (table.low < table.weight).all()
    assert (table.weight < table.high).all()
    chosen = verdict(c, "balanced", costs=[[0, 500], [1, 0]])
    assert (chosen.scheme, chosen.normalise) == ("balanced", None)
    assert chosen.thresholds.binary == pytest.approx(500 / 501)
    assert chosen.equivalent.weights @ c.counts == pytest.approx(10_000)
    assert chosen.implied.sentence.startswith("Balanced weights say that missing one 'fraud' costs as much as 499")


def test_verdict_shows_balanced_where_none_is_advised():
    found = verdict([9000, 1000], knobs={"effective_number": {"beta": 0.9}})
    assert found.recommendation.scheme is None
    assert found.scheme == "balanced"
    at = found.schemes.names.index("effective_number")
    np.testing.assert_allclose(found.schemes.weights[at, 0], class_weights([9000, 1000], "effective_number", beta=0.9))
    own = verdict([9000, 1000], "effective_number", "sum", knobs={"effective_number": {"beta": 0.9}})
    np.testing.assert_allclose(own.weights, class_weights([9000, 1000], "effective_number", "sum", beta=0.9))


@pytest.mark.parametrize(
    "counts",
    [[5], [1], [5, 0], [3, 0, 2], [1, 1], np.full(30, 1), multi(3, 900, 0, 1000), multi(1000), PIXELS, [10**9, 1]],
    ids=str,
)
@pytest.mark.parametrize("scheme", [None, "effective_number", "pos_weight"])
def test_verdict_of_anything(counts, scheme):
    found = verdict(counts, scheme, draws=40)
    assert len(found.table) == len(found.shares) == found.schemes.weights.shape[2]
    there = found.counts.counts > 0
    assert np.isfinite(found.weights[there]).all()
    assert np.isnan(found.weights[~there]).all()
    said = [found.headline, found.intervals.sentence, found.batches.sentence, *(c.sentence for c in found.cautions)]
    said += [x.sentence for x in (found.folds, found.implied, found.pos_weights) if x is not None]
    for text in said:
        assert "nan" not in text
        assert text.endswith(".") or text.endswith("?")
    again = pickle.loads(pickle.dumps(found))
    assert again.headline == found.headline


def test_hostile_labels_stay_one_short_line():
    evil = ("<b>{0}\n=cmd()\t\u202e" + "x" * 10_000, "{rare} $\\alpha$", "ok\x00")
    for counts in ([1, 5000, 0], [5000, 2, 9], [99_900, 100, 300], [5, 6, 7]):
        found = verdict(LabelCounts(evil, np.array(counts), sum(counts)), draws=40)
        texts = [found.headline, found.batches.sentence, found.folds.sentence, found.intervals.sentence]
        texts += [c.sentence for c in found.cautions] + list(found.recommendation.reasons)
        texts += [a.sentence for a in found.recommendation.alternatives]
        for text in texts:
            assert text.isprintable()
            assert len(text) < 500
            assert "x" * 40 not in text


def test_small_and_quick():
    n = np.random.default_rng(0).integers(1, 5000, 1000)
    assert len(pickle.dumps(verdict(n, draws=100))) < 1_000_000


def test_the_picture_shows_counts_weights_and_how_far_they_could_be_off():
    found = verdict(LabelCounts(("a", "<b>", "c"), np.array([30, 4, 2]), 36, 0), "balanced")
    figure = figures.label_bars(found)
    counts, weights = figure.data
    assert list(counts.x) == [2, 4, 30]  # drawn from the bottom up
    assert list(weights.x) == pytest.approx([6, 3, 0.4])
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;"
    low, high = found.intervals.low[::-1], found.intervals.high[::-1]
    assert np.isposinf(high[0])
    assert np.isfinite(high[1])
    spread = weights.error_x
    assert list(spread.arrayminus) == pytest.approx(weights.x - low)
    assert spread.array[1:] == pytest.approx((high - weights.x)[1:])
    ends = weights.x + spread.array
    left, right = figure.layout.xaxis2.range
    assert left == 0
    assert ends[1:].max() < right < ends[0]  # one that has no upper end leaves the picture
