"""Why the rare class disappears: a plain model, and the accuracy that hides what it does."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, share
from lossviz.smallfit import logits, optimum, tally
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go


def experiment(imbalance: float, overlap: float) -> Found:
    """Fit a plain linear model to its optimum, and count what it finds on fresh examples."""
    data = make_dataset("blobs", n=2000, classes=2, imbalance=imbalance, overlap=overlap, seed=0)
    theta = optimum(get("cross_entropy").tables(data.counts), data.X, data.y)
    model = tally(logits(theta, data.X_test).argmax(1), data.y_test)
    best = tally(data.truth.posterior(data.X_test, data.priors).argmax(1), data.y_test) if data.truth else model
    return {
        "imbalance": imbalance,
        "counts": data.counts,
        "theta": theta,
        "points": data.X_test[:6000],
        "labels": data.y_test[:6000],
        "tested": int((data.y_test == 1).sum()),
        "model": model,
        "best": best,
        "lazy": float((data.y_test == 0).mean()),
        "halfway": np.array([[0.0, 0, 0], [1.0, 0, 0]]),  # equally far from both centres
    }


def outcome(found: Found) -> str:
    """How much of the rare class was found."""
    recall = found["model"]["recall"]
    return "most" if recall > 0.8 else "half" if recall > 0.3 else "few"


def picture(found: Found) -> "go.Figure":
    """Test points, the boundary of the model, and the line halfway between the classes."""
    lines = {
        "plain model's boundary": ("plain", found["theta"]),
        "halfway between the classes": ("moved", found["halfway"]),
    }
    return lessonfigures.plane(found["points"], found["labels"], ("common", "rare"), lines)


def sentence(found: Found) -> str:
    """Recall beside accuracy."""
    m = found["model"]
    return (
        f"Of {found['tested']:,} rare test examples the plain model finds {m['found']:,.0f}: {share(m['recall'])}. "
        f"Its accuracy is {share(m['accuracy'])}; a model that always says “common” has {share(found['lazy'])}."
    )


def happened(found: Found) -> str:
    """The recall, and whether another model could have done better."""
    m, best = found["model"], found["best"]
    close = abs(m["accuracy"] - best["accuracy"]) < 0.005
    tail = (
        "Not even perfect knowledge of the data would give a better accuracy (the difference is below half a point): "
        "the model does what it was asked to do."
        if close
        else f"Perfect knowledge of the data gives an accuracy of {share(best['accuracy'])}."
    )
    return f"With {found['imbalance']:g} common examples for each rare one, it finds {share(m['recall'])} of the rare. {tail}"


def explanation(found: Found) -> list[str | Formula]:
    """Base rates."""
    n = found["counts"]
    return [
        Formula(
            r"p(\text{rare} \mid x) = \frac{\pi_1\, p(x \mid \text{rare})}"
            r"{\pi_0\, p(x \mid \text{common}) + \pi_1\, p(x \mid \text{rare})}",
            "How probable the rare class is at a place x: its share of all examples, π₁, times how densely its examples lie "
            "there, divided by the same sum for both classes.",
        ),
        f"Here π₁ is {n[1]:,} of {n.sum():,} training examples, {share(n[1] / n.sum())}. Where both classes lie equally "
        f"densely, on the halfway line, the rare class has exactly that probability. It has one half, and is decided, "
        f"only where its examples lie {found['imbalance']:g} times as densely as the common ones.",
        "The training did not fail: it learnt the probabilities of the data as they are. What is wrong is the question. "
        "“Which class is more probable?” is seldom what one wants to know about a rare disease.",
    ]


LESSON = Lesson(
    title="Why the rare class disappears",
    minutes=6,
    question="A test for a disease that few people have. A model is trained on examples of healthy people (common) and ill "
    "people (rare), with the usual loss and no tricks. **How many of the ill will it find?**",
    words={
        "Class": "what an example can be: here common or rare.",
        "Imbalance": "how many common examples there are for each rare one.",
        "Accuracy": "the share of all examples that are decided rightly.",
        "Recall": "the share of a class's examples that are found.",
        "Cross-entropy": "the usual loss: minus the logarithm of the probability that the model gave to the true class.",
    },
    prediction=Question(
        "Of the rare test examples, the plain model will find …",
        (
            Answer("most", "nearly all: over 80 %", "So it would be if training cared for both classes equally."),
            Answer(
                "half",
                "some: 30 to 80 %",
                "So it would be if the classes hardly overlapped, or were nearly as frequent.",
            ),
            Answer("few", "few: under 30 %", "So it is where the rare class is buried under the common one."),
        ),
    ),
    knobs=(
        Knob("imbalance", "Imbalance", 50, 1, 200, 1, "Common examples for each rare one."),
        Knob("overlap", "Overlap", 0.9, 0.3, 1.5, 0.1, "How widely each class spreads; their centres are 2 apart."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "A colleague reports an accuracy of 99 % on a test in which 1 person of 100 is ill. What do you know?",
        (
            Answer("good", "The model is good", "Not yet: who calls everybody healthy has 99 % too, and finds no one."),
            Answer(
                "nothing",
                "Nothing yet: recall and precision are missing",
                "Yes. Saying “healthy” to everybody gives the same 99 %. Ask how many of the ill were found, and how many "
                "alarms were false.",
            ),
            Answer(
                "overfit",
                "The model has learnt its examples by heart",
                "Nothing says so: that would show as a difference between training and test.",
            ),
        ),
        "nothing",
    ),
    teacher="Let the class vote before the picture. Then turn *Imbalance* to 1: nobody disappears. Turn *Overlap* down to 0.3: "
    "nobody disappears either, however rare. It takes both. A common objection is that the model is “biased”; the closed-form "
    "best decision is nearly the same line.",
    exercises=(
        Exercise(
            "A class has a share of 2 % and its examples lie, at some place, 10 times as densely as those of the other class. "
            "How probable is it there? From which density ratio on is it decided?",
            "prior, ratio = 0.02, 10",
            "p = prior * ratio / (prior * ratio + (1 - prior))\nneeded = (1 - prior) / prior\n"
            'print(f"probability {p:.3f}; decided from a ratio of {needed:.0f}")\n'
            "assert p < 0.5 and ratio < needed",
        ),
        Exercise(
            "Run this lesson's experiment for several imbalances. At which of them does the plain model lose half of the rare?",
            "from lossviz import lessons\n\nimbalances = [1, 2, 5, 10, 20, 50]",
            "recalls = [lessons.run('rare', imbalance=i)['model']['recall'] for i in imbalances]\n"
            "for i, r in zip(imbalances, recalls):\n    print(f'{i:3d}: recall {r:.2f}')\n"
            "print('half is lost from', next(i for i, r in zip(imbalances, recalls) if r < 0.5))\n"
            "assert recalls == sorted(recalls, reverse=True)",
        ),
    ),
    more=(("race.py", "the same with other data, networks and remedies"),),
)
