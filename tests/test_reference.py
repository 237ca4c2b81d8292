"""What the reference says of each entry is complete, read off the tables, and true."""

import numpy as np
import pytest

from lossviz import SCHEMES, STRATEGIES, anatomy, class_weights
from lossviz import referencefigures as pictures
from lossviz.logitplane import value
from lossviz.strategies import get

COUNTS = [[900, 90, 10], [500, 31], [10, 400, 50, 40]]
ENTRIES = [*STRATEGIES.values(), *SCHEMES.values()]
UNPUBLISHED = ("maximum likelihood", "folklore", "public threads", "IJCAI", "scikit-learn", "PyTorch", "generalises")
"""What a source says that has neither arXiv number nor DOI: nobody's, a library's, or proceedings without one."""
NEUTRAL = {  # knobs that make cross-entropy of it
    "weighted_cross_entropy": {"class_weight": "none"},
    "focal": {"gamma": 0},
    "class_balanced": {"beta": 0},
    "class_balanced_focal": {"beta": 0, "gamma": 0},
    "logit_adjustment": {"tau": 0},
    "multiplied_logits": {"class_weight": "none"},
    "masked_logits": {"class_weight": "none"},
    "ldam": {"max_margin": 0},
    "cdt": {"gamma": 0},
    "vs": {"gamma": 0, "tau": 0},
    "threshold_moving": {"class_weight": "none"},
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_an_entry_lacks_nothing(entry):
    assert entry.title
    assert entry.summary.endswith(".")
    assert anatomy.symbols(entry.formula, entry.knobs), "every symbol is explained"
    assert anatomy.references(entry.source) or any(word in entry.source for word in UNPUBLISHED)
    assert all(k.title and k.help for k in entry.knobs)
    if entry.name in STRATEGIES:
        t = entry.tables(COUNTS[0])
        lines = anatomy.gradient(t)
        assert lines[0].startswith(r"\frac{\partial \ell}{\partial z_k} = ")
        assert all(anatomy.symbols(line) for line in lines)
        assert not entry.flawed or (entry.wrong and entry.instead), "a flawed one says what is wrong, and what to do"
        assert bool(entry.wrong) == bool(entry.instead)
        assert not entry.instead or not get(entry.instead).flawed


@pytest.mark.parametrize("counts", COUNTS, ids=len)
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_written_gradient_is_that_of_the_loss(name, counts):
    rng, h = np.random.default_rng(7), 1e-6
    variants = [{}, NEUTRAL.get(name, {})] + ([{"late": 0.5}] if name == "ldam" else [])
    for knobs in variants:
        t = STRATEGIES[name].tables(counts, **knobs)
        k = len(counts)
        for y in range(k):
            for z in rng.normal(0, 1.5, (4, k)):
                steps = h * np.eye(k)
                late = t.late < 1
                assert np.diff(np.sort(z)[-2:]) > 10 * h, "the predicted class stays"
                around = [value(t, np.stack([z + s, z - s], 1), y, late) for s in steps]
                found = np.array([(a[0] - a[1]) / (2 * h) for a in around])
                np.testing.assert_allclose(
                    anatomy.slopes(t, z, y), found, rtol=2e-5, atol=2e-7 * max(1, np.abs(found).max())
                )


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_is_lit_is_what_matters(name):
    """Each lit term changes the loss or the decision when it is made neutral; each dimmed one does not."""
    t = STRATEGIES[name].tables(COUNTS[0])
    z = np.random.default_rng(3).normal(0, 3, (3, 2000))
    loss = [value(t, z, y, t.late < 1) for y in range(3)]
    fields = {"W": "weight", "S": "scale", "B": "shift", "γ": "focus", "C": "cost"}
    for part in anatomy.PARTS.values():
        if part.letter in fields:
            neutral = np.full_like(getattr(t, fields[part.letter]), part.neutral)
            changed = type(t)(
                **vars(t) | {fields[part.letter]: neutral} | ({"late_weight": neutral} if part.letter == "W" else {})
            )
            same = all(np.allclose(loss[y], value(changed, z, y, t.late < 1)) for y in range(3))
        else:
            field = {"D": "scale", "d": "shift", "R": "cost"}[part.letter]
            same = True
            for rule in t.decisions:
                neutral = None if field == "cost" else np.full_like(getattr(rule, field), part.neutral)
                changed = type(rule)(**vars(rule) | {field: neutral})
                same &= np.allclose(changed.probabilities(z.T), rule.probabilities(z.T))
                same &= bool((changed.classes(z.T) == rule.classes(z.T)).all())
        assert same == (part.letter not in anatomy.active(t)), part.letter


@pytest.mark.parametrize(("name", "knobs"), NEUTRAL.items())
def test_neutral_knobs_light_nothing(name, knobs):
    assert anatomy.active(STRATEGIES[name].tables(COUNTS[0], **knobs)) == ()


def test_the_lit_equation():
    lines = anatomy.lit("Wd", "#111111", "#777777")
    text = "\n".join(lines)
    assert text.count(r"\underline") == 2
    assert r"\textcolor{#111111}{\underline{W_{y \hat y}\,}}" in text
    assert r"\textcolor{#777777}{S_{\hat y} \odot {}}" in text
    lettered = [letter for line in anatomy.EQUATION for _, letter in line if letter]
    assert sorted(lettered) == sorted(anatomy.PARTS), "every part is in the equation once"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("cross_entropy", [r"\bigl(q_k - 1[k = y]\bigr)", r"q = \operatorname{softmax}(z)"]),
        ("multiplied_logits", [r"a_k\,\bigl(q_k - 1[k = y]\bigr)", r"q = \operatorname{softmax}(a \odot z)"]),
        ("logit_adjustment", [r"\bigl(q_k - 1[k = y]\bigr)", r"q = \operatorname{softmax}(z + b)"]),
        ("expected_cost", [r"q_k \bigl(C_{yk} - \textstyle\sum_j C_{yj} q_j\bigr)", r"q = \operatorname{softmax}(z)"]),
    ],
)
def test_gradients_read_as_in_the_papers(name, lines):
    found = anatomy.gradient(STRATEGIES[name].tables([900, 90, 10]))
    assert [line.removeprefix(r"\frac{\partial \ell}{\partial z_k} = ") for line in found] == lines


def test_sources_that_can_be_looked_up():
    assert anatomy.references(STRATEGIES["weighted_cross_entropy"].source) == {
        "doi:10.1093/oxfordjournals.pan.a004868": "https://doi.org/10.1093/oxfordjournals.pan.a004868"
    }
    assert list(anatomy.references(STRATEGIES["resampling"].source)) == ["arXiv:1106.1813"]


def test_words_follow_the_tables():
    said = {name: anatomy.in_words(s.tables([900, 90, 10])) for name, s in STRATEGIES.items()}
    assert said["cross_entropy"] == "It leaves the training loss as it is, and decides by argmax of the logits."
    assert said["equalization"].startswith("It adds to the logits (B) while training, takes some classes out")
    assert said["expected_cost"].startswith("It leaves out the cross-entropy (W = 0), charges the expected cost (C)")
    assert said["resampling"].startswith(
        "It draws every class equally often, which on average weights the losses (W), and"
    )
    late = anatomy.in_words(STRATEGIES["ldam"].tables([900, 10], late=0.8))
    assert late.endswith("From 80% of the steps on it weights (W); before that it does not.")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_the_picture_is_of_the_strategy(name, what):
    counts = [10, 900, 90]
    figure, sentence = pictures.curve(name, counts, {}, what)
    rare, common, plain = figure.data
    for trace, which, y in ((rare, name, 0), (common, name, 1), (plain, "cross_entropy", 1)):
        t = STRATEGIES[which].tables(counts)
        for i in (0, 50, 77, 120):
            z = np.zeros(3)
            z[y] = trace.x[i]
            found = value(t, z[:, None], y)[0] if what == "loss" else anatomy.slopes(t, z, y)[y]
            assert trace.y[i] == pytest.approx(found, rel=1e-6, abs=1e-9)
    assert (rare.line.dash == "dash") == STRATEGIES[name].flawed
    assert ("costs" if what == "loss" else "rate") in sentence
    at = int(np.argmin(np.abs(np.asarray(rare.x) + 1)))
    shown = rare.y[at] if what == "loss" else 0.0 - rare.y[at]
    assert f"{shown:.3g}" in sentence


def test_the_picture_follows_counts_and_knobs():
    def drawn(counts, **knobs):
        return np.asarray(pictures.curve("focal", counts, knobs, "loss")[0].data[0].y)

    assert np.abs(drawn([90, 10]) - drawn([90, 10], gamma=0.5)).max() > 0.1
    weighted = {"class_weight": "balanced"}
    assert np.abs(drawn([90, 10], **weighted) - drawn([60, 40], **weighted)).max() > 0.1


@pytest.mark.parametrize("name", SCHEMES)
def test_the_picture_of_a_scheme(name):
    counts = [900, 90, 10]
    knobs = {k.name: k.default for k in SCHEMES[name].knobs}
    if SCHEMES[name].sigmoid:
        pytest.skip("it has one scale: see below")
    figure, sentence = pictures.scheme_curve(name, counts, knobs, "sum")
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    sweep, raw, _, scaled = figure.data
    np.testing.assert_allclose(raw.y, class_weights(counts, name, **knobs))
    np.testing.assert_allclose(scaled.y, class_weights(counts, name, "sum", **knobs))
    assert np.sum(scaled.y) == pytest.approx(1)
    for i in (3, 30):
        np.testing.assert_allclose(sweep.y[i], class_weights([900, 90, sweep.x[i]], name, **knobs)[2])
    assert f"weighs {raw.y[2]:.4g}, the most frequent {raw.y[0]:.4g}" in sentence


def test_the_picture_of_a_ratio_has_one_scale():
    figure, sentence = pictures.scheme_curve("pos_weight", [500, 31], {})
    sweep, raw = figure.data
    np.testing.assert_allclose(raw.y, [1, 500 / 31])
    np.testing.assert_allclose(sweep.y, 500 / np.asarray(sweep.x))
    assert sentence == (
        "A positive (31 of 531) weighs 16.13, a negative 1: all positives together weigh 500, as do all 500 negatives."
    )
    swapped = pictures.scheme_curve("pos_weight", [31, 500], {})
    assert swapped[1].startswith("A positive (500 of 531) weighs 0.062, a negative 1")
    np.testing.assert_allclose(swapped[0].data[0].y, 31 / np.asarray(swapped[0].data[0].x))
    of_three = pictures.scheme_curve("pos_weight", [900, 90, 10], {})[1]
    assert "class 2 (10 of 1,000) weighs 99 in" in of_three
    assert "class 0 (900) 0.1111 in" in of_three


def test_a_formula_has_every_term_that_a_knob_can_turn_on():
    assert r"- \lambda \log" in STRATEGIES["expected_cost"].formula
    assert r"\omega_y" in STRATEGIES["ldam"].formula
    assert anatomy.symbols(STRATEGIES["expected_cost"].formula, STRATEGIES["expected_cost"].knobs)[
        r"\lambda"
    ].startswith("cross-entropy added")
