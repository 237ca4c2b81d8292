"""Logit planes and loss surfaces: an independent loss, valleys, trajectories, chunks, and bad input."""

import io
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from test_strategies import of_all_settings, settings

import lossviz
from lossviz import (
    STRATEGIES,
    decode_maps,
    fit,
    fit_logistic,
    gradient,
    interpolate,
    landscape,
    logit_plane,
    loss,
    loss_surface,
    models,
    planes,
    surface,
    train,
)
from lossviz.engine import _hold
from lossviz.logitplane import slope, valley, value
from lossviz.measure import measure
from lossviz.plan import assemble, prepare
from lossviz.planes import Plane
from lossviz.takeaway import Source
from lossviz.takeaway import call as fit_call

ALL = list(STRATEGIES)
DATA = lossviz.make_dataset("blobs", n=200, imbalance=9, classes=3, seed=0)
TWO = lossviz.make_dataset("blobs", n=300, imbalance=9, classes=2, seed=0)


def options(data, **more):
    return {
        "X_test": data.X_test, "y_test": data.y_test, "classes": data.classes, "features": data.features, "resolution": 16,
    } | more  # fmt: skip


# Independent of the package: one example at a time, in double precision


def reference(t, z, y, late=False):
    guess = int(np.argmax(z))
    q = t.scale[guess] * z + t.shift[y]
    e = np.exp(q - q.max())
    p = e / e.sum()
    rest = sum(p[c] for c in range(len(p)) if c != y)
    nats = -np.log1p(-rest) if rest < 0.5 else np.log(e.sum()) + q.max() - q[y]
    weight = (t.late_weight if late else t.weight)[y, guess]
    return weight * rest ** t.focus[y] * nats + t.cost[y] @ p


def forward(dims, theta, x):
    at, h = 0, x
    for n, (i, o) in enumerate(pairwise(dims)):
        w = theta[at : at + o * (i + 1)].reshape(o, i + 1)
        at += o * (i + 1)
        h = (np.tanh(h) if n else h) @ w[:, :-1].T + w[:, -1]
    return h


def mean_loss(plan, row, theta):
    t, x = plan.rows[row].tables, (plan.X - plan.X.mean(0)) / plan.X.std(0)
    z = forward(plan.dims, np.asarray(theta, float), x)
    return np.mean([reference(t, z[i], plan.y[i], t.late < 1) for i in range(len(z))])


@pytest.fixture(scope="module")
def run():
    """Every strategy on an MLP, LDAM with late weights."""
    knobs = {"ldam": {"late": 0.5, "beta": 0.99}}
    return fit(ALL, DATA.X, DATA.y, "mlp", 40, knobs=knobs, **options(DATA))


@pytest.fixture(scope="module")
def linear():
    """All on the linear model of two classes, two features and a bias."""
    return fit(ALL, TWO.X, TWO.y, "linear", 40, **options(TWO))


# The logit plane


@pytest.mark.parametrize("counts", [[90, 10], [900, 80, 20], [0, 5, 100], [40, 30, 20, 10, 5, 1]], ids=str)
def test_equation_in_numpy_is_the_equation_in_tensorflow(counts):
    k = len(counts)
    rng = np.random.default_rng(k)
    z = np.vstack([rng.normal(0, 3, (90, k)), rng.choice([-1e4, -40, 0, 40, 1e4], (90, k))])
    y = np.arange(len(z)) % k
    for name in ALL:
        several = settings(name, k) if min(counts) else [{}]
        values, slopes = of_all_settings(name, z, y, counts) if min(counts) else (None, None)
        for i, knobs in enumerate(several):
            t = STRATEGIES[name].tables(counts, **knobs)
            own = loss(name, z, y, counts, **knobs) if values is None else values[i]
            pull = gradient(name, z, y, counts, **knobs) if slopes is None else slopes[i]
            for c in range(k):
                at = y == c
                np.testing.assert_allclose(
                    value(t, z[at].T, c), own[at], rtol=1e-9, atol=1e-9, err_msg=f"{name} {knobs}"
                )
                np.testing.assert_allclose(
                    slope(t, z[at].T, c).T, pull[at], rtol=1e-6, atol=1e-9, err_msg=f"{name} {knobs}"
                )


def test_late_weights():
    t = STRATEGIES["ldam"].tables([90, 10], late=0.5)
    z = np.array([[0.3], [-0.2]])
    np.testing.assert_allclose(value(t, z, 1, True), t.late_weight[1, 0] * value(t, z, 1), rtol=1e-12)
    np.testing.assert_allclose(slope(t, z, 1, True), t.late_weight[1, 0] * slope(t, z, 1), rtol=1e-12)
    assert t.late_weight[1, 0] > 1.2


def test_logit_plane_point_by_point():
    p = logit_plane(ALL, [90, 10], 1, -3, 5, 9, arrows=5)
    assert p.reference is None
    np.testing.assert_allclose(p.at, np.arange(-3, 6))
    for s, name in enumerate(ALL):
        t = STRATEGIES[name].tables([90, 10])
        for j, z1 in enumerate(p.at):
            for i, z0 in enumerate(p.at):
                assert p.loss[s, j, i] == pytest.approx(reference(t, np.array([z0, z1]), 1), rel=1e-9, abs=1e-12)
        expected = gradient(name, [p.arrows_at[1], p.arrows_at[4]], 1, [90, 10])
        np.testing.assert_allclose(p.slopes[s, 4, 1], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(p.decided, p.at[:, None] > p.at)
    assert p.span == (p.loss.min(), p.loss.max())
    np.testing.assert_array_equal(p.line, [[-3, -3], [5, 5]])


def test_three_classes_are_drawn_over_differences():
    base = [0.5, 7, -1, 7]
    p = logit_plane("vs", [90, 10, 5, 1], 2, -2, 2, 5, axes=(3, 1), reference=0, base=base, shift=2)
    z = np.array([2.5, 2.5 + 1, 1, 2.5 - 2])  # x = -2 of class 3, y = 1 of class 1, from class 0
    assert p.loss[0, 3, 0] == pytest.approx(float(loss("vs", z, 2, [90, 10, 5, 1])))
    assert p.decided[3, 0] == 1
    assert p.reference == 0
    one_down = logit_plane("vs", [90, 10, 5, 1], 2, -2, 2, 5, axes=(1, 3), base=base, shift=2)
    np.testing.assert_allclose(one_down.loss[0], p.loss[0].T)
    np.testing.assert_allclose(one_down.slopes[0], p.slopes[0].transpose(1, 0, 2)[:, :, ::-1])


def test_shift_moves_the_flawed_loss_only():
    names = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
    w = {n: {"class_weight": [31 / 531, 500 / 531]} for n in names[1:]}
    near, far = (logit_plane(names, [500, 31], 1, 1, 2, 2, shift=t, knobs=w) for t in (0, 5))
    np.testing.assert_allclose(far.loss[:2], near.loss[:2], rtol=1e-12)
    assert near.loss[2, 0, 1] == pytest.approx(0.3634597, abs=1e-7)
    assert far.loss[2, 0, 1] == pytest.approx(0.0052807, abs=1e-7)


@pytest.mark.parametrize("k", [2, 3])
def test_the_valley_is_flat(k):
    counts = [900, 80, 20][:k]
    z = np.random.default_rng(0).normal(0, 2, (k, 50))
    found = {}
    for name in ALL:
        for knobs in settings(name, k):
            t = STRATEGIES[name].tables(counts, **knobs)
            v = found[name] = valley(t)
            assert v is not None, name
            assert np.linalg.norm(v) == pytest.approx(1)
            for y in range(k):
                for far in (-3, 0.1, 20):
                    np.testing.assert_allclose(value(t, z + far * v[:, None], y), value(t, z, y), rtol=1e-6, atol=1e-6)
    a = np.sum(counts) / k / np.array(counts)
    assert valley(STRATEGIES["multiplied_logits"].tables(counts)) == pytest.approx((1 / a) / np.linalg.norm(1 / a))
    for name in ("cross_entropy", "weighted_cross_entropy", "logit_adjustment", "masked_logits"):
        assert valley(STRATEGIES[name].tables(counts)) == pytest.approx(np.full(k, k**-0.5))
    np.testing.assert_allclose(
        logit_plane("multiplied_logits", counts, resolution=2).valley[0], (1 / a) / np.linalg.norm(1 / a)
    )


def test_a_weight_of_zero():
    """The logit that is multiplied by 0 may be anything; with both at 0 nothing is learnt."""
    t = STRATEGIES["multiplied_logits"].tables([9, 1], class_weight=[1, 0])
    assert valley(t).tolist() == [0, 1]
    p = logit_plane("multiplied_logits", [9, 1], 0, resolution=7, knobs={"multiplied_logits": {"class_weight": [1, 0]}})
    np.testing.assert_allclose(p.loss[0], np.tile(p.loss[0, :1], (7, 1)))
    assert np.isfinite(p.slopes).all()
    with pytest.raises(ValueError, match="class_weight is 0 for every class"):
        logit_plane("multiplied_logits", [9, 1], knobs={"multiplied_logits": {"class_weight": [0, 0]}})
    zero = STRATEGIES["multiplied_logits"].tables([9, 1])
    assert valley(replace(zero, scale=np.zeros((2, 2)))) is None
    assert valley(replace(zero, scale=np.array([[1.0, 2], [3, 4]]))) is None
    assert valley(replace(zero, weight=np.array([[1.0, 2], [3, 4]]))) is None
    absent = logit_plane(ALL, [9, 1, 0], 1, resolution=5, axes=(0, 1))
    assert np.isfinite(absent.loss).all()
    assert absent.span[1] < 1e4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"low": 3, "high": -3}, "the plane goes from 3 to -3"),
        ({"low": 1, "high": 1}, "the plane goes from 1 to 1"),
        ({"high": np.inf}, "the plane must be from -10000 to 10000; not 'inf'"),
        ({"low": np.nan}, "the plane must be from"),
        ({"low": "a" * 100}, f"not '{'a' * 40}'"),
        ({"high": 1e9}, "the plane must be from"),
        ({"shift": np.nan}, "shift must be from"),
        ({"label": 2}, "label must be a class from 0 to 1; not '2'"),
        ({"resolution": 1}, "resolution must be a whole number from 2 to 2000"),
        ({"resolution": 1e6}, "resolution must be a whole number"),
        ({"resolution": 2000, "names": ALL}, "more than memory should hold: choose a resolution of 1025 or less"),
        ({"names": "nonesuch"}, "strategy must be one of"),
        ({"names": []}, "names is empty"),
        ({"axes": (1, 1)}, "axes must be two different classes"),
        ({"axes": (0, 2)}, r"axes\[1\] must be a class"),
        ({"counts": [9, 1, 1], "reference": 1}, "reference must be none of the axes"),
        ({"base": [0, 1e5]}, "base must be 2 logits"),
        ({"knobs": {"focal": {"gama": 1}}, "names": "focal"}, "knob of focal"),
    ],
)
def test_bad_logit_planes(arguments, said):
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=said):
        logit_plane(**{"names": "focal", "counts": [9, 1]} | arguments)
    assert time.perf_counter() - begun < 0.5


# Planes through parameter space


def test_pca_is_that_of_scikit_learn(run):
    from sklearn.decomposition import PCA

    plane = planes.plane(run, "pca")
    points = run.theta.astype(float).reshape(-1, run.theta.shape[2])
    peer = PCA(2).fit(points)
    np.testing.assert_allclose(np.abs((plane.directions * peer.components_).sum(1)), 1, atol=1e-9)
    np.testing.assert_allclose(plane.explained, peer.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(plane.origin, peer.mean_, rtol=1e-9, atol=1e-12)
    at, away = plane.project(run.theta[-1, 3])
    np.testing.assert_allclose(np.abs(at), np.abs(peer.transform(run.theta[-1, [3]].astype(float))[0]), rtol=1e-8)
    rest = run.theta[-1, 3] - peer.inverse_transform(peer.transform(run.theta[-1, [3]].astype(float)))[0]
    assert away == pytest.approx(np.linalg.norm(rest), rel=1e-8)
    every = plane.project(run.theta)[0]
    assert every[..., 0].min() > plane.x[0]
    assert every[..., 1].max() < plane.y[1]


def test_random_directions_are_filter_normalised(run):
    plane = planes.plane(run, "random", seed=3, reference=2)
    np.testing.assert_array_equal(plane.origin, run.theta[-1, 2].astype(float))
    at = 0
    for o, i in models.layers(run.plan.dims):
        part = slice(at, at + o * i)
        at += o * i
        solution = plane.origin[part].reshape(o, i)
        for d in plane.directions:
            np.testing.assert_allclose(
                np.linalg.norm(d[part].reshape(o, i)[:, :-1], axis=1),
                np.linalg.norm(solution[:, :-1], axis=1),
                rtol=1e-9,
            )
            assert not d[part].reshape(o, i)[:, -1].any()
    np.testing.assert_array_equal(planes.plane(run, "random", seed=3, reference=2).directions, plane.directions)
    assert (planes.plane(run, "random", seed=4, reference=2).directions != plane.directions).any()
    assert (plane.x, plane.y) == ((-1, 1), (-1, 1))


def test_two_weights(run):
    names = planes.parameter_names(run.plan)
    assert len(set(names)) == run.theta.shape[2]
    plane = planes.plane(run, "weights", pair=("layer 2, unit 3, input 5", 0), reference=1)
    i = 16 * 3 + 2 * 17 + 4
    assert names[i] == "layer 2, unit 3, input 5"
    assert plane.labels == ("layer 2, unit 3, input 5", "layer 1, unit 1, input 1")
    theta = plane.at(0.25, -2)
    assert theta[[i, 0]].tolist() == [0.25, -2]
    rest = np.delete(np.arange(len(theta)), [i, 0])
    np.testing.assert_array_equal(theta[rest], run.theta[-1, 1, rest].astype(float))
    np.testing.assert_allclose(plane.project(run.theta[-1, 1])[0], run.theta[-1, 1, [i, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "nonesuch"}, "plane must be one of"),
        ({"x": (1, -1)}, "x goes from 1 to -1"),
        ({"y": (0, np.inf)}, "y must be from"),
        ({"y": (0, 1e7)}, "y must be from"),
        ({"x": 3}, "x must be two numbers"),
        ({"kind": "exact"}, "an exact surface has two parameters"),
        ({"kind": "weights", "pair": (0, 0)}, "pair must be two different"),
        ({"kind": "weights", "pair": (0, 371)}, "a weight is a whole number from 0 to 370"),
        ({"kind": "weights", "pair": ("layer 9", 0)}, "a weight is named like"),
        ({"kind": "random", "seed": -1}, "seed must be a whole number"),
        ({"reference": 99}, "reference must be from 0 to"),
        ({"resolution": 401}, "resolution must be a whole number from 2 to 400"),
        ({"resolution": 1}, "resolution must be a whole number"),
    ],
)
def test_bad_planes(run, arguments, said):
    with pytest.raises(ValueError, match=said):
        loss_surface(run, **{"kind": "pca", "resolution": 5} | arguments)


def test_too_much_is_refused_before_it_is_computed(run):
    many = np.zeros(100_000, int)
    plan = replace(run.plan, X=np.zeros((100_000, 2)), y=many)
    plane = planes.plane(run, "pca")
    with pytest.raises(ValueError, match="over 100,000 examples takes too long: choose a resolution of 200 or less"):
        landscape.chunks(plan, plane, 400)
    with pytest.raises(ValueError, match="and own planes takes too long"):
        landscape.chunks(plan, planes.plane(run, "pca", own=True), 100)


def test_nothing_to_draw_on(run):
    with pytest.raises(ValueError, match="has no frames yet"):
        planes.plane(assemble(run.plan, []), "pca")
    with pytest.raises(ValueError, match="do not move in two directions"):
        planes.plane(replace(run, theta=np.repeat(run.theta[:1], 3, 0)), "pca")
    with pytest.raises(ValueError, match="all weights of the solution are 0"):
        planes.plane(replace(run, theta=np.zeros_like(run.theta)), "random")


# Surfaces


@pytest.mark.parametrize("own", [False, True])
def test_surface_point_by_point(run, own):
    """Against the independent loss at a few points of the plane, to 1e-5: the compiled programs have single precision."""
    s = loss_surface(run, "pca", 4, own=own)
    assert s.done
    assert s.names == tuple(ALL)
    for row in range(len(ALL)):
        for j, i in ((1, 3), (2, 0)):
            theta = s.plane.at(s.x[i], s.y[j], row)
            assert s.loss[row, j, i] == pytest.approx(mean_loss(run.plan, row, theta), rel=2e-5, abs=1e-6), ALL[row]
    if own:
        assert np.isnan(s.cross_entropy).all()
        np.testing.assert_allclose(s.trajectories[:, -1], 0, atol=1e-9)
    else:
        np.testing.assert_allclose(s.cross_entropy, s.loss[ALL.index("cross_entropy")], rtol=1e-6)
    assert s.span == (s.loss.min(), s.loss.max())
    for row in range(len(ALL)):
        x, y, least = s.minimum[row]
        assert least == s.loss[row].min() == s.loss[row, list(s.y).index(y), list(s.x).index(x)]


def test_one_pass_for_all_is_one_pass_for_each(run):
    origin, across = models.initial(run.plan.dims, 5).astype(float), np.linspace(-1, 1, 5)
    theta = origin + across[:, None]
    rows = list(range(len(ALL)))
    shared, plain = surface.shared_losses(run.plan, theta, rows)
    planes = Plane("random", np.tile(origin, (len(ALL), 1)), np.ones((2, len(origin))), (-1, 1), (-1, 1), ("", ""))
    own = surface.own_losses(run.plan, planes, across, np.zeros(5), rows)
    np.testing.assert_allclose(shared, own, rtol=2e-6, atol=1e-6)
    # class weights by a matrix product, and alone or in any company
    for i in rows:
        alone, again = surface.shared_losses(run.plan, theta, [i])
        np.testing.assert_allclose(alone[0], shared[i], rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(again, plain)
    # more strategies than fit one call
    np.testing.assert_array_equal(surface.shared_losses(run.plan, theta, rows * 4)[0], np.tile(shared, (4, 1)))


def test_chunks_change_nothing(run, monkeypatch):
    whole = loss_surface(run, "random", 30)
    plan, plane = run.plan, whole.plane
    monkeypatch.setattr(landscape, "SECONDS", 1e-9)
    few = landscape.chunks(plan, plane, 30)
    assert len(few) > 40
    assert sorted(np.concatenate([c.index for c in few]).tolist()) == list(range(900))
    patches = [(c, surface.patch(plan, plane, c)) for c in few]
    again = landscape.assemble(run, plane, 30, patches)
    np.testing.assert_array_equal(again.loss, whole.loss)
    np.testing.assert_array_equal(again.cross_entropy, whole.cross_entropy)
    # coarse at once: the same numbers at the points that both have
    lines = landscape.coarse(30)
    first = 0
    while len(np.concatenate([c.index for c, _ in patches[: first + 1]])) < len(lines) ** 2:
        first += 1
    early = landscape.assemble(run, plane, 30, patches[: first + 1])
    assert early.done
    assert early.loss.shape[1:] == (13, 13)
    np.testing.assert_array_equal(early.loss, whole.loss[:, lines][:, :, lines])
    np.testing.assert_array_equal(early.cross_entropy, whole.cross_entropy[lines][:, lines])
    np.testing.assert_array_equal(early.x, whole.x[lines])
    np.testing.assert_array_equal(landscape.assemble(run, plane, 30, patches[:-1]).loss, early.loss)
    assert not landscape.assemble(run, plane, 30, patches[:1]).done


def test_nothing_recompiles(run):
    loss_surface(run, "pca", 3)
    loss_surface(run, "pca", 3, own=True)
    before = train.compilations()
    some = fit(ALL[:3], DATA.X[:150], DATA.y[:150], "mlp", 5, **options(DATA))
    compiled_by_fit = train.compilations() - before
    assert compiled_by_fit == 0
    for size in (2, 5, 27):
        loss_surface(some, "random", size)
        loss_surface(some, "weights", size, own=True)
    interpolate(some, ALL[0], ALL[1], 7)
    assert train.compilations() == before


def test_exact_surface_holds_every_trajectory_with_bias():
    """One feature and a bias: what `fit` recorded is what the surface has at the projected point, for every strategy."""
    x, x_test = TWO.X[:, [0]], TWO.X_test[:, [0]]
    knobs = {"ldam": {"late": 1.0}}
    for init in ("glorot", "zeros"):
        run = fit(ALL, x, TWO.y, "linear", 40, X_test=x_test, y_test=TWO.y_test, init=init, knobs=knobs, frames=8)
        s = loss_surface(run, "exact", 3)
        assert s.plane.labels == ("weight of x1", "bias")
        np.testing.assert_allclose(s.off_plane, 0, atol=1e-9)
        for row, name in enumerate(ALL):
            theta = s.plane.at(*s.trajectories[row].T)
            found = surface.shared_losses(run.plan, theta, [row])[0][0]
            np.testing.assert_allclose(found, s.recorded[row], rtol=1e-5, atol=1e-6, err_msg=name)
            assert mean_loss(run.plan, row, theta[-1]) == pytest.approx(run.losses[-1, row], rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "sgd"])
def test_two_parameters_take_the_steps_of_the_linear_model(optimizer):
    """From zeros, strategies that scale no logits stay where z0 = −z1; `fit` and `fit_logistic` then agree."""
    given = {"X_test": TWO.X_test[:, [0]], "y_test": TWO.y_test, "init": "zeros", "optimizer": optimizer, "l2": 0.01}
    given["knobs"] = {"ldam": {"late": 0.5, "beta": 0.99}}
    # where weights balance, the bias has no slope at zero, and Adam makes a full step of what rounding leaves
    names = ["cross_entropy", "focal", "ldam", "error_weighted"] if optimizer == "adam" else ALL
    given["knobs"] |= {"error_weighted": {"error_weight": [[1, 2], [7, 0]]}}
    run = fit(names, TWO.X[:, [0]], TWO.y, "linear", 30, **given)
    walk = fit_logistic(names, TWO.X[:, [0]], TWO.y, 30, **given)
    assert walk.theta.shape == run.theta.shape
    for row, name in enumerate(names):
        if np.ptp(walk.plan.rows[row].tables.scale) == 0:
            np.testing.assert_allclose(walk.theta[:, row], run.theta[:, row], rtol=2e-3, atol=2e-4, err_msg=name)
            np.testing.assert_allclose(walk.losses[:, row], run.losses[:, row], rtol=1e-4, atol=1e-5, err_msg=name)
            np.testing.assert_allclose(walk.cross_entropy[:, row], run.cross_entropy[:, row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_two_parameters_alone(bias):
    """Every walk lies on its surface, with its logits −f/2 and f/2, whatever the strategy."""
    walk = fit_logistic(ALL, TWO.X, TWO.y, 60, bias=bias, feature=1, **options(TWO, optimizer="sgd", frames=6))
    s = loss_surface(walk, "exact", 5)
    np.testing.assert_allclose(s.off_plane, 0, atol=1e-9)
    np.testing.assert_allclose(s.trajectories, walk.parameters.transpose(1, 0, 2), atol=1e-9)
    for row, name in enumerate(ALL):
        found = surface.shared_losses(walk.plan, walk.theta[:, row], [row])[0][0]
        np.testing.assert_allclose(found, walk.losses[:, row], rtol=1e-5, atol=1e-6, err_msg=name)
    x = walk.plan.standardised(walk.plan.X)
    f = x @ walk.parameters[-1, 0][: x.shape[1]] + (walk.parameters[-1, 0, 1] if bias else 0)
    np.testing.assert_allclose(forward(walk.plan.dims, walk.theta[-1, 0], x), np.stack([-f / 2, f / 2], 1), atol=1e-6)
    assert (walk.losses[-1] < walk.losses[0]).sum() > 10


def test_two_parameters_and_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    names = ["cross_entropy", "weighted_cross_entropy"]
    for bias in (True, False):
        walk = fit_logistic(
            names, TWO.X, TWO.y, 1500, bias=bias, **options(TWO, optimizer="momentum", learning_rate=1.0, l2=0.02)
        )
        x = walk.plan.standardised(walk.plan.X)
        for row, weights in enumerate((None, "balanced")):
            # l2/2 · |θ|² over both classes is l2/4 · |w|²; scikit-learn has |w|²/2 + C Σ loss
            peer = LogisticRegression(C=2 / 0.02 / len(x), fit_intercept=bias, class_weight=weights, tol=1e-10).fit(
                x, TWO.y
            )
            expected = [peer.coef_[0, 0], peer.intercept_[0]] if bias else peer.coef_[0]
            np.testing.assert_allclose(walk.parameters[-1, row], expected, rtol=1e-3)


def test_bad_walks():
    with pytest.raises(ValueError, match=r"an exact surface has two parameters.*3 classes"):
        fit_logistic("vs", DATA.X, DATA.y, 5)
    with pytest.raises(ValueError, match="fit_logistic has no batch_size"):
        fit_logistic("vs", TWO.X, TWO.y, 5, batch_size=8)
    with pytest.raises(ValueError, match="feature must be from 0 to 1"):
        fit_logistic("vs", TWO.X, TWO.y, 5, feature=2)
    with pytest.raises(FloatingPointError, match="diverged by step"):
        fit_logistic("weighted_cross_entropy", TWO.X, TWO.y, 300, optimizer="sgd", l2=50.0, learning_rate=5.0)


def test_bayes_target():
    """A huge sample's solution is at the closed-form parameters, and a weighted one at its own."""
    names = ["cross_entropy", "weighted_cross_entropy", "logit_adjustment", "balanced_softmax", "multiplied_logits"]
    data = lossviz.make_dataset("blobs", n=6000, imbalance=4, overlap=1.0, classes=2, seed=0)
    given = options(data, optimizer="momentum", learning_rate=1.0)
    walk = fit_logistic(names, data.X, data.y, 120, **given)
    s = loss_surface(walk, "exact", 2, data=data)
    np.testing.assert_allclose(s.targets[0], s.bayes, atol=1e-12)
    np.testing.assert_allclose(s.trajectories[:4, -1], s.targets[:4, :2], atol=0.15)
    np.testing.assert_allclose(s.targets[:4, 2], 0, atol=1e-9)
    assert np.linalg.norm(s.targets[0] - s.targets[1]) > 1
    np.testing.assert_allclose(s.targets[1], s.targets[2], atol=1e-9)
    assert np.isnan(s.targets[4]).all()
    for ends, axis in ((s.plane.x, 0), (s.plane.y, 1)):
        assert ends[0] < np.nanmin(s.targets[:, axis]) <= np.nanmax(s.targets[:, axis]) < ends[1]
    # without a bias the truth is out of reach; of the linear model it is near where training ends, in the plane's own units
    flat = loss_surface(fit_logistic(names, data.X, data.y, 5, bias=False, **given), "exact", 2, data=data)
    assert np.isnan(flat.bayes).all()
    assert np.isnan(flat.targets).all()
    assert flat.plane.x[1] < 2 * flat.trajectories[..., 0].max()
    model = fit(names[:2], data.X, data.y, "linear", 200, **given)
    picture = loss_surface(model, "pca", 2, data=data)
    np.testing.assert_allclose(picture.targets[:2, :2], picture.trajectories[:, -1], atol=0.15)
    assert picture.bayes[2] < 0.2
    # the posterior itself
    three = fit(names[:1], DATA.X, DATA.y, "linear", 2, **options(DATA))
    theta = planes.bayes(three.plan, DATA)
    z = forward(three.plan.dims, theta, three.plan.standardised(DATA.X_test).astype(float))
    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    np.testing.assert_allclose(p, DATA.truth.posterior(DATA.X_test, DATA.priors), atol=2e-5)
    moons = lossviz.make_dataset("moons", n=100, seed=0)
    assert planes.bayes(three.plan, moons) is None
    noisy = lossviz.make_dataset("blobs", n=300, imbalance=9, classes=3, noise=0.1, seed=0)
    assert planes.bayes(three.plan, noisy) is None


def test_interpolation(run):
    line = interpolate(run, "cross_entropy", "focal", 5, 0, 2)
    assert line.names == tuple(ALL)
    a, b = (run.theta[-1, ALL.index(n)].astype(float) for n in line.ends)
    for row in (0, 3, ALL.index("focal")):
        for i, t in enumerate(line.at):
            expected = mean_loss(run.plan, row, (1 - t) * a + t * b)
            assert line.loss[row, i] == pytest.approx(expected, rel=2e-5, abs=1e-6)
    np.testing.assert_allclose(line.loss[ALL.index("focal"), 2], run.losses[-1, ALL.index("focal")], rtol=1e-5)
    np.testing.assert_allclose(line.cross_entropy[0], run.cross_entropy[-1, 0], rtol=1e-5)
    for arguments, said in (
        (("focal", "focal"), "must be two strategies"),
        (("focal", "nonesuch"), "strategy of the run must be one of"),
        (("focal", "vs", 1), "n must be a whole number"),
        (("focal", "vs", 5, 1, 0), "t goes from 1 to 0"),
    ):
        with pytest.raises(ValueError, match=said):
            interpolate(run, *arguments)


def test_a_clicked_point(run):
    """At a row's own solution: its own map and metrics; five at once, more than a call has rows."""
    rows = [0, 4, ALL.index("threshold_moving"), 1, 2]
    maps, records = surface.decide(run.plan, run.theta[-1, rows], rows)
    np.testing.assert_array_equal(maps, run.maps[-1, rows])
    assert decode_maps(maps, 3)[0].max() <= 2
    for row, record in zip(rows, records, strict=True):
        expected = measure(run.plan.y_test, run.plan.rows[row].rule, run.test_logits[row])
        assert record["balanced_accuracy"] == pytest.approx(expected["balanced_accuracy"])
        np.testing.assert_array_equal(record["confusion"], expected["confusion"])
    with pytest.raises(ValueError, match="theta must be finite parameters"):
        surface.decide(run.plan, np.zeros((1, 5)), [0])
    with pytest.raises(ValueError, match="theta must be finite parameters"):
        surface.decide(run.plan, run.theta[-1, [0]] * np.nan, [0])


def test_finite_far_away(run):
    for own in (False, True):
        s = loss_surface(run, "random", 3, x=(-1e6, 1e6), y=(-1e6, 1e6), own=own)
        assert np.isfinite(s.loss).all()


def test_first_seed_only_and_unfinished_runs():
    run = fit(ALL[:2], TWO.X, TWO.y, "linear", 40, repeats=2, **options(TWO))
    s = loss_surface(run, "pca", 3)
    assert s.loss.shape == (2, 3, 3)
    np.testing.assert_array_equal(s.recorded, run.losses[:, [0, 2]].T.astype(float))
    half = replace(run, theta=np.where(np.arange(41)[:, None, None] < 20, run.theta, np.nan))
    early = loss_surface(half, "pca", 3)
    assert np.isnan(early.trajectories[:, 20:]).all()
    assert np.isfinite(early.trajectories[:, :20]).all()
    with pytest.raises(ValueError, match="the run is not done"):
        interpolate(half, *ALL[:2])


def test_arrays_to_keep_and_the_call_that_makes_them(linear):
    arguments = {"resolution": 6, "x": (-2.0, 2.0), "y": None, "seed": 3, "data": True}
    s = loss_surface(linear, "random", **arguments | {"data": TWO})
    kept = np.load(io.BytesIO(landscape.as_npz(s)))
    np.testing.assert_array_equal(kept["loss"], s.loss)
    np.testing.assert_array_equal(kept["plane_directions"], s.plane.directions)
    assert kept["strategies"].tolist() == ALL
    source = Source("blobs", {"seed": 0, "n": 300, "imbalance": 9, "classes": 2})
    code = landscape.call(
        fit_call(source, ALL, {"model": "linear", "steps": 40, "resolution": 16}), "random", arguments
    )
    made = {}
    exec(code, made)
    np.testing.assert_array_equal(made["surface"].loss, s.loss)
    np.testing.assert_array_equal(made["surface"].bayes, s.bayes)
    walk = fit_logistic(ALL[:2], TWO.X, TWO.y, 20, bias=False, **options(TWO))
    code = landscape.call(fit_call(source, ALL[:2], {"steps": 20, "bias": False}), "exact", {"resolution": 4})
    exec(code, made)
    np.testing.assert_array_equal(made["surface"].loss, loss_surface(walk, "exact", 4).loss)


def test_in_a_worker(engine, run):
    """A page's way: chunks as tasks, the plan sent once, and the same numbers to the last bit."""
    whole = loss_surface(run, "pca", 15)
    plan = engine.submit(_hold, run.plan)
    parts = landscape.chunks(run.plan, whole.plane, 15)
    tasks = [engine.submit(landscape.in_worker, "patch", plan, whole.plane, c) for c in parts]
    found = landscape.assemble(run, whole.plane, 15, [(c, t.result()) for c, t in zip(parts, tasks, strict=True)])
    np.testing.assert_array_equal(found.loss, whole.loss)
    line = engine.submit(landscape.in_worker, "interpolate", run, "focal", "vs", 3).result()
    np.testing.assert_array_equal(line.loss, interpolate(run, "focal", "vs", 3).loss)


def test_a_model_of_many_points_keeps_its_memory():
    """100,000 examples in one call: the mean of what it is for each half."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100_000, 2)), rng.integers(0, 3, 100_000)
    plan = prepare(["cross_entropy", "focal"], x, y, "linear", 1, X_test=x[:10], y_test=y[:10])
    theta = rng.normal(size=(3, 9))
    whole, _ = surface.shared_losses(plan, theta, [0, 1])
    halves = [
        surface.shared_losses(replace(plan, X=plan.X[part], y=plan.y[part]), theta, [0, 1])[0]
        for part in (slice(0, 50_000), slice(50_000, None))
    ]
    np.testing.assert_allclose(whole, np.mean(halves, 0), rtol=2e-6)
