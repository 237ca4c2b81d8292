"""The code that the reference hands out gives the loss, the gradient and the decision of LossViz, in every framework."""

import importlib

import numpy as np
import pytest

import lossviz
from lossviz import SCHEMES, STRATEGIES, calls
from lossviz.weights import NORMALISATIONS

COUNTS = [900, 90, 10]
VARIANTS = [(name, {}) for name in STRATEGIES] + [
    ("expected_cost", {"cross_entropy": 0.5}),
    ("error_weighted", {"error_weight": [[1, 2, 3], [4, 5, 6], [7, 8, 9.5]]}),
    ("weighted_cross_entropy", {"class_weight": [1, 1, 1]}),
    ("ldam", {"late": 0.8, "scale": 3}),
    ("vs", {"class_weight": "balanced"}),
    ("focal", {"gamma": 0.5, "class_weight": "sqrt"}),
    ("focal", {"gamma": 0}),
]
IDS = [name + "".join(f"-{k}" for k in knobs) for name, knobs in VARIANTS]
rng = np.random.default_rng(5)
Z = rng.normal(0, 2, (40, 3)).astype(np.float32)
Y = rng.integers(0, 3, 40)


def run(code):
    namespace = {}
    exec(compile(code, "call", "exec"), namespace)  # our own words: what the page shows
    return namespace


def of(framework):
    """The framework's arrays of the logits and the labels."""
    library = importlib.import_module(calls.FRAMEWORKS[framework].library)
    return {
        "keras": lambda: (library.ops.array(Z), library.ops.array(Y)),
        "tensorflow": lambda: (library.constant(Z), library.constant(Y)),
        "pytorch": lambda: (library.tensor(Z), library.tensor(Y)),
        "jax": lambda: (library.numpy.array(Z), library.numpy.array(Y)),
    }[framework]()


@pytest.mark.parametrize(("name", "knobs"), VARIANTS, ids=IDS)
@pytest.mark.parametrize("framework", calls.FRAMEWORKS)
def test_the_same_loss_and_decision(framework, name, knobs):
    pytest.importorskip(calls.FRAMEWORKS[framework].library)
    found = calls.call(framework, name, COUNTS, **knobs)
    made = run(found.code)
    z, y = of(framework)
    # a sampler does in the draw what the weights do on average: its loss is plain
    expected = lossviz.loss("cross_entropy" if name == "resampling" else name, Z, Y, COUNTS, **knobs)
    given = (y, z) if framework == "keras" else (z, y)
    np.testing.assert_allclose(np.asarray(made["loss"](*given)), expected, rtol=2e-4, atol=2e-5)
    t = STRATEGIES[name].tables(COUNTS, **knobs)
    if t.late < 1:
        late = np.asarray(made["loss"](*given, progress=0.9))
        np.testing.assert_allclose(late, expected * t.late_weight[Y, 0], rtol=2e-4, atol=2e-5)
    for i, rule in enumerate(t.decisions):
        decided = np.asarray(made["decide" if i == 0 else f"decide_{rule.name}"](z))
        np.testing.assert_array_equal(decided, rule.classes(Z))


@pytest.mark.parametrize(("name", "knobs"), [v for v in VARIANTS if v[0] != "resampling"])
def test_the_same_gradient(name, knobs):
    import torch

    z = torch.tensor(Z, requires_grad=True)
    run(calls.call("pytorch", name, COUNTS, **knobs).code)["loss"](z, torch.tensor(Y)).sum().backward()
    np.testing.assert_allclose(z.grad, lossviz.gradient(name, Z, Y, COUNTS, **knobs), rtol=1e-3, atol=3e-5)


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_two_classes_and_many(framework):
    for counts in ([500, 31], [9, 8, 7, 6, 5, 400, 30, 20, 10, 1]):
        k = len(counts)
        z, y = rng.normal(0, 2, (9, k)).astype(np.float32), np.arange(9) % k
        for name in ("vs", "error_weighted", "masked_logits", "expected_cost"):
            made = run(calls.call(framework, name, counts).code)
            library = importlib.import_module(calls.FRAMEWORKS[framework].library)
            args = (y, z) if framework == "keras" else (library.tensor(z), library.tensor(y))
            np.testing.assert_allclose(
                np.asarray(made["loss"](*args)), lossviz.loss(name, z, y, counts), rtol=3e-4, atol=3e-5
            )


@pytest.mark.parametrize("name", ["weighted_cross_entropy", "vs"])
def test_keras_takes_it_to_compile(name):
    import keras

    made = run(calls.call("keras", name, COUNTS).code)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=made["loss"])
    expected = lossviz.loss(name, np.asarray(model(Z)), Y, COUNTS).mean()
    assert model.evaluate(Z, Y, batch_size=40, verbose=0) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("name", "knobs"), [v for v in VARIANTS if v[0] != "resampling"])
def test_scikit_learn_finds_the_optimum_of_the_loss(name, knobs):
    """Where there is a call, the gradient of our loss is 0 at its solution; where there is none, it says why."""
    for counts in (COUNTS, [500, 31]):
        if len(counts) != len(COUNTS) and any(not np.isscalar(v) for v in knobs.values()):
            continue
        found = calls.call("sklearn", name, counts, **knobs)
        t = STRATEGIES[name].tables(counts, **knobs)
        by_class = (t.weight == t.weight[:, :1]).all() and t.late == 1 and (t.weight > 0).any()
        plain = (t.scale == 1).all() and not (np.ptp(t.shift, 1).any() or t.focus.any() or t.cost.any())
        assert bool(found.code) == (by_class and plain)
        if not found.code:
            assert "no place for" in found.remark
            continue
        k = len(counts)
        y = np.repeat(np.arange(k), 60)
        X = np.random.default_rng(1).normal(0, 1, (len(y), 2)) + 0.7 * np.column_stack([y == 1, y == 2])
        made = run(found.code)
        made["model"].set_params(tol=1e-8).fit(X, y)
        z = made["model"].decision_function(X)
        if k == 2:
            z = np.column_stack([np.zeros(len(y)), z])
        slope = lossviz.gradient(name, z, y, counts, **knobs)
        one = np.column_stack([np.ones(len(y)), X])
        assert np.abs(one.T @ slope).max() / np.abs(slope).sum() < 2e-4
        np.testing.assert_array_equal(made["decide"](X), t.decisions[0].classes(z))


def test_one_call_where_the_library_has_one():
    for framework in calls.FRAMEWORKS:
        own = {name for name in STRATEGIES if calls.call(framework, name, COUNTS).own}
        assert {
            "cross_entropy",
            "weighted_cross_entropy",
            "class_balanced",
            "resampling",
            "threshold_moving",
        }.isdisjoint(own)
        assert {"focal", "vs", "multiplied_logits", "expected_cost", "weighted_by_prediction"} <= own


def test_our_own_call_runs():
    for name, s in STRATEGIES.items():
        knobs = {k.name: k.default for k in s.knobs}
        made = {"logits": Z, "labels": Y}
        exec(calls.ours(name, COUNTS, knobs), made)
        np.testing.assert_array_equal(made["losses"], lossviz.loss(name, Z, Y, COUNTS))


def test_what_is_wrong_is_said():
    with pytest.raises(
        ValueError, match="framework must be one of 'keras', 'tensorflow', 'pytorch', 'jax' or 'sklearn'"
    ):
        calls.call("mxnet", "focal", COUNTS)


@pytest.mark.parametrize("normalise", [None, *NORMALISATIONS])
@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_in_numpy(name, normalise):
    for counts in (COUNTS, [500, 31]):
        knobs = {k.name: k.default for k in SCHEMES[name].knobs}
        made = run(calls.scheme(name, counts, normalise, **knobs))
        np.testing.assert_allclose(made["weights"], lossviz.class_weights(counts, name, normalise, **knobs), rtol=1e-12)


def test_keras_fits_with_the_weights_of_a_scheme():
    w = lossviz.class_weights(COUNTS, "sqrt", "mean")
    code = calls.use("keras", "sqrt", COUNTS, "mean").code
    assert f"class_weight={{0: {calls.literal(w[0])}, " in code


def labelled(counts, n=4000):
    """Features that say the class, and classes as frequent as `counts`."""
    y = np.random.default_rng(2).choice(len(counts), n, p=np.array(counts) / sum(counts))
    return np.column_stack([y, y**2]).astype(np.float32), y


@pytest.mark.parametrize("counts", [COUNTS, [500, 31]], ids=len)
@pytest.mark.parametrize("framework", calls.TITLES)
def test_a_sampler_draws_every_class_equally_often(framework, counts):
    pytest.importorskip("sklearn" if framework == "sklearn" else calls.FRAMEWORKS[framework].library)
    found = calls.call(framework, "resampling", counts)
    assert not found.own
    named = {"pytorch": "WeightedRandomSampler(", "tensorflow": "sample_from_datasets(", "sklearn": "resample(X"}
    assert named.get(framework, "rng.choice(") in found.code
    assert "class_weight" not in found.code
    made = run(found.code)
    X, y = labelled(counts)
    if framework == "pytorch":
        import torch

        torch.manual_seed(0)
        batches = list(made["batches"](torch.tensor(X), torch.tensor(y)))
        features, drawn = (np.concatenate([b[i].numpy() for b in batches]) for i in (0, 1))
    elif framework == "tensorflow":
        batches = list(made["batches"](X, y, size=100).take(40).as_numpy_iterator())
        features, drawn = (np.concatenate([b[i] for b in batches]) for i in (0, 1))
    elif framework == "sklearn":
        features, drawn = made["draw"](X, y)
        made["model"].fit(features, drawn)
        assert set(made["decide"](X)) == set(range(len(counts)))
    else:
        i = made["draw"](y, np.random.default_rng(0))
        features, drawn = X[i], y[i]
    assert len(drawn) == len(y)
    np.testing.assert_array_equal(features[:, 0], drawn, "features go with their classes")
    share = np.bincount(drawn, minlength=len(counts)) / len(drawn)
    np.testing.assert_allclose(share, 1 / len(counts), atol=0.04)


@pytest.mark.parametrize("framework", calls.FRAMEWORKS)
def test_pos_weight_weighs_the_yes_of_each_label(framework):
    """One label, and several: the loss, by hand and by the one equation, which sees a label as two classes."""
    pytest.importorskip(calls.FRAMEWORKS[framework].library)
    library = importlib.import_module(calls.FRAMEWORKS[framework].library)
    array = {"keras": lambda a: library.ops.array(a), "tensorflow": lambda a: library.constant(a),
             "pytorch": lambda a: library.tensor(a), "jax": lambda a: library.numpy.array(a)}[framework]  # fmt: skip
    single, several = Z[:, 0], (Z > np.array([2.0, 0, -2])).astype(int)
    for counts, z, y, ratio in (
        ([500, 31], single, several[:, 1], 500 / 31),
        (COUNTS, Z, several, np.array([100, 910, 990]) / COUNTS),
    ):
        found = calls.use(framework, "pos_weight", counts)
        made = run(found.code)
        given = (array(y), array(z)) if framework == "keras" else (array(z), array(y))
        losses = np.asarray(made["loss"](*given))
        by_hand = ratio * y * np.logaddexp(0, -z.astype(float)) + (1 - y) * np.logaddexp(0, z.astype(float))
        np.testing.assert_allclose(losses, by_hand, rtol=2e-5, atol=1e-6)
        np.testing.assert_array_equal(np.asarray(made["decide"](array(z))), z > 0)
    pairs = np.column_stack([np.zeros(len(single)), single])
    one = lossviz.loss("weighted_cross_entropy", pairs, several[:, 1], [500, 31], class_weight=[1, 500 / 31])
    losses = run(calls.use("jax", "pos_weight", [500, 31]).code)["loss"](single, several[:, 1])
    np.testing.assert_allclose(np.asarray(losses), one, rtol=2e-5, atol=1e-6)


def test_pos_weight_is_said_as_libraries_say_it():
    told = {framework: calls.use(framework, "pos_weight", [500, 31], "mean") for framework in calls.TITLES}
    assert "pos_weight=pos_weight" in told["pytorch"].code
    assert "tf.nn.weighted_cross_entropy_with_logits(" in told["tensorflow"].code
    assert "class_weight={0: 1.0, 1: 16.12903}" in told["sklearn"].code
    assert all("16.12903" in made.code for made in told.values()), "a ratio is on no other scale"
    assert all("softmax" not in made.code for made in told.values())
    assert [name for name, made in told.items() if made.own] == ["keras", "jax"]


def test_scikit_learn_weighs_the_yes_of_each_label():
    X = np.random.default_rng(1).normal(0, 1, (400, 2))
    labels = (X @ np.array([[1, 0, 1], [0, 1, 1.0]]) + np.random.default_rng(3).normal(0, 1, (400, 3)) > 0.8).astype(
        int
    )
    made = run(calls.use("sklearn", "pos_weight", COUNTS).code)
    ratio = np.array([100, 910, 990]) / COUNTS
    for model, y, w in zip(made["models"], labels.T, ratio, strict=True):
        model.set_params(tol=1e-8).fit(X, y)
        q = model.predict_proba(X)[:, 1]
        slope = np.where(y == 1, w, 1) * (q - y)
        assert np.abs(np.column_stack([np.ones(400), X]).T @ slope).max() / np.abs(slope).sum() < 2e-4
    assert made["decide"](X).shape == (400, 3)
