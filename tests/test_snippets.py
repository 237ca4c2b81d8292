"""Code to take home, run: each snippet in its library, its self-check put to the test, and labels that are only data."""

import ast
import csv
import functools
import io
import json
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from lossviz import SCHEMES, class_weights, snippets
from lossviz.labels import KINDS, LabelCounts
from lossviz.scaffold import WIDTH
from lossviz.snippets import SNIPPETS
from lossviz.spreadsheet import cell

NAMES = (
    "keras_class_weight", "keras_sample_weight", "keras_loss", "tensorflow", "pytorch", "sklearn", "xgboost", "lightgbm",
    "numpy",
)  # fmt: skip
HOSTILE = (
    'it\'s "quoted"', "a\nb\r\n'''\"\"\"", "\\", "\\x41", "{weights}", "{0}%s", "# no comment", "ראשון", "\u202egnp.exe",
    "=cmd()", "<b>$x$</b>|`~", "\x00\x1b[31m", "x" * 10_000, "';import os;os.abort()#", "😀", "nan",
)  # fmt: skip


def counted(kind, counts, labels=None, **more):
    counts = np.array(counts)
    labels = labels or tuple(f"class {i:04d}" for i in range(len(counts)))
    rows = int(counts.sum()) if kind != "multi" else int(counts.max()) + 57
    present = counts * range(2, 2 + len(counts)) if kind == "pixels" else None
    return LabelCounts(labels, counts, rows, kind=kind, present=present, **more)


def weighted(counts, scheme="balanced", normalise=None, **knobs):
    """Weights, by the public function; of several labels a row, pos_weight label by label."""
    if counts.kind == "multi" and scheme == "pos_weight":
        return (counts.rows - counts.missing - counts.counts) / counts.counts
    present = counts.present if scheme == "median_frequency" else None
    return class_weights(counts.counts, scheme, normalise, present, **knobs)


def written(name, counts, scheme="balanced", normalise=None, renaming=None, **knobs):
    weights = weighted(counts, scheme, normalise, **knobs)
    return snippets.code(name, counts, weights, scheme=scheme, normalise=normalise, renaming=renaming, **knobs)


THREE = {
    "single": counted("single", [500, 31, 120]),
    "multi": counted("multi", [500, 31, 120]),
    "pixels": counted("pixels", [5000, 310, 1200]),
}
SCHEME = {"single": "balanced", "multi": "pos_weight", "pixels": "median_frequency"}
SERVED = [(name, kind) for name in NAMES for kind in KINDS if kind in SNIPPETS[name].kinds]


SLOW = ("keras_class_weight", "keras_sample_weight", "keras_loss", "tensorflow")


def good(name):
    """Code that must run: two classes, three, a thousand; odd labels; renamed; uneven; left out; of every scheme.

    Keras takes half a second each, so that it gets fewer: what labels and weights do is the same for all.
    """
    for kind in SNIPPETS[name].kinds:
        scheme, n = SCHEME[kind], THREE[kind].counts
        yield f"{kind}-3", written(name, THREE[kind], scheme)
        weights = [*weighted(counted(kind, n[:2]), "balanced"), 0]
        if kind == "pixels" or name not in SLOW:
            yield f"{kind}-left-out", snippets.code(name, THREE[kind], weights, scheme="balanced")
        if kind == "single":
            yield "single-2", written(name, counted(kind, [500, 31]), "pos_weight")
        if kind == "single" and name not in SLOW[1:3]:
            yield "single-1000", written(name, counted(kind, range(1, 1001)), "sqrt", "mean")
        if name in SLOW:
            continue
        yield f"{kind}-own", snippets.code(name, THREE[kind], [1.5, 20.25, 3.125], scheme=None)
        if kind == "single":
            yield "single-uneven", written(name, counted(kind, [1, 1_000_000, 30]), "balanced")
            odd = {f" {HOSTILE[0]}\n": HOSTILE[0], "=1": HOSTILE[1]}
            yield "single-odd", written(name, counted(kind, [9] * len(HOSTILE), HOSTILE), "sqrt", "sum", odd)
        elif kind == "multi":
            yield "multi-1", written(name, counted(kind, [3]), scheme)
            yield "multi-25", written(name, counted(kind, range(1, 26)), scheme)
            yield (
                "multi-renamed",
                written(name, counted(kind, [5, 2], ("a", "b")), "sqrt", "mean", {"A": "a", "B ": "b"}),
            )


GENERIC = {
    "a weight": (r"_weight = \{0: [\d.]+", "_weight = {0: 7.5"),
    "the index": (r"enumerate\(classes\)\}", "enumerate(classes[::-1])}"),
}
OWN = {
    "keras_class_weight": [("class_weight=class_weight, epochs", "epochs")],
    "keras_sample_weight": [("sample_weight=sample_weight, epochs", "epochs")],
    "keras_loss": [("return w * keras", "return keras"), ("w * y *", "y *"), ("(y, logits, from", "(y, logits * weights, from")],
    "tensorflow": [
        ("tf.gather(w, y) * losses", "losses"), ("mean(w * losses)", "mean(losses)"), ("_weight=w)", "_weight=1.0)"),
    ],
    "pytorch": [("weight=w)\n", "weight=None)\n"), ("weight=w, ig", "ig"), ("loss(output,", "loss(output * 2,")],
    "sklearn": [("(class_weight=class_weight, ", "("), ("1: pos_weight[i]", "1: 1.0")],
    "xgboost": [(", sample_weight=weights[y]", ""), ("=pos_weight[i]", "=1.0"), ("_weight=ratio", "_weight=1.0")],
    "lightgbm": [(", class_weight=class_weight)", ")"), ("=pos_weight[i]", "=1.0"), ("_weight=ratio", "_weight=1.0")],
    "numpy": [
        ("= weights[y]", "= weights[y - 1]"), ("zip(classes, weights)", "zip(classes, weights[::-1])"),
        ("(Y == 1, weights", "(Y == 1, weights[::-1]"), ("weights, index=classes", "weights[::-1], index=classes"),
        ("0.0, weights[safe]", "1.0, weights[safe]"), (".sum()\nshare", ".mean()\nshare"),
    ],
}  # fmt: skip


def bad(name):
    """Code with one thing wrong: in what all share; and, the check of the weights cut off, in the library's part."""
    for kind in SNIPPETS[name].kinds:
        codes = [written(name, THREE[kind], SCHEME[kind])]
        for what, (old, new) in GENERIC.items():
            mutant, times = re.subn(old, new, codes[0], count=1)
            assert times == 1
            yield f"{kind}: {what}", mutant
        if kind == "single" and name not in SLOW:
            codes.append(written(name, counted(kind, [500, 31]), "pos_weight"))
        for number, text in enumerate(codes):
            library = text[: text.index("# Self-check: the weights follow")]
            for old, new in OWN[name]:
                if old in library:
                    yield f"{kind}: {number} {new!r} for {old!r}", library.replace(old, new)


def notebooks():
    for kind, counts in THREE.items():
        weights = weighted(counts, SCHEME[kind])
        cells = json.loads(snippets.notebook(counts, weights, scheme=SCHEME[kind]))["cells"]
        yield kind, ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


RUNNER = """
import contextlib, io, json, os, sys, tempfile, time, traceback

def guard(event, args):
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if guarded and (writes or event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system")):
        raise PermissionError(f"{event} {args}")

guarded = False
tempfile.gettempdir()  # looked for by writing a file; PyTorch asks for it
sys.addaudithook(guard)
for key, imports, texts in json.load(sys.stdin):
    scope, said = {"__name__": "__main__"}, io.StringIO()
    exec(imports, scope)
    began, guarded, outcome = time.perf_counter(), True, "ran"
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            for text in texts:
                exec(compile(text, key, "exec"), scope)
    except AssertionError:
        outcome = "refused"
    except BaseException:
        outcome = traceback.format_exc(limit=-2)
    guarded = False
    print(json.dumps([key, outcome, time.perf_counter() - began, said.getvalue()]))
"""
PROCESSES = {
    "light": ("numpy", "sklearn", "xgboost", "lightgbm"),
    "keras": ("keras_class_weight", "keras_sample_weight", "keras_loss", "tensorflow"),
    "torch": ("pytorch",),
    "notebook": (),
}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def jobs(process):
    for name in PROCESSES[process]:
        imports = "\n".join(SNIPPETS[name].imports)
        yield from ((f"{name} {what}", imports, [text]) for what, text in good(name))
        yield from ((f"{name} not {what}", imports, [text]) for what, text in bad(name))
    if process == "notebook":
        imports = "\n".join(line for s in SNIPPETS.values() for line in s.imports)
        yield from ((f"notebook {kind}", imports, texts) for kind, texts in notebooks())


@functools.cache
def outcomes(process):
    """All snippets of a process: key -> what came of it, seconds, what was printed."""
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", RUNNER],
        input=json.dumps(list(jobs(process))), capture_output=True, text=True, env=os.environ | QUIET,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return {key: rest for key, *rest in map(json.loads, done.stdout.splitlines())}


HEAVY = [pytest.param(p, marks=pytest.mark.snippets) if p != "light" else p for p in PROCESSES]


@pytest.mark.parametrize("process", HEAVY)
def test_every_snippet_runs_quietly_and_soon(process):
    ran = {key: rest for key, rest in outcomes(process).items() if " not " not in key}
    assert ran
    for key, (outcome, _, said) in ran.items():
        assert (outcome, said) == ("ran", ""), key
    slow = {key: seconds for key, (_, seconds, _) in ran.items() if seconds > (30 if process == "notebook" else 20)}
    assert not slow  # 3 s on a core of its own; others may be at work on it


@pytest.mark.parametrize("process", HEAVY[:-1])
def test_every_self_check_refuses_what_is_wrong(process):
    wrong = {key: rest[0] for key, rest in outcomes(process).items() if " not " in key}
    for name in PROCESSES[process]:
        for kind in SNIPPETS[name].kinds:
            assert sum(key.startswith(f"{name} not {kind}: ") for key in wrong) > len(GENERIC), (name, kind)
    assert {key: outcome for key, outcome in wrong.items() if outcome != "refused"} == {}


def test_every_mutation_is_used():
    for name, pairs in OWN.items():
        texts = "\n".join(text for _, text in bad(name))
        for _, new in pairs:
            assert not new or new in texts, (name, new)


def run(text):
    scope = {}
    exec(text, scope)
    return scope


@pytest.mark.parametrize("normalise", [None, "sum", "classes", "mean"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_formula_of_every_scheme_is_checked(kind, scheme, normalise):
    counts = THREE[kind]
    w = weighted(counts, scheme)
    n = counts.counts
    w = w * {None: 1, "sum": 1 / w.sum(), "classes": len(w) / w.sum(), "mean": n.sum() / (n @ w)}[normalise]
    text = snippets.code("numpy", counts, w, scheme=scheme, normalise=normalise)
    np.testing.assert_array_equal(run(text)["weights"], w)
    values = [repr(float(x)) for x in w]
    for i, value in enumerate(values):
        mutant = text.replace(f"{i}: {value}", f"{i}: {float(value) * 1.00001!r}", 1)
        assert mutant != text
        with pytest.raises(AssertionError):
            run(mutant)
    with pytest.raises(AssertionError):
        run(text.replace(f"0: {values[0]}, 1: {values[1]}", f"1: {values[1]}, 0: {values[0]}"))
    if scheme not in ("sqrt", "power", "effective_number") or normalise == "mean":  # others look at some counts only
        with pytest.raises(AssertionError):
            run(text.replace(f"counts = [{n[0]}, ", f"counts = [{n[0] + 9}, "))


def test_knobs_reach_the_code():
    counts = THREE["single"]
    text = written("numpy", counts, "effective_number", beta=0.9)
    assert "effective_number(n, beta=0.9)" in text
    run(text)
    with pytest.raises(AssertionError):
        run(text.replace("beta=0.9)", "beta=0.91)"))


def test_hand_worked():
    scope = run(written("numpy", LabelCounts(("no", "yes"), np.array([500, 31]), 531), "pos_weight"))
    assert scope["class_weight"] == {0: 1.0, 1: 500 / 31}  # catalogue, claim 4: 16.13
    assert scope["index"] == {"no": 0, "yes": 1}
    y = np.repeat([0, 1, 2], [3, 1, 2])
    scope = run(written("numpy", counted("single", [3, 1, 2])))
    peer = compute_class_weight("balanced", classes=np.arange(3), y=y)
    np.testing.assert_allclose(scope["weights"], peer, rtol=1e-14)
    multi = LabelCounts(("a", "b"), np.array([25, 10]), 110, 10, "multi")  # of 100 rows with an answer
    scope = run(snippets.code("numpy", multi, {"b": 9, "a": 3}, scheme="pos_weight"))
    assert scope["pos_weight"] == {0: 3.0, 1: 9.0}


def test_classes_of_weight_0_are_void_else_an_index_that_is_no_class():
    assert run(snippets.code("numpy", THREE["pixels"], [1, 0, 2], scheme=None))["void"] == 1
    assert run(snippets.code("numpy", THREE["pixels"], [1, 1, 2], scheme=None))["void"] == 255
    assert run(snippets.code("numpy", counted("pixels", [3] * 256), [1] * 256, scheme=None))["void"] == 256


def literals(tree):
    """The values of `classes` and `renaming` in a module, taken out of it."""
    out = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and (name := ast.unparse(node.targets[0])) in ("classes", "renaming"):
            out[name] = ast.literal_eval(node.value)
            node.value = ast.Constant(0)
    return out


def comments(text):
    return [t.string for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT]


TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE)  # half surrogate pairs too


@settings(database=None, deadline=None, max_examples=60)
@given(
    labels=st.lists(TEXT, min_size=2, max_size=6, unique=True),
    spellings=st.lists(TEXT, max_size=3, unique=True),
    served=st.sampled_from(SERVED),
)
def test_labels_are_data(labels, spellings, served):
    name, kind = served
    renaming = dict.fromkeys(spellings, labels[0])
    plain, to = [f"p{i}" for i in range(len(labels))], {f"s{i}": "p0" for i in range(len(spellings))}
    n = range(1, len(labels) + 1)
    text = written(name, counted(kind, n, tuple(labels)), SCHEME[kind], renaming=renaming)
    other = written(name, counted(kind, n, tuple(plain)), SCHEME[kind], renaming=to)
    text.encode()  # can be written to a file
    tree, same = ast.parse(text), ast.parse(other)
    found = literals(tree)
    assert found["classes"] == labels
    assert found.get("renaming", {}) == (renaming if kind != "pixels" else {})
    literals(same)
    assert ast.dump(tree) == ast.dump(same)
    assert comments(text) == comments(other)
    if name == "numpy" and not re.search("[\ud800-\udfff]", "".join(labels + spellings)):  # pandas holds UTF-8
        run(text)


@pytest.mark.parametrize(("name", "kind"), SERVED)
def test_a_thousand_classes_are_readable(name, kind):
    text = written(name, counted(kind, range(1, 1001)), SCHEME[kind])
    assert max(map(len, text.splitlines())) <= WIDTH + 2
    assert len(text.splitlines()) < 750


@pytest.mark.parametrize(("name", "kind"), SERVED)
def test_code_is_clean(name, kind, tmp_path):
    texts = [
        written(name, THREE[kind], SCHEME[kind], renaming={"A": "class 0001"}),
        written(name, counted(kind, [9, 4])),
    ]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.py").write_text(text, encoding="utf-8")
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "-q", "--isolated", "--select", "E,F,W"]
    done = subprocess.run([*ruff, "--line-length", "102", str(tmp_path)], capture_output=True, text=True)
    assert done.stdout == ""


def test_registry():
    assert set(NAMES) == set(SNIPPETS)
    for entry in SNIPPETS.values():
        assert set(entry.kinds) <= set(KINDS)
        assert entry.summary.endswith(".")
        assert entry.imports


REFUSED = [
    (dict(name="caffe"), "snippet must be one of 'keras_class_weight',"),
    (dict(kind="multi"), "kind of counts for the snippet 'keras_class_weight' must be one of 'single'; not 'multi'"),
    (dict(weights=[1, 2, 3]), r"weights must be one number a label, 2; not an array of shape \(3,\)"),
    (dict(weights=[1, -2]), "label 'dog' has a weight of -2: weights must be finite, not negative"),
    (dict(weights=[1, np.nan]), "label 'dog' has a weight of nan"),
    (dict(weights=["a", "b"]), "weights must be numbers, one a label; not"),
    (dict(weights=[0, 0]), "weights are all 0"),
    (dict(weights={"cat": 1}), "weights lack 'dog': give one a label"),
    (dict(weights={"cat": 1, "dog": 2, "bird\n" + 99 * "x": 3}), r"weights name 'bird x{32}\.\.\.', which is no label"),
    (
        dict(weights=[2, 0.7]),
        "label 'dog' has a weight of 0.7, and the scheme 'balanced' gives 0.666667: say scheme=None",
    ),
    (dict(scheme="golden"), "scheme must be one of 'balanced'"),
    (dict(normalise="max"), "normalise must be one of 'sum', 'classes' or 'mean'; not 'max'"),
    (dict(scheme=None, normalise="sum"), "the weights are not normalised as was said: Σw = 1"),
    (dict(scheme=None, beta=0.5), "knobs belong to a scheme; without one, leave out 'beta'"),
    (dict(beta=0.5), "balanced has no knobs; not 'beta'"),
    (dict(renaming={"Cat": "cats"}), "renaming takes 'Cat' to 'cats', which is no label that was counted"),
    (dict(labels=("cat",), counts=[1], weights=[1]), "there is one class only"),
    (dict(labels=(), counts=[], weights=[]), "there are no labels"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_with_one_sentence(change, message):
    given = dict(weights=[2, 2 / 3], scheme="balanced", labels=("cat", "dog"), counts=[1, 3]) | change
    labels, counts, kind = given.pop("labels"), np.array(given.pop("counts")), given.pop("kind", "single")
    with pytest.raises(ValueError, match=f"^{message}") as said:
        snippets.code(
            given.pop("name", "keras_class_weight"),
            LabelCounts(labels, counts, 4, kind=kind),
            given.pop("weights"),
            **given,
        )
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("labels", [HOSTILE, tuple(f"class {i:04d}" for i in range(100))], ids=["hostile", "many"])
def test_notebook_is_one(labels):
    counts = counted("single", range(1, len(labels) + 1), labels)
    text = snippets.notebook(counts, weighted(counts), scheme="balanced", renaming={"=1": labels[0]}, names=["numpy"])
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    plain = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    assert [line for line in plain.splitlines() if line.startswith("~")] == ["~" * 60] * 2
    assert len(plain.split("~" * 60)[1].splitlines()) <= 53
    assert plain.split("~" * 60)[2].isascii()  # no label outside the preformatted text
    code = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    assert run(code)["classes"] == list(labels)
    assert "import keras" not in text
    assert "import pandas" in text


def test_notebook_takes_all_that_serve():
    counts = THREE["multi"]
    text = snippets.notebook(counts, weighted(counts, "pos_weight"), scheme="pos_weight")
    titles = [s.title for s in SNIPPETS.values() if "multi" in s.kinds]
    assert re.findall(r'"## (.*?)\\n"', text) == ["Data", *titles]
    with pytest.raises(ValueError, match="snippet must be one of"):
        snippets.notebook(counts, weighted(counts, "pos_weight"), scheme="pos_weight", names=["caffe"])


def test_json_reads_back():
    labels = (*HOSTILE, "\ud800")
    counts = counted("single", range(1, len(labels) + 1), labels, notes=("Two rows are blank.",))
    w = weighted(counts, "effective_number", "mean", beta=0.9)
    text = snippets.weights_json(counts, w, scheme="effective_number", normalise="mean", beta=0.9)
    text.encode()
    said = json.loads(text)
    assert said["counts"] == dict(zip(labels, range(1, len(labels) + 1), strict=True))
    assert said["weights"] == dict(zip(labels, w.tolist(), strict=True))
    assert said["scheme"] == "effective_number"
    assert said["normalise"] == "mean"
    assert said["knobs"] == {"beta": 0.9}
    assert said["notes"] == ["Two rows are blank."]


@settings(database=None, deadline=None)
@given(st.lists(TEXT, min_size=2, max_size=6, unique=True))
def test_csv_reads_back_and_starts_no_formula(labels):
    counts = counted("single", range(1, len(labels) + 1), tuple(labels))
    w = weighted(counts)
    text = snippets.weights_csv(counts, dict(zip(labels, w, strict=True)))
    text.encode()
    if "\0" in text and sys.version_info < (3, 11):
        text = text.replace("\0", "")  # the csv module of old could not read it
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["label", "index", "count", "weight"]
    for i, (label, row) in enumerate(zip(labels, rows, strict=True)):
        assert row[0][:1] not in tuple("=+-@\t\r\n＝＋－＠")
        shown = label.encode("utf-8", "backslashreplace").decode()
        assert row[0] == ("'" * (label[:1] in tuple("=+-@\t\r\n＝＋－＠")) + shown)
        assert (int(row[1]), int(row[2]), float(row[3])) == (i, i + 1, w[i])
        assert cell(label).endswith(label)


def test_csv_holds_no_second_cell_for_spreadsheets_that_split_at_semicolons():
    text = snippets.weights_csv(counted("single", [1, 2], ("a;=cmd()", "b")), [1, 2])
    assert text.splitlines()[1] == '"a;=cmd()",0,1,1.0'
