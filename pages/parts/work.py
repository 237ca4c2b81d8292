"""Waiting for a worker: visibly, and given up as soon as the visitor changes a control."""

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from lossviz.tables import TableError

if TYPE_CHECKING:
    from distributed import Future


def wait(future: "Future", text: str) -> Any:
    """The result of a task. After 0.3 s a line says what is being waited for; a rerun of the page cancels the task.

    Raises:
        ValueError: The task's own sentence, or that the worker gave up.
    """
    place = None
    begun = time.monotonic()
    try:
        while not future.done():
            time.sleep(0.01)
            waited = time.monotonic() - begun
            if waited > 0.3:
                # every call of Streamlit is a point at which a changed control ends this run of the page
                place = place or st.empty()
                place.markdown(f":material/hourglass_top: {text} {waited:.0f} s")
                time.sleep(0.1)
        return future.result()
    except Exception as e:
        if type(e) in (ValueError, TableError):
            raise  # our own sentence: what is wrong, and what to do
        raise ValueError(f"The worker gave this up ({type(e).__name__}): try again, or with less data.") from e
    finally:
        if place is not None:
            place.empty()
        if not future.done():
            future.cancel()
