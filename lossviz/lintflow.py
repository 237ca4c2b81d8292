"""Which pieces of code exclude each other, and when one is run."""

import ast
import re

from lossviz.lintorigin import named

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


def options(tree: ast.AST, one: ast.AST, other: ast.AST) -> bool:
    r"""Whether each of two remedies is asked for by a switch of its own, which the file leaves open.

    Example:
        >>> tree = ast.parse("if sampled:\n    x\nif weighted:\n    y\nif sampled:\n    z\nif cuda:\n    w")
        >>> x, y, z, w = (part.body[0] for part in tree.body)
        >>> options(tree, x, y), options(tree, x, z), options(tree, x, w)
        (True, False, False)
    """
    asked = [_tests(tree, a, b) for a, b in ((one, other), (other, one))]
    set_ = _set(tree)
    if any(
        named(t) & set_[False]
        for tests in asked
        for t in tests
        if not isinstance(t, ast.UnaryOp | ast.BoolOp | ast.Compare)
    ):
        return True
    mine, others = ({ast.unparse(t) for t in tests if _open(t, set_[True])} for tests in asked)
    return bool(mine - others and others - mine)


def _open(test: ast.expr, on: set[str]) -> bool:
    """Whether a test asks for a switch, and none that is on for good."""
    names = named(test)
    if any(re.search("cuda|gpu|device|train|debug", n, re.IGNORECASE) for n in names):
        return False  # which is asked whatever the remedy
    return any(SWITCH.search(n) for n in names) and not names & on


def _set(tree: ast.AST) -> dict[bool, set[str]]:
    """The switches that the file sets for good, on or off: names, attributes and keys."""
    maybe = {n for part in ast.walk(tree) if isinstance(part, ast.If) for n in ast.walk(part)}
    found: dict[bool, set[str]] = {True: set(), False: set()}
    changed = set()  # where the answer is not known, or comes in a branch
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(str(getattr(t, "id", getattr(t, "attr", ""))), node.value) for t in node.targets]
        elif isinstance(node, ast.Dict):
            pairs = [
                (str(getattr(k, "value", "")), v) for k, v in zip(node.keys, node.values, strict=True) if k is not None
            ]
        for name, value in pairs:
            answer = getattr(value, "value", None)
            if isinstance(answer, bool) and node not in maybe:
                found[answer].add(name)
            else:
                changed.add(name)
    return {True: found[True] - found[False], False: found[False] - found[True] - changed}


SWITCH = re.compile(
    r"sampl(?!es?$)|weight|balanc|smote|^(args?|opts?|cfg|config|flags|hparams|params|hp)$|^(use|with|do|enable)_",
    re.IGNORECASE,
)
"""In the names that a test asks: what leaves a remedy to whoever runs the file."""


def condition(tree: ast.AST, node: ast.AST, other: ast.AST) -> ast.expr | None:
    r"""What has to hold for a piece of code to be run where another is; None where it always is.

    Example:
        >>> tree = ast.parse("if w:\n    z = z * w\nelif v:\n    z = z * v\nf(z)")
        >>> (product, *_), loss = tree.body[0].orelse[0].body, tree.body[1]
        >>> ast.unparse(condition(tree, product, loss))
        'not w and v'
    """
    tests = _tests(tree, node, other)
    return ast.copy_location(ast.BoolOp(ast.And(), tests), tests[0]) if len(tests) > 1 else next(iter(tests), None)


def questions(tree: ast.AST, node: ast.AST) -> set[str]:
    r"""What is asked on the way to a piece of code, by branches around it and by those before it that return.

    Example:
        >>> tree = ast.parse("def f(x):\n    if not self.training:\n        return x\n    return g(x)")
        >>> questions(tree, tree.body[0].body[-1].value)
        {'training'}
    """
    return set(_way(tree, node))


def _tests(tree: ast.AST, node: ast.AST, other: ast.AST) -> list[ast.expr]:
    """What is asked on the way to a piece of code and not on the way to another."""
    tests: list[ast.expr] = []
    for part in ast.walk(tree):  # outer ones come first
        if isinstance(part, ast.If | ast.IfExp):
            for branch in (part.body, part.orelse):
                held = [n for top in (branch if isinstance(branch, list) else [branch]) for n in ast.walk(top)]
                if any(n is node for n in held) and not any(n is other for n in held):
                    no = ast.copy_location(ast.UnaryOp(ast.Not(), part.test), part.test)
                    tests.append(part.test if branch is part.body else no)
    return tests


def _way(tree: ast.AST, goal: ast.AST) -> Way:
    """The questions that are asked on the way to a piece of code, with the answers that lead there."""
    at = (getattr(goal, "lineno", 0), getattr(goal, "col_offset", 0))
    way: Way = {}
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        block: list[ast.stmt] = body if isinstance(body, list) else []
        for i, one in enumerate(block):  # behind a branch that returns, its test does not hold
            if (
                isinstance(one, ast.If)
                and isinstance(one.body[-1], ast.Return | ast.Raise)
                and _holds(block[i + 1 :], at)
            ):
                question, answer, yes = _question(one.test)
                way[question] = (not yes, answer)
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
            return _asked(test.left), constant.value, isinstance(test.ops[0], ast.Eq | ast.Is)
    return _asked(test), True, True


def _asked(test: ast.expr) -> str:
    """A question as text; `self.balanced` and `args.balanced` ask what `balanced` does."""
    return test.attr if isinstance(test, ast.Attribute) else ast.unparse(test)


def _holds(part: ast.AST | list[ast.stmt], at: tuple[int, int]) -> bool:
    """Whether a piece of code, or statements, are around a position."""
    for node in part if isinstance(part, list) else [part]:
        first = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        if first <= at < (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)):
            return True
    return False
