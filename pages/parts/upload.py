"""A visitor's own table: kept while other pages are looked at, sent to the worker once."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from lossviz import read_table
from lossviz.engine import engine
from lossviz.tables import TableError
from parts import words, work


def table(
    prefix: str, types: Sequence[str], help: str, look: Callable[..., Any], fresh: Callable[[], None] = lambda: None
) -> tuple[str, Any, str, Any] | None:
    """A field for a file, and what a worker says of the table in it; None while there is no file.

    Args:
        prefix: Of the field's key, and of what is kept.
        types: Endings that are taken.
        help: What the table should be.
        look: Called with the table, in a worker.
        fresh: Called when another file comes.

    Returns:
        A key that names the file, the table (in the worker), the file's name, and what `look` returned.

    Raises:
        ValueError: The file is no table, or the worker gave up.
    """
    slot = f"{prefix} table"
    file = st.file_uploader("Your table", type=list(types), key=f"{prefix}-file", help=help)
    if file is not None:
        st.session_state["file here"] = True
        if st.session_state.get(slot, (None,))[0] != file.file_id:
            fresh()
            # kept before it is known to be readable, so that a bad file is sent to the worker once
            task = engine().submit(read_table, file.getvalue(), file.name)
            st.session_state[slot] = (file.file_id, task, file.name)
    elif st.session_state.pop("file here", False) or slot not in st.session_state:  # taken away, or never there
        st.session_state.pop(slot, None)
        return None
    else:  # the visitor was on another page, which empties the field
        st.caption(words.plain(f"Still here: {st.session_state[slot][2]}"))
        if st.button("Remove the table"):
            del st.session_state[slot]
            st.rerun()
    file_id, task, name = st.session_state[slot]
    try:
        return file_id, task, name, work.wait(engine().submit(look, task), "Reading…")
    except ValueError as e:
        if not isinstance(e, TableError):  # not the file's fault: the next run of the page tries again
            del st.session_state[slot]
        raise
