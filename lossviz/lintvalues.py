"""What can be known of a value by reading code: what its name, its number or the function that made it says.

Nothing is executed: a `Value` is a set of facts, never the value itself.
"""

import ast
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

CLASS_WEIGHTS = "class weights"  # one number a class
WEIGHTS = "weights"  # called weights, of whatever
EXAMPLE_WEIGHTS = "example weights"  # class weights looked up by the true label
PREDICTED_WEIGHTS = "weights by prediction"  # the same by the predicted label
LOGITS = "logits"
SCORES = "scores"  # what a model returns: logits, or probabilities
SOFTMAX, SIGMOID = "softmax", "sigmoid"
LABELS = "labels"
MULTI_LABEL = "multi-label"
ONE_HOT = "one-hot"  # of classes that exclude each other
PREDICTED = "predicted labels"
COUNTS = "counts"
LOSS = "loss"
WEIGHTED_LOSS = "weighted loss"  # a loss function that weights classes itself
ARRAY, DICT = "array", "dict"
RESAMPLED = "resampled"
PARAMETER = "parameter"  # trained
MASK = "mask"
LOG = "log probabilities"
DIAGONAL = "diagonal"
WEIGHTED_MEAN = "Σwℓ/Σw"  # a loss divided by the weights of its batch

HINTS = (
    (r".*mask.*|.*ignore.*", MASK),
    (r"(.*_)?(sample|example|instance|row|pixel)_?(w|wts?|weights?)(_.*)?", ""),
    (r"(.*_)?(class|cls|label|category)_?(w|wts?|weights?|weighting|ratios?)(_(tensor|tf|t|vector|vec|array|dict|np))?",
     CLASS_WEIGHTS),
    (r"weights?_(per|by|of|for)_class(es)?|pos_weights?|balanced_weights?|loss_weights?_per_class", CLASS_WEIGHTS),
    (r"weights?|wts|cw|loss_weights?", WEIGHTS),
    (r"(.*_)?logits?(_.*)?", LOGITS),
    (r"scores?|outputs?|preds?|predictions?|y_?pred|y_?hat|out|net_out|model_outputs?", SCORES),
    (r".*(multi_?hot|multi_?label).*", MULTI_LABEL),
    (r"(.*_)?(labels?|targets?|y_?true|gt|ground_truth|one_?hot(_.*)?)|y[btv]?|y_(train|valid|val|dev|test|batch|res|b).*|(train|valid|val|dev|test)_y|target_.*",
     LABELS),
    (r"(.*_)?(counts?|freqs?|frequenc(y|ies)|cls_num_list|(num|n|samples)_per_(class|cls)|priors?)(_.*)?", COUNTS),
)  # fmt: skip
"""What a name says, first match first; "" says that it is nothing the other patterns think."""
OVERSAMPLED = re.compile(
    r"(?!.*(no|non|not|un|without|before|pre)_?(over|up|smote|re)).*(over_?sampled|up_?sampled|smote|resampled).*"
)


class Mark(NamedTuple):
    """Something that was done to a value, and where.

    Attributes:
        what: Such as multiplied.
        node: Where.
        sure: Whether nothing else is meant.
        by: Of weights by prediction, where the prediction was made, of a mask, where the scores were squashed; None where that
            is not known.
    """

    what: str
    node: ast.AST
    sure: bool = True
    by: ast.AST | None = None


@dataclass(frozen=True, eq=False)
class Value:
    """What is known of the value of an expression.

    Attributes:
        kinds: What it is, of the constants above.
        name: Dotted name, of a library's module, function or class.
        made: The call that made this object: a layer, a loss, a model, a sampler.
        code: Definition, of a function or class of the file; of an object, its class.
        scope: Where `code` was defined.
        items: Of a tuple or list.
        const: Of a literal number, text, bool; `...` where it is none.
        marks: What was done to it.
        attrs: What is known of an object's attributes; shared by all who know the object.
    """

    kinds: frozenset[str] = frozenset()
    name: str = ""
    made: "Call | None" = None
    code: Any = None
    scope: Any = None
    items: tuple["Value", ...] | None = None
    const: Any = ...
    marks: tuple[Mark, ...] = ()
    attrs: dict[str, "Value"] = field(default_factory=dict)

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds

    def has(self, *kinds: str) -> bool:
        """Whether it is one of these."""
        return not self.kinds.isdisjoint(kinds)

    def mark(self, what: str) -> Mark | None:
        """The mark of this name, or None."""
        return next((m for m in self.marks if m.what == what), None)

    def given(self) -> bool:
        """Whether it is something else than None."""
        return self.const is not None

    def also(self, *kinds: str, marks: tuple[Mark, ...] = ()) -> "Value":
        """The same with more kinds and marks."""
        return replace(self, kinds=self.kinds | set(kinds), marks=joined(self.marks, marks))


UNKNOWN = Value()


class Call(NamedTuple):
    """A call that was read: of a library's function, of a method, or of an object; products are calls of `*`.

    Attributes:
        node: Where.
        name: Dotted name of a library's function or class; "" of a method.
        method: Last part of the name.
        on: What the method belongs to, or the object called.
        args: Positional arguments.
        kwargs: Keyword arguments.
        inside: Names of the functions around it, and `no_grad`.
        sites: The functions it was read in, each with the call by which it was reached.
    """

    node: ast.AST
    name: str
    method: str
    on: Value
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = {}  # noqa: RUF012 - never written to
    inside: tuple[str, ...] = ()
    sites: tuple[tuple[ast.AST, ast.AST], ...] = ()

    def get(self, keyword: str, position: int | None = None) -> Value | None:
        """An argument by its keyword or its position, or None."""
        if keyword in self.kwargs:
            return self.kwargs[keyword]
        return self.args[position] if position is not None and position < len(self.args) else None


def joined(a: tuple[Mark, ...], b: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Both, the first of each kind."""
    held = {m.what for m in a}
    return a + tuple(m for m in b if m.what not in held)


@lru_cache(maxsize=4096)
def hint(name: str) -> frozenset[str]:
    """What a name says about its value.

    Example:
        >>> sorted(hint("classWeights")), sorted(hint("y_train")), sorted(hint("temperature"))
        (['class weights'], ['labels'], [])
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:80]).lower().strip("_")
    found = next((kind for pattern, kind in HINTS if re.fullmatch(pattern, name)), "")
    kinds = {found} if found else set()
    if found == MULTI_LABEL:
        kinds |= {LABELS}
    if OVERSAMPLED.fullmatch(name):
        kinds |= {RESAMPLED}
    return frozenset(kinds)


def named(value: Value, name: str) -> Value:
    """A value that is assigned to a name: what the name says counts where nothing better is known."""
    hints = hint(name)
    if CLASS_WEIGHTS in hints and "pos" in name.lower() and type(value.const) in (int, float):
        return value.also(CLASS_WEIGHTS)
    if not hints or value.name or value.code or value.const is not ...:
        return value
    known = value.kinds - {ARRAY, DICT, RESAMPLED, WEIGHTS}
    if known and not (known <= {MULTI_LABEL, LABELS} and MULTI_LABEL in hints):
        hints &= {RESAMPLED}
    if value.made and not value.kinds and value.made.method[:1].isupper():
        hints &= {RESAMPLED}
    return replace(value, kinds=value.kinds | hints)


def merged(a: Value, b: Value) -> Value:
    """What is known after one of two branches: what is true in both, and what was done in either; None says nothing."""
    if a is b or b.const is None:
        return a
    if a.const is None:
        return b
    same = a.made is b.made and a.code is b.code and a.name == b.name
    kept = replace(a, items=None, const=...) if same else Value()
    return replace(kept, kinds=a.kinds & b.kinds, marks=joined(a.marks, b.marks))


CONVENTIONS = {
    "tf": "tensorflow", "np": "numpy", "pd": "pandas", "keras": "keras", "K": "keras.backend", "layers": "keras.layers",
    "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "jax": "jax", "jnp": "jax.numpy", "optax": "optax",
    "tensorflow": "tensorflow", "numpy": "numpy",
    **{n: f"keras.layers.{n}" for n in ("Dense", "Activation", "Dropout", "Flatten", "Input", "Conv2D", "LSTM", "Embedding")},
    **{n: f"keras.losses.{n}" for n in (
        "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "categorical_crossentropy",
        "sparse_categorical_crossentropy", "binary_crossentropy")},
    "Sequential": "keras.Sequential", "Model": "keras.Model",
    **{n: f"torch.nn.{n}" for n in ("CrossEntropyLoss", "BCEWithLogitsLoss", "BCELoss")},
    **{n: f"torch.utils.data.{n}" for n in ("WeightedRandomSampler", "DataLoader")},
    **{n: f"sklearn.utils.class_weight.{n}" for n in ("compute_class_weight", "compute_sample_weight")},
    "class_weight": "", "SMOTE": "imblearn.over_sampling.SMOTE", "RandomOverSampler": "imblearn.over_sampling.RandomOverSampler",
    "MultiLabelBinarizer": "sklearn.preprocessing.MultiLabelBinarizer",
}  # fmt: skip
"""Names that a pasted snippet uses without importing them."""
LIBRARIES = {name.partition(".")[0] for name in CONVENTIONS.values() if name} | set(
    "sklearn scipy lossviz flax haiku lightning pytorch_lightning torchmetrics transformers xgboost lightgbm catboost".split()
)
"""Modules in which a name says what a function does, not what a value is."""
SAME = (
    (r"tensorflow\.compat\.v[12]\.", "tensorflow."),
    (r"tensorflow\.contrib\.losses\.", "tensorflow.losses."),
    (r"tensorflow\.(contrib\.|python\.)?keras(?=\.|$)", "keras"),
    (r"keras\.(api|src|_tf_keras\.keras)\.", "keras."),
    (r"tf_keras(?=\.|$)", "keras"),
    (r"keras\.(metrics|objectives)\.(?=\w*crossentropy)", "keras.losses."),
    (r"keras\.(models|engine\.\w+)\.(?=Sequential|Model)", "keras."),
    (r"keras\.layers\.\w+\.", "keras.layers."),
    (r"tensorflow\.losses\.(?=\w*[cC]rossentropy)", "keras.losses."),
    (r"tensorflow\.math\.(?!.*cross_entropy)", "tensorflow."),
    (r"optax\.losses\.", "optax."),
    (r"torch\.nn\.modules\.\w+\.", "torch.nn."),
    (r"sklearn\.utils\.(?=compute_)", "sklearn.utils.class_weight."),
)


def of_module(name: str) -> Value:
    """What a dotted name stands for: class weights, where a module of the user's own has them; else itself.

    Example:
        >>> of_module("config.CLASS_WEIGHTS").kinds, of_module("sklearn.utils.class_weight").name
        (frozenset({'class weights'}), 'sklearn.utils.class_weight')
    """
    root, _, last = name.partition(".")[0], *name.rpartition(".")[1:]
    own = CLASS_WEIGHTS in hint(last) and root not in LIBRARIES
    return Value(kinds=hint(last)) if own else Value(name=canonical(name))


def canonical(name: str) -> str:
    """One dotted name for what has several.

    Example:
        >>> canonical("tensorflow.compat.v1.nn.softmax"), canonical("tensorflow.keras.models.Sequential")
        ('tensorflow.nn.softmax', 'keras.Sequential')
    """
    for pattern, short in SAME:
        name = re.sub("^" + pattern, short, name)
    return name
