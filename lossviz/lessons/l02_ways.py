"""Two ways to weight, and one is wrong: the loss of one example while the same number is added to its logits."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.knobs import Knob
from lossviz.lab import value
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, written
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAMES = {"plain": "cross_entropy", "weighted": "weighted_cross_entropy", "multiplied": "multiplied_logits"}


def experiment(weight: float, gap: float) -> Found:
    """Losses of one rare example along the direction that changes no decision."""
    shift = np.linspace(-6, 6, 121)
    z = np.array([gap, 0.0]) + shift[:, None]
    given = {"plain": {}, "weighted": {"class_weight": [1.0, weight]}, "multiplied": {"class_weight": [1.0, weight]}}
    losses = {k: value(get(n).tables([1, 1], **given[k]), z, np.ones(len(z), int)) for k, n in NAMES.items()}
    return {
        "weight": weight,
        "gap": gap,
        "shift": shift,
        "losses": losses,
        "moved": {k: float(np.ptp(v)) for k, v in losses.items()},
        "at": {k: float(v[60]) for k, v in losses.items()},
    }


def changed(found: Found) -> list[str]:
    """Names of the losses that the shift changes, beyond rounding."""
    return [k for k, v in found["moved"].items() if v > 1e-9 * max(1.0, float(np.abs(found["losses"][k]).max()))]


def outcome(found: Found) -> str:
    """Which of the losses change."""
    moved = changed(found)
    if "plain" in moved:
        return "all"
    return {(): "none", ("weighted",): "weighted", ("multiplied",): "multiplied"}.get(tuple(moved), "both")


def picture(found: Found) -> "go.Figure":
    """The three losses over the shift."""
    titles = {"plain": "plain", "weighted": "weight × loss", "multiplied": "weight × logit (flawed)"}
    looks = {"plain": "plain", "weighted": "weighted", "multiplied": "flawed"}
    lines = {titles[k]: (looks[k], v) for k, v in found["losses"].items()}
    return lessonfigures.curves(found["shift"], lines, "number added to both logits", "loss of the example (nats)")


def sentence(found: Found) -> str:
    """How far each line moves."""
    at, v, moved = found["at"], found["losses"]["multiplied"], changed(found)
    rest = " and ".join(f"the {k} loss {'moves' if k in moved else 'stays'}" for k in ("plain", "weighted"))
    return (
        f"With nothing added the losses are {written(at['plain'])} plain, {written(at['weighted'])} weighted and "
        f"{written(at['multiplied'])} with multiplied logits. From −6 to 6 {rest}; the multiplied one goes from "
        f"{written(v[0])} to {written(v[-1])}."
    )


def happened(found: Found) -> str:
    """Which moved, in words."""
    moved = changed(found)
    if not moved:
        return "No loss changes."
    names = {"plain": "the plain", "weighted": "the weighted", "multiplied": "the multiplied"}
    return (
        f"Only {' and '.join(names[m] for m in moved)} loss changes, though the probabilities and the decision of the "
        "network stay the same."
    )


def explanation(found: Found) -> list[str | Formula]:
    """Shift invariance, and what each recipe does to it."""
    w, at = found["weight"], found["at"]
    out: list[str | Formula] = [
        Formula(
            r"p_c = \frac{e^{z_c}}{\sum_j e^{z_j}} = \frac{e^{z_c + t}}{\sum_j e^{z_j + t}}",
            "Softmax turns logits into probabilities. Adding the same t to every logit multiplies above and below by the same "
            "number: nothing changes. Only differences between logits mean something.",
        ),
        Formula(
            r"\ell = w_y \cdot (-\log p_y)",
            f"The right way: the example's loss times the weight of its true class. Here {w:g} × {written(at['plain'])} = "
            f"{written(at['weighted'])}.",
        ),
        Formula(
            r"\ell = -\log \operatorname{softmax}(w \odot z)_y",
            "The copied way, with ⊙ for “each by its own”: each logit times the weight of its class, then the plain loss. "
            "Logits are not probabilities and not losses; what a factor does to one depends on where its zero happens to lie.",
        ),
    ]
    ends = found["losses"]["multiplied"][[0, -1]]
    out.append(
        f"So the copied recipe gives this one example a loss anywhere from {written(ends.min())} to {written(ends.max())}, "
        "without any change in what the network says about it. It does not weight the example."
    )
    return out


LESSON = Lesson(
    title="Two ways to weight, one is wrong",
    minutes=7,
    question="A rare example should count more. Two recipes are found in public threads: multiply its **loss** by the weight of "
    "its class, or multiply the network's **logits** by the weights of the classes. **Are they the same?** We look at one rare "
    "example, and add the same number to both its logits. That changes no probability and no decision.",
    words={
        "Logit": "a number that the network gives to each class; the class with the largest is decided.",
        "Softmax": "what turns logits into probabilities that sum to 1.",
        "Class weight": "how much an example of a class should count; 1 is as usual.",
        "⊙": "two lists of numbers multiplied entry by entry: each logit by the weight of its class.",
        "Nats": "the unit of a loss that is a natural logarithm; 0.69 nats are a guess between two.",
    },
    prediction=Question(
        "The same number is added to both logits. Which losses change, if the rare class has weight 8?",
        (
            Answer("none", "none of them", "Softmax does not see such a number, so one would hope so."),
            Answer("weighted", "only the one whose loss is multiplied", "A weight that stands outside the softmax?"),
            Answer(
                "multiplied",
                "only the one whose logits are multiplied",
                "A factor before the softmax stretches the shift.",
            ),
            Answer("both", "both weighted ones", "If weighting as such broke something, both would change."),
        ),
    ),
    knobs=(
        Knob("weight", "Weight of the rare class", 8, 1.5, 20, 0.5, "The common class has 1."),
        Knob(
            "gap",
            "Lead of the common class",
            1,
            -4,
            4,
            0.5,
            "Its logit minus the rare one's; above 0 the example is wrong.",
        ),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "Somebody divides all logits by 2 before the softmax, in training only. What is that?",
        (
            Answer("weights", "Class weights of ½", "No: every class has the same factor, and no example counts less."),
            Answer(
                "temperature",
                "A temperature: all probabilities are pulled towards each other",
                "Yes. The same factor for all logits favours no class: the decision stays, the confidence changes.",
            ),
            Answer(
                "nothing",
                "Nothing at all: softmax does not see it",
                "It does not see what is *added* to all; a factor it sees.",
            ),
        ),
        "temperature",
    ),
    teacher="The dashed line is the lesson. Ask for the *lead* at which the example is just decided rightly (below 0), and let "
    "the class check that the flat lines stay flat there. The Logit lab shows the "
    "same in the plane of both logits.",
    exercises=(
        Exercise(
            "Logits (2, 1), weights (31/531, 500/531), true class 1. Compute the plain, the weighted and the multiplied loss by "
            "hand, then add 5 to both logits.",
            "import numpy as np\n\nz, w, y = np.array([2.0, 1.0]), np.array([31, 500]) / 531, 1\n\n\n"
            "def cross_entropy(z, y):\n    return float(np.log(np.exp(z).sum()) - z[y])",
            "for t in (0, 5):\n"
            "    plain = cross_entropy(z + t, y)\n    weighted = w[y] * plain\n    multiplied = cross_entropy(w * (z + t), y)\n"
            "    print(f'+{t}: plain {plain:.7f}, weighted {weighted:.7f}, multiplied {multiplied:.7f}')\n"
            "assert abs(cross_entropy(w * z, y) - 0.3634597) < 1e-6\n"
            "assert abs(cross_entropy(w * (z + 5), y) - 0.0052807) < 1e-6",
        ),
    ),
    more=(("lab.py", "drag the logits yourself"),),
)
