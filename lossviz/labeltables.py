"""Labels in Parquet files, workbooks and JSON."""

import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossviz.files import FileError, listed, quote, read_within, unpacking
from lossviz.labelguess import is_header
from lossviz.labelsource import MAX_UNPACKED, Source, packed_as
from lossviz.labeltext import LONGEST_CELL, MOST_CELLS, SAMPLE_ROWS, Contents, Text, repeated, too_many, unique_names

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class FrameReader:
    """Columns of a data frame that Polars reads."""

    frame: "pl.LazyFrame"
    filename: str
    what: str

    def fast(self, names: Sequence[str]) -> "pl.LazyFrame | None":
        """As `Reader` says."""
        return self.frame.select(names)

    def doubtful(self) -> bool:
        """As `Reader` says."""
        return False

    def careful(self, names: Sequence[str]) -> "tuple[pl.DataFrame, list[str]]":
        """As `Reader` says."""
        raise FileError(f"{quote(self.filename)} is {self.what} that is cut off or damaged; upload it again.")


def open_parquet(source: Source, head: bytes) -> Contents:
    """The columns of a Parquet file that hold text, numbers or lists of them."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = quote(source.filename)
    if head[:4] == b"PARE":
        raise FileError(f"{name} is an encrypted Parquet file; save it without encryption.")
    where: Any = source.where
    if not isinstance(where, bytes) and source.compression:
        raise FileError(f"{name} is a packed Parquet file; unpack it first (Parquet is compressed already).")
    notes: list[str] = []
    try:
        data = pa.BufferReader(where) if isinstance(where, bytes) else str(where)
        rows = pq.ParquetFile(data).metadata.num_rows
        frame = pl.scan_parquet(io.BytesIO(where) if isinstance(where, bytes) else where, glob=False)
        schema = frame.collect_schema()
        nested = [c for c, kind in schema.items() if kind.is_nested() and not isinstance(kind, pl.List)]
        unfit = nested + [c for c, kind in schema.items() if kind in (pl.Binary, pl.Object) or c == "__index_level_0__"]
        lists = [c for c, kind in schema.items() if isinstance(kind, pl.List)]
        if unfit:
            notes.append(f"Columns that hold no text or numbers, left out: {listed(unfit, 5)}.")
        frame = frame.select(pl.exclude(unfit) if unfit else pl.all()).with_columns(
            pl.col(c).cast(pl.List(pl.String)).list.join("|") for c in lists
        )
        if lists:
            notes.append(f"Lists are read as cells with '|' between the labels: {listed(lists, 5)}.")
        columns = tuple(frame.collect_schema().names())
        sample = frame.head(SAMPLE_ROWS).select(pl.all().cast(pl.String).fill_null("")).collect().rows()
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeError):
        raise FileError(f"{name} is a Parquet file that is cut off or damaged; upload it again.") from None
    if not rows or not columns:
        raise FileError(f"{name} has no {'rows' if columns else 'columns that hold text or numbers'}; add the data.")
    reader = FrameReader(frame, source.filename, "a Parquet file")
    return Contents("parquet", "", "", True, columns, sample, rows, tuple(notes), (), reader)


SHEETS, PEEK = 20, 10_000  # sheets that are compared, and rows that are looked at to do so


def open_excel(source: Source, sheet: str | None, header: bool | None) -> Contents:
    """The sheet of a workbook that is asked for, or the one of most rows; all of it is read, as text."""
    import fastexcel
    import polars as pl

    name = quote(source.filename)
    data = source.where if isinstance(source.where, bytes) else source.where.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data[:MAX_UNPACKED]:
        raise FileError(f"{name} is protected by a password; save it without one.")
    notes: list[str] = []
    try:
        book = fastexcel.read_excel(data)
        sheets = tuple(book.sheet_names)
        if sheet is not None and sheet not in sheets:
            raise FileError(f"There is no sheet {quote(sheet)} in {name}; it has {listed(sheets)}.")
        # the first is often a cover page
        chosen = sheet or max(sheets[:SHEETS], key=lambda s: book.load_sheet(s, header_row=None, n_rows=PEEK).height)
        frame = book.load_sheet(chosen, header_row=None, dtypes="string").to_polars()
    except FileError:
        raise
    except (Exception, pl.exceptions.PanicException):
        raise FileError(f"{name} is no workbook that can be read, or is damaged; save the sheet as CSV.") from None
    if len(sheets) > 1:
        notes.append(f"Read from sheet {quote(chosen)} of {listed(sheets, 5)}.")
    if frame.height == 0:
        raise FileError(f"Sheet {quote(chosen)} of {name} is empty.")
    sample = [tuple(cell or "" for cell in row) for row in frame.head(SAMPLE_ROWS).rows()]
    if header is None:
        header, why = is_header([row for row in sample if any(row)])
        notes.append(f"The first line {'holds column names' if header else 'is data, not column names'}: {why}.")
    columns = unique_names([cell.strip() for cell in sample[0]] if header else [""] * frame.width, notes)
    frame.columns = list(columns)
    if header:
        frame, sample = frame.slice(1), sample[1:]
    if frame.height == 0:
        raise FileError(f"{name} has a header line and no rows below it; add the data.")
    reader = FrameReader(frame.lazy(), source.filename, "a workbook")
    return Contents("excel", "", "", header, columns, sample, frame.height, tuple(notes), sheets, reader)


# JSON


def open_json(text: Text) -> Contents | None:
    """JSON lines, an array of objects or labels, or an object of counts; None where the text is no JSON."""
    import orjson

    start = text.head.lstrip()
    if start[:1] not in (b"{", b"["):
        return None
    name = quote(text.source.filename)
    first = start.split(b"\n", 1)[0]
    whole: Any = None
    lines = start[:1] == b"{" and _is_object(first)
    if not lines or (not text.cut and not start[len(first) :].strip()):
        with unpacking(text.source.filename, packed_as(text.source.compression)), text.source.open() as stream:
            data = read_within(stream, text.source.filename, MAX_UNPACKED)
        try:
            whole = orjson.loads(data if text.stored == "utf-8" else data.decode(text.stored))
        except (orjson.JSONDecodeError, UnicodeError):
            if start[:2] not in (b'{"', b'["', b"[{"):
                return None  # a label that begins with a bracket
            raise FileError(f"{name} looks like JSON and is damaged, or no JSON; save it again, or as CSV.") from None
    if isinstance(whole, dict) and whole and all(type(n) in (int, float) for n in whole.values()):
        reader = _JsonReader(text, [{"label": label, "count": n} for label, n in whole.items()])
    elif isinstance(whole, list):
        if any(isinstance(row, list) for row in whole):
            raise FileError(f"{name} is an array of arrays; an array of objects, or of labels, can be read.")
        reader = _JsonReader(text, [row if isinstance(row, dict) else {"label": row} for row in whole])
    elif lines:
        reader = _JsonReader(text, None)
    else:
        raise FileError(f"{name} is JSON of another shape; an array of objects, or an object a line, can be read.")
    rows = list(itertools.islice(reader.rows(), SAMPLE_ROWS))
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    if not columns:
        raise FileError(f"{name} has no rows; it should hold an object with a label for each.")
    sample = [tuple(_cell(row.get(c), c, text.source.filename, strict=False) or "" for c in columns) for row in rows]
    notes = [*text.notes, "Read as JSON."]
    if any(isinstance(cell, list) for row in rows for cell in row.values()):
        notes.append("Lists are read as cells with '|' between the labels.")
    known = None if reader.data is None else len(reader.data)
    return Contents("json", text.encoding, "", True, columns, sample, known, tuple(notes), (), reader)


def _is_object(line: bytes) -> bool:
    import orjson

    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _cell(value: Any, column: str, filename: str, strict: bool = True) -> str | None:
    """A value as the text of a cell; lists as several labels."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        items = [_cell(item, column, filename) or "" for item in value]
        if not any("|" in item for item in items):
            return "|".join(items)
    if strict:
        raise FileError(
            f"Column {quote(column)} of {quote(filename)} holds objects, or lists of labels with '|' in them."
        )
    return "{}"


@dataclass(frozen=True)
class _JsonReader:
    """Columns of JSON rows: in memory, or an object a line."""

    text: Text
    data: list[dict[str, Any]] | None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row as an object."""
        import orjson

        if self.data is not None:
            yield from self.data
            return
        source = self.text.source
        with unpacking(source.filename, packed_as(source.compression)), source.open() as stream:
            lines = io.TextIOWrapper(stream, self.text.stored, "replace")
            number = 0
            while line := lines.readline(LONGEST_CELL + 1):
                number += 1
                if len(line) > LONGEST_CELL:
                    raise FileError(f"Line {number} of {quote(source.filename)} is longer than 16 MB.")
                if not line.strip():
                    continue
                try:
                    row = orjson.loads(line.encode("utf-8", "replace"))
                except orjson.JSONDecodeError:
                    row = None
                if not isinstance(row, dict):
                    raise FileError(
                        f"Line {number} of {quote(source.filename)} is no JSON object, unlike the first line."
                    )
                yield row

    def fast(self, names: Sequence[str]) -> "pl.LazyFrame | None":
        """As `Reader` says."""
        return None

    def doubtful(self) -> bool:
        """As `Reader` says."""
        return False

    def careful(self, names: Sequence[str]) -> "tuple[pl.DataFrame, list[str]]":
        """As `Reader` says."""
        filename = self.text.source.filename
        tally: Counter[Any] = Counter()
        for row in self.rows():
            cells = tuple(_cell(row.get(name), name, filename) for name in names)
            tally[cells if len(names) > 1 else cells[0]] += 1
            if len(tally) > MOST_CELLS:
                raise FileError(too_many(names, filename))
        return repeated(tally, names), []
