"""The logit lab's component: sliders, cards and planes that move in the browser."""

from pathlib import Path
from typing import Any

import streamlit as st

from lossviz import lab
from parts.player import path

HERE = Path(__file__).parent
SCRIPTS = ("canvas.js", "kernel.js", "labwords.js", "plane.js", "labdraw.js", "lab.js")

_lab = st.components.v2.component(
    "lossviz_lab",
    html='<div class="race lab" data-drawn="0"></div>',
    css="\n".join((HERE / file).read_text() for file in ("player.css", "lab.css")),
    js="\n".join((HERE / file).read_text() for file in SCRIPTS),
)


def _heard() -> None:
    """The visitor let go of something; hearing it runs the page, which writes the link."""


def show(state: lab.Lab) -> dict[str, str] | None:
    """Mount the lab, or leave it as the visitor has it; the link's parameters, once something was moved.

    Args:
        state: Where it starts.
    """
    held: dict[str, Any] = {
        "z": state.logits, "y": state.true, "n": state.counts, "w": state.weights, "shown": state.shown, "t": state.shift,
        "knobs": {name: dict(knobs) for name, knobs in state.knobs.items()}, "eta": state.rate, "reach": state.reach,
        "axes": state.axes, "p": state.share,
    }  # fmt: skip
    told = {"lab": held, "catalogue": lab.catalogue(), "offers": lab.offers(state), "url": path("lab/tables")}
    return _lab(data=told, key="lab-bench", on_moved_change=_heard).moved
