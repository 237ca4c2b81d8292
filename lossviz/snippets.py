"""Code to take home: class weights in the library of one's choice, with one's own labels; a notebook, JSON, CSV.

The libraries are in `lossviz.recipes`, which is where to add one.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import ArrayLike

from lossviz import scaffold
from lossviz.knobs import one_of
from lossviz.labels import LabelCounts
from lossviz.recipes import SNIPPETS, Snippet
from lossviz.scaffold import Case
from lossviz.spreadsheet import cell

__all__ = ["SNIPPETS", "Snippet", "code", "notebook", "weights_csv", "weights_json"]


def _written(entry: Snippet, case: Case) -> str:
    one_of(f"kind of counts for the snippet {entry.name!r}", case.kind, entry.kinds)
    if case.classes < 2 and case.kind != "multi":
        raise ValueError("there is one class only: nothing to tell apart, and nothing to weight")
    return entry.build(case)


def code(
    name: str,
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    renaming: Mapping[str, str] | None = None,
    **knobs: Any,
) -> str:
    """Python that puts class weights to use in one library, runs as it is and checks itself.

    Args:
        name: A name in `SNIPPETS`.
        counts: What was counted.
        weights: A weight a label: a mapping, or an array in the order of `counts.labels`; 0 leaves a class out.
        scheme: The name in `lossviz.SCHEMES` that the weights come from; None for weights of one's own. Of several
            labels a row, "pos_weight" is taken label by label, rows without it per row that has it.
        normalise: As of `lossviz.class_weights`.
        renaming: Spellings in the data -> labels; images have none, their masks hold indices.
        **knobs: Of the scheme.

    Raises:
        ValueError: An unknown name, a kind of counts that the snippet does not serve, or weights that are not one
            number a label or do not follow their scheme.

    Example:
        >>> import numpy as np
        >>> animals = LabelCounts(("cat", "dog"), np.array([1, 3]), 4)
        >>> code("numpy", animals, [2.0, 2 / 3], scheme="balanced").splitlines()[4]
        "classes = ['cat', 'dog']"
    """
    entry = SNIPPETS[one_of("snippet", name, SNIPPETS)]
    case = scaffold.prepare(counts, weights, scheme, normalise, renaming, knobs)
    parts = (
        scaffold.head(case, entry.imports),
        scaffold.data(case),
        _written(entry, case),
        scaffold.weights_check(case),
    )
    return "\n".join(parts)


def notebook(
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    renaming: Mapping[str, str] | None = None,
    names: Iterable[str] | None = None,
    **knobs: Any,
) -> str:
    """A Jupyter notebook of snippets, as JSON: classes and weights once, then a part for each library.

    Args:
        counts: As of `code`.
        weights: As of `code`.
        scheme: As of `code`.
        normalise: As of `code`.
        renaming: As of `code`.
        names: Names in `SNIPPETS`; None takes all that serve the kind of counts.
        **knobs: Of the scheme.

    Raises:
        ValueError: As of `code`.
    """
    case = scaffold.prepare(counts, weights, scheme, normalise, renaming, knobs)
    if names is None:
        chosen = [entry for entry in SNIPPETS.values() if case.kind in entry.kinds]
    else:
        chosen = [SNIPPETS[one_of("snippet", name, SNIPPETS)] for name in names]
    cells: list[tuple[str, str]] = [
        ("markdown", f"# Class weights\n\n{_table(case)}"),
        ("code", scaffold.head(case)),
        ("code", scaffold.weights_check(case)),
        ("markdown", "## Data\n\nMade up, so that the notebook runs as it is: put your own here."),
        ("code", scaffold.data(case)),
    ]
    for entry in chosen:
        lines = "\n".join(entry.imports)
        cells.append(("markdown", f"## {entry.title}\n\nNeeds `pip install {entry.library}`."))
        cells.append(("code", f"{lines}\n\n{_written(entry, case)}"))
    return _json(
        {
            "cells": [_notebook_cell(i, kind, text.strip("\n")) for i, (kind, text) in enumerate(cells)],
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
    )


def _notebook_cell(number: int, kind: str, text: str) -> dict[str, Any]:
    more: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True), **more}


def _table(case: Case, most: int = 50) -> str:
    """Labels, counts and weights as preformatted text: labels can be no Markdown, HTML or formula there."""
    lines = [f"{'index':>5}  {'count':>12}  {'weight':>12}  label"]
    for i, (label, n, w) in enumerate(zip(case.counts.labels, case.counts.counts, case.weights, strict=True)):
        if i == most:
            lines.append(f"and {case.classes - most} more")
            break
        shown = repr(label[:40]) + ("..." if len(label) > 40 else "")
        lines.append(f"{i:5d}  {n:12d}  {w:12.6g}  {shown}")
    fence = "~" * 60  # longer than a label that is cut
    return "\n".join([fence, *lines, fence])


def weights_json(
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    **knobs: Any,
) -> str:
    """Counts and weights by label, as JSON: an object of counts, weights, scheme, normalise, knobs and notes.

    Raises:
        ValueError: As of `code`.

    Example:
        >>> import numpy as np
        >>> text = weights_json(LabelCounts(("cat", "dog"), np.array([1, 3]), 4), [2.0, 0.5], scheme=None)
        >>> json.loads(text)["weights"]
        {'cat': 2.0, 'dog': 0.5}
    """
    case = scaffold.prepare(counts, weights, scheme, normalise, None, knobs)
    labels = counts.labels
    return _json(
        {
            "counts": dict(zip(labels, map(int, counts.counts), strict=True)),
            "weights": dict(zip(labels, map(float, case.weights), strict=True)),
            "scheme": scheme,
            "normalise": normalise,
            "knobs": case.knobs,
            "notes": list(counts.notes),
        }
    )


def weights_csv(counts: LabelCounts, weights: Mapping[str, float] | ArrayLike) -> str:
    r"""Label, index, count and weight, a line a label, in full precision; safe to open in a spreadsheet.

    A label that would start a formula there (=, +, -, @) has an apostrophe before it.

    Raises:
        ValueError: As of `code`.

    Example:
        >>> import numpy as np
        >>> weights_csv(LabelCounts(("=1", "dog"), np.array([1, 3]), 4), [2.0, 0.5])
        '"label","index","count","weight"\n"\'=1",0,1,2.0\n"dog",1,3,0.5\n'
    """
    case = scaffold.prepare(counts, weights, None, None, None, {})
    out = io.StringIO()
    # Quoted: a spreadsheet that separates by semicolons would else split `a;=cmd()` and run its second half.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(["label", "index", "count", "weight"])
    for i, (label, n, w) in enumerate(zip(counts.labels, counts.counts, case.weights, strict=True)):
        writer.writerow([cell(label), i, int(n), float(w)])
    return _encodable(out.getvalue())


def _json(value: object, indent: int | None = None) -> str:
    return _encodable(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent))


def _encodable(text: str) -> str:
    """Half a surrogate pair is no text to a file; as an escape it is, and JSON reads it back."""
    return text.encode("utf-8", "backslashreplace").decode()
