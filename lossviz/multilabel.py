"""Multi-label training: what its outputs stand for, what is to be trained, and what comes of it.

The ways to train are in `lossviz.multimethods`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Knob
from lossviz.models import get as get_model
from lossviz.models import initial
from lossviz.multidata import MultiData
from lossviz.multimethods import METHODS, LabelTables, Method, element_loss, expit, get, weighted

Array = NDArray[Any]
FAR = 50.0
"""Logits beyond it say the same to a weight: 1 − σ(50) is 2e-22."""


def repaired(method: Method, tables: LabelTables, z: ArrayLike) -> Array | None:
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


def stands_for(method: Method, tables: LabelTables, share: float) -> float | None:
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
    tables, z = weighted(np.ones(2), no, yes), np.log(p) - np.log1p(-p)
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
    tables: tuple[tuple[LabelTables, ...], ...]
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
        repaired_ece: The same with the weighting taken out, [M, L]; NaN for a softmax and a doubled sigmoid.
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
