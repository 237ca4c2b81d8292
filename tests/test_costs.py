"""Costs: thresholds against realised cost, weights against decisions by brute force, and what a cost matrix may not be."""

import itertools
import pickle

import numpy as np
import pytest
from scipy.stats import norm

from lossviz import STRATEGIES, costs
from lossviz.labels import LabelCounts

RNG = np.random.default_rng(7)
P3 = RNG.dirichlet(np.ones(3), 5_000)


def by_hand(p, cost):
    """The decision of least expected cost of one probability vector, term by term."""
    k = len(cost)
    expected = [sum(cost[j][i] * p[j] for j in range(k)) for i in range(k)]
    return expected.index(min(expected))


def test_hand_worked():
    assert costs.thresholds([[0, 1], [99, 0]]).binary == pytest.approx(0.01)
    assert costs.thresholds([[0, 1], [1, 0]]).binary == 0.5
    # Elkan: (C[0,1] - C[0,0]) / (that + C[1,0] - C[1,1]); here (6 - 1) / (5 + 20 - 5)
    assert costs.thresholds([[1, 6], [20, 5]]).binary == pytest.approx(0.25)
    # a gain is a negative cost: (2 + 1) / (3 + 10 + 2)
    assert costs.thresholds(costs.two_class_costs(2, 10, right_alarm=-2, right_pass=-1)).binary == pytest.approx(0.2)
    assert costs.thresholds([[0, 1, 2], [1, 0, 1], [3, 1, 0]]).binary is None


def test_a_threshold_near_nothing_is_still_a_number():
    assert "at least 0.001 %, not 50 %" in costs.thresholds([[0, 1], [99_999, 0]]).sentence


def test_weights_that_say_the_same_always_tell_the_largest_and_the_smallest():
    for k in (6, 9):
        w = np.arange(1.0, k + 1)
        said = costs.equivalent_weights((1 - np.eye(k)) * w[:, None]).sentence
        assert said.count("'") == 12, "six are told"
        assert "'0' 1," in said
        assert f"'{k - 1}' {k}" in said
        assert ("more" in said.split(". ")[0]) == (k > 6)


def test_binary_formula_on_random_costs():
    for _ in range(200):
        c = RNG.uniform(-2, 2, (2, 2))
        c[0, 1], c[1, 0] = c[0, 0] + RNG.uniform(0.01, 9), c[1, 1] + RNG.uniform(0.01, 9)
        t = costs.thresholds(c).binary
        assert t == pytest.approx((c[0, 1] - c[0, 0]) / (c[0, 1] - c[0, 0] + c[1, 0] - c[1, 1]))
        for p, d in ((t - 1e-6, 0), (t + 1e-6, 1)):
            assert by_hand([1 - p, p], c.tolist()) == d


def test_the_threshold_minimises_the_realised_cost():
    """Two normals, 95:5: over a grid of thresholds, what decisions really cost is least at the Bayes threshold."""
    n, prior = 60_000, 0.05
    y = np.arange(n) < prior * n
    x = np.empty(n)
    for c in (0, 1):  # evenly spread in each class: no luck of the draw
        x[y == c] = norm.ppf((np.arange((y == c).sum()) + 0.5) / (y == c).sum(), 1.5 * c)
    odds = prior / (1 - prior) * norm.pdf(x, 1.5) / norm.pdf(x)
    p = odds / (1 + odds)
    grid = np.linspace(0.01, 0.99, 99)
    for alarm, miss in ((1, 9), (1, 3), (2, 1)):
        decided = p[:, None] >= grid
        cost = (alarm * (decided & ~y[:, None]) + miss * (~decided & y[:, None])).mean(0)
        best = costs.thresholds([[0, alarm], [miss, 0]]).binary
        at = (alarm * ((p >= best) & ~y) + miss * ((p < best) & y)).mean()
        assert at <= cost.min() * 1.001
        assert abs(grid[cost.argmin()] - best) < 0.06


def test_bayes_decision_is_the_brute_force():
    for _ in range(5):
        c = RNG.uniform(1, 9, (3, 3)) * (1 - np.eye(3))
        expected = [by_hand(p, c.tolist()) for p in P3[:500]]
        np.testing.assert_array_equal(costs.bayes_decision(P3[:500], c), expected)
        rule = STRATEGIES["expected_cost"].tables([5, 3, 2], cost=c).decisions[1]
        np.testing.assert_array_equal(costs.bayes_decision(P3, c), rule.classes(np.log(P3)))
    assert costs.bayes_decision([0.4, 0.6], [[0, 1], [1, 0]]) == 1
    with pytest.raises(ValueError, match=r"probabilities must be of 2 classes.*\(3,\)"):
        costs.bayes_decision([0.2, 0.3, 0.5], [[0, 1], [1, 0]])


def test_regret_decides_as_the_costs():
    c = RNG.uniform(1, 9, (3, 3)) * (1 - np.eye(3)) + RNG.uniform(-5, 5, (3, 1))
    found = costs.thresholds(c)
    assert (np.diag(found.regret) == 0).all()
    assert (found.regret >= 0).all()
    np.testing.assert_array_equal((P3 @ found.regret).argmin(1), (P3 @ c).argmin(1))


def test_pairwise():
    c = np.array([[0, 1, 4], [3, 0, 2], [6, 8, 0]])
    t = costs.thresholds(c).pairwise
    assert t[0, 1] == pytest.approx(3 / 4)  # 0 rather than 1: wrong where 1 is true costs 3, the other way round 1
    assert t[0, 2] == pytest.approx(6 / 10)
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose((t + t.T)[off], 1)
    assert np.isnan(np.diag(t)).all()
    for i, j in np.argwhere(off):
        for shift in (-1e-6, 1e-6):
            p = np.zeros(3)
            p[i], p[j] = t[i, j] + shift, 1 - t[i, j] - shift
            better = p @ c[:, i] < p @ c[:, j]
            assert better == (shift > 0)


def test_pairwise_decide_alone_where_exact():
    w = np.array([1.0, 2.5, 40.0])
    found = costs.thresholds((1 - np.eye(3)) * w[:, None])
    assert found.exact
    wins = np.array([[(p[i] / (p[i] + p[j]) >= found.pairwise[i, j]) for i in range(3) for j in range(3)] for p in P3])
    wins = wins.reshape(-1, 3, 3) | np.eye(3, dtype=bool)
    np.testing.assert_array_equal(wins.all(2).argmax(1), (w * P3).argmax(1))
    assert not costs.thresholds([[0, 1, 4], [3, 0, 2], [6, 8, 0]]).exact


@pytest.mark.parametrize("k", [2, 3, 6])
def test_equivalent_weights_decide_as_the_costs(k):
    p = RNG.dirichlet(np.ones(k), 5_000)
    for _ in range(20):
        c = RNG.uniform(0.1, 50, k)
        rows = RNG.uniform(-9, 9, (k, 1))  # what decides nothing
        cost = (1 - np.eye(k)) * c[:, None] + rows
        found = costs.equivalent_weights(cost)
        assert found.exact
        assert found.agreement == 1
        np.testing.assert_allclose(found.weights, c, rtol=1e-6)
        np.testing.assert_array_equal((found.weights * p).argmax(1), (p @ cost).argmin(1))


def test_any_two_classes_have_equivalent_weights():
    p = RNG.dirichlet(np.ones(2), 2_000)
    for _ in range(50):
        c = RNG.uniform(0, 1, (2, 2)) + np.array([[0, 1], [1, 0]])
        found = costs.equivalent_weights(c)
        assert found.exact
        np.testing.assert_array_equal((found.weights * p).argmax(1), (p @ c).argmin(1))


def test_no_weights_where_it_matters_what_is_decided():
    """Brute force: over a fine grid of weights none decides as the costs; the one given says how often it does."""
    c = np.array([[0, 1, 9], [1, 0, 1], [1, 1, 0]])
    found = costs.equivalent_weights(c, labels=["cat", "dog", "car"])
    assert not found.exact
    np.testing.assert_allclose(found.weights, [5, 1, 1])
    truth = (P3 @ c).argmin(1)
    a, b = np.meshgrid(np.logspace(-2, 2, 41), np.logspace(-2, 2, 41))
    best = max(
        ((P3 * [x, y, 1]).argmax(1) == truth).mean()
        for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
    )
    assert best < 0.98
    own = ((P3 * found.weights).argmax(1) == truth).mean()
    assert found.agreement == pytest.approx(own, abs=0.02)
    assert found.agreement < 1
    assert "taking 'cat' for 'dog' costs 1 and for 'car' 9" in found.sentence
    assert "No class weights" in found.sentence
    assert "Breiman" in found.sentence


def test_exact_is_so_and_nothing_else_is():
    """Every cost matrix of three classes with costs 0, 1 and 2, against decisions on a grid of probabilities."""
    p = np.array([(a, b, 24 - a - b) for a in range(1, 24) for b in range(1, 24 - a)]) / 24
    score = p[:, None] * p  # weights [W, 1, 3], of a grid too
    chosen = score > score.max(2, keepdims=True) - 1e-12  # [W, P, 3]
    for entries in itertools.product((0, 1, 2), repeat=6):
        if not any(entries):
            continue
        cost = np.zeros((3, 3))
        cost[~np.eye(3, dtype=bool)] = entries
        found, expected = costs.equivalent_weights(cost), p @ cost
        dear = expected > expected.min(1, keepdims=True) + 1e-9
        if found.exact:  # whatever the weights decide is among the cheapest
            own = found.weights * p
            assert not (dear & (own == own.max(1, keepdims=True))).any(), cost
        else:  # any weights decide dearly somewhere
            assert (chosen & dear).any((1, 2)).all(), cost


def test_a_class_whose_mistakes_cost_nothing():
    void = np.array(
        [[0, 2, 7], [3, 0, 5], [0, 0, 0]]
    )  # mistakes on class 2 are free, deciding 2 is dearer than need be
    found = costs.equivalent_weights(void)
    assert found.exact
    np.testing.assert_array_equal(found.weights, [2, 3, 0])
    np.testing.assert_array_equal((found.weights * P3).argmax(1), (P3 @ void).argmin(1))
    cheaper = np.array([[0, 2, 1], [3, 0, 5], [0, 0, 0]])  # still never better than deciding 0
    np.testing.assert_array_equal(costs.equivalent_weights(cheaper).weights, [2, 3, 0])
    np.testing.assert_array_equal((found.weights * P3).argmax(1), (P3 @ cheaper).argmin(1))
    # but where deciding the void class hedges between the others, it can be best, and no weights say so
    cheap = np.array([[0, 2, 1], [3, 0, 1], [0, 0, 0]])
    assert ((P3 @ cheap).argmin(1) == 2).any()
    assert not costs.equivalent_weights(cheap).exact
    # nor where no other alone is always as good, and one of the two others always is
    mixed = np.array([[0, 0, 0], [1, 0, 2], [1, 2, 0]])
    assert costs.equivalent_weights(mixed).exact
    np.testing.assert_array_equal(costs.equivalent_weights(mixed).weights, [0, 2, 2])
    t = costs.thresholds([[0, 0], [5, 0]], ["ok", "fraud"])
    assert t.binary == 0
    assert t.sentence == "Missing one 'ok' costs nothing: always decide 'fraud'."
    assert np.isnan(costs.thresholds([[0, 0, 1], [0, 0, 1], [2, 2, 0]]).pairwise[0, 1])


def test_priors_hold_the_mean_example_at_one():
    w = costs.equivalent_weights([[0, 1], [99, 0]], priors=[990, 10]).weights
    assert w @ [990, 10] / 1000 == pytest.approx(1)
    assert w[1] / w[0] == pytest.approx(99)
    for priors in ([1, 2, 3], [1, -1], [np.nan, 1], [0, 0]):
        with pytest.raises(ValueError, match="priors must be 2 numbers"):
            costs.equivalent_weights([[0, 1], [99, 0]], priors=priors)


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        ([[0, 1, 2], [1, 0, 2]], r"square table.*\(2, 3\)"),
        ([1, 2], r"square table.*\(2,\)"),
        ([[0]], "two classes at least; not 1"),
        ([[0, 1], [np.nan, 0]], "deciding '0' where '1' is true costs nan: costs must be finite"),
        ([[0, np.inf], [1, 0]], "deciding '1' where '0' is true costs inf"),
        ([[0, 1], [2, 5]], "where '1' is true, deciding '1' costs 5 and deciding '0' only 2"),
        ([[0, 0], [0, 0]], "every decision costs the same"),
        ([[3, 3], [1, 1]], "every decision costs the same"),
        ([["dear", 1], [1, 0]], "must be numbers"),
        ([[0, 1], [1]], "must be numbers"),
        (None, r"square table.*shape \(\)"),
    ],
    ids=str,
)
@pytest.mark.parametrize("function", [costs.thresholds, costs.equivalent_weights, costs.check_cost])
def test_refuses(function, cost, says):
    with pytest.raises(ValueError, match=says) as caught:
        function(cost)
    assert "\n" not in str(caught.value)


def test_names_the_cell_by_the_users_labels():
    with pytest.raises(ValueError, match="deciding 'ham' where 'spam' is true costs inf"):
        costs.thresholds([[0, 1], [np.inf, 0]], ["ham", "spam"])
    with pytest.raises(ValueError, match="a row and a column for each of the 3 classes; not 2"):
        costs.thresholds([[0, 1], [1, 0]], ["a", "b", "c"])


def test_sentences_of_thresholds():
    def say(cost, labels=None):
        return costs.thresholds(cost, labels).sentence

    assert (
        say([[0, 1], [1, 0]])
        == "Decide '1' where its probability is at least 50 %, as usual: both mistakes cost the same."
    )
    # the same, whichever class comes first
    fraud = (
        "Decide 'fraud' where its probability is at least 1 %, not 50 %: missing one costs as much as 99 false alarms."
    )
    assert say([[0, 1], [99, 0]], ["ok", "fraud"]) == say([[0, 99], [1, 0]], ["fraud", "ok"]) == fraud
    three = say((1 - np.eye(3)) * [[1], [1], [9]], ["a", "b", "c"])
    assert three.endswith("Between 'c' and 'a' alone, that is 'c' from 10 % of their probability.")
    assert say([[0, 1, 1], [1, 0, 1], [9, 2, 0]]).endswith("where a third class is possible, its costs count too.")
    assert "alone" not in say(1 - np.eye(3))


def test_implied_costs():
    counts = LabelCounts(("fraud", "ok"), np.array([20, 9980]), 10000)
    found = costs.implied_costs(counts)
    assert found.ratio == pytest.approx(499)
    # balanced weights decide as the costs they imply, and as a plain model with the threshold at the share
    assert found.threshold == pytest.approx(1 - 0.002)
    assert costs.thresholds(found.cost).binary == pytest.approx(found.threshold)
    np.testing.assert_allclose(costs.equivalent_weights(found.cost).weights, found.cost.max(1))
    assert found.sentence == "Balanced weights say that missing one 'fraud' costs as much as 499 false alarms."
    say = costs.implied_costs([1, 30, 2], ["a", "b", "c"]).sentence
    assert say == "These weights say that missing one 'b' costs as much as missing 'a' 30 times."
    assert costs.implied_costs([1, 1, 1]).sentence == "These weights say that all mistakes cost the same."
    void = costs.implied_costs([1, 0, 2])
    assert void.ratio == np.inf
    assert void.sentence == "These weights say that a mistake on '1' costs nothing."
    assert void.threshold is None
    absent = costs.implied_costs(LabelCounts(("a", "b", "c"), np.array([1, 0, 3]), 4))
    np.testing.assert_allclose(absent.cost[:, 0], [0, 0, 4 / 6])
    for bad in ([1], [1, -1], [1, np.nan], [0, 0], [[1, 2]]):
        with pytest.raises(ValueError, match="weights must be two numbers or more"):
            costs.implied_costs(bad)


def test_hostile_labels_stay_one_short_line():
    evil = ["<b>\n=cmd()\t\u202e" + "x" * 10_000, "$\\alpha$ \x00"]
    for text in (
        costs.thresholds([[0, 1], [9, 0]], evil).sentence,
        costs.equivalent_weights([[0, 1], [9, 0]], labels=evil).sentence,
        costs.implied_costs([1, 9], evil).sentence,
    ):
        assert len(text) < 300
        assert text.isprintable()
    assert costs.quoted(evil[0]) == "'<b> =cmd() " + "x" * 26 + "...'"


def test_percent():
    said = [costs.percent(x) for x in (0, 1e-9, 0.002, 0.0149, 0.1, 0.123, 0.5, 0.998, 1 - 1e-9, 1)]
    assert said == [
        "0 %", "under 0.01 %", "0.2 %", "1.5 %", "10 %", "12 %", "50 %", "99.8 %", "over 99.99 %", "100 %",
    ]  # fmt: skip


def test_results_travel():
    found = pickle.loads(pickle.dumps((costs.thresholds([[0, 1], [9, 0]]), costs.equivalent_weights([[0, 1], [9, 0]]))))
    assert found[0].binary == 0.1


def test_weights_that_are_all_0_say_nothing():
    found = costs.equivalent_weights([[0, 0, 0], [2, 0, 0], [1, 0, 0]], priors=[5, 3, 2])
    assert found.exact
    np.testing.assert_allclose(found.weights, [0, 2, 2])  # deciding 1 or 2 costs nothing, whatever is true


def test_ties_of_cost_are_decided_alike():
    tied = np.array([[0, 0, 2], [0, 0, 2], [0, 0, 0]])
    found = costs.equivalent_weights(tied)
    assert (found.exact, found.agreement) == (True, 1.0)
    assert costs.agreeing(tied, found.weights) == 1.0
    assert costs.agreeing(tied, np.array([0.0, 0.0, 1.0])) < 0.01, "always the dear one"


def test_one_false_alarm_is_one():
    near = [[0, 1], [1.02, 0]]
    assert costs.thresholds(near, ["a", "b"]).sentence.endswith("nearly as usual: both mistakes cost about the same.")
    assert costs.implied_costs([1, 1.02], ["a", "b"]).sentence.endswith("costs as much as 1 false alarm.")
    assert costs.implied_costs([1, 1, 1.02], ["a", "b", "c"]).sentence.endswith("as much as missing 'a' once.")
