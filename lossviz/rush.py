"""A rush, as when all of a class click in the same second: what can wait does, for those whom everybody waits for.

While somebody waits for a first picture, no run goes on past its own: half of a class has its picture in half the time, and what
draws the rest comes a little later.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Condition


@dataclass
class Rush:
    """Who is to be served before others, for a short time each.

    Attributes:
        fresh: Seconds for which others wait for one who has come; after which theirs is a long wait of its own, such as for a
            program that compiles.
        most: Seconds that anybody waits at one time, however many come.

    Example:
        >>> rush = Rush()
        >>> rush.came("somebody")
        >>> rush.wait(lambda: True)  # it is enough for another reason
        >>> rush.served("somebody")
        >>> rush.wait()  # nobody is there
    """

    fresh: float = 0.5
    most: float = 3.0
    _calm: Condition = field(default_factory=Condition)
    _came: dict[Hashable, float] = field(default_factory=dict)

    def came(self, who: Hashable) -> None:
        """Somebody is to be served first."""
        with self._calm:
            self._came[who] = time.monotonic()

    def served(self, who: Hashable) -> None:
        """They are, or have left."""
        with self._calm:
            if self._came.pop(who, None) is not None:
                self._calm.notify_all()

    def wait(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Wait until the rush is over, or it is enough for another reason."""
        last = time.monotonic() + self.most
        with self._calm:
            while (now := time.monotonic()) < last and not enough():
                for_ = max(self._came.values(), default=0.0) + self.fresh - now
                if for_ <= 0:
                    return
                self._calm.wait(min(for_, 0.1))


FIRST = Rush()
"""Those who wait for a first picture."""
