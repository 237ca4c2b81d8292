"""The user's own code with little changed, to write instead: a loss without the softmax before it, a call without an argument."""

import ast

from lossviz.lintcalls import activation, layer_activation
from lossviz.lintdecides import region_of
from lossviz.lintfactors import factors_of, holds, operands, replaced, statement
from lossviz.lintfixes import short, simple
from lossviz.lintlosses import Loss
from lossviz.lintread import Reading
from lossviz.lintrules import line
from lossviz.lintvalues import Call

KEPT = "# or keep the {kind}, with from_logits=False: predictions and metrics go on with probabilities"
SHORT = 150  # characters of a line that is shown as a whole


def without_argument(node: ast.AST, keyword: str, position: int | None = None) -> ast.expr:
    """A call without an argument, given by keyword, or at a position.

    Example:
        >>> call = ast.parse("m.fit(x, y, epochs=3, class_weight=w)").body[0].value
        >>> ast.unparse(without_argument(call, "class_weight"))
        'm.fit(x, y, epochs=3)'
        >>> ast.unparse(without_argument(ast.parse("F.cross_entropy(z, y, w)").body[0].value, "weight", 2))
        'F.cross_entropy(z, y)'
    """
    assert isinstance(node, ast.Call)
    args = list(node.args)
    if position is not None and position < len(args):
        args[position:] = [ast.Constant(None), *args[position + 1 :]] if position + 1 < len(args) else []
    return ast.Call(node.func, args, [k for k in node.keywords if k.arg != keyword])


def rewritten(reading: Reading, call: ast.AST, new: ast.AST) -> str:
    """The user's own statement with one call written anew."""
    return _told(reading, call, None, call, new)


def with_argument(call: ast.AST, keyword: str, value: ast.expr, position: int | None = None) -> ast.expr:
    """A call with another value of an argument, given by keyword, or at a position.

    Example:
        >>> call = ast.parse("m.fit(x, y, class_weight=w, epochs=3)").body[0].value
        >>> ast.unparse(with_argument(call, "class_weight", ast.parse("dict(enumerate(w))").body[0].value))
        'm.fit(x, y, class_weight=dict(enumerate(w)), epochs=3)'
    """
    assert isinstance(call, ast.Call)
    return ast.Call(
        call.func,
        [value if i == position else a for i, a in enumerate(call.args)],
        [ast.keyword(k.arg, value if k.arg == keyword else k.value) for k in call.keywords],
    )


def unactivated(mark: ast.AST, loss: Loss | None, call: Call, reading: Reading) -> str:
    """A loss, or an outer activation, that is given what the softmax or sigmoid before it is given.

    Args:
        mark: The first softmax or sigmoid: its call, or that of the layer which ends with it.
        loss: What is given its probabilities; None where that is an activation.
        call: The same as a call.
        reading: Of the file.

    Returns:
        The user's code, with a comment on the line of the activation where that is another; "" where it is not known what the
        activation is given.
    """
    compiled = call.method == "compile" and not call.name
    given = loss.spelled.get("logits") if loss else next(iter(getattr(call.node, "args", ())), None)
    mark = _applied(mark, call.node, given, reading)
    inside = not compiled and holds(call.node, mark)
    found = peeled(mark, call.node if inside else reading.tree, reading)
    if found is None:
        return ""
    old, new = found
    if inside:
        return "" if new is None else _told(reading, call.node, loss, old, new)
    above = statement(reading.tree, mark)
    if (
        isinstance(above, ast.Assign) and above.value is old and new is not None and simple(new) and given is not None
        and ast.unparse(given) == ast.unparse(above.targets[0]) != simple(new)
        and region_of(reading.tree, mark) is region_of(reading.tree, call.node)
    ):  # fmt: skip
        return _told(reading, call.node, loss, given, new)
    own = ""
    if compiled and loss and loss.made:
        own = f"loss = {ast.unparse(loss.made.node)}  # of logits\n{KEPT.format(kind=loss.kind)}"
    shared = given is not None and _read_elsewhere(given, call.node, reading)
    return "\n".join(filter(None, [without_activation(mark, reading, shared), own or _told(reading, call.node, loss)]))


def raw(product: ast.AST, loss: Loss, reading: Reading) -> tuple[str, str]:
    """Of weighted probabilities: a comment on their softmax or sigmoid, and how the logits are written where the loss is.

    Args:
        product: Where the probabilities are multiplied.
        loss: What is given them.
        reading: Of the file.

    Returns:
        Both "" where they are not known.
    """
    activated = loss.logits.mark("activated")
    if activated is None:
        return "", ""
    mark = _applied(activated.node, product, None, reading)
    found, here = peeled(mark, reading.tree, reading), region_of(reading.tree, loss.call.node)
    if found is None:
        return "", ""
    old, new = found
    above = statement(reading.tree, mark)
    if simple(new) and region_of(reading.tree, mark) is here:
        again = isinstance(above, ast.Assign) and ast.unparse(above.targets[0]) == simple(new)
        return without_activation(mark, reading) if again else "", simple(new)
    if region_of(reading.tree, product) is not here:
        return without_activation(mark, reading), short(loss.spelled.get("logits"))
    factors = factors_of(product, reading)
    weights = factors.weights if factors else None
    parts = [new if part is old else part for part in operands(product) if part is not weights]
    named = (short(part) for part in parts)
    return "" if holds(product, old) else without_activation(mark, reading), next(filter(None, named), "")


def unsquashed(mark: ast.AST, loss: Loss, reading: Reading) -> tuple[str, str]:
    """Of a loss that has to take logits instead: a comment on its softmax, and how the logits are written; "" if unknown."""
    given = loss.spelled.get("logits")
    mark = _applied(mark, loss.call.node, given, reading)
    found = peeled(mark, reading.tree, reading)
    if found is None or given is None:
        return "", ""
    if found[1] is not None and holds(loss.call.node, found[0]):
        return "", short(replaced(given, *found))
    shared = _read_elsewhere(given, loss.call.node, reading)
    said = f"; what else is made of {short(given)} takes their {loss.kind}" if shared else ""
    return f"{without_activation(mark, reading, shared)}{said}", short(given)


def _read_elsewhere(given: ast.AST, call: ast.AST, reading: Reading) -> bool:
    """Whether what a loss is given is read by something else beside it, such as a Dice loss, and not only shaped."""
    if not isinstance(given, ast.Name):
        return False
    read = (
        n
        for n in ast.walk(region_of(reading.tree, call))
        if isinstance(n, ast.Name) and n.id == given.id and isinstance(n.ctx, ast.Load) and not holds(call, n)
    )
    return any(not _assigns(statement(reading.tree, n), given) for n in read)


def without_activation(mark: ast.AST, reading: Reading, shared: bool = False) -> str:
    """A comment on the line of a softmax or sigmoid: how it reads without, or what has to go; "" where that is not known.

    Args:
        mark: The softmax or sigmoid.
        reading: Of the file.
        shared: Whether something beside the loss takes its probabilities.
    """
    found, above = peeled(mark, reading.tree, reading), statement(reading.tree, mark)
    if found is None or above is None:
        return ""
    old, new = found
    kind = next((activation(c) or layer_activation(c) for c in reading.calls if c.node is mark), "")
    why = "" if shared else ", which is only to predict"
    same = (
        new
        and isinstance(above, ast.Assign)
        and above.value is old
        and ast.unparse(above.targets[0]) == ast.unparse(new)
    )
    if same and shared:
        return f"# line {line(old)} after the loss, or under another name: {ast.unparse(above)}"
    if new is None and isinstance(above, ast.Assign) and above.value is mark:  # what predicts calls it, too: it stays
        return f"# the loss without {ast.unparse(above.targets[0])}(…), the {kind} of line {line(mark)}, which is only to predict"
    if new is None:
        return f"# without {ast.unparse(mark)} of line {line(mark)}{why}"
    if same:
        return f"# without line {line(old)}, which is only to predict: {ast.unparse(above)}"
    text = ast.unparse(replaced(above, old, new))
    if "\n" in text or len(text) > SHORT or line(above) != line(old):
        text = ast.unparse(new)
    return f"# line {line(old)} without the {kind}{why}: {text}"


def peeled(mark: ast.AST, root: ast.AST, reading: Reading) -> tuple[ast.AST, ast.expr | None] | None:
    """The expression that ends with an activation, and the same without it.

    Returns:
        The second is None where it is a layer that has to go; None alone where it is not known.
    """
    call = next((c for c in reading.calls if c.node is mark), None)
    if call is None or not isinstance(mark, ast.Call):
        return None
    name = next((k.arg for k in mark.keywords if k.arg in ("activation", "activation_fn")), "")
    if name and call.method != "Activation":
        none = [ast.keyword(name, ast.Constant(None))] if name == "activation_fn" else []  # its default is a ReLU
        return mark, ast.Call(mark.func, mark.args, [k for k in mark.keywords if k.arg != name] + none)
    if activation(call):
        if not call.name and call.method and isinstance(mark.func, ast.Attribute):
            return mark, mark.func.value
        given = next((k.value for k in mark.keywords if k.arg in ("logits", "input", "x", "features")), None)
        given = mark.args[0] if mark.args else given
        return None if given is None else (mark, given)
    if not layer_activation(call):
        return None
    if call.method == "Dense":  # by position
        if any(isinstance(a, ast.Starred) for a in mark.args):
            return None
        return mark, ast.Call(mark.func, [mark.args[0], ast.Constant(None), *mark.args[2:]], mark.keywords)
    return mark, None


def _applied(mark: ast.AST, near: ast.AST, given: ast.AST | None, reading: Reading) -> ast.AST:
    """The call that applies a softmax or sigmoid held as a layer; what it was made by where no one call is meant.

    Args:
        mark: The layer's making, or a call of a function.
        near: A loss or product that takes the probabilities.
        given: How they are written there; None where that may be anything.
        reading: Of the file.
    """
    tree = reading.tree
    found = peeled(mark, tree, reading)
    if found is None or found[1] is not None:  # a layer with an activation stays, without it
        return mark
    calls = [c.node for c in reading.calls if not c.method and c.on.made and c.on.made.node is mark]
    calls = [node for node in dict.fromkeys(calls) if getattr(node, "args", ())]
    if len(calls) < 2:
        return next(iter(calls), mark)
    here = [node for node in calls if region_of(tree, node) is region_of(tree, near)]
    if given is not None:
        here = [node for node in here if holds(given, node) or _assigns(statement(tree, node), given)]
    return here[-1] if here else mark


def _assigns(above: ast.stmt | None, target: ast.AST) -> bool:
    """Whether a statement gives this name its value."""
    return isinstance(above, ast.Assign) and ast.unparse(above.targets[0]) == ast.unparse(target)


def _told(
    reading: Reading, node: ast.AST, loss: Loss | None, old: ast.AST | None = None, new: ast.AST | None = None
) -> str:
    """A call as the user wrote it, with what is made of it where that is short, and one part replaced."""
    above, part, name = statement(reading.tree, node), node, ""
    told = above.value if isinstance(above, ast.Expr) else None
    steps = isinstance(told, ast.Call) and isinstance(told.func, ast.Attribute) and told.func.attr == "backward"
    if isinstance(above, ast.Assign | ast.AugAssign) or (above and (told is node or steps)):
        part = above
    elif isinstance(above, ast.Return) and above.value and not isinstance(above.value, ast.Tuple | ast.Dict):
        part = above
    else:
        name = "loss = " if loss else ""
    text, said = name + ast.unparse(replaced(part, old, new)), "  # of the logits as they are" if loss else ""
    given = loss.spelled.get("logits") if loss else None
    beside = given is not None and _times(part, given) > _times(node, given)  # such as a Dice loss
    if loss and given is not None and (beside or _read_elsewhere(given, node, reading)):
        said += f"; what else is made of {short(given) or 'them'} takes their {loss.kind}"
        text = "\n" if beside else text
    if "\n" in text or len(text) > SHORT:
        text = ("loss = " if loss else "") + ast.unparse(replaced(node, old, new))
    return text + said


def _times(node: ast.AST, part: ast.expr) -> int:
    """How often a piece of code is in another."""
    return sum(ast.unparse(n) == ast.unparse(part) for n in ast.walk(node) if isinstance(n, ast.expr))
