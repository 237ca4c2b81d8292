"""Claims about what the installed Keras does with weights. One entry a claim; the calls are in `lossviz.trials`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from lossviz.claim import (
    Array,
    Claim,
    Evidence,
    Picture,
    cross_entropy,
    entered,
    multiplied,
    on_trial,
    ruling,
    weighted,
    within,
)

ENTRIES: dict[int, Claim] = {}
entry = partial(entered, ENTRIES)
KERAS = "Keras class_weight"
KERAS_ON = ("keras", "tensorflow")


LOGITS = np.array(
    [[2, 2, 6, 1, 3], [9, 6, 1, 0, 1], [9, 0, 0, 9, 3], [4, 0, 0, 4, 1], [7, 3, 2, 4, 7], [2, 4, 8, 0, 7.0]]
)
LABELS, WEIGHTS = np.array([1, 3, 4, 4, 4, 1]), np.array([0.3, 0.1, 0.2, 0.3, 0.1])


@entry(
    16,
    "sample_weight rescales the loss of each example, and the mean still divides by their number.",
    topic=KERAS,
    thread="multilabel",
    packages=(*KERAS_ON, "torch"),
    expected="true",
    why="Each example's loss is multiplied by its weight, and the mean still divides by the number of examples N, not by "
    "the sum of the weights. So weights change the scale of the loss, and with SGD the learning rate. PyTorch's "
    "`CrossEntropyLoss(weight=…)` divides by Σw: the same weights, another number. The two agree where the "
    "weights of the examples in the batch have the mean 1. Weights whose mean over all the data is 1 give that for the whole "
    "data as one batch; in mini-batches the mean differs from batch to batch, and so do the two losses.",
    code="""import keras
import numpy as np

logits, labels = np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1])
class_weight = np.array([0.531, 8.565])

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
value = float(loss(labels, logits, sample_weight=class_weight[labels]))
assert abs(value - (0.531 * 0.3132617 + 8.565 * 1.3132617) / 2) < 1e-4  # divided by N = 2
""",
    rival=lambda z, y, w, reduction: (
        multiplied(z, y, WEIGHTS) if reduction is None else multiplied(z, y, WEIGHTS).mean()
    ),
)
def sample_weight_rescales(
    loss: Callable[..., Any] = lambda z, y, w, reduction: on_trial("softmax_with_sample_weight", z, y, w, reduction),
) -> Evidence:
    """Ask Keras for the loss of each of six examples with weights, and for their mean; PyTorch too, where it is installed."""
    w = WEIGHTS[LABELS]
    each = np.asarray(loss(LOGITS, LABELS, w, None))
    wanted = weighted(LOGITS, LABELS, WEIGHTS)
    apart = float(np.abs(each - wanted).max())
    mean = float(loss(LOGITS, LABELS, w, "sum_over_batch_size"))
    torch = on_trial("torch_mean", LOGITS, LABELS, WEIGHTS)
    rows = [f"row {i}, weight {v:g}" for i, v in enumerate(w)]
    other = (
        f"PyTorch says {torch:.4f}"
        if torch is not None
        else f"Σwℓ/Σw, PyTorch's mean, would be {wanted.sum() / w.sum():.4f}"
    )
    return Evidence(
        ruling([apart < 1e-4 and abs(mean - wanted.mean()) < 1e-4]),
        f"Each loss is {within(apart)} nats from weight × cross-entropy. The mean is {mean:.4f}; Σwℓ/N is "
        f"{wanted.mean():.4f}. {other}.",
        Picture(
            "",
            "loss, nats",
            bars={
                "without weights": dict(zip(rows, cross_entropy(LOGITS, LABELS).tolist(), strict=True)),
                "weight × cross-entropy": dict(zip(rows, wanted.tolist(), strict=True)),
                "with sample_weight": dict(zip(rows, each.tolist(), strict=True)),
            },
            flawed=() if apart < 1e-4 else ("with sample_weight",),
        ),
    )


def _three_classes() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), [40, 15, 5])
    return rng.normal(size=(60, 2)) + np.array([[0, 0], [2, 0], [0, 2.0]])[y], y


def _fit(*args: Any, **kwargs: Any) -> Any:
    return on_trial("fitted", *args, **kwargs)


@entry(
    18,
    "The array of weights from scikit-learn can be passed to Keras as class_weight.",
    topic=KERAS,
    thread="keras",
    packages=KERAS_ON,
    expected="false",
    why="Keras looks weights up by class number, so `class_weight` is a dictionary: class number to weight. An array of "
    "another library has no such look-up, and the call fails, late and with an error that does not name the cause. "
    "`dict(enumerate(weights))` is all it takes.",
    code="""import keras
import numpy as np

weights = np.array([0.5, 2.0])  # as compute_class_weight returns them, in the order of the outputs
class_weight = {i: float(w) for i, w in enumerate(weights)}

model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.train_on_batch(np.array([[0.0], [1.0]]), np.array([0, 1]), class_weight=class_weight)
""",
    rival=lambda X, y, class_weight, steps: _fit(X, y, dict(enumerate(class_weight)), steps=steps),
)
def array_as_class_weight(fit: Callable[..., Any] = _fit) -> Evidence:
    """Fit a small model with the weights as an array, and as a dictionary."""
    X, y = _three_classes()
    w = np.array([1.0, 3.0, 9.0])
    right = _fit(X, y, {c: float(v) for c, v in enumerate(w)}, steps=1)[0]
    found, error = on_trial("attempt", lambda: fit(X, y, w, steps=1)[0])
    alike = found is not None and abs(found - right) < 1e-5
    ended = f"raises {error}" if error else f"starts at a loss of {found:.4f}"
    return Evidence(
        ruling([alike]),
        f"Keras given the array {ended}; with a dictionary the loss starts at {right:.4f}.",
        Picture(
            "",
            "loss of the first step, nats (no bar: refused)",
            bars={"class_weight": {"an array": found, "a dictionary": right}},
        ),
    )


def _keys(X: Array, y: Array, class_weight: Mapping[int, float], outputs: int) -> float:
    return float(on_trial("batch_loss", X, y, class_weight, outputs))


def _by_rank(X: Array, y: Array, class_weight: Mapping[int, float], outputs: int) -> float:
    """As if keys counted the classes from the rarest."""
    labels = y if y.ndim == 1 else y.argmax(1)
    order = np.argsort(np.bincount(labels), kind="stable")
    return _keys(X, y, {int(c): class_weight[i] for i, c in enumerate(order)}, outputs)


@entry(
    20,
    "The keys of class_weight are numbers of outputs, which need not be the classes.",
    topic=KERAS,
    thread="keras",
    packages=KERAS_ON,
    expected="false",
    why="For whole-number labels the class *is* the number of the output, and for one-hot labels the place of the 1. A "
    "network with a single sigmoid has one output, number 0, and still takes the keys 0 and 1: it is the label that is "
    "looked up. Mistakes come from an earlier step, where names are turned into numbers: keep that list.",
    code="""names = ["ham", "spam"]  # sorted once; the position is the class number everywhere
index = {name: i for i, name in enumerate(names)}
labels = [index[name] for name in ("ham", "ham", "spam")]
class_weight = {index["ham"]: 0.75, index["spam"]: 1.5}
assert labels == [0, 0, 1]
assert class_weight == {0: 0.75, 1: 1.5}
""",
    rival=_by_rank,
)
def keys_are_outputs(batch_loss: Callable[..., float] = _keys) -> Evidence:
    """Give one key the weight 5 at a time, and see by the loss of how many examples it counts: those of that class?"""
    X, y = _three_classes()
    two = y > 0
    measured: dict[str, float | None] = {}
    wanted: dict[str, float | None] = {}
    for name, labels, outputs in (
        ("class numbers", y, 3),
        ("one-hot", np.eye(3)[y], 3),
        ("one sigmoid", two.astype(int), 1),
    ):
        of = labels if labels.ndim == 1 else labels.argmax(1)
        k, each = int(of.max()) + 1, np.log(max(outputs, 2))  # a model of zero weights: every example has the same loss
        for c in range(k):
            found = batch_loss(X, labels, {i: 5.0 if i == c else 1.0 for i in range(k)}, outputs)
            measured[f"{name}, key {c}"] = (found / each - 1) * len(y) / 4
            wanted[f"{name}, key {c}"] = float((of == c).sum())
    same = [abs((measured[p] or 0) - (wanted[p] or 0)) < 0.01 for p in wanted]
    return Evidence(
        ruling([not all(same)]),
        f"{sum(same)} of {len(same)} keys weigh exactly the examples of the class of that number, with class numbers, "
        "with one-hot labels, and with a single sigmoid output, which has no output 1.",
        Picture(
            "labels and key",
            "examples that the key weighs",
            bars={"measured by the loss": measured, "examples of that class": wanted},
        ),
    )


def _resampled(X: Array, y: Array, class_weight: Mapping[int, float]) -> Any:
    """As if class_weight drew the examples anew, in proportion to their weights."""
    w = np.array([class_weight[c] for c in y])
    drawn = np.random.default_rng(0).choice(len(y), len(y), p=w / w.sum())
    return _fit(X[drawn], y[drawn])


@entry(
    21,
    "class_weight in fit changes the samples; it does not weight the loss.",
    topic=KERAS,
    thread="binary",
    packages=KERAS_ON,
    expected="false",
    why="Keras looks up the weight of each example's class and hands it on as `sample_weight`. There is one mechanism: "
    "the loss of each example is multiplied. Nothing is drawn or copied. Use whichever is at hand; given both, they multiply.",
    code="""import numpy as np

y = np.array([0, 0, 0, 1])
class_weight = {0: 2 / 3, 1: 2.0}
sample_weight = np.vectorize(class_weight.get)(y)
# model.fit(X, y, class_weight=class_weight) and model.fit(X, y, sample_weight=sample_weight) train the same model
assert np.isclose(sample_weight.mean(), 1)
""",
    rival=_resampled,
)
def changes_the_samples(fit: Callable[..., Any] = lambda X, y, class_weight: _fit(X, y, class_weight)) -> Evidence:
    """Train the same model with class_weight, and with sample_weight = weight of the class, and compare all parameters."""
    X, y = _three_classes()
    w = len(y) / (3 * np.bincount(y))
    by_class = fit(X, y, {c: float(v) for c, v in enumerate(w)})[1]
    by_sample, plain = _fit(X, y, sample_weight=w[y])[1], _fit(X, y)[1]
    apart, far = float(np.abs(by_class - by_sample).max()), float(np.abs(by_class - plain).max())
    names = [f"w{f}{c}" for f in (1, 2) for c in range(3)] + [f"b{c}" for c in range(3)]
    return Evidence(
        ruling([apart > 1e-4]),
        f"After 4 steps the parameters are {within(apart)} from those by sample_weight, and {within(far)} from those without "
        "weights.",
        Picture(
            "parameter",
            "value after 4 steps",
            bars={
                name: dict(zip(names, values.tolist(), strict=True))
                for name, values in (("class_weight", by_class), ("sample_weight", by_sample), ("no weights", plain))
            },
        ),
    )


@entry(
    22,
    "class_weight is ignored when the data come as a tf.data pipeline or a generator.",
    topic=KERAS,
    thread="keras",
    packages=KERAS_ON,
    expected="false",
    why="It was a limitation of old versions that answers still warn of. A version that cannot apply the weights to a "
    "feed should refuse, as the picture shows where a bar is missing; what would harm is to train without them in "
    "silence. Where `class_weight` is refused, yield the weight as a third element: (X, y, sample_weight) works with "
    "every feed.",
    code="""import numpy as np
import tensorflow as tf

X, y, class_weight = np.zeros((4, 2), "float32"), np.array([0, 0, 0, 1]), np.array([2 / 3, 2.0], "float32")
data = tf.data.Dataset.from_tensor_slices((X, y, class_weight[y])).batch(2)  # works with every version
assert [len(batch) for batch in data] == [3, 3]
""",
    rival=lambda X, y, class_weight, feed: _fit(X, y, feed=feed, steps=1),
)
def ignored_in_pipelines(
    fit: Callable[..., Any] = lambda X, y, class_weight, feed: _fit(X, y, class_weight, feed=feed, steps=1),
) -> Evidence:
    """Train from arrays, a tf.data pipeline, a PyDataset and a generator, with class_weight and without."""
    X, y = _three_classes()
    w = {0: 1.0, 1: 3.0, 2: 9.0}
    plain = _fit(X, y, steps=1)[0]
    found: dict[str, float | None] = {"arrays": _fit(X, y, w, steps=1)[0]}
    told = [f"{found['arrays']:.4f} (arrays)"]
    for feed in ("tf.data", "PyDataset", "generator"):
        found[feed], error = on_trial("attempt", lambda feed=feed: fit(X, y, w, feed)[0])
        told.append(f"refused with {error} ({feed})" if error else f"{found[feed]:.4f} ({feed})")
    ignored = [v is not None and abs(v - plain) < 1e-5 for feed, v in found.items() if feed != "arrays"]
    return Evidence(
        ruling(ignored),
        ("It depends on the feed. " if any(ignored) and not all(ignored) else "")
        + f"The first loss without weights is {plain:.4f}; with them "
        + f"{', '.join(told)}.",
        Picture(
            "",
            "loss of the first step, nats (no bar: refused)",
            bars={"with class_weight": found, "without weights": dict.fromkeys(found, plain)},
        ),
    )


def _weighted_bce(y: Array, p: Array, weights: Array) -> float:
    return float((weights[y] * on_trial("binary_of_probabilities", p, y)).mean())


@entry(
    23,
    "Weighted binary cross-entropy, weight 2 on the ones: labels 1 0 0 0 0 0 with probabilities 0.6 0.1 0.1 0.9 0.1 0 give "
    "0.60672, and the thread's second example 1.04400.",
    topic=KERAS,
    thread="keras",
    packages=KERAS_ON,
    expected="true",
    why="The loss of every entry, times the weight of its label (1 for a zero, 2 for a one), and the mean over all "
    "entries: computed here by Keras' own element-wise loss, it gives the numbers of the thread, with weights and "
    "without. The second example has the labels 0 1 and 0 0 with the probabilities 0.6 0.4 and 0.4 0.6. It works on "
    "0-and-1 labels of any shape, since each entry is its own yes-or-no question.",
    code="""import keras
import numpy as np

y = np.array([1, 0, 0, 0, 0, 0])
p = np.array([0.6, 0.1, 0.1, 0.9, 0.1, 0.0])
weights = np.array([1.0, 2.0])  # of a 0, of a 1

loss = (weights[y] * np.asarray(keras.ops.binary_crossentropy(y.astype(float), p))).mean()
assert abs(loss - 0.60672) < 1e-5
""",
    rival=lambda y, p, weights: _weighted_bce(y, p, weights) / float(weights[y].mean()),
)
def reproduced(weighted_bce: Callable[[Array, Array, Array], float] = _weighted_bce) -> Evidence:
    """Compute both examples of the thread, with weights and without, and compare to five decimals."""
    first = (np.array([1, 0, 0, 0, 0, 0]), np.array([0.6, 0.1, 0.1, 0.9, 0.1, 0]))
    second = (np.array([[0, 1], [0, 0]]), np.array([[0.6, 0.4], [0.4, 0.6]]))
    one, two = np.ones(2), np.array([1.0, 2.0])
    cases = {
        "first, no weights": (first, one, 0.52158), "first, weight 2": (first, two, 0.60672),
        "second, no weights": (second, one, 0.81492), "second, weight 2": (second, two, 1.04400),
    }  # fmt: skip
    found = {name: weighted_bce(y, p, w) for name, ((y, p), w, _) in cases.items()}
    said = {name: number for name, (_, _, number) in cases.items()}
    near = [abs(found[name] - said[name]) < 1e-5 for name in cases]
    return Evidence(
        ruling([all(near)]),
        f"{sum(near)} of 4 numbers are reproduced to five decimals: "
        + ", ".join(f"{v:.5f}" for v in found.values())
        + ".",
        Picture("", "loss, nats", bars={"computed": dict(found), "in the thread": dict(said)}),
    )
