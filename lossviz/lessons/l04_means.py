"""Three means: the same weights, and what frameworks divide the weighted sum by."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures, means
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, written
from lossviz.weights import class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go


def experiment(size: float, factor: float) -> Found:
    """Reduce one batch with balanced weights, as they are and times a factor."""
    rng = np.random.default_rng(5)
    y = (np.arange(64) % 8 == 3).astype(int)[: int(size)]
    z = rng.normal(size=(64, 2))[: int(size)] + np.where(y[:, None] == [0, 1], 1.0, 0.0)
    w = class_weights([56, 8])
    base, scaled = means.means(z, y, w), means.means(z, y, factor * w)
    return {
        "size": int(size),
        "rare": int(y.sum()),
        "factor": factor,
        "weights": w,
        "plain": float(base.losses.mean()),
        "base": base.whole,
        "scaled": scaled.whole,
    }


def changed(found: Found) -> list[str]:
    """Frameworks whose mean the factor changes."""
    return [k for k in found["base"] if not np.isclose(found["base"][k], found["scaled"][k], rtol=1e-9)]


def outcome(found: Found) -> str:
    """Which means change with the factor."""
    moved = changed(found)
    return {0: "none", 3: "all"}.get(len(moved), "pytorch" if moved == ["pytorch"] else "keras")


def picture(found: Found) -> "go.Figure":
    """The three means, before and after."""
    places = [means.FORMULAS[k] for k in found["base"]]
    groups = {
        "balanced weights": ("weighted", list(found["base"].values())),
        f"the same × {found['factor']:g}": ("other", list(found["scaled"].values())),
    }
    return lessonfigures.bars(groups, places, "mean loss of the batch (nats)")


def sentence(found: Found) -> str:
    """The six numbers."""
    b, s = found["base"], found["scaled"]
    return (
        f"A batch of {found['size']}, {found['rare']} of them rare. Keras {written(b['keras'])}, PyTorch "
        f"{written(b['pytorch'])}, TF1 {written(b['tf1'])}; with all weights times {found['factor']:g}: Keras "
        f"{written(s['keras'])}, PyTorch {written(s['pytorch'])}, TF1 {written(s['tf1'])}. Unweighted it is "
        f"{written(found['plain'])}."
    )


def happened(found: Found) -> str:
    """Which moved."""
    moved = changed(found)
    if not moved:
        return "None of them changed."
    names = {"keras": "Keras's", "pytorch": "PyTorch's", "tf1": "TF1's"}
    kept = [names[k] for k in names if k not in moved]
    return (
        f"{' and '.join(names[k] for k in moved)} changed; {' and '.join(kept) or 'no one'} did not."
        if kept
        else "All changed."
    )


def explanation(found: Found) -> list[str | Formula]:
    """What is divided by what."""
    out: list[str | Formula] = [
        Formula(
            r"\frac{1}{N}\sum_i w_{y_i}\,\ell_i",
            "Keras: the weighted losses of the batch, summed, divided by the number of examples N. Twice the weights, twice the "
            "loss, and twice the step that plain gradient descent takes.",
        ),
        Formula(
            r"\frac{\sum_i w_{y_i}\,\ell_i}{\sum_i w_{y_i}}",
            "PyTorch's CrossEntropyLoss: divided by the sum of the weights in the batch. A common factor cancels.",
        ),
        Formula(
            r"\frac{\sum_i w_{y_i}\,\ell_i}{\#\{i : w_{y_i} \ne 0\}}",
            "TensorFlow 1's tf.losses: divided by the number of examples whose weight is not zero. Without zeros it is Keras's.",
        ),
    ]
    if found["size"] == 1 or found["rare"] in (0, found["size"]):
        out.append(
            f"All examples of this batch are of one class. PyTorch's mean is then the plain mean, {found['plain']:.4g}, whatever "
            "the weights: with batches of one, its weights do nothing at all."
        )
    else:
        w = found["weights"]
        mean = (w[0] * (found["size"] - found["rare"]) + w[1] * found["rare"]) / found["size"]
        out.append(
            f"Keras's number is PyTorch's times the mean weight in the batch, here {mean:.4g}. It goes up and down with the "
            "number of rare examples that a batch happens to hold."
        )
    return out


LESSON = Lesson(
    title="Three means",
    minutes=6,
    question="A team ports a model from PyTorch to Keras: same data, same class weights, same formula for each example. The "
    "loss that is shown is another one. **Who divides by what?** We take one small batch and weigh it, then multiply *all* "
    "weights by the same factor.",
    words={
        "Batch": "the examples whose losses are averaged for one step of training.",
        "Reduction": "how the losses of a batch become one number: here a mean.",
        "TF1": "TensorFlow 1, which older code still uses; its losses have a mean of their own.",
        "Balanced weights": "weights such that every class has the same total weight: the rarer, the larger.",
        "Gradient": "how fast a loss changes with each parameter; gradient descent steps against it.",
        "Learning rate": "the size of a training step; a loss that is twice as large doubles a step of plain gradient descent.",
    },
    prediction=Question(
        "All class weights are multiplied by 10. Which of the three means change?",
        (
            Answer("all", "all three", "It seems natural that a tenfold weight gives a tenfold loss."),
            Answer("keras", "Keras's and TF1's, not PyTorch's", "So it is if PyTorch divides by the weights."),
            Answer("pytorch", "PyTorch's only", "So it would be if the others normalised the weights first."),
            Answer("none", "none: only ratios matter", "That would be true if all divided by the weights."),
        ),
    ),
    knobs=(
        Knob("size", "Batch size", 12, 1, 64, 1, "The first so many of 64 examples, one in eight of them rare."),
        Knob("factor", "Factor for all weights", 10, 2, 20, 1, "All are multiplied by it."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    transfer=Question(
        "You train in PyTorch with class weights and a batch size of 1. What do the weights do?",
        (
            Answer("usual", "What they always do", "With one example the sum of the weights is its own weight."),
            Answer(
                "cancel",
                "Nothing: they cancel",
                "Yes: w ℓ / w = ℓ. Use reduction='sum' or 'none' and divide by N yourself.",
            ),
            Answer("slow", "They slow training down", "They would change steps if they did not cancel."),
        ),
        "cancel",
    ),
    teacher="Set the batch size to 1 to 3 (no rare example in it) and to 4 (the first one) and watch Keras's mean jump. "
    "Useful for who ports code: the ratio of the two losses is the mean weight in the batch, and Adam (next lesson) divides "
    "out only what is constant in it, not how it changes from batch to batch.",
    exercises=(
        Exercise(
            "Losses 1, 2 and 3 nats; weights 1, 1 and 4. Compute the three means, then with the second weight 0.",
            "import numpy as np\n\nlosses = np.array([1.0, 2.0, 3.0])",
            "for w in (np.array([1.0, 1, 4]), np.array([1.0, 0, 4])):\n"
            "    print('Keras', (w @ losses / 3).round(3), 'PyTorch', (w @ losses / w.sum()).round(3), "
            "'TF1', (w @ losses / (w != 0).sum()).round(3))\n"
            "assert np.isclose(np.array([1.0, 0, 4]) @ losses / 2, 6.5)",
        ),
    ),
    more=(("lab.py", "a batch of your own, the three ways"),),
)
