"""Claims about sigmoid and softmax, one label or several. One entry a claim."""

from collections.abc import Callable
from functools import partial

import numpy as np

from lossviz.claim import Array, Claim, Evidence, Picture, entered, log_softmax, on_trial, ruling, slope, within

ENTRIES: dict[int, Claim] = {}
entry = partial(entered, ENTRIES)
TOPIC = "Sigmoid or softmax"


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(−z))."""
    out: Array = 1 / (1 + np.exp(-np.asarray(z, dtype=np.float64)))
    return out


def _softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


def _weighted_sigmoid(z: Array, y: Array, pos_weight: float) -> Array:
    found: Array = on_trial("weighted_sigmoid", z, y, pos_weight)
    return found


@entry(
    6,
    "weighted_cross_entropy_with_logits is a weighted sigmoid loss, for labels that do not exclude each other.",
    topic=TOPIC,
    thread="binary",
    packages=("tensorflow",),
    expected="true",
    why="Each output is its own yes-or-no question: q·y·(−log σ(z)) + (1 − y)·(−log(1 − σ(z))), with q the `pos_weight`. "
    "No output enters the loss of another, so an example may have no label, or all. For classes that exclude each other use a "
    "softmax loss, and multiply it by the weight of the true class.",
    code="""import tensorflow as tf

logits = tf.constant([[2.0, -1.0, 0.5]])
labels = tf.constant([[1.0, 1.0, 0.0]])  # two labels at once
loss = tf.nn.weighted_cross_entropy_with_logits(labels=labels, logits=logits, pos_weight=tf.constant([3.0, 9.0, 2.0]))
assert loss.shape == (1, 3)  # a loss for each label: a pos_weight for each, too
""",
    rival=lambda z, y, q: -q * y * log_softmax(z),
)
def weighted_sigmoid_loss(loss: Callable[..., Array] = _weighted_sigmoid) -> Evidence:
    """Compare it with the formula on random logits, with no label, one and several."""
    rng, q = np.random.default_rng(0), 4.0
    z, y = rng.normal(0, 3, (300, 3)), rng.integers(0, 2, (300, 3)).astype(float)
    formula = q * y * _softplus(-z) + (1 - y) * _softplus(z)
    apart = float(np.abs(loss(z, y, q) - formula).max())
    at = np.linspace(-5, 5, 41)
    row, none = np.column_stack([at, 0 * at, 0 * at]), np.zeros((41, 3))
    there = none + np.array([1, 0, 0])
    return Evidence(
        ruling([apart < 1e-9]),
        f"On 300 examples with 0 to 3 labels each it is {within(apart)} nats from the formula of the "
        f"sigmoid, label by label. A missed positive (pos_weight 4) at logit −5 costs {loss(row, there, q)[0, 0]:.3g}, a "
        f"false alarm at logit 5 {loss(row, none, q)[-1, 0]:.3g}.",
        Picture(
            "logit",
            "loss of one label, nats",
            lines={
                "label present": (at, loss(row, there, q)[:, 0]),
                "label absent": (at, loss(row, none, q)[:, 0]),
                "formula, present": (at, q * _softplus(-at)),
                "formula, absent": (at, _softplus(at)),
            },
        ),
    )


PATTERNS = {"none": (0, 0), "only the first": (1, 0), "only the second": (0, 1), "both": (1, 1)}


@entry(
    13,
    "A problem with several labels an example needs a softmax.",
    topic=TOPIC,
    thread="multilabel",
    packages=(),
    expected="false",
    why="Softmax probabilities sum to 1: they answer *which one*. Two labels at once then get one half each at best, and no "
    "label at all cannot be said. A sigmoid for each label answers *is it there*, for each of them apart.",
    code="""import numpy as np

logits, labels = np.array([[8.0, 8.0], [-8.0, -8.0]]), np.array([[1, 1], [0, 0]])  # both labels; none
p = 1 / (1 + np.exp(-logits))  # one sigmoid a label
loss = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
assert loss < 0.001  # a softmax cannot go below log 2 here
""",
    rival=lambda z: sigmoid(sigmoid(z)),
)
def softmax_for_labels(activation: Callable[[Array], Array] = sigmoid) -> Evidence:
    """For every pattern of two labels, find the logits from −8 to 8 of least cross-entropy."""
    side = np.linspace(-8, 8, 81)
    z = np.stack(np.meshgrid(side, side), -1)

    def least(p: Array, labels: tuple[int, int]) -> float:
        y = np.array(labels)
        return float((-np.log(np.where(y, p, 1 - p)).mean(-1)).min())

    best = {
        "softmax": {name: least(np.exp(log_softmax(z)), y) for name, y in PATTERNS.items()},
        "sigmoid for each label": {name: least(activation(z), y) for name, y in PATTERNS.items()},
    }
    mean = {name: float(np.mean(list(v.values()))) for name, v in best.items()}
    return Evidence(
        ruling([mean["softmax"] < mean["sigmoid for each label"]]),
        f"Least loss, averaged over the four patterns: softmax {mean['softmax']:.3f} nats, a sigmoid for each label "
        f"{within(mean['sigmoid for each label'])}. With both labels there, softmax cannot go below "
        f"{best['softmax']['both']:.3f}, nor with none below {best['softmax']['none']:.3f}.",
        Picture("labels that are there", "least loss that can be reached, nats", bars=best, flawed=("softmax",)),
    )


@entry(
    14,
    "With two outputs, softmax and sigmoid are the same.",
    topic=TOPIC,
    thread="multilabel",
    packages=(),
    expected="depends",
    why="A softmax over (0, z) is σ(z): one decision between two classes can be written either way, with two logits of which "
    "only the difference counts. Two *labels* are two decisions. There, two sigmoids can both be near 1, and a softmax "
    "over two outputs cannot: its probabilities sum to 1.",
    code="""import numpy as np

z = np.array([-2.0, 0.5, 3.0])
sigmoid = 1 / (1 + np.exp(-z))
softmax = np.exp(z) / (np.exp(z) + np.exp(0))
assert np.allclose(sigmoid, softmax)  # one decision between two classes: either

both = 1 / (1 + np.exp(-np.array([3.0, 3.0])))
assert both.min() > 0.95  # two labels: a sigmoid each
""",
    rival=lambda z: sigmoid(2 * np.asarray(z)),
)
def softmax_is_sigmoid(activation: Callable[[Array], Array] = sigmoid) -> Evidence:
    """Compare them on one decision with logits (0, z), and on two labels with the same logit z."""
    z = np.linspace(-6, 6, 49)
    one = np.exp(log_softmax(np.column_stack([0 * z, z])))[:, 1]
    two = np.exp(log_softmax(np.column_stack([z, z])))[:, 1]
    apart = {
        "one decision": float(np.abs(one - activation(z)).max()),
        "two labels": float(np.abs(two - activation(z)).max()),
    }
    verdict = ruling([v < 1e-12 for v in apart.values()])
    return Evidence(
        verdict,
        ("It depends on what the two outputs are. " if verdict == "depends" else "")
        + f"For one decision between two classes they are {within(apart['one decision'])} apart, for two labels with "
        f"the same logit {within(apart['two labels'])}.",
        Picture(
            "logit z",
            "probability of the second output",
            lines={
                "sigmoid(z)": (z, activation(z)),
                "softmax of (0, z): one decision": (z, one),
                "softmax of (z, z): two labels": (z, two),
            },
            flawed=("softmax of (z, z): two labels",),
        ),
    )


def _from_logits(outputs: Array, y: Array) -> Array:
    found: Array = on_trial("binary_from_logits", outputs, y)
    return found


@entry(
    15,
    "Where the loss takes logits, the network's last sigmoid has to go.",
    topic=TOPIC,
    thread="multilabel",
    packages=("keras", "tensorflow"),
    expected="true",
    why="A loss that takes logits applies the sigmoid itself. With one in the network as well it is applied twice: "
    "σ(σ(z)) lies between 0.5 and 0.73, so the loss of a positive never falls below 0.31, and the gradient is squeezed "
    "where it is needed: a positive that is predicted badly hardly pulls. Nothing fails, and the network trains badly.",
    code="""import keras

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])  # no activation: the outputs are logits
model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
assert model.layers[-1].activation is keras.activations.linear
""",
    rival=lambda outputs, y: (
        -np.log(np.where(np.asarray(y) == 1, np.clip(outputs, 1e-7, 1), np.clip(1 - outputs, 1e-7, 1)))
    ),
)
def last_sigmoid(loss: Callable[..., Array] = _from_logits) -> Evidence:
    """Give the loss logits and then probabilities, and compare both with the cross-entropy of the probabilities."""
    at = np.linspace(-6, 6, 41)
    ones, zeros = np.ones(41), np.zeros(41)
    wanted = np.concatenate([_softplus(-at), _softplus(at)])

    def apart(outputs: Array) -> float:
        found = np.concatenate([loss(outputs, ones), loss(outputs, zeros)])
        return float(np.abs(found - wanted).max())

    without, kept = apart(at), apart(sigmoid(at))

    def pull(make: Callable[[Array], Array]) -> Array:
        return np.abs(slope(lambda z: loss(make(z), ones).sum(), at, 1e-3))

    single, double = pull(lambda z: z), pull(sigmoid)
    return Evidence(
        ruling([without < 1e-5 < kept]),
        f"Without the last sigmoid the loss is {within(without)} nats from the cross-entropy, with it {within(kept)}. "
        f"A positive at logit −6 pulls with {single[0]:.3g} on logits, and with {double[0]:.2g} through the sigmoid.",
        Picture(
            "logit of a positive example",
            "pull on it",
            lines={"no sigmoid in the network": (at, single), "sigmoid in the network": (at, double)},
            flawed=("sigmoid in the network",) if without < kept else ("no sigmoid in the network",),
        ),
    )
