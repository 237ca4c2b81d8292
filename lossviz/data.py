"""Datasets by name: toy problems with their exact posteriors, small real tables, and points added by hand.

The pages, the tests and the reference take them, and their controls, from `DATASETS`. To add one, add a function to
`lossviz.synthetic` (the shape of each class) or `lossviz.realdata` (where the rows come from).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossviz import realdata, synthetic
from lossviz.dataset import Dataset, Entry, numbers
from lossviz.knobs import one_of, settle

DATASETS: dict[str, Entry] = synthetic.ENTRIES | realdata.ENTRIES


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
    rows = numbers("points", points, (-1, 3))
    k = len(data.classes)
    for i, c in enumerate(rows[:, 2]):
        if c != int(c) or not 0 <= c < k:
            raise ValueError(f"point {i + 1} is of class {c:g}: classes are whole numbers from 0 to {k - 1}")
    return replace(
        data, X=np.concatenate([data.X, rows[:, :2]]), y=np.concatenate([data.y, rows[:, 2].astype(np.int64)])
    )
