"""Files as they come: what is in them, unpacked within a limit and as UTF-8; shared by tables and label files.

The content decides, never the name. Everything that cannot be read is a `FileError` with one sentence.
"""

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

import numpy as np

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
LABEL_NAMES = ("label", "labels", "class", "classes", "target", "y", "species", "category", "outcome", "diagnosis")
SIGNATURES = {
    b"pk\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"%pdf": "a PDF document; export its table as CSV",
    b"\x89png": "an image; upload a table",
    b"\xff\xd8\xff": "an image; upload a table",
    b"gif8": "an image; upload a table",
    b"<!doctype": "a web page; export its table as CSV",
    b"<html": "a web page; export its table as CSV",
    b"<?xml": "XML; export its table as CSV",
    b"{": "JSON; save it as CSV",
    b"[{": "JSON; save it as CSV",
    b"[[": "JSON; save it as CSV",
}
LONGEST_LINE = 1 << 22
PIECE = 1 << 20


class FileError(ValueError):
    """A file that cannot be used; the message says what is wrong, where, and what to do."""


# Words for messages


def quote(text: object) -> str:
    r"""Text of the user's in a message: on one line, at most 40 characters, control characters escaped.

    Example:
        >>> quote("one\ntwo"), quote("a" * 50)
        ("'one two'", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'")
    """
    text = " ".join(str(text)[:400].split())
    return f"'{escaped(text if len(text) <= 40 else text[:37] + '...')}'"


def escaped(text: str) -> str:
    r"""`text` with what a terminal would act on, or what would turn its lines around, written out as `\x..`.

    Example:
        >>> print(escaped("red\x1b[31m"), escaped("größe ✓"))
        red\x1b[31m größe ✓
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def listed(names: Iterable[object], most: int = 10) -> str:
    """Names in a message: quoted, at most `most` of them."""
    quoted = [quote(name) for name in names]
    return ", ".join(quoted[:most]) + (f" and {len(quoted) - most} more" if len(quoted) > most else "")


def counted(count: int, noun: str) -> str:
    """A number and what it counts.

    Example:
        >>> counted(1, "pixel"), counted(1200, "pixel")
        ('1 pixel', '1,200 pixels')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def count_rows(count: int) -> str:
    """`1 row` or `1,234 rows`."""
    return "1 row" if count == 1 else f"{count:,} rows"


def size(count: int) -> str:
    """Bytes in gigabytes, for messages."""
    return f"{count / 2**30:g} GB"


# What it is


def compression_of(head: bytes) -> str:
    """How a file that starts with `head` is packed: "gzip", "zstd", "zip" or "" (not at all)."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    return "zip" if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") else ""


def is_binary(data: bytes) -> bool:
    """Whether bytes without a byte order mark are no text: NUL bytes, or more than 1 % other control characters."""
    head = np.frombuffer(data[: 1 << 16], np.uint8)
    controls = (head < 32) & ~np.isin(head, np.frombuffer(b"\t\n\r\f", np.uint8))
    return b"\0" in data or bool(head.size and controls.mean() > 0.01)


def foreign(head: bytes, binary: bool) -> str | None:
    """What a file is that is no text with cells, and what to do with it; None where nothing says so."""
    start = head[:64].lower()
    for signature, what in SIGNATURES.items():
        if binary and signature.isascii() and signature[:1] in b"{[<":
            continue  # a byte that happens to be a bracket
        if start.startswith(signature) or start.lstrip().startswith(signature):
            return what
    return None


# Unpacking


@contextmanager
def unpacking(filename: str, what: str) -> Iterator[None]:
    """Turn whatever a decompressor raises into a sentence about `filename`, which is `what`."""
    try:
        yield
    except FileError:
        raise
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError):
        raise FileError(
            f"{quote(filename)} is a {what} that is cut off or damaged; compress or upload it again."
        ) from None


def read_within(stream: IO[bytes], filename: str, most: int) -> bytes:
    """Decompress in pieces, so that a bomb is refused when it passes the limit and not when memory is gone."""
    out = io.BytesIO()
    while piece := stream.read(PIECE):
        if out.tell() + len(piece) > most:
            raise FileError(f"{quote(filename)} is larger than {size(most)} decompressed; upload a part of its rows.")
        out.write(piece)
    return out.getvalue()


def gunzip(data: bytes, filename: str, most: int) -> bytes:
    """The content of a gzip file of at most `most` bytes.

    Raises:
        FileError: It is damaged, or larger than that.
    """
    with unpacking(filename, "gzip file"), cast(IO[bytes], gzip.GzipFile(fileobj=io.BytesIO(data))) as stream:
        return read_within(stream, filename, most)


def unpacked(stream: BinaryIO, compression: str, filename: str) -> IO[bytes]:
    """The content of a compressed file, as a stream; of a zip archive, its only file.

    Args:
        stream: The compressed bytes.
        compression: What `compression_of` says.
        filename: For messages.

    Raises:
        FileError: It is damaged or has a password, or the archive holds more than one file.
    """
    if compression == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if compression == "zstd":
        import pyarrow as pa

        return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))
    if compression == "zip":
        with unpacking(filename, "zip archive"):
            archive = zipfile.ZipFile(stream)
            files = [entry for entry in archive.infolist() if not entry.is_dir() and not _litter(entry.filename)]
            if len(files) != 1:
                held = f"{len(files):,} files, {listed((e.filename for e in files), 5)}" if files else "no file"
                raise FileError(f"{quote(filename)} holds {held}; pack exactly one.")
            if files[0].flag_bits & 1:
                raise FileError(f"{quote(filename)} is protected by a password; unpack it first.")
            return archive.open(files[0])
    return stream


def _litter(name: str) -> bool:
    """What macOS adds to archives."""
    return name.startswith("__MACOSX/") or name.endswith(".DS_Store")


# Text


def marked_encoding(head: bytes) -> str | None:
    """The encoding that a byte order mark announces, or None."""
    if head[:3] == codecs.BOM_UTF8:
        return "utf-8-sig"
    return "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else None


def transcode(data: bytes, encoding: str, errors: str = "strict") -> bytes:
    """Text in `encoding` as UTF-8, in pieces: never more than the two versions of it in memory.

    Raises:
        UnicodeError: It is not text in that encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    out = io.BytesIO()
    for start in range(0, len(data), PIECE):
        out.write(decoder.decode(data[start : start + PIECE]).encode("utf-8", "replace"))
    out.write(decoder.decode(b"", final=True).encode())
    return out.getvalue()


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8, in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 1 << 24):
            decoder.decode(data[start : start + (1 << 24)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def to_utf8(data: bytes, filename: str) -> tuple[bytes, list[str]]:
    """Text as UTF-8 without a byte order mark, and a note where it was something else; refuses what is no text."""
    notes = []
    marked = marked_encoding(data)
    if marked == "utf-16":
        try:
            data = transcode(data, marked)
        except UnicodeError:
            raise FileError(f"{quote(filename)} is UTF-16 text that is cut off or damaged; upload it again.") from None
        notes.append("Read as UTF-16 text.")
    elif marked:
        data = data[3:]
    binary = is_binary(data)
    if what := foreign(data[:64], binary):
        raise FileError(f"{quote(filename)} is not a table but {what}.")
    if binary:
        raise FileError(
            f"{quote(filename)} is not a table but binary data (or text in an encoding that is not marked); "
            "save it as CSV in UTF-8, or as Parquet."
        )
    if not is_utf8(data):
        data = transcode(data, "cp1252", "replace")
        notes.append(NOT_UTF8)
    return data, notes


NOT_UTF8 = "The text is not UTF-8 and was read as Windows-1252; if accented letters look wrong, save it as UTF-8."


def check_first_line(data: bytes, filename: str) -> None:
    """Refuse text without a line end in its first 4 MB: readers would hold all of it, several times over."""
    if len(data) > LONGEST_LINE and b"\n" not in data[:LONGEST_LINE] and b"\r" not in data[:LONGEST_LINE]:
        raise FileError(
            f"The first line of {quote(filename)} is longer than 4 MB; this is not a table with a row a line."
        )


def whole_lines(text: str, cut: bool) -> str:
    """The text up to its last line end, where it was `cut` off somewhere."""
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text if cut else text


def records(sample: str, delimiter: str) -> list[list[str]]:
    """The records of a few lines of text that are not blank; none where a cell is longer than a reader allows."""
    try:
        return [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
    except csv.Error:  # a cell of more than 128 kB: surely not the delimiter
        return []


def guess_delimiter(sample: str, fits: Callable[[list[list[str]]], bool] = bool) -> tuple[str, list[list[str]], float]:
    """The delimiter, of four, that cuts most of the first lines into as many cells as the first.

    Guessing from all characters, as csv.Sniffer does, finds letters and spaces.

    Args:
        sample: The first lines.
        fits: Says of the records that a delimiter makes whether they can be a table.

    Returns:
        The delimiter, "" where none cuts the first line; the records; the share of records as wide as the first.
    """
    best: tuple[float, int] = (0, 1)
    chosen, found = "", [[""]]
    for delimiter in DELIMITERS:
        rows = records(sample, delimiter)
        if not rows or len(rows[0]) < 2 or not fits(rows):
            continue
        widths = np.array([len(row) for row in rows])
        score = (float((widths[1:] == widths[0]).mean()) if len(rows) > 1 else 1.0, len(rows[0]))
        if score > best or not chosen:
            best, chosen, found = score, delimiter, rows
    return chosen, found, best[0] if chosen else 0.0
