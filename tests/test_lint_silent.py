"""Right code that looks like a flaw, each beside the flaw that it is one change away from."""

import time

import numpy as np
import pytest
import tensorflow as tf

from lossviz.lint import MOST_FIXES, lint

TORCH = """import torch, torch.nn as nn
from torch.utils.data import DataLoader, WeightedRandomSampler
"""
LOOP = f"""{TORCH}crit = nn.CrossEntropyLoss(weight=class_weights)
total = 0.0
model.eval()
for x, y in loader:
    loss = crit(model(x), y)
    loss.backward()
    total += loss.item()
if total < best:
    best = total
"""
COMPILED = """import tensorflow as tf
def make_loss(class_weights=None):
    def loss(y_true, y_pred):
        \"\"\"Give class_weight to fit instead.\"\"\"
        losses = tf.keras.losses.categorical_crossentropy(y_true, y_pred)
        if class_weights is not None:
            losses *= tf.reduce_sum(class_weights * y_true, -1)
        return losses
    return loss
model.compile("adam", loss=make_loss())
model.fit(x, y, class_weight={0: 1.0, 1: 5.0})
"""
POOLED = f"""{TORCH}class Model(nn.Module):
    def __init__(self):
        self.attention = nn.Sequential(nn.Linear(768, 1), nn.Softmax(dim=1))
"""
BY_EXAMPLE = """import numpy as np
class_weights = np.array([cw[c] for c in y_train])
model.fit(x, y_train, sample_weight=class_weights)
"""
ONES = f"""{TORCH}loader = DataLoader(train, batch_sampler=by_length)
crit = nn.CrossEntropyLoss(weight=class_weights)
for x, y in loader:
    crit(model(x), y).backward()
"""
STAGES = f"""{TORCH}def first(model, data):
    crit = nn.CrossEntropyLoss(weight=class_weights)
    for x, y in DataLoader(data, 64, shuffle=True):
        crit(model(x), y).backward()
def second(model, all_data):
    crit = nn.CrossEntropyLoss()
    for x, y in DataLoader(all_data, 64, sampler=WeightedRandomSampler(class_weights[labels], 9)):
        crit(model(x), y).backward()
"""
REPORTED = f"""{TORCH}loader = DataLoader(train, 64, sampler=WeightedRandomSampler(class_weights[labels], 9))
crit = nn.CrossEntropyLoss(weight=class_weights)
with torch.no_grad():
    print(crit(model(x), y))
"""
ASKED_ALIKE = f"""{TORCH}class Data:
    def train(self):
        drawn = WeightedRandomSampler(class_weights[labels], 9) if self.balanced else None
        return DataLoader(self.rows, 64, sampler=drawn)
def loss(balanced, class_weights):
    return nn.CrossEntropyLoss(weight=None if balanced else class_weights)
"""
OWN_FIT = """import numpy as np
class Softmax:
    def fit(self, x, y, class_weight=None):
        pass
clf = Softmax()
clf.fit(x, y, class_weight=np.array([1.0, 5.0]))
"""
OUTPUTS = (
    "from sklearn.ensemble import RandomForestClassifier\nm = RandomForestClassifier(class_weight=[{0: 1}, {0: 5}])"
)
EITHER = """from sklearn.utils.class_weight import compute_sample_weight
model.fit(x, y, class_weight=None if plain else cw, sample_weight=compute_sample_weight("balanced", y) if plain else None)
"""
GUARDED = f"""{TORCH}def get_loader(data, labels, train=True):
    if train:
        return DataLoader(data, 32, sampler=WeightedRandomSampler(class_weights[labels], len(labels)))
    return DataLoader(data, 32)
if __name__ == "__main__":
    crit = nn.CrossEntropyLoss()
    for x, y in get_loader(rows, y_train):
        crit(model(x), y).backward()
"""
SWITCHED = f"""{TORCH}SAMPLED = False
WEIGHTED = False
loader = DataLoader(train, 64, sampler=WeightedRandomSampler(class_weights[labels], 9) if SAMPLED else None)
crit = nn.CrossEntropyLoss(weight=class_weights if WEIGHTED else None)
"""
FULL_BATCH = f"""{TORCH}crit = nn.CrossEntropyLoss(weight=class_weights)
for epoch in range(9):
    model.train()
    crit(model(x), y).backward()
    model.eval()
    loss = nn.CrossEntropyLoss()(model(x_val), y_val)
    if loss < best:
        best = loss
"""
BRANCHES = """from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Activation, BatchNormalization, Dense
model = Sequential()
model.add(Dense(10))
if normed:
    model.add(BatchNormalization())
    model.add(Activation("softmax"))
else:
    model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy")
"""
COMPILED_APART = """from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
def build(n):
    model = Sequential()
    if n == 2:
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy")
    else:
        model.add(Dense(5, activation="softmax"))
        model.compile(loss="categorical_crossentropy")
    return model
"""
PHASES = f"""{TORCH}loader = DataLoader(train, 64, sampler=WeightedRandomSampler(class_weights[labels], 9))
crit = nn.CrossEntropyLoss()
for phase in ("train", "val"):
    if phase == "train":
        model.train()
    else:
        model.eval()
    for x, y in loaders[phase]:
        loss = crit(model(x), y)
        if phase == "train":
            loss.backward()
"""
STAGE = """import torch.nn.functional as F, pytorch_lightning as pl
class Net(pl.LightningModule):
    def step(self, batch, stage):
        loss = F.cross_entropy(self.net(batch[0]), batch[1], weight=self.class_weights if stage == "train" else None)
        self.log(f"{stage}_loss", loss)
        return loss
    def validation_step(self, batch, i):
        return self.step(batch, "val")
stop = pl.callbacks.EarlyStopping(monitor="val_loss")
"""
MASKED = f"""{TORCH}import torch.nn.functional as F
for x, y in loader:
    logits = model(x)
    preds = logits.argmax(1)
    ce = F.cross_entropy(logits, y, reduction="none")
    mask = (y == 1).float()
    loss = (ce * (1 + 9 * mask)).mean()
    loss.backward()
"""
FILLED_IN = MASKED.replace("mask = (y == 1).float()", "w = torch.ones_like(ce)\n    w[y == 1] = 9.0").replace(
    "1 + 9 * mask", "w"
)
VOID = """import tensorflow as tf
mask = tf.cast(tf.not_equal(labels, 11), tf.float32)
masked = logits * tf.expand_dims(mask, -1)
loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=masked)
"""
CONFIDENT = f"""{TORCH}import torch.nn.functional as F
prob = torch.sigmoid(out)
sure = (prob > 0.9).float()
loss = F.binary_cross_entropy_with_logits(out, y, weight=1 + 4 * sure)
"""
GATED = f"""{TORCH}class Net(nn.Module):
    def forward(self, x, z):
        g = torch.sigmoid(self.gate(x))
        return g * self.a(x) + (1 - g) * self.b(z)
loss = nn.CrossEntropyLoss()(Net()(x, z), y)
"""
FUSED = f"""{TORCH}def forward(image_logits, text_logits, weight):
    return image_logits * weight + text_logits * (1 - weight)
loss = nn.CrossEntropyLoss()(forward(a(x), b(t), gate(x)), y)
"""
RESCALED = """import librosa, numpy as np
X_resampled = np.stack([librosa.resample(a, orig_sr=44100, target_sr=16000) for a in audio])
model.fit(X_resampled, y, class_weight={0: 1.0, 1: 5.0})
"""
WITHOUT = """from imblearn.over_sampling import SMOTE
X_smote, y_smote = SMOTE().fit_resample(X, y)
X_no_smote, y_no_smote = X, y
model.fit(X_no_smote, y_no_smote, class_weight={0: 1.0, 1: 5.0})
"""
FOLDERS = """from tensorflow import keras
train = keras.preprocessing.image.ImageDataGenerator().flow_from_directory("train", class_mode="categorical")
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(6, activation="softmax")])
model.compile(loss="binary_crossentropy")
model.fit(train)
"""
HUGGING = """import torch
from transformers import Trainer, TrainingArguments
class Weighted(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = torch.nn.functional.cross_entropy(outputs.logits, labels, weight=class_weights)
        return (loss, outputs) if return_outputs else loss
args = TrainingArguments("out", load_best_model_at_end=True, metric_for_best_model="f1")
"""
IN_ORDER = f"""{TORCH}from collections import OrderedDict
model = nn.Sequential(OrderedDict([("fc", nn.Linear(9, 3)), ("end", nn.Identity())]))
loss = nn.CrossEntropyLoss()(model(x), y)
"""
BY_LENGTH = f"""{TORCH}crit = nn.CrossEntropyLoss(weight=class_weights)
for words, tags in DataLoader(train, batch_size=1):
    crit(tagger(words[0]), tags[0]).backward()
"""
AVERAGED = f"""{TORCH}crit = nn.CrossEntropyLoss(weight=class_weights)
total = 0
for x, y in loader:
    loss = crit(model(x), y)
    loss.backward()
    total = total + loss
print(total / accumulated)
"""
WEIGHED_PLACES = f"""{TORCH}class Encoder(nn.Module):
    def __init__(self):
        self.importance = nn.Sequential(nn.Linear(64, 1), nn.Softmax(dim=1))
    def forward(self, h):
        w = self.importance(h)
        return (w * h).sum(1)
"""
ONE_OUTPUT = f"""{TORCH}import torch.nn.functional as F
model = nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
out = model(x)
loss = (F.binary_cross_entropy(out, y, reduction="none") * w).mean()
accuracy = 100 * ((out > 0.5) == y).float().mean()
total += loss.item() * out.size(0)
"""
FIGURE = MASKED.replace("y == 1", "preds == 1").replace(
    "loss = (ce * (1 + 9 * mask)).mean()", "loss = ce.mean()\n    rare = (ce * mask).sum()\n    print(rare)"
)
IN_EACH_MODE = HUGGING.replace('"f1"', '"loss"').replace(
    "        loss =", "        if not model.training:\n            return outputs.loss\n        loss ="
)
ROUTED = f"""{TORCH}class Net(nn.Module):
    def forward(self, x):
        logits, gate_logits = self.out(x), self.router(x)
        route = gate_logits.argmax(1)
        return logits * (route == 1).float().unsqueeze(1)
loss = nn.CrossEntropyLoss()(Net()(x), y)
"""
OWN_SAMPLER = f"""{TORCH}from torchsampler import ImbalancedDatasetSampler
loader = DataLoader(train, 64, sampler=ImbalancedDatasetSampler(train))
crit = nn.CrossEntropyLoss()
for x, y in loader:
    crit(model(x), y).backward()
"""
LOOK_ALIKES = {
    "a loop that trains after something's eval()": (LOOP, "    loss.backward()\n", "", "LV006"),
    "weights to train only": (STAGE, ' if stage == "train" else None', "", "LV006"),
    "a stage, and not a model's name": (STAGE, 'stage == "train"', 'args.model == "resnet"', "LV006"),
    "a loop over examples, and not over classes": (
        "class_weights = []\nfor c in y:\n    class_weights.append(cw[c])\nmodel.fit(x, y, sample_weight=class_weights)",
        "for c in y:", "for c in classes:", "LV012"),
    "a loss made without the weights that it can take": (COMPILED, "make_loss()", "make_loss(class_weights)", "LV005"),
    "one of two kinds of weights": (EITHER, " if plain else None", "", "LV005"),
    "a softmax over places": (POOLED, "attention", "classify", "LV013"),
    "a softmax over the axis before the last": (
        POOLED.replace("attention", "net").replace("dim=1", "dim=-2"), "-2", "-1", "LV013"),
    "a weight for each example, called class weights": (BY_EXAMPLE, "[cw[c] for c in y_train]", "[1.0, 5.0]", "LV012"),
    "looked up in a dict of class weights": (
        "class_weights = [class_weight_dict[c] for c in dataset.targets]\nmodel.fit(x, y, sample_weight=class_weights)",
        "[class_weight_dict[c] for c in dataset.targets]", "compute_class_weight('balanced', classes=c, y=dataset.targets)",
        "LV012"),
    "appended one by one": (
        "class_weights = []\nfor c in y:\n    class_weights.append(cw[c])\nmodel.fit(x, y, sample_weight=class_weights)",
        "append(cw[c])", "sort()", "LV012"),
    "batches made by a sampler": (ONES, "batch_sampler=by_length", "batch_size=1", "LV010"),
    "batches of one to test": (
        ONES.replace("train,", "test_set,").replace("batch_sampler=by_length", "1"), "test_set", "train", "LV010"),
    "two stages": (STAGES, "crit = nn.CrossEntropyLoss()", "crit = nn.CrossEntropyLoss(weight=class_weights)", "LV004"),
    "a sampler for training, a plain loss in main": (
        GUARDED, "CrossEntropyLoss()", "CrossEntropyLoss(weight=class_weights)", "LV004"),
    "phases in one loop": (PHASES, "CrossEntropyLoss()", "CrossEntropyLoss(weight=class_weights)", "LV004"),
    "a size beside options from elsewhere": (
        ONES.replace("batch_sampler=by_length", "batch_size=64, **options") + "show = DataLoader(other, batch_size=1)\n",
        "batch_size=64", "batch_size=1", "LV010"),
    "no weights in a test": (STAGE.replace('stage == "train"', 'stage != "test"'), ' if stage != "test" else None', "", "LV006"),
    "a part that is frozen in each step": (
        LOOP.replace("model.eval()\n", "").replace("    loss = crit", "    model.bn.eval()\n    loss = crit"),
        "    loss.backward()\n", "", "LV006"),
    "a size that is given elsewhere": (
        ONES.replace("batch_sampler=by_length", "**options"), "**options", "batch_size=1", "LV010"),
    "switches that are left open": (
        SWITCHED.replace("= False", "= get()"), "= get()\nWEIGHTED = get()", "= True\nWEIGHTED = True", "LV004"),
    "one of two switches is off": (SWITCHED.replace("SAMPLED = False", "SAMPLED = True"), "= False", "= True", "LV004"),
    "one of two keys is off": (
        SWITCHED.replace("SAMPLED = False\nWEIGHTED = False", 'cfg = {"sampled": True, "weighted": False}').replace(
            "if SAMPLED", 'if cfg["sampled"]').replace("if WEIGHTED", 'if cfg["weighted"]'), ": False", ": True", "LV004"),
    "a mask of the true label": (MASKED, "(y == 1)", "(preds == 1)", "LV011"),
    "a mask alone": (MASKED.replace("1 + 9 * mask", "mask"), "(y == 1)", "(preds != 0)", "LV011"),
    "weights filled in": (FILLED_IN, "[y == 1]", "[preds == 1]", "LV011"),
    "a mask of what was wrong": (MASKED.replace("y == 1", "preds != y"), "preds != y", "preds != 0", "LV011"),
    "a class of pseudo-labels": (
        MASKED.replace("y == 1", "preds == 1").replace("(logits, y,", "(student(x), preds,"), "student(x), preds", "logits, y",
        "LV011"),
    "a mask of a void label": (VOID, "not_equal(labels", "not_equal(tf.argmax(logits, -1)", "LV011"),
    "a mask in a where": (
        MASKED.replace("(y == 1).float()", "y == 1").replace("1 + 9 * mask", "torch.where(mask, 9.0, 1.0)"), "y == 1",
        "preds == 1", "LV011"),
    "what the model is sure of": (CONFIDENT, "> 0.9", "> 0.5", "LV011"),
    "a gate before logits": (GATED, "g * self.a(x) + (1 - g) * self.b(z)", "g", "LV003"),
    "two logits mixed": (FUSED, "(1 - weight)", "(1 + weight)", "LV001"),
    "a signal of another rate": (
        RESCALED, "[librosa.resample(a, orig_sr=44100, target_sr=16000) for a in audio]", "oversample(X, y)", "LV004"),
    "data without resampling": (WITHOUT, "fit(X_no_smote, y_no_smote", "fit(X_smote, y_smote", "LV004"),
    "a folder for each class": (FOLDERS, '"categorical"', '"multi_label"', "LV007"),
    "the best model by a metric": (HUGGING, '"f1"', '"eval_loss"', "LV006"),
    "the best model by the loss without weights": (
        HUGGING.replace('"f1"', '"eval_loss"').replace("=class_weights", "=class_weights if model.training else None"),
        " if model.training else None", "", "LV006"),
    "scores that weigh places": (WEIGHED_PLACES, "(w * h).sum(1)", "w", "LV013"),
    "one output of a model, weighted": (ONE_OUTPUT, "nn.Sigmoid()", "nn.Softmax(dim=1)", "LV013"),
    "data that a function equalised": (
        "X_resampled, y_resampled = equalise(X, y)\nmodel.fit(X_resampled, y_resampled, class_weight=None)", "None",
        "{0: 1.0, 1: 5.0}", "LV004"),
    "a figure of a class that is printed": (FIGURE, "rare = (ce", "loss = (ce", "LV011"),
    "what another network decides": (
        MASKED.replace("logits.argmax(1)", "gate(x).argmax(1)").replace("y == 1", "preds == 1"), "gate(x)", "logits", "LV011"),
    "routes": (ROUTED, "gate_logits.argmax(1)", "logits.argmax(1)", "LV011"),
    "a loss for each mode": (IN_EACH_MODE, "if not model.training", "if not outputs.logits", "LV006"),
    "layers with names": (IN_ORDER, "nn.Identity()", "nn.Softmax(dim=1)", "LV003"),
    "all layers but the last": (
        IN_ORDER.replace("nn.Identity()", "nn.Softmax(dim=1)").replace("model(x)", "model[:-1](x)"), "[:-1]", "", "LV003"),
    "a sentence a batch": (BY_LENGTH, "for words, tags in DataLoader(train, batch_size=1):\n    crit(tagger(words[0]), tags[0])",
                           "for x, y in DataLoader(train, batch_size=1):\n    crit(tagger(x), y)", "LV010"),
    "an average that is printed": (AVERAGED, "total / accumulated", "total / accum_steps", "LV010"),
    "a validation loss that is logged": (
        LOOP.replace("loss.backward()", "pass").replace("if total < best:\n    best = total", "logger.log_step(total)"),
        "logger.log_step", "scheduler.step", "LV006"),
    "a sampler of one's own": (OWN_SAMPLER, "CrossEntropyLoss()", "CrossEntropyLoss(weight=class_weights)", "LV004"),
    "a plain loss behind a full batch": (
        FULL_BATCH, "nn.CrossEntropyLoss()(", "nn.CrossEntropyLoss(weight=class_weights)(", "LV006"),
    "an activation in each branch": (BRANCHES, "else:\n    model", "if True:\n    model", "LV003"),
    "a model compiled in each branch": (COMPILED_APART, '"categorical_cross', '"binary_cross', "LV007"),
    "weights by the true label": (
        "import torch, torch.nn.functional as F\npreds = torch.argmax(logits, 1)\nw = torch.where(labels == 1, 5.0, 1.0)\n"
        "loss = (F.cross_entropy(logits, labels, reduction='none') * w).mean()", "where(labels", "where(preds", "LV011"),
    "a weighted loss that is reported": (REPORTED, "with torch.no_grad()", "for x, y in loader", "LV004"),
    "a question by another name": (ASKED_ALIKE, "None if balanced else class_weights", "class_weights", "LV004"),
    "sampled by language": (
        REPORTED.replace("class_weights[labels]", "1 / lang_counts[langs]").replace("with torch.no_grad()", "for x, y in loader"),
        "lang_counts[langs]", "class_counts[labels]", "LV004"),
    "a fit of one's own": (OWN_FIT, "def fit(", "def train(", "LV009"),
    "a dict for each output": (OUTPUTS, "[{0: 1}, {0: 5}]", "[1, 5]", "LV009"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_looks_like_a_flaw_is_none_and_the_flaw_is_found(name):
    right, old, new, code = LOOK_ALIKES[name]
    assert right.count(old) == 1
    assert lint(right) == []
    assert {f.code for f in lint(right.replace(old, new))} == {code}


@pytest.mark.parametrize(
    "again", ["model.train()", "torch.compile(model)", "nn.DataParallel(model)", "model.to(device).eval()"]
)
def test_a_model_that_is_returned_stays_itself(again):
    code = f"""import torch, torch.nn as nn
class Net(nn.Module):
    def forward(self, x):
        return torch.softmax(self.layers(x), dim=1)
model = Net()
model = {again}
loss = nn.CrossEntropyLoss()(model(x), y)
"""
    assert [(f.code, f.line) for f in lint(code)] == [("LV003", 4)]
    assert lint(code.replace("torch.softmax(self.layers(x), dim=1)", "self.layers(x)")) == []


@pytest.mark.parametrize("head", ["fc", "classifier"])
def test_a_head_that_is_replaced_ends_the_model(head):
    code = f"""import torch.nn as nn, torchvision
model = torchvision.models.resnet50()
model.{head} = nn.Sequential(nn.Linear(2048, 5), nn.Softmax(dim=1))
loss = nn.CrossEntropyLoss()(model(x), y)
"""
    assert [(f.code, f.line) for f in lint(code)] == [("LV003", 3)]
    assert lint(code.replace(", nn.Softmax(dim=1)", "")) == []
    assert lint(code.replace(head, "backbone")) == []


@pytest.mark.parametrize(("head", "use"), [
    ("from tensorflow import keras\nmodel = keras.Sequential()\nmodel.add(keras.layers.Dense(3, activation='softmax'))\n"
     "model.add(keras.layers.Activation('softmax'))", "model.compile(loss='categorical_crossentropy')"),
    ("from tensorflow import keras\nmodel = keras.Sequential([\nkeras.layers.Dense(3, activation='softmax'),\n"
     "keras.layers.Softmax()])", "model.compile(loss='categorical_crossentropy')"),
    ("import torch.nn as nn\nmodel = nn.Sequential(nn.Linear(9, 3),\nnn.Sigmoid(), nn.Sigmoid())", "p = model(x)"),
])  # fmt: skip
def test_two_layers_in_a_row_apply_it_twice(head, use):
    (finding,) = lint(f"{head}\n{use}")
    assert (finding.code, finding.line) == ("LV003", 3)
    assert lint(f"{head}\n{use}".replace("softmax'", "relu'").replace("nn.Sigmoid(), ", "nn.ReLU(), ")) == []


@pytest.mark.parametrize("second", ["", "\n    ones = (preds == 0).float()"])
def test_a_mask_a_class_is_not_mended_by_one(second):
    code = MASKED.replace("(y == 1).float()", f"(preds == 1).float(){second}")
    code = code.replace("1 + 9 * mask", "mask * 9 + ones" if second else "mask * 9 + (1 - mask)")
    (finding,) = lint(code)
    assert finding.fix == (
        "loss = F.cross_entropy(logits, y, weight=class_weights)"
        if second
        else "mask = (y == 1).float()  # by each example's true class"
    )


def test_a_step_stays_one():
    model = "model = nn.Sequential(nn.Linear(9, 3), nn.Softmax(dim=1))\ncrit = nn.CrossEntropyLoss()\n"
    code = f"{TORCH}{model}crit(model(x), y).backward()"
    assert lint(code)[0].fix.splitlines()[-1] == "crit(model(x), y).backward()  # of the logits as they are"


def test_weights_by_a_guess_are_no_class_weights():
    code = """import tensorflow as tf
pred = tf.argmax(logits, 1)
weights = tf.where(tf.equal(pred, 1), 10.0, 1.0)
loss = tf.losses.sparse_softmax_cross_entropy(labels, logits, weights=weights)
"""
    assert "tf.gather(class_weights, labels)" in lint(code)[0].fix


def test_logits_are_not_what_was_guessed():
    code = MASKED.replace("mask = (y == 1)", "mask = preds.eq(1)").replace(
        "preds.eq(1).float()", "preds.eq(1).double()"
    )
    assert "cross_entropy(preds" not in lint(code)[0].fix
    masked = MASKED.replace(
        "mask = (y == 1).float()", "mask = (preds == 1).float() * 20 + 1\n    logits = logits * mask.unsqueeze(1)"
    )
    (finding,) = lint(
        masked.replace("    ce = F", "    other = F").replace(
            "(ce * (1 + 9 * mask)).mean()", "F.cross_entropy(logits, y)"
        )
    )
    assert finding.fix.splitlines()[0].startswith("# without line 9: logits = logits * mask.unsqueeze(1)")


def test_a_list_of_weights_is_no_dict():
    code = "from tensorflow import keras\nmodel = keras.Sequential()\nmodel.fit(x, y, class_weight=list(cw.values()))"
    assert [f.code for f in lint(code)] == ["LV009"]
    assert lint(code)[0].fix == "model.fit(x, y, class_weight=cw)"
    assert lint(code.replace("list(cw.values())", "dict(enumerate(cw))")) == []


PROBABILITIES = """import tensorflow as tf
def loss(y_true, y_pred):
    w = tf.gather(class_weights, tf.argmax(y_pred, axis=-1))
    return tf.keras.losses.sparse_categorical_crossentropy(y_true, y_pred{told}) * w
"""


@pytest.mark.parametrize("told", ["", ", from_logits=False", ", from_logits=True", ", True"])
def test_corrected_code_takes_what_the_loss_took(told):
    (finding,) = lint(PROBABILITIES.format(told=told))
    assert finding.code == "LV011"
    assert ("from_logits=True" in finding.fix) == ("True" in told)
    assert "(y_true, y_pred, sample_weight=weights)" in finding.fix


def test_binary_corrected_code_takes_probabilities_where_the_loss_did():
    code = """import numpy as np, tensorflow as tf
def loss(y_true, y_pred):
    w = tf.gather(class_weights, tf.cast(y_pred > 0.5, tf.int32))
    return tf.reduce_mean(tf.keras.losses.binary_crossentropy(y_true, y_pred) * tf.squeeze(w, -1))
"""
    (finding,) = lint(code)
    assert finding.code == "LV011"
    assert "_logits" not in finding.fix
    y, p = np.float32([[1], [0], [1], [0]]), np.float32([[0.9], [0.2], [0.3], [0.6]])
    held = {"tf": tf, "y_true": y, "y_pred": p, "pos_weight": 5.0}
    assert "\nreturn " in finding.fix, "as the line in whose place it stands"
    exec(finding.fix.replace("\nreturn ", "\nloss = "), held)
    assert float(held["loss"]) == pytest.approx(np.mean(np.where(y == 1, -5 * np.log(p), -np.log(1 - p))), rel=1e-4)


def test_an_object_is_made_as_it_was():
    code = """import tensorflow as tf
scce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=False)
loss = scce(y, probs, sample_weight=class_weights)
"""
    (finding,) = lint(code)
    assert "SparseCategoricalCrossentropy(from_logits=False)" in finding.fix
    assert "(y, probs, sample_weight=weights)" in finding.fix


def test_a_layer_of_keras_is_corrected_where_the_model_is_compiled():
    code = """import tensorflow as tf
x = tf.keras.layers.Lambda(lambda t: t * class_weights)(tf.keras.layers.Dense(3)(h))
out = tf.keras.layers.Softmax()(x)
"""
    (finding,) = lint(code)
    assert finding.code == "LV001"
    assert "model.compile(" in finding.fix


def test_the_same_flaw_over_and_over_takes_no_time_over_and_over():
    code = "import torch.nn.functional as F\n" + "a = F.cross_entropy(z * class_weights, y)\n" * 400
    begun = time.monotonic()
    findings = lint(code)
    assert time.monotonic() - begun < 20
    assert len(findings) == 400
    assert findings[MOST_FIXES - 1].fix.startswith("a = F.cross_entropy(z, y, weight")
    assert {f.fix for f in findings[MOST_FIXES:]} == {"# as for line 2"}
