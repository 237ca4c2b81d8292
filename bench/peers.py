"""The same training elsewhere: eight models from one start, cross-entropy weighted by class, full-batch Adam.

Peers keep no frames and know one term of the equation only: what they leave out is to their advantage.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.floor import _grid
from bench.problem import BETA1, BETA2, EPSILON, FRAMES, RATE, STEPS, arrays, layers

Round = Callable[[], Any]
FEWER = 40
"""Steps of a round of `train_on_batch`; scaled up."""
EPOCHS = 5
"""Epochs of a round of `fit`, of one model; scaled up."""


def _jax_scan(slope: Any, params: Any) -> Round:
    """Adam over a gradient function in one compiled scan."""
    import jax
    import jax.numpy as jnp

    def step(state: Any, t: Any) -> Any:
        p, m, v = state
        g = slope(p)
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        a, b = 1 - BETA1**t, 1 - BETA2**t
        p = jax.tree.map(lambda p, m, v: p - RATE * (m / a) / (jnp.sqrt(v / b) + EPSILON), p, m, v)
        return (p, m, v), None

    zero = jax.tree.map(jnp.zeros_like, params)
    program = jax.jit(lambda p: jax.lax.scan(step, (p, zero, zero), jnp.arange(1.0, STEPS + 1))[0][0])
    return lambda: jax.block_until_ready(program(params))


def jax_scan() -> Round:
    """JAX: all models as one batch in lossviz's layout, [strategy, unit, point]."""
    import jax
    import jax.numpy as jnp

    x, y, theta, weights = arrays()
    one_hot = jnp.eye(3)[:, y]
    by_point = jnp.asarray(weights[:, y])

    def loss(params: Any) -> Any:
        (w1, b1), (w2, b2), (w3, b3) = params
        h = jnp.tanh(jnp.einsum("soi,in->son", w1, x) + b1)
        z = w3 @ jnp.tanh(w2 @ h + b2) + b3
        nats = jax.nn.logsumexp(z, 1) - jnp.sum(z * one_hot, 1)
        return jnp.sum(jnp.mean(by_point * nats, 1))

    return _jax_scan(jax.grad(loss), layers(theta))


def jax_vmap() -> Round:
    """JAX: one model as one writes it, [point, unit], mapped over the strategies."""
    import jax
    import jax.numpy as jnp

    x, y, theta, weights = arrays()
    points = jnp.asarray(x.T)

    def loss(params: Any, weight: Any) -> Any:
        *hidden, (w, b) = params
        h = points
        for v, c in hidden:
            h = jnp.tanh(h @ v.T + c[:, 0])
        logp = jax.nn.log_softmax(h @ w.T + b[:, 0])
        return -jnp.mean(weight[y] * jnp.take_along_axis(logp, y[:, None], 1)[:, 0])

    return _jax_scan(lambda p: jax.vmap(jax.grad(loss))(p, jnp.asarray(weights)), layers(theta))


def _torch_eager(threads: int) -> Round:
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    x, y, theta, weights = arrays()
    points = torch.from_numpy(x).expand(len(theta), *x.shape)
    labels = torch.from_numpy(y).expand(len(theta), -1)
    by_point = torch.from_numpy(weights[:, y] / len(y))

    def run() -> None:
        params = [torch.from_numpy(a.copy()).requires_grad_() for layer in layers(theta) for a in layer]
        w1, b1, w2, b2, w3, b3 = params
        adam = torch.optim.Adam(params, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)
        for _ in range(STEPS):
            adam.zero_grad()
            h = torch.tanh(torch.baddbmm(b1, w1, points))
            z = torch.baddbmm(b3, w3, torch.tanh(torch.baddbmm(b2, w2, h)))
            (F.cross_entropy(z, labels, reduction="none") * by_point).sum().backward()
            adam.step()

    return run


def torch_eager() -> Round:
    """PyTorch eager: all models as one batch, autograd, `torch.optim.Adam`, two threads."""
    return _torch_eager(2)


def torch_eager_one() -> Round:
    """The same on one thread: where others use the machine too, OpenMP's barriers make two threads the slower."""
    return _torch_eager(1)


def torch_func() -> Round:
    """PyTorch: one model as one writes it, `torch.func.vmap` of `torch.func.grad` over the strategies."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(2)
    x, y, theta, weights = arrays()
    points, labels, by_class = torch.from_numpy(x.T.copy()), torch.from_numpy(y), torch.from_numpy(weights)

    def loss(params: Any, weight: Any) -> Any:
        *hidden, (w, b) = params
        h = points
        for v, c in hidden:
            h = torch.tanh(h @ v.T + c[:, 0])
        nats = F.cross_entropy(h @ w.T + b[:, 0], labels, reduction="none")
        return (nats * weight[labels]).mean()

    slopes = torch.func.vmap(torch.func.grad(loss))

    def run() -> None:
        params = [tuple(torch.from_numpy(a.copy()) for a in layer) for layer in layers(theta)]
        flat = [a for layer in params for a in layer]
        adam = torch.optim.Adam(flat, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)
        for _ in range(STEPS):
            for a, g in zip(flat, (g for layer in slopes(params, by_class) for g in layer), strict=True):
                a.grad = g
            adam.step()

    return run


def _sklearn(steps: int) -> tuple[Any, Any, Any, Any]:
    from sklearn.neural_network import MLPClassifier

    x, y, _, weights = arrays()
    model = MLPClassifier(
        (16, 16), activation="tanh", alpha=0, batch_size=len(y), learning_rate_init=RATE, max_iter=steps, tol=0,
        n_iter_no_change=steps, shuffle=False, random_state=0,
    )  # fmt: skip
    return model, np.ascontiguousarray(x.T), y, weights[1][y]


def sklearn_mlp() -> Round:
    """scikit-learn: `MLPClassifier`, all points a step, its Adam, one model of the eight; scaled up."""
    warnings.simplefilter("ignore")  # that it has not converged
    model, points, y, by_point = _sklearn(STEPS)
    return lambda: model.fit(points, y, sample_weight=by_point)


def _keras_model() -> Any:
    import keras

    model = keras.Sequential([keras.layers.Dense(16, "tanh"), keras.layers.Dense(16, "tanh"), keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, BETA1, BETA2, EPSILON), loss)
    return model


def keras_train_on_batch() -> Round:
    """Keras: a model a strategy, `train_on_batch` with all points."""
    x, y, _, weights = arrays()
    points = np.ascontiguousarray(x.T)
    models = [(_keras_model(), w[y]) for w in weights]

    def run() -> None:
        for model, by_point in models:
            for _ in range(FEWER):
                model.train_on_batch(points, y, sample_weight=by_point)

    return run


def _keras_fit(batch_size: int) -> Round:
    x, y, _, weights = arrays()
    points = np.ascontiguousarray(x.T)
    model = _keras_model()
    class_weight = dict(enumerate(weights[1].tolist()))
    return lambda: model.fit(points, y, batch_size=batch_size, epochs=EPOCHS, class_weight=class_weight, verbose=0)


def keras_fit() -> Round:
    """Keras: `fit` as it comes, batches of 32: 400 epochs are 12,800 updates a strategy."""
    return _keras_fit(32)


def keras_fit_full() -> Round:
    """Keras: `fit` with all points in one batch: the same 400 updates."""
    return _keras_fit(1000)


def maps_jax() -> Round:
    """JAX: class and confidence of every pixel, compiled, a frame after the other, all strategies at once."""
    import jax
    import jax.numpy as jnp

    grid, params = jnp.asarray(_grid()), [tuple(map(jnp.asarray, layer)) for layer in layers(arrays()[2])]

    @jax.jit
    def frame(params: Any) -> Any:
        (w1, b1), (w2, b2), (w3, b3) = params
        h = jnp.tanh(jnp.einsum("soi,in->son", w1, grid) + b1)
        p = jax.nn.softmax(w3 @ jnp.tanh(w2 @ h + b2) + b3, 1)
        return jnp.argmax(p, 1).astype(jnp.uint8), p.max(1)

    return lambda: jax.block_until_ready([frame(params) for _ in range(FRAMES)])


def maps_torch() -> Round:
    """PyTorch eager: class and confidence of every pixel, a frame after the other, all strategies at once."""
    import torch

    torch.set_num_threads(2)
    grid = torch.from_numpy(_grid())
    (w1, b1), (w2, b2), (w3, b3) = ((torch.from_numpy(a) for a in layer) for layer in layers(arrays()[2]))

    @torch.inference_mode()
    def run() -> None:
        for _ in range(FRAMES):
            h = torch.tanh(torch.baddbmm(b1, w1, grid.expand(len(w1), *grid.shape)))
            torch.softmax(torch.baddbmm(b3, w3, torch.tanh(torch.baddbmm(b2, w2, h))), 1).max(1)

    return run


def maps_keras() -> Round:
    """Keras: `predict` of every pixel, a model a strategy; one frame of the 60, scaled up."""
    points = np.ascontiguousarray(_grid().T)
    models = [_keras_model() for _ in arrays()[2]]
    return lambda: [m.predict(points, batch_size=len(points), verbose=0) for m in models]


def maps_sklearn() -> Round:
    """scikit-learn: `predict_proba` of every pixel; one frame of the 60, scaled up."""
    warnings.simplefilter("ignore")
    model, points, y, _ = _sklearn(1)
    model.fit(points, y)
    grid = np.ascontiguousarray(_grid().T)
    return lambda: [model.predict_proba(grid) for _ in arrays()[2]]
