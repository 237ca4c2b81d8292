"""Small real tables, made imbalanced. The one place to add one: a function from nothing to its rows, under `@_real`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossviz.dataset import Array, Dataset, Entry, Labels, first_line, project, split
from lossviz.knobs import Choice, Knob, one_of

ENTRIES: dict[str, Entry] = {}
"""Name -> table."""


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
        entry = Entry(name, title, first_line(load), "real", knobs, tuple(columns), make)
        ENTRIES[name] = entry
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
