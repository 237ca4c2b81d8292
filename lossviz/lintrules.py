"""What a rule of the linter is, and the table that holds them; the rules themselves are in `lossviz.lintflaws`."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lossviz import lintfixes
from lossviz.lintdecides import region_of
from lossviz.lintfactors import (
    Factors,
    alone,
    factors_of,
    holds,
    is_only,
    means_the_same,
    operands,
    replaced,
    statement,
    vector,
    without_product,
)
from lossviz.lintfixes import LOOKED_UP, TEST, WEIGHTED, one_a_class, only_if, short, simple, spelled
from lossviz.lintflow import condition
from lossviz.lintlosses import CLASSES, FUNCTIONS, Loss, asked_of, written
from lossviz.lintorigin import imported_as, taken
from lossviz.lintread import Reading
from lossviz.lintvalues import CLASS_WEIGHTS, LOGITS, PREDICTED_WEIGHTS, SCORES, UNKNOWN, Call, hint

FRAMEWORKS = {
    "torch": "torch", "tensorflow": "tensorflow", "keras": "keras", "jax": "jax", "optax": "jax", "flax": "jax",
    "sklearn": "sklearn", "imblearn": "sklearn",
}  # fmt: skip
"""First part of a dotted name -> the key of a rule's `fix`."""
FIT = {"fit", "fit_generator", "train_on_batch"}


class At(NamedTuple):
    """A place where a rule is broken, and what decides which corrected code fits.

    Attributes:
        node: Where.
        detail: What else there is to say of it.
        loss: The loss it is about, or None.
        call: Where there is no loss, the call it is about, or None.
        form: Of the labels, where no loss says it: sigmoid or onehot.
        own: The corrected code, where it is the user's own with little changed; "" where the rule's table has it.
        before: A comment that belongs above the corrected code.
        logits: How the logits are written there, where that is known.
    """

    node: ast.AST
    detail: str = ""
    loss: Loss | None = None
    call: Call | None = None
    form: str = ""
    own: str = ""
    before: str = ""
    logits: str = ""


Places = Iterator[At]


class Rule(NamedTuple):
    """A flaw.

    Attributes:
        code: LV and three digits.
        title: What is wrong, in a few words.
        reason: Why, in plain words.
        claim: Number of the claim on trial that is about it; None where none is.
        fix: The code to write instead, a table of `lossviz.lintfixes`.
        check: From what was read to the places where it is wrong.
    """

    code: str
    title: str
    reason: str
    claim: int | None
    fix: dict[str, str]
    check: Callable[[Reading], Places]


RULES: dict[str, Rule] = {}


def rule(
    code: str, title: str, reason: str, claim: int | None, fix: dict[str, str]
) -> Callable[[Callable[[Reading], Places]], Rule]:
    """Enter a rule."""

    def enter(check: Callable[[Reading], Places]) -> Rule:
        RULES[code] = Rule(code, title, reason, claim, fix, check)
        return RULES[code]

    return enter


def line(node: ast.AST) -> int:
    """The first line of a piece of code."""
    return int(getattr(node, "lineno", 1))


def methods(calls: list[Call], names: set[str]) -> Iterator[Call]:
    """Calls of methods of these names."""
    return (c for c in calls if c.method in names and not c.name)


# What to write instead


def instead(fixes: dict[str, str], at: At, reading: Reading) -> str:
    """The corrected code for a place: in its framework, for its kind of loss and labels, with the names used there."""
    if at.own:
        return at.own
    framework = _framework(at, reading)
    if fixes is WEIGHTED and at.loss and at.loss.batch and framework == "tensorflow":
        fixes = LOOKED_UP  # a function that takes weights
    form = at.form or (at.loss.form if at.loss else "")
    compiled = any(c is not None and c.method in ({"compile"} | FIT) for c in (at.loss and at.loss.call, at.call))
    if at.loss is None and at.call and at.call.on.made:  # a layer of Keras, whose model is compiled somewhere
        compiled = compiled or at.call.on.made.name.startswith("keras.layers.")
    imported = dict(imported_as(reading.tree))
    fix = lintfixes.chosen_fix(fixes, framework, form, compiled)
    if at.loss and at.loss.name.startswith("keras."):
        fix = fix if at.loss.from_logits else re.sub(r"(, )?from_logits=True", "", fix)
        fix = re.sub(r"(keras\.ops\.take\(class_weights, )labels", lambda m: m[1] + _indices(at.loss, reading), fix)
    if tf := imported.get("tensorflow"):
        imported.setdefault("keras", f"{tf}.keras")
        if not re.search(r"^\s*(import|from) keras\b", ast.unparse(reading.tree), re.MULTILINE):
            fix = lintfixes.of_tensorflow(fix, tf)
        fix = re.sub(r"(?<![\w.])tf\.", f"{tf}.", fix)
    if backend := imported.get("keras.backend"):
        fix = lintfixes.of_backend(fix, backend)
    test, sure = _condition(at, reading)
    if sure and not compiled:
        fix = only_if(fix)
    fix = _with_options(spelled(fix, _names(at, reading, imported), taken(reading.tree)), at)
    if test and TEST not in fix:
        fix = f"# only where the product was: if {test}\n{fix}"
    fix = fix.replace(TEST, test)
    for dotted in ("torch.nn.functional", "torch.nn", "keras"):
        if dotted in imported:
            fix = re.sub(rf"(?<![\w.]){re.escape(dotted)}\.", f"{imported[dotted]}.", fix)
    fix = _stated(fix, at, reading)
    if imported:  # else it is a piece of a file
        fix = lintfixes.with_imports(fix, taken(reading.tree) | set(imported.values()))
    return "\n".join(filter(None, [at.before, _without(at, reading), fix]))


def _condition(at: At, reading: Reading) -> tuple[str, bool]:
    """What has to hold for a product to be run where the loss is, and whether that means the same there."""
    if at.loss is None or at.call is not None or at.node is at.loss.call.node or factors_of(at.node, reading) is None:
        return "", False
    test = condition(region_of(reading.tree, at.node), at.node, at.loss.call.node)
    if test is None:
        return "", False
    return ast.unparse(test), len(ast.unparse(test)) <= 60 and means_the_same(
        test, test, at.loss.call.node, reading.tree
    )


def _indices(loss: Loss | None, reading: Reading) -> str:
    """The labels of a Keras loss as indices of classes."""
    index, labels = "labels", loss and loss.spelled.get("labels")
    if loss is None or labels is None:
        return index
    ignored = written((loss.made or loss.call).node, "ignore_class", 1 if loss.made else 3)
    if ignored is not None and ast.unparse(ignored) != "None":  # whose loss is 0
        index = f"keras.ops.where(labels == {ast.unparse(ignored)}, 0, labels)"
    arguments = getattr(region_of(reading.tree, loss.call.node), "args", None)
    taken = [a.arg for a in arguments.args if a.arg != "self"] if arguments else []
    if len(taken) == 2 and taken[0] == ast.unparse(labels):  # a loss of one's own, which Keras gives floats
        index = f'keras.ops.cast({index}, "int32")'
    return index


def _may_lack(text: str, at: At, reading: Reading) -> bool:
    """Whether weights are made in the branch of the product alone, by a test that is not sure where the loss is."""
    test, sure = _condition(at, reading)
    here = region_of(reading.tree, at.node)
    stored = (n for n in ast.walk(here) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    made = [n for n in stored if re.search(rf"\b{n.id}\b", text)]
    if not test or sure or not made or at.loss is None:
        return False
    return all(condition(here, n, at.loss.call.node) for n in made)


OPTIONS = {"weight", "ignore_index", "reduction", "label_smoothing"}
"""Of PyTorch's losses: what they are told besides what they are given."""


def _with_options(fix: str, at: At) -> str:
    """The corrected code with what the user's own loss is told besides: which labels to ignore, how to reduce, and so on.

    Where each example's loss is multiplied outside, it is not reduced for that alone.
    """
    made = at.loss and (at.loss.made or at.loss.call)
    if at.loss is None or made is None or not isinstance(made.node, ast.Call):
        return fix
    wrong = at.call is at.loss.call and not at.logits  # its weights
    told = [k for k in made.node.keywords if k.arg != ("reduction" if _multiplied(at) else "weight" if wrong else "")]
    if made.name.startswith("torch.") and fix.endswith(")") and ("binary" in fix) == (at.loss.kind == "sigmoid"):
        told = [asked_of(at.loss, k) for k in told]
        more = [ast.unparse(k) for k in told if k.arg in OPTIONS and f" {k.arg}=" not in fix]
        return ", ".join([fix.removesuffix(")"), *more]) + ")"
    if at.loss.batch and at.node is not at.loss.call.node and not wrong:  # what else weights the examples goes on to
        also = written(at.loss.call.node, "weights" if "tensorflow." in made.name else "sample_weight", 2)
        by = ast.unparse(ast.BinOp(ast.Name("_"), ast.Mult(), also))[1:] if also else ""
        fix = re.sub(r"(\b(?:sample_weight|weights)=\w+)\)", lambda m: f"{m[1]}{by})", fix)
        if also and at.loss.kind == "sigmoid":  # an example's loss is the mean over its labels
            fix = re.sub(r"([\w.]*mean)\((\w+ \* \w+)\)$", lambda m: f"{m[1]}({m[1]}({m[2]}, axis=-1){by})", fix)
    if at.loss.made:
        own = ast.unparse(ast.Call(made.node.func, made.node.args, told))
        return re.sub(r"keras\.losses\.\w+\((from_logits=True)?\)", lambda _: own, fix)
    if made.name.startswith("keras."):  # a function, of which the corrected code makes an object
        third = "ignore_class" if "sparse" in made.name else "label_smoothing"
        placed = zip(("y_true", "y_pred", "from_logits", third, "axis"), made.node.args, strict=False)
        told = [*(ast.keyword(name, value) for name, value in placed), *told]
        more = [ast.unparse(k) for k in told if k.arg in ("label_smoothing", "axis", "ignore_class")]
        made_with = re.compile(r"(keras\.losses\.\w+\()(from_logits=True)?\)")
        return made_with.sub(lambda m: m[1] + ", ".join(filter(None, [m[2], *more])) + ")", fix)
    return fix


def _framework(at: At, reading: Reading) -> str:
    """That of the loss or the call; else the one that the file uses most."""
    call = at.call
    names = [at.loss.name] if at.loss else []
    if call is not None:
        names += [call.name, call.on.made.name if call.on.made else ""]
        if "loss" in call.on.attrs or not call.kwargs.keys().isdisjoint(("epochs", "batch_size", "validation_data")):
            names.append("keras")  # only Keras' models are compiled, and have such a fit
    for name in names:
        if found := FRAMEWORKS.get(name.split(".")[0]):
            return found
    roots = Counter(FRAMEWORKS.get(call.name.split(".")[0], "") for call in reading.calls)
    del roots[""]
    return roots.most_common(1)[0][0] if roots else ""


def _names(at: At, reading: Reading, modules: dict[str, str]) -> dict[str, str]:
    """How the user calls what the corrected code calls logits, labels and class weights, where that is sure."""
    found: dict[str, str] = {}
    if at.loss and (labels := at.loss.spelled.get("labels")):
        found |= dict.fromkeys(("labels", "onehot_labels", "multi_hot"), ast.unparse(labels))
    factors = factors_of(at.node, reading)
    if factors and factors.weights is not None:
        weights = vector(factors.weights, at.node, _used(at), reading)
        if weights and (text := short(weights.node)) and not _may_lack(text, at, reading):
            text = one_a_class(text, _framework(at, reading), modules, *weights[1:])
            found |= {"class_weights": text, "pos_weight" if "pos" in text.lower() else "weights": text}
    if not factors or (at.loss and not at.loss.batch):  # what weights the loss already goes on to
        found |= _given(at)
    if factors:
        if text := _logits(factors, at):
            found["logits"] = text
    else:
        for node in [*operands(at.node), at.loss and at.loss.spelled.get("logits")]:
            text = simple(node)
            says = hint(re.findall(r"\w+", text)[-1]) if text else frozenset()
            if says & {LOGITS, SCORES} and not re.search(
                r"weight|scaled|prob|softmax|sigmoid|(?<!y_)pred(?!\w*logit)", text.lower()
            ):
                found.setdefault("logits", text)
        if at.loss and at.loss.name.startswith("keras.") and not at.loss.from_logits:
            found["logits"] = (
                ast.unparse(at.loss.spelled["logits"]) if at.loss.spelled.get("logits") else "probabilities"
            )
    return found | ({"logits": at.logits} if at.logits else {})


def _logits(factors: Factors, at: At) -> str:
    """How the logits are written where the loss is, or the softmax: as they are, but for the product."""
    given = at.loss.spelled.get("logits") if at.loss else None
    if at.loss is None and at.call and isinstance(node := at.call.node, ast.Call) and factors.rest is not None:
        method = isinstance(node.func, ast.Attribute) and at.call.method and not at.call.name
        given = getattr(node.func, "value", None) if method else next(iter(node.args), None)
    if given is None:
        return ""
    if not holds(given, at.node):
        return ast.unparse(given)
    return ast.unparse(replaced(given, at.node, factors.rest)) if factors.rest is not None else ""


def _used(at: At) -> ast.AST | None:
    """Where the corrected code belongs: the loss, or the call."""
    return at.loss.call.node if at.loss else at.call and at.call.node


def _given(at: At) -> dict[str, str]:
    """What a loss, or the training of a model, is given as class weights; as written."""
    if at.call and at.call.method in FIT:
        weights, examples = (written(at.call.node, name) for name in ("class_weight", "sample_weight"))
        found = {"weights": weights, "class_weight": weights, "sample_weight": examples}
        if CLASS_WEIGHTS in at.call.kwargs.get("sample_weight", UNKNOWN):
            found["class_weights"] = examples
        return {name: ast.unparse(node) for name, node in found.items() if node and len(ast.unparse(node)) <= 40}
    if at.loss and at.loss.weights and at.loss.weights.has(PREDICTED_WEIGHTS):
        return {}  # which are the flaw
    call = (at.loss.made or at.loss.call) if at.loss else at.call
    signature = (CLASSES.get(call.name) or FUNCTIONS.get(call.name)) if call else None
    if call and signature and signature.weights:
        node = written(call.node, *signature.weights)
        if text := ast.unparse(node) if isinstance(node, ast.Constant) and node.value is not None else short(node):
            return {"class_weights": text, signature.weights[0]: text}
    return {}


def _without(at: At, reading: Reading) -> str:
    """How the line of a product reads without it, or that it has to go; "" where the corrected code takes its place."""
    factors, whole = factors_of(at.node, reading), statement(reading.tree, at.node)
    user = at.loss.call if at.loss and factors and factors.rest is not None else at.call or (at.loss and at.loss.call)
    if factors is None or whole is None or (user and statement(reading.tree, user.node) is whole):
        return ""
    if factors.rest is not None:
        return without_product(at.node, factors.rest, reading)
    if at.call and at.logits:  # the product that they go into is told of
        return ""
    text, where = ast.unparse(whole), f"line {line(at.node)}"
    rest = [part for part in operands(at.node) if part is not factors.weights]
    if at.call is None and len(rest) == 1 and f"{where} without" not in at.before:  # probabilities
        goes = isinstance(whole, ast.Assign) and whole.value is at.node and not alone(whole, reading.tree)
        if not goes or _read(whole, reading, user and user.node):
            return without_product(at.node, rest[0], reading)
    elif not isinstance(whole, ast.Assign) or not (_multiplied(at) or is_only(whole.value, at.node)):
        return f"# without the product in {where}"
    gone = f"# without {where}: {text}" if "\n" not in text and len(text) < 90 else f"# without {where}"
    if user is None or not _multiplied(at):
        return gone
    place, used = f"# in place of line {line(user.node)}:", statement(reading.tree, user.node)
    return place if _read(whole, reading, used) else f"{gone}\n{place}"


def _stated(fix: str, at: At, reading: Reading) -> str:
    """The corrected code with what the user makes of the loss, where that is an assignment or a call, and short."""
    *before, last = fix.split("\n")
    if not last.startswith("loss = ") or at.loss is None:
        return fix
    product = at.call if _multiplied(at) else None
    node = (product or at.loss.call).node
    above = statement(reading.tree, node)
    if not isinstance(above, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return):
        return fix
    told = ast.parse(last).body[0]
    assert isinstance(told, ast.Assign)
    comment = last.encode()[told.end_col_offset :].decode()
    new, whole = told.value, node
    while mean := next((n for n in ast.walk(above) if _mean_of(n) is whole), None):
        whole = mean
    if any(not text.startswith("#") for text in before):
        inner = ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp
        if any(isinstance(part, inner) and holds(part, node) for part in ast.walk(above)):
            return fix  # what comes before the loss has no place there
        each = _mean_of(new)
        if whole is node and each is not None and (above.value is not node or _read(above, reading)):
            new = each  # the user's own code reduces it
        node = whole
    if product:
        node = whole
        if node is product.node:
            given_back = isinstance(above, ast.Return) and above.value is node
            if not given_back and not (isinstance(above, ast.Assign) and above.value is node and _read(above, reading)):
                return fix  # it is not known what is made of it
            new = _mean_of(new) or new  # what reads it takes the mean, of one number too
    if isinstance(above, ast.Expr) and above.value is node:
        return fix
    text = ast.unparse(replaced(above, node, new))
    return "\n".join([*before, text + comment]) if "\n" not in text else fix


def _multiplied(at: At) -> bool:
    """Whether it is about a product of each example's loss."""
    return at.loss is not None and at.call is not None and at.call is not at.loss.call


def _mean_of(node: ast.AST) -> ast.expr | None:
    """What a mean is taken of; None of anything else."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="mean"), args=[]):
            return value
        case ast.Call(func=ast.Attribute(attr="mean" | "reduce_mean"), args=[value]):
            return value
    return None


def _read(above: ast.stmt, reading: Reading, but: ast.AST | None = None) -> bool:
    """Whether something goes on to read what an assignment binds, but for itself and one user."""
    targets = {ast.unparse(t) for t in getattr(above, "targets", [getattr(above, "target", above)])}
    named = (n for n in ast.walk(reading.tree) if isinstance(n, ast.Name | ast.Attribute))
    besides = [above, *([but] if but else [])]
    read = (n for n in named if isinstance(n.ctx, ast.Load) and ast.unparse(n) in targets)
    return any(not any(holds(part, n) for part in besides) for n in read)
