"""The lessons: a file each, in the order of their names. To add one, add a file that says `LESSON = Lesson(…)`."""

import re
from importlib import import_module
from pkgutil import iter_modules

from lossviz.lesson import Lesson

_NAMES = [m.name for m in iter_modules(__path__) if m.name[0] != "_"]
LESSONS: dict[str, Lesson] = {
    re.sub(r"^[a-z]\d+_", "", name): import_module(f"{__name__}.{name}").LESSON for name in sorted(_NAMES)
}
"""Name -> lesson, in the order in which they are taught: of `l03_undone.py` the name is "undone"."""


def run(name: str, **values: object) -> dict[str, object]:
    """What a lesson's experiment finds; in a worker, or at home.

    Args:
        name: A key of `LESSONS`.
        **values: Of its knobs.

    Raises:
        ValueError: An unknown knob, or a value out of range.

    Example:
        >>> found = run("means", size=1)
        >>> [round(found[k]["pytorch"] / found["base"]["pytorch"], 6) for k in ("base", "scaled")]
        [1.0, 1.0]
    """
    return LESSONS[name].run(**values)
