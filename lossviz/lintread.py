"""Reads Python without running it: follows values through assignments, functions and classes, and notes every call."""

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lossviz.lintcalls import called
from lossviz.lintproducts import binary, compared, element, looked_up, masked
from lossviz.lintvalues import (
    ARRAY,
    CLASS_WEIGHTS,
    CONVENTIONS,
    DICT,
    EXAMPLE_WEIGHTS,
    LABELS,
    RESAMPLED,
    SCORES,
    UNKNOWN,
    WEIGHTED_LOSS,
    WEIGHTS,
    Call,
    Mark,
    Value,
    canonical,
    hint,
    merged,
    named,
    of_module,
)  # fmt: skip

DEEPEST = 100  # expressions within expressions
MOST_INLINED = 4  # functions within functions
MOST_STEPS = (
    300_000  # expressions read; from half of them on functions are not followed where they are called, only read once
)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Scope = dict[str, Any]


HEADS = {"fc", "classifier", "head", "last_linear"}
"""What the last layers of a library's model are called: they are replaced, and the model ends with them."""


class Reading:
    """What was read of a file.

    Attributes:
        tree: Its syntax.
        calls: Every call that was come across, in the order of reading.
        complete: False where the file was too long to follow to its end.
    """

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.calls: list[Call] = []
        self.complete = True
        self._depth = self._steps = 0
        self._ended = False  # by the return of a branch that is surely taken
        self._inside: list[str] = []
        self._sites: list[tuple[ast.AST, ast.AST]] = []
        self._met: set[Any] = set()
        scope: Scope = {}
        self._body(tree.body, scope)
        self._rest(scope)

    # Statements

    def _body(self, body: Iterable[ast.stmt], scope: Scope) -> list[Value]:
        """Read statements; what they return."""
        returned: list[Value] = []
        for statement in body:
            if self._steps > MOST_STEPS:
                self.complete = False
                break
            self._depth += 1
            try:
                if self._depth < DEEPEST:
                    returned += self._statement(statement, scope)
            finally:
                self._depth -= 1
            if self._ended:
                break
        return returned

    def _statement(self, node: Any, scope: Scope) -> list[Value]:
        match node:
            case ast.Import():
                for a in node.names:
                    top = a.name if a.asname else a.name.split(".")[0]
                    scope[a.asname or top] = Value(name=canonical(top))
            case ast.ImportFrom():
                for a in node.names:
                    if a.name != "*":
                        scope[a.asname or a.name] = of_module(f"{node.module or ''}.{a.name}")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope[node.name] = Value(code=node, scope=scope)
            case ast.ClassDef():
                scope[node.name] = Value(code=node, scope=scope)
            case ast.Assign():
                value = self.value(node.value, scope)
                for target in node.targets:
                    self._assign(target, value, scope)
            case ast.AnnAssign() if node.value is not None:
                self._assign(node.target, self.value(node.value, scope), scope)
            case ast.AugAssign():
                value = self._product(node, self.value(node.target, scope), self.value(node.value, scope))
                self._assign(node.target, value, scope)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as target, attr="mul_"))):
                self._assign(target, self.value(node.value, scope), scope)
            case ast.Expr():
                self.value(node.value, scope)
            case ast.Return():
                return [self.value(node.value, scope)] if node.value else []
            case ast.If():
                test = self.value(node.test, scope)
                if _switch(node.test) and isinstance(test.const, bool):
                    taken = node.body if test.const else node.orelse
                    returned = self._body(taken, scope)
                    self._ended = self._ended or (bool(taken) and isinstance(taken[-1], ast.Return | ast.Raise))
                    return returned
                return self._branches([node.body, node.orelse], scope)
            case ast.Try():
                return self._body(node.body, scope) + self._branches([h.body for h in node.handlers] + [[]], scope) \
                    + self._body([*node.orelse, *node.finalbody], scope)  # fmt: skip
            case ast.For() | ast.AsyncFor():
                self._assign(node.target, element(self.value(node.iter, scope)), scope, one=True)
                return self._body([*node.body, *node.orelse], scope)
            case ast.While():
                self.value(node.test, scope)
                return self._body([*node.body, *node.orelse], scope)
            case ast.With() | ast.AsyncWith():
                quiet = [self._with(item, scope) for item in node.items]
                self._inside += ["no_grad"] * any(quiet)
                returned = self._body(node.body, scope)
                del self._inside[len(self._inside) - any(quiet) :]
                return returned
            case ast.Match():
                self.value(node.subject, scope)
                return self._branches([case.body for case in node.cases] + [[]], scope)
            case ast.Assert():
                self.value(node.test, scope)
        return []

    def _with(self, item: ast.withitem, scope: Scope) -> bool:
        value = self.value(item.context_expr, scope)
        if item.optional_vars:
            self._assign(item.optional_vars, value, scope)
        return "no_grad" in value.kinds

    def _branches(self, bodies: list[list[ast.stmt]], scope: Scope) -> list[Value]:
        """Read each on a copy of what is known; what differs afterwards is known as far as both agree."""
        returned: list[Value] = []
        after: list[tuple[Scope, ast.stmt | None]] = []
        for body in bodies:
            self._steps += len(scope) // 8
            copy = dict(scope)
            returned += self._body(body, copy)
            self._ended = False
            ended = body and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
            if not ended:
                after.append((copy, body[0] if body else None))
        for name in {name for copy, _ in after for name in copy}:
            if all(copy.get(name) is scope.get(name) for copy, _ in after):
                continue
            every = [copy[name] for copy, _ in after if name in copy]
            held = [_unless_none(copy[name], first, every) for copy, first in after if name in copy]
            value = held[0]
            for other in held[1:]:
                value = merged(value, other)
            scope[name] = value
        return returned

    def _assign(self, target: Any, value: Value, scope: Scope, one: bool = False) -> None:
        """Bind a target; `one` of many, a loop's, is no vector of weights whatever it is called."""
        match target:
            case ast.Name():
                value = named(value, target.id)
                scope[target.id] = replace(value, kinds=value.kinds - {WEIGHTS, CLASS_WEIGHTS}) if one else value
            case ast.Attribute():
                owner = self.value(target.value, scope)
                owner.attrs[target.attr] = named(value, target.attr)
                if target.attr in HEADS and owner.code is None and "output" in value.attrs:
                    owner.attrs["output"] = value.attrs["output"]
            case ast.Tuple() | ast.List():
                parts = value.items if value.items and len(value.items) == len(target.elts) else None
                for i, part in enumerate(target.elts):
                    kept = Value(kinds=value.kinds & {RESAMPLED})
                    self._assign(part, parts[i] if parts else kept, scope, one)
            case ast.Starred():
                self._assign(target.value, UNKNOWN, scope)
            case ast.Subscript(ast.Name(name), index) if (guess := self.value(index, scope)).mark("mask"):
                if not self._name(name, scope).kinds - {ARRAY, WEIGHTS, EXAMPLE_WEIGHTS}:
                    scope[name] = masked(guess)

    def _rest(self, scope: Scope) -> None:
        """Functions and classes that nobody called: read with what their parameters' names say."""
        for value in list(scope.values()):
            if not isinstance(value, Value) or value.made or value.scope is not scope:
                continue
            if isinstance(value.code, FUNCTION) and value.code not in self._met:
                self.inline(value, Call(value.code, "", "", value))
            elif isinstance(value.code, ast.ClassDef):
                held = value.attrs.get("an object") or self.instance(value, Call(value.code, "", "", value))
                for method in value.code.body:
                    if isinstance(method, FUNCTION) and method not in self._met:
                        self.inline(Value(code=method, scope=scope), Call(method, "", "", held), held)

    # Functions and classes of the file

    def inline(self, function: Value, call: Call, held: Value | None = None) -> Value:
        """Read a function's body with these arguments; what it returns, as far as all its returns agree."""
        code = function.code
        if len(self._sites) >= MOST_INLINED or any(code is around for around, _ in self._sites):
            return UNKNOWN
        if self._steps > MOST_STEPS // 2 and code in self._met:
            return UNKNOWN
        self._met.add(code)
        self._steps += len(function.scope or {}) // 8
        scope: Scope = dict(function.scope or {})
        arguments = code.args
        names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in getattr(code, "decorator_list", []))
        if held is not None and names and not static:
            scope[names.pop(0)] = held
        for name in names + [a.arg for a in arguments.kwonlyargs]:
            scope[name] = Value(kinds=hint(name))
        for name, default in _defaults(code, call):
            scope[name] = Value(kinds=hint(name), const=default)
        if _is_loss(code, held) and len(names) > 1 and names[0] in ("input", "inputs") and LABELS in hint(names[1]):
            scope[names[0]] = Value(kinds=frozenset({SCORES}))  # as PyTorch's own losses call them
        for name, value in [*zip(names, call.args, strict=False), *call.kwargs.items()]:
            if name in scope:
                scope[name] = named(value, name)
        quiet = any("no_grad" in ast.unparse(d) or "inference_mode" in ast.unparse(d)
                    for d in getattr(code, "decorator_list", [])[:3])  # fmt: skip
        self._inside += [getattr(code, "name", "lambda"), *["no_grad"] * quiet]
        self._sites.append((code, call.node))
        depth, self._depth = self._depth, max(0, self._depth - 40)
        if isinstance(code, ast.Lambda):
            returned = [self.value(code.body, scope)]
        else:
            returned = self._body(code.body, scope)
            self._ended = False
            self._rest(scope)
        self._depth = depth
        del self._inside[len(self._inside) - 1 - quiet :]
        self._sites.pop()
        out = returned[0] if returned else UNKNOWN
        for other in returned[1:]:
            out = merged(out, other)
        if isinstance(out.code, FUNCTION) and self._weights(call):
            out = out.also(WEIGHTED_LOSS)
        return out

    @staticmethod
    def _weights(call: Call) -> bool:
        """Whether a factory of losses is given class weights."""
        return any(v.has(CLASS_WEIGHTS, WEIGHTS) for v in [*call.args, *call.kwargs.values()])

    def instance(self, made: Value, call: Call) -> Value:
        """An object of a class of the file, its `__init__` read."""
        held = Value(code=made.code, scope=made.scope, made=call)
        made.attrs["an object"] = held
        if init := self._method(held, "__init__"):
            self.inline(Value(code=init, scope=made.scope), call, held)
        return held

    @staticmethod
    def _method(held: Value, name: str) -> Any:
        body = held.code.body if isinstance(held.code, ast.ClassDef) else []
        return next((n for n in body if isinstance(n, FUNCTION) and n.name == name), None)

    def method(self, held: Value, names: tuple[str, ...], call: Call) -> Value | None:
        """What the first of these methods of an object returns; None where its class has none of them."""
        for name in names:
            if code := self._method(held, name):
                return self.inline(Value(code=code, scope=held.scope), call, held)
        return None

    # Expressions

    def value(self, node: Any, scope: Scope) -> Value:
        """What is known of an expression."""
        self._steps += 1
        if self._depth >= DEEPEST or self._steps > MOST_STEPS:
            self.complete = self.complete and self._steps <= MOST_STEPS
            return UNKNOWN
        self._depth += 1
        try:
            return self._value(node, scope)
        finally:
            self._depth -= 1

    def _value(self, node: Any, scope: Scope) -> Value:
        match node:
            case ast.Name():
                return self._name(node.id, scope)
            case ast.Constant():
                return Value(const=node.value)
            case ast.Attribute():
                return self._attribute(self.value(node.value, scope), node.attr)
            case ast.Call():
                return self._call(node, scope)
            case ast.BinOp():
                return self._product(node, self.value(node.left, scope), self.value(node.right, scope))
            case ast.UnaryOp():
                inner = self.value(node.operand, scope)
                if isinstance(node.op, ast.Not):
                    return Value(const=not inner.const) if isinstance(inner.const, bool) else UNKNOWN
                if isinstance(node.op, ast.USub) and isinstance(inner.const, int | float):
                    return Value(const=-inner.const)
                return inner if isinstance(node.op, ast.USub | ast.UAdd) else UNKNOWN
            case ast.Compare():
                return compared(self.value(node.left, scope), [self.value(c, scope) for c in node.comparators], node)
            case ast.Tuple() | ast.List():
                items = tuple(self.value(e, scope) for e in node.elts)
                sticky = {k for v in items for k in v.kinds & {RESAMPLED}}
                return Value(kinds=frozenset({ARRAY} | sticky), items=items)
            case ast.Dict():
                for v in node.values:
                    self.value(v, scope)
                return Value(kinds=frozenset({DICT}))
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.IfExp():
                test = self.value(node.test, scope)
                if _switch(node.test) and isinstance(test.const, bool):
                    return self.value(node.body if test.const else node.orelse, scope)
                body, orelse = self.value(node.body, scope), self.value(node.orelse, scope)
                return merged(_unless_none(body, node.body, [orelse]), _unless_none(orelse, node.orelse, [body]))
            case ast.BoolOp():
                return [self.value(v, scope) for v in node.values][-1]
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self.value(node.elt, self._comprehension(node.generators, scope)).also(ARRAY)
            case ast.DictComp():
                each = self.value(node.value, self._comprehension(node.generators, scope))
                return Value(kinds=(each.kinds & {CLASS_WEIGHTS, RESAMPLED}) | {DICT})
            case ast.Lambda():
                return Value(code=node, scope=scope)
            case ast.NamedExpr():
                value = self.value(node.value, scope)
                self._assign(node.target, value, scope)
                return value
            case ast.Await() | ast.Starred():
                return self.value(node.value, scope)
            case ast.Yield(value=ast.expr() as value):
                self.value(value, scope)
        return UNKNOWN

    def _name(self, name: str, scope: Scope) -> Value:
        if name in scope:
            held: Value = scope[name]
            return held
        if name in CONVENTIONS:
            return Value(name=CONVENTIONS[name])
        scope[name] = found = Value(kinds=hint(name))
        return found

    def _attribute(self, base: Value, attr: str) -> Value:
        if base.name:
            return of_module(f"{base.name}.{attr}")
        if attr in base.attrs:
            return base.attrs[attr]
        if attr in ("T", "data", "values", "mT", "at"):
            return base
        return Value(kinds=hint(attr) | (base.kinds & {RESAMPLED}))

    def _comprehension(self, generators: list[ast.comprehension], scope: Scope) -> Scope:
        inner = dict(scope)
        for g in generators:
            self._assign(g.target, element(self.value(g.iter, inner)), inner, one=True)
        return inner

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.value(node.value, scope)
        if isinstance(node.slice, ast.Slice) and "layers" in base.attrs:
            return UNKNOWN  # some of a model's layers
        if isinstance(node.slice, ast.Slice) or (
            isinstance(node.slice, ast.Tuple)
            and all(isinstance(e, ast.Slice) or (isinstance(e, ast.Constant) and e.value in (None, ...)) or
                    (isinstance(e, ast.Attribute) and e.attr == "newaxis") for e in node.slice.elts)
        ) or (isinstance(node.slice, ast.Constant) and node.slice.value in (None, ...)):  # fmt: skip
            return base
        index = self.value(node.slice, scope)
        if (
            base.items is not None
            and isinstance(index.const, int)
            and -len(base.items) <= index.const < len(base.items)
        ):
            return base.items[index.const]
        found = looked_up(base, index, node)
        if isinstance(index.const, str) and not found.kinds - {RESAMPLED}:  # batch["label"] says as much as batch.label
            return found.also(*hint(index.const))
        return found

    def _product(self, node: Any, left: Value, right: Value) -> Value:
        if name := {ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}.get(type(node.op)):
            self.calls.append(Call(node, name, name, UNKNOWN, (left, right), {}, tuple(self._inside)))
        return binary(node, type(node.op).__name__, left, right)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        if isinstance(node.func, ast.Attribute):
            on = self.value(node.func.value, scope)
            function = self._attribute(on, node.func.attr)
            method = node.func.attr
        else:
            function = on = self.value(node.func, scope)
            method = ""
        args = [self.value(a, scope) for a in node.args]
        kwargs = {k.arg: self.value(k.value, scope) for k in node.keywords if k.arg}
        for k in node.keywords:
            if not k.arg:
                self.value(k.value, scope)
        if any(isinstance(a, ast.Starred) for a in node.args):
            args = args[: next(i for i, a in enumerate(node.args) if isinstance(a, ast.Starred))] \
                if not (args and args[0].items) else list(args[0].items)  # fmt: skip
        if function.name == "torch.nn.Sequential" and len(args) == 1 and (pairs := args[0].made):
            if pairs.method == "OrderedDict" and pairs.args:
                args = [pair.items[-1] for pair in pairs.args[0].items or () if pair.items]
        if function.name:
            method = function.name.rpartition(".")[2]
        elif function.made or function.code:
            on, method = function, ""
        call = Call(node, function.name, method, on, tuple(args), kwargs, tuple(self._inside), tuple(self._sites))
        # what a model is when it is compiled: another branch may go on to build another
        held = replace(on, attrs=dict(on.attrs)) if method == "compile" else on
        self.calls.append(call._replace(on=held))
        return called(self, call, function, node.func)


def _defaults(code: Any, call: Call) -> list[tuple[str, Any]]:
    """What a function's parameters are where a call leaves them out, as far as that is None, yes, no or a number."""
    if not isinstance(call.node, ast.Call) or any(isinstance(a, ast.Starred) for a in call.node.args):
        return []  # read without being called, with what the names say
    if any(k.arg is None for k in call.node.keywords):
        return []
    a = code.args
    named = [*a.posonlyargs, *a.args]
    pairs = [
        *zip(named[len(named) - len(a.defaults) :], a.defaults, strict=True),
        *zip(a.kwonlyargs, a.kw_defaults, strict=True),
    ]
    return [
        (parameter.arg, default.value)
        for parameter, default in pairs
        if isinstance(default, ast.Constant) and (default.value is None or isinstance(default.value, int | float))
    ]


def _switch(test: ast.expr) -> bool:
    """Whether a test asks what a loss is given, as `if not self.from_logits` does: only one of its branches is meant."""
    asked = test.operand if isinstance(test, ast.UnaryOp) else test
    return "logits" in str(getattr(asked, "id", getattr(asked, "attr", "")))


def _is_loss(code: Any, held: Value | None) -> bool:
    """Whether a function, or the class it is a method of, is called a loss."""
    owner = getattr(held.code, "name", "") if held is not None else ""
    return bool(re.search(r"loss|criterion|entropy", f"{getattr(code, 'name', '')} {owner}", re.IGNORECASE))


def _unless_none(value: Value, branch: ast.AST | None, others: list[Value]) -> Value:
    """A value of one branch; it says so where another branch has None instead, or 1: no weights."""
    if branch is None or _nothing(value) or not any(_nothing(other) for other in others):
        return value
    return value.also(marks=(Mark("unless None", branch),))


def _nothing(value: Value) -> bool:
    return value.const is None or (value.const == 1 and value.const is not True)
