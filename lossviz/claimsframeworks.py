"""Claims about TensorFlow 1's weighted losses and about scikit-learn, tried on what is installed. One entry a claim."""

from collections.abc import Callable
from functools import partial

import numpy as np

from lossviz.claim import Array, Claim, Evidence, Picture, cross_entropy, entered, log_softmax, on_trial, ruling

ENTRIES: dict[int, Claim] = {}
entry = partial(entered, ENTRIES)
TENSORFLOW1, SKLEARN = "TensorFlow 1 code", "scikit-learn"


def _batch(n: int, k: int = 3) -> tuple[Array, Array]:
    """Random logits and labels."""
    rng = np.random.default_rng(0)
    return rng.normal(0, 2, (n, k)), rng.integers(0, k, n)


@entry(
    5,
    "To weight by the estimated label, pass weights=class_weights to the softmax loss; nothing else changes.",
    topic=TENSORFLOW1,
    thread="unbalanced",
    packages=("tensorflow",),
    expected="false",
    why="`weights` has one number for each *example*, not for each class. With a batch of another size than the number "
    "of classes it is an error. With a batch of just that size it runs, and weights the first example by the first "
    "class's weight, the second by the second's: silently wrong. Gather a weight for each example; and by the true "
    "label, for weights by the estimated one reward cheap mistakes.",
    code="""import tensorflow as tf

logits, labels = tf.constant([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]), tf.constant([1, 2])
class_weights = tf.constant([0.2, 1.0, 3.0])

each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(tf.gather(class_weights, labels) * each)  # one weight an example, by its true class
assert abs(float(loss) - 1.4582) < 1e-3
""",
    rival=lambda one_hot, z, w: float((w[z.argmax(1)] * cross_entropy(z, one_hot.argmax(1))).mean()),
)
def weights_are_class_weights(
    loss: Callable[..., float] = lambda one_hot, z, w: on_trial("softmax_loss", one_hot, z, w),
) -> Evidence:
    """Pass three class weights with batches of 2 to 6 examples, and compare with weighting by the predicted class."""
    w = np.array([0.2, 1.0, 3.0])
    found: dict[str, float | None] = {}
    wanted: dict[str, float | None] = {}
    alike, refused = [], {}
    for n in range(2, 7):
        z, y = _batch(n)
        want = float((w[z.argmax(1)] * cross_entropy(z, y)).mean())
        got, error = on_trial("attempt", partial(loss, np.eye(3)[y], z, w))
        alike.append(got is not None and bool(np.isclose(got, want, rtol=1e-4)))
        place = f"batch of {n}"
        found[place], wanted[place] = got, want
        if error:
            refused[n] = error
    ran = [f"{place}: {v:.3f} in place of {wanted[place]:.3f}" for place, v in found.items() if v is not None]
    return Evidence(
        ruling(alike),
        f"With 3 classes, {len(refused)} of 5 batch sizes are refused "
        f"({', '.join(sorted(set(refused.values()))) or 'no error'}). Run: {'; '.join(ran) or 'none'}.",
        Picture("", "loss, nats (no bar: refused)", bars={"weights=class_weights": found, "by the predicted class": wanted},
                flawed=("weights=class_weights",)),
    )  # fmt: skip


@entry(
    7,
    "A weight for each sample and class, an array samples × classes, can be passed to the softmax loss.",
    topic=TENSORFLOW1,
    thread="unbalanced",
    packages=("tensorflow",),
    expected="false",
    why="The softmax loss is one number for each example: there is nothing for K weights an example to multiply, and "
    "TensorFlow refuses the shape. What people want with such an array is a weight for each *kind of error*: pick W[y, "
    "ŷ] with the true and the predicted class, or, better, minimise the expected cost Σ_j C[y, j] p_j, which needs no "
    "picking and has a gradient.",
    code="""import numpy as np

logits, labels = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0]]), np.array([1, 2])
cost = np.array([[0.0, 1.0, 1.0], [5.0, 0.0, 1.0], [9.0, 2.0, 0.0]])  # of deciding j when the truth is y

p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
loss = (cost[labels] * p).sum(1).mean()  # the expected cost
assert abs(loss - 2.0887) < 1e-4
""",
    rival=lambda one_hot, z, weights: float(
        (weights[np.arange(len(z)), z.argmax(1)] * cross_entropy(z, one_hot.argmax(1))).mean()
    ),
)
def full_weights(
    loss: Callable[..., float] = lambda one_hot, z, weights: on_trial("softmax_loss", one_hot, z, weights),
) -> Evidence:
    """Pass arrays of N × K weights for batches of 2 to 6 examples, and compare with the weight of the error that was made."""
    table = np.array([[1.0, 1.0, 1.0], [5.0, 1.0, 1.0], [9.0, 2.0, 1.0]])
    found: dict[str, float | None] = {}
    wanted: dict[str, float | None] = {}
    expected: dict[str, float | None] = {}
    alike, errors = [], set()
    for n in range(2, 7):
        z, y = _batch(n)
        place = f"batch of {n}"
        want = float((table[y, z.argmax(1)] * cross_entropy(z, y)).mean())
        got, error = on_trial("attempt", partial(loss, np.eye(3)[y], z, table[y]))
        errors |= {error} - {""}
        alike.append(got is not None and bool(np.isclose(got, want, rtol=1e-4)))
        found[place], wanted[place] = got, want
        expected[place] = float(((table[y] - np.eye(3)[y]) * np.exp(log_softmax(z))).sum(1).mean())
    return Evidence(
        ruling(alike),
        f"{sum(alike)} of 5 batches gave the loss with the weight of the error that was made; "
        f"{sum(v is None for v in found.values())} were refused ({', '.join(sorted(errors)) or 'no error'}).",
        Picture(
            "",
            "loss in nats, or cost (no bar: refused)",
            bars={"samples × classes": found, "weight of the error made": wanted, "expected cost": expected},
            flawed=("samples × classes",),
        ),
    )


@entry(
    17,
    "Balanced weights come from compute_class_weight('balanced', classes, y).",
    topic=SKLEARN,
    thread="keras",
    packages=("scikit-learn",),
    expected="false",
    why="Old answers pass all three by position. For some years now `classes` and `y` are keyword-only: the call raises "
    "a TypeError. The weights are n / (K · count), and they come in the order of `classes`, which need not be the order "
    "of your outputs.",
    code="""import numpy as np
from sklearn.utils.class_weight import compute_class_weight

y = np.array([-1, 0, 0, -2, -2, -2])
classes = np.unique(y)
weights = compute_class_weight("balanced", classes=classes, y=y)
class_weight = dict(enumerate(weights))  # output index -> weight, as Keras takes it
assert np.allclose(weights, [2 / 3, 2, 1])
""",
    rival=lambda kind, classes, y: on_trial("balanced_weights", kind, classes=classes, y=y),
)
def positional(weights: Callable[..., Array] = lambda *args: on_trial("balanced_weights", *args)) -> Evidence:
    """Call it by position on six labels, and compare with n / (K · count)."""
    y = np.array([-1, 0, 0, -2, -2, -2])
    classes, counts = np.unique(y, return_counts=True)
    right = len(y) / (len(counts) * counts)
    found, error = on_trial("attempt", lambda: weights("balanced", classes, y))
    places = [f"class {c}" for c in classes]
    got = [None] * 3 if found is None else [float(v) for v in found]
    alike = found is not None and bool(np.allclose(found, right))
    ended = f"raises {error}" if error else f"gives {', '.join(f'{v:.3f}' for v in found)}"
    return Evidence(
        ruling([alike]),
        f"Called by position it {ended}; n / (K · count) is {', '.join(f'{v:.3f}' for v in right)}.",
        Picture(
            "",
            "weight (no bar: refused)",
            bars={"by position": dict(zip(places, got, strict=True)),
                  "n / (K · count)": dict(zip(places, right.tolist(), strict=True))},
            flawed=() if alike else ("by position",),
        ),
    )  # fmt: skip
