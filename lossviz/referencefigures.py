"""Small pictures of one entry: the loss and the gradient of a strategy, and the weights of a scheme, each with a sentence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.figures import CLASS_COLOURS, STRATEGY_COLOURS
from lossviz.logitplane import slope, value
from lossviz.strategies import NEVER, get
from lossviz.weights import SCHEMES, check_counts, class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[np.float64]
REACH, POINTS = 6.0, 121
BEHIND = -1.0
"""Where the sentence reads the curves: the true logit one behind the others."""
WHAT = {"loss": "loss of one example", "gradient": "d loss / d z of the true class"}


def ends(counts: ArrayLike) -> tuple[int, int]:
    """The most frequent class and the rarest; two different ones.

    Example:
        >>> ends([10, 900, 90]), ends([5, 5])
        ((1, 0), (0, 1))
    """
    n = np.asarray(counts)
    return int(n.argmax()), int(len(n) - 1 - n[::-1].argmin())


def _along(name: str, counts: ArrayLike, knobs: Mapping[str, Any], y: int, at: Array, what: str) -> Array:
    t = get(name).tables(counts, **knobs)
    z = np.zeros((len(t.focus), len(at)))
    z[y] = at
    if what == "loss":
        return value(t, z, y, t.late < 1)
    return np.asarray(slope(t, z, y, t.late < 1)[y])


def curve(name: str, counts: ArrayLike, knobs: Mapping[str, Any], what: str) -> tuple["go.Figure", str]:
    """The loss of one example, or its slope, while the true logit moves and all others are 0.

    Weights that start late are in force.

    Args:
        name: Of the strategy.
        counts: Examples of each class, [K].
        knobs: Of the strategy.
        what: A key of `WHAT`.

    Returns:
        The figure: the rarest class, the most frequent, and plain cross-entropy; and what it says.

    Example:
        >>> figure, said = curve("weighted_cross_entropy", [90, 10], {}, "gradient")
        >>> [trace.name for trace in figure.data], said[-46:]
        (['rarest class (1)', 'most frequent (0)', 'plain cross-entropy'], 'most frequent (class 0); cross-entropy: 0.731.')
    """
    import plotly.graph_objects as go

    entry, (common, rare) = get(name), ends(counts)
    at = np.linspace(-REACH, REACH, POINTS)
    drawn_as = "dash" if entry.flawed else "solid"  # the rarest class is broad: where both are equal, both are seen
    lines = {
        f"rarest class ({rare})": (name, knobs, rare, CLASS_COLOURS[1], drawn_as, 6.0),
        f"most frequent ({common})": (name, knobs, common, CLASS_COLOURS[0], drawn_as, 2.5),
        "plain cross-entropy": ("cross_entropy", {}, common, "#7f7f7f", "dot", 2.0),
    }
    figure, found = go.Figure(), {}
    for title, (which, turned, y, colour, dash, width) in lines.items():
        line = {"color": colour, "dash": dash, "width": width}
        along = _along(which, counts, turned, y, at, what)
        # a class taken out of the sum costs as good as nothing, or more than a picture can hold
        drawn = np.where(np.abs(along) < -NEVER / 10, along, np.nan)
        figure.add_trace(go.Scatter(x=at, y=drawn, name=title, mode="lines", line=line))
        found[title] = float(_along(which, counts, turned, y, np.array([BEHIND]), what)[0])
    figure.update_layout(height=340, margin={"t": 10, "r": 10}, legend={"orientation": "h", "y": -0.28})
    figure.update_xaxes(title_text="z of the true class − z of the others")
    figure.update_yaxes(title_text=WHAT[what])
    r, c, plain = found.values()
    if what == "loss":
        return figure, (
            f"With the true logit 1 behind, an example of the rarest class (class {rare}) costs {r:.3g}, one of the most "
            f"frequent (class {common}) {c:.3g}; cross-entropy: {plain:.3g}."
        )
    return figure, (
        f"With the true logit 1 behind, raising it by a little lowers the loss at a rate of {0.0 - r:.3g} on the rarest class "
        f"(class {rare}) and {0.0 - c:.3g} on the most frequent (class {common}); cross-entropy: {0.0 - plain:.3g}."
    )


def _ticks(values: NDArray[Any]) -> str | int:
    """Of a log axis: at 1, 2 and 5 where it is short, at powers of ten where not."""
    return "D2" if values.max() < 200 * values.min() else max(1, int(np.log10(values.max() / values.min()) / 8))


def scheme_curve(
    name: str, counts: ArrayLike, knobs: Mapping[str, Any], normalise: str | None = None
) -> tuple["go.Figure", str]:
    """Weight against count on log axes: the classes as they are, and the rarest if it had another count.

    Args:
        name: Of the scheme.
        counts: Examples of each class, [K].
        knobs: Of the scheme.
        normalise: As of `lossviz.class_weights`: what the second curve is scaled to; None draws no second one.

    Returns:
        The figure and what it says.

    Example:
        >>> print(scheme_curve("sqrt", [900, 9], {}, "sum")[1][:47])
        The rarest class (9 of 909) weighs 10, the most
    """
    import plotly.graph_objects as go

    n = check_counts(counts)
    entry = SCHEMES[name]
    common, rare = (0, 1) if entry.sigmoid and len(n) == 2 else ends(n)
    sweep = np.unique(np.round(np.geomspace(1, max(n.max(), 2), 60)))
    figure, weights = go.Figure(), []
    said = {"sum": "Σw = 1", "classes": "Σw = K", "mean": "mean example 1", None: ""}[normalise]
    for i, (scale, title) in enumerate(((None, "as it comes"), (normalise, said))[: 2 if normalise else 1]):
        w = class_weights(n, name, scale, **knobs)
        weights.append(w)
        moved = [class_weights(np.where(np.arange(len(n)) == rare, m, n), name, scale, **knobs)[rare] for m in sweep]
        colour = STRATEGY_COLOURS[i]
        figure.add_trace(
            go.Scatter(
                x=sweep, y=moved, mode="lines", name=f"{title}: class {rare} if it had another count",
                line={"color": colour, "width": 1.5}, opacity=0.7,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=n, y=w, mode="markers", name=f"{title}: your classes", text=[f"class {c}" for c in range(len(n))],
                marker={"color": colour, "size": 12, "symbol": ("circle", "diamond")[i]},
            )
        )  # fmt: skip
    figure.update_layout(height=420, margin={"t": 10, "r": 10}, legend={"orientation": "h", "y": -0.22})
    figure.update_xaxes(title_text="examples of the class, log scale", type="log", dtick=_ticks(sweep))
    drawn = np.concatenate([np.asarray(trace.y) for trace in figure.data])
    figure.update_yaxes(title_text="weight, log scale", type="log", dtick=_ticks(drawn))
    raw = weights[0]
    if entry.sigmoid:
        return figure, _ratio(n, raw, common, rare)
    with_scale = f" With {said} they weigh {weights[1][rare]:.3g} and {weights[1][common]:.3g}." if normalise else ""
    return figure, (
        f"The rarest class ({n[rare]:,.10g} of {n.sum():,.10g}) weighs {raw[rare]:.4g}, the most frequent {raw[common]:.4g}: "
        f"{raw[rare] / raw[common]:.4g} times as much for {n[common] / n[rare]:.4g} times fewer examples.{with_scale}"
    )


def _ratio(n: Array, w: Array, common: int, rare: int) -> str:
    """What a weight of the yes against the no says."""
    if len(n) == 2:
        return (
            f"A positive ({n[1]:,.10g} of {n.sum():,.10g}) weighs {w[1]:.4g}, a negative 1: all positives together weigh "
            f"{n[1] * w[1]:,.10g}, as do all {n[0]:,.10g} negatives."
        )
    return (
        f"Each class against the rest: an example of class {rare} ({n[rare]:,.10g} of {n.sum():,.10g}) weighs {w[rare]:.4g} in "
        f"that class's own sigmoid, one of class {common} ({n[common]:,.10g}) {w[common]:.4g} in its own; all others weigh 1."
    )
