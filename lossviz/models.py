"""Models as pure functions of a flat parameter vector.

A flat vector makes optimisers, snapshots and directions through parameter space one-liners. Importing this module
imports no TensorFlow.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz.knobs import one_of


@dataclass(frozen=True)
class Model:
    """A stack of affine layers with tanh between them.

    Attributes:
        name: What `lossviz.fit` calls it.
        title: What people call it.
        hidden: Units of each hidden layer.
    """

    name: str
    title: str
    hidden: tuple[int, ...]

    def dims(self, features: int, classes: int) -> tuple[int, ...]:
        """Units of every layer, the input first."""
        return (features, *self.hidden, classes)


_MODELS = (Model("linear", "Linear (logistic regression)", ()), Model("mlp", "MLP, 16 + 16 tanh", (16, 16)))
MODELS = {m.name: m for m in _MODELS}
INITS = ("glorot", "zeros")


def get(name: str) -> Model:
    """The entry called `name`.

    Raises:
        ValueError: There is none; the message lists those that exist.
    """
    return MODELS[one_of("model", name, MODELS)]


def layers(dims: tuple[int, ...]) -> list[tuple[int, int]]:
    """Shape [outputs, inputs + 1] of each layer's weights, the bias in the last column."""
    return [(o, i + 1) for i, o in pairwise(dims)]


def size(dims: tuple[int, ...]) -> int:
    """Number of parameters.

    Example:
        >>> size((2, 16, 16, 3))
        371
    """
    return sum(o * i for o, i in layers(dims))


def initial(dims: tuple[int, ...], seed: int, init: str = "glorot") -> NDArray[np.float32]:
    """Initial parameters, [D]: Glorot-uniform weights (or zeros) and zero biases, by seed alone."""
    one_of("init", init, INITS)
    rng = np.random.default_rng([seed, 0])
    parts = []
    for o, i in layers(dims):
        w = np.zeros((o, i))
        if init == "glorot":
            limit = np.sqrt(6 / (o + i - 1))
            w[:, :-1] = rng.uniform(-limit, limit, (o, i - 1))
        parts.append(w.ravel())
    return np.concatenate(parts).astype(np.float32)


def is_weight(dims: tuple[int, ...]) -> NDArray[np.float32]:
    """1 for each weight and 0 for each bias, [D]: what L2 acts on."""
    parts = []
    for o, i in layers(dims):
        mask = np.ones((o, i), np.float32)
        mask[:, -1] = 0
        parts.append(mask.ravel())
    return np.concatenate(parts)


def forward(theta: NDArray[Any], x: NDArray[Any], dims: tuple[int, ...]) -> NDArray[Any]:
    """Logits of one parameter vector in NumPy: for a few points where TensorFlow need not be there.

    Args:
        theta: Parameters, [D].
        x: Points, [N, features].
        dims: Units of every layer.

    Returns:
        Logits, [N, K].

    Example:
        >>> forward(np.array([1.0, 2.0, 0.5, -1.0, 0.0, 0.0]), np.array([[3.0, 1.0]]), (2, 2))
        array([[ 5.5, -3. ]])
    """
    h, at = x, 0
    for j, (o, i) in enumerate(layers(dims)):
        w = theta[at : at + o * i].reshape(o, i)
        at += o * i
        h = (np.tanh(h) if j else h) @ w[:, :-1].T + w[:, -1]
    return h


def logits(theta: Any, x: Any, dims: tuple[int, ...]) -> Any:
    """Logits of several parameter vectors on shared points, in TensorFlow.

    Args:
        theta: Parameters, [R, D].
        x: Points, [features, N].
        dims: Units of every layer.

    Returns:
        Logits, [R, K, N].
    """
    import tensorflow as tf

    h: Any = None
    at = 0
    for o, i in layers(dims):
        w = tf.reshape(theta[:, at : at + o * i], [-1, o, i])
        at += o * i
        # the points are shared, so the first layer is one matrix product for all rows
        h = tf.einsum("roi,in->ron", w[:, :, :-1], x) if h is None else w[:, :, :-1] @ tf.tanh(h)
        # as a product, so that its gradient is one too: XLA sums over the last axis slowly
        h += tf.einsum("roi,in->ron", w[:, :, -1:], tf.ones_like(x[:1]))
    return h
