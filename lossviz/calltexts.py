r"""How each framework spells what the reference hands out: the parts of the equation, `pos_weight` on a sigmoid, samplers.

`lossviz.calls` fills in {…}; `tests/test_calls.py` runs all of it. A framework is one entry in each table.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Framework:
    """How a library spells what the equation needs; {…} is filled in.

    Attributes:
        title: What people call it.
        library: What has to be installed, as it is imported.
        imports: Lines.
        array: A constant of {numbers}.
        take: Row {i} of {table}.
        pair: Entry [{i}, {j}] of {table}.
        column: A number an example, {x}, made to multiply a row of logits.
        argmax: Class of the largest of {x}.
        argmin: Class of the least of {x}.
        softmax: Of {z}.
        matmul: {p} times the matrix {table}.
        sum: Over the classes of {x}.
        plain: The library's own cross-entropy of logits {z} and labels y, one an example.
        weighted: The same with a weight of {w} by true class.
        one_minus: 1 − q_y from the cross-entropy, without losing digits.
        signature: Arguments of the loss, in the library's order.
        prepare: A first line of the loss.
        fitting: How it is used, a remark; and the one where class weights are all there is to it.
    """

    title: str
    library: str
    imports: str
    array: str
    take: str
    pair: str
    column: str
    argmax: str
    argmin: str
    softmax: str
    matmul: str
    sum: str
    plain: str
    weighted: str
    one_minus: str
    signature: str = "logits, y"
    prepare: str = ""
    fitting: tuple[str, str] = ("", "")


class Text(NamedTuple):
    """Code for one framework.

    Attributes:
        imports: Lines besides the framework's own.
        code: Functions; {…} is filled in.
        use: A remark on how they are used.
        own: Whether something has to be written by oneself.
        remark: One sentence about it.
    """

    imports: str
    code: str
    use: str
    own: bool
    remark: str


FRAMEWORKS = {
    "keras": Framework(
        "Keras", "keras", "import keras", "keras.ops.array({numbers})", "keras.ops.take({table}, {i}, axis=0)",
        "keras.ops.sum(keras.ops.take({table}, {i}, axis=0) * keras.ops.one_hot({j}, {k}), axis=-1)", "{x}[:, None]",
        "keras.ops.argmax({x}, axis=-1)", "keras.ops.argmin({x}, axis=-1)", "keras.ops.softmax({z})",
        "keras.ops.matmul({p}, {table})", "keras.ops.sum({x}, axis=-1)",
        "keras.losses.sparse_categorical_crossentropy(y, {z}, from_logits=True)",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(y, {z}, sample_weight={w})",
        "-keras.ops.expm1(-{losses})", "y, logits", 'y = keras.ops.reshape(keras.ops.cast(y, "int32"), (-1,))',
        ('model.compile("adam", loss=loss)', "model.fit(X, y, class_weight={dict}) does the same: a dict, by class index"),
    ),
    "tensorflow": Framework(
        "TensorFlow", "tensorflow", "import tensorflow as tf", "tf.constant({numbers})", "tf.gather({table}, {i})",
        "tf.reduce_sum(tf.gather({table}, {i}) * tf.one_hot({j}, {k}), -1)", "{x}[:, None]", "tf.argmax({x}, -1)",
        "tf.argmin({x}, -1)", "tf.nn.softmax({z})", "tf.matmul({p}, {table})", "tf.reduce_sum({x}, -1)",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits={z})",
        "{w} * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits={z})", "-tf.math.expm1(-{losses})",
        fitting=("in a tf.GradientTape: tf.reduce_mean(loss(logits, y))",) * 2,
    ),
    "pytorch": Framework(
        "PyTorch", "torch", "import torch\nimport torch.nn.functional as F", "torch.tensor({numbers})", "{table}[{i}]",
        "{table}[{i}, {j}]", "{x}[:, None]", "{x}.argmax(-1)", "{x}.argmin(-1)", "{z}.softmax(-1)", "{p} @ {table}",
        "({x}).sum(-1)", 'F.cross_entropy({z}, y, reduction="none")',
        'F.cross_entropy({z}, y, weight=weight, reduction="none")', "-torch.expm1(-{losses})",
        fitting=(
            "loss(model(X), y).mean().backward()",
            'with reduction="mean" PyTorch would divide by the sum of the weights, not by the number of examples',
        ),
    ),
    "jax": Framework(
        "JAX", "jax", "import jax\nimport jax.numpy as jnp", "jnp.array({numbers})", "{table}[{i}]", "{table}[{i}, {j}]",
        "{x}[:, None]", "{x}.argmax(-1)", "{x}.argmin(-1)", "jax.nn.softmax({z})", "{p} @ {table}", "({x}).sum(-1)",
        "-jnp.take_along_axis(jax.nn.log_softmax({z}), y[:, None], axis=-1)[:, 0]",
        "-{w} * jnp.take_along_axis(jax.nn.log_softmax({z}), y[:, None], axis=-1)[:, 0]", "-jnp.expm1(-{losses})",
        fitting=("jax.grad of lambda p: loss(model(p, X), y).mean()",) * 2,
    ),
}  # fmt: skip
"""Frameworks in which a loss can be written; scikit-learn, in which it cannot, is apart."""


YES = '''

def decide(logits):
    """Yes where the probability is above a half."""
    return logits > 0
'''
POS_WEIGHT = {
    "keras": Text(
        "",
        'pos_weight = {array}  # negatives / positives\n\n\ndef loss(y, logits):\n    """One loss a label."""\n'
        '    y = keras.ops.cast(y, "float32")\n'
        "    return (1 + (pos_weight - 1) * y) * keras.ops.binary_crossentropy(y, logits, from_logits=True)\n" + YES,
        'model.compile("adam", loss=loss); of one label, a plain loss and fit(X, y, class_weight={0: 1, 1: …}) do the same',
        True,
        "Keras has no pos_weight: write the loss yourself, around the library's cross-entropy.",
    ),
    "tensorflow": Text(
        "",
        'pos_weight = {array}  # negatives / positives\n\n\ndef loss(logits, y):\n    """One loss a label."""\n'
        "    y = tf.cast(y, logits.dtype)\n"
        "    return tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=logits, pos_weight=pos_weight)\n" + YES,
        "in a tf.GradientTape: tf.reduce_mean(loss(logits, y))",
        False,
        "One call of TensorFlow is all of it.",
    ),
    "pytorch": Text(
        "",
        'pos_weight = {array}  # negatives / positives\n\n\ndef loss(logits, y):\n    """One loss a label."""\n'
        "    return F.binary_cross_entropy_with_logits(\n"
        '        logits, y.float(), pos_weight=pos_weight, reduction="none"\n    )\n' + YES,
        "as a layer: torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight), the mean of these",
        False,
        "One call of PyTorch is all of it.",
    ),
    "jax": Text(
        "",
        'pos_weight = {array}  # negatives / positives\n\n\ndef loss(logits, y):\n    """One loss a label."""\n'
        "    there, not_there = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)\n"
        "    return -(pos_weight * y * there + (1 - y) * not_there)\n" + YES,
        "jax.grad of lambda p: loss(model(p, X), y).mean()",
        True,
        "JAX has no call for this, and Optax's sigmoid loss no pos_weight: write the formula.",
    ),
    "sklearn": Text(
        "import numpy as np\nfrom sklearn.linear_model import LogisticRegression",
        "models = [\n    LogisticRegression(class_weight={{0: 1.0, 1: w}}, C=np.inf, max_iter=10_000)"
        "  # C=np.inf: no L2 penalty\n    for w in {numbers}  # negatives / positives, a model each\n]\n\n\ndef decide(X):\n"
        '    """Yes or no, a column a model."""\n    return np.column_stack([model.predict(X) for model in models])\n'
        "\n\n# for model, y in zip(models, Y.T): model.fit(X, y); Y holds 0 and 1, a column a model\n",
        "",
        False,
        "scikit-learn spells it as the class_weight of a model with the classes 0 and 1.",
    ),
}
"""A sigmoid a label. {array}: the numbers as the framework's array; {numbers}: as a list."""

INDICES = '''weight = np.array({weight})  # of one example in the draw, by its class


def draw(y, rng):
    """Indices of as many examples as there are; every class is drawn equally often on average."""
    return rng.choice(len(y), len(y), p=weight[y] / weight[y].sum())
'''
EPOCH = "each epoch: i = draw(y, np.random.default_rng(epoch)), then train on X[i], y[i]"
SAMPLERS = {
    "keras": Text("import numpy as np", INDICES, EPOCH, False, "Keras has no sampler: NumPy draws, and the loss is plain."),
    "tensorflow": Text(
        "",
        '''counts = {counts}


def batches(X, y, size=32):
    """Mini-batches without end; every class is drawn equally often on average."""
    classes = [
        tf.data.Dataset.from_tensor_slices((X[y == c], y[y == c])).shuffle(n).repeat() for c, n in enumerate(counts)
    ]
    return tf.data.Dataset.sample_from_datasets(classes, weights=[1 / {k}] * {k}).batch(size)
''',
        "for X_batch, y_batch in batches(X, y): a step with tf.reduce_mean(loss(logits, y_batch))",
        False,
        "A call of tf.data draws, and the loss is plain.",
    ),
    "pytorch": Text(
        "from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler",
        '''weight = torch.tensor({weight})  # of one example in the draw, by its class


def batches(X, y, size=32):
    """An epoch of mini-batches; every class is drawn equally often on average."""
    sampler = WeightedRandomSampler(weight[y], num_samples=len(y))
    return DataLoader(TensorDataset(X, y), batch_size=size, sampler=sampler)
''',
        "for X_batch, y_batch in batches(X, y): loss(model(X_batch), y_batch).mean().backward()",
        False,
        "A sampler of PyTorch draws, and the loss is plain.",
    ),
    "jax": Text("import numpy as np", INDICES, EPOCH, False, "JAX has no sampler: NumPy draws, and the loss is plain."),
    "sklearn": Text(
        "from sklearn.utils import resample",
        '''weight = np.array({weight})  # of one example in the draw, by its class


def draw(X, y, seed=0):
    """As many examples as there are; every class is drawn equally often on average."""
    return resample(X, y, sample_weight=weight[y], random_state=seed)
''',
        "model.fit(*draw(X, y)), then decide(X)",
        False,
        "A call of scikit-learn (1.7 or newer) draws; the model has no weights.",
    ),
}  # fmt: skip
"""Every class equally often. {weight}: of an example by class, as a list; {counts} likewise; {k}: how many classes."""
