"""Multi-label training against the same network in Keras `fit`: `python -m bench.multilabel [--quick]`.

The job: 8 methods × 4 labels × 1,000 points × 300 full-batch Adam steps of the linear model, one program. Keras trains one
method, plain and with pos_weight, in fewer epochs, scaled up to all.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.__main__ import SCALED, Competitor, Race, machine, passed, run

Round = Callable[[], Any]
STEPS, EPOCHS, METHODS = 300, 5, 8


def _ready() -> Any:
    from lossviz.engine import _train

    _train()  # TensorFlow's own threads off, as in a worker
    from lossviz.multidata import make_multilabel
    from lossviz.multilabel import prepare_multilabel

    return prepare_multilabel(make_multilabel(), steps=STEPS)


def ours() -> Round:
    """Training and judging every frame, as the page does, the last in full."""
    from lossviz.multitrain import advance

    plan = _ready()

    def whole() -> None:
        state = None
        for frame in range(len(plan.steps)):
            state = advance(plan, state, frame, frame == len(plan.steps) - 1)

    return whole


def first() -> Round:
    """The first picture of it."""
    from lossviz.multitrain import advance

    plan = _ready()
    return lambda: advance(plan, None, 0, False)


def _keras(loss: Any, data: Any) -> Round:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.Adam(0.05), loss)
    return lambda: model.fit(data.X, data.y, batch_size=len(data.y), epochs=EPOCHS, verbose=0)


def keras_fit() -> Round:
    """Keras `fit`, all points a step, one method, plain."""
    import keras

    return _keras(keras.losses.BinaryCrossentropy(from_logits=True), _ready().data)


def keras_weighted() -> Round:
    """The same with a pos_weight per label, for which Keras has no loss of its own: TensorFlow's."""
    import tensorflow as tf

    data = _ready().data
    without, having = data.counts.T
    weight = tf.constant(without / having, tf.float32)

    def weighted(y: Any, z: Any) -> Any:
        each = tf.nn.weighted_cross_entropy_with_logits(tf.cast(y, tf.float32), z, weight)
        return tf.reduce_mean(each, -1)

    return _keras(weighted, data)


COMPETITORS = [
    Competitor("multilabel.ours", "**lossviz**, 8 methods, 12 pictures, judged"),
    Competitor("multilabel.first", "**lossviz**, the first picture"),
    Competitor("multilabel.keras_fit", "Keras `fit`, plain, all points a step", METHODS * STEPS / EPOCHS, slow=True),
    Competitor(
        "multilabel.keras_weighted", "Keras `fit`, pos_weight, all points a step", METHODS * STEPS / EPOCHS, slow=True
    ),
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.multilabel", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    race = Race("multilabel", "Multi-label: 8 methods × 4 labels × 1,000 points × 300 steps, linear", COMPETITORS, {})
    run(race, 3 if chosen.quick else 10, 1 if chosen.quick else 3)
    print("\n".join(["# Multi-label", "", *machine(), f"### {race.title}", ""]))
    print("| | min | median | × lossviz | target |\n|---|--:|--:|--:|---|")
    best = min(COMPETITORS[0].seconds)
    for c in COMPETITORS:
        least = min(c.seconds)
        said = f"under 0.5 s: {passed(least < 0.5)}" if c.name.endswith("first") else ""
        print(
            f"| {c.told} | {1e3 * least:,.0f} ms | {1e3 * median(c.seconds):,.0f} ms | {least / best:,.1f} | {said} |"
        )
    print(f"\n{SCALED}")
    print(f"\nMeasured in {time.perf_counter() - begun:.0f} s.")


if __name__ == "__main__":
    main()
