"""Knobs: the numbers and choices a strategy, a weight scheme or a dataset lets its user turn.

A knob says its name, range and meaning once; the pages build their controls from it, and every public
function checks the values it is given against it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


def one_of(kind: str, value: object, options: Iterable[str]) -> str:
    """Return `value` if it is one of `options`; otherwise say which there are.

    Args:
        kind: What is being chosen, for the message.
        value: What the caller gave.
        options: The names that exist.

    Returns:
        `value`, unchanged.

    Raises:
        ValueError: `value` is none of them.

    Example:
        >>> one_of("model", "cnn", ["linear", "mlp"])
        Traceback (most recent call last):
        ...
        ValueError: model must be one of 'linear' or 'mlp'; not 'cnn'
    """
    names = list(options)
    if isinstance(value, str) and value in names:
        return value
    quoted = [repr(n) for n in names]
    listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    raise ValueError(f"{kind} must be one of {listed}; not {value!r:.80}")


@dataclass(frozen=True)
class Knob:
    """A number within a range.

    Attributes:
        name: The keyword argument.
        title: What a control is labelled with.
        default: The value when nothing is said.
        low: Smallest value allowed.
        high: Largest value allowed.
        step: The step of a control; a whole step from a whole low makes the knob a whole number.
        help: One plain sentence on what it does.
    """

    name: str
    title: str
    default: float
    low: float
    high: float
    step: float
    help: str = ""

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return float(self.step).is_integer() and float(self.low).is_integer()

    def check(self, value: object) -> float:
        """Return `value` as a number within the range.

        Raises:
            ValueError: It is not a number, not finite, or out of range.

        Example:
            >>> Knob("gamma", "Focus", 2, 0, 5, 0.5).check(7)
            Traceback (most recent call last):
            ...
            ValueError: gamma must be between 0 and 5; not 7
        """
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.name} must be between {self.low:g} and {self.high:g}; not {value!r:.80}")
        if self.whole:
            if number != int(number):
                raise ValueError(f"{self.name} must be a whole number; not {value!r}")
            return int(number)
        return number


@dataclass(frozen=True)
class Choice:
    """A name out of several; where `arrays` is true, an array in its place.

    Attributes:
        name: The keyword argument.
        title: What a control is labelled with.
        default: The name when nothing is said.
        options: The names.
        help: One plain sentence on what it does.
        arrays: Whether an array is accepted too (checked where its shape is known).
    """

    name: str
    title: str
    default: str
    options: tuple[str, ...]
    help: str = ""
    arrays: bool = False

    def check(self, value: object) -> Any:
        """Return `value` if it is one of the options (or an array, where one may stand).

        Raises:
            ValueError: It is not.
        """
        if self.arrays and not isinstance(value, str) and value is not None:
            return value
        return one_of(self.name, value, self.options)


def settle(owner: str, knobs: Iterable[Knob | Choice], given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the defaults of `knobs`, and check what was `given`.

    Args:
        owner: Whose knobs they are, for the message.
        knobs: The knobs that exist.
        given: Values by name.

    Returns:
        A value for every knob.

    Raises:
        ValueError: An unknown name, or a value out of range.

    Example:
        >>> settle("focal", [Knob("gamma", "Focus", 2, 0, 5, 0.5)], {"gama": 1})
        Traceback (most recent call last):
        ...
        ValueError: knob of focal must be one of 'gamma'; not 'gama'
    """
    by_name = {k.name: k for k in knobs}
    for name in given:
        if not by_name:
            raise ValueError(f"{owner} has no knobs; not {name!r}")
        one_of(f"knob of {owner}", name, by_name)
    return {name: k.check(given.get(name, k.default)) for name, k in by_name.items()}
