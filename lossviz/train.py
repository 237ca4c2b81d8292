"""Training of many strategies at once, compiled, in chunks.

One program per (model, features, classes), whatever the number of strategies, points or steps: rows are padded to ROWS,
points to blocks of BLOCK under a dynamic count, and every setting is a tensor. So nothing recompiles when a knob
moves, and a row's result is the same to the last bit whoever races with it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz import models
from lossviz.equation import FIELDS, losses, predicted, scaled, stack, tf
from lossviz.measure import measure
from lossviz.plan import (
    BLOCK,
    LANES,
    OPTIMIZERS,
    ROWS,
    RULES,
    SLOTS,
    Chunk,
    Piece,
    Plan,
    Run,
    Shard,
    assemble,
    capacity,
    prepare,
)
from lossviz.strategies import Decision

Array = NDArray[Any]
State = tuple[Array, Array, Array]
"""Parameters and both moments of a shard, [ROWS, D] each."""


_made: dict[Any, Any] = {}
_compiling = Lock()
_making = Lock()


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    """A cache that two threads may ask at the same time: what is asked for is made once."""
    cached = cache(make)

    def get(*args: Any) -> Any:
        with _making:
            return cached(*args)

    return get


def _f32(*shape: int) -> Any:
    return tf.TensorSpec(shape, tf.float32)


def _i32(*shape: int) -> Any:
    return tf.TensorSpec(shape, tf.int32)


def _table_specs(k: int) -> dict[str, Any]:
    return {f: _f32(ROWS, k) if f == "focus" else _f32(ROWS, k, k) for f in FIELDS}


def _decide(z: Any, scale: Any, shift: Any, cost: Any) -> tuple[Any, Any]:
    """Class that a rule decides for, and its probability, [R,N] each: `Decision.classes` for logits [R,K,N]."""
    k = z.shape[1]
    z = scaled(z, predicted(z), scale) + shift[:, :, None]
    p = tf.exp(z - tf.reduce_max(z, 1, keepdims=True))
    # of least expected cost; with the 0/1 costs of a plain argmax that is the most probable class
    price = [tf.reduce_sum(cost[:, :, c, None] * p, 1) for c in range(k)]
    best, chosen, of_best = price[0], tf.zeros_like(price[0]), p[:, 0]
    for c in range(1, k):
        less = price[c] < best
        best = tf.where(less, price[c], best)
        chosen = tf.where(less, float(c), chosen)
        of_best = tf.where(less, p[:, c], of_best)
    return chosen, of_best / tf.reduce_sum(p, 1)


def _rule_specs(k: int, *shape: int) -> list[Any]:
    return [_f32(*shape, ROWS, k, k), _f32(*shape, ROWS, k), _f32(*shape, ROWS, k, k)]


def _rules(decisions: Sequence[Decision]) -> list[Array]:
    """Rules as arrays: scale [R,K,K], shift [R,K], cost [R,K,K]."""
    k = len(decisions[0].shift)
    cost = [1 - np.eye(k) if d.cost is None else d.cost for d in decisions]
    return [np.stack(a).astype(np.float32) for a in ([d.scale for d in decisions], [d.shift for d in decisions], cost)]


@_once
def _programs(dims: tuple[int, ...], blocks: int) -> dict[str, Any]:
    """The compiled programs of one model, "step" and "evaluate", traced on first use."""
    features, k, size = dims[0], dims[-1], models.size(dims)
    points = [_f32(blocks, features, BLOCK), _f32(blocks, k, BLOCK)]

    @tf.function(
        jit_compile=True,
        input_signature=[
            *[_f32(ROWS, size)] * 3, _f32(), *points, _table_specs(k), _f32(ROWS), _i32(), _i32(), _f32(), _i32(SLOTS),
            _f32(), _f32(), _f32(), tf.TensorSpec((), tf.bool), _f32(size),
        ],
    )  # fmt: skip
    def step(theta, m, v, t, x, y, tables, late, blocks_a_step, stride, n, counts, rate, beta, gain, adaptive, decay):  # type: ignore[no-untyped-def]
        """counts[i] steps of the optimiser, a snapshot after each stretch; step s reads blocks s·stride and on."""

        def slope(theta: Any, at: Any, is_late: Any) -> Any:
            def block(b: Any, g: Any) -> Any:
                with tf.GradientTape() as tape:
                    tape.watch(theta)
                    total = tf.reduce_sum(losses(models.logits(theta, x[at + b], dims), y[at + b], tables, is_late))
                return b + 1, g + tape.gradient(total, theta)

            return (
                tf.while_loop(lambda b, g: b < blocks_a_step, block, [0, tf.zeros_like(theta)])[1] / n + decay * theta
            )

        def one(i: Any, at: Any, theta: Any, m: Any, v: Any, t: Any) -> Any:
            g = slope(theta, at, t >= late)
            t += 1.0
            m = beta * m + gain * g
            v = 0.999 * v + 0.001 * g * g
            adam = (m / (1.0 - beta**t)) / (tf.sqrt(v / (1.0 - 0.999**t)) + 1e-7)
            return i + 1, at + stride, theta - rate * tf.where(adaptive, adam, m), m, v, t

        def stretch(f: Any, at: Any, theta: Any, m: Any, v: Any, t: Any, out: Any) -> Any:
            _, at, theta, m, v, t = tf.while_loop(lambda i, *_: i < counts[f], one, [0, at, theta, m, v, t])
            return f + 1, at, theta, m, v, t, tf.tensor_scatter_nd_update(out, [[f]], theta[None])

        used = tf.reduce_sum(tf.cast(counts > 0, tf.int32))
        state = [0, 0, theta, m, v, t, tf.zeros([SLOTS, ROWS, size])]
        _, _, theta, m, v, _, out = tf.while_loop(lambda f, *_: f < used, stretch, state)
        return theta, m, v, out

    frames = [_f32(SLOTS, ROWS, size), _i32()]

    @tf.function(
        jit_compile=True,
        input_signature=[
            *frames, _f32(SLOTS), *points, _table_specs(k), _f32(ROWS), _i32(), _f32(), *_rule_specs(k, RULES), _i32(),
        ],
    )  # fmt: skip
    def evaluate(theta, used, t, x, y, tables, late, used_blocks, n, scale, shift, cost, rules):  # type: ignore[no-untyped-def]
        """Mean own loss and mean cross-entropy of every frame, [SLOTS, ROWS] each, and confusion by `rules` rules."""

        def frame(f: Any, own: Any, plain: Any, confusion: Any) -> Any:
            def block(b: Any, a: Any, c: Any, table: Any) -> Any:
                z = models.logits(theta[f], x[b], dims)
                a += tf.reduce_sum(losses(z, y[b], tables, t[f] >= late), 1)
                nats = tf.reduce_logsumexp(z, 1) - tf.reduce_sum(z * y[b], 1)

                def rule(d: Any, table: Any) -> Any:
                    chosen, _ = _decide(z, scale[d], shift[d], cost[d])
                    hit = tf.stack([tf.cast(tf.equal(chosen, float(c)), tf.float32) for c in range(k)], 1)
                    return d + 1, tf.tensor_scatter_nd_add(table, [[d]], tf.einsum("yn,rdn->ryd", y[b], hit)[None])

                table = tf.while_loop(lambda d, _: d < rules, rule, [0, table])[1]
                return b + 1, a, c + tf.reduce_sum(nats * tf.reduce_sum(y[b], 0), 1), table

            zero = tf.zeros([ROWS])
            start = [0, zero, zero, tf.zeros([RULES, ROWS, k, k])]
            _, a, c, table = tf.while_loop(lambda b, *_: b < used_blocks, block, start)
            put = tf.tensor_scatter_nd_update
            return (
                f + 1,
                put(own, [[f]], a[None] / n),
                put(plain, [[f]], c[None] / n),
                put(confusion, [[f]], table[None]),
            )

        zero = tf.zeros([SLOTS, ROWS])
        start = [0, zero, zero, tf.zeros([SLOTS, RULES, ROWS, k, k])]
        return tf.while_loop(lambda f, *_: f < used, frame, start)[1:]

    return {"step": step, "evaluate": evaluate}


@_once
def _painter(dims: tuple[int, ...], blocks: int) -> Any:
    """The compiled program that paints decision maps of `blocks` blocks of points."""
    features, k, size = dims[0], dims[-1], models.size(dims)
    levels = 256 // k

    @tf.function(
        jit_compile=True,
        input_signature=[_f32(SLOTS, ROWS, size), _i32(), _f32(blocks, features, BLOCK), *_rule_specs(k)],
    )
    def paint(theta, used, x, scale, shift, cost):  # type: ignore[no-untyped-def]
        """Class and confidence in one byte, [SLOTS, blocks, ROWS, BLOCK]."""

        def block(f: Any, b: Any, out: Any) -> Any:
            chosen, p = _decide(models.logits(theta[f], x[b], dims), scale, shift, cost)
            sure = tf.maximum(p - 1 / k, 0.0) / (1 - 1 / k)
            byte = chosen * levels + tf.floor(sure * (levels - 1) + 0.5)
            return f, b + 1, tf.tensor_scatter_nd_update(out, [[b]], tf.cast(byte, tf.uint8)[None])

        def frame(f: Any, out: Any) -> Any:
            # two loops with one index each: XLA runs a scatter on two indices twice as slowly
            blank = tf.zeros([blocks, ROWS, BLOCK], tf.uint8)
            picture = tf.while_loop(lambda f, b, _: b < blocks, block, [f, 0, blank])[2]
            return f + 1, tf.tensor_scatter_nd_update(out, [[f]], picture[None])

        return tf.while_loop(lambda f, _: f < used, frame, [0, tf.zeros([SLOTS, blocks, ROWS, BLOCK], tf.uint8)])[1]

    return paint


def _call(program: Any, *args: Any) -> Any:
    """Call a compiled program. The first call of each traces and compiles: one at a time, so that it happens once.

    What was traced is called by itself: asking `tf.function` which trace fits took a third of a first picture.
    """
    if (traced := _made.get(program)) is None:
        with _compiling:
            if (traced := _made.get(program)) is None:
                traced = program.get_concrete_function()
                result = traced(*args)
                _made[program] = traced
                return result
    return traced(*args)


def compilations() -> int:
    """How many times this process has compiled a program."""
    return sum(p.experimental_get_tracing_count() for p in _made)


def _blocks(x: Array, y: Array | None, k: int, blocks: int) -> tuple[Any, Any]:
    """Points [N, features] and labels [N] as padded blocks [blocks, features, BLOCK] and one-hot [blocks, K, BLOCK]."""
    used = -(-len(x) // BLOCK)
    points = np.zeros((blocks, x.shape[1], BLOCK), np.float32)
    padded = np.zeros((used * BLOCK, x.shape[1]), np.float32)
    padded[: len(x)] = x
    points[:used] = padded.reshape(used, BLOCK, -1).transpose(0, 2, 1)
    if y is None:
        return tf.constant(points), None
    labels = np.zeros((blocks, k, BLOCK), np.float32)
    at = np.arange(len(y))
    labels[at // BLOCK, y, at % BLOCK] = 1
    return tf.constant(points), tf.constant(labels)


@lru_cache(maxsize=4)
def _points(plan: Plan) -> tuple[Any, Any, Any]:
    """Training part, test part and picture as blocks; kept for the next chunk of the same plan."""
    k = len(plan.classes)
    train = _blocks(plan.standardised(plan.X), plan.y, k, capacity(len(plan.y)))
    test = _blocks(plan.standardised(plan.X_test), plan.y_test, k, capacity(len(plan.y_test)))
    grid = plan.standardised(plan.grid())
    return train, test, _blocks(grid, None, k, -(-len(grid) // BLOCK))[0] if len(grid) else None


def _batches(plan: Plan, row: int, first: int, steps: int) -> tuple[Any, Any]:
    """The mini-batches of so many steps, each padded to whole blocks: what this row and its shard see."""
    size, n, k = plan.batch_size or 0, len(plan.y), len(plan.classes)
    start, stop = first * size, (first + steps) * size
    tables, seed = plan.rows[row].tables, plan.rows[row].seed
    epochs = [plan.order(tables.sampler, seed, e) for e in range(start // n, -(-stop // n))]
    index = np.concatenate(epochs)[start - start // n * n :][: steps * size].reshape(steps, size)
    a_step = -(-size // BLOCK)
    slots = np.full((steps, a_step * BLOCK), -1)
    slots[:, :size] = index
    slots = slots.reshape(-1, BLOCK)
    blocks = capacity(size)
    points = np.zeros((blocks, plan.X.shape[1], BLOCK), np.float32)
    points[: len(slots)] = plan.standardised(plan.X)[slots].transpose(0, 2, 1)
    labels = np.zeros((blocks, k, BLOCK), np.float32)
    b, i = np.nonzero(slots >= 0)
    labels[b, plan.y[slots[b, i]], i] = 1
    return tf.constant(points), tf.constant(labels)


def _padded(shard: tuple[int, ...]) -> list[int]:
    """Rows of a shard, the last repeated up to ROWS."""
    return [*shard, *[shard[-1]] * (ROWS - len(shard))]


def start(plan: Plan, shard: Shard) -> State:
    """The state before the first step: the same parameters for every row of a seed."""
    theta = np.stack([models.initial(plan.dims, plan.rows[i].seed, plan.init) for i in _padded(shard)])
    return theta, np.zeros_like(theta), np.zeros_like(theta)


def advance(plan: Plan, shard: Shard, state: State, chunk: Chunk) -> tuple[State, Piece]:
    """Run one chunk of one shard.

    Args:
        plan: What to train.
        shard: One of `plan.shards()`.
        state: Where the last chunk, or `start`, left off.
        chunk: One of `plan.chunks()`, in order.

    Returns:
        The state afterwards and the chunk's frames.

    Raises:
        FloatingPointError: A row's parameters are no longer finite.
    """
    dims, total, n, width = plan.dims, float(plan.steps[-1]), len(plan.y), len(shard)
    opt = OPTIMIZERS[plan.optimizer]
    train, test, _ = _points(plan)
    counts = np.zeros(SLOTS, np.int32)
    counts[: len(chunk.counts)] = chunk.counts
    begin = chunk.first_step == 0
    kept = np.flatnonzero(chunk.keep)
    used = len(kept) + begin
    at = np.zeros(SLOTS, np.float32)
    at[begin:used] = chunk.first_step + np.cumsum(chunk.counts)[kept]

    tables = [plan.rows[i].tables for i in _padded(shard)]
    k_tables = {f: tf.constant(a) for f, a in stack(tables).items()}
    in_training = dict(k_tables)
    late = tf.constant([t.late * total if t.late < 1 else np.inf for t in tables], tf.float32)  # 1 is never
    data, size = train, n
    if plan.batch_size:
        # batches drawn with the weights' odds: the loss is not weighted again
        drawn = tf.constant([t.sampler == "balanced" for t in tables])[:, None, None]
        in_training |= {f: tf.where(drawn, 1.0, k_tables[f]) for f in ("weight", "late_weight")}
        data, size = _batches(plan, shard[0], chunk.first_step, sum(chunk.counts)), plan.batch_size
    a_step = -(-size // BLOCK)
    after = _call(
        _programs(dims, data[0].shape[0])["step"], *state, tf.constant(float(chunk.first_step)), *data, in_training,
        late, tf.constant(a_step), tf.constant(a_step if plan.batch_size else 0), tf.constant(float(size)),
        tf.constant(counts), tf.constant(plan.learning_rate, tf.float32), tf.constant(opt.beta, tf.float32),
        tf.constant(1 - opt.beta if opt.adaptive else 1.0, tf.float32), tf.constant(opt.adaptive),
        tf.constant(plan.l2 * models.is_weight(dims)),
    )  # fmt: skip
    theta, m, v, snapshots = (a.numpy() for a in after)
    lost = ~np.isfinite(theta[:width]).all(1)
    if lost.any():
        reached = chunk.first_step + sum(chunk.counts)
        name = plan.rows[shard[int(lost.argmax())]].title
        raise FloatingPointError(f"{name} diverged by step {reached}: choose a smaller learning rate, or less L2.")

    frames = np.zeros((SLOTS, ROWS, models.size(dims)), np.float32)
    if begin:
        frames[0] = state[0]
    frames[begin:used] = snapshots[kept]
    decisions = [t.decisions for t in tables]
    rules = [
        np.stack(a)
        for a in zip(*(_rules([d[min(i, len(d) - 1)] for d in decisions]) for i in range(RULES)), strict=True)
    ]
    several = max(len(d) for d in decisions)
    curves: list[Array] = []  # own and plain loss, on the training and on the test part
    for x, y, count, used_rules in ((*train, n, 0), (*test, len(plan.y_test), several)):
        program = _programs(dims, x.shape[0])["evaluate"]
        there = tf.constant(-(-count // BLOCK)), tf.constant(float(count))
        args = (frames, tf.constant(used), at, x, y, k_tables, late, *there, *rules, tf.constant(used_rules))
        *means, table = _call(program, *args)
        curves += [c.numpy()[:used, :width] for c in means]
    confusion = table.numpy()[:used, :, :width].transpose(0, 2, 1, 3, 4).round().astype(np.int64)  # of the test part
    confusion[:, :, several:] = confusion[:, :, several - 1 : several]
    logits, records = None, []
    if chunk.last:
        z = models.logits(tf.constant(theta), tf.constant(plan.standardised(plan.X_test).T), dims).numpy()
        logits = z[:width].transpose(0, 2, 1)
        records = [
            {"row": i, "decision": d.name, **measure(plan.y_test, d, logits[j])}
            for j, i in enumerate(shard)
            for d in plan.rows[i].tables.decisions
        ]
        for record in records:  # in double precision: the last frame says what the table says
            names = [d.name for d in plan.rows[record["row"]].tables.decisions]
            confusion[-1, shard.index(record["row"]), names.index(record["decision"]) :] = record["confusion"]
    piece = Piece(
        rows=shard,
        first_frame=chunk.first_frame,
        theta=frames[:used, :width],
        losses=curves[0],
        cross_entropy=curves[1],
        test_cross_entropy=curves[3],
        confusion=confusion,
        maps=paint(plan, frames, used, [plan.rows[i].rule for i in _padded(shard)])[:, :width],
        test_logits=logits,
        metrics=tuple(records),
    )
    return (theta, m, v), piece


def paint(plan: Plan, frames: Array, used: int, decisions: Sequence[Decision]) -> Array:
    """Decision maps of the first `used` frames.

    Args:
        plan: Model, extent and resolution.
        frames: Parameters, [SLOTS, ROWS, D].
        used: How many of the frames.
        decisions: The rule of each row, [ROWS].

    Returns:
        One byte a pixel, uint8 [used, ROWS, resolution²], as `lossviz.decode_maps` reads them; no pixels without an extent.
    """
    x = _points(plan)[2]
    if x is None:
        return np.zeros((used, ROWS, 0), np.uint8)
    blocks, pixels = x.shape[0], plan.resolution**2
    out = _call(_painter(plan.dims, blocks), frames, tf.constant(used), x, *_rules(decisions)).numpy()[:used]
    return out.transpose(0, 2, 1, 3).reshape(used, ROWS, blocks * BLOCK)[:, :, :pixels]


def push(plan: Plan, theta: Array, step: int) -> Array:
    """How hard each training example pushes in the next step: Σ_c |∂ℓ/∂z_c|, of every row that is drawn.

    Args:
        plan: What is trained.
        theta: Parameters of the rows that are drawn, [P, D].
        step: Steps done so far, which decides whether late weights are in force.

    Returns:
        The push of each training example on its logits, [P, N].
    """
    tables = [plan.rows[i].tables for i in plan.panels]
    late = tf.constant([t.late < 1 and step >= t.late * plan.steps[-1] for t in tables])
    k_tables = {f: tf.constant(a) for f, a in stack(tables).items()}
    y = tf.constant(np.eye(len(plan.classes), dtype=np.float32)[plan.y].T)
    z = models.logits(tf.constant(theta), tf.constant(plan.standardised(plan.X).T), plan.dims)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = losses(z, y, k_tables, late)
    return np.asarray(tf.reduce_sum(tf.abs(tape.gradient(value, z)), 1).numpy())


def pieces(plan: Plan, shard: Shard) -> Iterator[Piece]:
    """Train one shard here, a piece at a time."""
    state = start(plan, shard)
    for chunk in plan.chunks():
        state, piece = advance(plan, shard, state, chunk)
        yield piece


def fit(
    names: str | Sequence[str],
    X: ArrayLike,
    y: ArrayLike,
    model: str = "mlp",
    steps: int = 400,
    seed: int = 0,
    **options: Any,
) -> Run:
    """Train several strategies side by side: same start, same batches, measured on the same test part.

    Args:
        names: Strategy names, or one.
        X: Examples, [N, features], in any units: the model sees them standardised. Two features give decision maps.
        y: Classes, integers from 0, [N].
        model: A name in `lossviz.MODELS`: "linear" or "mlp".
        steps: Optimiser steps.
        seed: Decides initial parameters, batches and split.
        **options: `X_test`, `y_test` (else a stratified share `test_size` of the data is set apart); `classes` and `features`
            (names); `knobs` ({strategy: {knob: value}}); `repeats` (train seeds seed, seed + 1, …); `optimizer` ("adam",
            "momentum", "sgd"); `learning_rate`; `batch_size` (None: all data each step); `l2` (on weights, not biases);
            `init` ("glorot", "zeros"); `frames` (snapshots, about 60); `resolution` (pixels a side of a decision map);
            `inference` ("raw" or "scaled": what the maps of strategies that scale logits in training show).

    Returns:
        A `Run`: frames, histories, decision maps and test metrics, all NumPy arrays.

    Raises:
        ValueError: Whatever is wrong with the arguments, before anything is trained.
        FloatingPointError: Training diverged; the message says which strategy, and what to lower.

    Example:
        >>> import lossviz
        >>> data = lossviz.make_dataset("blobs", n=200, imbalance=9, seed=0)
        >>> run = lossviz.fit(["cross_entropy", "weighted_cross_entropy"], data.X, data.y, model="linear", steps=50,
        ...                   X_test=data.X_test, y_test=data.y_test)
        >>> run.maps.shape, run.done
        ((51, 2, 100, 100), True)
    """
    plan = prepare(names, X, y, model, steps, seed, **options)
    with ThreadPoolExecutor(LANES) as pool:  # TensorFlow releases the GIL
        return assemble(plan, chain(*pool.map(lambda shard: list(pieces(plan, shard)), plan.shards())))


def warm(model: str, features: int, classes: int) -> None:
    """Compile (or load from the cache) every program of a model, so that no visitor waits for it."""
    rng = np.random.default_rng(0)
    y = np.arange(4 * classes) % classes
    fit("cross_entropy", rng.normal(size=(len(y), features)), y, model, steps=1, test_size=0.5)
