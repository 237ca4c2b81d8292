"""The network undoes it: what is left of multiplied logits once the last layer is trained."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, times, versus, written
from lossviz.smallfit import logits, optimum, softmax
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

CLASSES = ("common", "rarer", "rarest")
COUNTS = (900, 80, 20)


def sample() -> tuple[np.ndarray, np.ndarray]:
    """Three round classes of 900, 80 and 20 examples."""
    rng = np.random.default_rng(0)
    centres = ((0, 0), (1.5, 0.3), (0.5, 1.8))
    x = np.concatenate([rng.normal(size=(n, 2)) + c for n, c in zip(COUNTS, centres, strict=True)])
    return x, np.repeat([0, 1, 2], COUNTS)


def experiment(factor: float, start: float) -> Found:
    """Fit plain, weighted and multiplied models to their optima, and count their decisions."""
    x, y = sample()
    w = [1 / factor, 1.0, factor]
    begin = np.random.default_rng(int(start)).normal(size=(3, 3)) if start else None
    plain = optimum(get("cross_entropy").tables(COUNTS), x, y)
    weighted = optimum(get("weighted_cross_entropy").tables(COUNTS, class_weight=w), x, y)
    multiplied = optimum(get("multiplied_logits").tables(COUNTS, class_weight=w), x, y, start=begin)
    z = {"plain": logits(plain, x), "weighted": logits(weighted, x), "raw": logits(multiplied, x)}
    z["scaled"] = z["raw"] * w
    return {
        "weights": np.array(w),
        "start": int(start),
        "counts": {k: np.bincount(v.argmax(1), minlength=3) for k, v in z.items()},
        "apart": float(np.abs(softmax(z["scaled"]) - softmax(z["plain"])).max()),
    }


def outcome(found: Found) -> str:
    """The multiplied model, used as it was trained, beside the plain one."""
    n = found["counts"]
    return versus(float(n["scaled"][2]), float(n["plain"][2]), 1.0)


def picture(found: Found) -> "go.Figure":
    """How often each model decides each class."""
    n = found["counts"]
    groups = {
        "plain": ("plain", n["plain"].tolist()),
        "multiplied, used as trained (flawed)": ("flawed", n["scaled"].tolist()),
        "multiplied, weights left out (flawed)": ("flawed", n["raw"].tolist()),
        "weighted loss": ("weighted", n["weighted"].tolist()),
    }
    figure = lessonfigures.bars(
        groups, [f"{c} ({m})" for c, m in zip(CLASSES, COUNTS, strict=True)], "training examples decided so"
    )
    figure.data[2].marker.color = lessonfigures.colour("other")
    figure.data[2].marker.pattern.shape = "x"
    return figure


def sentence(found: Found) -> str:
    """Counts of the rarest class, and how far the probabilities are apart."""
    n = found["counts"]
    return (
        f"Decisions on the {sum(COUNTS):,} training examples: the rarest class, {COUNTS[2]} examples, is decided "
        f"{times(n['plain'][2])} by the plain model, {times(n['scaled'][2])} "
        f"by the multiplied one used as trained, {times(n['raw'][2])} with the weights left out, and {times(n['weighted'][2])} "
        f"with a weighted loss. As trained, no probability differs from the plain model's by more than "
        f"{written(found['apart'], 1)}."
    )


def happened(found: Found) -> str:
    """Same, more or fewer."""
    n, told = found["counts"], outcome(found)
    same = "As often" if n["scaled"][2] == n["plain"][2] else "Nearly as often"
    head = {"same": f"{same} as the plain model", "more": "More often than the plain model", "fewer": "Less often"}[
        told
    ]
    return (
        f"{head}: {times(n['scaled'][2])} against {n['plain'][2]}. A weighted loss decides the rarest class "
        f"{times(n['weighted'][2])}."
    )


def explanation(found: Found) -> list[str | Formula]:
    """The last layer absorbs the factors."""
    w, n = found["weights"], found["counts"]
    out: list[str | Formula] = [
        Formula(
            r"\begin{aligned} a \odot (W h + b) &= W' h + b' \\ W'_c = a_c W_c, &\quad b'_c = a_c b_c \end{aligned}",
            "A last layer followed by a factor for each class is just another last layer. Whatever the plain model can say, "
            "this one can say with W divided by the factors; and training finds it.",
        ),
        f"Here the factors are {w[0]:.3g}, {w[1]:.3g} and {w[2]:.3g}. At the optimum both models give the same probabilities, "
        f"up to {written(found['apart'], 1)}: no class counts more than before.",
    ]
    where = "zeros" if not found["start"] else f"random numbers (seed {found['start']})"
    if n["raw"].tolist() == n["plain"].tolist():
        out.append(f"From {where}, leaving the weights out happens to change none of these counts.")
    else:
        out.append(
            f"If the weights are left out at test time, the decisions are {n['raw'][0]}, {n['raw'][1]} and {n['raw'][2]} "
            f"instead of {n['plain'][0]}, {n['plain'][1]} and {n['plain'][2]}: logits that were never asked to decide. Training "
            f"began from {where}; another start gives other decisions, because the data do not settle them."
        )
    return out


LESSON = Lesson(
    title="The network undoes it",
    minutes=8,
    question="Multiplied logits look as if they favoured the rare class. But the network behind them is trained, and its last "
    "layer can be anything. **What is left of the weights at the end of training?** Three classes, 900, 80 and 20 examples; "
    "we count how a linear model, which is just a last layer, decides these same 1,000 after training.",
    words={
        "Last layer": "the weights W and biases b that turn the network's features h into logits, W h + b.",
        "Optimum": "the parameters at which the training loss is least; training goes there.",
        "Bias": "the number that a layer adds to a logit, whatever the example.",
    },
    prediction=Question(
        "Trained with multiplied logits, and used in the same way, the model decides the rarest class …",
        (
            Answer("more", "more often than the plain model", "That is what the recipe promises."),
            Answer("same", "as often as the plain model", "So it is if training takes the factors back."),
            Answer("fewer", "less often than the plain model", "So it might be if the factors pushed the wrong way."),
        ),
    ),
    knobs=(
        Knob(
            "factor", "Factor of the rarest class", 5, 2, 10, 1, "The common class has one over it; the middle one 1."
        ),
        Knob(
            "start",
            "Start of the training",
            0,
            0,
            20,
            1,
            "0 starts from zeros; other numbers are seeds of random starts.",
        ),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "Only the last layer is frozen, at random values; the layers before it are trained with multiplied logits. Then …",
        (
            Answer(
                "still",
                "the layers before it can make up for the factors, if they are flexible, and wide enough",
                "Yes. The frozen layer must have at least K − 1 inputs, one fewer than there are classes: then some features "
                "give any differences of logits, and the trained layers can find them.",
            ),
            Answer(
                "works",
                "the weights work at last",
                "A factor on a logit still weights no example; it stretches an output.",
            ),
            Answer(
                "break",
                "nothing can be trained",
                "The layers before it still learn: the frozen one passes on what to change.",
            ),
        ),
        "still",
    ),
    teacher="Turn *Start* through a few seeds: the bars of the model as trained stay, those with the weights left out jump. "
    "That is the second half of the lesson: raw logits are decided by the start. All counts are on the training examples: "
    "the lesson is about what training does, not about new data.",
    exercises=(
        Exercise(
            "A trained plain model has last-layer weights W and biases b. Write down the W and b with which a model whose logits "
            "are multiplied by a gives the same probabilities, and check it.",
            "import numpy as np\n\nrng = np.random.default_rng(1)\nW, b, a = rng.normal(size=(3, 4)), rng.normal(size=3), "
            "np.array([0.2, 0.8, 2.0])\nh = rng.normal(size=(5, 4))",
            "W2, b2 = W / a[:, None], b / a\nsame = np.allclose(a * (h @ W2.T + b2), h @ W.T + b)\nprint(same)\nassert same",
        ),
        Exercise(
            "Run this lesson from five random starts. Which of its counts depend on the start?",
            "from lossviz import lessons\n\nruns = [lessons.run('undone', start=s)['counts'] for s in range(1, 6)]",
            "for kind in ('plain', 'scaled', 'raw'):\n    print(kind, [r[kind].tolist() for r in runs])\n"
            "assert len({tuple(r['scaled']) for r in runs}) == 1\nassert len({tuple(r['raw']) for r in runs}) > 1",
        ),
    ),
    more=(("surfaces.py", "how the norms of the last layer undo it, step by step"),),
)
