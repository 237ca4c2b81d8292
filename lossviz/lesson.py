"""What a lesson is made of: text, one small experiment, and pictures and sentences that are computed from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lossviz.knobs import Choice, Knob, settle

if TYPE_CHECKING:
    import plotly.graph_objects as go

Found = dict[str, Any]
"""What an experiment found, by name: plain numbers and arrays."""
STEPS = {
    "question": "Question",
    "predict": "Predict",
    "experiment": "Experiment",
    "reveal": "Reveal",
    "explain": "Explain",
    "transfer": "Transfer",
}
"""Of every lesson, in this order."""
LETTERS = "ABCDEF"


@dataclass(frozen=True)
class Answer:
    """One of several, to a question.

    Attributes:
        name: Short name; of a prediction, what the outcome is compared with.
        text: What the visitor reads.
        feedback: Why it is right or wrong. Of a prediction: what somebody who expects this has in mind.
    """

    name: str
    text: str
    feedback: str


@dataclass(frozen=True)
class Question:
    """A question and its answers.

    Attributes:
        text: The question.
        answers: Two to six, in the order in which they are shown: A, B, C.
        right: Name of the right one; empty where an experiment decides.
    """

    text: str
    answers: tuple[Answer, ...]
    right: str = ""

    def letter(self, name: str) -> str:
        """The letter under which an answer is shown.

        Example:
            >>> yes, no = Answer("yes", "Yes", "Right."), Answer("no", "No", "Wrong.")
            >>> Question("Is 1 + 1 = 2?", (yes, no), "yes").letter("no")
            'B'
        """
        return LETTERS[[a.name for a in self.answers].index(name)]

    def named(self, letter: str) -> Answer | None:
        """The answer that is shown under a letter, if there is one."""
        at = LETTERS.find(letter) if len(letter) == 1 else -1
        return self.answers[at] if 0 <= at < len(self.answers) else None


@dataclass(frozen=True)
class Formula:
    """A formula, and the same in words."""

    latex: str
    words: str


@dataclass(frozen=True)
class Exercise:
    """Something to do at home.

    Attributes:
        task: What to find out, in Markdown.
        given: Python to start from; it runs.
        solution: Python that answers, and checks itself.
    """

    task: str
    given: str
    solution: str


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        title: What it is about.
        minutes: How long it takes alone.
        question: The situation, in Markdown.
        words: Terms that are new here, each with its meaning.
        prediction: What the visitor is asked before the experiment.
        knobs: What can be turned; one or two.
        experiment: Values of the knobs -> what was found. Seconds at most.
        outcome: Found -> the name of the prediction's answer that came true.
        picture: Found -> a figure.
        sentence: Found -> what the picture says; also its text alternative.
        happened: Found -> what came of the prediction.
        explanation: Found -> Markdown and formulas: why.
        transfer: The same thought somewhere else.
        teacher: Notes for who teaches it, in Markdown.
        exercises: For the notebook.
        more: Pages that show more: (file, words for it).
        table: Found -> the picture's numbers, where the picture itself does not hold them.
    """

    title: str
    minutes: int
    question: str
    words: Mapping[str, str]
    prediction: Question
    knobs: tuple[Knob | Choice, ...]
    experiment: Callable[..., Found]
    outcome: Callable[[Found], str]
    picture: Callable[[Found], "go.Figure"]
    sentence: Callable[[Found], str]
    happened: Callable[[Found], str]
    explanation: Callable[[Found], list[str | Formula]]
    transfer: Question
    teacher: str
    exercises: tuple[Exercise, ...]
    more: tuple[tuple[str, str], ...] = ()
    table: Callable[[Found], Any] | None = None

    def run(self, **values: Any) -> Found:
        """Do the experiment.

        Args:
            **values: Of the knobs; the others keep their defaults.

        Raises:
            ValueError: An unknown knob, or a value out of range.
        """
        return self.experiment(**settle("this lesson", self.knobs, values))


def share(part: float) -> str:
    """A share in per cent, so that a little is not told as nothing.

    Example:
        >>> share(0.5), share(0.0123), share(0.9996), share(1.0), share(float("nan"))
        ('50 %', '1.2 %', '99.96 %', '100 %', 'undefined')
    """
    if not np.isfinite(part):
        return "undefined"
    near = min(part, 1 - part)
    digits = 0 if near >= 0.1 or near == 0 else 1 if near >= 0.001 else 2
    return f"{100 * part:.{digits}f} %"


def versus(a: float, b: float, least: float) -> str:
    """How a compares with b: "more", "fewer", or "same" where they are no more than `least` apart.

    Raises:
        ValueError: One of them is undefined: then nothing was compared.

    Example:
        >>> versus(0.5, 0.2, 0.02), versus(0.51, 0.5, 0.02)
        ('more', 'same')
    """
    if not np.isfinite([a, b]).all():
        raise ValueError(f"there is nothing to compare: {a:g} and {b:g}; choose controls at which both are measured")
    if abs(a - b) <= least:
        return "same"
    return "more" if a > b else "fewer"


def times(n: float) -> str:
    """How often, in words.

    Example:
        >>> times(0), times(1), times(1200)
        ('never', 'once', '1,200 times')
    """
    return {0: "never", 1: "once"}.get(int(n), f"{int(n):,} times")


def many(n: int, what: str) -> str:
    """A number of things, one or several.

    Example:
        >>> many(1, "tag"), many(1200, "tag")
        ('1 tag', '1,200 tags')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def signed(value: float, digits: int = 3) -> str:
    """A number with a proper minus.

    Example:
        >>> signed(-0.5), signed(0.25, 1), signed(-0.0001)
        ('−0.500', '0.2', '0.000')
    """
    text = f"{value:.{digits}f}"
    return text.replace("-", "" if not float(text) else "−")


def power_of_ten(exponent: int) -> str:
    """A power of ten, written as one.

    Example:
        >>> power_of_ten(12)
        '10¹²'
    """
    return "10" + str(exponent).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def written(value: float, digits: int = 4) -> str:
    """A number to some digits, however small or large, as one writes it by hand.

    Example:
        >>> written(0.31326), written(12345.6), written(-5.666e-52, 2), written(1e-8)
        ('0.3133', '12,346', '−5.7 × 10⁻⁵²', '10⁻⁸')
    """
    text = f"{value:,.0f}" if 10**digits <= abs(value) < 1e9 else f"{value:.{digits}g}"
    head, _, exponent = text.replace("-", "−", text.startswith("-")).partition("e")
    if not exponent:
        return head
    power = power_of_ten(int(exponent))
    return power if head == "1" else f"{head} × {power}"
