"""What a value is made from, whether the classes of the examples are in it, and what a file imports."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from lossviz.lintvalues import LABELS, canonical, hint

_CLASSES = r"class(es)?|cls|labels?|targets?|y|gt|categor(y|ies)|balanc(e|ed|ing)|pos(itives?)?|neg(atives?)?"
_CLASS = re.compile(rf"(.*_)?({_CLASSES}|minor(ity)?|major(ity)?|rare)(_?\d+|_.*)?")
_COUNTED = re.compile(r"(.*_)?(counts?|freqs?|frequenc(y|ies)|priors?|cls_num_list)(_.*)?")
_OTHER_GROUP = re.compile(
    r"(.*_)?(domains?|sources?|sites?|groups?|hospitals?|centers?|centres?|qualit(y|ies)|difficult(y|ies)|confidences?"
    r"|scores?|datasets?|users?|patients?|lengths?|lang(uage)?s?|tasks?|weather|regions?)(_.*)?"
)
"""Of names: what they say where nothing in the file says more."""
MOST = 2000  # pieces of code to look through


def by_class(tree: ast.Module, node: ast.AST | None, compared: bool = False) -> bool:
    r"""Whether labels, class counts or class weights are in a value, as far as the file tells.

    Args:
        tree: The file.
        node: The value.
        compared: Whether only what picks examples of a class will do: a comparison with a label, or a name such as minority.

    Example:
        >>> tree = ast.parse("n = np.bincount(site)\nw = (1 / n)[site]\nm = np.bincount(y)\nv = 1 / m\nf(w, v)")
        >>> call = tree.body[-1].value
        >>> by_class(tree, call.args[0]), by_class(tree, call.args[1])
        (False, True)
    """
    if node is None:
        return False
    makers = _makers(tree)
    todo, seen = [node], set[int]()
    while todo and len(seen) < MOST:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and _COUNTED.fullmatch(_snake(part.func))
        ):
            if not _CLASS.fullmatch(_snake(part.func)):  # value_counts: what matters is of what
                todo += [part.func.value, *_parts(ast.Call(ast.Constant(0), part.args, part.keywords))]
                continue
        name = _snake(part)
        made = [] if isinstance(part, ast.Constant) else makers.get(_name(part), [])
        if _OTHER_GROUP.fullmatch(name):
            if not isinstance(part, ast.Attribute):
                todo += made
        elif compared:
            if isinstance(part, ast.Compare) and any(_CLASS.fullmatch(_snake(n)) for n in ast.walk(part)):
                return True
            if re.search(r"(?<![a-z])(pos|neg|minor|major|rare)", name):
                return True
        elif _CLASS.fullmatch(name) or (_COUNTED.fullmatch(name) and not made):
            return True
        todo += made
        todo += _parts(part)
    return False


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What a piece of code holds; of texts only those that name a column or an entry."""
    if isinstance(node, ast.keyword):  # its name is the function's
        yield node.value
        return
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, ast.Constant) or isinstance(node, ast.Subscript):
            yield part


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", getattr(node, "name", ""))))


def _snake(node: ast.AST) -> str:
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else _name(node)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text[:80]).lower().strip("_")


def _makers(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Names -> what they are given, anywhere in the file: assigned, looped over, appended, returned, or passed in a call."""
    made: dict[str, list[ast.AST]] = {}
    parameters: dict[str, list[str]] = {}

    def give(targets: Iterable[ast.AST], *values: ast.AST) -> None:
        for target in targets:
            while isinstance(target, ast.Subscript | ast.Starred):
                if isinstance(target, ast.Subscript):
                    values = (*values, target.slice)
                target = target.value
            if isinstance(target, ast.Tuple | ast.List):
                pairs = values[0].elts if isinstance(values[0], ast.Tuple | ast.List) else []
                for i, part in enumerate(target.elts):
                    give([part], *([pairs[i]] if len(pairs) == len(target.elts) else values))
            elif name := _name(target):
                made.setdefault(name, []).extend(values)

    for node in ast.walk(tree):
        match node:
            case ast.Assign():
                give(node.targets, node.value)
            case ast.AugAssign() | ast.NamedExpr() | ast.AnnAssign() if node.value is not None:
                give([node.target], node.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                give([node.target], node.iter)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                parameters[node.name] = [a.arg for a in [*node.args.posonlyargs, *node.args.args] if a.arg != "self"]
                returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
                made.setdefault(node.name, []).extend(returned)
            case ast.Call(func=ast.Attribute(attr="append" | "extend", value=held)):
                give([held], *node.args)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (names := parameters.get(_name(node.func))):
            for name, value in [*zip(names, node.args, strict=False), *((k.arg, k.value) for k in node.keywords)]:
                if name:
                    made.setdefault(name, []).append(value)
    return made


def named(node: ast.AST) -> set[str]:
    """The names, attributes and texts in a piece of code.

    Example:
        >>> sorted(named(ast.parse("config['sampled'] or self.weighted")))
        ['config', 'sampled', 'self', 'weighted']
    """
    texts = (getattr(n, "id", getattr(n, "attr", getattr(n, "value", None))) for n in ast.walk(node))
    return {text for text in texts if isinstance(text, str)}


def looked_up(given: ast.expr | None, tree: ast.Module) -> bool:
    """Whether what is called class weights was made one by one, or of the labels: it is a weight for each example.

    What is counted of the labels is one for each class.

    Example:
        >>> tree = ast.parse("a = [weights[label] for label in labels]; b = compute_class_weight(labels); f(a, b)")
        >>> [looked_up(given, tree) for given in tree.body[-1].value.args]
        [True, False]
    """
    if not isinstance(given, ast.Name):
        return False
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=examples):
                filled = [n for n in ast.walk(node) if _fills(n, given.id)]
                if filled and any(_of_labels(part, "len") for part in (examples, *filled)):
                    return True
            case ast.Assign(targets=[ast.Subscript(ast.Name(given.id), ast.Compare() as index)]) if _of_labels(index):
                return True
            case ast.Assign(targets=[ast.Name(given.id)], value=made):
                if _of_labels(made):
                    return True
    return False


def _fills(node: ast.AST, name: str) -> bool:
    """Whether code appends to what is called so, or sets a place in it."""
    match node:
        case (
            ast.Call(func=ast.Attribute(ast.Name(called), "append"))
            | ast.Assign(targets=[ast.Subscript(ast.Name(called))])
        ):
            return bool(called == name)
    return False


def _of_labels(node: ast.AST, but: str = "") -> bool:
    """Whether a value is made of the labels one by one, and not of how many they are; `but` is no word for counting."""
    names = named(node) - {but}
    counted = any(
        re.search(r"count|unique|compute_class_weight|histogram|^(len|sum|set)$", n, re.IGNORECASE) for n in names
    )
    return not counted and any(LABELS in hint(n) for n in names)


@lru_cache(maxsize=4)
def taken(tree: ast.Module) -> set[str]:
    """All names that a file uses."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@lru_cache(maxsize=4)
def imported_as(tree: ast.Module) -> list[tuple[str, str]]:
    r"""Modules and what they are called in a file.

    Example:
        >>> imported_as(ast.parse("import tensorflow as tf\nfrom torch import nn"))
        [('tensorflow', 'tf'), ('torch.nn', 'nn')]
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                top = a.name if a.asname else a.name.split(".")[0]
                found.append((canonical(top), a.asname or top))
        elif isinstance(node, ast.ImportFrom):
            found += [(canonical(f"{node.module}.{a.name}"), a.asname or a.name) for a in node.names]
    return found
