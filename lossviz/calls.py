r"""The same loss in each framework, written from the tables: a call where the library has one, a few lines where not.

A strategy needs nothing here: what its tables hold is what the code does. How a framework spells it is in `lossviz.calltexts`.
The code defines `loss`, one value an example, and `decide`; `tests/test_calls.py` runs all of it against `lossviz.loss`.
"""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.anatomy import active, over
from lossviz.calltexts import FRAMEWORKS, POS_WEIGHT, SAMPLERS, Framework, Text
from lossviz.knobs import one_of
from lossviz.strategies import Decision, Tables, get
from lossviz.weights import SCHEMES, class_weights


class Call(NamedTuple):
    """Code for one framework.

    Attributes:
        code: Python that runs as it is; empty where there is no way.
        own: Whether the loss has to be written; false where a call of the library is all of it.
        remark: One sentence about it.
    """

    code: str
    own: bool
    remark: str


TITLES = {name: f.title for name, f in FRAMEWORKS.items()} | {"sklearn": "scikit-learn"}
"""Every framework that `call` knows -> what people call it."""


def literal(a: ArrayLike) -> str:
    """Numbers as Python reads them, to seven digits.

    Example:
        >>> literal([[1 / 3, -1e6], [2, 0]])
        '[[0.3333333, -1000000.0], [2.0, 0.0]]'
    """
    array = np.asarray(a, dtype=np.float64)
    if array.ndim:
        return "[" + ", ".join(literal(row) for row in array) + "]"
    text = f"{float(array):.7g}"
    return repr(float(text))


def _tables(f: Framework, t: Tables) -> tuple[list[str], dict[str, str]]:
    """Lines that hold the tables, and for each part the expression that the loss takes from them."""
    lines, at = [], {}
    on, k = set(active(t)), len(t.focus)

    def keep(name: str, numbers: NDArray[Any] | float, words: str) -> str:
        text = literal(numbers)
        lines.append(f"{name} = {f.array.format(numbers=text) if np.ndim(numbers) else text}  # {words}")
        return name

    late = t.late < 1
    weight = t.late_weight if late else t.weight
    if "W" in on and weight.any():  # without it there is no cross-entropy to weight
        by = over(weight)
        words = {"nothing": "the same for all", "row": "by true class", "column": "by predicted class",
                 "both": "by true class, and predicted class"}[by]  # fmt: skip
        name = keep(
            "weight", {"nothing": weight[0, 0], "row": weight[:, 0], "column": weight[0], "both": weight}[by], words
        )
        at["W"] = {
            "nothing": name, "row": f.take.format(table=name, i="y"), "column": f.take.format(table=name, i="guess"),
            "both": f.pair.format(table=name, i="y", j="guess", k=k),
        }[by]  # fmt: skip
        if late:
            lines.append(f"late = {t.late:g}  # share of the steps after which the weights start")
    if "S" in on:
        by = over(t.scale)
        numbers = {"nothing": t.scale[0, 0], "row": t.scale[:, 0], "column": t.scale[0], "both": t.scale}[by]
        name = keep("scale", numbers, "times the logits, while training")
        row = f.take.format(table=name, i="guess")
        at["S"] = {"nothing": name, "row": f.column.format(x=row), "column": name, "both": row}[by]
    if "B" in on:
        by = over(t.shift)
        name = keep("shift", t.shift[0] if by == "column" else t.shift, "added to the logits, while training")
        at["B"] = name if by == "column" else f.take.format(table=name, i="y")
    if "γ" in on:
        flat = np.ptp(t.focus) == 0
        name = keep("gamma", t.focus[0] if flat else t.focus, "0 is cross-entropy")
        at["γ"] = name if flat else f.take.format(table=name, i="y")
    if "C" in on:
        at["C"] = f.take.format(table=keep("cost", t.cost, "[true class, decided class]"), i="y")
    return lines, at


def _loss(f: Framework, t: Tables, at: Mapping[str, str]) -> tuple[list[str], bool]:
    """The body of the loss, and whether it is more than one call of the library."""
    body = [f.prepare] if f.prepare else []
    if any("guess" in text for text in at.values()):
        body.append(f"guess = {f.argmax.format(x='logits')}  # the predicted class; no gradient flows through it")
    z = "logits"
    if "S" in at or "B" in at:
        scaled = f"{at['S']} * logits" if "S" in at else "logits"
        body.append(f"z = {scaled} + {at['B']}" if "B" in at else f"z = {scaled}")
        z = "z"
    late = t.late < 1
    own = bool({"S", "B", "γ", "C"} & set(at)) or late or ("W" in at and over(t.weight) != "row")
    if not own:
        text = f.weighted if "W" in at else f.plain
        return [*body, f"return {text.format(z=z, w=at.get('W', ''))}"], False
    nothing = not late and not t.weight.any()
    if not nothing:
        body.append(f"losses = {f.plain.format(z=z)}")
        if "γ" in at:
            body.append(f"losses = ({f.one_minus.format(losses='losses')}) ** {at['γ']} * losses")
        if "W" in at:
            body.append(f"losses = {at['W']} * losses" + (" if progress >= late else losses" if late else ""))
    if "C" in at:
        expected = f.sum.format(x=f"{at['C']} * {f.softmax.format(z=z)}")
        body.append(f"return {expected}" if nothing else f"return losses + {expected}")
    else:
        body.append("return losses")
    return body, True


def _decide(f: Framework, rule: Decision, name: str) -> tuple[list[str], list[str]]:
    """Lines of tables, and the body of one rule of decision."""
    tables, body, scores = [], [], "logits"
    if (rule.scale != 1).any():
        by = over(rule.scale)
        rows = {"nothing": rule.scale[0], "column": rule.scale[0], "row": rule.scale[:, 0], "both": rule.scale}[by]
        tables.append(f"{name}_scale = {f.array.format(numbers=literal(rows))}")
        factor = f"{name}_scale"
        if by in ("row", "both"):
            factor = f.take.format(table=factor, i=f.argmax.format(x="logits"))
            factor = f.column.format(x=factor) if by == "row" else factor
        scores = f"{factor} * {scores}"
    if rule.shift.any():
        tables.append(f"{name}_shift = {f.array.format(numbers=literal(rule.shift))}")
        scores = f"{scores} + {name}_shift"
    if rule.cost is not None:
        tables.append(f"{name}_cost = {f.array.format(numbers=literal(rule.cost))}  # [true class, decided class]")
        p = f.softmax.format(z=scores if scores == "logits" else f"({scores})")
        expected = f.matmul.format(p=p, table=f"{name}_cost")
        body.append(f"return {f.argmin.format(x=f'({expected})')}")
    else:
        body.append(f"return {f.argmax.format(x=scores if scores == 'logits' else f'({scores})')}")
    return tables, body


def _function(name: str, arguments: str, words: str, body: list[str]) -> str:
    return f'def {name}({arguments}):\n    """{words}"""\n' + "".join(f"    {line}\n" for line in body)


def call(framework: str, strategy: str, counts: ArrayLike, **knobs: Any) -> Call:
    """A strategy's loss and decision in a framework, with the numbers of these counts.

    Args:
        framework: A key of `TITLES`.
        strategy: A name in `lossviz.STRATEGIES`.
        counts: Examples of each class, [K].
        **knobs: The strategy's own.

    Returns:
        The code, whether it has to be written by oneself, and a sentence about it.

    Raises:
        ValueError: An unknown name, or counts or knobs that make no sense.

    Example:
        >>> print(call("pytorch", "weighted_cross_entropy", [90, 10]).code)
        import torch
        import torch.nn.functional as F
        <BLANKLINE>
        # Weighted cross-entropy, for counts 90, 10
        weight = torch.tensor([0.5555556, 5.0])  # by true class
        <BLANKLINE>
        <BLANKLINE>
        def loss(logits, y):
            \"\"\"One loss an example.\"\"\"
            return F.cross_entropy(logits, y, weight=weight, reduction="none")
        <BLANKLINE>
        <BLANKLINE>
        def decide(logits):
            \"\"\"Argmax of the logits.\"\"\"
            return logits.argmax(-1)
        <BLANKLINE>
        <BLANKLINE>
        # with reduction="mean" PyTorch would divide by the sum of the weights, not by the number of examples
        <BLANKLINE>
    """
    one_of("framework", framework, TITLES)
    entry = get(strategy)
    t = entry.tables(counts, **knobs)
    n = ", ".join(f"{float(c):.10g}" for c in np.asarray(counts, dtype=np.float64))
    head = f"# {entry.title}{' (flawed: it does not weight)' if entry.flawed else ''}, for counts {n}\n"
    if t.sampler == "balanced":
        return _drawn(framework, t, counts, head)
    if framework == "sklearn":
        return _sklearn(t, head)
    return _written(FRAMEWORKS[framework], t, head)


def _written(f: Framework, t: Tables, head: str, extra: Text | None = None) -> Call:
    """The loss and the decision of tables; after `extra`, which draws the examples."""
    tables, at = _tables(f, t)
    body, own = _loss(f, t, at)
    late = t.late < 1
    arguments = f"{f.signature}, progress=0.0" if late else f.signature
    words = "One loss an example." if not late else "One loss an example; progress is the share of steps done."
    functions = [_function("loss", arguments, words, body)]
    for i, rule in enumerate(t.decisions):
        name = "decide" if i == 0 else f"decide_{rule.name}"
        lines, decided = _decide(f, rule, name)
        tables += lines
        functions.append(_function(name, "logits", f"{rule.title[:1].upper()}{rule.title[1:]}.", decided))
    by_class = bool(at) and not own
    remark = f.fitting[by_class].format(dict=_as_dict(t))
    remark = extra.use if extra else remark
    imports = _imports(f.imports, extra.imports) if extra else f.imports
    above = (extra.code if extra else "") + "".join(f"{line}\n" for line in tables)
    code = "\n\n".join([f"{imports}\n\n{head}{above}", *functions, (f"# {remark}" if remark else "") + "\n"])
    if extra:
        return Call(code, extra.own, extra.remark)
    said = (
        f"{f.title} has no call for this: write the loss yourself, around the library's cross-entropy."
        if own
        else f"One call of {f.title} is all of it."
    )
    return Call(code, own, said)


def _imports(*lines: str) -> str:
    """Import lines, plain ones first, as an import sorter leaves them."""
    split = "\n".join(filter(None, lines)).splitlines()
    return "\n".join(sorted(split, key=lambda line: (line.startswith("from "), line.split()[1])))


def _drawn(framework: str, t: Tables, counts: ArrayLike, head: str) -> Call:
    """A sampler that draws every class equally often, beside the loss without weights: what the weights are on average."""
    n = np.asarray(counts, dtype=np.float64)
    text = SAMPLERS[framework]
    whole = [max(1, round(c)) for c in n.tolist()]
    text = text._replace(code=text.code.format(weight=literal(t.weight[:, 0]), counts=whole, k=len(n)))
    plain = replace(t, weight=np.ones_like(t.weight), late_weight=np.ones_like(t.weight))
    if framework == "sklearn":
        return _sklearn(plain, head, text)
    return _written(FRAMEWORKS[framework], plain, head, text)


def use(framework: str, scheme: str, counts: ArrayLike, normalise: str | None = None, **knobs: Any) -> Call:
    """The weights of a scheme put to use: in a weighted cross-entropy, or as the `pos_weight` of a sigmoid a label.

    Args:
        framework: A key of `TITLES`.
        scheme: A name in `lossviz.SCHEMES`.
        counts: Examples of each class, [K]; two are (negatives, positives) of one label.
        normalise: As of `lossviz.class_weights`; of a `pos_weight` the scale is part of what it says, and is left.
        **knobs: Of the scheme.

    Returns:
        The code, whether it has to be written by oneself, and a sentence about it.

    Raises:
        ValueError: An unknown name, or counts or knobs that make no sense.

    Example:
        >>> print(use("tensorflow", "pos_weight", [500, 31]).code.split("def ")[1])
        loss(logits, y):
            \"\"\"One loss a label.\"\"\"
            y = tf.cast(y, logits.dtype)
            return tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=logits, pos_weight=pos_weight)
        <BLANKLINE>
        <BLANKLINE>
        <BLANKLINE>
    """
    one_of("framework", framework, TITLES)
    if not SCHEMES[one_of("scheme", scheme, SCHEMES)].sigmoid:
        weights = class_weights(counts, scheme, normalise, **knobs)
        return call(framework, "weighted_cross_entropy", counts, class_weight=weights)
    weights = class_weights(counts, scheme, **knobs)
    n = [f"{float(c):.10g}" for c in np.asarray(counts, dtype=np.float64)]
    single = len(n) == 2
    ratios, shape = (weights[1], "[N]") if single else (weights, f"[N, {len(n)}]")
    head = (
        f"# pos_weight of one label, for {n[0]} negatives and {n[1]} positives"
        if single
        else f"# pos_weight of {len(n)} labels, each against the rest, for counts {', '.join(n)}"
    )
    text = POS_WEIGHT[framework]
    if framework == "sklearn":
        if single:
            t = get("weighted_cross_entropy").tables(counts, class_weight=weights)
            return _sklearn(t, f"{head}\n")._replace(remark=text.remark)
        return Call(f"{text.imports}\n\n{head}\n{text.code.format(numbers=literal(ratios))}", False, text.remark)
    f = FRAMEWORKS[framework]
    code = text.code.format(array=f.array.format(numbers=literal(ratios)))
    return Call(f"{f.imports}\n\n{head}; logits and y: {shape}\n{code}\n\n# {text.use}\n", text.own, text.remark)


def _as_dict(t: Tables) -> str:
    return "{" + ", ".join(f"{c}: {literal(w)}" for c, w in enumerate(t.weight[:, 0])) + "}"


def _sklearn(t: Tables, head: str, extra: Text | None = None) -> Call:
    """The parameter `class_weight`, where weights by true class are all that the loss has."""
    own = sorted({"S", "B", "γ", "C"} & set(active(t)))
    if t.late < 1:
        own.append("weights that start late")
    if over(t.weight) in ("column", "both"):
        own.append("weights by predicted class")
    if own:
        return Call(
            "", True,
            "scikit-learn's classifiers take weights of examples and nothing else: there is no place for "
            f"{' or '.join(own)}.",
        )  # fmt: skip
    f = FRAMEWORKS["pytorch"]  # NumPy spells these as PyTorch does
    rule = t.decisions[0]
    tables: list[str] = []
    body = "model.predict(X)"
    if active_rule := (rule.shift.any() or (rule.scale != 1).any() or rule.cost is not None):
        tables, lines = _decide(f, rule, "decide")
        tables = [line.replace("torch.tensor", "np.array") for line in tables]
        body = lines[-1].removeprefix("return ").replace("logits", "model.predict_log_proba(X)")
    weighted = f"class_weight={_as_dict(t)}, " if (t.weight != 1).any() else ""
    imports = _imports(
        "import numpy as np\nfrom sklearn.linear_model import LogisticRegression", extra.imports if extra else ""
    )
    code = (
        f"{imports}\n\n{head}"
        + "".join(f"{line}\n" for line in tables)
        + (f"{extra.code}\n\n" if extra else "")
        + f"model = LogisticRegression({weighted}C=np.inf, max_iter=10_000)  # C=np.inf: no L2 penalty\n\n\n"
        + _function("decide", "X", f"{rule.title[:1].upper()}{rule.title[1:]}.", [f"return {body}"])
        + f"\n\n# {extra.use if extra else 'model.fit(X, y), then decide(X)'}\n"
    )
    if extra:
        return Call(code, extra.own, extra.remark)
    said = "A parameter of scikit-learn is all of it" + ("; the decision is yours to write." if active_rule else ".")
    return Call(code, bool(active_rule), said)


def ours(strategy: str, counts: ArrayLike, knobs: Mapping[str, Any]) -> str:
    """The call of LossViz that gives a strategy's losses and gradients.

    Example:
        >>> print(ours("focal", [90, 10], {"gamma": 1.5}))
        import lossviz
        <BLANKLINE>
        losses = lossviz.loss("focal", logits, labels, [90, 10], gamma=1.5)
        slopes = lossviz.gradient("focal", logits, labels, [90, 10], gamma=1.5)
        <BLANKLINE>
    """
    n = ", ".join(f"{float(c):.10g}" for c in np.asarray(counts, dtype=np.float64))
    given = "".join(f", {name}={value!r}" for name, value in knobs.items())
    lines = (f'{what} = lossviz.{call}("{strategy}", logits, labels, [{n}]{given})\n'
             for what, call in (("losses", "loss"), ("slopes", "gradient")))  # fmt: skip
    return f"import lossviz\n\n{''.join(lines)}"


SCALED = {"sum": "weights / weights.sum()", "classes": "weights * len(weights) / weights.sum()",
          "mean": "weights * counts.sum() / (counts @ weights)"}  # fmt: skip


def scheme(name: str, counts: ArrayLike, normalise: str | None = None, **knobs: Any) -> str:
    """A weight scheme in NumPy: the very function that LossViz runs, with these counts.

    Args:
        name: A name in `lossviz.SCHEMES`.
        counts: Examples of each class, [K].
        normalise: As of `lossviz.class_weights`.
        **knobs: Of the scheme.

    Example:
        >>> for line in scheme("balanced", [90, 10]).splitlines()[3:]:
        ...     print(line or ".")
        def balanced(counts):
            \"\"\"Every class has the same total weight, and the mean example keeps weight 1.\"\"\"
            return counts.sum(0) / (len(counts) * counts)
        .
        .
        counts = np.array([90.0, 10.0])
        weights = balanced(counts)
    """
    entry = SCHEMES[one_of("scheme", name, SCHEMES)]
    function = ast.parse(inspect.getsource(entry.weights)).body[0]
    assert isinstance(function, ast.FunctionDef)
    function.decorator_list, function.returns = [], None
    images = any(isinstance(node, ast.Name) and node.id == "present" for node in ast.walk(function))
    if not images:
        function.args.args = function.args.args[:1]
    for argument in (*function.args.args, *function.args.kwonlyargs):
        argument.annotation = None
    given = "".join(f", {k}={v!r}" for k, v in knobs.items())
    lines = f"weights = {name}(counts{', present' * images}{given})\n"
    if images:
        lines = (
            "present = np.full_like(counts, counts.sum())  # or the pixels of the images that contain each class\n"
            + lines
        )
    if normalise:
        lines += f"weights = {SCALED[one_of('normalise', normalise, SCALED)]}\n"
    return f"import numpy as np\n\n\n{ast.unparse(function)}\n\n\ncounts = np.array({literal(counts)})\n" + lines
