"""Pictures of multi-label training and the one sentence each of them says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.figures import CLASS_COLOURS, shown, strategy_colour
from lossviz.models import forward
from lossviz.multilabel import (
    RULES,
    Judged,
    MultiPlan,
    reliability,
    repaired,
)
from lossviz.multimethods import METHODS, outputs
from lossviz.sentences import percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Array = NDArray[Any]
PLACE = {name: i for i, name in enumerate(METHODS)}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "pentagon", "x", "cross")
RULE_SYMBOLS = ("circle", "square", "star")
"""Marks of the rules, in the order of `RULES`."""
SIDE = 61
EDGE = {"t": 40, "l": 10, "r": 10}
"""Margins: on a phone every pixel counts, and axes that need room take it."""


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
    figure.update_layout(height=460, margin=EDGE, legend={"orientation": "h", "y": -0.3}, meta={"panels": 2})
    return figure


def found_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], rule: str) -> str:
    """What happens to the rarest label."""
    r, c = list(RULES).index(rule), plan.data.rarest
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


def table(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int | None = None) -> "pd.DataFrame":
    """A line a method, rule and label, with all that was measured.

    Args:
        plan: What was trained.
        judged: What came of it.
        names: Methods.
        c: Of this label only.
    """
    import pandas as pd

    labels = list(enumerate(plan.data.labels))
    return pd.DataFrame([
        {
            "method": _title(n), "decided": title, "label": label, "threshold": float(judged.threshold[r, i, k]),
            "recall": float(judged.recall[r, i, k]), "precision": float(judged.precision[r, i, k]),
            "F1": float(judged.f1[r, i, k]), "average precision": float(judged.average_precision[i, k]),
            "ECE": float(judged.ece[i, k]), "ECE, weighting undone": float(judged.repaired_ece[i, k]),
            "subset accuracy": float(judged.subset[r, i]), "Hamming loss": float(judged.hamming[r, i]),
        }
        for n in names for i in (PLACE[n],) for r, title in enumerate(RULES.values())
        for k, label in (labels if c is None else labels[c : c + 1])
    ])  # fmt: skip


def boundaries_table(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "pd.DataFrame":
    """A line a place of the picture: the two features, the exact posterior where it is known, and each method's output.

    Raises:
        ValueError: There are not two features.
    """
    import pandas as pd

    data = plan.data
    if len(data.features) != 2:
        raise ValueError(f"Boundaries are drawn over two features; here there are {len(data.features)}.")
    low, high = data.X_test.min(0), data.X_test.max(0)
    a, b = (np.linspace(low[i], high[i], SIDE) for i in (0, 1))
    points = np.stack([g.ravel() for g in np.meshgrid(a, b)], 1)
    columns = dict(zip(data.features, points.T, strict=True))
    if data.weights is not None:
        columns["Exact posterior"] = data.posterior(points)[:, c]
    for name in names:
        z = forward(judged.theta[PLACE[name]].astype(np.float64), points, plan.dims).T
        columns[_title(name)] = outputs(METHODS[name].output, z)[c]
    return pd.DataFrame(columns)


def boundaries(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Where each method's output for a label passes a half, over the two features, and where the exact posterior does.

    Raises:
        ValueError: There are not two features.
    """
    import plotly.graph_objects as go

    data, found = plan.data, boundaries_table(plan, judged, names, c)
    a, b = (np.unique(found.iloc[:, i]) for i in (0, 1))
    figure = go.Figure()
    for value, (word, colour) in enumerate((("without", CLASS_COLOURS[7]), ("with", CLASS_COLOURS[1]))):
        at = data.X_test[data.y_test[:, c] == value][:600]
        figure.add_scatter(
            x=at[:, 0], y=at[:, 1], mode="markers", name=f"{word} {shown(data.labels[c])}",
            marker={"color": colour, "size": 5 + 2 * value, "symbol": ("circle", "diamond")[value], "opacity": 0.4 + 0.4 * value},
        )  # fmt: skip

    def half(column: str, name: str, line: dict[str, Any]) -> None:
        figure.add_contour(
            x=a, y=b, z=found[column].to_numpy().reshape(SIDE, SIDE) - 0.5, name=name, showlegend=True, showscale=False,
            hoverinfo="skip", contours={"start": 0, "end": 0, "size": 1, "coloring": "none"}, line=line,
        )  # fmt: skip

    if data.weights is not None:
        half("Exact posterior", "Exact posterior ½", {"color": "gray", "width": 6})
    for name in names:
        half(_title(name), _title(name), _line(name))
    figure.update_xaxes(title_text=shown(data.features[0]), range=[a[0], a[-1]])
    figure.update_yaxes(title_text=shown(data.features[1]), range=[b[0], b[-1]])
    figure.update_layout(height=520, margin=EDGE | {"t": 20}, legend={"orientation": "h", "y": -0.2})
    return figure


def boundaries_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> str:
    """From which true probability each method's optimum says yes, and which methods decide all that is in sight alike.

    Raises:
        ValueError: There are not two features.
    """
    label, found = plan.data.labels[c], boundaries_table(plan, judged, names, c)
    said, without = [], []
    alike: dict[str, list[str]] = {"yes": [], "no": []}
    for name in names:
        m = METHODS[name]
        eta = repaired(m, plan.tables[PLACE[name]][c], 0.0)
        if eta is None:
            without.append(m.title)
        else:
            why = f" (its loss takes σ of that half once more: σ(½) = {eta:.2f})" if m.output == "double" else ""
            said.append(f"{m.title} {percent(float(eta))}{why}")
        yes = found[_title(name)] > 0.5
        if yes.nunique() == 1:
            alike["yes" if yes.iloc[0] else "no"].append(m.title)
    text = "A half of the output is not a half of the probability."
    if said:
        text += f" True probability from which the optimum says {label}: {', '.join(said)}."
    if without:
        text += f" {' and '.join(without)}: no such rule holds label by label."
    for answer, who in alike.items():
        if who:
            text += f" No line is drawn for {' and '.join(who)}: everywhere in sight the answer is {answer}."
    return text


def _folded(title: str) -> str:
    """A title in two lines, for a phone's narrow margin."""
    at = min((i for i, x in enumerate(title) if x == " "), key=lambda i: abs(i - len(title) // 2), default=None)
    return title if at is None or len(title) < 12 else f"{title[:at]}<br>{title[at + 1 :]}"


def thresholds(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Recall and precision of one label under each rule: a row a method, in it a mark a rule, one below the other."""
    from plotly.subplots import make_subplots

    label, at = shown(plan.data.labels[c]), [PLACE[n] for n in names]
    titles = (f"Recall of {label}", "Precision")
    figure = make_subplots(1, 2, subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.06)
    for r, title in enumerate(RULES.values()):
        figure.add_scatter(
            x=[None], y=[None], name=title, mode="markers", hoverinfo="skip", row=1, col=1,
            marker={"symbol": RULE_SYMBOLS[r], "size": 10, "color": "gray"},
        )  # fmt: skip
        symbols = [RULE_SYMBOLS[r] + "-open" * METHODS[n].flawed for n in names]
        for column, values in enumerate((judged.recall, judged.precision), 1):
            figure.add_scatter(
                x=values[r, at, c], y=np.arange(len(names)) + 0.27 * (r - 1), name=title, mode="markers", showlegend=False,
                marker={"symbol": symbols, "size": 10, "color": [strategy_colour(i) for i in at], "line": {"width": 1.5}},
                text=[_title(n) for n in names], hovertemplate="%{text}: %{x:.3f}", row=1, col=column,
            )  # fmt: skip
    for i in range(1, len(names)):
        figure.add_hline(y=i - 0.5, line={"color": "gray", "width": 1, "dash": "dot"}, row="all", col="all")
    figure.update_xaxes(range=[-0.04, 1.04], tickformat=".0%", dtick=0.25)
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=[_folded(_title(n)) for n in names],
        showgrid=False, zeroline=False,
    )  # fmt: skip
    figure.update_layout(
        height=150 + 66 * len(names), margin=EDGE, legend={"orientation": "h", "y": -0.12, "yanchor": "top"},
        meta={"panels": 2},
    )  # fmt: skip
    return figure


def thresholds_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> str:
    """The plain model at the prior beside pos_weight at a half, and what the learned threshold gives."""
    plain, weighted = PLACE["sigmoid"], PLACE["pos_weight"]
    r, positives = judged.recall[:, :, c], int(plan.data.y_test[:, c].sum())
    best = max({plain, *(PLACE[n] for n in names)}, key=lambda i: np.nan_to_num(judged.f1[2, i, c], nan=-1))
    at_best = f"{judged.f1[2, best, c]:.3f}, is that of {list(METHODS.values())[best].title}"
    other = f"; the plain sigmoid has {judged.f1[2, plain, c]:.3f}" if best != plain else ""
    return (
        f"{plan.data.labels[c]}: the plain sigmoid above {judged.threshold[1, plain, c]:.3f} finds "
        f"{percent(float(r[1, plain]))}, pos_weight above a half {percent(float(r[0, weighted]))}; the plain one above "
        f"a half {percent(float(r[0, plain]))}. "
        f"With thresholds learned on the held-out part the best F1, {at_best}{other}; {positives:,} of "
        f"{len(plan.data.y_test):,} test examples have the label."
    )


def _reliable(plan: MultiPlan, judged: Judged, name: str, c: int, undone: bool) -> Array | None:
    """Mean output, share that has the label and examples of each bin; None where there is no weighting to undo."""
    i, m = PLACE[name], METHODS[name]
    z = judged.logits[i].astype(np.float64)
    if undone and m.output != "sigmoid":
        return None
    p = repaired(m, plan.tables[i][c], z[c]) if undone else outputs(m.output, z)[c]
    assert p is not None
    return reliability(plan.data.y_test[:, c], p)


def calibration_table(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "pd.DataFrame":
    """A line a mark of the picture: mean output of a bin, the share that has the label, and how many examples are in it."""
    import pandas as pd

    parts = []
    for undone in (False, True):
        for name in names:
            found = _reliable(plan, judged, name, c, undone)
            if found is not None:
                frame = pd.DataFrame(found.T, columns=["output", "share that has the label", "examples"])
                parts.append(frame.assign(method=_title(name), **{"weighting undone": undone}))
    whole = pd.concat(parts, ignore_index=True)
    return whole.astype({"examples": int})[["method", "weighting undone", *whole.columns[:3]]]


def calibration(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> "go.Figure":
    """Output against observed share of one label; on the right with the weighting taken out again."""
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 2, subplot_titles=("As it comes", "Weighting undone"), shared_yaxes=True)
    for column in (1, 2):
        figure.add_scatter(
            x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", showlegend=False, row=1, col=column,
            line={"color": "gray", "dash": "dot", "width": 1},
        )  # fmt: skip
        for name in names:
            found = _reliable(plan, judged, name, c, column == 2)
            if found is None:
                continue
            claimed, share, size = found
            figure.add_scatter(
                x=claimed, y=share, name=_title(name), legendgroup=name, showlegend=column == 1, mode="lines+markers",
                line=_line(name), marker=_marker(name) | {"size": 5 + 18 * np.sqrt(size / size.sum())}, row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title_text="output", range=[-0.03, 1.03])
    figure.update_yaxes(title_text=f"share that has {shown(plan.data.labels[c])}", range=[-0.03, 1.03], col=1)
    figure.update_layout(height=460, margin=EDGE, legend={"orientation": "h", "y": -0.25}, meta={"panels": 2})
    return figure


def calibration_sentence(plan: MultiPlan, judged: Judged, names: Sequence[str], c: int) -> str:
    """Calibration errors before and after."""
    parts = []
    for n in names:
        text = f"{METHODS[n].title} {judged.ece[PLACE[n], c]:.3f}"
        after = judged.repaired_ece[PLACE[n], c]
        parts.append(text + (f" → {after:.3f}" if np.isfinite(after) else ""))
    return (
        f"Expected calibration error of {plan.data.labels[c]} (mean distance of the output from the observed share), as it comes "
        f"→ with the weighting undone: {', '.join(parts)}."
    )


def twice_table(plan: MultiPlan, judged: Judged, example: int) -> "pd.DataFrame":
    """A line a label of one test example: whether it has it, and the three outputs of the picture."""
    import pandas as pd

    z = judged.logits[:, :, example].astype(np.float64)
    return pd.DataFrame(
        {
            "label": plan.data.labels,
            "has it": plan.data.y_test[example].astype(bool),
            "Sigmoid of each logit": outputs("sigmoid", z[PLACE["sigmoid"]]),
            "Softmax of the same logits ⚠": outputs("softmax", z[PLACE["sigmoid"]]),
            "Trained with a softmax ⚠": outputs("softmax", z[PLACE["softmax"]]),
        }
    )


def twice(plan: MultiPlan, judged: Judged, example: int) -> "go.Figure":
    """One test example through sigmoids and through a softmax, of the same logits and of the model trained with a softmax."""
    import plotly.graph_objects as go

    found = twice_table(plan, judged, example)
    who = [f"{shown(n)}{'  ✓' if t else ''}" for n, t in zip(found["label"], found["has it"], strict=True)]
    figure = go.Figure()
    for title, name in zip(found.columns[2:], ("sigmoid", "double_sigmoid", "softmax"), strict=True):
        figure.add_bar(
            y=who, x=found[title], name=title, orientation="h", text=[f"{v:.2f}" for v in found[title]], textposition="outside",
            marker={"color": strategy_colour(PLACE[name]), "pattern": {"shape": "/" if METHODS[name].flawed else ""}},
        )  # fmt: skip
    figure.add_vline(x=0.5, line={"color": "gray", "dash": "dot"})
    figure.update_xaxes(title_text="output (✓: the example has the label)", range=[0, 1.15])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(
        height=110 + 66 * len(who),
        margin=EDGE | {"t": 20},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top"},
    )
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
