"""The floor: the same matrix products, tanh and exp, bare – no loss, no optimiser, nothing kept – on two threads.

Three honest ways of each; the best of them is the floor. Four strategies a thread, as lossviz deals them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bench.problem import FRAMES, STEPS, arrays, layers, plan

Round = Callable[[], Any]
LANES = (slice(0, 4), slice(4, 8))


def _weights(lane: slice) -> tuple[Any, ...]:
    return tuple(w for w, _ in layers(arrays()[2][lane]))


def _grid() -> Any:
    p = plan()
    return np.ascontiguousarray(p.standardised(p.grid()).T)


def _on_two_threads(lane: Callable[[slice], Round]) -> Round:
    pool = ThreadPoolExecutor(2)
    rounds = [lane(part) for part in LANES]
    return lambda: list(pool.map(lambda run: run(), rounds))


def _buffers(n: int, weights: list[Any], new: Callable[..., Any]) -> list[Any]:
    return [new((len(w), w.shape[1], n), "float32") for w in weights]


def training_numpy() -> Round:
    """NumPy: one matrix product a strategy through OpenBLAS, vectorised tanh and exp, nothing allocated."""
    x = arrays()[0]

    def lane(part: slice) -> Round:
        w1, w2, w3 = _weights(part)
        a1, a2, z = _buffers(x.shape[1], [w1, w2, w3], np.zeros)
        d1, d2 = np.zeros_like(a1), np.zeros_like(a2)
        g1, g2, g3 = (np.zeros_like(w) for w in (w1, w2, w3))
        t1, t2, t3, tx = (np.swapaxes(a, -1, -2) for a in (a1, a2, w3, x))
        wt2 = np.swapaxes(w2, 1, 2)

        def run() -> None:
            for _ in range(STEPS):
                np.matmul(w1, x, out=a1)
                np.tanh(a1, out=a1)
                np.matmul(w2, a1, out=a2)
                np.tanh(a2, out=a2)
                np.matmul(w3, a2, out=z)
                np.exp(z, out=z)
                np.matmul(z, t2, out=g3)
                np.matmul(t3, z, out=d2)
                np.matmul(d2, t1, out=g2)
                np.matmul(wt2, d2, out=d1)
                np.matmul(d1, tx, out=g1)

        return run

    return _on_two_threads(lane)


def maps_numpy() -> Round:
    """NumPy, forward only, in blocks of points that stay in the cache."""
    blocks = np.split(_grid(), 10, axis=1)

    def lane(part: slice) -> Round:
        w1, w2, w3 = _weights(part)
        a1, a2, z = _buffers(blocks[0].shape[1], [w1, w2, w3], np.zeros)

        def run() -> None:
            for _ in range(FRAMES):
                for x in blocks:
                    np.matmul(w1, x, out=a1)
                    np.tanh(a1, out=a1)
                    np.matmul(w2, a1, out=a2)
                    np.tanh(a2, out=a2)
                    np.matmul(w3, a2, out=z)

        return run

    return _on_two_threads(lane)


def training_torch() -> Round:
    """PyTorch: batched matrix products into given tensors, no autograd, one thread in each of two."""
    import torch

    torch.set_num_threads(1)
    x = torch.from_numpy(arrays()[0])

    def lane(part: slice) -> Round:
        w1, w2, w3 = (torch.from_numpy(w) for w in _weights(part))
        a1, a2, z = (torch.zeros(len(w), w.shape[1], x.shape[1]) for w in (w1, w2, w3))
        d1, d2 = torch.zeros_like(a1), torch.zeros_like(a2)
        g1, g2, g3 = (torch.zeros_like(w) for w in (w1, w2, w3))
        xs = x.expand(len(w1), *x.shape)

        @torch.inference_mode()
        def run() -> None:
            for _ in range(STEPS):
                torch.bmm(w1, xs, out=a1)
                torch.tanh(a1, out=a1)
                torch.bmm(w2, a1, out=a2)
                torch.tanh(a2, out=a2)
                torch.bmm(w3, a2, out=z)
                torch.exp(z, out=z)
                torch.bmm(z, a2.mT, out=g3)
                torch.bmm(w3.mT, z, out=d2)
                torch.bmm(d2, a1.mT, out=g2)
                torch.bmm(w2.mT, d2, out=d1)
                torch.bmm(d1, xs.mT, out=g1)

        return run

    return _on_two_threads(lane)


def maps_torch() -> Round:
    """PyTorch, forward only, in blocks of points that stay in the cache."""
    import torch

    torch.set_num_threads(1)
    blocks = torch.from_numpy(_grid()).split(1000, 1)

    def lane(part: slice) -> Round:
        w1, w2, w3 = (torch.from_numpy(w) for w in _weights(part))
        a1, a2, z = (torch.zeros(len(w), w.shape[1], 1000) for w in (w1, w2, w3))
        xs = [x.contiguous().expand(len(w1), *x.shape) for x in blocks]

        @torch.inference_mode()
        def run() -> None:
            for _ in range(FRAMES):
                for x in xs:
                    torch.bmm(w1, x, out=a1)
                    torch.tanh(a1, out=a1)
                    torch.bmm(w2, a1, out=a2)
                    torch.tanh(a2, out=a2)
                    torch.bmm(w3, a2, out=z)

        return run

    return _on_two_threads(lane)


def training_xla() -> Round:
    """XLA by way of JAX: one compiled loop, whose weights move by next to nothing so that no work can be hoisted."""
    import jax
    import jax.numpy as jnp

    blocks = jnp.asarray(np.pad(arrays()[0], ((0, 0), (0, 24))).reshape(2, 4, 256).swapaxes(0, 1))

    def block(weights: Any, x: Any) -> Any:
        w1, w2, w3 = weights
        a1 = jnp.tanh(jnp.einsum("soi,in->son", w1, x))
        a2 = jnp.tanh(w2 @ a1)
        z = jnp.exp(w3 @ a2)
        d2 = w3.mT @ z
        return jnp.einsum("son,in->soi", w2.mT @ d2, x), d2 @ a1.mT, z @ a2.mT

    def step(_: Any, weights: Any) -> Any:
        def add(b: Any, g: Any) -> Any:
            return jax.tree.map(jnp.add, g, block(weights, blocks[b]))

        g = jax.lax.fori_loop(0, len(blocks), add, jax.tree.map(jnp.zeros_like, weights))
        return jax.tree.map(lambda w, d: w - 1e-9 * d, weights, g)

    program = jax.jit(lambda weights: jax.lax.fori_loop(0, STEPS, step, weights))
    return _on_two_threads(lambda part: lambda: jax.block_until_ready(program(_weights(part))))


def maps_xla() -> Round:
    """XLA by way of JAX, forward only; logits are summed, so that they are needed and nothing is stored."""
    import jax
    import jax.numpy as jnp

    blocks = jnp.asarray(np.pad(_grid(), ((0, 0), (0, 240))).reshape(2, 40, 256).swapaxes(0, 1))

    def picture(_: Any, weights: Any) -> Any:
        w1, w2, w3 = weights

        def add(b: Any, total: Any) -> Any:
            return total + w3 @ jnp.tanh(w2 @ jnp.tanh(jnp.einsum("soi,in->son", w1, blocks[b])))

        z = jax.lax.fori_loop(0, len(blocks), add, jnp.zeros((4, 3, 256)))
        return w1, w2, w3 + 1e-9 * z[:, :, :16]

    program = jax.jit(lambda weights: jax.lax.fori_loop(0, FRAMES, picture, weights))
    return _on_two_threads(lambda part: lambda: jax.block_until_ready(program(_weights(part))))
