"""Is my loss flawed? Reads Python source, without running it, for the flaws of `lossviz.lintflaws`."""

import ast
import json
import os
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lossviz.files import quote
from lossviz.lintflaws import RULES
from lossviz.lintread import Reading
from lossviz.lintrules import Rule, instead

LONGEST = 2_000_000  # characters of a file
NOQA = re.compile(r"#\s*noqa\b(?P<codes>:\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?", re.IGNORECASE)
ABOUT = re.compile(
    "entropy|softmax|sigmoid|expit|nll_loss|WithLogits|class_weight|pos_weight|sample_weight|validation_data",
    re.IGNORECASE,
)
"""What is in all code that a rule can find something in: a loss, an activation, or weights given to a model."""
SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv"}


class LintError(ValueError):
    """Source that cannot be read, or a part of it that cannot.

    Attributes:
        line: Where, from 1; 0 where it is the file as a whole.
        column: From 1; 0 where it is the whole line.
        cell: Of a notebook, from 1; 0 elsewhere.
        found: Flaws in what could be read; None where nothing could.
    """

    def __init__(
        self, message: str, line: int = 0, column: int = 0, cell: int = 0, found: "list[Finding] | None" = None
    ):
        super().__init__(message)
        self.line, self.column, self.cell, self.found = line, column, cell, found


@dataclass(frozen=True)
class Finding:
    """A flaw in a file.

    Attributes:
        code: Of the rule, such as LV001.
        line, end_line: First and last line, from 1; of a notebook within its cell.
        column, end_column: From 1; the end is the first column after it.
        detail: What else there is to say of this place; may be empty.
        fix: The corrected code, in the framework of the file.
        cell: Of a notebook, from 1; 0 elsewhere.
    """

    code: str
    line: int
    column: int
    end_line: int
    end_column: int
    detail: str
    fix: str
    cell: int = 0

    @property
    def rule(self) -> Rule:
        """What it breaks."""
        return RULES[self.code]


def chosen(select: str | None = None, ignore: str | None = None) -> list[str]:
    """The codes of the rules to use.

    Args:
        select: Codes or their beginnings, with commas between; None takes all.
        ignore: The same, to leave out.

    Raises:
        ValueError: No rule begins so.

    Example:
        >>> chosen("LV001,LV008", "LV008")
        ['LV001']
    """
    named: list[list[str]] = []
    for text, default in ((select, [""]), (ignore, [])):
        parts = default if text is None else [part.strip().upper() for part in text.split(",") if part.strip()]
        for part in parts:
            if not any(code.startswith(part) for code in RULES):
                raise ValueError(f"There is no rule {quote(part)}; the rules are {', '.join(RULES)}")
        named.append([code for code in RULES if any(code.startswith(part) for part in parts)])
    return [code for code in named[0] if code not in named[1]]


MOST_FIXES = 100
"""Corrected codes in a file; each looks through the whole file for its names, and nobody reads a hundred."""


def lint(source: str, rules: Iterable[str] | None = None) -> list[Finding]:
    """The flaws in Python source. It is parsed, and never run.

    Args:
        source: A module, or a snippet; it may be indented, and hold prompts or IPython's magics.
        rules: Codes; None takes all.

    Returns:
        What was found, by line; nothing on lines that say `# noqa` or `# noqa: LV001`. Behind MOST_FIXES of them in a file the
        corrected code names the line of the first of its kind.

    Raises:
        LintError: It cannot be parsed; says where.

    Example:
        >>> [(f.line, f.rule.title) for f in lint('''
        ... import torch.nn.functional as F
        ... loss = F.cross_entropy(logits * class_weights, labels)
        ... ''')]
        [(3, 'Logits multiplied by class weights')]
    """
    if is_notebook(source):
        raise LintError("This is the file of a notebook, not Python; give it to `lint_notebook`")
    text, shift = cleaned(source)
    tree = parsed(text)
    if not ABOUT.search(text):  # most files of a project
        return []
    found: dict[tuple[str, int], Finding] = {}
    try:
        reading = Reading(tree)
        lines = text.split("\n")
        for code in RULES if rules is None else rules:
            rule = RULES[code]
            for at in rule.check(reading):
                place = Finding(code, *_place(at.node, lines, shift), at.detail, "")
                if (code, place.line) in found or _suppressed(place, lines):
                    continue
                same = next((f for f in found.values() if f.code == code), None) if len(found) >= MOST_FIXES else None
                fix = f"# as for line {same.line}" if same else instead(rule.fix, at, reading)
                found[code, place.line] = replace(place, fix=fix)
    except RecursionError:
        raise LintError("The code is nested too deeply to be followed; check its parts one by one") from None
    findings = sorted(found.values(), key=lambda f: (f.line, f.column, f.code))
    if not reading.complete:
        raise LintError("The code is too long to be followed to its end; check its parts one by one", found=findings)
    return findings


def cleaned(source: str) -> tuple[str, int]:
    """Source without what shells and web pages add, line by line the same, and how far it was shifted to the left."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith(">>> "):  # a console session: what it printed is no code
        lines = [m[1] if (m := re.match(r"\s*(?:>>>|\.\.\.) ?(.*)", line)) else "" for line in lines]
        return "\n".join(lines), 0
    if not _parses(text):  # a line may begin with % in Python, too
        text = "\n" * text.count("\n") if OTHER_LANGUAGE.match(text) else MAGIC.sub(_nothing, text)
    indent = len(first) - len(first.lstrip())
    return (textwrap.dedent(text), indent) if indent else (text, 0)


OTHER_LANGUAGE = re.compile(r"\s*%%(?!time|capture|prun|debug|python|px|writefile\s.*\.py\s*$)\w", re.MULTILINE)
MAGIC = re.compile(
    r"^([ \t]*)(?:(?:[\w,. ]+=[ \t]*)?(?:%%?\w|!|\?\??\w)(?:.*\\\n)*.*|%?%?[\w.]+\?\??[ \t]*(?:#.*)?)$", re.MULTILINE
)
"""Of IPython: magics, shell commands with their continued lines, assignments from them, and questions (`?x`, `x?`)."""


def _nothing(magic: re.Match[str]) -> str:
    return f"{magic[1]}pass" + "\n" * magic[0].count("\n")


def _parses(text: str) -> bool:
    try:
        parsed(text)
    except LintError:
        return False
    return True


def parsed(text: str) -> ast.Module:
    """The syntax tree.

    Raises:
        LintError: There is none; says where and why.
    """
    if len(text) > LONGEST:
        raise LintError(f"The source has {len(text):,} characters, more than {LONGEST:,}; check a part of it")
    if "\0" in text:
        at = text.index("\0")
        raise LintError("There is a NUL byte: this is not Python source", text.count("\n", 0, at) + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _tree(text)
    except SyntaxError as error:
        last = text.count("\n") + 1
        line = min(max(error.lineno or 1, 1), last)
        raise LintError(f"Not valid Python 3: {error.msg}", line, max(error.offset or 0, 0)) from None
    except (RecursionError, MemoryError):
        raise LintError("The code is nested too deeply to be parsed; check its parts one by one") from None
    except ValueError as error:  # such as a lone surrogate
        raise LintError(f"Not valid Python 3: {error}") from None


@lru_cache(maxsize=1)
def _tree(text: str) -> ast.Module:
    """Parsed once, for whether magics must go is asked before."""
    return ast.parse(text)


def _place(node: ast.AST, lines: list[str], shift: int) -> tuple[int, int, int, int]:
    """First line and column, last line and the column after it; columns are of characters, not of bytes."""

    def column(number: int, offset: int) -> int:
        return len(lines[number - 1].encode()[:offset].decode(errors="ignore")) + 1 + shift

    first = int(getattr(node, "lineno", 1))
    last = int(getattr(node, "end_lineno", None) or first)
    start, end = (int(getattr(node, name, None) or 0) for name in ("col_offset", "end_col_offset"))
    return first, column(first, start), last, column(last, end)


def _suppressed(place: Finding, lines: list[str]) -> bool:
    for text in lines[place.line - 1 : place.end_line]:
        if match := NOQA.search(text):
            codes = re.findall(r"[A-Z]+[0-9]+", (match["codes"] or "").upper())
            if not codes or place.code in codes:
                return True
    return False


# Files


def is_notebook(text: str) -> bool:
    """Whether text is the file of a notebook, whatever it is called."""
    return text.lstrip().startswith("{") and '"cells"' in text and '"cell_type"' in text


def code_cells(data: str) -> dict[int, str]:
    """The code of a Jupyter notebook: number of the cell, from 1, to its text.

    Raises:
        LintError: It is no notebook.

    Example:
        >>> code_cells('{"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "source": ["x = 1"]}]}')
        {2: 'x = 1'}
    """
    try:
        cells = json.loads(data)["cells"]
        return {i: "".join(cell["source"]) for i, cell in enumerate(cells, 1) if cell["cell_type"] == "code"}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise LintError("This is not a Jupyter notebook of version 4") from None


def lint_notebook(data: str, rules: Iterable[str] | None = None) -> list[Finding]:
    """The flaws in the Python cells of a Jupyter notebook, read as one program.

    Raises:
        LintError: It is no notebook, or a cell cannot be parsed; what was found in the others is its `found`.
    """
    sources = code_cells(data)
    starts, text, unread, problem = [], "", [], None
    for cell, source in sources.items():
        source = cleaned(source)[0]
        try:
            parsed(source)
        except LintError as error:
            unread.append(LintError(str(error), error.line, error.column, cell))
            source = "\n" * source.count("\n")
        starts.append((text.count("\n"), cell))
        text += source + "\n"

    def at(line: int) -> tuple[int, int]:
        """The cell of a line of the joined program, and the line within it."""
        start, cell = max((s for s in starts if s[0] < line), default=(0, 0))
        return cell, line - start

    def told(detail: str) -> str:
        return re.sub(
            r"\b([Ll])ine (\d+)", lambda m: "{}ell {}, line {}".format("Cc"[m[1] == "l"], *at(int(m[2]))), detail
        )

    try:
        found = lint(text, rules)
    except LintError as error:
        problem, found = error, error.found or []
    out = []
    for f in found:
        cell, line = at(f.line)
        end = f.end_line - f.line + line
        out.append(replace(f, line=line, end_line=end, detail=told(f.detail), fix=told(f.fix), cell=cell))
    if problem:
        raise LintError(str(problem), found=None if problem.found is None else out)
    if unread:
        first, more = unread[0], [str(error.cell) for error in unread[1:]]
        also = f"; nor can cell{'s' * (len(more) > 1)} {', '.join(more)} be read" if more else ""
        read = len(unread) < len(sources)
        raise LintError(f"{first}{also}", first.line, first.column, first.cell, out if read else None)
    return out


def lint_file(path: str, rules: Iterable[str] | None = None, data: bytes | None = None) -> list[Finding]:
    """The flaws in a file of Python, or a notebook.

    Args:
        path: Its name; `data` is what it holds, or None to read it.
        rules: Codes; None takes all.
        data: Bytes.

    Raises:
        LintError: It cannot be read or parsed; what was found in a part that can be is its `found`.
    """
    if data is None:
        try:
            if os.path.getsize(path) > 20 * LONGEST:
                raise LintError(f"The file has {os.path.getsize(path):,} bytes; this is not source code")
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise LintError(f"The file cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise LintError(str(error)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not re.search(rb"coding[:=]\s*(latin-1|iso-8859-1|cp1252)", data[:200]):
            raise LintError("The file is not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
        text = data.decode("cp1252", "replace")
    return (lint_notebook if path.endswith(".ipynb") or is_notebook(text) else lint)(text, rules)


def sources(paths: Iterable[str]) -> Iterator[str]:
    """Files as they are; of folders every `.py` and `.ipynb` below, but for hidden and installed ones."""
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
            for name in sorted(names):
                if name.endswith((".py", ".ipynb")):
                    yield os.path.join(folder, name)
