"""What errors cost -> how to decide, and which class weights say the same; and back: the costs that weights imply.

A cost matrix is C[true, decided], as in `lossviz.strategies.expected_cost`. Adding a constant to a row changes no
decision: what is true is true whatever is decided. So only the regret counts, C minus what the right decision costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.labels import LabelCounts
from lossviz.weights import class_weights

Array = NDArray[np.float64]

DRAWS = 4_000  # probabilities on which two rules are compared
TOLD = 6  # weights that a sentence tells; of more, the largest and the smallest are among them
MAX_CELLS = 2_000_000  # of such draws at a time


@dataclass(frozen=True, eq=False)
class Thresholds:
    """How to decide at given costs.

    Attributes:
        cost: What each decision costs, C[true, decided], [K, K].
        regret: C minus what the right decision costs, [K, K]: never negative, 0 on the diagonal, the same decisions.
        pairwise: Between two classes, decide i rather than j where p_i / (p_i + p_j) is at least pairwise[i, j], [K, K];
            NaN on the diagonal and where both mistakes cost nothing.
        exact: Whether the pairwise thresholds decide alone; otherwise they hold while no third class is possible.
        sentence: The same in words.
    """

    cost: Array
    regret: Array
    pairwise: Array
    exact: bool
    sentence: str

    @property
    def binary(self) -> float | None:
        """Of two classes, the probability of class 1 from which to decide for it; None for more classes."""
        return float(self.pairwise[1, 0]) if len(self.cost) == 2 else None


@dataclass(frozen=True, eq=False)
class Equivalent:
    """Class weights in place of costs.

    Attributes:
        weights: One weight a class, [K].
        exact: Whether a model trained with these weights decides as the costs ask; if not, no class weights do.
        agreement: Share of probability vectors, drawn evenly, on which the two decide alike; 1 where exact.
        sentence: The same in words, with the reason where there are none.
    """

    weights: Array
    exact: bool
    agreement: float
    sentence: str


@dataclass(frozen=True, eq=False)
class Implied:
    """The costs that somebody who uses these weights has stated.

    Attributes:
        weights: The weights, [K]; 0 for a class that has none.
        ratio: How many times a miss of the heaviest class costs what a miss of the lightest does; inf where that is nothing.
        threshold: Of two classes, the probability of class 1 from which a plain model would decide alike; else None.
        sentence: The same in words.
    """

    weights: Array
    ratio: float
    threshold: float | None
    sentence: str

    @property
    def cost(self) -> Array:
        """C[true, decided], [K, K]: a mistake costs the weight of the true class, whatever is decided instead."""
        return (1 - np.eye(len(self.weights))) * self.weights[:, None]


def quoted(label: object) -> str:
    r"""A label within a sentence: in quotes, on one line, at most 40 characters.

    Example:
        >>> quoted("spam\neggs"), len(quoted("x" * 1000))
        ("'spam eggs'", 42)
    """
    # far more than 40 characters are never looked at; what steers the text, such as a change of direction, is left out
    text = " ".join("".join(c if c.isprintable() else " " for c in str(label)[:400]).split())
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def percent(share: float) -> str:
    """A share as a percentage of two digits; what is not quite nothing, or not quite all, is not rounded to it.

    Example:
        >>> percent(0.00234), percent(0.5), percent(0.9996), percent(1)
        ('0.23 %', '50 %', '99.96 %', '100 %')
    """
    if not 0 < share < 1:
        return f"{100 * share:.0f} %"
    if share < 1e-4:
        return "under 0.01 %"
    if share > 1 - 1e-4:
        return "over 99.99 %"
    digits = max(0, (share < 0.5) - int(np.floor(np.log10(100 * min(share, 1 - share)))))
    text = f"{100 * share:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def times(ratio: float) -> str:
    """A ratio, as precisely as anybody reads it.

    Example:
        >>> times(1.234), times(16.13), times(499.0), times(1234567), times(0.00417), times(0.95)
        ('1.2', '16', '499', '1,234,567', '0.0042', '0.95')
    """
    if ratio < 0.995:
        return _plain(ratio, 2)
    return f"{ratio:.1f}".removesuffix(".0") if ratio < 9.95 else f"{ratio:,.0f}"


def _plain(value: float, digits: int) -> str:
    """So many significant digits, without a power of ten."""
    return np.format_float_positional(float(f"{value:.{digits}g}"), trim="-")


def amount(value: float, digits: int = 4) -> str:
    """A cost or a weight as anybody reads it: without powers of ten.

    Example:
        >>> amount(0.123456), amount(12.3456, 3), amount(12000), amount(0.00001099), amount(999.96)
        ('0.1235', '12.3', '12,000', '0.00001099', '1,000')
    """
    return f"{value:,.0f}" if abs(float(f"{value:.{digits}g}")) >= 1000 else _plain(value, digits)


def names(labels: Sequence[str] | None, k: int) -> tuple[str, ...]:
    """The labels, one a class, or the class indices as text.

    Raises:
        ValueError: There are not K labels.

    Example:
        >>> names(None, 3)
        ('0', '1', '2')
    """
    if labels is None:
        return tuple(str(c) for c in range(k))
    if len(labels) != k:
        raise ValueError(f"labels must be one a class, {k}; not {len(labels)}")
    return tuple(str(label) for label in labels)


def check_cost(cost: ArrayLike, labels: Sequence[str] | None = None) -> Array:
    """Return a cost matrix as float64 [K, K], or say which cell is wrong.

    Args:
        cost: What each decision costs, C[true, decided]; a gain is a negative cost.
        labels: What the classes are called, [K]; by default their indices.

    Raises:
        ValueError: Not a square matrix of finite numbers, two classes or more; not as many rows as labels; a right
            decision that costs more than a wrong one; or no decision that matters.

    Example:
        >>> check_cost([[0, 1], [2, 5]], ["ok", "fraud"])
        Traceback (most recent call last):
        ...
        ValueError: where 'fraud' is true, deciding 'fraud' costs 5 and deciding 'ok' only 2: what is right must not cost more
    """
    try:
        c = np.array(cost, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"costs must be numbers, a square table [true, decided]; not {cost!r:.80}") from None
    if c.ndim != 2 or c.shape[0] != c.shape[1]:
        raise ValueError(f"costs must be a square table [true, decided]; not an array of shape {c.shape}")
    if len(c) < 2:
        raise ValueError(f"costs need two classes at least; not {len(c)}")
    if labels is not None and len(labels) != len(c):
        raise ValueError(f"costs must have a row and a column for each of the {len(labels)} classes; not {len(c)}")
    named = names(labels, len(c))
    for t, d in np.argwhere(~np.isfinite(c)):
        raise ValueError(
            f"deciding {quoted(named[d])} where {quoted(named[t])} is true costs {c[t, d]:g}: costs must be finite"
        )
    for t, d in np.argwhere(c < np.diag(c)[:, None]):
        raise ValueError(
            f"where {quoted(named[t])} is true, deciding {quoted(named[t])} costs {c[t, t]:g} and deciding "
            f"{quoted(named[d])} only {c[t, d]:g}: what is right must not cost more"
        )
    if not (c > np.diag(c)[:, None]).any():
        raise ValueError("every decision costs the same: there is nothing to decide by")
    return c


def two_class_costs(false_alarm: float, miss: float, *, right_alarm: float = 0.0, right_pass: float = 0.0) -> Array:
    """The cost matrix of two classes, 0 the negative and 1 the positive.

    Args:
        false_alarm: Deciding 1 where 0 is true.
        miss: Deciding 0 where 1 is true.
        right_alarm: Deciding 1 where 1 is true.
        right_pass: Deciding 0 where 0 is true.

    Returns:
        C[true, decided], [2, 2].

    Raises:
        ValueError: As `check_cost`.

    Example:
        >>> two_class_costs(1, 99)
        array([[ 0.,  1.],
               [99.,  0.]])
    """
    return check_cost([[right_pass, false_alarm], [miss, right_alarm]])


def bayes_decision(probabilities: ArrayLike, cost: ArrayLike) -> NDArray[np.int64]:
    """The class of least expected cost, argmin_i Σ_j C[j, i] p_j.

    Args:
        probabilities: p(class | x), [..., K].
        cost: C[true, decided], [K, K].

    Returns:
        Class indices, [...]; of equals the first.

    Raises:
        ValueError: As `check_cost`; or the probabilities are not of K classes.

    Source:
        Elkan 2001, The foundations of cost-sensitive learning, IJCAI.

    Example:
        >>> bayes_decision([[0.995, 0.005], [0.95, 0.05]], [[0, 1], [99, 0]])
        array([0, 1])
    """
    c, p = check_cost(cost), np.asarray(probabilities, dtype=np.float64)
    if p.ndim == 0 or p.shape[-1] != len(c):
        raise ValueError(f"probabilities must be of {len(c)} classes, as the costs are; not of shape {p.shape}")
    return np.asarray((p @ c).argmin(-1))


def thresholds(cost: ArrayLike, labels: Sequence[str] | None = None) -> Thresholds:
    """How to decide at given costs: the Bayes threshold of two classes, and those between any two of more.

    Of two classes, decide 1 from p* = (C01 − C00) / ((C01 − C00) + (C10 − C11)), with C[true, decided]; of more, the class
    of least expected cost, argmin_i Σ_j C[j, i] p_j (see `bayes_decision`).

    Args:
        cost: What each decision costs, C[true, decided], [K, K].
        labels: What the classes are called, [K].

    Returns:
        Thresholds, the regret and a sentence.

    Raises:
        ValueError: As `check_cost`.

    Source:
        Elkan 2001, The foundations of cost-sensitive learning, IJCAI.

    Example:
        >>> found = thresholds([[0, 1], [99, 0]], ["ok", "fraud"])
        >>> found.binary
        0.01
        >>> found.sentence
        "Decide 'fraud' where its probability is at least 1 %, not 50 %: missing one costs as much as 99 false alarms."
    """
    c = check_cost(cost, labels)
    named = names(labels, len(c))
    regret = c - np.diag(c)[:, None]
    with np.errstate(invalid="ignore"):  # 0/0: both mistakes cost nothing
        pairwise = regret.T / (regret + regret.T)
    exact = _weights_of(regret)[1]
    if len(c) == 2:
        sentence = _two(named, regret)
    else:
        sentence = "Decide the class of least expected cost: the sum over true classes of cost times probability."
        if np.nanmin(pairwise) < 0.495:
            i, j = (int(x) for x in np.unravel_index(np.nanargmin(pairwise), pairwise.shape))
            sentence += (
                f" Between {quoted(named[i])} and {quoted(named[j])} alone, that is {quoted(named[i])} from "
                f"{percent(float(pairwise[i, j]))} of their probability"
            )
            sentence += "." if exact else "; where a third class is possible, its costs count too."
    return Thresholds(c, regret, pairwise, exact, sentence)


def _alarms(ratio: float) -> str:
    return f"{times(ratio)} false alarm" + ("" if times(ratio) == "1" else "s")


def _two(named: tuple[str, ...], regret: Array) -> str:
    """The Bayes rule of two classes in words: from when to decide for the one that costs more to miss."""
    c = int(regret[1, 0] >= regret[0, 1])
    miss, alarm = regret[c, 1 - c], regret[1 - c, c]
    if alarm == 0:
        return f"Missing one {quoted(named[1 - c])} costs nothing: always decide {quoted(named[c])}."
    p = float(alarm / (alarm + miss))
    least = percent(p) if p >= 1e-4 else f"{100 * p:.1g} %"
    head = f"Decide {quoted(named[c])} where its probability is at least {least}"
    if np.isclose(alarm, miss, rtol=1e-9, atol=0):
        return head + ", as usual: both mistakes cost the same."
    if times(miss / alarm) == "1":
        return head + ", nearly as usual: both mistakes cost about the same."
    return head + f", not 50 %: missing one costs as much as {_alarms(miss / alarm)}."


def _never_best(decision: Array, others: Array) -> bool:
    """Whether, whatever the probabilities, one of the others costs no more: some mixture of them never does (minimax).

    Args:
        decision: What it costs for each true class, [T].
        others: What the others cost, [T, D].
    """
    from scipy.optimize import linprog  # type: ignore[import-untyped]

    if not others.shape[1]:
        return False
    slack = 1e-9 * max(float(decision.max()), float(others.max()))
    shares = linprog(np.zeros(others.shape[1]), others, decision + slack, np.ones((1, others.shape[1])), [1.0])
    return bool(shares.success)


def _weights_of(regret: Array) -> tuple[Array, bool]:
    """What a mistake costs by its true class, [K], and whether that is all there is to it.

    A class on which all mistakes are free has weight 0 and is never decided: what deciding it costs is no matter, as long
    as at every probability another decision is no worse.
    """
    apart = ~np.eye(len(regret), dtype=bool)
    free = regret.max(1) == 0
    idle = free.copy()
    for z in np.flatnonzero(free):
        idle[z] = _never_best(regret[~free, z], regret[np.ix_(~free, ~free)])
    counted = apart & ~idle
    least = np.where(counted.any(1), np.where(counted, regret, np.inf).min(1), regret.max(1))
    if least.any() and (np.isclose(regret, least[:, None], rtol=1e-9, atol=0) | ~counted).all():
        return least, True
    if (costless := (regret == 0).all(0)).any():  # decided always, as weights of 0 on all others do
        return costless.astype(float), True
    return regret.sum(1) / (len(regret) - 1), False


def equivalent_weights(
    cost: ArrayLike, priors: ArrayLike | None = None, labels: Sequence[str] | None = None
) -> Equivalent:
    """The class weights under which a weighted cross-entropy decides as the costs ask, where there are any.

    The optimum of cross-entropy weighted by w is q_c ∝ w_c p(c|x), so that it decides argmax w_c p(c|x). That is the
    decision of least expected cost if a mistake costs c_j whatever is decided in place of j, up to a constant in each row
    (which no decision feels): then w_j = c_j. Of two classes this is always so. Of more it need not be; then no class
    weights decide alike, and the mean cost of a mistake by its true class is given as the nearest.

    Args:
        cost: What each decision costs, C[true, decided], [K, K].
        priors: Shares or counts of the classes, [K], to make the mean weight of an example 1; by default weights are on the
            scale of the costs.
        labels: What the classes are called, [K].

    Returns:
        Weights, whether they are exact, how often they decide alike, and a sentence.

    Raises:
        ValueError: As `check_cost`; or priors that are not K non-negative numbers.

    Source:
        Elkan 2001, IJCAI; the mean over a row: Breiman, Friedman, Olshen & Stone 1984, Classification and Regression
        Trees, 4.4.

    Example:
        >>> equivalent_weights([[0, 1], [99, 0]]).weights
        array([ 1., 99.])
        >>> equivalent_weights([[0, 1], [99, 0]], priors=[0.99, 0.01]).weights.round(3)
        array([ 0.505, 50.   ])
        >>> equivalent_weights([[0, 1, 5], [1, 0, 1], [1, 1, 0]]).exact
        False
    """
    c = check_cost(cost, labels)
    named = names(labels, len(c))
    regret = c - np.diag(c)[:, None]
    w, exact = _weights_of(regret)
    agreement = 1.0 if exact else agreeing(regret, w)
    if priors is not None:
        share = np.asarray(priors, dtype=np.float64)
        if share.shape != w.shape or not (np.isfinite(share) & (share >= 0)).all() or not (share @ w > 0):
            raise ValueError(f"priors must be {len(w)} numbers that are not negative, one a class; not {priors!r:.80}")
        w = w * share.sum() / (share @ w)
    if exact:
        kept = sorted(list(dict.fromkeys([int(w.argmax()), int(w.argmin()), *range(len(w))]))[:TOLD])
        text = ", ".join(f"{quoted(named[i])} {amount(w[i])}" for i in kept)
        more = f" and {len(w) - TOLD} more between the least and the largest of these" if len(w) > TOLD else ""
        sentence = (
            f"Weights that say the same: {text}{more}. A plain model with the threshold moved decides alike and keeps its "
            "probabilities."
        )
    else:
        spread = np.where(np.eye(len(c), dtype=bool), np.nan, regret)
        t = int(np.nanargmax(np.nanmax(spread, 1) - np.nanmin(spread, 1)))
        low, high = int(np.nanargmin(spread[t])), int(np.nanargmax(spread[t]))
        less, more = (amount(regret[t, d]) for d in (low, high))
        sentence = (
            f"No class weights decide like these costs: taking {quoted(named[t])} for {quoted(named[low])} costs "
            f"{less} and for {quoted(named[high])} {more}, but a weight knows the true class only. "
            f"The nearest by rule of thumb, the mean cost of a mistake on each class (Breiman et al. 1984), decides alike on "
            f"{percent(agreement)} of all probabilities; deciding by least expected cost is exact."
        )
    return Equivalent(w, exact, agreement, sentence)


def agreeing(regret: Array, w: Array) -> float:
    """Share of probability vectors, drawn evenly from the simplex, on which weights and costs decide alike.

    Args:
        regret: What decisions cost beyond the right one, [true, decided], [K, K].
        w: One weight a class, [K].

    Example:
        >>> agreeing(np.array([[0.0, 1.0], [9.0, 0.0]]), np.array([1.0, 9.0]))
        1.0
    """
    draws = max(200, min(DRAWS, MAX_CELLS // len(w)))
    p = np.random.default_rng(0).dirichlet(np.ones(len(w)), draws)
    price = p @ regret
    of_weights = np.take_along_axis(price, (w * p).argmax(1, keepdims=True), 1)[:, 0]
    return float(
        np.isclose(of_weights, price.min(1), rtol=1e-9, atol=0).mean()
    )  # of two that cost the same, either is right


def implied_costs(
    weights: ArrayLike | LabelCounts, labels: Sequence[str] | None = None, named: str | None = None
) -> Implied:
    """The costs that class weights state: a mistake costs the weight of the true class, whatever is decided instead.

    Args:
        weights: One weight a class, [K], NaN for a class that has none; or counted labels, for the balanced weights of those
            that occur.
        labels: What the classes are called, [K].
        named: What to call the weights in the sentence, such as "balanced weights".

    Returns:
        The costs, the largest ratio of two, the threshold of two classes, and a sentence.

    Raises:
        ValueError: Fewer than two weights, or one that is negative or not finite, or all of them 0.

    Example:
        >>> found = implied_costs(LabelCounts(("fraud", "ok"), np.array([20, 9980]), 10000))
        >>> found.sentence
        "Balanced weights say that missing one 'fraud' costs as much as 499 false alarms."
        >>> round(found.threshold, 3)
        0.998
        >>> implied_costs([1, 3]).cost
        array([[0., 1.],
               [3., 0.]])
    """
    if isinstance(weights, LabelCounts):
        there = weights.counts > 0
        w = np.full(len(there), np.nan)
        w[there] = class_weights(weights.counts[there])
        labels, named = weights.labels, named or "balanced weights"
    else:
        w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or np.isfinite(w).sum() < 2 or (w < 0).any() or np.isinf(w).any() or not np.nan_to_num(w).any():
        raise ValueError(f"weights must be two numbers or more that are not negative, one a class; not {weights!r:.80}")
    called = names(labels, len(w))
    high, low = int(np.nanargmax(w)), int(np.nanargmin(w))
    ratio = float(w[high] / w[low]) if w[low] > 0 else np.inf
    w = np.nan_to_num(w)
    say = named or "these weights"
    sentence = f"{say[:1].upper()}{say[1:]} say that "
    if w[low] == 0:
        sentence += f"a mistake on {quoted(called[low])} costs nothing."
    elif np.isclose(ratio, 1):
        sentence += "all mistakes cost the same."
    else:
        often = "once" if times(ratio) == "1" else f"{times(ratio)} times"
        many = _alarms(ratio) if len(w) == 2 else f"missing {quoted(called[low])} {often}"
        sentence += f"missing one {quoted(called[high])} costs as much as {many}."
    threshold = float(w[0] / w.sum()) if len(w) == 2 else None
    return Implied(w, ratio, threshold, sentence)
