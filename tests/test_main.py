"""The command line: what it prints, and one sentence for what it cannot do."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from lossviz.__main__ import main

LABELS = ["cat"] * 6 + ["dog"] * 3 + ["emu"]
TEXT = "id,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(LABELS)) + "11,\n"
BALANCED = dict(
    zip("cat dog emu".split(), compute_class_weight("balanced", classes=np.unique(LABELS), y=LABELS), strict=True)
)


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    def run(*options, data=TEXT, piped=False):
        data = data if isinstance(data, bytes) else data.encode()
        path = tmp_path / "labels.csv"
        path.write_bytes(data)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = main(["weights", *([] if piped else [str(path)]), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_json(run):
    code, out, err = run("--column", "y", "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == ["counts", "weights", "scheme", "normalise", "notes"]
    assert found["counts"] == {"cat": 6, "dog": 3, "emu": 1}
    assert found["weights"] == pytest.approx(BALANCED)
    assert (found["scheme"], found["normalise"]) == ("balanced", None)
    assert any("1 row with nothing in column 'y'" in note for note in found["notes"])


def test_from_a_pipe(run):
    assert run("--format", "json", piped=True)[1] == run("--format", "json")[1]


def test_as_a_command():
    command = [sys.executable, "-m", "lossviz", "weights", "-", "--column", "y", "--format", "json"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, input=TEXT.encode("utf-16"), capture_output=True, cwd=root)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["weights"] == pytest.approx(BALANCED)
    failed = subprocess.run([*command[:5], "--column", "z"], input=TEXT.encode(), capture_output=True, cwd=root)
    assert (failed.returncode, failed.stdout) == (2, b"")
    assert failed.stderr.decode().splitlines() == [
        "lossviz: There is no column 'z' in 'standard input'; it has 'id', 'y'."
    ]


def test_table(run):
    code, out, err = run()
    lines = out.splitlines()
    assert code == 0
    assert [line.split() for line in lines] == [
        ["label", "count", "share", "weight"],
        ["cat", "6", "60.00%", "0.555556"],
        ["dog", "3", "30.00%", "1.11111"],
        ["emu", "1", "10.00%", "3.33333"],
    ]
    assert len(set(map(len, lines))) == 1
    assert all(line.startswith("Note: ") for line in err.splitlines())


def test_python_runs(run):
    found = {}
    exec(run("--format", "python")[1], found)
    assert found["label_index"] == {"cat": 0, "dog": 1, "emu": 2}
    assert [found["class_weight"][i] for i in range(3)] == pytest.approx(list(BALANCED.values()))


HOSTILE = ["=cmd()", "+1", "@x", "-2", "a,b", 'q"q', "\x1b[31mred", "\u202eabc", "it's", "x" * 10_000, "<b>", "é"]


def test_labels_are_only_text(run):
    data = "label\n" + "".join('"' + label.replace('"', '""') + '"\n' for label in HOSTILE)
    table = run(data=data)[1]
    assert table.count("\n") == len(HOSTILE) + 1
    assert all(c.isprintable() or c == "\n" for c in table)
    assert max(map(len, table.splitlines())) < 100
    assert set(json.loads(run("--format", "json", data=data)[1])["counts"]) == set(HOSTILE)
    rows = list(csv.reader(io.StringIO(run("--format", "csv", data=data)[1])))
    assert rows[0] == ["label", "index", "count", "weight"]
    assert {row[0] for row in rows[1:]} == {f"'{t}" if t[0] in "=+@-" else t for t in HOSTILE}
    found = {}
    exec(run("--format", "python", data=data)[1], found)
    assert set(found["label_index"]) == set(HOSTILE)


def test_schemes_normalisations_and_knobs(run):
    def weights(*options, data="label,count\na,2\nb,1\n"):
        return list(json.loads(run("--format", "json", *options, data=data)[1])["weights"].values())

    assert weights("--scheme", "effective_number", "--beta", "0.5") == pytest.approx([0.8, 1.2])
    assert weights("--scheme", "power", "--gamma", "1") == pytest.approx([0.5, 1])
    assert weights("--scheme", "log", "--smoothing", "1.5") == pytest.approx(
        [1 / np.log(1.5 + 2 / 3), 1 / np.log(1.5 + 1 / 3)]
    )
    assert weights("--normalise", "sum") == pytest.approx([1 / 3, 2 / 3])
    assert weights("--scheme", "pos_weight") == pytest.approx([1, 2])
    pixels = "label,pixels,present\na,1,2\nb,2,4\nc,4,16\n"
    assert weights("--scheme", "median_frequency", data=pixels) == pytest.approx([1, 1, 2])
    several = "id,tags\n1,a|b\n2,b\n3,b|c\n4,c\n5,\n6,d\n"
    assert weights("--scheme", "pos_weight", "--separator", "|", data=several) == pytest.approx([4, 2 / 3, 1.5, 4])


def test_columns_layout_and_dialect(run):
    flags = "id;x;z\n1;0;1\n2;1;1\n"
    options = ("--layout", "columns", "--column", "x", "--column", "z", "--delimiter", ";", "--format", "json")
    assert json.loads(run(*options, data=flags)[1])["counts"] == {"x": 1, "z": 2}
    tabs = "ж\ta\nж\tb\n".encode("koi8-r")
    options = ("--delimiter", "tab", "--encoding", "koi8-r", "--no-header", "--column", "column 1", "--format", "json")
    assert json.loads(run(*options, data=tabs)[1])["counts"] == {"ж": 2}


def test_a_label_that_never_occurs_is_left_out(run):
    code, out, _ = run("--format", "json", data="label,count\na,2\nb,0\nc,2\n")
    found = json.loads(out)
    assert (code, found["weights"]) == (0, {"a": 1, "c": 1})
    assert any("never occur: 'b'" in note for note in found["notes"])


def test_fixes_are_offered_and_taken(run):
    data = "label\ncat\ncat \nCat\ncat\ndog\ndog\nNA\n"
    offered = json.loads(run("--format", "json", data=data)[1])
    assert offered["counts"] == {"Cat": 1, "NA": 1, "cat": 2, "cat ": 1, "dog": 2}
    assert sum("--fix" in note for note in offered["notes"]) == 3
    assert json.loads(run("--format", "json", "--fix", "spaces,case", data=data)[1])["counts"] == {
        "NA": 1,
        "cat": 4,
        "dog": 2,
    }
    assert json.loads(run("--format", "json", "--fix", "all", data=data)[1])["counts"] == {"cat": 4, "dog": 2}
    notes = json.loads(run("--format", "json", "--fix", "spaces", data=data)[1])["notes"]
    assert [n.split(":")[0] for n in notes if "Put right" in n and "Put right by --fix" not in n[20:]] == [
        "Put right by --fix spaces"
    ]
    assert sum(n.endswith(("Put right by --fix case.", "Put right by --fix missing.")) for n in notes) == 2


def test_spaces_at_an_end_are_seen_in_the_table(run):
    lines = run(data="label\ncat\ncat \ndog\n")[1].splitlines()
    assert [line[:8].rstrip() for line in lines] == ["label", "cat", "'cat '", "dog"]


def test_version(capsys):
    assert main(["--version"]) == 0
    said = re.search(r"^## (\S+),", (Path(__file__).parent.parent / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[1]
    assert capsys.readouterr().out == f"lossviz {said}\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--column", "z"], "There is no column 'z'"),
        (["--scheme", "magic"], "invalid choice: 'magic'"),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--gamma", "x"], "invalid float value: 'x'"),
        (["--gamma", "1"], "balanced has no knobs; not 'gamma'"),
        (["--scheme", "power", "--gamma", "9"], "gamma must be between 0 and 2; not 9.0"),
        (["--fix", "colour"], "--fix takes all, or some of missing, spaces"),
        (["--encoding", "nonesuch"], "There is no encoding"),
    ],
)
def test_one_sentence(run, options, sentence):
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"lossviz: .*\n", err)
    assert sentence in err


@pytest.mark.parametrize(("argv", "code"), [([], 2), (["nonesuch"], 2), (["--help"], 0), (["weights", "--help"], 0)])
def test_exit_codes(argv, code, capsys):
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert bool(out) == (code == 0)
    assert len(err.splitlines()) == (code == 2)


def test_labels_the_terminal_cannot_show(monkeypatch, run, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("label\nжук\nжук\n", encoding="utf-8")
    out = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["weights", str(path)]) == 0
    assert rb"\u0436" in out.buffer.getvalue()


def test_what_separates_labels_does_not_separate_cells(run):
    code, out, _ = run("--separator", "|", "--format", "json", data="a|b\nb|c\nb|d\na|c\n")
    assert code == 0
    assert json.loads(out)["counts"] == {"a": 2, "b": 3, "c": 2, "d": 1}


def test_a_terminal_gets_no_command(run, monkeypatch):
    data = "y\n" + "\x1b]0;pwned\x07\n" * 3 + '"over\rwritten"\n' + "b\u202ec\n" * 100
    assert "\x1b" in run("--column", "y", "--format", "csv", data=data)[1]
    monkeypatch.setattr(sys.stdout.__class__, "isatty", lambda self: True)
    shown = run("--column", "y", "--format", "csv", data=data)[1]
    assert all(line.isprintable() for line in shown.splitlines())
    assert "\\x1b]0;pwned\\x07" in shown
    assert "\r" not in shown


def test_labels_that_occur_once_each_are_asked_about(run):
    code, _, err = run(data="Klasse;Anzahl\nA;1.900\nB;90\nC;10\n")
    assert code == 0
    assert "Each of the 3 labels occurs only once" in err
    assert "without marks of thousands" in err
    assert "occurs only once" not in run("--column", "y")[2]
    assert "occurs only once" not in run(data="label,count\na,1\nb,1\nc,1\n")[2]
    assert "occurs only once" in run("--column", "label", data="label,count\na,5\nb,6\nc,9\n")[2]


@pytest.mark.parametrize("command", [["weights"], ["lint", "-"]])
def test_who_gives_up_typing_gets_no_traceback(command):
    waiting = "import sys, lossviz.__main__ as it; print('ready', flush=True); sys.exit(it.main())"
    process = subprocess.Popen(
        [sys.executable, "-c", waiting, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    with process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(1)  # until it reads
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        assert process.wait(20) == 130
