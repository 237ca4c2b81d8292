"""The linter as it is used: snippets and notebooks as they come, the command and what it prints."""

import io
import json
import re
import subprocess
import sys

import jsonschema
import pytest
from conftest import ROOT

from lossviz.__main__ import main
from lossviz.lint import LintError, chosen, lint, lint_file, lint_notebook
from lossviz.lintflaws import RULES

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
        (f"%%time\n{FLAWED}", 2),
        (f"!pip install \\\n  torch\n{FLAWED}", 3),
        (f"files = !ls\nx, y = %sql select\n{FLAWED}", 3),
        (f"model?\n??model\n{FLAWED}", 3),
        (f"if x:\n    !ls\n    %time f()\n{FLAWED}", 4),
    ],
)
def test_pasted(text, line):
    assert [(f.code, f.line) for f in lint(text)] == [("LV001", line)]


def test_other_languages_are_left_alone():
    assert lint(f"%%bash\n{FLAWED}\nls |") == []
    assert len(lint(f"%%writefile train.py\n{FLAWED}")) == 1


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
    for bad in ("", "{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[" * 10_000):
        with pytest.raises(LintError, match="not a Jupyter notebook"):
            lint_notebook(bad)


def test_notebook_names_cells_not_lines_of_the_whole():
    (f,) = lint_notebook(
        notebook(("code", "import torch\nx = 1"), ("code", "z = logits * class_weights\nloss = F.cross_entropy(z, y)"))
    )
    assert (f.cell, f.line, f.detail) == (2, 1, "The loss is in cell 2, line 2.")
    (f,) = lint_notebook(notebook(("code", "\nz = F.softmax(logits)"), ("code", "x\nz = F.softmax(z)")))
    assert (f.cell, f.line, f.detail) == (1, 2, "Cell 2, line 2 applies the softmax again.")


def test_a_cell_that_cannot_be_read_does_not_hide_the_others():
    with pytest.raises(LintError, match=r"never closed; nor can cells 4, 5 be read") as error:
        lint_notebook(
            notebook(*(("code", text) for text in ("x = 1", "x = (\n", f"\n{FLAWED}", "print 1", "exec 'x'")))
        )
    assert (error.value.cell, error.value.line) == (2, 1)
    assert [(f.code, f.cell, f.line) for f in error.value.found] == [("LV001", 3, 2)]
    with pytest.raises(LintError) as error:
        lint_notebook(notebook(("code", "x = (\n")))
    assert error.value.found is None


def test_a_notebook_is_known_by_what_it_holds():
    text = notebook(("code", FLAWED))
    assert len(lint_file("<stdin>", data=text.encode())) == 1
    with pytest.raises(LintError, match="file of a notebook, not Python"):
        lint(text)


def test_code_too_long_to_follow_is_not_passed():
    with pytest.raises(LintError, match="too long to be followed") as error:
        lint(f"{FLAWED}\n" + "x = [" + "1, " * 300_000 + "]\n" + "y = 1\n")
    assert [f.line for f in error.value.found] == [1]


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
    (project / "empty").mkdir()
    code, out, err = run(project / "empty")
    assert (code, out) == (2, "")
    assert err.startswith("lossviz: Nothing was checked: there is no .py or .ipynb file in ")
    assert run("--help")[0] == 0


def test_text(run, project):
    code, out, err = run(project)
    assert (code, err) == (1, "")
    assert f"{project}/a.py:2:24: LV001 Logits multiplied by class weights\n" in out
    assert f"{project}/n.ipynb:cell 2:1:24: LV001" in out
    assert "    Claim 1: `lossviz claims 1`, or the app's page `claims?claim=1`.\n" in out
    assert "        loss = F.cross_entropy(logits, y, weight=class_weights)\n" in out
    assert out.endswith("3 files checked: 2 flaws found.\n")
    (project / "v.py").write_text("model.fit(x, y, validation_data=(a, y_val, class_weights[y_val]))\n")
    out = run(project / "v.py")[1]
    assert "LV006" in out
    assert "laim" not in out, "no claim is about it"
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
    assert out.endswith("\n3 files checked: 2 flaws found. 2 files could not be read, and were not checked.\n")
    assert run(project / "old.py")[:2] == (2, "Nothing was checked: 1 file could not be read.\n")
    (project / "part.ipynb").write_text(notebook(("code", "x = ("), ("code", FLAWED)))
    code, out, err = run(project / "part.ipynb")
    assert code == 2
    assert "part.ipynb:cell 2:1:24: LV001" in out
    assert out.endswith("\n1 file checked: 1 flaw found. Of 1 file only a part could be read.\n")
    assert "part.ipynb:cell 1:1:5: Not valid Python 3" in err


def test_json(run, project):
    (project / "old.py").write_text("print 'x'\n")
    found = json.loads(run("--format", "json", project)[1])
    assert (found["files"], found["checked"]) == (4, 3)
    first = found["findings"][0]
    assert (first["code"], first["line"], first["claim"], first["cell"]) == ("LV001", 2, 1, None)
    assert first["fix"] == "loss = F.cross_entropy(logits, y, weight=class_weights)"
    assert found["unread"][0]["line"] == 1


MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
TEXT = {"type": "string", "minLength": 1}
MARKDOWN = {"type": "object", "required": ["text", "markdown"], "additionalProperties": False,
            "properties": {"text": TEXT, "markdown": TEXT}}  # fmt: skip
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
                        "fullDescription": MESSAGE, "help": MARKDOWN,
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
                "message": MESSAGE, "locations": LOCATIONS, "properties": {"type": "object"}}}}}}}}}  # fmt: skip
"""What SARIF 2.1.0 says of the parts that are used here."""


def test_sarif(run, project):
    (project / "old file.py").write_text("print 'x'\n")
    said = json.loads(run("--format", "sarif", project)[1])
    jsonschema.validate(said, SARIF)
    (part,) = said["runs"]
    for result in part["results"]:
        assert part["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(part["results"]) == 2
    assert part["results"][0]["properties"] == {
        "claim": 1, "instead": "loss = F.cross_entropy(logits, y, weight=class_weights)"}  # fmt: skip
    assert part["invocations"][0]["executionSuccessful"] is False
    where = part["invocations"][0]["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == f"file://{project}/old%20file.py"


def test_sarif_of_a_notebook_names_the_cell(run, tmp_path):
    (tmp_path / "a.ipynb").write_text(notebook(("markdown", "text"), ("code", FLAWED)))
    (part,) = json.loads(run("--format", "sarif", tmp_path)[1])["runs"]
    (result,) = part["results"]
    assert result["properties"]["cell"] == 2
    assert result["message"]["text"].startswith("Cell 2. ")


def test_sarif_links_its_rules_to_their_claims(run, project):
    (part,) = json.loads(run("--format", "sarif", project)[1])["runs"]
    rules = {r["id"]: r["help"] for r in part["tool"]["driver"]["rules"]}
    assert "`lossviz claims 1`, or the app's page `claims?claim=1`." in rules["LV001"]["markdown"]
    assert "Claim 1: lossviz claims 1, or the app's page claims?claim=1." in rules["LV001"]["text"]
    assert "```python\nlosses = tf.nn." in rules["LV001"]["markdown"]
    for code, rule in RULES.items():
        assert ("Claim" in rules[code]["text"]) == (rule.claim is not None)
    assert all("helpUri" not in r for r in part["tool"]["driver"]["rules"]), "there is no address that stays"


def test_sarif_names_relative_files_as_they_are_given(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my code").mkdir()
    (tmp_path / "my code" / "a:ж.py").write_text(FLAWED)
    (part,) = json.loads(run("--format", "sarif", "my code")[1])["runs"]
    where = part["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert where == {"uri": "my%20code/a%3A%D0%B6.py"}


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
    rev = re.search(r"^ +rev: (\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)[1]
    assert re.fullmatch(r"[0-9a-f]{7,40}|v\d+(\.\d+)+", rev), "a branch moves, a commit or a tag does not"
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "rev-parse", "--is-shallow-repository"], capture_output=True).stdout == b"false\n":
        assert subprocess.run([*git, "cat-file", "-e", f"{rev}:.pre-commit-hooks.yaml"]).returncode == 0
