"""What is true of class weighting, catalogue §2: each fact shown by numbers, with the gradients of the package itself."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lossviz import STRATEGIES, class_weights, fit, gradient, loss, make_dataset
from lossviz.equation import losses, stack, tf

N = np.array([900, 80, 20])
CENTRES = np.array([(0, 0), (1.5, 0.3), (0.5, 1.8)])
WIDE = [0.2, 0.8, 2.0]
"""Weights of the catalogue's fact 3."""


def softmax(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))


def logistic_regression(name, X, y, counts, **knobs):
    """Train to convergence, and return the weights [K, features + 1], bias last.

    Newton steps from zero with the gradient of the package. Each step is the shortest that solves its equations (a
    pseudo-inverse), so it is orthogonal to the directions in which the loss is flat: whatever gradient descent from
    zero keeps (Σ_j W_j / a_j = 0), this keeps, and so it arrives where gradient descent would.
    """
    k, n, t = len(counts), len(y), STRATEGIES[name].tables(counts, **knobs)
    H = np.column_stack([X, np.ones(n)])
    a, weight = t.scale[0], t.weight[y, 0]
    assert (t.scale == a).all()  # the curvature below is that of tables that do not depend on the prediction
    assert (t.weight.T == t.weight[:, 0]).all()
    assert not t.focus.any()
    assert not t.cost.any()
    W = np.zeros((k, H.shape[1]))
    for _ in range(30):
        z = H @ W.T
        g = gradient(name, z, y, counts, **knobs).T @ H / n
        if np.abs(g).max() < 1e-13:
            break
        q = softmax(a * z + t.shift[y])
        curve = (q[:, :, None] * (np.eye(k) - q[:, None, :])) * np.outer(a, a) * weight[:, None, None]
        second = np.einsum("nij,nk,nl->ikjl", curve, H, H).reshape(W.size, W.size) / n
        W = W - (np.linalg.pinv(second, rcond=1e-10, hermitian=True) @ g.ravel()).reshape(W.shape)
    assert np.abs(gradient(name, H @ W.T, y, counts, **knobs).T @ H / n).max() < 1e-10
    return W


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.standard_normal((n, 2)) + centre for n, centre in zip(N, CENTRES, strict=True)])
    return X, np.repeat(np.arange(3), N), np.column_stack([X, np.ones(1000)])


@pytest.fixture(scope="module")
def trained(sample):
    """Logits on the sample of every model of fact 3."""
    X, y, H = sample
    models = {
        "plain": ("cross_entropy", {}),
        "multiplied": ("multiplied_logits", {"class_weight": WIDE}),
        "cdt": ("cdt", {"gamma": 0.3}),
        "weighted": ("weighted_cross_entropy", {}),
        "adjusted": ("logit_adjustment", {}),
    }
    return {key: H @ logistic_regression(name, X, y, N, **knobs).T for key, (name, knobs) in models.items()}


def decided(z):
    return np.bincount(np.argmax(z, axis=1), minlength=3).tolist()


# 2. The flat valley (1, shift invariance, is in test_equation.py)


@pytest.mark.parametrize("class_weight", ["balanced", [31 / 531, 500 / 531], [3, 1]])
def test_flat_valley(class_weight):
    """Plain loss is flat along (1, 1), which decides alike; multiplied along (1/a0, 1/a1), which crosses the line."""
    counts = [500, 31]
    a = STRATEGIES["multiplied_logits"].tables(counts, class_weight=class_weight).scale[0]
    steps = np.linspace(-20, 20, 81)[:, None]
    for name, knobs, along in (
        ("cross_entropy", {}, np.ones(2)),
        ("multiplied_logits", {"class_weight": class_weight}, 1 / a),
    ):
        start = np.array([1.0, 0.5])
        z = start + steps * along / np.linalg.norm(along)
        for label in (0, 1):
            value = loss(name, z, np.full(81, label), counts, **knobs)
            np.testing.assert_allclose(value, value[40], rtol=1e-9)
            across = loss(name, start + steps * [1, -1], np.full(81, label), counts, **knobs)
            assert np.ptp(across) > 1
        assert len(set(np.sign(z[:, 1] - z[:, 0]))) == (1 if name == "cross_entropy" else 2)


# 3. The network undoes it


def test_scaled_logits_are_plain_probabilities(trained):
    """No re-balancing at all: at the optimum w ⊙ z has the probabilities of cross-entropy."""
    plain = softmax(trained["plain"])
    np.testing.assert_allclose(softmax(trained["multiplied"] * WIDE), plain, atol=2.7e-9)
    np.testing.assert_allclose(softmax(trained["cdt"] * (N / 900) ** 0.3), plain, atol=2.7e-9)
    assert np.abs(softmax(trained["multiplied"]) - plain).max() > 0.1


def test_argmax_counts(trained):
    """The table of the catalogue."""
    prior = N / 1000
    assert decided(trained["plain"]) == [977, 19, 4]
    assert decided(trained["multiplied"]) == [981, 18, 1]  # hurts the minority
    assert decided(trained["multiplied"] * WIDE) == [977, 19, 4]
    assert decided(trained["cdt"]) == [769, 220, 11]
    assert decided(trained["cdt"] * (N / 900) ** 0.3) == [977, 19, 4]
    assert decided(trained["weighted"]) == [626, 236, 138]
    assert decided(trained["adjusted"]) == [622, 235, 143]
    for rule in STRATEGIES["posthoc_logit_adjustment"].tables(N).decisions[:1]:
        assert decided(rule.scores(trained["plain"])) == [622, 235, 143]
    # the very same model, not only the same counts
    np.testing.assert_allclose(softmax(trained["adjusted"]), softmax(trained["plain"] - np.log(prior)), atol=1e-9)
    raw, scaled = STRATEGIES["multiplied_logits"].tables(N, class_weight=WIDE).decisions
    assert np.bincount(raw.classes(trained["multiplied"])).tolist() == [981, 18, 1]
    assert np.bincount(scaled.classes(trained["multiplied"])).tolist() == [977, 19, 4]


def test_raw_logits_are_where_the_descent_began(sample, trained):
    """The data fix the scaled logits up to a common shift; what fixes that is the path: Σ_j W_j / a_j stays 0."""
    _, y, H = sample
    a, W = np.array(WIDE), np.zeros((3, 3))
    for _ in range(50):  # gradient descent itself, far from done
        W -= 0.3 * gradient("multiplied_logits", H @ W.T, y, N, class_weight=WIDE).T @ H / 1000
    np.testing.assert_allclose((W / a[:, None]).sum(0), 0, atol=1e-12)
    np.testing.assert_allclose((trained["multiplied"] / a).sum(1), 0, atol=1e-9)
    # another start, the same scaled model, other raw decisions
    moved = trained["multiplied"] + 3 / a
    np.testing.assert_allclose(softmax(moved * a), softmax(trained["plain"]), atol=2.7e-9)
    assert decided(moved) != decided(trained["multiplied"])
    assert loss("multiplied_logits", moved, y, N, class_weight=WIDE).mean() == pytest.approx(
        loss("cross_entropy", trained["plain"], y, N).mean(), abs=1e-12
    )


def test_two_classes_only_a_temperature(sample):
    """K = 2, linear from zero: the raw logits decide as plain cross-entropy does, whatever the weights."""
    X, y, H = sample
    few = y < 2
    X, y, H, counts = X[few], y[few], H[few], N[:2]
    plain = H @ logistic_regression("cross_entropy", X, y, counts).T
    for w in ([0.5, 3.0], [3.0, 0.5], "balanced"):
        z = H @ logistic_regression("multiplied_logits", X, y, counts, class_weight=w).T
        ratio = (z[:, 1] - z[:, 0]) / (plain[:, 1] - plain[:, 0])
        assert ratio.min() > 0
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-7)
        assert abs(ratio[0] - 1) > 0.1
        np.testing.assert_array_equal(z.argmax(1), plain.argmax(1))


def test_two_classes_only_a_learning_rate(sample):
    """The trainer agrees: gradient descent from zero on w ⊙ z is plain descent at (w0² + w1²)/2 times the rate."""
    X, y, _ = sample
    X, y = X[y < 2], y[y < 2]
    w = np.array([0.5, 2.0])
    at = {
        "model": "linear",
        "init": "zeros",
        "optimizer": "sgd",
        "steps": 40,
        "X_test": X,
        "y_test": y,
        "resolution": 20,
    }
    multiplied = fit(
        "multiplied_logits", X, y, learning_rate=0.1, knobs={"multiplied_logits": {"class_weight": w}}, **at
    )
    plain = fit("cross_entropy", X, y, learning_rate=0.1 * (w @ w) / 2, **at)
    z, z_plain = multiplied.test_logits[0], plain.test_logits[0]
    np.testing.assert_allclose(z * w @ [-1, 1], z_plain @ [-1, 1], rtol=1e-3, atol=1e-4)
    clear = np.abs(z_plain @ [-1, 1]) > 1e-3
    np.testing.assert_array_equal(z.argmax(1)[clear], z_plain.argmax(1)[clear])


# 4. One operator from right


def test_adding_is_not_multiplying(trained, sample):
    """Minority recall on the sample: adding raises it, CDT's multiplication does, the copied recipe lowers it."""
    _, y, _ = sample
    recall = {key: (z.argmax(1) == y)[y == 2].mean() for key, z in trained.items()}
    assert recall["multiplied"] < recall["plain"] < recall["cdt"] < recall["adjusted"]
    # CDT, and VS, take the smaller factor for the minority; the recipe the larger one
    for name in ("cdt", "vs"):
        assert (np.diff(STRATEGIES[name].tables(N).scale[0]) < 0).all()
    assert (np.diff(STRATEGIES["multiplied_logits"].tables(N).scale[0]) > 0).all()


# 5. Optima


def expected_slope(name, z, p, counts, **knobs):
    """Gradient of the expected loss Σ_y p_y ℓ(z, y) at logits z [N, K]: 0 at a minimum, and only there if convex."""
    n, k = z.shape
    labels = np.broadcast_to(np.arange(k), (n, k))
    each = gradient(name, np.broadcast_to(z[:, None, :], (n, k, k)), labels, counts, **knobs)
    return np.einsum("ny,nyk->nk", p, each)


@pytest.fixture(scope="module")
def posterior():
    """Exact posteriors and densities of three blobs, 900 : 90 : 10 or so, at test points; and the counts."""
    data = make_dataset("blobs", n=1000, imbalance=90, overlap=0.9, seed=1)
    points = np.concatenate([data.X_test[data.y_test == c][:12] for c in range(3)])
    return data.truth.posterior(points, data.counts), data.truth.density(points), data.counts


def test_minimisers_decide_as_their_targets(posterior):
    """Every strategy that states a target, all in one descent: the pointwise optimum decides by it."""
    p, _, counts = posterior
    tables = {name: entry.tables(counts) for name, entry in STRATEGIES.items()}
    tables = {name: t for name, t in tables.items() if t.target is not None}
    n, k, rows = len(p), 3, len(tables)
    kernel = {f: tf.constant(a) for f, a in stack(list(tables.values()), np.float64).items()}
    one_hot = tf.constant(np.tile(np.eye(k), n))
    z, best, rate = np.zeros((rows, k, n)), np.full((rows, n), np.inf), np.ones((rows, 1, n))
    slope = np.zeros_like(z)
    for _ in range(120):  # a step grows while it helps, and shrinks when it does not
        new = z - rate * slope
        logits = tf.constant(np.repeat(new, k, axis=2))
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = losses(logits, one_hot, kernel) * p.ravel()
        value, there = value.numpy(), tape.gradient(value, logits).numpy()
        value, there = value.reshape(rows, n, k).sum(2), there.reshape(rows, k, n, k).sum(3)
        better = value <= best
        best = np.where(better, value, best)
        better = better[:, None, :]
        z, slope, rate = np.where(better, new, z), np.where(better, there, slope), rate * np.where(better, 1.4, 0.3)
    for (name, t), found in zip(tables.items(), z, strict=True):
        aim = np.sort(t.target.probabilities(np.log(p)), axis=1)
        clear = aim[:, -1] - aim[:, -2] > 0.05
        assert clear.sum() > 25
        np.testing.assert_array_equal(
            t.decisions[0].classes(found.T)[clear], t.target.classes(np.log(p))[clear], err_msg=name
        )


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("cross_entropy", {}),
        ("weighted_cross_entropy", {}),
        ("weighted_cross_entropy", {"class_weight": "sqrt"}),
        ("class_balanced", {}),
        ("resampling", {}),
    ],
)
def test_weighted_optimum(name, knobs, posterior):
    """q ∝ w p(c|x); with balanced weights that is p(x|c), the posterior of equal priors."""
    p, density, counts = posterior
    w = STRATEGIES[name].tables(counts, **knobs).weight[:, 0]
    np.testing.assert_allclose(expected_slope(name, np.log(w * p), p, counts, **knobs), 0, atol=1e-13)
    if name == "resampling" or (name, knobs) == ("weighted_cross_entropy", {}):
        np.testing.assert_allclose(expected_slope(name, np.log(density), p, counts), 0, atol=1e-13)
        assert np.abs(expected_slope(name, np.log(p), p, counts)).max() > 0.1


def test_adjusted_optimum(posterior):
    """Logit adjustment: z = log p(c|x) - τ log π, so that the bare logits aim at the balanced error."""
    p, density, counts = posterior
    prior = counts / counts.sum()
    for tau in (0.5, 1, 2):
        z = np.log(p) - tau * np.log(prior)
        np.testing.assert_allclose(expected_slope("logit_adjustment", z, p, counts, tau=tau), 0, atol=1e-13)
    np.testing.assert_allclose(expected_slope("balanced_softmax", np.log(density), p, counts), 0, atol=1e-13)


def test_multiplied_optimum_is_not_rebalanced(posterior):
    """w ⊙ z = log p(c|x): the scaled logits are the plain posterior."""
    p, _, counts = posterior
    w = class_weights(counts)
    np.testing.assert_allclose(expected_slope("multiplied_logits", np.log(p) / w, p, counts) / w, 0, atol=1e-13)


def test_expected_cost_has_its_optimum_in_a_corner(posterior):
    """Linear in q: all on the class of least expected cost, which balanced costs make the balanced target."""
    p, _, counts = posterior
    t = STRATEGIES["expected_cost"].tables(counts)
    least = (p @ t.cost).argmin(1)
    labels = np.broadcast_to(np.arange(3), p.shape)

    def risk(z):
        return np.einsum("ny,ny->n", p, loss("expected_cost", np.repeat(z[:, None, :], 3, axis=1), labels, counts))

    corner = risk(60 * np.eye(3)[least])
    np.testing.assert_allclose(corner, (p @ t.cost).min(1), rtol=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert (risk(rng.normal(0, 3, p.shape)) >= corner - 1e-12).all()
    np.testing.assert_array_equal(t.target.classes(np.log(p)), least)
    np.testing.assert_array_equal(least, (class_weights(counts) * p).argmax(1))


# 6. Calibration


def test_weighting_inflates_and_can_be_undone(posterior):
    p, _, counts = posterior
    w = class_weights(counts)
    z = np.log(w * p)  # its optimum: test_weighted_optimum
    q = softmax(z)
    assert (q[:, 2] > p[:, 2]).all()
    assert q[:, 2].mean() > 2 * p[:, 2].mean()
    np.testing.assert_allclose((q / w) / (q / w).sum(1, keepdims=True), p, rtol=1e-12)
    # moving the threshold of the plain model decides the same
    moved = STRATEGIES["threshold_moving"].tables(counts).decisions[0]
    np.testing.assert_array_equal(moved.classes(np.log(p)), z.argmax(1))


def test_half_of_the_weighted_is_the_base_rate_of_the_plain():
    """Two classes: logit p = logit q - log(w1/w0), so balanced weights at ½ are the plain model at π_1."""
    counts = np.array([950, 50])
    data = make_dataset("blobs", n=1000, classes=2, imbalance=19, overlap=1.2, seed=2)
    assert data.counts.tolist() == [950, 50]
    x = np.concatenate([data.X_test[data.y_test == c][:150] for c in range(2)])
    p = data.truth.posterior(x, counts)
    w = class_weights(counts)
    logit_q = np.log(p[:, 1] / p[:, 0]) + np.log(w[1] / w[0])
    z = np.column_stack([-logit_q / 2, logit_q / 2])
    np.testing.assert_allclose(expected_slope("weighted_cross_entropy", z, p, counts), 0, atol=1e-13)  # the optimum
    weighted, plain = softmax(z)[:, 1], p[:, 1]
    np.testing.assert_array_equal(weighted > 0.5, plain > 0.05)
    assert (plain > 0.5).sum() < (weighted > 0.5).sum() < 300
    y = np.repeat([0, 1], 150)
    assert roc_auc_score(y, weighted) == pytest.approx(roc_auc_score(y, plain), abs=1e-12)


def test_auc_does_not_change_for_a_well_specified_model():
    """Logistic regression on two round Gaussians, trained: another threshold, hardly another ranking."""
    data = make_dataset("blobs", n=3000, classes=2, imbalance=19, overlap=1.2, seed=3)
    H = np.column_stack([data.X_test, np.ones(len(data.X_test))])
    auc, share = {}, {}
    for name in ("cross_entropy", "weighted_cross_entropy"):
        z = H @ logistic_regression(name, data.X, data.y, data.counts).T @ [-1, 1]
        auc[name], share[name] = roc_auc_score(data.y_test, z), (z > 0).mean()
    assert auc["weighted_cross_entropy"] == pytest.approx(auc["cross_entropy"], abs=0.002)
    assert share["weighted_cross_entropy"] > 3 * share["cross_entropy"]


def test_mean_prediction_is_the_base_rate(trained):
    """Fact 10: unweighted with a bias."""
    np.testing.assert_allclose(softmax(trained["plain"]).mean(0), N / 1000, atol=1e-9)
    assert softmax(trained["weighted"]).mean(0)[2] > 5 * 0.02


# 7. Focal is not proper

U = np.linspace(-12, 12, 24_001)
"""Log-odds; steps of 0.001."""


def of_pairs(call, gamma):
    """Values at logits (0, u), for either label, [U, 2] (gradients: with respect to u)."""
    z = np.stack([np.zeros_like(U), U], -1)
    out = call("focal", np.repeat(z[:, None], 2, axis=1), np.tile([0, 1], (len(U), 1)), [1, 1], gamma=gamma)
    return out if call is loss else out[..., 1]


@pytest.mark.parametrize(
    ("gamma", "eta", "q"), [(2, 0.9, 0.694), (2, 0.1, 0.306), (2, 0.5, 0.5), (0, 0.9, 0.9), (0, 0.3, 0.3)]
)
def test_focal_minimiser(gamma, eta, q):
    """Where the true probability is eta, the expected loss is least at q; γ = 0 is cross-entropy, which is proper."""
    risk = of_pairs(loss, gamma) @ [1 - eta, eta]
    assert 1 / (1 + np.exp(-U[risk.argmin()])) == pytest.approx(q, abs=5e-4)


def test_focal_can_be_inverted():
    """At the minimiser the expected slope is 0, which gives eta back out of q: a rising map that keeps ½."""
    slope = of_pairs(gradient, 2)
    eta, q = slope[:, 0] / (slope[:, 0] - slope[:, 1]), 1 / (1 + np.exp(-U))
    assert (np.diff(eta[np.abs(U) < 8]) > 0).all()  # further out the steps are below rounding
    assert np.interp(0.694, q, eta) == pytest.approx(0.9, abs=5e-4)
    assert np.interp(0.9, eta, q) == pytest.approx(0.694, abs=5e-4)
    np.testing.assert_array_equal(eta > 0.5, q > 0.5)  # so it decides alike, while
    assert (np.abs(q - 0.5) <= np.abs(eta - 0.5) + 1e-12).all()  # its probabilities are pulled towards the middle
