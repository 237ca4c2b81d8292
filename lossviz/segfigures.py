"""Pictures and tables of segmentation: class weights side by side, IoU of every class over training; and files to take home."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.figures import SCENE_COLOURS, STRATEGY_COLOURS, shown
from lossviz.scenes import CLASSES, VOID, PixelCounts
from lossviz.segplan import METHODS, ScenePlan, SceneRun
from lossviz.weights import class_weights

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Array = NDArray[Any]


def both_denominators(counts: PixelCounts) -> tuple[Array, Array]:
    """Median-frequency weights with the images of each class in the denominator, and with all images, the common slip.

    Args:
        counts: Of masks.

    Returns:
        Two arrays [K]; NaN for a class that never occurs.

    Example:
        The second of two classes is in one of two images of 4 pixels:

        >>> from lossviz.scenes import count_pixels
        >>> right, wrong = both_denominators(count_pixels([[[0, 0, 0, 0]], [[0, 0, 0, 1]]], 2))
        >>> right.round(3).tolist(), wrong.round(3).tolist()
        ([0.643, 2.25], [0.571, 4.0])
    """
    there = counts.pixels > 0
    right, wrong = np.full(len(there), np.nan), np.full(len(there), np.nan)
    right[there] = class_weights(counts.pixels[there], "median_frequency", present=counts.present[there])
    wrong[there] = class_weights(counts.pixels[there], "median_frequency")
    return right, wrong


def weight_table(names: Sequence[str], counts: PixelCounts, columns: Mapping[str, ArrayLike]) -> "pd.DataFrame":
    """Pixels, images and weights of every class.

    Args:
        names: Of the classes.
        counts: Of masks.
        columns: Weights by title, [K] each.
    """
    import pandas as pd

    share = counts.pixels / counts.total
    frame = {"Class": list(names), "Pixels": counts.pixels, "Share": share, "Images with it": counts.images}
    return pd.DataFrame(frame | {title: np.asarray(w, float) for title, w in columns.items()})


def weight_bars(names: Sequence[str], columns: Mapping[str, ArrayLike], wrong: Sequence[str] = ()) -> "go.Figure":
    """Weights below each other, a group of bars a class, on a logarithmic axis: every name has room, on a phone too.

    Args:
        names: Of the classes.
        columns: Weights by title, [K] each; 0 and NaN have no bar.
        wrong: Titles of those that are a slip: hatched.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (title, w) in enumerate(columns.items()):
        values = np.asarray(w, float)
        pattern = {"shape": "/"} if title in wrong else None
        figure.add_bar(
            y=[shown(n) for n in names], x=np.where(values > 0, values, np.nan), name=shown(title), orientation="h",
            marker={"color": STRATEGY_COLOURS[i % len(STRATEGY_COLOURS)], "pattern": pattern},
        )  # fmt: skip
    figure.update_xaxes(type="log", title_text="weight", dtick=1)
    figure.update_yaxes(autorange="reversed", dtick=1, showgrid=False)
    figure.update_layout(
        height=120 + (8 + 12 * len(columns)) * len(names), margin={"t": 20, "l": 10, "r": 10}, barmode="group",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )  # fmt: skip
    return figure


def iou_curves(run: SceneRun, row: int) -> "go.Figure":
    """IoU of every class over the steps, by one method.

    Args:
        run: The run.
        row: Index of the method.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    dash = "dash" if METHODS[run.plan.methods[row]].flawed else "solid"
    symbols = (
        "circle",
        "square",
        "diamond",
        "cross",
        "x",
        "triangle-up",
        "triangle-down",
        "star",
        "hexagon",
        "pentagon",
        "bowtie",
    )
    for c, name in enumerate(CLASSES):
        if c == VOID:
            continue
        figure.add_scatter(
            x=run.steps, y=run.iou[:, row, c].astype(np.float32), name=name, mode="lines+markers",
            line={"color": SCENE_COLOURS[c], "dash": dash, "width": 2.5},
            marker={"symbol": symbols[c], "size": 7, "line": {"width": 1, "color": "gray"}},
        )  # fmt: skip
    figure.update_layout(height=420, margin={"t": 20, "l": 10, "r": 10}, legend={"orientation": "h", "y": -0.2})
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text="IoU, unseen scenes", rangemode="tozero", tickformat=".0%")
    return figure


def iou_table(run: SceneRun) -> "pd.DataFrame":
    """Every method and frame: IoU of every class, their mean, and the share of stuck pixels."""
    import pandas as pd

    parts = []
    for row, name in enumerate(run.plan.methods):
        frame = {"Method": METHODS[name].title, "Step": run.steps, "Mean IoU": run.mean_iou[:, row]}
        frame |= {c: run.iou[:, row, i] for i, c in enumerate(CLASSES) if i != VOID}
        parts.append(pd.DataFrame(frame | {"Stuck": run.stuck[:, row], "Loss of the stuck": run.stuck_loss[:, row]}))
    return pd.concat(parts, ignore_index=True)


def as_npz(run: SceneRun) -> bytes:
    """The run's arrays, its shown scenes and its weights, as a file for `numpy.load`."""
    file, scenes = io.BytesIO(), run.plan.shown()
    arrays = {n: getattr(run, n) for n in ("steps", "confusion", "iou", "mean_iou", "stuck", "stuck_loss", "own_loss")}
    arrays |= dict(run.maps) | {"images": scenes.images, "labels": scenes.labels, "weights": run.plan.weights}
    np.savez_compressed(file, methods=np.array(run.plan.methods), classes=np.array(CLASSES), **arrays)
    return file.getvalue()


def call(plan: ScenePlan, weights: str | Sequence[float]) -> str:
    """The Python that makes a run again.

    Args:
        plan: Of the run.
        weights: As `fit_scenes` was given them.

    Example:
        >>> from lossviz.segplan import prepare_scenes
        >>> print(call(prepare_scenes("plain", scenes=8, steps=20), "presence"))
        import lossviz
        from lossviz import segfigures
        <BLANKLINE>
        run = lossviz.fit_scenes(
            ['plain'],
            scenes=8,
            steps=20,
        )
        numbers = segfigures.iou_table(run)
        print(numbers.to_string())
        <BLANKLINE>
    """
    knobs = {name: k for name, k in plan.knobs.items() if k and k != {x.name: x.default for x in METHODS[name].knobs}}
    given = {
        "scenes": (len(plan.scenes.labels), 48), "steps": (int(plan.steps[-1]), 300), "seed": (plan.seed, 0),
        "weights": (weights, "presence"), "void": (plan.void, True),
        "learning_rate": (plan.learning_rate, 0.01), "knobs": (knobs, {}),
    }  # fmt: skip
    lines = "".join(f"    {name}={value!r},\n" for name, (value, usual) in given.items() if value != usual)
    return (
        f"import lossviz\nfrom lossviz import segfigures\n\nrun = lossviz.fit_scenes(\n    {list(plan.methods)!r},\n{lines})\n"
        "numbers = segfigures.iou_table(run)\nprint(numbers.to_string())\n"
    )
