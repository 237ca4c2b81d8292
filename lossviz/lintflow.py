"""Which pieces of code exclude each other, and on which losses something is decided."""

import ast
import re
from collections.abc import Iterator

VALIDATES = re.compile(r"_?(run_|do_)?(validat(e|ion)|eval(uate|uation)?)(_\w+)?", re.IGNORECASE)
"""Names of functions that measure a model on held-out data."""
_VALIDATION_LOSS = re.compile(r"val\w*[/_]?loss|loss\w*val|dev_loss", re.IGNORECASE)
_OTHER_METRIC = re.compile(r"acc|f1|auc|score|recall|precision|iou|dice|metric|correct", re.IGNORECASE)
_DECIDER = re.compile(r"step|stop|min$|report", re.IGNORECASE)

Way = dict[str, tuple[bool, object]]


def exclusive(tree: ast.AST, one: ast.AST, other: ast.AST) -> bool:
    """Whether no single run comes by both: they are in two branches of an `if`, `match` or `try`, or of two that ask alike.

    Example:
        >>> tree = ast.parse("(a if quick else b, c if not quick else None)")
        >>> a, b, c = (node for node in ast.walk(tree) if getattr(node, "id", "") in list("abc"))
        >>> exclusive(tree, a, b), exclusive(tree, a, c), exclusive(tree, b, c)
        (True, True, False)
    """
    first, second = _way(tree, one), _way(tree, other)
    for question in first.keys() & second.keys():
        (yes, answer), (also, other_answer) = first[question], second[question]
        if answer == other_answer and yes != also:
            return True
        if yes and also and answer != other_answer:
            return True
    return False


def _way(tree: ast.AST, goal: ast.AST) -> Way:
    """The questions that are asked on the way to a piece of code, with the answers that lead there."""
    at = (getattr(goal, "lineno", 0), getattr(goal, "col_offset", 0))
    way: Way = {}
    for node in ast.walk(tree):
        match node:
            case ast.If() | ast.IfExp():
                question, answer, yes = _question(node.test)
                if _holds(node.body, at):
                    way[question] = (yes, answer)
                elif _holds(node.orelse, at):
                    way[question] = (not yes, answer)
            case ast.Match():
                for number, case in enumerate(node.cases):
                    if _holds(case.body, at):
                        way[f"match in line {node.lineno}"] = (True, number)
            case ast.Try():
                for number, part in enumerate([node.body, *(h.body for h in node.handlers)]):
                    if _holds(part, at):
                        way[f"try in line {node.lineno}"] = (True, number)
    return way


def _question(test: ast.expr) -> tuple[str, object, bool]:
    """What a test asks, the answer it wants, and whether it wants it or anything else."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            question, answer, yes = _question(test.operand)
            return question, answer, not yes
        case ast.Compare(
            ops=[ast.Eq() | ast.Is() | ast.NotEq() | ast.IsNot()], comparators=[ast.Constant() as constant]
        ):
            return ast.unparse(test.left), constant.value, isinstance(test.ops[0], ast.Eq | ast.Is)
    return ast.unparse(test), True, True


def _holds(part: ast.AST | list[ast.stmt], at: tuple[int, int]) -> bool:
    """Whether a piece of code, or statements, are around a position."""
    for node in part if isinstance(part, list) else [part]:
        first = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        if first <= at < (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)):
            return True
    return False


# What decides


def decides(tree: ast.Module, inside: tuple[str, ...] = ()) -> bool:
    """Whether a validation loss is compared, or handed to a schedule or to early stopping.

    Args:
        tree: The file.
        inside: Functions around the loss in question: what they return is a validation loss, too.
    """
    returning = {name for name in inside if _returns_loss(tree, name)}
    names = {name for function in returning for name in _assigned(tree, function)}

    def is_it(node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and _name(node.func) in returning:
            return True
        return bool(_VALIDATION_LOSS.search(_name(node))) or _name(node) in names

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(is_it, [node.left, *node.comparators])):
            return True
        if isinstance(node, ast.Call) and any(map(is_it, node.args)) and _DECIDER.search(_name(node.func)):
            return True
        if isinstance(node, ast.keyword | ast.Dict) and any(_VALIDATION_LOSS.search(text) for text in _monitored(node)):
            return True  # of Lightning, which logs it in validation_step
    return False


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _monitored(node: ast.keyword | ast.Dict) -> Iterator[str]:
    """What `monitor=` or `"monitor":` names."""
    pairs = [(node.arg, node.value)] if isinstance(node, ast.keyword) else zip(node.keys, node.values, strict=True)
    for key, value in pairs:
        if getattr(key, "value", key) == "monitor" and isinstance(value, ast.Constant):
            yield str(value.value)


def _returns_loss(tree: ast.Module, function: str) -> bool:
    """Whether a function that validates returns one number, and no other metric as far as names say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function:
            returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
            return any(not _OTHER_METRIC.search(ast.unparse(value)) for value in _numbers(returned))
    return False


def _numbers(returned: list[ast.expr]) -> Iterator[ast.expr]:
    """What is returned alone, or first of several."""
    for value in returned:
        yield value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value


def _assigned(tree: ast.Module, function: str) -> Iterator[str]:
    """Names that are given what a function returns, where it returns several the first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _name(node.value.func) == function:
            for target in node.targets:
                name = _name(target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target)
                if not _OTHER_METRIC.search(name):
                    yield name
