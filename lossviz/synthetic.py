"""Seeded toy problems: the shape of each class, and the one way to draw from them. The one place to add one.

A problem is a function from the number of classes and the spread to the shapes of the classes, under `@_synthetic`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossviz.dataset import Array, Dataset, Entry, Labels, Truth, apportion, first_line, numbers
from lossviz.knobs import Choice, Knob

ENTRIES: dict[str, Entry] = {}
"""Name -> problem."""
Disperse = Callable[[Array], Array]


@dataclass(frozen=True)
class Shape:
    """What the points of a class scatter around: centres or a curve.

    Attributes:
        point: Positions in [0, 1), uniformly distributed, [N] -> [N, 2] points of the shape.
        nodes: [M] positions that represent the shape: Σ weights[m] f(point(nodes[m])) ≈ ∫ f(point(u)) du.
        weights: [M], summing to 1.
    """

    point: Callable[[Array], Array]
    nodes: Array
    weights: Array


def _spots(*centres: Sequence[float]) -> Shape:
    """One or several centres, equally likely: the sum over them is exact."""
    points, m = np.array(centres, dtype=np.float64), len(centres)
    return Shape(lambda u: points[(u * m).astype(np.int64)], (np.arange(m) + 0.5) / m, np.full(m, 1 / m))


def _curve(point: Callable[[Array], Array], sd: float, closed: bool = False) -> Shape:
    """A smooth curve, and nodes so close, for a Gaussian of `sd`, that densities are exact to 1e-9 of the largest.

    On a closed curve equal steps converge exponentially; on an open one 16-point Gauss-Legendre panels of 4 sd do.
    """
    speed = np.linalg.norm(np.diff(point(np.linspace(0, 1, 257)), axis=0), axis=1).max() * 256
    if closed:
        m = int(np.ceil(3 * speed / sd))
        return Shape(point, np.arange(m) / m, np.full(m, 1 / m))
    panels = int(np.ceil(speed / (4 * sd)))
    x, w = np.polynomial.legendre.leggauss(16)
    nodes = (np.arange(panels)[:, None] + (x + 1) / 2) / panels
    return Shape(point, nodes.ravel(), np.tile(w / 2 / panels, panels))


def _draw(
    shapes: Sequence[Shape], mix: Array, counts: Labels, disperse: Disperse, stream: tuple[int, int]
) -> tuple[Array, Labels]:
    """Draw counts[c] points of every class, shuffled.

    Each class has its own random streams, so a knob moves points or adds some, and leaves the others where they were.
    """
    points = []
    for c, count in enumerate(counts):
        pick, position = np.random.default_rng([*stream, c, 0]).random((count, 2)).T
        scatter = disperse(np.random.default_rng([*stream, c, 1]).standard_normal((count, 2)))
        others = [s for s in range(len(shapes)) if s != c]
        order = np.array([c, *others])
        # The own shape comes first, so that more noise converts some points and leaves the others alone.
        shape = order[np.searchsorted(np.cumsum(mix[c, order])[:-1], pick, side="right")]
        backbone = np.empty((count, 2))
        for s in range(len(shapes)):
            backbone[shape == s] = shapes[s].point(position[shape == s])
        points.append(backbone + scatter)
    y = np.repeat(np.arange(len(counts)), counts)
    shuffle = np.random.default_rng([*stream, len(counts)]).permutation(len(y))
    return np.concatenate(points)[shuffle], y[shuffle]


def _counts(given: ArrayLike, k: int) -> Labels:
    """Class counts as somebody gave them: whole numbers, 2 or more of each of `k` classes, at most MOST in all."""
    counts = numbers("counts", given, (k,))
    for c, count in enumerate(counts):
        if count != int(count) or count < 2:
            raise ValueError(f"counts[{c}] is {count:g}: each class needs a whole number of points, 2 or more")
    if counts.sum() > MOST:
        raise ValueError(f"counts sum to {counts.sum():,.0f}: there can be {MOST:,} training points")
    return counts.astype(np.int64)


def _assemble(
    entry: Entry, shapes: Sequence[Shape], disperse: Disperse, sd: float | None, knobs: dict[str, Any], seed: int
) -> Dataset:
    """Draw both parts of a synthetic problem; without `sd` it has no `Truth`."""
    k, ratio, noise = len(shapes), knobs["imbalance"], knobs.get("noise", 0.0)
    mix = np.full((k, k), noise / (k - 1))
    np.fill_diagonal(mix, 1 - noise)
    given = not isinstance(knobs["counts"], str)
    counts = _counts(knobs["counts"], k) if given else apportion(ratio ** (-np.arange(k) / (k - 1)), knobs["n"])
    X, y = _draw(shapes, mix, counts, disperse, (seed, 0))
    X_test, y_test = _draw(shapes, mix, apportion(counts, min(4 * counts.sum(), 20_000)), disperse, (seed, 1))
    notes = []
    if not given and counts[-1] == 2 and counts[0] < 0.9 * 2 * ratio:
        notes.append(
            f"The smallest class has 2 training points, the fewest allowed, so the largest has {counts[0] / 2:g} times "
            f"as many, not {ratio:g}."
        )
    truth = None
    if sd is not None:
        truth = Truth(
            np.concatenate([s.point(s.nodes) for s in shapes]),
            np.concatenate([s.weights for s in shapes]),
            np.repeat(np.arange(k), [len(s.nodes) for s in shapes]),
            sd,
            mix,
        )
    names = tuple(f"class {c}" for c in range(k))
    return Dataset(entry.name, entry.title, X, y, X_test, y_test, names, ("x1", "x2"), truth, tuple(notes))


MOST = 100_000
"""Most training points of a synthetic problem."""
_COUNTS = Choice(
    "counts", "Class counts", "geometric", ("geometric",), "Training points of each class, instead of size and imbalance.",
    arrays=True,
)  # fmt: skip
_CENTRES = Choice("centres", "Centres", "polygon", ("polygon",), "Where each class is, [K, 2].", arrays=True)


def _synthetic(
    title: str,
    overlap: tuple[float, float, float] | None,
    classes: int | None = None,
    knobs: tuple[Knob | Choice, ...] = (),
) -> Callable:
    """Register a function `(classes, sd) -> shapes`, or the `(entry, seed, **knobs) -> Dataset` of one without overlap.

    Args:
        title: What people call it.
        overlap: Default, smallest and largest sd around the shapes, in data units; None: no Gaussian, no noise.
        classes: Default number of classes, where there may be 2 to 6; otherwise there are two.
        knobs: Knobs of its own.
    """
    common: list[Knob | Choice] = [
        Knob("n", "Training points", 1000, 20, MOST, 1, "Size of the training part, all classes together.")
    ]
    if classes:
        common.append(Knob("classes", "Classes", classes, 2, 6, 1, "Class 0 is the largest, the last the rarest."))
    common.append(
        Knob("imbalance", "Imbalance", 10, 1, 1000, 0.5, "The largest class has this many times the smallest.")
    )
    if overlap:
        text = "Standard deviation of the Gaussian around each shape, in data units."
        common.append(Knob("overlap", "Overlap", *overlap, 0.01, text))
        text = "Share of each class drawn from the shape of another class."
        common.append(Knob("noise", "Label noise", 0, 0, 0.4, 0.01, text))

    def register(function: Callable) -> Callable:
        def make(seed: int, **values: Any) -> Dataset:
            if not overlap:
                return function(entry, seed, **values)
            sd = float(values["overlap"])
            shapes = function(int(values.get("classes", 2)), sd, **{k.name: values[k.name] for k in knobs})
            return _assemble(entry, shapes, lambda normal: sd * normal, sd, values, seed)

        name = function.__name__
        entry = Entry(name, title, first_line(function), "synthetic", (*common, _COUNTS, *knobs), (), make)
        ENTRIES[name] = entry
        return function

    return register


@_synthetic("Gaussian blobs", (0.6, 0.1, 2.0), classes=3, knobs=(_CENTRES,))
def blobs(classes: int, sd: float, centres: Any = "polygon") -> list[Shape]:
    """Round Gaussians around the corners of a polygon, neighbours 2 apart: the best boundaries are straight."""
    if not isinstance(centres, str):
        return [_spots(spot) for spot in numbers("centres", centres, (classes, 2)).tolist()]
    radius = 1 / np.sin(np.pi / classes)
    angles = np.pi * (1 + 2 * np.arange(classes) / classes)
    return [_spots((radius * np.cos(a), radius * np.sin(a))) for a in angles]


@_synthetic("Two moons", (0.25, 0.05, 0.8))
def moons(classes: int, sd: float) -> list[Shape]:
    """Two interleaved half circles of radius 1."""

    def upper(u: Array) -> Array:
        return np.column_stack([np.cos(np.pi * u), np.sin(np.pi * u)])

    return [_curve(upper, sd), _curve(lambda u: [1, 0.5] - upper(u), sd)]


@_synthetic("Two circles", (0.2, 0.05, 0.6))
def circles(classes: int, sd: float) -> list[Shape]:
    """A circle of radius 0.5, the rarer class, inside one of radius 1."""

    def ring(radius: float) -> Callable[[Array], Array]:
        return lambda u: radius * np.column_stack([np.cos(2 * np.pi * u), np.sin(2 * np.pi * u)])

    return [_curve(ring(1.0), sd, closed=True), _curve(ring(0.5), sd, closed=True)]


@_synthetic("Spirals", (0.3, 0.1, 0.8), classes=2)
def spirals(classes: int, sd: float) -> list[Shape]:
    """Arms that wind outwards from radius 0.3 to 2 in five eighths of a turn."""

    def arm(start: float) -> Callable[[Array], Array]:
        def point(u: Array) -> Array:
            radius = np.sqrt(0.09 + 3.91 * u)  # nearly as many points per length outside as inside
            angle = start + 1.25 * np.pi * (radius - 0.3) / 1.7
            return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

        return point

    return [_curve(arm(2 * np.pi * c / classes), sd) for c in range(classes)]


@_synthetic("XOR", (0.5, 0.1, 1.5))
def xor(classes: int, sd: float) -> list[Shape]:
    """Four blobs in a square of side 2, opposite corners of one class: no straight line separates them."""
    return [_spots((-1, -1), (1, 1)), _spots((-1, 1), (1, -1))]


_GAP = Knob("gap", "Gap", 0.5, 0.1, 1.5, 0.05, "Distance between neighbouring discs, in data units.")


@_synthetic("Separable blobs", None, classes=2, knobs=(_GAP,))
def separable(entry: Entry, seed: int, **knobs: Any) -> Dataset:
    """Discs, evenly filled and apart from each other: straight lines separate the classes without an error."""
    radius = 1 - knobs["gap"] / 2

    def disc(normal: Array) -> Array:
        # |z|²/2 is exponentially distributed, so 1 - exp(-|z|²/2) is uniform: the share of the disc's area within.
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        return radius * np.sqrt(-np.expm1(-0.5 * length**2)) * normal / length

    return _assemble(entry, blobs(knobs["classes"], 0.0), disc, None, knobs, seed)
