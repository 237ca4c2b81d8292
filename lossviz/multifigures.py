"""Pictures of multi-label training and the one sentence each of them says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.figures import CLASS_COLOURS, shown, strategy_colour
from lossviz.models import forward
from lossviz.multilabel import (
    RULES,
    WORKED,
    Judged,
    MultiPlan,
    from_probabilities,
    reliability,
    repaired,
    worked,
)
from lossviz.multimethods import METHODS, element_loss, expit, get, outputs
from lossviz.sentences import percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[Any]
PLACE = {name: i for i, name in enumerate(METHODS)}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "pentagon", "x", "cross")
SIDE = 61


def _title(name: str) -> str:
    return METHODS[name].title + (" ⚠" if METHODS[name].flawed else "")


def _line(name: str) -> dict[str, Any]:
    return {"color": strategy_colour(PLACE[name]), "dash": "dash" if METHODS[name].flawed else "solid", "width": 2.5}


def _marker(name: str) -> dict[str, Any]:
    symbol = SYMBOLS[PLACE[name] % len(SYMBOLS)]
    if METHODS[name].flawed:
        symbol += "-open"
    return {"color": strategy_colour(PLACE[name]), "symbol": symbol, "size": 11, "line": {"width": 2}}


def _names(plan: MultiPlan) -> list[str]:
    """Labels with their share in training, as the axes show them."""
    return [f"{shown(n)}<br>{percent(s)}" for n, s in zip(plan.data.labels, plan.data.y.mean(0).tolist(), strict=True)]


def found(plan: MultiPlan, judged: Judged, names: Sequence[str], rule: str) -> "go.Figure":
    """Recall and precision of every label on the test part, a mark a method."""
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 2, subplot_titles=("Recall: how many are found", "Precision: how many are right"))
    r, x = list(RULES).index(rule), _names(plan)
    for column, values in enumerate((judged.recall, judged.precision), 1):
        for name in names:
            figure.add_scatter(
                x=x, y=values[r, PLACE[name]], name=_title(name), legendgroup=name, showlegend=column == 1,
                mode="lines+markers", line=_line(name) | {"width": 1}, marker=_marker(name), row=1, col=column,
            )  # fmt: skip
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    figure.update_xaxes(title_text="label, share in training", tickangle=0)
    figure.update_layout(height=460, margin={"t": 40}, legend={"orientation": "h", "y": -0.3}, meta={"panels": 2})
    return figure


def found_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], rule: str) -> str:
    """What happens to the rarest label."""
    r, c = list(RULES).index(rule), len(plan.data.labels) - 1
    label = plan.data.labels[c]
    parts = [
        f"{METHODS[n].title} {percent(float(judged.recall[r, PLACE[n], c]))}"
        for n in names
        if np.isfinite(judged.recall[r, PLACE[n], c])
    ]
    if not parts:
        return f"After {judged.step} steps: none of the methods shown has this rule."
    best = max(names, key=lambda n: np.nan_to_num(judged.subset[r, PLACE[n]], nan=-1))
    return (
        f"After {judged.step} steps, of the rarest label, {label} ({percent(float(plan.data.y[:, c].mean()))} of the examples), "
        f"they find: {', '.join(parts)}. All labels of an example at once are right most often with {METHODS[best].title}: "
        f"{percent(float(judged.subset[r, PLACE[best]]))}."
    )


def table(plan: MultiPlan, judged: Judged, names: Sequence[str]) -> list[dict[str, Any]]:
    """A line a method, rule and label, with all that was measured."""
    return [
        {
            "method": _title(n), "decided": title, "label": label, "threshold": float(judged.threshold[r, i, c]),
            "recall": float(judged.recall[r, i, c]), "precision": float(judged.precision[r, i, c]),
            "F1": float(judged.f1[r, i, c]), "average precision": float(judged.average_precision[i, c]),
            "ECE": float(judged.ece[i, c]), "ECE, weighting undone": float(judged.repaired_ece[i, c]),
            "subset accuracy": float(judged.subset[r, i]), "Hamming loss": float(judged.hamming[r, i]),
        }
        for n in names for i in (PLACE[n],) for r, title in enumerate(RULES.values())
        for c, label in enumerate(plan.data.labels)
    ]  # fmt: skip


def boundaries(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Where each method's output for a label passes a half, over the two features, and where the exact posterior does.

    Raises:
        ValueError: There are not two features.
    """
    import plotly.graph_objects as go

    data = plan.data
    if len(data.features) != 2:
        raise ValueError(f"Boundaries are drawn over two features; here there are {len(data.features)}.")
    low, high = data.X_test.min(0), data.X_test.max(0)
    a, b = (np.linspace(low[i], high[i], SIDE) for i in (0, 1))
    points = np.stack([g.ravel() for g in np.meshgrid(a, b)], 1)
    figure = go.Figure()
    for value, (word, colour) in enumerate((("without", CLASS_COLOURS[7]), ("with", CLASS_COLOURS[1]))):
        at = data.X_test[data.y_test[:, c] == value][:600]
        figure.add_scatter(
            x=at[:, 0], y=at[:, 1], mode="markers", name=f"{word} {shown(data.labels[c])}",
            marker={"color": colour, "size": 5 + 2 * value, "symbol": ("circle", "diamond")[value], "opacity": 0.4 + 0.4 * value},
        )  # fmt: skip

    def half(values: Array, name: str, line: dict[str, Any]) -> None:
        figure.add_contour(
            x=a, y=b, z=values.reshape(SIDE, SIDE) - 0.5, name=name, showlegend=True, showscale=False, hoverinfo="skip",
            contours={"start": 0, "end": 0, "size": 1, "coloring": "none"}, line=line,
        )  # fmt: skip

    if data.weights is not None:
        half(data.posterior(points)[:, c], "Exact posterior ½", {"color": "gray", "width": 6})
    for name in names:
        i = PLACE[name]
        z = forward(judged.theta[i].astype(np.float64), points, plan.dims).T
        half(outputs(METHODS[name].output, z)[c], _title(name), _line(name))
    figure.update_xaxes(title_text=shown(data.features[0]), range=[low[0], high[0]])
    figure.update_yaxes(title_text=shown(data.features[1]), range=[low[1], high[1]])
    figure.update_layout(height=520, margin={"t": 20}, legend={"orientation": "h", "y": -0.2})
    return figure


def boundaries_sentence(plan: MultiPlan, names: Sequence[str], c: int) -> str:
    """At which true probability each method's optimum says yes."""
    said = []
    for name in names:
        eta = repaired(METHODS[name], plan.tables[PLACE[name]][c], 0.0)
        if eta is not None and METHODS[name].output == "sigmoid":
            said.append(f"{percent(float(eta))} by {METHODS[name].title}")
    others = [METHODS[n].title for n in names if METHODS[n].output != "sigmoid"]
    text = "A half of the output is not a half of the probability."
    if said:
        text += f" At the optimum, {plan.data.labels[c]} is decided from a true probability of {', '.join(said)} on."
    if others:
        text += f" {' and '.join(others)}: no such rule holds label by label; with no line drawn, nothing in sight is decided."
    return text


def thresholds(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Recall against precision of one label under each rule: weight, or move the threshold."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name in names:
        i = PLACE[name]
        figure.add_scatter(
            x=judged.recall[:, i, c], y=judged.precision[:, i, c], name=_title(name), mode="markers+lines+text",
            line=_line(name) | {"width": 1, "dash": "dot"}, marker=_marker(name),
            text=["above ½", "prior", "learned"] if name == "sigmoid" else None, textposition="top center",
        )  # fmt: skip
    figure.update_xaxes(title_text=f"recall of {shown(plan.data.labels[c])}", range=[-0.03, 1.08])
    figure.update_yaxes(title_text="precision", range=[-0.03, 1.08])
    figure.update_layout(height=480, margin={"t": 20}, legend={"orientation": "h", "y": -0.2})
    return figure


def thresholds_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> str:
    """The plain model at the prior beside pos_weight at a half, and what the learned threshold gives."""
    plain, weighted = PLACE["sigmoid"], PLACE["pos_weight"]
    r = judged.recall[:, :, c]
    best = max((PLACE[n] for n in names), key=lambda i: np.nan_to_num(judged.f1[2, i, c]))
    return (
        f"{plan.data.labels[c]}: the plain sigmoid above {judged.threshold[1, plain, c]:.3f} finds "
        f"{percent(float(r[1, plain]))}, pos_weight above a half {percent(float(r[0, weighted]))}; the plain one above "
        f"a half {percent(float(r[0, plain]))}. "
        f"With thresholds learned on the held-out part the best F1, {judged.f1[2, best, c]:.3f}, is that of "
        f"{list(METHODS.values())[best].title}; the plain sigmoid has {judged.f1[2, plain, c]:.3f}."
    )


def calibration(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Output against observed share of one label; on the right with the weighting taken out again."""
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 2, subplot_titles=("As it comes", "Weighting undone"), shared_yaxes=True)
    y = plan.data.y_test[:, c]
    for column in (1, 2):
        figure.add_scatter(
            x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False, row=1, col=column,
            line={"color": "gray", "dash": "dot", "width": 1},
        )  # fmt: skip
        for name in names:
            i, m = PLACE[name], METHODS[name]
            z = judged.logits[i].astype(np.float64)
            if column == 2 and m.output != "sigmoid":  # no weighting to undo
                continue
            p = outputs(m.output, z)[c] if column == 1 else repaired(m, plan.tables[i][c], z[c])
            assert p is not None
            claimed, share, size = reliability(y, p)
            figure.add_scatter(
                x=claimed, y=share, name=_title(name), legendgroup=name, showlegend=column == 1, mode="lines+markers",
                line=_line(name), marker=_marker(name) | {"size": 5 + 18 * np.sqrt(size / len(y))}, row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title_text="output", range=[-0.03, 1.03])
    figure.update_yaxes(title_text=f"share that has {shown(plan.data.labels[c])}", range=[-0.03, 1.03], col=1)
    figure.update_layout(height=460, margin={"t": 40}, legend={"orientation": "h", "y": -0.25}, meta={"panels": 2})
    return figure


def calibration_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> str:
    """Calibration errors before and after."""
    parts = []
    for n in names:
        text = f"{METHODS[n].title} {judged.ece[PLACE[n], c]:.3f}"
        after = judged.repaired_ece[PLACE[n], c]
        parts.append(text + (f" → {after:.3f}" if METHODS[n].output == "sigmoid" and np.isfinite(after) else ""))
    return (
        f"Expected calibration error of {plan.data.labels[c]} (mean distance of the output from the observed share), as it comes "
        f"→ with the weighting undone: {', '.join(parts)}."
    )


def twice(plan: MultiPlan, judged: Judged, example: int) -> "go.Figure":
    """One test example through sigmoids and through a softmax, of the same logits and of the model trained with a softmax."""
    import plotly.graph_objects as go

    z = judged.logits[:, :, example].astype(np.float64)
    truth = plan.data.y_test[example]
    x = [f"{shown(n)}{'  ✓' if t else ''}" for n, t in zip(plan.data.labels, truth, strict=True)]
    figure = go.Figure()
    for title, values, name in (
        ("Sigmoid of each logit", outputs("sigmoid", z[PLACE["sigmoid"]]), "sigmoid"),
        ("Softmax of the same logits ⚠", outputs("softmax", z[PLACE["sigmoid"]]), "double_sigmoid"),
        ("Trained with a softmax ⚠", outputs("softmax", z[PLACE["softmax"]]), "softmax"),
    ):
        figure.add_bar(
            x=x, y=values, name=title, text=[f"{v:.2f}" for v in values], textposition="outside",
            marker={"color": strategy_colour(PLACE[name]), "pattern": {"shape": "/" if METHODS[name].flawed else ""}},
        )  # fmt: skip
    figure.add_hline(y=0.5, line={"color": "gray", "dash": "dot"})
    figure.update_yaxes(title_text="output", range=[0, 1.12])
    figure.update_xaxes(title_text="label (✓: the example has it)")
    figure.update_layout(height=440, margin={"t": 20}, legend={"orientation": "h", "y": -0.25})
    return figure


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")


def twice_sentence(plan: MultiPlan, judged: Judged, example: int) -> str:
    """How many yeses each gives."""
    z = judged.logits[:, :, example].astype(np.float64)
    one, other = outputs("sigmoid", z[PLACE["sigmoid"]]), outputs("softmax", z[PLACE["softmax"]])
    truth = [n for n, t in zip(plan.data.labels, plan.data.y_test[example], strict=True) if t]
    return (
        f"Test example {example} has {', '.join(truth) if truth else 'none of the labels'}. "
        f"The sigmoids add up to {one.sum():.2f} and say yes {_times(int((one > 0.5).sum()))}; a softmax always adds up "
        f"to {other.sum():.2f}, so that it can say yes only once: here {_times(int((other > 0.5).sum()))}."
    )


def telling(plan: MultiPlan, judged: Judged) -> int:
    """The test example that has most labels, of those the one whose sigmoids are surest."""
    p = outputs("sigmoid", judged.logits[PLACE["sigmoid"]].astype(np.float64))
    y = plan.data.y_test.T
    return int(np.argmax((y * (p > 0.5)).sum(0) + (y * p).sum(0) / 100))


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
        line={"color": strategy_colour(PLACE["softmax"]), "width": 2.5, "dash": "dash"},
    )  # fmt: skip
    figure.update_xaxes(title_text="logit z")
    figure.update_yaxes(title_text="output", range=[-0.03, 1.03])
    figure.update_layout(height=380, margin={"t": 20}, legend={"orientation": "h", "y": -0.3})
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


def saturated(y: int) -> "go.Figure":
    """Loss and slope of one label from logits and by way of probabilities, in float32."""
    from plotly.subplots import make_subplots

    z = np.linspace(-40, 40, 321)
    tables = get("sigmoid").tables([1, 1])
    exact = element_loss(tables, z, y)
    clipped = from_probabilities(z, y)
    bare = from_probabilities(z, y, 0)
    figure = make_subplots(1, 2, subplot_titles=("Loss (nats)", "Slope, by which it learns"))
    looks = (
        ("from logits", exact, {"color": strategy_colour(0), "width": 5}),
        ("from probabilities, clipped ⚠", clipped, {"color": strategy_colour(2), "width": 2.5, "dash": "dash"}),
        ("from probabilities, not clipped ⚠", bare, {"color": strategy_colour(1), "width": 2.5, "dash": "dot"}),
    )
    for column in (1, 2):
        for title, pair, line in looks:
            values = np.where(np.isfinite(pair[column - 1]), pair[column - 1], np.nan)
            figure.add_scatter(
                x=z,
                y=values,
                name=title,
                legendgroup=title,
                showlegend=column == 1,
                mode="lines",
                line=line,
                row=1,
                col=column,
            )
    figure.update_xaxes(title_text=f"logit z, where the label is {y}")
    figure.update_layout(height=420, margin={"t": 40}, legend={"orientation": "h", "y": -0.25})
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
        f"a float32 probability it is {lost:.4g} with slope {flat:g}; from |z| = {ends:.1f} on the example teaches nothing; "
        f"without the clip it becomes {'infinite' if np.isinf(bare) else 'undefined'} in the end. So give the loss logits."
    )


def worked_table(name: str, yes: float) -> list[dict[str, Any]]:
    """Every element of a worked case: its label, probability, weight and loss."""
    y, p = (np.array(a) for a in WORKED[name])
    plain, weighted = worked(y, p), worked(y, p, 1, yes)
    return [
        {
            "example": int(n), "label": int(c), "y": int(y[n, c]), "p": float(p[n, c]),
            "weight": yes if y[n, c] else 1.0, "loss": float(plain[n, c]), "weighted loss": float(weighted[n, c]),
        }
        for n, c in np.ndindex(*y.shape)
    ]  # fmt: skip


def worked_figure(name: str, yes: float) -> "go.Figure":
    """Weighted and plain loss of every element of a worked case."""
    import plotly.graph_objects as go

    rows = worked_table(name, yes)
    x = [f"{r['example']}.{r['label']}<br>y={r['y']}<br>p={r['p']:g}" for r in rows]
    figure = go.Figure()
    for i, key in enumerate(("loss", "weighted loss")):
        values = [r[key] for r in rows]
        title = ("unweighted", f"weights {{0: 1, 1: {yes:g}}}")[i]
        figure.add_bar(
            x=x,
            y=values,
            name=title,
            marker={"color": strategy_colour(i)},
            text=[f"{v:.3f}" for v in values],
            textposition="outside",
        )
    figure.update_yaxes(title_text="loss (nats)", range=[0, 1.15 * max(r["weighted loss"] for r in rows)])
    figure.update_xaxes(title_text="example.label, its y and its p", tickangle=0)
    figure.update_layout(height=420, margin={"t": 60}, legend={"orientation": "h", "y": 1.15})
    return figure


def worked_sentence(name: str, yes: float) -> str:
    """The two means."""
    y, p = WORKED[name]
    return (
        f"{name}: the mean over all {np.size(y)} elements is {worked(y, p).mean():.5f} unweighted and "
        f"{worked(y, p, 1, yes).mean():.5f} with weights {{0: 1, 1: {yes:g}}}; "
        "only the one element with y = 1 changes, and the mean"
        f" still divides by {np.size(y)}."
    )
