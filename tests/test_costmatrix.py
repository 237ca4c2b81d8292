"""Costs at work: what a matrix asks of each strategy, realised costs against brute force, bounds, curves, and bad input."""

from dataclasses import replace

import numpy as np
import pytest

import lossviz
from lossviz import STRATEGIES, costfigures, costmatrix, costs
from lossviz.equation import loss

MEDICAL = costmatrix.PRESETS["medical"]
TWO = [[0.0, 1.0], [9.0, 0.0]]
RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def blobs():
    return lossviz.make_dataset("blobs", n=300, classes=3, imbalance=10, seed=1)


@pytest.fixture(scope="module")
def run(blobs):
    """Two seeds of every remedy, for the medical costs."""
    return lossviz.fit(
        list(costmatrix.STRATEGIES), blobs.X, blobs.y, "linear", 400, X_test=blobs.X_test, y_test=blobs.y_test,
        learning_rate=0.1, frames=2, repeats=2, knobs=costmatrix.knobs(MEDICAL.cost, blobs.counts),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(run, blobs):
    return costmatrix.realised(run.plan, run.test_logits, MEDICAL.cost, blobs)


def test_threshold_moves_by_any_costs():
    z, cost = RNG.normal(size=(500, 3)), RNG.uniform(0, 9, (3, 3))
    moved, plain = STRATEGIES["threshold_moving"].tables([8, 3, 1], cost=cost).decisions
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    by_hand = [min(range(3), key=lambda i: sum(cost[j, i] * q[j] for j in range(3))) for q in p]
    assert moved.classes(z).tolist() == by_hand
    assert plain.classes(z).tolist() == z.argmax(1).tolist()
    assert by_hand != z.argmax(1).tolist()
    with pytest.raises(ValueError, match=r"cost must have shape \(3, 3\); not \(2, 2\)"):
        STRATEGIES["threshold_moving"].tables([8, 3, 1], cost=TWO)


def test_equal_costs_in_a_row_make_all_weightings_one():
    """Where class weights say the same, weights per error are those class weights, in value and in every loss."""
    knobs = costmatrix.knobs([[0, 2, 2], [5, 0, 5], [7, 7, 0]], [70, 20, 10])
    w = knobs["weighted_cross_entropy"]["class_weight"]
    np.testing.assert_allclose(knobs["error_weighted"]["error_weight"], np.broadcast_to(np.array(w)[:, None], (3, 3)))
    z, y = RNG.normal(size=(40, 3)), RNG.integers(0, 3, 40)
    one, other = (loss(n, z, y, counts=[70, 20, 10], **knobs[n]) for n in ("weighted_cross_entropy", "error_weighted"))
    np.testing.assert_allclose(one, other, rtol=1e-5)
    # the expected cost of an example is what PyTorch makes of the same sum
    torch = pytest.importorskip("torch")
    p = torch.softmax(torch.tensor(z), -1)
    expected = (torch.tensor(knobs["expected_cost"]["cost"], dtype=p.dtype)[torch.tensor(y)] * p).sum(-1)
    ours = loss("expected_cost", z, y, counts=[70, 20, 10], **knobs["expected_cost"])
    np.testing.assert_allclose(ours, expected.numpy(), rtol=1e-5)


def test_scaling_keeps_the_mean_at_one():
    n, k = np.array([70, 20, 10]), 3
    cost = np.array([[0.0, 1, 4], [2, 1, 3], [30, 9, 0]])
    knobs = costmatrix.knobs(cost, n)
    c = np.array(knobs["expected_cost"]["cost"])
    assert (n @ c.sum(1)) / ((k - 1) * n.sum()) == pytest.approx(1, rel=1e-5)
    p = RNG.dirichlet(np.ones(3), 2000)
    assert ((p @ c).argmin(1) == costs.bayes_decision(p, cost)).all()


def test_realised_is_a_sum_by_hand(run, blobs, found):
    by = {(s.strategy, s.decision): s for s in found}
    cost = np.array(MEDICAL.cost)
    for (name, rule), s in by.items():
        if not name:
            continue
        rows = [i for i, r in enumerate(run.plan.rows) if r.strategy == name]
        decisions = {d.name: d for d in run.plan.rows[rows[0]].tables.decisions}
        each = []
        for i in rows:
            decided = decisions[rule].classes(run.test_logits[i])
            each.append(sum(cost[t, d] for t, d in zip(blobs.y_test, decided, strict=True)) / len(decided))
        np.testing.assert_allclose(s.seeds, each)
        assert s.cost == pytest.approx(np.mean(each))
        assert s.low < s.cost < s.high
    constants = [s for s in found if s.kind == "constant"]
    shares = np.bincount(blobs.y_test) / len(blobs.y_test)
    np.testing.assert_allclose([s.cost for s in constants], shares @ cost)


def test_spread_is_that_of_the_mean(run, blobs, found):
    """The percentiles of resamples are those of the central limit: within a sixth of 1.96 standard errors."""
    moved = next(s for s in found if s.decision == "moved")
    rows = [i for i, r in enumerate(run.plan.rows) if r.strategy == "threshold_moving"]
    each = np.mean(
        [
            np.array(MEDICAL.cost)[blobs.y_test, run.plan.rows[i].tables.decisions[0].classes(run.test_logits[i])]
            for i in rows
        ],
        0,
    )
    error = each.std() / np.sqrt(len(each))
    assert moved.high - moved.low == pytest.approx(2 * 1.96 * error, rel=0.17)
    np.testing.assert_allclose(moved.more, 0, atol=1e-12)


def test_optimum_bounds_and_moving_pays(found):
    by = {s.title: s for s in found}
    best = by["Bayes optimum"].cost
    assert best < min(s.cost for s in found if s.kind == "constant")
    assert by["Plain model, decided by cost"].cost < 0.7 * by["Plain model, most probable class"].cost
    assert by["Plain model, decided by cost"].cost < 1.25 * best
    assert by["Plain model, most probable class"].more[0] > 0


def test_curve(run, blobs, found):
    line = costmatrix.curve(run.plan, run.test_logits, MEDICAL.cost, blobs)
    assert line.entry == (2, 0)
    assert line.other == (0, 1)
    assert line.stated == 100
    np.testing.assert_allclose(np.diff(np.log(line.ratio)), np.log(line.ratio[1] / line.ratio[0]))
    # at the stated ratio (the ratios are a power grid around it) the curve is the comparison
    at = int(np.abs(np.log(line.ratio / 100)).argmin())
    cost = costmatrix.at_ratio(MEDICAL.cost, line.entry, line.other, line.ratio[at])
    again = costmatrix.realised(run.plan, run.test_logits, cost, blobs)
    lazy = min(s.cost for s in again if s.kind == "constant")
    for i, s in enumerate(again):
        if s.decision in ("logits",) or s.kind in ("constant", "bayes"):
            assert line.share[i, at] == pytest.approx(s.cost / lazy, rel=1e-9), s.title
    moved = line.share[line.kinds.index("moved")]
    fixed = line.share[line.titles.index("Plain model, most probable class")]
    assert moved[-1] < 0.9 * fixed[-1]
    assert (line.share[line.kinds.index("bayes")] < 1.02).all(), "the optimum is never much above a constant"
    with pytest.raises(ValueError, match="entry must be one of"):
        costmatrix.curve(run.plan, run.test_logits, MEDICAL.cost, blobs, (1, 1))
    with pytest.raises(ValueError, match="Only one mistake costs anything"):
        costmatrix.curve(run.plan, run.test_logits, [[0, 0, 0], [0, 0, 0], [1, 0, 0]], blobs)


def test_assumed_by_balanced_weights():
    n = np.array([900, 90, 10])
    c = costmatrix.assumed(MEDICAL.cost, n)
    np.testing.assert_allclose(c[2, 0] / c[0, 1], 90)  # n0 / n2
    assert n @ c.sum(1) == pytest.approx(n @ np.array(MEDICAL.cost).sum(1))
    # with balanced weights every class costs the same in all
    np.testing.assert_allclose(n * c.sum(1), (n * c.sum(1))[0])


def test_figures_hold_the_numbers(run, blobs, found):
    bars = costfigures.bars(found, "euros").data[0]
    assert list(bars.x) == [s.cost for s in reversed(found)]
    np.testing.assert_allclose(bars.x + np.array(bars.error_x["array"]), [s.high for s in reversed(found)])
    assert bars.text is None
    middle = float(np.median([s.cost for s in found]))
    cut = costfigures.bars([replace(found[0], cost=50 * middle), *found[1:]], "euros")
    assert cut.layout.xaxis.range[1] < 5 * middle
    assert cut.data[0].text[-1] == f"{costs.amount(50 * middle, 3)} →"
    for cost, told in zip(cut.data[0].x, cut.data[0].text, strict=True):
        assert (told != "") == (cost > cut.layout.xaxis.range[1])
    line = costmatrix.curve(run.plan, run.test_logits, MEDICAL.cost, blobs)
    figure = costfigures.cost_curve(line)
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.annotations[0].x == pytest.approx(2)  # log10 of 100
    for trace in figure.data:
        np.testing.assert_allclose(trace.y, 100 * line.share[line.titles.index(trace.name.replace("&#x27;", "'"))])
    tables = {"Stated": np.array(MEDICAL.cost, float)}
    assert costfigures.matrix_numbers(tables, MEDICAL.classes)["Stated"].tolist() == np.ravel(MEDICAL.cost).tolist()
    hostile = ("<a href='http://x'>", "b", "c")
    assert "<a" not in costfigures.matrices(tables, hostile).to_json()


def test_sentences(run, blobs, found):
    said = costmatrix.realised_sentence(found, "euros", 1200)
    best = min((s for s in found if s.kind == "trained"), key=lambda s: s.cost)
    assert f"{best.title} is cheapest, {costs.amount(best.cost, 3)}" in said
    assert "dearer: Plain model, most probable class" in said
    alike = [replace(s, title=f"{s.title} again") for s in found if s is best]
    assert f"{best.title} and {best.title} again are cheapest, " in costmatrix.realised_sentence(
        [*found, *alike], "euros", 9
    )
    line = costmatrix.curve(run.plan, run.test_logits, MEDICAL.cost, blobs)
    assert "taking 'cancer' for 'healthy'" in costmatrix.curve_sentence(line, MEDICAL.classes)
    assert "(stated: 100)" in costmatrix.curve_sentence(line, MEDICAL.classes)


@pytest.mark.parametrize(
    ("name", "entry", "told"),
    [("fraud", (0, 1), "costs 0.0042 to 10 times"), ("spam", (1, 0), "costs 0.00083 to 10 times")],
)
def test_a_ratio_below_one_is_not_0(name, entry, told):
    preset = costmatrix.PRESETS[name]
    data = lossviz.make_dataset("blobs", n=100, classes=2, imbalance=3, seed=0)
    knobs = costmatrix.knobs(preset.cost, data.counts)
    run = lossviz.fit(list(costmatrix.STRATEGIES), data.X, data.y, "linear", 20, X_test=data.X_test, y_test=data.y_test,
                      frames=2, knobs=knobs)  # fmt: skip
    line = costmatrix.curve(run.plan, run.test_logits, preset.cost, data, entry)
    said = costmatrix.curve_sentence(line, preset.classes)
    assert told in said
    assert f"(stated: {line.stated:.2g})" in said


def test_where_the_moved_threshold_costs_nothing():
    share = np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.0], [0.0, 0.2, 0.6]])
    line = costmatrix.Curve(np.array([0.1, 1, 10]), (1, 0), (0, 1), 1.0, ("plain moved", "nil", "weighted"),
                            ("moved", "fixed", "fixed"), ("", "", ""), share)  # fmt: skip
    said = costmatrix.curve_sentence(line, ("ok", "fraud"))
    assert "where it costs nothing weighted does not, and weighted pays up to 1.2 times as much (at 10)." in said
    nothing = replace(line, share=share * 0)
    assert costmatrix.curve_sentence(nothing, ("ok", "fraud")).endswith("trained for, and none of them costs anything.")
    alike = replace(line, share=np.full((3, 3), 0.5))
    assert costmatrix.curve_sentence(alike, ("ok", "fraud")).endswith("and none of them pays noticeably more.")


def test_an_axis_of_costs_begins_at_0_and_cuts_nothing_where_most_cost_nothing():
    one = np.zeros(1)
    scored = [costmatrix.Scored(f"way {c}", "trained", "", "", c, c, c, (0.0, 0.0), one) for c in (0.0, 0.0, 0.0, 4.9)]
    figure = costfigures.bars(scored, "euros")
    assert figure.layout.xaxis.range is None
    assert figure.layout.xaxis.rangemode == "tozero"
    assert not any(figure.data[0].text or [])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([[0, 1], [-1, 0]], r"row 'fraud' \(true\), column 'ok' \(decided\) is -1: a cost cannot be negative"),
        ([[0, float("nan")], [1, 0]], r"row 'ok' \(true\), column 'fraud' \(decided\) is nan: .* finite"),
        ([[0, 1], [float("inf"), 0]], r"row 'fraud' \(true\), column 'ok' \(decided\) is inf"),
        ([[0, 1], [1e9, 0]], r"is 1e\+09: a cost is at most 1,000,000"),
        ([[0, 1], [1]], r"row 'fraud' \(true\) has 1 cost, not 2"),
        ([[0, 1], [1, 0], [1, 1]], r"3 rows, 1 more than the 2 classes 'ok', 'fraud'"),
        ([["a", 1], [1, 0]], r"row 'ok' \(true\), column 'ok' \(decided\) is 'a': a cost must be a number"),
        ([[0, 1], [None, 0]], r"column 'ok' \(decided\) is None: a cost must be a number"),
        ([[0, 1]], r"1 row, fewer than the 2 classes"),
        ([[0, 0], [0, 0]], "every cost is 0"),
        ([[0, 1], [2, 5]], "where 'fraud' is true, deciding 'fraud' costs 5 and deciding 'ok' only 2"),
    ],
)
def test_bad_matrices(rows, told):
    with pytest.raises(ValueError, match=told):
        costmatrix.stated(rows, ["ok", "fraud"])


def test_presets_are_in_order():
    for name, preset in costmatrix.PRESETS.items():
        cost = costmatrix.stated(preset.cost, preset.classes)
        assert costmatrix.remarks(cost, preset.classes) == [], name
        assert set(preset.why) == set(costmatrix.mistakes(cost)), "each price has its reason"
    assert not costs.equivalent_weights(MEDICAL.cost).exact
    assert costs.equivalent_weights(costmatrix.PRESETS["spam"].cost).exact
