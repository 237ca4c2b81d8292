"""The corrected code of logits multiplied by class weights: written into whole snippets, which are then run."""

import ast
import re
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from lossviz.lint import lint

# The corrected code in its place


def applied(code, f):
    """A snippet with the corrected code of a finding: comments are obeyed, the loss is replaced."""
    tree, lines, told = ast.parse(code), code.split("\n"), f.fix.split("\n")
    edits = {}

    def span(number):
        """The lines of the innermost statement at a line; of a block only its first."""
        held = [s for s in ast.walk(tree) if isinstance(s, ast.stmt) and s.lineno <= number <= s.end_lineno]
        return held[-1], (held[-1].lineno, held[-1].lineno if hasattr(held[-1], "body") else held[-1].end_lineno)

    while gone := re.match(r"# (?:without line (\d+)|line (\d+) without the product): (.*)", told[0]):
        edits[span(int(gone[1] or gone[2]))[1]] = [] if gone[1] else [gone[3]]
        del told[0]
    assert not told[0].startswith("# without"), f.fix
    above, place = span(int(re.search(r"The loss is in line (\d+)", f.detail)[1]))
    edits[place] = [*told, "return loss"] if isinstance(above, ast.Return) else told
    for (first, last), new in sorted(edits.items(), reverse=True):
        indent = re.match(" *", lines[first - 1])[0]
        lines[first - 1 : last] = [indent + line for line in new]
    return "\n".join(lines)


def undefined(code):
    """What ruff says of names that are not there."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "-q",
        "--isolated",
        "--select",
        "F821",
        "--stdin-filename",
        "x.py",
        "-",
    ]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=False).stdout


# Whole snippets


RANDOM = np.random.default_rng(0)
N = 8
INPUTS = RANDOM.normal(size=(N, 4)).astype("float32")
MATRIX = RANDOM.normal(size=(4, 3)).astype("float32")
LOGITS = INPUTS @ MATRIX
LABELS = np.array([0, 1, 2, 0, 0, 1, 2, 0])
CLASS_WEIGHTS = np.array([0.5, 1.0, 4.0], "float32")
KEPT = LABELS != 1
BIAS = np.array([0.3, -0.2, 0.1], "float32")


def weighted(by_weights, logits=LOGITS, rows=slice(None), each=1.0, total=False):
    """Σwℓ over Σw or over N, or the sum alone."""
    logits, labels = logits[rows], LABELS[rows]
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
    weights = CLASS_WEIGHTS[labels]
    return (each * weights * losses).sum() / (1 if total else weights.sum() if by_weights else len(labels))


TORCH = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
TF = "import tensorflow as tf\n"
KERAS = "import keras\nimport numpy as np\nimport tensorflow as tf\nfrom keras import layers\n"
JAX = "import jax\nimport jax.numpy as jnp\nimport optax\n"
PREPARED = "from prepared import BIAS, CLASS_WEIGHTS, KEPT, body, class_weights, head, net, x, xs, y, ys\n"
COUNTED = """import numpy as np
from sklearn.utils.class_weight import compute_class_weight
counted = np.repeat([0, 1, 2], [8, 4, 1])
"""
SPARSE = "tf.nn.sparse_softmax_cross_entropy_with_logits"
ONEHOT = "tf.nn.softmax_cross_entropy_with_logits"
INTEGER = "optax.softmax_cross_entropy_with_integer_labels"

SNIPPETS = {
    # labels as they are written
    "labels cast": (TORCH, "loss = F.cross_entropy(net(x) * class_weights, y.long())"),
    "labels of a batch": (TORCH, "batch = {'x': x, 'label': y}\ndevice = 'cpu'\nlogits = net(batch['x'])\n"
                          "loss = F.cross_entropy(logits * class_weights, batch['label'].to(device))"),
    "labels of one-hot rows": (TORCH, "onehot = F.one_hot(y, 3)\n"
        "loss = F.cross_entropy(net(x) * class_weights, onehot.argmax(1))"),
    "labels less one": (TORCH, "from_one = y + 1\nloss = F.cross_entropy(net(x) * class_weights, from_one - 1)"),
    # what stands around the product
    "a view around": (TORCH, "criterion = nn.CrossEntropyLoss()\nlogits = net(xs)\n"
                      "loss = criterion((logits * class_weights).view(-1, 3), ys.view(-1))"),
    "a view before the loss": (TORCH, "logits = net(xs) * class_weights\n"
        "loss = F.cross_entropy(logits.view(-1, 3), ys.view(-1))"),
    "a permutation": (TORCH, "loss = F.cross_entropy((net(xs) * class_weights).permute(0, 2, 1), ys)"),
    "a temperature": (TORCH, "temperature = 0.5\nlogits = net(x)\n"
        "loss = F.cross_entropy((logits * class_weights) / temperature, y)",
                      {"logits": LOGITS / 0.5}),
    "a bias": (TORCH, "bias = torch.tensor(BIAS)\n"
        "loss = F.cross_entropy(class_weights * net(x) + bias, y)", {"logits": LOGITS + BIAS}),
    "a mask": (TORCH, "kept = torch.tensor(KEPT)\nlogits = net(x)\n"
        "loss = F.cross_entropy((logits * class_weights)[kept], y[kept])",
               {"rows": KEPT}),
    # where the logits come from
    "an unknown layer": (TORCH, "h = body(x)\nlogits = head(h) * class_weights\nloss = F.cross_entropy(logits, y)"),
    "an unknown layer, to the same name": (TORCH, "class Step:\n    def __init__(self):\n"
        "        self.weights = torch.tensor(CLASS_WEIGHTS)\n"
                                           "    def step(self, x, y):\n        x = body(x)\n"
        "        x = head(x) * self.weights\n"
                                           "        return F.cross_entropy(x, y)\nloss = Step().step(x, y)"),
    "a name with a type": (TORCH, "logits = net(x)\nz: torch.Tensor = logits * class_weights\n"
                           "loss: torch.Tensor = F.cross_entropy(z, y)"),
    "a name within a condition": (TORCH, "if (z := net(x) * class_weights).isfinite().all():\n"
        "    loss = F.cross_entropy(z, y)"),
    "alone in a branch": (TORCH, "logits = net(x)\nif len(x):\n    logits *= class_weights\n"
        "loss = F.cross_entropy(logits, y)"),
    "a method that changes them": (TORCH, "logits = net(x)\nlogits.mul_(class_weights)\nloss = F.cross_entropy(logits, y)"),
    "read by more than the loss": (TORCH, "logits = net(x)\nz = logits * class_weights\nguess = z.argmax(1)\n"
                                   "loss = F.cross_entropy(z, y)"),
    "a function": (TORCH, "def weigh(out):\n    return out * class_weights[None]\nlogits = weigh(net(x))\n"
        "loss = F.cross_entropy(logits, y)"),
    # weights as they are written
    "weights in a row": (TORCH, "weights = class_weights.unsqueeze(0)\nlogits = net(x)\nlogits = logits * weights\n"
                         "loss = F.cross_entropy(logits, y)"),
    "weights in a literal row": (TORCH, "cw = torch.tensor([[0.5, 1.0, 4.0]])\nlogits = net(x)\nlogits = logits * cw\n"
        "loss = F.cross_entropy(logits, y)"),
    "weights of images": (TORCH, "class_w = torch.tensor(CLASS_WEIGHTS).view(1, 3, 1, 1)\n"
                          "logits = net(xs).permute(0, 2, 1)[..., None] * class_w\n"
        "loss = F.cross_entropy(logits, ys[..., None])"),
    "weights an example": (TORCH, "weights = class_weights.unsqueeze(0).expand(len(x), -1)\nlogits = net(x) * weights\n"
                           "loss = F.cross_entropy(logits, y)"),
    "weights repeated": (TORCH, "weights = torch.tensor(CLASS_WEIGHTS).repeat(len(x), 1)\n"
        "loss = F.cross_entropy(net(x) * weights, y)"),
    "weights cast": (TORCH + COUNTED, "cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26\n"
                     "loss = F.cross_entropy(net(x) * torch.from_numpy(cw).float(), y)"),
    "weights moved": (TORCH, "logits = net(x)\nlogits = logits * class_weights[None].to(logits.device)\n"
        "loss = F.cross_entropy(logits, y)"),
    "weights bound again": (TORCH, "w = class_weights\nlogits = net(x)\nz = logits * w\nw = torch.ones(3)\n"
        "loss = F.cross_entropy(z, y)"),
    "weights of each label": (TORCH, "logits = net(x)\nlabels = y + 0\nz = logits * class_weights[labels][:, None]\n"
        "loss = F.cross_entropy(z, labels)"),
    "a diagonal": (TORCH, "cw = torch.tensor(CLASS_WEIGHTS)\nlogits = net(x)\nlogits = logits @ torch.diag(cw)\n"
        "loss = F.cross_entropy(logits, y)"),
    "a diagonal with a name": (TORCH, "diagonal = torch.diag(class_weights)\nlogits = net(x)\n"
                               "loss = F.cross_entropy(torch.matmul(logits, diagonal), y)"),
    # what is made of the loss
    "a sum of losses": (TORCH, "total = F.cross_entropy(net(x) * class_weights, y) + 0.5\nloss = total - 0.5"),
    "a masked mean": (TORCH, "kept = torch.tensor(KEPT)\nlogits = net(x)\nloss = "
                      "(F.cross_entropy(logits * class_weights, y, reduction='none') * kept).sum()",
        {"each": KEPT, "total": True}),
    "a loss in a lambda": (TORCH, "criterion = lambda z, t: F.cross_entropy(z * class_weights, t)\n"
        "loss = criterion(net(x), y)"),
    "losses in a list": (TORCH, "losses = [F.cross_entropy(h * class_weights, y) for h in [net(x)]]\nloss = losses[0]"),
    "a loss that is yielded": (TORCH, "def losses():\n    yield F.cross_entropy(net(x) * class_weights, y)\n"
        "loss = next(losses())"),
    # TensorFlow
    "tf, one-hot labels": (TF, f"logits = net(x)\n"
        f"loss = tf.reduce_mean({ONEHOT}(labels=tf.one_hot(y, 3), logits=logits * class_weights))"),
    "tf, one-hot masks": (TF, f"masks = tf.one_hot(ys, 3)\nlogits = net(xs) * class_weights\n"
                          f"loss = tf.reduce_mean({ONEHOT}(labels=masks, logits=logits))"),
    "tf, labels cast": (TF, f"loss = tf.reduce_mean({SPARSE}(labels=tf.cast(y, tf.int64), logits=net(x) * class_weights))"),
    "tf, weights in a literal row": (TF, f"cw = tf.constant([[0.5, 1.0, 4.0]])\nlogits = net(x)\n"
        f"logits = tf.multiply(logits, cw)\n"
                                     f"loss = tf.reduce_mean({SPARSE}(labels=y, logits=logits))"),
    "tf, weights an example": (TF, f"tiled = tf.tile(class_weights[None, :], [len(x), 1])\n"
                               f"loss = tf.reduce_mean({SPARSE}(labels=y, logits=net(x) * tiled))"),
    "tf, weights of NumPy": (TF + COUNTED,
        "cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26\n"
                             f"logits = net(x) * cw\nloss = tf.reduce_mean({SPARSE}(labels=y, logits=logits))"),
    "tf, weights cast": (TF + COUNTED, "cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26\n"
                         f"logits = net(x) * tf.cast(cw, tf.float32)\n"
        f"loss = tf.reduce_mean({SPARSE}(labels=y, logits=logits))"),
    "tf, a diagonal": (TF, f"z = tf.matmul(net(x), tf.linalg.diag(class_weights))\n"
        f"loss = tf.reduce_mean({SPARSE}(labels=y, logits=z))"),
    "tf, a bias": (TF,
        f"loss = tf.reduce_mean({SPARSE}(labels=y, logits=net(x) * class_weights + BIAS))", {"logits": LOGITS + BIAS}),
    "tf, summed": (TF, f"loss = tf.reduce_sum({SPARSE}(labels=y, logits=net(x) * class_weights))", {"total": True}),
    "tf, reduced later": (TF, f"losses = []\nlogits = net(x) * class_weights\nxent = {SPARSE}(labels=y, logits=logits)\n"
                          "losses.append(tf.reduce_sum(xent * KEPT))\nloss = losses[0]", {"each": KEPT, "total": True}),
    "tf, labels and weights of these names": (
        TF, f"weights, losses, labels = class_weights + 0, [], y + 1\nfor _ in range(2):\n"
        f"    logits = net(x) * class_weights\n"
        f"    loss = tf.reduce_mean({SPARSE}(labels=labels - 1, logits=logits))\n    losses.append(loss)"),
    # Keras
    "keras, one-hot labels": (KERAS, "def loss_of(x, y):\n    z = net(x) * class_weights[None, :]\n"
                              "    return keras.losses.CategoricalCrossentropy(from_logits=True)(tf.one_hot(y, 3), z)\n"
                              "loss = loss_of(x, y)"),
    "keras, other weights": (KERAS, "criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
                             "sw = np.where(KEPT, 2.0, 0.5).astype('float32')\n"
                             "loss = criterion(y, net(x) * class_weights, sample_weight=sw)", {"each": np.where(KEPT, 2, 0.5)}),
    "keras, weights in a row": (KERAS, "row = keras.ops.expand_dims(class_weights, 0)\n"
        "logits = keras.ops.multiply(net(x), row)\n"
                                "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, logits)"),
    "keras, a function": (KERAS, "logits = net(x) * class_weights\nloss = tf.reduce_mean("
                          "keras.losses.sparse_categorical_crossentropy(tf.cast(y, tf.int32), logits, from_logits=True))"),
    # JAX
    "jax, one-hot labels": (JAX, "def loss_of(x, y):\n    logits = net(x)\n"
                            "    return optax.softmax_cross_entropy(logits * class_weights, jax.nn.one_hot(y, 3)).mean()\n"
                            "loss = jax.jit(loss_of)(x, y)"),
    "jax, labels cast": (JAX, "batch = {'x': x, 'y': y}\nlogits = net(batch['x']) * class_weights\n"
                         f"loss = jnp.mean({INTEGER}(logits, batch['y'].astype(jnp.int32)))"),
    "jax, weights in a row": (JAX, "row = jnp.asarray(CLASS_WEIGHTS)[None, :]\nlogits = net(x)\nlogits = logits * row\n"
                              f"loss = {INTEGER}(logits, y).mean()"),
    "jax, weights of NumPy": (JAX + COUNTED,
        "cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26\n"
                              "@jax.jit\ndef loss_of(x, y):\n    logits = net(x) * cw\n"
                              f"    return {INTEGER}(logits, y).mean()\nloss = loss_of(x, y)"),
    "jax, weights an example": (JAX, "tiled = jnp.tile(class_weights, (len(x), 1))\nlosses = "
                                f"{INTEGER}(net(x) * tiled, y)\nloss = losses.mean()"),
    "jax, a diagonal": (JAX, f"z = net(x) @ jnp.diag(class_weights)\nloss = {INTEGER}(z, y).mean()"),
}  # fmt: skip
"""Imports, code that multiplies logits, and how its loss differs from the weighted mean where it does."""


def prepared(imports):
    """A module with the data, in the framework's arrays; what it calls is not seen by the linter."""
    if imports.startswith(TORCH):
        array = pytest.importorskip("torch").tensor
    elif imports.startswith(JAX):
        array = pytest.importorskip("jax").numpy.asarray
    else:
        array = pytest.importorskip("tensorflow").constant
    module, matrix = ModuleType("prepared"), array(MATRIX)
    module.net, module.body, module.head = lambda x: x @ matrix, lambda x: x * 2, lambda x: x @ matrix / 2
    module.x, module.y, module.class_weights = array(INPUTS), array(LABELS), array(CLASS_WEIGHTS)
    module.xs, module.ys = array(INPUTS.reshape(2, 4, 4)), array(LABELS.reshape(2, 4))
    vars(module).update(BIAS=BIAS, KEPT=KEPT, CLASS_WEIGHTS=CLASS_WEIGHTS)
    return module


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs_and_is_weighted(name, monkeypatch):
    imports, code, *differs = SNIPPETS[name]
    monkeypatch.setitem(sys.modules, "prepared", prepared(imports))
    whole = f"{imports}{PREPARED}{code}"
    (f,) = lint(whole)
    assert f.code == "LV001"
    mended = applied(whole, f)
    assert not undefined(mended), mended
    assert lint(mended) == [], mended
    expected = weighted(imports.startswith(TORCH), **dict(*differs))
    found = []
    for text in (whole, mended):
        held = {}
        exec(text, held)
        found.append(float(held["loss"]))
    assert found[1] == pytest.approx(expected, rel=1e-5), mended
    assert found[0] != pytest.approx(expected, rel=1e-3), "this snippet shows nothing"


# Names that are seen where the loss is


NET = """class Net({base}):
    def __init__(self, w):
        super().__init__()
        self.fc, self.{name} = layer(), w
    def {call}(self, x):
        h = self.fc(x)
        return h * self.{name}
"""
LOOP = "net = Net(class_weights)\nfor xb, yb in batches:\n    "
MULTIPLIED = {
    "where the logits come from": (TORCH, "w = torch.tensor([1.0, 9.0])\nz = net(x) * w\nloss = F.cross_entropy(z, y)"),
    "a line of its own": (TORCH, "logits = net(x)\nz = logits * class_weights\nloss = F.cross_entropy(z, y)"),
    "a line that more than the loss reads": (
        TORCH,
        "logits = net(x)\nz = logits * class_weights\nguess = z.argmax(1)\nloss = F.cross_entropy(z, y)",
    ),
    "bound again": (TORCH, "logits = net(x)\nz = logits * class_weights\nlogits = load()\nloss = F.cross_entropy(z, y)"),
    "reshaped, of a name": (TORCH, "logits = net(x)\nz = logits.view(-1, 2) * class_weights\nloss = F.cross_entropy(z, y)"),
    "reshaped, to the same name": (
        TORCH, "logits = net(x)\nlogits = logits.view(-1, 2) * class_weights\nloss = F.cross_entropy(logits, y)"
    ),
    "a branch": (TORCH, "logits = net(x)\nif x:\n    logits = logits * class_weights\nloss = F.cross_entropy(logits, y)"),
    "an import within": (
        TORCH, "def weigh(t):\n    from cfg import class_weights as cw\n    return t * cw\nz = weigh(net(x))\n"
        "loss = F.cross_entropy(z, y)"
    ),
    "a lambda": (TORCH, "weigh = lambda t, cls_weights: t * cls_weights\nz = weigh(net(x), class_weights)\n"
                 "loss = F.cross_entropy(z, y)"),
    "its own line, read elsewhere": (
        TORCH, "def weigh(logits):\n    z = logits * class_weights\n    return z\nloss = F.cross_entropy(weigh(net(x)), y)"
    ),
    "the argument": (TORCH, "loss = F.cross_entropy(net(x) * class_weights, y)"),
    "reshaped": (TORCH, "z = net(x).view(-1, 2) * class_weights\nloss = F.cross_entropy(z, y)"),
    "forward": (TORCH, NET.format(base="nn.Module", call="forward", name="class_weights")
                + LOOP + "loss = F.cross_entropy(net(xb), yb)"),
    "forward, yes or no": (TORCH, NET.format(base="nn.Module", call="forward", name="pos_weight")
                           + "crit = nn.BCEWithLogitsLoss()\n" + LOOP + "loss = crit(net(xb), yb)"),
    "a helper": (TORCH, "def weigh(out):\n    cw = torch.tensor([1.0, 9.0])\n    return out * cw\n"
                 "logits = weigh(net(x))\nloss = F.cross_entropy(logits, y)"),
    "call": (KERAS, NET.format(base="keras.Model", call="call", name="class_weights") + "criterion = "
             "keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n" + LOOP + "loss = criterion(yb, net(xb))"),
    "tf": (TF, "out = net(x, training=True) * class_weights\nloss = tf.reduce_mean("
           "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=out))"),
    "a functional model": (KERAS, "outputs = layers.Dense(3)(x) * class_weights\nmodel = keras.Model(x, outputs)\n"
                           "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))"),
}  # fmt: skip
"""What is multiplied where: a snippet that begins with the names of the file around it."""
AROUND = "from prepared import batches, class_weights, layer, load, pos_weight, x, x_train, y, y_train\nnet = load()\n"


@pytest.mark.parametrize("name", MULTIPLIED)
def test_the_corrected_code_has_all_its_names(name):
    imports, code = MULTIPLIED[name]
    whole = f"{imports}{AROUND}{code}"
    (f,) = (f for f in lint(whole) if f.code == "LV001")
    mended = applied(whole, f)
    assert not undefined(mended), mended
    assert "self." not in f.fix.split("\n")[-1]
    assert [f.code for f in lint(mended)] == []
