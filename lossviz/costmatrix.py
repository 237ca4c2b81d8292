"""A cost matrix at work: what it asks of each strategy, what decisions then really cost, and how that runs with a ratio.

The mathematics of one matrix (thresholds, class weights that say the same) is in `lossviz.costs`. Here models that are
trained for a matrix are compared by what their decisions on the test part cost, beside decisions that look at nothing
and, where the densities are known, the best there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.costs import amount, bayes_decision, check_cost, equivalent_weights, implied_costs, names, quoted, times
from lossviz.dataset import Dataset
from lossviz.files import counted
from lossviz.plan import Plan
from lossviz.strategies import get
from lossviz.weights import class_weights

Array = NDArray[np.float64]
Decider = tuple[str, str, str, str, NDArray[np.int64]]

STRATEGIES = ("cross_entropy", "weighted_cross_entropy", "error_weighted", "expected_cost", "threshold_moving")
"""What can be done about costs: nothing, weigh classes, weigh errors, pay what is expected, decide by them."""
MOST = 1e6
"""Largest cost: training is in float32."""
RESAMPLES = 200
POINTS = 41


@dataclass(frozen=True)
class Preset:
    """A problem whose mistakes have prices.

    Attributes:
        title: What it is called.
        classes: What the classes are called; the first is the largest, the last the rarest.
        unit: What costs are counted in.
        cost: C[true, decided].
        why: The reason of each mistake's price, by (true, decided).
        imbalance: The largest class has this many times the smallest.
    """

    title: str
    classes: tuple[str, ...]
    unit: str
    cost: tuple[tuple[float, ...], ...]
    why: dict[tuple[int, int], str]
    imbalance: float


PRESETS = {
    "medical": Preset(
        "Medical screening",
        ("healthy", "benign", "cancer"),
        "euros",
        ((0, 200, 800), (300, 0, 600), (20_000, 12_000, 0)),
        {
            (0, 1): "a second visit for nothing",
            (0, 2): "a biopsy, and weeks of fear",
            (1, 0): "found at the next screening instead",
            (1, 2): "a biopsy that finds it harmless",
            (2, 0): "treated a year late: the worst there is",
            (2, 1): "seen again in months: late, but found",
        },
        30,
    ),
    "fraud": Preset(
        "Card fraud",
        ("genuine", "fraud"),
        "euros",
        ((0, 5), (120, 0)),
        {(0, 1): "a blocked card and a call to the customer", (1, 0): "the mean amount that is stolen"},
        50,
    ),
    "spam": Preset(
        "Spam filter",
        ("wanted", "spam"),
        "seconds of attention",
        ((0, 600), (5, 0)),
        {(0, 1): "a lost letter, looked for when it is missed", (1, 0): "one more message to delete by hand"},
        3,
    ),
}


@dataclass(frozen=True, eq=False)
class Scored:
    """What one way to decide costs on the test part, per example, in the unit of the costs.

    Attributes:
        title: Who decides.
        kind: "trained", "constant" (the same class always) or "bayes".
        strategy: Name of the strategy; "" where nothing is trained.
        decision: Name of its decision rule; "" likewise.
        cost: The mean over examples and seeds.
        low: 2.5 % of resamples of the test part cost less.
        high: 97.5 % of them cost less.
        more: 95 % of the same resamples: how much more it costs than the plain model decided by cost, [2]; NaN without one.
        seeds: The mean over examples, of each seed, [S].
    """

    title: str
    kind: str
    strategy: str
    decision: str
    cost: float
    low: float
    high: float
    more: Array
    seeds: Array


@dataclass(frozen=True, eq=False)
class Curve:
    """What decisions cost while the ratio of two costs runs.

    Attributes:
        ratio: Times that the one mistake costs the other, [P].
        entry: The mistake whose cost runs, (true, decided).
        other: The mistake it is measured by.
        stated: The ratio in the stated costs.
        titles: Who decides, [M].
        kinds: "fixed", "by cost" (fixed, too), "moved", "constant" or "bayes", [M].
        strategies: Name of each one's strategy, "" where nothing is trained, [M].
        share: Realised cost as a share of what the best constant decision costs at that ratio, [M, P].
    """

    ratio: Array
    entry: tuple[int, int]
    other: tuple[int, int]
    stated: float
    titles: tuple[str, ...]
    kinds: tuple[str, ...]
    strategies: tuple[str, ...]
    share: Array


def stated(rows: Sequence[Sequence[float]], labels: Sequence[str]) -> Array:
    """A cost matrix as somebody typed it, or what is wrong with it, by row (true class) and column (decided class).

    Args:
        rows: C[true, decided].
        labels: What the classes are called, [K].

    Returns:
        Float64 [K, K].

    Raises:
        ValueError: Not a row and a column for each class; an entry that is negative, not finite or beyond MOST; all
            zero; or as `lossviz.costs.check_cost`.

    Example:
        >>> stated([[0, 1], [-9, 0]], ["ok", "fraud"])
        Traceback (most recent call last):
        ...
        ValueError: row 'fraud' (true), column 'ok' (decided) is -9: a cost cannot be negative; a gain is a cost of the rest
    """
    k = len(labels)
    if len(rows) != k:
        found = counted(len(rows), "row")
        more = f"{found}, {len(rows) - k} more than" if len(rows) > k else f"{found}, fewer than"
        raise ValueError(
            f"the cost matrix has {more} the {k} classes {', '.join(quoted(x) for x in labels)}: one a class"
        )
    for t, row in enumerate(rows):
        if len(row) != k:
            raise ValueError(
                f"row {quoted(labels[t])} (true) has {counted(len(row), 'cost')}, not {k}: one for each class that may be decided"
            )
        for d, value in enumerate(row):
            where = f"row {quoted(labels[t])} (true), column {quoted(labels[d])} (decided) is "
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise ValueError(f"{where}{value!r:.40}: a cost must be a number")
            where += f"{value:g}"
            if not np.isfinite(value):
                raise ValueError(f"{where}: a cost must be a finite number")
            if value < 0:
                raise ValueError(f"{where}: a cost cannot be negative; a gain is a cost of the rest")
            if value > MOST:
                raise ValueError(f"{where}: a cost is at most {MOST:,.0f}; choose a larger unit")
    if not np.any(rows):
        raise ValueError("every cost is 0: there is nothing to decide by; say what at least one mistake costs")
    return check_cost(rows, labels)


def remarks(cost: ArrayLike, labels: Sequence[str] | None = None) -> list[str]:
    """What is odd in a cost matrix, though it may be meant: a sentence each.

    Told are right decisions that cost something, true classes on which all decisions cost the same, and decisions that
    another one dominates, so that they are never made.

    Source:
        Elkan 2001, IJCAI, section 1.1 (reasonableness; his rows are the decisions, which are columns here).

    Example:
        >>> for remark in remarks([[0, 1, 2], [1, 0, 1], [5, 1, 1]], ["a", "b", "c"]):
        ...     print(remark)
        Deciding 'c' right costs 1: only what mistakes cost beyond it counts.
        Deciding 'c' never pays: 'b' costs no more, whatever is true.
    """
    c = check_cost(cost, labels)
    named = [quoted(x) for x in names(labels, len(c))]
    out = [
        f"Deciding {named[t]} right costs {c[t, t]:g}: only what mistakes cost beyond it counts."
        for t in range(len(c)) if c[t, t]
    ]  # fmt: skip
    out += [
        f"Where {named[t]} is true, every decision costs the same: that row decides nothing."
        for t in range(len(c)) if np.ptp(c[t]) == 0
    ]  # fmt: skip
    for d in range(len(c)):
        better = [e for e in range(len(c)) if e != d and (c[:, e] <= c[:, d]).all() and (c[:, e] < c[:, d]).any()]
        if better:
            out.append(f"Deciding {named[d]} never pays: {named[better[0]]} costs no more, whatever is true.")
    return out


def error_weights(cost: ArrayLike) -> Array:
    """Weights W[true, predicted] of the examples' losses, from costs: a mistake weighs what it costs beyond being right.

    An example that is decided right weighs what the cheapest mistake on it costs: with weight 0 it would be let go the
    moment it is right. Where all mistakes on a class cost the same this is the class weight.

    Example:
        >>> error_weights([[0, 1, 4], [2, 0, 2], [9, 5, 1]]).tolist()
        [[1.0, 1.0, 4.0], [2.0, 2.0, 2.0], [8.0, 4.0, 4.0]]
    """
    c = check_cost(cost)
    regret = c - np.diag(c)[:, None]
    cheapest = np.where(np.eye(len(c), dtype=bool), np.inf, regret).min(1)
    return regret + np.diag(cheapest)


def assumed(cost: ArrayLike, counts: ArrayLike) -> Array:
    """The cost matrix that balanced weights assume for these counts, in the unit of `cost`.

    A mistake costs in proportion to the balanced weight of the true class. Weights have no unit: the mean mistake on a mean
    example is made to cost what it does in `cost`.

    Args:
        cost: C[true, decided], [K, K].
        counts: Examples of each class, [K].

    Returns:
        C[true, decided], [K, K], 0 on the diagonal.

    Example:
        >>> assumed([[0, 1], [99, 0]], [90, 10]).round(2).tolist()
        [[0.0, 6.0], [54.0, 0.0]]
    """
    c, n = check_cost(cost), np.asarray(counts, dtype=np.float64)
    regret, implied = c - np.diag(c)[:, None], implied_costs(class_weights(n)).cost
    return implied * float(n @ regret.sum(1)) / float(n @ implied.sum(1))


def knobs(cost: ArrayLike, counts: ArrayLike, chosen: Sequence[str] = STRATEGIES) -> dict[str, dict[str, Any]]:
    """What a cost matrix asks of each strategy: the `knobs` of `lossviz.fit`.

    Losses are scaled so that the mean mistake on a mean example costs 1, which keeps the learning rate what it is; that
    changes no decision.

    Args:
        cost: C[true, decided], [K, K].
        counts: Training examples of each class, [K].
        chosen: Names among `STRATEGIES`.

    Example:
        >>> knobs([[0, 1], [9, 0]], [90, 10])["weighted_cross_entropy"]
        {'class_weight': [0.555556, 5.0]}
        >>> knobs([[0, 1], [9, 0]], [90, 10])["threshold_moving"]
        {'cost': [[0.0, 1.0], [9.0, 0.0]]}
    """
    c, n = check_cost(cost), np.asarray(counts, dtype=np.float64)
    k = len(c)
    regret = c - np.diag(c)[:, None]
    unit = float(n @ regret.sum(1)) / ((k - 1) * n.sum())

    def told(a: Array) -> list[Any]:
        """Six digits are plenty, and can be read in the code that is taken home."""
        return np.vectorize(lambda v: float(f"{v:.6g}"))(a).tolist()

    all_of_them = {
        "cross_entropy": {},
        "weighted_cross_entropy": {"class_weight": told(equivalent_weights(c, n).weights)},
        "error_weighted": {"error_weight": told(error_weights(c) / unit)},
        "expected_cost": {"cost": told(regret / unit)},
        "threshold_moving": {"cost": c.tolist()},
    }
    return {name: all_of_them[name] for name in chosen if all_of_them[name]}


def _deciders(plan: Plan, logits: Array, cost: Array, data: Dataset | None) -> list[Decider]:
    """Everybody who decides on the test part: title, kind, strategy, rule, and classes [S, n], one line a seed."""
    k, n = len(plan.classes), len(plan.y_test)
    out: list[Decider] = []
    for i in plan.panels:
        name = plan.rows[i].strategy
        seeds = [j for j, row in enumerate(plan.rows) if row.strategy == name]
        for rule in plan.rows[i].tables.decisions:
            if name == "threshold_moving":
                title = "Plain model, decided by cost" if rule.name == "moved" else "Plain model, most probable class"
            else:
                title = "Plain model, most probable class" if name == "cross_entropy" else plan.rows[i].title
                title += ", decided by cost" if rule.name == "cost" else ""
            if any(title == o[0] for o in out):  # the plain model trains once more as that of threshold moving
                continue
            by_rule = np.stack([rule.classes(logits[j]) for j in seeds])
            out.append((title, "trained", name, rule.name, by_rule))
    for c in range(k):
        known = "Never act: " if c == 0 else "Always act: " if k == 2 else ""
        title = f"{known}always {quoted(plan.classes[c])}"
        out.append((title, "constant", "", "", np.full((1, n), c)))
    if data is not None and data.truth is not None:
        best = bayes_decision(data.truth.posterior(plan.X_test, data.priors), cost)
        out.append(("Bayes optimum", "bayes", "", "", best[None]))
    return out


def realised(plan: Plan, logits: Array, cost: ArrayLike, data: Dataset | None = None) -> list[Scored]:
    """What every trained model's decisions on the test part cost, beside constant decisions and the Bayes optimum.

    Args:
        plan: Of a run of some of `STRATEGIES` for these costs.
        logits: Its `test_logits`, [R, n, K].
        cost: C[true, decided], [K, K].
        data: The dataset, for the Bayes optimum; without a known truth there is none.

    Returns:
        A record a way to decide: trained ones by strategy and rule, then constants, then the optimum.

    Raises:
        ValueError: As `lossviz.costs.check_cost`.

    Example:
        >>> import lossviz
        >>> data = lossviz.make_dataset("blobs", n=100, classes=2, imbalance=9)
        >>> run = lossviz.fit("cross_entropy", data.X, data.y, "linear", 5, X_test=data.X_test, y_test=data.y_test)
        >>> [(s.title, round(s.cost, 3)) for s in realised(run.plan, run.test_logits, [[0, 1], [9, 0]], data)][1:3]
        [("Never act: always '0'", 0.9), ("Always act: always '1'", 0.9)]
    """
    c = check_cost(cost, plan.classes)
    found = _deciders(plan, logits, c, data)
    each = [c[plan.y_test[None], d] for *_, d in found]  # [S, n]
    mean = np.stack([e.mean(0) for e in each])  # over seeds, [M, n]
    n = mean.shape[1]
    rng = np.random.default_rng(0)
    drawn = np.stack([mean @ rng.multinomial(n, np.full(n, 1 / n)) / n for _ in range(RESAMPLES)])  # the same for all
    base = next((i for i, f in enumerate(found) if f[2:4] == ("threshold_moving", "moved")), None)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    more = np.full((len(found), 2), np.nan)
    if base is not None:
        more = np.percentile(drawn - drawn[:, [base]], [2.5, 97.5], axis=0).T
    return [
        Scored(f[0], f[1], f[2], f[3], float(mean[i].mean()), float(low[i]), float(high[i]), more[i], each[i].mean(1))
        for i, f in enumerate(found)
    ]


def at_ratio(cost: ArrayLike, entry: tuple[int, int], other: tuple[int, int], ratio: float) -> Array:
    """The cost matrix in which one mistake costs `ratio` times another, beyond being right.

    Example:
        >>> at_ratio([[0, 2], [9, 1]], (1, 0), (0, 1), 10)
        array([[ 0.,  2.],
               [21.,  1.]])
    """
    c = check_cost(cost)
    c[entry] = c[entry[0], entry[0]] + ratio * (c[other] - c[other[0], other[0]])
    return c


def mistakes(cost: ArrayLike) -> list[tuple[int, int]]:
    """The mistakes (true, decided) that cost something beyond being right, the dearest first."""
    c = check_cost(cost)
    regret = c - np.diag(c)[:, None]
    order = np.argsort(-regret, axis=None, kind="stable")
    return [(int(i) // len(c), int(i) % len(c)) for i in order if regret.flat[i] > 0]


def no_ratio(cost: ArrayLike, labels: Sequence[str] | None = None) -> str:
    """Why there is no ratio of costs to run over; empty where there is one.

    Example:
        >>> no_ratio([[0, 1], [9, 0]])
        ''
        >>> no_ratio([[0, 0], [9, 0]], ["ok", "fraud"])
        'Only one mistake costs anything: there is no ratio to run over.'
        >>> no_ratio([[0, 1, 2], [0, 0, 0], [0, 0, 0]])
        "Always deciding '0' costs nothing, whatever other mistakes cost: no ratio changes that."
    """
    c = check_cost(cost, labels)
    if len(mistakes(c)) < 2:
        return "Only one mistake costs anything: there is no ratio to run over."
    free = np.flatnonzero((c == 0).all(0))
    if len(free):
        always = quoted(names(labels, len(c))[free[0]])
        return f"Always deciding {always} costs nothing, whatever other mistakes cost: no ratio changes that."
    return ""


def curve(
    plan: Plan, logits: Array, cost: ArrayLike, data: Dataset | None = None, entry: tuple[int, int] | None = None
) -> Curve:
    """What decisions cost while one mistake costs more and more times another one: who trained for other costs pays.

    Weighted models keep what they were trained for; the plain model with its threshold moved, and the Bayes optimum,
    decide anew at every ratio.

    Args:
        plan: Of a run of some of `STRATEGIES`.
        logits: Its `test_logits`, [R, n, K].
        cost: The stated costs, [K, K].
        data: The dataset, for the Bayes optimum.
        entry: The mistake whose cost runs, (true, decided); the dearest by default. It is measured by the cheapest other.

    Raises:
        ValueError: There is no ratio (see `no_ratio`), or `entry` is no mistake that costs something.
    """
    c = check_cost(cost, plan.classes)
    priced = mistakes(c)
    if why := no_ratio(c, plan.classes):
        raise ValueError(why)
    entry = entry or priced[0]
    if entry not in priced:
        raise ValueError(f"entry must be one of the mistakes that cost something, {priced}; not {entry}")
    other = [m for m in priced if m != entry][-1]
    regret = c - np.diag(c)[:, None]
    now = float(regret[entry] / regret[other])
    ratio = np.geomspace(min(0.1, now / 10), max(10.0, now * 10), POINTS)
    deciders = _deciders(plan, logits, c, data)
    k, y, n = len(c), plan.y_test, len(plan.y_test)

    def confusion(decided: NDArray[np.int64]) -> Array:
        """Share of examples by true and decided class, over all seeds, [K, K]."""
        cells = np.bincount((y[None] * k + decided).ravel(), minlength=k * k)
        return cells.reshape(k, k) / decided.size

    fixed = {i: confusion(d[4]) for i, d in enumerate(deciders)}
    moved = [i for i, d in enumerate(deciders) if d[3] == "moved" or d[1] == "bayes"]
    rows = [j for j, row in enumerate(plan.rows) if row.strategy == "threshold_moving"]
    rule = get("cross_entropy").tables(plan.counts).decisions[0]
    p_of = {
        i: data.truth.posterior(plan.X_test, data.priors)[None]
        if deciders[i][1] == "bayes" and data is not None and data.truth is not None
        else np.stack([rule.probabilities(logits[j]) for j in rows])
        for i in moved
    }
    share = np.empty((len(deciders), POINTS))
    for a, r in enumerate(ratio):
        at = at_ratio(c, entry, other, float(r))
        for i in range(len(deciders)):
            share[i, a] = ((confusion(bayes_decision(p_of[i], at)) if i in p_of else fixed[i]) * at).sum()
        share[:, a] /= (at * (np.bincount(y, minlength=k) / n)[:, None]).sum(0).min()
    of_rule = {"moved": "moved", "cost": "by cost"}
    kinds = tuple(of_rule.get(d[3], "fixed") if d[1] == "trained" else d[1] for d in deciders)
    return Curve(ratio, entry, other, now, tuple(d[0] for d in deciders), kinds, tuple(d[2] for d in deciders), share)


def realised_sentence(found: Sequence[Scored], unit: str, examples: int) -> str:
    """Under the picture of what decisions cost: who is cheapest, who differs from it by more than luck, and the bounds."""
    trained = [s for s in found if s.kind == "trained"]
    best = min(trained, key=lambda s: s.cost)
    cheapest = [s.title for s in trained if np.isclose(s.cost, best.cost, rtol=1e-9, atol=0)]
    who = " and ".join(filter(None, (", ".join(cheapest[:-1]), cheapest[-1])))
    lazy = min((s for s in found if s.kind == "constant"), key=lambda s: s.cost)
    text = (
        f"Per example, in {unit}: of the trained, {who} {'is' if len(cheapest) == 1 else 'are'} cheapest, "
        f"{amount(best.cost, 3)} (95 % of resamples of "
        f"{examples:,} test examples: {amount(best.low, 3)} to {amount(best.high, 3)})"
    )
    for s in found:
        if s.kind == "bayes":
            text += f"; the Bayes optimum costs {amount(s.cost, 3)}"
    text += f"; the best constant decision, {lazy.title.split(': ')[-1]}, {amount(lazy.cost, 3)}."
    base = next((s for s in trained if s.decision == "moved"), None)
    if base is not None:
        dearer = [s.title for s in trained if s is not base and s.more[0] > 0]
        cheaper = [s.title for s in trained if s is not base and s.more[1] < 0]
        like = [s.title for s in trained if s is not base and s.more[0] <= 0 <= s.more[1]]
        parts = [f"{word}: {', '.join(who)}" for word, who in (("dearer", dearer), ("cheaper", cheaper)) if who]
        parts += [f"not told apart from it: {', '.join(like)}"] if like else []
        if parts:
            text += f" Against the plain model decided by cost, on the same resamples, {'; '.join(parts)}."
    return text


def curve_sentence(found: Curve, labels: Sequence[str]) -> str:
    """Under the cost curve: what runs, where each is worst beside the moved threshold."""
    (t, d), (t2, d2) = found.entry, found.other
    text = (
        f"From left to right, taking {quoted(labels[t])} for {quoted(labels[d])} costs {times(found.ratio[0])} to "
        f"{times(found.ratio[-1])} times what taking {quoted(labels[t2])} for {quoted(labels[d2])} does "
        f"(stated: {times(found.stated)})."
    )
    others = [i for i, kind in enumerate(found.kinds) if kind in ("fixed", "by cost")]
    if "moved" in found.kinds and others:
        base = found.share[found.kinds.index("moved")]
        paid = base > 0
        text += " The plain model is decided anew at each ratio, without training; the others keep what they were trained for"
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = np.where(paid, found.share[others] / base, 0)
        i, at = (int(x) for x in np.unravel_index(rise.argmax(), rise.shape))
        if not paid.all() and (found.share[others][:, ~paid] > 0).any():
            there = found.share[others][:, ~paid].max(1)
            text += f", and where it costs nothing {found.titles[others[int(there.argmax())]]} does not"
        elif not paid.any():
            text += ", and none of them costs anything"
        if rise.max() >= 1.05:
            text += f", and {found.titles[others[i]]} pays up to {times(rise[i, at])} times as much (at {times(found.ratio[at])})"
        elif paid.any():
            text += f", and none of them pays noticeably more{'' if paid.all() else ' elsewhere'}"
        text += "."
    over = [
        found.titles[i]
        for i, kind in enumerate(found.kinds)
        if kind in ("fixed", "by cost") and found.share[i].max() > 1
    ]
    if over:
        get = "gets" if len(over) == 1 else "get"
        text += f" Above 100 %, a decision that looks at nothing is cheaper: {', '.join(over)} {get} there."
    return text


def call(fit: str, cost: ArrayLike, entry: tuple[int, int] | None = None) -> str:
    """The Python that gives the numbers of a picture of costs: the call of `lossviz.fit`, then what its decisions cost.

    Args:
        fit: What `lossviz.takeaway.call` returned.
        cost: C[true, decided].
        entry: For the cost curve; None for the comparison.
    """
    args = f"run.plan, run.test_logits, {np.asarray(cost).tolist()!r}, data"
    if entry is None:
        what, numbers = f"realised({args})", "costfigures.scores(found)"
    else:
        what, numbers = f"curve({args}, {entry!r})", "costfigures.curve_numbers(found)"
    return (
        fit.removesuffix("print(run.table())\n")
        + f"from lossviz import costfigures, costmatrix\n\nfound = costmatrix.{what}\n"
        + f"numbers = {numbers}\nprint(numbers.to_string())\n"
    )
