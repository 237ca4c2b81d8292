"""Datasets: seeded toy problems with their exact posteriors, and small real tables made imbalanced.

The one place to add a dataset: write a function under `@_synthetic` (the shape of each class) or `@_real` (where the
rows come from). The pages, the tests and the reference take it, and its controls, from `DATASETS`.
Uploaded tables are read in `lossviz.tables`, and become the same `Dataset`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Choice, Knob, one_of, settle

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Disperse = Callable[[Array], Array]


def _logsumexp(terms: Array) -> Array:
    """Log of the summed exponentials over the last axis; `terms` is overwritten."""
    top = terms.max(axis=-1, keepdims=True)
    terms -= top
    np.exp(terms, out=terms)
    return np.log(terms.sum(axis=-1)) + top[..., 0]


@dataclass(frozen=True, eq=False)
class Truth:
    """The densities a synthetic problem was drawn from.

    Every class is a mixture of equal, round Gaussians: around a few centres, or around the quadrature nodes of a curve:

        p(x|c) = Σ_s mix[c,s] Σ_{m: owner[m]=s} weights[m] N(x; centres[m], sd² I)

    Attributes:
        centres: [M, 2], in data units.
        weights: [M], summing to 1 within each shape.
        owner: [M], the shape (one a class) that each centre belongs to.
        sd: Standard deviation of the Gaussians, in data units.
        mix: [K, K]; row c is the share of each shape in class c: 1 - noise of its own, noise/(K - 1) of each other.
    """

    centres: Array
    weights: Array
    owner: Labels
    sd: float
    mix: Array

    def log_density(self, X: ArrayLike) -> Array:
        """Return log p(x|c): finite wherever the density itself would underflow.

        Args:
            X: [N, 2] points, in data units.

        Returns:
            [N, K], in nats.

        Raises:
            ValueError: `X` is not [N, 2] or not finite.

        Example:
            A round Gaussian of sd 1 has density 1/2π at its centre:

            >>> Truth(np.zeros((1, 2)), np.ones(1), np.zeros(1, int), 1.0, np.eye(1)).density([[0, 0]]).round(6)
            array([[0.159155]])
        """
        points = np.asarray(X, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"X must have shape [N, 2]; not {list(points.shape)}")
        if not np.isfinite(points).all():
            raise ValueError("X must be finite; it holds NaN or infinity")
        shapes = np.empty((len(points), len(self.mix)))
        for s in range(len(self.mix)):
            centres, log_weights = self.centres[self.owner == s], np.log(self.weights[self.owner == s])
            step = max(1, 100_000 // len(centres))  # under a megabyte at a time stays in the processor's cache
            for start in range(0, len(points), step):
                rows = slice(start, start + step)
                terms = points[rows, :1] - centres[:, 0]
                terms *= terms
                other = points[rows, 1:] - centres[:, 1]
                other *= other
                terms += other
                terms *= -0.5 / self.sd**2
                terms += log_weights
                shapes[rows, s] = _logsumexp(terms)
        shapes -= np.log(2 * np.pi * self.sd**2)
        log_mix = np.full_like(self.mix, -np.inf)
        np.log(self.mix, where=self.mix > 0, out=log_mix)
        return _logsumexp(shapes[:, None, :] + log_mix)

    def density(self, X: ArrayLike) -> Array:
        """Return p(x|c) as [N, K], per unit area; see `log_density`."""
        return np.exp(self.log_density(X))

    def posterior(self, X: ArrayLike, priors: ArrayLike) -> Array:
        """Return p(c|x), which is priors[c] p(x|c), divided by its sum over the classes.

        A strategy that weights classes by w has its target at the posterior of priors · w.

        Args:
            X: [N, 2] points, in data units.
            priors: [K], not negative; only their ratios matter.

        Returns:
            [N, K], rows summing to 1, finite however far from the data.

        Raises:
            ValueError: `X` or `priors` have a wrong shape; a prior is negative or not finite, or all are 0.

        Example:
            Halfway between two equal blobs only the priors speak:

            >>> truth = Truth(np.array([[-1.0, 0], [1, 0]]), np.ones(2), np.arange(2), 0.5, np.eye(2))
            >>> truth.posterior([[0, 0]], [3, 1])
            array([[0.75, 0.25]])
        """
        weights = np.asarray(priors, dtype=np.float64)
        if weights.shape != (len(self.mix),):
            raise ValueError(f"priors must have shape [{len(self.mix)}]; not {list(weights.shape)}")
        for c, weight in enumerate(weights):
            if not 0 <= weight < np.inf:
                raise ValueError(f"the prior of class {c} must be finite and not negative; not {weight}")
        if not weights.any():
            raise ValueError("at least one prior must be positive; all are 0")
        log_priors = np.full_like(weights, -np.inf)
        np.log(weights, where=weights > 0, out=log_priors)
        joint = self.log_density(X) + log_priors
        joint -= joint.max(axis=1, keepdims=True)
        np.exp(joint, out=joint)
        joint /= joint.sum(axis=1, keepdims=True)
        return joint


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification problem in the plane.

    Attributes:
        name: Its key in `DATASETS`; "table" for an uploaded one.
        title: What people call it.
        X: [N, 2] training points, in the units of their source.
        y: [N] class of each, 0 to K - 1; class 0 is the largest unless somebody gave the counts.
        X_test: [T, 2] test points, never used in training.
        y_test: [T] class of each.
        classes: K class names.
        features: Names of the two axes.
        truth: The exact densities, where they are known.
        notes: What was left out or changed, and why; plain sentences.
    """

    name: str
    title: str
    X: Array
    y: Labels
    X_test: Array
    y_test: Labels
    classes: tuple[str, ...]
    features: tuple[str, str]
    truth: Truth | None
    notes: tuple[str, ...]

    @property
    def counts(self) -> Labels:
        """Training points of each class, [K]."""
        return np.bincount(self.y, minlength=len(self.classes))

    @property
    def priors(self) -> Array:
        """Share of each class in the training points, [K]."""
        return self.counts / len(self.y)


@dataclass(frozen=True)
class Entry:
    """One dataset that can be made.

    Attributes:
        name: What `make_dataset` calls it.
        title: What people call it.
        summary: One line on what it is.
        kind: "synthetic" (drawn, usually with a known truth) or "real".
        knobs: What can be turned.
        columns: Real data: the columns that may be chosen as axes.
        make: Knob values and `seed` -> Dataset.
    """

    name: str
    title: str
    summary: str
    kind: str
    knobs: tuple[Knob | Choice, ...]
    columns: tuple[str, ...]
    make: Callable[..., Dataset]


DATASETS: dict[str, Entry] = {}


def make_dataset(name: str, *, seed: int = 0, **knobs: Any) -> Dataset:
    """Make a dataset by name; the same arguments give the same numbers, bit for bit.

    Args:
        name: A key of `DATASETS`.
        seed: A whole number, 0 or more.
        **knobs: Values for the entry's knobs. Synthetic ones know `n` (training points), `imbalance` (largest class /
            smallest class; the sizes between are geometric), `overlap` (sd around the shape, in data units) and `noise`
            (share of a class drawn from another class's shape), `counts` (of each class, in place of `n` and `imbalance`),
            some also `classes`, and blobs `centres` ([K, 2]); real ones `imbalance` and
            `features`: "pca", "lda" or two of the entry's `columns`.

    Returns:
        The dataset. Synthetic test points are a fresh draw with the same class shares, 4n of them, at most 20,000.

    Raises:
        ValueError: An unknown name or knob, or a value out of range.

    Example:
        >>> data = make_dataset("blobs", n=1110, classes=3, imbalance=100)
        >>> data.counts.tolist(), data.X_test.shape
        ([1000, 100, 10], (4440, 2))
    """
    entry = DATASETS[one_of("dataset", name, DATASETS)]
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number, 0 or more; not {seed!r}")
    return entry.make(seed=int(seed), **settle(name, entry.knobs, knobs))


def apportion(shares: ArrayLike, total: int, least: int = 2) -> Labels:
    """Return whole numbers in proportion to `shares`, none under `least`, that sum to `total`.

    Largest remainders are rounded up, so equal shares differ by at most 1 and order is kept.

    Args:
        shares: [K], positive; only their ratios matter.
        total: What the result sums to.
        least: The smallest number allowed.

    Returns:
        [K] whole numbers.

    Raises:
        ValueError: `total` does not suffice for `least` each.

    Example:
        >>> apportion([1000, 10, 1], 100).tolist()
        [96, 2, 2]
    """
    share = np.asarray(shares, dtype=np.float64)
    if total < least * len(share):
        raise ValueError(f"{total} rows are too few for {least} of each of {len(share)} classes")
    free = np.ones(len(share), dtype=bool)
    while True:
        ideal = np.where(free, share * ((total - least * (~free).sum()) / share[free].sum()), least)
        short = ideal < least - 1e-9
        if not short.any():
            break
        free &= ~short
    counts = np.floor(ideal).astype(np.int64)
    counts[np.argsort(counts - ideal, kind="stable")[: total - counts.sum()]] += 1
    return counts


# Synthetic problems: the shape of each class, and the one way to draw from them


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
    counts = _numbers("counts", given, (k,))
    for c, count in enumerate(counts):
        if count != int(count) or count < 2:
            raise ValueError(f"counts[{c}] is {count:g}: each class needs a whole number of points, 2 or more")
    if counts.sum() > MOST:
        raise ValueError(f"counts sum to {counts.sum():,.0f}: there can be {MOST:,} training points")
    return counts.astype(np.int64)


def _numbers(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Array:
    """An array that somebody gave: of this shape, -1 standing for any length, and finite."""
    wanted = "[" + ", ".join("any" if n < 0 else str(n) for n in shape) + "]"
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers of shape {wanted}; not {given!r:.80}") from None
    if array.ndim != len(shape) or any(a != n for a, n in zip(array.shape, shape, strict=True) if n >= 0):
        raise ValueError(f"{name} must have shape {wanted}; not {list(array.shape)}")
    if not (np.abs(array) < 1e9).all():
        raise ValueError(f"{name} must be finite, and less than 1e9 in size")
    return array


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
        entry = Entry(name, title, _first_line(function), "synthetic", (*common, _COUNTS, *knobs), (), make)
        DATASETS[name] = entry
        return function

    return register


def _first_line(function: Callable) -> str:
    return (function.__doc__ or "").strip().split("\n")[0]


@_synthetic("Gaussian blobs", (0.6, 0.1, 2.0), classes=3, knobs=(_CENTRES,))
def blobs(classes: int, sd: float, centres: Any = "polygon") -> list[Shape]:
    """Round Gaussians around the corners of a polygon, neighbours 2 apart: the best boundaries are straight."""
    if not isinstance(centres, str):
        return [_spots(spot) for spot in _numbers("centres", centres, (classes, 2)).tolist()]
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


def with_points(data: Dataset, points: ArrayLike) -> Dataset:
    """A dataset with training points added by hand.

    Args:
        data: The dataset; its test part and its truth stay as they are.
        points: Rows x, y, class; [A, 3], in data units, classes from 0.

    Returns:
        The same problem with the points at the end of its training part.

    Raises:
        ValueError: A point that is no row of three finite numbers, or of a class that does not exist.

    Example:
        >>> data = make_dataset("moons", n=20, imbalance=1)
        >>> more = with_points(data, [[0.5, 0.25, 1]])
        >>> len(data.X), len(more.X), more.X[-1].tolist(), int(more.y[-1])
        (20, 21, [0.5, 0.25], 1)
    """
    rows = _numbers("points", points, (-1, 3))
    k = len(data.classes)
    for i, c in enumerate(rows[:, 2]):
        if c != int(c) or not 0 <= c < k:
            raise ValueError(f"point {i + 1} is of class {c:g}: classes are whole numbers from 0 to {k - 1}")
    return replace(
        data, X=np.concatenate([data.X, rows[:, :2]]), y=np.concatenate([data.y, rows[:, 2].astype(np.int64)])
    )


# Real data, and what uploaded tables share with them


def split(y: ArrayLike, test_size: float, rng: np.random.Generator) -> tuple[Labels, Labels]:
    """Split rows at random, class by class, at least one row of each class in both parts.

    Args:
        y: [N] classes, each at least twice.
        test_size: Share of each class that goes to the test part, between 0 and 1.
        rng: Where the randomness comes from.

    Returns:
        Row numbers of the training part and of the test part, ascending.

    Raises:
        ValueError: `test_size` is not between 0 and 1.

    Example:
        >>> train, test = split([0] * 10 + [1] * 2, 0.3, np.random.default_rng(0))
        >>> len(train), len(test)
        (8, 4)
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must be between 0 and 1; not {test_size!r}")
    labels = np.asarray(y)
    in_test = np.zeros(len(labels), dtype=bool)
    for c in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == c))
        in_test[rows[: min(max(1, round(len(rows) * test_size)), len(rows) - 1)]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def project(train: Array, y: Labels, test: Array, kind: str) -> tuple[Array, Array, tuple[str, str], tuple[str, ...]]:
    """Project many columns onto two axes that are fitted on the standardised training part only.

    "pca" finds the two directions of largest variance; "lda" the two that separate the classes best. Two classes have
    only one such direction; the second axis is then the largest variance that it leaves.

    Args:
        train: [N, D] finite numbers, D at least 2.
        y: [N] classes.
        test: [T, D].
        kind: "pca" or "lda".

    Returns:
        Scores of both parts, [N, 2] and [T, 2]; the names of the axes; notes.

    Raises:
        ValueError: An unknown kind, or the columns do not span a plane.

    Example:
        Standardised, both columns are -1 or 1; the first axis is the diagonal on which they agree, three times in four:

        >>> corners = np.array([[0.0, 0], [8, 2]] * 3 + [[0, 2], [8, 0]])
        >>> scores, _, _, notes = project(corners, np.arange(8) % 2, corners[:1], "pca")
        >>> np.abs(scores[[0, 6]]).round(4).tolist()
        [[1.4142, 0.0], [0.0, 1.4142]]
        >>> notes[0]
        'The axes are the first two principal components of 2 standardised columns: 100% of their variance.'
    """
    from sklearn.decomposition import PCA

    one_of("features", kind, ("pca", "lda"))
    mean, sd = train.mean(axis=0), train.std(axis=0)
    varies = (np.ptp(train, axis=0) > 0) & (sd > 0)
    notes = []
    if not varies.all():
        notes.append(f"{_plural((~varies).sum(), 'column')} with the same value in every training row: left out.")
    if varies.sum() < 2:
        raise ValueError("A projection needs at least two numeric columns whose values vary; choose other columns.")
    train, test = ((part[:, varies] - mean[varies]) / sd[varies] for part in (train, test))
    columns = f"{varies.sum()} standardised columns"
    if kind == "pca":
        pca = PCA(2, svd_solver="covariance_eigh").fit(train)
        scores, test_scores = pca.transform(train), pca.transform(test)
        names = ("principal component 1", "principal component 2")
        explained = pca.explained_variance_ratio_.sum()
        notes.append(
            f"The axes are the first two principal components of {columns}: {explained:.0%} of their variance."
        )
    else:
        _, inverse, sizes = np.unique(y, return_inverse=True, return_counts=True)
        means = np.stack([train[inverse == c].mean(axis=0) for c in range(len(sizes))])
        scatter = train - means[inverse]
        # A little of the identity keeps repeated and redundant columns, as of images, invertible. scikit-learn's own
        # shrinkage blends it into the spread between the classes too, and then finds directions where there is none.
        root = np.linalg.cholesky(scatter.T @ scatter / len(y) + 1e-3 * np.eye(len(train.T)))
        between = np.linalg.solve(root, (means * np.sqrt(sizes[:, None])).T)
        top = min(2, len(sizes) - 1)
        directions = np.linalg.solve(root.T, np.linalg.svd(between, full_matrices=False)[0][:, :top])
        directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(top)])
        scores, test_scores = train @ directions, test @ directions
        names = ("discriminant 1", "discriminant 2")
        notes.append(f"The axes are linear discriminants of {columns}, fitted on the training part.")
        if top == 1:
            unit = directions / np.linalg.norm(directions)
            rest, test_rest = (part - part @ unit @ unit.T for part in (train, test))
            pca = PCA(1, svd_solver="covariance_eigh").fit(rest)
            scores = np.hstack([scores, pca.transform(rest)])
            test_scores = np.hstack([test_scores, pca.transform(test_rest)])
            names = ("discriminant 1", "rest, component 1")
            notes.append("Two classes have one discriminant; the second axis is the main component of what it leaves.")
    spread = scores.std(axis=0)
    if spread.min() <= 1e-6 * spread.max():
        raise ValueError("The columns all say the same, up to a factor: choose two columns instead of a projection.")
    return scores, test_scores, names, tuple(notes)


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _real(title: str, columns: Sequence[str], features: str = "pca") -> Callable:
    """Register a function `() -> (X [N, D], y [N], class names)` with its column names and default projection."""
    text = "The largest class has this many times the smallest, of which a seeded part is kept; 1 keeps every row."
    knobs = (
        Knob("imbalance", "Imbalance", 5, 1, 50, 0.5, text),
        Choice(
            "features", "Axes", features, ("pca", "lda"), "A projection of all columns, or two of them.", arrays=True
        ),
    )

    def register(load: Callable[[], tuple[Array, Labels, Sequence[str]]]) -> Callable:
        def make(seed: int, imbalance: float, features: Any) -> Dataset:
            return _unbalance(entry, load(), seed, imbalance, features)

        name = load.__name__
        entry = Entry(name, title, _first_line(load), "real", knobs, tuple(columns), make)
        DATASETS[name] = entry
        return load

    return register


def _unbalance(
    entry: Entry, loaded: tuple[Array, Labels, Sequence[str]], seed: int, imbalance: float, features: Any
) -> Dataset:
    """Order the classes by size, keep a part of the rarer ones, split, and choose the axes."""
    values, target, class_names = loaded
    if not isinstance(features, str):
        features = [one_of("features", name, entry.columns) for name in features]
        if len(features) != 2 or features[0] == features[1]:
            raise ValueError(f"features must be 'pca', 'lda' or two different columns; not {features!r}")
    natural = np.bincount(target)
    order = np.argsort(-natural, kind="stable")
    natural = natural[order]
    wanted = natural[0] * imbalance ** (-np.arange(len(order)) / (len(order) - 1))
    kept = np.minimum(natural, np.maximum(np.rint(wanted).astype(np.int64), 4))  # 4: two or more in each part, nearly
    rng = np.random.default_rng([seed, 2])
    rows = [rng.permutation(np.flatnonzero(target == c))[:k] for c, k in zip(order, kept, strict=True)]
    X, y = values[np.concatenate(rows)], np.repeat(np.arange(len(order)), kept)
    names = tuple(str(class_names[c]) for c in order)
    notes = [
        f"'{name}': {k} of its {total} rows kept, to make the classes imbalanced."
        for name, k, total in zip(names, kept, natural, strict=True)
        if k < total
    ]
    train, test = split(y, 0.3, rng)
    if isinstance(features, str):
        X_train, X_test, axes, more = project(X[train], y[train], X[test], features)
        notes += more
    else:
        X = X[:, [entry.columns.index(name) for name in features]]
        X_train, X_test, axes = X[train], X[test], (features[0], features[1])
    return Dataset(entry.name, entry.title, X_train, y[train], X_test, y[test], names, axes, None, tuple(notes))


_CELL_MEASURES = (
    "radius,texture,perimeter,area,smoothness,compactness,concavity,concave points,symmetry,fractal dimension"
).split(",")
_WINE_MEASURES = (
    "alcohol,malic_acid,ash,alcalinity_of_ash,magnesium,total_phenols,flavanoids,nonflavanoid_phenols,proanthocyanins,"
    "color_intensity,hue,od280/od315_of_diluted_wines,proline"
).split(",")


@_real("Iris flowers", ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"])
def iris() -> tuple[Array, Labels, Sequence[str]]:
    """150 flowers of three species, by length and width of sepals and petals (Fisher 1936)."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    return bunch.data, bunch.target, bunch.target_names


@_real("Wines", _WINE_MEASURES)
def wine() -> tuple[Array, Labels, Sequence[str]]:
    """178 wines of three growers, by 13 chemical measurements."""
    from sklearn.datasets import load_wine

    bunch = load_wine()
    return bunch.data, bunch.target, bunch.target_names


@_real(
    "Breast cancer",
    [
        *(f"mean {m}" for m in _CELL_MEASURES),
        *(f"{m} error" for m in _CELL_MEASURES),
        *(f"worst {m}" for m in _CELL_MEASURES),
    ],
)
def breast_cancer() -> tuple[Array, Labels, Sequence[str]]:
    """569 tumours, benign or malignant, by 30 measurements of cell nuclei; malignant is the rarer class."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return bunch.data, bunch.target, bunch.target_names


@_real("Handwritten digits", [f"pixel_{row}_{column}" for row in range(8) for column in range(8)], features="lda")
def digits() -> tuple[Array, Labels, Sequence[str]]:
    """1,083 handwritten digits from 0 to 5, by their 64 pixels."""
    from sklearn.datasets import load_digits

    bunch = load_digits(n_class=6)
    return bunch.data, bunch.target, [str(digit) for digit in range(6)]
