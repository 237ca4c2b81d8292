"""On which losses something is decided: followed through names, sums, lists and functions to a comparison or a schedule."""

import ast
import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache

VALIDATES = re.compile(r"_?(run_|do_)?(validat(e|ion)|eval(uate|uation)?)(_\w+)?", re.IGNORECASE)
"""Names of functions that measure a model on held-out data."""
_VALIDATION_LOSS = re.compile(r"val\w*[/_]?loss|loss\w*val|dev_loss", re.IGNORECASE)
_DECIDER = re.compile(r"(?!log)(.*_)?step|.*stop.*|.*min|.*report", re.IGNORECASE)
_STILL = re.compile(
    r"float|item|(nan)?mean|sum|average|avg|stack|cat|concatenate|(as_?)?tensor|(as)?array|round|abs|cpu|numpy|detach|tolist|compute|max|min"
)
"""Functions and attributes of which a loss comes out as one."""
_KEEPS = {"append", "extend", "update", "add", "add_"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Region = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
READ = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.NamedExpr, ast.Return, ast.Call, ast.Compare)
Place = int | str | None


def evaluates(tree: ast.Module, node: ast.AST) -> bool:
    r"""Whether code runs without gradients, in a function that validates, or after `eval()` with no `train()` between.

    A loop that calls `backward()` trains, whatever was set to evaluate before it: a teacher, a frozen part.

    Example:
        >>> tree = ast.parse("m.train()\nf(x)\nm.eval()\nf(y)\nfor x in d:\n    f(x).backward()")
        >>> [evaluates(tree, part) for part in (tree.body[1].value, tree.body[3].value, tree.body[4].body[0].value.func.value)]
        [False, True, False]
    """
    region = region_of(tree, node)
    loop = _loop(region, node)
    steps = [statement.lineno for statement in loop.body if _trains(statement)] if loop else []
    if loop and steps:
        set_to = (n.lineno for n in ast.walk(loop) if isinstance(n, ast.Attribute) and n.attr == "eval")
        if max(steps) >= _line(node) or not any(at <= _line(node) for at in set_to):
            return False
    last = (0, False)
    for part in _nodes(region):
        if isinstance(part, ast.With) and around(part, node):
            if any(re.search("no_grad|inference_mode", ast.unparse(item.context_expr)) for item in part.items):
                return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.lineno <= _line(node):
            mode = {"": part.func.attr, "False": "eval"}.get(" ".join(map(ast.unparse, part.args)), "")
            if mode in ("train", "eval"):
                last = max(last, (part.lineno, mode == "eval"))
    quiet = isinstance(region, Function) and (
        VALIDATES.fullmatch(region.name) or any(re.search("no_grad|inference", ast.unparse(d)) for d in region.decorator_list)
    )  # fmt: skip
    return last[1] or bool(quiet)


def trains(tree: ast.Module, node: ast.AST) -> bool:
    """Whether the loop around code calls `backward()`, if only in one of its branches."""
    loop = _loop(region_of(tree, node), node)
    return loop is not None and any(isinstance(n, ast.Attribute) and n.attr == "backward" for n in ast.walk(loop))


def _loop(region: Region, node: ast.AST) -> ast.For | ast.While | None:
    """The innermost loop around code."""
    loops = (part for part in _nodes(region) if isinstance(part, ast.For | ast.While) and around(part, node))
    return next(iter(deque(loops, maxlen=1)), None)  # outer ones come first


def _trains(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "backward"


def decides(tree: ast.Module, loss: ast.AST) -> bool:
    r"""Whether a loss on held-out data is compared, or handed to a schedule or to early stopping, whatever it is called.

    Args:
        tree: The file.
        loss: The call that returns it.

    Example:
        >>> tree = ast.parse("with torch.no_grad():\n    a += f(x)\nb = a / n\nif b < best:\n    save()")
        >>> decides(tree, tree.body[0].body[0].value)
        True
    """
    return _Flow(tree, loss).decided or _monitored(tree)


class _Flow:
    """Where a loss goes.

    Attributes:
        names: Text of what holds it, in each function, and in the file outside of any.
        returning: Functions that return it -> where in what they return: None for all of it, else an index or a key.
        quiet: Functions in which it is known to be one of held-out data; of others only quiet calls are followed.
        decided: Whether something is decided on it.
    """

    def __init__(self, tree: ast.Module, loss: ast.AST):
        self.tree, self.loss = tree, loss
        first = self._first = region_of(tree, loss)
        self.names: dict[Region, set[str]] = {first: set()}
        self.returning: dict[str, set[Place]] = {}
        self.quiet = {getattr(first, "name", "")} if evaluates(tree, loss) else set()
        self.decided = False
        for _ in range(6):  # names of names, functions of functions
            before = self._size()
            for region in list(self.names):
                for node in _own(region):
                    self._statement(node, region)
            self._callers()
            if self.decided or self._size() == before:
                break

    def _size(self) -> int:
        return sum(map(len, self.names.values())) + len(self.names) + sum(map(len, self.returning.values()))

    def _statement(self, node: ast.AST, region: Region) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._give(target, node.value, region)
            case ast.AugAssign():
                if self._is(node.value, region):
                    self.names[region].add(ast.unparse(node.target))
            case ast.AnnAssign() | ast.NamedExpr() if node.value is not None:
                self._give(node.target, node.value, region)
            case ast.Return(value=ast.expr() as value) if isinstance(region, Function):
                self.returning.setdefault(region.name, set()).update(self._places(value, region))
            case ast.Call(func=ast.Attribute(attr=name, value=held), args=args) if name in _KEEPS:
                if any(self._is(a, region) for a in args):
                    self.names[region].add(ast.unparse(held))
        if region is not self._first or _line(node) >= _line(self.loss):
            self.decided = self.decided or self._decides(node, region)

    def _decides(self, node: ast.AST, region: Region) -> bool:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE):
            return any(self._is(part, region) for part in [node.left, *node.comparators])
        if isinstance(node, ast.Call) and _DECIDER.fullmatch(_name(node.func)):
            return any(self._is(part, region) for part in [*node.args, *(k.value for k in node.keywords)])
        return False

    def _give(self, target: ast.expr, value: ast.expr, region: Region) -> None:
        for place in self._places(value, region):
            if place is None:
                self.names[region].add(ast.unparse(target))
            elif isinstance(target, ast.Tuple | ast.List) and isinstance(place, int) and place < len(target.elts):
                self.names[region].add(ast.unparse(target.elts[place]))
            else:
                self.names[region].add(f"{ast.unparse(target)}[{place!r}]")

    def _places(self, value: ast.expr, region: Region) -> Iterator[Place]:
        """Where in a value the loss is."""
        if isinstance(value, ast.Tuple | ast.List):
            yield from (i for i, part in enumerate(value.elts) if self._is(part, region))
        elif isinstance(value, ast.Dict):
            for key, part in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and self._is(part, region):
                    yield key.value
        elif isinstance(value, ast.Call) and value is not self.loss and self._follows(value):
            yield from self.returning[_name(value.func)]
        elif self._is(value, region):
            yield None

    def _follows(self, call: ast.Call) -> bool:
        name = _name(call.func)
        return name in self.returning and (name in self.quiet or evaluates(self.tree, call))

    def _is(self, node: ast.AST, region: Region) -> bool:
        """Whether a value is the loss, a sum or mean of it, or one of several."""
        if node is self.loss:
            return True
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            text = _text(node)
            if text in self.names[region] or (
                text[:5] == "self." and any(text in names for names in self.names.values())
            ):
                return True
        match node:
            case ast.BinOp():
                return self._is(node.left, region) or self._is(node.right, region)
            case ast.UnaryOp(operand=inner) | ast.Starred(value=inner) | ast.Await(value=inner):
                return self._is(inner, region)
            case ast.IfExp():
                return self._is(node.body, region) or self._is(node.orelse, region)
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return self._is(inner, region)
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=key)) if self._follows(call):
                return key in self.returning[_name(call.func)]
            case ast.Subscript(slice=ast.Constant(value=str())):
                return False
            case ast.Subscript(value=inner):
                return self._is(inner, region)
            case ast.Attribute(value=inner, attr=attr) if _STILL.fullmatch(attr):
                return self._is(inner, region)
            case ast.Call():
                if self._follows(node):
                    return None in self.returning[_name(node.func)]
                if not _STILL.fullmatch(_name(node.func)):
                    return False
                on = [node.func.value] if isinstance(node.func, ast.Attribute) else []
                return any(self._is(part, region) for part in [*on, *node.args])
            case ast.List():
                return any(self._is(part, region) for part in node.elts)
        return False

    def _callers(self) -> None:
        """Read on where the functions that return it are called."""
        for node in _nodes(self.tree):
            if isinstance(node, ast.Call) and self._follows(node) and self.returning[_name(node.func)]:
                region = region_of(self.tree, node)
                self.names.setdefault(region, set())
                self.quiet.add(getattr(region, "name", ""))


def region_of(tree: ast.Module, node: ast.AST) -> Region:
    """The innermost function around a piece of code, or the file."""
    inner: Region = tree
    for part in _functions(tree):
        if part is not node and around(part, node):
            inner = part
    return inner


def around(outer: ast.AST, node: ast.AST) -> bool:
    """Whether a piece of code begins within another."""
    first = (getattr(outer, "lineno", 0), getattr(outer, "col_offset", 0))
    last = (getattr(outer, "end_lineno", 0), getattr(outer, "end_col_offset", 0))
    return first <= (_line(node), getattr(node, "col_offset", 0)) < last


@lru_cache(maxsize=16)
def _nodes(tree: ast.AST) -> list[ast.AST]:
    """All of a piece of code, outer parts first; kept, for it is gone through for each of its losses."""
    return list(ast.walk(tree))


@lru_cache(maxsize=16)
def _functions(tree: ast.Module) -> list[Function]:
    return [part for part in _nodes(tree) if isinstance(part, Function)]  # outer ones come first


@lru_cache(maxsize=16)
def _own(region: Region) -> list[ast.AST]:
    """What gives, returns, asks or calls in a function, but for what is in functions within it."""
    found: list[ast.AST] = []
    todo: deque[ast.AST] = deque(region.body)
    while todo:
        node = todo.popleft()
        if not isinstance(node, Function):
            if isinstance(node, READ):
                found.append(node)
            todo += ast.iter_child_nodes(node)
    return found


@lru_cache(maxsize=50_000)
def _text(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _monitored(tree: ast.Module) -> bool:
    """Whether a validation loss is named by `monitor=` or `"monitor":`, as Lightning's, which logs it in validation_step."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "monitor":
            values: list[ast.expr] = [node.value]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "monitor"]
        else:
            continue
        if any(isinstance(v, ast.Constant) and _VALIDATION_LOSS.search(str(v.value)) for v in values):
            return True
    return False
