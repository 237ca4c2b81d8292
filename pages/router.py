"""The list of pages: the one place to add one."""

from pathlib import Path

import streamlit as st

# A worker process that starts later imports this script under another name: it has nothing to do there.
if __name__ == "__main__":
    page = st.navigation(
        [
            st.Page("home.py", title="Home", icon=":material/home:", default=True),
            st.Page("race.py", title="Strategy race", icon=":material/sports_score:"),
            st.Page("reference.py", title="Reference", icon=":material/menu_book:"),
        ],
        position="top",
    )
    icon = str(Path(__file__).parent / "parts" / "icon.svg")
    st.set_page_config(page_title=f"{page.title} · LossViz", page_icon=icon, layout="wide")
    # the platform leaves a hand's breadth above a page
    st.html(
        "<style>.stMainBlockContainer { padding-top: 4rem; padding-bottom: 4rem; } h2 { font-size: 1.6rem !important; }</style>"
    )
    if st.session_state.get("page") != page.title:  # another page empties the fields for files: what they held is kept
        st.session_state["page"] = page.title
        st.session_state.pop("file here", None)
    page.run()
