"""Every scheme side by side, for counts of any kind, and what each does to the learning rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.costs import quoted, times
from lossviz.knobs import one_of, settle
from lossviz.labels import KINDS, LabelCounts
from lossviz.weights import NORMALISATIONS, SCHEMES, Scheme, check_counts, scaled

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Schemes:
    """Every scheme of `lossviz.weights.SCHEMES`, on its own scale and normalised.

    Attributes:
        labels: The classes, [K].
        names: The schemes, [S].
        normalisations: None for the scheme's own scale, then those of `class_weights`, [N].
        weights: [S, N, K]; NaN for a class that never occurs.
        ratio: Largest over smallest weight, [S]; no normalisation changes it.
        step: Mean weight of an example, [S, N]: what plain gradient descent's steps are multiplied by.
        sentences: `step` in words, [S][N].
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    normalisations: tuple[str | None, ...]
    weights: Array
    ratio: Array
    step: Array
    sentences: tuple[tuple[str, ...], ...]

    def table(self, normalise: str | None = None) -> "pd.DataFrame":
        """Weights side by side: a row for each class, a column for each scheme."""
        import pandas as pd

        at = self.normalisations.index(normalise)
        titles = [SCHEMES[name].title for name in self.names]
        return pd.DataFrame(self.weights[:, at].T, index=pd.Index(self.labels, name="Label"), columns=titles)

    @property
    def frame(self) -> "pd.DataFrame":
        """What each scheme does on each scale: a row for both, with ratio, mean weight of an example and sentence."""
        import pandas as pd

        rows = [
            (name, SCHEMES[name].title, normalise, self.ratio[i], self.step[i, j], self.sentences[i][j])
            for i, name in enumerate(self.names)
            for j, normalise in enumerate(self.normalisations)
        ]
        return pd.DataFrame(rows, columns=["scheme", "title", "normalise", "ratio", "step", "sentence"])


@dataclass(frozen=True, eq=False)
class PosWeights:
    """Positive weights of a multi-label problem.

    Attributes:
        weights: Rows without the label for each row with it, [K]; 1 for a label that never or always occurs, where there is
            nothing to balance.
        positives: Rows with each label, [K].
        negatives: Rows without it, [K].
        never: Indices of labels that no row has.
        always: Indices of labels that every row has.
        sentence: The largest weight, and the labels that have none, in words.
    """

    weights: Array
    positives: Array
    negatives: Array
    never: tuple[int, ...]
    always: tuple[int, ...]
    sentence: str


def counted(counts: LabelCounts | ArrayLike, kind: str | None = None) -> LabelCounts:
    """Counts as `LabelCounts`, checked: a plain array is counted rows, one label each, or pixels.

    Args:
        counts: Counted labels, or one whole number a class; 0 for a class that never occurs.
        kind: What a plain array counts: "single" (the default) or "pixels".

    Raises:
        ValueError: Counts that are negative, broken or all 0; labels, rows or pixels that do not go with them; another kind
            than the counted labels are; or "multi" for an array, which does not say how many rows there are.

    Example:
        >>> counted([3, 1]).labels
        ('0', '1')
        >>> counted([3, 1], "multi")
        Traceback (most recent call last):
        ...
        ValueError: several labels a row need the number of rows as well: give LabelCounts, not an array
    """
    if kind is not None:
        one_of("kind", kind, KINDS)
    given = counts.counts if isinstance(counts, LabelCounts) else counts
    n = check_counts(given, zero=True)
    labels = counts.labels if isinstance(counts, LabelCounts) else tuple(map(str, range(len(n))))
    if len(labels) != len(n):
        raise ValueError(f"labels must be one a class, {len(n)}; not {len(labels)}")
    for c in np.flatnonzero((n != np.floor(n)) | (n > 2**53)):
        raise ValueError(f"{quoted(labels[c])} has a count of {n[c]:g}: counts must be whole numbers up to 2^53")
    if not isinstance(counts, LabelCounts):
        if kind == "multi":
            raise ValueError("several labels a row need the number of rows as well: give LabelCounts, not an array")
        return LabelCounts(labels, n.astype(np.int64), int(n.sum()), kind=kind or "single")
    if kind not in (None, counts.kind):
        raise ValueError(f"the labels were counted as {counts.kind!r}; not {kind!r}")
    if counts.kind == "multi":
        for c in np.flatnonzero(n > counts.rows - counts.missing):
            raise ValueError(
                f"{quoted(counts.labels[c])} is in {n[c]:,.0f} rows of {counts.rows - counts.missing:,}: there cannot be more"
            )
    return counts


def examples(counts: LabelCounts) -> int:
    """How many examples there are: labelled rows, or pixels.

    Example:
        >>> examples(LabelCounts(("a", "b"), np.array([3, 4]), rows=6, missing=1, kind="multi"))
        5
    """
    return counts.rows - counts.missing if counts.kind == "multi" else int(counts.counts.sum())


def weigh(
    counts: LabelCounts,
    scheme: str,
    normalise: str | None = None,
    knobs: Mapping[str, Any] | None = None,
) -> Array:
    """Weights of the classes that occur; NaN for those that do not.

    Args:
        counts: Counted labels.
        scheme: A name in `SCHEMES`; of several labels a row, "pos_weight" is against the rows without the label.
        normalise: As in `class_weights`.
        knobs: The scheme's own parameters.

    Raises:
        ValueError: An unknown scheme, normalisation or knob, or a value out of range.

    Example:
        >>> weigh(LabelCounts(("a", "b", "c"), np.array([3, 0, 1]), 4), "balanced")
        array([0.66666667,        nan, 2.        ])
    """
    entry, settled = settled_scheme(scheme, normalise, knobs)
    n, there = np.asarray(counts.counts, np.float64), np.asarray(counts.counts) > 0
    w = np.full(len(n), np.nan)
    if there.any():
        w[there] = _weigh(entry, n[there, None], there, counts, normalise, settled)[:, 0]
    return w


def settled_scheme(
    scheme: str, normalise: str | None, knobs: Mapping[str, Any] | None
) -> tuple[Scheme, dict[str, Any]]:
    """The entry of a scheme and a value for each of its knobs; refuses what does not exist."""
    entry = SCHEMES[one_of("scheme", scheme, SCHEMES)]
    if normalise is not None:
        one_of("normalise", normalise, NORMALISATIONS)
    return entry, settle(scheme, entry.knobs, knobs or {})


def weigh_at(entry: Scheme, n: Array, counts: LabelCounts, normalise: str | None, knobs: Mapping[str, Any]) -> Array:
    """Weights at N draws of counts [K, N], which need not be those counted; inf for a class without any."""
    w = np.full(n.shape, np.inf)
    lacking, of = np.unique(n == 0, axis=1, return_inverse=True)
    for j, there in enumerate(~lacking.T):  # draws that lack the same classes are weighed at once
        if there.any():  # not a draw in which no label occurs
            at = np.ix_(there, of.reshape(-1) == j)
            w[at] = _weigh(entry, n[at], there, counts, normalise, knobs)
    return w


def _weigh(
    entry: Scheme,
    n: Array,
    there: NDArray[np.bool_],
    counts: LabelCounts,
    normalise: str | None,
    knobs: Mapping[str, Any],
) -> Array:
    """Weights of the classes that are there, at positive counts."""
    if entry.name == "pos_weight" and (counts.kind == "multi" or len(there) != 2 or len(n) < 2):
        # of three classes two may be left: they are still each against the rest, and not (negative, positive)
        total = examples(counts) if counts.kind == "multi" else n.sum(0)
        w = np.where(n < total, (total - n) / n, 1.0)
    elif counts.present is None:
        w = entry.weights(n, np.broadcast_to(n.sum(0), n.shape), **knobs)
    else:
        w = entry.weights(n, np.maximum(np.asarray(counts.present, np.float64)[there, None], n), **knobs)
    return scaled(w, n, normalise)


def step_sentence(step: float) -> str:
    """What the mean weight of an example does to the learning rate.

    Example:
        >>> step_sentence(0.25)
        'The mean example weighs 0.25: plain SGD takes steps 4 times smaller; Adam divides it out again.'
    """
    if abs(step - 1) < 0.005:
        return "The mean example weighs 1: the learning rate stays as it is."
    size = f"{times(step)} times larger" if step > 1 else f"{times(1 / step)} times smaller"
    if abs(np.log(step)) < np.log(1.05):
        size = "of nearly the same size"
    return f"The mean example weighs {step:.3g}: plain SGD takes steps {size}; Adam divides it out again."


def schemes(
    counts: LabelCounts | ArrayLike,
    present: ArrayLike | None = None,
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Schemes:
    """Every scheme side by side, on its own scale and normalised, and what that does to the learning rate.

    Of several labels a row, weights are those of a label's positives; its negatives keep 1.

    Args:
        counts: Counted labels, or one number a class.
        present: For "median_frequency", where a plain array is given: the pixels of the images that contain each class, [K].
        knobs: Parameters by scheme, such as `{"effective_number": {"beta": 0.99}}`.

    Raises:
        ValueError: As `counted` and `lossviz.class_weights`; or knobs of an unknown scheme.

    Example:
        >>> found = schemes([90, 10])
        >>> found.table("sum")["Balanced"].tolist()
        [0.1, 0.9]
        >>> float(found.ratio[found.names.index("sqrt")])
        3.0
        >>> found.sentences[found.names.index("inverse_frequency")][0]  # 0.9 · 0.1 + 0.1 · 0.9
        'The mean example weighs 0.18: plain SGD takes steps 5.6 times smaller; Adam divides it out again.'
    """
    c = _with_present(counts, present)
    for name in knobs or {}:
        one_of("scheme", name, SCHEMES)
    scales = (None, *NORMALISATIONS)
    w = np.array([[weigh(c, name, scale, (knobs or {}).get(name)) for scale in scales] for name in SCHEMES])
    n = np.asarray(c.counts, np.float64)
    there = n > 0
    step = w[..., there] @ n[there]
    if c.kind == "multi":
        cells = examples(c) * len(n)
        step = (step + cells - n.sum()) / cells
    else:
        step /= n.sum()
    own = w[:, 0, there]
    sentences = tuple(tuple(step_sentence(s) for s in row) for row in step.tolist())
    return Schemes(c.labels, tuple(SCHEMES), scales, w, own.max(1) / own.min(1), step, sentences)


def _with_present(counts: LabelCounts | ArrayLike, present: ArrayLike | None) -> LabelCounts:
    c = counted(counts, None if present is None or isinstance(counts, LabelCounts) else "pixels")
    if present is None:
        return c
    inside = np.asarray(present)
    if inside.shape != (len(c.labels),) or not (inside >= c.counts).all():
        raise ValueError(f"present must be one number a class, {len(c.labels)}, and no smaller than its count")
    return LabelCounts(c.labels, c.counts, c.rows, c.missing, c.kind, inside, c.notes)


def pos_weights(counts: LabelCounts) -> PosWeights:
    """The positive weight of each label: rows without it for each row with it.

    Rows that are missing count for neither. For one label a row, it is each class against the rest.

    Args:
        counts: Counted labels.

    Returns:
        Weights, and which labels have none.

    Raises:
        ValueError: As `counted`.

    Source:
        pos_weight of PyTorch's BCEWithLogitsLoss.

    Example:
        >>> found = pos_weights(LabelCounts(("cat", "dog", "eel"), np.array([2, 8, 0]), rows=12, missing=2, kind="multi"))
        >>> found.weights, found.never
        (array([4.  , 0.25, 1.  ]), (2,))
        >>> found.sentence
        "'cat' has the largest positive weight, 4: 2 rows with it, 8 without. No row has 'eel': leave it out."
    """
    c = counted(counts)
    n = np.asarray(c.counts, np.float64)
    rest = examples(c) - n
    never, always = np.flatnonzero(n == 0), np.flatnonzero(rest == 0)
    varied = (n > 0) & (rest > 0)
    w = np.divide(rest, n, out=np.ones_like(n), where=varied)
    parts = []
    if varied.any():
        top = int(np.where(varied, w, -1).argmax())
        parts.append(
            f"{quoted(c.labels[top])} has the largest positive weight, {w[top]:.4g}: {n[top]:,.0f} rows with it, "
            f"{rest[top]:,.0f} without."
        )
    if len(never):
        parts.append(f"No row has {listed(c, never)}: leave {it_or_them(never)} out.")
    if len(always):
        parts.append(f"Every row has {listed(c, always)}: there is nothing to learn about {it_or_them(always)}.")
    return PosWeights(w, n, rest, tuple(never.tolist()), tuple(always.tolist()), " ".join(parts))


def suggest_beta(counts: LabelCounts | ArrayLike) -> float:
    """A β at which effective-number weights are neither flat nor inverse frequencies.

    With N = 1/(1 − β), an effective number grows with the count up to about N and no further. N below the smallest class
    makes all weights equal; N above the largest makes them inverse frequencies. Half-way on a log scale is N = the geometric
    mean of the two, and leaves a ratio of weights near the square root of the imbalance.

    Args:
        counts: Counted labels, or one number a class.

    Raises:
        ValueError: As `counted`.

    Example:
        >>> suggest_beta([10_000, 100])
        0.999
    """
    n = np.asarray(counted(counts).counts, np.float64)
    n = n[n > 0]
    return float(1 - np.exp(-(np.log(n.min()) + np.log(n.max())) / 2))


def listed(c: LabelCounts, classes: NDArray[np.int64]) -> str:
    """Up to three of these classes by name, and how many more."""
    text = ", ".join(quoted(c.labels[i]) for i in classes[:3])
    return text + (f" and {len(classes) - 3} more" if len(classes) > 3 else "")


def it_or_them(classes: NDArray[np.int64]) -> str:
    """What to call these classes once they were named."""
    return "it" if len(classes) == 1 else "them"
