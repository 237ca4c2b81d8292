"""Results -> pictures: the palette, boundaries as pixels, and Plotly figures.

The palette lives here only. Plotly is imported by the functions that draw with it.
"""

import gzip
import html
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.dataset import Dataset
from lossviz.plan import Plan, Run, decode_maps, encode_map
from lossviz.strategies import Decision, get

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from lossviz.advice import Verdict

Array = NDArray[Any]

CLASS_COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B5A300", "#7A7A7A", "#6A4FB3", "#8C564B",
)  # fmt: skip
"""Okabe and Ito's colour-blind-safe colours, then four more; the player gives the first six a marker of their own."""
STRATEGY_COLOURS = (
    "#4C78A8", "#F58518", "#E45756", "#54A24B", "#B279A2", "#9D755D", "#35A6A0", "#C99700", "#FF7FA5", "#7F7F7F",
    "#1F9BDE", "#A0522D", "#8E44AD", "#7CB518", "#D81B60", "#5D6DBE", "#00897B", "#B0875A", "#AB3B3B", "#607D8B",
)  # fmt: skip
"""Of curves, by row; the name stands at each curve's end, so that colour is not all there is."""
EQUATION_COLOURS = {"light": ("#0B5CAD", "#6F6F6F"), "dark": ("#8CC8FF", "#9A9A9A")}
"""Of the terms of the equation that a strategy uses, and of the others; by theme."""
LOSS_SCALE = "Cividis_r"
"""Of losses, low to high: even steps, and the same to the colour-blind."""
SCENE_COLOURS = (
    "#C2E3FF", "#6F1E4F", "#E3FF00", "#006CA5", "#9D7E68", "#91FFCC", "#7F1402", "#FFDD77", "#00026F", "#4439FA",
    "#FF4D00", "#000000",
)  # fmt: skip
"""Of the twelve classes of street scenes, in the order of `lossviz.scenes.CLASSES`: as far apart as could be found, for the
red- and green-blind too (at least 29 in CIELAB)."""
STUCK_COLOUR = "#FF62FF"
"""Of a pixel that is wrong and learns nothing: no colour of a class, nor of the scale of losses."""
ZERO_COLOUR = "#FFFFFF"
"""Of what is exactly 0 on such a map, in both themes: the scale of losses has nothing near white."""
LINE_GRID = 240
"""Pixels a side on which true boundaries are found."""


PLOTLY = f"plotly-{version('plotly')}.min.js"
"""Name under which a server offers Plotly's script: another version is another name, so that browsers may keep it."""


def plotly_script() -> bytes:
    """Plotly's own script, gzipped."""
    return gzip.compress(files("plotly").joinpath("package_data", "plotly.min.js").read_bytes(), 6)


def whole_page(figure: "go.Figure", sentence: str) -> str:
    """A figure as one HTML page that needs no server, without Plotly's button that sends a chart to a cloud.

    Args:
        figure: The picture.
        sentence: What it says: the page's title, and the text below.

    Example:
        >>> import plotly.graph_objects as go
        >>> page = whole_page(go.Figure(), "a < b.")
        >>> '"showSendToCloud": false' in page, "<title>a &lt; b.</title>" in page
        (True, True)
    """
    page: str = figure.to_html(include_plotlyjs=True, config={"showSendToCloud": False, "displaylogo": False})
    said = html.escape(sentence)
    head, _, below = page.partition("</head>")
    body, _, end = below.rpartition("</body>")
    style = "font: 1rem system-ui; max-width: 45rem; margin: 1rem"
    return f'{head}<title>{said}</title></head>{body}<p style="{style}">{said}</p></body>{end}'


def numbers(figure: "go.Figure") -> "pd.DataFrame":
    """The numbers in a figure as a table: a line a point, with the name of its curve.

    Example:
        >>> import plotly.graph_objects as go
        >>> numbers(go.Figure(go.Scatter(x=[0, 1], y=[2.0, 3.0], name="a"))).values.tolist()
        [['a', 0, 2.0], ['a', 1, 3.0]]
    """
    import pandas as pd

    parts = []
    for trace in figure.data:
        if trace.hoverinfo == "skip" or trace.x is None:
            continue
        # of the part of the picture that it is in
        if trace.type == "surface":
            x_title, y_title = (figure.layout[trace.scene or "scene"][f"{a}axis"].title.text or a for a in "xy")
        else:
            x_title, y_title = (figure.layout[f"{a}axis{(trace[f'{a}axis'] or a)[1:]}"].title.text or a for a in "xy")
        z, names = getattr(trace, "z", None), trace.customdata
        if z is not None:
            x, y = np.meshgrid(trace.x, trace.y)
            part = {x_title: x.ravel(), y_title: y.ravel(), "value": np.ravel(z)}
        elif names is not None:
            part = {"Label": [html.unescape(str(n)) for n in names], "value": trace.x}
        else:
            part = {x_title: trace.x, y_title: trace.y}
        parts.append(pd.DataFrame({"": html.unescape(trace.name or ""), **part}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def shown(text: str) -> str:
    """Text of a user's in a figure, cut to 40 characters: Plotly would read tags in it, links among them."""
    line = "".join(c if c.isprintable() else " " for c in text[:400])
    return html.escape(line if len(line) <= 40 else line[:37] + "…", quote=False)


def strategy_colour(row: int) -> str:
    """Colour of a row's curve."""
    return STRATEGY_COLOURS[row % len(STRATEGY_COLOURS)]


def outline(classes: Array) -> NDArray[np.uint16]:
    """Pixels of a class map at which the class changes to the right or above.

    Args:
        classes: Class of each pixel, [G, G], rows from the bottom up.

    Returns:
        Column and row of each such pixel, uint16 [M, 2].

    Example:
        >>> outline(np.array([[0, 1], [0, 1]])).tolist()
        [[0, 0], [0, 1]]
    """
    change = np.zeros(classes.shape, bool)
    change[:, :-1] |= classes[:, :-1] != classes[:, 1:]
    change[:-1] |= classes[:-1] != classes[1:]
    rows, columns = np.nonzero(change)
    return np.column_stack([columns, rows]).astype(np.uint16)


def _posterior(plan: Plan, data: Dataset, size: int) -> Array | None:
    """The true posterior at pixel centres, [size², K], rows from the bottom up; None where there is no known truth."""
    if data.truth is None or plan.extent is None:
        return None
    x0, x1, y0, y1 = plan.extent
    at = (np.arange(size) + 0.5) / size
    gx, gy = np.meshgrid(x0 + (x1 - x0) * at, y0 + (y1 - y0) * at)
    return data.truth.posterior(np.column_stack([gx.ravel(), gy.ravel()]), data.priors)


def targets(plan: Plan, data: Dataset, size: int = LINE_GRID) -> tuple[list[Array], list[int]]:
    """Where the truth, and each strategy's own optimum, changes class.

    Args:
        plan: The rows and the extent of the picture.
        data: A dataset; without a known truth there are no lines.
        size: Pixels a side.

    Returns:
        Class maps [size, size], the Bayes decision first, each once; and for each row that is drawn the index of
        the map its optimum decides by, −1 where that has no closed form.
    """
    posterior = _posterior(plan, data, size)
    return ([], [-1] * len(plan.panels)) if posterior is None else _decided(plan, posterior, size)


def _decided(plan: Plan, posterior: Array, size: int, rule: Decision | None = None) -> tuple[list[Array], list[int]]:
    """`targets` of a posterior, [size², K]."""
    log_posterior = np.log(np.maximum(posterior, 1e-300))
    maps: list[Array] = []
    where: dict[bytes, int] = {}

    def index(rule: Decision) -> int:
        classes = rule.classes(log_posterior).astype(np.uint8)
        if classes.tobytes() not in where:
            where[classes.tobytes()] = len(maps)
            maps.append(classes.reshape(size, size))
        return where[classes.tobytes()]

    index(rule or get("cross_entropy").tables(plan.counts).decisions[0])
    shown = [plan.rows[i].tables.target for i in plan.panels]
    return maps, [-1 if t is None else index(t) for t in shown]


def truth(plan: Plan, data: Dataset, rule: Decision | None = None) -> tuple[list[NDArray[np.uint16]], list[int], Array]:
    """What a picture shows of the truth.

    Args:
        plan: The rows and the extent of the picture.
        data: A dataset; without a known truth there are no lines.
        rule: By which the Bayes decision is made, where not every mistake costs the same; by default the most probable class.

    Returns:
        The lines of `targets` as pixels, as `outline` gives them, the Bayes boundary first; each row's index into them;
        and the true posterior's class and confidence, bytes as `lossviz.decode_maps` reads them, [LINE_GRID²] or none.
    """
    posterior = _posterior(plan, data, LINE_GRID)
    if posterior is None:
        return [], [-1] * len(plan.panels), np.zeros(0, np.uint8)
    maps, aims = _decided(plan, posterior, LINE_GRID, rule)
    return [outline(m) for m in maps], aims, encode_map(posterior)


def boundaries(run: Run, data: Dataset | None = None, frame: int = -1) -> "go.Figure":
    """Decision maps of every row side by side, with the training points and, where it is known, the Bayes boundary.

    Args:
        run: What `lossviz.fit` returned, on two features.
        data: The dataset, for its truth and the names of its axes.
        frame: Which frame; the last by default.

    Returns:
        A Plotly figure with shared axes.

    Raises:
        ValueError: The run has no decision maps.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    plan = run.plan
    if plan.extent is None:
        raise ValueError(f"decision maps need two features; this run has {plan.X.shape[1]}")
    columns = min(4, len(plan.rows))
    titles = [r.title + (" (flawed)" if get(r.strategy).flawed else "") for r in plan.rows]
    rows = -(-len(titles) // columns)
    figure = make_subplots(rows, columns, shared_xaxes="all", shared_yaxes="all", subplot_titles=titles)
    x0, x1, y0, y1 = plan.extent
    k, side = len(plan.classes), plan.resolution
    scale = [[s, CLASS_COLOURS[c % len(CLASS_COLOURS)]] for c in range(k) for s in (c / k, (c + 1) / k)]
    step = np.array([(x1 - x0) / side, (y1 - y0) / side])
    maps = targets(plan, data)[0] if data is not None else []
    for i in range(len(plan.rows)):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        classes, _ = decode_maps(run.maps[frame, i], k)
        figure.add_trace(
            go.Heatmap(
                z=classes, x0=x0 + step[0] / 2, dx=step[0], y0=y0 + step[1] / 2, dy=step[1], zmin=-0.5, zmax=k - 0.5,
                colorscale=scale, opacity=0.35, showscale=False, hoverinfo="skip",
            ),
            **place,
        )  # fmt: skip
        for c in range(k):
            of_class = plan.X[plan.y == c]
            figure.add_trace(
                go.Scatter(
                    x=of_class[:, 0], y=of_class[:, 1], mode="markers", name=shown(plan.classes[c]), legendgroup=str(c),
                    showlegend=not i,
                    marker={"color": CLASS_COLOURS[c % len(CLASS_COLOURS)], "symbol": c, "size": 4},
                ),
                **place,
            )  # fmt: skip
        if maps:
            edge = (outline(maps[0]) + 1.0) / len(maps[0])
            figure.add_trace(
                go.Scatter(
                    x=x0 + (x1 - x0) * edge[:, 0], y=y0 + (y1 - y0) * edge[:, 1], mode="markers", name="Bayes boundary",
                    legendgroup="truth", showlegend=not i, hoverinfo="skip", marker={"color": "black", "size": 2},
                ),
                **place,
            )  # fmt: skip
    figure.update_layout(height=80 + 300 * rows, width=80 + 300 * columns, legend={"orientation": "h"})
    figure.update_xaxes(range=[x0, x1], title_text=data.features[0] if data else None)
    figure.update_yaxes(range=[y0, y1], title_text=data.features[1] if data else None)
    return figure


def judged_curves(plan: Plan, records: Sequence[dict[str, Any]], kind: str, c: int) -> "go.Figure":
    """Precision-recall, ROC or reliability curves of one class against the rest, a line a strategy and seed.

    Args:
        plan: Of the run.
        records: What `lossviz.judgement.judged` returned; the rule that is drawn of each strategy is shown.
        kind: "pr", "roc" or "reliability".
        c: The class.
    """
    import plotly.graph_objects as go

    figure, place = go.Figure(), {plan.rows[row].strategy: i for i, row in enumerate(plan.panels)}
    titles = {
        "pr": ("recall", "precision"),
        "roc": ("false alarm rate", "recall"),
        "reliability": ("predicted probability", "observed share"),
    }
    base = float(np.mean(plan.y_test == c))
    hints = {"pr": ([0, 1], [base, base]), "roc": ([0, 1], [0, 1]), "reliability": ([0, 1], [0, 1])}
    figure.add_trace(
        go.Scatter(
            x=hints[kind][0], y=hints[kind][1], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": "gray", "width": 1, "dash": "dot"},
        )
    )  # fmt: skip
    for r in records:
        row = plan.rows[r["row"]]
        if r["decision"] != row.rule.name:
            continue
        first, curve = r["row"] in plan.panels, r[kind][c]
        colour = strategy_colour(place[row.strategy])
        figure.add_trace(
            go.Scatter(
                x=curve[0].astype(np.float32), y=curve[1].astype(np.float32), name=row.title, legendgroup=row.strategy,
                showlegend=first, opacity=1 if first else 0.35, mode="lines+markers" if kind == "reliability" else "lines",
                line={
                    "color": colour, "width": 2.5 if first else 1, "dash": "dash" if get(row.strategy).flawed else "solid",
                    "shape": "hv" if kind == "roc" else "linear",
                },
                marker={"size": np.sqrt(curve[2] / len(plan.y_test)) * 24 + 4} if kind == "reliability" else None,
                text=[f"{int(n):,} examples" for n in curve[2]] if kind == "reliability" else None,
            )
        )  # fmt: skip
    axis = {"range": [-0.02, 1.02], "constrain": "domain"}
    figure.update_layout(height=460, margin={"t": 20}, xaxis=axis, yaxis=axis)
    figure.update_xaxes(title_text=titles[kind][0])
    figure.update_yaxes(title_text=titles[kind][1], scaleanchor="x")
    return figure


def norms(plan: Plan, steps: Array, found: dict[str, dict[str, Array]]) -> "go.Figure":
    """Spread of the logits, and norms of the last layer, over training: the plain model's, multiplied raw, and weights in.

    Args:
        plan: Of the run.
        steps: Step number of each frame, [F].
        found: What `lossviz.judgement.undone` returned.
    """
    from plotly.subplots import make_subplots

    looks = {
        "plain": ("plain", "solid", 4, 0.45),
        "raw": ("multiplied, raw", "dot", 2, 1),
        "effective": ("multiplied, weights in", "dash", 2, 1),
    }
    names = [shown(c) for c in plan.classes] if len(plan.classes) > 2 else ["both classes"]
    titles = ("Logits on the test part", "Weights of the last layer")
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for column, what in enumerate(("logits", "norms"), 1):
        for c, name in enumerate(names):
            for kind, (title, dash, width, opacity) in looks.items():
                line = {"color": CLASS_COLOURS[c % len(CLASS_COLOURS)], "dash": dash, "width": width}
                values = found[what][kind][:, c].astype(np.float32)
                text = f"{name}: {title}"
                figure.add_scatter(
                    x=steps, y=values, mode="lines", name=text, line=line, opacity=opacity, legendgroup=text,
                    showlegend=column == 1, row=1, col=column,
                )  # fmt: skip
    apart = "the two classes apart" if len(names) == 1 else "off the mean of all classes"
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text=f"root mean square, {apart}", col=1)
    figure.update_yaxes(title_text=f"length, {apart}", col=2)
    figure.update_layout(height=460, margin={"t": 40}, legend={"orientation": "h", "y": -0.2}, meta={"panels": 2})
    return figure


BARS = 30
"""Most classes in a picture of counts and weights: the largest, and the rarest."""


def label_bars(found: "Verdict") -> "go.Figure":
    """Counts and weights of every class side by side, with the interval of each weight; the most frequent on top.

    Args:
        found: What `lossviz.advice.verdict` returned. Of more than BARS classes the largest and the rarest halves are drawn.
    """
    import plotly.graph_objects as go

    c = found.counts
    order = np.argsort(-c.counts, kind="stable")
    if len(order) > BARS:
        order = np.concatenate([order[: BARS // 2], order[-BARS // 2 :]])
    order = order[::-1]  # Plotly draws from the bottom up
    names = [shown(c.labels[i]) for i in order]
    place = list(range(len(order)))
    what = "pixels" if c.kind == "pixels" else "rows"
    low, high, w = (np.asarray(v, float)[order] for v in (found.intervals.low, found.intervals.high, found.weights))
    spread, drawn = {}, np.nanmax(w) * 1.06
    if np.isfinite(low).any():
        drawn = np.nanmax([*w, *high[np.isfinite(high)]]) * 1.06
        up = np.where(np.isposinf(high), drawn, high - w)  # without an upper end: out of the picture, with no cap in it
        spread = {"error_x": {"array": np.nan_to_num(up), "arrayminus": np.nan_to_num(w - low), "symmetric": False}}
    positive = c.counts[c.counts > 0]
    wide = positive.max() > 50 * positive.min()
    bars = [
        go.Bar(x=c.counts[order], y=place, orientation="h", name=what, marker_color=CLASS_COLOURS[0], customdata=names,
               hovertemplate="%{customdata}: %{x:,}<extra></extra>"),
        go.Bar(x=w, y=place, orientation="h", name="weight", marker_color=CLASS_COLOURS[1], customdata=names,
               hovertemplate="%{customdata}: %{x:.4g}<extra></extra>", xaxis="x2", yaxis="y2", **spread),
    ]  # fmt: skip
    labels = {"tickvals": place, "ticktext": names}
    # in one go: Plotly's own subplots, changed step by step, take five times as long, and this is drawn at every turn
    return go.Figure(
        bars,
        {
            "height": 120 + 30 * len(order),
            "margin": {"t": 20},
            "showlegend": False,
            "bargap": 0.3,
            "xaxis": {
                "domain": [0, 0.47],
                "title": {"text": f"{what}, log scale" if wide else what},
                "type": "log" if wide else "linear",
            },
            "xaxis2": {
                "domain": [0.53, 1],
                "anchor": "y2",
                "title": {"text": f"weight ({found.scheme.replace('_', ' ')})"},
                "range": [0, drawn],
            },
            "yaxis": labels,
            "yaxis2": labels | {"anchor": "x2", "matches": "y", "showticklabels": False},
        },
    )
