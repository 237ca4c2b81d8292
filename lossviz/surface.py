"""Losses over parameter space, compiled: many strategies over one plane with one pass of the network, or each over its own.

Two programs per (model, features, classes), whatever the grid, the number of strategies or of points: grid points go
in calls of POINTS under a dynamic count, tables in GROUPS of SHARE or in ROWS, examples in the trainer's blocks. Where a
loss is cross-entropy times the true class's weight, the sums of cross-entropy by class are all that is needed: the rest
is one small matrix product.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz import models, train
from lossviz.dataset import Dataset
from lossviz.equation import FIELDS, losses, stack, tf
from lossviz.knobs import one_of
from lossviz.landscape import Chunk, Surface, assemble, chunks
from lossviz.logitplane import check_range, check_resolution
from lossviz.measure import measure
from lossviz.plan import BLOCK, LANES, ROWS, SLOTS, Plan, prepare
from lossviz.planes import FAR, Plane, Trained, plane
from lossviz.strategies import Tables

Array = NDArray[Any]
POINTS = 512
"""Most grid points of one call of a compiled program."""
TILE = 8
"""Grid points that go through the network together."""
PAIR = 2
"""The same of own planes: fewer, as each grid point brings the parameters of ROWS strategies."""
SHARE = 2
"""Strategies that are computed together where they share parameters."""
GROUPS = 16
"""Most groups of SHARE strategies of one call."""


def _cross_entropy(z: Any, y: Any) -> Any:
    """−log q_y of logits [R,K,N] and one-hot labels [K,N] -> [R,N], as `losses` has it."""
    z_true = tf.reduce_sum(z * y, 1)
    others = z - 1e30 * y
    top = tf.reduce_max(others, 1)
    return tf.nn.softplus(tf.math.log(tf.reduce_sum(tf.exp(others - top[:, None]), 1)) + (top - z_true))


def _simple_losses(z: Any, y: Any, k: dict[str, Any]) -> Any:
    """`losses` of tables without focus, cost or anything that hangs on the prediction, [R,N]: half the work."""
    of_true = tf.einsum("rya,yn->ran", tf.concat([k["weight"][:, :, :1], k["shift"]], 2), y)
    return of_true[:, 0] * _cross_entropy(k["scale"][:, 0, :, None] * z + of_true[:, 1:], y)


@train._once
def _programs(dims: tuple[int, ...], blocks: int) -> dict[str, Any]:
    """The compiled programs of one model, "shared" and "own", traced on first use."""
    features, k, size = dims[0], dims[-1], models.size(dims)
    f32, i32 = train._f32, train._i32
    points = [f32(blocks, features, BLOCK), f32(blocks, k, BLOCK), i32()]
    tables = {f: f32(GROUPS, SHARE, k) if f == "focus" else f32(GROUPS, SHARE, k, k) for f in FIELDS}
    tiles = POINTS // TILE

    def tiled(tables: Any, g: Any) -> dict[str, Any]:
        """Tables of a group, each row TILE times."""
        return {f: tf.repeat(a[g], TILE, 0) for f, a in tables.items()}

    @tf.function(jit_compile=True, input_signature=[f32(tiles, TILE, size), i32(), *points, tables, i32(), i32()])
    def shared(theta, used, x, y, used_blocks, tables, simple, groups):  # type: ignore[no-untyped-def]
        """Cross-entropy by true class [tiles, TILE, K], and every row's loss [tiles, GROUPS, SHARE, TILE], summed."""

        def tile(t: Any, plain: Any, own: Any) -> Any:
            def block(b: Any, c: Any, a: Any) -> Any:
                z = models.logits(theta[t], x[b], dims)  # [TILE, K, BLOCK]
                c += tf.einsum("tn,kn->tk", _cross_entropy(z, y[b]), y[b])
                many = tf.reshape(tf.tile(z[None], [SHARE, 1, 1, 1]), [SHARE * TILE, k, BLOCK])

                def with_(loss: Any) -> Any:
                    def group(g: Any, a: Any) -> Any:
                        s = tf.reduce_sum(loss(many, y[b], tiled(tables, g)), 1)
                        return g + 1, tf.tensor_scatter_nd_add(a, [[g]], tf.reshape(s, [1, SHARE, TILE]))

                    return group

                g, a = tf.while_loop(lambda g, _: g < simple, with_(_simple_losses), [0, a])
                return b + 1, c, tf.while_loop(lambda g, _: g < groups, with_(losses), [g, a])[1]

            zero = [0, tf.zeros([TILE, k]), tf.zeros([GROUPS, SHARE, TILE])]
            _, c, a = tf.while_loop(lambda b, *_: b < used_blocks, block, zero)
            put = tf.tensor_scatter_nd_update
            return t + 1, put(plain, [[t]], c[None]), put(own, [[t]], a[None])

        zero = [0, tf.zeros([tiles, TILE, k]), tf.zeros([tiles, GROUPS, SHARE, TILE])]
        return tf.while_loop(lambda t, *_: t < used, tile, zero)[1:]

    flag = tf.TensorSpec([], tf.bool)
    one = {f: f32(ROWS, *spec.shape[2:]) for f, spec in tables.items()}

    pairs = f32(POINTS // PAIR, PAIR, 2)

    @tf.function(jit_compile=True, input_signature=[f32(ROWS, size), f32(2, size), pairs, i32(), *points, one, flag])
    def own(origin, directions, at, used, x, y, used_blocks, tables, simple):  # type: ignore[no-untyped-def]
        """Every row's loss, [pairs, PAIR, ROWS], summed; parameters are made here: to bring them along takes a fifth longer."""
        twice = {f: tf.tile(a, [PAIR, *[1] * (len(a.shape) - 1)]) for f, a in tables.items()}

        def pair(t: Any, out: Any) -> Any:
            theta = tf.reshape(origin + tf.reduce_sum(at[t][:, :, None] * directions, 1)[:, None], [PAIR * ROWS, size])

            def block(b: Any, a: Any) -> Any:
                z = models.logits(theta, x[b], dims)
                found = tf.cond(simple, lambda: _simple_losses(z, y[b], twice), lambda: losses(z, y[b], twice))
                return b + 1, a + tf.reduce_sum(found, 1)

            a = tf.while_loop(lambda b, _: b < used_blocks, block, [0, tf.zeros([PAIR * ROWS])])[1]
            return t + 1, tf.tensor_scatter_nd_update(out, [[t]], tf.reshape(a, [1, PAIR, ROWS]))

        return tf.while_loop(lambda t, _: t < used, pair, [0, tf.zeros([POINTS // PAIR, PAIR, ROWS])])[1]

    return {"shared": shared, "own": own}


def _in_force(tables: Tables) -> Tables:
    """Tables with the weights of the last step, which are the late ones where there are any."""
    return replace(tables, weight=tables.late_weight) if tables.late < 1 else tables


def _kind(t: Tables) -> int:
    """0: cross-entropy times the true class's weight; 1: what `_simple_losses` computes; 2: the whole equation."""
    same = np.ptp(t.weight, 1).max() == 0 and np.ptp(t.scale, 0).max() == 0
    if not same or t.focus.any() or t.cost.any():
        return 2
    return 1 if t.shift.any() or (t.scale != 1).any() else 0


def _stacked(tables: Sequence[Tables], rows: int) -> dict[str, Array]:
    """Tables of that many rows, the last repeated."""
    return stack([*tables, *[tables[-1]] * (rows - len(tables))])


def shared_losses(plan: Plan, theta: Array, rows: Sequence[int]) -> tuple[Array, Array]:
    """Mean training loss of several strategies at the same parameters: the network runs once for all of them.

    Args:
        plan: The examples, the model, and the strategies' tables; weights are those in force at the end of training.
        theta: Parameters, [P, D].
        rows: Which of the plan's rows, S of them.

    Returns:
        Losses without L2, [S, P], and mean unweighted cross-entropy, [P].
    """
    (x, y), _, _ = train._points(plan)
    n, k, size = len(plan.y), len(plan.classes), models.size(plan.dims)
    tables = [_in_force(plan.rows[i].tables) for i in rows]
    kinds = np.array([_kind(t) for t in tables])
    out, by_class = np.empty((len(rows), len(theta))), np.empty((len(theta), k))
    program, used_blocks = _programs(plan.dims, x.shape[0])["shared"], tf.constant(-(-n // BLOCK))
    # of each kind, groups of SHARE; as many groups a call as a call has room for
    groups = [(kind, g) for kind in (1, 2) for g in _groups(np.flatnonzero(kinds == kind), SHARE)]
    calls = [groups[i : i + GROUPS] for i in range(0, len(groups), GROUPS)] or [[]]
    for some in calls:
        stacked = [_stacked([tables[j] for j in g], SHARE) for _, g in some] or [_stacked(tables[:1], SHARE)]
        padded = {f: np.stack([s[f] for s in [*stacked, *stacked[-1:] * (GROUPS - len(stacked))]]) for f in FIELDS}
        simple = sum(kind == 1 for kind, _ in some)
        for at in range(0, len(theta), POINTS):
            part = np.zeros((POINTS, size), np.float32)
            part[: len(theta[at : at + POINTS])] = theta[at : at + POINTS]
            count = min(POINTS, len(theta) - at)
            plain, own = train._call(
                program, part.reshape(-1, TILE, size), tf.constant(-(-count // TILE)), x, y, used_blocks, padded,
                tf.constant(simple), tf.constant(len(some)),
            )  # fmt: skip
            by_class[at : at + count] = plain.numpy().reshape(POINTS, k)[:count]
            sums = own.numpy().transpose(1, 2, 0, 3).reshape(GROUPS, SHARE, POINTS)
            for (_, g), values in zip(some, sums, strict=False):
                out[g, at : at + count] = values[: len(g), :count] / n
    for j in np.flatnonzero(kinds == 0):
        out[j] = by_class @ tables[j].weight[:, 0] / n
    return out, by_class.sum(1) / n


def _groups(rows: Array, size: int) -> list[Array]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def own_losses(plan: Plan, where: Plane, x: Array, y: Array, rows: Sequence[int]) -> Array:
    """Mean training loss of several strategies, each on a plane of its own.

    Args:
        plan: As `shared_losses`.
        where: The planes, `own`.
        x: Across, [P].
        y: Up, [P].
        rows: Which of the plan's rows, S of them: of each plane's strategy.

    Returns:
        Losses without L2, [S, P].
    """
    (examples, labels), _, _ = train._points(plan)
    n, size = len(plan.y), models.size(plan.dims)
    out = np.empty((len(rows), len(x)))
    program, used_blocks = _programs(plan.dims, examples.shape[0])["own"], tf.constant(-(-n // BLOCK))
    directions, points = np.float32(where.directions), np.stack([x, y], 1).astype(np.float32)
    all_tables = [_in_force(plan.rows[i].tables) for i in rows]
    kinds = np.array([_kind(t) for t in all_tables])
    for g in _groups(np.argsort(kinds), ROWS):
        tables, simple = _stacked([all_tables[j] for j in g], ROWS), tf.constant(bool(kinds[g].max() < 2))
        origin = np.zeros((ROWS, size), np.float32)
        origin[: len(g)] = where.origin[g]
        for at in range(0, len(x), POINTS):
            part = np.zeros((POINTS, 2), np.float32)
            count = len(points[at : at + POINTS])
            part[:count] = points[at : at + POINTS]
            sums = train._call(
                program, origin, directions, part.reshape(-1, PAIR, 2), tf.constant(-(-count // PAIR)), examples, labels,
                used_blocks, tables, simple,
            ).numpy()  # fmt: skip
            out[g, at : at + count] = sums.reshape(POINTS, ROWS)[:count, : len(g)].T / n
    return out


def patch(plan: Plan, where: Plane, chunk: Chunk) -> tuple[Array, Array]:
    """One chunk of a surface: what a worker is sent.

    Args:
        plan: Of the run.
        where: The plane.
        chunk: One of `lossviz.landscape.chunks`.

    Returns:
        Losses [S, P], and mean unweighted cross-entropy [P]: NaN for own planes, where it would be as much work again.
    """
    shown = plan.panels
    if not where.own:
        return shared_losses(plan, where.at(chunk.x, chunk.y), shown)
    loss = own_losses(plan, where, chunk.x, chunk.y, shown)
    return loss, np.full(len(chunk.x), np.nan)


def loss_surface(
    run: Trained, kind: str = "pca", resolution: int = 100, *, data: Dataset | None = None, **options: Any
) -> Surface:
    """Losses of all strategies of a run over a plane through parameter space, computed on all of its training examples.

    Args:
        run: What `lossviz.fit` or `lossviz.fit_logistic` returned.
        kind: A key of `lossviz.planes.PLANES`: "exact", "pca", "random" or "weights".
        resolution: Grid points a side.
        data: Where the examples are from, for the targets.
        **options: Of `lossviz.planes.plane`: `x`, `y` (ends of the picture), `own`, `reference`, `seed`, `pair`.

    Returns:
        A `Surface`.

    Raises:
        ValueError: What does not fit, or would take too long or too much memory: before anything is computed.

    Example:
        >>> import lossviz
        >>> data = lossviz.make_dataset("blobs", n=200, imbalance=9, seed=0)
        >>> run = lossviz.fit(["cross_entropy", "vs"], data.X, data.y, "linear", 30, X_test=data.X_test, y_test=data.y_test)
        >>> s = lossviz.loss_surface(run, "pca", 20)
        >>> s.loss.shape, s.done, s.trajectories.shape
        ((2, 20, 20), True, (2, 31, 2))
    """
    where = plane(run, kind, data=data, **options)
    parts = chunks(run.plan, where, resolution)
    with ThreadPoolExecutor(LANES) as pool:  # TensorFlow releases the GIL
        done = list(pool.map(lambda c: patch(run.plan, where, c), parts))
    return assemble(run, where, resolution, list(zip(parts, done, strict=True)), data)


@dataclass(frozen=True, eq=False)
class Line:
    """Losses on the straight line between two strategies' solutions.

    Attributes:
        names: Strategies, S of them.
        ends: The two whose solutions are at 0 and at 1.
        at: Position, [n].
        loss: Each strategy's own mean training loss, [S, n].
        cross_entropy: Unweighted mean cross-entropy, [n].
    """

    names: tuple[str, ...]
    ends: tuple[str, str]
    at: Array
    loss: Array
    cross_entropy: Array


def interpolate(run: Trained, a: str, b: str, n: int = 101, low: float = -0.25, high: float = 1.25) -> Line:
    """Every strategy's loss on the straight line θ = (1 − t) θ_a + t θ_b between two solutions.

    Args:
        run: What `lossviz.fit` returned.
        a: The strategy whose solution is at t = 0.
        b: The one at t = 1.
        n: Points, evenly spaced; the two solutions are added where they are not among them.
        low: Where t begins.
        high: Where it ends.

    Returns:
        A `Line`.

    Raises:
        ValueError: A strategy that the run does not have, twice the same, or a range that makes no sense.

    Example:
        >>> import lossviz
        >>> data = lossviz.make_dataset("blobs", n=200, imbalance=9, seed=0)
        >>> run = lossviz.fit(["cross_entropy", "vs"], data.X, data.y, "linear", 30, X_test=data.X_test, y_test=data.y_test)
        >>> line = interpolate(run, "cross_entropy", "vs", 7)
        >>> line.at.tolist(), line.loss.shape
        ([-0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25], (2, 7))
    """
    plan, shown = run.plan, run.plan.panels
    names = [plan.rows[i].strategy for i in shown]
    ends = [run.theta[-1, shown[names.index(one_of("strategy of the run", name, names))]] for name in (a, b)]
    if a == b:
        raise ValueError(f"a and b must be two strategies; both are {a!r}")
    first, last = (np.asarray(e, np.float64) for e in ends)
    if not np.isfinite([first, last]).all():
        raise ValueError("the run is not done: wait for its last frame")
    at = np.linspace(*check_range("t", low, high, FAR), check_resolution("n", n, 10_000))
    at = np.union1d(at[np.minimum(abs(at), abs(at - 1)) > 1e-9], (0.0, 1.0))
    loss, plain = shared_losses(plan, first + at[:, None] * (last - first), shown)
    return Line(tuple(names), (a, b), at, loss, plain)


def decide(plan: Plan, theta: Array, rows: Sequence[int]) -> tuple[Array, list[dict[str, Any]]]:
    """What models with any parameters decide: at a clicked point of a surface, say.

    Args:
        plan: Of the run.
        theta: Parameters, [M, D], as `lossviz.planes.Plane.at` gives them.
        rows: The plan's row whose decision rule each one takes, [M].

    Returns:
        Decision maps, uint8 [M, resolution, resolution], as `lossviz.decode_maps` reads them (no pixels unless there are two
        features), and test metrics, a record each, as `lossviz.measure.measure` returns them.

    Raises:
        ValueError: Parameters that do not fit the model or are not finite.
    """
    theta = np.asarray(theta, np.float32)
    size = models.size(plan.dims)
    if theta.ndim != 2 or theta.shape != (len(rows), size) or not np.isfinite(theta).all():
        raise ValueError(
            f"theta must be finite parameters, one set of {size} a row, [{len(rows)}, {size}]; not {theta.shape}"
        )
    rules = [plan.rows[i].rule for i in rows]
    side = plan.resolution if plan.extent else 0
    maps = np.zeros((len(rows), side, side), np.uint8)
    for at in range(0, len(rows), ROWS):
        part = theta[at : at + ROWS]
        frames = np.zeros((SLOTS, ROWS, size), np.float32)
        frames[0, : len(part)] = part
        some = rules[at : at + ROWS]
        painted = train.paint(plan, frames, 1, [*some, *some[-1:] * (ROWS - len(some))])
        maps[at : at + ROWS] = painted[0, : len(part)].reshape(len(part), side, side)
    z = models.logits(tf.constant(theta), tf.constant(plan.standardised(plan.X_test).T), plan.dims).numpy()
    return maps, [measure(plan.y_test, rule, z[j].T) for j, rule in enumerate(rules)]


def warm(model: str, features: int, classes: int) -> None:
    """Compile (or load from the cache) the programs of a model, so that no visitor waits for them."""
    rng = np.random.default_rng(0)
    y = np.arange(4 * classes) % classes
    plan = prepare(["cross_entropy", "focal"], rng.normal(size=(len(y), features)), y, model, 1, test_size=0.5)
    zeros = np.zeros((2, models.size(plan.dims)))
    shared_losses(plan, zeros, [0, 1])
    own_losses(plan, Plane("random", zeros, zeros, (0, 1), (0, 1), ("", "")), np.zeros(1), np.zeros(1), [0, 1])
