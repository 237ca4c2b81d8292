"""Small street-like scenes, drawn from a seed: large sky and road, thin poles, small signs, few people, a void border.

The twelve classes are CamVid's, so that its counts, and the weights people copy, can be tried on them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.camvid import CLASSES, VOID

Array = NDArray[Any]
SIDE = 64
"""Pixels a side."""
PAINT = np.array(
    [
        (150, 185, 225), (140, 115, 100), (120, 120, 115), (88, 88, 92), (135, 128, 122), (70, 105, 60), (190, 90, 60),
        (125, 110, 85), (95, 95, 130), (115, 80, 85), (100, 95, 75), (62, 60, 66),
    ],
    np.float64,
)  # fmt: skip
"""Mean colour of each class in daylight, [12, 3], 0 to 255."""
SPREAD = np.array([8, 22, 12, 7, 10, 14, 45, 16, 40, 38, 32, 16], np.float64)
"""How much the colour of one thing of a class differs from the next."""
SHADE = 9.0
"""Deviation of the noise of each pixel."""
_OF = {name: i for i, name in enumerate(CLASSES)}


@dataclass(frozen=True, eq=False)
class Scenes:
    """Pictures with their labels.

    Attributes:
        images: Colours, uint8 [N, SIDE, SIDE, 3], rows from the top down.
        labels: Class of each pixel, uint8 [N, SIDE, SIDE]: indices into `CLASSES`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PixelCounts:
    """What label masks hold.

    Attributes:
        pixels: Pixels of each class, [K].
        images: Images that contain each class, [K].
        present: Pixels of the images that contain each class, [K]; ignored pixels are none.
        total: Pixels of all images, ignored ones not.
        masks: How many images.
    """

    pixels: Array
    images: Array
    present: Array
    total: int
    masks: int


def count_pixels(labels: ArrayLike, classes: int, ignore: int | None = None) -> PixelCounts:
    """Count the pixels of label masks of one size.

    Args:
        labels: Class of each pixel, integers [N, H, W].
        classes: K.
        ignore: A class whose pixels count for nothing, if any.

    Returns:
        Pixels and images of each class.

    Raises:
        ValueError: A label out of range.

    Example:
        Two masks of two pixels; class 1 is in the second only:

        >>> found = count_pixels([[[0, 0]], [[0, 1]]], 2)
        >>> found.pixels.tolist(), found.images.tolist(), found.present.tolist()
        ([3, 1], [2, 1], [4, 2])
    """
    y = np.asarray(labels)
    if y.size and not 0 <= y.min() <= y.max() < classes:
        raise ValueError(
            f"labels must be between 0 and {classes - 1}; there is {int(y.max() if y.min() >= 0 else y.min())}"
        )
    each = np.stack([np.bincount(mask.ravel(), minlength=classes) for mask in y])
    if ignore is not None:
        each[:, ignore] = 0
    return tally(each)


def tally(each: Array) -> PixelCounts:
    """`PixelCounts` of pixels of each class in each mask, [N, K]."""
    there = each > 0
    of_mask = each.sum(1)
    return PixelCounts(each.sum(0), there.sum(0), (there * of_mask[:, None]).sum(0), int(of_mask.sum()), len(each))


def make_scenes(n: int, seed: int = 0) -> Scenes:
    """Draw street scenes.

    Args:
        n: How many.
        seed: Decides all of them; the first scenes of a longer series are those of a shorter one.

    Returns:
        Images and labels.

    Example:
        >>> scenes = make_scenes(3, seed=1)
        >>> scenes.images.shape, scenes.labels.shape
        ((3, 64, 64, 3), (3, 64, 64))
        >>> CLASSES[scenes.labels[0, 0, 0]], CLASSES[scenes.labels[0, 50, 32]]
        ('Void', 'Road')
    """
    made = [_Painter(np.random.default_rng([seed, i])).scene() for i in range(n)]
    images = np.stack([image for image, _ in made]) if made else np.zeros((0, SIDE, SIDE, 3), np.uint8)
    labels = np.stack([label for _, label in made]) if made else np.zeros((0, SIDE, SIDE), np.uint8)
    return Scenes(images, labels)


class _Painter:
    """One scene, painted from far to near."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.colour = np.zeros((SIDE, SIDE, 3))
        self.label = np.zeros((SIDE, SIDE), np.uint8)
        self.y, self.x = np.mgrid[:SIDE, :SIDE]

    def put(self, name: str, where: Array, stripes: float = 0.0) -> None:
        """A thing of a class, in a colour of its own; `stripes` darkens some of its rows and columns, as windows do."""
        c = _OF[name]
        tone = PAINT[c] + self.rng.normal(0, SPREAD[c], 3) * 0.5 + self.rng.normal(0, SPREAD[c]) * 0.7
        body = np.broadcast_to(tone, self.colour.shape)
        if stripes:
            dark = ((self.y // 2 + self.rng.integers(3)) % 3 == 0) & ((self.x // 2 + self.rng.integers(3)) % 3 == 0)
            body = body - stripes * dark[..., None]
        self.colour = np.where(where[..., None], body, self.colour)
        self.label[where] = c

    def box(self, left: float, top: float, wide: float, high: float) -> Array:
        return (self.x >= left) & (self.x < left + wide) & (self.y >= top) & (self.y < top + high)

    def oval(self, x: float, y: float, a: float, b: float) -> Array:
        return ((self.x - x) / a) ** 2 + ((self.y - y) / b) ** 2 <= 1

    def scene(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Image and labels."""
        rng = self.rng
        horizon, far = int(rng.integers(24, 31)), rng.uniform(26, 38)
        self.put("Sky", self.y >= 0)
        left, right = (rng.uniform(*ends) for ends in ((-14, 4), (60, 78)))  # of the road, at the bottom
        depth = np.clip((self.y - horizon) / (SIDE - horizon), 0, 1)
        near, off = far - 2 + (left - far + 2) * depth, far + 2 + (right - far - 2) * depth
        self.put("Pavement", self.y >= horizon)
        self.put("Road", (self.y >= horizon) & (self.x >= near) & (self.x <= off))
        for side in (0, 1):
            at = 0.0
            gap = far - 7 if not side else SIDE - far - 7
            while at < gap:
                wide = rng.uniform(7, 16)
                high = rng.uniform(8, 21) * (1 - 0.5 * at / max(gap, 1))
                kind = "Building" if rng.random() < 0.72 else "Tree"
                edge = at if not side else SIDE - at - wide
                foot = horizon + 2 + 5 * (1 - at / max(gap, 1))
                if kind == "Building":
                    self.put(kind, self.box(edge, foot - high - 2, wide, high + 2), stripes=rng.uniform(15, 40))
                elif rng.random() < 0.85:
                    self.put("Tree", self.box(edge + wide / 2 - 1, foot - high / 2, 2, high / 2))
                    for _ in range(3):
                        dx, dy = rng.normal(0, 2, 2)
                        self.put(
                            "Tree", self.oval(edge + wide / 2 + dx, foot - 0.65 * high + dy, wide / 2.2, high / 2.6)
                        )
                at += wide * rng.uniform(0.8, 1.15)
        if rng.random() < 0.45:
            side, foot = int(rng.integers(2)), horizon + rng.uniform(4, 8)
            wide = rng.uniform(10, 20)
            self.put(
                "Fence", self.box(0 if not side else SIDE - wide, foot - 3, wide, int(rng.integers(3, 5))), stripes=30
            )
        for _ in range(rng.integers(1, 4)):
            near_by = rng.uniform(0.05, 0.5)
            foot, size = horizon + 3 + 26 * near_by, 4 + 15 * near_by
            middle = far + rng.choice([-1, 1]) * rng.uniform(0.3, 1.0) * (5 + 26 * near_by)
            self.put("Car", self.box(middle - size / 2, foot - 0.45 * size, size, 0.45 * size))
            self.put("Car", self.box(middle - size / 3, foot - 0.75 * size, size / 1.5, 0.35 * size))
        for name, chance, most in (("Pedestrian", 0.7, 3), ("Bicyclist", 0.4, 2)):
            for _ in range(rng.integers(1, most + 1) if rng.random() < chance else 0):
                foot = horizon + rng.uniform(7, 18)
                middle = rng.uniform(3, SIDE - 4)
                high = 3.5 + 0.28 * (foot - horizon)
                if name == "Pedestrian":
                    self.put(name, self.box(middle, foot - high, 2, high))
                else:
                    self.put(
                        name, self.oval(middle, foot - 1.3, 3.2, 1.4) | self.box(middle - 1, foot - high - 1, 2, high)
                    )
        for _ in range(rng.integers(1, 4)):
            at, foot = int(rng.choice([rng.integers(3, 22), rng.integers(42, 61)])), horizon + rng.uniform(4, 14)
            top = foot - rng.uniform(14, 26)
            self.put("Pole", self.box(at, top, 1, foot - top))
            if rng.random() < 0.7:
                size = int(rng.integers(3, 5))
                self.put("SignSymbol", self.box(at - size // 2, top + 1, size, size))
        if rng.random() < 0.6:  # the bonnet of the car that carries the camera
            self.put("Void", self.oval(rng.uniform(24, 40), SIDE + 3, rng.uniform(18, 26), rng.uniform(6, 9)))
        edge = (self.x == 0) | (self.y == 0) | (self.x == SIDE - 1) | (self.y == SIDE - 1)
        self.put("Void", edge)
        light = rng.uniform(0.75, 1.15) * np.array([1, 1, rng.uniform(0.9, 1.1)])
        noisy = self.colour * light + rng.normal(0, SHADE, self.colour.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8), self.label


__all__ = ["CLASSES", "VOID", "PixelCounts", "Scenes", "count_pixels", "make_scenes", "tally"]
