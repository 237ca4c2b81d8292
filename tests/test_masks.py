"""Uploaded label masks: what is counted, and what is refused in a sentence."""

import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from lossviz import count_masks, count_pixels
from lossviz.files import FileError
from lossviz.masks import MOST_PIXELS


def png(array, mode=None):
    file = io.BytesIO()
    image = Image.fromarray(np.asarray(array))
    if mode == "P":
        image = Image.fromarray(np.asarray(array, np.uint8)).convert("P")
        image.putdata(np.asarray(array).ravel().tolist())
        image.putpalette([v for i in range(256) for v in (i, 255 - i, i // 2)])
    image.save(file, "PNG")
    return file.getvalue()


def gray(wide, high, rows, depth=8):
    """A grayscale PNG by hand: its rows are a filter byte and packed pixels each."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", wide, high, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bomb(wide, high):
    """A PNG that says it is huge, of a few bytes."""
    return gray(wide, high, b"\0" * 100)


@pytest.mark.parametrize("mode", [None, "P"])
def test_counts_are_those_of_the_arrays(mode):
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 5, (4, 9, 7)).astype(np.uint8)
    masks[1][masks[1] == 2] = 0
    found = count_masks([(f"{i}.png", png(m, mode)) for i, m in enumerate(masks)], ignore=[4])
    wanted = count_pixels(masks, 5, ignore=4)
    assert found.names == ("index 0", "index 1", "index 2", "index 3")
    np.testing.assert_array_equal(found.counts.pixels, wanted.pixels[:4])
    np.testing.assert_array_equal(found.counts.images, wanted.images[:4])
    np.testing.assert_array_equal(found.counts.present, wanted.present[:4])
    assert found.ignored == (masks == 4).sum()


def test_sixteen_bits_and_black_and_white():
    deep = count_masks([("a.png", png(np.array([[0, 1000]], np.uint16)))])
    assert deep.names == ("index 0", "index 1000")
    two = count_masks([("a.png", png(np.array([[True, False, True]])))])
    assert two.counts.pixels.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("depth", "row", "pixels"), [(2, [0b00_01_10_11], [0, 1, 2, 3]), (4, [0x0F, 0x2F], [0, 15, 2, 15])]
)
def test_few_bits_of_gray_are_indices(depth, row, pixels):
    found = count_masks([("a.png", gray(4, 1, bytes([0, *row]), depth))])
    index, count = np.unique(pixels, return_counts=True)
    assert found.ignored == 0, "the highest index is no 255"
    assert [int(n.split()[-1]) for n in found.names] == index.tolist()
    assert found.counts.pixels.tolist() == count.tolist()


def test_different_sizes_are_counted_and_told():
    found = count_masks([("a.png", png(np.zeros((2, 3), np.uint8))), ("b.png", png(np.ones((4, 5), np.uint8)))])
    assert found.counts.pixels.tolist() == [6, 20]
    assert found.counts.present.tolist() == [6, 20]
    assert "2 sizes, from 3×2 to 5×4" in found.notes[0]
    assert "a larger image counts for more" in found.notes[0]
    turned = count_masks([(f"{n}.png", png(np.zeros(n, np.uint8))) for n in ((2, 3), (3, 2))])
    assert "2 sizes, 2×3 and 3×2." in turned.notes[0]
    assert "all have equally many" in turned.notes[0]


def test_names_and_classes_that_never_occur():
    found = count_masks([("a.png", png(np.zeros((2, 3), np.uint8)))], ["road", "sky"])
    assert found.names == ("road", "sky")
    assert found.notes == ("'sky' never occurs and has no weight.",)


def test_a_class_that_is_named_and_ignored_is_not_said_never_to_occur():
    found = count_masks([("a.png", png(np.array([[0, 0, 3]], np.uint8)))], ["road", "sky", "sign", "void"], (3,))
    assert (found.counts.pixels.tolist(), found.ignored) == ([2, 0, 0, 0], 1)
    assert found.notes == ("'void' is ignored and has no weight.", "'sky', 'sign' never occur and have no weight.")


def test_a_zip_of_masks():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("set/a.png", png(np.zeros((2, 2), np.uint8)))
        z.writestr("set/b.png", png(np.ones((2, 2), np.uint8)))
        z.writestr("__MACOSX/set/._a.png", b"junk")
        z.writestr("readme.txt", b"text")
    assert count_masks([("all.zip", file.getvalue())]).counts.pixels.tolist() == [4, 4]


def zipped(name, data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, data)
    return file.getvalue()


def animation():
    file = io.BytesIO()
    frames = [Image.fromarray(np.full((3, 3), i, np.uint8)) for i in range(2)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


GOOD = png(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50, "is no PNG file. Save label masks as indexed or grayscale PNG"),
        ("a.png", b"", "is empty: save the mask again"),
        ("a.png", GOOD[:50], "is a damaged PNG file"),
        ("a.png", GOOD[:40] + b"\0\0\0" + GOOD[43:], "is a damaged PNG file"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "is a damaged PNG file"),
        ("a.png", png(np.zeros((2, 2, 3), np.uint8)), "holds colours (RGB), not class indices"),
        ("a.png", png(np.zeros((2, 2, 4), np.uint8)), "holds colours (RGBA)"),
        ("a.png", animation(), "is an animation"),
        ("a.png", bomb(100_000, 100_000), "100,000 × 100,000 pixels, more than 40 million"),
        ("a.png", bomb(6000, 6000), "is a damaged PNG file"),
        ("a.zip", b"PK\x03\x04 no zip", "is a damaged zip archive"),
        ("a.zip", zipped("readme.txt", b"x"), "holds no PNG files"),
        ("a.zip", zipped("a.png", b"\0" * 201_000_000), "more than 5,000 masks or 200 MB"),
        ("a.png", png(np.full((2, 2), 255, np.uint8)), "Every pixel is of an ignored index (255)"),
        ("<b>![x](http://a.b)</b>.png", b"x", "is no PNG file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence(name, data, said):
    begun = time.monotonic()
    with pytest.raises(FileError) as found:
        count_masks([(name, data)])
    assert said in str(found.value)
    assert str(found.value).startswith(("'", "Every"))
    assert time.monotonic() - begun < 3


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *a, **k: pytest.fail("opened"))
    with pytest.raises(FileError, match="million"):
        count_masks([("a.png", bomb(MOST_PIXELS, 2))])


def test_an_unknown_index_is_told_with_its_place_and_what_to_do():
    mask = np.zeros((3, 4), np.uint8)
    mask[1, 2:] = 37
    with pytest.raises(FileError) as found:
        count_masks([("a.png", png(mask))], ["road", "sky"])
    assert str(found.value) == (
        "'a.png' has 2 pixels of index 37, the first at row 1, column 2 (from 0); the 2 named classes are 0 to 1. Name more "
        "classes, or ignore index 37."
    )
    assert count_masks([("a.png", png(mask))], ["road", "sky"], [37]).ignored == 2


def test_every_unknown_index_of_every_mask_is_told_at_once():
    masks = [(f"{n}.png", png(np.array([[0, value]], np.uint8))) for n, value in zip("abc", (37, 1, 40), strict=True)]
    with pytest.raises(FileError) as found:
        count_masks(masks, ["road", "sky"])
    assert str(found.value).startswith("'a.png' has 1 pixel of index 37, ")
    assert str(found.value).endswith("So have 'c.png' index 40. Name more classes, or ignore indices 37, 40.")


def test_photographs_and_nothing():
    noise = np.arange(4000, dtype=np.uint16).reshape(40, 100)
    with pytest.raises(FileError, match="more than 1,000 different indices"):
        count_masks([("a.png", png(noise))])
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    assert "photographs" in count_masks([("a.png", png(grey))]).notes[0]
    with pytest.raises(FileError, match="no masks"):
        count_masks([])
