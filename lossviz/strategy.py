"""What a strategy is: tables of the one equation, rules to decide by, and what both are made with.

The strategies themselves are in `lossviz.strategies`, which says how the equation reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Choice, Knob, settle
from lossviz.weights import check_counts, class_weights

Array = NDArray[np.float64]
NEVER = -1e6
"""Stands for log 0: far below any logit, finite so that 0 · NEVER is 0, and small enough for float32 to add to."""


@dataclass(frozen=True, eq=False)
class Decision:
    """How to decide at test time: argmax of D[ŷ] ⊙ z + d, or the class of least expected cost under its softmax.

    Attributes:
        name: Short name, "logits" for the plain rule.
        title: What a table is labelled with.
        scale: D, [K, K], indexed [ŷ, c].
        shift: d, [K].
        cost: Cost of deciding the second index when the first is true, [K, K]; None decides by argmax.
    """

    name: str
    title: str
    scale: Array
    shift: Array
    cost: Array | None = None

    def scores(self, logits: ArrayLike) -> Array:
        """The logits decided on: D[ŷ] ⊙ z + d, of the shape of `logits`, [..., K]."""
        z = np.asarray(logits, dtype=np.float64)
        return self.scale[z.argmax(-1)] * z + self.shift

    def probabilities(self, logits: ArrayLike) -> Array:
        """Softmax of the scores, [..., K]: what such a model claims."""
        scores = self.scores(logits)
        e = np.exp(scores - scores.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def classes(self, logits: ArrayLike) -> NDArray[np.int64]:
        """The decided class, [...]."""
        if self.cost is None:
            return self.scores(logits).argmax(-1)
        return (self.probabilities(logits) @ self.cost).argmin(-1)


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of the one equation for K classes, and what a trainer has to know besides.

    Attributes:
        weight: W, [K, K], indexed [y, ŷ].
        scale: S, [K, K], indexed [ŷ, c].
        shift: B, [K, K], indexed [y, c].
        focus: γ, [K], by true class.
        cost: C, [K, K], indexed [y, j].
        late_weight: W from the fraction `late` of the steps on (deferred re-weighting).
        late: 1 means never.
        sampler: Whether mini-batches are drawn "uniform" or class-"balanced".
        decisions: The rules by which it may decide; the first is the usual one.
        target: The rule by which its optimum decides, applied to log p(c|x) in place of logits; None where there is
            no such closed form.
    """

    weight: Array
    scale: Array
    shift: Array
    focus: Array
    cost: Array
    late_weight: Array
    late: float
    sampler: str
    decisions: tuple[Decision, ...]
    target: Decision | None


@dataclass(frozen=True)
class Strategy:
    """One row: what it is called, where it comes from, and its tables.

    Attributes:
        name: What `lossviz.loss` and `lossviz.fit` call it.
        title: What people call it.
        formula: LaTeX of the loss of one example.
        source: Reference.
        knobs: Its parameters.
        flawed: Whether it is one of the copied recipes that do not weight.
        build: counts, knobs -> Tables.
        wrong: What is wrong with it, in a sentence or two; for those that are flawed or misguided.
        instead: The name of the strategy to use in its place.
    """

    name: str
    title: str
    formula: str
    source: str
    knobs: tuple[Knob | Choice, ...]
    flawed: bool
    build: Callable[..., Tables]
    wrong: str = ""
    instead: str = ""

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.build.__doc__ or "").strip().split("\n")[0]

    def tables(self, counts: ArrayLike, **knobs: Any) -> Tables:
        """The tables for these class counts.

        Args:
            counts: Examples of each class, [K], K ≥ 2; 0 is an absent class: its weight is 0 and its prior 0.
            **knobs: The strategy's own parameters.

        Returns:
            Tables of float64.

        Raises:
            ValueError: Counts or knobs that make no sense, and which.
        """
        n = check_counts(counts, zero=True)
        if len(n) < 2:
            raise ValueError("counts must have at least two classes; not 1")
        return self.build(n, **settle(self.name, self.knobs, knobs))


# What strategies are made with


def tables(
    n: Array,
    *,
    weight: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
    shift: ArrayLike = 0.0,
    focus: float = 0.0,
    cost: ArrayLike = 0.0,
    late_weight: ArrayLike | None = None,
    late: float = 1.0,
    sampler: str = "uniform",
    decisions: tuple[Decision, ...] = (),
    target: Decision | None = None,
) -> Tables:
    """Neutral tables but for what is given; a [K] scale or shift is one for every ŷ or y."""
    k = len(n)

    def square(a: ArrayLike) -> Array:
        return np.array(np.broadcast_to(np.asarray(a, dtype=np.float64), (k, k)))

    w = square(weight)
    return Tables(
        weight=w,
        scale=square(scale),
        shift=square(shift),
        focus=np.full(k, float(focus)),
        cost=square(cost),
        late_weight=w if late_weight is None else square(late_weight),
        late=late,
        sampler=sampler,
        decisions=decisions or (rule(n),),
        target=target,
    )


def rule(
    n: Array,
    name: str = "logits",
    title: str = "argmax of the logits",
    *,
    scale: ArrayLike = 1.0,
    shift: ArrayLike = 0.0,
    cost: Array | None = None,
) -> Decision:
    """A rule to decide by: argmax of the logits, but for what is given; a [K] scale is one for every ŷ."""
    k = len(n)
    d = np.array(np.broadcast_to(np.asarray(scale, dtype=np.float64), (k, k)))
    return Decision(name, title, d, np.array(np.broadcast_to(np.asarray(shift, dtype=np.float64), k)), cost)


def aim(w: Array) -> Decision:
    """The target argmax w_c p(c|x)."""
    return rule(w, "target", "argmax of w p(c|x)", shift=logs(w))


def logs(x: Array) -> Array:
    """Natural logarithm with NEVER for 0."""
    return np.log(x, where=x > 0, out=np.full_like(x, NEVER))


def of_present(n: Array, scheme: str, **knobs: Any) -> Array:
    """Weights by a scheme, of the classes that occur; an absent class gets 0, which no example ever meets."""
    w = np.zeros_like(n)
    w[n > 0] = class_weights(n[n > 0], scheme, **knobs)
    return w


def weights(n: Array, class_weight: Any) -> Array:
    """Resolve a `class_weight` knob: "none", a scheme's name, or one number a class."""
    if isinstance(class_weight, str):
        return np.ones_like(n) if class_weight == "none" else of_present(n, class_weight)
    w = array("class_weight", class_weight, (len(n),))
    if not w.any():
        raise ValueError("class_weight is 0 for every class: nothing would be learnt")
    return w


def array(name: str, values: Any, shape: tuple[int, ...]) -> Array:
    """A knob that is an array: of this shape, and of non-negative finite numbers."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers of shape {shape}; not {values!r:.80}") from None
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; not {array.shape}")
    bad = np.argwhere(~(np.isfinite(array) & (array >= 0)))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name}{list(where)} is {array[where]:g}: it must be finite and not negative")
    return array
