"""The canvas component of the segmentation page: scenes, masks, maps and IoU at the scrubbed step."""

from base64 import b64encode
from hashlib import sha1
from html import escape
from pathlib import Path

import streamlit as st

from lossviz import wire
from lossviz.engine import Job
from parts.player import PAGE, path

HERE = Path(__file__).parent
SCRIPTS = ("canvas.js", "transport.js", "segment.js")
CSS = "\n".join((HERE / file).read_text() for file in ("player.css", "segment.css"))

_segments = st.components.v2.component(
    "lossviz_segments",
    html='<div class="race segments" data-frames="0"></div>',
    css=CSS,
    js="\n".join((HERE / file).read_text() for file in SCRIPTS),
)


def _heard() -> None:
    """The component says that a run has ended; hearing it reruns the part of the page that shows the run."""


def show(job: Job, key: str, scene: int) -> None:
    """Mount the component, or turn it to another run or scene.

    Args:
        job: Whose messages it reads.
        key: What is trained; an equal key is the same run.
        scene: Which of the shown scenes.
    """
    run = sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
    told = {"url": path(f"live/{job.token}"), "run": run, "scene": scene, "only": st.context.is_embedded}
    _segments(data=told, key="segments", on_ended_change=_heard, on_gone_change=_heard)


def standalone(job: Job, code: str, scene: int) -> str:
    """The pictures and their player as one HTML file that needs no server."""
    js = "\n".join((HERE / file).read_text() for file in SCRIPTS).replace(
        "export default function (", "const mount = function ("
    )
    page = PAGE.replace("a race of strategies", "segmentation").replace("A race of strategies", "Segmentation")
    page = page.replace('class="race"', 'class="race segments"').replace(
        'run: "saved"', f'run: "saved", scene: {int(scene)}'
    )
    return page.format(css=CSS, js=js, data=b64encode(wire.record(job)).decode(), code=escape(code))
