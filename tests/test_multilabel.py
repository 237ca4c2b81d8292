"""Multi-label: the same equation as everywhere, the worked values, exact posteriors, tables with faults."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from sklearn.metrics import average_precision_score, f1_score, hamming_loss, recall_score

from lossviz import multifigures, multistill, read_table
from lossviz.multidata import from_label_table, make_multilabel
from lossviz.multilabel import RULES, WORKED, from_probabilities, prepare_multilabel, repaired, stands_for, worked
from lossviz.multimethods import METHODS, element_loss, outputs
from lossviz.multitrain import advance, example_losses, fit_multilabel, stacked
from lossviz.tables import TableError

NAMES = list(METHODS)
DATA = make_multilabel(labels=3, n=400, rarest=0.1)


@pytest.fixture(scope="module")
def run():
    return fit_multilabel(DATA, steps=300)


@pytest.mark.parametrize(
    ("case", "weighted", "plain"), list(zip(WORKED, (0.60672, 1.04400), (0.52158, 0.81492), strict=True))
)
def test_worked_values_by_the_equation_and_by_keras(case, weighted, plain):
    y, p = (np.array(a, np.float64) for a in WORKED[case])
    assert worked(y, p).mean() == pytest.approx(plain, abs=5e-6)
    assert worked(y, p, 1, 2).mean() == pytest.approx(weighted, abs=5e-6)
    each = keras.losses.BinaryCrossentropy(reduction=None)(y[..., None], p[..., None]).numpy()
    assert each.mean() == pytest.approx(plain, abs=5e-6)
    assert (np.where(y == 1, 2, 1) * each).mean() == pytest.approx(weighted, abs=5e-6)


def kernel(y, z, **knobs):
    """The compiled equation's losses of every method, [M, N]."""
    counts = np.stack([len(y) - y.sum(0), y.sum(0)], 1)
    tables = [m.tables(c, **knobs.get(m.name, {})) for m in METHODS.values() for c in counts]
    k = {f: tf.constant(a) for f, a in stacked(tables, np.float64).items()}
    with tf.GradientTape() as tape:
        at = tf.constant(np.stack([z.T] * len(METHODS)))
        tape.watch(at)
        found = example_losses(at, tf.constant(y.T.astype(float)), k)
    return found.numpy(), tape.gradient(found, at).numpy(), tables


def test_the_kernel_is_keras_tensorflow_and_torch():
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, (50, 4)), rng.normal(0, 3, (50, 4))
    y[0], y[1] = 0, 1
    # float64 throughout: the plain tables of the shared softmax are float32 zeros and ones, exactly
    found, _, _ = kernel(y, z)
    got = dict(zip(NAMES, found, strict=True))
    logits = keras.ops.convert_to_tensor(z)
    plain = tf.nn.sigmoid_cross_entropy_with_logits(y.astype(float), logits).numpy()
    np.testing.assert_allclose(got["sigmoid"], plain.sum(1), rtol=1e-11)
    ratio = (len(y) - y.sum(0)) / y.sum(0)
    weighted = tf.nn.weighted_cross_entropy_with_logits(y.astype(float), logits, ratio).numpy()
    np.testing.assert_allclose(got["pos_weight"], weighted.sum(1), rtol=1e-11)
    as_torch = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(ratio), reduction="none")
    np.testing.assert_allclose(
        got["pos_weight"], as_torch(torch.tensor(z), torch.tensor(y.astype(float))).sum(1), rtol=1e-11
    )
    np.testing.assert_allclose(got["element_weights"], (np.where(y, 4, 1) * plain).sum(1), rtol=1e-11)
    focal = keras.losses.BinaryFocalCrossentropy(from_logits=True, gamma=2.0, reduction=None)
    np.testing.assert_allclose(got["focal"], focal(y[..., None].astype(float), z[..., None]).numpy().sum(1), rtol=1e-4)
    soft = tf.nn.softmax_cross_entropy_with_logits(y.astype(float), logits).numpy()
    np.testing.assert_allclose(got["softmax"], soft, rtol=1e-11)
    twice = tf.nn.sigmoid_cross_entropy_with_logits(y.astype(float), tf.sigmoid(logits)).numpy()
    np.testing.assert_allclose(got["double_sigmoid"], twice.sum(1), rtol=1e-11)


def test_slopes_are_differences_and_numpy_says_the_same():
    rng = np.random.default_rng(1)
    y, z = rng.integers(0, 2, (20, 3)), rng.normal(0, 2, (20, 3))
    y[0], y[1] = 0, 1
    value, slope, tables = kernel(y, z)
    for c in range(3):
        step = np.zeros(3)
        step[c] = 1e-5
        ahead, behind = kernel(y, z + step)[0], kernel(y, z - step)[0]
        np.testing.assert_allclose(slope[:, c], (ahead - behind) / 2e-5, atol=5e-6)
    for i, m in enumerate(METHODS.values()):
        if m.output == "sigmoid":
            by_label = [
                np.choose(y[:, c], [element_loss(tables[3 * i + c], z[:, c], k)[0] for k in (0, 1)]) for c in range(3)
            ]
            np.testing.assert_allclose(value[i], np.sum(by_label, 0), rtol=1e-11)


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.3])
def test_asymmetric_loss_is_the_published_one(margin):
    knobs = {"gamma_yes": 1.0, "gamma_no": 4.0, "margin": margin}
    rng = np.random.default_rng(2)
    y, z = rng.integers(0, 2, (60, 3)), rng.normal(0, 4, (60, 3))
    y[0], y[1] = 0, 1
    i = NAMES.index("asymmetric")
    value, slope, tables = kernel(y, z, asymmetric=knobs)
    # as its authors write it: the probability of a no is shifted up by the margin, and cut at 1
    at = torch.tensor(z, requires_grad=True)
    yes, truth = torch.sigmoid(at), torch.tensor(y)
    no = (1 - yes + margin).clamp(max=1)
    share = torch.where(truth == 1, yes, no)
    theirs = -((1 - share) ** torch.where(truth == 1, 1.0, 4.0)) * torch.log(share)
    theirs.sum().backward()
    np.testing.assert_allclose(value[i], theirs.detach().numpy().sum(1), rtol=1e-9)
    np.testing.assert_allclose(slope[i].T, at.grad.numpy(), rtol=1e-7, atol=1e-12)
    # and in NumPy
    ours = [np.stack([element_loss(tables[3 * i], z[:, c], k) for k in (0, 1)]) for c in range(3)]
    for c in range(3):
        pick = np.arange(60)
        np.testing.assert_allclose(ours[c][y[:, c], 1, pick], slope[i, c], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sum(o[y[:, c], 0, np.arange(60)] for c, o in enumerate(ours)), value[i], rtol=1e-9)
    # a no whose output is below the margin costs nothing and teaches nothing
    easy = (y == 0) & (z < np.log(margin / (1 - margin)) if margin else np.zeros_like(y, bool))
    assert easy.any() == (margin > 0)
    assert (slope[i].T[easy] == 0).all()


def test_the_margin_is_finite_at_the_ends():
    far = np.array([-1e4, -60.0, np.log(0.05 / 0.95), 60.0, 1e4])
    tables = METHODS["asymmetric"].tables([90, 10])
    for y in (0, 1):
        loss, slope = element_loss(tables, far, y)
        assert np.isfinite(loss).all()
        assert np.isfinite(slope).all()
    y = np.zeros((5, 3), int)
    k = {
        f: tf.constant(a) for f, a in stacked([m.tables([90, 10]) for m in METHODS.values() for _ in range(3)]).items()
    }
    with tf.GradientTape() as tape:
        z = tf.constant(np.tile(far[None, None], (len(METHODS), 3, 1)).astype(np.float32))
        tape.watch(z)
        found = example_losses(z, tf.constant(y.T, tf.float32), k)
    assert np.isfinite(found.numpy()).all()
    assert np.isfinite(tape.gradient(found, z).numpy()).all()


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("focal", {"gamma": 0}),
        ("asymmetric", {"gamma_yes": 0, "gamma_no": 0, "margin": 0}),
        ("pos_weight", {"power": 0}),
        ("element_weights", {"no": 1, "yes": 1}),
        ("class_balanced", {"beta": 0}),
    ],
)
def test_a_neutral_knob_is_the_plain_sigmoid(name, knobs):
    z = np.linspace(-30, 30, 61)
    for y in (0, 1):
        plain = element_loss(METHODS["sigmoid"].tables([90, 10]), z, y)
        np.testing.assert_allclose(element_loss(METHODS[name].tables([90, 10], **knobs), z, y), plain, rtol=1e-11)


@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if m.output == "sigmoid"])
def test_repaired_is_what_the_loss_is_least_at(name):
    tables, m = METHODS[name].tables([80, 20]), METHODS[name]
    z = np.linspace(-12, 12, 48_001)
    no, yes = (element_loss(tables, z, y)[0] for y in (0, 1))
    for share in (0.05, 0.3, 0.9):
        least = z[np.argmin(share * yes + (1 - share) * no)]
        assert repaired(m, tables, least) == pytest.approx(share, abs=1e-3)
        assert stands_for(m, tables, share) == pytest.approx(outputs("sigmoid", least).item(), abs=2e-3)


def test_logits_keep_what_probabilities_lose():
    for y, z in ((0, 40.0), (1, -120.0)):
        loss, slope = element_loss(METHODS["sigmoid"].tables([1, 1]), [z], y)
        assert loss[0] == pytest.approx(abs(z))
        assert abs(slope[0]) == pytest.approx(1)
        by_p, flat = from_probabilities([z], y)
        y_p = tf.constant([[float(y)]]), tf.sigmoid(tf.constant([[z]]))
        assert by_p[0] == pytest.approx(keras.losses.BinaryCrossentropy()(*y_p).numpy(), rel=1e-3)
        assert flat[0] == 0
    assert "infinite" in multistill.saturated_sentence(0)
    slope = element_loss(METHODS["sigmoid"].tables([1, 1]), [-1.0, 2.0], 1)[1]
    np.testing.assert_allclose(from_probabilities([-1.0, 2.0], 1)[1], slope, rtol=1e-5)


def test_one_decision_is_the_same_and_two_are_not():
    z = np.linspace(-20, 20, 81)
    np.testing.assert_allclose(outputs("softmax", np.stack([0 * z, z]))[1], outputs("sigmoid", z), rtol=1e-12)
    q = outputs("softmax", np.random.default_rng(0).normal(0, 9, (5, 300)))
    assert ((q > 0.5).sum(0) <= 1).all()


# Data


def test_the_posterior_is_the_truth():
    data = make_multilabel(labels=4, n=5000, correlation=0.8, seed=3)
    p = data.posterior(data.X)
    rates = np.geomspace(0.4, 0.04, 4)
    np.testing.assert_allclose(data.y.mean(0), rates, atol=4 * np.sqrt(0.25 / 5000))
    for c in range(4):
        bins = np.minimum((p[:, c] * 5).astype(int), 4)
        for b in np.unique(bins):
            at = bins == b
            spread = 4 * np.sqrt((p[at, c] * (1 - p[at, c])).sum()) / at.sum()
            assert abs(data.y[at, c].mean() - p[at, c].mean()) < spread + 1e-3


def test_noise_ties_labels_together():
    def tie(correlation):
        data = make_multilabel(labels=3, n=5000, correlation=correlation, noise=2, rarest=0.2)
        return np.corrcoef((data.y - data.posterior(data.X)).T)[0, 1]

    assert abs(tie(0)) < 0.06
    assert tie(0.9) > 0.4


HEAD = "a,b,u,v\n"
LINES = [f"{i % 11},{i % 7},{int(i % 5 == 0)},{int(i % 3 == 0)}" for i in range(90)]


def table(change=lambda lines: lines, head=HEAD):
    return read_table((head + "\n".join(change(list(LINES)))).encode(), "mine.csv")


def words(lines):
    return [x[:-3] + ("yes" if x[-3] == "1" else "no") + x[-2:] for x in lines[1:]]


def with_line(i, line):
    return lambda lines: [*lines[:i], line, *lines[i + 1 :]]


@pytest.mark.parametrize(
    ("found", "labels", "features", "said"),
    [
        (table(with_line(6, "1,1,2,0")), ["u", "v"], None, "Column 'u' holds '2' in row 7: a label must be 0 or 1"),
        (table(with_line(3, "1,1,yes,0")), ["u", "v"], None, "Column 'u' holds 'yes' in row 4"),
        (table(lambda ls: with_line(3, "1,1,yes,0")(with_line(6, "1,1,0,7")(ls))), ["u", "v"], None,
         "Column 'u' holds 'yes' in row 4; 'v' holds '7' in row 7: a label must"),
        (table(words), [], None, "no two such columns. Not of 0 and 1: 'u' holds 'no' and 'yes'. Write 1 where a label holds"),
        (table(with_line(6, "1,1,2,0")), ["v"], None, "Only 'v' is chosen: .* Not of 0 and 1: 'u' holds '2' in row 7"),
        (table(lambda ls: [x[:-3] + "0,1" for x in ls]), ["u", "v"], None,
         "Label 'u' is 0 in every row: it is never there; 'v' is 1 in every row: it is always there. There is nothing to"),
        (table(lambda ls: [x[:-3] + str(1 + int(x[-3])) + x[-2:] for x in ls]), ["v"], None,
         "Not of 0 and 1: 'u' holds '2' and '1'"),
        (table(lambda ls: [x[:-1] + "0" for x in ls]), ["u", "v"], None, "Label 'v' is 0 in every row: it is never there"),
        (table(lambda ls: [x[:-1] + "1" for x in ls]), ["u", "v"], None, "Label 'v' is 1 in every row: it is always there"),
        (table(lambda ls: [x[:-1] + str(int(i < 3)) for i, x in enumerate(ls)]), ["u", "v"], None, "is 1 in only 3 of 90 rows"),
        (table(lambda ls: [x.removesuffix("0") for x in ls]), ["u", "v"], None,
         "Column 'v' holds only 1 and 60 empty cells: write 0 where it does not hold, or leave the label out."),
        (table(lambda ls: [x.removesuffix("1") for x in ls]), ["u", "v"], None,
         "Column 'v' holds only 0 and 30 empty cells: write 1 where it holds"),
        (table(lambda ls: ["," + x.partition(",")[2] if x[-1] == "1" else x for x in ls]), ["u", "v"], None,
         r"'v' is 0 in every row that is left: .* leave it out. Column 'a': 30 rows left out, .* missing \(first: row 1\)"),
        (table(lambda ls: ["," + x[:-1].partition(",")[2] + "0" if i == 5 else x[:-1] + "0" for i, x in enumerate(ls)]),
         ["u", "v"], None, "Label 'v' is 0 in every row: it is never there. There is nothing to learn from it: leave it out.$"),
        (table(lambda ls: ["," + x.partition(",")[2] if x[-1] == "1" and i > 9 else x for i, x in enumerate(ls)]), ["u", "v"],
         None, "'v' is 1 in only 4 of 64 rows left. .* bring more rows. Column 'a': 26 rows left out"),
        (table(lambda ls: [x[:-1] if i % 2 else x[:-3] + x[-2:] for i, x in enumerate(ls)]), ["u", "v"], None,
         "No row has a value in every chosen column. Missing, or no number: 'u' in 45 rows, 'v' in 45 rows. Fill the cells"),
        (table(), ["u", "v"], [], "No features are left"),
        (table(), ["u"], None, "Only 'u' is chosen"),
        (table(), [], None, "None is chosen"),
        (table(), ["u", "w"], None, "There is no column 'w'"),
    ],
)  # fmt: skip
def test_faults_of_a_table_are_said(found, labels, features, said):
    with pytest.raises(TableError, match=said):
        from_label_table(found, labels, features)


@pytest.mark.parametrize("pair", [(-1, 1), (1, 2)])
def test_a_column_that_could_be_a_label_in_other_numbers_is_no_feature_unasked(pair):
    coded = table(lambda ls: [x.replace(",", f",{pair[i % 3 == 0]},", 1) for i, x in enumerate(ls)], "a,late,b,u,v\n")
    data = from_label_table(coded, ["u", "v"])
    assert data.features == ("a", "b")
    assert any(f"'late' holds '{pair[1]}' and '{pair[0]}': no features" in note for note in data.notes)
    assert from_label_table(coded, ["u", "v"], ["a", "late"]).features == ("a", "late")
    alone = read_table(coded.frame[["late", "u", "v"]].to_csv(index=False).encode(), "mine.csv")
    with pytest.raises(TableError, match=r"No features are left: 'late' holds .* Name the columns that are features"):
        from_label_table(alone, ["u", "v"])


def test_a_table_is_split_with_every_label_in_every_part():
    data = from_label_table(table(with_line(8, "1,,0,1")), ["v", "u"])
    assert data.labels == ("v", "u")
    assert len(data.y) + len(data.y_held) + len(data.y_test) == 89
    assert any("row 9" in note for note in data.notes)
    for y in (data.y, data.y_held, data.y_test):
        assert (0 < y.mean(0)).all()
        assert (y.mean(0) < 1).all()
    assert fit_multilabel(data, steps=20).recall.shape == (3, len(METHODS), 2)


def test_knobs_out_of_reason():
    with pytest.raises(ValueError, match="rarest must not be more than common"):
        make_multilabel(common=0.1, rarest=0.3)
    with pytest.raises(ValueError, match="never there in the"):
        make_multilabel(n=200, rarest=0.005)
    with pytest.raises(ValueError, match="method must be one of"):
        prepare_multilabel(DATA, knobs={"nonesuch": {}})


# Training


def test_metrics_are_scikit_learns(run):
    y = DATA.y_test
    for i, m in enumerate(METHODS.values()):
        q = outputs(m.output, run.logits[i].astype(np.float64))
        yes = (q >= 0.5).astype(int)
        np.testing.assert_allclose(run.recall[0, i], [recall_score(y[:, c], yes[c]) for c in range(3)])
        assert run.hamming[0, i] == pytest.approx(hamming_loss(y, yes.T))
        assert run.subset[0, i] == pytest.approx((y == yes.T).all(1).mean())
        if m.output == "sigmoid":  # others may tie in float32
            np.testing.assert_allclose(
                run.average_precision[i], average_precision_score(y, q.T, average=None), atol=1e-9
            )
            learned = (q >= run.threshold[2, i][:, None]).astype(int)
            np.testing.assert_allclose(run.f1[2, i], [f1_score(y[:, c], learned[c]) for c in range(3)], atol=0.02)


def test_the_plain_model_is_the_one_keras_trains(run):
    plan = prepare_multilabel(DATA, steps=12)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    w = plan.theta[0].reshape(3, 3)
    model.layers[0].set_weights([w[:, :-1].T, w[:, -1]])
    model.compile(
        keras.optimizers.Adam(0.05, epsilon=1e-7), keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)
    )
    x, y = DATA.X.astype(np.float32), DATA.y.astype(np.float32)
    for _ in range(12):
        with tf.GradientTape() as tape:
            total = tf.reduce_mean(tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(y, model(x)), 1))
        model.optimizer.apply(tape.gradient(total, model.trainable_variables), model.trainable_variables)
    state = None
    for frame in range(len(plan.steps)):
        state = advance(plan, state, frame, False)
    theirs = np.concatenate([model.layers[0].get_weights()[0].T, model.layers[0].get_weights()[1][:, None]], 1)
    np.testing.assert_allclose(state[1].theta[0].reshape(3, 3), theirs, atol=2e-4)


def test_what_the_page_is_about_happens(run):
    at = {n: i for i, n in enumerate(NAMES)}
    assert run.recall[0, at["pos_weight"], 2] > run.recall[0, at["sigmoid"], 2], "weighting finds more of the rare"
    assert run.recall[1, at["sigmoid"], 2] == pytest.approx(run.recall[0, at["pos_weight"], 2], abs=0.12)
    assert run.repaired_ece[at["pos_weight"], 2] < run.ece[at["pos_weight"], 2]
    soft = outputs("softmax", run.logits[at["softmax"]].astype(np.float64))
    assert ((soft > 0.5).sum(0) <= 1).all()
    assert np.isnan(run.threshold[1, at["softmax"]]).all()


def test_boundaries_are_told_from_the_rule_and_from_the_table(run):
    plan = prepare_multilabel(DATA, steps=300)
    said = multifigures.boundaries_sentence(plan, run, NAMES, 2)
    eta = METHODS["double_sigmoid"].tables([9, 1])
    assert repaired(METHODS["double_sigmoid"], eta, 0.0) == pytest.approx(0.62246, abs=1e-5)  # σ(σ(0))
    assert "Sigmoid twice 62 % (its loss takes σ of that half once more: σ(½) = 0.62)" in said
    assert "Softmax over the labels: no such rule" in said
    # one model that says yes to everything in sight, one that says no
    theta = run.theta.copy()
    for name, bias in (("softmax", 50), ("double_sigmoid", -50)):
        theta[NAMES.index(name)] = 0
        theta[NAMES.index(name)].reshape(3, 3)[2, 2] = bias
    all_alike = multifigures.boundaries_sentence(plan, replace(run, theta=theta), NAMES, 2)
    assert "for Softmax over the labels: everywhere in sight the answer is yes." in all_alike
    assert "for Sigmoid twice: everywhere in sight the answer is no." in all_alike


def test_every_picture_has_its_numbers(run):
    plan = prepare_multilabel(DATA, steps=300)
    figure = multifigures.found(plan, run, NAMES, "half")
    for trace in figure.data[: len(NAMES)]:
        i = [multifigures._title(n) for n in NAMES].index(trace.name)
        np.testing.assert_allclose(np.array(trace.y, float), run.recall[0, i])
        assert (trace.line.dash == "dash") == METHODS[NAMES[i]].flawed
    example = multifigures.telling(plan, run)
    bars = multifigures.twice(plan, run, example).data
    assert sum(bars[1].x) == pytest.approx(1)
    assert sum(bars[2].x) == pytest.approx(1)
    assert "say yes only once" in multifigures.twice_sentence(plan, run, example)
    assert len(multifigures.boundaries(plan, run, NAMES, 2).data) == 3 + len(NAMES)
    assert "0.60672" in multistill.worked_sentence(next(iter(WORKED)), 2)
    assert "→" in multifigures.calibration_sentence(plan, run, NAMES, 2)
    assert len(multifigures.calibration(plan, run, NAMES, 2).data) == 2 + 2 * len(NAMES) - 2  # nothing to undo in two
    assert "pos_weight above a half" in multifigures.thresholds_sentence(plan, run, NAMES, 2)
    assert len(set(multifigures.table(plan, run, NAMES, 2)["label"])) == 1


def test_the_best_is_the_best_and_the_rarest_the_rarest(run):
    plan = prepare_multilabel(DATA, steps=300)
    for name in NAMES:
        said = multifigures.thresholds_sentence(plan, run, [name], 2)
        best = max(run.f1[2, NAMES.index("sigmoid"), 2], run.f1[2, NAMES.index(name), 2])
        assert f"the best F1, {best:.3f}, is that of" in said
        assert f"{DATA.y_test[:, 2].sum():,} of {len(DATA.y_test):,} test examples have the label." in said
    data = replace(DATA, y=DATA.y[:, ::-1])
    assert data.rarest == 0
    said = multifigures.found_sentence(replace(plan, data=data), run, NAMES, "half")
    assert f"of the rarest label, {data.labels[0]} (" in said


def test_a_mark_a_rule_and_none_hides_another(run):
    plan = prepare_multilabel(DATA, steps=300)
    figure = multifigures.thresholds(plan, run, NAMES, 2)
    key = [t for t in figure.data if t.showlegend is None]
    assert [t.name for t in key] == list(RULES.values())
    assert len({t.marker.symbol for t in key}) == len(RULES)
    marks = [t for t in figure.data if t.showlegend is False]
    places = [(t.xaxis, y) for t in marks for y in t.y]
    assert len(set(places)) == len(places) == 2 * len(RULES) * len(NAMES)
    rows = multifigures.table(plan, run, NAMES, 2)
    for trace in marks:
        said = rows[rows["decided"] == trace.name]["recall" if trace.xaxis == "x" else "precision"]
        np.testing.assert_array_equal(np.array(trace.x, float), said.to_numpy())
        symbol = dict(zip([k.name for k in key], [k.marker.symbol for k in key], strict=True))[trace.name]
        assert list(trace.marker.symbol) == [symbol + "-open" * METHODS[n].flawed for n in NAMES]
