"""Uploaded tables: bytes -> `Table`, with a sentence for whatever is left out or wrong; `lossviz.tabledata` takes it from there.

Column and class names are data and never interpreted.
"""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lossviz.cells import DECIMAL_COMMA, MONEY, TEXT, THOUSANDS_COMMA, THOUSANDS_POINT, as_numbers, count_distinct
from lossviz.files import (
    DELIMITERS,
    LABEL_NAMES,
    FileError,
    check_first_line,
    count_rows,
    guess_delimiter,
    gunzip,
    quote,
    size,
    to_utf8,
    whole_lines,
)

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 2**30
MAX_COLUMNS = 2_000
MAX_CELLS = 250_000_000  # about 1 GB for the cells' offsets alone
MAX_CLASSES = 10
ROW_NAMES = frozenset(("id", "index", "idx", "row", "rowid", "key", "uuid", "nr", "no"))
SAMPLE = 1_000  # rows that tell whether a column is numeric

TableError = FileError  # what reading a table raises


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it was read: text files hold text in every cell, Parquet files numbers or text.

    Attributes:
        frame: The cells; the index numbers the rows of the file, 1 for the first after the header.
        notes: What was left out or changed, and why; plain sentences.
    """

    frame: "pd.DataFrame"
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, in the order of the file."""
        return tuple(str(name) for name in self.frame.columns)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """Columns usable as features: most cells that are not missing are numbers, in 1,000 rows spread evenly.

        Columns that lack many numbers come late, and those that only name the rows, such as `id`, last.
        """
        rows = np.unique(np.linspace(0, len(self.frame) - 1, min(SAMPLE, len(self.frame))).astype(np.int64))
        sample = self.frame.iloc[rows]
        found = []
        for name in self.columns:
            fault = as_numbers(sample[name])[1]
            if (fault == 0).any() and (fault == 0).sum() >= (fault == TEXT).sum():
                found.append(name)
        return tuple(sorted(found, key=lambda name: (self.identifies(name), self._sparse(name))))

    def _sparse(self, name: str) -> bool:
        """Whether a tenth of a column is missing or no number, so that it would cost rows as an axis."""
        return bool(np.count_nonzero(as_numbers(self.frame[name])[1]) > len(self.frame) / 10)

    def identifies(self, name: str) -> bool:
        """Whether a column only names the rows: it is called id, index or the like, and no value occurs twice."""
        words = name.strip().lower().replace("-", "_").replace(" ", "_").split("_")
        return not ROW_NAMES.isdisjoint((words[0], words[-1])) and self.frame[name].is_unique

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Columns usable as label: 2 to 10 different values, at least two rows for each on average; best guess first.

        The best guess is a column named label, class, target, y, species or the like, even with one value only, which is
        then to be said; otherwise the last one.
        """
        found, single = [], []
        for name in self.columns:
            if count_distinct(self.frame[name].iloc[:SAMPLE]) <= MAX_CLASSES:  # spares most columns the full pass
                distinct = count_distinct(self.frame[name])
                if 2 <= distinct <= min(MAX_CLASSES, len(self.frame) // 2):
                    found.append(name)
                elif distinct == 1:
                    single.append(name)
        named, alone = (
            [name for known in LABEL_NAMES for name in names if name.strip().lower() == known]
            for names in (found, single)
        )
        return tuple(dict.fromkeys([*named, *alone, *found[-1:], *found]))

    @cached_property
    def text(self) -> tuple[str, ...]:
        """What the first columns hold that are no numbers, in a few words each: "'price' holds text such as '1 €/kg'"."""
        said = []
        for name in self.columns:
            if name in self.numeric or name in self.labels:
                continue
            cells = [c for c in self.frame[name].iloc[:SAMPLE].dropna().tolist() if str(c).strip()]
            example = f" such as {quote(str(cells[0]))}" if cells else ""
            said.append(f"{quote(name)} holds {'text' if cells else 'nothing'}{example}")
        return tuple(said[:3])


@dataclass(frozen=True)
class Choices:
    """What a table offers to choose from: small enough to send about while the table stays where it was read.

    Attributes:
        columns: All column names.
        numeric: Columns usable as features.
        labels: Columns usable as label, best guess first.
        rows: How many rows were read.
        text: What other columns hold that cannot be features, a few words each.
    """

    columns: tuple[str, ...]
    numeric: tuple[str, ...]
    labels: tuple[str, ...]
    rows: int
    text: tuple[str, ...] = ()


def choices(table: Table) -> Choices:
    r"""What `table` offers to choose from.

    Example:
        >>> choices(read_table(b"a,b,kind\n1,2,x\n3,1,y\n4,0,y\n5,5,x\n", "mine.csv"))
        Choices(columns=('a', 'b', 'kind'), numeric=('a', 'b'), labels=('kind',), rows=4, text=())
    """
    return Choices(table.columns, table.numeric, table.labels, len(table.frame), table.text)


def read_table(data: bytes, filename: str) -> Table:
    r"""Read an uploaded file: CSV, TSV, semicolons, pipes or Parquet, plain or gzipped.

    The content decides what it is, not the name. Rows with too few or too many cells are left out and counted.

    Args:
        data: The bytes of the file.
        filename: What its owner calls it, for messages.

    Returns:
        The table, with notes on everything that was changed.

    Raises:
        TableError: It is not a table that can be read.

    Example:
        >>> table = read_table(b"a;b;kind\n1,5;2;x\n2,5;3;x\n3,5;1;y\n4;0;y\n", "mine.csv")
        >>> table.numeric, table.labels, table.frame["a"].tolist()
        (('a', 'b'), ('kind',), ['1.5', '2.5', '3.5', '4'])
        >>> for note in table.notes: print(note)
        Read as columns separated by semicolons.
        Decimal commas were read as decimal points in 'a'.
    """
    if not isinstance(data, (bytes, bytearray)):
        raise ValueError(
            f"read_table takes the bytes of a file, such as open(path, 'rb').read(); not {type(data).__name__}"
        )
    if len(data) > MAX_BYTES:
        raise TableError(f"{quote(filename)} is larger than {size(MAX_BYTES)}; upload a part of its rows.")
    if data[:2] == b"\x1f\x8b":
        data = gunzip(data, filename, MAX_BYTES)
    if not data.strip():
        raise TableError(f"{quote(filename)} is empty; upload a table with a line of column names and rows below it.")
    return _read_parquet(data, filename) if data[:4] == b"PAR1" else _read_text(data, filename)


def _read_parquet(data: bytes, filename: str) -> Table:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names, rows = file.schema_arrow.names, file.metadata.num_rows
        _check_size(rows, len(names), filename)
        if sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)) > MAX_BYTES:
            raise TableError(f"{quote(filename)} is larger than {size(MAX_BYTES)} unpacked; upload a part of its rows.")
        names = _check_names(names, filename)
        table = file.read()
        table.validate(full=True)  # damaged files can be read, with cells that are no text
        if table.num_rows != rows:
            raise OSError
    except (pa.ArrowException, OSError, UnicodeError):
        raise TableError(f"{quote(filename)} is a Parquet file that is cut off or damaged; upload it again.") from None
    columns, notes = {}, []
    for name, column in zip(names, table.columns, strict=True):
        kind = column.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            notes.append(f"Column {quote(name)} holds {str(kind)[:40]}, neither numbers nor text: left out.")
            continue
        if name == "__index_level_0__":
            notes.append("The row numbers that pandas stored beside the columns: left out.")
            continue
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        columns[name] = column if numeric else column.cast(pa.float64() if pa.types.is_decimal(kind) else pa.string())
    _check_shape(len(columns), rows, filename)
    frame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = pd.RangeIndex(1, rows + 1)
    return Table(frame, tuple(notes))


def _read_text(data: bytes, filename: str) -> Table:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow

    data, notes = to_utf8(data, filename)
    check_first_line(data, filename)
    if (hint := re.match(rb"sep=(.)\r?\n", data)) is not None:  # Excel's own first line
        data = data[hint.end() :]
        notes.append("The first line, sep=, is for Excel: left out.")
    delimiter, header = _delimiter(data, filename)
    _check_size(max(data.count(b"\n"), data.count(b"\r")) - 1, len(header), filename)
    names = _check_names(header, filename)

    ragged: list[Any] = []

    def skip(row: Any) -> str:
        ragged.append(row if not ragged else row.number)
        return "skip"

    keys = [str(i) for i in range(len(header))]
    try:
        table = arrow.read_csv(
            pa.BufferReader(data.lstrip(b"\r\n") if data[:1] in b"\r\n" else data),
            # One thread: only then are rows numbered. A block must hold the longest row.
            arrow.ReadOptions(use_threads=False, block_size=1 << 24, column_names=keys, skip_rows_after_names=1),
            arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip),
            arrow.ConvertOptions(column_types=dict.fromkeys(keys, pa.string())),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            reason = "a row is longer than 16 MB; where a quotation mark is open, close or remove it"
        else:
            reason = str(error)[:200]
        raise TableError(f"{quote(filename)} cannot be read as a table: {reason}.") from None
    last = [table[key][-1].as_py() for key in keys] if table.num_rows else []
    if data.count(b'"') % 2 and any("\n" in cell for cell in [*last, *([ragged[0].text] if len(ragged) == 1 else [])]):
        raise TableError(
            f"A quotation mark in {quote(filename)} is opened and never closed, so that the rows after it run "
            "together; close or remove it."
        )
    notes.insert(0, f"Read as columns separated by {DELIMITERS[delimiter]}.")
    if ragged:
        first = ragged[0]
        line = _line_of(data, delimiter, first.number)
        notes.append(
            f"{count_rows(len(ragged))} left out: not {first.expected_columns} cells as in the header (the first has "
            f"{first.actual_columns}, on line {line} of the file)."
        )
        if table.num_rows == 0:
            raise TableError(
                f"No row of {quote(filename)} has {first.expected_columns} cells like its header; line {line} has "
                f"{first.actual_columns}. Give every column a name, and separate names and cells alike."
            )
    _check_shape(len(names), table.num_rows, filename)

    if odd := next((name for name in names if re.fullmatch(r"[+-]?\d*[.,]\d+", name)), None):
        notes.append(
            f"The first line was taken as column names, among them {quote(odd)}; if it is data, add a line of names."
        )
    columns, commas, grouped, signed = {}, [], [], []
    for i, (name, key) in enumerate(zip(names, keys, strict=True)):
        cells = table[key]
        if not name:
            if _only_counts_rows(cells):
                notes.append(f"Column {i + 1} has no name and only numbers the rows, or is empty: left out.")
                continue
            name = next(n for n in (f"column {i + 1}" + "_" * extra for extra in itertools.count()) if n not in names)
            notes.append(f"Column {i + 1} has no name: called '{name}'.")
        trimmed = pc.utf8_trim_whitespace(cells)
        money = pc.match_substring_regex(trimmed, MONEY)
        if pc.sum(money).as_py():
            trimmed = pc.if_else(money, pc.replace_substring_regex(trimmed, r"\s*[$€£¥]\s*", ""), trimmed)
            cells = trimmed
            signed.append(quote(name))
        matches = pc.match_substring_regex(trimmed, DECIMAL_COMMA, ignore_case=True)
        if pc.sum(matches).as_py():
            thousands = pc.match_substring_regex(trimmed, THOUSANDS_COMMA)
            if delimiter == "," and pc.sum(pc.and_(matches, pc.invert(thousands))).as_py() == 0:
                cells = pc.if_else(thousands, pc.replace_substring(trimmed, ",", ""), cells)
                grouped.append(quote(name))
            else:
                plain = pc.replace_substring(pc.replace_substring(trimmed, ".", ""), ",", ".")
                # beside decimal commas a point cannot be a decimal one: 1.205 is a thousand and more
                points = pc.match_substring_regex(trimmed, THOUSANDS_POINT)
                cells = pc.if_else(pc.or_(matches, points), plain, cells)
                commas.append(quote(name))
                if pc.sum(points).as_py():
                    grouped.append(quote(name))
        columns[name] = cells
    if signed:
        notes.append(f"Signs of currencies were taken out in {_first_five(signed)}.")
    if commas:
        notes.append(f"Decimal commas were read as decimal points in {_first_five(commas)}.")
    if grouped:
        notes.append(f"Points or commas between thousands were taken out in {_first_five(grouped)}.")
    _check_shape(len(columns), table.num_rows, filename)
    frame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
    numbers = np.arange(1, table.num_rows + len(ragged) + 1)
    frame.index = pd.Index(np.delete(numbers, [(r if i else r.number) - 2 for i, r in enumerate(ragged)]))
    return Table(frame, tuple(notes))


def _first_five(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _delimiter(data: bytes, filename: str) -> tuple[str, list[str]]:
    """The delimiter that `guess_delimiter` finds in the first lines, and the header."""
    sample = whole_lines(data[: 1 << 16].decode(errors="ignore"), len(data) > 1 << 16)
    chosen, rows, _ = guess_delimiter(sample)
    if not chosen:
        raise TableError(
            f"The first line of {quote(filename)} has a single column; a table needs a label and two numbers, "
            "separated by commas, semicolons, tabs or pipes, and column names in its first line."
        )
    if len(rows) < 2:
        _check_shape(len(rows[0]), 0, filename)
    return chosen, rows[0]


def _check_names(header: Sequence[str], filename: str) -> list[str]:
    """Names without spaces around them; refuses names that occur twice, as nobody could say which is meant."""
    names = [name.strip() for name in header]
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        called = ", ".join(quote(name) for name in twice[:5]) + (", ..." if len(twice) > 5 else "")
        raise TableError(
            f"{quote(filename)} has more than one column called {called}; rename them in the first line (or add "
            "a line of column names, if it has none)."
        )
    if not any(names):
        raise TableError(f"The columns of {quote(filename)} have no names; name them in its first line.")
    return names


def _check_size(rows: int, columns: int, filename: str) -> None:
    if columns > MAX_COLUMNS:
        raise TableError(f"{quote(filename)} has {columns:,} columns; keep at most {MAX_COLUMNS:,} of them.")
    if rows * columns > MAX_CELLS:
        raise TableError(
            f"{quote(filename)} has {rows:,} rows of {columns:,} columns; keep at most {MAX_CELLS:,} cells in all."
        )


def _check_shape(columns: int, rows: int, filename: str) -> None:
    if columns < 2:
        raise TableError(f"{quote(filename)} has a single column; a table needs a label and two columns of numbers.")
    if not rows:
        raise TableError(f"{quote(filename)} has a header line and no rows below it; add the data.")


def _line_of(data: bytes, delimiter: str, record: int) -> int:
    """The line of the file on which a record ends; records are counted from 1, blank lines not."""
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), delimiter=delimiter)
    try:
        next(itertools.islice(filter(None, lines), record - 1, None), None)
    except csv.Error:  # a cell too large for this reader: the line reached is near enough
        pass
    return lines.line_num


def _only_counts_rows(cells: Any) -> bool:
    """Whether a column is empty, or whole numbers all different: the row numbers that pandas and R write."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.all(pc.equal(cells, "")).as_py():
        return True
    try:
        return len(pc.unique(cells.cast(pa.int64()))) == len(cells)
    except pa.ArrowInvalid:
        return False
