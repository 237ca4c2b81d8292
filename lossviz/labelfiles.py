"""Files of labels: a path or bytes -> what was detected -> `LabelCounts`, with a sentence for whatever is left out or wrong.

What something is comes from its content, never from its name; nothing is ever written to disk.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lossviz.files import LONGEST_LINE, FileError, compression_of, listed, quote, unpacking
from lossviz.knobs import one_of
from lossviz.labelguess import LAYOUTS, PIXEL_NAMES, Guess, Rows, guess_layout
from lossviz.labels import LabelCounts, count_labels
from lossviz.labelsource import is_workbook, lies, located, packed_as
from lossviz.labeltables import open_excel, open_json, open_parquet
from lossviz.labeltext import MAX_LABELS, Reader, decoded, open_text, too_many

if TYPE_CHECKING:
    import polars as pl

LabelFileError = FileError  # what reading a file of labels raises
PREVIEW = 8


@dataclass(frozen=True, eq=False)
class LabelFile:
    """A file of labels and what was detected in it; every guess can be overruled when it is opened or counted.

    Attributes:
        filename: What its owner calls it.
        format: "text", "parquet", "excel" or "json".
        compression: "gzip", "zip", "zstd" or "".
        encoding: Of text, Python's name for it; else "".
        delimiter: Of text: what separates the cells; "" for one cell a line.
        header: Whether the first line holds the columns' names.
        columns: All names; `column 1` and so on where there are none.
        preview: The first rows, as text, each as wide as `columns`.
        rows: How many rows there are, where that is known without reading all of it.
        notes: What was decided, and why; plain sentences.
        sheets: Of a workbook: the names of its sheets.
    """

    filename: str
    format: str
    compression: str
    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]
    rows: int | None = None
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    _rows: Rows = field(default=(), repr=False)
    _reader: "Reader | None" = field(default=None, repr=False)

    def guess(self, layout: str | None = None) -> Guess:
        """The likeliest layout and column, with a reason; the column alone where the layout is known."""
        return guess_layout(self.columns, self._rows, self.header, layout)

    def count(
        self, column: str | Sequence[str] | None = None, *, layout: str | None = None, separator: str | None = None
    ) -> LabelCounts:
        r"""How often each label occurs.

        Args:
            column: The label column; of "columns" several; of "table" label and count, of "pixels" label, pixels and
                pixels of the images that contain it. None takes the guess.
            layout: A key of `LAYOUTS`; None takes the guess.
            separator: Of "cells": what stands between two labels; None takes the guess.

        Returns:
            The counts; their notes begin with those of the file. Rows that are ragged or have no label are counted as
            missing: of "single" `counts.sum() + missing` is the number of rows of the file, always.

        Raises:
            FileError: There is no such column, or what is in it cannot be counted so.

        Example:
            >>> file = open_labels(b"id;kind\n1;cat\n2;dog\n3;\n4;cat\n")
            >>> counts = file.count()
            >>> counts.labels, counts.counts.tolist(), counts.missing, counts.rows
            (('cat', 'dog'), [2, 1], 1, 4)
        """
        guess = self.settled(column, layout, separator)
        if self._reader is None:
            raise FileError(f"{quote(self.filename)} was read elsewhere; open it again to count.")
        notes = [*self.notes, *self._guessed(guess, column is None, layout is None and separator is None)]
        counts = self._fast(guess)
        if counts is None:
            frame, more = self._reader.careful(guess.columns)
            if more and guess.layout in ("table", "pixels"):
                raise FileError(f"{quote(self.filename)} cannot be read as a table of counts: {more[0]}")
            notes += more
            counts = _counts(frame.lazy(), guess, self.filename)
            if more:  # null where a row is ragged
                told = (
                    note.replace(" without a value", " that are ragged or without a value") for note in counts.notes
                )
                counts = replace(counts, notes=tuple(told))
        if not counts.labels:
            raise FileError(f"No row of column {quote(guess.columns[0])} in {quote(self.filename)} has a label.")
        others = [c for c in self.columns if c not in guess.columns and c.strip().lower() in PIXEL_NAMES]
        if guess.layout == "single" and others:
            notes.append(
                f"Rows were counted; if {quote(others[0])} holds the pixels of each, choose the layout of pixels to add them up."
            )
        if guess.layout == "single" and len(counts.labels) == 1:
            notes.append(f"Every row with a label has the same one, {quote(counts.labels[0])}.")
        return replace(counts, notes=(*notes, *counts.notes))

    def _guessed(self, guess: Guess, column: bool, layout: bool) -> list[str]:
        """A sentence on what is counted, where the column or the layout was guessed and could have been another."""
        first, *others = map(quote, guess.columns)
        if not (column and len(self.columns) > 1) and not (layout and guess.layout != "single"):
            return []
        said = {
            "single": f"Rows are counted by column {first}",
            "cells": f"Labels are in column {first}, several in a cell",
            "columns": f"Labels are the columns {listed(guess.columns)}, of 0 and 1",
            "table": f"Column {others[0] if others else first} is read as the count of each label in {first}",
            "pixels": f"Column {others[0] if others else first} is read as the pixels of each label in {first}",
        }[guess.layout]
        instead = "; the layout “single” counts rows instead" if layout and guess.layout in ("table", "pixels") else ""
        return [f"{said}: {guess.reason}{instead}."]

    def settled(
        self, column: str | Sequence[str] | None = None, layout: str | None = None, separator: str | None = None
    ) -> Guess:
        r"""What `count` is asked for by the same arguments, completed by the guess.

        Raises:
            FileError: There is no such column, or the columns do not suit the layout.

        Example:
            >>> file = open_labels(b"label,count\ncat,3\ndog,1\n")
            >>> file.settled().layout, file.settled("label").layout
            ('table', 'single')
        """
        if layout is not None:
            one_of("layout", layout, LAYOUTS)
        if separator == "":
            raise FileError("A separator must be at least one character.")
        layout = layout or ("cells" if separator else None)
        names = self.columns if column is None else (column,) if isinstance(column, str) else tuple(column)
        names = tuple(
            name if name in self.columns else str(name).strip() for name in names
        )  # as those of the file are read
        for name in names:
            if name not in self.columns:
                raise FileError(
                    f"There is no column {quote(name)} in {quote(self.filename)}; it has {listed(self.columns)}."
                )
        places = [self.columns.index(name) for name in names]
        guess = guess_layout(names, [[row[i] for i in places] for row in self._rows], self.header, layout)
        if column is not None:
            guess = replace(guess, columns=names)
        if guess.layout == "cells" and not (separator or guess.separator):
            raise FileError("Say which separator stands between two labels of a cell, such as '|'.")
        least, most = {"columns": (1, len(self.columns)), "table": (2, 2), "pixels": (2, 3)}.get(guess.layout, (1, 1))
        if not least <= len(guess.columns) <= most:
            takes = f"{least}" if least == most else f"{least} to {most}"
            raise FileError(f"The layout {quote(guess.layout)} takes {takes} columns; not {len(guess.columns)}.")
        return replace(guess, separator=(separator or guess.separator) if guess.layout == "cells" else None)

    def _fast(self, guess: Guess) -> LabelCounts | None:
        """Counts by the fast way, or None where it does not lead there for certain."""
        import polars as pl
        from narwhals.exceptions import NarwhalsError

        assert self._reader is not None
        frame = self._reader.fast(guess.columns)
        if frame is None:
            return None
        try:
            counts = _counts(frame, guess, self.filename)
            return None if counts.missing and self._reader.doubtful() else counts
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, NarwhalsError, OSError, UnicodeError):
            return None
        except _Blank:
            if self._reader.doubtful():
                return None
            raise


def open_labels(
    source: bytes | str | os.PathLike[str],
    filename: str | None = None,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    sheet: str | None = None,
    separator: str | None = None,
) -> LabelFile:
    r"""Look at a file of labels: what it is, from its content and never from its name.

    Reads CSV, TSV, semicolons, pipes, one label a line, Parquet, Excel and JSON lines; plain, or packed with gzip, zip or
    zstd; in UTF-8, UTF-16 or Windows-1252. A path may lead to a file of any size: only its beginning is read here.

    Args:
        source: The bytes of a file, or its path (taken literally: no address, no pattern).
        filename: What its owner calls it, for messages.
        encoding: Overrules the encoding of text that was detected.
        delimiter: Overrules the delimiter; "" means that a line is one cell.
        header: Overrules whether the first line holds names.
        sheet: The sheet of a workbook; None takes the one of most rows.
        separator: What is known to stand between several labels of a cell: then it does not separate the cells.

    Returns:
        What was detected; `count` counts.

    Raises:
        FileError: It cannot be read; the message says why, and what to do.

    Example:
        >>> file = open_labels(b"cat\ndog\ncat\n")
        >>> file.delimiter, file.header, file.columns, file.count().counts.tolist()
        ('', False, ('column 1',), [2, 1])
    """
    place = located(source, filename)
    with unpacking(place.filename, packed_as(place.compression)), place.open() as stream:
        head = stream.read(LONGEST_LINE + 1)
    if not head.strip():
        raise FileError(f"{quote(place.filename)} is empty; it should hold a label a line, or a table with labels.")
    packed = compression_of(head)
    if head[:4] == b"\xd0\xcf\x11\xe0" or (packed == "zip" and not place.compression and is_workbook(place)):
        found = open_excel(place, sheet, header)
    elif packed:
        raise FileError(f"{quote(place.filename)} holds another packed file; unpack it first.")
    elif head[:4] in (b"PAR1", b"PARE"):
        found = open_parquet(place, head)
    else:
        text = decoded(place, head, encoding)
        found = (None if delimiter else open_json(text)) or open_text(text, delimiter, header)
        if separator and delimiter is None and found.delimiter == separator:
            found = open_text(text, "", header)
    return LabelFile(
        place.filename,
        found.format,
        place.compression,
        found.encoding,
        found.delimiter,
        found.header,
        found.columns,
        tuple(tuple(cell[:200] for cell in row) for row in found.sample[:PREVIEW]),
        found.rows,
        (*lies(place.filename, found.format, place.compression), *found.notes),
        found.sheets,
        found.sample,
        found.reader,
    )


@dataclass(frozen=True, eq=False)
class Reading:
    """A file read in a process of its own: all that can be sent from there.

    Attributes:
        file: What was detected; it cannot count any more.
        guess: How the file probably holds its labels.
        counts: The counts, or None where they could not be made.
        problem: Why not, or "".
    """

    file: LabelFile
    guess: Guess
    counts: LabelCounts | None
    problem: str


def read_labels(
    source: bytes | str | os.PathLike[str],
    filename: str | None = None,
    *,
    column: str | Sequence[str] | None = None,
    layout: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    sheet: str | None = None,
) -> Reading:
    r"""Open a file and count its labels in one go, for use in another process.

    A file that can be opened but not counted is no error: what was detected is needed to choose another column.

    Args:
        source: As `open_labels` takes it.
        filename: As `open_labels` takes it.
        column: As `LabelFile.count` takes it.
        layout: As `LabelFile.count` takes it.
        separator: As `LabelFile.count` takes it.
        encoding: As `open_labels` takes it.
        delimiter: As `open_labels` takes it.
        header: As `open_labels` takes it.
        sheet: As `open_labels` takes it.

    Raises:
        FileError: The file cannot be opened.

    Example:
        >>> reading = read_labels(b"label\na\nb\na\n", column="kind")
        >>> reading.problem
        "There is no column 'kind' in 'the file'; it has 'label'."
    """
    file = open_labels(
        source, filename, encoding=encoding, delimiter=delimiter, header=header, sheet=sheet, separator=separator
    )
    counts, problem = None, ""
    try:
        counts = file.count(column, layout=layout, separator=separator)
    except ValueError as error:
        problem = str(error)
    guess = file.guess(layout)
    return Reading(replace(file, _rows=(), _reader=None), guess, counts, problem)


# Counting


class _Blank(FileError):
    """A cell of a count table is blank: where rows are ragged, there is more to say."""


def _counts(frame: "pl.LazyFrame", guess: Guess, filename: str) -> LabelCounts:
    if guess.layout in ("table", "pixels"):
        return _tabled(frame, guess, filename)
    column: Any = guess.columns if guess.layout == "columns" else guess.columns[0]
    try:
        return count_labels(frame, column, separator=guess.separator)
    except ValueError as error:
        if type(error) is not ValueError:  # the engine's, not a sentence
            raise
        raise FileError(f"In {quote(filename)}: {error}.") from None


def _tabled(frame: "pl.LazyFrame", guess: Guess, filename: str) -> LabelCounts:
    """Counts from a table that has them already; labels that occur twice are added up."""
    import polars as pl

    table = frame.head(MAX_LABELS + 1).collect(engine="streaming")
    if table.height > MAX_LABELS:
        raise FileError(too_many(guess.columns, filename))
    label, *numbers = guess.columns
    cells = table.with_columns(pl.col(label).cast(pl.String)).rows()
    values = [[_whole(cell, name, row[0]) for name, cell in zip(numbers, row[1:], strict=True)] for row in cells]
    # Which labels are blank, and their order, is what it is for labels that are not counted yet.
    order = count_labels(table.lazy().select(label), label).labels
    place = {name: i for i, name in enumerate(order)}
    totals = np.zeros((len(order), len(numbers)), np.int64)
    missing, seen = 0, Counter(row[0] for row in cells)
    for row, value in zip(cells, values, strict=True):
        if row[0] in place:
            totals[place[row[0]]] += value
        else:
            missing += value[0]
    counts = totals[:, 0]
    last = cells[-1][0]
    summed = len(order) > 2 and last in place and 2 * counts[place[last]] == counts.sum() > 0
    if len(numbers) == 2 and (wrong := np.flatnonzero(totals[:, 1] < counts)).size:
        name, (inside, all_) = order[wrong[0]], totals[wrong[0]]
        raise FileError(
            f"{quote(name)} has {inside:,} pixels in images of {all_:,}: the second number cannot be smaller."
            + " If this is the total of the others and no label, leave the line out." * bool(summed and name == last)
        )
    twice = [name for name in order if seen[name] > 1]
    notes = [f"Labels on more than one line, added up: {listed(twice, 5)}."] if twice else []
    kind = "pixels" if guess.layout == "pixels" else "single"
    if summed:
        notes.append(
            f"{quote(last)}, the last line, has as many as all others together; if that is their total and no label, "
            "leave the line out."
        )
    present = totals[:, 1] if len(numbers) == 2 else None
    return LabelCounts(order, counts, int(counts.sum()) + missing, missing, kind, present, tuple(notes))


def _whole(cell: Any, column: str, label: Any) -> int:
    """A count: a whole number that is not negative, and that 64 bits hold."""
    text = "" if cell is None else str(cell).strip()
    if not text:
        raise _Blank(f"Column {quote(column)} has no number for {quote(label or '')}; counts are whole numbers.")
    try:
        number = int(text) if text.lstrip("+").isascii() and text.lstrip("+").isdigit() else float(text)
    except ValueError:
        number = -0.5
    if not 0 <= number < 2**53 or number != int(number):
        limits = f"from 0 to {2**53 - 1:,}"
        raise FileError(
            f"Column {quote(column)} has {quote(text)} for {quote(label or '')}; counts are whole numbers {limits}."
        )
    return int(number)
