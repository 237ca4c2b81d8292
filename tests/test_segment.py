"""The segmentation network: the equation over pixels, stuck pixels, void, regions; against Keras, PyTorch and scikit-learn."""

import io

import numpy as np
import pytest
import torch
from conftest import drawn_messages
from sklearn.metrics import jaccard_score

import lossviz
from lossviz import equation, segfigures, segment, segsentences, train
from lossviz.engine import Engine
from lossviz.scenes import CLASSES, VOID
from lossviz.segplan import METHODS, SHOWN, Stretch, from_levels, iou, levels, prepare_scenes

tf = equation.tf
K = len(CLASSES)
ALL = tuple(METHODS)
PIXELS = [n for n, m in METHODS.items() if not m.region]
QUICK = {"scenes": 8, "steps": 20}


def plan(names, **options):
    return prepare_scenes(names, **QUICK | options)


@pytest.fixture(scope="module")
def run():
    return lossviz.fit_scenes(ALL, **QUICK)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# The stuck pixel


@pytest.mark.parametrize("true", range(K))
def test_a_pixel_predicted_as_void_is_stuck(true):
    rng = np.random.default_rng(true)
    z = rng.normal(0, 5, (50, K))
    z[:, VOID] = z.max(1) + rng.uniform(0.01, 30, 50)
    loss, gradient = segment.pixel_loss(plan("multiplied_mask"), 0, z, np.full(50, true))
    np.testing.assert_allclose(loss, np.log(K), rtol=1e-6)
    assert (gradient == 0).all()


def test_one_that_is_predicted_as_anything_else_is_not():
    z = np.random.default_rng(0).normal(0, 3, (200, K))
    z[:, VOID] = -10
    y = np.random.default_rng(1).integers(0, VOID, 200)
    _, gradient = segment.pixel_loss(plan("multiplied_mask"), 0, z, y)
    assert (np.abs(gradient).max(1) > 0).all()


def test_nor_with_void_weighted_nor_by_the_true_label():
    z = np.zeros((1, K))
    z[0, VOID] = 3
    for name, void in (("multiplied_mask", False), ("true_mask", True), ("plain", True)):
        _, gradient = segment.pixel_loss(plan(name, void=void), 0, z, [0])
        assert np.abs(gradient).max() > 0, name


def test_maps_and_counts_show_the_stuck(run):
    row = ALL.index("multiplied_mask")
    shown = run.plan.shown()
    predicted, stuck = run.maps["predicted"][:, row], run.maps["stuck"][:, row].astype(bool)
    wanted = (predicted == VOID) & (shown.labels != VOID)
    assert wanted.any()
    np.testing.assert_array_equal(stuck, wanted)
    assert (run.maps["gradient"][:, row][stuck] == 0).all()
    np.testing.assert_array_equal(np.unique(run.maps["loss"][:, row][stuck]), levels([np.log(K)]))
    np.testing.assert_allclose(run.stuck_loss[:, row][run.stuck[:, row] > 0], np.log(K), rtol=1e-5)
    confusion = run.confusion[:, row]
    np.testing.assert_allclose(run.stuck[:, row], confusion[..., VOID].sum(1) / confusion.sum((1, 2)))
    for name in ("plain", "true_mask", "dice", "tversky"):
        assert (run.stuck[:, ALL.index(name)] == 0).all()


# The equation


@pytest.mark.parametrize("name", PIXELS)
def test_a_pixel_is_an_example_of_the_equation(name):
    p = plan(name)
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 3, (60, K)).astype(np.float32), rng.integers(0, K, 60)
    loss, gradient = segment.pixel_loss(p, 0, z, y)
    m = METHODS[name]
    weights = p.weights if m.mask != "none" else np.where(np.arange(K) == VOID, 0, 1.0)
    knobs = {"class_weight": weights}
    np.testing.assert_allclose(loss, lossviz.loss(m.strategy, z, y, np.ones(K), **knobs), rtol=1e-6)
    np.testing.assert_allclose(gradient, lossviz.gradient(m.strategy, z, y, np.ones(K), **knobs), atol=1e-6)
    # and by hand
    guess, scale = z.argmax(1), np.ones(60)
    w = weights[guess] if name == "predicted_mask" else weights[y] if m.mask != "predicted" else np.ones(60)
    if name == "multiplied_mask":
        scale = weights[guess]
    q = softmax(z.astype(float) * scale[:, None])
    np.testing.assert_allclose(loss, -w * np.log(q[np.arange(60), y]), rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, (w * scale)[:, None] * (q - np.eye(K)[y]), atol=2e-5)


@pytest.mark.parametrize("void", [True, False])
@pytest.mark.parametrize("name", [n for n in PIXELS if METHODS[n].heeds_void])
def test_pytorch_has_the_same_loss_and_gradient(name, void):
    p = plan(name, void=void)
    rng = np.random.default_rng(1)
    z, y = rng.normal(0, 3, (2, K, 5, 7)), rng.integers(0, K, (2, 5, 7))  # images, as torch has them
    at, true = torch.tensor(z, requires_grad=True), torch.tensor(y)
    weights = torch.tensor(p.weights if METHODS[name].mask == "true" else np.ones(K))
    ignored = {"ignore_index": VOID} if void else {}
    theirs = torch.nn.functional.cross_entropy(at, true, weights, reduction="none", **ignored)
    theirs.sum().backward()
    loss, gradient = segment.pixel_loss(p, 0, np.moveaxis(z, 1, -1).reshape(-1, K), y.ravel())
    np.testing.assert_allclose(loss, theirs.detach().numpy().ravel(), rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, np.moveaxis(at.grad.numpy(), 1, -1).reshape(-1, K), atol=2e-5)


def test_regions_have_no_loss_of_a_pixel():
    with pytest.raises(ValueError, match="Dice has no loss of a single pixel"):
        segment.pixel_loss(plan("dice"), 0, np.zeros((1, K)), [0])


@pytest.mark.parametrize("name", ALL)
def test_void_teaches_nothing_where_its_weight_is_0_and_the_mask_knows_the_truth(name):
    heeds = METHODS[name].mask != "predicted"
    assert METHODS[name].heeds_void == heeds
    assert (METHODS[name].title in segsentences.void([name]).partition("Not so")[2]) == (not heeds)
    for void in (True, False):
        p = plan(name, void=void)
        theta = segment.initial(0)
        _, _, seen, labels = segment._scenes(p)
        tables, region = segment._settings(p, 0)
        *_, length = segment._programs()["look"](tf.constant(theta), seen, labels, tables, region)
        at_void = length.numpy()[labels.numpy().ravel() == VOID]
        assert (at_void == 0).all() == (void and heeds)


# Regions


def test_tversky_by_hand_and_dice_as_its_middle():
    q, y = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1])
    z = tf.constant(np.log(q).T[None], tf.float32)
    one_hot, counted = tf.one_hot(y, 2, axis=0)[None], tf.ones([1, 3])
    hit, said, true = np.array([0.9, 1.2]), q.sum(0), np.array([1.0, 2.0])
    dice = 1 - np.mean((2 * hit + 2) / (said + true + 2))
    assert float(segment.tversky(z, one_hot, counted, 0.5, 0.5)[0]) == pytest.approx(dice, rel=1e-6)
    index = (hit + 1) / (hit + 0.3 * (said - hit) + 0.7 * (true - hit) + 1)
    assert float(segment.tversky(z, one_hot, counted, 0.3, 0.7)[0]) == pytest.approx(1 - index.mean(), rel=1e-6)
    without = segment.tversky(z, one_hot, tf.constant([[1.0, 1.0, 0.0]]), 0.5, 0.5)
    fewer = segment.tversky(z[:, :, :2], one_hot[:, :, :2], counted[:, :2], 0.5, 0.5)
    assert float(without[0]) == pytest.approx(float(fewer[0]))


def test_keras_has_the_same_dice_and_tversky():
    import keras

    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(1, 3, 5000)), rng.integers(0, 3, 5000)
    truth, counted = tf.one_hot(y, 3, axis=0, dtype=tf.float64)[None], tf.ones([1, 5000], tf.float64)
    prices = [[tf.constant(v, tf.float64) for v in (a, 1 - a)] for a in (0.5, 0.3)]
    ours = [segment.tversky(tf.constant(z), truth, counted, *p).numpy()[0] for p in prices]
    q, one_hot = softmax(z[0].T)[None], np.eye(3)[y][None]
    theirs = [keras.losses.Dice(axis=(0, 1))(one_hot, q), keras.losses.Tversky(0.3, 0.7, axis=(0, 1))(one_hot, q)]
    np.testing.assert_allclose(
        ours, [float(np.mean(t)) for t in theirs], atol=1e-3
    )  # a 1 is added to ours above and below


# The network


def keras_network(theta):
    import keras

    inputs = keras.Input((64, 64, 5))
    layer = [
        keras.layers.Conv2D(12, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(24, 3, 2, padding="same", activation="relu"),
        keras.layers.Conv2D(24, 3, padding="same", dilation_rate=2, activation="relu"),
        keras.layers.Conv2D(12, 1),
    ]
    fine = layer[0](inputs)
    coarse = keras.layers.UpSampling2D()(layer[2](layer[1](fine)))
    model = keras.Model(inputs, layer[3](keras.layers.Concatenate()([fine, coarse])))
    for one, (w, b), (o, i) in zip(layer, segment.layers(tf.constant(theta)), segment.SHAPES, strict=True):
        side = 1 if one is layer[3] else 3
        one.set_weights([w.numpy().reshape(o, side, side, i // side**2).transpose(1, 2, 3, 0), b.numpy()])
    return model


def test_keras_computes_the_same_logits_and_loss():
    p = plan("true_mask")
    theta = segment.initial(3) + np.float32(0.05)
    model = keras_network(theta)
    assert model.count_params() == segment.SIZE
    images, labels = p.scenes.images[:4], p.scenes.labels[:4]
    seen = segment._inputs(tf.constant(images)).numpy().transpose(1, 2, 3, 0)
    ours = segment.logits(tf.constant(theta), tf.constant(images)).numpy()
    theirs = model(seen).numpy()
    np.testing.assert_allclose(ours.reshape(K, 4, 64, 64).transpose(1, 2, 3, 0), theirs, atol=2e-4)
    import keras

    ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(ce(labels, theirs, sample_weight=p.weights[labels]))
    assert segment.pixel_loss(p, 0, ours.T, labels.ravel())[0].mean() == pytest.approx(expected, rel=1e-5)


def test_a_step_follows_keras_gradient():
    import keras

    p = plan("true_mask")
    state = segment.start(p, (0,))
    model = keras_network(state[0])
    (index,) = p.order(0, 1)
    x = segment._inputs(tf.constant(p.scenes.images[index])).numpy().transpose(1, 2, 3, 0)
    y = p.scenes.labels[index]
    with tf.GradientTape() as tape:
        ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = ce(y, model(x), sample_weight=p.weights[y])
    gradients = [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]
    theirs = [g if g.ndim == 1 else g.transpose(3, 0, 1, 2).ravel() for g in gradients]
    (theta, m, _), frame = segment.advance(p, (0,), state, Stretch(0, 1, 1, False))
    g = np.concatenate(theirs)
    np.testing.assert_allclose(10 * m, g, atol=2e-4 * np.abs(g).max())
    assert frame.own_loss == pytest.approx(float(loss), rel=1e-4)
    moved = np.abs(g) > 1e-5
    np.testing.assert_allclose((state[0] - theta)[moved], p.learning_rate * np.sign(g)[moved], rtol=0.05)


def test_iou_is_scikit_learns(run):
    p = plan("true_mask")
    state = segment.start(p, (0,))
    for chunk in p.chunks():
        state = segment.advance(p, (0,), state, chunk)[0]
    predicted = segment.logits(tf.constant(state[0]), tf.constant(p.test.images)).numpy().argmax(0)
    truth = p.test.labels.ravel()
    judged = truth != VOID
    theirs = jaccard_score(truth[judged], predicted[judged], labels=range(VOID), average=None, zero_division=0)
    row = ALL.index("true_mask")
    np.testing.assert_allclose(np.nan_to_num(run.iou[-1, row, :VOID]), theirs, atol=2e-3)
    assert run.mean_iou[-1, row] == pytest.approx(segsentences.mean_iou(run.confusion[-1, row]))


# Runs


def test_same_start_same_batches_and_alone_as_together(run):
    assert run.done
    assert run.frames == len(run.steps)
    for name in ("predicted", "stuck"):
        assert run.maps[name].shape == (len(run.steps), len(ALL), SHOWN, 64, 64)
    assert (run.maps["predicted"][0] == run.maps["predicted"][0, :1]).all()
    alone = lossviz.fit_scenes("true_mask", **QUICK)
    row = ALL.index("true_mask")
    np.testing.assert_array_equal(alone.confusion[:, 0], run.confusion[:, row])
    np.testing.assert_array_equal(alone.maps["loss"][:, 0], run.maps["loss"][:, row])
    np.testing.assert_array_equal(alone.own_loss[:, 0], run.own_loss[:, row])
    assert alone.own_loss[-1, 0] < alone.own_loss[1, 0]


def test_two_programs_whatever_is_asked(run):
    before = train.compilations()
    lossviz.fit_scenes(["tversky", "plain"], scenes=9, steps=30, seed=2, weights="segnet", learning_rate=0.02)
    assert train.compilations() == before


def test_batches_are_epochs():
    p = plan("plain")
    np.testing.assert_array_equal(np.sort(p.order(0, 2).ravel()), np.arange(8))
    np.testing.assert_array_equal(np.concatenate([p.order(0, 3), p.order(3, 4)]), p.order(0, 7))
    assert sum(c.steps for c in p.chunks()) == 20


def test_training_learns_and_weights_find_the_small():
    found = lossviz.fit_scenes(["plain", "true_mask"], scenes=16, steps=80)
    assert found.mean_iou[-1].min() > found.mean_iou[1].max()
    recall = np.einsum("mcc->mc", found.confusion[-1]) / np.maximum(found.confusion[-1].sum(2), 1)
    small = [CLASSES.index(c) for c in ("Pole", "SignSymbol", "Fence", "Pedestrian", "Bicyclist")]
    assert recall[1, small].mean() > recall[0, small].mean()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"methods": []}, "at least one method"),
        ({"methods": "crf"}, "method must be one of 'plain'"),
        ({"scenes": 1000}, "scenes must be between 8 and 200"),
        ({"weights": "none"}, "weights must be one of 'presence'"),
        ({"weights": [1, 2]}, "one number a class, 12"),
        ({"weights": [-1, *[1] * 11]}, "the weight of Sky is -1"),
        ({"weights": [np.nan, *[1] * 11]}, "the weight of Sky is nan"),
        ({"weights": [0] * 12}, "nothing would be learnt"),
        ({"knobs": {"tversky": {"gamma": 1}}}, "knob of tversky must be one of 'alpha'"),
    ],
)
def test_what_is_wrong_is_a_sentence(given, said):
    with pytest.raises(ValueError, match=said):
        prepare_scenes(**{"methods": ["tversky"], **given})


def test_divergence_is_a_sentence():
    p = plan("plain")
    state = segment.start(p, (0,))
    with pytest.raises(FloatingPointError, match="Plain diverged by step 5: choose a smaller learning rate"):
        segment.advance(p, (0,), (np.full_like(state[0], np.inf), *state[1:]), Stretch(0, 5, 1, False))


def test_levels_and_iou():
    v = np.geomspace(1e-3, 100, 50)
    np.testing.assert_allclose(from_levels(levels(v)), v, rtol=0.1)
    table = np.zeros((2, 3, 3))
    table[0] = [[5, 1, 0], [2, 2, 0], [0, 0, 0]]
    np.testing.assert_allclose(iou(table)[0], [5 / 8, 2 / 5, np.nan])


# Told and taken home


def test_sentences_are_the_runs(run):
    told = segsentences.outcome(run)
    for name, v in zip(ALL, run.mean_iou[-1], strict=True):
        assert f"{METHODS[name].title} {100 * v:.1f} %" in told
    row = ALL.index("multiplied_mask")
    at = run.stuck[:, row].argmax()
    assert f"at step {run.steps[at]}, {segsentences.share(run.stuck[at, row])} of the unseen pixels stuck" in told
    assert "loss 2.485 = log 12" in told


def test_files_and_code(run):
    kept = np.load(io.BytesIO(segfigures.as_npz(run)))
    np.testing.assert_array_equal(kept["iou"], run.iou)
    assert kept["methods"].tolist() == list(ALL)
    table = segfigures.iou_table(run)
    assert len(table) == len(ALL) * len(run.steps)
    np.testing.assert_array_equal(table["Road"].to_numpy()[: len(run.steps)], run.iou[:, 0, CLASSES.index("Road")])
    made = plan(["tversky", "plain"], weights="all", void=False, knobs={"tversky": {"alpha": 0.1}})
    scope = {}
    exec(segfigures.call(made, "all").replace("print(", "str("), scope)
    again = scope["run"].plan
    assert again.methods == made.methods
    assert again.knobs == made.knobs
    np.testing.assert_array_equal(again.weights, made.weights)
    figure = segfigures.iou_curves(run, ALL.index("multiplied_mask"))
    np.testing.assert_allclose(figure.data[3].y, run.iou[:, ALL.index("multiplied_mask"), 3], rtol=1e-6)
    assert figure.data[3].line.dash == "dash"


def test_workers_train_the_same_and_the_messages_hold_it(engine, finish):
    assert isinstance(engine, Engine)
    p = plan(["plain", "multiplied_mask"])
    job = engine.start(p)
    found = finish(job)
    assert found.done, job.error
    here = lossviz.fit_scenes(["plain", "multiplied_mask"], **QUICK)
    # another number of threads rounds otherwise: a pixel in a thousand may fall on the other side
    assert np.abs(found.confusion - here.confusion).sum((2, 3)).max() < 0.005 * here.confusion[0, 0].sum()
    np.testing.assert_allclose(found.own_loss, here.own_loss, rtol=1e-3)
    head, *pieces, end = drawn_messages(job)
    assert head["kind"] == "head"
    np.testing.assert_array_equal(head["arrays"]["labels"].reshape(SHOWN, 64, 64), p.shown().labels)
    masks = [np.array(panel["table"]).reshape(K, K) for panel in head["panels"]]
    weights = np.where(np.arange(K) == VOID, 0, p.weights)
    np.testing.assert_allclose(masks[1], np.tile(weights, (K, 1)), atol=1e-4)
    assert {(m["frame"], m["row"]) for m in pieces} == {(f, r) for f in range(len(p.steps)) for r in range(2)}
    for m in pieces:
        for name in ("predicted", "loss", "gradient", "stuck"):
            np.testing.assert_array_equal(m["arrays"][name], found.maps[name][m["frame"], m["row"]].ravel())
        np.testing.assert_allclose(m["arrays"]["iou"], found.iou[m["frame"], m["row"]], rtol=1e-6)
        assert m["mean"] == pytest.approx(found.mean_iou[m["frame"], m["row"]])
    assert end["sentence"] == segsentences.outcome(found)


def test_a_class_that_no_training_scene_has_is_not_stuck():
    p = plan("true_mask", scenes=8, seed=83)
    assert (p.weights[:VOID] == 0).any()
    found = lossviz.fit_scenes("true_mask", scenes=8, seed=83, steps=20)
    at_absent = found.confusion[-1, 0][p.weights == 0].sum()
    assert at_absent > 0, "the test part has pixels of it"
    assert (found.stuck == 0).all()
    assert "stuck: wrong" not in segsentences.outcome(found)


def test_the_sentence_on_classes_looks_at_every_trained_frame(run):
    for row, name in enumerate(ALL):
        said = segsentences.classes(run, row)
        right = np.diagonal(run.confusion[1:, row], axis1=1, axis2=2)
        there = run.confusion[-1, row].sum(1) > 0
        never = said.partition("never right: ")[2].partition(";")[0].rstrip(".")
        lost = said.partition("not at the end: ")[2].rstrip(".")
        assert set(filter(None, never.split(", "))) == {
            CLASSES[c] for c in range(K) if there[c] and not right[:, c].any()
        }
        ended = {CLASSES[c] for c in range(K) if there[c] and right[:, c].any() and not right[-1, c]}
        assert set(filter(None, lost.split(", "))) == ended
        assert said.startswith(METHODS[name].title)
    assert any("not at the end" in segsentences.classes(run, row) for row in range(len(ALL)))


def test_a_class_without_a_test_pixel_is_no_class_of_the_sentence():
    found = lossviz.fit_scenes("plain", scenes=8, seed=90, steps=20)
    absent = [c for c in range(K) if found.confusion[-1, 0, c].sum() == 0 and c != VOID]
    assert absent
    assert not any(CLASSES[c] in segsentences.classes(found, 0) for c in absent)
