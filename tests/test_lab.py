"""The logit lab's own computing: its equation, its link, its tables, its planes, and the three means."""

import io
import json
import shutil
import subprocess
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from conftest import ROOT
from lab_cases import cases, check

from lossviz import SCHEMES, STRATEGIES, class_weights, gradient, lab, loss, means
from lossviz.knobs import Knob
from lossviz.strategies import Tables

A = np.array([31 / 531, 500 / 531])


def test_numpy_is_tensorflow():
    for case in cases():
        w, s, b, focus, c = (np.array(case["tables"][f]) for f in ("W", "S", "B", "gamma", "C"))
        t = Tables(w, s, b, focus, c, w, 1.0, "uniform", (), None)
        values = lab.value(t, case["z"], case["y"])
        scale = np.maximum(np.abs(case["loss"]), 1e-3)
        np.testing.assert_array_less(np.abs(values - case["loss"]) / scale, 1e-9, err_msg=case["name"])


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed; the browser tests run the same kernel")
def test_javascript_is_tensorflow():
    kernel = (ROOT / "pages" / "parts" / "kernel.js").read_text()
    given = cases()
    sent = [{k: c[k] for k in ("tables", "z", "y")} for c in given]
    script = f"""{kernel}
    const cases = {json.dumps(sent)};
    const out = cases.map(({{ tables, z, y }}) => {{
      const found = z.map((v, i) => evaluate(tables, v, y[i]));
      const k = z[0].length, one = new Float64Array(1);
      const planes = z.map((v, i) => evaluatePlane(tables, y[i], v.map((x, c) => (c < 2 ? 0 : x)), 0, 1, [0], one)[0]);
      const zeros = z.map((v, i) => evaluate(tables, v.map((x, c) => (c < 2 ? 0 : x)), y[i]).value);
      return {{ values: found.map((f) => f.value), slopes: found.map((f) => f.gradient), planes, zeros }};
    }});
    console.log(JSON.stringify(out));"""
    said = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    for case, found in zip(given, json.loads(said.stdout), strict=True):
        check(case, found["values"], found["slopes"])
        np.testing.assert_allclose(found["planes"], found["zeros"], rtol=1e-12, err_msg=case["name"])


def test_numbers_of_the_catalogue():
    """z = [2, 1], a = [31/531, 500/531], and 5 added to both logits."""
    state = lab.Lab()
    np.testing.assert_allclose(lab.weights(state), A, rtol=1e-15)
    expected = {
        (0, 0.0): [0.3132617, 0.0182883, 1.1883185],
        (1, 0.0): [1.3132617, 1.2365929, 0.3634597],
        (0, 5.0): [0.3132617, 0.0182883, 5.2463353],
        (1, 5.0): [1.3132617, 1.2365929, 0.0052807],
    }
    for (y, t), losses in expected.items():
        found = [float(lab.value(lab.tables(state, n), np.array([2.0, 1.0]) + t, y)) for n in state.shown]
        assert [round(v, 7) for v in found] == losses


# The link


def states():
    yield lab.Lab()
    yield lab.Lab(
        (0.1, -3.0, 1e4), 2, (0.0, 5.0, 1e9), (0.5, 0.0, 7.25), ("ldam", "vs"), {}, -3.5, 0.25, 50.0, (2, 0), 0.7
    )
    knobs = {
        s.name: {k.name: k.low for k in s.knobs if isinstance(k, Knob) and k.low != k.default}
        for s in STRATEGIES.values()
    }
    knobs["focal"]["class_weight"] = lab.HAND
    knobs["weighted_cross_entropy"] = {"class_weight": "sqrt"}
    yield lab.Lab(
        (1.0, 2.0, 3.0, 4.0, 5.0), 4, lab.COUNTS, "sqrt", tuple(STRATEGIES), {k: v for k, v in knobs.items() if v}
    )


@pytest.mark.parametrize("state", list(states()))
def test_the_link_is_the_state(state):
    said = lab.link(state)
    assert set(said) <= lab.PARAMETERS
    assert lab.read(said) == (state, [])


def test_the_link_of_the_first_picture_is_empty():
    assert lab.link(lab.Lab()) == {}
    assert lab.read({"embed": "true", "nonesuch": "1"}) == (lab.Lab(), [])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"z": "nan,1"}, "z='nan,1' (2 to 5 logits, each from -10,000 to 10,000)"),
        ({"z": "1e5,1"}, "z='1e5,1' (2 to 5 logits"),
        ({"z": "inf,1"}, "z='inf,1' (2 to 5 logits"),
        ({"z": "1"}, "z='1' (2 to 5 logits"),
        ({"z": "1,2,3,4,5,6"}, "(2 to 5 logits"),
        ({"z": "<img src=x onerror=alert(1)>"}, "z='<img src=x onerror=alert(1)>' (2 to 5"),
        ({"z": "9" * 400}, f"z='{'9' * 40}' (2 to 5"),
        ({"y": "2"}, "y='2' (a class, 0 to 1)"),
        ({"y": "-1"}, "y='-1' (a class, 0 to 1)"),
        ({"n": "1,2,3"}, "n='1,2,3' (2 counts, each from 0 to 1e+09)"),
        ({"n": "-1,2"}, "n='-1,2' (2 counts"),
        ({"n": "0,0"}, "n (all 0: at least one class must occur)"),
        ({"w": "0,0"}, "w='0,0' (balanced, inverse_frequency,"),
        ({"w": "-1,1"}, "or 2 numbers from 0 to 1e6, not all of them 0)"),
        ({"s": "nonesuch"}, "s='nonesuch' (names of strategies"),
        ({"s": ""}, "s='' (names of strategies"),
        ({"t": "101"}, "t='101' (a number, -100 to 100)"),
        ({"eta": "0"}, "eta='0' (a number, 0.01 to 100)"),
        ({"range": "-4"}, "range='-4' (2, 4, 6,"),
        ({"axes": "0,0"}, "axes='0,0' (two different classes, 0 to 1)"),
        ({"axes": "0,2"}, "axes='0,2' (two different classes"),
        ({"p": "1"}, "p='1' (a number, 0.001 to 0.999)"),
        ({"focal-gamma": "9"}, "focal-gamma='9' (a number, 0 to 5)"),
        ({"vs-class_weight": "x"}, "vs-class_weight='x' (hand, none, balanced"),
    ],
)
def test_what_a_link_asks_in_vain_is_said(asked, said):
    state, wrong = lab.read(asked)
    assert len(wrong) == 1
    assert said in wrong[0]
    assert state == lab.Lab(), "and what is used instead is the default"
    lab.offers(state)


def test_weights_are_every_schemes():
    for name in SCHEMES:
        np.testing.assert_allclose(lab.weights(lab.Lab(weights=name)), class_weights([500, 31], name), rtol=1e-14)
    assert lab.weights(lab.Lab(counts=(5.0, 0.0), weights="balanced")).tolist() == [1.0, 0.0]


def test_the_weights_under_the_hand_reach_those_that_weight():
    state = lab.Lab(weights=(3.0, 7.0), shown=tuple(STRATEGIES))
    tables = lab.offers(state)["tables"]
    assert tables["weighted_cross_entropy"]["W"] == [[3, 3], [7, 7]]
    assert tables["weighted_by_prediction"]["W"] == [[3, 7], [3, 7]]
    assert tables["multiplied_logits"]["S"] == [[3, 7], [3, 7]]
    assert tables["masked_logits"]["S"] == [[3, 3], [7, 7]]
    assert tables["focal"]["W"] == [[1, 1], [1, 1]], "unweighted unless asked for"
    asked, _ = lab.read({"focal-class_weight": "hand", "w": "3,7", "s": "focal"})
    assert lab.offers(asked)["tables"]["focal"]["W"] == [[3, 3], [7, 7]]
    assert set(tables) == set(STRATEGIES)
    json.dumps(lab.offers(state) | lab.catalogue(), allow_nan=False)


def test_absent_classes_and_weights_of_zero_are_finite():
    for counts, w in (((500.0, 0.0), "balanced"), ((500.0, 31.0), (0.0, 1.0)), ((1e9, 1.0), "balanced")):
        state = lab.Lab(counts=counts, weights=w, shown=tuple(STRATEGIES))
        for name in STRATEGIES:
            for z in ([2.0, 1.0], [1e4, -1e4], [-1e4, -1e4]):
                assert np.isfinite(lab.value(lab.tables(state, name), z, [0, 1][z[0] > 0])), name


# Planes


def test_the_valley_is_flat_and_crosses_the_decision():
    state = lab.Lab()
    t = lab.tables(state, "multiplied_logits")
    v = lab.valley(t, state.logits)
    np.testing.assert_allclose(v / v[1], [A[1] / A[0], 1], rtol=1e-14)  # (1/a0, 1/a1)
    s = np.linspace(-0.5, 0.5, 41)[:, None]
    along = np.array(state.logits) + s * v
    losses = lab.value(t, along, 1)
    assert np.ptp(losses) < 1e-12
    assert set(along.argmax(1)) == {0, 1}
    plain = lab.tables(state, "cross_entropy")
    assert lab.valley(plain, state.logits).tolist() == [1, 1]
    along = np.array(state.logits) + s * 8
    assert np.ptp(lab.value(plain, along, 1)) < 1e-12
    assert set(along.argmax(1)) == {0}
    silent = lab.tables(lab.Lab(weights=(0.0, 1.0)), "multiplied_logits")
    assert lab.valley(silent, [2.0, 1.0]).tolist() == [1, 0]
    assert lab.value(silent, [2.0, 1.0], 1) == lab.value(silent, [-40.0, 1.0], 1)


def test_steps_keep_what_decides_where_they_end():
    """Σ z_c / a_c never changes, so the start, not the data, says where on the valley of its optimum training ends."""
    a, p, ends = np.array([0.5, 2.0]), 0.2, []
    for start in ([2.0, 1.0], [-3.0, -1.0], [3.0, 3.0]):
        z = np.array(start)
        for _ in range(4000):
            q = 1 / (1 + np.exp(a[0] * z[0] - a[1] * z[1]))
            z = z - 0.3 * a * (np.array([1 - q, q]) - [1 - p, p])
        slopes = gradient("multiplied_logits", [z, z], [0, 1], [90, 10], class_weight=a)
        np.testing.assert_allclose([1 - p, p] @ slopes, 0, atol=1e-6)
        np.testing.assert_allclose(z @ [2.0, 0.5], np.array(start) @ [2.0, 0.5], atol=1e-9)
        np.testing.assert_allclose(2 * z[1] - 0.5 * z[0], np.log(p / (1 - p)), atol=1e-6)
        ends.append(bool(z[1] > z[0]))
    assert set(ends) == {True, False}, "the same data, and both raw decisions"


def test_the_surface_is_the_loss_at_each_point():
    for state in (
        lab.Lab(),
        lab.Lab((2.0, 1.0, -0.5), 1, lab.COUNTS[:3], "balanced", ("vs", "multiplied_logits"), axes=(2, 0)),
    ):
        figure, sentence = lab.surfaces(state)
        surfaces = [t for t in figure.data if t.type == "surface"]
        assert len(surfaces) == len(state.shown)
        r = lab.reference(state)
        base = 0 if r is None else state.shifted[r]
        for name, surface in zip(state.shown, surfaces, strict=True):
            for i, j in ((0, 0), (7, 51), (60, 30)):
                z = state.shifted.copy()
                z[state.axes[0]], z[state.axes[1]] = surface.x[j] + base, surface.y[i] + base
                expected = loss(name, z, state.true, state.counts, **lab.arguments(state, name))
                assert surface.z[i][j] == pytest.approx(expected, rel=1e-6)
        assert len({s.cmax for s in surfaces}) == 1, "one scale"
        assert f"class {state.true} is true" in sentence
        assert "z2 − z1" in str(figure.layout.scene.xaxis.title.text) or r is None


def test_the_plane_reaches_the_point():
    assert lab.reached(lab.Lab()) == 4
    assert lab.reached(lab.Lab(shift=7.0)) == 10
    assert lab.reached(lab.Lab(logits=(1e4, 0.0), shift=100.0)) == 2 * 10_100
    assert lab.reached(lab.Lab(logits=(9.0, 9.0, 8.0), counts=lab.COUNTS[:3])) == 4, "of differences"


def test_the_call_gives_the_numbers():
    state = lab.Lab(
        (0.5, -1.0), 1, (90.0, 10.0), (0.5, 2.0), ("multiplied_logits", "focal"), {"focal": {"gamma": 1.0}}, 2.0
    )
    out = io.StringIO()
    with redirect_stdout(out):
        exec(lab.call(state), {})
    expected = [float(lab.value(lab.tables(state, n), state.shifted, 1)) for n in state.shown]
    said = [float(line.split("[")[1].split("]")[0]) for line in out.getvalue().splitlines()]
    np.testing.assert_allclose(said, expected, rtol=1e-7)


# Three means


def test_means_of_the_catalogue():
    m = means.means(means.LOGITS, means.LABELS, means.WEIGHTS)
    assert m.whole["keras"] == pytest.approx(0.7787588903, abs=5e-11)
    assert m.whole["tf1"] == m.whole["keras"]
    assert m.whole["pytorch"] == pytest.approx(5.8406916, abs=1e-6)
    assert m.multiplied == pytest.approx(2.4158034, abs=1e-6)
    assert "PyTorch 5.840692" in means.sentence(m)
    assert "alone, the first example, of weight 0.1" in means.sentence(m).lower()


@pytest.mark.parametrize("seed", range(3))
def test_means_are_the_frameworks(seed):
    rng = np.random.default_rng(seed)
    z, y, w = rng.normal(0, 3, (7, 4)), rng.integers(0, 4, 7), rng.uniform(0.1, 3, 4)
    w[0] = 0
    m = means.means(z, y, w)
    zt, yt, wt = torch.tensor(z), torch.tensor(y), torch.tensor(w)
    peer = torch.nn.CrossEntropyLoss(weight=wt)
    assert m.whole["pytorch"] == pytest.approx(peer(zt, yt).item(), rel=1e-12)
    alone = [peer(zt[i : i + 1], yt[i : i + 1]).item() for i in range(7)]
    np.testing.assert_allclose(m.alone["pytorch"], alone, rtol=1e-12)  # NaN where the weight is 0, there as here
    plain = torch.nn.functional.cross_entropy(zt, yt, reduction="none").numpy()
    np.testing.assert_allclose(m.losses, plain, rtol=1e-12)
    assert m.whole["keras"] == pytest.approx((w[y] * plain).mean(), rel=1e-12)
    assert m.whole["tf1"] == pytest.approx((w[y] * plain).sum() / (w[y] != 0).sum(), rel=1e-12)


def test_a_batch_of_one():
    m = means.means([[2.0, 1.0]], [1], A)
    assert m.whole["pytorch"] == pytest.approx(1.3132617, abs=5e-8), "the weight cancels"
    assert m.whole["keras"] == pytest.approx(1.2365929, abs=5e-8)
    assert means.figure(m).data[1].y.tolist() == pytest.approx([1.3132617] * 2, abs=5e-8)
    zero = means.means([[2.0, 1.0]], [1], [1.0, 0.0])
    assert np.isnan(zero.whole["pytorch"])
    assert (zero.whole["keras"], zero.whole["tf1"]) == (0, 0)
    assert "divides 0 by 0" in means.sentence(zero)
    assert "its weight is 1" in means.sentence(means.means([[2.0, 1.0]], [1], [3.0, 1.0]))


@pytest.mark.parametrize(
    ("z", "y", "w", "said"),
    [
        ([[1.0, np.nan]], [0], [1, 1], "row 0, z1 is missing"),
        ([[1.0, 1e5]], [0], [1, 1], "row 0, z1 is 100000: logits must be numbers from -10,000 to 10,000"),
        ([[1.0, 2.0]], [2], [1, 1], "row 0 has the label 2: labels must be whole numbers from 0 to 1"),
        ([[1.0, 2.0]], [np.nan], [1, 1], "row 0 has the label missing"),
        ([[1.0, 2.0]], [0.5], [1, 1], "row 0 has the label 0.5"),
        ([[1.0, 2.0]], [0], [1, -1], "the weight of class 1 is -1"),
        ([[1.0, 2.0]], [0], [0, 0], "the weights are 0 for every class"),
        ([[1.0, 2.0]], [0], [1, 1, 1], "a weight for each of the 2 classes"),
        (np.zeros((0, 2)), [], [1, 1], "at least one row"),
    ],
)
def test_a_bad_batch_is_said(z, y, w, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        means.means(z, y, w)


def test_the_batch_in_the_link():
    (z, y, w), wrong = means.read(means.link(means.LOGITS, means.LABELS), None)
    assert not wrong
    assert (z.tolist(), y.tolist(), w.tolist()) == (
        [list(r) for r in means.LOGITS],
        list(means.LABELS),
        list(means.WEIGHTS),
    )
    for batch, weights, said in (
        ("1,2", None, "batch='1,2' (2 to 10 logits"),
        ("1,2,0;1,0", None, "(2 to 10 logits and a label a row"),
        ("x,2,0", None, "batch='x,2,0'"),
        ("1,2,7", None, "row 0 has the label 7"),
        ("1,2,0", "a,b", "batch-weights='a,b' (2 numbers)"),
        ("1,2,0", "1,2,3", "a weight for each of the 2 classes"),
        (";".join(["1,2,0"] * 201), None, "up to 200 rows"),
    ):
        (z, *_), wrong = means.read(batch, weights)
        assert len(wrong) == 1
        assert said in wrong[0]
        assert np.isfinite(z).all()
