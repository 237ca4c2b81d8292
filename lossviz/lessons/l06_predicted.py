"""True label or predicted label: which class's weight should an example get?"""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, share, signed, versus
from lossviz.smallfit import descend, logits, optimum, tally
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAMES = {"plain": "cross_entropy", "true": "weighted_cross_entropy", "predicted": "weighted_by_prediction"}
SAMPLES = 5
"""A single sample has too few rare examples: on it the recalls differ by chance, either way."""


def experiment(imbalance: float, weight: float) -> Found:
    """Train without weights, with the true label's and with the predicted label's, on several samples."""
    models: dict[str, list[dict[str, float]]] = {key: [] for key in NAMES}
    for seed in range(SAMPLES):
        data = make_dataset("blobs", n=10_000, classes=2, imbalance=imbalance, overlap=0.9, seed=seed)
        for key, name in NAMES.items():
            t = get(name).tables(data.counts, **({} if key == "plain" else {"class_weight": [1.0, weight]}))
            # where the predicted class changes the loss jumps, which stops a solver for smooth losses
            theta = (descend if key == "predicted" else optimum)(t, data.X, data.y)
            models[key].append(tally(logits(theta, data.X_test).argmax(1), data.y_test))
    each = {k: {w: np.array([m[w] for m in v]) for w in ("recall", "precision", "alarms")} for k, v in models.items()}
    gap = each["predicted"]["recall"] - each["plain"]["recall"]
    return {
        "imbalance": imbalance,
        "weight": weight,
        "each": each,
        "mean": {k: {what: float(values.mean()) for what, values in v.items()} for k, v in each.items()},
        "gap": gap,
        "least": max(0.02, float(2 * gap.std(ddof=1) / np.sqrt(SAMPLES))),
        "trained": len(data.y),
        "tested": int((data.y_test == 1).sum()),
    }


def outcome(found: Found) -> str:
    """Mean recall with weights by the predicted label, beside that without weights: 2 points, or what chance does."""
    m = found["mean"]
    return versus(m["predicted"]["recall"], m["plain"]["recall"], found["least"])


def picture(found: Found) -> "go.Figure":
    """Recall and precision of the three."""
    looks = {
        "plain": ("no weights", "plain"),
        "true": ("true label", "weighted"),
        "predicted": ("predicted label", "flawed"),
    }
    kinds = ("recall", "precision")
    groups = {title: (look, [found["mean"][k][what] for what in kinds]) for k, (title, look) in looks.items()}
    figure = lessonfigures.bars(groups, ["recall", "precision"], f"mean of {SAMPLES} samples", percent=True)
    for bar, key in zip(figure.data, looks, strict=True):
        each = [found["each"][key][what] for what in kinds]
        up, down = [float(e.max() - e.mean()) for e in each], [float(e.mean() - e.min()) for e in each]
        bar.error_y = {"array": up, "arrayminus": down, "color": "gray", "thickness": 2}
        bar.textposition = "inside"  # above the bar is the mark of the range
        bar.insidetextanchor = "start"
        bar.insidetextfont = {"color": "white", "shadow": "0 0 3px black, 0 0 3px black"}  # readable on hatching, too
        bar.textangle = 0
    return figure


def sentence(found: Found) -> str:
    """The recalls."""
    m = found["mean"]
    return (
        f"With weight {found['weight']:g} for the rare class: {share(m['plain']['recall'])} of it found without weights, "
        f"{share(m['true']['recall'])} with weights by the true label, {share(m['predicted']['recall'])} with weights by the "
        f"predicted label: means of {SAMPLES} samples of {found['trained']:,} examples; the thin lines go from the least to the "
        f"most. Alarms: {m['plain']['alarms']:,.0f}, {m['true']['alarms']:,.0f} and {m['predicted']['alarms']:,.0f}, for "
        f"{found['tested']:,} rare test examples."
    )


def happened(found: Found) -> str:
    """More, fewer or as many."""
    m, gap, points = found["mean"], 100 * found["gap"], 100 * found["least"]
    told = {
        "more": "more of the rare class",
        "fewer": "less of the rare class",
        "same": f"about as much, within {points:.0f} points",
    }[outcome(found)]
    return (
        f"Weighted by the predicted label the model finds {told}: {share(m['predicted']['recall'])} against "
        f"{share(m['plain']['recall'])} without weights. From sample to sample the difference goes from "
        f"{signed(gap.min(), 1)} to {signed(gap.max(), 1)} points. By the true label it finds {share(m['true']['recall'])}."
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
            f"By the predicted label ŷ (arg max: the class of the largest logit): what the model calls rare counts {w:g} times, "
            "be it rare or not. The model knows ŷ from the features x alone, so this is a weight on *places*, not on a class.",
        ),
        Formula(
            r"\mathbb{E}\big[\, w_{\hat y(x)} \, (q(x) - p(x)) \, x \,\big] = 0",
            "Where training ends the pushes cancel on average (𝔼, over all examples); q is what the model says at x, and p "
            "is true. If the model can say the truth, q = p makes every term zero, whatever the weights of the places: training "
            "ends where the plain loss ends. More weight on a place makes neither class there more probable.",
        ),
        f"So such weights do not weight the rare class. Here the mean recall is {share(found['mean']['predicted']['recall'])}; "
        f"plain it is {share(found['mean']['plain']['recall'])}. The rest is the luck of the sample: with most of the weight on "
        "few places the boundary swings more. (A model too simple for the truth must choose where to be right; then such "
        "weights move it, up or down.)",
    ]


LESSON = Lesson(
    title="True label or predicted label",
    minutes=6,
    question="“My weights ignore what the model predicted! Should a wrong ‘rare’ not cost more than a wrong ‘common’?” So people "
    "take the weight of the class that the model *predicts*. **Is that better than the weight of the true class?**",
    words={
        "True label": "the class that an example really has, y.",
        "Predicted label": "the class with the largest logit, ŷ.",
        "Arg max": "the class with the largest of several numbers, here of the logits.",
        "Threshold": "the probability from which on an alarm is raised; one half if nobody says otherwise.",
    },
    prediction=Question(
        "Weighted by the predicted label, how much of the rare class is found, compared with no weights?",
        (
            Answer(
                "more", "more", "So it would be if a weight on what is *called* rare were a weight on what *is* rare."
            ),
            Answer("same", "about as much", "So it is if such a weight favours neither class at any place."),
            Answer("fewer", "less", "So it would be if only false alarms had the weight; right alarms have it, too."),
        ),
    ),
    knobs=(
        Knob("imbalance", "Imbalance", 15, 1, 30, 1, "Common examples for each rare one."),
        Knob("weight", "Weight of the rare class", 15, 2, 60, 1, "The common class has 1."),
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
            Answer(
                "predicted",
                "Weight the predicted rare class by 3",
                "That weights right and false alarms alike, and so favours neither.",
            ),
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
    "gradient of the right way, w_y (p − e_y), already contains the prediction. One sample of 1,200 examples would have shown "
    "“less” or “more” by luck: that is why there are five, with their range. The Race on one small sample may well differ.",
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
