"""A rush, as when all of a class click in the same second: while somebody waits for a first picture, no run goes on past its own.

Half of a class has its picture in half the time, and what draws the rest comes a little later. Nobody waits for long: who
has come is waited for half a second, after which theirs is a long wait of its own, such as for a program that compiles.
"""

import time
from collections.abc import Callable, Hashable
from threading import Condition

FRESH = 0.5
"""Seconds for which others wait for one who has come."""
MOST = 3.0
"""Seconds that a run waits at one time, however many come."""
_calm = Condition()
_came: dict[Hashable, float] = {}


def came(who: Hashable) -> None:
    """Somebody waits for a first picture."""
    with _calm:
        _came[who] = time.monotonic()


def served(who: Hashable) -> None:
    """They have it, or have left."""
    with _calm:
        if _came.pop(who, None) is not None:
            _calm.notify_all()


def wait(enough: Callable[[], bool]) -> None:
    """Wait until the rush is over, or it is enough for another reason.

    Example:
        >>> came("somebody")
        >>> wait(lambda: True)
        >>> served("somebody")
        >>> wait(lambda: False)  # nobody is there
    """
    last = time.monotonic() + MOST
    with _calm:
        while (now := time.monotonic()) < last and not enough():
            for_ = max(_came.values(), default=0.0) + FRESH - now
            if for_ <= 0:
                return
            _calm.wait(min(for_, 0.1))
