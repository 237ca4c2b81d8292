"""The front door: what the package says of itself is the same everywhere, and its documentation can be made."""

import datetime
import inspect
import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

import lossviz

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")  # Python 3.10 reads no TOML


def said(field):
    return re.search(rf'^{field} = "(.*)"$', PYPROJECT, re.MULTILINE)[1]


def released():
    """Versions and dates of the changelog, the newest first."""
    return re.findall(r"^## (\S+), (\d{4}-\d{2}-\d{2})$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_citation_is_that_of_this_version():
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cite)  # what the format requires
    assert cite["cff-version"] == "1.2.0"
    assert all(isinstance(author["name"], str) for author in cite["authors"])
    version, date = released()[0]
    assert cite["version"] == version == lossviz.__version__
    assert cite["date-released"] == date
    assert datetime.date.fromisoformat(date) <= datetime.datetime.now(datetime.timezone.utc).date()
    assert cite["license"] == said("license")


def test_licence_is_the_one_that_is_named():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith(f"{said('license')} License\n")
    assert "\nMIT licence." in (ROOT / "README.md").read_text("utf-8")


def test_every_package_is_installed_and_typed():
    packages = sorted(".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "lossviz").rglob("__init__.py"))
    (named,) = re.findall(r"^packages = \[(.*)\]$", PYPROJECT, re.MULTILINE)[:1]
    assert [name.strip(' "') for name in named.split(",")] == packages
    assert 'package-data = { lossviz = ["py.typed"] }' in PYPROJECT
    others = {p.relative_to(ROOT / "lossviz").as_posix() for p in (ROOT / "lossviz").rglob("*") if p.is_file()}
    assert {name for name in others if not name.endswith((".py", ".pyc"))} == {"py.typed"}  # no other data to install


@pytest.mark.parametrize("name", [n for n in lossviz.__all__ if callable(getattr(lossviz, n))])
def test_public_functions_say_what_they_take_and_give(name):
    thing = getattr(lossviz, name)
    text = inspect.getdoc(thing)
    if inspect.isclass(thing):
        told, fields = text.split("Attributes:\n")[1], thing.__dataclass_fields__
    else:
        told, fields = text.split("Args:\n")[1].split("\nReturns:\n")[0], inspect.signature(thing).parameters
        assert "\nReturns:\n    " in text
        assert ">>> " in text, "an example that runs"
    for field in fields:
        assert re.search(rf"^ +(\*\*)?{field}: ", told, re.MULTILINE), f"{field} is not explained"


def test_what_can_be_chosen_is_named_by_the_package():
    for name in lossviz.__all__:
        assert isinstance(getattr(lossviz, name), dict) == (f"`{name}`" in lossviz.__doc__), name


def test_api_pages_are_made_without_a_warning(tmp_path):
    command, env = [sys.executable, "docs/api.py", str(tmp_path)], os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "lossviz.html").read_text("utf-8")
    assert all(f'id="{name}"' in page for name in lossviz.__all__)


def test_the_container_holds_what_the_app_needs():
    """Each path that is copied exists, nothing else is sent, and it starts as `make run` does."""
    lines = (ROOT / "Containerfile").read_text("utf-8").splitlines()
    copied = [path for line in lines if line.startswith("COPY") for path in line.split()[1:-1]]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert set(copied) == sent
    assert all((ROOT / path).exists() for path in copied)
    (command,) = (json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD"))
    assert " ".join(command[:3]) in (ROOT / "Makefile").read_text("utf-8")
    ends = [i for i, line in enumerate(lines) if line.startswith(("USER lossviz", "RUN"))]
    assert lines[ends[-1]] == "USER lossviz", "what is installed belongs to root, what runs does not"
