"""The price of weights: probabilities that are no longer honest, and an effect that fades on separable data."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.data import make_dataset
from lossviz.fading import fading_weights
from lossviz.figures import strategy_colour
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, power_of_ten, share, signed
from lossviz.smallfit import logits, optimum, softmax
from lossviz.strategies import get
from lossviz.weights import class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go


def experiment(imbalance: float, until: float) -> Found:
    """Mean probabilities of a plain, a balanced and a corrected model; and a weight of the same size on separable data."""
    data = make_dataset("blobs", n=3000, classes=2, imbalance=imbalance, overlap=0.9, seed=0)
    w = class_weights(data.counts)
    p = {
        k: softmax(logits(optimum(get(n).tables(data.counts), data.X, data.y), data.X_test))
        for k, n in (("plain", "cross_entropy"), ("balanced", "weighted_cross_entropy"))
    }
    undone = p["balanced"] / w
    p["corrected"] = undone / undone.sum(1, keepdims=True)
    fade = fading_weights(float(w[1] / w[0]), 10.0**until)
    at = fade.names.index("weighted")
    return {
        "imbalance": imbalance,
        "ratio": float(w[1] / w[0]),
        "base": float((data.y_test == 1).mean()),
        "said": {k: float(v[:, 1].mean()) for k, v in p.items()},
        "apart": float(np.abs(p["corrected"] - p["plain"]).mean()),
        "time": fade.time,
        "boundary": fade.boundary[at],
        "until": int(until),
    }


def outcome(found: Found) -> str:
    """Where the mean probability of the balanced model is."""
    base, said = found["base"], found["said"]["balanced"]
    if abs(said - base) < 0.1 * base + 0.005:
        return "base"
    return "higher" if said > base else "lower"


def picture(found: Found) -> "go.Figure":
    """Mean probabilities beside the base rate; the boundary over time."""
    from plotly.subplots import make_subplots

    titles = ("Mean probability of the rare class", "Boundary on separable data (0: middle)")
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.13)
    said = found["said"]
    names = {
        "true share": found["base"],
        "plain": said["plain"],
        "balanced": said["balanced"],
        "corrected": said["corrected"],
    }
    looks = [strategy_colour(15), *(lessonfigures.colour(k) for k in ("plain", "weighted", "moved"))]
    figure.add_bar(
        x=list(names), y=np.array(list(names.values())), marker={"color": looks}, text=[share(v) for v in names.values()],
        textposition="outside", cliponaxis=False, showlegend=False, name="mean probability", row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=found["time"], y=found["boundary"], mode="lines", name="boundary", showlegend=False,
        line={"color": lessonfigures.colour("weighted"), "width": 4}, row=1, col=2,
    )  # fmt: skip
    lessonfigures.layout(figure, "", "", 430)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", row=1, col=1)
    figure.update_xaxes(type="log", exponentformat="power", title_text="time = steps × learning rate", row=1, col=2)
    figure.update_layout(meta={"panels": 2}, margin={"t": 50})
    return figure


def sentence(found: Found) -> str:
    """Means, and how far the boundary has come back."""
    s, b = found["said"], found["boundary"]
    first = int(np.abs(np.log(found["time"])).argmin())
    return (
        f"The rare class has a share of {share(found['base'])}. The plain model says {share(s['plain'])} on average, the "
        f"balanced one {share(s['balanced'])}, corrected {share(s['corrected'])}. On separable data a weight of "
        f"{found['ratio']:.3g} puts "
        f"the boundary at {signed(b[first])} at time 1 and at {signed(b[-1])} at time {power_of_ten(found['until'])}."
    )


def happened(found: Found) -> str:
    """Near the base rate, higher, lower."""
    s = found["said"]
    head = {"base": "Close to the true share", "higher": "Far too high", "lower": "Too low"}[outcome(found)]
    return f"{head}: the balanced model says {share(s['balanced'])} on average where {share(found['base'])} is true."


def explanation(found: Found) -> list[str | Formula]:
    """What the optimum of a weighted loss is, how to undo it, and why weights fade."""
    s, b = found["said"], found["boundary"]
    return [
        Formula(
            r"q_c \propto w_c \, p(c \mid x)",
            "At the optimum a weighted model's probabilities q are the true ones, each times its class's weight, made to sum to "
            "1. With balanced weights that is as if all classes were equally frequent. The averages here: "
            f"{share(s['balanced'])} instead of {share(s['plain'])}.",
        ),
        Formula(
            r"p_c \propto q_c / w_c",
            f"Dividing by the weights undoes it: {share(s['corrected'])} on average; a single probability then differs from the "
            f"plain model's by {found['apart']:.2g} on average.",
        ),
        Formula(
            r"\text{boundary} \approx -\frac{\log w}{2 \log (2\sqrt{w}\, t)}",
            "If the classes can be separated without a mistake, training goes on for ever: the logits grow like the logarithm "
            "of the time t, while the weight only adds log w. Its share of the whole fades, though slowly. (Exponential loss, "
            "one feature, one example of each class at −1 and 1.)",
        ),
        f"In this picture the boundary was pushed to {signed(b.min())} at most, and is at {signed(b[-1])} in the end. "
        "L2, early stopping, or classes that overlap keep the weight's effect.",
    ]


LESSON = Lesson(
    title="The price: calibration, and when weights fade",
    minutes=8,
    question="Weights find more of the rare class. What do they cost, apart from false alarms? Look at the **probabilities** of "
    "a balanced model; and at what a weight does when **the classes can be separated** and training goes on and on.",
    words={
        "Calibrated": "of all cases to which a model gives 20 %, 20 % come true.",
        "Base rate": "the share of a class among all examples.",
        "Separable": "there is a boundary without a single mistake.",
    },
    prediction=Question(
        "Averaged over all test examples, a model with balanced weights gives the rare class a probability that is …",
        (
            Answer("base", "close to its true share", "So it is for an unweighted model with a bias."),
            Answer("higher", "far too high", "So it is if it believes that all classes are equally frequent."),
            Answer("lower", "too low", "So it would be if weights held the rare class down."),
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
