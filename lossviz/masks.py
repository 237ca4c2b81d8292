"""Label masks as files: PNG images whose pixels are class indices, counted; nothing is decoded that has not been measured.

Masks of different sizes are taken: median frequency divides pixels by pixels, and each image counts with as many as it has.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.files import FileError, counted, escaped, listed, quote
from lossviz.scenes import CLASSES, VOID, PixelCounts, tally

MOST_PIXELS = 40_000_000
"""Of one mask: 40 megapixels take 40 MB, or 80 where indices have 16 bits."""
MOST_FILES = 5000
MOST_BYTES = 200_000_000
"""Of one file within an archive, and of all of them, unpacked."""
MOST_CLASSES = 1000
PNG = b"\x89PNG\r\n\x1a\n"
INDEX_MODES = {
    "1": "black and white",
    "L": "grayscale",
    "P": "indexed",
    "I;16": "16-bit grayscale",
    "I": "16-bit grayscale",
}


@dataclass(frozen=True, eq=False)
class MaskCounts:
    """What uploaded masks hold.

    Attributes:
        names: Of the classes.
        indices: What stands for them in the masks.
        counts: Their pixels and images, as `lossviz.scenes.count_pixels` has them.
        ignored: Pixels that were left out.
        sizes: Width and height of the masks, each once.
        notes: What was noticed, a sentence each.
    """

    names: tuple[str, ...]
    indices: tuple[int, ...]
    counts: PixelCounts
    ignored: int
    sizes: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]


def _unpacked(files: Sequence[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
    """The files, and those within zip archives; an entry's size is known before it is unpacked."""
    total = number = 0
    for name, data in files:
        if data[:4] != b"PK\x03\x04":
            number += 1
            yield name, data
            continue
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile:
            raise FileError(f"{quote(name)} is a damaged zip archive: pack it again.") from None
        entries = [e for e in archive.infolist() if not e.is_dir() and not e.filename.startswith("__MACOSX")]
        entries = [e for e in entries if e.filename.lower().endswith(".png")]
        if not entries:
            raise FileError(f"{quote(name)} holds no PNG files.")
        for entry in entries:
            total += entry.file_size
            number += 1
            if number > MOST_FILES or total > MOST_BYTES:
                raise FileError(
                    f"{quote(name)} holds more than {MOST_FILES:,} masks or {MOST_BYTES // 1_000_000} MB: use a part of them."
                )
            try:
                yield f"{name}/{entry.filename}", archive.read(entry)
            except Exception:  # damaged, encrypted, or packed in a way that is not known
                raise FileError(f"{quote(entry.filename)} in {quote(name)} cannot be unpacked.") from None


def read_mask(name: str, data: bytes) -> Any:
    """One mask.

    Args:
        name: Of the file, for messages.
        data: Its bytes.

    Returns:
        Indices, integers [H, W].

    Raises:
        FileError: It is no PNG, is too large, damaged, or holds colours in place of indices.
    """
    from PIL import Image

    if not data:
        raise FileError(f"{quote(name)} is empty: save the mask again.")
    if data[:8] != PNG:
        raise FileError(
            f"{quote(name)} is no PNG file. Save label masks as indexed or grayscale PNG: JPEG changes labels."
        )
    wide, high = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if wide * high > MOST_PIXELS:  # said by the file's first bytes; nothing is decoded
        raise FileError(
            f"{quote(name)} is {wide:,} × {high:,} pixels, more than {MOST_PIXELS // 1_000_000} million: "
            "resize it, with nearest neighbour so that labels stay labels."
        )
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode not in INDEX_MODES:
                raise FileError(
                    f"{quote(name)} holds colours ({image.mode}), not class indices: save it as indexed or grayscale PNG, whose "
                    "pixel values are 0, 1, 2, … for the classes."
                )
            if getattr(image, "n_frames", 1) > 1:
                raise FileError(f"{quote(name)} is an animation: save one picture a mask.")
            depth, colour = data[24:26]  # gray of 2 or 4 bits is stretched to 0 … 255 as it is read: back to indices
            return np.asarray(image).astype(np.int64) // ({2: 85, 4: 17}.get(depth, 1) if colour == 0 else 1)
    except FileError:
        raise
    except MemoryError:
        raise
    except Exception:  # whatever a decoder says of a damaged file
        raise FileError(f"{quote(name)} is a damaged PNG file: save it again.") from None


def count_masks(
    files: Sequence[tuple[str, bytes]], names: Sequence[str] = (), ignore: Sequence[int] = (255,)
) -> MaskCounts:
    """Count the pixels of label masks, for median-frequency weights.

    Args:
        files: Name and bytes of each file: PNG, or zip archives of PNG.
        names: Of the classes, in the order of their indices; empty: every index that is found is a class.
        ignore: Indices that are no class, such as void; they count for nothing.

    Returns:
        Counts of every named class, or of every index that occurs.

    Raises:
        FileError: No files, or one that cannot be used; an index without a name; nothing but ignored pixels.

    Example:
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.fromarray(np.array([[0, 0, 1, 255]], np.uint8)).save(file, "PNG")
        >>> found = count_masks([("a.png", file.getvalue())], ["road", "sign"])
        >>> found.counts.pixels.tolist(), found.ignored
        ([2, 1], 1)
    """
    given: dict[int, int] = {}  # index -> column
    rows: list[dict[int, int]] = []
    sizes: dict[tuple[int, int], int] = {}
    ignored, left_out = 0, set(ignore)
    unknown: list[tuple[str, int, str]] = []
    for name, data in _unpacked(files):
        y = read_mask(name, data)
        sizes[y.shape[::-1]] = sizes.get(y.shape[::-1], 0) + 1
        values, pixels = np.unique(y, return_counts=True)
        row = {}
        for value, n in zip(values.tolist(), pixels.tolist(), strict=True):
            if value in left_out:
                ignored += n
            elif names and not 0 <= value < len(names):
                row_at, column_at = np.argwhere(y == value)[0]
                said = f"{counted(n, 'pixel')} of index {value}, the first at row {row_at}, column {column_at} (from 0)"
                unknown.append((name, value, f"{quote(name)} has {said}"))
            else:
                row[value] = n
                given.setdefault(value, 0)
        if len(given) > MOST_CLASSES:
            raise FileError(
                f"After {quote(name)} there are more than {MOST_CLASSES:,} different indices: that looks like photographs "
                "or depth maps, not label masks."
            )
        rows.append(row)
    if unknown:
        known = f"{len(names)} named classes are 0 to {len(names) - 1}" if len(names) > 1 else "only named class is 0"
        more = [f"{quote(name)} index {value}" for name, value, _ in unknown[1:]]
        besides = f" So have {', '.join(more[:5])}" + (f" and {len(more) - 5} more" if len(more) > 5 else "") + "."
        which = sorted({value for _, value, _ in unknown})
        told = ", ".join(map(str, which[:8])) + (", …" if len(which) > 8 else "")
        raise FileError(
            f"{unknown[0][2]}; the {known}.{besides if more else ''} Name more classes, or ignore "
            f"{'index' if len(which) == 1 else 'indices'} {told}."
        )
    if not rows:
        raise FileError("There are no masks.")
    order = list(range(len(names))) if names else sorted(given)
    each = np.array([[row.get(i, 0) for i in order] for row in rows], np.int64).reshape(len(rows), -1)
    if not each.sum():
        raise FileError(
            f"Every pixel is of an ignored index ({', '.join(map(str, sorted(left_out)))}): nothing is left to count."
        )
    called = tuple(escaped(n) for n in names) if names else tuple(f"index {i}" for i in order)
    notes = []
    if len(sizes) > 1:
        ordered = sorted(sizes, key=lambda s: (s[0] * s[1], s))
        (w, h), (wide, high) = ordered[0], ordered[-1]
        alike = w * h == wide * high
        said = (
            f"{w}×{h} {'and' if len(sizes) == 2 else '…'} {wide}×{high}" if alike else f"from {w}×{h} to {wide}×{high}"
        )
        notes.append(
            f"The masks have {len(sizes)} sizes, {said}. That is no fault: pixels are counted, "
            + ("and all have equally many." if alike else "so a larger image counts for more.")
        )
    none = np.flatnonzero(each.sum(0) == 0).tolist()
    for there, one, many in ((True, "is ignored", "are ignored"), (False, "never occurs", "never occur")):
        if who := [called[i] for i in none if (order[i] in left_out) == there]:
            notes.append(f"{listed(who)} {f'{one} and has' if len(who) == 1 else f'{many} and have'} no weight.")
    if not names and len(order) > 60:
        notes.append(f"{len(order)} different indices: are these grayscale photographs, or masks with soft edges?")
    empty = int((each.sum(1) == 0).sum())
    if empty:
        notes.append(
            f"{empty} of {counted(len(rows), 'mask')} hold{'s' if empty == 1 else ''} nothing but ignored pixels."
        )
    return MaskCounts(called, tuple(order), tally(each), ignored, tuple(sizes), tuple(notes))


def scene_weights(names: Sequence[str], weights: ArrayLike) -> NDArray[np.float64]:
    """Weights of masks' classes in the order of `lossviz.scenes.CLASSES`, so that the scenes can be trained with them.

    Classes are told by their names, in whatever case and order; where there are indices only, index c is class c, which is
    the order of CamVid's own masks. Void may be missing, as where its index is ignored: its weight is 0 then.

    Args:
        names: As `MaskCounts` has them.
        weights: One a class, [K]; NaN for one that never occurs.

    Returns:
        [12].

    Raises:
        ValueError: The classes are others, or one has no weight.

    Example:
        >>> scene_weights([f"index {c}" for c in range(11)], np.arange(1, 12)).tolist()
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 0.0]
        >>> scene_weights(["road", "sign"], [0.5, 2.0])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: The scenes cannot be trained with these weights: they have none for 'Sky', 'Building', ...
    """
    w = np.asarray(weights, np.float64)
    by_index = {f"index {c}": c for c in range(len(CLASSES))}
    by_name = {name.casefold(): c for c, name in enumerate(CLASSES)}
    at = [by_index.get(n, by_name.get(n.casefold())) for n in names]
    out = np.zeros(len(CLASSES))
    for c, value in zip(at, w, strict=True):
        if c is not None and np.isfinite(value):
            out[c] = value
    cannot = "The scenes cannot be trained with these weights: they"
    lacking = [name for c, name in enumerate(CLASSES) if out[c] == 0 and c != VOID]
    if lacking:
        raise ValueError(
            f"{cannot} have none for {listed(lacking)}. Masks of all classes of the scenes are needed, named alike."
        )
    if others := [n for n, c in zip(names, at, strict=True) if c is None]:
        raise ValueError(f"{cannot} are of other classes too: {listed(others)}.")
    return out
