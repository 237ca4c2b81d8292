"""The corrected code of what weights multiply, or are looked up by, wrongly: written into whole snippets, which are then run."""

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
    own = told[-1].endswith("by each example's true class")  # the user's line that looks the weights up
    above, place = span(f.line if own else int(re.search(r"(?:The loss is|It is used) in line (\d+)", f.detail)[1]))
    edits[place] = [*told, "return loss"] if isinstance(above, ast.Return) else told
    for (first, last), new in sorted(edits.items(), reverse=True):
        indent = re.match(" *", lines[first - 1])[0]
        lines[first - 1 : last] = [indent + line for line in new]
    return "\n".join(lines)


def undefined(code):
    """What ruff says of names that are not there."""
    command = [sys.executable, *"-m ruff check -q --isolated --select F821 --stdin-filename x.py -".split()]
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


IMPORTS = {
    "torch": "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n",
    "tf": "import tensorflow as tf\n",
    "keras": "import keras\nimport numpy as np\nimport tensorflow as tf\nfrom keras import layers\n",
    "jax": "import jax\nimport jax.numpy as jnp\nimport optax\n",
}
PREPARED = (
    "import numpy as np\n"
    "from prepared import BIAS, CLASS_WEIGHTS, KEPT, body, class_weights, counted, head, net, x, xs, y, ys\n"
)
SNIPPETS = r"""
## torch: labels cast
loss = F.cross_entropy(net(x) * class_weights, y.long())

## torch: labels of a batch
batch = {'x': x, 'label': y}
device = 'cpu'
logits = net(batch['x'])
loss = F.cross_entropy(logits * class_weights, batch['label'].to(device))

## torch: labels of one-hot rows
onehot = F.one_hot(y, 3)
loss = F.cross_entropy(net(x) * class_weights, onehot.argmax(1))

## torch: labels less one
from_one = y + 1
loss = F.cross_entropy(net(x) * class_weights, from_one - 1)

## torch: a view around
criterion = nn.CrossEntropyLoss()
logits = net(xs)
loss = criterion((logits * class_weights).view(-1, 3), ys.view(-1))

## torch: a view before the loss
logits = net(xs) * class_weights
loss = F.cross_entropy(logits.view(-1, 3), ys.view(-1))

## torch: a permutation
loss = F.cross_entropy((net(xs) * class_weights).permute(0, 2, 1), ys)

## torch: a temperature
temperature = 0.5
logits = net(x)
loss = F.cross_entropy((logits * class_weights) / temperature, y)

## torch: a bias
bias = torch.tensor(BIAS)
loss = F.cross_entropy(class_weights * net(x) + bias, y)

## torch: a mask
kept = torch.tensor(KEPT)
logits = net(x)
loss = F.cross_entropy((logits * class_weights)[kept], y[kept])

## torch: an unknown layer
h = body(x)
logits = head(h) * class_weights
loss = F.cross_entropy(logits, y)

## torch: an unknown layer, to the same name
class Step:
    def __init__(self):
        self.weights = torch.tensor(CLASS_WEIGHTS)
    def step(self, x, y):
        x = body(x)
        x = head(x) * self.weights
        return F.cross_entropy(x, y)
loss = Step().step(x, y)

## torch: a name with a type
logits = net(x)
z: torch.Tensor = logits * class_weights
loss: torch.Tensor = F.cross_entropy(z, y)

## torch: a name within a condition
if (z := net(x) * class_weights).isfinite().all():
    loss = F.cross_entropy(z, y)

## torch: alone in a branch
logits = net(x)
if len(x):
    logits *= class_weights
loss = F.cross_entropy(logits, y)

## torch: a method that changes them
logits = net(x)
logits.mul_(class_weights)
loss = F.cross_entropy(logits, y)

## torch: read by more than the loss
logits = net(x)
z = logits * class_weights
guess = z.argmax(1)
loss = F.cross_entropy(z, y)

## torch: a function
def weigh(out):
    return out * class_weights[None]
logits = weigh(net(x))
loss = F.cross_entropy(logits, y)

## torch: weights in a row
weights = class_weights.unsqueeze(0)
logits = net(x)
logits = logits * weights
loss = F.cross_entropy(logits, y)

## torch: weights in a literal row
cw = torch.tensor([[0.5, 1.0, 4.0]])
logits = net(x)
logits = logits * cw
loss = F.cross_entropy(logits, y)

## torch: weights of images
class_w = torch.tensor(CLASS_WEIGHTS).view(1, 3, 1, 1)
logits = net(xs).permute(0, 2, 1)[..., None] * class_w
loss = F.cross_entropy(logits, ys[..., None])

## torch: weights an example
weights = class_weights.unsqueeze(0).expand(len(x), -1)
logits = net(x) * weights
loss = F.cross_entropy(logits, y)

## torch: weights repeated
weights = torch.tensor(CLASS_WEIGHTS).repeat(len(x), 1)
loss = F.cross_entropy(net(x) * weights, y)

## torch: weights cast
from sklearn.utils.class_weight import compute_class_weight
cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26
loss = F.cross_entropy(net(x) * torch.from_numpy(cw).float(), y)

## torch: weights moved
logits = net(x)
logits = logits * class_weights[None].to(logits.device)
loss = F.cross_entropy(logits, y)

## torch: weights bound again
w = class_weights
logits = net(x)
z = logits * w
w = torch.ones(3)
loss = F.cross_entropy(z, y)

## torch: weights of each label
logits = net(x)
labels = y + 0
z = logits * class_weights[labels][:, None]
loss = F.cross_entropy(z, labels)

## torch: weights of 64 bits
from sklearn.utils.class_weight import compute_class_weight
cw = torch.tensor(compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26)
loss = F.cross_entropy(net(x) * cw, y)

## torch: weights that may be in a row
def loss_of(logits, y, class_weights):
    if class_weights.ndim == 1:
        class_weights = class_weights[None]
    logits = logits * class_weights
    return F.cross_entropy(logits, y)
loss = loss_of(net(x), y, class_weights)

## torch: weights of a module
class Weighted(nn.Module):
    def __init__(self, class_weights):
        super().__init__()
        self.register_buffer("class_weights", class_weights.view(1, -1))
    def forward(self, logits, y):
        z = logits * self.class_weights
        return F.cross_entropy(z, y)
loss = Weighted(class_weights)(net(x), y)

## torch: weights in an alias of a row
row = torch.tensor([[0.5, 1.0, 4.0]])
w = row
logits = net(x)
logits = logits * w
loss = F.cross_entropy(logits, y)

## torch: weights in a row of which the vector is bound again
weights = class_weights[None]
class_weights = None
logits = net(x) * weights
loss = F.cross_entropy(logits, y)

## torch: several names at once
logits, target = net(x) * class_weights, y
loss, n = F.cross_entropy(logits, target), len(y)

## torch: a diagonal
cw = torch.tensor(CLASS_WEIGHTS)
logits = net(x)
logits = logits @ torch.diag(cw)
loss = F.cross_entropy(logits, y)

## torch: a diagonal with a name
diagonal = torch.diag(class_weights)
logits = net(x)
loss = F.cross_entropy(torch.matmul(logits, diagonal), y)

## torch: a sum of losses
total = F.cross_entropy(net(x) * class_weights, y) + 0.5
loss = total - 0.5

## torch: a masked sum
kept = torch.tensor(KEPT)
logits = net(x)
loss = (F.cross_entropy(logits * class_weights, y, reduction='none') * kept).sum()

## torch: a loss in a lambda
criterion = lambda z, t: F.cross_entropy(z * class_weights, t)
loss = criterion(net(x), y)

## torch: losses in a list
losses = [F.cross_entropy(h * class_weights, y) for h in [net(x)]]
loss = losses[0]

## torch: a loss that is yielded
def losses():
    yield F.cross_entropy(net(x) * class_weights, y)
loss = next(losses())

## tf: one-hot labels
logits = net(x)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=tf.one_hot(y, 3), logits=logits * class_weights))

## tf: one-hot masks
masks = tf.one_hot(ys, 3)
logits = net(xs) * class_weights
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=masks, logits=logits))

## tf: labels cast
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.cast(y, tf.int64), logits=net(x) * class_weights))

## tf: weights in a literal row
cw = tf.constant([[0.5, 1.0, 4.0]])
logits = net(x)
logits = tf.multiply(logits, cw)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))

## tf: weights an example
tiled = tf.tile(class_weights[None, :], [len(x), 1])
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net(x) * tiled))

## tf: weights of NumPy
from sklearn.utils.class_weight import compute_class_weight
cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26
logits = net(x) * cw
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))

## tf: weights cast
from sklearn.utils.class_weight import compute_class_weight
cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26
logits = net(x) * tf.cast(cw, tf.float32)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))

## tf: a diagonal
z = tf.matmul(net(x), tf.linalg.diag(class_weights))
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))

## tf: a bias
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net(x) * class_weights + BIAS))

## tf: summed
loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net(x) * class_weights))

## tf: reduced later
losses = []
logits = net(x) * class_weights
xent = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
losses.append(tf.reduce_sum(xent * KEPT))
loss = losses[0]

## tf: labels and weights of these names
weights, losses, labels = class_weights + 0, [], y + 1
for _ in range(2):
    logits = net(x) * class_weights
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels - 1, logits=logits))
    losses.append(loss)

## keras: one-hot labels
def loss_of(x, y):
    z = net(x) * class_weights[None, :]
    return keras.losses.CategoricalCrossentropy(from_logits=True)(tf.one_hot(y, 3), z)
loss = loss_of(x, y)

## keras: other weights
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
sw = np.where(KEPT, 2.0, 0.5).astype('float32')
loss = criterion(y, net(x) * class_weights, sample_weight=sw)

## keras: weights in a row
row = keras.ops.expand_dims(class_weights, 0)
logits = keras.ops.multiply(net(x), row)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, logits)

## keras: a function
logits = net(x) * class_weights
loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(tf.cast(y, tf.int32), logits, from_logits=True))

## jax: one-hot labels
def loss_of(x, y):
    logits = net(x)
    return optax.softmax_cross_entropy(logits * class_weights, jax.nn.one_hot(y, 3)).mean()
loss = jax.jit(loss_of)(x, y)

## jax: labels cast
batch = {'x': x, 'y': y}
logits = net(batch['x']) * class_weights
loss = jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, batch['y'].astype(jnp.int32)))

## jax: weights in a row
row = jnp.asarray(CLASS_WEIGHTS)[None, :]
logits = net(x)
logits = logits * row
loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

## jax: weights of NumPy
from sklearn.utils.class_weight import compute_class_weight
cw = compute_class_weight('balanced', classes=np.arange(3), y=counted) * 24 / 26
@jax.jit
def loss_of(x, y):
    logits = net(x) * cw
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
loss = loss_of(x, y)

## jax: weights an example
tiled = jnp.tile(class_weights, (len(x), 1))
losses = optax.softmax_cross_entropy_with_integer_labels(net(x) * tiled, y)
loss = losses.mean()

## jax: a diagonal
z = net(x) @ jnp.diag(class_weights)
loss = optax.softmax_cross_entropy_with_integer_labels(z, y).mean()

## tf: a function that takes weights
kept = tf.constant(KEPT, tf.float32)
logits = net(x) * class_weights
loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(y, logits, kept)

## torch: weights or None
def loss_of(z, y, class_weights=None):
    if class_weights is not None:
        w = class_weights.unsqueeze(0)
        z = z * w
    return F.cross_entropy(z, y)
plain = loss_of(net(x), y)
loss = loss_of(net(x), y, class_weights)

## torch: weights in one of two cases
def loss_of(z, y, weigh):
    z = z * class_weights if weigh else z
    return F.cross_entropy(z, y)
plain = loss_of(net(x), y, False)
loss = loss_of(net(x), y, True)

## torch: LV002 only to train
def loss_of(logits, y, phase):
    probs = F.softmax(logits, 1)
    if phase == 'train':
        probs = probs * class_weights
    return F.cross_entropy(probs, y)
plain = loss_of(net(x), y, 'val')
loss = loss_of(net(x), y, 'train')

## torch: weights where the test changes
logits = net(x)
if logits.ndim == 2:
    logits = logits * class_weights
loss = F.cross_entropy(logits, y)

## torch: weights in the other of two cases
def loss_of(z, y, plainly, w=None):
    if w is not None:
        z = z if plainly else z * w
    return F.cross_entropy(z, y)
plain = loss_of(net(x), y, True, class_weights)
loss = loss_of(net(x), y, False, class_weights)

## tf: weights or None
def loss_of(z, y, class_weights=None):
    if class_weights is not None:
        z = z * class_weights
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))
plain = loss_of(net(x), y)
loss = loss_of(net(x), y, class_weights)

## keras: weights or None
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
def loss_of(z, y, class_weights=None):
    if class_weights is not None:
        z = z * class_weights
    return criterion(y, z)
plain = loss_of(net(x), y)
loss = loss_of(net(x), y, class_weights)

## jax: weights or None
def loss_of(z, y, class_weights=None):
    if class_weights is not None:
        z = z * class_weights
    return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()
plain = loss_of(net(x), y)
loss = loss_of(net(x), y, class_weights)

## keras: a loss of one's own
def own(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred * class_weights, from_logits=True)
loss = tf.reduce_mean(own(tf.cast(y, tf.float32), net(x)))

## keras: a class of losses
class Own(keras.losses.Loss):
    def call(self, y_true, y_pred):
        y_pred = y_pred * class_weights
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
loss = Own()(y, net(x))

## keras: LV011 a loss of one's own
def own(y_true, y_pred):
    w = tf.gather(class_weights, tf.argmax(y_pred, axis=-1))
    losses = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
    return tf.reduce_mean(losses * w)
loss = own(tf.cast(y, tf.float32), net(x))

## keras: labels to ignore
labels = tf.where(KEPT, y, 255)
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
loss = criterion(labels, net(x) * class_weights)

## torch: LV011 by integer labels
logits = net(x)
w = class_weights[logits.argmax(1)]
losses = F.cross_entropy(logits, y, reduction='none')
loss = (losses * w).sum() / len(y)

## torch: LV011 labels to ignore
labels = y.masked_fill(~torch.tensor(KEPT), 255)
logits = net(x)
w = class_weights[logits.argmax(1)]
losses = F.cross_entropy(logits, labels, ignore_index=255, reduction='none')
loss = (losses * w).mean() + 0.0

## torch: LV011 one-hot labels
targets = F.one_hot(y, 3).float()
logits = net(x)
w = class_weights[logits.argmax(1)]
loss = (F.cross_entropy(logits, targets, reduction='none') * w).mean()

## torch: LV011 one-hot labels, a mean of its own
targets = F.one_hot(y, 3).float()
logits = net(x)
w = class_weights[logits.argmax(1)]
losses = F.cross_entropy(logits, targets, reduction='none')
losses = losses * w
loss = losses.mean()

## tf: LV011 one-hot labels, a mean of its own
labels = tf.one_hot(y, 3)
logits = net(x)
w = tf.reduce_sum(class_weights * tf.one_hot(tf.argmax(logits, axis=1), 3), axis=1)
losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
weighted_losses = losses * w
loss = tf.reduce_mean(weighted_losses)

## keras: LV011 one-hot labels, a mean of its own
labels = tf.one_hot(y, 3)
logits = net(x)
losses = keras.losses.categorical_crossentropy(labels, logits, from_logits=True)
w = tf.gather(class_weights, tf.argmax(logits, axis=-1))
losses = losses * w
loss = tf.reduce_mean(losses)

## jax: LV011 one-hot labels, a mean of its own
labels = jax.nn.one_hot(y, 3)
logits = net(x)
losses = optax.softmax_cross_entropy(logits, labels)
losses = losses * class_weights[jnp.argmax(logits, -1)]
loss = jnp.mean(losses)

## torch: LV011 a comprehension
cw = [0.5, 1.0, 4.0]
logits = net(x)
_, predictions = logits.max(1)
w = torch.tensor([cw[p] for p in predictions.tolist()])
loss = (F.cross_entropy(logits, y, reduction='none') * w).mean()

## torch: LV011 weights of yes or no
target = (y == 2).float()
output = net(x)[:, 2]
pred = (torch.sigmoid(output) > 0.5).long()
loss = F.binary_cross_entropy_with_logits(output, target, weight=class_weights[pred])

## keras: LV011 labels in a column
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction='none')
labels = y[:, None]
logits = net(x)
w = tf.gather(class_weights, tf.argmax(logits, axis=1))
loss = tf.reduce_mean(criterion(labels, logits) * w)

## tf: LV011 weights that more than the loss reads
labels = tf.one_hot(y, 3)
logits = net(x)
w = tf.gather(class_weights, tf.argmax(logits, axis=1))
losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(w * losses)
mean_weight = tf.reduce_mean(w)

## torch: LV002 read by more than the loss
logits = net(x)
probs = torch.softmax(logits, dim=1) * class_weights
guess = probs.argmax(dim=1)
loss = F.cross_entropy(probs, y)
"""
"""Code that multiplies logits (LV001), or breaks the rule named, each under its framework and a name."""
SNIPPETS = dict(re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", SNIPPETS, re.MULTILINE))
DIFFERS = {
    "torch: a temperature": {"logits": LOGITS / 0.5},
    "torch: a bias": {"logits": LOGITS + BIAS},
    "torch: a mask": {"rows": KEPT},
    "torch: LV011 by integer labels": {"by_weights": False},
    "torch: LV011 one-hot labels, a mean of its own": {"by_weights": False},
    "torch: LV011 labels to ignore": {"rows": KEPT},
    "torch: LV011 one-hot labels": {"by_weights": False},
    "torch: LV011 a comprehension": {"by_weights": False},
    "keras: labels to ignore": {"rows": KEPT},
    "torch: a masked sum": {"each": KEPT, "total": True},
    "tf: a bias": {"logits": LOGITS + BIAS},
    "tf: summed": {"total": True},
    "tf: reduced later": {"each": KEPT, "total": True},
    "tf: a function that takes weights": {"rows": KEPT},
    "keras: other weights": {"each": np.where(KEPT, 2, 0.5)},
}
"""Snippet -> how its loss differs from the weighted mean."""
YES = LABELS == 2
OTHERS = {
    "torch: LV011 weights of yes or no": np.mean(CLASS_WEIGHTS[YES * 1] * np.log1p(np.exp(np.where(YES, -1, 1) * LOGITS[:, 2]))),
}  # fmt: skip
"""Snippet -> its loss, where that is another."""


def prepared(framework):
    """A module with the data, in the framework's arrays; what it calls is not seen by the linter."""
    if framework == "torch":
        array = pytest.importorskip("torch").tensor
    elif framework == "jax":
        array = pytest.importorskip("jax").numpy.asarray
    else:
        array = pytest.importorskip("tensorflow").constant
    module, matrix = ModuleType("prepared"), array(MATRIX)
    module.net, module.body, module.head = lambda x: x @ matrix, lambda x: x * 2, lambda x: x @ matrix / 2
    module.x, module.y, module.class_weights = array(INPUTS), array(LABELS), array(CLASS_WEIGHTS)
    module.xs, module.ys = array(INPUTS.reshape(2, 4, 4)), array(LABELS.reshape(2, 4))
    vars(module).update(BIAS=BIAS, KEPT=KEPT, CLASS_WEIGHTS=CLASS_WEIGHTS, counted=np.repeat([0, 1, 2], [8, 4, 1]))
    return module


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs_and_is_weighted(name, monkeypatch):
    framework = name.split(":")[0]
    monkeypatch.setitem(sys.modules, "prepared", prepared(framework))
    whole = f"{IMPORTS[framework]}{PREPARED}{SNIPPETS[name]}"
    (f,) = lint(whole)
    assert f.code == (re.findall(r"LV\d+", name) or ["LV001"])[0]
    mended = applied(whole, f)
    assert not undefined(mended), mended
    assert lint(mended) == [], mended
    expected = OTHERS.get(name) or weighted(**{"by_weights": framework == "torch"} | DIFFERS.get(name, {}))
    found = []
    for text in (whole, mended):
        held = {}
        exec(text, held)
        found.append(float(held["loss"]))
    assert found[1] == pytest.approx(expected, rel=1e-5), mended
    plain = np.mean(np.log(np.exp(LOGITS).sum(1)) - LOGITS[np.arange(N), LABELS])
    assert float(held.get("plain", plain)) == pytest.approx(plain, rel=1e-5), mended
    assert found[0] != pytest.approx(expected, rel=1e-3), "this snippet shows nothing"


def test_a_sigmoid_keeps_the_other_weights_of_its_examples():
    keras = pytest.importorskip("keras")
    code = "import keras\ncriterion = keras.losses.BinaryCrossentropy(from_logits=True)\n"
    (f,) = lint(f"{code}loss = criterion(y, logits * pos_weight, sample_weight=sw + 0)")
    held = {"keras": keras, "y": np.eye(3, dtype="float32")[LABELS], "logits": LOGITS, "pos_weight": np.float32(1)}
    held["sw"] = np.where(KEPT, 2, 0.5).astype("float32")
    exec(f.fix, held)
    plain = keras.losses.BinaryCrossentropy(from_logits=True)(held["y"], LOGITS, sample_weight=held["sw"])
    assert float(held["loss"]) == pytest.approx(float(plain), rel=1e-5)


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
    "where the logits come from": ("torch", "w = torch.tensor([1.0, 9.0])\nz = net(x) * w\nloss = F.cross_entropy(z, y)"),
    "a line of its own": ("torch", "logits = net(x)\nz = logits * class_weights\nloss = F.cross_entropy(z, y)"),
    "a line that more than the loss reads": (
        "torch",
        "logits = net(x)\nz = logits * class_weights\nguess = z.argmax(1)\nloss = F.cross_entropy(z, y)",
    ),
    "bound again": ("torch", "logits = net(x)\nz = logits * class_weights\nlogits = load()\nloss = F.cross_entropy(z, y)"),
    "reshaped, of a name": ("torch", "logits = net(x)\nz = logits.view(-1, 2) * class_weights\nloss = F.cross_entropy(z, y)"),
    "reshaped, to the same name": (
        "torch", "logits = net(x)\nlogits = logits.view(-1, 2) * class_weights\nloss = F.cross_entropy(logits, y)"
    ),
    "a branch": ("torch", "logits = net(x)\nif x:\n    logits = logits * class_weights\nloss = F.cross_entropy(logits, y)"),
    "an import within": (
        "torch", "def weigh(t):\n    from cfg import class_weights as cw\n    return t * cw\nz = weigh(net(x))\n"
        "loss = F.cross_entropy(z, y)"
    ),
    "a lambda": ("torch", "weigh = lambda t, cls_weights: t * cls_weights\nz = weigh(net(x), class_weights)\n"
                 "loss = F.cross_entropy(z, y)"),
    "its own line, read elsewhere": (
        "torch", "def weigh(logits):\n    z = logits * class_weights\n    return z\nloss = F.cross_entropy(weigh(net(x)), y)"
    ),
    "the argument": ("torch", "loss = F.cross_entropy(net(x) * class_weights, y)"),
    "reshaped": ("torch", "z = net(x).view(-1, 2) * class_weights\nloss = F.cross_entropy(z, y)"),
    "forward": ("torch", NET.format(base="nn.Module", call="forward", name="class_weights")
                + LOOP + "loss = F.cross_entropy(net(xb), yb)"),
    "forward, yes or no": ("torch", NET.format(base="nn.Module", call="forward", name="pos_weight")
                           + "crit = nn.BCEWithLogitsLoss()\n" + LOOP + "loss = crit(net(xb), yb)"),
    "a helper": ("torch", "def weigh(out):\n    cw = torch.tensor([1.0, 9.0])\n    return out * cw\n"
                 "logits = weigh(net(x))\nloss = F.cross_entropy(logits, y)"),
    "call": ("keras", NET.format(base="keras.Model", call="call", name="class_weights") + "criterion = "
             "keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n" + LOOP + "loss = criterion(yb, net(xb))"),
    "tf": ("tf", "out = net(x, training=True) * class_weights\nloss = tf.reduce_mean("
           "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=out))"),
    "a functional model": ("keras", "outputs = layers.Dense(3)(x) * class_weights\nmodel = keras.Model(x, outputs)\n"
                           "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))"),
}  # fmt: skip
"""What is multiplied where: a snippet that begins with the names of the file around it."""
AROUND = "from prepared import batches, class_weights, layer, load, pos_weight, x, x_train, y, y_train\nnet = load()\n"


@pytest.mark.parametrize("name", MULTIPLIED)
def test_the_corrected_code_has_all_its_names(name):
    framework, code = MULTIPLIED[name]
    whole = f"{IMPORTS[framework]}{AROUND}{code}"
    (f,) = (f for f in lint(whole) if f.code == "LV001")
    mended = applied(whole, f)
    assert not undefined(mended), mended
    assert "self." not in f.fix.split("\n")[-1]
    assert [f.code for f in lint(mended)] == []
