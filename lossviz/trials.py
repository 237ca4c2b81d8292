"""The frameworks on trial: thin calls of TensorFlow, Keras, scikit-learn and PyTorch, as a user writes them.

The one room that imports Keras and PyTorch, inside functions, because claims about them can be tried on them only. It runs in a
worker or on the command line, never in the process that serves pages. A worker has two threads: Keras models are built and
run under one lock, eagerly (no program to compile), from zero weights (no seed of the process is touched), and nothing
clears a session that another thread may be using.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_ONE_AT_A_TIME = Lock()


def tensorflow() -> Any:
    """TensorFlow, imported with the settings of `lossviz.equation`."""
    from lossviz.equation import tf

    return tf


def keras() -> Any:
    """Keras, on TensorFlow."""
    tensorflow()
    import keras  # type: ignore[import-untyped]

    return keras


def multiplied_logits(z: ArrayLike, y: ArrayLike, w: ArrayLike) -> Array:
    """The copied recipe in TensorFlow: softmax cross-entropy of logits times weights, [N]."""
    tf = tensorflow()
    z = tf.constant(z, tf.float64)
    found: Array = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=np.asarray(y), logits=tf.multiply(z, tf.constant(w, tf.float64))
    ).numpy()
    return found


def softmax_loss(one_hot: ArrayLike, z: ArrayLike, weights: ArrayLike) -> float:
    """TensorFlow 1's softmax loss with `weights=`, as TensorFlow 2 still has it."""
    tf = tensorflow()
    return float(
        tf.compat.v1.losses.softmax_cross_entropy(
            np.asarray(one_hot, np.float32), np.asarray(z, np.float32), weights=np.asarray(weights, np.float32)
        )
    )


def weighted_sigmoid(z: ArrayLike, y: ArrayLike, pos_weight: float) -> Array:
    """`tf.nn.weighted_cross_entropy_with_logits`, of the shape of the logits."""
    tf = tensorflow()
    found: Array = tf.nn.weighted_cross_entropy_with_logits(
        labels=tf.constant(y, tf.float64), logits=tf.constant(z, tf.float64), pos_weight=pos_weight
    ).numpy()
    return found


def binary_from_logits(outputs: ArrayLike, y: ArrayLike) -> Array:
    """Keras' `BinaryCrossentropy(from_logits=True)` of each output, [N]."""
    loss = keras().losses.BinaryCrossentropy(from_logits=True, reduction=None, dtype="float64")
    return np.asarray(loss(np.asarray(y, float)[:, None], np.asarray(outputs, float)[:, None]), dtype=np.float64)


def binary_of_probabilities(p: ArrayLike, y: ArrayLike) -> Array:
    """Keras' element-wise binary cross-entropy, of the shape of the probabilities."""
    k = keras()
    return np.asarray(k.ops.binary_crossentropy(np.asarray(y, float), np.asarray(p, float)), dtype=np.float64)


def softmax_with_sample_weight(
    z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, reduction: str | None = None
) -> Array:
    """Keras' `SparseCategoricalCrossentropy(from_logits=True)`: each example, [N], or reduced, []."""
    loss = keras().losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction, dtype="float64")
    return np.asarray(loss(np.asarray(y), np.asarray(z, float), sample_weight=sample_weight), dtype=np.float64)


def torch_mean(z: ArrayLike, y: ArrayLike, class_weight: ArrayLike) -> float | None:
    """PyTorch's `CrossEntropyLoss(weight)`; None where PyTorch is not installed."""
    if find_spec("torch") is None:
        return None
    import torch

    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(np.asarray(class_weight, float)))  # noqa: LV010 (its mean is on trial)
    return float(loss(torch.tensor(np.asarray(z, float)), torch.tensor(np.asarray(y, np.int64))))


def balanced_weights(*args: Any, **kwargs: Any) -> Array:
    """scikit-learn's `compute_class_weight`."""
    from sklearn.utils.class_weight import compute_class_weight

    return np.asarray(compute_class_weight(*args, **kwargs))


def _model(inputs: int, outputs: int, loss: Any) -> Any:
    k = keras()
    model = k.Sequential([k.Input((inputs,)), k.layers.Dense(outputs, kernel_initializer="zeros")])
    model.compile(optimizer=k.optimizers.SGD(0.5), loss=loss, run_eagerly=True)
    return model


def batch_loss(X: ArrayLike, y: ArrayLike, class_weight: Mapping[int, float] | None, outputs: int) -> float:
    """The loss Keras reports for one batch of an untrained model, with `class_weight`.

    Args:
        X: Features, [N, D].
        y: Class numbers, [N], or one-hot labels, [N, K].
        class_weight: As `train_on_batch` takes it.
        outputs: Of the model; 1 is a sigmoid on logits, more a softmax.
    """
    k = keras()
    y = np.asarray(y)
    if outputs == 1:
        loss = k.losses.BinaryCrossentropy(from_logits=True)
        y = y.astype("float32")[:, None]
    elif y.ndim == 2:
        loss = k.losses.CategoricalCrossentropy(from_logits=True)
    else:
        loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    with _ONE_AT_A_TIME:
        model = _model(np.shape(X)[1], outputs, loss)
        return float(model.train_on_batch(np.asarray(X, "float32"), y, class_weight=class_weight))


def fitted(
    X: ArrayLike,
    y: ArrayLike,
    class_weight: Any = None,
    sample_weight: ArrayLike | None = None,
    feed: str = "arrays",
    steps: int = 4,
) -> tuple[float, Array]:
    """A softmax regression fitted by Keras, full batch, from zero weights.

    Args:
        X: Features, [N, D].
        y: Class numbers, [N].
        class_weight: As `fit` takes it.
        sample_weight: As `fit` takes it.
        feed: "arrays", "tf.data", "PyDataset" or "generator".
        steps: Of gradient descent.

    Returns:
        The loss of the first step, and all parameters after the last.
    """
    tf, k = tensorflow(), keras()
    X, y = np.asarray(X, "float32"), np.asarray(y)
    told: dict[str, Any] = {"epochs": steps, "shuffle": False, "verbose": 0, "class_weight": class_weight}
    with _ONE_AT_A_TIME:
        model = _model(X.shape[1], int(y.max()) + 1, k.losses.SparseCategoricalCrossentropy(from_logits=True))
        if feed == "tf.data":
            history = model.fit(tf.data.Dataset.from_tensor_slices((X, y)).batch(len(y)), **told)
        elif feed == "PyDataset":

            class Whole(k.utils.PyDataset):  # type: ignore[name-defined]
                """All examples as one batch."""

                def __len__(self) -> int:
                    return 1

                def __getitem__(self, index: int) -> Any:
                    return X, y

            history = model.fit(Whole(), **told)
        elif feed == "generator":

            def batches() -> Any:
                while True:
                    yield X, y

            history = model.fit(batches(), steps_per_epoch=1, **told)
        else:
            history = model.fit(X, y, batch_size=len(y), sample_weight=sample_weight, **told)
        theta = np.concatenate([np.ravel(w) for w in model.get_weights()]).astype(np.float64)
    return history.history["loss"][0], theta


def attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """What a call returns and "", or None and the name of the error it raised."""
    try:
        return call(), ""
    except Exception as e:  # whichever it raises is the finding
        return None, type(e).__name__
