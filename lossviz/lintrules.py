"""What a rule of the linter is, and the table that holds them; the rules themselves are in `lossviz.lintflaws`."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import NamedTuple

from lossviz.lintcalls import LOOK_UP
from lossviz.lintdecides import around, region_of
from lossviz.lintfixes import bare, chosen_fix, of_tensorflow, short, simple, spelled
from lossviz.lintlosses import CLASSES, FUNCTIONS, Loss, written
from lossviz.lintproducts import numbers
from lossviz.lintread import Reading
from lossviz.lintvalues import (
    CLASS_WEIGHTS,
    DIAGONAL,
    LOGITS,
    SCORES,
    SIGMOID,
    SOFTMAX,
    UNKNOWN,
    WEIGHTS,
    Call,
    canonical,
    hint,
)  # fmt: skip

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
    form = at.form or (at.loss.form if at.loss else "")
    compiled = any(c is not None and c.method in ({"compile"} | FIT) for c in (at.loss and at.loss.call, at.call))
    imported = dict(_imported(reading.tree))
    fix = chosen_fix(fixes, framework, form, compiled)
    if tf := imported.get("tensorflow"):
        imported.setdefault("keras", f"{tf}.keras")
        if not re.search(r"^\s*(import|from) keras\b", ast.unparse(reading.tree), re.MULTILINE):
            fix = of_tensorflow(fix, tf)
    fix = _with_options(spelled(fix, _names(at, reading)), at)
    for dotted in ("torch.nn.functional", "torch.nn", "keras"):
        if dotted in imported:
            fix = re.sub(rf"(?<![\w.]){re.escape(dotted)}\.", f"{imported[dotted]}.", fix)
    return "\n".join(filter(None, [at.before, _without(at, reading), fix]))


OPTIONS = {"weight", "ignore_index", "reduction", "label_smoothing"}
"""Of PyTorch's losses: what they are told besides what they are given."""


def _with_options(fix: str, at: At) -> str:
    """The corrected code with what the user's own loss is told besides: which labels to ignore, how to reduce, and so on.

    Where each example's loss is multiplied outside (`at.call` is the product), it is not reduced for that alone.
    """
    made = at.loss and (at.loss.made or at.loss.call)
    if at.loss is None or made is None or not isinstance(made.node, ast.Call):
        return fix
    told = [k for k in made.node.keywords if k.arg != "reduction" or at.call is None]
    if made.name.startswith("torch.") and fix.endswith(")") and ("binary" in fix) == (at.loss.kind == "sigmoid"):
        more = [ast.unparse(k) for k in told if k.arg in OPTIONS and f" {k.arg}=" not in fix]
        return ", ".join([fix.removesuffix(")"), *more]) + ")"
    if at.loss.made and at.loss.from_logits:
        own = ast.unparse(ast.Call(made.node.func, made.node.args, told))
        return re.sub(r"keras\.losses\.\w+\(from_logits=True\)", lambda _: own, fix)
    if made.name.startswith("keras.") and not at.loss.made:  # a function, of which the corrected code makes an object
        third = "ignore_class" if "sparse" in made.name else "label_smoothing"
        placed = zip(("y_true", "y_pred", "from_logits", third, "axis"), made.node.args, strict=False)
        told = [*(ast.keyword(name, value) for name, value in placed), *told]
        more = [ast.unparse(k) for k in told if k.arg in ("label_smoothing", "axis", "ignore_class")]
        return re.sub(r"(keras\.losses\.\w+\(from_logits=True)\)", lambda m: ", ".join([m[1], *more]) + ")", fix)
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


def _names(at: At, reading: Reading) -> dict[str, str]:
    """How the user calls what the corrected code calls logits, labels and class weights, where that is sure."""
    found: dict[str, str] = {}
    if at.loss:
        if labels := simple(at.loss.spelled.get("labels")):
            found |= {"labels": labels, "onehot_labels": labels, "multi_hot": labels}
    factors = factors_of(at.node, reading)
    if (
        factors
        and (text := short(factors.weights))
        and factors.weights is not None
        and _seen(factors.weights, at, reading)
    ):
        found |= {"class_weights": text, "pos_weight" if "pos" in text.lower() else "weights": text}
    if not factors or (at.loss and not at.loss.batch):  # what weights the loss already goes on to
        found |= _given(at)
    if factors:
        if text := _of_product(factors.logits, at, reading):
            found["logits"] = text
    else:
        for node in [*operands(at.node), at.loss and at.loss.spelled.get("logits")]:
            text = simple(node)
            says = hint(re.findall(r"\w+", text)[-1]) if text else frozenset()
            if says & {LOGITS, SCORES} and not re.search("weight|scaled|prob|softmax|sigmoid", text.lower()):
                found.setdefault("logits", text)
    return found | ({"logits": at.logits} if at.logits else {})


def _of_product(logits: ast.expr | None, at: At, reading: Reading) -> str:
    """How the logits are written where the loss is, once nothing multiplies them; "" where that is not known."""
    given = at.loss.spelled.get("logits") if at.loss else None
    if given is at.node and logits is not None:
        return short(_factor(at.node, logits))
    if given is None or any(part is at.node for part in ast.walk(given)):
        return ""
    gone = logits is not None and _gone(at, logits, reading) and _one_scope(at, reading)
    return simple(logits) if gone else short(given)


def _factor(product: ast.AST, logits: ast.expr) -> ast.expr:
    """What is multiplied, with all that reshapes it."""
    return next((part for part in operands(product) if bare(part) is logits), logits)


def _gone(at: At, logits: ast.expr, reading: Reading) -> bool:
    """Whether nothing is missed where the line of a product is left out: the loss may have the logits by their own name."""
    tree, product = reading.tree, statement(reading.tree, at.node)
    if isinstance(product, ast.AugAssign):
        return True
    if not isinstance(product, ast.Assign) or product.value is not at.node or not simple(logits):
        return False
    used, scope = _used(at), region_of(tree, at.node)
    blocks = (n for n in ast.walk(scope) if isinstance(n, ast.If | ast.For | ast.While | ast.With | ast.Try))
    if _factor(at.node, logits) is not logits or used is None or any(
        around(block, at.node) and not around(block, used) for block in blocks
    ):  # fmt: skip
        return False
    target, given = ast.unparse(product.targets[0]), at.loss.spelled.get("logits") if at.loss else None
    if target == simple(logits):
        return True
    if given is None or ast.unparse(given) != target or not _one_scope(at, reading):
        return False
    named = [n for n in ast.walk(scope) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript)]
    reads = sum(isinstance(n.ctx, ast.Load) and ast.unparse(n) == target for n in named)
    again = any(
        isinstance(n.ctx, ast.Store) and ast.unparse(n) == simple(logits) and line(product) < line(n) <= line(used)
        for n in named
    )
    return reads == 1 and not again  # the loss alone reads it, and the logits are still the same there


def _used(at: At) -> ast.AST | None:
    """Where the corrected code belongs: the loss, or the call."""
    return at.loss.call.node if at.loss else at.call and at.call.node


def _one_scope(at: At, reading: Reading) -> bool:
    used = _used(at)
    return used is not None and region_of(reading.tree, at.node) is region_of(reading.tree, used)


class Factors(NamedTuple):
    """Of a product or a look-up, as written: what is weights, and what is multiplied by them; None where it has no such name."""

    weights: ast.expr | None
    logits: ast.expr | None


def factors_of(node: ast.AST, reading: Reading) -> Factors | None:
    """What is multiplied or looked up; None of anything else."""
    if isinstance(node, ast.Subscript):
        return Factors(bare(node.value), None)
    for call in (c for c in reading.calls if c.node is node):
        if call.method in LOOK_UP and isinstance(node, ast.Call):
            on = node.func.value if not call.name and isinstance(node.func, ast.Attribute) else None
            return Factors(bare(on or written(node, "params", 0)), None)
        parts, values = operands(node), list(call.args)
        if isinstance(node, ast.Call) and not call.name:  # a method
            values = [call.on, *values]
        for (part, value), (other, by) in permutations(list(zip(parts, values, strict=False))[-2:], 2):
            if value.has(CLASS_WEIGHTS, WEIGHTS) or numbers(value):
                logits = by.has(LOGITS, SCORES) and not by.has(SOFTMAX, SIGMOID)
                return Factors(None if DIAGONAL in value else bare(part), bare(other) if logits else None)
    return None


def _seen(part: ast.expr, at: At, reading: Reading) -> bool:
    """Whether an expression means the same where the corrected code belongs."""
    used = _used(at)
    there: ast.AST = region_of(reading.tree, at.node)
    inner = [n for n in ast.walk(there) if isinstance(n, ast.Lambda) and around(n, at.node)]
    there = inner[-1] if inner else there
    if used is None or isinstance(there, ast.Module) or around(there, used):
        return True
    names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
    if "self" in names:
        classes = [c for c in ast.walk(reading.tree) if isinstance(c, ast.ClassDef)]
        has = any(a.arg == "self" for a in ast.walk(region_of(reading.tree, used)) if isinstance(a, ast.arg))
        return has and any(around(c, at.node) and around(c, used) for c in classes)
    own: set[str] = set()
    for node in ast.walk(there):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                own.add(name)
            case ast.alias(name=name, asname=other):
                own.add(other or name.partition(".")[0])
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if node is not there:
                own.add(name)
    return not names & own


def _given(at: At) -> dict[str, str]:
    """What a loss, or the training of a model, is given as class weights; as written."""
    if at.call and at.call.method in FIT:
        weights, examples = (written(at.call.node, name) for name in ("class_weight", "sample_weight"))
        found = {"weights": weights, "class_weight": weights, "sample_weight": examples}
        if CLASS_WEIGHTS in at.call.kwargs.get("sample_weight", UNKNOWN):
            found["class_weights"] = examples
        return {name: ast.unparse(node) for name, node in found.items() if node and len(ast.unparse(node)) <= 40}
    call = (at.loss.made or at.loss.call) if at.loss else at.call
    signature = (CLASSES.get(call.name) or FUNCTIONS.get(call.name)) if call else None
    if call and signature and signature.weights:
        node = bare(written(call.node, *signature.weights))
        if text := ast.unparse(node) if isinstance(node, ast.Constant) and node.value is not None else short(node):
            return {"class_weights": text, signature.weights[0]: text}
    return {}


def operands(node: ast.AST) -> list[ast.expr]:
    """What a product multiplies, an activation is applied to."""
    match node:
        case ast.BinOp():
            return [node.left, node.right]
        case ast.AugAssign():
            return [node.target, node.value]
        case ast.Call(func=ast.Attribute(value=on)) if len(node.args) < 2:
            return [on, *node.args]
        case ast.Call():
            return list(node.args)
    return []


def _without(at: At, reading: Reading) -> str:
    """Which line has to go, or how it reads without the product; "" where the corrected code takes its place."""
    factors, whole = factors_of(at.node, reading), statement(reading.tree, at.node)
    user = at.loss.call if at.loss and factors and factors.logits else at.call or (at.loss and at.loss.call)
    if factors is None or whole is None or (user and statement(reading.tree, user.node) is whole):
        return ""
    text, where = ast.unparse(whole), f"line {line(at.node)}"
    short_enough = "\n" not in text and len(text) < 90
    part = isinstance(at.node, ast.BinOp) and isinstance(whole, ast.Assign) and whole.value is not at.node
    gone = not part if factors.logits is None else _gone(at, factors.logits, reading)
    if isinstance(whole, ast.Assign | ast.AugAssign) and gone:
        return f"# without {where}: {text}" if short_enough else f"# without {where}"
    if isinstance(whole, ast.AugAssign):
        return f"# without {where}: {text}"
    if isinstance(whole, ast.Return | ast.Assign | ast.Expr) and factors.logits is not None and short_enough:
        plain = ast.unparse(_factor(at.node, factors.logits))
        return f"# {where} without the product: {text.replace(ast.unparse(at.node), plain, 1)}"
    return f"# without the product in {where}"


def statement(tree: ast.Module, node: ast.AST) -> ast.stmt | None:
    """The innermost statement that holds a piece of code."""
    at_line = [s for s in ast.walk(tree) if isinstance(s, ast.stmt) and line(s) <= line(node) <= (s.end_lineno or 0)]
    return next((s for s in reversed(at_line) if any(part is node for part in ast.walk(s))), None)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Modules -> what they are called here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                top = a.name if a.asname else a.name.split(".")[0]
                yield canonical(top), a.asname or top
        elif isinstance(node, ast.ImportFrom):
            yield from ((canonical(f"{node.module}.{a.name}"), a.asname or a.name) for a in node.names)
