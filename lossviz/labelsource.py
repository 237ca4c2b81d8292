"""Where a file of labels comes from: bytes unpacked within a limit, or a path that is read as a stream."""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lossviz.files import FileError, compression_of, quote, read_within, size, unpacked, unpacking

MAX_UNPACKED = 2**30  # of what was compressed, in memory
FORMATS = {"text": "text", "parquet": "Parquet", "excel": "an Excel workbook", "json": "JSON"}
ENDINGS = {
    "text": ("csv", "tsv", "tab", "txt", "dat", "data", "psv", "labels", "lst"),
    "parquet": ("parquet", "pq", "parq"),
    "excel": ("xlsx", "xls", "xlsm", "xlsb", "ods"),
    "json": ("json", "jsonl", "ndjson"),
}
PACKED_ENDINGS = {"gzip": ("gz", "gzip"), "zip": ("zip",), "zstd": ("zst", "zstd")}


@dataclass(frozen=True)
class Source:
    """Where the bytes are: in memory and unpacked, or in a file that may be packed."""

    where: bytes | Path
    compression: str
    filename: str

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The content, from its start, unpacked."""
        if isinstance(self.where, bytes):
            yield io.BytesIO(self.where)
            return
        with self.where.open("rb") as file, unpacked(file, self.compression, self.filename) as stream:
            yield stream


def located(source: bytes | str | os.PathLike[str], filename: str | None) -> Source:
    """Bytes unpacked within the limit; a path checked."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, filename = bytes(source), filename or "the file"
        packed = compression_of(data[:4])
        if not packed or (packed == "zip" and is_workbook(Source(data, "", filename))):
            return Source(data, "", filename)
        with unpacking(filename, packed_as(packed)), unpacked(io.BytesIO(data), packed, filename) as stream:
            return Source(read_within(stream, filename, MAX_UNPACKED), packed, filename)
    if not isinstance(source, (str, os.PathLike)):
        raise FileError(f"open_labels takes the bytes of a file or its path; not {type(source).__name__}.")
    path = Path(source)
    if "://" in str(source):
        raise FileError(f"{quote(source)} is an address; download the file and give its path.")
    filename = filename or path.name
    try:
        if path.is_dir():
            raise FileError(f"{quote(path)} is a folder; give the path of a file.")
        if path.exists() and not path.is_file():
            raise FileError(f"{quote(path)} is no ordinary file; give the path of one, or its bytes.")
        with path.open("rb") as file:
            packed = compression_of(file.read(4))
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        why = "there is no such file" if isinstance(error, FileNotFoundError) else "it cannot be opened"
        raise FileError(f"{quote(path)} cannot be read: {why}.") from None
    if packed == "zip" and is_workbook(Source(path, "", filename)):
        packed = ""
    return Source(Path(os.path.abspath(path)), packed, filename)  # Polars would look for ~ in another place


def packed_as(compression: str) -> str:
    """What to call a file that is packed so, in messages."""
    return {"gzip": "gzip file", "zip": "zip archive", "zstd": "zstd file"}.get(compression, "file")


def is_workbook(source: Source) -> bool:
    """Whether a zip archive is a workbook; one that is a document of another kind is refused."""
    with unpacking(source.filename, "zip archive"), source.open() as stream, zipfile.ZipFile(stream) as archive:
        names = set(archive.namelist())
        if any(name.startswith(("word/", "ppt/")) for name in names):
            raise FileError(f"{quote(source.filename)} is a document and no table; save its table as CSV.")
        book = bool(names & {"xl/workbook.xml", "xl/workbook.bin"}) or {"content.xml", "mimetype"} <= names
        if book and sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
            raise FileError(
                f"{quote(source.filename)} is larger than {size(MAX_UNPACKED)} unpacked; save a part as CSV."
            )
        return book


def lies(filename: str, what: str, compression: str = "") -> list[str]:
    """A note where the name's ending says something else than the content."""
    parts = filename.lower().rsplit("/", 1)[-1].split(".")[1:]
    packed = next((kind for kind, ends in PACKED_ENDINGS.items() if parts and parts[-1] in ends), "")
    if packed:
        parts.pop()
    said = next((kind for kind, ends in ENDINGS.items() if parts and parts[-1] in ends), what)
    if said == what and packed in ("", compression):
        return []
    packing = f", packed with {compression}" if compression else ""
    return [f"{quote(filename)} does not hold what its ending says: read by its content, as {FORMATS[what]}{packing}."]
