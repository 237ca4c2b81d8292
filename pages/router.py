"""What every page has: the menu, the icon, the space around."""

from pathlib import Path

import streamlit as st

# A worker process that starts later imports this script under another name: it has nothing to do there.
if __name__ == "__main__":
    from parts import connection, controls, presenter, work
    from parts.listing import PAGES

    # before the navigation: the browser would fetch a page's own icon from another host
    st.set_page_config(page_icon=str(Path(__file__).parent / "parts" / "icon.svg"), layout="wide")
    pages = [st.Page(p.file, title=p.title, icon=f":material/{p.icon}:", default=not p.path) for p in PAGES]
    page = st.navigation(pages, position="hidden" if st.context.is_embedded or presenter.present() else "top")
    st.set_page_config(page_title=f"{page.title} · LossViz")
    # the platform leaves a hand's breadth above a page
    st.html(
        "<style>.stMainBlockContainer { padding-top: 4rem; padding-bottom: 4rem; } h2 { font-size: 1.6rem !important; }</style>"
    )
    if presenter.present():
        st.html(presenter.STYLE)
    connection.keep()
    if st.session_state.get("page") != page.title:  # another page empties the fields for files: what they held is kept
        st.session_state["page"] = page.title
        st.session_state.pop("file here", None)
    if "answers" in st.query_params:  # a lesson's links carry them to pages whose menu leads back without
        st.session_state["lessons answered"] = st.query_params["answers"]
    controls.begin()
    (of,) = (p for p in PAGES if p.title == page.title)
    with work.turn() if of.trains else work.short():
        page.run()
