"""Loaded by every worker: it gives way to the server of the pages, and if it hangs, it says where and ends.

Dask then starts another one. A library that waits for a lock while it holds Python's own stops every thread of the
process, and Dask would look for a worker's heartbeat for five minutes before it acts. The watch here is a thread of C that
needs no lock of Python's.
"""

import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from lossviz.memory import give_back

NICE = 3
LIMIT = 60.0
"""Seconds in which the worker's event loop must have had a turn. The longest that was seen is the import of TensorFlow."""


def _turn() -> None:
    faulthandler.dump_traceback_later(LIMIT, file=sys.__stderr__ or 2, exit=True)


def dask_setup(worker: Any) -> None:
    """Give way, leave Ctrl-C to the nanny, watch, and give memory back; Dask calls this when the worker starts."""
    if hasattr(os, "nice"):  # a page that waits for its turn is worse than a picture that comes a little later
        os.nice(NICE)
    if worker.nanny:  # it ends this process, at once where that does not hear the terminal's Ctrl-C itself
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    from tornado.ioloop import PeriodicCallback

    worker.periodic_callbacks["lossviz-alive"] = watch = PeriodicCallback(_turn, 1000)
    watch.start()
    give_back()


def dask_teardown(worker: Any) -> None:
    """End the watch: a worker that is being closed may take its time."""
    faulthandler.cancel_dump_traceback_later()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Threads and processes that are started meanwhile, and those that they start, never hear Ctrl-C.

    A terminal sends it to all that run there; the server hears it in its main thread, and ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # when it starts, it lets SIGINT through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
