r"""More than one yes: each label of a multi-label problem is a two-class problem over the logits (0, z).

softmax over (0, z) is (1 − σ(z), σ(z)), so that the tables of the one equation say it all: `pos_weight` is W[1] with W[0] = 1,
per-element weights are W[0] and W[1], asymmetric focusing is γ[0] ≠ γ[1]. `METHODS` is the one place to add a method.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Knob, one_of, settle
from lossviz.logitplane import slope, value
from lossviz.models import get as get_model
from lossviz.models import initial
from lossviz.multidata import MultiData
from lossviz.strategies import STRATEGIES, Tables
from lossviz.weights import class_weights

Array = NDArray[Any]
OUTPUTS = ("sigmoid", "softmax", "double")
"""How a method turns logits into what it puts out: σ of each, one softmax over all labels, or σ whose loss takes σ again."""
FAR = 50.0
"""Logits beyond it say the same to a weight: 1 − σ(50) is 2e-22."""


@dataclass(frozen=True)
class Method:
    """One way to train several yes-or-no labels.

    Attributes:
        name: What `plan` calls it.
        title: What people call it.
        source: Reference.
        knobs: Its parameters, the same for every label.
        flawed: Whether it is a mistake that people make.
        output: One of `OUTPUTS`.
        build: Counts (without, with) the label, and knobs -> the two-class `Tables` of that label.
    """

    name: str
    title: str
    source: str
    knobs: tuple[Knob, ...]
    flawed: bool
    output: str
    build: Callable[..., Tables]

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.build.__doc__ or "").strip().split("\n")[0]

    def tables(self, counts: ArrayLike, **knobs: Any) -> Tables:
        """The tables of one label.

        Args:
            counts: Training examples without and with the label, [2].
            **knobs: The method's own parameters.

        Raises:
            ValueError: Counts or knobs that make no sense, and which.
        """
        return self.build(np.asarray(counts, np.float64), **settle(self.name, self.knobs, knobs))


METHODS: dict[str, Method] = {}


def method(
    title: str, *, source: str, knobs: tuple[Knob, ...] = (), flawed: bool = False, output: str = "sigmoid"
) -> Callable:
    """Register a function `(counts, **knobs) -> Tables` of one label under its own name."""

    def register(function: Callable[..., Tables]) -> Callable[..., Tables]:
        METHODS[function.__name__] = Method(function.__name__, title, source, knobs, flawed, output, function)
        return function

    return register


def get(name: str) -> Method:
    """The entry called `name`.

    Raises:
        ValueError: There is none; the message lists those that exist.
    """
    return METHODS[one_of("method", name, METHODS)]


def _plain(n: Array) -> Tables:
    return STRATEGIES["cross_entropy"].tables(n)


def _weighted(n: Array, no: float, yes: float) -> Tables:
    return STRATEGIES["weighted_cross_entropy"].tables(n, class_weight=[no, yes])


def _focused(n: Array, no: float, yes: float) -> Tables:
    return replace(_plain(n), focus=np.array([no, yes]))


@method("Plain sigmoid", source="maximum likelihood")
def sigmoid(n: Array) -> Tables:
    """Cross-entropy of each label by itself: its optimum gives the probabilities of the data as they are."""
    return _plain(n)


@method(
    "pos_weight per label",
    source="King & Zeng 2001; TensorFlow's weighted_cross_entropy_with_logits",
    knobs=(
        Knob("power", "Power of the ratio", 1.0, 0.0, 2.0, 0.05, "pos_weight = (without / with)^power; 1 balances."),
    ),
)
def pos_weight(n: Array, *, power: float) -> Tables:
    """A yes weighs (without / with) for each label, a no weighs 1."""
    return _weighted(n, 1.0, float(class_weights(n, "pos_weight")[1]) ** power)


@method(
    "Weights {0: a, 1: b}",
    source="asked for in public threads",
    knobs=(
        Knob("no", "Weight of a 0, a", 1.0, 0.05, 20.0, 0.05, "For every element of the table of labels that is 0."),
        Knob("yes", "Weight of a 1, b", 4.0, 0.05, 20.0, 0.05, "For every element that is 1, whichever its label."),
    ),
)
def element_weights(n: Array, *, no: float, yes: float) -> Tables:
    """The same two weights for every label, however rare it is."""
    return _weighted(n, no, yes)


@method(
    "Focal",
    source="Lin et al. 2017, arXiv:1708.02002",
    knobs=(Knob("gamma", "Focus γ", 2.0, 0.0, 5.0, 0.1, "0 is the plain sigmoid."),),
)
def focal(n: Array, *, gamma: float) -> Tables:
    """Turns away from what is already easy, yes and no alike; its probabilities are pulled towards the middle."""
    return _focused(n, gamma, gamma)


@method(
    "Asymmetric focusing",
    source="Ridnik et al. 2021, arXiv:2009.14119 (without its probability margin)",
    knobs=(
        Knob("gamma_yes", "Focus on yes, γ₊", 0.0, 0.0, 5.0, 0.1, "How far an easy 1 is turned down."),
        Knob("gamma_no", "Focus on no, γ₋", 3.0, 0.0, 5.0, 0.1, "How far an easy 0 is turned down; most labels are 0."),
    ),
)
def asymmetric(n: Array, *, gamma_yes: float, gamma_no: float) -> Tables:
    """Focuses on the many easy noes only, so that the few yeses count in full."""
    return _focused(n, gamma_no, gamma_yes)


@method(
    "Class-balanced",
    source="Cui et al. 2019, arXiv:1901.05555",
    knobs=(Knob("beta", "Beta β", 0.999, 0.0, 1.0, 0.0001, "0: all weights 1; towards 1: inverse frequency."),),
)
def class_balanced(n: Array, *, beta: float) -> Tables:
    """Weights of yes and no by the effective number of examples, for each label."""
    return _weighted(n, *class_weights(n, "effective_number", beta=beta).tolist())


@method("Softmax over the labels", source="a mistake in public threads", flawed=True, output="softmax")
def softmax(n: Array) -> Tables:
    """Flawed: all labels share one probability of 1, so that at most one can be above a half."""
    return _plain(n)


@method("Sigmoid twice", source="a mistake in public threads", flawed=True, output="double")
def double_sigmoid(n: Array) -> Tables:
    """Flawed: a last layer with σ under a loss that takes logits: σ again, and the slope is squeezed to a quarter or less."""
    return _plain(n)


def expit(z: ArrayLike) -> Array:
    """σ(z), without overflow."""
    z = np.asarray(z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def outputs(output: str, z: ArrayLike) -> Array:
    """What a model puts out for each label.

    Args:
        output: One of `OUTPUTS`; "double" puts out σ(z), of which its loss takes σ once more.
        z: Logits, [L, ...].

    Returns:
        Between 0 and 1, [L, ...].

    Example:
        Two labels that are surely there. A softmax cannot say so:

        >>> outputs("sigmoid", [[6.0], [6.0]]).round(3).ravel().tolist(), outputs("softmax", [[6.0], [6.0]]).ravel().tolist()
        ([0.998, 0.998], [0.5, 0.5])
    """
    z = np.asarray(z, np.float64)
    if one_of("output", output, OUTPUTS) != "softmax":
        return expit(z)
    e = np.exp(z - z.max(0))
    return np.asarray(e / e.sum(0))


def element_loss(tables: Tables, z: ArrayLike, y: int) -> tuple[Array, Array]:
    """Loss of one label and its slope dℓ/dz at the logits (0, z), in NumPy.

    Args:
        tables: Of the label.
        z: Logits, [N].
        y: 0 or 1.

    Returns:
        Nats, and their slope, [N] each.

    Example:
        A weight of 16.13 on a yes (500 without, 31 with), at an undecided z = 0: 16.13 log 2, and 16.13 (σ(0) − 1).

        >>> [a.round(4).tolist() for a in element_loss(get("pos_weight").tables([500, 31]), [0.0], 1)]
        [[11.1798], [-8.0645]]
    """
    z = np.asarray(z, np.float64)
    pair = np.stack([np.zeros_like(z), z])
    return value(tables, pair, y), slope(tables, pair, y)[1]


def repaired(method: Method, tables: Tables, z: ArrayLike) -> Array | None:
    """The probability of a yes that the logits stand for, with weights and focus taken out again.

    Where a share η of equal examples has the label, training ends at the z with η ℓ₁'(z) + (1 − η) ℓ₀'(z) = 0. So z stands for
    η = ℓ₀' / (ℓ₀' − ℓ₁'): the weighting is undone exactly, focal losses too.

    Args:
        method: What trained the logits.
        tables: Of the label.
        z: Logits, any shape.

    Returns:
        η of the shape of z; None for the softmax, whose optimum depends on all labels at once.

    Example:
        With weights 1 and 9 an undecided model has seen a yes in one of ten:

        >>> m = get("element_weights")
        >>> repaired(m, m.tables([9, 1], no=1, yes=9), 0.0).round(6).item()
        0.1
    """
    if method.output == "softmax":
        return None
    z = np.clip(np.asarray(z, np.float64), -FAR, FAR)
    flat = (expit(z) if method.output == "double" else z).ravel()
    no, yes = (element_loss(tables, flat, y)[1] for y in (0, 1))
    return np.asarray((no / (no - yes)).reshape(z.shape))


def stands_for(method: Method, tables: Tables, share: float) -> float | None:
    """What a method puts out, at its optimum, where a share of the examples has the label: `repaired`, inverted.

    Returns:
        Between 0 and 1; None where there is no closed form, or where no output stands for that share.

    Example:
        >>> m = get("focal")
        >>> round(stands_for(m, m.tables([9, 1]), 0.9), 3)
        0.694
    """
    z = np.linspace(-FAR, FAR, 4_001)
    eta = repaired(method, tables, z)
    if eta is None or not eta[0] <= share <= eta[-1]:
        return None
    return float(expit(np.interp(share, eta, z)))


# Logits or probabilities

CLIP = 1e-7
"""What frameworks keep probabilities away from 0 and 1 by."""


def from_probabilities(z: ArrayLike, y: int, clip: float = CLIP) -> tuple[Array, Array]:
    """Cross-entropy of a label by way of p = σ(z) in float32, as when the last layer is a sigmoid, and its slope dℓ/dz.

    Args:
        z: Logits, [N].
        y: 0 or 1.
        clip: Probabilities are kept so far from 0 and 1; where that acts, the slope is 0.

    Returns:
        Loss and slope as float32 has them, [N] each.

    Example:
        A model that is sure and wrong, z = 40 for a no: the loss should be 40 with slope 1.

        >>> [float(a[0]) for a in from_probabilities([40.0], 0)]
        [15.942384719848633, 0.0]
    """
    one, eps = np.float32(1), np.float32(clip)
    p = expit(np.asarray(z, np.float32)).astype(np.float32)
    kept = np.clip(p, eps, one - eps)
    inside = (p == kept).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        if y:
            return -np.log(kept), inside * (-one / kept) * (p * (one - p))
        return -np.log(one - kept), inside * (one / (one - kept)) * (p * (one - p))


# The worked values of a public thread

WORKED: Mapping[str, tuple[list[list[int]], list[list[float]]]] = {
    "One example, six labels": ([[1, 0, 0, 0, 0, 0]], [[0.6, 0.1, 0.1, 0.9, 0.1, 0.0]]),
    "Two examples, two labels": ([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]),
}
"""Labels and probabilities."""


def worked(labels: ArrayLike, p: ArrayLike, no: float = 1.0, yes: float = 1.0) -> Array:
    """Weighted cross-entropy of every element of a table of labels, by the one equation.

    Args:
        labels: 0 or 1, [N, L].
        p: Probabilities, [N, L].
        no: Weight of a 0.
        yes: Weight of a 1.

    Returns:
        Nats, [N, L]; their mean is what frameworks report.

    Example:
        >>> [round(float(worked(*case, 1, w).mean()), 5) for case in WORKED.values() for w in (2, 1)]
        [0.60672, 0.52158, 1.044, 0.81492]
    """
    y, p = np.asarray(labels), np.clip(np.asarray(p, np.float64), CLIP, 1 - CLIP)
    tables, z = _weighted(np.ones(2), no, yes), np.log(p) - np.log1p(-p)
    return np.where(y == 1, *(element_loss(tables, z.ravel(), c)[0].reshape(y.shape) for c in (1, 0)))


# What is trained, and what comes of it

RULES = {"half": "Above a half", "moved": "Moved to the prior", "learned": "Learned, best F1"}
"""How a label is decided. "moved": yes where its probability, the weighting taken out, is above its share in training."""
FRAMES = 12
"""Pictures of a run, the first ones close together."""
STEPS = Knob("steps", "Steps", 300, 12, 3000, 10, "Optimiser steps, on all examples at once.")
RATE = Knob("learning_rate", "Learning rate", 0.05, 0.001, 1.0, 0.001, "Step size of Adam.")


@dataclass(frozen=True, eq=False)
class MultiPlan:
    """Every method on the same data, from the same parameters.

    Attributes:
        data: The problem.
        model: A key of `lossviz.MODELS`.
        dims: Units of every layer.
        tables: Of each method, in the order of `METHODS`, and each label, [M][L].
        steps: Step number of each frame, increasing.
        learning_rate: Of Adam.
        seed: Of the initial parameters.
    """

    data: MultiData
    model: str
    dims: tuple[int, ...]
    tables: tuple[tuple[Tables, ...], ...]
    steps: tuple[int, ...]
    learning_rate: float
    seed: int

    @property
    def theta(self) -> Array:
        """Parameters to begin with, [M, D]."""
        return np.stack([initial(self.dims, self.seed)] * len(METHODS))


def prepare_multilabel(
    data: MultiData,
    model: str = "linear",
    *,
    steps: int = 300,
    learning_rate: float = 0.05,
    seed: int = 0,
    knobs: Mapping[str, Mapping[str, float]] | None = None,
) -> MultiPlan:
    """Settle what is to be trained.

    Args:
        data: What `make_multilabel` or `from_label_table` returned.
        model: A key of `lossviz.MODELS`.
        steps: Steps of Adam on all examples at once.
        learning_rate: Its step size.
        seed: Of the initial parameters, the same for every method.
        knobs: Parameters of methods, by the method's name.

    Raises:
        ValueError: A name or number that makes no sense.

    Example:
        >>> from lossviz.multidata import make_multilabel
        >>> prepare_multilabel(make_multilabel(n=200, rarest=0.1), steps=100).steps
        (1, 3, 6, 11, 17, 25, 34, 44, 56, 69, 84, 100)
    """
    total, rate = int(STEPS.check(steps)), RATE.check(learning_rate)
    for name in knobs or {}:
        get(name)
    tables = tuple(
        tuple(m.tables(counts, **(knobs or {}).get(m.name, {})) for counts in data.counts) for m in METHODS.values()
    )
    ends = np.linspace(0, 1, FRAMES + 1)[1:] ** 2 * total
    frames = tuple(int(s) for s in np.unique(np.maximum(np.rint(ends), 1)))
    dims = get_model(model).dims(len(data.features), len(data.labels))
    return MultiPlan(data, model, dims, tables, frames, rate, seed)


@dataclass(frozen=True, eq=False)
class Judged:
    """Every method after so many steps; M methods in the order of `METHODS`, L labels, R = 3 rules in that of `RULES`.

    Attributes:
        step: How many.
        theta: Parameters, [M, D].
        loss: Each method's own mean loss an example, [M].
        logits: On the test part, [M, L, N].
        threshold: What the output is compared with, [R, M, L]; NaN where the rule has none.
        recall, precision, f1: On the test part, [R, M, L]; NaN where undefined.
        subset: Share of test examples with every label right, [R, M].
        hamming: Share of wrong answers among all, [R, M].
        average_precision: [M, L].
        ece: Calibration error of the output, taken for the probability of a yes, [M, L].
        repaired_ece: The same with the weighting taken out, [M, L]; NaN for the softmax.
    """

    step: int
    theta: Array
    loss: Array
    logits: Array
    threshold: Array
    recall: Array
    precision: Array
    f1: Array
    subset: Array
    hamming: Array
    average_precision: Array
    ece: Array
    repaired_ece: Array


BINS = 15


def reliability(labels: Array, p: Array, bins: int = BINS) -> Array:
    """Mean output, observed share of yes, and size of each bin that is not empty, [3, bins used].

    Args:
        labels: 0 or 1, [N].
        p: What is claimed to be the probability of a yes, [N].
        bins: Equally wide.
    """
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    size = np.bincount(bin_of, minlength=bins)
    used = size > 0
    return np.stack([np.bincount(bin_of, w, bins)[used] / size[used] for w in (p, labels)] + [size[used]])


def label_calibration_error(labels: Array, p: Array, bins: int = BINS) -> float:
    """|mean output − observed share| in equally wide bins of the output, weighted by their size; of one label.

    Example:
        >>> round(label_calibration_error(np.array([0, 1]), np.array([0.9, 0.9])), 3)
        0.4
    """
    claimed, observed, size = reliability(labels, p, bins)
    return float((np.abs(claimed - observed) * size).sum() / size.sum())


def in_worker(name: str, *args: Any) -> Any:
    """Call a function of `lossviz.multitrain`, with TensorFlow set up as for training: for `lossviz.engine.Engine.submit`."""
    from lossviz.engine import _train

    _train()
    from lossviz import multitrain

    return getattr(multitrain, name)(*args)
