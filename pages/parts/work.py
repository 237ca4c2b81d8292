"""Waiting for a worker: visibly, and given up as soon as the visitor changes a control; and taking turns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import TYPE_CHECKING, Any

import streamlit as st

from lossviz import DATASETS, make_dataset
from lossviz.dataset import Dataset
from lossviz.engine import engine
from lossviz.rush import FIRST, Rush
from lossviz.tables import TableError

if TYPE_CHECKING:
    from distributed import Future

PATIENCE = 2.0
"""Seconds after which a page that trains does not wait for its turn any longer."""
SMALL = 10_000
"""Points of a dataset that a page makes by itself, in a few milliseconds."""
DATA = "Making the dataset…"
_turn, _mine = Lock(), local()
SHORT = Rush(0.3, 0.3)
"""Runs of pages that train nothing: those that train begin after them, for nothing else follows."""


@contextmanager
def turn() -> Iterator[None]:
    """A turn of a page that trains.

    All of a class may click in the same second. Run side by side, all their pages would end late, and every other page
    would stand still; one after the other, half of them have their picture in half the time.
    """
    who = object()
    _mine.held = _turn.acquire(timeout=PATIENCE)
    try:
        FIRST.came(who)
        SHORT.wait()
        yield
    finally:
        FIRST.served(who)
        _let_others()


@contextmanager
def short() -> Iterator[None]:
    """The run of a page that trains nothing."""
    who = object()
    SHORT.came(who)
    try:
        yield
    finally:
        SHORT.served(who)


def _let_others() -> None:
    if getattr(_mine, "held", False):
        _mine.held = False
        _turn.release()


def wait(future: "Future", text: str) -> Any:
    """The result of a task. After 0.3 s a line says what is being waited for; a rerun of the page cancels the task.

    Raises:
        ValueError: The task's own sentence, or that the worker gave up.
    """
    if not future.done():
        _let_others()
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
        if isinstance(e, ImportError):  # so is what is said of a missing TensorFlow
            raise ValueError(str(e)) from e
        raise ValueError(f"The worker gave this up ({type(e).__name__}): try again, or with less data.") from e
    finally:
        if place is not None:
            place.empty()
        if not future.done():
            future.cancel()


def _kept(slot: str, key: Any, make: Callable[[], Any]) -> Any:
    """What was made last for a slot of the session, made anew where the key is another."""
    if st.session_state.get(slot, (None,))[0] != key:
        st.session_state[slot] = (key, make())
    return st.session_state[slot][1]


def kept(slot: str, key: Any, text: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a worker makes; the last of each slot of the session is kept, by a key that says of what it was made."""
    return _kept(slot, key, lambda: wait(engine().submit(function, *args, **kwargs), text))


def dataset(slot: str, key: Any, name: str, **knobs: Any) -> Dataset:
    """As `kept`, one of `lossviz.DATASETS`; a small one that is drawn is made here, sooner than a worker would hear of it."""
    if DATASETS[name].columns or knobs.get("n", 0) > SMALL:
        return kept(slot, key, DATA, make_dataset, name, **knobs)
    return _kept(slot, key, lambda: make_dataset(name, **knobs))
