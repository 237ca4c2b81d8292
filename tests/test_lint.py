"""The linter: precision and recall on labelled snippets, every output, and nothing that makes it fall over.

`python tests/test_lint.py` prints the confusion matrix.
"""

import ast
import io
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lossviz.__main__ import main
from lossviz.lint import LintError, chosen, lint, lint_file, lint_notebook
from lossviz.lintflaws import RULES
from lossviz.lintsamples import SAMPLES

ROOT = Path(__file__).parent.parent
SNIPPETS = sorted(p for p in (ROOT / "tests" / "lint_snippets").glob("*.py") if p.name != "conftest.py")
HELD_OUT = [p for p in SNIPPETS if p.stem.startswith("held_")]
KNOWN = [p for p in SNIPPETS if p not in HELD_OUT]
FIRST_MEASURED = {"found": 10, "missed": 2, "false": 0}
"""On the held-out snippets, written when the rules were finished, before anything was mended for them."""


def expected(text):
    """What a snippet says of itself: `# <- LV001` on the flawed line."""
    return {
        (code, i)
        for i, line in enumerate(text.split("\n"), 1)
        if "# <- " in line
        for code in re.findall(r"LV\d{3}", line.split("# <- ")[1])
    }


def confusion(paths):
    """Rule -> snippets: flawed and found, flawed and missed, right and accused, right and left alone; and of all flaws."""
    matrix = {code: Counter() for code in RULES}
    for path in paths:
        text = path.read_text()
        want, got = expected(text), {(f.code, f.line) for f in lint(text)}
        for code in RULES:
            wanted, found = ({place for place in places if place[0] == code} for places in (want, got))
            matrix[code]["found"] += len(wanted & found)
            matrix[code]["missed"] += len(wanted - found)
            matrix[code]["false"] += len(found - wanted)
            matrix[code]["clean"] += not wanted and not found
    total = Counter()
    for counts in matrix.values():
        total += counts
    return matrix | {"all": total}


def table(paths):
    """The confusion matrix as text, with precision and recall."""
    lines = [f"{'rule':<6} {'found':>6} {'missed':>6} {'false':>6} {'clean':>6}  precision  recall"]
    for code, n in confusion(paths).items():
        precision = f"{n['found'] / (n['found'] + n['false']):.0%}" if n["found"] + n["false"] else "-"
        recall = f"{n['found'] / (n['found'] + n['missed']):.0%}" if n["found"] + n["missed"] else "-"
        lines.append(
            f"{code:<6} {n['found']:>6} {n['missed']:>6} {n['false']:>6} {n['clean']:>6}  {precision:>9}  {recall:>6}"
        )
    return "\n".join(lines)


# Precision and recall


def test_there_are_enough_snippets_of_both_kinds():
    flawed = [p for p in SNIPPETS if expected(p.read_text())]
    assert len(SNIPPETS) >= 60
    assert len(HELD_OUT) >= 15
    assert 0.4 < len(flawed) / len(SNIPPETS) < 0.6
    assert {code for p in flawed for code, _ in expected(p.read_text())} == set(RULES)
    text = " ".join(p.read_text() for p in flawed)
    assert all(
        name in text for name in ("tensorflow.contrib", "tensorflow.keras", "import keras", "import torch", "optax")
    )


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda p: p.stem)
def test_snippet(path):
    text = path.read_text()
    ast.parse(text)
    assert {(f.code, f.line) for f in lint(text)} == expected(text)


def test_confusion_counts():
    n = confusion(KNOWN)["all"]
    flaws = sum(len(expected(p.read_text())) for p in KNOWN)
    assert (n["found"], n["missed"], n["false"]) == (flaws, 0, 0)
    assert n["clean"] + flaws >= len(KNOWN) * len(RULES) - flaws
    assert sum(FIRST_MEASURED.values()) == sum(len(expected(p.read_text())) for p in HELD_OUT)


def test_confusion_can_see_errors(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(f"{SAMPLES['Multiplied logits']}x = 1  # <- LV003\n")
    n = confusion([wrong])
    assert (n["LV001"]["false"], n["LV003"]["missed"], n["all"]["found"]) == (1, 1, 0)


# Rules


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.code)
def test_rule_is_complete(rule):
    assert re.fullmatch(r"LV\d{3}", rule.code)
    assert 1 <= rule.claim <= 25
    assert len(rule.reason.split()) > 10
    assert rule.reason.endswith(".")
    for fix in rule.fix.values():
        imports = "import numpy as np\nimport tensorflow as tf\nimport torch\nimport optax\nimport keras\n"
        assert lint(imports + fix) == [], "the corrected code has no flaw"
        assert all(len(line) <= 120 for line in fix.split("\n"))


def test_corrected_torch_runs():
    torch = pytest.importorskip("torch")
    for rule in RULES.values():
        if (fix := rule.fix.get("torch")) and "loss = " in fix and "hidden" not in fix:
            k = 1 if "squeeze" in fix else 3
            held = {
                "torch": torch, "logits": torch.randn(4, k, requires_grad=True), "labels": torch.tensor([0, 1, 0, 1]),
                "class_weights": torch.tensor([1.0, 2.0, 3.0]), "multi_hot": torch.ones(4, 3),
            }  # fmt: skip
            exec(fix, held)
            assert held["loss"].shape == ()
            held["loss"].backward()


def test_samples():
    found = {title: [f.code for f in lint(code)] for title, code in SAMPLES.items()}
    assert found == {
        "Multiplied logits": ["LV001"],
        "Softmax twice": ["LV003"],
        "Sampler and weights": ["LV004"],
        "Weights by prediction": ["LV011"],
        "Array as class_weight": ["LV008", "LV009"],
        "Nothing wrong": [],
    }


def test_fix_is_in_the_framework_of_the_file():
    import_torch = "import torch\nloss = torch.nn.functional.cross_entropy(logits * class_weights, y)\n"
    import_jax = "import optax\nloss = optax.softmax_cross_entropy(logits * class_weights, y)\n"
    assert "torch" in lint(import_torch)[0].fix
    assert "optax" in lint(import_jax)[0].fix


def test_snippets_without_imports_are_read_by_convention():
    assert [f.code for f in lint("loss = F.cross_entropy(logits * class_weights, y)")] == ["LV001"]
    assert lint("from somewhere import functional as F\nloss = F.cross_entropy(logits * class_weights, y)") == []


def test_columns_are_of_characters():
    (f,) = lint('é = "ж"; loss = F.cross_entropy(logits * class_weights, y)')
    assert (f.column, f.end_column) == (33, 55)


# How code comes


FLAWED = "loss = F.cross_entropy(logits * class_weights, y)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"    x = 1\n    {FLAWED}\n", 2),
        (f"%matplotlib inline\n!pip install torch\n{FLAWED}", 3),
        (f">>> x = 1\n1\n>>> {FLAWED}\n", 3),
        (f"x = 1\r\n{FLAWED}\r\n", 2),
        (f"print('%d'\n      % 3)\n{FLAWED}", 3),
    ],
)
def test_pasted(text, line):
    assert [(f.code, f.line) for f in lint(text)] == [("LV001", line)]


def test_noqa():
    assert lint(f"{FLAWED}  # noqa: LV001") == []
    assert lint(f"{FLAWED}  # noqa") == []
    assert lint(f"{FLAWED}  # noqa: E501, LV001") == []
    assert len(lint(f"{FLAWED}  # noqa: LV002")) == 1
    assert len(lint(f"x = 1  # noqa\n{FLAWED}")) == 1


def notebook(*cells):
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells], "nbformat": 4})


def test_notebook():
    found = lint_notebook(
        notebook(
            ("code", ["%matplotlib inline\n", "w = 1"]),
            ("markdown", FLAWED),
            ("code", "%%bash\nls |\n"),
            ("code", ["\n", FLAWED]),
        )
    )
    assert [(f.code, f.cell, f.line) for f in found] == [("LV001", 4, 2)]
    with pytest.raises(LintError) as error:
        lint_notebook(notebook(("code", "x = 1"), ("code", "x = (\n")))
    assert (error.value.cell, error.value.line) == (2, 1)
    for bad in ("", "{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[" * 10_000):
        with pytest.raises(LintError, match="not a Jupyter notebook"):
            lint_notebook(bad)


# What cannot be read


def outcome(text):
    """What comes of any text: findings, or the error in its place."""
    try:
        return lint(text)
    except LintError as error:
        return error


def is_told(text):
    """Whether it was read, or a sentence says why not and where."""
    found = outcome(text)
    return isinstance(found, list) or (str(found) and 0 <= found.line <= text.count("\n") + text.count("\r") + 1)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\nprint 'old'\n", 2, "Missing parentheses"),
        ("def f(:\n", 1, "invalid syntax"),
        ("x = (1,\n", 1, "never closed"),
        ("x = 1\ny = '\0'\n", 2, "NUL byte"),
        ("(" * 5000 + ")" * 5000, 1, "nested"),
        ("x = " + "-" * 100_000 + "1", 0, "nested too deeply"),
        ("x = '\ud800'", 0, "Not valid Python 3"),
        ("x" * 2_000_001, 0, "2,000,001 characters"),
    ],
)
def test_unreadable(text, line, said):
    with pytest.raises(LintError, match=said) as error:
        lint(text)
    assert error.value.line == line


def test_long_chains_and_deep_nests_end_soon():
    started = time.monotonic()
    for text in (
        "x = " + " + ".join(["a"] * 3000),
        "if x:\n" + "\n".join(" " * i + "if x:" for i in range(1, 90)) + "\n" + " " * 90 + "pass",
        "x = " + "f(" * 80 + "1" + ")" * 80,
        "x = y" + ".a" * 900,
        "\n".join(f"if x: a{i} = 1" for i in range(4000)),
        "\n".join(f"def f{i}(x): return " + " + ".join(f"f{j}(x)" for j in range(30) if j != i) for i in range(30)),
        "def f(x): return f(x)\nf(1)\n",
        "class A(A):\n  def __init__(self): self.a = A()\nA()\n",
    ):
        found = outcome(text)
        assert isinstance(found, list) or "nested too deeply" in str(found)
    assert time.monotonic() - started < 20


@settings(max_examples=150, deadline=None)
@given(some.text(max_size=200))
def test_any_text(text):
    assert is_told(text)


def test_truncated_and_shuffled_code():
    rng = random.Random(0)
    texts = [p.read_text() for p in SNIPPETS]
    tokens = [t for text in texts for t in re.findall(r"\w+|\W", text)]
    for _ in range(400):
        text = rng.choice(texts)
        at = rng.randrange(len(text))
        words = re.findall(r"\w+|\W", text)
        for _ in range(3):
            words[rng.randrange(len(words))] = rng.choice(tokens)
        for broken in (text[:at], text[at:], "".join(words)):
            assert is_told(broken)


# The command


@pytest.fixture
def run(capsys, monkeypatch):
    def run(*argv, data=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = main(["lint", *map(str, argv)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def project(tmp_path):
    (tmp_path / "a.py").write_text(f"import torch.nn.functional as F\n{FLAWED}\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.py").write_text(FLAWED)
    (tmp_path / "n.ipynb").write_text(notebook(("markdown", "x"), ("code", FLAWED)))
    return tmp_path


def test_exit_codes(run, project):
    assert run(project / "b.py")[0] == 0
    assert run(project / "a.py")[0] == 1
    assert run(project / "nonesuch.py")[0] == 2
    assert run()[0] == 2
    assert run("--select", "XX1", project / "b.py")[0] == 2
    assert run("--format", "xml", project / "b.py")[0] == 2
    assert run(project / "a.py", project / "nonesuch.py")[0] == 2
    assert run("--help")[0] == 0


def test_text(run, project):
    code, out, err = run(project)
    assert (code, err) == (1, "")
    assert f"{project}/a.py:2:24: LV001 Logits multiplied by class weights\n" in out
    assert f"{project}/n.ipynb:cell 2:1:24: LV001" in out
    assert "        loss = torch.nn.functional.cross_entropy(logits, labels, weight=class_weights)\n" in out
    assert out.endswith("3 files checked: 2 flaws found.\n")
    assert run(project / "b.py")[1] == "1 file checked: no flaw found.\n"


def test_select_ignore_and_rules(run, project):
    assert run("--ignore", "LV001", project)[0] == 0
    assert run("--select", "LV002,LV003", project)[0] == 0
    assert run("--select", "lv0", project)[0] == 1
    assert run("--rules")[1].splitlines() == [f"{r.code} {r.title}" for r in RULES.values()]
    assert chosen() == list(RULES)


def test_standard_input(run):
    code, out, _ = run("-", data=FLAWED.encode())
    assert code == 1
    assert out.startswith("<stdin>:1:24: LV001 ")


def test_unreadable_is_a_sentence(run, project):
    (project / "old.py").write_text("x = 1\nprint 'x'\n")
    (project / "bytes.py").write_bytes(b"x = 1\ny = '\xff'\n")
    code, out, err = run(project)
    assert code == 2
    assert re.search(r"old\.py:2:1: Not valid Python 3: Missing parentheses", err)
    assert "bytes.py:2: The file is not UTF-8 text" in err
    assert len(err.splitlines()) == 2
    assert "5 files checked: 2 flaws found, 2 not read." in out


def test_json(run, project):
    (project / "old.py").write_text("print 'x'\n")
    found = json.loads(run("--format", "json", project)[1])
    assert found["files"] == 4
    first = found["findings"][0]
    assert (first["code"], first["line"], first["claim"], first["cell"]) == ("LV001", 2, 1, None)
    assert first["fix"] == RULES["LV001"].fix["torch"]
    assert found["unread"][0]["line"] == 1


MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
COUNT = {"type": "integer", "minimum": 1}
REGION = {"type": "object", "additionalProperties": False,
          "properties": dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), COUNT)}  # fmt: skip
LOCATIONS = {"type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {
    "physicalLocation": {"type": "object", "additionalProperties": False, "required": ["artifactLocation"], "properties": {
        "artifactLocation": {"type": "object", "additionalProperties": False, "properties": {
            "uri": {"type": "string", "pattern": r"^[^\s\\]+$"}}},
        "region": REGION}}}}}  # fmt: skip
SARIF = {"type": "object", "required": ["version", "runs"], "additionalProperties": False, "properties": {
    "$schema": {"type": "string"}, "version": {"const": "2.1.0"},
    "runs": {"type": "array", "items": {"type": "object", "required": ["tool"], "additionalProperties": False, "properties": {
        "tool": {"type": "object", "required": ["driver"], "additionalProperties": False, "properties": {
            "driver": {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {
                "name": {"type": "string"},
                "rules": {"type": "array", "uniqueItems": True, "items": {
                    "type": "object", "required": ["id"], "additionalProperties": False, "properties": {
                        "id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": MESSAGE,
                        "fullDescription": MESSAGE, "help": MESSAGE,
                        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}}}}}}}}},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "invocations": {"type": "array", "items": {
            "type": "object", "required": ["executionSuccessful"], "additionalProperties": False, "properties": {
                "executionSuccessful": {"type": "boolean"},
                "toolExecutionNotifications": {"type": "array", "items": {
                    "type": "object", "required": ["message"], "additionalProperties": False,
                    "properties": {"message": MESSAGE, "level": LEVEL, "locations": LOCATIONS}}}}}},
        "results": {"type": "array", "items": {
            "type": "object", "required": ["message"], "additionalProperties": False, "properties": {
                "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": LEVEL,
                "message": MESSAGE, "locations": LOCATIONS}}}}}}}}  # fmt: skip
"""What SARIF 2.1.0 says of the parts that are used here."""


def test_sarif(run, project):
    (project / "old file.py").write_text("print 'x'\n")
    said = json.loads(run("--format", "sarif", project)[1])
    jsonschema.validate(said, SARIF)
    (part,) = said["runs"]
    for result in part["results"]:
        assert part["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(part["results"]) == 2
    assert part["invocations"][0]["executionSuccessful"] is False
    assert "old%20file.py" in json.dumps(part["invocations"])


def test_as_a_command_nothing_is_run_or_imported(tmp_path):
    path = tmp_path / "evil.py"
    path.write_text(f"open({str(tmp_path / 'made')!r}, 'w')\n{FLAWED}\n")
    done = subprocess.run([sys.executable, "-m", "lossviz", "lint", path], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "")
    assert not (tmp_path / "made").exists()
    code = "import sys, lossviz.lint; lossviz.lint.lint('x = 1'); print({'tensorflow', 'torch', 'keras'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout == "set()\n"


def test_pre_commit_hook():
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert "id: lossviz-lint" in text
    assert "entry: lossviz lint" in text


def test_own_code_is_clean():
    for folder in ("lossviz", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "lintsamples.py":
                assert lint_file(str(path)) == [], path


if __name__ == "__main__":
    for title, paths in (("Read while the rules were made", KNOWN), ("Held out, now", HELD_OUT)):
        print(
            f"{title}: {len(paths)} snippets, {sum(bool(expected(p.read_text())) for p in paths)} flawed\n{table(paths)}\n"
        )
    print(f"Held out, when first measured: {FIRST_MEASURED}")
