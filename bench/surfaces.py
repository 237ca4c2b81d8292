"""Loss surfaces against their targets and against the usual ways: `python -m bench.surfaces [--quick]`.

The job: 16 strategies, each a 100×100 surface of its mean loss on 1,000 points, MLP 2-16-16-3. Every competitor lives in a
process of its own; they take turns. Peers know one term of the equation, cross-entropy weighted by class, which is to their
advantage; the slow ones do a part of the grid, scaled up.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from statistics import median
from typing import Any

import numpy as np

import lossviz
from bench.__main__ import HERE, SCALED, Competitor, Race, environment, machine, passed, run
from lossviz import landscape, models, planes
from lossviz.logistic import Walk
from lossviz.plan import LANES, prepare

Round = Callable[[], Any]
SIDE, STRATEGIES = 100, tuple(lossviz.STRATEGIES)[:16]
LOGITS = tuple(lossviz.STRATEGIES)[8:16]
LOOPS, MAPPED = 2, 500
"""Evaluations of a round of the Keras loop, and of JAX's map; scaled up."""
ALL = len(STRATEGIES) * SIDE**2


@cache
def walk(weights_only: bool = False) -> Walk:
    """Sixteen random walks: where a surface lies does not matter to its speed."""
    data = lossviz.make_dataset("spirals", n=1000, imbalance=20, classes=3, seed=0)
    plan = prepare(STRATEGIES, data.X, data.y, X_test=data.X, y_test=data.y)
    rng = np.random.default_rng(0)
    start = np.stack([models.initial(plan.dims, 0)] * len(STRATEGIES))
    theta = start + 0.05 * np.cumsum(rng.normal(size=(61, *start.shape)), 0)
    if weights_only:
        plain = tuple(replace(plan.rows[1], strategy=r.strategy) for r in plan.rows)
        plan = replace(plan, rows=plain)
    blank = np.zeros((61, len(STRATEGIES)))
    return Walk(plan, plan.steps, blank, theta, blank, blank)


def _surface(resolution: int, own: bool, weights_only: bool = False) -> Round:
    from lossviz.engine import _train

    _train()  # TensorFlow's own threads off, as in a worker
    return lambda: lossviz.loss_surface(walk(weights_only), "random", resolution, own=own)


def shared() -> Round:
    """One plane for all: the network runs once a grid point."""
    return _surface(SIDE, False)


def weights() -> Round:
    """One plane for sixteen strategies that only weight classes."""
    return _surface(SIDE, False, True)


def own() -> Round:
    """A plane around each strategy's own solution."""
    return _surface(SIDE, True)


def coarse() -> Round:
    """The first picture of the full grid, as a page asks for it."""
    from concurrent.futures import ThreadPoolExecutor

    from lossviz.engine import _train
    from lossviz.surface import patch

    _train()
    pool, lines = ThreadPoolExecutor(LANES), len(landscape.coarse(SIDE)) ** 2

    def first() -> Any:
        where = planes.plane(walk(), "random")
        parts, points = [], 0
        for chunk in landscape.chunks(walk().plan, where, SIDE):
            if points < lines:
                parts.append(chunk)
                points += len(chunk.index)
        done = list(pool.map(lambda c: patch(walk().plan, where, c), parts))
        picture = landscape.assemble(walk(), where, SIDE, list(zip(parts, done, strict=True)))
        assert picture.done
        return picture

    return first


def logits() -> Round:
    """The logit plane of eight strategies, 200×200, with its gradient field."""
    return lambda: lossviz.logit_plane(LOGITS, [900, 100], 1, resolution=200)


def _problem() -> tuple[Any, Any, Any, Any]:
    """Points [N, 2], labels [N], grid of parameters [SIDE², D], and class weights [S, K]."""
    plan = walk().plan
    where = planes.plane(walk(), "random")
    x, y = (a.ravel() for a in np.meshgrid(*landscape.grid(where, SIDE)))
    weights = np.stack([lossviz.class_weights(plan.counts, "balanced") ** (s / 15) for s in range(len(STRATEGIES))])
    return plan.standardised(plan.X), plan.y, where.at(x, y).astype(np.float32), weights.astype(np.float32)


def keras_loop() -> Round:
    """Keras: `set_weights`, then `evaluate`, for each grid point and strategy."""
    import keras

    x, y, grid, weights = _problem()
    model = keras.Sequential([keras.layers.Dense(16, "tanh"), keras.layers.Dense(16, "tanh"), keras.layers.Dense(3)])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.build((None, 2))
    by_point = weights[1][y]

    def as_keras(theta: Any) -> list[Any]:
        out, at = [], 0
        for o, i in models.layers(walk().plan.dims):
            w = theta[at : at + o * i].reshape(o, i)
            at += o * i
            out += [w[:, :-1].T, w[:, -1]]
        return out

    def loop() -> None:
        for theta in grid[:LOOPS]:
            model.set_weights(as_keras(theta))
            model.evaluate(x, y, sample_weight=by_point, verbose=0)

    return loop


def _jax(together: bool) -> Round:
    import jax
    import jax.numpy as jnp

    x, y, grid, weights = _problem()
    shapes = models.layers(walk().plan.dims)

    def nats(theta: Any) -> Any:
        h, at = x, 0
        for n, (o, i) in enumerate(shapes):
            w = theta[at : at + o * i].reshape(o, i)
            at += o * i
            h = (jnp.tanh(h) if n else h) @ w[:, :-1].T + w[:, -1]
        return -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1)[:, 0]

    by_point = jnp.asarray(weights[:, y] / len(y))
    one = (lambda theta: by_point @ nats(theta)) if together else (lambda theta: by_point[1] @ nats(theta))
    program, part = jax.jit(lambda thetas: jax.lax.map(one, thetas)), jnp.asarray(grid[:MAPPED])
    return lambda: jax.block_until_ready(program(part))


def jax_map() -> Round:
    """JAX: `lax.map` over the grid points of each strategy."""
    return _jax(False)


def jax_together() -> Round:
    """JAX: `lax.map` over grid points, the network once for all strategies' weights."""
    return _jax(True)


def torch_func() -> Round:
    """PyTorch: `torch.func.vmap` over the grid points of each strategy."""
    import torch

    torch.set_num_threads(2)
    x, y, grid, weights = (torch.from_numpy(np.ascontiguousarray(a)) for a in _problem())
    shapes, by_point = models.layers(walk().plan.dims), weights[1][y] / len(y)

    def one(theta: Any) -> Any:
        h, at = x.float(), 0
        for n, (o, i) in enumerate(shapes):
            w = theta[at : at + o * i].reshape(o, i)
            at += o * i
            h = (torch.tanh(h) if n else h) @ w[:, :-1].T + w[:, -1]
        return by_point @ torch.nn.functional.cross_entropy(h, y, reduction="none")

    program = torch.func.vmap(one, chunk_size=20)
    part = grid[:MAPPED]
    return torch.inference_mode()(lambda: program(part))


def memory() -> dict[str, float]:
    """Peak resident memory, MB: with everything loaded and compiled, then after surfaces of growing size."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    _surface(2, False)()
    _surface(2, True)()
    out = {"loaded": peak()}
    for side, own in ((100, False), (100, True), (300, False)):
        _surface(side, own)()
        out[f"{'own planes' if own else 'shared plane'}, {side}×{side}"] = peak()
    return out


COMPETITORS = [
    Competitor("surfaces.shared", "**lossviz**, one shared plane"),
    Competitor("surfaces.weights", "**lossviz**, one shared plane, class weights only"),
    Competitor("surfaces.own", "**lossviz**, own planes"),
    Competitor("surfaces.coarse", "**lossviz**, the coarse picture of it"),
    Competitor("surfaces.logits", "**lossviz**, logit plane 200×200 × 8 strategies"),
    Competitor("surfaces.jax_map", "JAX `lax.map`, a strategy at a time", ALL / MAPPED),
    Competitor("surfaces.jax_together", "JAX `lax.map`, once for all class weights", SIDE**2 / MAPPED),
    Competitor("surfaces.torch_func", "PyTorch `torch.func.vmap`, a strategy at a time", ALL / MAPPED, slow=True),
    Competitor("ours.training", "for scale: the reference run of `python -m bench`"),
    Competitor("surfaces.keras_loop", "Keras `set_weights` + `evaluate`", ALL / LOOPS, slow=True),
]
LIMITS = {"shared": 0.7, "own": 2.4, "coarse": 0.1, "logits": 0.05}
RATIOS = {"keras_loop": 1000, "jax_map": 5}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.surfaces", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    parser.add_argument("--memory", action="store_true", help="print peak memory and nothing else")
    chosen = parser.parse_args()
    if chosen.memory:
        print(json.dumps(memory()))
        return
    begun = time.perf_counter()
    race = Race(
        "surfaces", f"Loss surfaces: 16 strategies × {SIDE}×{SIDE} × 1,000 points, MLP 2-16-16-3", COMPETITORS, {}
    )
    run(race, 3 if chosen.quick else 10, 1 if chosen.quick else 3)
    us = {c.name.split(".")[1]: min(c.seconds) for c in COMPETITORS}
    print("\n".join(["# Loss surfaces", "", *machine(), f"### {race.title}", ""]))
    print("| | min | median | × shared plane | × own planes | target |\n|---|--:|--:|--:|--:|---|")
    for c in COMPETITORS:
        name, best = c.name.split(".")[1], min(c.seconds)
        said = ""
        if name in LIMITS:
            said = f"under {LIMITS[name]:g} s: {passed(best < LIMITS[name])}"
        elif name in RATIOS:
            said = f"at least {RATIOS[name]:,} × the shared plane: {passed(best / us['shared'] >= RATIOS[name])}"
        ratios = " | ".join(
            f"{best / us[n]:,.1f}" if name not in ("coarse", "logits", "training") else "" for n in ("shared", "own")
        )
        print(f"| {c.told} | {1e3 * best:,.0f} ms | {1e3 * median(c.seconds):,.0f} ms | {ratios} | {said} |")
    command = [sys.executable, "-m", "bench.surfaces", "--memory"]
    done = subprocess.run(
        command, env=environment("ours"), cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{SCALED}")
    print("\n### Peak memory of one process that does all of these in turn\n")
    print("| " + " | ".join(found) + " |\n|" + "--:|" * len(found))
    print("| " + " | ".join(f"{v:,.0f} MB" for v in found.values()) + " |\n")
    print(f"Measured in {time.perf_counter() - begun:.0f} s.")


if __name__ == "__main__":
    main()
