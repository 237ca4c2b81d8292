"""The one equation: laws over every strategy, an independent implementation, peers, tails, and bad input."""

import keras
import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from test_strategies import of_all_settings, settings

from lossviz import STRATEGIES, gradient, loss
from lossviz.equation import losses, stack, tf
from lossviz.strategies import NEVER, Tables

N = np.array([900, 80, 20])
W = np.array([31 / 531, 500 / 531])


def draw(n, k, scale, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, scale, (n, k)), rng.integers(0, k, n)


def reference(t, z, y):
    """The equation of catalogue §1, one example at a time; 1 - q_y as the sum of the other classes' q."""
    out = []
    for i in range(len(z)):
        guess, true = int(np.argmax(z[i])), int(y[i])
        adjusted = t.scale[guess] * z[i] + t.shift[true]
        top = adjusted.max()
        e = np.exp(adjusted - top)
        q = e / e.sum()
        rest = sum(e[c] for c in range(len(e)) if c != true) / e.sum()
        nll = -np.log1p(-rest) if rest < 0.5 else np.log(e.sum()) + top - adjusted[true]
        out.append(t.weight[true, guess] * rest ** t.focus[true] * nll + t.cost[true] @ q)
    return np.array(out)


@pytest.mark.parametrize("name", STRATEGIES)
class TestEvery:
    def test_is_the_equation(self, name):
        for counts, k in ((N, 3), ([40, 30, 20, 10, 5, 1], 6), ([500, 31], 2)):
            z, y = draw(80, k, 2, seed=k)
            values, _ = of_all_settings(name, z, y, counts)
            for knobs, value in zip(settings(name, k), values, strict=True):
                expected = reference(STRATEGIES[name].tables(counts, **knobs), z, y)
                np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-13, err_msg=str(knobs))

    def test_gradient_is_the_slope(self, name):
        z, y = draw(40, 3, 2)
        step = 1e-5
        _, slopes = of_all_settings(name, z, y, N)
        for c in range(3):
            up, down = (of_all_settings(name, z + sign * step * np.eye(3)[c], y, N)[0] for sign in (1, -1))
            size = np.maximum(1, np.abs(slopes[:, :, c]))
            np.testing.assert_array_less(np.abs((up - down) / (2 * step) - slopes[:, :, c]) / size, 5e-6)

    def test_gradient_sums_to_nothing(self, name):
        """Σ_j grad_j / a_j = 0: to 0 outright wherever no class's logit is scaled differently from another's."""
        z, y = draw(200, 3, 3)
        _, slopes = of_all_settings(name, z, y, N)
        for knobs, g in zip(settings(name), slopes, strict=True):
            a = STRATEGIES[name].tables(N, **knobs).scale[z.argmax(1)]
            assert np.abs(g).max() > 0
            np.testing.assert_allclose((g / a).sum(1) / np.abs(g / a).max(), 0, atol=1e-13, err_msg=str(knobs))

    def test_shift_invariance(self, name):
        """Adding 5 to all logits changes nothing, unless classes are scaled differently: then it does."""
        z, y = draw(100, 3, 2)
        before, _ = of_all_settings(name, z, y, N)
        after, _ = of_all_settings(name, z + 5, y, N)
        for knobs, a, b in zip(settings(name), before, after, strict=True):
            t = STRATEGIES[name].tables(N, **knobs)
            if np.ptp(t.scale, axis=1).max() == 0:
                np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12, err_msg=str(knobs))
            else:
                assert np.abs(b - a).max() > 0.1, knobs

    @pytest.mark.parametrize("counts", [[900, 80, 20], [1_000_000, 100, 1]], ids=str)
    def test_finite_at_the_far_ends(self, name, counts):
        corners = np.array(np.meshgrid(*[[-1e4, -50, 0, 50, 1e4]] * 3)).reshape(3, -1).T
        z, y = np.repeat(corners, 3, axis=0).astype(np.float32), np.tile(np.arange(3), len(corners))
        for values in of_all_settings(name, z, y, counts):
            for knobs, value in zip(settings(name), values, strict=True):
                assert np.isfinite(value).all(), knobs
        # and the kernel is right there, not only finite
        t = STRATEGIES[name].tables(counts)
        np.testing.assert_allclose(loss(name, z, y, counts), reference(t, z.astype(float), y), rtol=2e-3, atol=1e-3)

    def test_float32_far_from_zero(self, name):
        """Whole logits and their sums are exact in float32, so 10,000 more of each loses nothing where none is changed."""
        z = np.array(np.meshgrid(*[[-3, 0, 1, 4]] * 3)).reshape(3, -1).T.astype(np.float32)
        y = np.arange(len(z)) % 3
        near, far = of_all_settings(name, z, y, N), of_all_settings(name, z + 10_000, y, N)
        for i, knobs in enumerate(settings(name)):
            t = STRATEGIES[name].tables(N, **knobs)
            if (t.scale == 1).all() and np.isin(t.shift, [0, NEVER]).all():
                for a, b in zip(near, far, strict=True):
                    np.testing.assert_allclose(
                        b[i], a[i], rtol=1e-4, atol=1e-4 * np.abs(a[i]).max(), err_msg=str(knobs)
                    )

    def test_never_negative(self, name):
        z, y = draw(300, 3, 10)
        assert (of_all_settings(name, z, y, N)[0] >= 0).all()

    def test_batched_is_one_by_one(self, name):
        z, y = draw(12, 3, 2)
        values, slopes = (a[0] for a in of_all_settings(name, z, y, N))
        for call, whole in ((loss, values), (gradient, slopes)):
            cube = call(name, z.reshape(2, 3, 2, 3), y.reshape(2, 3, 2), N)
            assert cube.shape == (2, 3, 2, *whole.shape[1:])
            np.testing.assert_allclose(cube.reshape(whole.shape), whole, rtol=1e-13)
            np.testing.assert_allclose(call(name, z[7], y[7], N), whole[7], rtol=1e-13)


@pytest.mark.parametrize("name", ["cross_entropy", "vs"])
def test_types_and_shapes(name):
    z, y = draw(6, 3, 2)
    assert loss(name, z.tolist(), y.tolist(), N.tolist()).dtype == np.float64
    assert gradient(name, z.astype(np.float16), y, N).dtype == np.float64
    assert loss(name, z.astype(np.float32), y.astype(np.uint8), N).dtype == np.float32
    assert loss(name, np.zeros((2, 3), int), [0, 1], N).dtype == np.float64
    assert loss(name, np.zeros((0, 3)), np.zeros(0, int), N).shape == (0,)
    assert gradient(name, np.zeros((2, 0, 3)), np.zeros((2, 0), int), N).shape == (2, 0, 3)
    np.testing.assert_allclose(loss(name, z.astype(np.float32), y, N), loss(name, z, y, N), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("call", [loss, gradient])
@pytest.mark.parametrize(
    ("logits", "labels", "counts", "says"),
    [
        ([[1.0, 2, 3]], [0], [9, 1], r"counts must have one number a class, 3; not 2"),
        ([[1.0, 2]], [0], [9, 5, 1], r"counts must have one number a class, 2; not 3"),
        ([[1.0]], [0], [9, 1], r"logits must have shape \[\.\.\., K\] with K ≥ 2 classes; not \(1, 1\)"),
        (1.0, 0, [9, 1], r"logits must have shape"),
        ([[1.0, 2]], 0, [9, 1], r"labels must have the shape of logits without its last axis, \(1,\); not \(\)"),
        ([[1.0, 2]], [0, 1], [9, 1], r"labels must have the shape .* not \(2,\)"),
        ([[1.0, 2]], [[0, 1]], [9, 1], r"labels must have the shape"),  # one-hot
        ([[1.0, 2], [3, 4]], [0, 2], [9, 1], r"labels\[1\] is 2: labels must be between 0 and 1"),
        ([[1.0, 2]], [-1], [9, 1], r"labels\[0\] is -1: labels must be between 0 and 1"),
        ([[1.0, 2]], [1.0], [9, 1], r"labels must be integers, class indices; not float64"),
        ([[1.0, 2]], ["a"], [9, 1], r"labels must be integers"),
        ([[1.0, np.nan]], [0], [9, 1], r"logits\[0, 1\] is nan: logits must be finite"),
        ([[[1.0, 2], [np.inf, 1]]], [[0, 1]], [9, 1], r"logits\[0, 1, 0\] is inf"),
        (np.full((1, 2), np.nan, np.float32), [0], [9, 1], r"logits\[0, 0\] is nan"),
        ([["a", "b"]], [0], [9, 1], r"logits must be numbers"),
        ([[1.0, 2]], [0], [9, -1], r"class 1 has a count of -1"),
        ([[1.0, 2]], [0], [9, np.nan], r"class 1 has a count of nan"),
    ],
)
def test_refuses(call, logits, labels, counts, says):
    with pytest.raises(ValueError, match=says):
        call("vs", logits, labels, counts)


@pytest.mark.parametrize("call", [loss, gradient])
def test_refuses_names_and_knobs(call):
    z, y = [[1.0, 2]], [0]
    with pytest.raises(ValueError, match=r"strategy must be one of 'cross_entropy', .*; not 'focus'"):
        call("focus", z, y, [9, 1])
    with pytest.raises(ValueError, match="strategy must be one of"):
        call(None, z, y, [9, 1])
    with pytest.raises(ValueError, match="knob of focal must be one of 'gamma' or 'class_weight'; not 'gama'"):
        call("focal", z, y, [9, 1], gama=1)
    with pytest.raises(ValueError, match="cross_entropy has no knobs; not 'gamma'"):
        call("cross_entropy", z, y, [9, 1], gamma=1)
    with pytest.raises(ValueError, match="gamma must be between 0 and 5; not -1"):
        call("focal", z, y, [9, 1], gamma=-1)
    with pytest.raises(ValueError, match=r"class_weight\[1\] is -2: it must be finite and not negative"):
        call("weighted_cross_entropy", z, y, [9, 1], class_weight=[1, -2])
    with pytest.raises(ValueError, match=r"class_weight must have shape \(2,\); not \(3,\)"):
        call("weighted_cross_entropy", z, y, [9, 1], class_weight=[1, 2, 3])
    with pytest.raises(ValueError, match=r"class_weight must be one of 'none', 'balanced', .*; not 'heavy'"):
        call("weighted_cross_entropy", z, y, [9, 1], class_weight="heavy")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_random_tables(dtype):
    """Every table at once, and many rows: what no one strategy does, the kernel does all the same."""
    rng = np.random.default_rng(1)
    for k in (2, 3, 6):
        z, y = draw(100, k, 2, seed=k)
        rows = []
        for _ in range(5):
            w, s, c = rng.uniform(0, 3, (3, k, k))
            b = np.where(rng.random((k, k)) < 0.2, NEVER, rng.normal(0, 2, (k, k)))
            b[np.eye(k, dtype=bool)] = rng.normal(0, 2, k)
            rows.append(Tables(w, s, b, rng.uniform(0, 4, k), c, 2 * w, 0.5, "uniform", (), None))
        tables = {f: tf.constant(a) for f, a in stack(rows, dtype).items()}
        logits = tf.constant(np.broadcast_to(z.T, (5, k, 100)), dtype)
        one_hot = tf.constant(np.eye(k)[y].T, dtype)
        expected = np.array([reference(t, z, y) for t in rows])
        tolerance = {"rtol": 1e-11, "atol": 1e-13} if dtype is np.float64 else {"rtol": 2e-4, "atol": 1e-5}
        np.testing.assert_allclose(losses(logits, one_hot, tables), expected, **tolerance)
        # late weights, row by row; padding costs nothing
        late = np.array([True, False, True, False, False])
        expected[late] = [reference(Tables(**{**vars(t), "weight": t.late_weight}), z, y) for t in rows[::2][:2]]
        np.testing.assert_allclose(losses(logits, one_hot, tables, tf.constant(late)), expected, **tolerance)
        assert not np.any(losses(logits, tf.zeros_like(one_hot), tables))


def test_of_equal_logits_the_first_is_predicted():
    z = np.array([[2.0, 2, 1], [1, 2, 2], [0, 0, 0]])
    w = [[1, 10, 100]] * 3
    expected = np.array([1, 10, 1]) * loss("cross_entropy", z, [2, 2, 2], N)
    np.testing.assert_allclose(loss("error_weighted", z, [2, 2, 2], N, error_weight=w), expected, rtol=1e-14)


# Tails


def softmax_tail():
    """Of logits [40, 0, 0]: the probability of the others, 2e⁻⁴⁰ / (1 + 2e⁻⁴⁰), and -log of the first's."""
    ratio = 2 * np.exp(-40)
    return ratio / (1 + ratio), np.log1p(ratio)


@pytest.mark.parametrize("gamma", [0, 0.5, 2, 5])
def test_right_and_sure(gamma):
    """Logits [40, 0, 0], true class 0: what is left to learn is tiny, and not 0."""
    rest, nats = softmax_tail()
    np.testing.assert_allclose(loss("focal", [40.0, 0, 0], 0, N, gamma=gamma), rest**gamma * nats, rtol=1e-12)
    slope = gamma * rest**gamma * (1 - rest) * nats + rest**gamma * rest
    expected = [-slope, slope / 2, slope / 2]
    np.testing.assert_allclose(gradient("focal", [40.0, 0, 0], 0, N, gamma=gamma), expected, rtol=1e-12)
    assert all(expected)


@pytest.mark.parametrize("gamma", [0, 0.5, 2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_wrong_and_sure(gamma, dtype):
    """Logits [40, 0, 0], true class 1: the full slope of cross-entropy, where a clip after the softmax gives 0."""
    z = np.array([40, 0, 0], dtype)
    q1 = np.exp(-40) / (1 + 2 * np.exp(-40))
    rtol = 1e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(loss("focal", z, 1, N, gamma=gamma), (1 - q1) ** gamma * -np.log(q1), rtol=rtol)
    slope = gamma * (1 - q1) ** gamma * q1 * -np.log(q1) + (1 - q1) ** gamma * (1 - q1)
    share = np.exp(-40) / (1 + np.exp(-40))  # of class 2 among the others
    expected = [slope * (1 - share), -slope, slope * share]
    np.testing.assert_allclose(gradient("focal", z, 1, N, gamma=gamma), expected, rtol=max(rtol, 1e-5 * (rtol > 1e-9)))
    assert expected[0] == pytest.approx(1)


def test_cross_entropy_in_float32_tails():
    rest, nats = softmax_tail()
    z = np.array([40, 0, 0], np.float32)
    np.testing.assert_allclose(loss("cross_entropy", z, 0, N), nats, rtol=1e-5)
    np.testing.assert_allclose(gradient("cross_entropy", z, 0, N), [-rest, rest / 2, rest / 2], rtol=1e-5)
    z = np.array([1e4, -1e4, 0], np.float32)
    assert loss("cross_entropy", z, 1, N) == 20_000
    assert gradient("cross_entropy", z, 1, N).tolist() == [1, -1, 0]


# Numbers of the catalogue


def test_multiplied_is_not_weighted():
    """§2.1."""
    z, y = [[2.0, 1.0]] * 2, [0, 1]
    n = [500, 31]
    numbers = {
        "cross_entropy": ({}, [0.3132617, 1.3132617]),
        "weighted_cross_entropy": ({"class_weight": W}, [0.0182883, 1.2365929]),
        "multiplied_logits": ({"class_weight": W}, [1.1883185, 0.3634597]),
    }
    for name, (knobs, expected) in numbers.items():
        np.testing.assert_allclose(loss(name, z, y, n, **knobs), expected, atol=5e-8)
    more = np.add(z, 5)
    np.testing.assert_allclose(loss("cross_entropy", more, y, n), [0.3132617, 1.3132617], atol=5e-8)
    np.testing.assert_allclose(loss("multiplied_logits", more, y, n, class_weight=W), [5.2463353, 0.0052807], atol=5e-8)


MEANS_Z = [[2, 2, 6, 1, 3], [9, 6, 1, 0, 1], [9, 0, 0, 9, 3], [4, 0, 0, 4, 1], [7, 3, 2, 4, 7], [2, 4, 8, 0, 7]]
MEANS_Y = [1, 3, 4, 4, 4, 1]
MEANS_W = [0.3, 0.1, 0.2, 0.3, 0.1]


def test_three_means():
    """§2.9: the same weighted losses, divided by N, by the weights' sum, or by how many of them are not 0."""
    n, w = [1] * 5, np.array(MEANS_W)[MEANS_Y]
    own = loss("weighted_cross_entropy", MEANS_Z, MEANS_Y, n, class_weight=MEANS_W)
    assert own.mean() == pytest.approx(0.77875894, abs=1e-7)
    assert own.sum() / np.count_nonzero(w) == pytest.approx(0.77875894, abs=1e-7)
    assert own.sum() / w.sum() == pytest.approx(5.8406916, abs=1e-7)
    multiplied = loss("multiplied_logits", MEANS_Z, MEANS_Y, n, class_weight=MEANS_W)
    assert multiplied.mean() == pytest.approx(2.4158034, abs=1e-7)
    # the frameworks themselves
    z, y = np.array(MEANS_Z, float), np.array(MEANS_Y)
    mean = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(y, z, sample_weight=w)
    assert float(mean) == pytest.approx(own.mean(), rel=1e-12)
    mean = torch.nn.functional.cross_entropy(
        torch.tensor(z), torch.tensor(y), torch.tensor(MEANS_W, dtype=torch.float64)
    )
    assert mean.item() == pytest.approx(own.sum() / w.sum(), rel=1e-12)
    # with a single example PyTorch's weight cancels
    one = torch.nn.functional.cross_entropy(
        torch.tensor(z[:1]), torch.tensor(y[:1]), torch.tensor(MEANS_W, dtype=torch.float64)
    )
    assert one.item() == pytest.approx(loss("cross_entropy", z[0], y[0], n), rel=1e-12)


# Peers


@pytest.fixture
def batch():
    z, y = draw(500, 3, 4)
    return z, y, 1000 / 3 / N


def test_keras(batch):
    z, y, w = batch
    peer = keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None, dtype="float64")
    expected = peer(np.eye(3)[y], z, sample_weight=w[y])
    np.testing.assert_allclose(loss("weighted_cross_entropy", z, y, N), expected, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(loss("cross_entropy", z, y, N), peer(np.eye(3)[y], z), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(loss("multiplied_logits", z, y, N), peer(np.eye(3)[y], w * z), rtol=1e-9, atol=1e-13)


def test_scikit_learn(batch):
    z, y, w = batch
    p = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
    weighted = loss("weighted_cross_entropy", z, y, N)
    assert weighted.sum() == pytest.approx(log_loss(y, p, sample_weight=w[y], normalize=False), rel=1e-10)
    assert weighted.sum() / w[y].sum() == pytest.approx(log_loss(y, p, sample_weight=w[y]), rel=1e-10)
    assert loss("cross_entropy", z, y, N).mean() == pytest.approx(log_loss(y, p), rel=1e-10)


def test_torch(batch):
    z, y, w = batch
    logits = torch.tensor(z, requires_grad=True)
    peer = torch.nn.functional.cross_entropy(logits, torch.tensor(y), torch.tensor(w), reduction="none")
    peer.sum().backward()
    np.testing.assert_allclose(loss("weighted_cross_entropy", z, y, N), peer.detach(), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(gradient("weighted_cross_entropy", z, y, N), logits.grad, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", ["balanced_softmax", "ldam", "cdt", "multiplied_logits", "focal", "expected_cost"])
def test_torch_gradients(batch, name):
    """Formulas that Torch differentiates by itself."""
    z, y, w = batch
    logits, counts, rows = torch.tensor(z, requires_grad=True), torch.tensor(N).double(), torch.arange(len(y))
    nll = torch.nn.functional.cross_entropy
    margin = torch.nn.functional.one_hot(torch.tensor(y)) * (0.5 * (20 / counts) ** 0.25)
    peer = {
        "balanced_softmax": lambda: nll(logits + counts.log(), torch.tensor(y), reduction="sum"),
        "ldam": lambda: nll(logits - margin, torch.tensor(y), reduction="sum"),
        "cdt": lambda: nll(logits * (counts / 900) ** 0.3, torch.tensor(y), reduction="sum"),
        "multiplied_logits": lambda: nll(logits * torch.tensor(w), torch.tensor(y), reduction="sum"),
        "focal": lambda: -((1 - logits.softmax(1)) ** 2 * logits.log_softmax(1))[rows, y].sum(),
        "expected_cost": lambda: (torch.tensor(w)[y] * (1 - logits.softmax(1)[rows, y])).sum(),
    }[name]()
    peer.backward()
    assert loss(name, z, y, N).sum() == pytest.approx(peer.item(), rel=1e-10)
    np.testing.assert_allclose(gradient(name, z, y, N), logits.grad, rtol=1e-8, atol=1e-11)


def test_sigmoid_losses_are_softmax_over_zero_and_z():
    """A label of a multi-label problem is two classes over (0, z); pos_weight is its weight of the second."""
    z, y = np.random.default_rng(2).normal(0, 5, 300), np.arange(300) % 2
    pair = np.stack([np.zeros(300), z], axis=1)
    logits = torch.tensor(z, requires_grad=True)
    peer = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor(y).double(), pos_weight=torch.tensor(500 / 31, dtype=torch.float64), reduction="none"
    )
    peer.sum().backward()
    for class_weight in ("pos_weight", [1, 500 / 31]):
        own = loss("weighted_cross_entropy", pair, y, [500, 31], class_weight=class_weight)
        np.testing.assert_allclose(own, peer.detach(), rtol=1e-10, atol=1e-13)
        slope = gradient("weighted_cross_entropy", pair, y, [500, 31], class_weight=class_weight)[:, 1]
        np.testing.assert_allclose(slope, logits.grad, rtol=1e-10, atol=1e-13)
    tf1 = tf.nn.weighted_cross_entropy_with_logits(y.astype(float), z, tf.constant(500 / 31, tf.float64))
    np.testing.assert_allclose(own, tf1, rtol=1e-9, atol=1e-13)
