"""Costs and thresholds: when the plain model with another threshold does what weights do."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.costs import thresholds, two_class_costs
from lossviz.data import make_dataset
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, many, share
from lossviz.smallfit import logits, optimum, softmax
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

CLOSE = 0.05
"""Costs that are no further apart than this are called the same."""


def experiment(miss: float, imbalance: float) -> Found:
    """What a plain model costs at each threshold, and a model trained with the costs as weights at one half."""
    data = make_dataset("blobs", n=3000, classes=2, imbalance=imbalance, overlap=0.9, seed=0)
    cost = two_class_costs(1, miss)
    rare = data.y_test == 1

    def paid(alarm: np.ndarray) -> float:
        return float(((alarm & ~rare).sum() + miss * (~alarm & rare).sum()) * 1000 / len(rare))

    def rule(name: str, **knobs: object) -> np.ndarray:
        theta = optimum(get(name).tables(data.counts, **knobs), data.X, data.y)
        return softmax(logits(theta, data.X_test))[:, 1]

    plain, weighted = rule("cross_entropy"), rule("weighted_cross_entropy", class_weight=[1.0, miss])
    best = float(thresholds(cost).binary or 0.0)
    grid = np.geomspace(0.001, 0.999, 120)
    return {
        "miss": miss,
        "imbalance": imbalance,
        "rare": int(data.counts[1]),
        "grid": grid,
        "costs": np.array([paid(plain >= t) for t in grid]),
        "threshold": best,
        "half": paid(plain >= 0.5),
        "moved": paid(plain >= best),
        "weighted": paid(weighted >= 0.5),
        "nobody": paid(np.zeros(len(rare), bool)),
    }


def outcome(found: Found) -> str:
    """Weights beside a moved threshold."""
    w, m = found["weighted"], found["moved"]
    if abs(w - m) <= CLOSE * max(m, 1e-12):
        return "same"
    return "weights" if w < m else "threshold"


def picture(found: Found) -> "go.Figure":
    """Cost of the plain model over its threshold, and of the weighted model."""
    lines = {
        "plain model": ("plain", found["costs"]),
        "trained with weights, threshold ½": ("weighted", np.full_like(found["grid"], found["weighted"])),
    }
    figure = lessonfigures.curves(
        found["grid"], lines, "threshold of the plain model", "cost of 1,000 decisions<br>(false alarms)", log=True
    )
    marks = ((found["threshold"], found["moved"], "from the costs", "moved"), (0.5, found["half"], "one half", "other"))
    for x, y, name, look in marks:
        figure.add_scatter(
            x=[x], y=[y], mode="markers", name=f"threshold {name}: {x:.3g}",
            marker={"size": 16, "color": lessonfigures.colour(look), "symbol": "diamond" if look == "moved" else "square"},
        )  # fmt: skip
    figure.update_yaxes(rangemode="tozero")
    return figure


def sentence(found: Found) -> str:
    """The four costs."""
    return (
        f"If an overlooked rare case costs as much as {found['miss']:g} false alarm{'' if found['miss'] == 1 else 's'}, 1,000 "
        f"decisions cost {found['half']:,.1f} at threshold one half, {found['moved']:,.1f} at {found['threshold']:.3g}, and "
        f"{found['weighted']:,.1f} with a model trained with weight {found['miss']:g}. Never raising an alarm costs "
        f"{found['nobody']:,.1f}."
    )


def happened(found: Found) -> str:
    """Who is cheaper."""
    told = {
        "same": "The same, within 5 %",
        "weights": "Training with weights is cheaper",
        "threshold": "Moving the threshold is cheaper",
    }[outcome(found)]
    return f"{told}: {found['weighted']:,.1f} with weights, {found['moved']:,.1f} with a moved threshold."


def explanation(found: Found) -> list[str | Formula]:
    """Elkan's threshold."""
    out: list[str | Formula] = [
        Formula(
            r"p^* = \frac{c_{\text{alarm}}}{c_{\text{alarm}} + c_{\text{miss}}}",
            "Raise an alarm where the rare class's probability is at least the cost of a false alarm, divided by both costs "
            f"together. Here 1 / (1 + {found['miss']:g}) = {found['threshold']:.3g}.",
        ),
        Formula(
            r"\frac{q}{1-q} = w\,\frac{p}{1-p}",
            "What weights do to the probabilities at the optimum: the odds, probability over the rest, are multiplied by w. So "
            "q = ½ for the weighted model is just p = 1/(1 + w) for the plain one: the same decision.",
        ),
    ]
    saved = found["half"] - found["moved"]
    if saved > 0:
        out.append(
            f"Moving the threshold of the finished plain model saves {saved:,.1f} in 1,000 decisions "
            f"({share(saved / found['half'])}), without any new training, and it keeps its honest probabilities."
        )
    else:
        said = (
            "is as good as the one from the costs" if saved == 0 else "is cheaper than the one from the costs, by luck,"
        )
        out.append(f"At these costs the threshold of one half {said} on this test.")
    if found["miss"] == 1:
        out.append("With equal costs the weight is 1 and the threshold one half: both teams have the same model.")
    else:
        out.append(
            "Both models here can say the true probabilities, so with ever more examples they would decide the same. What "
            f"they differ by is the luck of the sample: there are {many(found['rare'], 'rare training example')}, and weights "
            "give " + ("these" if found["rare"] > 1 else "this one") + " a larger say in where the boundary lies."
        )
    out.append(
        "Weights earn their place where the model cannot have all probabilities right at once (too simple, or pressed by much "
        "L2), where training is cut short, or where nobody can change the threshold. If the costs change, a threshold "
        "changes in a second; weights need a new model."
    )
    return out


LESSON = Lesson(
    title="Costs and thresholds: when not to weight",
    minutes=8,
    question="An overlooked case costs far more than a false alarm. Two teams: one trains with the costs as **class weights**, "
    "the other trains without weights and then moves the **threshold**. **Who pays less?**",
    words={
        "Cost": "what a mistake costs, counted here in false alarms.",
        "Odds": "a probability over the rest: p / (1 − p).",
        "Calibrated": "of all cases to which a model gives 20 %, 20 % come true; and so for every other probability.",
    },
    prediction=Question(
        "Which costs less on new examples?",
        (
            Answer(
                "weights",
                "training with the costs as weights",
                "Both used the costs; the luck of the sample can favour this.",
            ),
            Answer("same", "about the same (within 5 %)", "So it is if weights and thresholds are the same decision."),
            Answer(
                "threshold",
                "the plain model with a moved threshold",
                "Both used the costs; the luck of the sample can favour this.",
            ),
        ),
    ),
    knobs=(
        Knob("miss", "Cost of an overlooked case", 20, 1, 100, 1, "In false alarms."),
        Knob("imbalance", "Imbalance", 30, 1, 200, 1, "Common examples for each rare one."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "A false alarm costs 1 €, an overlooked fraud 99 €. A plain, well calibrated model says 3 %. What do you do?",
        (
            Answer(
                "pass", "Nothing: 3 % is far below one half", "One half would be right if both mistakes cost the same."
            ),
            Answer("alarm", "Raise an alarm", "Yes: the threshold is 1 / (1 + 99) = 1 %, and 3 % is above it."),
            Answer("train", "Train again with weight 99 first", "That would decide the same, after another training."),
        ),
        "alarm",
    ),
    teacher="Ask for the threshold before you show the formula: with costs 1 : 1 it is one half, with 1 : 3 it is ¼ … Then let "
    "the class find costs at which the two teams differ by more than 5 %. They differ by the luck of the sample, not by "
    "principle: a linear model can say the truth here.",
    exercises=(
        Exercise(
            "Costs: false alarm 2, overlooked case 30; a right alarm costs 1 too (somebody has to look). What is the threshold?",
            "from lossviz.costs import thresholds, two_class_costs\n\ncost = two_class_costs(2, 30, right_alarm=1)",
            "found = thresholds(cost)\nprint(found.binary, '=', 2, '/', 2 + 30 - 1)\nassert abs(found.binary - 2 / 31) < 1e-12",
        ),
        Exercise(
            "Run the experiment for costs of 1, 5, 20 and 100. By how much do weights and a moved threshold differ?",
            "from lossviz import lessons\n\ncosts = [1, 5, 20, 100]",
            "for c in costs:\n    f = lessons.run('costs', miss=c)\n"
            "    print(f\"{c:4d}: weights {f['weighted']:.1f}, threshold {f['moved']:.1f}, one half {f['half']:.1f}\")\n"
            "    assert f['moved'] <= f['half'] * 1.02",
        ),
    ),
    more=(("costs.py", "costs of your own"), ("race.py", "weights against thresholds on other data")),
)
