"""What a claim on trial is: its words, the experiment that can contradict it, and the evidence an experiment returns.

An experiment is a function of one implementation of what the claim is about. Given another one, a corrected or a broken
one, it must be able to say something else: each claim names such a `rival`, and the tests see that the verdict flips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
VERDICTS = {"true": "True", "false": "False", "depends": "It depends"}
"""What a trial can find -> how a button and a heading say it."""
THREADS = {
    "binary": "Loss function for class imbalanced binary classifier in Tensor flow",
    "unbalanced": "Unbalanced data and weighted cross entropy",
    "masks": "A question on masks for segmentation",
    "multilabel": "weighted loss function for multilabel classification",
    "keras": "Keras: weighted binary crossentropy",
}
"""The public threads in which the claims were made, by title."""


@dataclass(frozen=True)
class Picture:
    """The numbers of one picture: bars over names, or lines over numbers.

    Attributes:
        x: Title of the horizontal axis.
        y: Title of the vertical axis.
        bars: Name of a group -> its heights by name of place; None where the implementation refused.
        lines: Name of a line -> its x and y, [N] each.
        flawed: Names that are drawn dashed or hatched.
    """

    x: str
    y: str
    bars: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    lines: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)
    flawed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What an experiment found.

    Attributes:
        verdict: "true", "false" or "depends", computed from the numbers.
        sentence: What was found, with the numbers; of "depends", on what.
        picture: The numbers.
        versions: Of the packages on trial, as installed where it ran.
    """

    verdict: str
    sentence: str
    picture: Picture
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A claim on trial.

    Attributes:
        number: Of the claim, and in links.
        said: The claim in our own words.
        topic: Under which it is listed.
        thread: A key of `THREADS`.
        packages: The packages whose installed versions are on trial; none where it is arithmetic.
        expected: The verdict on record.
        why: One paragraph on why it came out so.
        code: What to write instead; it runs.
        experiment: implementation -> `Evidence`; without an argument it tries what the claim is about.
        rival: What the experiment is fed to see that it can say something else.
    """

    number: int
    said: str
    topic: str
    thread: str
    packages: tuple[str, ...]
    expected: str
    why: str
    code: str
    experiment: Callable[..., Evidence]
    rival: Any

    @property
    def test(self) -> str:
        """How it is tried: the docstring of the experiment, in one line."""
        return " ".join((self.experiment.__doc__ or "").split())

    @property
    def versions(self) -> dict[str, str]:
        """Installed version of each package it runs against; "not installed" where it is not."""
        return {name: _version(name) for name in self.packages}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def entered(entries: dict[int, Claim], number: int, said: str, **told: Any) -> Callable[..., Callable[..., Evidence]]:
    """Decorate an experiment: enter its claim into `entries`.

    Args:
        entries: Claims of a family, by number.
        number: Of the claim.
        said: The claim.
        **told: The other fields of `Claim`.
    """

    def enter(experiment: Callable[..., Evidence]) -> Callable[..., Evidence]:
        if number in entries:
            raise ValueError(f"there are two claims {number}")
        entries[number] = Claim(number, said, experiment=experiment, **told)
        return experiment

    return enter


def on_trial(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function of `lossviz.trials`, the room of the frameworks, which is imported only when an experiment runs."""
    return getattr(import_module("lossviz.trials"), name)(*args, **kwargs)


def ruling(holds: Sequence[bool]) -> str:
    """The verdict on a claim that was tried under several conditions: all hold, none, or some.

    Example:
        >>> ruling([True, True]), ruling([False]), ruling([True, False])
        ('true', 'false', 'depends')
    """
    return "true" if all(holds) else "depends" if any(holds) else "false"


def within(apart: float) -> str:
    """How far two numbers are from each other, in words.

    Example:
        >>> within(0.5312), within(2e-16)
        ('up to 0.531', 'less than 0.001')
    """
    return f"up to {apart:.3g}" if apart >= 0.001 else "less than 0.001"


# The arithmetic that several experiments share: written out, and apart from the kernel of `lossviz.equation`.


def log_softmax(z: ArrayLike) -> Array:
    """Log of the softmax over the last axis, [..., K].

    Example:
        >>> log_softmax([2.0, 1.0]).round(7).tolist()
        [-0.3132617, -1.3132617]
    """
    z = np.asarray(z, dtype=np.float64)
    z = z - z.max(-1, keepdims=True)
    out: Array = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return out


def cross_entropy(z: ArrayLike, y: ArrayLike) -> Array:
    """−log softmax(z)_y of each row, in nats, [N].

    Example:
        >>> cross_entropy([[2.0, 1.0]], [1]).round(7).tolist()
        [1.3132617]
    """
    z, y = np.asarray(z, dtype=np.float64), np.asarray(y)
    out: Array = -log_softmax(z)[np.arange(len(y)), y]
    return out


def weighted(z: ArrayLike, y: ArrayLike, w: ArrayLike) -> Array:
    """Each example's cross-entropy times the weight of its true class, [N]: the correct form.

    Example:
        >>> weighted([[2.0, 1.0]], [1], [31 / 531, 500 / 531]).round(7).tolist()
        [1.2365929]
    """
    return np.asarray(w, dtype=np.float64)[np.asarray(y)] * cross_entropy(z, y)


def multiplied(z: ArrayLike, y: ArrayLike, w: ArrayLike) -> Array:
    """Cross-entropy of the logits times the class weights, [N]: the recipe that is copied.

    Example:
        >>> multiplied([[2.0, 1.0]], [1], [31 / 531, 500 / 531]).round(7).tolist()
        [0.3634597]
    """
    return cross_entropy(np.asarray(z, dtype=np.float64) * np.asarray(w), y)


def slope(f: Callable[[Array], ArrayLike], at: ArrayLike, step: float = 1e-5) -> Array:
    """Central differences of f at a point, of the shape of the point.

    Args:
        f: Array -> number.
        at: The point.
        step: Half the distance of the two values.
    """
    at = np.asarray(at, dtype=np.float64)
    out = np.empty_like(at)
    for i in np.ndindex(at.shape):
        move = np.zeros_like(at)
        move[i] = step
        out[i] = (np.asarray(f(at + move)) - np.asarray(f(at - move))) / (2 * step)
    return out


def two_blobs(n: int, share: float, seed: int = 0) -> tuple[Array, NDArray[np.int64]]:
    """Two classes of unit normals 1.5 apart in each of two features; class 1 has that share of the examples.

    Args:
        n: Examples.
        share: Of class 1.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < round(n * share)).astype(np.int64)
    return rng.normal(size=(n, 2)) + 1.5 * y[:, None], y


def logistic(X: Array, y: ArrayLike, example_weight: ArrayLike = 1.0, bias: bool = True) -> Array:
    """A logistic regression at its optimum, by Newton's method with a trace of L2 (1e-9).

    Args:
        X: Features, [N, D].
        y: 0 or 1, [N].
        example_weight: Of each example, [N] or a number.
        bias: Whether there is an intercept; it comes last.

    Returns:
        The coefficients, [D + 1] or [D].
    """
    A = np.column_stack([X, np.ones(len(X))]) if bias else X
    y, w = np.asarray(y), np.broadcast_to(np.asarray(example_weight, dtype=np.float64), len(X))
    theta = np.zeros(A.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-A @ theta))
        hessian = (A * (w * p * (1 - p))[:, None]).T @ A + 1e-9 * np.eye(len(theta))
        move = np.linalg.solve(hessian, A.T @ (w * (p - y)) + 1e-9 * theta)
        theta = theta - move
        if np.abs(move).max() < 1e-12:
            break
    return theta


def predicted(theta: Array, X: Array) -> Array:
    """Probability of class 1 under those coefficients, with or without an intercept, [N]."""
    A = X if len(theta) == X.shape[1] else np.column_stack([X, np.ones(len(X))])
    out: Array = 1 / (1 + np.exp(-A @ theta))
    return out
