"""Pixels: in segmentation each pixel is an example, and the small object is the rare class."""

from typing import TYPE_CHECKING

import numpy as np

from lossviz import lessonfigures
from lossviz.figures import CLASS_COLOURS
from lossviz.knobs import Knob
from lossviz.lesson import Answer, Exercise, Formula, Found, Lesson, Question, share, versus
from lossviz.smallfit import logits, optimum
from lossviz.strategies import get
from lossviz.weights import class_weights

if TYPE_CHECKING:
    import plotly.graph_objects as go

CLASSES = ("sky", "road", "person")
SIDE = 48
VALUES = np.array([[0.2, 1.0], [1.0, 0.2], [1.0, 0.9]])
"""What two channels of a camera show of each class, before noise."""


def scene(size: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image: pixels [SIDE², 2] and their classes [SIDE, SIDE], rows from the bottom up."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((SIDE, SIDE), int)
    truth[: SIDE // 2] = 1
    left = int(rng.integers(3, SIDE - size - 3))
    truth[12 : 12 + 3 * size, left : left + size] = 2
    return VALUES[truth.ravel()] + rng.normal(0, noise, (SIDE * SIDE, 2)), truth


def experiment(size: float, noise: float) -> Found:
    """Fit a plain and a balanced model to the pixels of two images, and paint a third."""
    both = [scene(int(size), noise, seed) for seed in (1, 2)]
    x, y = np.concatenate([b[0] for b in both]), np.concatenate([b[1].ravel() for b in both])
    counts = np.bincount(y, minlength=3)
    new, truth = scene(int(size), noise, 3)
    maps, scores = {"truth": truth}, {}
    for key, name in (("plain", "cross_entropy"), ("balanced", "weighted_cross_entropy")):
        painted = logits(optimum(get(name).tables(counts), x, y), new).argmax(1).reshape(truth.shape)
        hits = np.array([((painted == c) & (truth == c)).sum() for c in range(3)])
        either = np.array([((painted == c) | (truth == c)).sum() for c in range(3)])
        maps[key] = painted
        scores[key] = {
            "accuracy": float((painted == truth).mean()),
            "iou": hits / either,
            "recall": hits / np.bincount(truth.ravel(), minlength=3),
        }
    return {"size": int(size), "counts": counts, "weights": class_weights(counts), "maps": maps, "scores": scores}


def outcome(found: Found) -> str:
    """Pixel accuracy with balanced weights, beside plain."""
    s = found["scores"]
    return versus(s["balanced"]["accuracy"], s["plain"]["accuracy"], 0.002)


def picture(found: Found) -> "go.Figure":
    """Truth, plain and balanced, side by side."""
    from plotly.subplots import make_subplots

    s, titles = found["scores"], ["truth"]
    titles += [f"{k}: person {share(s[k]['recall'][2])} found" for k in ("plain", "balanced")]
    figure = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.04)
    scale = [[at, CLASS_COLOURS[c]] for c in range(3) for at in (c / 3, (c + 1) / 3)]
    for column, key in enumerate(("truth", "plain", "balanced"), 1):
        figure.add_heatmap(
            z=found["maps"][key].astype(np.uint8), zmin=-0.5, zmax=2.5, colorscale=scale, showscale=False, hoverinfo="skip",
            row=1, col=column,
        )  # fmt: skip
    for c, name in enumerate(CLASSES):  # the key to the colours
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=name,
            marker={"color": CLASS_COLOURS[c], "symbol": "square", "size": 14},
        )
    lessonfigures.layout(figure, "", "", 380)
    figure.update_xaxes(showticklabels=False, ticks="", constrain="domain")
    figure.update_yaxes(showticklabels=False, ticks="")
    for column in (1, 2, 3):
        figure.update_yaxes(scaleanchor=f"x{column if column > 1 else ''}", col=column)
    figure.update_layout(meta={"panels": 3}, legend={"orientation": "h", "y": -0.05})
    return figure


def table(found: Found) -> object:
    """Intersection over union and recall of each class."""
    import pandas as pd

    rows = [
        {
            "model": k,
            "class": c,
            "recall": float(s["recall"][i]),
            "IoU": float(s["iou"][i]),
            "pixels": int(found["counts"][i]),
        }
        for k, s in found["scores"].items()
        for i, c in enumerate(CLASSES)
    ]
    return pd.DataFrame(rows)


def sentence(found: Found) -> str:
    """Accuracy of pixels beside the person's IoU."""
    p, b = found["scores"]["plain"], found["scores"]["balanced"]
    return (
        f"Of the person's pixels the plain model finds {share(p['recall'][2])}, the balanced one {share(b['recall'][2])}. "
        f"Pixel accuracy {share(p['accuracy'])} and {share(b['accuracy'])}; the person's IoU {p['iou'][2]:.2f} and "
        f"{b['iou'][2]:.2f}."
    )


def happened(found: Found) -> str:
    """Accuracy up, down, or as before."""
    p, b = found["scores"]["plain"], found["scores"]["balanced"]
    told = {"more": "rises", "fewer": "falls", "same": "stays, within 0.2 points"}[outcome(found)]
    return f"Pixel accuracy {told}: {share(p['accuracy'])} plain, {share(b['accuracy'])} balanced."


def explanation(found: Found) -> list[str | Formula]:
    """A pixel is an example."""
    n, w = found["counts"], found["weights"]
    p, b = found["scores"]["plain"], found["scores"]["balanced"]
    better = "rises" if b["iou"][2] > p["iou"][2] + 0.005 else "falls" if b["iou"][2] < p["iou"][2] - 0.005 else "stays"
    return [
        Formula(
            r"\ell = \frac{1}{HW} \sum_{i=1}^{HW} w_{y_i} \, (-\log p_{i, y_i})",
            "The loss of an image of H × W pixels is the mean over its pixels, each times the weight of its true class. "
            "Nothing else is new: a pixel is an example.",
        ),
        f"The person has {n[2]:,} of {n.sum():,} training pixels, {share(n[2] / n.sum())}; balanced weights are "
        f"{w[0]:.3g} for sky, {w[1]:.3g} for road and {w[2]:.3g} for the person.",
        Formula(
            r"\text{IoU}_c = \frac{|\text{painted } c \cap \text{true } c|}{|\text{painted } c \cup \text{true } c|}",
            "Intersection over union: of all pixels that are class c in the picture or in the truth, the share that is in both. "
            "Unlike recall it counts false alarms too.",
        ),
        f"With balanced weights the person's IoU {better}: {p['iou'][2]:.2f} plain, {b['iou'][2]:.2f} balanced. Recall "
        "alone counts no false alarms.",
        "A pixel that nobody labelled (“void”) gets the weight 0. It is left out of the loss, and must be left out of the "
        "counts.",
    ]


LESSON = Lesson(
    title="Pixels: segmentation",
    minutes=6,
    question="A camera on a car: half of the image is sky, half is road, and a person covers the fewest pixels. A model gives "
    "each pixel a class. **Are weights any different for pixels, and what do they do to the accuracy?**",
    words={
        "Segmentation": "giving each pixel of an image a class.",
        "Pixel accuracy": "the share of pixels that get the right class.",
        "IoU": "intersection over union: how well the painted pixels of a class and its true ones cover each other, 0 to 1.",
        "Mask": "a number for each pixel, by which something of that pixel is multiplied.",
        "Void": "pixels that have no label.",
    },
    prediction=Question(
        "With balanced weights instead of none, the pixel accuracy …",
        (
            Answer("more", "rises", "It would be so if finding the person more than made up for everything else."),
            Answer("same", "stays the same", "So it is where the noise is so low that hardly a pixel is mistaken."),
            Answer("fewer", "falls", "So it is if the false alarms are more than the pixels that are found."),
        ),
    ),
    knobs=(
        Knob("size", "Width of the person", 3, 1, 10, 1, "In pixels; the person is three times as high."),
        Knob("noise", "Noise", 0.35, 0.05, 0.8, 0.05, "Of the camera."),
    ),
    experiment=experiment,
    outcome=outcome,
    picture=picture,
    sentence=sentence,
    happened=happened,
    explanation=explanation,
    table=table,
    transfer=Question(
        "Somebody multiplies the logits of each pixel by a mask made of the *predicted* classes; a class of weight 0 is in "
        "it. What happens to a pixel that is predicted as that class?",
        (
            Answer("ignored", "It is left out, as it should be", "It stays in the loss, with all its logits 0."),
            Answer(
                "stuck",
                "It teaches nothing while it is predicted so: its loss is log K and its gradient 0",
                "Yes. All logits times 0 are equal: the probabilities are 1/K, and a small change of the logits changes nothing. "
                "Only other pixels can free it: they move the parameters that all pixels share, until another class is "
                "predicted.",
            ),
            Answer("faster", "It is learnt faster", "Its gradient is 0: it moves no parameter."),
        ),
        "stuck",
    ),
    teacher="Turn *Noise* up until the plain picture has no person at all while its accuracy is still high. Then ask which of "
    "the two pictures a car should use; it depends on what false alarms do (next lesson).",
    exercises=(
        Exercise(
            "CamVid's road has 20,076,880 pixels in 367 images of 480 × 360, its bicyclist 184,967 in the 201 images that "
            "contain one. Compute the median-frequency weight of the bicyclist relative to the road's, and compare it with "
            "the balanced one.",
            "import lossviz\n\ncounts = [20_076_880, 184_967]\npresent = [367 * 480 * 360, 201 * 480 * 360]",
            "median = lossviz.class_weights(counts, 'median_frequency', present=present)\n"
            "balanced = lossviz.class_weights(counts)\n"
            "print(median[1] / median[0], balanced[1] / balanced[0])\n"
            "assert abs(median[1] / median[0] / (balanced[1] / balanced[0]) - 201 / 367) < 1e-9",
        ),
    ),
    more=(("segmentation.py", "whole images, and what people do to their logits"),),
)
