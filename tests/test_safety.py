"""What SECURITY.md and docs/faults.md say of the house itself."""

import ast
import re
import subprocess
import sys
from itertools import chain

import pytest
import streamlit as st
from conftest import ROOT

from lossviz import apart, engine, files, labelsource, masks, tables
from lossviz.lint import lint

SOURCES = [ROOT / "app.py", *sorted((ROOT / "lossviz").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))]
TABLES = ["docs/faults.md", "SECURITY.md"]


def code(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("document", TABLES)
def test_every_row_names_tests_that_are_there(document):
    tables = re.findall(
        r"^\|.*\| test \|\n\|[-|]+\n((?:\|.*\n)+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE
    )
    rows = "".join(tables).splitlines()
    assert len(rows) > 5
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows]
    assert all(named), "a row without a test"
    for path, name in chain(*named):
        assert name in {node.name for node in code(ROOT / path) if isinstance(node, ast.FunctionDef)}, f"{path}::{name}"


def test_every_fault_and_attack_has_a_row():
    text = "".join((ROOT / document).read_text(encoding="utf-8") for document in TABLES)
    for node in code(ROOT / "tests" / "test_faults.py"):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert f"`tests/test_faults.py::{node.name}`" in text, node.name


def test_limits_are_those_of_the_code():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for row in [
        f"| an upload | {st.get_option('server.maxUploadSize')} MB |",
        f"| a packed file, unpacked | {files.size(tables.MAX_BYTES)} |",
        f"| reading a file of labels | {apart.MEMORY >> 30} GB of memory, {apart.SECONDS:g} seconds, {apart.AT_ONCE} at a time |",
        f"| a mask | {masks.MOST_PIXELS // 1_000_000} million pixels |",
        f"| a table | {tables.MAX_COLUMNS:,} columns, {tables.MAX_CELLS // 1_000_000} million cells |",
        f"| a run that nobody looks at | {engine.SILENCE:g} seconds |",
    ]:
        assert row in text, row
    assert labelsource.MAX_UNPACKED == tables.MAX_BYTES


def test_durations_are_not_read_off_the_wall():
    wall = {"time", "time_ns", "localtime", "gmtime"}
    for path in SOURCES:
        dates = 0
        for node in code(path):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "time":
                assert node.attr not in wall, f"{path}:{node.lineno}"
            elif isinstance(node, ast.ImportFrom) and node.module == "time":
                assert not wall & {a.name for a in node.names}, f"{path}:{node.lineno}"
            dates += isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        assert dates <= (path.name == "claims.py"), f"{path}: only of a claim it is told when it was tried"
    for path in (ROOT / "pages").rglob("*.js"):
        assert not re.search(r"Date\.now\(\) *[-<>]|[-<>] *Date\.now\(\)", path.read_text(encoding="utf-8")), path


def test_nobody_is_told():
    assert st.get_option("browser.gatherUsageStats") is False
    speaks = {"requests", "httpx", "aiohttp", "urllib3", "ftplib", "smtplib", "urllib.request", "http.client"}
    for path in SOURCES:
        for node in code(path):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not speaks & {name for full in names for name in (full, full.split(".")[0])}, f"{path}:{node.lineno}"


def test_forms_of_other_sites_are_refused():
    assert st.get_option("server.enableXsrfProtection") is True
    assert st.get_option("server.enableCORS") is True


def test_code_that_is_linted_is_not_run(tmp_path):
    lint(f"open({str(tmp_path / 'here')!r}, 'w').write('x')\nraise SystemExit\n")
    assert not list(tmp_path.iterdir())
    for path in [ROOT / "pages" / "lint.py", *(ROOT / "lossviz").glob("lint*.py")]:
        called = {node.func.id for node in code(path) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"exec", "eval", "compile", "__import__", "import_module"}, path


def test_every_dependency_is_pinned():
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)?$", line), line
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                name = re.match(r"[\w-]+", line)[0]
                assert name in pinned, f"{path.name}: {name}"


@pytest.mark.parametrize("there", [True, False], ids=["broken", "missing"])
def test_python_says_that_tensorflow_is_missing(there, tmp_path):
    lines = ["import sys, importlib.metadata as m", "import lossviz"]
    if there:
        (tmp_path / "tensorflow.py").write_text("raise OSError('libcu\\nda.so: not found')")
        lines[1:1] = [f"sys.path.insert(0, {str(tmp_path)!r})"]
    else:
        lines[1:1] = [
            "def lacks(name): raise m.PackageNotFoundError(name)",
            "m.version = lacks",
            "sys.modules['tensorflow'] = None",
        ]
    lines += ["print(lossviz.class_weights([3, 1]))", "lossviz.fit"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[0.66666667 2.        ]\n"
    last = done.stderr.splitlines()[-1]
    why = "OSError: libcu da.so: not found" if there else "ModuleNotFoundError: "
    assert last.startswith(f"ImportError: TensorFlow, which trains, cannot be imported ({why}")
    assert "Install it (pip install -c constraints.txt -r requirements.txt)" in last
