"""The house: who may import whom, what importing the package costs, and that everything public says what it is."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lossviz

ROOT = Path(__file__).parent.parent
ROOMS = sorted(p.stem for p in (ROOT / "lossviz").glob("*.py") if not p.stem.startswith("__"))
MAY_IMPORT = {  # at module level, within the package; a room that is not listed is free
    "knobs": set(),
    "weights": {"knobs"},
    "costs": {"labels", "weights"},
    "costmatrix": {"costs", "dataset", "files", "plan", "strategies", "weights"},
    "costfigures": {"costmatrix", "costs", "figures"},
    "compare": {"costs", "knobs", "labels", "weights"},
    "chance": {"compare", "costs", "labels"},
    "rules": {"chance", "compare", "costs", "labels"},
    "advice": {"chance", "compare", "costs", "labels", "rules", "weights"},
    "labels": {"weights"},
    "spellings": {"labels"},
    "strategy": {"knobs", "weights"},
    "strategies": {"knobs", "strategy", "weights"},
    "models": {"knobs"},
    "dataset": {"knobs"},
    "synthetic": {"dataset", "knobs"},
    "realdata": {"dataset", "knobs"},
    "data": {"dataset", "knobs", "realdata", "synthetic"},
    "files": set(),
    "labelsource": {"files"},
    "labelguess": {"files"},
    "labeltext": {"files", "labelguess", "labelsource"},
    "labeltables": {"files", "labelguess", "labelsource", "labeltext"},
    "labelfiles": {"files", "knobs", "labelguess", "labels", "labelsource", "labeltables", "labeltext"},
    "apart": set(),
    "cells": {"dataset"},
    "tables": {"cells", "files"},
    "tabledata": {"cells", "dataset", "files", "tables"},
    "measure": {"strategies"},
    "plan": {"dataset", "knobs", "models", "strategies"},
    "equation": {"strategies"},
    "memory": set(),
    "alive": {"memory"},
    "rush": set(),
    "engine": {"alive", "plan", "rush"},
    "sentences": {"plan", "strategies"},
    "figures": {"dataset", "plan", "strategies"},
    "judgement": {"measure", "models", "plan", "sentences"},
    "wire": {"figures", "plan", "sentences", "strategies", "weights"},
    "presets": set(),
    "spreadsheet": set(),
    "takeaway": {"judgement", "plan", "spreadsheet"},
    "scaffold": {"knobs", "labels", "weights"},
    "recipes": {"labels", "scaffold"},
    "snippets": {"knobs", "labels", "recipes", "scaffold", "spreadsheet"},
    "demo": {"data", "figures", "knobs", "plan", "sentences", "wire"},
    "lab": {"figures", "knobs", "logitplane", "strategies", "weights"},
    "means": {"lab", "strategies"},
    "anatomy": {"knobs", "strategies"},
    "calls": {"anatomy", "calltexts", "knobs", "strategies", "weights"},
    "referencefigures": {"figures", "logitplane", "strategies", "weights"},
    "logitplane": {"strategies"},
    "planes": {"dataset", "knobs", "logitplane", "models", "plan"},
    "landscape": {"dataset", "logitplane", "models", "plan", "planes"},
    "logistic": {"logitplane", "models", "plan", "planes"},
    "fading": set(),
    "lesson": {"knobs"},
    "lessonfigures": {"figures", "lesson"},
    "notebook": {"lesson"},
    "smallfit": {"logitplane", "strategies"},
    "surfacefigures": {"fading", "figures", "landscape", "models", "plan", "planes", "sentences", "strategies"},
    "surfacesentences": {"fading", "landscape", "plan", "planes", "sentences", "strategies"},
    "claim": set(),
    "claimslogits": {"claim"},
    "claimsoutputs": {"claim"},
    "claimsweights": {"claim", "weights"},
    "claimsframeworks": {"claim"},
    "claimskeras": {"claim"},
    "claims": {"claim", "claimsframeworks", "claimskeras", "claimslogits", "claimsoutputs", "claimsweights"},
    "claimfigures": {"claim", "figures"},
    "trials": set(),
    "multidata": {"cells", "files", "knobs", "tables"},
    "multimethods": {"knobs", "logitplane", "strategies", "weights"},
    "multilabel": {"knobs", "models", "multidata", "multimethods"},
    "multifigures": {"figures", "models", "multilabel", "multimethods", "sentences"},
    "multistill": {"figures", "multilabel", "multimethods"},
    "multitrain": {"equation", "models", "multidata", "multilabel", "multimethods", "strategies"},
    "surface": {
        "dataset",
        "equation",
        "knobs",
        "landscape",
        "logitplane",
        "measure",
        "models",
        "plan",
        "planes",
        "strategies",
        "train",
    },
    "camvid": set(),
    "scenes": {"camvid"},
    "masks": {"files", "scenes"},
    "segplan": {"camvid", "knobs", "scenes", "strategies", "weights"},
    "segsentences": {"scenes", "segplan"},
    "segfigures": {"figures", "scenes", "segplan", "weights"},
    "segwire": {"figures", "scenes", "segplan", "segsentences", "wire"},
    "segment": {"equation", "plan", "scenes", "segplan", "train"},
    "train": {"equation", "measure", "models", "plan", "strategies"},
    "lintvalues": set(),
    "lintlosses": {"lintvalues"},
    "lintproducts": {"lintvalues"},
    "lintorigin": {"lintvalues"},
    "lintcalls": {"lintlosses", "lintorigin", "lintproducts", "lintvalues"},
    "lintread": {"lintcalls", "lintproducts", "lintvalues"},
    "lintfixes": set(),
    "lintdecides": set(),
    "lintflow": {"lintorigin"},
    "lintfactors": {"lintcalls", "lintdecides", "lintfixes", "lintlosses", "lintproducts", "lintread", "lintvalues"},
    "lintrules": {
        "lintdecides",
        "lintfactors",
        "lintfixes",
        "lintflow",
        "lintlosses",
        "lintorigin",
        "lintread",
        "lintvalues",
    },
    "lintown": {
        "lintcalls",
        "lintdecides",
        "lintfactors",
        "lintfixes",
        "lintlosses",
        "lintread",
        "lintrules",
        "lintvalues",
    },
    "lintguesses": {
        "lintcalls",
        "lintdecides",
        "lintfactors",
        "lintfixes",
        "lintlosses",
        "lintorigin",
        "lintown",
        "lintread",
        "lintvalues",
    },
    "lintresampling": {"lintcalls", "lintdecides", "lintflow", "lintlosses", "lintread", "lintvalues"},
    "lintflaws": {
        "lintfactors",
        "lintcalls",
        "lintdecides",
        "lintfixes",
        "lintflow",
        "lintguesses",
        "lintlosses",
        "lintresampling",
        "lintorigin",
        "lintown",
        "lintproducts",
        "lintread",
        "lintrules",
        "lintvalues",
    },
    "lint": {"files", "lintflaws", "lintread", "lintrules"},
    "lintreport": {"files", "lint", "lintflaws", "lintrules"},
    "lintsamples": set(),
}
LONG = {  # files of more than 400 lines, and why each is one
    "apart": "a process of its own, from its start to its end: each half is half of one protocol",
    "calls": "one loss written from its tables for each framework, side by side; how each spells it is apart already",
    "costmatrix": "one study: its plan, what it decides and what that costs",
    "costs": "what errors cost, and back: the same formulas read in both directions",
    "figures": "what all pictures share, and the still ones of a race and of counted labels, one function each",
    "lab": "all that the logit lab computes, from its link to its tables",
    "labels": "seven engines count alike: what differs between them is seen in one place",
    "labeltext": "a fast reader of text and the careful one that takes over from it: they have to agree on every file",
    "lintflaws": "the rules, one function each",
    "lintread": "one walk over a file: a method for each kind of statement and of expression",
    "plan": "what is asked of a run, checked, and what comes back: the two ends of one message",
    "recipes": "code for each library, one function each",
    "segplan": "what is asked of a segmentation, checked, and what comes back",
    "surfacefigures": "pictures of surfaces, one function each",
    "train": "the compiled program: every part of it is traced together",
    "pages/parts/lab.js": "what is dragged, drawn and told of one example: all of it looks at one state",
    "pages/parts/player.js": "one picture that plays: what each of its parts draws hangs on the same frame",
    "pages/surfaces.py": "one page, from its controls to what is taken away; each part of it in a function",
    "pages/weights.py": "one page, from a file to what is taken away; each part of it in a function",
}
ON_TRIAL = {"trials": {"keras", "torch"}}  # claims about Keras and PyTorch can be tried on them only; inside functions
LIGHT = (*(MAY_IMPORT.keys() - {"equation", "multitrain", "segment", "surface", "train"}), "__init__")
HEAVY = {"tensorflow", "keras", "sklearn", "plotly", "torch", "streamlit", "distributed", "dask"}


def imports(path, everywhere=False):
    """Dotted names that a file imports: when it is loaded, or `everywhere` in it."""
    out, todo = set(), list(ast.parse(path.read_text()).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            out |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            out |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
        elif everywhere or not (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        ):
            todo += ast.iter_child_nodes(node)
    return out


def tops(names):
    return {n.split(".")[0] for n in names}


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_one_way(room):
    found = imports(ROOT / "lossviz" / f"{room}.py")
    within = {n.split(".")[1] for n in found if n.startswith("lossviz.") and n.split(".")[1] in ROOMS}
    if room in MAY_IMPORT:
        assert within <= MAY_IMPORT[room]
    everywhere = imports(ROOT / "lossviz" / f"{room}.py", everywhere=True)
    barred = {"streamlit", "keras", "torch", "pages", "app", "tests"} - ON_TRIAL.get(room, set())
    assert not tops(everywhere) & barred
    assert not {n for n in everywhere if n.startswith("tensorflow.keras")}


def rows():
    """The README's map, from the ground up: the names in each row."""
    (text,) = re.findall(r"<!-- map -->\n(.*?)<!-- end -->", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in text.splitlines()[2:]]


def test_the_map_shows_every_room_once():
    shown = [name.removeprefix("lossviz/").removesuffix(".py") for row in rows() for name in row]
    assert sorted(shown) == sorted([*ROOMS, "lessons/", "__main__", "pages/", "app"])
    for row in rows():
        assert "/" in row[0] or row == ["app.py"]
        assert not any("/" in name for name in row[1:]), "the folder stands with the first"


def test_the_map_is_in_order():
    at = {name.removeprefix("lossviz/").removesuffix(".py"): i for i, row in enumerate(rows()) for name in row}
    for room in at.keys() & set(ROOMS):
        for name in imports(ROOT / "lossviz" / f"{room}.py"):
            other = name.split(".")[1] if name.startswith("lossviz.") else None
            assert other not in at or at[other] <= at[room], f"{room} imports {other}, which stands below it"


def test_what_is_long_says_why():
    files = {room: ROOT / "lossviz" / f"{room}.py" for room in ROOMS}
    files |= {str(p.relative_to(ROOT)): p for p in (ROOT / "pages").rglob("*.*") if p.suffix in (".py", ".js", ".css")}
    long = {name for name, path in files.items() if len(path.read_text("utf-8").splitlines()) > 400}
    assert long == set(LONG)


def test_arrows_know_every_room_they_name():
    assert set(MAY_IMPORT) <= set(ROOMS)


def test_lessons_are_light_and_know_nobody_but_their_framework():
    for path in sorted((ROOT / "lossviz" / "lessons").glob("*.py")):
        assert not tops(imports(path)) & HEAVY, path
        everywhere = imports(path, everywhere=True)
        assert not tops(everywhere) & {"streamlit", "keras", "tensorflow", "torch", "pages"}, path
        assert not {n for n in everywhere if n.startswith("lossviz.lessons.")}, path  # a lesson stands alone


@pytest.mark.parametrize("room", sorted(LIGHT))
def test_light_rooms_import_nothing_heavy(room):
    assert not tops(imports(ROOT / "lossviz" / f"{room}.py")) & HEAVY


def test_pages_do_not_load_tensorflow():
    for path in [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]:
        if path.exists():
            found = imports(path)
            assert not tops(found) & {"tensorflow", "keras", "torch"}, path
            rooms = {".".join(n.split(".")[:2]) for n in found}  # of `lossviz.surface.patch` too
            assert not rooms & {"lossviz.train", "lossviz.equation", "lossviz.surface", "lossviz.trials"}, path
            assert not rooms & {"lossviz.train", "lossviz.equation", "lossviz.surface", "lossviz.multitrain"}, path
            assert not rooms & {"lossviz.train", "lossviz.equation", "lossviz.surface", "lossviz.segment"}, path
            assert not found & {f"lossviz.{name}" for name in lossviz._NEED_TENSORFLOW}, path  # the names that load it


def test_importing_is_cheap():
    code = (
        "import sys, lossviz; lossviz.class_weights([3, 1]); lossviz.STRATEGIES['vs'].tables([3, 1]); "
        f"print(*sorted({HEAVY!r} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.split() == []


def test_no_picture_is_made_while_pandas_is_half_there():
    code = """if True:
    import importlib, sys, threading, time
    import plotly.graph_objects as go
    from lossviz import figures
    sys.path.insert(0, "pages")
    from parts import player, presenter, words
    half = threading.Event()
    class Slow:  # as on a cold disk: another visitor's page imports it
        def find_spec(name, path=None, target=None):
            if name == "pandas.core.api" and not half.is_set():
                half.set()
                time.sleep(1)
    sys.meta_path.insert(0, Slow)
    threading.Thread(target=importlib.import_module, args=("pandas",)).start()
    half.wait()
    from parts import chart
    go.Figure().add_scatter(x=[0], y=[0], marker_color="red")
    """
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr


@pytest.mark.parametrize("name", sorted(lossviz.__all__))
def test_everything_public_has_a_docstring(name):
    thing = getattr(lossviz, name)
    if callable(thing):
        assert len(thing.__doc__.split()) > 5
    for entry in thing.values() if isinstance(thing, dict) else ():
        function = getattr(entry, "build", None) or getattr(entry, "weights", None)
        said = function.__doc__ if function else getattr(entry, "summary", None) or entry.title
        assert said.strip()
    assert name in dir(lossviz) or name in lossviz._NEED_TENSORFLOW


def test_only_public_names():
    with pytest.raises(AttributeError, match="has no attribute 'nonesuch'"):
        lossviz.nonesuch  # noqa: B018
