"""Memory that is no longer needed goes back to the system."""

import ctypes
import time
from threading import Thread

EVERY = 10.0
"""Seconds between two looks."""


def give_back() -> None:
    """Start a thread that gives back what was freed, as long as the process lives.

    The C library keeps it for each thread that ever asked for some: of a class of fifty a tenth of the whole. A look takes 10
    to 80 ms, in which Python's other threads go on. Where the C library cannot do it, nothing is started.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return

    def forever() -> None:
        while True:
            time.sleep(EVERY)
            trim(0)

    Thread(target=forever, name="lossviz-memory", daemon=True).start()
