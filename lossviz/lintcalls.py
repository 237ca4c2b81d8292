"""What comes of calls and operators: which function of which framework turns what into what."""

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossviz.lintlosses import CLASSES, FUNCTIONS, torch_weights
from lossviz.lintorigin import by_class
from lossviz.lintproducts import (
    binary,
    by_prediction,
    compared,
    element,
    guessed,
    looked_up,
    matmul,
    product,
    quotient,
)  # fmt: skip
from lossviz.lintvalues import (
    ARRAY,
    CLASS_WEIGHTS,
    COUNTS,
    DIAGONAL,
    DICT,
    EXAMPLE_WEIGHTS,
    LABELS,
    LOG,
    LOGITS,
    LOSS,
    MULTI_LABEL,
    ONE_HOT,
    PARAMETER,
    PREDICTED,
    PREDICTED_WEIGHTS,
    RESAMPLED,
    SCORES,
    SIGMOID,
    SOFTMAX,
    UNKNOWN,
    WEIGHTED_LOSS,
    WEIGHTED_MEAN,
    WEIGHTS,
    Call,
    Mark,
    Value,
    named,
)  # fmt: skip

if TYPE_CHECKING:
    from lossviz.lintread import Reading

KEEP = set(
    "reshape cast squeeze expand_dims unsqueeze identity stop_gradient to float double half long int bool cuda cpu view "
    "view_as contiguous permute transpose flatten ravel constant convert_to_tensor tensor Tensor FloatTensor array asarray "
    "as_tensor from_numpy float32 detach clone copy clip_by_value clip clamp astype type tile repeat repeat_interleave "
    "broadcast_to expand expand_as numpy device_put variable to_float list tolist requires_grad_ type_as".split()
)
WRAPPERS = {"torch.compile", "torch.nn.DataParallel", "torch.nn.parallel.DistributedDataParallel"}  # of a model
REDUCE = set("reduce_sum reduce_mean sum mean nansum average vmap".split())
MULTIPLY = {"mul", "multiply", "mul_", "Multiply"}
LOOK_UP = {"gather": 1, "embedding_lookup": 1, "take": 1, "index_select": 2, "batch_gather": 1}
RESAMPLE = {"fit_resample", "fit_sample"}
ROOTS = {"tensorflow", "torch", "jax", "keras", "flax", "scipy", "haiku"}
ENCODERS = {"LabelBinarizer", "OneHotEncoder"}
FILLED = {"zeros", "zeros_like", "ones", "ones_like"}
ACTIVATIONS = {"Softmax", "Sigmoid", "LogSoftmax", "Softmax2d", "Activation"}
MODEL_NAMES = {
    "model", "net", "network", "classifier", "forward", "predict", "apply", "apply_fn", "module", "unet", "resnet", "inference",
}  # fmt: skip


# Activations


def activation(call: Call) -> str:
    """softmax, sigmoid or log_softmax, where a call applies one and nothing else: a function, a method, or such a layer."""
    if made := call.on.made if not call.method else None:
        return layer_activation(made) if made.name.rpartition(".")[2] in ACTIVATIONS else ""
    last = {"expit": "sigmoid"}.get(call.method, call.method)
    known = call.name.split(".")[0] in ROOTS if call.name else not call.on.code
    return last if last in ("softmax", "sigmoid", "log_softmax") and known else ""


def layer_activation(made: Call) -> str:
    """What a layer ends with."""
    last = made.name.rpartition(".")[2]
    if made.name.startswith(("torch.nn.", "keras.layers.")) and last in ACTIVATIONS - {"Activation"}:
        return {"Softmax2d": "softmax", "LogSoftmax": "log_softmax"}.get(last, last.lower())
    said = made.get("activation", {"Activation": 0, "Dense": 1}.get(last)) or made.get("activation_fn")
    if said is None or not made.name.startswith(("keras.", "tensorflow.")):
        return ""
    text = said.const if isinstance(said.const, str) else said.name.rpartition(".")[2]
    return text if text in ("softmax", "sigmoid") else ""


def activated(kind: str, node: ast.AST) -> Value:
    """What an activation returns."""
    if kind == "log_softmax":
        return Value(kinds=frozenset({LOG}))
    return Value(kinds=frozenset({kind}), marks=(Mark("activated", node),))


def end_of(reader: "Reading", layers: tuple[Value, ...]) -> Value:
    """What a stack of layers returns: its last that is more than a shape."""
    for i, layer in reversed(list(enumerate(layers))):
        if layer.made and layer.made.name.rpartition(".")[2] in (
            "Flatten",
            "Reshape",
            "Dropout",
            "Unflatten",
            "Squeeze",
        ):
            continue
        if layer.made and layer.made.name in SEQUENTIAL:
            return layer.attrs.get("output", UNKNOWN)
        if layer.made and (function := _lambda(layer.made)):
            given = end_of(reader, layers[:i])
            return reader.inline(function, layer.made._replace(args=(given,), kwargs={}))
        kind = layer_activation(layer.made) if layer.made else ""
        return activated(kind, layer.made.node) if kind and layer.made else Value(kinds=frozenset({SCORES}))
    return Value(kinds=frozenset({SCORES}))


def _lambda(made: Call) -> Value | None:
    """The function of a Keras layer that is one, where the file holds it."""
    function = made.get("function", 0) if made.name == "keras.layers.Lambda" else None
    return function if function and isinstance(function.code, ast.Lambda | ast.FunctionDef) else None


SEQUENTIAL = {"keras.Sequential", "torch.nn.Sequential"}


# Calls


def called(reader: "Reading", call: Call, function: Value, node: Any) -> Value:
    """What a call returns."""
    if isinstance(function.code, ast.ClassDef):
        if not function.made:
            return reader.instance(function, call)
        out = reader.method(function, ("forward", "call", "__call__"), call)
        return Value(kinds=frozenset({SCORES})) if out is None else out
    if function.code is not None:
        return reader.inline(function, call)
    if call.method == "compile" and not call.name:
        _compile(reader, call)
    if isinstance(call.on.code, ast.ClassDef) and call.method:
        if (out := reader.method(call.on, (call.method,), call)) is not None:
            return out
        if call.method == "apply":  # of Flax: the parameters, then what is given
            out = reader.method(call.on, ("__call__",), call._replace(args=call.args[1:]))
            return Value(kinds=frozenset({SCORES})) if out is None else out
    if function.made:
        if inner := _lambda(function.made):
            return reader.inline(inner, call)
        return _applied(function, call)
    sticky = {k for v in (call.on, *call.args, *call.kwargs.values()) for k in v.kinds & {RESAMPLED}}
    if call.name in FUNCTIONS:
        return _loss(call.name, call, call)
    if call.name and re.search(r"cross_?entropy|nll_loss", call.method):
        return Value(kinds=frozenset({LOSS}), marks=_targets(call))
    if call.method in ("fit_transform", "transform") and _binarizes(call.on, node):
        return Value(kinds=frozenset({LABELS, MULTI_LABEL, *sticky}))
    if call.method in ("fit_transform", "transform") and call.on.made and call.on.made.method in ENCODERS:
        return Value(kinds=frozenset({LABELS, ONE_HOT, *sticky}))
    out = _library(reader, call) if call.name else _method(reader, call, node)
    if out is not None:
        return out.also(*sticky) if sticky else out
    if call.name[:1].isalpha() and call.method[:1].isupper():
        return _made(reader, call).also(*sticky)
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    if not call.name and (name.lower() in MODEL_NAMES or name.lower().endswith(("_model", "_net"))):
        return Value(kinds=frozenset(sticky | {SCORES}))
    made = call if call.name else None
    return Value(kinds=frozenset(sticky), made=made)


def _compile(reader: "Reading", call: Call) -> None:
    """A Keras model meets its loss: where the file holds that, it is read with what the model gives."""
    model, loss = call.on, call.get("loss", 1) or UNKNOWN
    model.attrs["loss"] = loss
    if isinstance(model.code, ast.ClassDef):
        given = call._replace(args=(), kwargs={})
        model.attrs["output"] = reader.method(model, ("call", "forward"), given) or UNKNOWN
    given = call._replace(args=(Value(kinds=frozenset({LABELS})), model.attrs.get("output", UNKNOWN)), kwargs={})
    if isinstance(loss.code, ast.ClassDef) and loss.made:
        reader.method(loss, ("call", "__call__"), given)
    elif loss.code is not None and not isinstance(loss.code, ast.ClassDef):
        reader.inline(loss, given)


def _made(reader: "Reading", call: Call) -> Value:
    value = Value(made=call)
    if call.name in SEQUENTIAL:
        layers = call.args
        if len(layers) == 1 and layers[0].items is not None:
            layers = layers[0].items
        layers = layers or (call.kwargs.get("layers", UNKNOWN).items or ())
        value.attrs["layers"] = Value(items=tuple(layers))
        value.attrs["output"] = end_of(reader, tuple(layers))
    elif call.name == "keras.Model":
        outputs = call.get("outputs", 1) or UNKNOWN
        value.attrs["output"] = outputs if not outputs.items or len(outputs.items) != 1 else outputs.items[0]
    weights = call.get("apply_class_balancing") or (call.get("alpha") if "Focal" in call.method else None)
    return value.also(WEIGHTED_LOSS) if weights and weights.const is True else value


def _applied(function: Value, call: Call) -> Value:
    made = function.made
    assert made is not None
    if made.name in CLASSES:
        return _loss(made.name, call, made)
    if "output" in function.attrs:
        return replace(function.attrs["output"], items=None)
    if kind := layer_activation(made):
        return activated(kind, made.node)
    return Value(kinds=frozenset({SCORES}))


def _loss(name: str, call: Call, weighted: Call) -> Value:
    kinds = {LOSS}
    reduction = weighted.get("reduction")
    if torch_weights(weighted)[0]:
        kinds.add(WEIGHTED_LOSS)
    if name in ("torch.nn.CrossEntropyLoss", "torch.nn.functional.cross_entropy"):
        weight = weighted.get("weight", 2 if name.endswith("y") else 0)
        if weight and weight.given() and (reduction is None or reduction.const == "mean"):
            kinds.add(WEIGHTED_MEAN)
    return Value(kinds=frozenset(kinds), marks=_targets(call))


def _targets(call: Call) -> tuple[Mark, ...]:
    """Of a loss whose targets are predictions, such as pseudo-labels: where they were made."""
    made = [m for v in (*call.args, *call.kwargs.values()) if PREDICTED in v and (m := v.mark("guessed"))]
    return (Mark("target", made[0].node),) if made else ()


def _library(reader: "Reading", call: Call) -> Value | None:
    """Of the functions of the libraries; None where it is not known."""
    first, last, name = call.args[0] if call.args else UNKNOWN, call.method, call.name
    if kind := activation(call):
        return activated(kind, call.node)
    if last in ("compute_class_weight", "class_weights") and name.startswith(("sklearn.", "lossviz.")):
        return Value(kinds=frozenset({CLASS_WEIGHTS, ARRAY}))
    if last == "compute_sample_weight":
        return Value(kinds=frozenset({EXAMPLE_WEIGHTS}))
    if name in WRAPPERS:
        return first
    if last in ("Variable", "Parameter", "get_variable"):
        return Value(kinds=frozenset({PARAMETER}))
    if last in ("no_grad", "inference_mode"):
        return Value(kinds=frozenset({"no_grad"}))
    if last == "sample_from_datasets" and call.get("weights", 1) and by_class(reader.tree, call.node, compared=True):
        return Value(kinds=frozenset({RESAMPLED}))
    if name == "sklearn.utils.resample" and call.get("n_samples") and by_class(reader.tree, call.node, compared=True):
        return Value(kinds=frozenset({RESAMPLED}))
    if last == "train_test_split":
        return Value(items=tuple(v for arg in call.args for v in (arg, arg)))
    if last == "searchsorted" and len(call.args) > 1:  # labels as indices of the sorted classes
        return Value(kinds=call.args[1].kinds & {LABELS, PREDICTED})
    if last in ("bincount", "Counter"):
        return Value(kinds=frozenset({COUNTS}))
    if last == "einsum":
        return _einsum(call)
    if last in ("where", "select") and len(call.args) == 3:
        return _where(call)
    if last == "dense" or last == "fully_connected":
        kind = layer_activation(call._replace(name="tensorflow.layers"))
        return activated(kind, call.node) if kind else Value(kinds=frozenset({SCORES}))
    return _either(call, first, call.args[1:])


def _method(reader: "Reading", call: Call, node: Any) -> Value | None:
    """Of the methods of a value; None where it is not known."""
    on, last = call.on, call.method
    if not last:
        if isinstance(node, ast.Name) and node.id in ("list", "tuple", "float"):
            given = call.args[0] if call.args else UNKNOWN
            return given if node.id == "float" else replace(given, kinds=given.kinds - {DICT} | {ARRAY})
        if isinstance(node, ast.Name) and node.id == "dict":
            return Value(kinds=frozenset({DICT}))
        if isinstance(node, ast.Name) and node.id == "enumerate" and call.args:
            return Value(items=(Value(items=(UNKNOWN, element(call.args[0]))),))
        if isinstance(node, ast.Name) and node.id == "zip":
            return Value(items=(Value(items=tuple(element(a) for a in call.args)),))
        return None
    if kind := activation(call):
        return activated(kind, call.node)
    if last in ("train", "eval") and on.code:  # a model of PyTorch's, which returns itself
        return on
    if last == "add" and "layers" in on.attrs:
        on.attrs["layers"] = Value(items=(*(on.attrs["layers"].items or ()), *call.args))
        on.attrs["output"] = end_of(reader, on.attrs["layers"].items or ())
        return UNKNOWN
    if last in RESAMPLE:
        if on.made and not balances(on.made):
            return UNKNOWN
        return Value(items=tuple(Value(kinds=(a.kinds & {LABELS}) | {RESAMPLED}) for a in call.args))
    if last == "value_counts":
        return Value(kinds=frozenset({COUNTS}))
    if last in ("map", "replace", "apply") and LABELS in on and call.args and call.args[0].has(CLASS_WEIGHTS, WEIGHTS):
        return Value(kinds=frozenset({EXAMPLE_WEIGHTS}))
    if last == "register_buffer" and len(call.args) > 1 and isinstance(name := call.args[0].const, str):
        on.attrs[name] = named(call.args[1], name)
    if last == "add_weight":
        return Value(kinds=frozenset({PARAMETER}))
    if last == "max" and on.has(LOGITS, SCORES, SOFTMAX, SIGMOID) and (call.args or call.kwargs):
        return Value(items=(UNKNOWN, guessed(on, call.node)))
    if on.made and on.made.name == "keras.Model" and last == "predict":
        return None
    return _either(call, on, call.args)


def balances(sampler: Call) -> bool:
    """Whether a sampler of imblearn adds to every class until all are as large."""
    strategy = sampler.get("sampling_strategy", 0)
    part = strategy is not None and not isinstance(strategy.const, str) and strategy.const != 1
    return "under" not in sampler.name.lower() and not part


def _either(call: Call, first: Value, others: tuple[Value, ...]) -> Value | None:
    """What functions and methods of one name do alike."""
    last, second = call.method, others[0] if others else UNKNOWN
    if last in KEEP:
        return (
            first.also(ARRAY) if last in ("array", "asarray", "constant", "tensor", "FloatTensor", "tolist") else first
        )
    if last in MULTIPLY:
        return product(call.node, first, second)
    if last in ("div", "divide", "truediv"):
        return quotient(call.node, first, second)
    if last in ("add", "subtract", "sub"):
        return binary(call.node, "Add", first, second)
    if last in ("matmul", "mm", "dot"):
        return matmul(call.node, first, second)
    if last in ("diag", "diag_embed"):
        return first.also(DIAGONAL)
    if last in LOOK_UP:
        index = call.get("indices") or call.get("ids") or next((o for o in reversed(others) if o.kinds), second)
        return looked_up(call.kwargs.get("params", first), index, call.node)
    if last in REDUCE:
        if LOG in first:
            return Value(kinds=frozenset({LOG}))
        return Value(kinds=first.kinds & {EXAMPLE_WEIGHTS, PREDICTED_WEIGHTS, LOSS, WEIGHTED_MEAN},
                     marks=tuple(m for m in first.marks if m.what in ("predicted", "target")))  # fmt: skip
    if last in ("argmax", "round", "rint") or (
        last == "max" and call.name.startswith("torch") and bool(len(others) == 1 or call.get("dim"))
    ):
        found = UNKNOWN
        if LABELS in first and last == "argmax":
            found = Value(kinds=frozenset({LABELS}))
        elif first.has(LOGITS, SCORES, SOFTMAX, SIGMOID, PREDICTED):
            found = guessed(first, call.node)
        return Value(items=(UNKNOWN, found)) if last == "max" else found
    if last in ("one_hot", "to_categorical", "get_dummies"):
        return Value(kinds=(first.kinds & {LABELS, PREDICTED}) | {ONE_HOT}, marks=first.marks)
    if last in ("equal", "not_equal", "greater", "eq", "gt"):
        return compared(first, [second], call.node)
    if last in ("log", "log_"):
        return Value(kinds=frozenset({LOG} if first.has(SOFTMAX, SIGMOID, SCORES) else ()))
    return None


def _einsum(call: Call) -> Value:
    form = call.args[0].const if call.args else ...
    if isinstance(form, str) and len(call.args) == 3 and "->" in form:
        parts, out = form.replace(" ", "").split("->")
        a, _, b = parts.partition(",")
        if out == a and set(b) < set(a):
            return product(call.node, call.args[1], call.args[2])
        if out == b and set(a) < set(b):
            return product(call.node, call.args[2], call.args[1])
        return matmul(call.node, call.args[1], call.args[2])
    return UNKNOWN


def _where(call: Call) -> Value:
    condition, one, other = call.args
    if all(v.const in (0, 1) or (v.made and v.made.method in FILLED) for v in (one, other)):  # a mask, or labels
        return Value(made=call)
    plain = not (one.kinds | other.kinds) - {ARRAY, WEIGHTS, CLASS_WEIGHTS}
    if plain and LABELS in condition:
        return Value(kinds=frozenset({EXAMPLE_WEIGHTS}))
    if plain and PREDICTED in condition and (condition.mark("mask") or one.has(WEIGHTS, CLASS_WEIGHTS)):
        return by_prediction(condition, call.node)
    return Value(kinds=one.kinds & other.kinds, made=call)


def _binarizes(on: Value, node: Any) -> bool:
    """Whether a value is a MultiLabelBinarizer: made in this file, or called so where it comes from another."""
    if on.made:
        return on.made.method == "MultiLabelBinarizer"
    name = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
    return bool(re.fullmatch(r"(self\.)?_?(mlb|multi_?label_?binarizer)", name, re.IGNORECASE))
