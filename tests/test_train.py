"""Training: the same to the last bit in any company, equal to a plain Torch loop, and what a Run says of itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn import metrics

import lossviz
from lossviz import OPTIMIZERS, STRATEGIES, decode_maps, fit, loss, models, train
from lossviz.plan import ROWS, SLOTS, Chunk, Plan, assemble, prepare

rng = np.random.default_rng(0)
COUNTS = np.array([60, 20, 10])
Y = np.repeat(np.arange(3), COUNTS)[rng.permutation(90)]
X = rng.normal([[10, -3]], [[2, 0.5]], (90, 2)) + np.array([[0, 0], [3, 0], [1, 1]])[Y]
Y_TEST = np.arange(45) % 3
X_TEST = rng.normal([[10, -3]], [[2, 0.5]], (45, 2)) + np.array([[0, 0], [3, 0], [1, 1]])[Y_TEST]
SMALL = {"X_test": X_TEST, "y_test": Y_TEST, "resolution": 16, "model": "linear", "steps": 10}
ALL = list(STRATEGIES)
ARRAYS = ("theta", "losses", "cross_entropy", "test_cross_entropy", "confusion", "maps")


def row(run, i):
    """All that a run says of its row i, as bytes."""
    said = [getattr(run, a)[:, i].tobytes() for a in ARRAYS] + [run.test_logits[i].tobytes()]
    return said, [str({**m, "row": 0}) for m in run.metrics if m["row"] == i]


def logits(theta, x, dims):
    """Logits of one flat parameter vector in Torch, float64: tanh between layers, the bias in the last column."""
    h, at = x, 0
    for i, (o, n) in enumerate(zip(dims[1:], dims[:-1], strict=True)):
        w = theta[at : at + o * (n + 1)].reshape(o, n + 1)
        at += o * (n + 1)
        h = (torch.tanh(h) if i else h) @ w[:, :-1].T + w[:, -1]
    return h


def logits_of(run, frame, i, points):
    x = torch.tensor((points - X.mean(0)) / X.std(0))
    return logits(torch.tensor(run.theta[frame, i].astype(float)), x, run.plan.dims).numpy()


@pytest.fixture(scope="module")
def everything():
    """Every strategy, in more calls of the compiled program than one."""
    return fit(ALL, X, Y, **SMALL | {"steps": 100, "frames": 100})


def test_run_is_whole(everything):
    run = everything
    assert run.done
    assert run.frames == len(run.steps) == 101 > SLOTS
    assert run.strategies == tuple(ALL)
    assert run.theta.shape == (101, len(ALL), 9)
    assert run.maps.shape == (101, len(ALL), 16, 16)
    assert run.maps.dtype == np.uint8
    assert run.test_logits.shape == (len(ALL), 45, 3)
    for name in ARRAYS:
        assert np.isfinite(getattr(run, name)).all(), name
    # same start for all
    assert (run.theta[0] == run.theta[0, 0]).all()
    np.testing.assert_array_equal(run.theta[0, 0], models.initial((2, 3), 0))
    # training gets somewhere
    assert (run.losses[-1] < run.losses[0]).sum() > 0.7 * len(ALL)
    decisions = [(m["row"], m["decision"]) for m in run.metrics]
    assert decisions == [(i, d.name) for i, r in enumerate(run.plan.rows) for d in r.tables.decisions]
    assert len(run.table()) == len(decisions)
    assert {"strategy", "seed", "decision", "recall[0]", "recall[2]", "macro_f1"} <= set(run.table().columns)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_bit_identical_in_any_company(everything, batch_size):
    """Alone, in pairs, in any order, with and without padding, twice: the same bits."""
    if batch_size:
        base = fit(ALL, X, Y, **SMALL, batch_size=batch_size)
    else:
        base = everything
    options = SMALL | {"batch_size": batch_size} | ({} if batch_size else {"steps": 100, "frames": 100})
    middle = ALL[len(ALL) // 2]
    for names in ([middle], ["focal", "ldam"], ALL[::-1], ["resampling", *ALL[:ROWS]], ALL[: ROWS + 1], ALL):
        run = fit(names, X, Y, **options)
        for i, name in enumerate(names):
            assert row(run, i) == row(base, ALL.index(name)), (name, names)


def test_repeats_are_the_seeds_by_themselves():
    both = fit(["cross_entropy", "vs"], X, Y, **SMALL, batch_size=16, seed=4, repeats=2)
    assert [(r.strategy, r.seed) for r in both.plan.rows] == [(n, s) for n in ("cross_entropy", "vs") for s in (4, 5)]
    alone = fit(["vs"], X, Y, **SMALL, batch_size=16, seed=5)
    assert row(both, 3) == row(alone, 0)
    assert row(both, 2) != row(both, 3)


# Against a plain loop

PEER_LOSSES = {
    "cross_entropy": lambda z, y, w: torch.nn.functional.cross_entropy(z, y),
    "weighted_cross_entropy": lambda z, y, w: (w[y] * torch.nn.functional.cross_entropy(z, y, reduction="none")).mean(),
    "resampling": lambda z, y, w: torch.nn.functional.cross_entropy(z, y),  # in mini-batches, the sampler does it
    "focal": lambda z, y, w: -((1 - z.softmax(1)) ** 2 * z.log_softmax(1))[torch.arange(len(y)), y].mean(),
    "multiplied_logits": lambda z, y, w: torch.nn.functional.cross_entropy(w * z, y),
}
PEER_OPTIMIZERS = {
    "adam": lambda p, rate: torch.optim.Adam(p, rate, betas=(0.9, 0.999), eps=1e-7),
    "momentum": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9),
    "sgd": lambda p, rate: torch.optim.SGD(p, rate),
}


@pytest.mark.parametrize(
    ("model", "optimizer", "batch_size", "l2"),
    [
        ("linear", "adam", None, 0),
        ("linear", "momentum", None, 0.1),
        ("linear", "sgd", 16, 0),
        ("linear", "adam", 40, 0.3),  # 90 = 40 + 40 + 10: the third batch goes on in the next epoch
        ("linear", "momentum", 16, 0),
        ("mlp", "adam", None, 0.05),
        ("mlp", "sgd", 16, 0.05),
    ],
)
def test_equals_a_torch_loop(model, optimizer, batch_size, l2):
    names = [n for n in PEER_LOSSES if batch_size or n != "resampling"]
    options = SMALL | {"model": model, "optimizer": optimizer, "batch_size": batch_size, "l2": l2}
    run = fit(names, X, Y, **options)
    assert run.steps.tolist() == list(range(11))
    x = torch.tensor((X - X.mean(0)) / X.std(0))
    w = torch.tensor(90 / 3 / COUNTS)
    decay = torch.tensor(l2 * models.is_weight(run.plan.dims).astype(float))
    for i, name in enumerate(names):
        theta = torch.tensor(models.initial(run.plan.dims, 0).astype(float), requires_grad=True)
        peer = PEER_OPTIMIZERS[optimizer]([theta], OPTIMIZERS[optimizer].learning_rate)
        sampler = "balanced" if name == "resampling" else "uniform"
        order = np.concatenate([run.plan.order(sampler, 0, e) for e in range(6)])
        for step in range(10):
            at = order[step * batch_size : (step + 1) * batch_size] if batch_size else np.arange(90)
            peer.zero_grad()
            value = PEER_LOSSES[name](logits(theta, x[at], run.plan.dims), torch.tensor(Y[at]), w)
            (value + (decay * theta**2).sum() / 2).backward()
            peer.step()
            np.testing.assert_allclose(
                run.theta[step + 1, i], theta.detach(), atol=3e-5, err_msg=f"{name}, step {step}"
            )
        assert np.abs(run.theta[10, i] - run.theta[0, i]).max() > 0.01


def test_optimisers_and_rates_differ():
    ends = [
        fit("cross_entropy", X, Y, **SMALL, **o).theta[-1].tobytes()
        for o in ({}, {"optimizer": "sgd"}, {"optimizer": "momentum"}, {"learning_rate": 0.1}, {"l2": 1.0}, {"seed": 1},
                  {"batch_size": 16}, {"init": "zeros"})
    ]  # fmt: skip
    assert len(set(ends)) == len(ends)
    assert fit("cross_entropy", X, Y, **SMALL, batch_size=90).theta[-1].tobytes() == ends[0]  # all of it is full batch


def test_l2_leaves_biases_alone():
    """No signal, strong decay: weights go, the bias stays at the log prior."""
    flat = np.random.default_rng(1).normal(size=(90, 2))
    run = fit("cross_entropy", flat, Y, **SMALL | {"steps": 300, "optimizer": "sgd", "l2": 3.0, "learning_rate": 0.3})
    w = run.theta[-1, 0].reshape(3, 3)
    assert np.abs(w[:, :2]).max() < 0.05
    np.testing.assert_allclose(w[:, 2] - w[0, 2], np.log(COUNTS / 60), atol=0.05)


# Samplers and the late switch


def test_samplers():
    plan = prepare("resampling", X, Y, **SMALL, batch_size=16)
    again = prepare("resampling", X, Y, **SMALL, batch_size=16)
    drawn = np.concatenate([plan.order("balanced", 0, e) for e in range(100)])
    np.testing.assert_array_equal(drawn, np.concatenate([again.order("balanced", 0, e) for e in range(100)]))
    share = np.bincount(Y[drawn], minlength=3) / len(drawn)
    np.testing.assert_allclose(share, 1 / 3, atol=4 * np.sqrt(2 / 9 / len(drawn)))
    for c in range(3):  # and within a class, every example
        times = np.bincount(drawn, minlength=90)[c == Y]
        expected = len(drawn) / 3 / COUNTS[c]
        assert np.abs(times - expected).max() < 5 * np.sqrt(expected)
    for epoch in range(3):
        assert sorted(plan.order("uniform", 0, epoch)) == list(range(90))
    orders = [plan.order(s, seed, e).tolist() for s in ("balanced", "uniform") for seed in (0, 1) for e in (0, 1)]
    assert len({tuple(o) for o in orders}) == 8
    gap = prepare("resampling", X[Y != 1], Y[Y != 1], **SMALL)  # a class that the training part lacks
    assert set(gap.y[gap.order("balanced", 0, 0)]) == {0, 2}


def test_resampling_on_all_data_is_its_expectation():
    run = fit(["resampling", "weighted_cross_entropy"], X, Y, **SMALL)
    assert run.theta[:, 0].tobytes() == run.theta[:, 1].tobytes()


@pytest.mark.parametrize(("late", "switch"), [(0.5, 10), (0.25, 5), (0.9, 18)])
def test_late_weights_come_late(late, switch):
    options = SMALL | {"steps": 20}
    never = fit("ldam", X, Y, **options)
    run = fit("ldam", X, Y, **options, knobs={"ldam": {"late": late}})
    assert run.theta[: switch + 1].tobytes() == never.theta[: switch + 1].tobytes()
    assert run.losses[:switch].tobytes() == never.losses[:switch].tobytes()
    assert run.losses[switch] != never.losses[switch], "a frame shows the loss that the next step goes down"
    assert (run.theta[switch + 1 :] != never.theta[switch + 1 :]).any(axis=(1, 2)).all()
    # the curve then is that of the loss that is trained
    w = lossviz.class_weights(COUNTS, "effective_number", beta=0.999)
    own = loss("ldam", logits_of(run, 20, 0, X), Y, COUNTS)
    assert run.losses[20, 0] == pytest.approx((w[Y] * own).mean(), rel=1e-5)


def test_late_from_the_start_is_class_balanced():
    knobs = {"ldam": {"late": 0, "max_margin": 0, "beta": 0.9}, "class_balanced": {"beta": 0.9}}
    run = fit(["ldam", "class_balanced"], X, Y, **SMALL, knobs=knobs)
    np.testing.assert_allclose(run.theta[:, 0], run.theta[:, 1], atol=1e-6)


# Compilations


def test_nothing_recompiles(everything):
    """One program per model, features and classes: knobs, sizes, steps, strategies and optimisers are its arguments."""
    before = train.compilations()
    assert before >= 3
    more = np.random.default_rng(2).normal(size=(3000, 2))
    labels = np.arange(3000) % 3
    for names, x, y, options in (
        ("focal", X, Y, {"knobs": {"focal": {"gamma": 3.5}}}),
        (ALL[:7], X, Y, {"knobs": {"weighted_cross_entropy": {"class_weight": "sqrt"}}}),
        ("vs", X[:70], Y[:70], {}),
        ("vs", more, labels, {"steps": 3}),
        ("vs", more, labels, {"steps": 3, "X_test": more, "y_test": labels}),
        ("cdt", X, Y, {"steps": 37, "frames": 5}),
        ("cdt", X, Y, {"optimizer": "momentum", "learning_rate": 0.01, "l2": 0.1}),
        ("cdt", X, Y, {"optimizer": "sgd", "batch_size": 7, "seed": 3}),
        ("cdt", more, labels, {"optimizer": "sgd", "batch_size": 700, "steps": 2, "repeats": 3}),
        ("ldam", X, Y, {"init": "zeros", "knobs": {"ldam": {"late": 0.5}}}),
    ):
        fit(names, x, y, **SMALL | options)
        assert train.compilations() == before, (names, options)


# Maps, curves, metrics


def agrees(maps, decision, z):
    """Whether map bytes say what a decision rule does with logits z."""
    classes, confidence = decode_maps(maps, 3)
    p, expected = decision.probabilities(z), decision.classes(z)
    price = p @ decision.cost if decision.cost is not None else -p
    ordered = np.sort(price, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 1e-5
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(classes[clear], expected[clear])
    sure = np.maximum(p[np.arange(len(p)), expected], 1 / 3)
    np.testing.assert_allclose(confidence[clear], sure[clear], atol=0.51 * (2 / 3) / (256 // 3 - 1) + 1e-4)


@pytest.mark.parametrize("name", ALL)
def test_maps_show_the_first_decision(everything, name):
    i = ALL.index(name)
    grid = everything.plan.grid()
    assert grid.shape == (256, 2)
    for frame in (0, 63, 64, 100):
        z = logits_of(everything, frame, i, grid)
        decision = STRATEGIES[name].tables(COUNTS).decisions[0]
        agrees(everything.maps[frame, i].ravel(), decision, z)


def test_grid_is_the_picture(everything):
    x0, x1, y0, y1 = everything.plan.extent
    grid = everything.plan.grid().reshape(16, 16, 2)
    assert x0 < grid[0, 0, 0] < grid[0, 15, 0] < x1  # along a row x grows
    assert y0 < grid[0, 0, 1] < grid[15, 0, 1] < y1  # rows from the bottom up
    assert grid[0, 0, 0] - x0 == pytest.approx((x1 - x0) / 32)
    assert x0 < np.percentile(X[:, 0], 1) < np.percentile(X[:, 0], 99) < x1


def test_maps_of_every_kind_of_decision(everything):
    rules = {(n, d.name): d for n in ALL for d in STRATEGIES[n].tables(COUNTS).decisions}
    wanted = [
        ("multiplied_logits", "scaled"),
        ("expected_cost", "cost"),
        ("masked_logits", "scaled"),
        ("threshold_moving", "moved"),
    ]
    frames = np.zeros((SLOTS, ROWS, 9), np.float32)
    frames[:2] = everything.theta[[50, 100], :1]
    out = train.paint(everything.plan, frames, 2, [rules[key] for key in wanted])
    assert out.shape == (2, ROWS, 256)
    for f, frame in enumerate((50, 100)):
        z = logits_of(everything, frame, 0, everything.plan.grid())
        for i, key in enumerate(wanted):
            agrees(out[f, i], rules[key], z)


@pytest.mark.parametrize("name", ALL)
def test_curves_are_mean_losses(everything, name):
    i = ALL.index(name)
    for frame in (0, 40, 100):
        z, z_test = logits_of(everything, frame, i, X), logits_of(everything, frame, i, X_TEST)
        assert everything.losses[frame, i] == pytest.approx(loss(name, z, Y, COUNTS).mean(), rel=2e-5)
        assert everything.cross_entropy[frame, i] == pytest.approx(metrics.log_loss(Y, softmax(z)), rel=2e-5)
        expected = metrics.log_loss(Y_TEST, softmax(z_test), labels=[0, 1, 2])
        assert everything.test_cross_entropy[frame, i] == pytest.approx(expected, rel=2e-5)
    np.testing.assert_allclose(everything.test_logits[i], z_test, atol=1e-4)


def softmax(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


def test_metrics_are_scikit_learns(everything):
    for m in everything.metrics:
        z = everything.test_logits[m["row"]]
        rules = {d.name: d for d in everything.plan.rows[m["row"]].tables.decisions}
        decided, p = rules[m["decision"]].classes(z), rules[m["decision"]].probabilities(z)
        scores = {"labels": [0, 1, 2], "average": None, "zero_division": 0}
        np.testing.assert_array_equal(m["recall"], metrics.recall_score(Y_TEST, decided, **scores))
        np.testing.assert_array_equal(m["precision"], metrics.precision_score(Y_TEST, decided, **scores))
        np.testing.assert_array_equal(m["confusion"], metrics.confusion_matrix(Y_TEST, decided))
        assert m["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(Y_TEST, decided))
        assert m["accuracy"] == pytest.approx(metrics.accuracy_score(Y_TEST, decided))
        assert m["macro_f1"] == pytest.approx(metrics.f1_score(Y_TEST, decided, average="macro", zero_division=0))
        assert m["log_loss"] == pytest.approx(metrics.log_loss(Y_TEST, p))
        np.testing.assert_allclose(m["predicted_share"], p.mean(0))
        assert m["predicted_share"].sum() == pytest.approx(1)


def test_confusion_of_every_frame(everything):
    """Against scikit-learn, frame by frame and rule by rule, from the parameters alone."""
    plan = everything.plan
    for f in (0, len(everything.steps) // 2, -1):
        z = [logits_of(everything, f, i, X_TEST) for i in range(len(plan.rows))]
        for i, r in enumerate(plan.rows):
            for d in range(2):
                rule = r.tables.decisions[min(d, len(r.tables.decisions) - 1)]
                expected = metrics.confusion_matrix(Y_TEST, rule.classes(z[i]), labels=range(len(plan.classes)))
                # a point on the boundary may fall to either side in single precision
                assert np.abs(everything.confusion[f, i, d] - expected).sum() <= 2
    assert (everything.confusion.sum((-1, -2)) == len(Y_TEST)).all()
    for m in everything.metrics:
        d = [r.name for r in plan.rows[m["row"]].tables.decisions].index(m["decision"])
        np.testing.assert_array_equal(everything.confusion[-1, m["row"], d], m["confusion"])


def test_scaled_inference_paints_what_scaled_logits_decide():
    names = ["cross_entropy", "multiplied_logits"]
    raw, scaled = (fit(names, X, Y, **SMALL, inference=i) for i in ("raw", "scaled"))
    np.testing.assert_array_equal(raw.theta, scaled.theta)
    np.testing.assert_array_equal(raw.maps[:, 0], scaled.maps[:, 0])
    assert (raw.maps[-1, 1] != scaled.maps[-1, 1]).any()
    assert [r.rule.name for r in scaled.plan.rows] == ["logits", "scaled"]
    with pytest.raises(ValueError, match="inference must be one of 'raw' or 'scaled'; not 'both'"):
        fit(names, X, Y, **SMALL, inference="both")


def test_push_is_the_gradient_on_the_logits(everything):
    plan = everything.plan
    found = train.push(plan, everything.theta[50], 50)
    assert found.shape == (len(ALL), len(Y))
    for i, name in enumerate(ALL):
        slope = lossviz.gradient(name, logits_of(everything, 50, i, X), Y, COUNTS)
        np.testing.assert_allclose(found[i], np.abs(slope).sum(1), rtol=1e-3, atol=1e-5, err_msg=name)


def test_push_knows_late_weights():
    run = fit("ldam", X, Y, **SMALL | {"steps": 20}, knobs={"ldam": {"late": 0.5}})
    early, late = (train.push(run.plan, run.theta[0], step) for step in (9, 10))
    w = lossviz.class_weights(COUNTS, "effective_number", beta=0.999)
    np.testing.assert_allclose(late, early * w[Y], rtol=1e-4)


# A run in the making


def test_pieces_make_a_run(everything):
    plan = prepare(ALL[:6], X, Y, **SMALL | {"steps": 100, "frames": 100})
    shards = plan.shards()
    assert sorted(i for shard in shards for i in shard) == list(range(6))
    parts = [list(train.pieces(plan, shard)) for shard in shards]
    assert all(len(p) > 1 for p in parts)
    empty, half = assemble(plan, []), assemble(plan, [p for part in parts for p in part[:1]])
    assert (empty.frames, empty.done) == (0, False)
    assert not half.done
    assert 0 < half.frames < 101
    assert np.isfinite(half.theta[: half.frames]).all()
    assert np.isnan(half.theta[half.frames :]).all()
    one_shard = assemble(plan, parts[0])
    assert (one_shard.frames, one_shard.done) == (0, False)
    whole = assemble(plan, [p for part in parts[::-1] for p in part])  # in whatever order they come
    assert whole.done
    for i in range(6):
        assert row(whole, i) == row(everything, i)
    assert not replace(whole, metrics=()).done


def test_split_is_stratified_and_seeded():
    plans = [prepare("cross_entropy", X, Y, seed=s) for s in (0, 0, 1)]
    assert np.bincount(plans[0].y_test).tolist() == [18, 6, 3]
    assert plans[0].counts.tolist() == [42, 14, 7]
    both = np.concatenate([plans[0].X, plans[0].X_test])
    assert sorted(map(tuple, both)) == sorted(map(tuple, X))
    np.testing.assert_array_equal(plans[0].X, plans[1].X)
    assert (plans[0].X != plans[2].X).any()
    np.testing.assert_allclose(plans[0].standardised(plans[0].X).mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(plans[0].standardised(plans[0].X).std(0), 1, atol=1e-6)


def test_absent_class_trains():
    """A class of which the training part has no example: no NaN, for any strategy."""
    few = Y != 1
    run = fit(ALL, X[few], Y[few], **SMALL)
    assert run.done
    for name in ("theta", "losses", "cross_entropy", "test_cross_entropy"):
        assert np.isfinite(getattr(run, name)).all(), name
    rare = {
        m["decision"]: m["recall"][1] for m in run.metrics if run.strategies[m["row"]] == "posthoc_logit_adjustment"
    }
    assert rare["adjusted"] == 0


BAD = [
    ({"names": []}, "names is empty"),
    ({"names": "adam"}, "strategy must be one of 'cross_entropy', .*; not 'adam'"),
    ({"names": ["focal", "focal"]}, "strategy 'focal' is named twice"),
    ({"model": "cnn"}, "model must be one of 'linear' or 'mlp'; not 'cnn'"),
    ({"optimizer": "lion"}, "optimizer must be one of 'adam', 'momentum' or 'sgd'; not 'lion'"),
    ({"init": "he"}, "init must be one of 'glorot' or 'zeros'; not 'he'"),
    ({"knobs": {"focal": {"gamma": 1}}}, "strategy with knobs must be one of 'cross_entropy'; not 'focal'"),
    ({"names": "focal", "knobs": {"focal": {"gama": 1}}}, "knob of focal must be one of"),
    ({"names": "focal", "knobs": {"focal": {"gamma": 99}}}, "gamma must be between 0 and 5; not 99"),
    ({"names": "vs", "knobs": {"vs": {"class_weight": [1, -1, 1]}}}, r"class_weight\[1\] is -1"),
    ({"steps": 0}, "steps must be a whole number from 1 to .*; not 0"),
    ({"steps": 2.5}, "steps must be a whole number"),
    ({"steps": True}, "steps must be a whole number"),
    ({"steps": None}, "steps must be a whole number"),
    ({"seed": -1}, "seed must be a whole number"),
    ({"seed": "x"}, "seed must be a whole number"),
    ({"repeats": 0}, "repeats must be a whole number"),
    ({"frames": 0}, "frames must be a whole number"),
    ({"resolution": 1}, "resolution must be a whole number"),
    ({"batch_size": 0}, "batch_size must be a whole number"),
    ({"batch_size": 8.0}, "batch_size must be a whole number"),
    ({"learning_rate": 0}, "learning_rate must be between"),
    ({"learning_rate": np.nan}, "learning_rate must be between .*; not nan"),
    ({"learning_rate": "fast"}, "learning_rate must be between"),
    ({"l2": -0.1}, "l2 must be between 0 and 100; not -0.1"),
    ({"X": X[:, 0]}, r"X must be 2-D, \[examples, features\]; not of shape \(90,\)"),
    ({"X": X[:, :0]}, "X must be 2-D"),
    ({"X": X.astype(str).astype(object) + "a"}, "X must be numbers"),
    ({"X": X[:80]}, r"y must have one label an example, \(80,\); not \(90,\)"),
    ({"X": X[:0], "y": Y[:0]}, "X has no examples"),
    ({"X": np.where(np.arange(90)[:, None] == [3, 99], np.nan, X)}, r"X\[3, 0\] is nan: features must be finite"),
    ({"X": np.where(np.arange(90)[:, None] == [99, 4], np.inf, X)}, r"X\[4, 1\] is inf: features must be finite"),
    ({"y": Y.astype(float)}, "y must be integers, class indices from 0; not float64"),
    ({"y": np.array(["a", "b", "c"])[Y]}, "y must be integers"),
    ({"y": Y - 1}, r"y\[\d+\] is -1: class indices start at 0"),
    ({"y": np.where(np.arange(90) == 2, -1, np.where(np.arange(90) == 5, -7, Y))}, r"y\[2\] is -1: class indices"),
    ({"y": np.eye(3, dtype=int)[Y]}, "y must have one label an example"),
    ({"y": 0 * Y}, "y has one class only"),
    ({"y": 0 * Y, "X_test": None, "y_test": None}, "y has one class only"),
    ({"y": Y * (np.arange(90) == Y.argmax()), "X_test": None, "y_test": None}, r"class 1 has \d+ example|class \d has 1 ex"),
    ({"y": 2 * (Y > 0), "X_test": None, "y_test": None}, "class 1 has 0 example"),
    ({"y_test": None}, "X_test and y_test go together"),
    ({"X_test": None}, "X_test and y_test go together"),
    ({"X_test": X_TEST[:, :1]}, "X_test must have as many features as X, 2; not 1"),
    ({"X_test": X_TEST[:5]}, r"y_test must have one label an example, \(5,\); not \(45,\)"),
    ({"X_test": X_TEST * np.nan}, r"X_test\[0, 0\] is nan"),
    ({"y_test": Y_TEST + 1}, "y_test has class 3, which y never has"),
    ({"y_test": Y_TEST - 1}, r"y_test\[0\] is -1"),
    ({"X_test": X_TEST[:0], "y_test": Y_TEST[:0]}, "X_test has no examples"),
    ({"y": 0 * Y + 1}, "y has one class only"),
    ({"y": Y + 3000 * (np.arange(90) == 7)}, "y has class 300[012]: there may be 128 classes at most"),
    ({"y": Y + 2 * 10**18 * (np.arange(90) == 7)}, "there may be 128 classes at most"),
    ({"names": None}, "names must be strategy names; not None"),
    ({"knobs": ["a"]}, "knobs must be a dictionary of strategy names"),
    ({"X": X + 1j}, "X must be numbers"),
    ({"names": "vs", "knobs": {"vs": {"class_weight": [0, 0, 0]}}}, "class_weight is 0 for every class"),
    ({"features": ["a"]}, "features must name all 2 features; not 1"),
    ({"classes": ["a", "b"]}, "classes must name all 3 classes; not 2"),
    ({"X_test": None, "y_test": None, "test_size": 0}, "test_size must be between"),
    ({"X_test": None, "y_test": None, "test_size": 1.0}, "test_size must be between"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), BAD, ids=lambda v: v if isinstance(v, str) else "")
def test_refuses(change, says):
    before = train.compilations()
    arguments = {"names": "cross_entropy", "X": X, "y": Y, **SMALL} | change
    with pytest.raises(ValueError, match=says):
        fit(**arguments)
    assert train.compilations() == before  # at the call, not after the training


def test_refuses_unknown_options():
    with pytest.raises(TypeError, match="momentum"):
        fit("cross_entropy", X, Y, momentum=0.9)


@pytest.mark.parametrize("counts", [(100, 2, 2), (1000, 5), (7, 2)])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_the_split_leaves_every_class_in_both_parts(counts, share):
    y = np.repeat(np.arange(len(counts)), counts)
    plan = prepare("cross_entropy", np.random.default_rng(0).normal(size=(len(y), 2)), y, test_size=share)
    for part in (plan.y, plan.y_test):
        assert np.bincount(part, minlength=len(counts)).min() >= 1
    assert len(plan.y) + len(plan.y_test) == len(y)


def test_divergence_is_said_with_a_name():
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(FloatingPointError, match=r"Cross-entropy diverged by step \d+: choose a smaller learning rate"):
        lossviz.fit("cross_entropy", X, np.arange(60) % 2, optimizer="sgd", learning_rate=5, l2=1, steps=400)


@pytest.mark.parametrize("frames", [1, 3])
def test_chunks_that_keep_no_frame(frames, monkeypatch):
    """Large data come in chunks shorter than a frame; the run is the same to the last bit."""
    data = lossviz.make_dataset("moons", n=300, seed=1)
    whole = fit(["cross_entropy", "focal"], data.X, data.y, steps=30, frames=frames)
    every = 30 // frames
    single = [Chunk(s, 1 + s // every if s else 0, (1,), ((s + 1) % every == 0,), s == 29) for s in range(30)]
    monkeypatch.setattr(Plan, "chunks", lambda self: single)
    parted = fit(["cross_entropy", "focal"], data.X, data.y, steps=30, frames=frames)
    assert parted.done
    np.testing.assert_array_equal(parted.theta, whole.theta)
    np.testing.assert_array_equal(parted.maps, whole.maps)
