"""The losses that take logits, in each framework: which argument is what, and where a read file calls them."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lossviz.lintvalues import LABELS, UNKNOWN, Call, Value


class Signature(NamedTuple):
    """Of a loss: where its arguments are.

    Attributes:
        kind: softmax or sigmoid.
        logits, labels: Keyword and position.
        weights: The same, of what weights; None where it has none.
        always: Whether it always takes logits; else it says `from_logits=True`.
        batch: Whether weights are per example; else per class.
    """

    kind: str
    logits: tuple[str, int]
    labels: tuple[str, int]
    weights: tuple[str, int] | None = None
    always: bool = True
    batch: bool = False


TF = {
    "tensorflow.nn.softmax_cross_entropy_with_logits": Signature("softmax", ("logits", 1), ("labels", 0)),
    "tensorflow.nn.softmax_cross_entropy_with_logits_v2": Signature("softmax", ("logits", 1), ("labels", 0)),
    "tensorflow.nn.sparse_softmax_cross_entropy_with_logits": Signature("softmax", ("logits", 1), ("labels", 0)),
    "tensorflow.nn.sigmoid_cross_entropy_with_logits": Signature("sigmoid", ("logits", 1), ("labels", 0)),
    "tensorflow.nn.weighted_cross_entropy_with_logits": Signature(
        "sigmoid", ("logits", 1), ("labels", 0), ("pos_weight", 2)
    ),
    "tensorflow.losses.softmax_cross_entropy": Signature(
        "softmax", ("logits", 1), ("onehot_labels", 0), ("weights", 2), batch=True
    ),
    "tensorflow.losses.sparse_softmax_cross_entropy": Signature(
        "softmax", ("logits", 1), ("labels", 0), ("weights", 2), batch=True
    ),
    "tensorflow.losses.sigmoid_cross_entropy": Signature(
        "sigmoid", ("logits", 1), ("multi_class_labels", 0), ("weights", 2)
    ),
}
KERAS = {
    f"keras.{place}{name}": Signature(kind, (output, 1), (target, 0), always=False)
    for place, output, target in (
        ("losses.", "y_pred", "y_true"),
        ("backend.", "output", "target"),
        ("ops.", "output", "target"),
    )
    for name, kind in (
        ("categorical_crossentropy", "softmax"),
        ("sparse_categorical_crossentropy", "softmax"),
        ("binary_crossentropy", "sigmoid"),
    )
}
OTHERS = {
    "torch.nn.functional.cross_entropy": Signature("softmax", ("input", 0), ("target", 1), ("weight", 2)),
    "torch.nn.functional.binary_cross_entropy_with_logits": Signature(
        "sigmoid", ("input", 0), ("target", 1), ("pos_weight", 6)
    ),
    "torch.nn.functional.binary_cross_entropy": Signature("sigmoid", ("input", 0), ("target", 1), always=False),
    "optax.softmax_cross_entropy": Signature("softmax", ("logits", 0), ("labels", 1)),
    "optax.softmax_cross_entropy_with_integer_labels": Signature("softmax", ("logits", 0), ("labels", 1)),
    "optax.sigmoid_binary_cross_entropy": Signature("sigmoid", ("logits", 0), ("labels", 1)),
}
FUNCTIONS = TF | KERAS | OTHERS
KERAS_CALL = Signature("softmax", ("y_pred", 1), ("y_true", 0), ("sample_weight", 2), always=False, batch=True)
CLASSES = {
    "keras.losses.CategoricalCrossentropy": KERAS_CALL,
    "keras.losses.SparseCategoricalCrossentropy": KERAS_CALL,
    "keras.losses.BinaryCrossentropy": KERAS_CALL._replace(kind="sigmoid"),
    "torch.nn.CrossEntropyLoss": Signature("softmax", ("input", 0), ("target", 1), ("weight", 0)),
    "torch.nn.BCEWithLogitsLoss": Signature("sigmoid", ("input", 0), ("target", 1), ("pos_weight", 4)),
    "torch.nn.BCELoss": Signature("sigmoid", ("input", 0), ("target", 1), always=False),
}
"""Losses that are objects: a call makes one, and a call of it is the loss; PyTorch's are given their weights when made."""
STRINGS = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax"}
STRINGS["sparse_categorical_crossentropy"] = "softmax"


class Loss(NamedTuple):
    """A loss with what it is given.

    Attributes:
        call: Where.
        name: Dotted name of the function or class.
        kind: softmax or sigmoid.
        from_logits: Whether it takes logits.
        logits, labels: What it is given as such.
        weights: What it weights with, or None.
        batch: Whether these are taken as one weight an example.
        made: The call that made the loss object, or None.
        spelled: How its logits and labels are written.
    """

    call: Call
    name: str
    kind: str
    from_logits: bool
    logits: Value
    labels: Value
    weights: Value | None
    batch: bool
    made: Call | None = None
    spelled: dict[str, ast.expr] = {}  # noqa: RUF012 - never written to

    @property
    def form(self) -> str:
        """What its labels are: sigmoid (yes or no each), onehot, or "" for integers."""
        if self.kind == "sigmoid":
            return "sigmoid"
        return "" if re.search("sparse|integer|^torch", self.name.lower()) else "onehot"


def says_logits(call: Call, position: int | None) -> bool:
    """Whether a Keras loss is told that it gets logits."""
    said = call.get("from_logits", position)
    return said is not None and said.const is True


def losses(calls: Iterable[Call]) -> Iterator[Loss]:
    """Every loss among these calls: functions, objects, and what a Keras model is compiled with."""
    for call in calls:
        if signature := FUNCTIONS.get(call.name):
            yield _loss(call, call.name, signature, signature.always or says_logits(call, 2), call)
        elif not call.method and call.on.made and (signature := CLASSES.get(call.on.made.name)):
            made = call.on.made
            torch = made.name.startswith("torch.")
            from_logits = signature.always or says_logits(made, 0)
            yield _loss(call, made.name, signature, from_logits, made if torch else call)._replace(made=made)
        elif call.method == "compile" and not call.name:
            yield from _compiled(call)


def _loss(call: Call, name: str, signature: Signature, from_logits: bool, weighted: Call) -> Loss:
    logits = call.get(*signature.logits) or UNKNOWN
    labels = call.get(*signature.labels) or UNKNOWN
    places = {"logits": signature.logits, "labels": signature.labels}
    if name.startswith("tensorflow.nn.") and len(call.args) > 1 and labels is call.args[0]:
        if LABELS in logits and LABELS not in labels:  # before TensorFlow 1.0 the logits came first
            logits, labels = labels, logits
            places = {"logits": signature.labels, "labels": signature.logits}
    spelled = {name: node for name, where in places.items() if (node := written(call.node, *where))}
    weights = weighted.get(*signature.weights) if signature.weights else None
    return Loss(call, name, signature.kind, from_logits, logits, labels, weights, signature.batch, None, spelled)


def written(node: ast.AST, keyword: str, position: int | None = None) -> ast.expr | None:
    """An argument of a call as it is written."""
    if not isinstance(node, ast.Call):
        return None
    found = next((k.value for k in node.keywords if k.arg == keyword), None)
    if found is None and position is not None and position < len(node.args):
        return node.args[position]
    return found


def _compiled(call: Call) -> Iterator[Loss]:
    loss, output = call.get("loss", 1), call.on.attrs.get("output", UNKNOWN)
    if loss is None:
        return
    if loss.made and (signature := CLASSES.get(loss.made.name)) and loss.made.name.startswith("keras."):
        yield Loss(
            call, loss.made.name, signature.kind, says_logits(loss.made, 0), output, UNKNOWN, None, False, loss.made
        )
    elif isinstance(loss.const, str) and loss.const in STRINGS:
        yield Loss(call, f"keras.losses.{loss.const}", STRINGS[loss.const], False, output, UNKNOWN, None, False)
    elif signature := FUNCTIONS.get(loss.name):
        yield Loss(call, loss.name, signature.kind, False, output, UNKNOWN, None, False)


def asked_of(loss: Loss, option: ast.keyword) -> ast.keyword:
    """An option that a PyTorch loss was made with, as it is written where the loss is called: a loss that is held knows it."""
    held = getattr(loss.call.node, "func", None)
    if loss.made is None or not isinstance(held, ast.Attribute) or isinstance(option.value, ast.Constant):
        return option
    return ast.keyword(option.arg, ast.Attribute(held, option.arg or ""))


def torch_weights(call: Call) -> tuple[str, Value]:
    """The keyword by which a PyTorch loss is given class weights, and these; "" where it is not."""
    place = torch_place(call)
    weights = call.get(*place) if place else None
    return (place[0], weights) if place and weights is not None and weights.given() else ("", UNKNOWN)


def torch_place(call: Call) -> tuple[str, int] | None:
    """Keyword and position of a PyTorch loss's class weights; None where it takes none."""
    signature = CLASSES.get(call.name) or FUNCTIONS.get(call.name)
    return signature.weights if signature and call.name.startswith("torch.") else None
