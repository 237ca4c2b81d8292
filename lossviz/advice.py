"""Verdict, not just numbers: every scheme side by side, what to be careful about, and whether to weight at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.chance import Batches, Folds, Intervals, batches, bootstrap, folds
from lossviz.compare import (
    PosWeights,
    Schemes,
    counted,
    examples,
    it_or_them,
    listed,
    pos_weights,
    schemes,
    suggest_beta,
    weigh,
)
from lossviz.costs import (
    Equivalent,
    Implied,
    Thresholds,
    equivalent_weights,
    implied_costs,
    percent,
    quoted,
    thresholds,
    times,
)
from lossviz.labels import LabelCounts
from lossviz.rules import EVEN, EXTREME, FEW, Recommendation, facts_of, recommend
from lossviz.weights import SCHEMES

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

FLAT = 1.05  # ratio of effective-number weights, below which they are no weights
MANY = 1000  # classes
EITHER = ("absent", "present")  # what a label of several a row is


@dataclass(frozen=True)
class Caution:
    """Something to be careful about.

    Attributes:
        about: "absent", "images", "few", "flat", "extreme", "even" or "many".
        sentence: What, and what to do.
        classes: Indices of the classes it is about; empty for all of them.
    """

    about: str
    sentence: str
    classes: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Verdict:
    """All that is to be said about counted labels.

    Attributes:
        counts: What was counted.
        shares: Share of the examples with each label, [K].
        schemes: Every scheme side by side.
        scheme: The scheme that is shown: the one asked for, the recommended, or else balanced.
        normalise: Its normalisation.
        weights: Its weights, [K].
        intervals: How far they could be off.
        batches: What a mini-batch holds.
        folds: What folds miss; None where there are fewer examples than folds.
        cautions: What to be careful about.
        recommendation: Whether to weight, how, and why.
        implied: The costs that the shown weights state; None for fewer than two classes that occur, and several labels a row.
        pos_weights: Of several labels a row; else None.
        thresholds: Where costs are given; else None.
        equivalent: The weights that say the same as the costs, where given; else None.
        headline: The whole in one sentence or two.
    """

    counts: LabelCounts
    shares: Array
    schemes: Schemes
    scheme: str
    normalise: str | None
    weights: Array
    intervals: Intervals
    batches: Batches
    folds: Folds | None
    cautions: tuple[Caution, ...]
    recommendation: Recommendation
    implied: Implied | None
    pos_weights: PosWeights | None
    thresholds: Thresholds | None
    equivalent: Equivalent | None
    headline: str

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each label: count, share, weight, interval, and what batches and folds miss."""
        import pandas as pd

        unknown = np.full(len(self.shares), np.nan)
        return pd.DataFrame(
            {
                "label": self.counts.labels,
                "count": self.counts.counts,
                "share": self.shares,
                "weight": self.weights,
                "low": self.intervals.low,
                "high": self.intervals.high,
                "per_batch": self.batches.expected,
                "none_in_batch": self.batches.none,
                "folds_without": unknown if self.folds is None else self.folds.random,
            }
        )


def cautions(
    counts: LabelCounts | ArrayLike, knobs: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Caution, ...]:
    """What to be careful about: absent classes, few examples, flat or extreme weights, even counts, many classes.

    Args:
        counts: Counted labels, or one number a class.
        knobs: Parameters by scheme, as in `schemes`.

    Raises:
        ValueError: As `schemes`.

    Example:
        >>> for caution in cautions(LabelCounts(("fraud", "ok"), np.array([3, 400]), 403)):
        ...     print(caution.about, "|", caution.sentence)
        few | 'fraud' with 3 examples: not enough; even a recall measured on all 3 has a standard error of up to 29 points.
    """
    c = counted(counts)
    n = np.asarray(c.counts, np.float64)
    there = n > 0
    out = []
    absent = np.flatnonzero(~there)
    if len(absent):
        verb = ("never occurs and has", "never occur and have")[len(absent) > 1]
        out.append(_caution("absent", absent, f"{listed(c, absent)} {verb} no weight: leave {it_or_them(absent)} out."))
    if c.kind == "pixels" and c.present is None:
        out.append(
            Caution(
                "images",
                "Which images contain a class was not counted: median frequency takes each class to be in all.",
            )
        )
    rest = examples(c) - n
    fewer = np.minimum(n, np.where(rest > 0, rest, n)) if c.kind == "multi" else n
    if c.kind != "pixels" and len(few := np.flatnonzero(there & (fewer < FEW))):
        few = few[np.argsort(fewer[few], kind="stable")]
        m = int(fewer[few[0]])
        what = "row" if c.kind == "multi" else "example"
        which = "with it" if fewer[few[0]] == n[few[0]] else "without it"
        some = f"{m} {what}{'' if m == 1 else 's'}" + (f" {which}" if c.kind == "multi" else "")
        more = f" (and {len(few) - 1} more with fewer than {FEW})" if len(few) > 1 else ""
        out.append(
            _caution(
                "few",
                few,
                f"{quoted(c.labels[few[0]])} with {some}{more}: not enough; even a recall measured on "
                f"{'it' if m == 1 else f'all {m}'} has a standard error of up to {50 / np.sqrt(m):.0f} points.",
            )
        )
    out += _of_ratio(c, n, there, knobs)
    k = len(n)
    if k > MANY or (k > 20 and examples(c) < 5 * k):
        mean = f"{examples(c) / k:.2g}"
        each = f"{mean} example{'s' * (mean != '1')} each"
        out.append(
            Caution(
                "many",
                f"{k:,} classes with {each} on average: is this the label, or does it name the rows?",
            )
        )
    return tuple(out)


def _of_ratio(c: LabelCounts, n: Array, there: NDArray[np.bool_], knobs: Mapping[str, Any] | None) -> list[Caution]:
    """Cautions about how far apart the counts, or the weights, are."""
    f = facts_of(c)
    out: list[Caution] = []
    if not f.varied:
        return out
    if f.ratio < EVEN and f.n > 1:
        out.append(Caution("even", f"Nearly balanced: {f.apart}. There is little for weights to do."))
    if f.ratio > EXTREME:
        out.append(
            _caution(
                "extreme",
                np.array([f.rarest]),
                f"Balanced weights are {times(f.ratio)} to 1: one {f.one} moves the model as far as {times(f.ratio)} others, and "
                "a mislabelled one does as much damage. Look through those labels, or weight more gently (square root).",
            )
        )
    some = n[there]
    flat = weigh(c, "effective_number", None, (knobs or {}).get("effective_number"))[there]
    if some.max() > 2 * some.min() and flat.max() < FLAT * flat.min():
        beta = suggest_beta(c)
        better = weigh(c, "effective_number", None, {"beta": beta})[there]
        given = (knobs or {}).get("effective_number", {}).get("beta", _default_beta())
        apart = f"{(flat.max() / flat.min() - 1) * 100:.1g} %" if flat.max() > flat.min() else "nothing"
        out.append(
            Caution(
                "flat",
                f"At β = {given:g} effective-number weights differ by {apart} although counts differ by a factor of "
                f"{times(some.max() / some.min())}: every class is far larger than 1/(1 − β) = {1 / (1 - given):,.0f}. "
                f"β = 1 − {1 - beta:.2g} (1/(1 − β) half-way between smallest and largest class) makes it "
                f"{times(better.max() / better.min())} to 1.",
            )
        )
    return out


def _default_beta() -> float:
    return float(next(k.default for k in SCHEMES["effective_number"].knobs if k.name == "beta"))


def _caution(about: str, classes: NDArray[np.int64], sentence: str) -> Caution:
    return Caution(about, sentence, tuple(classes.tolist()))


def verdict(
    counts: LabelCounts | ArrayLike,
    scheme: str | None = None,
    normalise: str | None = None,
    *,
    costs: ArrayLike | None = None,
    batch_size: int = 32,
    k: int = 5,
    probabilities: bool = False,
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Verdict:
    """All that is to be said about counted labels, in one call.

    Args:
        counts: Counted labels, or one number a class.
        scheme: The scheme to show; by default the recommended one, or balanced where that is none.
        normalise: Its normalisation, where a scheme is given.
        costs: As in `recommend`.
        batch_size: Examples in a batch.
        k: Number of folds.
        probabilities: Whether probabilities are needed.
        knobs: Parameters by scheme, as in `schemes`.
        draws: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        ValueError: As `schemes`, `recommend`, `lossviz.chance.bootstrap`, `batches` and `folds`.

    Example:
        >>> found = verdict(LabelCounts(("fraud", "ok"), np.array([100, 900]), 1000))
        >>> found.headline.split(":")[0]
        "1,000 rows, 2 classes, 'fraud' the rarest with 100 (10 %). Do not weight"
        >>> found.implied.sentence
        "Balanced weights say that missing one 'fraud' costs as much as 9 false alarms."
        >>> found.table.round(2).loc[0, ["weight", "low", "high"]].tolist()
        [5.0, 4.24, 6.1]
    """
    c = counted(counts)
    found = recommend(c, None, costs, batch_size, probabilities)
    if scheme is None:
        scheme = found.scheme or ("pos_weight" if c.kind == "multi" else "balanced")
        normalise = found.normalise if found.scheme else normalise
    own = (knobs or {}).get(scheme)
    side_by_side = schemes(c, knobs=knobs)
    w = weigh(c, scheme, normalise, own)
    multi = c.kind == "multi"
    titled = _titled(scheme)
    implied = implied_costs(w, c.labels, titled) if np.isfinite(w).sum() > 1 and not multi else None
    return Verdict(
        counts=c,
        shares=c.counts / examples(c),
        schemes=side_by_side,
        scheme=scheme,
        normalise=normalise,
        weights=w,
        intervals=bootstrap(c, scheme, normalise, draws, seed, knobs=own),
        batches=batches(c, batch_size),
        folds=folds(c, k) if k <= examples(c) else None,
        cautions=cautions(c, knobs),
        recommendation=found,
        implied=implied,
        pos_weights=pos_weights(c) if multi else None,
        thresholds=None if costs is None else thresholds(costs, EITHER if multi else c.labels),
        equivalent=None
        if costs is None
        else equivalent_weights(costs, None if multi else c.counts, EITHER if multi else c.labels),
        headline=f"{_counted(c)} {found.sentence}",
    )


def _titled(scheme: str) -> str:
    """A scheme's weights in a sentence."""
    title = SCHEMES[scheme].title.lower()
    return f"{title}s" if title.endswith("weight") else f"{title} weights"


def _counted(c: LabelCounts) -> str:
    """What was counted, in one sentence."""
    r = int(np.where(c.counts > 0, c.counts, np.iinfo(np.int64).max).argmin())
    n, k = int(c.counts[r]), len(c.labels)
    of = "pixel" if c.kind == "pixels" else "row"
    rows = f"{examples(c):,} {of}{'' if examples(c) == 1 else 's'}"
    what = ("label" if c.kind == "multi" else "class") if k == 1 else ("labels" if c.kind == "multi" else "classes")
    return f"{rows}, {k:,} {what}, {quoted(c.labels[r])} the rarest with {n:,} ({percent(n / examples(c))})."


def picture_sentence(found: Verdict) -> str:
    """What the picture of counts and weights says, in one sentence.

    Example:
        >>> picture_sentence(verdict(LabelCounts(("fraud", "ok"), np.array([31, 500]), 531)))
        "'fraud' is 5.8 % of 531 rows; with balanced weights one of it counts as much as 16 of 'ok'."
    """
    c = found.counts
    if c.kind == "multi" or np.isfinite(found.weights).sum() < 2:
        r = int(np.where(c.counts > 0, c.counts, np.inf).argmin())
        tail = f"its weight is {found.weights[r]:.3g}"
    else:
        r, top = int(np.nanargmax(found.weights)), int(np.nanargmin(found.weights))
        if np.isclose(found.weights[r], found.weights[top]):
            tail = "all classes weigh the same"
        else:
            ratio = times(float(found.weights[r] / found.weights[top]))
            tail = f"one of it counts as much as {ratio} of {quoted(c.labels[top])}"
    of = f"{examples(c):,} {'pixels' if c.kind == 'pixels' else 'rows'}"
    return f"{quoted(c.labels[r])} is {percent(float(found.shares[r]))} of {of}; with {_titled(found.scheme)} {tail}."
