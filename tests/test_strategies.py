"""Strategies: what each row of the catalogue says, in textbook formulas and hand-worked tables; laws of all of them."""

import itertools

import numpy as np
import pytest

from lossviz import SCHEMES, STRATEGIES, class_weights, gradient, loss
from lossviz.equation import losses, stack, tf
from lossviz.knobs import Choice
from lossviz.strategies import NEVER
from lossviz.weights import check_counts

NAMES = (
    "cross_entropy", "weighted_cross_entropy", "weighted_by_prediction", "error_weighted", "expected_cost",
    "multiplied_logits", "masked_logits", "focal", "class_balanced", "class_balanced_focal", "logit_adjustment",
    "posthoc_logit_adjustment", "balanced_softmax", "ldam", "cdt", "vs", "equalization", "threshold_moving", "resampling",
)  # fmt: skip
N = np.array([900, 80, 20])
PRIOR = N / 1000
BALANCED = 1000 / 3 / N
ERRORS = np.array([[1, 2, 3], [0.5, 0, 4], [9, 8, 7]])
COSTS = np.array([[0, 1, 2], [5, 0, 1], [20, 10, 0]])


def settings(name, classes=3):
    """Knobs of a strategy at their defaults, each at both ends of its range, at every option, and as an array."""
    out = [{}]
    for knob in STRATEGIES[name].knobs:
        if not isinstance(knob, Choice):
            out += [{knob.name: v} for v in (knob.low, (knob.low + knob.high) / 2, knob.high)]
            continue
        out += [{knob.name: option} for option in knob.options]
        if knob.arrays:
            square = np.random.default_rng(1).uniform(0.1, 5, (classes, classes))
            out.append({knob.name: square[0] if knob.name == "class_weight" else square})
    return out


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def of_all_settings(name, z, y, counts):
    """Losses [settings, N] and gradients [settings, N, K] under all `settings`, in one call of the kernel."""
    k = z.shape[-1]
    tables = stack([STRATEGIES[name].tables(counts, **knobs) for knobs in settings(name, k)], z.dtype)
    tensors = {field: tf.constant(table) for field, table in tables.items()}
    logits = tf.constant(np.broadcast_to(z.T, (len(tables["focus"]), k, len(z))))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = losses(logits, tf.constant(np.eye(k, dtype=z.dtype)[y].T), tensors)
    return value.numpy(), tape.gradient(value, logits).numpy().transpose(0, 2, 1)


# Textbook losses of one example, in probabilities: z [K], y, and the knobs.


def nll(z, y):
    return np.logaddexp.reduce(z) - z[y]


def effective(n, beta):
    w = (1 - beta) / (1 - beta ** np.array(n, float))
    return w / w.sum() * len(w)


def ldam(z, y, scale, max_margin):
    m = N**-0.25
    z = np.array(z)
    z[y] -= (m * max_margin / m.max())[y]
    return nll(scale * z, y)


def focal(z, y, gamma, alpha=1.0):
    q = softmax(z)[y]
    return alpha * (1 - q) ** gamma * -np.log(q)


def equalization(z, y, rare):
    return -np.log(np.exp(z[y]) / sum(np.exp(z[c]) for c in range(3) if c == y or not rare[c]))


TEXTBOOK = [
    ("cross_entropy", {}, nll),
    ("weighted_cross_entropy", {}, lambda z, y: BALANCED[y] * nll(z, y)),
    ("weighted_cross_entropy", {"class_weight": [1, 2, 3]}, lambda z, y: (y + 1) * nll(z, y)),
    ("weighted_cross_entropy", {"class_weight": "sqrt"}, lambda z, y: np.sqrt(900 / N[y]) * nll(z, y)),
    ("weighted_by_prediction", {}, lambda z, y: BALANCED[z.argmax()] * nll(z, y)),
    ("weighted_by_prediction", {"class_weight": [1, 2, 3]}, lambda z, y: (z.argmax() + 1) * nll(z, y)),
    ("error_weighted", {}, lambda z, y: (1 if z.argmax() == y else BALANCED[y]) * nll(z, y)),
    ("error_weighted", {"error_weight": ERRORS}, lambda z, y: ERRORS[y, z.argmax()] * nll(z, y)),
    ("expected_cost", {}, lambda z, y: BALANCED[y] * (1 - softmax(z)[y])),
    ("expected_cost", {"cost": COSTS}, lambda z, y: COSTS[y] @ softmax(z)),
    ("expected_cost", {"cost": COSTS, "cross_entropy": 0.3}, lambda z, y: COSTS[y] @ softmax(z) + 0.3 * nll(z, y)),
    ("multiplied_logits", {}, lambda z, y: nll(BALANCED * z, y)),
    ("multiplied_logits", {"class_weight": [0.2, 0.8, 2]}, lambda z, y: nll(np.array([0.2, 0.8, 2]) * z, y)),
    ("masked_logits", {}, lambda z, y: nll(BALANCED[z.argmax()] * z, y)),
    ("focal", {}, lambda z, y: focal(z, y, 2)),
    ("focal", {"gamma": 0.5, "class_weight": [3, 2, 1]}, lambda z, y: focal(z, y, 0.5, 3 - y)),
    ("class_balanced", {}, lambda z, y: effective(N, 0.999)[y] * nll(z, y)),
    ("class_balanced", {"beta": 0.9}, lambda z, y: effective(N, 0.9)[y] * nll(z, y)),
    ("class_balanced_focal", {"beta": 0.99, "gamma": 1}, lambda z, y: focal(z, y, 1, effective(N, 0.99)[y])),
    ("logit_adjustment", {}, lambda z, y: nll(z + np.log(PRIOR), y)),
    ("logit_adjustment", {"tau": 1.5}, lambda z, y: nll(z + 1.5 * np.log(PRIOR), y)),
    ("posthoc_logit_adjustment", {"tau": 1.5}, nll),
    ("balanced_softmax", {}, lambda z, y: -np.log(N[y] * np.exp(z[y]) / (N @ np.exp(z)))),
    ("ldam", {}, lambda z, y: ldam(z, y, 1, 0.5)),
    ("ldam", {"scale": 3, "max_margin": 0.8}, lambda z, y: ldam(z, y, 3, 0.8)),
    ("ldam", {"late": 0.5}, lambda z, y: ldam(z, y, 1, 0.5)),  # before the switch
    ("cdt", {}, lambda z, y: nll((N / 900) ** 0.3 * z, y)),
    ("cdt", {"gamma": 0.1}, lambda z, y: nll((N / 900) ** 0.1 * z, y)),
    ("vs", {}, lambda z, y: nll((N / 900) ** 0.2 * z + np.log(PRIOR), y)),
    (
        "vs",
        {"gamma": 0.15, "tau": 1.25, "class_weight": "balanced"},
        lambda z, y: BALANCED[y] * nll((N / 900) ** 0.15 * z + 1.25 * np.log(PRIOR), y),
    ),
    ("equalization", {}, lambda z, y: equalization(z, y, [False, True, True])),  # 0.08 < 0.5/3
    ("equalization", {"rare": 0.2}, lambda z, y: equalization(z, y, [False, False, True])),  # 0.02 < 0.2/3 < 0.08
    ("threshold_moving", {}, nll),
    ("resampling", {}, lambda z, y: BALANCED[y] * nll(z, y)),  # its expectation
]  # fmt: skip


@pytest.mark.parametrize(("name", "knobs", "textbook"), TEXTBOOK, ids=lambda v: v if isinstance(v, str) else "")
def test_textbook(name, knobs, textbook):
    z = np.random.default_rng(3).normal(0, 2, (60, 3))
    y = np.arange(60) % 3
    expected = [textbook(z[i], y[i]) for i in range(60)]
    np.testing.assert_allclose(loss(name, z, y, N, **knobs), expected, rtol=1e-11, atol=1e-14)


def test_the_textbook_covers_every_name():
    assert {name for name, *_ in TEXTBOOK} == set(NAMES)
    assert set(NAMES) <= set(STRATEGIES)


NEUTRAL = [
    ("weighted_cross_entropy", {"class_weight": "none"}),
    ("weighted_cross_entropy", {"class_weight": [1, 1, 1]}),
    ("weighted_by_prediction", {"class_weight": "none"}),
    ("error_weighted", {"error_weight": np.ones((3, 3))}),
    ("expected_cost", {"cost": np.zeros((3, 3)), "cross_entropy": 1}),
    ("multiplied_logits", {"class_weight": "none"}),
    ("masked_logits", {"class_weight": "none"}),
    ("focal", {"gamma": 0}),
    ("class_balanced", {"beta": 0}),
    ("class_balanced_focal", {"beta": 0, "gamma": 0}),
    ("logit_adjustment", {"tau": 0}),
    ("posthoc_logit_adjustment", {"tau": 0}),
    ("ldam", {"scale": 1, "max_margin": 0}),
    ("cdt", {"gamma": 0}),
    ("vs", {"gamma": 0, "tau": 0}),
    ("equalization", {"rare": 0}),
    ("threshold_moving", {"class_weight": "none"}),
]


@pytest.mark.parametrize(("name", "knobs"), NEUTRAL, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("counts", [N, [900, 0, 20]], ids=str)
def test_neutral_knobs_are_cross_entropy(name, knobs, counts):
    z = np.random.default_rng(4).normal(0, 3, (30, 3))
    y = np.arange(30) % 3 if counts is N else 2 * (np.arange(30) % 2)
    np.testing.assert_array_equal(loss(name, z, y, counts, **knobs), loss("cross_entropy", z, y, counts))
    np.testing.assert_array_equal(gradient(name, z, y, counts, **knobs), gradient("cross_entropy", z, y, counts))
    for decision in STRATEGIES[name].tables(N, **knobs).decisions:
        if decision.cost is None:
            np.testing.assert_array_equal(decision.classes(z), z.argmax(-1))
            np.testing.assert_allclose(decision.probabilities(z), softmax(z), rtol=1e-14)


@pytest.mark.parametrize("name", ["balanced_softmax", "resampling", "class_balanced", "weighted_cross_entropy", "cdt"])
def test_balanced_data_need_nothing(name):
    z = np.random.default_rng(5).normal(0, 3, (30, 3))
    y = np.arange(30) % 3
    np.testing.assert_allclose(loss(name, z, y, [50] * 3), loss("cross_entropy", z, y, [50] * 3), rtol=1e-12)


@pytest.mark.parametrize("name", STRATEGIES)
class TestEvery:
    def test_says_what_it_is(self, name):
        entry = STRATEGIES[name]
        assert entry.name == name
        assert all([entry.title, entry.formula, entry.source, entry.summary])
        assert entry.summary.endswith(".")
        assert len({k.name for k in entry.knobs}) == len(entry.knobs)
        for knob in entry.knobs:
            assert knob.check(knob.default) == knob.default
            assert knob.title
            assert knob.help.endswith(".")

    @pytest.mark.parametrize("counts", [[9, 1], [900, 80, 20], [5, 0, 3], [40, 30, 20, 10, 5, 1]], ids=str)
    def test_shapes(self, name, counts):
        k = len(counts)
        for knobs in settings(name, k):
            t = STRATEGIES[name].tables(counts, **knobs)
            for table in (t.weight, t.late_weight, t.scale, t.shift, t.cost):
                assert table.shape == (k, k)
                assert table.dtype == np.float64
                assert np.isfinite(table).all()
            assert t.focus.shape == (k,)
            for table in (t.weight, t.late_weight, t.scale, t.focus, t.cost):
                assert (table >= 0).all()
            assert t.sampler in ("uniform", "balanced")
            assert 0 <= t.late <= 1
            assert len({d.name for d in t.decisions}) == len(t.decisions) >= 1
            for d in (*t.decisions, *([t.target] if t.target else [])):
                assert d.scale.shape == (k, k)
                assert d.shift.shape == (k,)
                assert d.cost is None or d.cost.shape == (k, k)

    def test_tables_are_its_own(self, name):
        """What one caller writes into its tables, no other sees."""
        counts = N.copy()
        STRATEGIES[name].tables(counts).weight[:] = 77
        assert not (STRATEGIES[name].tables(counts).weight == 77).any()
        assert counts.tolist() == N.tolist()

    def test_flawed_ones_decide_both_ways(self, name):
        if STRATEGIES[name].flawed:
            raw, scaled = STRATEGIES[name].tables(N).decisions
            assert (raw.name, scaled.name) == ("raw", "scaled")
            assert (raw.scale == 1).all()
            np.testing.assert_array_equal(scaled.scale, STRATEGIES[name].tables(N).scale)

    def test_decisions_do_as_they_say(self, name):
        z = np.random.default_rng(6).normal(0, 2, (4, 50, 3))
        for knobs in settings(name):
            for d in STRATEGIES[name].tables(N, **knobs).decisions:
                classes, p = d.classes(z), d.probabilities(z)
                for i in itertools.product(range(4), range(0, 50, 7)):
                    score = [d.scale[np.argmax(z[i]), c] * z[i][c] + d.shift[c] for c in range(3)]
                    np.testing.assert_allclose(d.scores(z)[i], score)
                    q = np.exp(score - np.max(score)) / sum(np.exp(score - np.max(score)))
                    np.testing.assert_allclose(p[i], q)
                    if d.cost is None:
                        assert classes[i] == np.argmax(score)
                    else:
                        assert classes[i] == np.argmin([sum(d.cost[j][c] * q[j] for j in range(3)) for c in range(3)])

    @pytest.mark.parametrize("counts", [[900, 0, 20], [0, 30], [5, 5, 0, 0]], ids=str)
    def test_absent_class_is_never_nan(self, name, counts):
        k = len(counts)
        z = np.random.default_rng(7).normal(0, 3, (40 * k, k))
        z[::2] *= 30
        y = np.arange(40 * k) // 2 % k  # a test part may hold what the training part lacks
        for dtype in (np.float32, np.float64):
            for values in of_all_settings(name, z.astype(dtype), y, counts):
                for knobs, value in zip(settings(name, k), values, strict=True):
                    assert np.isfinite(value).all(), knobs

    @pytest.mark.parametrize(
        ("counts", "says"),
        [
            ([3, -1, 2], "class 1 has a count of -1"),
            ([3, np.nan], "class 1 has a count of nan"),
            ([np.inf, 3], "class 0 has a count of inf"),
            ([], "empty"),
            ([0, 0], "all 0"),
            ([5], "two classes"),
            ([[5, 3], [2, 1]], "1-D"),
            (["a", "b"], "numbers"),
        ],
        ids=str,
    )
    def test_refuses_counts(self, name, counts, says):
        with pytest.raises(ValueError, match=says):
            STRATEGIES[name].tables(counts)

    def test_refuses_knobs(self, name):
        with pytest.raises(ValueError, match=f"{name}.*not 'nonesuch'"):
            STRATEGIES[name].tables(N, nonesuch=1)
        for knob in STRATEGIES[name].knobs:
            if isinstance(knob, Choice):
                bad = ["nonesuch", None]
                if knob.arrays:
                    bad += [
                        [1, 2],
                        [1, 2, 3, 4],
                        np.full(3, -1.0),
                        np.full((3, 3), np.nan),
                        np.full((3, 3), -1),
                        ["a"] * 3,
                    ]
            else:
                bad = [knob.low - 0.5, knob.high + 0.5, np.nan, np.inf, "much", None]
            for value in bad:
                with pytest.raises(ValueError, match=f"^{knob.name}") as error:
                    STRATEGIES[name].tables(N, **{knob.name: value})
                assert "must" in str(error.value)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"class_balanced", "class_balanced_focal"}))
def test_counts_may_be_shares(name):
    """All but effective numbers ask for the priors only: per cent or shares give the same strategy."""
    z = np.random.default_rng(8).normal(0, 2, (30, 3))
    y = np.arange(30) % 3
    full, shares = (STRATEGIES[name].tables(c) for c in (N, PRIOR))
    np.testing.assert_allclose(loss(name, z, y, PRIOR), loss(name, z, y, N), rtol=1e-9)
    for a, b in zip((*full.decisions, full.target), (*shares.decisions, shares.target), strict=True):
        if a is not None and b is not None:
            np.testing.assert_allclose(b.probabilities(z), a.probabilities(z), rtol=1e-9)


# Hand-worked tables


def test_ldam_margins():
    t = STRATEGIES["ldam"].tables([10_000, 625, 16], scale=2)  # fourth roots 10, 5, 2
    np.testing.assert_allclose(t.shift, -2 * np.diag([0.1, 0.2, 0.5]))
    assert (t.scale == 2).all()
    assert (t.weight == 1).all()


def test_ldam_late_weights():
    t = STRATEGIES["ldam"].tables([2, 1], late=0.8, beta=0.5)  # 1/1.5 and 1, to sum 2
    assert t.late == 0.8
    np.testing.assert_allclose(t.late_weight, [[0.8, 0.8], [1.2, 1.2]])
    np.testing.assert_array_equal(t.weight, 1)
    for name in set(STRATEGIES) - {"ldam"}:
        assert STRATEGIES[name].tables(N).late == 1


def test_cdt_factors():
    t = STRATEGIES["cdt"].tables([900, 225, 9], gamma=0.5)
    np.testing.assert_allclose(t.scale, [[1, 0.5, 0.1]] * 3)
    # the right way round: the opposite of the multiplied logits
    assert (np.diff(t.scale[0]) < 0).all()
    assert (np.diff(STRATEGIES["multiplied_logits"].tables([900, 225, 9]).scale[0]) > 0).all()


def test_adjusted_logits():
    t = STRATEGIES["logit_adjustment"].tables([75, 25], tau=2)
    np.testing.assert_allclose(t.shift, [[2 * np.log(0.75), 2 * np.log(0.25)]] * 2)
    # hand: at z = 0, y = 1, τ = 1 the softmax is the prior, so the loss is -log ¼
    np.testing.assert_allclose(loss("logit_adjustment", [[0.0, 0.0]], [1], [75, 25]), np.log(4))
    np.testing.assert_allclose(loss("balanced_softmax", [[0.0, 0.0]], [1], [75, 25]), np.log(4))
    z = np.random.default_rng(0).normal(size=(9, 3))
    y = np.arange(9) % 3
    np.testing.assert_allclose(loss("balanced_softmax", z, y, N), loss("logit_adjustment", z, y, N), rtol=1e-12)


def test_vs_tables():
    t = STRATEGIES["vs"].tables([80, 20], gamma=0.5, tau=1.25, class_weight=[1, 3])
    np.testing.assert_allclose(t.scale, [[1, 0.5]] * 2)
    np.testing.assert_allclose(t.shift, [[1.25 * np.log(0.8), 1.25 * np.log(0.2)]] * 2)
    np.testing.assert_allclose(t.weight, [[1, 1], [3, 3]])


def test_equalization_by_hand():
    shift = STRATEGIES["equalization"].tables(N).shift
    assert (shift == NEVER).tolist() == [[False, True, True], [False, False, True], [False, True, False]]
    assert set(np.unique(shift)) == {NEVER, 0}
    # at z = 0 class 0 meets no one, the others meet class 0 only
    np.testing.assert_allclose(
        loss("equalization", np.zeros((3, 3)), [0, 1, 2], N), [0, np.log(2), np.log(2)], atol=1e-15
    )
    # an example of the common class does not push the rare ones down
    assert (gradient("equalization", np.zeros((1, 3)), [0], N) == 0).all()


def test_weights_by_hand():
    np.testing.assert_allclose(STRATEGIES["class_balanced"].tables([2, 1], beta=0.5).weight, [[0.8] * 2, [1.2] * 2])
    np.testing.assert_allclose(STRATEGIES["weighted_cross_entropy"].tables([3, 1]).weight, [[2 / 3] * 2, [2] * 2])
    np.testing.assert_allclose(STRATEGIES["weighted_by_prediction"].tables([3, 1]).weight, [[2 / 3, 2]] * 2)
    np.testing.assert_allclose(STRATEGIES["error_weighted"].tables([3, 1]).weight, [[1, 2 / 3], [2, 1]])
    np.testing.assert_allclose(STRATEGIES["expected_cost"].tables([3, 1]).cost, [[0, 2 / 3], [2, 0]])
    np.testing.assert_allclose(STRATEGIES["masked_logits"].tables([3, 1]).scale, [[2 / 3] * 2, [2] * 2])
    np.testing.assert_allclose(STRATEGIES["multiplied_logits"].tables([3, 1]).scale, [[2 / 3, 2]] * 2)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_class_weight_takes_every_scheme(scheme):
    for name, table in (("weighted_cross_entropy", "weight"), ("masked_logits", "scale")):
        np.testing.assert_array_equal(
            getattr(STRATEGIES[name].tables(N, class_weight=scheme), table)[:, 0], class_weights(N, scheme)
        )


def test_sampler():
    assert [n for n in STRATEGIES if STRATEGIES[n].tables(N).sampler == "balanced"] == ["resampling"]


def test_only_the_copied_recipes_are_flawed():
    assert {n for n in NAMES if STRATEGIES[n].flawed} == {"multiplied_logits", "masked_logits"}


# Decisions


def test_decisions_by_hand():
    z = np.random.default_rng(9).normal(0, 3, (500, 3))

    def decisions(name, **knobs):
        return {d.name: d.classes(z).tolist() for d in STRATEGIES[name].tables(N, **knobs).decisions}

    raw = z.argmax(1).tolist()
    assert decisions("cross_entropy") == {"logits": raw}
    adjusted = decisions("posthoc_logit_adjustment", tau=0.7)
    assert list(adjusted) == ["adjusted", "logits"]
    assert adjusted["adjusted"] == (z - 0.7 * np.log(PRIOR)).argmax(1).tolist() != raw
    moved = decisions("threshold_moving", class_weight=[1, 2, 3])
    assert list(moved) == ["moved", "logits"]
    assert moved["moved"] == (z + np.log([1, 2, 3])).argmax(1).tolist() != raw
    assert decisions("multiplied_logits") == {"raw": raw, "scaled": (z * BALANCED).argmax(1).tolist()}
    cost = decisions("expected_cost", cost=COSTS)
    assert cost == {"logits": raw, "cost": (softmax(z) @ COSTS).argmin(1).tolist()}
    assert cost["cost"] != raw
    # a positive factor for all logits moves no decision, but is a temperature of the probabilities
    assert decisions("masked_logits") == {"raw": raw, "scaled": raw}
    scaled = STRATEGIES["masked_logits"].tables(N).decisions[1]
    np.testing.assert_allclose(scaled.probabilities(z), softmax(z * BALANCED[z.argmax(1), None]))


@pytest.mark.parametrize("counts", [[900, 0, 20], [0, 30, 10], [30, 10, 0]], ids=str)
@pytest.mark.parametrize(("name", "rule"), [("posthoc_logit_adjustment", "adjusted"), ("threshold_moving", "moved")])
def test_absent_class_is_never_decided(name, rule, counts):
    absent = counts.index(0)
    z = np.random.default_rng(10).normal(0, 3, (200, 3))
    z[::2, absent] += 1e4
    decision = STRATEGIES[name].tables(counts).decisions[0]
    assert decision.name == rule
    assert absent not in decision.classes(z)
    assert (decision.probabilities(z)[:, absent] == 0).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_absent_class_is_no_target(name):
    """Where the optimum is known: a class that never occurs has probability 0 and is not aimed at."""
    t = STRATEGIES[name].tables([900, 0, 20])
    if t.target is not None:
        with np.errstate(divide="ignore"):
            p = np.random.default_rng(11).dirichlet([1, 1], 100) @ np.array([[1, 0, 0], [0, 0, 1]]) + [0, 1e-12, 0]
        assert 1 not in t.target.classes(np.log(p))


def test_targets_by_hand():
    p = np.random.default_rng(12).dirichlet([1, 1, 1], 300)

    def target(name, **knobs):
        return STRATEGIES[name].tables(N, **knobs).target.classes(np.log(p)).tolist()

    plain, balanced = p.argmax(1).tolist(), (p / PRIOR).argmax(1).tolist()
    for name in ("cross_entropy", "focal"):
        assert target(name) == plain
    for name in ("weighted_cross_entropy", "logit_adjustment", "balanced_softmax", "resampling", "threshold_moving"):
        assert target(name) == balanced
    assert target("posthoc_logit_adjustment") == target("expected_cost") == balanced
    assert target("logit_adjustment", tau=0.5) == (p / PRIOR**0.5).argmax(1).tolist() not in (plain, balanced)
    assert target("weighted_cross_entropy", class_weight=[1, 2, 3]) == (p * [1, 2, 3]).argmax(1).tolist()
    assert target("expected_cost", cost=COSTS) == (p @ COSTS).argmin(1).tolist()
    for name in ("multiplied_logits", "masked_logits"):
        assert STRATEGIES[name].tables(N).target is None


def test_check_counts_says_what_it_counts():
    with pytest.raises(ValueError, match="class 0 has a count of -1: pixels must be not negative"):
        check_counts([-1], what="pixels", zero=True)
    assert check_counts([0, 2], zero=True).tolist() == [0, 2]
