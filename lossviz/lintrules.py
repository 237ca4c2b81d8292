"""What a rule of the linter is, and the table that holds them; the rules themselves are in `lossviz.lintflaws`."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lossviz.lintfixes import chosen_fix, simple, spelled
from lossviz.lintlosses import Loss
from lossviz.lintread import Reading
from lossviz.lintvalues import CLASS_WEIGHTS, LOGITS, SCORES, WEIGHTS, Call, canonical, hint

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
    """

    node: ast.AST
    detail: str = ""
    loss: Loss | None = None
    call: Call | None = None
    form: str = ""


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
    framework = _framework(at, reading)
    form = at.form or (at.loss.form if at.loss else "")
    compiled = any(c is not None and c.method in ({"compile"} | FIT) for c in (at.loss and at.loss.call, at.call))
    fix = spelled(chosen_fix(fixes, framework, form, compiled), _names(at))
    imported = dict(_imported(reading.tree))
    if "tensorflow" in imported and "keras" not in imported:
        imported["keras"] = f"{imported['tensorflow']}.keras"
    for dotted in ("torch.nn.functional", "torch.nn", "keras"):
        if dotted in imported:
            fix = re.sub(rf"(?<![\w.]){re.escape(dotted)}\.", f"{imported[dotted]}.", fix)
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


def _names(at: At) -> dict[str, str]:
    """How the user calls what the corrected code calls logits, labels and class weights, where that is sure."""
    found: dict[str, str] = {}
    if at.loss:
        if labels := simple(at.loss.spelled.get("labels")):
            found |= {"labels": labels, "onehot_labels": labels, "multi_hot": labels}
    for node in [
        *_operands(at.node),
        *([at.loss.spelled["logits"]] if at.loss and "logits" in at.loss.spelled else []),
    ]:
        text = simple(node)
        says = hint(re.findall(r"\w+", text)[-1]) if text else frozenset()
        if says & {CLASS_WEIGHTS, WEIGHTS}:
            found.setdefault("pos_weight" if "pos" in text.lower() else "class_weights", text)
        elif says & {LOGITS, SCORES} and not re.search("weight|scaled|prob|softmax|sigmoid", text.lower()):
            found.setdefault("logits", text)
    return found


def _operands(node: ast.AST) -> list[ast.AST]:
    """What a product multiplies, a look-up looks up, an activation is applied to."""
    match node:
        case ast.BinOp():
            parts = [node.left, node.right]
        case ast.AugAssign():
            parts = [node.target, node.value]
        case ast.Subscript():
            parts = [node.value]
        case ast.Call():
            parts = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        case _:
            parts = []
    return [p.value if isinstance(p, ast.Subscript) and not isinstance(p.slice, ast.Constant) else p for p in parts]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Modules -> what they are called here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                top = a.name if a.asname else a.name.split(".")[0]
                yield canonical(top), a.asname or top
        elif isinstance(node, ast.ImportFrom):
            yield from ((canonical(f"{node.module}.{a.name}"), a.asname or a.name) for a in node.names)
