r"""Weights fade on separable data: two points, exponential loss, gradient flow, followed over many powers of ten of time.

At x = +1 and x = −1, f(x) = a x + b, so s = f(+1) = a + b and r = −f(−1) = a − b are the margins of the rare class (+1) and of
the common class (−1). A share 1 − o of each class lies on its own side and a share o, the overlap, on the other's. With
class weights w₊ and w₋ and multiplicative factors Δ₊ and Δ₋ on the margins (as VS has them), the loss is

    L = (1 − o) (w₊ e^{−Δ₊ s} + w₋ e^{−Δ₋ r}) + o (w₊ e^{Δ₊ r} + w₋ e^{Δ₋ s}) + λ a² / 2.

Gradient flow is ȧ = −∂L/∂a, ḃ = −∂L/∂b, so that ṡ = −2 ∂L/∂s and ṙ = −2 ∂L/∂r where λ = 0: the margins do not see each other.

**Separable** (o = 0, λ = 0): ṡ = 2 w₊ Δ₊ e^{−Δ₊ s}, hence d e^{Δ₊ s}/dt = 2 w₊ Δ₊² and from zero

    s(t) = log(1 + 2 w₊ Δ₊² t) / Δ₊,      r(t) = log(1 + 2 w₋ Δ₋² t) / Δ₋.

The boundary is −b/a = −(s − r)/(s + r). With Δ = 1, s − r → log(w₊/w₋) while s + r ~ 2 log t: it goes to 0 like
−log(w₊/w₋) / (2 log t). With Δ₊ ≠ Δ₋ it goes to −(Δ₋ − Δ₊)/(Δ₋ + Δ₊), which is not 0: it does not fade.

**Overlapping** (Δ = 1, λ = 0): for v = e^s, v̇ = 2 (A − B v²) with A = (1 − o) w₊, B = o w₋, hence

    s(t) = log √(A/B) + log tanh(2 √(AB) t + artanh √(B/A)),

with coth and arcoth where B > A; r likewise with the weights exchanged. So b → ½ log(w₊/w₋) and
a → ½ log((1 − o)/o): the boundary keeps its place. **L2** on a does the same: b → ½ log(w₊/w₋) and a stays finite.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RECIPES = {"plain": "Plain", "weighted": "Weighted", "vs": "VS, multiplied"}
"""What is followed, with titles."""


@dataclass(frozen=True, eq=False)
class Fading:
    """How far a class weight moves the boundary, over time.

    Attributes:
        names: Keys of `RECIPES`, S of them.
        time: Gradient-flow time, which is steps × learning rate, equally spaced in its logarithm, [T].
        a: Slope, [S, T].
        b: Intercept, [S, T].
        boundary: −b/a, [S, T]: 0 is the middle of the gap, −1 the common class's point.
        theory: What the closed form goes to for large times, [S, T]: −log(w₊/w₋) / (2 a) with a ~ log(2 √(w₊w₋) t) for
            "weighted", a constant for the others; NaN where no such law holds (with L2, with overlap, or early).
        limit: Where the boundary ends, [S].
    """

    names: tuple[str, ...]
    time: Array
    a: Array
    b: Array
    boundary: Array
    theory: Array
    limit: Array


def _between(what: str, value: object, low: float, high: float) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = np.nan
    if not low <= number <= high:
        raise ValueError(f"{what} must be between {low:g} and {high:g}; not {str(value)[:40]!r}")
    return number


def closed_form(weights: tuple[float, float], factors: tuple[float, float], overlap: float, time: Array) -> Array:
    """Slope and intercept of the flow from zero without L2, [2, T]; with overlap for factors of 1 only.

    Args:
        weights: w₊ and w₋.
        factors: Δ₊ and Δ₋.
        overlap: o, from 0 to less than ½.
        time: [T].

    Returns:
        a and b; see the module's derivation.

    Example:
        At t = ½ with weights 10 and 1, s = log 11 and r = log 2:

        >>> a, b = closed_form((10, 1), (1, 1), 0, np.array([0.5]))
        >>> np.exp([a + b, a - b]).round(9).ravel().tolist()
        [11.0, 2.0]
    """
    margins = []
    for w, other, factor in ((*weights, factors[0]), (*weights[::-1], factors[1])):
        if overlap == 0:
            margins.append(np.log1p(2 * w * factor**2 * time) / factor)
            continue
        up, down = (1 - overlap) * w, overlap * other
        rise, ratio = 2 * np.sqrt(up * down) * time, np.sqrt(down / up)
        if ratio < 1:
            part = np.log(np.tanh(rise + np.arctanh(ratio)))
        elif ratio > 1:
            part = -np.log(np.tanh(rise + np.arctanh(1 / ratio)))
        else:
            part = np.zeros_like(time)
        margins.append(part - np.log(ratio))
    s, r = margins
    return np.stack([(s + r) / 2, (s - r) / 2])


def _flow(state: Any, weights: tuple[float, float], factors: tuple[float, float], overlap: float, l2: float) -> Array:
    """ȧ and ḃ."""
    a, b = state
    s, r, (w, v), (d, e) = a + b, a - b, weights, factors
    with np.errstate(over="ignore"):
        push_s = (1 - overlap) * w * d * np.exp(-d * s) - overlap * v * e * np.exp(e * s)
        push_r = (1 - overlap) * v * e * np.exp(-e * r) - overlap * w * d * np.exp(d * r)
    return np.array([push_s + push_r - l2 * a, push_s - push_r])


def integrated(
    weights: tuple[float, float], factors: tuple[float, float], overlap: float, l2: float, time: Array
) -> Array:
    """Slope and intercept of the flow from zero, [2, T], integrated in log(1 + t): ten powers of ten are few steps.

    Args:
        weights: w₊ and w₋.
        factors: Δ₊ and Δ₋.
        overlap: o.
        l2: λ.
        time: Increasing, [T].

    Returns:
        a and b, to a relative tolerance of 1e-9.

    Raises:
        ValueError: It cannot be followed so far.
    """
    from scipy import integrate  # type: ignore[import-untyped]

    def in_log(u: float, state: Array) -> Array:
        return np.exp(u) * _flow(state, weights, factors, overlap, l2)

    end = np.log1p(time)
    solved = integrate.solve_ivp(in_log, (0, end[-1]), [0.0, 0.0], "Radau", end, rtol=1e-9, atol=1e-11)
    if not solved.success:
        raise ValueError(f"the flow could not be followed to {time[-1]:g}: choose an earlier end, or less weight")
    return np.asarray(solved.y)


def fading_weights(
    weight: float = 10.0,
    until: float = 1e6,
    *,
    overlap: float = 0.0,
    l2: float = 0.0,
    gamma: float = 0.2,
    points: int = 200,
) -> Fading:
    """Follow the boundary of plain, weighted and VS training over logarithmic time; see the module's derivation.

    By the closed form where there is one; with L2, and for VS with overlap, the differential equation is integrated.

    Args:
        weight: Of the rare class; the common class has 1.
        until: Last time, steps × learning rate; 1e6 and far beyond.
        overlap: Share of each class that lies on the other's side.
        l2: λ, on the slope, not on the intercept.
        gamma: VS multiplies the margin of the rare class by weight^−γ while training, and weights nothing.
        points: How many times, evenly spaced in the logarithm; time 1 is added where it is not among them.

    Returns:
        A `Fading` for the recipes in `RECIPES`.

    Raises:
        ValueError: A number out of range.

    Example:
        Ten-fold weights, at t = 1 and at a million: their boundary comes back; VS's goes to a place of its own.

        >>> for until in (1, 1e6):
        ...     print(fading_weights(10, until).boundary[:, -1].round(3).tolist())
        [0.0, -0.47, 0.084]
        [0.0, -0.074, -0.195]
        >>> fading_weights(10).limit.round(3).tolist()
        [0.0, 0.0, -0.226]
    """
    from scipy import optimize

    weight, until = _between("weight", weight, 1e-3, 1e3), _between("until", until, 1.0, 1e30)
    overlap, l2 = _between("overlap", overlap, 0, 0.49), _between("l2", l2, 0, 100)
    gamma = _between("gamma", gamma, 0, 1)
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 2 <= points <= 10_000:
        raise ValueError(f"points must be a whole number from 2 to 10000; not {str(points)[:40]!r}")
    time = np.geomspace(0.01, until, points)
    time = np.union1d(time[abs(time - 1) > 1e-9], 1.0)
    factor = weight**-gamma
    settings = {
        "plain": ((1.0, 1.0), (1.0, 1.0)),
        "weighted": ((weight, 1.0), (1.0, 1.0)),
        "vs": ((1.0, 1.0), (factor, 1.0)),
    }
    states, theory, limit = [], [], []
    for name, (weights, factors) in settings.items():
        if l2 or (overlap and factors != (1, 1)):
            states.append(integrated(weights, factors, overlap, l2, time))
        else:
            states.append(closed_form(weights, factors, overlap, time))
        law = np.full(len(time), np.nan)
        if overlap or l2:
            at_rest = optimize.root(_flow, states[-1][:, -1], args=(weights, factors, overlap, l2), tol=1e-13)
            limit.append(-at_rest.x[1] / at_rest.x[0] if at_rest.success else np.nan)
        else:
            limit.append(-(factors[1] - factors[0]) / (factors[1] + factors[0]))
            late = 2 * np.sqrt(weights[0]) * time > np.e
            law[late] = limit[-1]
            if name == "weighted":
                law[late] = -np.log(weight) / (2 * np.log(2 * np.sqrt(weight) * time[late]))
        theory.append(law)
    a, b = np.array(states).transpose(1, 0, 2)
    return Fading(tuple(settings), time, a, b, -b / a + 0.0, np.array(theory), np.array(limit) + 0.0)
