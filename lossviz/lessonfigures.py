"""Pictures of the lessons: few marks, large type, and the same colour for the same remedy in all of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.figures import CLASS_COLOURS, STRATEGY_COLOURS
from lossviz.lesson import written

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[Any]
LOOKS = {"plain": 0, "weighted": 1, "flawed": 2, "moved": 3, "other": 4}
"""Kind of remedy -> its place among the colours of strategies; what is flawed is dashed or hatched besides."""


def colour(look: str) -> str:
    """Colour of a kind of remedy."""
    return STRATEGY_COLOURS[LOOKS[look]]


def layout(figure: "go.Figure", across: str, up: str, height: int = 430) -> "go.Figure":
    """Titles of the axes, and a legend below."""
    figure.update_xaxes(title_text=across)
    figure.update_yaxes(title_text=up)
    figure.update_layout(
        height=height,
        margin={"t": 30, "r": 10},
        legend={"orientation": "h", "y": -0.22},
        barmode="group",
        font={"size": 15},
    )
    return figure


def bars(
    groups: Mapping[str, tuple[str, Sequence[float]]],
    places: Sequence[str],
    up: str,
    *,
    log: bool = False,
    percent: bool = False,
    across: str = "",
) -> "go.Figure":
    """Bars side by side, with their values written on them.

    Args:
        groups: Name -> its look, a key of `LOOKS`, and a height for each place.
        places: What stands below.
        up: Title of the upward axis.
        log: Whether that axis is logarithmic.
        percent: Whether heights are shares.
        across: Title of the axis across.

    Example:
        >>> figure = bars({"plain": ("plain", [0.5]), "multiplied": ("flawed", [0.2])}, ["recall"], "share", percent=True)
        >>> [t.text[0] for t in figure.data], figure.data[1].marker.pattern.shape
        (['50 %', '20 %'], '/')
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, (look, heights) in groups.items():
        text = [("–" if not np.isfinite(h) else f"{100 * h:.0f} %" if percent else written(h)) for h in heights]
        marker: dict[str, Any] = {"color": colour(look)}
        if look == "flawed":
            marker["pattern"] = {"shape": "/", "fillmode": "overlay", "fgcolor": "white"}
        figure.add_bar(
            x=list(places), y=np.asarray(heights, float), name=name, marker=marker, text=text, textposition="outside",
            cliponaxis=False,
        )  # fmt: skip
    layout(figure, across, up)
    if log:
        figure.update_yaxes(type="log")
    elif percent:
        figure.update_yaxes(range=[0, 1.12], tickformat=".0%")
    return figure


def plane(x: Array, y: Array, names: Sequence[str], lines: Mapping[str, tuple[str, Array]]) -> "go.Figure":
    """Points of two classes, and the straight boundaries of linear models.

    Args:
        x: Points, [N, 2]; every one is drawn, so that the picture shows how rare a class is.
        y: Classes 0 and 1, [N].
        names: Of the classes.
        lines: Name -> its look and its parameters, [2, 3]: the boundary is where both logits are equal. The picture is
            made wider to show them, by its own width on each side at most; of one that is still not in it, the legend says so.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for c, name in enumerate(names):
        of = x[y == c]
        figure.add_scatter(
            x=of[:, 0].astype(np.float32), y=of[:, 1].astype(np.float32), mode="markers", name=f"{name} ({len(of):,})",
            marker={"color": CLASS_COLOURS[c], "symbol": c, "size": 8 if c else 5, "opacity": 0.9 if c else 0.75},
        )  # fmt: skip
    low, high = np.quantile(x, 0.001, axis=0) - 0.3, np.quantile(x, 0.999, axis=0) + 0.3
    found = {}
    for name, (_, theta) in lines.items():
        a, b, c = theta[1] - theta[0]
        if abs(a) >= abs(b):
            up = np.linspace(low[1], high[1], 121)
            found[name] = -(b * up + c) / a if a else np.full_like(up, np.nan), up
        else:  # a flat one
            across = np.linspace(low[0], high[0], 121)
            found[name] = across, -(a * across + c) / b
    width, ends = high[0] - low[0], [end for across, _ in found.values() for end in (across.min(), across.max())]
    low[0] = max(low[0] - width, min([low[0], *(end - 0.3 for end in ends if end > low[0] - width)]))
    high[0] = min(high[0] + width, max([high[0], *(end + 0.3 for end in ends if end < high[0] + width)]))
    for i, (name, (look, _)) in enumerate(lines.items()):
        across, up = found[name]
        across = np.where((across < low[0]) | (across > high[0]) | (up < low[1]) | (up > high[1]), np.nan, across)
        if np.isnan(across).all():
            name += " (not in the picture)"
        style = {"flawed": "dash", "moved": "dot"}.get(look, "solid")
        figure.add_scatter(
            x=across, y=up, mode="lines", name=name,
            line={"color": colour(look), "width": 7 - 1.5 * i if len(lines) > 1 else 4, "dash": style},
        )  # fmt: skip
    layout(figure, "feature 1", "feature 2", 470)
    figure.update_layout(legend_itemsizing="constant")  # a small point is a large one there
    figure.update_xaxes(range=[low[0], high[0]])
    figure.update_yaxes(range=[low[1], high[1]])
    return figure


def curves(x: Array, lines: Mapping[str, tuple[str, Array]], across: str, up: str, *, log: bool = False) -> "go.Figure":
    """Lines over a common axis; flawed ones dashed."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (name, (look, heights)) in enumerate(lines.items()):
        style = {"flawed": "dash", "moved": "dot"}.get(look, "solid")
        figure.add_scatter(
            x=x, y=heights, mode="lines", name=name, line={"color": colour(look), "width": 6 - i, "dash": style}
        )
    layout(figure, across, up)
    if log:
        figure.update_xaxes(type="log")
    return figure
