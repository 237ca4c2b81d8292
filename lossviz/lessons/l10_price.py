"""The price of weights: probabilities that are no longer honest, and an effect that fades on separable data."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.fading import fading_weights
from lossviz.knobs import Knob
from lossviz.lesson import (
    Answer,
    Exercise,
    Formula,
    Found,
    Lesson,
    Question,
    many,
    power_of_ten,
    share,
    signed,
    versus,
    written,
)
from lossviz.smallfit import logits, optimum, softmax
from lossviz.strategies import get
from lossviz.weights import class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go


EDGES = np.array([0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1])
"""Of the groups of examples, by the probability that a model gives them."""
HALF = 3
"""The group around one half."""
LEAST = 15
"""A group of fewer examples says nothing about a share."""


def groups(p: np.ndarray, rare: np.ndarray) -> dict[str, np.ndarray]:
    """Examples by the probability a model gives them: how many, what it says on average, and the share that is rare."""
    at = np.clip(np.digitize(p, EDGES) - 1, 0, len(EDGES) - 2)
    size = np.bincount(at, minlength=len(EDGES) - 1)
    few = np.where(size < LEAST, np.nan, size)
    return {"size": size, "said": np.bincount(at, p, len(size)) / few, "true": np.bincount(at, rare, len(size)) / few}


def experiment(imbalance: float, until: float) -> Found:
    """What probabilities of a plain, a balanced and a corrected model are worth; and the same weight on separable data."""
    data = make_dataset("blobs", n=5000, classes=2, imbalance=imbalance, overlap=0.9, seed=0)
    w = class_weights(data.counts)
    p = {
        k: softmax(logits(optimum(get(n).tables(data.counts), data.X, data.y), data.X_test))
        for k, n in (("plain", "cross_entropy"), ("balanced", "weighted_cross_entropy"))
    }
    undone = p["balanced"] / w
    p["corrected"] = undone / undone.sum(1, keepdims=True)
    rare = data.y_test == 1
    fade = fading_weights(float(w[1] / w[0]), 10.0**until)
    at = fade.names.index("weighted")
    return {
        "imbalance": imbalance,
        "ratio": float(w[1] / w[0]),
        "base": float(rare.mean()),
        "mean": {k: float(v[:, 1].mean()) for k, v in p.items()},
        "groups": {k: groups(v[:, 1], rare) for k, v in p.items()},
        "apart": float(np.abs(p["corrected"] - p["plain"]).mean()),
        "time": fade.time,
        "boundary": fade.boundary[at],
        "until": int(until),
    }


def outcome(found: Found) -> str:
    """Of those to whom the balanced model gives about one half, the share that is rare; within 5 points, or chance."""
    g = found["groups"]["balanced"]
    said, true = float(g["said"][HALF]), float(g["true"][HALF])
    return versus(true, said, max(0.05, 2 * float(np.sqrt(said * (1 - said) / g["size"][HALF]))))


def picture(found: Found) -> "go.Figure":
    """What is true over what is said, for each model; the boundary over time."""
    from plotly.subplots import make_subplots

    titles = ("Are the probabilities true?", "Boundary on separable data")
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.13)
    line = {"color": "gray", "width": 2, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="calibrated", line=line, row=1, col=1)
    looks = {"plain": ("plain", "circle"), "balanced": ("weighted", "square"), "corrected": ("moved", "diamond-open")}
    for key, (look, symbol) in looks.items():
        g, colour = found["groups"][key], lessonfigures.colour(look)
        figure.add_scatter(
            x=g["said"], y=g["true"], mode="lines+markers", name=key, connectgaps=True, line={"color": colour, "width": 3},
            marker={"color": colour, "symbol": symbol, "size": 11}, row=1, col=1,
        )  # fmt: skip
    ends, still = found["time"][[0, -1]], lessonfigures.colour("plain")
    figure.add_scatter(
        x=ends, y=[0, 0], mode="lines", name="plain", showlegend=False, line={"color": still, "width": 3}, row=1, col=2
    )
    figure.add_scatter(
        x=found["time"], y=found["boundary"], mode="lines", name="balanced", showlegend=False,
        line={"color": lessonfigures.colour("weighted"), "width": 4}, row=1, col=2,
    )  # fmt: skip
    lessonfigures.layout(figure, "", "", 430)
    figure.update_xaxes(
        tickformat=".0%", range=[-0.02, 1.02], title_text="probability of “rare” that is said", row=1, col=1
    )
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.02], title_text="share that is rare", row=1, col=1)
    figure.update_yaxes(range=[-1.05, 0.1], title_text="boundary (−1: common<br>example, 1: rare)", row=1, col=2)
    figure.update_xaxes(type="log", exponentformat="power", title_text="time = steps × learning rate", row=1, col=2)
    figure.update_layout(meta={"panels": 2}, margin={"t": 50}, legend={"y": -0.3})
    return figure


def sentence(found: Found) -> str:
    """What is true where the balanced model says one half; means; how far the boundary has come back."""
    m, g, b = found["mean"], found["groups"]["balanced"], found["boundary"]
    first = int(np.abs(np.log(found["time"])).argmin())
    return (
        f"Of {many(int(g['size'][HALF]), 'test example')} to which the balanced model gives about one half (40 to 60 %), "
        f"{share(g['true'][HALF])} are rare. Over all, {share(found['base'])} are rare; the plain model says "
        f"{share(m['plain'])} on average, the balanced one {share(m['balanced'])}, corrected {share(m['corrected'])}. On "
        f"separable data a weight of {found['ratio']:.3g} puts the boundary at {signed(b[first])} at time 1 and at "
        f"{signed(b[-1])} at time {power_of_ten(found['until'])}."
    )


def happened(found: Found) -> str:
    """As many as it says, fewer, more."""
    g = found["groups"]["balanced"]
    head = {"same": "About as many as it says", "fewer": "Fewer than it says", "more": "More than it says"}[
        outcome(found)
    ]
    return (
        f"{head}: where the balanced model says {share(g['said'][HALF])} on average, {share(g['true'][HALF])} are rare. "
        f"The whole test has {share(found['base'])} of them."
    )


def explanation(found: Found) -> list[str | Formula]:
    """What the optimum of a weighted loss is, how to undo it, and why weights fade."""
    s, b, ratio = found["mean"], found["boundary"], found["ratio"]
    if ratio == 1:
        average = (
            f"Here they are equally frequent: the weights are 1, and the average of {share(s['balanced'])} is right."
        )
    else:
        average = (
            f"Its average is {share(s['balanced'])}, not 50 %, because it is taken over the real test, of which "
            f"{share(1 - found['base'])} are common and mostly look so."
        )
    return [
        Formula(
            r"q_c \propto w_c \, p(c \mid x)",
            "At the optimum a weighted model's probabilities q are the true ones, each times its class's weight, made to sum to "
            "1. With balanced weights that is as if all classes were equally frequent. Where it says one half, the truth is "
            f"1 / (1 + {ratio:.3g}) = {share(1 / (1 + ratio))}: the base rate.",
        ),
        f"{average} An average alone proves little: a model that says {share(found['base'])} to everybody has the right average, "
        "and tells nobody anything. That is why the picture asks for each probability how much of it comes true.",
        Formula(
            r"p_c \propto q_c / w_c",
            f"Dividing by the weights undoes it: {share(s['corrected'])} on average; a single probability then differs from the "
            f"plain model's by {written(100 * found['apart'], 2)} points on average.",
        ),
        Formula(
            r"\text{boundary} \approx -\frac{\log w}{2 \log (2\sqrt{w}\, t)}",
            "If the classes can be separated without a mistake, training goes on for ever: the logits grow like the logarithm "
            "of the time t, while the weight only adds log w. Its share of the whole fades, though slowly. (Two "
            "examples with one feature, the common one at −1 and the rare one at 1, under the exponential loss.)",
        ),
        (
            f"In this picture the boundary was pushed to {signed(b.min())}, towards the common example, and is at "
            f"{signed(b[-1])} in the end. L2, early stopping, or classes that overlap keep the weight's effect."
            if ratio > 1
            else "With weights of 1 nothing is pushed, and nothing fades: choose another imbalance to see it."
        ),
    ]


LESSON = Lesson(
    title="The price: calibration, and when weights fade",
    minutes=8,
    question="Weights find more of the rare class. What do they cost, apart from false alarms? Look at the **probabilities** of "
    "a balanced model; and at what a weight does when **the classes can be separated** and training goes on and on.",
    words={
        "Base rate": "the share of a class among all examples.",
        "Reliability curve": "what comes true, over what a model says; a calibrated one lies on the diagonal.",
        "Separable": "there is a boundary without a single mistake.",
        "Exponential loss": "a simple relative of cross-entropy: e to the power of minus the lead of the true class.",
        "Early stopping": "ending the training before its optimum.",
    },
    prediction=Question(
        "Take the test examples to which a model with balanced weights gives about 50 % for the rare class. How many are rare?",
        (
            Answer("same", "about half of them", "So it is for a calibrated model, as one without weights can be."),
            Answer(
                "fewer", "fewer", "So it is if it believes that both classes are equally frequent, and they are not."
            ),
            Answer("more", "more", "So it would be if weights held the rare class down."),
        ),
    ),
    knobs=(
        Knob("imbalance", "Imbalance", 30, 1, 200, 1, "Common examples for each rare one; the weight follows it."),
        Knob("until", "Train until 10^", 6, 1, 20, 1, "Of the right picture: a power of ten."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "A doctor wants to tell a patient how probable the illness is. The model was trained with balanced weights. What now?",
        (
            Answer(
                "tell",
                "Tell what the model says",
                "It would frighten the patient: the model lives in a world of equal shares.",
            ),
            Answer(
                "divide",
                "Divide the probabilities by the weights, and make them sum to 1",
                "Yes: p ∝ q / w. Or take an unweighted model, and put the costs into the threshold.",
            ),
            Answer(
                "retrain",
                "Nothing helps but collecting balanced data",
                "Balanced data would give the same inflated probabilities.",
            ),
        ),
        "divide",
    ),
    teacher="Two ideas; take the right picture only with a class that knows logarithms. With *Imbalance* 1 both prices vanish. "
    "Connect with the lesson before: decisions did not need weights, and probabilities are spoilt by them.",
    exercises=(
        Exercise(
            "A model trained with weights (1, 40) gives a case 0.6. What is the honest probability?",
            "import numpy as np\n\nq, w = np.array([0.4, 0.6]), np.array([1.0, 40.0])",
            "p = q / w\np /= p.sum()\nprint(p[1].round(4))\nassert abs(p[1] / p[0] - (0.6 / 0.4) / 40) < 1e-12",
        ),
        Exercise(
            "How far has the boundary of a tenfold weight come back at times 1, 10³ and 10⁶?",
            "import lossviz\n\nfound = lossviz.fading_weights(10, 1e6)\nweighted = found.boundary[found.names.index('weighted')]",
            "import numpy as np\n\nat = [weighted[np.abs(np.log(found.time / t)).argmin()] for t in (1, 1e3, 1e6)]\n"
            "print(np.round(at, 3))\nassert abs(at[0]) > abs(at[1]) > abs(at[2]) > 0",
        ),
    ),
    more=(("surfaces.py", "fading weights, with L2 and overlap"), ("race.py", "reliability of every strategy")),
)
