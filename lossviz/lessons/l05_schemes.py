"""Which weights: every scheme on the same counts, and what models trained with them find."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.figures import strategy_colour
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, share, versus, written
from lossviz.smallfit import logits, optimum, tally
from lossviz.strategies import get
from lossviz.weights import SCHEMES, class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go

ASKED = ("balanced", "sqrt", "log")
CLOSE = 0.01
"""Recalls that are no further apart than this are called tied."""


def experiment(imbalance: float, overlap: float) -> Found:
    """Weights by every scheme, and recall and precision of a model trained with each."""
    data = make_dataset("blobs", n=2000, classes=2, imbalance=imbalance, overlap=overlap, seed=0)
    weights: dict[str, np.ndarray] = {"none": np.ones(2)} | {s: class_weights(data.counts, s) for s in SCHEMES}
    ratio = {k: float(w[1] / w[0]) for k, w in weights.items()}
    done: dict[float, dict[str, float]] = {}
    for r in {round(r, 9) for r in ratio.values()}:  # only the ratio decides
        theta = optimum(get("weighted_cross_entropy").tables(data.counts, class_weight=[1, r]), data.X, data.y)
        done[r] = tally(logits(theta, data.X_test).argmax(1), data.y_test)
    return {
        "counts": data.counts,
        "imbalance": imbalance,
        "weights": weights,
        "ratio": ratio,
        "found": {k: done[round(r, 9)] for k, r in ratio.items()},
    }


def outcome(found: Found) -> str:
    """Which of the three asked about finds most of the rare class."""
    recall = {s: found["found"][s]["recall"] for s in ASKED}
    first, second = sorted(ASKED, key=lambda s: recall[s], reverse=True)[:2]
    return "same" if versus(recall[first], recall[second], CLOSE) == "same" else first


def picture(found: Found) -> "go.Figure":
    """Recall and precision of the rare class; a mark for each ratio of weights, so schemes that agree share one."""
    import plotly.graph_objects as go

    groups: dict[float, list[str]] = {}
    for key, ratio in sorted(found["ratio"].items(), key=lambda pair: pair[1]):
        groups.setdefault(round(ratio, 6), []).append(SCHEMES[key].title if key in SCHEMES else "No weights")
    of = {ratio: next(found["found"][k] for k, r in found["ratio"].items() if round(r, 6) == ratio) for ratio in groups}
    x, y = ([m[what] for m in of.values()] for what in ("recall", "precision"))
    line = {"color": "gray", "width": 2, "dash": "dot"}
    figure = go.Figure(go.Scatter(x=x, y=y, mode="lines", line=line, showlegend=False, hoverinfo="skip"))
    for i, (ratio, names) in enumerate(groups.items()):
        title = names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        figure.add_scatter(
            x=[x[i]], y=[y[i]], mode="markers+text", name=f"{title} ({ratio:.3g} : 1)", text=[f"{ratio:.3g}"],
            textposition="top center", cliponaxis=False,
            marker={"size": 16, "color": strategy_colour(i), "symbol": i},
        )  # fmt: skip
    lessonfigures.layout(figure, "recall of the rare class", "precision of its alarms")
    figure.update_xaxes(range=[0, 1.03], tickformat=".0%")
    figure.update_yaxes(range=[0, 1.08], tickformat=".0%")
    return figure


def precise(m: Mapping[str, float]) -> str:
    """The precision, where there are alarms."""
    return f"precision {share(m['precision'])}" if m["alarms"] else "no alarms"


def sentence(found: Found) -> str:
    """The three schemes asked about, beside no weights."""
    told = "; ".join(
        f"{SCHEMES[s].title if s in SCHEMES else 'no weights'} ({found['ratio'][s]:.3g} : 1) recall "
        f"{share(found['found'][s]['recall'])}, {precise(found['found'][s])}"
        for s in ("none", *ASKED)
    )
    return f"{found['counts'][0]:,} common and {found['counts'][1]:,} rare examples: {told}."


def happened(found: Found) -> str:
    """Which found most, and at what price."""
    told, f, ratio = outcome(found), found["found"], found["ratio"]
    if told != "same":
        return (
            f"{SCHEMES[told].title} finds most: {share(f[told]['recall'])} of the rare class, with {precise(f[told])}. Without "
            f"weights it is {share(f['none']['recall'])}, with {precise(f['none'])}."
        )
    a, b = sorted(ASKED, key=lambda s: f[s]["recall"], reverse=True)[:2]
    pair = f"{SCHEMES[a].title} and {SCHEMES[b].title}"
    far = max(ratio[a], ratio[b]) / min(ratio[a], ratio[b])
    if far == 1:
        why = "equal counts give equal weights"
    elif f["none"]["recall"] > 0.9:
        why = f"the classes hardly overlap, so even without weights {share(f['none']['recall'])} is found"
    elif far < 1.5:
        why = f"their ratios, {ratio[a]:.3g} and {ratio[b]:.3g}, differ little"
    else:
        why = "where most is found already, a larger weight mostly adds false alarms"
    tied = f"{pair} find {share(f[a]['recall'])} and {share(f[b]['recall'])}"
    return f"The best are tied, within a point: {tied}. The reason: {why}."


def explanation(found: Found) -> list[str | Formula]:
    """The ratio decides; schemes are points on one dial."""
    n, ratio = found["counts"], found["ratio"]
    same = [SCHEMES[s].title for s in SCHEMES if np.isclose(ratio[s], ratio["balanced"], rtol=1e-6)]
    return [
        Formula(
            r"w_c = \frac{n}{K\, n_c}",
            f"Balanced: all examples, divided by the number of classes and by the examples of this class. Here "
            f"{n.sum():,} / (2 × {n[1]:,}) = {written(found['weights']['balanced'][1])} for a rare example and "
            f"{written(found['weights']['balanced'][0])} for a common one.",
        ),
        Formula(
            r"w_c = \sqrt{n_{\max} / n_c}",
            f"Square root: half of the imbalance on a log scale, a ratio of {ratio['sqrt']:.3g}.",
        ),
        Formula(
            r"w_c = 1 / \ln(1.02 + \pi_c)",
            f"Log-smoothed: π is the share of the class; the ratio is {ratio['log']:.3g}, and can never exceed that of 1/ln "
            f"1.02 to 1/ln 2.02, about {np.log(2.02) / np.log(1.02):.0f}.",
        ),
        "Without L2 or weight decay, and trained to the end, only the ratio of the weights decides; their size only changes the "
        f"steps of the training. On these counts {', '.join(same)} have the same ratio, so they give the same model.",
        "A penalty such as L2 is added to the weighted loss. With weights a hundredth of the size the loss is a hundredth, "
        "and the same penalty pulls a hundred times as hard: then the size counts, too.",
        "No scheme is “best”: each is a place on one dial between finding more and raising fewer false alarms. Who knows what "
        "the mistakes cost need not choose a scheme at all (see the lesson on costs).",
    ]


def table(found: Found) -> object:
    """Every scheme, its weights and what came of it."""
    import pandas as pd

    rows = [
        {
            "scheme": SCHEMES[k].title if k in SCHEMES else "No weights",
            "weight of a common example": float(found["weights"][k][0]),
            "weight of a rare example": float(found["weights"][k][1]),
            "recall": m["recall"],
            "precision": m["precision"],
        }
        for k, m in found["found"].items()
    ]
    return pd.DataFrame(rows)


LESSON = Lesson(
    title="Which weights: the schemes",
    minutes=7,
    question="Weights are computed from the counts of the classes. There are many schemes for it: balanced, square root, "
    "logarithm, effective number … **Which should one take, and what does the choice change?**",
    words={
        "Scheme": "a rule that turns the counts of the classes into weights.",
        "False alarm": "a common example that is called rare.",
        "L2, weight decay": "a penalty on large parameters, added to the loss; it holds a model back.",
        "Adam": "a way of training that scales each step by the size of the recent gradients.",
        "pos_weight": "a name some libraries give to the weight of the rare class where the common one has 1.",
    },
    prediction=Question(
        "One model is trained with the weights of each scheme. Which finds most of the rare class?",
        (
            Answer("balanced", "balanced", "It has all of the imbalance in its weights."),
            Answer("sqrt", "square root", "It has half of the imbalance, on a log scale."),
            Answer("log", "log-smoothed", "Its weights are bounded, but at moderate imbalance they can be large."),
            Answer(
                "same",
                "no single one: the best are tied (within a point)",
                "So it is if their weights hardly differ, or if the classes hardly overlap.",
            ),
        ),
    ),
    knobs=(
        Knob("imbalance", "Imbalance", 100, 1, 200, 1, "Common examples for each rare one."),
        Knob("overlap", "Overlap", 0.9, 0.3, 1.5, 0.1, "How widely each class spreads; their centres are 2 apart."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    table=table,
    transfer=Question(
        "Balanced weights are divided by their sum, so that they add up to 1. There is no L2 or weight decay, and training goes "
        "to the end. What changes?",
        (
            Answer(
                "optimum",
                "The model that training ends at",
                "No: all losses are multiplied by the same number. (With L2 it would be another one.)",
            ),
            Answer(
                "steps",
                "Only the size of the training steps, and with Adam hardly that",
                "Yes. The ratio stays, and so does the optimum. Plain gradient descent takes smaller steps; Adam divides the "
                "common factor out. With L2 or weight decay the optimum would move, since the penalty stays as large.",
            ),
            Answer(
                "recall",
                "Recall falls, since the weights are smaller",
                "Without a penalty only their ratio decides what is found.",
            ),
        ),
        "steps",
    ),
    teacher="Ask what each scheme does at *Imbalance* 1: nothing. Then 200: square root and balanced are far apart. Read "
    "recall and precision together: where the classes overlap, nobody gets one without paying with the other, as long as the "
    "model is the same. At *Overlap* 0.3 there is next to nothing to pay, and nothing to gain.",
    exercises=(
        Exercise(
            "31 positives of 531. Compute the balanced weights, pos_weight (negatives per positive), and 1/(share of positives). "
            "Which two agree in their ratio?",
            "import lossviz\n\nnegatives, positives = 500, 31",
            "w = lossviz.class_weights([negatives, positives])\npos_weight = negatives / positives\nwrong = 531 / positives\n"
            "print(f'balanced {w[1] / w[0]:.2f}, pos_weight {pos_weight:.2f}, 1/share {wrong:.2f}')\n"
            "assert abs(w[1] / w[0] - pos_weight) < 1e-9 and wrong - pos_weight > 0.99",
        ),
        Exercise(
            "For three classes with 1000, 100 and 10 examples, print the ratio of largest to smallest weight for every scheme.",
            "import lossviz\n\ncounts = [1000, 100, 10]",
            "ratios = {s: float(lossviz.class_weights(counts, s).max() / lossviz.class_weights(counts, s).min()) "
            "for s in lossviz.SCHEMES}\n"
            "for name, r in ratios.items():\n    print(f'{name:18} {r:8.2f}')\nassert abs(ratios['sqrt'] ** 2 - 100) < 1e-9",
        ),
    ),
    more=(("weights.py", "all schemes on your own labels"),),
)
