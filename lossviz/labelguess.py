"""What a file of labels probably means: header, label column and layout, guessed from its first rows, with a reason."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lossviz.files import LABEL_NAMES, quote

LAYOUTS = {
    "single": "One label a row",
    "cells": "Several labels in a cell",
    "columns": "A column of 0 and 1 for each label",
    "table": "A count for each label",
    "pixels": "Pixels of each class",
}
"""How a file holds its labels -> what people call it."""

SEPARATORS = ("|", ";", ",", " ")
COUNT_NAMES = frozenset("count counts n num freq frequency frequencies examples samples rows instances support".split())
PIXEL_NAMES = frozenset(("pixel", "pixels", "px"))
PRESENT_NAMES = frozenset(("present", "image", "images"))
ROW_NAMES = frozenset("id index idx row rowid key uuid nr no file filename path image url".split())
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}([T ].*)?|\d{1,2}:\d\d(:\d\d.*)?")
WHOLE = re.compile(r"\+?\d+(\.0*)?")
MARKED = re.compile(r"\d{1,3}([.,' \u00a0\u202f]\d{3})+")

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Guess:
    """How a file probably holds its labels.

    Attributes:
        layout: A key of `LAYOUTS`.
        columns: The label column; of "columns" all of them; of "table" label and count; of "pixels" label, pixels and,
            where there are three, pixels of the images that contain it.
        separator: Of "cells": what stands between two labels.
        reason: One sentence.
    """

    layout: str
    columns: tuple[str, ...]
    separator: str | None
    reason: str


def is_header(rows: Rows) -> tuple[bool, str]:
    """Whether the first of `rows` holds names and not data, and why.

    Example:
        >>> is_header([["cat"], ["dog"], ["cat"]])
        (False, "'cat' in the first line occurs below it too")
        >>> is_header([["label", "count"], ["cat", "3"]])
        (True, "'label' is a usual name")
    """
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    columns = [[row[i].strip() for row in rest if i < len(row)] for i in range(len(first))]
    for cell, column in zip(first, columns, strict=True):
        label, numbers = cell.lower() in LABEL_NAMES, any(column) and all(NUMBER.fullmatch(v) for v in column if v)
        if (label and cell not in column) or (_words(cell) & COUNT_NAMES and numbers):
            return True, f"{quote(cell)} is a usual name"
    if number := next((cell for cell in first if NUMBER.fullmatch(cell)), None):
        return False, f"{quote(number)} in the first line is a number"
    if twin := next((c for c, column in zip(first, columns, strict=True) if c and c in column), None):
        return False, f"{quote(twin)} in the first line occurs below it too"
    for cell, column in zip(first, columns, strict=True):
        if cell and column and all(NUMBER.fullmatch(value) for value in column if value) and any(column):
            return True, f"below {quote(cell)} are only numbers"
    if len(first) == 1:
        rare = min(Counter(columns[0]).values(), default=0)
        if rare > 1 and len(rest) > 3:
            return True, f"{quote(first[0])} is the only value that occurs once"
        return False, "nothing tells the first line from the others"
    if len(set(first)) < len(first):
        return False, "values in the first line occur twice"
    return True, "the first line looks like names"


def one_list_a_line(rows: Rows) -> bool:
    """Whether cut lines are lists of labels rather than rows: the same words stand in every place, and they are no numbers.

    Example:
        >>> one_list_a_line([["cat", "dog"], ["dog", "emu"], ["cat", "emu"], ["emu", "dog"]])
        True
    """
    columns = [{row[i].strip() for row in rows if i < len(row)} - {""} for i in range(len(rows[0]))]
    words = [{word for word in column if not NUMBER.fullmatch(word)} for column in columns]
    if not all(words):
        return False
    shared = set.intersection(*words)
    return len(rows) > 1 and 2 * len(shared) >= max(map(len, words)) and not is_header(rows)[0]


def guess_layout(columns: Sequence[str], rows: Rows, header: bool = True, layout: str | None = None) -> Guess:
    """How a file with these columns and first rows probably holds its labels.

    Args:
        columns: All names.
        rows: The first rows, each as wide as `columns`.
        header: Whether the names are the file's own.
        layout: What is known of it, a key of `LAYOUTS`; then only the columns (and the separator) are guessed.

    Returns:
        The guess; of "cells" without a separator where none recurs.

    Example:
        >>> guess_layout(["species", "n"], [["cat", "40"], ["dog", "2"]]).layout
        'table'
        >>> guess_layout(["id", "tags"], [["1", "a|b"], ["2", "b"], ["3", "a"], ["4", "b|a"]]).separator
        '|'
    """
    cells = {name: [row[i].strip() for row in rows] for i, name in enumerate(columns)}
    if layout in (None, "table", "pixels") and (counted := _counted(columns, cells, layout)):
        return counted
    named = _named(columns) if header else None
    label, reason = (named, f"{quote(named)} is a usual name") if named else _likely(columns, cells)
    if layout in ("table", "pixels"):
        if not named:
            label = next((n for n in columns if not _is_whole(cells[n])), columns[0])
            reason = f"{quote(label)} stands before the numbers"
        numbers = [n for n in columns if n != label and _is_whole(cells[n])] or [n for n in columns if n != label]
        return Guess(layout, (label, *numbers[: 1 if layout == "table" else 2]), None, reason)
    flags = [name for name in columns if _is_flag(cells[name]) and not _names_rows(name)]
    rest = [name for name in columns if name not in flags and not _names_rows(name)]
    if layout == "columns" or (layout is None and named is None and len(flags) > 1 and len(flags) >= len(rest)):
        return Guess("columns", tuple(flags or rest), None, f"{len(flags)} columns hold only 0 and 1")
    separator = None if layout == "single" else guess_separator(cells[label])
    if separator:
        said = "a space" if separator == " " else quote(separator)
        return Guess(
            "cells", (label,), separator, f"most cells of {quote(label)} split at {said} into labels that recur"
        )
    return Guess(layout or "single", (label,), None, reason + _marked(columns, cells))


def guess_separator(cells: Sequence[str]) -> str | None:
    """What stands between the labels of a cell; None where a cell seems to be one label.

    Example:
        >>> guess_separator(["a;b", "a", "b;c", "c"]), guess_separator(["New York", "San Juan"])
        (';', None)
    """
    distinct = {cell for cell in cells if cell}
    for separator in SEPARATORS:
        split = [cell for cell in distinct if separator in cell]
        parts = Counter(part for cell in distinct for part in {p.strip() for p in cell.split(separator)} - {""})
        inside = {part.strip() for cell in split for part in cell.split(separator)} - {""}
        recurring = sum(parts[part] > 1 for part in inside)
        least = 3 if separator == " " else 1
        most_recur = recurring >= (0.9 if separator == " " else 0.6) * len(inside)
        if len(split) >= least and recurring > 1 and most_recur and len(parts) <= len(distinct) + 1 + len(split):
            return separator
    return None


def _words(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.strip().lower()))


def _names_rows(name: str) -> bool:
    return bool(ROW_NAMES & _words(name))


def _is_flag(cells: Sequence[str]) -> bool:
    """Whether a column says yes or no in numbers; one that says only one of both counts too."""
    values = set(cells) - {""}
    return bool(values) and values <= {"0", "1", "0.0", "1.0"}


def _counted(columns: Sequence[str], cells: dict[str, list[str]], layout: str | None) -> Guess | None:
    """A table with a number for each label, if it is one: no label twice, and whole numbers named or looking like counts."""
    whole = [name for name in columns if _is_whole(cells[name])]
    texts = [name for name in columns if name not in whole and not _names_rows(name)]
    usual = [name for name in columns if name.strip().lower() in LABEL_NAMES]
    label = next(iter([*usual, *texts, *columns]))
    numbers = [
        name for name in whole if name != label and not (name.strip().lower() == "n" and _is_ascending(cells[name]))
    ]
    if usual and layout != "pixels" and (says := [name for name in columns if _words(name) & COUNT_NAMES - {"n"}]):
        if len(columns) == 2 and says[0] != label:  # what is wrong with such a table is said when it is counted
            return Guess("table", (label, says[0]), None, f"{quote(label)} and {quote(says[0])} are the usual names")
    if len(set(cells[label])) < len(cells[label]):
        return None
    if not numbers:
        return _partly_counted(label, texts, cells)
    pixels = next((name for name in numbers if PIXEL_NAMES & _words(name)), None)
    if pixels and layout != "table":
        ours = list(map(_number, cells[pixels]))
        others = [name for name in numbers if name != pixels]
        larger = [
            name
            for name in others
            if _words(name) & PRESENT_NAMES or all(a <= _number(b) for a, b in zip(ours, cells[name], strict=True))
        ]
        return Guess(
            "pixels", (label, pixels, *larger[:1]), None, f"{quote(pixels)} holds pixels, and no label is twice"
        )
    if layout == "pixels":
        return None
    named = next((name for name in numbers if COUNT_NAMES & _words(name)), None)
    if named:
        return Guess(
            "table", (label, named), None, f"{quote(named)} holds a whole number for each label, and none is twice"
        )
    values = cells[numbers[0]]
    told = label in texts and not _names_rows(numbers[0]) and numbers[0].strip().lower() not in LABEL_NAMES
    if len(columns) == 2 and told and len(values) > 1 and 2 * len(set(values)) > len(values):
        return Guess("table", (label, numbers[0]), None, "every label has one row and a whole number")
    return None


def _partly_counted(label: str, texts: list[str], cells: dict[str, list[str]]) -> Guess | None:
    """A table of two columns in which some counts are missing, which is said when it is counted."""
    if len(cells) != 2 or label not in texts:
        return None
    other = next(name for name in cells if name != label)
    there = [cell for cell in cells[other] if cell]
    if len(cells[other]) / 2 < len(there) < len(cells[other]) and _is_whole(there) and 2 * len(set(there)) > len(there):
        return Guess("table", (label, other), None, "every label has one row, and most of them a whole number")
    return None


def _marked(columns: Sequence[str], cells: dict[str, list[str]]) -> str:
    """What to add where counts of labels may have marks of thousands, which can be decimals as well: they are not read."""
    for name in columns if len(columns) == 2 else ():
        marked = next((cell for cell in cells[name] if MARKED.fullmatch(cell)), None)
        (labels,) = (cells[other] for other in columns if other != name)
        whole = all(MARKED.fullmatch(cell) or WHOLE.fullmatch(cell) for cell in cells[name])
        if marked and whole and len(set(labels)) == len(labels):
            plainly = re.sub(r"\D", "", marked)
            return f"; if {quote(name)} holds counts, write them without marks of thousands, as {plainly} for {marked}"
    return ""


def _is_whole(cells: Sequence[str]) -> bool:
    return bool(cells) and all(WHOLE.fullmatch(cell) for cell in cells)


def _is_ascending(cells: Sequence[str]) -> bool:
    """Whether a column numbers the rows."""
    numbers = list(map(_number, cells))
    return len(numbers) > 1 and numbers[0] in (0, 1) and all(n == numbers[0] + i for i, n in enumerate(numbers))


def _number(text: str) -> float:
    return float(text)


def _named(columns: Sequence[str]) -> str | None:
    """The column with the most usual name for labels: the whole name, or else a word of it."""
    lower = {name: name.strip().lower() for name in columns}
    whole = [name for known in LABEL_NAMES for name in columns if lower[name] == known]
    part = [name for known in LABEL_NAMES for name in columns if known != "y" and known in _words(name)]
    part = [name for name in part if not _names_rows(name)]
    return next(iter([*whole, *part]), None)


def _likely(columns: Sequence[str], cells: dict[str, list[str]]) -> tuple[str, str]:
    """The column that looks most like labels, and why: few different values, text before numbers and dates, late before early."""
    if len(columns) == 1:
        return columns[0], "there is one column"

    def order(name: str) -> tuple[bool, bool, int]:
        values = [value for value in cells[name] if value]
        distinct = len(set(values))
        repeats = 2 <= distinct <= len(values) // 2
        text = any(not NUMBER.fullmatch(value) and not DATE.fullmatch(value) for value in values)
        return repeats, text, columns.index(name)

    best = max(columns, key=order)
    few = (
        "has few different values"
        if order(best)[0]
        else "is the last one with text"
        if order(best)[1]
        else "is the last one"
    )
    return best, f"{quote(best)} {few}"
