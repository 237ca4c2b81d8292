"""The canvas component: decision maps as small multiples with a player, and the loss curves under them."""

from hashlib import sha1
from pathlib import Path

import streamlit as st

from lossviz.engine import Job

HERE = Path(__file__).parent

_race = st.components.v2.component(
    "lossviz_race",
    html='<div class="race" data-frames="0"></div>',
    css=(HERE / "player.css").read_text(),
    js="\n".join((HERE / name).read_text() for name in ("canvas.js", "player.js")),
)


def _heard() -> None:
    """The component says that a run has ended; hearing it reruns the part of the page that shows the run."""


def show(job: Job, key: str) -> None:
    """Mount the component, or turn it to another run.

    Args:
        job: Whose messages it reads, from the route in app.py.
        key: What is trained; an equal key is the same run.
    """
    url = f"/{st.get_option('server.baseUrlPath')}/live/{job.token}".replace("//", "/")
    run = sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
    _race(data={"url": url, "run": run}, key="race-player", on_ended_change=_heard, on_gone_change=_heard)
