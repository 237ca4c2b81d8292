"""The loss of one example over the plane of two logits: the one equation in NumPy, so that no page waits for TensorFlow.

`value` and `slope` are the equation and its gradient for logits that share a true class. For K = 2 the plane is
(z0, z1). For K ≥ 3 it is that of two logit differences, x = z_a − z_ref and y = z_b − z_ref, all other logits fixed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.strategies import NEVER, Tables, get

Array = NDArray[np.float64]
FAR = 1e4
"""Largest logit of a plane: the equation is finite there."""
MOST = 20_000_000
"""Most losses of one picture, 160 MB of them."""
BAND = 4096
"""Points worked on at a time: what stays in the processor's cache."""


def _log_odds(t: Tables, z: Array, y: int) -> tuple[NDArray[np.int64], Array, Array]:
    """Predicted class, adjusted logits q̃ [K, N], and the log-odds against the true class u = log Σ_{c≠y} exp q̃_c − q̃_y."""
    guess = z.argmax(0)
    scale = t.scale[:1].T if np.ptp(t.scale, axis=0).max() == 0 else t.scale[guess].T
    q = scale * z + t.shift[y][:, None]
    others = np.delete(q, y, 0)
    top = others.max(0)
    if len(others) > 1:
        top = top + np.log(np.exp(others - top).sum(0))
    return guess, q, top - q[y]


def _softplus(u: Array) -> Array:
    return np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u)))


def _weight(t: Tables, guess: NDArray[np.int64], y: int, late: bool) -> Any:
    row = (t.late_weight if late else t.weight)[y]
    return row[0] if np.ptp(row) == 0 else row[guess]


def value(t: Tables, z: Array, y: int, late: bool = False) -> Array:
    """The equation at logits that share a true class.

    Args:
        t: Tables of a strategy.
        z: Logits, [K, N].
        y: The true class of all of them.
        late: Whether late weights (deferred re-weighting) are in force.

    Returns:
        Losses in nats, [N].

    Example:
        >>> from lossviz.strategies import get
        >>> t = get("multiplied_logits").tables([500, 31], class_weight=[31 / 531, 500 / 531])
        >>> value(t, np.array([[2.0], [1.0]]), 1).round(7).tolist()
        [0.3634597]
    """
    guess, q, u = _log_odds(t, z, y)
    nats = _softplus(u)
    out = _weight(t, guess, y, late) * nats
    if t.focus[y]:
        out = out * np.exp(t.focus[y] * (u - nats))
    if t.cost[y].any():
        out = out + t.cost[y] @ np.exp(np.minimum(q - q[y] - nats, 0))
    return np.asarray(out)


def slope(t: Tables, z: Array, y: int, late: bool = False) -> Array:
    """The gradient of `value` with respect to the logits; the predicted class is taken as constant.

    With r = 1 − q_y and s the softmax over the other classes, dℓ/du = W r^γ (γ (1 − r) (−log q_y) + r) and
    du/dq̃ = s − e_y; the cost term adds q ⊙ (C − C·q); S[ŷ] multiplies it all.

    Args:
        t: Tables of a strategy.
        z: Logits, [K, N].
        y: The true class of all of them.
        late: Whether late weights are in force.

    Returns:
        d loss / d logits, [K, N].

    Example:
        w_y (p − e_y): at equal logits p is a half each.

        >>> from lossviz.strategies import get
        >>> slope(get("weighted_cross_entropy").tables([90, 10]), np.zeros((2, 1)), 1).ravel().tolist()
        [2.5, -2.5]
    """
    guess, q, u = _log_odds(t, z, y)
    nats = _softplus(u)
    log_r = u - nats
    r = np.exp(log_r)
    by_u = _weight(t, guess, y, late) * np.exp(t.focus[y] * log_r) * (t.focus[y] * (1 - r) * nats + r)
    share = np.exp(np.minimum(q - (u + q[y]), 0))  # of each other class among the others
    share[y] = -1
    out = by_u * share
    if t.cost[y].any():
        p = np.exp(np.minimum(q - q[y] - nats, 0))
        out += p * (t.cost[y][:, None] - t.cost[y] @ p)
    scale = t.scale[:1].T if np.ptp(t.scale, axis=0).max() == 0 else t.scale[guess].T
    return np.asarray(scale * out)


def valley(t: Tables) -> Array | None:
    """The direction of logit space along which the loss does not change, whatever the true class.

    It is (1, …, 1) where all logits are scaled alike, as in cross-entropy: the decision does not change either. Where
    each has its own factor a_c it is (1/a_0, …, 1/a_{K−1}), which crosses decision lines.

    Args:
        t: Tables of a strategy.

    Returns:
        A vector of length 1, [K]; None where there is no such direction, or no single one.

    Example:
        >>> from lossviz.strategies import get
        >>> valley(get("multiplied_logits").tables([3, 1], class_weight=[3, 4])).round(6).tolist()
        [0.8, 0.6]
    """
    if np.ptp(t.scale, axis=1).max() == 0:  # a factor of all logits, if any
        a = np.ones(len(t.scale))
        if not t.scale.any():
            return None
    elif np.ptp(t.scale, axis=0).max() == 0 and max(np.ptp(t.weight, 1).max(), np.ptp(t.late_weight, 1).max()) == 0:
        a = t.scale[0]
    else:  # along 1/a the predicted class changes, and with it the loss
        return None
    if (a == 0).sum() > 1:
        return None
    out = np.where(a == 0, 1.0, 0.0) if (a == 0).any() else 1 / a
    return np.asarray(out / np.linalg.norm(out))


@dataclass(frozen=True, eq=False)
class LogitPlane:
    """Losses of one example over a plane of logits, on shared axes.

    Attributes:
        names: Strategies, S of them.
        label: The true class.
        axes: The two classes whose logits are the axes, a across and b up.
        reference: The class whose logit the others are measured from; None for K = 2, where axes are the logits themselves.
        at: Coordinates along both axes, [n].
        loss: Losses in nats, [S, n, n], rows from the bottom up.
        span: Smallest and largest loss of all, without those of log 0: for one shared colour scale.
        decided: The class of the largest logit, uint8 [n, n].
        line: Ends of the decision line z_a = z_b in the picture, [2, 2].
        arrows_at: Coordinates of the gradient field along both axes, [m].
        slopes: d loss / d z_a and d loss / d z_b, [S, m, m, 2].
        valley: Direction in logit space along which the loss does not change, [S, K]; NaN where there is none. For K = 2
            it lies in the plane; for K ≥ 3, `valley[:, a] - valley[:, reference]` says how far it moves the picture's point:
            not at all for cross-entropy.
    """

    names: tuple[str, ...]
    label: int
    axes: tuple[int, int]
    reference: int | None
    at: Array
    loss: Array
    span: tuple[float, float]
    decided: NDArray[np.uint8]
    line: Array
    arrows_at: Array
    slopes: Array
    valley: Array


def check_range(what: str, low: object, high: object, far: float) -> tuple[float, float]:
    """Two finite numbers in order, none beyond ±`far`.

    Raises:
        ValueError: They are not; a sentence that names `what`.

    Example:
        >>> check_range("x", 3, -3, 1e4)
        Traceback (most recent call last):
        ...
        ValueError: x goes from 3 to -3: the first must be less than the second
    """
    ends = []
    for end in (low, high):
        try:
            number = float(end)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = np.nan
        if not abs(number) <= far:
            raise ValueError(f"{what} must be from -{far:g} to {far:g}; not {str(end)[:40]!r}")
        ends.append(number)
    if ends[0] >= ends[1]:
        raise ValueError(f"{what} goes from {ends[0]:g} to {ends[1]:g}: the first must be less than the second")
    return ends[0], ends[1]


def _class(what: str, c: object, k: int) -> int:
    if not isinstance(c, (int, np.integer)) or isinstance(c, bool) or not 0 <= c < k:
        raise ValueError(f"{what} must be a class from 0 to {k - 1}; not {str(c)[:40]!r}")
    return int(c)


def check_resolution(what: str, n: object, most: int) -> int:
    """A whole number of points a side, 2 to `most`.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or not 2 <= n <= most:
        raise ValueError(f"{what} must be a whole number from 2 to {most}; not {str(n)[:40]!r}")
    return int(n)


def logit_plane(
    names: str | Sequence[str],
    counts: ArrayLike,
    label: int = 0,
    low: float = -6.0,
    high: float = 6.0,
    resolution: int = 200,
    *,
    axes: tuple[int, int] = (0, 1),
    reference: int | None = None,
    base: ArrayLike | None = None,
    shift: float = 0.0,
    arrows: int = 15,
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
) -> LogitPlane:
    """Losses of several strategies over a plane of logits, and their gradient field.

    Args:
        names: Strategy names, or one.
        counts: Training examples of each class, [K].
        label: The true class.
        low: Where both axes begin.
        high: Where both axes end.
        resolution: Points a side.
        axes: The classes across and up, a and b.
        reference: For K ≥ 3, the class that differences are taken from; by default the first that is no axis.
        base: For K ≥ 3, the logits of the classes that are no axes, [K]; 0 by default.
        shift: Added to all logits: what the picture does then is what the loss makes of it.
        arrows: Points a side of the gradient field.
        knobs: {strategy: {knob: value}}.

    Returns:
        A `LogitPlane`.

    Raises:
        ValueError: Unknown names or knobs, a range that is upside down, not finite or beyond ±10,000, or more points than
            memory should hold; nothing has been computed then.

    Example:
        The valley of weights 1 and 3 crosses the decision line: at its two ends different classes are decided.

        >>> p = logit_plane(["cross_entropy", "multiplied_logits"], [90, 10], 1, resolution=5,
        ...                 knobs={"multiplied_logits": {"class_weight": [1, 3]}})
        >>> p.loss.shape, p.valley.round(3).tolist()
        ((2, 5, 5), [[0.707, 0.707], [0.949, 0.316]])
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names:
        raise ValueError("names is empty: name at least one strategy")
    tables = [get(name).tables(counts, **(knobs or {}).get(name, {})) for name in names]
    k = len(tables[0].focus)
    label = _class("label", label, k)
    n, m = check_resolution("resolution", resolution, 2000), check_resolution("arrows", arrows, 100)
    if len(names) * n * n > MOST:
        fit = int((MOST / len(names)) ** 0.5)
        raise ValueError(
            f"{len(names)} strategies × {n} × {n} points are more than memory should hold: "
            f"choose a resolution of {fit} or less, or fewer strategies"
        )
    low, high = check_range("the plane", low, high, FAR)
    if not abs(shift) <= FAR:
        raise ValueError(f"shift must be from -{FAR:g} to {FAR:g}; not {shift!r}")
    a, b = (_class(f"axes[{i}]", c, k) for i, c in enumerate(axes))
    if a == b:
        raise ValueError(f"axes must be two different classes; both are {a}")
    z = np.zeros(k) if base is None else np.array(base, dtype=np.float64)
    if z.shape != (k,) or not (np.abs(z) <= FAR).all():
        raise ValueError(f"base must be {k} logits from -{FAR:g} to {FAR:g}, one a class")
    if k == 2:
        ref, zero = None, 0.0
    else:
        spare = next(c for c in range(k) if c not in (a, b))
        ref = _class("reference", spare if reference is None else reference, k)
        if ref in (a, b):
            raise ValueError(f"reference must be none of the axes, {a} and {b}; not {ref}")
        zero = z[ref]

    def logits(at: Array) -> Array:
        x, y = np.meshgrid(at, at)
        points = np.repeat(z[:, None], x.size, 1)
        points[a], points[b] = zero + x.ravel(), zero + y.ravel()
        return points + shift

    at, arrows_at = np.linspace(low, high, n), np.linspace(low, high, m)
    points = logits(at)
    bands = [points[:, i : i + BAND] for i in range(0, n * n, BAND)]
    loss = np.stack([np.concatenate([value(t, band, label) for band in bands]) for t in tables])
    sparse = logits(arrows_at)
    slopes = np.stack([slope(t, sparse, label)[[a, b]].T.reshape(m, m, 2) for t in tables])
    real = loss[loss < -NEVER / 10]
    if not len(real):
        real = loss
    return LogitPlane(
        names=names,
        label=label,
        axes=(a, b),
        reference=ref,
        at=at,
        loss=loss.reshape(-1, n, n),
        span=(float(real.min()), float(real.max())),
        decided=points.argmax(0).astype(np.uint8).reshape(n, n),
        line=np.array([[low, low], [high, high]]),
        arrows_at=arrows_at,
        slopes=slopes,
        valley=np.stack([np.full(k, np.nan) if (v := valley(t)) is None else v for t in tables]),
    )
