"""The corrected code of every rule: run in its framework, compared with numbers worked out in NumPy, and linted itself."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

from lossviz import lintfixes
from lossviz.lint import lint, lint_notebook
from lossviz.lintflaws import RULES, SCALED
from lossviz.lintown import KEPT

SNIPPETS = sorted((ROOT / "tests" / "lint_snippets").glob("*.py"))
RANDOM = np.random.default_rng(0)
N, K = 6, 3
INPUTS = RANDOM.normal(size=(N, 4)).astype("float32")
LOGITS = RANDOM.normal(size=(N, K)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 0, 1])
ONEHOT = np.eye(K, dtype="float32")[LABELS]
SEVERAL = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 1, 0]], "float32")
CLASS_WEIGHTS = np.array([0.5, 1.0, 4.0], "float32")
POS_WEIGHT = np.array([1.0, 3.0, 5.0], "float32")


# What the losses are, by NumPy


def softmax_losses(logits):
    return np.log(np.exp(logits).sum(1)) - logits[np.arange(N), LABELS]


def sigmoid_losses(logits, labels, pos_weight):
    return pos_weight * labels * np.log1p(np.exp(-logits)) + (1 - labels) * np.log1p(np.exp(logits))


def weighted(key, logits=LOGITS):
    """Σwℓ/N, but for PyTorch, which divides by Σw."""
    if "sigmoid" in key:
        return sigmoid_losses(logits, SEVERAL, POS_WEIGHT).mean()
    weights = CLASS_WEIGHTS[LABELS]
    return (weights * softmax_losses(logits)).sum() / (weights.sum() if key.startswith("torch") else N)


def plain(key, logits=LOGITS):
    return sigmoid_losses(logits, SEVERAL, 1).mean() if "sigmoid" in key else softmax_losses(logits).mean()


# The names that corrected code does not define


def arrays(key, convert):
    sigmoid = "sigmoid" in key
    return {
        "logits": convert(LOGITS), "labels": convert(SEVERAL if sigmoid else LABELS), "onehot_labels": convert(ONEHOT),
        "multi_hot": convert(SEVERAL), "class_weights": convert(CLASS_WEIGHTS), "pos_weight": convert(POS_WEIGHT),
        "n_classes": K, "n_outputs": K, "hidden": convert(INPUTS),
    }  # fmt: skip


def tensorflow_names(key):
    tf = pytest.importorskip("tensorflow")
    return arrays(key, tf.constant) | {"tf": tf}


def keras_names(key):
    keras = pytest.importorskip("keras")
    inputs = keras.Input((4,))
    softmax = "compiled" not in key
    outputs = keras.layers.Dense(K, activation="softmax" if softmax else None)(inputs)
    model = keras.Model(inputs, outputs)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax))
    labels = SEVERAL if "sigmoid" in key else ONEHOT if "onehot" in key else LABELS
    examples = {
        f"{name}_{part}": value
        for part in ("train", "val", "resampled")
        for name, value in (("x", INPUTS), ("y", labels))
    }
    held = (
        arrays(key, keras.ops.convert_to_tensor)
        | examples
        | {"keras": keras, "model": model, "inputs": inputs, "hidden": inputs}
    )
    if "compiled" in key:
        held["class_weights"] = CLASS_WEIGHTS
    return held | {"weights": CLASS_WEIGHTS, "class_weight": {0: 1, 1: 2, 2: 3}, "sample_weight": np.ones(N)}


def torch_names(key):
    torch = pytest.importorskip("torch")
    from torch.utils.data import TensorDataset, WeightedRandomSampler

    held = arrays(key, lambda array: torch.tensor(np.array(array)))
    data = TensorDataset(torch.tensor(INPUTS), held["labels"])
    return held | {"torch": torch, "data": data, "sampler": WeightedRandomSampler([1.0] * N, N)}


def jax_names(key):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    return arrays(key, jax.numpy.asarray) | {"jax": jax, "optax": optax}


def sklearn_names(key):
    import sklearn.linear_model
    from sklearn.utils.class_weight import compute_class_weight

    examples = {
        f"{name}_{part}": value for part in ("train", "resampled") for name, value in (("X", INPUTS), ("y", LABELS))
    }
    held = {"np": np, "sklearn": sklearn, "compute_class_weight": compute_class_weight, "class_weights": CLASS_WEIGHTS}
    return held | examples | {"weights": CLASS_WEIGHTS, "classifier": sklearn.linear_model.LogisticRegression()}


NAMES = {
    "tensorflow": tensorflow_names, "keras": keras_names, "torch": torch_names, "jax": jax_names, "sklearn": sklearn_names,
}  # fmt: skip


def ran(fix, key):
    """What it leaves behind, and what the model of Keras returned before."""
    held = NAMES[key.split("_")[0]](key)
    before = np.asarray(held["model"](INPUTS)) if "model" in held else None
    exec(fix, held)
    return SimpleNamespace(**{k: v for k, v in held.items() if k.isidentifier()}, before=before)


def keys(code):
    return [pytest.param(code, key, id=f"{code}-{key}") for key in RULES[code].fix]


@pytest.mark.parametrize(("code", "key"), [p for code in ("LV001", "LV012") for p in keys(code)])
def test_weighted(code, key):
    after = ran(RULES[code].fix[key], key)
    if key == "sklearn":
        weights = CLASS_WEIGHTS[LABELS]
        assert after.sample_weight.tolist() == weights.tolist()
        assert after.classifier.classes_.tolist() == [0, 1, 2]
    elif "compiled" in key:
        expected = weighted(key, after.before)
        assert after.model.history.history["loss"] == [pytest.approx(expected, rel=1e-4)]
    else:
        assert float(after.loss) == pytest.approx(weighted(key), rel=1e-5)


@pytest.mark.parametrize(
    "key", [key for key in lintfixes.WEIGHTED if key.startswith("keras") and "compiled" not in key]
)
def test_weighted_by_tensorflow(key):
    tf = pytest.importorskip("tensorflow")
    fix = lintfixes.of_tensorflow(lintfixes.WEIGHTED[key], "tf")
    assert "ops." not in fix
    held = keras_names(key) | {"tf": tf}
    exec(fix, held)
    assert float(held["loss"]) == pytest.approx(weighted(key), rel=1e-5)


def test_a_compiled_model_weighted_by_tensorflow():
    tf = pytest.importorskip("tensorflow")
    key = "keras_compiled_sigmoid"
    fix = lintfixes.of_tensorflow(lintfixes.WEIGHTED[key], "tf")
    assert "ops." not in fix
    held = keras_names(key) | {"tf": tf}
    before = np.asarray(held["model"](INPUTS))
    exec(fix, held)
    assert held["model"].history.history["loss"] == [pytest.approx(weighted(key, before), rel=1e-4)]


@pytest.mark.parametrize(
    ("imports", "function"),
    [
        ("import tensorflow as tf", "tf.gather("),
        ("import tensorflow as tf\nfrom tensorflow import keras", "tf.gather("),
        ("import tensorflow", "tensorflow.gather("),
        ("import keras\nimport tensorflow as tf", "keras.ops.take("),
    ],
)
def test_keras_from_tensorflow_may_be_of_any_version(imports, function):
    keras = "keras" if "keras" in imports else f"{imports.split()[-1]}.keras"
    criterion = f"{keras}.losses.SparseCategoricalCrossentropy(from_logits=True)"
    (f,) = lint(f"{imports}\nloss = {criterion}(y, logits * class_weights)")
    assert f.fix.startswith(f"weights = {function}class_weights, y)")


def test_other_rules_share_what_weights():
    assert RULES["LV001"].fix is RULES["LV002"].fix is RULES["LV011"].fix is lintfixes.WEIGHTED


@pytest.mark.parametrize(("code", "key"), keys("LV003"))
def test_logits_as_they_are(code, key):
    after = ran(RULES[code].fix[key], key)
    if key.startswith("keras"):
        labels = SEVERAL if "sigmoid" in key else ONEHOT if "onehot" in key else LABELS
        model = after.keras.Model(after.hidden, after.logits)
        logits = np.asarray(model(INPUTS))
        assert logits.min() < 0, "no activation"
        assert float(after.loss(labels, logits)) == pytest.approx(plain(key, logits), rel=1e-5)
    else:
        assert float(after.loss) == pytest.approx(plain(key), rel=1e-5)
        total = np.asarray(after.probabilities).sum(1)
        assert (abs(total - 1) < 1e-5).all() == ("sigmoid" not in key)


@pytest.mark.parametrize(("code", "key"), [p for code in ("LV004", "LV005", "LV006", "LV009") for p in keys(code)])
def test_fitted_or_made(code, key):
    after = ran(RULES[code].fix[key], key)
    if key == "keras":
        assert len(after.model.history.history["loss"]) == 1
        assert ("val_loss" in after.model.history.history) == (code == "LV006")
    elif key == "sklearn":
        assert after.classifier.fit(INPUTS, LABELS).predict(INPUTS).shape == (N,)
    else:
        criterion = after.validation_criterion if code == "LV006" else after.criterion
        assert criterion.weight is None
        assert getattr(criterion, "pos_weight", None) is None
        assert float(criterion(after.logits, after.labels)) == pytest.approx(plain(key), rel=1e-5)
        if code == "LV004":
            assert len(next(iter(after.loader))[0]) == N


@pytest.mark.parametrize(("code", "key"), keys("LV007"))
def test_a_sigmoid_each(code, key):
    after = ran(RULES[code].fix[key], key)
    if key == "keras":
        assert after.model.output_shape == (None, K)
        assert after.model.evaluate(INPUTS, SEVERAL, verbose=0) > 0
        assert np.asarray(after.model(INPUTS)).sum(1) != pytest.approx(1)
    else:
        assert float(after.loss) == pytest.approx(plain("sigmoid"), rel=1e-5)


def test_keywords():
    after = ran(RULES["LV008"].fix["sklearn"], "sklearn")
    assert after.weights == pytest.approx([6 / 9, 1, 2])


def test_mean_over_examples():
    after = ran(RULES["LV010"].fix["torch"], "torch")
    assert float(after.loss) == pytest.approx(weighted("keras"), rel=1e-5)


def test_one_output():
    after = ran(RULES["LV013"].fix["keras"], "keras")
    assert after.output.shape == (None, 1)
    torch = pytest.importorskip("torch")
    held = {"torch": torch, "logits": torch.tensor(LOGITS[:, :1]), "labels": torch.tensor(LABELS % 2)}
    exec(RULES["LV013"].fix["torch"], held)
    assert float(held["loss"]) == pytest.approx(sigmoid_losses(LOGITS[:, 0], LABELS % 2, 1).mean(), rel=1e-5)


def test_every_correction_is_run():
    said = (ROOT / "tests" / "test_lint_fixes.py").read_text()
    assert all(f'"{code}"' in said for code in RULES)
    assert {key.split("_")[0] for rule in RULES.values() for key in rule.fix} == set(NAMES)


# Which one is chosen


OF_GOOGLE, OF_TORCH, OF_JAX = r"\btf\.|\bkeras\.", r"\btorch\.|(?<![\w.])nn\.|\bF\.", r"\boptax\.|\bjax\."
FOREIGN = {
    "torch": f"{OF_GOOGLE}|{OF_JAX}", "jax": f"{OF_GOOGLE}|{OF_TORCH}", "sklearn": f"{OF_GOOGLE}|{OF_TORCH}|{OF_JAX}",
    **dict.fromkeys(("tf1", "tf2", "keras"), rf"\btorch\.|\bF\.|{OF_JAX}"),
}  # fmt: skip
"""First word of a snippet's name -> what its corrected code must not use."""


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda p: p.stem)
def test_correction_of_a_snippet(path):
    text = path.read_text()
    imports = "\n".join(line for line in text.split("\n") if re.match("import |from ", line) and "(" not in line)
    family = re.sub(r"^held\d?_", "", path.stem).split("_")[0]
    for f in lint(text):
        assert not re.search(FOREIGN.get(family, "nothing foreign"), f.fix)
        assert lint(f"{imports}\n{f.fix}") == []


HEAD = {
    "keras": "import keras\nfrom keras import layers\n",
    "tf.keras": "import tensorflow as tf\n",
    "torch": "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n",
    "tf": "import tensorflow as tf\n",
    "jax": "import jax\nimport optax\n",
}


@pytest.mark.parametrize(
    ("framework", "code", "parts"),
    [
        (
            "keras",
            "model = keras.Sequential([layers.Dense(1, activation='sigmoid')])\n"
            "model.compile('adam', loss=keras.losses.BinaryCrossentropy(from_logits=True))",
            ["# line 3 without the sigmoid", "([layers.Dense(1)])", "keras.losses.BinaryCrossentropy(from_logits=True)"],
        ),
        (
            "keras",
            "model = keras.Sequential([layers.Dense(4, activation='softmax')])\n"
            "model.compile('adam', loss=keras.losses.CategoricalCrossentropy(from_logits=True))",
            ["CategoricalCrossentropy(from_logits=True)"],
        ),
        (
            "keras",
            "h = layers.Dense(4)(x)\nmodel = keras.Model(x, layers.Lambda(lambda t: t * class_weights)(h))\n"
            "model.compile('adam', loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))",
            ["model.compile(", "class_weight=dict(enumerate(class_weights))"],
        ),
        (
            "keras",
            "def loss(y_true, y_pred):\n"
            "    return keras.losses.categorical_crossentropy(y_true, y_pred * w_class_weights, from_logits=True)",
            ["criterion(y_true, y_pred, sample_weight=weights)", "keras.ops.sum(w_class_weights * y_true, axis=-1)"],
        ),
        (
            "tf.keras",
            "loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)(y, logits * class_weights)",
            ["tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)", "(pos_weight - 1) * y"],
        ),
        (
            "tf",
            "loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scores * class_weights)",
            ["sparse_softmax_cross_entropy_with_logits(labels=y, logits=scores)", "tf.gather(class_weights, y)"],
        ),
        (
            "tf",
            "loss = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=scores * class_weights)",
            ["nn.softmax_cross_entropy_with_logits(labels=y, logits=scores)", "class_weights * y"],
        ),
        (
            "tf",
            "loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=tf.sigmoid(logits))",
            ["sigmoid_cross_entropy_with_logits(labels=y, logits=logits)"],
        ),
        (
            "torch",
            "loss = F.binary_cross_entropy_with_logits(torch.sigmoid(logits), batch['y'])",
            ["F.binary_cross_entropy_with_logits(logits, batch['y'])"],
        ),
        (
            "torch",
            "loss = F.binary_cross_entropy_with_logits(logits * self.pos_weight, y)",
            ["F.binary_cross_entropy_with_logits(logits, y, pos_weight=self.pos_weight)"],
        ),
        (
            "torch",
            "loss = nn.CrossEntropyLoss()(logits * class_weights[None, :], target)",
            ["F.cross_entropy(logits, target, weight=class_weights)"],
        ),
        (
            "jax",
            "loss = optax.sigmoid_binary_cross_entropy(logits * class_weights, y)",
            ["optax.sigmoid_binary_cross_entropy(logits, y)"],
        ),
        (
            "jax",
            "loss = optax.softmax_cross_entropy(logits * class_weights, y)",
            ["optax.softmax_cross_entropy(logits, y)"],
        ),
        (
            "keras",
            "from imblearn.over_sampling import ADASYN, SMOTE\n"
            "X, y = SMOTE().fit_resample(X, y)\nX, y = ADASYN().fit_resample(X, y)\n"
            "net.fit(X, y, epochs=3, class_weight={0: 1, 1: 5})",
            ["net.fit(X, y, epochs=3)"],
        ),
    ],
)  # fmt: skip
def test_chosen_by_loss_and_labels_with_the_names_used(framework, code, parts):
    (f,) = lint(HEAD[framework] + code)
    for part in parts:
        assert part in f.fix
    assert lint(HEAD[framework] + f.fix) == []


@pytest.mark.parametrize(
    ("framework", "code", "fix"),
    [
        ("torch", "w = torch.tensor([1.0, 9.0])\nz = model(x)\nloss = F.cross_entropy(z * w, y)",
         "loss = F.cross_entropy(z, y, weight=w)"),
        ("torch", "cw = torch.tensor([1.0, 9.0])\nz = model(x)\nz = z * cw.view(1, -1)\nloss = F.cross_entropy(z, y)",
         "# without line 6: z = z * cw.view(1, -1)\nloss = F.cross_entropy(z, y, weight=cw)"),
        ("torch", "logits = model(x)\nlogits *= pos_weights\nloss = F.binary_cross_entropy_with_logits(logits, y)",
         "# without line 5: logits *= pos_weights\n# pos_weight: what a positive weighs, such as negatives per positive; one "
         "number, or one per label\nloss = F.binary_cross_entropy_with_logits(logits, y, pos_weight=pos_weights)"),
        ("torch", "cw = class_weights\nloss = (cw[logits.argmax(1)] * F.cross_entropy(logits, y, reduction='none')).mean()",
         "loss = (cw[y] * F.cross_entropy(logits, y, reduction='none')).mean()  # by each example's true class"),
        ("torch", "w = cw[logits.argmax(1)]\nloss = (w * F.cross_entropy(logits, y, reduction='none')).mean()",
         "w = cw[y]  # by each example's true class"),
        ("torch", "w = cw[logits.argmax(1)].unsqueeze(1)\nz = logits * w\nloss = F.cross_entropy(z, y)",
         "# line 5 without the product: z = logits\nloss = F.cross_entropy(z, y, weight=cw)"),
        ("torch", "w = cw[logits.argmax(1)][:, None]\nloss = F.cross_entropy(logits * w, y)",
         "loss = F.cross_entropy(logits, y, weight=cw)"),
        ("torch", "logits = model(x)\nif logits.ndim == 2:\n    w = torch.tensor([1.0, 9.0])\n    logits = logits * w.float()\n"
         "loss = F.cross_entropy(logits, y)",
         "# without line 7: logits = logits * w.float()\n# only where the product was: if logits.ndim == 2\n"
         "loss = F.cross_entropy(logits, y, weight=class_weights)"),
        ("torch", "loss = F.cross_entropy(cw[logits.argmax(1)][:, None] * logits.clone(), y)",
         "loss = F.cross_entropy(logits.clone(), y, weight=cw)"),
        ("torch", "def scale(t):\n    return t * class_weights\nloss = F.cross_entropy(scale(logits), y)",
         "# line 5 without the product: return t\nloss = F.cross_entropy(scale(logits), y, weight=class_weights)"),
        ("tf", "w = tf.constant([1.0, 9.0])\nscaled = tf.multiply(logits, tf.expand_dims(w, 0))\n"
         "loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scaled)",
         "# line 3 without the product: scaled = logits\n"
         "losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scaled)\n"
         "weights = tf.gather(w, y)  # of each example's true class\nloss = tf.reduce_mean(weights * losses)"),
        ("keras", "model = keras.Sequential([layers.Dense(3), layers.Lambda(lambda t: t * class_weights)])\n"
         "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))",
         "# line 3 without the product: model = keras.Sequential([layers.Dense(3), layers.Lambda(lambda t: t)])\n"
         "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
        ("torch", "criterion = nn.CrossEntropyLoss(weight=w)\nwith torch.no_grad():\n    v = criterion(model(x), y)\n"
         "if v < best: best = v", "criterion = nn.CrossEntropyLoss(weight=w)  # to train"),
        ("keras", "import numpy as np\nw = np.array([1.0, 9.0])\nmodel.fit(x, y, epochs=2, class_weight=w)",
         "model.fit(x, y, epochs=2, class_weight=dict(enumerate(w)))"),
    ],
)  # fmt: skip
def test_the_snippets_own_weights_and_the_line_that_goes(framework, code, fix):
    (f,) = lint(HEAD[framework] + code)
    assert f.fix.startswith(fix)
    assert lint(HEAD[framework] + f.fix) == []


def test_of_a_notebook_the_line_that_goes_is_named_by_its_cell():
    cells = ["x = 1", "z = logits * class_weights", "loss = F.cross_entropy(z, y)"]
    (f,) = lint_notebook(json.dumps({"cells": [{"cell_type": "code", "source": text} for text in cells]}))
    assert f.fix.startswith("# cell 2, line 1 without the product: z = logits\n")


KEEP = "\n" + KEPT.format(kind="softmax")
OWN = [
    ("torch", "crit = nn.CrossEntropyLoss(weight=w)\nloss = crit(torch.softmax(z, 1), y)",
     "loss = crit(z, y)  # of the logits as they are"),
    ("torch", "p = torch.softmax(z, dim=1)\nloss = F.cross_entropy(p, y, weight=w, ignore_index=255)",
     "loss = F.cross_entropy(z, y, weight=w, ignore_index=255)  # of the logits as they are"),
    ("torch", "z = torch.sigmoid(z)\nloss = F.binary_cross_entropy_with_logits(z, y, pos_weight=pos_weight)",
     "# without line 4, which is only to predict: z = torch.sigmoid(z)\n"
     "loss = F.binary_cross_entropy_with_logits(z, y, pos_weight=pos_weight)  # of the logits as they are"),
    ("torch", "p = model(x).softmax(1)\ntotal += F.cross_entropy(p, y, label_smoothing=0.1, reduction='sum').item()",
     "# line 4 without the softmax, which is only to predict: p = model(x)\n"
     "total += F.cross_entropy(p, y, label_smoothing=0.1, reduction='sum').item()  # of the logits as they are"),
    ("torch", "loss = F.binary_cross_entropy_with_logits(nn.Sigmoid()(z), y, pos_weight=pos_weight)",
     "loss = F.binary_cross_entropy_with_logits(z, y, pos_weight=pos_weight)  # of the logits as they are"),
    ("torch", "loss = F.nll_loss(F.log_softmax(F.softmax(z, 1), 1), y, weight=w)",
     "loss = F.nll_loss(F.log_softmax(z, 1), y, weight=w)"),
    ("torch", "class Net(nn.Module):\n    def forward(self, x):\n        return F.softmax(self.fc(x), dim=1)\nnet = Net()\n"
     "loss = F.cross_entropy(net(x), y, weight=w)",
     "# line 6 without the softmax, which is only to predict: return self.fc(x)\n"
     "loss = F.cross_entropy(net(x), y, weight=w)  # of the logits as they are"),
    ("torch", "net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))\nloss = nn.CrossEntropyLoss(weight=w)(net(x), y)",
     "# without nn.Softmax(dim=1) of line 4, which is only to predict\n"
     "loss = nn.CrossEntropyLoss(weight=w)(net(x), y)  # of the logits as they are"),
    ("tf", "loss = tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y, tf.sigmoid(z), pos_weight=12.0))",
     "loss = tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y, z, pos_weight=12.0))  # of the logits as they are"),
    ("tf", "p = tf.contrib.layers.fully_connected(h, 3, activation_fn=tf.nn.softmax)\n"
     "loss = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=p)",
     "# line 2 without the softmax, which is only to predict: "
     "p = tf.contrib.layers.fully_connected(h, 3, activation_fn=None)\n"
     "loss = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=p)  # of the logits as they are"),
    ("keras", "h = layers.Dense(3)(x)\np = layers.Activation('softmax')(h)\nmodel = keras.Model(x, p)\n"
     "model.compile('adam', keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1))",
     "# line 4 without the softmax, which is only to predict: p = h\n"
     "loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)  # of logits" + KEEP),
    ("keras", "model = keras.Sequential([layers.Dense(3, 'softmax')])\n"
     "model.compile('adam', keras.losses.CategoricalCrossentropy(from_logits=True))",
     "# line 3 without the softmax, which is only to predict: model = keras.Sequential([layers.Dense(3, None)])\n"
     "loss = keras.losses.CategoricalCrossentropy(from_logits=True)  # of logits" + KEEP),
    ("torch", "z = torch.sigmoid(z)\nz = z.view(-1)\ndice = 1 - (z * y).sum()\nbce = F.binary_cross_entropy_with_logits(z, y)",
     "# line 4 after the loss, or under another name: z = torch.sigmoid(z)\n"
     "bce = F.binary_cross_entropy_with_logits(z, y)  # of the logits as they are; what else is made of z takes their sigmoid"),
    ("keras", "p = layers.Dense(3, activation='softmax')(layers.Dense(8)(x))\nmodel = keras.Model(x, p)\n"
     "model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))",
     "# line 3 without the softmax, which is only to predict: p = layers.Dense(3)(layers.Dense(8)(x))\n"
     "loss = keras.losses.CategoricalCrossentropy(from_logits=True)  # of logits" + KEEP),
    ("torch", "p = torch.sigmoid(net(x))\nloss = F.binary_cross_entropy_with_logits(p, y) + dice(p, y)",
     "# line 4 without the sigmoid: p = net(x)\n"
     "loss = F.binary_cross_entropy_with_logits(p, y)  # of the logits as they are; what else is made of p takes their sigmoid"),
    ("keras", "model = keras.Sequential([\n    layers.Dense(3, activation='softmax'),\n])\n"
     "model.compile('adam', keras.losses.CategoricalCrossentropy(from_logits=True))",
     "# line 4 without the softmax, which is only to predict: layers.Dense(3)\n"
     "loss = keras.losses.CategoricalCrossentropy(from_logits=True)  # of logits" + KEEP),
]  # fmt: skip
"""What applies a softmax or sigmoid twice, and the user's own code without the first."""


@pytest.mark.parametrize(("framework", "code", "fix"), OWN)
def test_the_users_own_loss_keeps_its_weights_and_options(framework, code, fix):
    (f,) = lint(HEAD[framework] + code)
    assert (f.code, f.fix) == ("LV003", fix)
    assert lint(HEAD[framework] + f.fix) == []


TWICE = {
    "sigmoid": ("layers.Dense(1, activation='sigmoid')", "'binary_crossentropy'", LABELS % 2),
    "onehot": ("layers.Dense(3, activation='softmax')", "'categorical_crossentropy'", ONEHOT),
    "integers": ("layers.Dense(3, activation='softmax')", "'sparse_categorical_crossentropy'", LABELS),
    "sigmoid of logits": (
        "layers.Dense(1)", "lambda t, z: tf.nn.weighted_cross_entropy_with_logits(t, z, pos_weight=4.0)",
        (LABELS % 2).astype("float32")[:, None],
    ),
    "focal": (
        "layers.Dense(1, activation='sigmoid')", "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True)", LABELS % 2,
    ),
}  # fmt: skip
"""What a Keras model ends with, its loss, and labels that this loss takes."""


@pytest.mark.parametrize("kind", TWICE)
def test_weights_given_twice_to_any_model_of_keras(kind):
    tf, keras = pytest.importorskip("tensorflow"), pytest.importorskip("keras")
    last, loss, labels = TWICE[kind]
    own = "'" not in loss[:1]
    given = "class_weight=weights" + ("" if own else ", sample_weight=compute_sample_weight(weights, y_train)")
    code = (
        "import keras\nfrom keras import layers\nimport tensorflow as tf\n"
        "from sklearn.utils.class_weight import compute_sample_weight\n"
        f"model = keras.Sequential([{last}])\nmodel.compile('sgd', loss={loss})\n"
    )
    (f,) = lint(f"{code}model.fit(x_train, y_train, epochs=1, {given})")
    weights = "" if own else ", class_weight=weights"
    why = "the loss weights the classes" if own else "weighted once"
    assert (f.code, f.fix) == ("LV005", f"model.fit(x_train, y_train, epochs=1{weights})  # {why}")
    held = {"x_train": INPUTS, "y_train": labels, "weights": {0: 1.0, 1: 2.0, 2: 3.0}, "keras": keras, "tf": tf}
    exec(f"{code}{f.fix}", held)
    assert np.isfinite(held["model"].history.history["loss"][0])


def test_of_a_weighted_loss_times_weights_the_product_goes():
    code = "crit = nn.CrossEntropyLoss(w, reduction='none')\nloss = (crit(net(x), y) * class_weights[y]).mean()"
    (f,) = lint(HEAD["torch"] + code)
    assert (f.code, f.fix) == ("LV005", "# line 5 without the product: loss = crit(net(x), y).mean()")


def test_of_a_classifier_with_weights_the_others_go():
    code = (
        "from sklearn.linear_model import LogisticRegression\nfrom sklearn.utils.class_weight import compute_sample_weight\n"
        "clf = LogisticRegression(class_weight='balanced')\nw = compute_sample_weight('balanced', y)\n"
    )
    (f,) = lint(f"{code}clf.fit(X, y, sample_weight=w)")
    assert (f.code, f.fix) == ("LV005", "clf.fit(X, y)  # the classifier weights them")


KEPT = [
    ("torch", "loss = nn.CrossEntropyLoss(ignore_index=-1, reduction='sum')(logits * class_weights, y)",
     "loss = F.cross_entropy(logits, y, weight=class_weights, ignore_index=-1, reduction='sum')"),
    ("torch", "loss = F.cross_entropy(logits * class_weights, y, weight=w, label_smoothing=0.1)",
     "loss = F.cross_entropy(logits, y, weight=w, label_smoothing=0.1)"),
    ("torch", "crit = nn.BCEWithLogitsLoss(weight=v, pos_weight=pos)\nloss = crit(logits * class_weights, y)",
     "# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label\n"
     "loss = F.binary_cross_entropy_with_logits(logits, y, pos_weight=pos, weight=v)"),
    ("torch", "p = F.softmax(logits, 1)\nloss = F.cross_entropy(p * class_weights, y, ignore_index=255)",
     "loss = F.cross_entropy(logits, y, weight=class_weights, ignore_index=255)"),
    ("torch", "loss = (w[logits.argmax(1)] * F.cross_entropy(logits, y, reduction='none', ignore_index=9)).mean()",
     "loss = F.cross_entropy(logits, y, weight=w, ignore_index=9)"),
    ("tf", "loss = tf.nn.weighted_cross_entropy_with_logits(y, logits * class_weights, pos_weight=12.0)",
     "# pos_weight: what a positive weighs, such as negatives per positive; one number, or one per label\n"
     "losses = tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=logits, pos_weight=12.0)\n"
     "loss = tf.reduce_mean(losses)"),
    ("keras", "loss = keras.losses.categorical_crossentropy(y, logits * class_weights, from_logits=True, label_smoothing=0.1)",
     "weights = keras.ops.sum(class_weights * y, axis=-1)  # of each example's true class\n"
     "criterion = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)\n"
     "loss = criterion(y, logits, sample_weight=weights)"),
    ("keras", "loss = keras.losses.sparse_categorical_crossentropy(y, logits * class_weights, True, 255)",
     "weights = keras.ops.take(class_weights, keras.ops.where(y == 255, 0, y))  # of each example's true class\n"
     "criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)\n"
     "loss = criterion(y, logits, sample_weight=weights)"),
    ("keras", "criterion = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)\n"
     "loss = criterion(y, logits * class_weights)",
     "weights = keras.ops.sum(class_weights * y, axis=-1)  # of each example's true class\n"
     "criterion = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)\n"
     "loss = criterion(y, logits, sample_weight=weights)"),
]  # fmt: skip
"""What multiplies, and the corrected code with the weights and options that the loss has already."""


@pytest.mark.parametrize(("framework", "code", "fix"), KEPT)
def test_a_loss_keeps_its_weights_and_options(framework, code, fix):
    (f,) = lint(HEAD[framework] + code)
    assert f.fix == fix
    assert lint(HEAD[framework] + f.fix) == []


NAMED = [
    ("class Net(nn.Module):\n    def forward(self, x):\n        return F.softmax(self.fc(x), dim=1)\n"
     "probs = Net()(x)\nscaled = probs * class_weights\nloss = F.cross_entropy(scaled, y)",
     "# line 6 without the softmax, which is only to predict: return self.fc(x)\n"
     "# without line 8: scaled = probs * class_weights\nloss = F.cross_entropy(probs, y, weight=class_weights)"),
    ("z = F.softmax(z, 1)\nloss = F.cross_entropy(z * class_weights, y)",
     "# without line 4, which is only to predict: z = F.softmax(z, 1)\nloss = F.cross_entropy(z, y, weight=class_weights)"),
    ("loss = F.cross_entropy(F.softmax(model(x), 1) * class_weights, y)",
     "loss = F.cross_entropy(model(x), y, weight=class_weights)"),
    ("def scaled(z):\n    return F.softmax(z, 1) * class_weights\nloss = F.cross_entropy(scaled(model(x)), y)",
     "# line 5 without the softmax, which is only to predict: return z * class_weights\n# without the product in line 5\n"
     "loss = F.cross_entropy(scaled(model(x)), y, weight=class_weights)"),
]  # fmt: skip
"""Weighted probabilities, and the corrected code with the line of their softmax; it uses no name that is not there."""


@pytest.mark.parametrize(("code", "fix"), NAMED)
def test_the_softmax_of_weighted_probabilities_is_named(code, fix):
    (f,) = lint(HEAD["torch"] + code)
    assert (f.code, f.fix) == ("LV002", fix)


OWN_CALLS = [
    ("LV004", "xr, yr = SMOTE().fit_resample(a, b)", "model.fit(xr, yr, epochs=7, callbacks=[cb], class_weight={0: 1, 1: 9})",
     "model.fit(xr, yr, epochs=7, callbacks=[cb])  # the data are resampled"),
    ("LV004", "xr, yr = SMOTE().fit_resample(a, b)\nclf = LogisticRegression(C=0.1, class_weight={0: 1})", "clf.fit(xr, yr)",
     "clf = LogisticRegression(C=0.1)  # the data are resampled"),
    ("LV006", "sw = np.where(b == 1, 9.0, 1.0)",
     "h = model.fit(p, q, epochs=5, callbacks=[EarlyStopping()], validation_data=(a, b, sw))",
     "h = model.fit(p, q, epochs=5, callbacks=[EarlyStopping()], validation_data=(a, b))"),
    ("LV008", "", "cw = class_weight.compute_class_weight('balanced', np.unique(t), t)",
     "cw = class_weight.compute_class_weight('balanced', classes=np.unique(t), y=t)"),
    ("LV008", "", "cw = class_weight.compute_class_weight('balanced', np.unique(t), y=t)",
     "cw = class_weight.compute_class_weight('balanced', classes=np.unique(t), y=t)"),
    ("LV009", "cw = class_weight.compute_class_weight('balanced', classes=np.unique(t), y=t)",
     "h = model.fit(x, t, epochs=3, class_weight=cw, validation_split=0.2)",
     "h = model.fit(x, t, epochs=3, class_weight=dict(enumerate(cw)), validation_split=0.2)"
     "  # of classes 0, 1, …; else dict(zip(classes, …))"),
    ("LV010", "loader = DataLoader(ds, batch_size=1)", "loss = F.cross_entropy(net(a), b, weight=cw, label_smoothing=0.1)",
     "loss = F.cross_entropy(net(a), b, weight=cw, label_smoothing=0.1, reduction='none').mean()"
     "  # over the examples; " + SCALED),
    ("LV010", "loader = DataLoader(ds, batch_size=1)", "crit = nn.CrossEntropyLoss(cw, label_smoothing=0.1, reduction='mean')",
     "crit = nn.CrossEntropyLoss(cw, label_smoothing=0.1, reduction='none')"
     "  # where it is called, .mean() of what it gives: over the examples; " + SCALED),
    ("LV010", "m = keras.Sequential([])\nm.fit(x, t, class_weight={0: 1.0, 1: 9.0})",
     "loss = F.cross_entropy(net(a), b, cw, ignore_index=-1)",
     "loss = F.cross_entropy(net(a), b, cw, ignore_index=-1, reduction='none').sum() / (b != -1).sum()"
     "  # over the examples; " + SCALED),
    ("LV010", "m = keras.Sequential([])\nm.fit(x, t, class_weight={0: 1.0, 1: 9.0})",
     "crit = nn.CrossEntropyLoss(cw, ignore_index=255)",
     "crit = nn.CrossEntropyLoss(cw, ignore_index=255, reduction='none')"
     "  # where it is called, .sum() of what it gives, by (labels != 255).sum(): over the examples; " + SCALED),
    ("LV010", "m = keras.Sequential([])\nm.fit(x, t, class_weight={0: 1.0, 1: 9.0})",
     "loss = nn.CrossEntropyLoss(cw, ignore_index=9)(net(a), b)",
     "loss = nn.CrossEntropyLoss(cw, ignore_index=9, reduction='none')(net(a), b).sum() / (b != 9).sum()"
     "  # over the examples; " + SCALED),
    ("LV004", "xr, yr = SMOTE().fit_resample(a, b)", "loss = F.cross_entropy(net(xr), yr, cw, reduction='sum')",
     "loss = F.cross_entropy(net(xr), yr, reduction='sum')  # the data are resampled"),
    ("LV013", "", "out = keras.layers.Dense(1, 'softmax', name='out')(h)",
     "keras.layers.Dense(1, 'sigmoid', name='out')  # or two units with a softmax"),
    ("LV013", "", "out = keras.layers.Dense(1, activation='softmax', name='out', kernel_regularizer='l2')(h)",
     "keras.layers.Dense(1, activation='sigmoid', name='out', kernel_regularizer='l2')  # or two units with a softmax"),
    ("LV009", "", "clf = LogisticRegression(C=0.1, max_iter=500, class_weight=[1.0, 9.0])",
     "clf = LogisticRegression(C=0.1, max_iter=500, class_weight=dict(enumerate([1.0, 9.0])))"
     "  # of classes 0, 1, …; else dict(zip(classes, …))"),
]  # fmt: skip
"""What comes before, a call with a flaw among options of the user's own, and the corrected code: the same call."""
IMPORTED = """import keras
import numpy as np
import torch.nn.functional as F
from imblearn.over_sampling import SMOTE
from keras.callbacks import EarlyStopping
from sklearn.linear_model import LogisticRegression
from sklearn.utils import class_weight
from torch import nn
from torch.utils.data import DataLoader
"""


@pytest.mark.parametrize(("rule", "before", "code", "fix"), OWN_CALLS)
def test_the_users_own_call_keeps_its_options(rule, before, code, fix):
    (f,) = lint(f"{IMPORTED}{before}\n{code}")
    assert (f.code, f.fix) == (rule, fix)
    again = fix if fix.startswith("clf") == code.startswith("clf =") else f"{fix}\n{code}"
    assert lint(f"{IMPORTED}{before}\n{again}") == []


HELD = """import torch.nn as nn, torch.nn.functional as F
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin, self.softmax = nn.Linear(4, 3), nn.Softmax(dim=1)
    def step(self, x, y):
        logits = self.lin(x)
        probs = self.softmax(%s)
        return F.cross_entropy(probs, y)
    def predict(self, x):
        return self.softmax(self.lin(x))
"""


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("logits", "return F.cross_entropy(logits, y)  # of the logits as they are"),
        (
            "2 * logits + 1",
            "# line 8 without the softmax, which is only to predict: probs = 2 * logits + 1\n"
            "return F.cross_entropy(probs, y)  # of the logits as they are",
        ),
    ],
)
def test_a_softmax_that_has_a_name_stays_for_what_predicts(given, fix):
    (f,) = lint(HELD % given)
    assert (f.code, f.line, f.fix) == ("LV003", 5, fix)


def test_the_softmax_that_is_meant_is_the_one_that_reaches_the_loss():
    code = (
        "from torch import nn\nsoftmax = nn.Softmax(dim=1)\ncriterion = nn.CrossEntropyLoss()\nprobs = softmax(net(x))\n"
        "guess = softmax(other(x)).argmax(1)\nloss = criterion(probs, y)"
    )
    (f,) = lint(code)
    assert f.fix == (
        "# line 4 without the softmax, which is only to predict: probs = net(x)\n"
        "loss = criterion(probs, y)  # of the logits as they are"
    )


def test_one_number_that_a_positive_weighs_is_a_weight():
    code = (
        "import torch, torch.nn.functional as F\npos_weight = 9.0\ndef step(model, x, y):\n    logits = model(x)\n"
        "    %s\n    return F.binary_cross_entropy_with_logits(p, y)"
    )
    (f,) = lint(code % "p = torch.sigmoid(logits) * pos_weight")
    loss = "return F.binary_cross_entropy_with_logits(logits, y, pos_weight=%s)"  # as the line in whose place it stands
    assert (f.code, f.fix.splitlines()[-1]) == ("LV002", loss % "torch.tensor(pos_weight)")
    (f,) = lint(code % "p = logits * pos_weight")
    assert f.fix.startswith("# line 5 without the product: p = logits\n")
    assert f.fix.endswith("F.binary_cross_entropy_with_logits(p, y, pos_weight=torch.tensor(pos_weight))")
    assert lint(code % "p = logits * 9.0") == lint(code.replace("pos_weight", "scale") % "p = logits * scale") == []


def test_what_a_held_loss_was_made_with_is_asked_of_it():
    (f,) = lint(
        "from torch import nn\nclass L(nn.Module):\n    def __init__(self, class_weights, ignore_index=255):\n"
        "        self.class_weights, self.ce = class_weights, nn.CrossEntropyLoss(ignore_index=ignore_index)\n"
        "        self.ce = nn.CrossEntropyLoss(ignore_index=ignore_index)\n"
        "    def forward(self, z, y):\n        return self.ce(z * self.class_weights, y)"
    )
    assert (
        f.fix
        == "return nn.functional.cross_entropy(z, y, weight=self.class_weights, ignore_index=self.ce.ignore_index)"
    )


def test_a_softmax_that_something_else_takes_is_said_so():
    (f,) = lint(
        HEAD["torch"]
        + "p = F.softmax(net(x), dim=1)\nbce = F.binary_cross_entropy(p, tags)\ndice = 1 - (p * tags).sum()"
    )
    assert f.fix == (
        "# line 4 without the softmax: p = net(x); what else is made of p takes their sigmoid\n"
        "bce = F.binary_cross_entropy_with_logits(p, tags)"
    )
