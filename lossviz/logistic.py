"""Logistic regression of two parameters, whose whole loss surface can be drawn: trained in NumPy, exactly on its plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz import models
from lossviz.logitplane import slope, value
from lossviz.plan import OPTIMIZERS, Plan, prepare
from lossviz.planes import symmetric

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Walk:
    """Strategies side by side on the plane of two parameters, as `lossviz.loss_surface` takes it in place of a `Run`.

    Attributes:
        plan: What was asked for; its model is "linear".
        steps: Step number of each frame, [F].
        parameters: The two parameters of each row, [F, R, 2]: weight and bias, or two weights, of standardised features.
        theta: The same as parameters of the linear model, [F, R, D].
        losses: Each strategy's own mean training loss, [F, R].
        cross_entropy: Unweighted mean cross-entropy on the training part, [F, R].
    """

    plan: Plan
    steps: Array
    parameters: Array
    theta: Array
    losses: Array
    cross_entropy: Array


def fit_logistic(
    names: str | Sequence[str],
    X: ArrayLike,
    y: ArrayLike,
    steps: int = 400,
    seed: int = 0,
    *,
    bias: bool = True,
    feature: int = 0,
    **options: Any,
) -> Walk:
    """Train two-class logistic regressions of two parameters, on all examples at each step.

    With `bias`, f(x) = w x + b of one feature; without, f(x) = w1 x1 + w2 x2, whose boundary goes through the mean of the
    training points (the model sees features standardised). The logits are (−f/2, f/2): what the linear model of
    `lossviz.fit` is on the plane where z0 = −z1. From zeros, a strategy that scales no logits never leaves that plane, so
    there it takes the same steps as `lossviz.fit`; the steps of one that does are those of the full model projected onto it.

    Args:
        names: Strategy names, or one.
        X: Examples, [N, features].
        y: Classes 0 and 1, [N].
        steps: Optimiser steps.
        seed: Decides the initial parameters, and the split.
        bias: One feature and a bias; else two features without.
        feature: Which column of X, with `bias`.
        **options: Of `lossviz.fit`, without `model`, `batch_size` and `repeats`.

    Returns:
        A `Walk`.

    Raises:
        ValueError: What is wrong with the arguments.
        FloatingPointError: Training diverged; the message says which strategy.

    Example:
        >>> x, y = [[0.], [1.], [2.], [3.]], [0, 1, 0, 1]
        >>> walk = fit_logistic("cross_entropy", x, y, 200, X_test=x, y_test=y, init="zeros", optimizer="sgd")
        >>> walk.parameters[-1].round(2).tolist(), walk.losses[[0, -1], 0].round(3).tolist()
        ([[1.02, 0.0]], [0.693, 0.587])
    """
    x, chosen = np.asarray(X), options.pop("features", None)
    if x.ndim != 2:
        raise ValueError(f"X must be 2-D, [examples, features]; not of shape {x.shape}")
    if bias:
        if not 0 <= feature < x.shape[1]:
            raise ValueError(f"feature must be from 0 to {x.shape[1] - 1}; not {feature!r}")
        x, chosen = x[:, [feature]], None if chosen is None else [chosen[feature]]
        if options.get("X_test") is not None:
            options["X_test"] = np.asarray(options["X_test"])[:, [feature]]
    for name in ("model", "batch_size", "repeats"):
        if name in options:
            raise ValueError(f"fit_logistic has no {name}: it trains a linear model on all examples, once")
    plan = prepare(names, x, y, "linear", steps, seed, features=chosen, **options)
    return _descend(plan, symmetric(plan, bias))


def _descend(plan: Plan, directions: Array) -> Walk:
    """Gradient descent of the plan's optimiser on v = half the parameters, which is the second class's weights."""
    x = plan.standardised(plan.X).astype(np.float64)
    bias = x.shape[1] == 1
    if bias:
        x = np.column_stack([x, np.ones(len(x))])
    parts = [(c, x[plan.y == c]) for c in (0, 1)]
    decayed = plan.l2 * np.array([1.0, 0.0 if bias else 1.0])
    opt, rate, total = OPTIMIZERS[plan.optimizer], plan.learning_rate, float(plan.steps[-1])
    start = models.initial(plan.dims, plan.seed, plan.init).astype(np.float64)
    v = np.tile(np.linalg.lstsq(directions.T, start, rcond=None)[0] / 2, (len(plan.rows), 1))
    m, s = np.zeros_like(v), np.zeros_like(v)
    frames: list[Array] = []
    losses: list[list[float]] = []
    plain: list[list[float]] = []

    def record() -> None:
        frames.append(2 * v)
        for out, tables in ((losses, [r.tables for r in plan.rows]), (plain, None)):
            line = []
            for i, row in enumerate(plan.rows):
                t = row.tables
                late = tables is not None and t.late < 1 and step >= t.late * total
                sums = 0.0
                for c, points in parts:
                    half = points @ v[i]
                    z = np.stack([-half, half])
                    sums += value(t, z, c, late).sum() if tables else np.logaddexp(0, z[1 - c] - z[c]).sum()
                line.append(sums / len(x))
            out.append(line)

    step = 0
    record()
    keep = set(plan.steps.tolist())
    for step in range(1, int(total) + 1):
        g = decayed * v
        for i, row in enumerate(plan.rows):
            late = row.tables.late < 1 and step - 1 >= row.tables.late * total
            for c, points in parts:
                half = points @ v[i]
                by_class = slope(row.tables, np.stack([-half, half]), c, late)
                g[i] += (by_class[1] - by_class[0]) @ points / (2 * len(x))
        m = opt.beta * m + (1 - opt.beta if opt.adaptive else 1) * g
        if opt.adaptive:
            s = 0.999 * s + 0.001 * g * g
            v = v - rate * (m / (1 - opt.beta**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-7)
        else:
            v = v - rate * m
        lost = ~(np.abs(v) < 1e6).all(1)
        if lost.any():
            name = plan.rows[int(lost.argmax())].title
            raise FloatingPointError(f"{name} diverged by step {step}: choose a smaller learning rate, or less L2.")
        if step in keep:
            record()
    parameters = np.stack(frames)
    return Walk(plan, plan.steps, parameters, parameters @ directions, np.array(losses), np.array(plain))
