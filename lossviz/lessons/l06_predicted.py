"""True label or predicted label: which class's weight should an example get?"""

from typing import TYPE_CHECKING

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, share, versus
from lossviz.smallfit import descend, logits, tally
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAMES = {"plain": "cross_entropy", "true": "weighted_cross_entropy", "predicted": "weighted_by_prediction"}


def experiment(imbalance: float, weight: float) -> Found:
    """Train without weights, with the true label's and with the predicted label's."""
    data = make_dataset("blobs", n=1200, classes=2, imbalance=imbalance, overlap=0.9, seed=0)
    out = {}
    for key, name in NAMES.items():
        t = get(name).tables(data.counts, **({} if key == "plain" else {"class_weight": [1.0, weight]}))
        out[key] = tally(logits(descend(t, data.X, data.y), data.X_test).argmax(1), data.y_test)
    return {"imbalance": imbalance, "weight": weight, "models": out, "tested": int((data.y_test == 1).sum())}


def outcome(found: Found) -> str:
    """Recall with weights by the predicted label, beside that without weights."""
    m = found["models"]
    return versus(m["predicted"]["recall"], m["plain"]["recall"], 0.02)


def picture(found: Found) -> "go.Figure":
    """Recall and precision of the three."""
    looks = {
        "plain": ("no weights", "plain"),
        "true": ("true label", "weighted"),
        "predicted": ("predicted label", "flawed"),
    }
    groups = {
        title: (look, [found["models"][k]["recall"], found["models"][k]["precision"]])
        for k, (title, look) in looks.items()
    }
    return lessonfigures.bars(groups, ["recall of the rare class", "precision of its alarms"], "share", percent=True)


def sentence(found: Found) -> str:
    """The recalls."""
    m = found["models"]
    return (
        f"With weight {found['weight']:g} for the rare class: {share(m['plain']['recall'])} of it found without weights, "
        f"{share(m['true']['recall'])} with weights by the true label, {share(m['predicted']['recall'])} with weights by the "
        f"predicted label. Alarms: {m['plain']['alarms']:,.0f}, {m['true']['alarms']:,.0f} and "
        f"{m['predicted']['alarms']:,.0f}, for {found['tested']:,} rare examples."
    )


def happened(found: Found) -> str:
    """More, fewer or as many."""
    m, w = found["models"], found["weight"]
    told = {"more": "more of the rare class", "fewer": "less of the rare class", "same": "as much, within 2 points"}[
        outcome(found)
    ]
    tail = " At weight 1 all three are the same loss." if w == 1 else ""
    return (
        f"Weighted by the predicted label the model finds {told}: {share(m['predicted']['recall'])} against "
        f"{share(m['plain']['recall'])} without weights.{tail}"
    )


def explanation(found: Found) -> list[str | Formula]:
    """Who pays what for which mistake."""
    w = found["weight"]
    return [
        Formula(
            r"\ell = w_{y}\,(-\log p_y), \qquad \frac{\partial \ell}{\partial z} = w_y\,(p - e_y)",
            f"By the true label y: a rare example counts {w:g} times, whether it was recognised or not. The push on the logits "
            "is the same factor times probabilities minus the truth (e with a 1 at y): what was predicted is in p, and is "
            "not ignored.",
        ),
        Formula(
            r"\ell = w_{\hat y}\,(-\log p_y), \qquad \hat y = \arg\max_c z_c",
            f"By the predicted label ŷ: whatever the model calls rare counts {w:g} times. A rare example that is overlooked is "
            "called common, and counts 1: just the mistake that should cost most is cheap. A false alarm counts "
            f"{w:g} times.",
        ),
        f"So for a weight above 1 the loss punishes saying “rare” wrongly, and not overlooking it. In this run the model with "
        f"such weights raised {found['models']['predicted']['alarms']:,.0f} alarms; the plain one "
        f"{found['models']['plain']['alarms']:,.0f}.",
    ]


LESSON = Lesson(
    title="True label or predicted label",
    minutes=6,
    question="“My weights ignore what the model predicted! Should a wrong ‘rare’ not cost more than a wrong ‘common’?” So people "
    "take the weight of the class that the model *predicts*. **Is that better than the weight of the true class?**",
    words={
        "True label": "the class that an example really has, y.",
        "Predicted label": "the class with the largest logit, ŷ.",
        "False alarm": "a common example that is called rare.",
    },
    prediction=Question(
        "Weighted by the predicted label, how much of the rare class is found, compared with no weights?",
        (
            Answer("more", "more", "That is what a weight on the rare class is meant to do."),
            Answer("same", "about as much", "So it is if the two effects of such a weight cancel."),
            Answer("fewer", "less", "So it is if calling something rare becomes the expensive thing to do."),
        ),
    ),
    knobs=(
        Knob("imbalance", "Imbalance", 15, 1, 60, 1, "Common examples for each rare one."),
        Knob("weight", "Weight of the rare class", 15, 1, 60, 1, "The common class has 1."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "A false alarm really costs 3 times as much as an overlooked case. How should that enter the loss?",
        (
            Answer("predicted", "Weight the predicted rare class by 3", "That also weights the right alarms by 3."),
            Answer(
                "cost",
                "As a cost for the pair (true common, decided rare), or as a threshold of ¾",
                "Yes. Costs belong to pairs of true and decided class; with two classes they are a threshold: 3 / (3 + 1).",
            ),
            Answer("none", "It cannot", "It can: as a table of costs, one for each pair of true and decided class."),
        ),
        "cost",
    ),
    teacher="The argument for the predicted label sounds convincing; let somebody defend it before the reveal. The "
    "gradient formula "
    "settles it: w_y (p − e_y) already contains the prediction. At weight 1 all bars are equal.",
    exercises=(
        Exercise(
            "Check the gradient w_y (p − e_y) at logits (0.3, −0.2), true class 1, weights (1, 5), by finite differences.",
            "import numpy as np\n\nz, y, w = np.array([0.3, -0.2]), 1, np.array([1.0, 5.0])\n\n\n"
            "def loss(z):\n    return w[y] * (np.log(np.exp(z).sum()) - z[y])",
            "p = np.exp(z) / np.exp(z).sum()\nexact = w[y] * (p - np.eye(2)[y])\n"
            "numeric = [(loss(z + d) - loss(z - d)) / 2e-5 for d in 1e-5 * np.eye(2)]\nprint(exact, numeric)\n"
            "assert np.allclose(exact, numeric, atol=1e-8)",
        ),
    ),
    more=(("race.py", "race both against the plain loss"),),
)
