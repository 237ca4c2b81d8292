"""What was found, as a linter prints it: text, JSON, or SARIF 2.1.0."""

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote as url

from lossviz.files import escaped
from lossviz.lint import Finding, LintError
from lossviz.lintflaws import RULES
from lossviz.lintrules import Rule

Found = Sequence[tuple[str, Finding]]
Unread = Sequence[tuple[str, LintError]]


def place(path: str, at: Finding | LintError) -> str:
    """Where it is, as editors open it: file, line and column; of a notebook the cell, too."""
    cell = f":cell {at.cell}" if at.cell else ""
    return f"{escaped(path)}{cell}" + (f":{at.line}" if at.line else "") + (f":{at.column}" if at.column else "")


def as_text(found: Found, unread: Unread, files: int) -> str:
    """A finding on a line, its reason and the corrected code below it."""
    lines = []
    for path, f in found:
        lines += [
            f"{place(path, f)}: {f.code} {f.rule.title}",
            f"    {' '.join(p for p in (f.detail, f.rule.reason) if p)}",
            *(f"    {said}" for said in [claim(f.rule)] if said),
        ]
        lines += ["    Instead:", *(f"        {text}" for text in f.fix.split("\n")), ""]
    return "\n".join([*lines, summary(len(found), unread, files), ""])


def claim(rule: Rule, mark: str = "`") -> str:
    """Where the claim behind a rule is on trial: its command, and the app's page; "" where there is none.

    Example:
        >>> claim(RULES["LV003"])
        "Claim 15: `lossviz claims 15`, or the app's page `claims?claim=15`."
    """
    n = rule.claim
    return f"Claim {n}: {mark}lossviz claims {n}{mark}, or the app's page {mark}claims?claim={n}{mark}." if n else ""


def summary(flaws: int, unread: Unread, files: int) -> str:
    """What was checked and what not, in one sentence.

    Example:
        >>> summary(0, [("old.py", LintError("Not valid Python 3"))], 3)
        '2 files checked: no flaw found. 1 file could not be read, and was not checked.'
    """
    partly = [path for path, error in unread if error.found is not None]
    left = len(unread) - len(partly)
    checked = files - left
    if not checked:
        return f"Nothing was checked: {_files(files)} could not be read."
    said = [f"{_files(checked)} checked: {f'{flaws} flaw' + 's' * (flaws != 1) if flaws else 'no flaw'} found."]
    if partly:
        said.append(f"Of {_files(len(partly))} only a part could be read.")
    if left:
        said.append(f"{_files(left)} could not be read, and {'was' if left == 1 else 'were'} not checked.")
    return " ".join(said)


def _files(number: int) -> str:
    return f"{number} file{'s' * (number != 1)}"


def as_json(found: Found, unread: Unread, files: int) -> str:
    """Findings and what could not be read, each with its place."""
    said: dict[str, Any] = {
        "files": files,
        "checked": files - sum(error.found is None for _, error in unread),
        "findings": [
            {
                "file": path, "cell": f.cell or None, "line": f.line, "column": f.column, "end_line": f.end_line,
                "end_column": f.end_column, "code": f.code, "title": f.rule.title, "detail": f.detail, "reason": f.rule.reason,
                "claim": f.rule.claim, "fix": f.fix,
            }
            for path, f in found
        ],
        "unread": [
            {"file": path, "cell": e.cell or None, "line": e.line or None, "column": e.column or None, "message": str(e)}
            for path, e in unread
        ],
    }  # fmt: skip
    return json.dumps(said, indent=2) + "\n"


def uri(path: str) -> str:
    """A path as a URI: of an absolute one with its scheme, of a relative one a relative reference.

    Example:
        >>> uri("/tmp/my code/a.py"), uri("my code/b.py")
        ('file:///tmp/my%20code/a.py', 'my%20code/b.py')
    """
    place = PurePath(path)
    return place.as_uri() if place.is_absolute() else url(place.as_posix())


def help_of(rule: Rule) -> dict[str, str]:
    """What a rule is about, as text and as Markdown: the reason, the claim, and the code to write in each framework."""
    fixes = [code for key, code in rule.fix.items() if "_" not in key]
    text = [rule.reason, claim(rule, ""), "Instead:", *fixes]
    marked = [rule.reason, claim(rule), "Instead:", *(f"```python\n{code}\n```" for code in fixes)]
    return {"text": "\n\n".join(filter(None, text)), "markdown": "\n\n".join(filter(None, marked))}


def as_sarif(found: Found, unread: Unread, files: int) -> str:
    """SARIF 2.1.0, as code scanning services read it; of a notebook the lines are the cell's; message and properties name it."""
    codes = list(RULES)

    def location(path: str, region: dict[str, int]) -> dict[str, Any]:
        where: dict[str, Any] = {"artifactLocation": {"uri": uri(path)}}
        return {"physicalLocation": where | ({"region": region} if region else {})}

    results = [
        {
            "ruleId": f.code,
            "ruleIndex": codes.index(f.code),
            "level": "warning",
            "message": {"text": " ".join(p for p in (f"Cell {f.cell}." if f.cell else "", f.detail, f.rule.reason) if p)},
            "locations": [location(path, {
                "startLine": f.line, "startColumn": f.column, "endLine": f.end_line, "endColumn": f.end_column})],
            "properties": ({"claim": f.rule.claim} if f.rule.claim else {})
            | ({"cell": f.cell} if f.cell else {})
            | {"instead": f.fix},
        }
        for path, f in found
    ]  # fmt: skip
    notes = [
        {
            "level": "error",
            "message": {"text": f"Cell {e.cell}: {e}" if e.cell else str(e)},
            "locations": [location(path, {"startLine": e.line} if e.line else {})],
        }
        for path, e in unread
    ]
    rules = [
        {
            "id": r.code,
            "name": "".join(word.capitalize() for word in r.title.replace("_", " ").split() if word.isalnum()),
            "shortDescription": {"text": r.title},
            "fullDescription": {"text": r.reason},
            "help": help_of(r),
            "defaultConfiguration": {"level": "warning"},
        }
        for r in RULES.values()
    ]
    run = {
        "tool": {"driver": {"name": "lossviz", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not unread, "toolExecutionNotifications": notes}],
        "results": results,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


FORMATS = {"text": as_text, "json": as_json, "sarif": as_sarif}
