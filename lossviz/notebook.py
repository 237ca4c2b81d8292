"""The exercises of the lessons, with solutions, as a notebook whose cells run."""

import json
from collections.abc import Mapping
from typing import Any

from lossviz.lesson import Lesson

HEAD = """# Exercises: class weights

A task, what it starts from, and a solution, for each of the lessons. Run the cells from top to bottom; write your own answer
below what is given before you look at the solution. Every solution checks itself.

The cells need `lossviz` and NumPy: `pip install .` in the project's folder."""


def _cell(kind: str, text: str, name: str) -> dict[str, Any]:
    lines = text.split("\n")
    source = [line + "\n" for line in lines[:-1]] + lines[-1:]
    out: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        out |= {"execution_count": None, "outputs": []}
    return out


def notebook(lessons: Mapping[str, Lesson]) -> str:
    """All exercises as a notebook of format 4.5.

    Args:
        lessons: Name -> lesson, such as `lossviz.lessons.LESSONS`, in order.

    Returns:
        The file's text, JSON.

    Example:
        >>> from lossviz.lessons import LESSONS
        >>> cells = json.loads(notebook({"costs": LESSONS["costs"]}))["cells"]
        >>> [c["cell_type"] for c in cells[:6]]
        ['markdown', 'markdown', 'markdown', 'code', 'markdown', 'code']
    """
    cells = [_cell("markdown", HEAD, "head")]
    for i, (name, lesson) in enumerate(lessons.items(), 1):
        cells.append(_cell("markdown", f"## {i}. {lesson.title}\n\n{lesson.question}", name))
        for j, e in enumerate(lesson.exercises, 1):
            at = f"{name}-{j}"
            cells.append(_cell("markdown", f"### Exercise {i}.{j}\n\n{e.task}", f"{at}-task"))
            cells.append(_cell("code", e.given, f"{at}-given"))
            cells.append(_cell("markdown", f"**Solution {i}.{j}**", f"{at}-below"))
            solution = _cell("code", e.solution, f"{at}-solution")
            solution["metadata"] = {"jupyter": {"source_hidden": True}, "tags": ["solution"]}
            cells.append(solution)
    meta = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book = {"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"
