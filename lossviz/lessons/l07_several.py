"""Sigmoid or softmax: examples that have several labels at once."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, many, share, versus
from lossviz.smallfit import logits, optimum, softmax
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go


def sample(together: float, noise: float, n: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Pictures with one or more of three tags; each tag shows in a feature of its own."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 3, n)
    tags = (rng.random((n, 3)) < together) | (np.arange(3) == first[:, None])
    return tags + rng.normal(0, noise, (n, 3)), tags.astype(int)


def experiment(together: float, noise: float) -> Found:
    """Fit a sigmoid for each tag, and one softmax over all; count the true tags that pass one half."""
    x, tags = sample(together, noise)
    half = len(x) // 2
    plain = get("cross_entropy")
    # a tag is a two-class problem over (0, z): the difference of two logits is its z
    thetas = [optimum(plain.tables([1, 1]), x[:half], tags[:half, j], l2=1e-3) for j in range(3)]
    z = np.stack([np.diff(logits(t, x[half:]), axis=1)[:, 0] for t in thetas], 1)
    sigmoid = 1 / (1 + np.exp(-z))
    # softmax takes one class a row: a row with several tags is several rows, which share its weight
    row, tag = np.nonzero(tags[:half])
    theta = optimum(plain.tables([1, 1, 1]), x[row], tag, weights=1 / tags[row].sum(1), l2=1e-3)
    one = softmax(logits(theta, x[half:]))
    true, many = tags[half:], tags[half:].sum(1)
    p = {"sigmoid": sigmoid, "softmax": one}

    def recall(claimed: np.ndarray, chosen: np.ndarray) -> float:
        return float(((claimed > 0.5) & (true == 1))[chosen].sum() / true[chosen].sum()) if chosen.any() else np.nan

    return {
        "together": together,
        "rows": [int((many == m).sum()) for m in (1, 2, 3)],
        "recall": {k: [recall(v, many == m) for m in (1, 2, 3)] for k, v in p.items()},
        "several": {k: recall(v, many > 1) for k, v in p.items()},
        "sums": {k: float(v.sum(1).mean()) for k, v in p.items()},
        "true": float(many.mean()),
        "most": {k: int((v > 0.5).sum(1).max()) for k, v in p.items()},
    }


def outcome(found: Found) -> str:
    """On rows of several tags, softmax beside sigmoid."""
    s = found["several"]
    return versus(s["softmax"], s["sigmoid"], 0.02)


def picture(found: Found) -> "go.Figure":
    """True tags found, by the number of tags of a picture."""
    groups = {
        "a sigmoid for each tag": ("weighted", found["recall"]["sigmoid"]),
        "one softmax (flawed here)": ("flawed", found["recall"]["softmax"]),
    }
    places = [f"{m} tag{'s' if m > 1 else ''} ({n})" for m, n in zip((1, 2, 3), found["rows"], strict=True)]
    return lessonfigures.bars(
        groups, places, "true tags given more than ½", percent=True, across="tags of a picture (pictures)"
    )


def sentence(found: Found) -> str:
    """Found tags, and what the probabilities sum to."""
    s, t = found["several"], found["sums"]
    return (
        f"Of the tags of pictures with several, the sigmoids give {share(s['sigmoid'])} more than one half, the softmax "
        f"{share(s['softmax'])}. Its probabilities sum to {t['softmax']:.3g} on every picture, the sigmoids' to "
        f"{t['sigmoid']:.3g} on average; a picture has {found['true']:.3g} tags on average."
    )


def happened(found: Found) -> str:
    """As many, fewer, more."""
    s, told = found["several"], outcome(found)
    head = {"same": "As many, within 2 points", "more": "More", "fewer": "Fewer"}[told]
    return f"{head}: {share(s['softmax'])} against {share(s['sigmoid'])}."


def explanation(found: Found) -> list[str | Formula]:
    """Exclusive or not."""
    return [
        Formula(
            r"\sum_c \operatorname{softmax}(z)_c = 1",
            "Softmax shares out one whole among the classes: it answers *which one*. If two tags are true, both can "
            "have a half; only one can have more.",
        ),
        Formula(
            r"\operatorname{sigmoid}(z) = \frac{1}{1 + e^{-z}} = \operatorname{softmax}(0, z)_2",
            "A sigmoid answers *yes or no* for one tag. It is a softmax over two classes, not there (logit 0) and there "
            "(logit z). With one for each tag the tags do not compete.",
        ),
        f"In this run the softmax gave more than one half to at most {many(found['most']['softmax'], 'tag')} of a picture, the "
        f"sigmoids to at most {many(found['most']['sigmoid'], 'tag')}.",
        "Weights work as before: a tag's pos_weight is the class weight of “there” in its own two-class problem.",
    ]


LESSON = Lesson(
    title="Sigmoid or softmax",
    minutes=6,
    question="Holiday pictures are tagged: beach, dog, sunset. A picture may have one tag, two or all three. The network has "
    "three outputs. **Should they go through a softmax or through sigmoids?**",
    words={
        "Multi-label": "an example may belong to several classes at once.",
        "Sigmoid": "turns one logit into one probability between 0 and 1, without looking at the others.",
        "Exclusive": "classes of which exactly one is true.",
    },
    prediction=Question(
        "On pictures with several tags, how many of the true tags get more than one half from a softmax, compared with sigmoids?",
        (
            Answer("same", "as many", "If both only rank the tags, it should not matter."),
            Answer("fewer", "fewer", "So it is if tags have to share one whole."),
            Answer("more", "more", "So it would be if tags helped each other."),
        ),
    ),
    knobs=(
        Knob("together", "Tags together", 0.3, 0.05, 0.9, 0.05, "How probable each further tag is on a picture."),
        Knob("noise", "Noise", 0.25, 0.05, 1, 0.05, "How hard the tags are to see."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "A patient has exactly one of four blood groups. Which output?",
        (
            Answer(
                "sigmoid",
                "Four sigmoids",
                "They could call two groups true at once, or none; the task says exactly one.",
            ),
            Answer("softmax", "One softmax", "Yes: exactly one is true, and the four probabilities should sum to 1."),
            Answer(
                "both",
                "A softmax after four sigmoids",
                "Twice squeezed: the logits of the softmax would lie between 0 and 1.",
            ),
        ),
        "softmax",
    ),
    teacher="With *Tags together* 0.05 nearly every picture has one tag, and on these softmax is the right tool: let the "
    "class see that too. A vote by hands on “can two tags both get 70 % from a softmax?” is a good warm-up.",
    exercises=(
        Exercise(
            "Show that sigmoid(z) is the second entry of softmax(0, z). What is the largest second-best probability that a "
            "softmax can give?",
            "import numpy as np\n\nz = np.linspace(-5, 5, 11)",
            "two = np.exp(np.stack([0 * z, z]))\ntwo /= two.sum(0)\nassert np.allclose(two[1], 1 / (1 + np.exp(-z)))\n"
            "p = np.random.default_rng(0).dirichlet([1, 1, 1], 10_000)\nsecond = np.sort(p, axis=1)[:, -2].max()\n"
            "print('largest second-best:', second.round(4))\nassert second <= 0.5",
        ),
    ),
    more=(("multilabel.py", "several labels, with weights for each"),),
)
