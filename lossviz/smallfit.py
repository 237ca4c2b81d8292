"""Small linear models fitted in NumPy, for experiments that take a blink: to the optimum, or by gradient descent."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.logitplane import slope, value
from lossviz.strategies import Tables

Array = NDArray[Any]


def _loss(
    t: Tables, theta: Array, parts: list[tuple[int, Array, Array]], total: float, l2: float
) -> tuple[float, Array]:
    """Mean loss, with L2 on all but the biases, and its gradient, [K, D]."""
    decay = np.append(np.full(theta.shape[1] - 1, l2), 0.0)
    out, grad = float((decay * theta**2).sum() / 2), decay * theta
    for c, x, w in parts:
        z = np.einsum("kd,nd->kn", theta, x)  # so small that BLAS, with its threads, is ten times slower
        out += float((value(t, z, c) * w).sum()) / total
        grad = grad + np.einsum("kn,nd->kd", slope(t, z, c) * w, x) / total
    return out, grad


def _parts(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> tuple[list[tuple[int, Array, Array]], int]:
    x, labels = np.column_stack([np.asarray(X, float), np.ones(len(np.asarray(y)))]), np.asarray(y)
    w = np.ones(len(labels)) if weights is None else np.asarray(weights, float)
    return [(int(c), x[labels == c], w[labels == c]) for c in np.unique(labels)], x.shape[1]


def optimum(
    t: Tables,
    X: ArrayLike,
    y: ArrayLike,
    *,
    l2: float = 0.0,
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> Array:
    """The linear model that minimises a strategy's mean loss.

    Args:
        t: The strategy's tables, for K classes.
        X: Examples, [N, D].
        y: Classes, [N].
        l2: Pull on the weights (not the biases) towards zero, λ/2 · Σ w².
        weights: Of the examples, [N], besides the strategy's; the mean is over N all the same.
        start: Where to start from, [K, D + 1]; zeros by default.

    Returns:
        A row of weights and a bias for each class, [K, D + 1]: logits are `[X, 1] @ theta.T`.

    Example:
        Without features the optimum is the base rate: of 90 and 10 examples the log-odds are log 9.

        >>> from lossviz.strategies import get
        >>> y = np.repeat([0, 1], [90, 10])
        >>> theta = optimum(get("cross_entropy").tables([90, 10]), np.zeros((100, 1)), y)
        >>> round(float(np.exp(theta[0, 1] - theta[1, 1])), 3)
        9.0
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    parts, d = _parts(X, y, weights)
    k, total = len(t.weight), float(len(np.asarray(y)))
    first = np.zeros((k, d)) if start is None else np.asarray(start, float)

    def f(flat: Array) -> tuple[float, Array]:
        out, grad = _loss(t, flat.reshape(k, d), parts, total, l2)
        return out, grad.ravel()

    solved = minimize(
        f, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 3000, "ftol": 1e-15, "gtol": 1e-9}
    )
    return np.asarray(solved.x).reshape(k, d)


def descend(t: Tables, X: ArrayLike, y: ArrayLike, *, steps: int = 400, rate: float = 0.05, l2: float = 0.0) -> Array:
    """The same model trained by Adam from zeros: for losses that jump where the predicted class changes.

    Args:
        t: The strategy's tables, for K classes.
        X: Examples, [N, D].
        y: Classes, [N].
        steps: How many, on all examples at once.
        rate: Learning rate.
        l2: As `optimum`.

    Returns:
        [K, D + 1].

    Example:
        >>> from lossviz.strategies import get
        >>> y = np.repeat([0, 1], [90, 10])
        >>> theta = descend(get("cross_entropy").tables([90, 10]), np.zeros((100, 1)), y, steps=800)
        >>> round(float(np.exp(theta[0, 1] - theta[1, 1])), 2)
        9.0
    """
    parts, d = _parts(X, y, None)
    theta = np.zeros((len(t.weight), d))
    m, s = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, steps + 1):
        g = _loss(t, theta, parts, float(len(np.asarray(y))), l2)[1]
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        theta = theta - rate * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-7)
    return theta


def logits(theta: Array, X: ArrayLike) -> Array:
    """Logits of a model at points, [N, K].

    Example:
        >>> logits(np.array([[0.0, 0.0], [2.0, 1.0]]), [[3.0]]).tolist()
        [[0.0, 7.0]]
    """
    x = np.asarray(X, float)
    return np.asarray(np.column_stack([x, np.ones(len(x))]) @ theta.T)


def softmax(z: ArrayLike) -> Array:
    """Probabilities of logits, along the last axis.

    Example:
        >>> softmax([[0.0, 0.0]]).tolist()
        [[0.5, 0.5]]
    """
    z = np.asarray(z, float)
    e = np.exp(z - z.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def tally(decided: Array, y: Array, c: int = 1) -> dict[str, float]:
    """Accuracy, and recall, precision and false alarm rate of class c.

    Example:
        >>> tally(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1]))
        {'accuracy': 0.5, 'recall': 0.5, 'precision': 0.5, 'false_alarms': 0.5, 'found': 1.0, 'alarms': 2.0}
    """
    hit, said, true = float(((decided == c) & (y == c)).sum()), float((decided == c).sum()), float((y == c).sum())
    nan = float("nan")
    return {
        "accuracy": float((decided == y).mean()),
        "recall": hit / true if true else nan,
        "precision": hit / said if said else nan,
        "false_alarms": (said - hit) / (len(y) - true) if len(y) > true else nan,
        "found": hit,
        "alarms": said,
    }
