"""Uploaded tables: bytes -> `Table` -> `Dataset`, with a sentence for whatever is left out or wrong.

Every cell of a text file is read as text, and what is a number, a label or missing is decided here, visibly: engines
that guess merge labels such as 1, 1.0 and 01 without a word. Column and class names are data and never interpreted.
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
from numpy.typing import NDArray

from lossviz.dataset import Array, Dataset, Labels, apportion, project, split
from lossviz.files import (
    DELIMITERS,
    LABEL_NAMES,
    FileError,
    check_first_line,
    count_rows,
    guess_delimiter,
    gunzip,
    listed,
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
LARGEST = 1e30  # beyond it squares and float32 overflow
PROJECTED_CELLS = 20_000_000  # 160 MB of float64
ROW_NAMES = frozenset(("id", "index", "idx", "row", "rowid", "key", "uuid", "nr", "no"))
SAMPLE = 1_000  # rows that tell whether a column is numeric

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "?")
NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity)$"
THOUSANDS_POINT = r"^[+-]?\d{1,3}(\.\d{3})+$"
THOUSANDS_COMMA = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
MONEY = r"^[+-]?([$€£¥]\s?[+-]?\d[\d.,]*|\d[\d.,]*\s?[$€£¥])$"
DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[+-]?\d+)?$"
# What can be wrong with a cell that should be a number
ABSENT, TEXT, INFINITE = 1, 2, 3


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
            fault = _numbers(sample[name])[1]
            if (fault == 0).any() and (fault == 0).sum() >= (fault == TEXT).sum():
                found.append(name)
        return tuple(sorted(found, key=lambda name: (self.identifies(name), self._sparse(name))))

    def _sparse(self, name: str) -> bool:
        """Whether a tenth of a column is missing or no number, so that it would cost rows as an axis."""
        return bool(np.count_nonzero(_numbers(self.frame[name])[1]) > len(self.frame) / 10)

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
            if _distinct(self.frame[name].iloc[:SAMPLE]) <= MAX_CLASSES:  # spares most columns the full pass
                distinct = _distinct(self.frame[name])
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


# From cells to numbers and classes


def _text(column: "pd.Series") -> tuple[Any, int]:
    """Cells as trimmed text, missing ones as ""; and how many had spaces around them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pa.array(column, from_pandas=True)
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    cells = pc.fill_null(cells.cast(pa.string()), "")
    trimmed = pc.utf8_trim_whitespace(cells)
    return trimmed, pc.sum(pc.not_equal(cells, trimmed)).as_py() or 0


def _missing(text: str) -> bool:
    return text.lower() in MISSING


def _distinct(column: "pd.Series") -> int:
    """Number of different values, missing ones apart."""
    import pyarrow.compute as pc

    return sum(not _missing(value) for value in pc.unique(_text(column)[0]).to_pylist())


def _numbers(column: "pd.Series") -> tuple[Array, NDArray[np.uint8]]:
    """Cells as numbers [N], and what is wrong with each: 0, ABSENT, TEXT or INFINITE [N]."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.dtype.kind in "iufb":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        fault = np.where(np.isnan(values), ABSENT, 0).astype(np.uint8)
    else:
        cells = _text(column)[0]
        numeric = pc.match_substring_regex(cells, NUMBER, ignore_case=True)
        values = pc.if_else(numeric, cells, None).cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        fault = np.where(numeric.to_numpy(zero_copy_only=False), 0, TEXT).astype(np.uint8)
        if fault.any():
            absent = pc.is_in(pc.utf8_lower(cells), value_set=pa.array(MISSING)).to_numpy(zero_copy_only=False)
            fault[absent] = ABSENT
    fault[np.abs(values) > LARGEST] = INFINITE
    return values, fault


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
    cells, trimmed = _text(table.frame[label])
    encoded = cells.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    names = [value for value in values if not _missing(value)]
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
        as_written = " or ".join(quote(value) if value else "blank" for value in values if _missing(value))
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
        values[:, i], fault = _numbers(column)
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
        values[:, len(kept)], fault = _numbers(table.frame[name].iloc[rows])
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
