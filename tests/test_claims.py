"""Claims on trial: each verdict, that each experiment can say something else, and that the code to write instead runs."""

import dataclasses
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from lossviz import claimfigures, claims, figures, trials
from lossviz.__main__ import main
from lossviz.claim import THREADS, VERDICTS, Evidence, Picture, entered, logistic, multiplied, predicted, weighted
from lossviz.claims import CLAIMS

NUMBERS = list(CLAIMS)
LIGHT = [n for n in NUMBERS if not CLAIMS[n].packages]


@pytest.fixture(scope="module")
def found():
    """Evidence by number: every experiment runs once for all tests."""
    held = {}

    def of(number):
        if number not in held:
            held[number] = CLAIMS[number].experiment()
        return held[number]

    return of


def test_all_claims_are_there():
    assert list(range(1, 26)) == NUMBERS
    for claim in CLAIMS.values():
        assert claim.expected in VERDICTS
        assert claim.thread in THREADS
        assert claim.said.endswith(".")
        assert len(claim.why.split()) > 30
        assert claim.test[-1] in ".?"
    assert len({c.said for c in CLAIMS.values()}) == 25
    assert {c.expected for c in CLAIMS.values()} == set(VERDICTS), "not everything is false"


@pytest.mark.parametrize("number", NUMBERS)
def test_verdict_as_recorded(number, found):
    evidence = found(number)
    assert evidence.verdict == CLAIMS[number].expected
    if evidence.verdict == "depends":
        assert evidence.sentence.startswith("It depends on "), "the condition comes first"
    assert re.search(r"\d", evidence.sentence)
    assert "nan" not in evidence.sentence.lower()


@pytest.mark.parametrize("number", NUMBERS)
def test_verdict_flips(number, found):
    claim = CLAIMS[number]
    other = claim.experiment(claim.rival)
    assert other.verdict in VERDICTS
    assert other.verdict != found(number).verdict
    assert other.sentence != found(number).sentence


@pytest.mark.parametrize("number", NUMBERS)
def test_picture_holds_the_numbers(number, found):
    picture = found(number).picture
    figure = claimfigures.draw(picture)
    assert len(figure.data) == len(picture.bars) + len(picture.lines) > 0
    assert len({trace.name for trace in figure.data}) == len(figure.data)
    for trace in figure.data:
        name = trace.name.removesuffix(" ⚠")
        assert (name in picture.flawed) == trace.name.endswith("⚠")
        if name in picture.lines:
            x, y = picture.lines[name]
            np.testing.assert_array_equal(trace.x, x)
            np.testing.assert_array_equal(trace.y, y)
            assert np.isfinite(y).all()
            assert (trace.line.dash == "dash") == (name in picture.flawed)
        else:
            assert list(trace.y) == list(picture.bars[name].values())
            assert (trace.marker.pattern.shape == "/") == (name in picture.flawed)
    refused = sum(v is None for heights in picture.bars.values() for v in heights.values())
    assert len(figure.layout.annotations) == refused
    assert figure.layout.yaxis.title.text
    assert figure.layout.showlegend == (len(figure.data) > 1 or bool(picture.flawed))
    assert {trace.legend for trace in figure.data} == {"legend2"}
    assert (figure.layout.legend2.y, figure.layout.legend2.yanchor) == (1.02, "bottom"), "above the plot"
    assert len(figures.numbers(figure)) > 1


def test_a_refused_bar_is_named_where_it_would_stand():
    bars = {"a": {"one": 1.0, "two": None}, "b": {"one": 0.5, "two": 0.7}, "c": {"one": None, "two": 0.3}}
    figure = claimfigures.draw(Picture("", "loss", bars=bars))
    # of a place's room 0.8 are bars, here three of 4/15; the first and the last are that far from the middle
    assert [a.x for a in figure.layout.annotations] == pytest.approx([1 - 4 / 15, 4 / 15])
    assert (figure.layout.bargap, figure.layout.xaxis.type) == (0.2, "category")
    assert list(figure.layout.xaxis.categoryarray) == ["one", "two"]


@pytest.mark.parametrize("number", NUMBERS)
def test_code_to_write_instead_runs(number):
    exec(compile(CLAIMS[number].code, f"claim {number}", "exec"), {})
    assert "assert " in CLAIMS[number].code or number == 18, "it checks itself"


# Values worked by hand, or by another way


def test_losses_of_the_thread():
    w, z = np.array([31 / 531, 500 / 531]), [[2.0, 1.0], [2.0, 1.0]]
    np.testing.assert_allclose(weighted(z, [0, 1], w), [0.0182883, 1.2365929], atol=1e-7)
    np.testing.assert_allclose(multiplied(z, [0, 1], w), [1.1883185, 0.3634597], atol=1e-7)
    shifted = multiplied(np.add(z, 5), [0, 1], w)
    np.testing.assert_allclose(shifted, [5.2463353, 0.0052807], atol=1e-7)


def test_logistic_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(200, 2)), rng.integers(0, 2, 200)
    w = np.where(y == 1, 3.0, 1.0)
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(predicted(logistic(X, y, w), X), theirs.predict_proba(X)[:, 1], atol=1e-5)


def test_numbers_of_a_few_experiments(found):
    assert found(4).sentence.startswith("With 500 negatives and 31 positives it is 17.13; 16.13 balances.")
    stuck = found(11).sentence
    assert "loss 1.099 (log 3 is 1.099), gradient 0." in stuck
    means = found(16).sentence
    assert "The mean is 0.7788" in means
    assert "5.840" in means  # by PyTorch, or by its formula
    assert found(23).picture.bars["computed"]["second, weight 2"] == pytest.approx(1.044, abs=1e-5)
    least = found(13).picture.bars["softmax"]
    assert least["both"] == pytest.approx(np.log(2))
    assert least["none"] == pytest.approx(np.log(2))


def test_sample_weight_is_judged_by_its_mean_too():
    """Each loss is right, and the mean divides by the sum of the weights: not what the claim says."""

    def by_weights(z, y, w, reduction):
        losses = weighted(z, y, w_by_class)
        return losses if reduction is None else losses.sum() / np.sum(w)

    w_by_class = np.array([0.3, 0.1, 0.2, 0.3, 0.1])
    evidence = CLAIMS[16].experiment(by_weights)
    assert evidence.verdict == "false"
    assert "The mean is 5.8407; Σwℓ/N is 0.7788" in evidence.sentence
    assert evidence.picture.flawed == (), "no single loss is wrong"


@pytest.mark.parametrize("number", NUMBERS)
def test_small_numbers_are_words(number, found):
    """No "0.000", no "at most 0" and no 1e-16 in what is said."""
    sentence = found(number).sentence
    assert not re.search(r"\b0\.0+\b(?![\d%])|at most 0\b|\de[-+]?\d", sentence), sentence


def test_the_pull_of_an_example_is_its_weight_times_its_error(found):
    (p, pull) = found(10).picture.lines["weight 3"]
    np.testing.assert_allclose(pull, 3 * (1 - p), atol=1e-8)
    assert found(10).sentence.endswith("At 41 predictions the pull is less than 0.001 from 3 × (1 − p).")


def test_decisions_are_judged_by_what_they_cost(found):
    lines = found(9).picture.lines
    weighted_p, plain = lines["weighted probabilities"][1], lines["plain argmax"][1]
    assert np.ptp(weighted_p) < 1e-12, "adding to all logits changes no probability"
    assert (weighted_p < plain - 0.05).all()
    assert lines["weighted logits"][1].max() > plain[0]
    assert found(9).picture.flawed == ("weighted logits",)
    trial = CLAIMS[9].experiment
    upside_down = trial({"probabilities": lambda s, w: s / w, "logits": lambda s, w: s + np.log(w)})
    assert (upside_down.verdict, upside_down.picture.flawed) == ("depends", ("weighted probabilities",))
    np.testing.assert_allclose(upside_down.picture.lines["weighted logits"][1], weighted_p, atol=1e-12)
    unchanged = trial(dict.fromkeys(("probabilities", "logits"), lambda s, w: s))
    assert unchanged.verdict == "false", "it must beat the plain argmax"
    no_score = trial(dict.fromkeys(("probabilities", "logits"), lambda s, w: s * 0 + w))
    assert no_score.verdict == "false", "and the best constant"


def test_scaling_down_with_two_and_with_more_classes(found):
    bars = found(12).picture.bars
    assert set(bars["predicted right"].values()) == {0.0}, "its loss never falls"
    wrong = bars["predicted wrong"]
    assert wrong["2 classes"] == 1
    assert 0.9 < wrong["3 classes"] < 0.96
    assert 0.83 < wrong["12 classes"] < 0.91
    raised, close = re.search(
        r"Of the ([\d,]+) wrong ones whose loss rises, ([\d,]+) have", found(12).sentence
    ).groups()
    assert raised == close, "only a true class above the mean of the logits can lose"
    z = np.array([[0, 0.01, -3]])  # predicted wrong, by a hair
    before, after = weighted(z, [0], [1, 1, 1]), weighted(0.3 * z, [0], [1, 1, 1])
    np.testing.assert_allclose([before[0], after[0]], [0.7226, 0.8795], atol=1e-4)


def test_square_root_and_log_are_both_tried(found):
    lines = found(24).picture.lines
    assert list(lines)[1:] == ["square root", "log", "balanced"]
    recall = [float(lines[name][0][0]) for name in ("square root", "log", "balanced")]
    assert recall == sorted(set(recall)), "three places on the frontier"
    for words in ("F1 of the rare class: 0.55 square root, 0.47 log, 0.38 balanced", "0.808 square root, 0.854 log"):
        assert words in found(24).sentence
    one_soft = dict(CLAIMS[24].rival) | {"log": lambda counts: np.array([1.0, 4.0])}
    assert CLAIMS[24].experiment(one_soft).verdict == "depends", "either can win"


def test_without_pytorch_its_mean_is_computed(monkeypatch):
    monkeypatch.setattr(trials, "find_spec", lambda name: None)
    evidence = CLAIMS[16].experiment()
    assert "Σwℓ/Σw, PyTorch's mean, would be 5.8407" in evidence.sentence
    assert evidence.verdict == "true"


def test_a_number_belongs_to_one_claim():
    entries = {}
    told = {f.name: "" for f in dataclasses.fields(CLAIMS[1]) if f.name not in ("number", "said", "experiment")}
    entered(entries, 1, "A.", **told)(lambda: None)
    with pytest.raises(ValueError, match="two claims 1"):
        entered(entries, 1, "B.", **told)(lambda: None)


@pytest.mark.parametrize("number", ["0", "26", "", "x", "1.5", "-1", "²", "9" * 50])
def test_unknown_claim(number):
    with pytest.raises(ValueError, match=r"^there is no claim .* numbered 1 to 25$"):
        claims.find(number)


def test_versions_are_the_installed_ones():
    import keras

    assert CLAIMS[21].versions["keras"] == keras.__version__
    assert claims.experiment(23).versions == CLAIMS[23].versions
    assert claims.experiment(1).versions == {}
    absent = dataclasses.replace(CLAIMS[1], packages=("no-such-package",))
    assert absent.versions == {"no-such-package": "not installed"}


def test_one_that_cannot_run_does_not_stop_the_others(monkeypatch):
    def broken():
        raise ImportError("no such\n module")

    monkeypatch.setitem(CLAIMS, 3, dataclasses.replace(CLAIMS[3], experiment=broken))
    first, second = claims.tried([3, 4])
    assert (first.verdict, first.as_recorded, first.error) == ("failed", False, "ImportError: no such module")
    assert second.as_recorded
    table = claims.as_table([first, second])
    assert "changed from the record: ImportError: no such module" in table
    assert table.endswith("1 of 2 verdicts as recorded.\n")


# On the command line


def test_table(capsys):
    assert main(["claims", "4", "1", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["4", *["false"] * 2],
        ["1", *["false"] * 2],
        ["9", *["depends"] * 2],
    ]
    assert CLAIMS[4].said in lines[1]
    assert lines[-1] == "3 of 3 verdicts as recorded."


def test_json_and_a_changed_verdict(capsys, monkeypatch):
    changed = dataclasses.replace(CLAIMS[1], experiment=lambda: Evidence("true", "It does.", Picture("", "")))
    monkeypatch.setitem(CLAIMS, 1, changed)
    assert main(["claims", "1", "17", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    one, other = told["claims"]
    assert (one["verdict"], one["expected"], one["as_recorded"], one["found"]) == ("true", "false", False, "It does.")
    assert other["as_recorded"]
    assert list(told["versions"]) == ["scikit-learn"]
    assert main(["claims", "1"]) == 1
    assert "changed from the record: It does." in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["26"], ["one"], ["1", "--format", "xml"]])
def test_usage(argv, capsys):
    assert main(["claims", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"lossviz: .*\n", err)


def test_as_a_user_runs_it():
    done = subprocess.run(
        [sys.executable, "-m", "lossviz", "claims", "5", "20"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"Tried against (tensorflow|keras) \d+\.\d+", done.stdout)
    assert done.stdout.endswith("2 of 2 verdicts as recorded.\n")
    assert done.stderr == ""


def test_the_list_loads_no_framework():
    code = (
        "import sys; from lossviz import claims, claimfigures; "
        f"[claims.CLAIMS[n].experiment() for n in {LIGHT!r}]; "
        "print(*sorted({'tensorflow', 'keras', 'torch', 'sklearn', 'lossviz.trials'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.split() == []
