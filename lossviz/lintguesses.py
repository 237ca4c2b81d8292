"""Weights by a prediction: what they weigh, whose prediction it is, and how they read by the true label."""

import ast
import re

from lossviz.lintcalls import MULTIPLY
from lossviz.lintdecides import evaluates, region_of
from lossviz.lintfactors import history, holds, operands, replaced, statement, without_product
from lossviz.lintfixes import short
from lossviz.lintlosses import Loss
from lossviz.lintorigin import named
from lossviz.lintown import rewritten
from lossviz.lintread import Reading
from lossviz.lintvalues import LOGITS, SCORES, Call, Mark, Value


def teaches(tree: ast.Module, product: ast.AST) -> bool:
    """Whether a loss goes on to `backward()`, where there is one; else it may be a figure of a class that is only told."""
    if evaluates(tree, product) or "detach()" in ast.unparse(product):
        return False
    region, above = region_of(tree, product), statement(tree, product)
    calls = [n for n in ast.walk(region) if isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "backward"]
    if not calls or not isinstance(above, ast.Assign | ast.AugAssign):
        return True
    reached = {n.id for n in ast.walk(above) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for _ in range(4):  # names of names
        for n in ast.walk(region):
            if isinstance(n, ast.Assign | ast.AugAssign | ast.Call) and reached & named(n):
                to = n.targets if isinstance(n, ast.Assign) else [n.target] if isinstance(n, ast.AugAssign) else []
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "append":
                    to = [n.func.value]
                reached |= {name.id for part in to for name in ast.walk(part) if isinstance(name, ast.Name)}
    return any(reached & named(call) for call in calls)


def of_its_logits(weights: Value, loss: Loss | None) -> bool:
    """Whether a mask was made of the logits that a loss is of; one of another model's is no guess of what is learnt here."""
    given, mark = loss.spelled.get("logits") if loss else None, weights.mark("mask")
    if given is None or mark is None:
        return True
    guess = weights.mark("guessed")
    nodes = [n for n in (mark.node, mark.by, guess.node if guess else None) if n is not None]
    text = rf"(?<![\w.]){re.escape(ast.unparse(given))}(?!\w)"
    return any(re.search(text, ast.unparse(node)) for node in nodes)


def unmasked(mark: Mark, loss: Loss | None, reading: Reading) -> tuple[str, str]:
    """How the line of the product that weights by prediction go into reads without it, and the logits at the loss."""
    given = loss.spelled.get("logits") if loss else None
    products = (c for c in reading.calls if c.name == "*" or c.method in MULTIPLY)
    product = next(
        (
            c.node
            for c in products
            if any(m.node is mark.node for v in (c.on, *c.args) for m in v.marks)
            and any(v.has(LOGITS, SCORES) for v in (c.on, *c.args))
        ),
        None,
    )
    pair = operands(product) if product is not None else []
    marked = [holds(p, mark.node) for p in pair]
    if given is None or product is None or len(pair) != 2:
        return "", ""
    if not any(marked):  # a name
        name = statement(reading.tree, mark.node)
        target = ast.unparse(name.targets[0]) if isinstance(name, ast.Assign) else ""
        marked = [any(ast.unparse(part) == target for part in ast.walk(p)) for p in pair]
    if sum(marked) != 1:
        return "", ""
    rest = pair[marked.index(False)]
    if holds(given, product):
        return "", ast.unparse(replaced(given, product, rest))
    return without_product(product, rest, reading), ast.unparse(given)


def by_label(look_up: ast.AST, loss: Loss | None, call: Call, reading: Reading) -> str:
    """The user's own look-up by the labels of a loss beside it; "" where they may be no indices, or it is not known how."""
    given, tree = loss.spelled.get("labels") if loss else None, reading.tree
    if loss is None or given is None or not short(given):
        return ""
    here = region_of(tree, loss.call.node)
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For) and holds(n, look_up)]
    if region_of(tree, look_up) is not here or not all(holds(loop, loss.call.node) for loop in loops):
        return ""
    if re.search(r"\bignore_|-100\b", ast.unparse((loss.made or loss.call).node) + ast.unparse(here)):
        return ""  # a label that no class has
    if loss.name.startswith("keras.") and call is not loss.call:
        return ""  # labels of shape (N, 1), which Keras takes, would make the product N by N
    index: ast.expr = ast.parse(short(given), mode="eval").body
    if loss.name.startswith("torch.") and loss.form == "sigmoid":
        if isinstance(look_up, ast.Subscript) and re.search(r"max\(", _made_of(look_up.slice, look_up, tree)):
            return ""  # one guess an example
        index = ast.Call(ast.Attribute(index, "long", ast.Load()), [], [])
    elif loss.form or NO_INDICES.search(_made_of(given, loss.call.node, tree)):
        return ""
    old: ast.AST | None = look_up
    new: ast.expr | None = None
    each = [n for n in ast.walk(tree) if isinstance(n, ast.ListComp | ast.GeneratorExp) and holds(n, look_up)]
    match look_up:
        case ast.Subscript() if each:
            old, new = _iterable(each, look_up.slice), index
        case ast.Subscript():
            new = ast.Subscript(look_up.value, index, ast.Load())
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()]) if not each:
            new = ast.Compare(index, look_up.ops, look_up.comparators)
        case ast.Compare():
            return ""
        case ast.Call(args=[_, of]) if re.search("equal|eq$", ast.unparse(look_up.func)) and not each:
            new = ast.Call(look_up.func, [index, of], [])
        case ast.Call(args=[asked, _, _], keywords=[]) if re.search("where|select", ast.unparse(look_up.func)):
            if isinstance(asked, ast.Compare) and not each:
                new = ast.Call(look_up.func, [ast.Compare(index, asked.ops, asked.comparators), *look_up.args[1:]], [])
        case ast.Call(func=function, keywords=[]) if len(look_up.args) > 1 and not each:
            if re.search("mul", ast.unparse(function)):
                return ""  # of a one-hot guess
            new = ast.Call(look_up.func, [*look_up.args[:-1], index], [])
    return f"{rewritten(reading, old, new)}  # by each example's true class" if old and new else ""


NO_INDICES = re.compile(r"one_?hot|float|double|half|\beye\b|categorical|smooth", re.IGNORECASE)
"""Labels that are made so may be probabilities."""


def _made_of(node: ast.expr, where: ast.AST, tree: ast.Module) -> str:
    return " ".join(map(ast.unparse, history(node, where, tree)))


def _iterable(each: list[ast.ListComp | ast.GeneratorExp], index: ast.expr) -> ast.expr | None:
    """What a comprehension takes an index from, before it is moved to Python; None where that is not sure."""
    match each:
        case [ast.ListComp(generators=[part]) | ast.GeneratorExp(generators=[part])]:
            if ast.unparse(part.target) != ast.unparse(index) or part.ifs:
                return None
            node = part.iter
            while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TO_PYTHON:
                node = node.func.value
            return node
    return None


TO_PYTHON = {"tolist", "numpy", "cpu", "detach"}
