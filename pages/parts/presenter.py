"""Presenter mode, `?present=true`: large type, no menu and no sidebar, and the keys that clickers send; a page of steps."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

STYLE = """<style>
[data-testid=stSidebar], [data-testid=stExpandSidebarButton],
[data-testid=stToolbar] { display: none; }
[data-testid=stHeader] { height: 0; min-height: 0; overflow: hidden; }
.stMainBlockContainer { --large: clamp(1.5rem, 1.9vw, 2.3rem); font-size: var(--large); }
.stMainBlockContainer { padding: 1rem clamp(1rem, 3vw, 3rem) !important; }
.stMainBlockContainer > [data-testid=stVerticalBlock] { gap: 0.5rem; }
.stMainBlockContainer :is(p, li, label p) { font-size: var(--large) !important; line-height: 1.4; }
.stMainBlockContainer h1 { font-size: calc(1.85 * var(--large)) !important; }
.stMainBlockContainer h2 { font-size: calc(1.5 * var(--large)) !important; padding: 0 0 0.4rem; }
.stMainBlockContainer [data-testid=stCaptionContainer] p, .stMainBlockContainer .small p { font-size: 1.15rem !important; }
.stMainBlockContainer [data-testid=stButtonGroup] p { font-size: 1.4rem !important; line-height: 1.2; }
.stMainBlockContainer [data-testid=stSliderThumbValue] p { font-size: 1.15rem !important; }
.stMainBlockContainer .katex { font-size: calc(1.15 * var(--large)); }
[data-testid=stRadioOption] > div > div:first-child { width: 1.6rem; height: 1.6rem; border: 2px solid currentColor; }
[data-testid=stRadioOption] > div > div:first-child > div { scale: 1.6; }
@media (max-width: 600px) {
  .stMainBlockContainer p, .stMainBlockContainer li, .stMainBlockContainer label p { font-size: 1.2rem !important; }
  .stMainBlockContainer h1, .stMainBlockContainer h2 { font-size: 1.7rem !important; }
}
</style>"""
_keys = st.components.v2.component(
    "lossviz_keys",
    html='<div class="keys"></div>',
    js=(Path(__file__).parent / "keys.js").read_text(),
)
_top = st.components.v2.component(
    "lossviz_top",
    html='<div class="top"></div>',
    js=(Path(__file__).parent / "top.js").read_text(),
)


def present() -> bool:
    """Whether the link asks for presenter mode."""
    return st.query_params.get("present") == "true"


def keys(pressed: Callable[[str], None]) -> None:
    """Hear the keyboard and the clicker. What is out of sight is shown before a clicker's key goes on.

    Args:
        pressed: Called with "next", "back" or "reveal", before the page runs again.
    """

    def heard() -> None:
        if told := st.session_state["presenter-keys"].pressed:
            st.session_state["keys heard"] = told["last"]
            for key in told["keys"]:
                pressed(key)

    _keys(data={"heard": st.session_state.get("keys heard", 0)}, key="presenter-keys", on_pressed_change=heard)


def top(at: str) -> None:
    """Show the beginning of the page whenever it is at another place.

    Args:
        at: Where it is, such as a lesson's step.
    """
    _top(data={"at": at}, key="presenter-top")
