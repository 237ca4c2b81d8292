"""What comes of operators and look-ups: where weights meet logits, probabilities and labels."""

import ast
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


def numbers(value: Value) -> list[float]:
    """The numbers of a list of at least two that are not all 0 or 1; else none."""
    items = value.items or ()
    if len(items) == 1 and items[0].items:  # a row in a list
        items = items[0].items
    found = [v.const for v in items if isinstance(v.const, int | float) and not isinstance(v.const, bool)]
    return found if len(found) == len(items) >= 2 and set(found) - {0, 1} else []


def element(value: Value) -> Value:
    """One of what a loop goes through."""
    if value.items:
        return value.items[0]
    return Value(kinds=value.kinds - {ARRAY, DICT, WEIGHTS, CLASS_WEIGHTS})


def looked_up(table: Value, index: Value, node: ast.AST) -> Value:
    """Entries of a table at an index: class weights at labels are weights of examples."""
    sticky = (table.kinds | index.kinds) & {RESAMPLED}
    weights = table.has(CLASS_WEIGHTS, WEIGHTS) or bool(numbers(table))
    if weights and PREDICTED in index:
        return Value(kinds=sticky | {PREDICTED_WEIGHTS}, marks=(Mark("predicted", node),))
    if weights and LABELS in index:
        return Value(kinds=sticky | {EXAMPLE_WEIGHTS})
    if table.has(CLASS_WEIGHTS, WEIGHTS):
        return Value(kinds=sticky)
    return Value(kinds=sticky | (table.kinds & {LABELS, MULTI_LABEL, LOGITS, SCORES, SOFTMAX, SIGMOID, PREDICTED, LOSS}),
                 marks=table.marks)  # fmt: skip


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
            return Value(kinds=(a.kinds | b.kinds) & {LOSS, WEIGHTED_MEAN})
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
        return Value(kinds=kinds | sticky, marks=joined(a.marks, b.marks))
    if op == "Pow":
        if COUNTS in a and isinstance(b.const, int | float) and b.const < 0:
            return Value(kinds=frozenset({CLASS_WEIGHTS, ARRAY}))
        return Value(kinds=a.kinds & {CLASS_WEIGHTS, COUNTS, ARRAY})
    return Value(kinds=sticky)


def _number(op: str, a: float, b: float) -> Any:
    """Simple arithmetic of two numbers, as far as it matters: that it is a number."""
    if op == "Div" and b:
        return a / b
    return {"Add": a + b, "Sub": a - b}.get(op, 0.5)


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
        return Value(kinds=(a.kinds | b.kinds) & {LOSS, WEIGHTED_MEAN})
    if (LOG in a and b.has(LABELS, EXAMPLE_WEIGHTS)) or (LOG in b and a.has(LABELS, EXAMPLE_WEIGHTS)):
        return Value(kinds=frozenset({LOSS}))
    for w, x in ((a, b), (b, a)):
        if w.has(PARAMETER, DICT) or x.has(MASK, LOG) or MASK in w:
            continue
        scores = x.has(LOGITS, SCORES) and not x.has(SOFTMAX, SIGMOID)
        if scores and PREDICTED_WEIGHTS in w:
            return x.also(marks=w.marks)
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
            return Value(kinds=frozenset({PREDICTED_WEIGHTS}), marks=(Mark("predicted", node),))
        if scores:
            return x.also(marks=(Mark("multiplied", node, sure),))
        if CLASS_WEIGHTS in w and x.const is ... and not x.kinds - {ARRAY, RESAMPLED}:
            return Value(kinds=w.kinds, marks=(*w.marks, Mark("multiplied", node)))
        return Value(kinds=w.kinds)
    main = next((v for v in (a, b) if v.kinds - {ARRAY, RESAMPLED, MASK}), a)
    other = b if main is a else a
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
            return Value(kinds=frozenset({PREDICTED_WEIGHTS}), marks=(Mark("predicted", node),))
    return Value(kinds=frozenset({SCORES}))


def compared(left: Value, others: list[Value]) -> Value:
    """A comparison: of labels with a number, or of scores with a threshold."""
    right = others[0]
    if LABELS in left and PREDICTED not in right:
        return Value(kinds=frozenset({LABELS}))
    if left.has(SOFTMAX, SIGMOID, LOGITS, SCORES, PREDICTED) and isinstance(right.const, int | float):
        return Value(kinds=frozenset({PREDICTED}))
    return UNKNOWN
