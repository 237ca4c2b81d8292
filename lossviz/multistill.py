"""Pictures of several labels that need no training: one decision or two, logits or probabilities, worked values."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lossviz.figures import CLASS_COLOURS, strategy_colour
from lossviz.multilabel import WORKED, from_probabilities, worked
from lossviz.multimethods import METHODS, element_loss, expit, get, outputs

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

LOOKS: dict[str, dict[str, Any]] = {
    "from logits": {"color": strategy_colour(0), "width": 5},
    "from probabilities, clipped ⚠": {"color": strategy_colour(2), "width": 2.5, "dash": "dash"},
    "from probabilities, not clipped ⚠": {"color": strategy_colour(1), "width": 2.5, "dash": "dot"},
}
"""Ways to a loss, and their lines."""


def two_way() -> "go.Figure":
    """Softmax over (0, z) and σ(z); and the best that a softmax over two labels can say of both."""
    import plotly.graph_objects as go

    z = np.linspace(-6, 6, 121)
    pair = np.stack([np.zeros_like(z), z])
    figure = go.Figure()
    figure.add_scatter(x=z, y=expit(z), name="σ(z): one decision", line={"color": strategy_colour(0), "width": 6})
    figure.add_scatter(
        x=z, y=outputs("softmax", pair)[1], name="softmax over (0, z): the same decision",
        line={"color": CLASS_COLOURS[1], "width": 2},
    )  # fmt: skip
    figure.add_scatter(
        x=z, y=outputs("softmax", np.stack([z, z]))[0], name="softmax over (z, z): two labels, both as likely ⚠",
        line={"color": strategy_colour(list(METHODS).index("softmax")), "width": 2.5, "dash": "dash"},
    )  # fmt: skip
    figure.update_xaxes(title_text="logit z")
    figure.update_yaxes(title_text="output", range=[-0.03, 1.03])
    figure.update_layout(height=380, margin={"t": 20, "l": 10, "r": 10}, legend={"orientation": "h", "y": -0.3})
    return figure


def two_way_sentence() -> str:
    """That one decision is the same, and two are not."""
    z = np.linspace(-6, 6, 121)
    apart = np.abs(outputs("softmax", np.stack([0 * z, z]))[1] - expit(z)).max()
    both = outputs("softmax", [[6.0], [6.0]])[0, 0]
    return (
        "For one yes-or-no decision, softmax over (0, z) and sigmoid are the same "
        f"(to {max(apart, 1e-15):.0e} at every logit tried). "
        f"For two labels they are not: at logits 6 and 6 two sigmoids say {expit(6):.3f} each, a softmax {both:.1f} each."
    )


def saturated_table(y: int) -> "pd.DataFrame":
    """A line a logit: loss and slope of one label from logits and by way of probabilities, in float32.

    Args:
        y: The label, 0 or 1.
    """
    import pandas as pd

    z = np.linspace(-40, 40, 321)
    ways = (element_loss(get("sigmoid").tables([1, 1]), z, y), from_probabilities(z, y), from_probabilities(z, y, 0))
    columns = {"logit z": z}
    for title, (loss, slope) in zip(LOOKS, ways, strict=True):
        columns |= {f"loss {title}": loss, f"slope {title}": slope}
    return pd.DataFrame(columns)


def saturated(y: int) -> "go.Figure":
    """Loss and slope of one label from logits and by way of probabilities, in float32."""
    from plotly.subplots import make_subplots

    found = saturated_table(y)
    figure = make_subplots(1, 2, subplot_titles=("Loss (nats)", "Slope, by which it learns"))
    for column, what in enumerate(("loss", "slope"), 1):
        for title, line in LOOKS.items():
            values = found[f"{what} {title}"]
            figure.add_scatter(
                x=found["logit z"], y=values.where(np.isfinite(values)), name=title, legendgroup=title, mode="lines",
                showlegend=column == 1, line=line, row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title_text=f"logit z, where the label is {y}")
    figure.update_layout(
        height=420, margin={"t": 40, "l": 10, "r": 10}, legend={"orientation": "h", "y": -0.25}, meta={"panels": 2}
    )
    return figure


def saturated_sentence(y: int) -> str:
    """Where probabilities lose the loss and the slope."""
    sign = 1 - 2 * y
    z = sign * np.array([40.0])
    loss, slope = (float(a[0]) for a in element_loss(get("sigmoid").tables([1, 1]), z, y))
    lost, flat = (float(a[0]) for a in from_probabilities(z, y))
    grid = np.linspace(0, 40, 4001)
    ends = grid[np.flatnonzero(from_probabilities(sign * grid, y)[1] == 0)[0]]
    bare = float(from_probabilities(z if y == 0 else -120 * np.ones(1), y, 0)[0][0])
    return (
        f"A model that is sure and wrong, z = {z[0]:g}: from logits the loss is {loss:.4g} with slope {slope:.4g}; by way of "
        f"a float32 probability it is {lost:.4g} with slope {flat + 0.0:g}; from |z| = {ends:.1f} on the example teaches "
        f"nothing; without the clip it becomes {'infinite' if np.isinf(bare) else 'undefined'} in the end. So give the loss "
        "logits."
    )


def worked_table(name: str, yes: float) -> "pd.DataFrame":
    """Every element of a worked case: its label, probability, weight and loss.

    Args:
        name: A key of `lossviz.multilabel.WORKED`.
        yes: Weight of a 1; that of a 0 is 1.
    """
    import pandas as pd

    y, p = (np.array(a) for a in WORKED[name])
    example, label = np.indices(y.shape)
    columns: dict[str, Any] = {
        "example": example, "label": label, "y": y, "p": p, "weight": np.where(y == 1, yes, 1.0),
        "loss": worked(y, p), "weighted loss": worked(y, p, 1, yes),
    }  # fmt: skip
    return pd.DataFrame({key: a.ravel() for key, a in columns.items()})


def worked_figure(name: str, yes: float) -> "go.Figure":
    """Weighted and plain loss of every element of a worked case."""
    import plotly.graph_objects as go

    rows = worked_table(name, yes)
    # across, so that every element has a line for its name and every bar room for its number, on a phone too
    who = [f"{r.example}.{r.label}: y = {r.y}, p = {r.p:g}" for r in rows.itertuples()]
    figure = go.Figure()
    for i, (key, title) in enumerate((("loss", "unweighted"), ("weighted loss", f"weights {{0: 1, 1: {yes:g}}}"))):
        figure.add_bar(
            y=who, x=rows[key], name=title, orientation="h", marker={"color": strategy_colour(i)},
            text=[f"{v:.3f}" for v in rows[key]], textposition="outside",
        )  # fmt: skip
    figure.update_xaxes(title_text="loss (nats)", range=[0, 1.2 * rows["weighted loss"].max()])
    figure.update_yaxes(title_text="example.label", autorange="reversed", showgrid=False)
    figure.update_layout(
        height=110 + 46 * len(who), margin={"t": 20, "l": 10, "r": 10}, bargap=0.25,
        legend={"orientation": "h", "y": -0.22, "yanchor": "top"},
    )  # fmt: skip
    return figure


def worked_sentence(name: str, yes: float) -> str:
    """The two means."""
    y, p = WORKED[name]
    changed = "nothing changes" if yes == 1 else "only the one element with y = 1 changes"
    return (
        f"{name}: the mean over all {np.size(y)} elements is {worked(y, p).mean():.5f} unweighted and "
        f"{worked(y, p, 1, yes).mean():.5f} with weights {{0: 1, 1: {yes:g}}}; {changed}, and the mean still divides by "
        f"{np.size(y)}."
    )
