"""The code to write instead: by framework, and where it differs by what the loss is and how its labels come.

A key is a framework (`tensorflow`, `keras`, `torch`, `jax`, `sklearn`), alone for integer labels and a softmax, or with
`_onehot` or `_sigmoid` behind it. `keras_compiled` is for models trained by `fit`, not in a loop of one's own. The code runs on
names that it does not define, always the same: logits, labels, onehot_labels, class_weights, pos_weight and so on.
"""

import ast
import re
from collections.abc import Iterable

WEIGHTED = {
    "tensorflow": """losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
weights = tf.gather(class_weights, labels)  # of each example's true class
loss = tf.reduce_mean(weights * losses)""",
    "tensorflow_onehot": """losses = tf.nn.softmax_cross_entropy_with_logits(labels=onehot_labels, logits=logits)
weights = tf.reduce_sum(class_weights * onehot_labels, axis=-1)  # of each example's true class
loss = tf.reduce_mean(weights * losses)""",
    "tensorflow_sigmoid": """# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label
losses = tf.nn.weighted_cross_entropy_with_logits(labels=labels, logits=logits, pos_weight=pos_weight)
loss = tf.reduce_mean(losses)""",
    "keras": """weights = keras.ops.take(class_weights, labels)  # of each example's true class
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
loss = criterion(labels, logits, sample_weight=weights)""",
    "keras_onehot": """weights = keras.ops.sum(class_weights * onehot_labels, axis=-1)  # of each example's true class
criterion = keras.losses.CategoricalCrossentropy(from_logits=True)
loss = criterion(onehot_labels, logits, sample_weight=weights)""",
    "keras_sigmoid": """# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label
losses = keras.ops.binary_crossentropy(labels, logits, from_logits=True)
weights = 1 + (pos_weight - 1) * labels
loss = keras.ops.mean(weights * losses)""",
    "keras_compiled": """loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss)  # the model ends with its logits, multiplied by nothing
model.fit(x_train, y_train, class_weight=dict(enumerate(class_weights)))""",
    "keras_compiled_onehot": """loss = keras.losses.CategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss)  # the model ends with its logits, multiplied by nothing
model.fit(x_train, y_train, class_weight=dict(enumerate(class_weights)))""",
    "keras_compiled_sigmoid": """def weighted_loss(y_true, y_pred):  # of logits; pos_weight: what a positive weighs
    y_true = keras.ops.cast(y_true, y_pred.dtype)
    losses = keras.ops.binary_crossentropy(y_true, y_pred, from_logits=True)
    return keras.ops.mean((1 + (pos_weight - 1) * y_true) * losses, axis=-1)


model.compile(optimizer="adam", loss=weighted_loss)  # the model ends with its logits, multiplied by nothing
model.fit(x_train, y_train)""",
    "torch": "loss = torch.nn.functional.cross_entropy(logits, labels, weight=class_weights)",
    "torch_sigmoid": """# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label
loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=pos_weight)""",
    "jax": """losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
loss = (class_weights[labels] * losses).mean()  # by the weight of each example's true class""",
    "jax_onehot": """losses = optax.softmax_cross_entropy(logits, onehot_labels)
weights = (class_weights * onehot_labels).sum(axis=-1)  # of each example's true class
loss = (weights * losses).mean()""",
    "jax_sigmoid": """# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label
losses = optax.sigmoid_binary_cross_entropy(logits, labels)
loss = ((1 + (pos_weight - 1) * labels) * losses).mean()""",
}
"""Each example's loss, weighted by its true class."""

RAW = {
    "tensorflow": """loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(loss)  # of the logits as they are
probabilities = tf.nn.softmax(logits)  # only to predict""",
    "tensorflow_onehot": """loss = tf.nn.softmax_cross_entropy_with_logits(labels=onehot_labels, logits=logits)
loss = tf.reduce_mean(loss)  # of the logits as they are
probabilities = tf.nn.softmax(logits)  # only to predict""",
    "tensorflow_sigmoid": """loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(loss)  # of the logits as they are
probabilities = tf.nn.sigmoid(logits)  # only to predict""",
    "keras": """logits = keras.layers.Dense(n_classes)(hidden)  # no activation
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)""",
    "keras_onehot": """logits = keras.layers.Dense(n_classes)(hidden)  # no activation
loss = keras.losses.CategoricalCrossentropy(from_logits=True)""",
    "keras_sigmoid": """logits = keras.layers.Dense(n_outputs)(hidden)  # no activation
loss = keras.losses.BinaryCrossentropy(from_logits=True)""",
    "torch": """loss = torch.nn.functional.cross_entropy(logits, labels)  # of the logits as they are
probabilities = logits.softmax(dim=1)  # only to predict""",
    "torch_sigmoid": """loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)  # of the logits as they are
probabilities = logits.sigmoid()  # only to predict""",
    "jax": """loss = optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()  # of the logits as they are
probabilities = jax.nn.softmax(logits)  # only to predict""",
    "jax_onehot": """loss = optax.softmax_cross_entropy(logits, onehot_labels).mean()  # of the logits as they are
probabilities = jax.nn.softmax(logits)  # only to predict""",
    "jax_sigmoid": """loss = optax.sigmoid_binary_cross_entropy(logits, labels).mean()  # of the logits as they are
probabilities = jax.nn.sigmoid(logits)  # only to predict""",
}
"""The softmax or sigmoid left to the loss."""

RESAMPLED_ONLY = {
    "keras": """model.fit(x_resampled, y_resampled)  # balanced data, so no weights""",
    "torch": """loader = torch.utils.data.DataLoader(data, batch_size=64, sampler=sampler)  # balanced batches
criterion = torch.nn.CrossEntropyLoss()  # so no weights here""",
    "torch_sigmoid": """loader = torch.utils.data.DataLoader(data, batch_size=64, sampler=sampler)  # balanced batches
criterion = torch.nn.BCEWithLogitsLoss()  # so no weights here""",
    "sklearn": """classifier = sklearn.linear_model.LogisticRegression()  # no weights
classifier.fit(X_resampled, y_resampled)  # for these are balanced""",
}
WEIGHTED_ONCE = {
    "keras": "model.fit(x_train, y_train, class_weight=class_weight)  # weighted once",
    "sklearn": """classifier = sklearn.linear_model.LogisticRegression(class_weight="balanced")
classifier.fit(X_train, y_train)  # weighted once""",
}
PLAIN_VALIDATION = {
    "keras": "model.fit(x_train, y_train, sample_weight=sample_weight, validation_data=(x_val, y_val))  # no weights there",
    "torch": """criterion = torch.nn.CrossEntropyLoss(weight=class_weights)  # to train
validation_criterion = torch.nn.CrossEntropyLoss()  # to stop and to choose""",
    "torch_sigmoid": """criterion = torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight)  # to train
validation_criterion = torch.nn.BCEWithLogitsLoss()  # to stop and to choose""",
}
SIGMOID_EACH = {
    "tensorflow": """loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=multi_hot, logits=logits)
loss = tf.reduce_mean(loss)""",
    "keras": """outputs = keras.layers.Dense(n_outputs, activation="sigmoid")(hidden)  # one per label
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="binary_crossentropy")""",
    "torch": "loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, multi_hot)",
    "jax": "loss = optax.sigmoid_binary_cross_entropy(logits, multi_hot).mean()",
}
KEYWORDS = {
    "sklearn": """weights = compute_class_weight("balanced", classes=np.unique(y_train), y=y_train)""",
}
A_DICT = {
    "keras": """class_weight = dict(enumerate(weights))
model.fit(x_train, y_train, class_weight=class_weight)""",
    "sklearn": """class_weight = dict(zip(np.unique(y_train), weights))
classifier = sklearn.linear_model.LogisticRegression(class_weight=class_weight)""",
}
PER_EXAMPLE_MEAN = {
    "torch": """losses = torch.nn.functional.cross_entropy(logits, labels, weight=class_weights, reduction="none")
loss = losses.sum() / len(labels)  # scale the weights so that they average 1 over these""",
}
LOOKED_UP = {
    "tensorflow": """weights = tf.gather(class_weights, labels)  # of each example's true class
loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits, weights=weights)""",
    "tensorflow_onehot": """weights = tf.reduce_sum(class_weights * onehot_labels, axis=-1)  # of each example's true class
loss = tf.compat.v1.losses.softmax_cross_entropy(onehot_labels, logits, weights=weights)""",
    "keras": WEIGHTED["keras"],
    "keras_onehot": WEIGHTED["keras_onehot"],
    "keras_compiled": "model.fit(x_train, y_train, class_weight=dict(enumerate(class_weights)))",
    "sklearn": """sample_weight = class_weights[y_train]  # of each example's true class
classifier.fit(X_train, y_train, sample_weight=sample_weight)""",
}
ONE_SIGMOID = {
    "keras": """output = keras.layers.Dense(1, activation="sigmoid")(hidden)  # or Dense(2, activation="softmax")""",
    "torch": "loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.squeeze(1), labels.float())",
}


def chosen_fix(fixes: dict[str, str], framework: str, form: str, compiled: bool = False) -> str:
    """The code that fits best.

    Args:
        fixes: One of the tables above.
        framework: Such as torch; "" where it is not known.
        form: onehot, sigmoid or "".
        compiled: Whether a Keras model is compiled with the loss.

    Example:
        >>> chosen_fix(ONE_SIGMOID, "torch", "sigmoid") == ONE_SIGMOID["torch"]
        True
    """
    near = {"tensorflow": "keras", "keras": "tensorflow"}.get(framework, "")  # better than another library's
    for name in (framework, near):
        for middle in ("_compiled", "") if compiled else ("",):
            for end in (f"_{form}", ""):
                if code := fixes.get(name + middle + end):
                    return code
    return next(iter(fixes.values()))


OF_TENSORFLOW = (
    (r"keras\.ops\.binary_crossentropy\((\w+), (\w+), from_logits=True\)",
     r"TF.nn.sigmoid_cross_entropy_with_logits(labels=\1, logits=\2)"),
    (r"keras\.ops\.binary_crossentropy\((\w+), (\w+)\)",  # which takes probabilities, and is not meant over the labels
     r"TF.keras.losses.binary_crossentropy(TF.expand_dims(\1, -1), TF.expand_dims(\2, -1))"),
    (r"keras\.ops\.take\(", "TF.gather("),
    (r"keras\.ops\.(sum|mean)\(", r"TF.reduce_\1("),
    (r"keras\.ops\.(cast|where)\(", r"TF.\1("),
)  # fmt: skip
"""Functions that only Keras 3 has, and TensorFlow's of any version."""


def of_tensorflow(fix: str, tf: str) -> str:
    """Code of Keras for files that have it from TensorFlow, where it may be Keras 2.

    Args:
        fix: An entry of a table above.
        tf: What the file calls TensorFlow.

    Example:
        >>> of_tensorflow("weights = keras.ops.take(class_weights, labels)", "tf")
        'weights = tf.gather(class_weights, labels)'
    """
    for pattern, instead in OF_TENSORFLOW:
        fix = re.sub(pattern, instead.replace("TF", tf), fix)
    return fix


def of_backend(fix: str, backend: str) -> str:
    """Code of Keras for files that use its old backend, which Keras 3 has no more.

    Args:
        fix: An entry of a table above.
        backend: What the file calls `keras.backend`.

    Example:
        >>> of_backend("weights = keras.ops.take(class_weights, labels)", "K")
        'weights = K.gather(class_weights, labels)'
    """
    return fix.replace("keras.ops.take(", f"{backend}.gather(").replace("keras.ops.", f"{backend}.")


def with_imports(fix: str, known: Iterable[str]) -> str:
    """The code with the libraries that it needs and the file does not import.

    Args:
        fix: Python, or lines of comment.
        known: Names of the file.

    Example:
        >>> print(with_imports("loss = keras.losses.MeanSquaredError()", ["tf", "loss"]))
        import keras
        loss = keras.losses.MeanSquaredError()
    """
    code = re.sub("#.*", "", fix)
    needed = [name for name in LIBRARIES if name not in known and re.search(rf"(?<![\w.]){name}\.\w", code)]
    return "\n".join([*(LIBRARIES[name] for name in needed), fix])


LIBRARIES = {name: f"import {name}" for name in ("keras", "torch", "optax", "jax", "sklearn")} | {
    "np": "import numpy as np", "tf": "import tensorflow as tf",
}  # fmt: skip


def spelled(fix: str, names: dict[str, str], taken: Iterable[str] = ()) -> str:
    r"""The code with other names for some of its own; a keyword of a call stays what it is.

    Args:
        fix: An entry of a table above.
        names: Names of it -> what to write instead.
        taken: What the user's file has names for: the code binds none of these but its loss and its criterion.

    Example:
        >>> spelled("loss = criterion(logits, labels, weight=logits)", {"labels": "batch['y']", "logits": "z"})
        "loss = criterion(z, batch['y'], weight=z)"
        >>> spelled("f(logits=logits)", {"logits": "self.scores"})
        'f(logits=self.scores)'
        >>> print(spelled("weights = w[labels]\nloss = f(labels, weights)", {"labels": "y.long()"}, ["weights"]))
        labels = y.long()
        example_weights = w[labels]
        loss = f(labels, example_weights)
    """
    made = set(re.findall(r"^(\w+) =", fix, re.MULTILINE))  # names of its own
    used = {name: text for name, text in names.items() if name not in made}
    used |= {name: f"example_{name}" for name in made & {"weights", "losses"} & set(taken)}
    code = re.sub("#.*", "", fix)
    first = ""
    for name in ("labels", "onehot_labels"):
        text, times = used.get(name, "x"), len(re.findall(rf"(?<![\w.]){name}\b(?!=(?!=))", code))
        if times > 1 and not simple(ast.parse(text, mode="eval").body):
            used[name] = f"example_{name}" if name in taken else name
            first = f"{used[name]} = {text}\n"
    if not used:
        return fix
    pattern = re.compile(rf"(?<![\w.])({'|'.join(used)})\b(?!=(?!=))")
    lines = []
    for text in fix.split("\n"):
        code, mark, comment = text.partition("#")
        lines.append(pattern.sub(lambda match: used[match[1]], code) + mark + comment)
    return first + "\n".join(lines)


def one_a_class(text: str, framework: str, modules: dict[str, str], flat: bool = True, wide: bool = False,
                number: bool = False) -> str:  # fmt: skip
    """Class weights as a framework's loss or look-up takes them: one number each, of its own kind.

    Args:
        text: How the weights are written.
        framework: Such as torch.
        modules: What the file calls its modules.
        flat: Whether they are a vector already.
        wide: Whether they may be of 64 bits, as NumPy makes them; or be its array.
        number: Whether it is one number of Python, which PyTorch's losses do not take.

    Example:
        >>> one_a_class("w", "torch", {}, flat=False), one_a_class("w", "tensorflow", {}, wide=True)
        ('w.flatten()', 'tf.cast(w, tf.float32)')
        >>> one_a_class("w", "keras", {}, flat=False), one_a_class("w", "jax", {"jax.numpy": "jnp"}, wide=True)
        ('keras.ops.reshape(w, [-1])', 'jnp.asarray(w)')
    """
    google = framework in ("tensorflow", "keras")
    tf = modules.get("tensorflow", "tf" if framework == "tensorflow" else "")
    if not flat:
        text = f"{tf or 'keras.ops'}.reshape({text}, [-1])" if google else f"{text}.flatten()"
    narrow = {
        "tensorflow": f"{tf}.cast({text}, {tf}.float32)", "torch": f"{text}.float()",
        "jax": f"{modules.get('jax.numpy', 'jax.numpy')}.asarray({text})",
    }  # fmt: skip
    if number and framework == "torch":
        return f"{modules.get('torch', 'torch')}.tensor({text})"
    return narrow.get(framework, text) if wide else text


def simple(node: ast.AST | None) -> str:
    """The text of a name, an attribute or an item, where it is short; else "".

    Example:
        >>> simple(ast.parse("self.weights").body[0].value), simple(ast.parse("f(x)").body[0].value)
        ('self.weights', '')
    """
    part = node
    while isinstance(part, ast.Attribute) or (isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant)):
        part = part.value
    text = ast.unparse(node) if node is not None and isinstance(part, ast.Name) else ""
    return text if len(text) <= 30 else ""


def short(node: ast.AST | None) -> str:
    """The text of an expression that can stand in another place, where it is short; else "".

    Example:
        >>> short(ast.parse("1 / n").body[0].value), short(ast.parse("torch.tensor([1.0, 9.0])").body[0].value)
        ('(1 / n)', 'torch.tensor([1.0, 9.0])')
    """
    if node is None or isinstance(node, ast.Lambda | ast.Constant | ast.List | ast.Tuple | ast.Dict):
        return ""
    text = ast.unparse(node)
    text = f"({text})" if isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp | ast.BoolOp) else text
    return text if len(text) <= 60 and "\n" not in text else ""


TEST = "__test__"
"""Stands for a test in corrected code."""


def only_if(fix: str) -> str:
    """The corrected code with weights only where a test, yet to be put in, holds."""
    if "torch." in fix:
        return re.sub(r"weight=(\w+)", rf"\g<0> if {TEST} else None", fix)
    if re.search(r"^weights =", fix, re.MULTILINE):
        return re.sub(r"^(weights = [^#\n]*[^#\n ])", rf"\1 if {TEST} else 1.0", fix, flags=re.MULTILINE)
    return re.sub(r"class_weights\[labels\]|(?<!# )\bpos_weight\b(?!=)", rf"(\g<0> if {TEST} else 1.0)", fix)
