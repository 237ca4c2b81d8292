"""Multi-label data: a seeded problem whose posteriors are exact, and tables of 0 and 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz.cells import ABSENT, TEXT, as_numbers
from lossviz.files import count_rows, counted, quote
from lossviz.knobs import Knob, settle
from lossviz.tables import Table, TableError

Array = NDArray[Any]
NAMES = ("road", "tree", "car", "person", "bike", "dog", "boat", "deer")
"""What the labels of the made problem are called, the most frequent first."""
KNOBS = (
    Knob("labels", "Labels", 4, 3, 8, 1, "Yes-or-no questions that every example answers; several can be yes."),
    Knob(
        "n", "Training examples", 1000, 200, 5000, 100, "Half as many are held out, and as many again are for the test."
    ),
    Knob("common", "Share of the commonest", 0.4, 0.05, 0.8, 0.01, "Of the examples that have the first label."),
    Knob("rarest", "Share of the rarest", 0.04, 0.005, 0.5, 0.005, "The others lie between, evenly on a log scale."),
    Knob("correlation", "Correlation", 0.5, 0.0, 0.95, 0.05, "Of the labels' noise: 0, each errs by itself."),
    Knob("noise", "Noise", 0.5, 0.1, 3.0, 0.1, "How far labels are from being decided by the two features."),
)
FEW = 8
"""Fewest examples of either kind that a label of a table needs: four to train, and some to hold out and to test."""
ADVICE = "Write 1 where a label holds and 0 where not, in every row."
MOST_LABELS, MOST_FEATURES, MOST_ROWS = 8, 32, 20_000


@dataclass(frozen=True, eq=False)
class MultiData:
    """A multi-label problem, in a part to train on, one held out for thresholds, and one to test on.

    Attributes:
        labels: Names, L of them, the most frequent first by the rates that were asked for, or in the whole table.
        features: Names, F of them.
        X, y: Training part, [N, F] and 0 or 1 [N, L].
        X_held, y_held: Held-out part.
        X_test, y_test: Test part.
        weights: Of the exact posterior P(label | x) = σ(weights @ x + biases), [L, F]; None where nobody knows it.
        biases: [L]; None likewise.
        notes: What was done to the data, plain sentences.
    """

    labels: tuple[str, ...]
    features: tuple[str, ...]
    X: Array
    y: Array
    X_held: Array
    y_held: Array
    X_test: Array
    y_test: Array
    weights: Array | None = None
    biases: Array | None = None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Array:
        """Training examples without and with each label, [L, 2]."""
        yes = self.y.sum(0)
        return np.stack([len(self.y) - yes, yes], 1)

    @property
    def rarest(self) -> int:
        """The label that the fewest training examples have; of several the last."""
        rates = self.y.mean(0)
        return int(np.flatnonzero(rates == rates.min())[-1])

    def posterior(self, X: Array) -> Array:
        """The exact probability of every label, [N, L].

        Raises:
            ValueError: Nobody knows it.
        """
        if self.weights is None or self.biases is None:
            raise ValueError("the posterior of a table of measurements is not known")
        return np.asarray(1 / (1 + np.exp(-(X @ self.weights.T + self.biases))))


def make_multilabel(*, seed: int = 0, **knobs: Any) -> MultiData:
    """Labels that do not exclude each other, on two features, with exact posteriors.

    x is a standard normal in the plane. Label l is there where a_l · x + b_l + noise · e_l > 0, with unit vectors a_l spread over
    the circle and e_l logistic, so that P(l | x) = σ((a_l · x + b_l) / noise) exactly. Common normal parts tie the e_l together
    (a Gaussian copula), which leaves each label's own posterior as it is; b_l is set so that the base rate is the one asked for.

    Args:
        seed: Decides everything that is drawn.
        **knobs: Those in `KNOBS`: labels, n, common, rarest, correlation, noise.

    Returns:
        The problem.

    Raises:
        ValueError: A knob out of range, a rarest label commoner than the commonest, or one that no example happens to have.

    Example:
        >>> data = make_multilabel(labels=3, n=2000, common=0.4, rarest=0.1)
        >>> data.labels, data.y.mean(0).round(1).tolist()
        (('road', 'tree', 'car'), [0.4, 0.2, 0.1])
        >>> bool(abs(data.posterior(data.X).mean(0) - data.y.mean(0)).max() < 0.03)
        True
    """
    from scipy import optimize, stats  # type: ignore[import-untyped]

    k = settle("make_multilabel", KNOBS, knobs)
    if k["rarest"] > k["common"]:
        raise ValueError(
            f"rarest must not be more than common; it is {k['rarest']:g}, and the commonest label's share is {k['common']:g}"
        )
    count, n, noise = k["labels"], k["n"], k["noise"]
    rates = np.geomspace(k["common"], k["rarest"], count)
    angles = 2 * np.pi * 0.381966 * np.arange(count)  # the golden angle: neighbours in rarity look elsewhere
    a = np.stack([np.cos(angles), np.sin(angles)], 1)
    nodes, mass = np.polynomial.hermite_e.hermegauss(80)
    mass = mass / mass.sum()

    def base(b: float) -> float:
        return float(mass @ (1 / (1 + np.exp(-np.clip((nodes + b) / noise, -500, 500)))))

    b = np.array([optimize.brentq(lambda b, r=r: base(b) - r, -40, 40) for r in rates])
    rng = np.random.default_rng([seed, 11])

    def draw(size: int) -> tuple[Array, Array]:
        x = rng.normal(size=(size, 2))
        common, own = rng.normal(size=(size, 1)), rng.normal(size=(size, count))
        g = np.sqrt(k["correlation"]) * common + np.sqrt(1 - k["correlation"]) * own
        e = stats.logistic.ppf(stats.norm.cdf(g))
        return x, (x @ a.T + b + noise * e > 0).astype(np.int64)

    parts = [draw(size) for size in (n, n // 2, n)]
    names = NAMES[:count]
    for (_, y), part in zip(parts, ("training", "held-out", "test"), strict=True):
        for name, share in zip(names, y.mean(0), strict=True):
            if share in (0, 1):
                raise ValueError(
                    f"Label {quote(name)} is {'never' if share == 0 else 'always'} there in the {part} part: it cannot be "
                    "learned or judged. Ask for more examples, a less extreme share, or another seed."
                )
    return MultiData(names, ("x1", "x2"), *parts[0], *parts[1], *parts[2], a / noise, b / noise)


def binary(table: Table) -> tuple[str, ...]:
    """Columns of a table that hold nothing but 0 and 1, missing cells apart: those that can be labels."""
    found = []
    for name in table.columns:
        values, fault = as_numbers(table.frame[name])
        if (fault == 0).any() and not (fault == TEXT).any() and np.isin(values[fault == 0], (0, 1)).all():
            found.append(name)
    return tuple(found)


def spoilt(table: Table) -> dict[str, str]:
    r"""Columns that seem meant as labels and are not of 0 and 1, each with the reason.

    They are 0 and 1 in nine of ten rows and a whole number or a word in the others, or they hold two words, as yes and no, or
    two other whole numbers, as -1 and 1.

    Example:
        >>> from lossviz.tables import read_table
        >>> table = read_table(b"a,late\n" + b"1,0\n2,1\n3,0\n" * 4 + b"1,2\n", "mine.csv")
        >>> spoilt(table), spoilt(read_table(b"a,late\n1,yes\n2,no\n3,no\n", "mine.csv"))
        ({'late': "'late' holds '2' in row 13"}, {'late': "'late' holds 'yes' and 'no'"})
    """
    found = {}
    for name in table.columns:
        values, fault = as_numbers(table.frame[name])
        there = fault != ABSENT
        fits = there & np.isin(values, (0, 1))
        whole = (fault != 0) | (values == np.round(values))
        if there.any() and 0.9 <= fits.sum() / there.sum() < 1 and whole[there].all():
            found[name] = _wrong_cell(table, name, values, fault)
        elif not fits[there].all() and whole[there].all() and (said := _pair(table, name, there)):
            found[name] = said
    return found


def _pair(table: Table, name: str, there: Array) -> str:
    """The two values of a column that has two, in whatever case; empty of any other."""
    said = table.frame[name][there].astype(str).str.strip().str.casefold().unique()
    return f"{quote(name)} holds {quote(said[0])} and {quote(said[1])}" if len(said) == 2 else ""


def _wrong_cell(table: Table, name: str, values: Array, fault: Array) -> str:
    """The first cell of a column that is there, and neither 0 nor 1; empty where there is none."""
    wrong = np.flatnonzero((fault != ABSENT) & ~np.isin(values, (0, 1)))
    if not len(wrong):
        return ""
    cell = f"{values[wrong[0]]:g}" if fault[wrong[0]] == 0 else str(table.frame[name].iloc[wrong[0]])
    return f"{quote(name)} holds {quote(cell)} in row {table.frame.index[wrong[0]]}"


def _half_written(name: str, values: Array, fault: Array) -> str:
    """What to do about a label that is written where it holds only, or where it does not; empty where it is another."""
    there = np.unique(values[fault == 0])
    if len(there) != 1 or (fault == 0).all():
        return ""
    mend = "0 where it does not hold" if there[0] == 1 else "1 where it holds"
    cells = f"{there[0]:.0f} and {counted(int((fault != 0).sum()), 'empty cell')}"
    return f"Column {quote(name)} holds only {cells}: write {mend}, or leave the label out."


def offered(table: Table) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """Columns of 0 and 1; of numbers that do not only name the rows; all; and what keeps others from being labels."""
    numeric = tuple(c for c in table.numeric if not table.identifies(c))
    return binary(table), numeric, table.columns, spoilt(table)


def _dealt(y: Array, rng: np.random.Generator) -> list[Array]:
    """Row numbers in three parts of about .5, .2 and .3, with every label's rarer value dealt out in those shares."""
    parts: list[list[int]] = [[], [], []]
    left = np.ones(len(y), bool)
    rarer = y == (y.mean(0) < 0.5)
    for c in (*np.argsort(rarer.sum(0), kind="stable"), -1):
        rows = rng.permutation(np.flatnonzero(left & rarer[:, c] if c >= 0 else left))
        ends = np.rint(np.cumsum((0.5, 0.2)) * len(rows)).astype(int)
        for part, some in zip(parts, np.split(rows, ends), strict=True):
            part += some.tolist()
        left[rows] = False
    return [np.sort(np.array(p, np.int64)) for p in parts]


def from_label_table(
    table: Table, labels: Sequence[str], features: Sequence[str] | None = None, *, seed: int = 0
) -> MultiData:
    r"""Make a multi-label problem out of a table whose label columns hold 0 and 1.

    Args:
        table: What `lossviz.read_table` returned.
        labels: Two to eight columns of 0 and 1.
        features: Columns of numbers; by default all others that hold numbers, do not only name the rows, and do not look
            like labels (`spoilt`).
        seed: Decides the sample of a long table and the split: half to train, a fifth held out, the rest to test.

    Returns:
        The problem, features standardised on the training part, labels the most frequent first, without a posterior.

    Raises:
        TableError: What is wrong, in which column and row, and what to do.

    Example:
        >>> from lossviz.tables import read_table
        >>> rows = [f"{i},{i % 7},{int(i % 7 > 3)},{int(i % 3 == 0)}" for i in range(60)]
        >>> table = read_table("a,b,late,dear\n".encode() + "\n".join(rows).encode(), "mine.csv")
        >>> data = from_label_table(table, ["late", "dear"])
        >>> data.labels, data.features, data.X.shape
        (('late', 'dear'), ('a', 'b'), (30, 2))
        >>> from_label_table(table, ["late", "b"])
        Traceback (most recent call last):
        ...
        lossviz.files.FileError: Column 'b' holds '2' in row 3: a label must be 0 or 1 in every row; mend it, or choose others.
    """
    chosen = list(dict.fromkeys(labels))
    for name in (*chosen, *(features or ())):
        if name not in table.columns:
            raise TableError(f"There is no column {quote(name)} in the table.")
    if len(chosen) < 2:
        ready = binary(table)
        nearly = [why for name, why in spoilt(table).items() if name not in chosen]
        because = f" Not of 0 and 1: {'; '.join(nearly[:5])}. {ADVICE}" if nearly else ""
        if not chosen and len(ready) < 2:
            raise TableError(
                f"A label is a column of 0 and 1, and there are no two such columns.{because or ' ' + ADVICE}"
            )
        only = f"Only {quote(chosen[0])} is chosen" if chosen else "None is chosen"
        because = because or " One yes-or-no question is a two-class problem, for the page Strategy race."
        raise TableError(f"{only}: a multi-label problem has two label columns or more.{because}")
    if len(chosen) > MOST_LABELS:
        raise TableError(f"{len(chosen)} label columns are chosen; at most {MOST_LABELS} are trained at once.")
    notes = list(table.notes)
    held = [name for name in (offered(table)[1] if features is None else features) if name not in chosen]
    if features is None and (meant := {name: why for name, why in spoilt(table).items() if name not in chosen}):
        told = "; ".join(meant.values())
        notes.append(f"{told}: no features unless they are named as such, for they could give labels away.")
        held = [name for name in held if name not in meant]
        if not held:
            raise TableError(
                f"No features are left: {told}, as labels do. Name the columns that are features, or bring more."
            )
    if not held:
        raise TableError("No features are left: beside the labels the table needs a column of numbers to tell them by.")
    if len(held) > MOST_FEATURES:
        notes.append(f"The first {MOST_FEATURES} of {len(held)} columns of numbers are used as features.")
        held = held[:MOST_FEATURES]
    whole = np.ones(len(table.frame), bool)
    read = {name: as_numbers(table.frame[name]) for name in (*chosen, *held)}
    if wrong := [said for name in chosen if (said := _wrong_cell(table, name, *read[name]))]:
        raise TableError(
            f"Column {'; '.join(wrong)}: a label must be 0 or 1 in every row; mend {'it' if len(wrong) == 1 else 'them'}, "
            "or choose others."
        )
    columns, lost = {}, []
    for name, (values, fault) in read.items():
        missing = whole & (fault != 0)
        if missing.any():
            why = "missing" if (fault[missing] == ABSENT).all() else "missing, no number, or beyond 1e30"
            first = table.frame.index[np.flatnonzero(missing)[0]]
            left_out = f"{count_rows(int(missing.sum()))} left out, the value is {why} (first: row {first})."
            lost.append(f"Column {quote(name)}: {left_out}")
        whole &= fault == 0
        columns[name] = values
    rows = np.flatnonzero(whole)
    if not len(rows):
        empty = sorted((-int((fault != 0).sum()), name) for name, (_, fault) in read.items())[:3]
        most = ", ".join(f"{quote(name)} in {count_rows(-n)}" for n, name in empty if n)
        raise TableError(
            f"No row has a value in every chosen column. Missing, or no number: {most}. Fill the cells, or choose other columns."
        )
    notes += lost
    rng = np.random.default_rng([seed, 12])
    if len(rows) > MOST_ROWS:
        notes.append(f"A random {MOST_ROWS:,} of {len(rows):,} rows are used.")
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    y = np.stack([columns[name][rows] for name in chosen], 1).astype(np.int64)
    constant, rare, why_fewer = [], [], ""
    fewer_rows = " " + " ".join(lost) if lost else ""
    for name, yes in zip(chosen, y.sum(0).tolist(), strict=True):
        fewer = min(yes, len(y) - yes)
        if not fewer:
            if half := _half_written(name, *read[name]):
                raise TableError(half)
            values, fault = read[name]
            varies = len(np.unique(values[fault == 0])) > 1  # not in the rows that are left
            why_fewer = fewer_rows if varies else why_fewer
            what = "0 in every row{}: it is never there" if yes == 0 else "1 in every row{}: it is always there"
            constant.append(f"{quote(name)} is {what.format(' that is left' if varies else '')}")
        elif fewer < FEW:
            rare.append(
                f"{quote(name)} is {1 if yes == fewer else 0} in only {fewer} of {count_rows(len(y))}{' left' * bool(lost)}"
            )
    if constant:
        them = "it" if len(constant) == 1 else "them"
        raise TableError(
            f"Label {'; '.join(constant)}. There is nothing to learn from {them}: leave {them} out.{why_fewer}"
        )
    if rare:
        raise TableError(
            f"Label {'; '.join(rare)}. At least {FEW} are needed to train, to hold out and to test: leave "
            f"{'it' if len(rare) == 1 else 'them'} out, or bring more rows.{fewer_rows}"
        )
    order = np.argsort(-y.sum(0), kind="stable")
    y, names = y[:, order], tuple(chosen[c] for c in order)
    parts = _dealt(y, rng)
    for rows_of, part in zip(parts, ("training", "held-out", "test"), strict=True):
        for name, share in zip(names, y[rows_of].mean(0), strict=True):
            if share in (0, 1):
                raise TableError(
                    f"Label {quote(name)} is {share:.0f} in every row of the {part} part; try another seed, or bring more rows."
                )
    X = np.stack([columns[name][rows] for name in held], 1)
    spread = np.ptp(X[parts[0]], axis=0)
    for name in [h for h, s in zip(held, spread, strict=True) if s == 0]:
        notes.append(f"Column {quote(name)} is the same in every training row: no feature.")
    X, held = X[:, spread > 0], [h for h, s in zip(held, spread, strict=True) if s > 0]
    if not held:
        raise TableError("Every feature is the same in all training rows: choose columns that differ.")
    X = (X - X[parts[0]].mean(0)) / X[parts[0]].std(0)
    return MultiData(
        names,
        tuple(held),
        X[parts[0]],
        y[parts[0]],
        X[parts[1]],
        y[parts[1]],
        X[parts[2]],
        y[parts[2]],
        notes=tuple(notes),
    )
