"""What all code to take home stands on: the user's classes and weights as literals, data made up to run it, a check.

Labels are data. They reach the code only as `repr` of themselves, in `classes` and `renaming`.
"""

import ast
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent, fill
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import one_of, settle
from lossviz.labels import LabelCounts
from lossviz.weights import NORMALISATIONS, SCHEMES, Scheme, class_weights

WIDTH = 100
CLOSE = 1e-6
"""How closely weights must follow their scheme, relatively: float32 or seven printed digits will do."""
FEW = 20
"""Labels that a model a label is fitted for on made-up data; more would take long."""
SUMS = {None: "its own scale", "sum": "Σw = 1", "classes": "Σw = K", "mean": "mean weight 1"}
VOID = 255
"""The index of unlabelled pixels in Pascal VOC and Cityscapes, where no class has weight 0."""


@dataclass(frozen=True, eq=False)
class Case:
    """What a snippet is written for: checked, and with a weight for every class.

    Attributes:
        counts: The labels and how often they occur.
        weights: By class index, float64, [K]; 0 leaves a class out.
        scheme: What the weights come from; None for weights of one's own.
        normalise: As of `lossviz.class_weights`.
        knobs: Of the scheme.
        renaming: Spellings in the data -> labels.
    """

    counts: LabelCounts
    weights: NDArray[np.float64]
    scheme: Scheme | None
    normalise: str | None
    knobs: Mapping[str, Any]
    renaming: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """A key of `lossviz.labels.KINDS`."""
        return self.counts.kind

    @property
    def classes(self) -> int:
        """How many classes there are, K."""
        return len(self.counts.labels)

    @property
    def left_out(self) -> bool:
        """Whether a class has weight 0."""
        return not self.weights.all()

    @property
    def void(self) -> int:
        """The index of pixels that do not count: the first class of weight 0, else one that is no class."""
        return int(np.argmin(self.weights)) if self.left_out else max(VOID, self.classes)


def _quote(text: object) -> str:
    """Text of the user's in a message: on one line, at most 40 characters."""
    line = " ".join(str(text).split())
    return f"'{line if len(line) <= 40 else line[:37] + '...'}'"


def _by_index(counts: LabelCounts, weights: Mapping[str, float] | ArrayLike) -> NDArray[np.float64]:
    labels, known = counts.labels, set(counts.labels)
    if isinstance(weights, Mapping):
        for label in weights:
            if label not in known:
                raise ValueError(f"weights name {_quote(label)}, which is no label that was counted")
        for label in labels:
            if label not in weights:
                raise ValueError(f"weights lack {_quote(label)}: give one a label; 0 leaves a label out")
        weights = [weights[label] for label in labels]
    try:
        w = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weights must be numbers, one a label; not {_quote(weights)}") from None
    if w.shape != (len(labels),):
        raise ValueError(f"weights must be one number a label, {len(labels)}; not an array of shape {w.shape}")
    for label, weight in zip(labels, w, strict=True):
        if not (np.isfinite(weight) and weight >= 0):
            raise ValueError(f"label {_quote(label)} has a weight of {weight:g}: weights must be finite, not negative")
    if not w.any():
        raise ValueError("weights are all 0: at least one label must count")
    return w


def _expected(case: Case) -> NDArray[np.float64]:
    """The weights that the scheme gives the classes that are not left out."""
    assert case.scheme is not None
    used = case.weights > 0
    n = np.asarray(case.counts.counts, dtype=np.float64)[used]
    if _one_by_one(case):  # each label is a problem of its own
        w = (_rows(case.counts) - n) / n
        scale = {None: 1.0, "sum": 1 / w.sum(), "classes": len(w) / w.sum(), "mean": n.sum() / (n @ w)}
        return w * scale[case.normalise]
    present = case.counts.present
    given = {"present": np.asarray(present)[used]} if present is not None and _takes_present(case.scheme) else {}
    return class_weights(n, case.scheme.name, case.normalise, **given, **case.knobs)


def _one_by_one(case: Case) -> bool:
    return case.kind == "multi" and case.scheme is not None and case.scheme.name == "pos_weight"


def _rows(counts: LabelCounts) -> int:
    """Rows that say which labels they have."""
    return int(counts.rows - counts.missing)


def prepare(
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    scheme: str | None,
    normalise: str | None,
    renaming: Mapping[str, str] | None,
    knobs: Mapping[str, Any],
) -> Case:
    """Check what code is asked for.

    Raises:
        ValueError: No labels; weights that are not one number a label; weights that do not follow the scheme or
            the normalisation they are said to come from; a renaming to a label that was not counted.
    """
    if not counts.labels:
        raise ValueError("there are no labels: nothing to weight")
    if normalise is not None:
        one_of("normalise", normalise, NORMALISATIONS)
    for old, new in (renaming or {}).items():
        if new not in counts.labels:
            raise ValueError(f"renaming takes {_quote(old)} to {_quote(new)}, which is no label that was counted")
    entry = None if scheme is None else SCHEMES[one_of("scheme", scheme, SCHEMES)]
    settled = settle(entry.name, entry.knobs, knobs) if entry else {}
    case = Case(counts, _by_index(counts, weights), entry, normalise, settled, dict(renaming or {}))
    if scheme is None:
        if knobs:
            raise ValueError(f"knobs belong to a scheme; without one, leave out {_quote(next(iter(knobs)))}")
        n, w = np.asarray(counts.counts, dtype=np.float64), case.weights
        sums = {"sum": (w.sum(), 1), "classes": (w.sum(), (w > 0).sum()), "mean": (n @ w, n[w > 0].sum())}
        if normalise is not None and not np.isclose(*sums[normalise], rtol=CLOSE, atol=0):
            raise ValueError(f"the weights are not normalised as was said: {SUMS[normalise]}")
    else:
        expected, used = _expected(case), case.weights > 0
        for label, ours, theirs in zip(
            np.array(counts.labels, object)[used], case.weights[used], expected, strict=True
        ):
            if not np.isclose(ours, theirs, rtol=CLOSE, atol=0):
                raise ValueError(
                    f"label {_quote(label)} has a weight of {ours:g}, and the scheme {scheme!r} gives {theirs:g}: "
                    "say scheme=None for weights of your own"
                )
    return case


def wrapped(items: Iterable[str], opening: str, closing: str) -> str:
    """Items in brackets, as many on a line as fit; none is cut.

    Example:
        >>> wrapped(["1", "2"], "[", "]")
        '[1, 2]'
    """
    items = list(items)
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) <= WIDTH - 20:
        return line
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > WIDTH - 6:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{item},"
    return "\n    ".join([opening, *lines]) + f"\n{closing}"


def note(text: str) -> str:
    """A comment, as many lines as it takes."""
    return fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


def head(case: Case, imports: Iterable[str] = ()) -> str:
    """Imports, classes, counts and weights."""
    lines = sorted({"import numpy as np", *imports}, key=lambda line: (line.startswith("from"), line))
    weights = wrapped((f"{i}: {w!r}" for i, w in enumerate(case.weights.tolist())), "{", "}")
    name, of = (
        ("class_weight", "by class index") if case.kind != "multi" else ("pos_weight", "of the rows that have it")
    )
    source = f"{case.scheme.title} ({case.scheme.source})" if case.scheme else "your own"
    scale = f", {SUMS[case.normalise]}" if case.scheme or case.normalise else ""
    counted = {"single": "examples", "multi": "rows that have it", "pixels": "pixels"}[case.kind]
    lines += [
        "",
        "# The place of a class in the list is its index.",
        f"classes = {wrapped(map(repr, case.counts.labels), '[', ']')}",
        "index = {label: i for i, label in enumerate(classes)}",
        f"# How often each was counted: {counted}.",
        f"counts = {wrapped((repr(int(n)) for n in case.counts.counts), '[', ']')}",
        note(f"Weights {of}: {source}{scale}.").rstrip(),
        f"{name} = {weights}",
        f"weights = np.array([{name}[i] for i in range(len(classes))])",
        *_renaming(case),
    ]
    return "\n".join(lines) + "\n"


def _renaming(case: Case) -> list[str]:
    if not case.renaming or case.kind == "pixels":
        return []
    pairs = wrapped((f"{old!r}: {new!r}" for old, new in case.renaming.items()), "{", "}")
    return ["# Spellings in the data that stand for a class.", f"renaming = {pairs}"]


def data(case: Case) -> str:
    """A few made-up examples with the user's labels: X, and y (multi-label: Y)."""
    made_up = "Made-up data, so that this runs as it is. Replace"
    if case.kind == "single":
        raw = f"classes * {max(2, 32 // case.classes)}"
        lines = [
            note(f"{made_up} X and labels by yours; labels are text, as in your file.").rstrip(),
            f"labels = {raw} + list(renaming)" if case.renaming else f"labels = {raw}",
            'X = np.random.default_rng(0).normal(size=(len(labels), 4)).astype("float32")',
            *(["labels = [renaming.get(label, label) for label in labels]"] if case.renaming else []),
            "y = np.array([index[label] for label in labels])",
        ]
    elif case.kind == "multi":
        lines = [
            note(f"{made_up} X and rows by yours: the labels of each row, as text.").rstrip(),
            "rng = np.random.default_rng(0)",
            "rows = [[label for label in classes if rng.random() < 0.3] for _ in range(30)]",
            "rows += [[], classes, list(renaming)]" if case.renaming else "rows += [[], classes]",
            'X = rng.normal(size=(len(rows), 4)).astype("float32")',
            *(["rows = [[renaming.get(label, label) for label in row] for row in rows]"] if case.renaming else []),
            'Y = np.zeros((len(rows), len(classes)), dtype="float32")',
            "for i, row in enumerate(rows):",
            "    Y[i, [index[label] for label in row]] = 1",
        ]
    else:
        lines = [
            note(f"{made_up} X by your images and y by their masks of class indices.").rstrip(),
            f"void = {case.void}  # the index of pixels that do not count",
            "rng = np.random.default_rng(0)",
            'X = rng.normal(size=(4, 8, 8, 3)).astype("float32")',
            "y = rng.integers(len(classes), size=(4, 8, 8))",
            "y[:, 0] = void",
            "# Void pixels take index 0, which every loss accepts, and weight 0.",
            "safe = np.where(y == void, 0, y)",
            "pixel_weights = np.where(y == void, 0.0, weights[safe])",
        ]
    return "\n".join(lines) + "\n"


def truth(case: Case) -> str:
    """For the checks: each example's weight by the name of its label, and its cross-entropy in NumPy."""
    name = "pos_weight" if case.kind == "multi" else "class_weight"
    lines = f"weight_of = dict(zip(classes, {name}.values()))\n"
    if case.kind == "multi":
        return lines + "has = np.array([[label in row for label in classes] for row in rows])\n"
    if case.kind == "single":
        return lines + "w = np.array([weight_of[label] for label in labels])\n"
    return lines + "w = np.array([0.0 if i == void else weight_of[classes[i]] for i in y.ravel()]).reshape(y.shape)\n"


def cross_entropy(case: Case) -> str:
    """For the checks, of `logits`: the loss of each example (multi-label: of each label of it), weighted."""
    if case.kind == "multi":
        return dedent(
            """\
            z = np.asarray(logits, dtype=float)
            positive = [weight_of[label] for label in classes]
            losses = np.where(has, positive * np.logaddexp(0, -z), np.logaddexp(0, z))
            """
        )
    y = "y" if case.kind == "single" else "safe"
    return dedent(
        f"""\
        z = np.asarray(logits, dtype=float)
        losses = np.logaddexp.reduce(z, axis=-1) - np.take_along_axis(z, {y}[..., None], axis=-1)[..., 0]
        """
    )


def _takes_present(scheme: Scheme) -> bool:
    return "present" in _formula(scheme)[1]


def _formula(scheme: Scheme) -> tuple[str, list[str]]:
    """A scheme's own function as it is written in `lossviz.weights`, bare, and the names of what it takes."""
    function = ast.parse(dedent(inspect.getsource(scheme.weights))).body[0]
    assert isinstance(function, ast.FunctionDef)
    function.decorator_list, function.returns, function.body = [], None, function.body[1:]  # the docstring goes too
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    arguments = function.args
    arguments.args = [a for a in arguments.args if a.arg in used]
    for argument in [*arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    return ast.unparse(function), [a.arg for a in arguments.args]


def weights_check(case: Case) -> str:
    """Asserts: every class has its weight, the weights are the scheme's, and scaled as was said."""
    name = "pos_weight" if case.kind == "multi" else "class_weight"
    pick = "[weights > 0]" if case.left_out else ""
    lines = [
        "# Self-check: the weights follow from the counts.",
        f"assert list(index.items()) == list(zip(classes, {name}))",
        f"n, used = np.array(counts, dtype=float){pick}, weights{pick}",
    ]
    if case.scheme is not None:
        if _one_by_one(case):
            lines.append(f"formula = ({_rows(case.counts)} - n) / n  # rows without the label per row that has it")
        else:
            function, takes = _formula(case.scheme)
            lines[:0] = ["", "# Where the weights come from.", function, "", ""]
            given = ["n"] if "counts" in takes else []
            if "present" in takes:
                every = case.counts.present
                images = wrapped((repr(int(p)) for p in every), "[", "]") if every is not None else ""
                given.append(f"np.array({images}, dtype=float){pick}" if images else "np.full_like(n, n.sum())")
            given += [f"{knob}={value!r}" for knob, value in case.knobs.items()]
            lines.append(f"formula = {case.scheme.name}({', '.join(given)})")
        scale = {"sum": "1 / formula.sum()", "classes": "len(n) / formula.sum()", "mean": "n.sum() / (n @ formula)"}
        if case.normalise:
            lines.append(f"formula = formula * {scale[case.normalise]}")
        lines.append(f"np.testing.assert_allclose(used, formula, rtol={CLOSE})")
    sums = {"sum": "used.sum(), 1", "classes": "used.sum(), len(used)"}
    if case.normalise in sums:
        lines.append(f"np.testing.assert_allclose({sums[case.normalise]}, rtol={CLOSE})  # {SUMS[case.normalise]}")
    n, used = case.counts.counts[case.weights > 0], case.weights[case.weights > 0]
    lines.append("# What an example weighs on average, which scales the learning rate.")
    if case.kind == "multi":  # rows without a label keep weight 1
        rows = _rows(case.counts)
        mean = f"{((n * used).sum() + len(n) * rows - n.sum()) / (len(n) * rows):.12g}"
        lines.append(
            f"mean = (n @ used + (np.full(len(n), {rows}) - n).sum()) / (len(n) * {rows})  # without a label: 1"
        )
        lines.append(f"np.testing.assert_allclose(mean, {mean}, rtol=1e-9)")
    else:
        lines.append(f"np.testing.assert_allclose(n @ used / n.sum(), {n @ used / n.sum():.12g}, rtol=1e-9)")
    return "\n".join(lines) + "\n"
