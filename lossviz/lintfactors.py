"""What a product of class weights is made of, and how these weights are written where the loss is."""

import ast
import copy
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from lossviz.lintcalls import LOOK_UP
from lossviz.lintdecides import around, region_of
from lossviz.lintfixes import simple
from lossviz.lintlosses import written
from lossviz.lintproducts import numbers
from lossviz.lintread import Reading
from lossviz.lintvalues import CLASS_WEIGHTS, EXAMPLE_WEIGHTS, PREDICTED, SIGMOID, SOFTMAX, WEIGHTS

TILED = set("expand expand_as repeat tile broadcast_to diag diag_embed".split())
"""Of what only shapes weights: what no flattening undoes."""
SHAPES = TILED | set("view view_as reshape expand_dims unsqueeze".split())
MOVES = set(
    "to cuda cpu float double half type type_as astype cast detach clone numpy stop_gradient tensor as_tensor Tensor "
    "FloatTensor from_numpy array asarray constant convert_to_tensor device_put".split()
)
"""Functions and methods of which weights come out with the same shape."""
_LIBRARIES = {"tf", "tensorflow", "np", "numpy", "jnp", "jax", "torch", "keras", "ops", "K"}


class Factors(NamedTuple):
    """Of a product or a look-up, as written.

    Attributes:
        weights: What is weights; None where that is not written there.
        rest: What stays of the product without them; None of a look-up, and of probabilities.
    """

    weights: ast.expr | None
    rest: ast.expr | None


class Vector(NamedTuple):
    """Class weights, one number each.

    Attributes:
        node: How they are written.
        flat: Whether they are a vector as they are; else they have to be flattened.
        wide: Whether they may be NumPy's array, or of 64 bits as that is; as far as the file tells.
        number: Whether it is one number of Python, such as what a positive weighs.
    """

    node: ast.expr
    flat: bool
    wide: bool
    number: bool


def factors_of(node: ast.AST, reading: Reading) -> Factors | None:
    """What is multiplied or looked up; None of anything else.

    Example:
        >>> reading = Reading(ast.parse("logits * class_weights[None]"))
        >>> [ast.unparse(part) for part in factors_of(reading.tree.body[0].value, reading)]
        ['class_weights[None]', 'logits']
    """
    if isinstance(node, ast.Subscript):
        return Factors(node.value, None)
    for call in (c for c in reading.calls if c.node is node):
        if call.method in LOOK_UP and isinstance(node, ast.Call):
            on = node.func.value if not call.name and isinstance(node.func, ast.Attribute) else None
            return Factors(on or written(node, "params", 0), None)
        parts, values = operands(node), list(call.args)
        if isinstance(node, ast.Call) and not call.name:  # a method
            values = [call.on, *values]
        for (part, value), (other, by) in permutations(list(zip(parts, values, strict=False))[-2:], 2):
            if value.has(CLASS_WEIGHTS, WEIGHTS, EXAMPLE_WEIGHTS) or numbers(value):
                table = factors_of(unshaped(part), reading) if EXAMPLE_WEIGHTS in value else Factors(part, None)
                return Factors(table and table.weights, None if by.has(SOFTMAX, SIGMOID, PREDICTED) else other)
    return None


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


def unshaped(node: ast.expr, dropped: set[str] | None = None) -> ast.expr:
    """Weights without what only shapes them for a product; what moves or casts them stays.

    Args:
        node: How they are written.
        dropped: Takes what was left out, by name; `[]` of axes and brackets.

    Example:
        >>> ast.unparse(unshaped(ast.parse("torch.tensor(w[None, :]).view(1, -1).to(device)").body[0].value))
        'torch.tensor(w).to(device)'
    """
    dropped = set() if dropped is None else dropped
    match node:
        case ast.Subscript() if _only_axes(node.slice):
            dropped.add("[]")
            return unshaped(node.value, dropped)
        case ast.List(elts=[ast.List() as row]):
            dropped.add("[]")
            return row
        case ast.Call() if (inner := _given(node)) is not None:
            name = str(getattr(node.func, "attr", getattr(node.func, "id", "")))
            if name in SHAPES:
                to = [ast.unparse(a) for a in node.args if a is not inner]
                if name in ("view", "reshape") and to in (["-1"], ["[-1]"]):
                    return node  # a vector
                dropped.add(name)
                return unshaped(inner, dropped)
            if name in MOVES:
                found = replaced(node, inner, unshaped(inner, dropped))
                assert isinstance(found, ast.expr)
                return found
    return node


def _only_axes(index: ast.expr) -> bool:
    """Whether an index does nothing but add axes."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return all(ast.unparse(p) in (":", "None", "...", "np.newaxis", "tf.newaxis", "jnp.newaxis") for p in parts)


def _given(call: ast.Call) -> ast.expr | None:
    """What a function of a library, or a method, is applied to."""
    root = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(call.func, ast.Attribute) and getattr(root, "id", "") not in _LIBRARIES:
        return call.func.value
    return call.args[0] if call.args else None


def vector(weights: ast.expr, product: ast.AST, used: ast.AST | None, reading: Reading) -> Vector | None:
    r"""Class weights as a vector that means the same in another place.

    Args:
        weights: How they are written in a product or a look-up.
        product: The product.
        used: Where the vector is wanted; None where that is not known.
        reading: Of the file.

    Returns:
        None where there is no such way to write them.

    Example:
        >>> reading = Reading(ast.parse("row = w[None]\nz = logits * row\nf(z, y)"))
        >>> _, product, loss = (statement.value for statement in reading.tree.body)
        >>> ast.unparse(vector(product.right, product, loss, reading).node)
        'w'
    """
    node, tree = unshaped(weights), reading.tree
    base, before = _base(node), list(history(node, product, tree))
    shaping, bound = _shaping(before), _bound(simple(base), product, tree)
    if shaping and len(bound) == 1 and (made := bound[0].value) is not None:
        under = unshaped(made)
        plain = (simple(under) or shaping & TILED) and not _shaping(history(under, made, tree))
        if plain and means_the_same(under, made, used, tree):
            node, shaping = _expression(replaced(node, base, under)), set()
    if shaping & TILED or not means_the_same(node, product, used, tree):
        return None
    *names, last = before
    number = isinstance(last, ast.Constant) and all(isinstance(name, ast.Name | ast.Attribute) for name in names)
    return Vector(node, not shaping, _wide(" ".join(map(ast.unparse, before))), number)


def _wide(text: str) -> bool:
    """Whether NumPy or scikit-learn makes a value, and a framework only takes it as it comes."""
    cast = r"float32|float\(|FloatTensor|dtype|type_as|\.to\(|cast|half|\b(tf|tensorflow|jnp|jax|keras|ops|K)\."
    return bool(re.search(r"\bnp\.|\bnumpy\.|compute_class_weight", text)) and not re.search(cast, text)


def _expression(node: ast.AST) -> ast.expr:
    assert isinstance(node, ast.expr)
    return node


def _base(node: ast.expr) -> ast.expr:
    """What is moved and cast, without that."""
    while isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in MOVES:
        inner = _given(node)
        if inner is None:
            break
        node = inner
    return node


def _shaping(parts: Iterable[ast.expr]) -> set[str]:
    """What shapes a value, where it is written and before it has its name."""
    found: set[str] = set()
    for part in parts:
        unshaped(part, found)
    return found


def history(node: ast.expr, where: ast.AST, tree: ast.Module, met: set[str] | None = None) -> Iterator[ast.expr]:
    """An expression, and what its names are given, as far back as the file tells."""
    yield node
    base, met = _base(unshaped(node)), set() if met is None else met
    if isinstance(base, ast.BinOp):
        yield from history(base.left, where, tree, met)
        yield from history(base.right, where, tree, met)
    elif (text := simple(base)) not in met:
        met.add(text)
        for _, made in _bound(text, where, tree):
            if made is not None and made is not where:
                yield from history(made, made, tree, met)


class _Binding(NamedTuple):
    """Where a name is bound or deleted, and the value that it is given where that is written."""

    node: ast.AST
    value: ast.expr | None


@lru_cache(maxsize=4)
def _bindings(tree: ast.Module) -> dict[str, list[_Binding]]:
    """Of every name, attribute and item of a file; parameters, imports and functions are names."""
    found: dict[str, list[_Binding]] = {}
    given: dict[int, ast.expr] = {}  # targets by identity; a statement comes before what it holds
    for node in ast.walk(tree):
        value = given.get(id(node))
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                given |= zip(map(id, targets), values, strict=False)
                continue
            case ast.Assign(targets=[target], value=value):
                given[id(target)] = value
                continue
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                given[id(target)] = value
                continue
            case ast.Call(func=ast.Attribute(attr="register_buffer"), args=[ast.Constant(value=str(name)), value, *_]):
                text = f"self.{name}"
            case (
                ast.Name(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store())
            ):
                text = ast.unparse(node)
            case ast.arg(arg=text) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                pass
            case ast.alias(name=name, asname=other):
                text = other or name.partition(".")[0]
            case _:
                continue
        found.setdefault(text, []).append(_Binding(node, value))
    return found


def _within(text: str, place: ast.AST, tree: ast.Module) -> list[_Binding]:
    """Where a name is bound in a function, in a class, or in the file."""
    bound = _bindings(tree).get(text, [])
    return bound if place is tree else [b for b in bound if b.node is not place and around(place, b.node)]


def _bound(text: str, where: ast.AST, tree: ast.Module) -> list[_Binding]:
    """Where a name is bound that is read somewhere: in the same function, else in the file; of `self` in its class."""
    if text.startswith("self."):
        classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and around(n, where)]
        return _within(text, classes[-1], tree) if classes else []
    return _within(text, region_of(tree, where), tree) or _within(text, tree, tree)


def _binds(place: ast.AST, names: set[str], tree: ast.Module, lines: range = range(10**9)) -> bool:
    return any(getattr(b.node, "lineno", 0) in lines for name in names for b in _within(name, place, tree))


def means_the_same(part: ast.expr, where: ast.AST, used: ast.AST | None, tree: ast.Module) -> bool:
    """Whether an expression means the same in another place: its names are seen there, and not bound again before."""
    if used is None:
        return True
    there, here = region_of(tree, where), region_of(tree, used)
    attributes = {ast.unparse(n) for n in ast.walk(part) if isinstance(n, ast.Attribute)}
    names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
    inside = isinstance(there, ast.Module) or there is here or around(there, used)
    after = range(where.end_lineno + 1, used.lineno + 1)  # type: ignore[attr-defined]
    if inside and _binds(there, names | attributes, tree, after):
        return False
    if here is not there and not isinstance(here, ast.Module) and _binds(here, names - {"self"}, tree):
        return False
    inner = [n for n in ast.walk(there) if isinstance(n, ast.Lambda) and around(n, where)]
    if inside and not inner:
        return True
    if "self" in names and not inner:
        classes = [c for c in ast.walk(tree) if isinstance(c, ast.ClassDef)]
        return _binds(here, {"self"}, tree) and any(around(c, where) and around(c, used) for c in classes)
    own = inner[-1] if inner else there
    return (bool(inner) and around(own, used)) or not _binds(own, names, tree)


def is_only(whole: ast.expr, part: ast.AST) -> bool:
    """Whether an expression is another that is moved, cast or shaped.

    Example:
        >>> whole = ast.parse("w[y].float()[:, None]").body[0].value
        >>> is_only(whole, whole.value.func.value)
        True
    """
    return _base(unshaped(whole)) is part


def statement(tree: ast.Module, node: ast.AST) -> ast.stmt | None:
    """The innermost statement that holds a piece of code."""
    held = [s for s in _statements(tree) if around(s, node)]
    return next((s for s in reversed(held) if holds(s, node)), None)


@lru_cache(maxsize=4)
def _statements(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def replaced(whole: ast.AST, old: ast.AST | None, new: ast.AST | None) -> ast.AST:
    """A copy with one part replaced: what the memo holds is taken for a copy.

    Example:
        >>> whole = ast.parse("f(z * w, y)").body[0].value
        >>> ast.unparse(replaced(whole, whole.args[0], whole.args[0].left))
        'f(z, y)'
    """
    return copy.deepcopy(whole, {id(old): new}) if old is not None and new is not None else whole


def holds(whole: ast.AST, part: ast.AST) -> bool:
    """Whether a piece of code is part of another."""
    return any(node is part for node in ast.walk(whole))


def without_product(product: ast.AST, rest: ast.expr, reading: Reading) -> str:
    r"""A comment: how the statement of a product reads without it.

    Args:
        product: What multiplies.
        rest: What stays of it.
        reading: Of the file.

    Returns:
        The statement with the product replaced; where that would say nothing, such as `z = z`, that its line goes.

    Example:
        >>> reading = Reading(ast.parse("z = net(x) * w\nz = z * w"))
        >>> for statement in reading.tree.body:
        ...     print(without_product(statement.value, statement.value.left, reading))
        # line 1 without the product: z = net(x)
        # without line 2: z = z * w
    """
    whole = statement(reading.tree, product)
    where = f"line {getattr(product, 'lineno', 1)}"
    if whole is None:
        return f"# without the product in {where}"
    plain = replaced(whole, product, rest)
    if isinstance(whole, ast.AugAssign) and product is whole:
        plain = ast.Assign([whole.target], whole.target, lineno=whole.lineno)
    text, mended = (ast.unparse(s).partition("\n")[0] for s in (whole, plain))  # of a block its first line
    if len(mended) > 100 or mended == text:
        return f"# without the product in {where}"
    match plain:
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
            idle = ast.unparse(target) == ast.unparse(value)
        case _:
            idle = isinstance(plain, ast.Expr) and bool(simple(plain.value))
    if idle and not alone(whole, reading.tree):
        return f"# without {where}: {text}"
    return f"# {where} without the product: {mended}"


def alone(whole: ast.stmt, tree: ast.Module) -> bool:
    """Whether nothing would be left of a block without this statement."""
    return [whole] in _blocks(tree)


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module):
            held = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
            yield from (block for block in held if isinstance(block, list))
