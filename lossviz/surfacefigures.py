"""Pictures of loss surfaces: contours and 3-D on one scale, lines between solutions, decisions at a point, fading weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz import models
from lossviz.fading import RECIPES, Fading
from lossviz.figures import CLASS_COLOURS, LOSS_SCALE, shown, strategy_colour
from lossviz.landscape import Surface, coarse
from lossviz.plan import Plan, decode_maps
from lossviz.planes import NEAR
from lossviz.sentences import rarest
from lossviz.strategies import Decision, get

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from lossviz.surface import Line

Array = NDArray[Any]
DEPTH = 1e-6
"""The least loss of a colour scale, as a share of the largest: below it all is one colour."""
LEVELS = 24
"""Contour lines, equally spaced in the logarithm of the loss."""
SOLID = 4
"""Most surfaces of one 3-D picture: a browser draws each by itself."""


MARKS = {
    "minimum": ("least loss on the grid", "x", "white"),
    "bayes": ("Bayes target", "star", "gold"),
    "target": ("own target", "diamond", "white"),
}
"""Marked points: name, symbol, colour."""


def _inside(surface: Surface, at: Array) -> bool:
    """Whether a point is in the picture; NaN is not."""
    return bool(surface.x[0] <= at[0] <= surface.x[-1] and surface.y[0] <= at[1] <= surface.y[-1])


def _shadow(kind: str, at: Array) -> str:
    """What is said of a target that is only projected onto the plane."""
    return ", its projection" if kind != "minimum" and at[2] > NEAR else ""


def _title(name: str) -> str:
    return get(name).title + (" (flawed)" if get(name).flawed else "")


def _log(loss: Array, high: float) -> Array:
    """Logarithm to base 10 in the depth of the colour scale, float32: half of what a browser is sent."""
    return np.log10(np.maximum(loss, high * DEPTH)).astype(np.float32)


def _axis(surface: Surface) -> tuple[float, float, dict[str, Any]]:
    """The shared scale: its ends, log10, and a colour axis whose ticks are losses."""
    low, high = surface.span
    high = max(high, 1e-12)
    ends = float(np.log10(max(low, high * DEPTH))), float(np.log10(high))
    if ends[1] - ends[0] < 1e-6:
        ends = ends[0] - 0.01, ends[1] + 0.01
    decades = [
        (np.log10(m) + e, f"{m * 10.0**e:g}")
        for e in range(int(np.floor(ends[0])), int(np.ceil(ends[1])) + 1)
        for m in ((1, 2, 5) if ends[1] - ends[0] < 3 else (1,))
    ]
    ticks = [d for d in decades if ends[0] <= d[0] <= ends[1]] or [
        (e, f"{10**e:.4g}") for e in ends
    ]  # so narrow that no round number lies in it
    bar = {
        "title": {"text": "loss"},
        "tickvals": [t for t, _ in ticks],
        "ticktext": [t for _, t in ticks],
        "thickness": 12,
        "lenmode": "pixels",
        "len": 280,
    }
    return *ends, {"colorscale": LOSS_SCALE, "cmin": ends[0], "cmax": ends[1], "colorbar": bar}


def _whole(surface: Surface) -> list[tuple[int, int]]:
    """Rows and columns of the parts of the picture."""
    n = len(surface.names)
    columns = n if n <= 3 else -(-n // (-(-n // 3)))  # with four, titles run into each other
    return [(i // columns + 1, i % columns + 1) for i in range(n)]


def contours(surface: Surface, point: tuple[float, float] | None = None) -> "go.Figure":
    """Every strategy's own loss over the shared plane, on one colour scale, with all paths: its own bold.

    A contour trace's `meta` is the index of its strategy.

    Args:
        surface: Coarse or whole.
        point: A chosen point, marked in every part.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    low, high, axis = _axis(surface)
    places = _whole(surface)
    rows, columns = places[-1][0], max(c for _, c in places)
    figure = make_subplots(
        rows, columns, shared_xaxes="all", shared_yaxes="all", subplot_titles=[_title(n) for n in surface.names],
        horizontal_spacing=0.03, vertical_spacing=0.28 / rows if rows > 1 else 0,
    )  # fmt: skip
    told = set()

    def mark(kind: str, at: Array, place: dict[str, int]) -> None:
        text, symbol, fill = MARKS[kind]
        text += _shadow(kind, at)
        if _inside(surface, at):
            figure.add_scatter(
                x=[at[0]], y=[at[1]], mode="markers", name=text, legendgroup=text, showlegend=text not in told, legendrank=2000,
                marker={"symbol": symbol, "size": 11, "color": fill, "line": {"color": "black", "width": 1.5}}, **place,
            )  # fmt: skip
            told.add(text)

    for j, name in enumerate(surface.names):
        place = {"row": places[j][0], "col": places[j][1]}
        figure.add_trace(
            go.Contour(
                x=surface.x, y=surface.y, z=_log(surface.loss[j], surface.span[1]), coloraxis="coloraxis",
                name=shown(_title(name)), meta=j, customdata=surface.loss[j].astype(np.float32), autocontour=False,
                line={"width": 0.5}, contours={"start": low, "end": high, "size": (high - low) / LEVELS},
                hovertemplate="%{x:.3g}, %{y:.3g}: loss %{customdata:.4g}<extra></extra>",
            ),
            **place,
        )  # fmt: skip
        others = [] if surface.plane.own else [i for i in range(len(surface.names)) if i != j]
        for i in [*others, j]:
            path, own = surface.trajectories[i], i == j
            line = {"color": strategy_colour(i), "width": 3.5 if own else 1.5}
            if get(surface.names[i]).flawed:
                line["dash"] = "5px,3px"
            if own:  # so that it can be seen on any colour
                figure.add_scatter(
                    x=path[:, 0], y=path[:, 1], mode="lines", line={"color": "white", "width": 6.5}, hoverinfo="skip",
                    showlegend=False, **place,
                )  # fmt: skip
            figure.add_scatter(
                x=path[:, 0], y=path[:, 1], mode="lines+markers", line=line, name=shown(_title(surface.names[i])),
                legendgroup=f"path {i}", showlegend=own, legendrank=i, hoverinfo="skip",
                marker={
                    "size": [0] * (len(path) - 1) + [10 if own else 6], "color": line["color"],
                    "line": {"color": "white", "width": 1},
                },
                **place,
            )  # fmt: skip
        mark("minimum", surface.minimum[j], place)
        mark("bayes", surface.bayes, place)
        mark("target", surface.targets[j], place)
        if point is not None:
            figure.add_scatter(
                x=[point[0]], y=[point[1]], mode="markers", name="chosen point", legendgroup="chosen", showlegend=not j,
                hoverinfo="skip", legendrank=2001,
                marker={"symbol": "cross-thin", "size": 16, "line": {"color": "red", "width": 3}}, **place,
            )  # fmt: skip
    figure.update_xaxes(range=list(surface.plane.x))
    figure.update_yaxes(range=list(surface.plane.y))
    for i in range(1, columns + 1):
        figure.update_xaxes(title_text=surface.plane.labels[0], row=rows, col=i)
    for i in range(1, rows + 1):
        figure.update_yaxes(title_text=surface.plane.labels[1], row=i, col=1)
    figure.update_layout(
        height=100 + 300 * rows + 40, margin={"t": 40, "l": 10, "r": 10}, coloraxis=axis, meta={"panels": len(places)},
        legend={"orientation": "h", "y": -0.3 / rows, "yanchor": "top"}, hovermode="closest",
    )  # fmt: skip
    figure.update_annotations(font_size=14)
    figure.update_xaxes(automargin=True)  # in a file of its own, too
    figure.update_yaxes(automargin=True)
    return figure


def solid(surface: Surface, point: tuple[float, float] | None = None) -> "go.Figure":
    """The same in three dimensions, up to SOLID strategies: height and colour are the logarithm of the loss."""
    from plotly.subplots import make_subplots
    from scipy.interpolate import RegularGridInterpolator  # type: ignore[import-untyped]

    low, high, axis = _axis(surface)
    n = min(SOLID, len(surface.names))
    columns = min(n, 2)  # side by side a browser has no room for more
    rows = -(-n // columns)
    figure = make_subplots(
        rows, columns, specs=[[{"type": "scene"}] * columns] * rows, subplot_titles=[_title(m) for m in surface.names[:n]],
        horizontal_spacing=0.02, vertical_spacing=0.06,
    )  # fmt: skip
    ticks, told = axis["colorbar"], set()
    for j, name in enumerate(surface.names[:n]):
        place = {"row": j // columns + 1, "col": j % columns + 1}
        z = _log(surface.loss[j], surface.span[1])
        figure.add_surface(
            x=surface.x, y=surface.y, z=z, coloraxis="coloraxis", name=shown(_title(name)), meta=j,
            customdata=surface.loss[j].astype(np.float32), opacity=0.95,
            hovertemplate="%{x:.3g}, %{y:.3g}: loss %{customdata:.4g}<extra></extra>", **place,
        )  # fmt: skip
        at = RegularGridInterpolator((surface.y, surface.x), z, bounds_error=False, fill_value=np.nan)
        for i in range(n):
            if i != j and surface.plane.own:
                continue
            path = surface.trajectories[i]
            figure.add_scatter3d(
                x=path[:, 0], y=path[:, 1], z=at(path[:, ::-1]) + 0.01 * (high - low), mode="lines", showlegend=i == j,
                name=shown(_title(surface.names[i])), legendgroup=f"path {i}", hoverinfo="skip",
                line={"color": strategy_colour(i), "width": 8 if i == j else 3}, **place,
            )  # fmt: skip
        marked = {
            MARKS[kind][0] + _shadow(kind, where): (where, *MARKS[kind][1:])
            for kind, where in (
                ("minimum", surface.minimum[j]),
                ("bayes", surface.bayes),
                ("target", surface.targets[j]),
            )
        }
        if point is not None:
            marked["chosen point"] = np.array(point), "cross", "red"
        for text, (where, symbol, colour) in marked.items():
            if _inside(surface, where):
                figure.add_scatter3d(
                    x=where[:1], y=where[1:2], z=at([where[1::-1]]) + 0.01 * (high - low), mode="markers", name=text,
                    legendgroup=text, showlegend=text not in told, legendrank=2000, hoverinfo="skip", marker={
                        "symbol": "circle" if symbol == "star" else symbol, "size": 4 if symbol == "x" else 7, "color": colour,
                        "line": {"color": "black", "width": 1},
                    }, **place,
                )  # fmt: skip
                told.add(text)
    labels = surface.plane.labels
    figure.update_scenes(
        xaxis={"title": {"text": labels[0]}, "range": list(surface.plane.x), "nticks": 5},
        yaxis={"title": {"text": labels[1]}, "range": list(surface.plane.y), "nticks": 5},
        # the colours have a title already, and this one is cut off at the edge
        zaxis={"title": {"text": ""}, "range": [low, high], "tickvals": ticks["tickvals"], "ticktext": ticks["ticktext"]},
        aspectmode="cube", camera={"eye": {"x": -1.45, "y": -1.6, "z": 1.1}},
    )  # fmt: skip
    figure.update_layout(
        height=430 * rows, margin={"t": 40, "l": 0, "r": 0, "b": 0}, coloraxis=axis, meta={"panels": n},
        legend={"orientation": "h", "y": 0},
    )  # fmt: skip
    return figure


def surface_numbers(surface: Surface) -> "pd.DataFrame":
    """A surface as a table: paths, minima, targets, and the losses on the grid lines of the coarse picture."""
    import pandas as pd

    x_label, y_label = surface.plane.labels
    parts = []
    for j, name in enumerate(surface.names):
        title = _title(name)
        path = {
            "Strategy": title, "What": "path", "Step": surface.steps, x_label: surface.trajectories[j, :, 0],
            y_label: surface.trajectories[j, :, 1], "Loss": surface.recorded[j], "Off the plane": surface.off_plane[j],
        }  # fmt: skip
        best = {"Strategy": title, "What": "least loss on the grid", "Loss": [surface.minimum[j, 2]],
                x_label: surface.minimum[j, :1], y_label: surface.minimum[j, 1:2]}  # fmt: skip
        parts += [pd.DataFrame(path), pd.DataFrame(best)]
        for what, (a, b, far) in (("Bayes target", surface.bayes), ("own target", surface.targets[j])):
            if np.isfinite(a):
                row = {"Strategy": title, "What": what, x_label: [a], y_label: [b], "Off the plane": [far]}
                parts.append(pd.DataFrame(row))
    for j, name in enumerate(surface.names):
        columns, lines = coarse(len(surface.x)), coarse(len(surface.y))
        gx, gy = np.meshgrid(surface.x[columns], surface.y[lines])
        loss = surface.loss[j][np.ix_(lines, columns)]
        on_grid = {
            "Strategy": _title(name),
            "What": "grid",
            x_label: gx.ravel(),
            y_label: gy.ravel(),
            "Loss": loss.ravel(),
        }
        parts.append(pd.DataFrame(on_grid))
    return pd.concat(parts, ignore_index=True)


def line(found: "Line") -> "go.Figure":
    """Every strategy's loss, and unweighted cross-entropy, on the straight line between two solutions."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for j, name in enumerate(found.names):
        look = {"color": strategy_colour(j), "dash": "dash" if get(name).flawed else "solid"}
        figure.add_scatter(x=found.at, y=found.loss[j], mode="lines", name=shown(_title(name)), line=look)
    gray = {"color": "gray", "dash": "dot"}
    figure.add_scatter(x=found.at, y=found.cross_entropy, mode="lines", name="unweighted cross-entropy", line=gray)
    for at, name in zip(
        (0, 1), found.ends, strict=True
    ):  # one above the other: on a phone there is no room side by side
        figure.add_vline(
            at, line={"color": "gray", "width": 1},
            annotation={"text": shown(get(name).title), "yref": "paper", "y": 1.07 - 0.06 * at, "yanchor": "bottom"},
            annotation_position="top left" if at else "top right",
        )  # fmt: skip
    figure.update_layout(height=460, margin={"t": 70}, legend={"orientation": "h", "y": -0.2})
    figure.update_xaxes(title_text="position t between the two solutions", range=[found.at[0], found.at[-1]])
    wide = min(found.loss.min(), found.cross_entropy.min()) * 100 < found.loss.max() and found.loss.min() > 0
    figure.update_yaxes(title_text="own mean training loss", type="log" if wide else "linear")
    return figure


def decided(plan: Plan, theta: Array, rule: Decision, classes: Array) -> "go.Figure":
    """What a model decides: a map with the training points of two features, the probability along one.

    Args:
        plan: Of the run.
        theta: Parameters, [D].
        rule: How it decides.
        classes: Decision map, as `lossviz.surface.decide` returned it, [G, G]; without pixels for one feature.
    """
    import plotly.graph_objects as go

    figure, k = go.Figure(), len(plan.classes)
    if classes.size:
        x0, x1, y0, y1 = plan.extent or (0, 1, 0, 1)
        step = (x1 - x0) / len(classes), (y1 - y0) / len(classes)
        scale = [[s, CLASS_COLOURS[c % len(CLASS_COLOURS)]] for c in range(k) for s in (c / k, (c + 1) / k)]
        figure.add_heatmap(
            z=decode_maps(classes, k)[0], x0=x0 + step[0] / 2, dx=step[0], y0=y0 + step[1] / 2, dy=step[1], zmin=-0.5,
            zmax=k - 0.5, colorscale=scale, opacity=0.35, showscale=False, hoverinfo="skip",
        )  # fmt: skip
        for c in range(k):
            of_class = plan.X[plan.y == c][:500]
            figure.add_scatter(
                x=of_class[:, 0], y=of_class[:, 1], mode="markers", name=shown(plan.classes[c]),
                marker={"color": CLASS_COLOURS[c % len(CLASS_COLOURS)], "symbol": c, "size": 4},
            )  # fmt: skip
        figure.update_xaxes(title_text=plan.features[0], range=[x0, x1])
        figure.update_yaxes(title_text=plan.features[1], range=[y0, y1])
    else:
        c = rarest(plan)
        low, high = plan.X[:, 0].min(), plan.X[:, 0].max()
        at = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 200)
        logits = models.forward(theta, plan.standardised(at[:, None]), plan.dims)
        p = rule.probabilities(logits)[:, c]
        name = f"probability of {plan.classes[c]}"
        figure.add_scatter(x=at, y=p, mode="lines", name=shown(name), line={"color": CLASS_COLOURS[c], "width": 3})
        for i in range(k):
            of_class = plan.X[plan.y == i, 0][:300]
            y = 1.06 if i == c else -0.06
            figure.add_scatter(
                x=of_class, y=np.full(len(of_class), y), mode="markers", name=shown(plan.classes[i]),
                marker={"color": CLASS_COLOURS[i % len(CLASS_COLOURS)], "symbol": "line-ns-open", "size": 9},
            )  # fmt: skip
        for edge in at[1:][np.diff(rule.classes(logits)) != 0]:
            figure.add_vline(float(edge), line={"color": "gray", "dash": "dash"}, annotation={"text": "boundary"})
        figure.update_xaxes(title_text=plan.features[0])
        figure.update_yaxes(title_text=shown(name), range=[-0.12, 1.12])
    figure.update_layout(height=380, margin={"t": 20}, legend={"orientation": "h", "y": -0.22})
    return figure


def undone_recall(plan: Plan, steps: Array, confusion: Array) -> "go.Figure":
    """Recall of the rarest class over training: plain, weighted, and multiplied decided raw and scaled.

    Args:
        plan: Of the run; its first seed is drawn.
        steps: Step number of each frame, [F].
        confusion: Test examples by true and decided class, [F, R, RULES, K, K].
    """
    import plotly.graph_objects as go

    figure, c = go.Figure(), rarest(plan)
    for colour, i in enumerate(plan.panels):
        row = plan.rows[i]
        for d, decision in enumerate(row.tables.decisions):
            table = confusion[:, i, d].astype(float)
            recall = table[:, c, c] / np.maximum(table[:, c].sum(-1), 1)
            several = len(row.tables.decisions) > 1
            look = {"color": strategy_colour(colour), "width": 2.5, "dash": ("dot", "dash")[d] if several else "solid"}
            name = _title(row.strategy) + (f", {decision.name}" if several else "")
            figure.add_scatter(x=steps, y=recall, mode="lines", name=name, line=look)
    figure.update_layout(height=400, margin={"t": 20}, legend={"orientation": "h", "y": -0.25})
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text=f"recall of {shown(plan.classes[c])}", range=[-0.02, 1.02])
    return figure


def fading(found: dict[tuple[bool, bool], Fading]) -> "go.Figure":
    """Where the boundary is over logarithmic time, separable beside overlapping data, without L2 and with.

    Args:
        found: (overlapping, L2) -> what `lossviz.fading_weights` returned.
    """
    from plotly.subplots import make_subplots

    titles = {False: "Separable", True: "Overlapping"}
    sides = [side for side in titles if any(key[0] == side for key in found)]
    figure = make_subplots(
        1, len(sides), shared_yaxes="all", subplot_titles=[titles[s] for s in sides], horizontal_spacing=0.05
    )
    for (overlapping, l2), one in sorted(found.items()):
        col = sides.index(overlapping) + 1
        for i, name in enumerate(one.names):
            look = {"color": strategy_colour(i), "width": 2 if l2 else 5, "dash": "dash" if l2 else "solid"}
            text = RECIPES[name] + (", with L2" if l2 else "")
            figure.add_scatter(
                x=one.time, y=one.boundary[i], mode="lines", name=text, legendgroup=text, line=look,
                opacity=1 if l2 else 0.5,  # where both are the same, both are seen
                showlegend=col == 1 or len(sides) == 1, legendrank=10 * i + l2, row=1, col=col,
            )  # fmt: skip
            if name != "plain" and np.isfinite(one.theory[i]).any():
                law = (
                    ("−log w / (2 log 2√w t)", "dot")
                    if name == "weighted"
                    else ("a constant, (Δ − 1)/(Δ + 1)", "longdashdot")
                )
                figure.add_scatter(
                    x=one.time, y=one.theory[i], mode="lines", name=f"theory: {law[0]}", legendrank=100 + i,
                    line={"color": "gray", "width": 2.5, "dash": law[1]}, row=1, col=col,
                )  # fmt: skip
    figure.update_xaxes(type="log", title_text="time = steps × learning rate", exponentformat="power")
    figure.update_yaxes(title_text="boundary (−1: common class)", row=1, col=1)
    figure.update_layout(
        height=470, margin={"t": 40}, legend={"orientation": "h", "y": -0.25}, meta={"panels": len(sides)}
    )
    return figure
