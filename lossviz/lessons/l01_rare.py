"""Why the rare class disappears: a plain model, and the accuracy that hides what it does."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, many, share
from lossviz.smallfit import logits, optimum, tally
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

DRAWN = 3000
"""How many of the test examples are drawn."""


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
        "points": data.X_test[:DRAWN],  # they lie in random order: both classes are thinned alike
        "labels": data.y_test[:DRAWN],
        "tests": len(data.y_test),
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
        f"Its accuracy is {share(m['accuracy'])}; a model that always says “common” has {share(found['lazy'])}. The picture "
        f"draws {len(found['labels']):,} of the {found['tests']:,} test examples, both classes thinned alike."
    )


def happened(found: Found) -> str:
    """The recall, and whether another model could have done better."""
    m, best = found["model"], found["best"]
    only = "finds only" if best["recall"] < 0.5 else "finds"
    return (
        f"With {many(int(found['imbalance']), 'common example')} for each rare one, it finds {share(m['recall'])} of the rare. "
        f"The rule of least mistakes, which knows how the data were made, {only} {share(best['recall'])} (accuracy "
        f"{share(best['accuracy'])}; the model has {share(m['accuracy'])})."
    )


def explanation(found: Found) -> list[str | Formula]:
    """Base rates."""
    n, i = found["counts"], found["imbalance"]
    density = "as" if i == 1 else f"{i:g} times as"
    return [
        Formula(
            r"\begin{aligned} a_c &= \pi_c \, p(x \mid c) \\ p(\text{rare} \mid x) &= \frac{a_1}{a_0 + a_1} \end{aligned}",
            "How probable the rare class (1) is at a place x. For each class, a is its share of all examples, π, times how "
            "densely its examples lie there. The rare one's a is divided by the sum of both.",
        ),
        f"Here π₁ is {n[1]:,} of {n.sum():,} training examples, {share(n[1] / n.sum())}. Where both classes lie equally "
        f"densely, on the halfway line, the rare class has exactly that probability. It has one half, and is decided, only "
        f"where its examples lie {density} densely as the common ones.",
        "The training did not fail: it learnt the probabilities of the data as they are. What is wrong is the question. "
        "“Which class is more probable?” is seldom what one wants to know about a rare disease.",
    ]


LESSON = Lesson(
    title="Why the rare class disappears",
    minutes=6,
    question="A test for a disease that few people have. A model is trained on examples of healthy people (common) and ill "
    "people (rare). It is a linear model, trained with the usual loss and no tricks. **How many of the ill will it find?**",
    words={
        "Class": "what an example can be: here common or rare.",
        "Imbalance": "how many common examples there are for each rare one.",
        "Accuracy": "the share of all examples that are decided rightly.",
        "Recall": "the share of a class's examples that are found.",
        "Precision": "the share of alarms that are right: of all that is decided “rare”, how much is rare.",
        "Linear model": "one that weighs and adds up the features of an example, and decides by the sum.",
        "Boundary": "where a decision changes from one class to the other; a linear model's is a straight line.",
        "Cross-entropy": "the usual loss: minus the logarithm of the probability that the model gave to the true class.",
    },
    prediction=Question(
        "Of the rare test examples, the plain model will find …",
        (
            Answer(
                "most",
                "nearly all: over 80 %",
                "So it is where the classes hardly overlap, or are about equally frequent and overlap moderately (0.9).",
            ),
            Answer(
                "half",
                "some: 30 to 80 %",
                "So it is with a moderate imbalance: at an overlap of 0.9, about 3 to 30 common examples for each rare one.",
            ),
            Answer("few", "few: under 30 %", "So it is where the rare class is buried under a far more frequent one."),
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
