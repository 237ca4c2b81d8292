"""Pictures of costs: matrices side by side, what decisions cost, and how that runs with a ratio of costs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz import figures
from lossviz.costmatrix import STRATEGIES, Curve, Scored
from lossviz.costs import amount

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Array = NDArray[Any]
DASHES = {"fixed": "solid", "by cost": "dashdot", "moved": "solid", "constant": "dot", "bayes": "dash"}


def matrices(tables: dict[str, Array], labels: Sequence[str]) -> "go.Figure":
    """Cost matrices side by side, each by its own largest entry: what is true downwards, what is decided across.

    Args:
        tables: C[true, decided] by title.
        labels: What the classes are called, [K].
    """
    from plotly.subplots import make_subplots

    named = [figures.shown(x) for x in labels]
    figure = make_subplots(1, len(tables), subplot_titles=list(tables), shared_yaxes=True, horizontal_spacing=0.08)
    for i, (title, c) in enumerate(tables.items(), 1):
        text = [[amount(v, 3) for v in row] for row in c]
        figure.add_heatmap(
            z=c / max(float(c.max()), 1e-300), x=named, y=named, text=text, texttemplate="%{text}", showscale=False,
            colorscale=figures.LOSS_SCALE, name=title, zmin=0, zmax=1, xgap=2, ygap=2, row=1, col=i,
            hovertemplate="%{y} taken for %{x}: %{text}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_yaxes(title_text="true", col=1)
    figure.update_xaxes(title_text="decided", type="category")
    figure.update_yaxes(type="category")
    figure.update_layout(height=160 + 44 * len(named), margin={"t": 40, "b": 50, "l": 10, "r": 10})
    return figure


def matrix_numbers(tables: dict[str, Array], labels: Sequence[str]) -> "pd.DataFrame":
    """The same as a table: a line an entry."""
    import pandas as pd

    cells = [(t, d) for t in range(len(labels)) for d in range(len(labels))]
    columns: dict[str, Any] = {"True": [labels[t] for t, _ in cells], "Decided": [labels[d] for _, d in cells]}
    return pd.DataFrame(columns | {title: [float(c[cell]) for cell in cells] for title, c in tables.items()})


def _colour(strategy: str) -> str:
    return figures.strategy_colour(STRATEGIES.index(strategy)) if strategy else "#7F7F7F"


def bars(found: Sequence[Scored], unit: str) -> "go.Figure":
    """What each way to decide costs per example, with 95 % of resamples; trained ones filled, bounds hatched."""
    import plotly.graph_objects as go

    shown = list(reversed(found))
    cost = np.array([s.cost for s in shown])
    who = [figures.shown(s.title).replace(", ", ",<br>").replace(": ", ":<br>") for s in shown]  # narrow, for a phone
    figure = go.Figure(
        go.Bar(
            x=cost, y=who, orientation="h", name="cost per example",
            error_x={"array": [s.high - s.cost for s in shown], "arrayminus": [s.cost - s.low for s in shown],
                     "symmetric": False, "color": "#7F7F7F", "thickness": 2},
            marker={"color": [_colour(s.strategy) for s in shown],
                    "pattern": {"shape": ["" if s.kind == "trained" else "/" for s in shown]}},
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    )  # fmt: skip
    best = next((s for s in found if s.kind == "bayes"), None)
    if best is not None:
        figure.add_vline(x=best.cost, line={"dash": "dash", "width": 1, "color": "#7F7F7F"})
    if len(cost) and cost.max() > 20 * float(np.median(cost)) > 0:  # one constant would flatten the rest
        end = 4 * float(np.median(cost))
        figure.update_xaxes(range=[0, end])
        beyond = [f"{amount(c, 3)} →" if c > end else "" for c in cost]  # a bar that is cut off says how long it is
        figure.update_traces(text=beyond, textposition="inside", insidetextanchor="start", textfont={"color": "black"})
    figure.update_layout(height=90 + 40 * len(shown), margin={"t": 20, "l": 10, "r": 10}, showlegend=False)
    figure.update_yaxes(automargin=True)
    apart = ", " if len(unit) < 12 else ",<br>"  # what is long would be cut on a phone
    figure.update_xaxes(title_text=f"cost per example{apart}{figures.shown(unit)}", rangemode="tozero")
    return figure


def scores(found: Sequence[Scored]) -> "pd.DataFrame":
    """The same as a table: a line a way to decide."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Decided by": [s.title for s in found],
            "Cost per example": [s.cost for s in found],
            "Low (2.5 %)": [s.low for s in found],
            "High (97.5 %)": [s.high for s in found],
            "More than plain by cost, low": [float(s.more[0]) for s in found],
            "More than plain by cost, high": [float(s.more[1]) for s in found],
            "Seeds": [len(s.seeds) for s in found],
            "Cheapest seed": [float(s.seeds.min()) for s in found],
            "Dearest seed": [float(s.seeds.max()) for s in found],
        }
    )


def cost_curve(found: Curve) -> "go.Figure":
    """Realised cost over the ratio of two costs, as a share of the best constant decision's; the ratio on a log axis."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for title, kind, strategy, share in zip(found.titles, found.kinds, found.strategies, found.share, strict=True):
        if kind == "constant":  # by definition at 1 or above
            continue
        figure.add_scatter(
            x=found.ratio, y=100 * share, mode="lines", name=figures.shown(title),
            line={"dash": DASHES[kind], "width": 4 if kind == "moved" else 2, "color": _colour(strategy)},
        )  # fmt: skip
    figure.add_vline(x=found.stated, line={"dash": "dot", "width": 1.5, "color": "#7F7F7F"})
    figure.add_annotation(x=np.log10(found.stated), y=1, yref="paper", text="stated", showarrow=False, yanchor="bottom")
    figure.add_hline(y=100, line={"dash": "dot", "width": 1, "color": "#7F7F7F"})
    top = min(300.0, 105 * float(max(1.0, found.share.max())))
    figure.update_layout(height=460, margin={"t": 30, "l": 10, "r": 10}, legend={"orientation": "h", "y": -0.25})
    figure.update_xaxes(type="log", title_text="ratio of the two costs, log axis")
    figure.update_yaxes(title_text="% of the best constant", range=[0, top])
    return figure


def curve_numbers(found: Curve) -> "pd.DataFrame":
    """The same as a table: a line a ratio and a curve."""
    return figures.numbers(cost_curve(found)).rename(columns={"": "Decided by"})
