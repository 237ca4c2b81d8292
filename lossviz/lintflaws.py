"""What is wrong with losses that are seen in the wild: the one place to add a rule.

A rule is a function from a `Reading` to places, with a code, a title, a reason in plain words, the number of the claim
that is about it or None, and the code to write instead, a table of `lossviz.lintfixes`. Command line, page, README and tests
take it from here.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

from lossviz.lintcalls import ACTIVATIONS, MULTIPLY, activation, balances, layer_activation
from lossviz.lintdecides import VALIDATES, around, decides, evaluates, region_of
from lossviz.lintfactors import holds, operands, replaced, statement, unshaped, without_product
from lossviz.lintfixes import (
    A_DICT,
    KEYWORDS,
    LOOKED_UP,
    ONE_SIGMOID,
    PER_EXAMPLE_MEAN,
    PLAIN_VALIDATION,
    RAW,
    RESAMPLED_ONLY,
    SIGMOID_EACH,
    WEIGHTED,
    WEIGHTED_ONCE,
)
from lossviz.lintflow import condition, exclusive, questions
from lossviz.lintguesses import by_label, of_its_logits, teaches, unmasked
from lossviz.lintlosses import CLASSES, Loss, losses, torch_place, torch_weights, written
from lossviz.lintorigin import by_class, looked_up
from lossviz.lintown import raw, rewritten, unactivated, unsquashed, with_argument, without_argument
from lossviz.lintproducts import masked
from lossviz.lintread import Reading
from lossviz.lintresampling import (
    elsewhere,
    only_measures,
    resampled_by_name,
    separate,
    weighs,
    where_given,
    without_resampling,
)
from lossviz.lintrules import FIT, RULES, At, Places, line, methods, rule
from lossviz.lintvalues import (
    ARRAY,
    CLASS_WEIGHTS,
    DICT,
    EXAMPLE_WEIGHTS,
    LABELS,
    LOGITS,
    LOSS,
    MULTI_LABEL,
    ONE_HOT,
    PREDICTED_WEIGHTS,
    RESAMPLED,
    SCORES,
    SIGMOID,
    SOFTMAX,
    UNKNOWN,
    WEIGHTED_LOSS,
    WEIGHTED_MEAN,
    Call,
    Mark,
    Value,
)  # fmt: skip


@rule(
    "LV001",
    "Logits multiplied by class weights",
    "This does not weight the loss. It scales output columns: the same number added to all logits now changes the "
    "loss, and a trainable last layer simply learns the factors away. Multiply each example's loss by the weight of "
    "its true class.",
    1,
    WEIGHTED,
)
def multiplied_logits(reading: Reading) -> Places:
    """Weights on logits that reach a loss or a softmax."""
    for loss in losses(reading.calls):
        mark = loss.logits.mark("multiplied")
        if loss.from_logits and mark and not loss.logits.has(SOFTMAX, SIGMOID):
            yield At(mark.node, f"The loss is in line {line(loss.call.node)}.", loss)
    for call in reading.calls:
        kind = activation(call)
        given = call.args[0] if call.args else call.kwargs.get("logits", call.on if call.method else UNKNOWN)
        mark = given.mark("multiplied")
        if kind in ("softmax", "log_softmax") and mark and mark.sure and not given.has(SOFTMAX, SIGMOID):
            yield At(mark.node, f"The softmax is in line {line(call.node)}.", call=call)


@rule(
    "LV002",
    "Weighted probabilities given to a loss that takes logits",
    "The loss applies its own softmax or sigmoid to what it gets. Probabilities times weights are no logits: the "
    "gradient is squeezed and the weights end up inside an exponential. Give it the raw logits, and weight the "
    "examples' losses.",
    15,
    WEIGHTED,
)
def weighted_probabilities(reading: Reading) -> Places:
    """Products of weights and probabilities that reach a from-logits loss."""
    for loss in losses(reading.calls):
        if loss.from_logits and (mark := loss.logits.mark("weighted probabilities")):
            before, logits = raw(mark.node, loss, reading)
            said = f"The loss is in line {line(loss.call.node)}."
            yield At(mark.node, said, loss, before=before, logits=logits)


@rule(
    "LV003",
    "Softmax or sigmoid applied twice",
    "The loss applies the softmax or sigmoid itself. Applied before as well, its input is squeezed between 0 and 1: "
    "the loss cannot come near 0, and gradients shrink. Give it the raw logits.",
    15,
    RAW,
)
def activated_twice(reading: Reading) -> Places:
    """Probabilities given to a from-logits loss, or a softmax of a softmax."""
    for loss in losses(reading.calls):
        given = loss.logits
        if loss.from_logits and given.has(SOFTMAX, SIGMOID) and not given.mark("weighted probabilities"):
            kind = "softmax" if SOFTMAX in given else "sigmoid"
            mark = given.mark("activated")
            where = mark.node if mark else loss.call.node
            said = f"A {kind} here; the loss in line {line(loss.call.node)} applies its own {loss.kind}."
            yield At(where, said, loss, own=unactivated(where, loss, loss.call, reading))
    for call in reading.calls:
        given = call.args[0] if call.args else call.kwargs.get("logits", call.on if call.method else UNKNOWN)
        kind = activation(call)
        if kind == "log_softmax" or (kind and kind in given.kinds):
            if mark := given.mark("activated"):
                said = f"Line {line(call.node)} applies the {kind.replace('log_', '')} again."
                form = kind if kind == "sigmoid" else ""
                yield At(mark.node, said, call=call, form=form, own=unactivated(mark.node, None, call, reading))

    for before, after in _stacked(reading):
        kind = layer_activation(after)
        if (
            kind
            and layer_activation(before) in (kind, f"log_{kind}")
            and after.name.rpartition(".")[2] in ACTIVATIONS
            and not exclusive(reading.tree, before.node, after.node)
        ):
            own = f"# without line {line(after.node)}: {ast.unparse(after.node)}"
            yield At(before.node, f"The layer of line {line(after.node)} applies it again.", call=after, own=own)


def _stacked(reading: Reading) -> Iterator[tuple[Call, Call]]:
    """Layers of a model that is used, each with the next."""
    for layers in {id(v): v for call in reading.calls if (v := call.on.attrs.get("layers"))}.values():
        yield from ((one.made, other.made) for one, other in pairwise(layers.items or ()) if one.made and other.made)


@rule(
    "LV004",
    "Class weights on top of resampling",
    "Resampling already makes rare classes count more; weights then count them twice. Weighting in the loss and "
    "drawing more often are the same in expectation: use one of them.",
    None,
    RESAMPLED_ONLY,
)
def resampled_and_weighted(reading: Reading) -> Places:
    """Weights for data that were resampled, and weighted losses beside a weighted sampler."""
    by_name = resampled_by_name(reading)
    for call in () if by_name else methods(reading.calls, FIT):
        if not any(RESAMPLED in v for v in call.args) and not any(
            RESAMPLED in call.kwargs.get(n, UNKNOWN) for n in ("x", "y", "X")
        ):
            continue
        weights = call.kwargs.get("class_weight")
        if (
            weights
            and weights.given()
            and RESAMPLED not in weights
            and not without_resampling(reading, where_given(weights, call))
        ):
            said = "The data were resampled, and `class_weight` weights them again."
            yield At(call.node, said, call=call, own=_once(reading, call, "class_weight", "the data are resampled"))
        weights = call.kwargs.get("sample_weight")
        if weights and EXAMPLE_WEIGHTS in weights and RESAMPLED not in weights:
            said = "The data were resampled, and `sample_weight` weights their classes again."
            yield At(call.node, said, call=call, own=_once(reading, call, "sample_weight", "the data are resampled"))
        made = call.on.made
        for keyword in ("class_weight", "scale_pos_weight"):
            given = made.kwargs.get(keyword) if made else None
            some = given is not None and weighs(given) and not isinstance(given.const, str)
            if (
                made
                and given
                and some
                and RESAMPLED not in given
                and not without_resampling(reading, where_given(given, made))
            ):
                said = f"The data were resampled, and the classifier of line {line(made.node)} weights them again."
                whole = call.node if holds(call.node, made.node) else made.node  # made and fitted in one
                plain = rewritten(reading, whole, replaced(whole, made.node, without_argument(made.node, keyword)))
                yield At(call.node, said, call=call, own=f"{plain}  # the data are resampled")
    for call in reading.calls:
        if re.fullmatch(r"imblearn\.pipeline\.(Pipeline|make_pipeline)", call.name):
            yield from _pipeline(call)
    loaders = [(call, call.get("sampler", 3)) for call in reading.calls if call.method == "DataLoader"]
    mixed_only = {
        _data(call)
        for call, sampler in loaders
        if (sampler is None or sampler.const is None) and (mixed := call.get("shuffle", 2)) and mixed.const is True
    }
    unweighted = any(
        torch_place(c) and not torch_weights(c)[0] and not HELD_OUT.search(_target(reading, c)) for c in reading.calls
    )
    samplers = [
        (call, s) for call, s in loaders if s and s.made and (
            s.made.method == "ImbalancedDatasetSampler" or (s.made.method == "WeightedRandomSampler"
            and by_class(reading.tree, written(s.made.node, "weights", 0))))
        and not (unweighted and _data(call) in mixed_only)  # both are done without, too: a comparison
    ]  # fmt: skip
    for call in reading.calls if samplers else []:
        keyword, weights = torch_weights(call)
        for loader, sampler in samplers if keyword and not only_measures(reading, call) else []:
            drawn = where_given(sampler, sampler.made or loader)
            if not elsewhere(reading, loader, call) and not separate(reading, drawn, where_given(weights, call)):
                said = f"`{keyword}` weights what the sampler of line {line((sampler.made or loader).node)} already balances."
                yield At(call.node, said, call=call, form="sigmoid" if keyword == "pos_weight" else "")
                break
    for loss in () if by_name else losses(reading.calls):
        made = loss.made or loss.call
        keyword, weights = torch_weights(made)
        if (
            keyword
            and RESAMPLED in loss.labels
            and RESAMPLED not in weights
            and weighs(weights)
            and not without_resampling(reading, where_given(weights, made))
        ):
            said = f"The data were resampled, and `{keyword}` weights them again."
            plain = rewritten(reading, made.node, without_argument(made.node, *(torch_place(made) or ())))
            yield At(made.node, said, loss, own=f"{plain}  # the data are resampled")


def _target(reading: Reading, made: Call) -> str:
    """The name that is given to what a call makes."""
    above = statement(reading.tree, made.node)
    return ast.unparse(above.targets[0]) if isinstance(above, ast.Assign) else ""


def _data(loader: Call) -> str:
    """What a loader reads, as it is written."""
    data = written(loader.node, "dataset", 0)
    return ast.unparse(data) if data else ""


def _pipeline(call: Call) -> Places:
    """A classifier with weights of its own behind a sampler; of the balanced data, "balanced" weights are all 1."""
    given = call.get("steps", 0) if call.method == "Pipeline" else None
    steps = (given.items or ()) if given else call.args
    sampled = None
    for made in ((step.items[-1] if step.items else step).made for step in steps):
        if made and made.name.startswith(("imblearn.over_sampling.", "imblearn.combine.")) and balances(made):
            sampled = made
        own = made.kwargs.get("class_weight") if made else None
        if made and sampled and own and own.given() and not isinstance(own.const, str):
            yield At(made.node, f"The sampler of line {line(sampled.node)} already balances its data.", call=made)


@rule(
    "LV005",
    "Class weights given twice",
    "Each of the two multiplies every example's loss, so that a class of weight 10 counts 100-fold. Give the weights once.",
    21,
    WEIGHTED_ONCE,
)
def weighted_twice(reading: Reading) -> Places:
    """class_weight beside sample_weight made of the same, or a loss that weights classes; such a loss times weights."""
    for call in methods(reading.calls, FIT):
        weights, examples = call.kwargs.get("class_weight"), call.kwargs.get("sample_weight")
        own = call.on.made.kwargs.get("class_weight") if call.on.made else None
        if examples and EXAMPLE_WEIGHTS in examples:
            if (
                weights
                and weights.given()
                and not separate(reading, where_given(weights, call), where_given(examples, call))
            ):
                said = "`class_weight` and `sample_weight` hold the weight of the same class."
                yield At(call.node, said, call=call, own=_once(reading, call, "sample_weight", "weighted once"))
            elif own and own.given() and call.on.made and call.on.made.name.startswith("sklearn."):
                said = "The classifier has `class_weight`, and `sample_weight` is the weight of the class again."
                yield At(
                    call.node, said, call=call, own=_once(reading, call, "sample_weight", "the classifier weights them")
                )
        loss = call.on.attrs.get("loss")
        if weights and weights.given() and loss is not None and _weighted(loss):
            said = "The loss that the model is compiled with weights the classes, too."
            yield At(
                call.node, said, call=call, own=_once(reading, call, "class_weight", "the loss weights the classes")
            )

    for call in reading.calls:
        if call.name != "*" and call.method not in MULTIPLY:
            continue
        values = call.args if call.name else (call.on, *call.args)
        for (part, value), (other, by) in permutations(list(zip(operands(call.node), values, strict=False))[-2:], 2):
            if WEIGHTED_LOSS in value and EXAMPLE_WEIGHTS in by and by_class(reading.tree, other):
                said = "The loss was given class weights already, and is multiplied by those of the examples' classes."
                yield At(call.node, said, call=call, own=without_product(call.node, part, reading))


def _once(reading: Reading, fit: Call, twice: str, why: str) -> str:
    """The user's own training without what weights again; the model, its loss and its labels stay what they are."""
    return f"{rewritten(reading, fit.node, without_argument(fit.node, twice))}  # {why}"


def _weighted(loss: Value) -> bool:
    """Whether a loss weights classes: it was made with class weights, or its body calls for them."""
    if WEIGHTED_LOSS in loss:
        return True
    if loss.code is None:
        return False
    held = (loss.scope or {}) | loss.attrs
    names = {
        n.id if isinstance(n, ast.Name) else n.attr
        for n in ast.walk(loss.code)
        if isinstance(n, ast.Name | ast.Attribute)
    }
    return any(
        re.fullmatch(r"weighted_cross_entropy_with_logits|class_?weights?|pos_weight", name)
        and held.get(name, UNKNOWN).given()
        for name in names
    )


@rule(
    "LV006",
    "Weighted validation loss that the file decides by",
    "Weights change what training aims at; a validation loss should tell how well the model does on data as they "
    "come. Weighted, it follows a few rare examples, and early stopping or the schedule follows their noise. Validate "
    "without weights, or by a metric such as balanced accuracy. Of a training loop it is reported where the same file "
    "stops, schedules or chooses by this loss; of `validation_data` always, for Keras' callbacks decide by it.",
    None,
    PLAIN_VALIDATION,
)
def weighted_validation(reading: Reading) -> Places:
    """Class weights in validation_data, and a weighted loss on held-out data on which something is decided."""
    for call in methods(reading.calls, FIT):
        held = call.kwargs.get("validation_data", UNKNOWN).items
        if held and len(held) == 3 and (EXAMPLE_WEIGHTS in held[2] or _looked_up(call, held[2])):
            said = "The third of `validation_data` is the weight of each example's class."
            data = written(call.node, "validation_data")
            pair = None
            if isinstance(data, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in data.elts):
                pair = ast.Tuple(data.elts[:2], ast.Load())
            own = rewritten(reading, call.node, with_argument(call.node, "validation_data", pair)) if pair else ""
            yield At(call.node, said, call=call, own=own)
    for loss in losses(reading.calls):
        torch_loss, inside = loss.made or loss.call, loss.call.inside
        keyword, weights = torch_weights(torch_loss)
        if keyword and not _only_training(reading, weights, torch_loss):
            validates = "no_grad" in inside or any(VALIDATES.fullmatch(name) for name in inside)
            validates = validates or evaluates(reading.tree, loss.call.node)
            if validates and decides(reading.tree, loss.call.node):
                said = f"Its loss has `{keyword}` (line {line(torch_loss.node)}), and the validation loss decides."
                yield At(loss.call.node, said, loss)
            elif (
                "compute_loss" in inside
                and (kept := _least_loss_kept(reading))
                and not _asked_of_training(reading, loss)
            ):
                said = (
                    f"The trainer evaluates by it, too, and line {line(kept.node)} keeps the model of the least loss."
                )
                yield At(loss.call.node, said, loss, own=_while_training(reading, torch_loss))


def _asked_of_training(reading: Reading, loss: Loss) -> bool:
    """Whether a loss is made or called in a branch that asks whether its model trains."""
    asked = {q for c in (loss.made, loss.call) if c for q in questions(reading.tree, c.node)}
    return any(map(RUNS.search, asked))


def _least_loss_kept(reading: Reading) -> Call | None:
    """The arguments of a Hugging Face trainer that keep the model of the least loss in evaluation, if such are made."""
    for call in reading.calls:
        best = call.kwargs.get("metric_for_best_model")
        if call.method.endswith("TrainingArguments") and (best is None or best.const in ("loss", "eval_loss", None)):
            if call.kwargs.get("load_best_model_at_end", UNKNOWN).const is True:
                return call
    return None


def _while_training(reading: Reading, loss: Call) -> str:
    """A loss that `compute_loss` makes, weighted only while its model trains; "" of one that is made elsewhere."""
    region, place = region_of(reading.tree, loss.node), torch_place(loss)
    weights = written(loss.node, *place) if place else None
    if isinstance(region, ast.Module) or region.name != "compute_loss" or len(region.args.args) < 2 or weights is None:
        return ""
    training = ast.Attribute(ast.Name(region.args.args[1].arg), "training")
    either = ast.IfExp(training, weights, ast.Constant(None))
    assert place
    return rewritten(reading, loss.node, with_argument(loss.node, *((place[0], either, place[1]))))


RUNS = re.compile(
    r"(?<![a-z])((is|do|for)_?)?(train(ing)?|val(id(ation)?)?|evaluat(e|ing)|test|tr|fit)(_mode)?(?![\w.])",
    re.IGNORECASE,
)
"""In a test: what tells training from validation."""


def _only_training(reading: Reading, weights: Value, loss: Call) -> bool:
    """Whether the weights are asked for by a test of what runs, such as `weight=w if self.training else None`."""
    mark = weights.mark("unless None")
    asked = condition(reading.tree, mark.node, loss.node) if mark else None
    return asked is not None and bool(RUNS.search(ast.unparse(asked)))


def _looked_up(fit: Call, weights: Value) -> bool:
    """Whether the third of `validation_data` is `np.where` of the second, whatever that is called."""
    made, data = weights.made, written(fit.node, "validation_data")
    if made is None or made.method != "where" or not isinstance(data, ast.Tuple):
        return False
    condition = written(made.node, "condition", 0)
    labels = re.escape(ast.unparse(data.elts[1]))
    return condition is not None and bool(re.search(rf"(?<![\w.]){labels}(?!\w)", ast.unparse(condition)))


@rule(
    "LV007",
    "Softmax for several labels at once",
    "A softmax shares one probability among all labels, so that a second true label takes from the first. Labels that "
    "do not exclude each other need a sigmoid each.",
    13,
    SIGMOID_EACH,
)
def softmax_for_labels(reading: Reading) -> Places:
    """Multi-label targets with a softmax loss; a softmax of more than two with a binary loss."""
    for loss in losses(reading.calls):
        if loss.kind == "softmax" and MULTI_LABEL in loss.labels:
            yield At(loss.call.node, "Its targets are multi-label.", loss)
        elif loss.kind == "sigmoid" and SOFTMAX in loss.logits and not loss.from_logits:
            mark = loss.logits.mark("activated")
            units = _units(reading, mark.node) if mark else None
            several = isinstance(units, int) and units > 2
            if ONE_HOT in loss.labels or _one_hot_fitted(reading) or _one_column(loss.spelled.get("logits")):
                continue  # classes that exclude each other, or one of the probabilities
            if mark and (several or MULTI_LABEL in loss.labels or (units is None and _multi_label(reading))):
                said = f"The loss in line {line(loss.call.node)} judges each label on its own."
                before, logits = unsquashed(mark.node, loss, reading) if loss.name.startswith("torch.") else ("", "")
                yield At(mark.node, said, loss, before=before, logits=logits)
    for call in methods(reading.calls, FIT):
        trained, targets = call.on.attrs.get("loss"), call.get("y", 1)
        if targets and MULTI_LABEL in targets and trained is not None:
            name = (
                trained.const if isinstance(trained.const, str) else trained.made.name if trained.made else trained.name
            )
            if name.lower().replace("_", "").endswith("categoricalcrossentropy"):
                said = "Its targets are multi-label, and the model is compiled with a softmax loss."
                yield At(call.node, said, call=call)


def _one_column(given: ast.AST | None) -> bool:
    """Whether it is the probability of one class, such as `p[:, 1]`."""
    index = given.slice if isinstance(given, ast.Subscript) else None
    last = index.elts[-1] if isinstance(index, ast.Tuple) and index.elts else None
    return isinstance(last, ast.Constant | ast.UnaryOp)


def _one_hot_fitted(reading: Reading) -> bool:
    """Whether a model is fitted to one-hot labels of classes that exclude each other."""
    for call in reading.calls:  # Keras' readers of folders; the first gives such labels unless told otherwise
        mode = call.get("class_mode") or call.get("label_mode")
        if (mode.const == "categorical") if mode else call.method == "flow_from_directory":
            return True
    return any((y := call.get("y", 1)) is not None and ONE_HOT in y for call in methods(reading.calls, FIT))


def _units(reading: Reading, node: ast.AST) -> object:
    """How many outputs a softmax is of, where the layer that has them is seen: its own, or the one before it in a row."""
    made = next((c for c in reading.calls if c.node is node), None)
    units = made.get("units", 0) if made and made.method == "Dense" else None
    for row in (c.args for c in reading.calls if c.name == "torch.nn.Sequential"):
        layers = [layer.made for layer in row if layer.made]
        at = next((i for i, layer in enumerate(layers) if layer.node is node), 0)
        if at and (sized := layers[at - 1]).name.startswith("torch.nn."):
            units = sized.get("out_features", 1) or sized.get("out_channels", 1)
    return units.const if units is not None and units.const is not ... else None


def _multi_label(reading: Reading) -> bool:
    return bool(re.search(r"multi_?label|multi_?hot|\btags\b", ast.unparse(reading.tree), re.IGNORECASE))


@rule(
    "LV008",
    "Positional arguments of compute_class_weight",
    "scikit-learn takes only the first by position since version 1.0: this is a TypeError. Name the others.",
    17,
    KEYWORDS,
)
def positional(reading: Reading) -> Places:
    """More than one positional argument."""
    for call in reading.calls:
        if call.name == "sklearn.utils.class_weight.compute_class_weight" and len(call.args) > 1:
            yield At(call.node, "`classes` and `y` are keywords.", call=call, own=_named(reading, call.node))


def _named(reading: Reading, call: ast.AST) -> str:
    """The user's own call with the names of its second and third argument; "" where it is not known which they are."""
    if not isinstance(call, ast.Call) or len(call.args) > 3 or any(isinstance(a, ast.Starred) for a in call.args):
        return ""
    names = [ast.keyword(name, value) for name, value in zip(("classes", "y"), call.args[1:], strict=False)]
    if {k.arg for k in names} & {k.arg for k in call.keywords}:
        return ""
    return rewritten(reading, call, ast.Call(call.func, call.args[:1], [*names, *call.keywords]))


@rule(
    "LV009",
    "An array given as class_weight",
    "A dict is needed, class index to weight: an array is an error in Keras 3 and in scikit-learn.",
    18,
    A_DICT,
)
def array_given(reading: Reading) -> Places:
    """An array or a list where a dict belongs."""
    for call in reading.calls:
        if (call.method in FIT and not call.name) or (call.name.startswith("sklearn.") and call.method[:1].isupper()):
            weights = call.kwargs.get("class_weight")
            outputs = (
                weights is not None and weights.items and all(DICT in one for one in weights.items)
            )  # scikit-learn's
            if weights and ARRAY in weights and DICT not in weights and not outputs and not _own_method(call):
                said, array = (
                    "What is given as `class_weight` is an array or a list.",
                    written(call.node, "class_weight"),
                )
                own, values = (
                    "",
                    re.fullmatch(r"(list|tuple)\(([\w.]+)\.values\(\)\)", ast.unparse(array) if array else ""),
                )
                if values:
                    whole = ast.parse(values[2], mode="eval").body
                    own = rewritten(reading, call.node, with_argument(call.node, "class_weight", whole))
                elif array is not None:
                    pairs = ast.parse(f"dict(enumerate({ast.unparse(array)}))", mode="eval").body
                    own = rewritten(reading, call.node, with_argument(call.node, "class_weight", pairs))
                    own += "  # of classes 0, 1, …; else dict(zip(classes, …))"
                yield At(call.node, said, call=call, own=own)


def _own_method(call: Call) -> bool:
    """Whether a class of the file defines the method that is called."""
    return any(getattr(part, "name", "") == call.method for part in getattr(call.on.code, "body", ()))


@rule(
    "LV010",
    "A weighted mean that divides by the batch's own weights",
    "PyTorch's weighted cross-entropy divides by the sum of the weights in the batch (Σwℓ/Σw), Keras and optax by the "
    "number of examples. In batches of one the weights cancel altogether; in accumulated small batches rare ones "
    "count less than meant; and numbers do not match a Keras port. Take each example's loss, weight it, and divide by "
    "the number of examples.",
    16,
    PER_EXAMPLE_MEAN,
)
def own_mean(reading: Reading) -> Places:
    """Weighted mean losses in batches of one, in accumulation, or beside Keras' class_weight."""
    weighted = [
        c for c in reading.calls if torch_weights(c)[0] == "weight"
        and (c.get("reduction") is None or c.get("reduction").const == "mean")  # type: ignore[union-attr]
    ]  # fmt: skip
    if not weighted:
        return
    own = _by_example(reading, weighted[0])
    pixels = re.search(
        r"Conv\w*[23]d|segment|unet|mask|pixel|token|ignore_index|(?<![a-z])(ner|rnn|lstm|gru)(?![a-z])",
        ast.unparse(reading.tree),
        re.IGNORECASE,
    )
    rows = (
        ast.unparse(loss.spelled["labels"]) for loss in losses(reading.calls) if loss.spelled.get("labels") is not None
    )
    several = pixels or any(re.search(r"\[0\]|(view|reshape)\(-1\)|squeeze\(0\)|flatten", text) for text in rows)
    loaders = [
        c for c in reading.calls if c.method == "DataLoader" and "geometric" not in c.name
        and "batch_sampler" not in c.kwargs and not HELD_OUT.search(f"{_target(reading, c)} {_data(c)}")
        and not isinstance(written(c.node, "collate_fn"), ast.Lambda)  # of rows that are batches
    ]  # fmt: skip
    unknown = [any(k.arg is None for k in getattr(c.node, "keywords", ())) for c in loaders]  # ** may say how many
    sizes = [
        (c.get("batch_size", 1) or Value(const=... if u else 1)).const for c, u in zip(loaders, unknown, strict=True)
    ]
    if loaders and all(size == 1 for size in sizes) and not several:
        said = f"Batches hold one example (line {line(loaders[0].node)}): its weight cancels."
        yield At(weighted[0].node, said, call=weighted[0], own=own)
    for call in reading.calls:
        if call.name == "/" and WEIGHTED_MEAN in call.args[0]:
            divisor = call.node.right if isinstance(call.node, ast.BinOp) else getattr(call.node, "value", call.node)
            if re.search(r"accum(?!ulated$)", ast.unparse(divisor), re.IGNORECASE):
                said = f"Each accumulated batch was divided by its own Σw (the loss of line {line(weighted[0].node)})."
                yield At(call.node, said, call=weighted[0], own=own)
    for call in methods(reading.calls, FIT):
        weights = call.kwargs.get("class_weight")
        if weights and weights.given() and any(c.name.startswith(("keras.", "tensorflow.")) for c in reading.calls):
            said = f"Keras divides by the number of examples (`class_weight` in line {line(call.node)})."
            yield At(weighted[0].node, said, call=weighted[0], own=own)


HELD_OUT = re.compile(r"test|val(?!ue)|eval|infer|predict|dev(?!ice)", re.IGNORECASE)
"""In the names of data that a model is not trained on."""


def _by_example(reading: Reading, loss: Call) -> str:
    """The user's own loss, of which the plain mean is taken."""
    node = loss.node
    if not isinstance(node, ast.Call) or len(node.args) > (1 if loss.name in CLASSES else 3):
        return ""  # what stands after the weights may be the reduction
    kept = [k for k in node.keywords if k.arg != "reduction"]
    each = ast.Call(node.func, node.args, [*kept, ast.keyword("reduction", ast.Constant("none"))])
    ignored = next((ast.unparse(k.value) for k in kept if k.arg == "ignore_index"), "")
    if loss.name in CLASSES:
        by = f".sum() of what it gives, by (labels != {ignored}).sum()" if ignored else ".mean() of what it gives"
        at_once = next((c.node for c in reading.calls if getattr(c.node, "func", None) is node), None)
        labels = written(at_once, "target", 1) if at_once is not None else None
        if isinstance(at_once, ast.Call) and labels is not None:  # made and called in one
            mean = _mean(ast.Call(each, at_once.args, at_once.keywords), labels, ignored)
            return f"{rewritten(reading, at_once, mean)}  # over the examples; {SCALED}"
        return f"{rewritten(reading, node, each)}  # where it is called, {by}: over the examples; {SCALED}"
    labels = written(node, "target", 1)
    return f"{rewritten(reading, node, _mean(each, labels, ignored))}  # over the examples; {SCALED}"


SCALED = "scale the weights so that they average 1 over these, as n / (K · count) does"
"""PyTorch's mean is the same for all scales of the weights, the corrected one is not."""


def _mean(each: ast.expr, labels: ast.expr | None, ignored: str) -> ast.expr:
    """The mean of each example's loss; an ignored one has loss 0, and is none of those divided by."""
    mean = f"({ast.unparse(each)}).mean()"
    if ignored and labels is not None:
        mean = f"({ast.unparse(each)}).sum() / ({ast.unparse(labels)} != {ignored}).sum()"
    return ast.parse(mean, mode="eval").body


@rule(
    "LV011",
    "Weights chosen by the predicted label",
    "The weight depends on the model's guess, not on what is true: places count more or less, for all classes alike, and "
    "the rare class counts no more than the others in the same place. Where the weight is 0, the gradient is 0 and the "
    "example is stuck. Look the weight up by the true label.",
    11,
    WEIGHTED,
)
def by_prediction(reading: Reading) -> Places:
    """Weights looked up at predicted labels that reach a loss; not where these labels are its targets, as pseudo-labels are."""
    read = list(losses(reading.calls))
    for call in reading.calls:
        if (call.name == "*" or call.method in MULTIPLY) and len(call.args) + bool(call.on.kinds) > 1:
            pair = (call.on, *call.args) if call.on.kinds else call.args
            if any(LOSS in v for v in pair):
                if teaches(reading.tree, call.node):
                    pair = tuple(masked(v) for v in pair)
                beside = [loss for loss in read if loss.call.inside == call.inside]
                targets = next((m for v in pair if (m := v.mark("target"))), None)
                yield from _predicted(pair, targets, call, beside[-1] if beside else None, reading)
    for loss in read:
        given = [loss.weights] if loss.weights else []
        given += [v for n in ("weights", "sample_weight", "weight") if (v := loss.call.kwargs.get(n))]
        yield from _predicted([masked(v) for v in given], loss.labels.mark("guessed"), loss.call, loss, reading)
        yield from _predicted([loss.logits], None, loss.call, loss, reading)
    for call in methods(reading.calls, FIT):
        targets = (call.get("y", 1) or UNKNOWN).mark("guessed")
        yield from _predicted([call.kwargs.get("sample_weight", UNKNOWN)], targets, call, None, reading)


def _predicted(
    values: Sequence[Value], targets: Mark | None, call: Call, loss: Loss | None, reading: Reading
) -> Places:
    for value in values:
        mark = value.mark("predicted")
        if PREDICTED_WEIGHTS in value and not of_its_logits(value, loss):
            continue
        if mark and value.has(PREDICTED_WEIGHTS, LOGITS, SCORES) and (targets is None or mark.by is not targets.node):
            own, before, logits = by_label(mark.node, loss, call, reading), "", ""
            if value.mark("several masks"):  # a mask a class: to mend one is not enough
                own = ""
            if value.has(LOGITS, SCORES):  # which are multiplied by them: another look-up would not help
                own, (before, logits) = "", unmasked(mark, loss, reading)
            yield At(
                mark.node, f"It is used in line {line(call.node)}.", loss, call, own=own, before=before, logits=logits
            )


@rule(
    "LV012",
    "Class weights given as weights of examples",
    "This argument wants one number per example, and these are one per class: an error unless the batch has as many "
    "examples as there are classes, and silently wrong when it has. Look up each example's weight by its true label.",
    5,
    LOOKED_UP,
)
def class_weights_as_examples(reading: Reading) -> Places:
    """A vector of class weights where weights of examples belong."""
    for loss in losses(reading.calls):
        weights = loss.call.get(*_where_weights(loss)) if loss.batch else None
        if weights is not None and CLASS_WEIGHTS in weights and loss.kind == "softmax":
            given = written(loss.call.node, *_where_weights(loss))
            if not weights.has(EXAMPLE_WEIGHTS, LABELS) and not looked_up(given, reading.tree):
                yield At(loss.call.node, loss=loss)
    for call in methods(reading.calls, FIT):
        weights = call.kwargs.get("sample_weight")
        if weights and CLASS_WEIGHTS in weights:
            if not looked_up(written(call.node, "sample_weight"), reading.tree):
                yield At(call.node, call=call)


def _where_weights(loss: Loss) -> tuple[str, int]:
    return ("sample_weight", 2) if loss.name in CLASSES else ("weights", 2)


@rule(
    "LV013",
    "Softmax over a single output",
    "A softmax over one number is always 1: the model says the same for every example and learns nothing. One output "
    "needs a sigmoid; a softmax needs one output per class.",
    14,
    ONE_SIGMOID,
)
def single_softmax(reading: Reading) -> Places:
    """A dense layer of one unit with a softmax, or one before a softmax layer."""
    for call in reading.calls:
        units = call.get("units", 0)
        if (
            call.name == "keras.layers.Dense"
            and units is not None
            and units.const == 1
            and layer_activation(call) == "softmax"
        ):
            own = ""
            if written(call.node, "activation", 1) is not None:
                layer = ast.unparse(with_argument(call.node, "activation", ast.Constant("sigmoid"), 1))
                own = f"{layer}  # or two units with a softmax"
            yield At(call.node, call=call, own=own)
        if call.name == "torch.nn.Sequential" and len(call.args) > 1:
            before, last = call.args[-2].made, call.args[-1].made
            if (
                before
                and last
                and layer_activation(last) in ("softmax", "log_softmax")
                and before.name == "torch.nn.Linear"
            ):
                out, axis = before.get("out_features", 1), last.get("dim", 0)
                places = axis is not None and isinstance(axis.const, int) and axis.const < -1  # of a sequence: it pools
                if out is not None and out.const == 1 and not places and not _pools(reading, call):
                    yield At(last.node, call=last)


def _pools(reading: Reading, layers: Call) -> bool:
    """Whether layers score places rather than classes: by their name, that of the class around them, or what is done with it."""
    name = _target(reading, layers)
    classes = [n.name for n in ast.walk(reading.tree) if isinstance(n, ast.ClassDef) and around(n, layers.node)]
    pools = any(re.search("attn|atten|pool", one, re.IGNORECASE) for one in (name, *classes))
    if pools or re.search(r"att$|scor|(?<!re)gate|align|alpha|weight", name, re.IGNORECASE):
        return True
    if not name.startswith("self."):  # a model, or a part of one that is used elsewhere
        return False
    used = [n for n in ast.walk(reading.tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == name]
    given = {_target(reading, call) for call in (Call(n, "", "", UNKNOWN) for n in used)} - {""}
    return any(
        unshaped(operand) in used or ast.unparse(unshaped(operand)) in given
        for node in ast.walk(reading.tree)
        for operand in operands(node)
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult))
        or (isinstance(node, ast.Call) and re.search(r"(mul|bmm|matmul|einsum)$", ast.unparse(node.func)))
    )


__all__ = ["RULES", "SCALED"]
