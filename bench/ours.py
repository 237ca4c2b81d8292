"""lossviz itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import lossviz
from bench.problem import FRAMES, STRATEGIES, plan
from lossviz import models
from lossviz.plan import OPTIMIZERS, SLOTS, capacity

Round = Callable[[], Any]


def training() -> Round:
    """Training alone: the compiled step program on two threads as `advance` calls it, all frames kept in one call."""
    from lossviz import train
    from lossviz.equation import stack, tf

    p = plan()
    opt = OPTIMIZERS[p.optimizer]
    data = train._blocks(p.standardised(p.X), p.y, len(p.classes), capacity(len(p.y)))
    counts = np.zeros(SLOTS, np.int32)
    counts[:FRAMES] = np.diff(p.steps)
    program = train._programs(p.dims, data[0].shape[0])["step"]
    f32 = lambda a: tf.constant(a, tf.float32)  # noqa: E731

    def run(shard: tuple[int, ...]) -> Any:
        tables = [p.rows[i].tables for i in shard]
        after = program(
            *train.start(p, shard), f32(0), *data, {f: f32(a) for f, a in stack(tables).items()},
            f32([t.late * float(p.steps[-1]) for t in tables]), tf.constant(-(-len(p.y) // data[0].shape[2])),
            tf.constant(0), f32(len(p.y)), tf.constant(counts), f32(p.learning_rate), f32(opt.beta),
            f32(1 - opt.beta), tf.constant(opt.adaptive), f32(p.l2 * models.is_weight(p.dims)),
        )  # fmt: skip
        return after[-1].numpy()

    pool = ThreadPoolExecutor(2)
    return lambda: list(pool.map(run, p.shards()))


def fit() -> Round:
    """The whole `lossviz.fit`: training, curves, decision maps of every frame, test metrics."""
    p = plan()
    return lambda: lossviz.fit(STRATEGIES, p.X, p.y, X_test=p.X_test, y_test=p.y_test)


def maps() -> Round:
    """Decision maps of 60 frames × 8 strategies, 100×100, as `lossviz.train.paint` makes them, on two threads."""
    from lossviz import train

    p = plan()
    parts = [(shard, train.start(p, shard)[0]) for shard in p.shards()]
    pool = ThreadPoolExecutor(2)

    def paint(part: Any) -> Any:
        shard, theta = part
        frames = np.repeat(theta[None], SLOTS, 0)
        return train.paint(p, frames, FRAMES, [p.rows[i].tables.decisions[0] for i in shard])

    return lambda: list(pool.map(paint, parts))
