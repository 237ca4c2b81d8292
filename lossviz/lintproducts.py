"""What comes of operators and look-ups: where weights meet logits, probabilities and labels."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

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
    MASK,
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
    WEIGHTED_MEAN,
    WEIGHTS,
    Mark,
    Value,
    joined,
)  # fmt: skip

BARE = re.compile(r"c?w|wc|w_?cls|ws|alphas?|(.*_)?(w|weights?|wts)(_.*)?", re.IGNORECASE)
"""Names that say weights where they are indexed by a class; elsewhere the short ones may be anything."""


def numbers(value: Value, masks: bool = False) -> list[float]:
    """The numbers of a list of at least two; none where all are 0 or 1, unless `masks` are asked for, too."""
    items = value.items or ()
    if len(items) == 1 and items[0].items:  # a row in a list
        items = items[0].items
    found = [v.const for v in items if isinstance(v.const, int | float) and not isinstance(v.const, bool)]
    return found if len(found) == len(items) >= 2 and (masks or set(found) - {0, 1}) else []


def element(value: Value) -> Value:
    """One of what a loop goes through."""
    if value.items:
        return value.items[0]
    return Value(kinds=value.kinds - {ARRAY, DICT, WEIGHTS, CLASS_WEIGHTS})


def looked_up(table: Value, index: Value, node: ast.AST) -> Value:
    """Entries of a table at an index: class weights at labels are weights of examples."""
    sticky = (table.kinds | index.kinds) & {RESAMPLED}
    if table.made and table.made.method == "eye":
        return Value(kinds=sticky | {ONE_HOT, LABELS})
    weights = table.has(CLASS_WEIGHTS, WEIGHTS) or bool(numbers(table))
    if PREDICTED in index and (weights or _may_weigh(table, node)):
        return by_prediction(index, node).also(*sticky)
    if weights and LABELS in index:
        return Value(kinds=sticky | {EXAMPLE_WEIGHTS})
    if table.has(CLASS_WEIGHTS, WEIGHTS):
        return Value(kinds=sticky)
    return Value(kinds=sticky | (table.kinds & {LABELS, MULTI_LABEL, LOGITS, SCORES, SOFTMAX, SIGMOID, PREDICTED, LOSS}),
                 marks=table.marks)  # fmt: skip


def by_prediction(guess: Value, node: ast.AST) -> Value:
    """Weights that follow a prediction, and which one."""
    made = guess.mark("guessed")
    return Value(kinds=frozenset({PREDICTED_WEIGHTS}), marks=(Mark("predicted", node, by=made and made.node),))


def masked(guess: Value) -> Value:
    """Weights of examples by a mask of those for which a class is predicted; the value itself where it is no such mask."""
    mark = guess.mark("mask")
    return by_prediction(guess, mark.node).also(marks=guess.marks) if mark else guess


def _of_these(weights: Value, product: ast.AST) -> bool:
    """Whether the logits of a product are those that were asked for the prediction; a gate, or a router, asks others."""
    mark = weights.mark("mask") or weights.mark("predicted")
    if not mark or not isinstance(mark.node, ast.Compare | ast.Call):
        return True
    guess = mark.by if mark.by is not None else getattr(weights.mark("guessed"), "node", None)
    given: ast.AST | None = None
    if isinstance(guess, ast.Call):
        given = next((a for a in guess.args[:1] if not isinstance(a, ast.Constant | ast.UnaryOp)), None)
        given = given or getattr(guess.func, "value", None)
    while isinstance(given, ast.Call) and re.search("softmax|sigmoid", ast.unparse(given.func)) and given.args:
        given = given.args[0]
    if given is None:
        return isinstance(guess, ast.Call)
    return bool(re.search(rf"(?<![\w.]){re.escape(ast.unparse(given))}(?!\w)", ast.unparse(product)))


def _may_weigh(table: Value, node: ast.AST) -> bool:
    """Whether a table of numbers, 0 and 1 included, or a short name, holds weights where a prediction picks from it."""
    if table.kinds - {ARRAY} or table.name or table.const is not ...:
        return False
    return bool(numbers(table, masks=True)) or any(BARE.fullmatch(name) for name in _tables(node))


def _tables(node: ast.AST) -> Iterator[str]:
    """How what is looked up in may be called."""
    match node:
        case ast.Subscript():
            parts: list[ast.AST] = [node.value]
        case ast.Call():
            parts = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "params")]
            parts += [node.func.value] if isinstance(node.func, ast.Attribute) else []
        case _:
            parts = []
    for part in parts:
        if isinstance(part, ast.Name | ast.Attribute):
            yield getattr(part, "id", getattr(part, "attr", ""))


# Operators


def binary(node: ast.AST, op: str, a: Value, b: Value) -> Value:
    """What an operator makes of two values."""
    sticky = (a.kinds | b.kinds) & {RESAMPLED}
    if isinstance(a.const, int | float) and isinstance(b.const, int | float):
        return Value(const=_number(op, a.const, b.const))
    if op == "Mult":
        return product(node, a, b).also(*sticky)
    if op == "Div":
        return quotient(node, a, b).also(*sticky)
    if op == "MatMult":
        return matmul(node, a, b)
    if op in ("Add", "Sub"):
        if LOSS in a or LOSS in b:
            return _loss(a, b)
        for mask, x in ((a, b), (b, a)):  # 1 − mask, and 1 + 9 · mask
            if (mask.mark("mask") or PREDICTED_WEIGHTS in mask) and (
                isinstance(x.const, int | float) or PREDICTED_WEIGHTS in x
            ):
                one, other = (v.mark("mask") or v.mark("predicted") for v in (mask, x))
                apart = one and other and one.node is not other.node
                return mask.also(marks=(Mark("several masks", node),) if apart else ())
        if op == "Sub" and isinstance(a.const, int | float) and COUNTS in b:
            return Value(kinds=frozenset({CLASS_WEIGHTS, ARRAY}))
        kinds = (a.kinds | b.kinds) & {
            LOGITS,
            SCORES,
            SOFTMAX,
            SIGMOID,
            CLASS_WEIGHTS,
            WEIGHTS,
            COUNTS,
            ARRAY,
            EXAMPLE_WEIGHTS,
        }
        raw = [v for v in (a, b) if v.has(LOGITS, SCORES) and not v.has(SOFTMAX, SIGMOID)]
        if raw:  # probabilities added to logits are no probabilities
            kinds &= {LOGITS, SCORES}
        marks = joined(a.marks, b.marks)
        if op == "Add" and _mixed(node):
            marks = tuple(m for m in marks if m.what != "multiplied")
        return Value(kinds=kinds | sticky, marks=marks)
    if op == "Pow":
        if COUNTS in a and isinstance(b.const, int | float) and b.const < 0:
            return Value(kinds=frozenset({CLASS_WEIGHTS, ARRAY}))
        return Value(kinds=a.kinds & {CLASS_WEIGHTS, COUNTS, ARRAY})
    return Value(kinds=sticky)


def _mixed(node: ast.AST) -> bool:
    """Whether a sum is a share of one and the rest of another, w·a + (1 − w)·b."""
    products = [p for p in (getattr(node, "left", None), getattr(node, "right", None)) if isinstance(p, ast.BinOp)]
    factors = [{ast.unparse(part) for part in (p.left, p.right)} for p in products if isinstance(p.op, ast.Mult)]
    return len(factors) == 2 and any(
        {f"1 - {w}", f"1.0 - {w}"} & others for one, others in (factors, factors[::-1]) for w in one
    )


def _number(op: str, a: float, b: float) -> Any:
    """Simple arithmetic of two numbers, as far as it matters: that it is a number."""
    if op == "Div" and b:
        return a / b
    return {"Add": a + b, "Sub": a - b}.get(op, 0.5)


def _loss(a: Value, b: Value) -> Value:
    """A loss after arithmetic: what it was compared with is still known."""
    marks = tuple(m for m in joined(a.marks, b.marks) if m.what == "target")
    return Value(kinds=(a.kinds | b.kinds) & {LOSS, WEIGHTED_MEAN}, marks=marks)


def quotient(node: ast.AST, a: Value, b: Value) -> Value:
    """One value divided by another: by counts gives weights."""
    if COUNTS in b and not a.has(COUNTS, LOGITS, SCORES, LABELS, LOSS, SOFTMAX, SIGMOID):
        return Value(kinds=frozenset({CLASS_WEIGHTS, ARRAY}))
    if LABELS in a:  # as targets that sum to 1
        return Value(kinds=a.kinds - {MULTI_LABEL})
    if a.has(LOGITS, SCORES) and CLASS_WEIGHTS in b and not a.has(SOFTMAX, SIGMOID):
        return a.also(marks=(Mark("multiplied", node),))
    return replace(a, items=None, const=...)


def product(node: ast.AST, a: Value, b: Value) -> Value:
    """Two values multiplied element by element; what the rules look for is marked."""
    if LOSS in a or LOSS in b:
        return _loss(a, b)
    for mask, x in ((a, b), (b, a)):
        if mask.mark("mask") and isinstance(x.const, int | float):
            return masked(mask)
    if (LOG in a and b.has(LABELS, EXAMPLE_WEIGHTS)) or (LOG in b and a.has(LABELS, EXAMPLE_WEIGHTS)):
        return Value(kinds=frozenset({LOSS}))
    for w, x in ((a, b), (b, a)):
        if w.has(PARAMETER, DICT) or x.has(MASK, LOG) or MASK in w:
            continue
        scores = x.has(LOGITS, SCORES) and not x.has(SOFTMAX, SIGMOID)
        if scores and (PREDICTED_WEIGHTS in w or w.mark("mask")) and _of_these(w, node):
            return x.also(marks=masked(w).marks)
        if scores and EXAMPLE_WEIGHTS in w:
            return x.also(marks=(Mark("multiplied", node),))
        sure = CLASS_WEIGHTS in w or bool(numbers(w))
        if not sure and WEIGHTS not in w:
            continue
        if x.has(SOFTMAX, SIGMOID):
            return x.also(marks=(Mark("weighted probabilities", node),))
        if LABELS in x:
            return Value(kinds=frozenset({EXAMPLE_WEIGHTS}))
        if PREDICTED in x:
            return by_prediction(x, node)
        if scores:
            return x.also(marks=(Mark("multiplied", node, sure),))
        if CLASS_WEIGHTS in w and x.const is ... and not x.kinds - {ARRAY, RESAMPLED}:
            return Value(kinds=w.kinds, marks=(*w.marks, Mark("multiplied", node)))
        return Value(kinds=w.kinds)
    main = next((v for v in (a, b) if v.kinds - {ARRAY, RESAMPLED, MASK}), a)
    other = b if main is a else a
    if a.mark("mask") or b.mark("mask"):  # of more than a class that is predicted, such as of false alarms
        a, b = (replace(v, marks=tuple(m for m in v.marks if m.what != "mask")) for v in (a, b))
    gated = [v for v in (a, b) if v.has(LOGITS, SCORES) and not v.has(SOFTMAX, SIGMOID)]
    if len(gated) == 1 and (a if gated[0] is b else b).has(
        SOFTMAX, SIGMOID
    ):  # what a gate lets through are no probabilities
        return Value(kinds=gated[0].kinds - {MASK}, marks=gated[0].marks)
    if PREDICTED in main and other.kinds:  # such as hits: of the guess and what is true
        return Value(kinds=main.kinds & {ARRAY, RESAMPLED})
    if (
        main.has(SOFTMAX, SIGMOID) and not other.kinds and other.const is ...
    ):  # a gate, or attention: no probability now
        return Value(kinds=main.kinds & {ARRAY, RESAMPLED})
    return Value(kinds=main.kinds - {MASK}, marks=joined(a.marks, b.marks))


def matmul(node: ast.AST, a: Value, b: Value) -> Value:
    """A product of matrices: with a diagonal of weights, or labels times weights."""
    if DIAGONAL in b or DIAGONAL in a:
        return product(node, a, b)
    if b.has(CLASS_WEIGHTS, WEIGHTS) or numbers(b):
        if LABELS in a:
            return Value(kinds=frozenset({EXAMPLE_WEIGHTS}))
        if PREDICTED in a:
            return by_prediction(a, node)
    return Value(kinds=frozenset({SCORES}))


def compared(left: Value, others: list[Value], node: ast.AST) -> Value:
    """A comparison: of labels with a number, or of scores with a threshold."""
    right = others[0]
    if LABELS in left and PREDICTED not in right:
        return Value(kinds=frozenset({LABELS}))
    if left.has(SOFTMAX, SIGMOID, LOGITS, SCORES, PREDICTED) and isinstance(right.const, int | float):
        by_class = PREDICTED in left or (
            SIGMOID in left and right.const == 0.5
        )  # else a threshold may be of confidence
        activated = left.mark("activated")
        mark = Mark("mask", node, by=activated and activated.node)
        return guessed(left, node).also(marks=(mark,) if by_class else ())
    return UNKNOWN


def guessed(scores: Value, node: ast.AST) -> Value:
    """The labels that scores decide for."""
    marks = tuple(m for m in scores.marks if m.what == "guessed") or (Mark("guessed", node),)
    return Value(kinds=frozenset({PREDICTED}), marks=(*marks, *(m for m in scores.marks if m.what == "activated")))
