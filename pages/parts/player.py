"""The canvas components: decision maps as small multiples, with a player and numbers, or under two sliders."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from lossviz import demo, wire
from lossviz.engine import Job
from parts import controls

HERE = Path(__file__).parent


PLAYER = ("canvas.js", "transport.js", "player.js")


def _component(name: str, html: str) -> object:
    """A component: its own script after what all pictures share."""
    files = PLAYER if name == "player" else ("canvas.js", f"{name}.js")
    scripts = "\n".join((HERE / file).read_text() for file in files)
    return st.components.v2.component(f"lossviz_{name}", html=html, css=(HERE / "player.css").read_text(), js=scripts)


_race = _component("player", '<div class="race" data-frames="0"></div>')
_thumb = _component("thumb", '<div class="thumb"></div>')
_home = _component("home", '<div class="race home" data-frames="0"></div>')


def _heard() -> None:
    """The component says that a run has ended; hearing it reruns the part of the page that shows the run."""


def path(path: str) -> str:
    """Where a route of app.py is, seen from the browser."""
    return f"/{st.get_option('server.baseUrlPath')}/{path}".replace("//", "/")


def show(
    job: Job,
    key: str,
    centres: list[list[float]] | None = None,
    by_hand: bool = False,
    seen: int = 0,
    edited: Callable[[], None] | None = None,
) -> None:
    """Mount the race's component, or turn it to another run.

    Args:
        job: Whose messages it reads, from the route in app.py.
        key: What is trained; an equal key is the same run.
        centres: Of the blobs, [K, 2], where there are blobs to drag.
        by_hand: Whether somebody has edited the data, so that there is something to take back.
        seen: The id of the last point that was added.
        edited: None where the data cannot be edited; else called after an edit, which is then the component's `edit`:
            {"kind": "add", "move", "undo" or "reset"} and "x", "y" and class "c" of the blob that was moved, or a list of
            such "points", each with an "id" that grows.
    """
    run = sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
    told: dict[str, Any] = {
        "url": path(f"live/{job.token}"),
        "run": run,
    }
    if edited is not None:
        told["edit"] = {"centres": centres, "byHand": by_hand, "seen": seen}
    told["only"] = st.context.is_embedded
    _race(data=told, key="race-player", on_ended_change=_heard, on_gone_change=_heard, on_edit_change=edited or _heard)


def show_home(values: dict[str, float]) -> dict[str, float] | None:
    """Mount the home page's component; what its sliders were left at, if they were moved.

    Args:
        values: Where the sliders start, by name of knob.
    """
    knobs = [
        {
            "name": k.name,
            "title": k.title,
            "help": k.help,
            "low": k.low,
            "high": k.high,
            "step": k.step,
            "value": values[k.name],
            "hidden": controls.hidden(k.name),
        }
        for k in (demo.IMBALANCE, demo.WEIGHT)
    ]
    return _home(data={"url": path("home/run"), "knobs": knobs}, key="home-player", on_moved_change=_heard).moved


def show_thumbnail(key: str, kind: str, data: dict[str, Any]) -> None:
    """Mount a door's small picture: a drawing of thumb.js, and its data."""
    told = {"kind": kind, "data": data, "run": path("home/run") if kind == "race" else None}
    _thumb(data=told, key=f"thumb-{key}")


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>LossViz: a race of strategies</title>
<style>
:root {{ color-scheme: light dark; --st-text-color: CanvasText; --st-background-color: Canvas; }}
:root {{ --st-primary-color: #005A9C; --st-font: system-ui; }}
body {{ max-width: 1200px; margin: 1.5rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }}
body {{ font-family: system-ui; }}
{css}
</style></head>
<body><main><h1>A race of strategies</h1><div id="here"><div class="race" data-frames="0"></div></div>
<details><summary>The Python that made it</summary><pre style="overflow-x:auto">{code}</pre></details></main>
<script type="module">
{js}
const data = {{ url: "data:application/octet-stream;base64,{data}", run: "saved" }};
mount({{ data, parentElement: document.getElementById("here"), setTriggerValue: () => {{}} }});
</script></body></html>
"""


def standalone(job: Job, code: str) -> str:
    """The picture and its player as one HTML file that needs no server: the same scripts, the run's messages, its call."""
    scripts = "\n".join((HERE / file).read_text() for file in PLAYER)
    js = scripts.replace("export default function (", "const mount = function (")
    data = b64encode(wire.record(job)).decode()
    return PAGE.format(css=(HERE / "player.css").read_text(), js=js, data=data, code=escape(code))
