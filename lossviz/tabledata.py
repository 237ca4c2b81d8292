"""From a table to a classification problem in the plane, with a sentence for every row that is left out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lossviz.cells import ABSENT, INFINITE, TEXT, as_numbers, as_text, is_missing
from lossviz.dataset import Array, Dataset, Labels, apportion, project, split
from lossviz.files import count_rows, listed, quote
from lossviz.tables import MAX_CLASSES, Table, TableError

if TYPE_CHECKING:
    pass

PROJECTED_CELLS = 20_000_000  # 160 MB of float64


def from_table(
    table: Table,
    label: str,
    features: Sequence[str] = "pca",
    *,
    seed: int = 0,
    max_rows: int = 100_000,
    test_size: float = 0.3,
) -> Dataset:
    r"""Make a classification problem in the plane out of a table.

    Rows that cannot be used are left out and counted in the notes. Of more than `max_rows` rows a random sample is kept
    in which every class keeps its share, and at least 2 rows.

    Args:
        table: What `read_table` returned.
        label: The column that holds the classes, 2 to 10 of them; class 0 is the largest, ties in order of name.
        features: Two numeric columns, in their own units; or a projection of all numeric columns but the label, "pca"
            or "lda", fitted on the standardised training part.
        seed: Decides on the sample and the split.
        max_rows: Rows used, training and test part together.
        test_size: Share of each class in the test part; both parts have every class.

    Returns:
        The dataset, without a `truth`.

    Raises:
        TableError: The choice of columns, or what is in them, makes no classification problem.

    Example:
        >>> from lossviz.tables import read_table
        >>> table = read_table(b"a,b,kind\n1,2,x\n2,?,x\n3,1,y\n4,0,y\n5,5,x\n1,1,y\n2,4,x\n", "mine.csv")
        >>> data = from_table(table, "kind", ("a", "b"))
        >>> data.classes, data.counts.tolist(), data.notes[1]
        (('x', 'y'), [2, 2], "Column 'b': 1 row left out, the value is missing (first: row 2).")
    """
    rng = np.random.default_rng([seed, 3])
    values, y, classes, columns, notes = _usable(table, label, features, rng, max_rows)
    train, test = split(y, test_size, rng)
    X, X_test, axes = values[train], values[test], columns
    if isinstance(features, str):
        try:
            X, X_test, axes, more = project(X, y[train], X_test, features)
        except ValueError as error:
            raise TableError(str(error)) from None
        notes += more
    else:
        for name, column in zip(columns, X.T, strict=True):
            if np.ptp(column) == 0:
                raise TableError(
                    f"Column {quote(name)} is {column[0]:g} in every training row, so that it tells nothing about the "
                    "classes; choose another column."
                )
    return Dataset("table", "Your table", X, y[train], X_test, y[test], classes, (axes[0], axes[1]), None, tuple(notes))


def _usable(
    table: Table, label: str, features: Sequence[str], rng: np.random.Generator, max_rows: int
) -> tuple[Array, Labels, tuple[str, ...], tuple[str, ...], list[str]]:
    """Turn the chosen columns into numbers, leaving out what cannot be used and saying so.

    Args:
        table: What `read_table` returned.
        label: The column that holds the classes.
        features: Two column names; or "pca" or "lda" for all numeric columns but the label.
        rng: Decides on the sample.
        max_rows: A stratified sample of so many rows is taken where there are more.

    Returns:
        Values [R, D], finite; classes [R], 0 the largest, ties in order of name; class names; column names [D]; notes.

    Raises:
        TableError: The choice of columns, or what is in them, makes no classification problem.
    """
    notes = list(table.notes)
    _check_choice(table, label, features)
    codes, names = _classes(table, label, notes)
    alive = list(range(len(names)))
    rows = _leave_out_small(np.flatnonzero(codes >= 0), codes, names, alive, notes)
    if isinstance(features, str):
        named = [name for name in table.numeric if name != label and table.identifies(name)]
        columns = [name for name in table.numeric if name != label and name not in named]
        notes += [f"Column {quote(name)} only names the rows: not part of the projection." for name in named]
        if len(columns) < 2:
            count = len(columns)
            raise TableError(f"A projection needs two numeric columns besides the label; here there are {count}.")
        # Sampled before the cells are read: all cells of a million rows would take minutes and gigabytes.
        rows = _thin(rows, codes, min(max_rows, PROJECTED_CELLS // len(columns)), rng, notes)
        columns, values, complete = _read_many(table, columns, rows, notes)
    else:
        columns = list(features)
        values, complete = _read_two(table, columns, rows, notes)
    values, rows = values[complete], rows[complete]
    kept = _leave_out_small(rows, codes, names, alive, notes)
    kept = _thin(kept, codes, max_rows, rng, notes)
    values = values[np.searchsorted(rows, kept)]
    if len(kept) not in (len(table.frame), max_rows):
        notes.append(f"{len(kept):,} of {count_rows(len(table.frame))} are used.")
    sizes = np.bincount(codes[kept], minlength=len(names))
    order = sorted(alive, key=lambda c: (-sizes[c], names[c]))
    rank = np.zeros(len(names), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return values, rank[codes[kept]], tuple(names[c] for c in order), tuple(columns), notes


def _check_choice(table: Table, label: str, features: Sequence[str]) -> None:
    chosen = [label] if isinstance(features, str) else [label, *features]
    for name in chosen:
        if name not in table.columns:
            raise TableError(f"There is no column {quote(name)}; the table has {listed(table.columns)}.")
    if isinstance(features, str):
        if features not in ("pca", "lda"):
            raise TableError(f"features must be 'pca', 'lda' or two columns; not {features!r}.")
    elif len(chosen) != 3:
        raise TableError(f"Choose two columns as features; not {len(features)}.")
    elif chosen[1] == chosen[2]:
        raise TableError(f"Both features are column {quote(chosen[1])}; choose two different columns.")
    elif label in features:
        raise TableError(f"Column {quote(label)} is the label and cannot be a feature too; choose another column.")


def _classes(table: Table, label: str, notes: list[str]) -> tuple[Labels, list[str]]:
    """The class of each row, -1 without one [N], and the names; refuses a column that is no label."""
    cells, trimmed = as_text(table.frame[label])
    encoded = cells.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    names = [value for value in values if not is_missing(value)]
    others = [name for name in table.labels if name != label]
    hint = f"choose another label column, such as {listed(others[:3])}" if others else "choose another label column"
    if len(names) > MAX_CLASSES:
        raise TableError(
            f"Column {quote(label)} has {len(names):,} different values; a label has 2 to {MAX_CLASSES}: {hint}."
        )
    if len(names) < 2:
        what = f"has only one class, {quote(names[0])}" if names else "has no values"
        more = "" if others else ", or upload a table that has rows of the other class too"
        raise TableError(f"Column {quote(label)} {what}; there must be at least two: {hint}{more}.")
    place = {name: c for c, name in enumerate(names)}
    codes = np.array([place.get(value, -1) for value in values])[encoded.indices.to_numpy(zero_copy_only=False)]
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold(), []).append(name)
    for same in alike.values():
        if len(same) > 1:
            notes.append(
                f"Classes {listed(same)} differ only in upper and lower case; if they are one, write them alike in the file."
            )
    if trimmed:
        notes.append(f"Column {quote(label)}: spaces around the label removed in {count_rows(trimmed)}.")
    if unlabelled := int(np.count_nonzero(codes < 0)):
        as_written = " or ".join(quote(value) if value else "blank" for value in values if is_missing(value))
        notes.append(f"Column {quote(label)}: {count_rows(unlabelled)} left out, the label is missing ({as_written}).")
    return codes.astype(np.int64), names


def _leave_out_small(rows: Labels, codes: Labels, names: list[str], alive: list[int], notes: list[str]) -> Labels:
    """Leave out classes with fewer than 2 rows, which cannot be in both parts; they are taken from `alive`."""
    sizes = np.bincount(codes[rows], minlength=len(names))
    small = [c for c in alive if sizes[c] < 2]
    for c in small:
        alive.remove(c)
        notes.append(f"Class {quote(names[c])} has {('no row', '1 row')[sizes[c]]} to use: left out.")
    if len(alive) < 2:
        left = f"only class {quote(names[alive[0]])} is" if alive else "no class is"
        raise TableError(
            f"After leaving out what cannot be used, {left} left; there must be two. {' '.join(notes[-5:])}"
        )
    return rows[sizes[codes[rows]] >= 2]


def _thin(rows: Labels, codes: Labels, most: int, rng: np.random.Generator, notes: list[str]) -> Labels:
    """At most `most` rows, at random, class by class."""
    if len(rows) <= most:
        return rows
    present, sizes = np.unique(codes[rows], return_counts=True)
    chosen = [
        rng.choice(rows[codes[rows] == c], size=quota, replace=False)
        for c, quota in zip(present, apportion(sizes, most), strict=True)
    ]
    notes.append(f"A random sample of {most:,} of {count_rows(len(rows))} is used; every class keeps its share.")
    return np.sort(np.concatenate(chosen))


def _read_two(table: Table, columns: list[str], rows: Labels, notes: list[str]) -> tuple[Array, NDArray[np.bool_]]:
    """Two chosen columns [R, 2] and which rows have both [R]; a note for everything else, column by column."""
    values, usable = np.empty((len(rows), 2)), np.ones(len(rows), dtype=bool)
    for i, name in enumerate(columns):
        column = table.frame[name].iloc[rows]
        values[:, i], fault = as_numbers(column)
        if (fault != 0).all():
            text = column[fault == TEXT]
            example = f" (for example {quote(text.iloc[0])})" if len(text) else ""
            raise TableError(f"Column {quote(name)} holds no numbers{example}; choose a column of numbers.")
        for kind, what in ((ABSENT, "missing"), (TEXT, "not a number"), (INFINITE, "infinite or beyond 1e30")):
            found = np.flatnonzero(fault == kind)
            if len(found):
                place = f"row {column.index[found[0]]}"
                first = f"{quote(column.iloc[found[0]])} in {place}" if kind == TEXT else place
                notes.append(
                    f"Column {quote(name)}: {count_rows(len(found))} left out, the value is {what} (first: {first})."
                )
        usable &= fault == 0
    return values, usable


def _read_many(
    table: Table, columns: list[str], rows: Labels, notes: list[str]
) -> tuple[list[str], Array, NDArray[np.bool_]]:
    """The columns that are mostly numbers, their values [R, D], and which rows have all of them [R]."""
    values, faults = np.empty((len(rows), len(columns))), np.zeros(len(rows), np.uint8)
    kept: list[str] = []
    sparse: list[str] = []
    worst = {kind: ("", 0) for kind in (ABSENT, TEXT, INFINITE)}
    for name in columns:
        values[:, len(kept)], fault = as_numbers(table.frame[name].iloc[rows])
        bad = int(np.count_nonzero(fault))
        if bad > len(rows) / 2:
            sparse.append(name)
            continue
        kept.append(name)
        np.maximum(faults, fault, out=faults)
        for kind, (_, most) in worst.items():
            if (count := int(np.count_nonzero(fault == kind))) > most:
                worst[kind] = (name, count)
    if sparse:
        notes.append(f"Mostly missing, so left out of the projection: {listed(sparse)}.")
    if len(kept) < 2:
        raise TableError(
            f"A projection needs two columns that are mostly numbers; without {listed(sparse)} there are not."
        )
    for kind, what in ((ABSENT, "missing"), (TEXT, "not a number"), (INFINITE, "infinite or beyond 1e30")):
        if count := int(np.count_nonzero(faults == kind)):
            where = f"most often in {quote(worst[kind][0])}, {worst[kind][1]:,}"
            notes.append(f"{count_rows(count)} left out, a value is {what} ({where}).")
    return kept, values[:, : len(kept)], faults == 0
