"""What a dataset is, with the exact densities where they are known; and how classes are apportioned, split and projected.

The datasets themselves are in `lossviz.synthetic` and `lossviz.realdata`; uploaded tables
become the same, in `lossviz.tabledata`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Choice, Knob, one_of

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


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


def first_line(function: Callable) -> str:
    """What an entry says of itself."""
    return (function.__doc__ or "").strip().split("\n")[0]


def numbers(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Array:
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
