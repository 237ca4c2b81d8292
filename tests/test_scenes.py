"""Scenes, their counts and the weights that follow from them."""

import numpy as np
import pytest

from lossviz import camvid, class_weights, count_pixels, make_scenes, segfigures, segsentences
from lossviz.figures import CLASS_COLOURS, SCENE_COLOURS, STUCK_COLOUR
from lossviz.scenes import CLASSES, VOID
from lossviz.segplan import SOURCES, mask_weights

SIGN = CLASSES.index("SignSymbol")


def test_scenes_come_again_and_a_longer_series_begins_with_the_shorter():
    few, many, other = make_scenes(3, 5), make_scenes(6, 5), make_scenes(3, 6)
    np.testing.assert_array_equal(few.images, many.images[:3])
    np.testing.assert_array_equal(few.labels, many.labels[:3])
    assert (few.images != other.images).mean() > 0.5


def test_a_long_tail_a_void_border_and_classes_that_many_images_lack():
    scenes = make_scenes(60, 1)
    found = count_pixels(scenes.labels, 12)
    share = found.pixels / found.total
    assert share[[CLASSES.index(c) for c in ("Sky", "Road")]].min() > 0.2
    assert share[[CLASSES.index(c) for c in ("Pole", "SignSymbol", "Pedestrian", "Bicyclist")]].max() < 0.015
    assert (found.pixels > 0).all()
    assert {CLASSES[c] for c in np.flatnonzero(found.images < 45)} >= {"Fence", "Bicyclist"}
    for edge in (scenes.labels[:, 0], scenes.labels[:, -1], scenes.labels[:, :, 0], scenes.labels[:, :, -1]):
        assert (edge == VOID).all()
    poles = scenes.labels == CLASSES.index("Pole")
    beside = np.roll(poles, 1, 2) | np.roll(poles, -1, 2)
    assert (poles & ~beside).sum() > 0.8 * poles.sum(), "thin"


def test_counts_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, (5, 6, 7))
    y[0] = 0
    found = count_pixels(y, 5, ignore=3)
    for c in range(5):
        inside = [m for m in y if c != 3 and (m == c).any()]
        assert found.pixels[c] == sum((m == c).sum() for m in inside)
        assert found.images[c] == len(inside)
        assert found.present[c] == sum((m != 3).sum() for m in inside)
    assert found.total == (y != 3).sum()


def test_a_label_out_of_range_is_told():
    with pytest.raises(ValueError, match="between 0 and 2; there is 3"):
        count_pixels([[[0, 3]]], 3)


def test_camvid_and_the_list_that_does_not_follow_from_it():
    assert camvid.PIXELS.sum() == 367 * camvid.SIZE
    w = class_weights(camvid.PIXELS, "median_frequency", present=camvid.PRESENT)
    assert w[SIGN].round(4) == 3.5331
    assert camvid.SEGNET[SIGN] == 9.6446
    others = np.delete(camvid.SEGNET / w, [SIGN, VOID])
    assert np.abs(others - 1).max() < 0.11
    # by hand: f = pixels / (images with it × 480 × 360); the median of twelve is the mean of the two in the middle
    f = np.sort(camvid.PIXELS / (camvid.IMAGES * 480 * 360))
    assert w[SIGN] == pytest.approx((f[5] + f[6]) / 2 / (743859 / (351 * 172800)))


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_weights(source):
    counts = count_pixels(make_scenes(20).labels, 12)
    w, with_void = mask_weights(source, counts), mask_weights(source, counts, void=False)
    assert w[VOID] == 0
    assert with_void[VOID] > 0
    np.testing.assert_array_equal(np.delete(w, VOID), np.delete(with_void, VOID))
    assert (w[:VOID] > 0).all()


def test_both_denominators():
    counts = count_pixels(make_scenes(30).labels, 12)
    right, wrong = segfigures.both_denominators(counts)
    f, g = counts.pixels / counts.present, counts.pixels / counts.total
    np.testing.assert_allclose(right, np.median(f) / f)
    np.testing.assert_allclose(wrong, np.median(g) / g)
    np.testing.assert_array_equal(right, mask_weights("presence", counts, void=False))
    np.testing.assert_array_equal(wrong, mask_weights("all", counts, void=False))
    ratio = wrong / right
    c = np.abs(np.log(ratio)).argmax()
    told = segsentences.weights(right, wrong, counts.images, counts.masks, CLASSES)
    assert f"{CLASSES[c]}, in {counts.images[c]} of 30 images, weighs {wrong[c]:.3g} in place of {right[c]:.3g}" in told
    figure = segfigures.weight_bars(CLASSES, {"a": right, "b": wrong}, ["b"])
    np.testing.assert_array_equal(figure.data[1].x, wrong)
    assert list(figure.data[1].y) == list(CLASSES)
    assert figure.layout.yaxis.dtick == 1, "no name is left out for want of room"
    assert figure.data[1].marker.pattern.shape == "/"


def test_an_absent_class_has_no_weight():
    counts = count_pixels([[[0, 0, 1, 1]]], 3)
    right, _ = segfigures.both_denominators(counts)
    assert np.isnan(right[2])
    told = segsentences.weights(right, right, counts.images, 1, ("a", "b", "c"))
    assert told.startswith("Every class that occurs is in every image, so that both denominators are the same")


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        ([[[0, 0]], [[1, 1]]], "hold equally many pixels"),
        ([[[0, 1]], [[2, 2]]], "hold equally many pixels"),
        ([[[0, 1, 2]], [[2, 1, 0]]], "Every class is in every image"),
        ([[[0, 0, 0]], [[0, 1, 2]]], "With all images in the denominator"),
    ],
)
def test_what_is_said_of_the_denominators_holds(masks, said):
    counts = count_pixels(masks, np.max([np.max(m) for m in masks]) + 1)
    right, wrong = segfigures.both_denominators(counts)
    assert said in segsentences.weights(right, wrong, counts.images, counts.masks, ("a", "b", "c"))


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(c):
    m = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ c
        / [0.9505, 1, 1.089]
    )
    f = np.where(m > 0.008856, np.cbrt(m), 7.787 * m + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes 2009, severity 1
SEEN_AS = {
    "all": np.eye(3),
    "green-blind": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "red-blind": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


@pytest.mark.parametrize("eye", SEEN_AS)
def test_twelve_colours_can_be_told_apart(eye):
    def seen(colour):
        return lab(np.clip(np.asarray(SEEN_AS[eye]) @ linear(colour), 0, 1))

    colours = [*SCENE_COLOURS, STUCK_COLOUR]
    assert len(SCENE_COLOURS) == len(CLASSES)
    found = [seen(c) for c in colours]
    assert min(np.linalg.norm(a - b) for i, a in enumerate(found) for b in found[:i]) > 28
    assert not set(colours) & set(CLASS_COLOURS)
