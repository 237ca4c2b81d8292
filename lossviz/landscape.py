"""A surface: grids in chunks, the coarse picture first, put together to arrays that can be drawn and kept.

Nothing here imports TensorFlow: a page cuts a plane in `chunks`, has a worker compute each, as in
`engine.submit(in_worker, "patch", plan, plane, chunk)`, cancels what it no longer wants, and puts together what is there.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz import models
from lossviz.dataset import Dataset
from lossviz.logitplane import check_resolution
from lossviz.plan import LANES, Plan
from lossviz.planes import NEAR, Plane, Trained, along_valley, targets

Array = NDArray[Any]
SIDE = 400
"""Most grid points a side."""
WORK = 4_000_000_000
"""Most model evaluations, grid points × examples, of one surface: some minutes."""
COARSE = 13
"""Points a side of the first picture."""
SECONDS = 0.1
"""About how long one chunk takes."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Losses of a run's strategies over a plane through parameter space, on shared axes.

    Attributes:
        names: Strategies, S of them: those of the run's first seed.
        plane: The plane.
        x: Coordinates across, [nx].
        y: Coordinates up, [ny].
        loss: Each strategy's own mean training loss with the weights in force at the end, [S, ny, nx], without L2; NaN
            where it has not been computed.
        cross_entropy: Unweighted mean cross-entropy, [ny, nx]; NaN for own planes, which share no parameters.
        steps: Step number of each frame, [F].
        trajectories: The strategies' paths, projected, [S, F, 2]. On an exact plane the parameters are first slid along the
            strategy's own flat valley, which leaves its loss as it is.
        off_plane: How far each frame is from the plane, in parameter space, [S, F].
        recorded: Mean training loss recorded along the path, [S, F].
        minimum: Grid point of the least loss: x, y and the loss there, [S, 3].
        bayes: The parameters of the truth: where on the plane they are, and how far from it, [3]; NaN where they have no
            closed form, or the model whose whole surface this is cannot have them.
        targets: Those of each strategy's optimum on endless data and without L2, [S, 3]; NaN likewise.
    """

    names: tuple[str, ...]
    plane: Plane
    x: Array
    y: Array
    loss: Array
    cross_entropy: Array
    steps: Array
    trajectories: Array
    off_plane: Array
    recorded: Array
    minimum: Array
    bayes: Array
    targets: Array

    @property
    def done(self) -> bool:
        """Whether every point has been computed."""
        return bool(np.isfinite(self.loss).all())

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest loss of all strategies: for one shared colour scale."""
        return float(np.nanmin(self.loss)), float(np.nanmax(self.loss))


@dataclass(frozen=True, eq=False)
class Chunk:
    """Grid points that one call computes.

    Attributes:
        index: Into the flat grid, row by row, [P].
        x: Across, [P].
        y: Up, [P].
    """

    index: Array
    x: Array
    y: Array


def grid(plane: Plane, resolution: int) -> tuple[Array, Array]:
    """Coordinates across and up of the grid."""
    return np.linspace(*plane.x, resolution), np.linspace(*plane.y, resolution)


def coarse(resolution: int) -> Array:
    """Which grid lines the first picture is made of: about COARSE of them, ends included.

    Example:
        >>> coarse(25).tolist()
        [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]
    """
    return np.unique(np.linspace(0, resolution - 1, min(COARSE, resolution)).round().astype(int))


def chunks(plan: Plan, plane: Plane, resolution: int = 100) -> list[Chunk]:
    """A surface in calls of about SECONDS: first the coarse picture, then the points between, from the bottom up.

    Args:
        plan: Of the run.
        plane: Where.
        resolution: Points a side.

    Returns:
        Chunks for `lossviz.surface.patch`; the first ones, up to all of `coarse(resolution)`, make the coarse picture.

    Raises:
        ValueError: A resolution out of range, or so many points and examples that it would take many minutes.
    """
    n = check_resolution("resolution", resolution, SIDE)
    each = len(plan.y) * (len(plan.panels) if plane.own else 1)
    if n * n * each > WORK:
        fit = int((WORK / each) ** 0.5)
        raise ValueError(
            f"a grid of {n} × {n} points over {len(plan.y):,} examples{' and own planes' * plane.own} takes too long: "
            f"choose a resolution of {fit} or less, or fewer examples"
        )
    x, y = grid(plane, n)
    lines = coarse(n)
    first = (lines[:, None] * n + lines).ravel()
    rest = np.setdiff1d(np.arange(n * n), first)
    # nanoseconds on one thread, measured: the model, and each strategy's loss
    size, rows = models.size(plan.dims), len(plan.panels)
    point = len(plan.y) * 1e-9 * (rows * (10 + 0.09 * size) if plane.own else 20 + 0.09 * size + 6 * rows)
    most = max(16, int(SECONDS / point))
    out = []
    for part, at_least in ((first, LANES), (rest, 1)):  # the coarse picture is shared by all threads
        if len(part):
            count = max(at_least, -(-len(part) // most))
            out += [Chunk(i, x[i % n], y[i // n]) for i in np.array_split(part, min(count, len(part)))]
    return out


def in_worker(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function of `lossviz.surface`, with TensorFlow set up as for training: for `lossviz.engine.Engine.submit`.

    Args:
        name: Such as "patch", "interpolate" or "decide".
        *args: What it takes.
        **kwargs: What else it takes.

    Returns:
        What it returns.
    """
    from lossviz.engine import _train

    _train()
    from lossviz import surface

    return getattr(surface, name)(*args, **kwargs)


def assemble(
    run: Trained,
    plane: Plane,
    resolution: int,
    patches: Sequence[tuple[Chunk, tuple[Array, Array]]],
    data: Dataset | None = None,
) -> Surface:
    """Put together what has been computed so far; while only the coarse picture is there, that is what is returned.

    Args:
        run: The run.
        plane: The plane.
        resolution: Points a side of the whole.
        patches: Chunks, each with what `lossviz.surface.patch` returned for it.
        data: Where the examples are from, for the targets.

    Returns:
        A `Surface` on the whole grid, or on its coarse lines until every other point is there.
    """
    plan, shown = run.plan, run.plan.panels
    n, rows = resolution, len(run.plan.panels)
    x, y = grid(plane, n)
    loss: Array = np.full((rows, n * n), np.nan)
    plain: Array = np.full(n * n, np.nan)
    for chunk, (own, common) in patches:
        loss[:, chunk.index], plain[chunk.index] = own, common
    loss, plain = loss.reshape(rows, n, n), plain.reshape(n, n)
    if not np.isfinite(loss).all():
        lines = coarse(n)
        x, y = x[lines], y[lines]
        loss, plain = loss[:, lines][:, :, lines], plain[lines][:, lines]
    paths, away = [], []
    for j, i in enumerate(shown):
        theta = np.asarray(run.theta[:, i], np.float64)
        there = np.isfinite(theta).all(1)
        at, far = np.full((len(theta), 2), np.nan), np.full(len(theta), np.nan)
        theta = along_valley(plan, i, theta[there]) if plane.kind == "exact" else theta[there]
        at[there], far[there] = plane.project(theta, j)
        paths.append(at)
        away.append(far)
    minimum = np.full((rows, 3), np.nan)
    for j in range(rows):
        if np.isfinite(loss[j]).any():
            b, a = np.unravel_index(np.nanargmin(loss[j]), loss[j].shape)
            minimum[j] = x[a], y[b], loss[j, b, a]
    best, aims = np.full(3, np.nan), np.full((rows, 3), np.nan)
    if data is not None and not plane.own and (found := targets(plan, data)) is not None:
        # what all classes' parameters have in common changes no probability, and training leaves it as it began
        began = np.zeros_like(plane.origin) if plane.kind == "exact" else np.asarray(run.theta[0, shown[0]], np.float64)
        common = np.tile(began.reshape(len(plan.classes), -1).mean(0), len(plan.classes))
        for j, theta in [(-1, found[0]), *enumerate(found[1][shown])]:
            if np.isfinite(theta).all():
                at, far = plane.project(theta + common)
                # a model without a bias cannot be there, nor is the nearest point of its surface where it is best
                if plane.kind != "exact" or far < NEAR:
                    (best if j < 0 else aims[j])[:] = *at, far
    return Surface(
        names=tuple(plan.rows[i].strategy for i in shown),
        plane=plane,
        x=x,
        y=y,
        loss=loss,
        cross_entropy=plain,
        steps=run.steps,
        trajectories=np.stack(paths),
        off_plane=np.stack(away),
        recorded=np.asarray(run.losses[:, shown], np.float64).T,
        minimum=minimum,
        bayes=best,
        targets=aims,
    )


def as_npz(surface: Surface) -> bytes:
    """A surface as a file of arrays, for `numpy.load`: its fields, and the plane's as plane_origin, plane_directions."""
    arrays = {
        name: getattr(surface, name)
        for name in (
            "x", "y", "loss", "cross_entropy", "steps", "trajectories", "off_plane", "recorded", "minimum", "bayes", "targets",
        )
    }  # fmt: skip
    file = io.BytesIO()
    np.savez_compressed(
        file,
        strategies=np.array(surface.names),
        plane_kind=np.array(surface.plane.kind),
        plane_labels=np.array(surface.plane.labels),
        plane_origin=surface.plane.origin,
        plane_directions=surface.plane.directions,
        **arrays,
    )
    return file.getvalue()


def call(code: str, kind: str, arguments: Mapping[str, Any]) -> str:
    r"""The Python that makes the same arrays.

    Args:
        code: What makes the data and the run, as `lossviz.takeaway.call` returns it; where the plane is exact, `fit` gives way
            to `fit_logistic`, which takes its own arguments.
        kind: A key of `PLANES`.
        arguments: Of `lossviz.loss_surface`; `data=True` passes the dataset.

    Returns:
        A script that ends with a `Surface` called `surface`.

    Example:
        >>> print(call("run = lossviz.fit('vs', X, y)\n", "random", {"seed": 3, "x": None, "data": True}))
        run = lossviz.fit('vs', X, y)
        surface = lossviz.loss_surface(run, 'random', seed=3, data=data)
        print(surface.loss)
        <BLANKLINE>
    """
    code = code.removesuffix("print(run.table())\n")
    if kind == "exact":
        code = code.replace("lossviz.fit(", "lossviz.fit_logistic(")
    given = "".join(
        f", {name}={'data' if name == 'data' else repr(value)}"
        for name, value in arguments.items()
        if value is not None and not (name == "data" and value is False)
    )
    return f"{code}surface = lossviz.loss_surface(run, {kind!r}{given})\nprint(surface.loss)\n"
