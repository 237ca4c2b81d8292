"""The fading toy: the derivation's closed forms, the integration against them, and who keeps the boundary."""

import numpy as np
import pytest
from scipy.special import lambertw

from lossviz import fading_weights
from lossviz.fading import RECIPES, closed_form, integrated

TIME = np.geomspace(0.01, 1e12, 60)


def euler(weights, factors, overlap, l2, end, steps):
    """Plain gradient descent on the four exponentials, small steps."""
    a = b = 0.0
    for _ in range(steps):
        points = [  # class sign, position, share, weight, factor
            (1, 1, 1 - overlap, weights[0], factors[0]), (1, -1, overlap, weights[0], factors[0]),
            (-1, -1, 1 - overlap, weights[1], factors[1]), (-1, 1, overlap, weights[1], factors[1]),
        ]  # fmt: skip
        ga, gb = l2 * a, 0.0
        for sign, x, share, w, d in points:
            slope = -w * share * d * sign * np.exp(-d * sign * (a * x + b))
            ga, gb = ga + slope * x, gb + slope
        a, b = a - end / steps * ga, b - end / steps * gb
    return a, b


@pytest.mark.parametrize("overlap", [0.0, 0.1])
@pytest.mark.parametrize("factors", [(1.0, 1.0), (0.5, 1.0)])
def test_small_steps_of_gradient_descent(overlap, factors):
    """The equation is the gradient of the loss that is said, with L2 besides."""
    for l2 in (0.0, 0.3):
        found = integrated((10.0, 1.0), factors, overlap, l2, np.array([1.0, 2.0]))[:, -1]
        np.testing.assert_allclose(found, euler((10.0, 1.0), factors, overlap, l2, 2.0, 40_000), rtol=2e-4)


@pytest.mark.parametrize(
    ("weights", "factors", "overlap"),
    [((1.0, 1.0), (1.0, 1.0), 0), ((10.0, 1.0), (1.0, 1.0), 0), ((1.0, 1.0), (0.6, 1.0), 0), ((3.0, 1.0), (0.5, 2.0), 0),
     ((10.0, 1.0), (1.0, 1.0), 0.02), ((10.0, 1.0), (1.0, 1.0), 0.2), ((1.0, 1.0), (1.0, 1.0), 0.3)],
)  # fmt: skip
def test_integration_follows_the_closed_form(weights, factors, overlap):
    exact = closed_form(weights, factors, overlap, TIME)
    np.testing.assert_allclose(integrated(weights, factors, overlap, 0.0, TIME), exact, rtol=1e-6, atol=1e-6)


def test_weights_fade_and_vs_does_not():
    f = fading_weights(10, 1e12)
    assert f.names == tuple(RECIPES)
    assert f.time[0] == pytest.approx(0.01)
    assert f.time[-1] == pytest.approx(1e12)
    plain, weighted, vs = f.boundary
    np.testing.assert_allclose(plain, 0, atol=1e-12)
    late = f.time > 10
    assert (np.diff(np.abs(weighted[late])) < 0).all()  # ever nearer to the middle
    assert (np.diff(vs[late]) < 0).all()  # ever nearer to its own place
    np.testing.assert_allclose(
        f.b[1, late], np.log(10) / 2, atol=0.03
    )  # the push of the weights stays, the slope grows
    # like 1/log t: the product goes to a constant, -log(10)/2
    product = weighted * np.log(f.time)
    assert product[-1] == pytest.approx(-np.log(10) / 2, rel=0.08)
    far = fading_weights(10, 1e30)
    assert (far.boundary * np.log(far.time))[1, -1] == pytest.approx(-np.log(10) / 2, rel=0.03)
    np.testing.assert_allclose(f.limit, [0, 0, -(1 - 10**-0.2) / (1 + 10**-0.2)], atol=1e-12)
    assert abs(vs[-1]) > 4 * abs(weighted[-1])
    # theory's curves
    assert np.isnan(f.theory[1, f.time < 0.1]).all()
    np.testing.assert_allclose(f.theory[1, -50:], weighted[-50:], rtol=1e-6)
    np.testing.assert_allclose(f.theory[2, -1], f.limit[2])


def test_overlap_and_l2_keep_weights():
    overlapping = fading_weights(10, 1e8, overlap=0.1)
    # a = log(9)/2, b = log(10)/2
    assert overlapping.boundary[1, -1] == pytest.approx(-np.log(10) / np.log(9), rel=1e-9)
    assert overlapping.limit[1] == pytest.approx(-np.log(10) / np.log(9), rel=1e-9)
    for l2 in (1e-4, 0.01, 1.0):
        decayed = fading_weights(10, 1e9, l2=l2)
        slope = lambertw(2 * np.sqrt(10) / l2).real  # λ a = 2 √10 e^−a
        assert decayed.a[1, -1] == pytest.approx(slope, rel=1e-6)
        assert decayed.boundary[1, -1] == pytest.approx(-np.log(10) / 2 / slope, rel=1e-6)
        np.testing.assert_allclose(decayed.limit[[0, 1]], [0, -np.log(10) / 2 / slope], atol=1e-6)
        assert np.isnan(decayed.theory).all()
        assert decayed.boundary[2, -1] == pytest.approx(decayed.limit[2], abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weight": 0}, "weight must be between 0.001 and 1000; not '0'"),
        ({"weight": "ten"}, "weight must be between"),
        ({"until": np.inf}, "until must be between 1 and 1e\\+30"),
        ({"overlap": 0.5}, "overlap must be between 0 and 0.49"),
        ({"l2": -1}, "l2 must be between"),
        ({"gamma": np.nan}, "gamma must be between"),
        ({"points": 1}, "points must be a whole number from 2"),
        ({"points": 2.5}, "points must be a whole number from 2"),
    ],
)
def test_bad_input(arguments, said):
    with pytest.raises(ValueError, match=said):
        fading_weights(**arguments)
