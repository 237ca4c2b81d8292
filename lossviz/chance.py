"""What chance does to counted labels: how far weights could be off, and which classes batches and folds miss."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.compare import counted, examples, settled_scheme, weigh_at
from lossviz.costs import percent, quoted, times
from lossviz.labels import LabelCounts

Array = NDArray[np.float64]

MAX_CELLS = 2_000_000  # draws × classes of a bootstrap: 16 MB, half a second
MAX_CLASSES = 10_000  # so that 200 draws are left


@dataclass(frozen=True, eq=False)
class Intervals:
    """How far each weight could be off, had other rows been labelled.

    Attributes:
        low: Lower end, [K]; NaN for a class that never occurs.
        high: Upper end, [K]; inf where the class vanishes from more than half of 1 − level of the draws.
        vanished: Share of the draws without the class, [K].
        draws: How many there were; 0 where resampling would mislead, and then all ends are NaN.
        level: Share of the draws between the ends.
        sentence: The widest of them in words, or why there are none.
    """

    low: Array
    high: Array
    vanished: Array
    draws: int
    level: float
    sentence: str


@dataclass(frozen=True, eq=False)
class Batches:
    """What a mini-batch holds.

    Attributes:
        batch_size: Examples (for pixels, images) in a batch.
        expected: Expected number of each class, [K] (for pixels, of images with it).
        none: Probability that a batch has none, [K].
        sentence: The rarest class in words.
    """

    batch_size: int
    expected: Array
    none: Array
    sentence: str


@dataclass(frozen=True, eq=False)
class Folds:
    """Which classes the folds of a cross-validation miss.

    Attributes:
        k: Number of folds.
        random: Of k random folds, how many are expected to miss each class, [K].
        stratified: Of k stratified folds, how many must, [K].
        sentence: The rarest class in words.
    """

    k: int
    random: Array
    stratified: Array
    sentence: str


def bootstrap(
    counts: LabelCounts | ArrayLike,
    scheme: str = "balanced",
    normalise: str | None = None,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    knobs: Mapping[str, Any] | None = None,
) -> Intervals:
    """Percentile intervals of the weights: how far they move when as many rows are drawn anew.

    Rows are drawn with replacement: counts are multinomial, and of several labels a row each label's count is binomial
    (which labels go together was not counted, and matters little to each weight). A class that vanishes from a draw
    weighs infinitely there; the others are weighted as `class_weights` would without it. Pixels of an image resemble each
    other, so that resampling them would give intervals far too narrow: there are none.

    Args:
        counts: Counted labels, or one number a class.
        scheme: A name in `SCHEMES`.
        normalise: As in `class_weights`.
        draws: At most how many; fewer where draws × classes would pass two million.
        seed: Of the drawing.
        level: Share of the draws between the ends.
        knobs: The scheme's own parameters.

    Returns:
        Both ends for each class, and how often it vanished.

    Raises:
        ValueError: As `lossviz.compare.weigh`; more than 10,000 classes; fewer than 40 draws; or a level out of (0, 1).

    Source:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.

    Example:
        >>> found = bootstrap([900, 100])  # the share of class 1 has a standard error of 0.95 points, so 8.1 to 11.9 %
        >>> found.low.round(2), found.high.round(2)
        (array([0.54, 4.24]), array([0.57, 6.1 ]))
        >>> float(bootstrap([99, 1]).high[1])  # in 37 % of the draws there is none
        inf
    """
    c = counted(counts)
    entry, settled = settled_scheme(scheme, normalise, knobs)
    n, k, total = np.asarray(c.counts, np.float64), len(c.labels), examples(c)
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1; not {level!r}")
    if draws < 40:
        raise ValueError(f"draws must be 40 or more; not {draws!r}")
    if c.kind == "pixels" or k > MAX_CLASSES:
        why = (
            "Pixels of one image resemble each other: resampling them would give intervals far too narrow; there are none."
            if c.kind == "pixels"
            else f"No intervals for more than {MAX_CLASSES:,} classes."
        )
        nothing = np.full(k, np.nan)
        return Intervals(nothing, nothing, nothing, 0, level, why)
    draws = max(40, min(draws, MAX_CELLS // k))
    rng = np.random.default_rng(seed)
    drawn = (
        rng.binomial(total, n / total, (draws, k)) if c.kind == "multi" else rng.multinomial(total, n / total, draws)
    )
    w = weigh_at(entry, drawn.T.astype(np.float64), c, normalise, settled)
    beyond = int((1 - level) / 2 * draws)
    w.sort(axis=1)  # not np.quantile, which interpolates, and there is nothing between a number and inf
    vanished = (drawn == 0).mean(0)
    low, high = np.where(n > 0, w[:, beyond], np.nan), np.where(n > 0, w[:, draws - 1 - beyond], np.nan)
    return Intervals(low, high, vanished, draws, level, _widest(c, low, high, vanished, level))


def _widest(c: LabelCounts, low: Array, high: Array, vanished: Array, level: float) -> str:
    n = np.where(c.counts > 0, c.counts, np.inf)
    r = int(n.argmin())
    who = f"{quoted(c.labels[r])} ({_examples(int(n[r]))})"
    if np.isinf(high[r]):
        return (
            f"The weight of {who} rests on nothing: drawn anew, as many rows would have none of it in "
            f"{percent(float(vanished[r]))} of cases."
        )
    return (
        f"Drawn anew, as many rows would give {who} a weight between {low[r]:.3g} and {high[r]:.3g} in "
        f"{percent(level)} of cases."
    )


def _examples(n: int) -> str:
    return "1 example" if n == 1 else f"{n:,} examples"


_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])


def _none_of(total: float, n: Array, size: float) -> Array:
    """Probability that `size` of `total` examples, drawn without replacement, have none of a class's `n` (exact)."""
    left = total - n - size
    log = (
        _log_gamma(total - n + 1)
        - _log_gamma(np.maximum(left, 0) + 1)
        - _log_gamma(total + 1)
        + _log_gamma(total - size + 1)
    )
    return np.where(left >= 0, np.exp(np.minimum(log, 0)), 0.0)


def batches(counts: LabelCounts | ArrayLike, batch_size: int = 32) -> Batches:
    """What a mini-batch holds of each class, drawn without replacement as an epoch does (hypergeometric).

    For pixels a batch is of images, taken to be of one size; `present` then says which share of them has the class.

    Args:
        counts: Counted labels, or one number a class.
        batch_size: Examples (images) in a batch; no more than there are.

    Returns:
        Expected numbers and probabilities of none; NaN for pixels where the images that contain a class are not known.

    Raises:
        ValueError: As `lossviz.compare.counted`; or a batch size that is no whole number from 1.

    Example:
        >>> found = batches([998, 2], 32)
        >>> found.expected.round(3), found.none.round(3)
        (array([31.936,  0.064]), array([0.   , 0.937]))
        >>> found.sentence
        "A batch of 32 has none of '1' in 94 % of cases; 0.064 of them are expected in it."
    """
    c = counted(counts)
    n, total = np.asarray(c.counts, np.float64), examples(c)
    if not (isinstance(batch_size, int | np.integer) and batch_size >= 1):
        raise ValueError(f"batch_size must be a whole number from 1; not {batch_size!r}")
    size = int(batch_size)
    if c.kind == "pixels":
        if c.present is None:
            unknown = np.full(len(n), np.nan)
            return Batches(
                size, unknown, unknown, "Which images contain a class was not counted: batches are not known."
            )
        share = np.minimum(np.asarray(c.present, np.float64) / max(c.rows, total), 1.0)
        share[n == 0] = 0  # whatever was said of it
        expected, none, what = size * share, (1 - share) ** size, "a batch of {} images"
    else:
        size = min(size, total)
        expected, none, what = size * n / total, _none_of(total, n, size), "a batch of {}"
    r = int(np.where(n > 0, expected, np.inf).argmin())
    batch = what.format(f"{size:,}")
    who = quoted(c.labels[r])
    if none[r] < 0.01:
        sentence = (
            f"Nearly every batch has every class: {batch} has none of {who} in {percent(float(none[r]))} of cases."
        )
    else:
        sentence = (
            f"{batch[:1].upper()}{batch[1:]} has none of {who} in {percent(float(none[r]))} of cases; "
            f"{expected[r]:.2g} of them are expected in it."
        )
    return Batches(size, expected, none, sentence)


def folds(counts: LabelCounts | ArrayLike, k: int = 5) -> Folds:
    """How many folds of a cross-validation miss each class: expected of random ones (exact), certain of stratified ones.

    Args:
        counts: Counted labels, or one number a class.
        k: Number of folds, of equal size up to one example.

    Returns:
        Both numbers for each class; NaN for pixels, since folds are of images.

    Raises:
        ValueError: As `lossviz.compare.counted`; or a number of folds not whole, under 2, or over that of examples.

    Example:
        >>> found = folds([97, 3], 5)  # each fold of 20 misses class 1 in 80/100 · 79/99 · 78/98 of cases
        >>> found.random.round(3), found.stratified
        (array([0.   , 2.541]), array([0., 2.]))
        >>> found.sentence
        "Of 5 random folds, 2.5 are expected to have none of '1'; of 5 stratified folds, 2 must."
    """
    c = counted(counts)
    n, total = np.asarray(c.counts, np.float64), examples(c)
    if not (isinstance(k, int | np.integer) and k >= 2):
        raise ValueError(f"the number of folds must be a whole number from 2; not {k!r}")
    if c.kind == "pixels":
        unknown = np.full(len(n), np.nan)
        return Folds(int(k), unknown, unknown, "Folds are of images, and how many contain a class was not counted.")
    if k > total:
        raise ValueError(f"{k} folds need as many examples at least; not {total}")
    size, longer = divmod(total, int(k))
    random = longer * _none_of(total, n, size + 1) + (k - longer) * _none_of(total, n, size)
    stratified = np.maximum(0.0, k - n)
    r = int(np.where(n > 0, n, np.inf).argmin())
    who = quoted(c.labels[r])
    if random[r] < 0.01:
        sentence = f"Every class is in every one of {k} folds, even random ones ({who} is the rarest)."
    else:
        sentence = f"Of {k} random folds, {random[r]:.2g} are expected to have none of {who}; of {k} stratified folds, "
        sentence += f"{times(float(stratified[r]))} must." if stratified[r] else "none need to."
    return Folds(int(k), random, stratified, sentence)
