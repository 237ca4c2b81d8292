"""Labels in text files: encoding, delimiter and header from the first lines, then columns, fast or with care.

Polars' streaming CSV reader counts a gigabyte in about a second, but fills short rows up and cuts long ones without a
word. Therefore one cell behind the last column is asked for as well: where that is filled, or the last column is empty,
a row may be ragged; and where there are such rows, or Polars rejects the file, Python's own csv module reads it again:
slower, row by row, with line numbers. The same careful reader takes what Polars cannot stream: zip archives, and other
encodings than UTF-8 on disk.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lossviz.files import (
    DELIMITERS,
    LONGEST_LINE,
    NOT_UTF8,
    FileError,
    check_first_line,
    count_rows,
    foreign,
    guess_delimiter,
    is_binary,
    is_utf8,
    listed,
    marked_encoding,
    quote,
    records,
    transcode,
    unpacking,
    whole_lines,
)
from lossviz.labelguess import Rows, is_header, one_list_a_line
from lossviz.labelsource import Source, packed_as

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 1 << 17  # bytes of text that tell what it is
SAMPLE_ROWS = 1_000
LONGEST_CELL = 1 << 24
PREVIEW = 8
MAX_LABELS = 100_000
MOST_CELLS = 1_000_000  # different rows that the careful reader remembers
NO_DELIMITER = "\x1f"  # stands in no text that is not binary
ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


class Reader(Protocol):
    """Columns of a file as data frames."""

    def fast(self, names: Sequence[str]) -> "pl.LazyFrame | None":
        """The columns as text, null where a row is doubtful; None where there is no fast way."""

    def doubtful(self) -> bool:
        """Whether there are such rows."""

    def careful(self, names: Sequence[str]) -> "tuple[pl.DataFrame, list[str]]":
        """The columns row by row, null where a row is ragged; and what there is to say."""


@dataclass(frozen=True)
class Contents:
    """What was found in a file; the attributes are those of `LabelFile`, and besides the first rows and a reader."""

    format: str
    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    sample: Rows
    rows: int | None
    notes: tuple[str, ...]
    sheets: tuple[str, ...]
    reader: Reader


@dataclass(frozen=True)
class Text:
    """A file known to be text.

    Attributes:
        source: Where it is; in memory it is UTF-8 by now.
        encoding: What it was in.
        head: Its beginning, in UTF-8.
        cut: Whether there is more.
        notes: What was decided.
    """

    source: Source
    encoding: str
    head: bytes
    cut: bool
    notes: tuple[str, ...]

    @property
    def stored(self) -> str:
        """The encoding that its source has now."""
        return "utf-8" if isinstance(self.source.where, bytes) else self.encoding


def open_text(text: Text, delimiter: str | None, header: bool | None) -> Contents:
    """Text with a row a line: how it is cut into cells, and whether the first line holds names."""
    source, head, cut, notes = text.source, text.head, text.cut, list(text.notes)
    name = source.filename
    sample = whole_lines(head[:SAMPLE].decode("utf-8", "ignore"), cut or len(head) > SAMPLE)
    skip = 0
    if sample[:4].lower() == "sep=" and sample[4:5] and sample[5:6] in "\r\n":  # Excel's own first line
        notes.append("The first line, sep=, is for Excel: left out.")
        delimiter, skip = delimiter or sample[4], 1
    body = sample.split("\n", 1)[-1] if skip else sample
    if delimiter is None:
        delimiter, said = _delimiter(body)
        notes.append(said)
    elif len(delimiter) > 1 or delimiter in ('"', "\n", "\r"):
        raise FileError(f"A delimiter is one character, such as ',' or a tab; not {quote(delimiter)}.")
    quoted = bool(delimiter) or _is_quoted(body)
    dialect = Dialect(delimiter or NO_DELIMITER, quoted, skip, "\r" if b"\r" in head and b"\n" not in head else "\n")
    rows = _sampled(body, dialect)
    blank = next((i for i, row in enumerate(rows) if row), 0) if delimiter else 0
    rows, dialect = rows[blank:], replace(dialect, skip=skip + blank)
    if header is None:
        header, why = is_header([row for row in rows if row])
        notes.append(f"The first line {'holds column names' if header else 'is data, not column names'}: {why}.")
    if header and delimiter and len(rows) > 1:  # a delimiter ends every line
        while len(rows[0]) > 1 and not any("".join(row[len(rows[0]) - 1 :]).strip() for row in rows):
            rows = [row[: len(rows[0]) - 1] for row in rows]
    columns = unique_names([cell.strip() for cell in rows[0]] if header else [""] * max(map(len, rows)), notes)
    if header:
        rows, dialect = rows[1:], replace(dialect, skip=dialect.skip + 1)
        if not any(rows) and not cut:
            raise FileError(f"{quote(name)} has a header line and no rows below it; add the data.")
    width = len(columns)
    cells = [[*row, *[""] * width][:width] for row in rows if row or width == 1]
    reader = TextReader(source, text.stored, dialect, columns)
    return Contents(
        "text", text.encoding, delimiter, header, columns, cells[:SAMPLE_ROWS], None, tuple(notes), (), reader
    )


@dataclass(frozen=True)
class Dialect:
    """How text is cut into cells."""

    delimiter: str
    quoted: bool
    skip: int  # records before the data
    newline: str


def decoded(source: Source, head: bytes, encoding: str | None) -> Text:
    """A file as text: its encoding, and its beginning in UTF-8; refuses what is no text.

    Args:
        source: The file.
        head: Its first 4 MB and one byte, if it has so many.
        encoding: What is known of it.
    """
    cut = len(head) > LONGEST_LINE
    whole = source.where if isinstance(source.where, bytes) else None
    notes: list[str] = []
    if encoding is not None:
        encoding = _known_encoding(encoding, head)
    else:
        encoding = marked_encoding(head) or _unmarked_utf16(head)
        if encoding and encoding.startswith("utf-16"):
            mark = "" if encoding == "utf-16" else " without a byte order mark"
            notes.append(f"Read as UTF-16 text{mark}.")
    if encoding and not encoding.startswith("utf-8"):
        # What is cut off within a character is dropped from the beginning; the whole is read strictly.
        text = transcode(head, encoding, "ignore")
    else:
        text = head
    text = text.removeprefix(codecs.BOM_UTF8)
    binary = is_binary(text)
    what = foreign(text[:64], binary)
    if what and not what.startswith("JSON"):
        raise FileError(f"{quote(source.filename)} holds no labels but is {what}.")
    if binary:
        where = text.find(b"\0")
        line = f" (a NUL byte on line {text.count(chr(10).encode(), 0, where) + 1})" if where >= 0 else ""
        raise FileError(
            f"{quote(source.filename)} is not text but binary data{line}; save it as CSV in UTF-8, or as Parquet."
        )
    if encoding is None:
        sure = whole if whole is not None else whole_lines_of(text) if cut else text
        encoding = "utf-8" if is_utf8(sure) else "cp1252"
        if encoding == "cp1252":
            text = transcode(text, "cp1252", "replace")
            notes.append(NOT_UTF8)
    check_first_line(text, source.filename)
    if whole is not None and encoding != "utf-8":
        source = replace(source, where=_transcoded(source.filename, whole, encoding))
    return Text(source, encoding, text, cut, tuple(notes))


def whole_lines_of(data: bytes) -> bytes:
    """Bytes up to the last line end."""
    return data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]


def _known_encoding(encoding: str, head: bytes) -> str:
    """Python's name of an encoding that was asked for, with a mark where there is one."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # some codecs are not for text
        transcode(b"", name)
    except (LookupError, ValueError, TypeError, AttributeError):
        raise FileError(f"There is no encoding {quote(encoding)}; try 'utf-8', 'utf-16' or 'cp1252'.") from None
    return "utf-8-sig" if name == "utf-8" and marked_encoding(head) == "utf-8-sig" else name


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 by its zeros: every other byte of plain letters is one."""
    zero = np.frombuffer(head[: 1 << 16], np.uint8) == 0
    if len(zero) < 2:
        return None
    even, odd = zero[::2].mean(), zero[1::2].mean()
    if max(even, odd) > 0.4 and min(even, odd) < 0.1:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _transcoded(filename: str, data: bytes, encoding: str) -> bytes:
    """Bytes in memory as UTF-8 without a byte order mark."""
    try:
        data = transcode(data, encoding, "replace" if encoding == "cp1252" else "strict")
    except UnicodeError:
        said = ENCODINGS.get(encoding, encoding)
        raise FileError(
            f"{quote(filename)} is no valid {said} text, or is cut off; say its encoding, or upload it again."
        ) from None
    return data.removeprefix(codecs.BOM_UTF8)


def _delimiter(body: str) -> tuple[str, str]:
    """The delimiter, "" for a label a line, and a note; `a|b|c` in every line is a list of labels rather than a row."""

    def is_table(rows: list[list[str]]) -> bool:
        width = len(rows[0])
        alike = sum(len(row) == width or not any(row[width:]) for row in rows if len(row) >= width)
        return 2 * alike > len(rows) and not one_list_a_line(rows)

    chosen, _, _ = guess_delimiter(body, is_table)
    if chosen:
        return chosen, f"Read as columns separated by {DELIMITERS[chosen]}."
    return "", "Read as one cell a line."


def _is_quoted(body: str) -> bool:
    """Whether lines of one cell are quoted as in a CSV file, and not just text with quotation marks in it."""
    lines = [line for line in body.splitlines() if '"' in line]
    return any(len(line) > 1 and line[0] == line[-1] == '"' for line in lines)


def _sampled(body: str, dialect: Dialect) -> list[list[str]]:
    """The records of the first lines, blank ones as []."""
    rows = []
    lines = csv.reader(io.StringIO(body, newline=""), delimiter=dialect.delimiter, quoting=_quoting(dialect.quoted))
    try:
        for row in lines:
            rows.append(row)
    except csv.Error:
        rows = rows or records(body, dialect.delimiter)
    return rows or [[""]]


def _quoting(quoted: bool) -> Any:
    return csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE


def unique_names(names: Sequence[str], notes: list[str]) -> tuple[str, ...]:
    """Names that are not blank and occur once; what was changed is noted."""
    out: list[str] = []
    twice = [name for name, n in Counter(names).items() if n > 1 and name]
    for i, name in enumerate(names, 1):
        unique = name or f"column {i}"
        while unique in out or (unique != name and unique in names):
            unique = f"{name or 'column'} ({i})" if unique != f"{name or 'column'} ({i})" else unique + "'"
        out.append(unique)
    if twice:
        notes.append(f"More than one column is called {listed(twice, 5)}: the later ones have their place added.")
    return tuple(out)


@dataclass(frozen=True)
class TextReader:
    """Reads columns of a text file: fast, and again with care where something is odd."""

    source: Source
    encoding: str
    dialect: Dialect
    columns: tuple[str, ...]

    def _scan(self) -> "pl.LazyFrame | None":
        """All columns by number, and one more that is null where rows end where they should."""
        import polars as pl

        where = self.source.where
        if not isinstance(where, bytes) and (self.source.compression == "zip" or not self.encoding.startswith("utf-8")):
            return None
        return pl.scan_csv(
            io.BytesIO(where) if isinstance(where, bytes) else where,
            separator=self.dialect.delimiter,
            quote_char='"' if self.dialect.quoted else None,
            eol_char=self.dialect.newline,
            has_header=False,
            skip_rows=self.dialect.skip,
            schema={str(i): pl.String() for i in range(len(self.columns) + 1)},
            missing_columns="insert",
            truncate_ragged_lines=True,
            infer_schema=False,
            glob=False,
        )

    def _odd(self) -> "pl.Expr":
        import polars as pl

        width = len(self.columns)
        return pl.col(str(width)).is_not_null() | pl.col(str(width - 1)).is_null()

    def fast(self, names: Sequence[str]) -> "pl.LazyFrame | None":
        """As `Reader` says."""
        import polars as pl

        frame = self._scan()
        if frame is None:
            return None
        cells = {name: pl.col(str(self.columns.index(name))) for name in names}
        if len(self.columns) == 1:  # a blank line is a blank label
            return frame.select(**{names[0]: cells[names[0]]})
        return frame.select(pl.when(~self._odd()).then(cell).alias(name) for name, cell in cells.items())

    def doubtful(self) -> bool:
        """As `Reader` says."""
        frame = self._scan()
        if frame is None or len(self.columns) == 1:
            return False
        return bool(frame.select(self._odd().any()).collect(engine="streaming").item())

    def careful(self, names: Sequence[str]) -> "tuple[pl.DataFrame, list[str]]":
        """As `Reader` says."""
        try:
            return self._careful(names, self.encoding, "strict")
        except UnicodeDecodeError:
            if self.encoding not in ("utf-8", "utf-8-sig"):
                said = ENCODINGS.get(self.encoding, self.encoding)
                raise FileError(f"{quote(self.source.filename)} is no valid {said} text; say its encoding.") from None
        frame, notes = self._careful(names, "cp1252", "replace")
        return frame, [*notes, NOT_UTF8]

    def _careful(self, names: Sequence[str], encoding: str, errors: str) -> "tuple[pl.DataFrame, list[str]]":
        source, width = self.source, len(self.columns)
        pick = itemgetter(*(self.columns.index(name) for name in names))
        blank: Any = None if len(names) == 1 else (None,) * len(names)
        tally: Counter[Any] = Counter()
        odd: dict[str, list[int]] = {"few": [], "many": []}  # how many, the first line, its cells
        end = 0  # the line on which the last record ended
        limit = csv.field_size_limit(LONGEST_CELL)
        try:
            with unpacking(source.filename, packed_as(source.compression)), source.open() as stream:
                text = io.TextIOWrapper(stream, encoding, errors, newline="")
                lines = csv.reader(
                    text if isinstance(source.where, bytes) else _bounded(text, source.filename),
                    delimiter=self.dialect.delimiter,
                    quoting=_quoting(self.dialect.quoted),
                    strict=True,
                )
                for _ in islice(lines, self.dialect.skip):
                    end = lines.line_num
                for row in lines:
                    end, cells = lines.line_num, len(row)
                    if cells == width or (cells > width and not any(row[width:])):
                        tally[pick(row)] += 1
                        if len(tally) > MOST_CELLS:
                            raise FileError(too_many(names, source.filename))
                    elif width == 1 and not row:
                        tally[blank] += 1
                    elif row:  # where there are columns, a blank line is no row
                        tally[blank] += 1
                        found = odd["few" if cells < width else "many"]
                        start = end - "".join(row).count("\n")
                        found[:] = [found[0] + 1, *found[1:]] if found else [1, start, cells]
                text.detach()
        except csv.Error as error:
            raise FileError(f"{quote(source.filename)} cannot be read: {_reason(str(error), end + 1)}.") from None
        finally:
            csv.field_size_limit(limit)
        notes = [
            f"{count_rows(found[0])} with too {kind} cells, not {width} (the first has {found[2]}, on line {found[1]} of "
            "the file)."
            for kind, found in odd.items()
            if found
        ]
        return repeated(tally, names), notes


def too_many(names: Sequence[str], filename: str) -> str:
    """What to say of a column with more different values than labels can have."""
    return (
        f"Column {quote(names[0])} of {quote(filename)} has more than {MAX_LABELS:,} different values: it names the rows, "
        "or holds numbers, and is no label; choose another column."
    )


def _bounded(text: io.TextIOWrapper, filename: str) -> Iterator[str]:
    """Lines, none of them longer than memory bears."""
    while line := text.readline(LONGEST_CELL + 1):
        if len(line) > LONGEST_CELL:
            raise FileError(f"{quote(filename)} has a line longer than 16 MB; this is not a file with a row a line.")
        yield line


def _reason(error: str, line: int) -> str:
    """What Python's csv module says, for people."""
    if "unexpected end" in error or "field larger" in error:
        return f"a quotation mark is opened on line {line} and never closed; close or remove it"
    if "expected after" in error:
        return (
            f"on line {line} a cell goes on after its closing quotation mark; write quotation marks within a cell twice"
        )
    if "NUL" in error:
        return f"line {line} has a NUL byte, so that this is no text"
    return f"line {line}: {error[:100]}"


def repeated(tally: Counter[Any], names: Sequence[str]) -> "pl.DataFrame":
    """As many rows as were counted; where there is one column, cells are counted and not tuples of them."""
    import polars as pl

    rows = [(cell,) for cell in tally] if len(names) == 1 else list(tally)
    columns = {name: pl.Series(name, [row[i] for row in rows], pl.String) for i, name in enumerate(names)}
    times = np.fromiter(tally.values(), np.int64, len(rows))
    return pl.DataFrame(columns)[np.repeat(np.arange(len(rows)), times)]
