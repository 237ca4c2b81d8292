"""docs/extend.md, followed in a copy of this folder: its blocks are put where it says, its commands run, its outputs come."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.snippets
TEXT = (ROOT / "docs" / "extend.md").read_text("utf-8")
PUT = re.compile(r"^(At the end of|A new file,) `([^`]+)`:\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RUN = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = {  # page, its link, and what must be there
    "reference": ({"strategy": "margin"}, "Cross-entropy with a margin"),
    "claims": ({}, "twice the class weights are twice the learning rate"),
    "lessons": ({"lesson": "copies"}, "Weigh or copy"),
}
LOOK = f"""
import sys
sys.path.insert(0, "pages")
from streamlit.testing.v1 import AppTest
for page, (link, shown) in {SHOWN!r}.items():
    at = AppTest.from_file(f"pages/{{page}}.py", default_timeout=120)
    at.query_params.update(link)
    at.run()
    assert not at.exception, at.exception
    offered = [str(option) for box in [*at.selectbox, *at.multiselect, *at.button_group] for option in box.options]
    offered += [button.label for button in at.button]
    said = " ".join([*offered, *(str(e.value) for e in [*at.title, *at.header, *at.subheader, *at.markdown])])
    print(page, shown in said)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A clone in which somebody did what the text says."""
    where = tmp_path_factory.mktemp("clone") / "lossviz"
    shutil.copytree(ROOT, where, ignore=shutil.ignore_patterns(".[!s]*", "__pycache__", "build", "pictures", "api"))
    for how, path, code in PUT.findall(TEXT):
        file = where / path
        assert file.exists() == (how == "At the end of"), path
        with file.open("a", encoding="utf-8") as end:
            end.write(f"\n\n{code}" if how == "At the end of" else code)
    return where


def run(where, *command, **more):
    env = {name: value for name, value in os.environ.items() if name not in ("LOSSVIZ_SCHEDULER", "PYTHONPATH")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=where,
        env=env | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_each_part_says_where_its_code_goes():
    assert len(PUT.findall(TEXT)) == 4
    assert TEXT.count("```python\n") == 5  # and one is a session


def test_its_commands_run(extended):
    commands = [line for block in RUN.findall(TEXT) for line in block.splitlines()]
    assert len(commands) == 5
    for command in commands:
        start, _, rest = command.partition("python ")
        assert start in ("$ ", "$ PYTHONPATH=. ")
        path = {"PYTHONPATH": "."} if "PYTHONPATH" in start else {}
        out = run(extended, *(part.strip('"') for part in re.findall(r'"[^"]*"|\S+', rest)), **path)
        if "pytest" in command:
            assert re.search(r"^\d+ passed", out, re.MULTILINE), out
    assert "| `margin` | Cross-entropy with a margin | Ask for more" in (extended / "README.md").read_text("utf-8")


def test_its_session_prints_what_it_says(extended):
    assert ">>> " in TEXT
    run(extended, "-m", "doctest", "docs/extend.md")


def test_what_it_adds_is_on_the_pages(extended):
    assert run(extended, "-c", LOOK).splitlines() == [f"{page} True" for page in SHOWN]


def test_what_it_adds_is_clean(extended):
    run(extended, "-m", "ruff", "check", "lossviz", "tests/test_strategies.py")
    run(extended, "-m", "ruff", "format", "--check", *dict.fromkeys(path for _, path, _ in PUT.findall(TEXT)))
