"""What an open page does when a connection that was lost is there again."""

from pathlib import Path

import streamlit as st

_again = st.components.v2.component(
    "lossviz_again",
    html='<div class="again"></div>',
    js=(Path(__file__).parent / "again.js").read_text(),
)


def keep() -> None:
    """Run the whole page again when there is a connection again; to be called outside of a part that runs by itself."""
    st.html("<style>.st-key-connection { display: none; }</style>")
    with st.container(key="connection"):
        _again(key="again", on_connected_change=lambda: None)
