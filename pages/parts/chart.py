"""A still picture: a Plotly figure, the sentence it says, and its numbers as a table."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd  # whole before any figure is made: Plotly trips over what another visitor's page is still importing
import streamlit as st

from lossviz import figures
from parts import presenter, words
from parts.player import path

if TYPE_CHECKING:
    import plotly.graph_objects as go

# in the page's own tree: Plotly puts its styles there; until its script has come, the place says so
_chart = st.components.v2.component(
    "lossviz_chart",
    html='<div class="chart"></div>',
    css=(
        ".chart { width: 100%; } .chart .modebar-btn path { fill: currentColor !important; } "
        ".chart:empty::before { content: 'Drawing the picture…'; opacity: 0.75; }"
    ),
    js=(Path(__file__).parent / "chart.js").read_text(),
    isolate_styles=False,
)


def show(
    figure: "go.Figure",
    key: str,
    sentence: str,
    table: pd.DataFrame | None = None,
    clicked: Callable[[dict[str, Any]], None] | None = None,
    told: bool = True,
) -> None:
    """Draw a figure; with the same key, new data keep the zoom and the camera of the old.

    Args:
        figure: What `lossviz.figures` made.
        key: Of the place on the page.
        sentence: What the picture says, computed from it; also its text alternative.
        table: Its numbers, where `lossviz.figures.numbers` would say too little or too much.
        clicked: Called with a clicked point of a contour: "x", "y" and "part", the `meta` of its trace.
        told: Whether the sentence stands under the picture; it is its text alternative in any case.
    """

    def heard() -> None:
        point = st.session_state[f"chart-{key}"].clicked
        if point and clicked:
            clicked(point)

    embedded = st.context.is_embedded
    presenting = presenter.present()
    if presenting:  # read from the back row
        figure.update_layout(font_size=20)
        figure.update_annotations(font_size=20)
        legend = figure.layout.legend
        if legend.orientation == "h" and (legend.y or 0) < 0:
            if figure.layout.annotations:  # titles of parts are above; below, clear of the larger title of the axis
                figure.update_layout(legend_y=1.6 * legend.y, height=(figure.layout.height or 450) + 40)
            else:  # in sight, however long the step is
                figure.update_layout(legend={"y": 1.02, "yanchor": "bottom", "x": 0})
    data = {
        "figure": figure.to_json(),
        "src": path(f"vendor/{figures.PLOTLY}"),
        "label": sentence,
        "name": key,
        "height": figure.layout.height or 450,
        "clicks": clicked is not None,
        "fill": presenting,  # as high as the screen has room
        "bare": embedded or presenting,  # without Plotly's tool bar, which would cover titles
    }
    _chart(data=data, key=f"chart-{key}", on_clicked_change=heard)
    if embedded:  # picture and controls only; the sentence is the picture's label
        return
    if told:
        words.sentence(sentence)
    with st.expander("The numbers in this picture"):
        st.dataframe(figures.numbers(figure) if table is None else table, hide_index=True)
