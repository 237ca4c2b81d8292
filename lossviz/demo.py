"""The home page's picture: three strategies on two classes, trained anew for every move of its two sliders."""

from lossviz import sentences, wire
from lossviz.data import make_dataset
from lossviz.figures import truth
from lossviz.knobs import Knob
from lossviz.plan import assemble, prepare

IMBALANCE = Knob(
    "imbalance", "How rare is the minority?", 12, 1, 50, 1, "Majority examples for each one of the minority."
)
WEIGHT = Knob("weight", "Weight of a minority example", 12, 1, 50, 1, "A majority example weighs 1.")
STRATEGIES = ("cross_entropy", "weighted_cross_entropy", "multiplied_logits")
POINTS, STEPS, FRAMES, RESOLUTION = 500, 120, 12, 80


def demo(imbalance: float, weight: float) -> bytes:
    """Train the three on two moons and pack the whole run as messages of `lossviz.wire`.

    Args:
        imbalance: Majority examples for each one of the minority, 1 to 50.
        weight: Weight of a minority example, 1 to 50.

    Returns:
        A head, pieces, the truth and an end; its sentence is `sentences.home`.

    Raises:
        ValueError: A value is out of range.
    """
    from lossviz import train

    for knob, value in ((IMBALANCE, imbalance), (WEIGHT, weight)):
        if not knob.low <= value <= knob.high:
            raise ValueError(f"{knob.name} must be between {knob.low:g} and {knob.high:g}; not {value}")
    data = make_dataset("moons", n=POINTS, imbalance=imbalance, overlap=0.3, seed=4)
    knobs = {name: {"class_weight": [1.0, weight]} for name in STRATEGIES[1:]}
    plan = prepare(
        STRATEGIES, data.X, data.y, steps=STEPS, frames=FRAMES, resolution=RESOLUTION, learning_rate=0.03, knobs=knobs,
        X_test=data.X_test, y_test=data.y_test, classes=("majority", "minority"), inference="scaled",
    )  # fmt: skip
    pieces = list(train.pieces(plan, plan.shards()[0]))
    run = assemble(plan, pieces)
    lines, _, known = truth(plan, data)
    aims = [-1] * len(plan.rows)  # at one glance: only the truth
    messages = [wire.head(plan), *(wire.piece(plan, p) for p in pieces), wire.truth(lines[:1], aims, known)]
    return b"".join([*messages, wire.end(run, sentence=sentences.home(run))])
