"""Class-weight schemes: counts -> weights. The one place to add a scheme.

A scheme is a function from class counts (all positive) to one weight a class, registered with `@scheme`. Pages, tests
and the reference take it from `SCHEMES`. Its sums are over the first axis, so that it weighs many draws of counts at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Choice, Knob, one_of, settle

Array = NDArray[np.float64]
MOST = 1e100
"""Largest count, and one by the smallest: pixels are counted in shares, too."""


@dataclass(frozen=True)
class Scheme:
    """One way to turn counts into weights.

    Attributes:
        name: What `class_weights` calls it.
        title: What people call it.
        formula: LaTeX.
        fixed_by: The quantity that its own scale keeps fixed.
        source: Where it comes from.
        knobs: Its parameters.
        weights: counts [K] or [K, N], present of the same shape, knobs -> weights of the same shape: N draws of counts at once.
        sigmoid: Whether it weighs the yes of a label against its no, in a sigmoid each: a ratio, which has no other scale.
    """

    name: str
    title: str
    formula: str
    fixed_by: str
    source: str
    knobs: tuple[Knob | Choice, ...]
    weights: Callable[..., Array]
    sigmoid: bool = False

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.weights.__doc__ or "").strip().split("\n")[0]


SCHEMES: dict[str, Scheme] = {}
NORMALISATIONS = ("sum", "classes", "mean")


def scheme(
    title: str,
    formula: str,
    *,
    fixed_by: str,
    source: str,
    knobs: tuple[Knob | Choice, ...] = (),
    sigmoid: bool = False,
) -> Callable:
    """Register a function `(counts, present, **knobs) -> weights` under its own name."""

    def register(function: Callable[..., Array]) -> Callable[..., Array]:
        name = function.__name__
        SCHEMES[name] = Scheme(name, title, formula, fixed_by, source, knobs, function, sigmoid)
        return function

    return register


@scheme(
    "Balanced",
    r"w_c = \frac{n}{K\,n_c}",
    fixed_by="Σ n_c w_c = n",
    source="scikit-learn, compute_class_weight('balanced')",
)
def balanced(counts: Array, present: Array) -> Array:
    """Every class has the same total weight, and the mean example keeps weight 1."""
    return counts.sum(0) / (len(counts) * counts)


@scheme(
    "Inverse frequency",
    r"w_c = \frac{1/n_c}{\sum_j 1/n_j}",
    fixed_by="Σ w_c = 1",
    source="folklore; proportional to balanced",
)
def inverse_frequency(counts: Array, present: Array) -> Array:
    """The same proportions as balanced, summing to 1."""
    return (1 / counts) / (1 / counts).sum(0)


@scheme(
    "Square root",
    r"w_c = \sqrt{n_{\max}/n_c}",
    fixed_by="w = 1 for the largest class",
    source="folklore; see Mahajan et al. 2018, arXiv:1805.00932",
)
def sqrt(counts: Array, present: Array) -> Array:
    """Half of the imbalance, on a log scale, is left."""
    return np.sqrt(counts.max(0) / counts)


@scheme(
    "Log-smoothed",
    r"w_c = \frac{1}{\ln(c + \pi_c)}",
    fixed_by="nothing: between 1/ln(c+1) and 1/ln(c)",
    source="ENet, Paszke et al. 2016, arXiv:1606.02147",
    knobs=(Knob("smoothing", "Smoothing c", 1.02, 1.001, 2.0, 0.001, "Bounds the largest weight by 1/ln c."),),
)
def log(counts: Array, present: Array, *, smoothing: float) -> Array:
    """Bounded: no class weighs more than 1/ln c, however rare it is."""
    return 1 / np.log(smoothing + counts / counts.sum(0))


@scheme(
    "Power",
    r"w_c = (n_{\min}/n_c)^{\gamma}",
    fixed_by="w = 1 for the smallest class",
    source="folklore; γ=1 is inverse frequency, γ=½ the square root",
    knobs=(Knob("gamma", "Power γ", 0.5, 0.0, 2.0, 0.05, "0: no weights; 1: inverse frequency."),),
)
def power(counts: Array, present: Array, *, gamma: float) -> Array:
    """A dial from no weights (γ=0) to inverse frequency (γ=1)."""
    return (counts.min(0) / counts) ** gamma


@scheme(
    "Median frequency",
    r"w_c = \frac{\operatorname{median}(f)}{f_c},\quad f_c = \frac{\text{pixels}_c}{\text{pixels of images containing } c}",
    fixed_by="w = 1 for a class of median frequency",
    source="Eigen & Fergus 2015, arXiv:1411.4734",
)
def median_frequency(counts: Array, present: Array) -> Array:
    """For segmentation: a class is rare only within the images that contain it; for plain labels f is the share."""
    frequency = counts / present
    return np.median(frequency, 0) / frequency


@scheme(
    "Effective number",
    r"w_c \propto \frac{1-\beta}{1-\beta^{n_c}}",
    fixed_by="Σ w_c = K",
    source="Cui et al. 2019, arXiv:1901.05555",
    knobs=(Knob("beta", "Beta β", 0.999, 0.0, 1.0, 0.0001, "0: all weights 1; towards 1: inverse frequency."),),
)
def effective_number(counts: Array, present: Array, *, beta: float) -> Array:
    """Examples overlap, so that the n-th adds less than the first; β says how much."""
    if beta == 1:  # the limit
        w = 1 / counts
    elif beta == 0:
        w = np.ones_like(counts)
    else:  # 1 - β^n loses every digit near β = 1 unless it is taken through expm1
        w = (1 - beta) / -np.expm1(counts * np.log(beta))
    return w * len(w) / w.sum(0)


@scheme(
    "Positive weight",
    r"w_{\text{pos}} = \frac{n_{\text{neg}}}{n_{\text{pos}}},\quad w_{\text{neg}} = 1",
    fixed_by="the negative class keeps 1",
    source="pos_weight of PyTorch's BCEWithLogitsLoss; TensorFlow's weighted_cross_entropy_with_logits",
    sigmoid=True,
)
def pos_weight(counts: Array, present: Array) -> Array:
    """Negatives per positive: two classes are (negative, positive); of more classes each is taken against the rest."""
    if len(counts) == 2:
        return np.stack([np.ones_like(counts[0]), counts[0] / counts[1]])
    return (counts.sum(0) - counts) / counts


def scaled(w: Array, counts: Array, normalise: str | None) -> Array:
    """Weights on one of the scales of `class_weights`, [K] or [K, N] at counts of the same shape."""
    if normalise == "sum":
        return w / w.sum(0)
    if normalise == "classes":
        return w * len(w) / w.sum(0)
    if normalise == "mean":
        return w * counts.sum(0) / (counts * w).sum(0)
    return w


def check_counts(counts: ArrayLike, *, what: str = "counts", zero: bool = False) -> Array:
    """Return class counts as float64 [K], or say which class is wrong.

    Args:
        counts: One non-negative number a class.
        what: How to call them in the message.
        zero: Whether an absent class is allowed.

    Raises:
        ValueError: Empty, not 1-D, fewer than one class, or a class whose count is missing, negative or 0.

    Example:
        >>> check_counts([3, -1])
        Traceback (most recent call last):
        ...
        ValueError: class 1 has a count of -1: counts must be positive and finite
    """
    try:
        array = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be numbers, one a class; not {counts!r:.80}") from None
    if array.ndim != 1:
        raise ValueError(f"{what} must be one number a class (1-D); not an array of shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{what} are empty: give one number a class")
    for c, n in enumerate(array):
        if not (np.isfinite(n) and (n > 0 or (zero and n == 0))):
            if n == 0:
                raise ValueError(f"class {c} has a count of 0: a class that never occurs has no weight; leave it out")
            raise ValueError(
                f"class {c} has a count of {n:g}: {what} must be {'not negative' if zero else 'positive'} and finite"
            )
    if not array.any():
        raise ValueError(f"{what} are all 0: at least one class must occur")
    least, most = array[array > 0].min(), array.max()
    if least < 1 / MOST or most > MOST:  # their ratios could overflow
        raise ValueError(f"{what} are from {least:g} to {most:g}: they must be between {1 / MOST:g} and {MOST:g}")
    return array


def class_weights(
    counts: ArrayLike,
    scheme: str = "balanced",
    normalise: str | None = None,
    present: ArrayLike | None = None,
    **knobs: Any,
) -> Array:
    """Class weights from class counts.

    Args:
        counts: Examples (or pixels) of each class, [K], all positive.
        scheme: A name in `SCHEMES`.
        normalise: None keeps the scheme's own scale; "sum" makes Σw = 1; "classes" Σw = K; "mean" the mean weight of
            an example 1 (Σ n_c w_c = n), which leaves the learning rate alone.
        present: For "median_frequency": the pixels of the images that contain each class, [K]; without it, every class
            is taken to be in every image.
        **knobs: The scheme's own parameters, such as `beta`.

    Returns:
        Weights, float64 [K].

    Raises:
        ValueError: A class with no, a negative or an undefined count; an unknown scheme, normalisation or knob.

    Example:
        >>> class_weights([3, 1, 2])
        array([0.66666667, 2.        , 1.        ])
        >>> class_weights([500, 31], "pos_weight").round(3)
        array([ 1.   , 16.129])
        >>> class_weights([90, 10], normalise="sum")
        array([0.1, 0.9])
    """
    entry = SCHEMES[one_of("scheme", scheme, SCHEMES)]
    n = check_counts(counts)
    if normalise is not None:
        one_of("normalise", normalise, NORMALISATIONS)
    if present is None:
        in_images = np.full_like(n, n.sum())
    elif scheme != "median_frequency":
        raise ValueError(f"present belongs to the scheme 'median_frequency'; not {scheme!r}")
    else:
        in_images = check_counts(present, what="present")
        if in_images.shape != n.shape:
            raise ValueError(f"present must have one number a class, {len(n)}; not {len(in_images)}")
        for c in np.flatnonzero(in_images < n):
            raise ValueError(f"class {c} has {n[c]:g} pixels in images of {in_images[c]:g}: present cannot be smaller")
    return scaled(entry.weights(n, in_images, **settle(scheme, entry.knobs, knobs)), n, normalise)
