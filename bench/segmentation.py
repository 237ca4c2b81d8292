"""Segmentation against its targets and against Keras `fit`: `python -m bench.segmentation [--quick]`.

The job: one method, weighted by the true label, 48 scenes of 64×64, 12 classes, 300 steps of Adam on 4 scenes each. Keras trains
the same network with the same weights, a step a batch; it does a part of the steps, scaled up. The first frame is what a visitor
waits for: from the start of a job in a warm engine until every one of three methods has a frame, and until every one has a
trained one.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median
from typing import Any

from bench.__main__ import SCALED, Competitor, Race, machine, passed, run

Round = Callable[[], Any]
STEPS, FEWER = 300, 12
FIRST = 2.0
"""Seconds to the first frame."""
RATIO = 1.0
"""Keras takes at least so many times as long."""


@lru_cache(maxsize=2)
def plan(methods: tuple[str, ...] = ("true_mask",)) -> Any:
    from lossviz.segplan import prepare_scenes

    return prepare_scenes(methods, steps=STEPS)


def training() -> Round:
    """Steps alone, one thread, as in a worker."""
    from lossviz.engine import _train

    _train()
    from lossviz import segment
    from lossviz.segplan import Stretch

    def steps() -> None:
        state = segment.start(plan(), (0,))
        for first in range(0, STEPS, 100):
            state, _ = segment.advance(plan(), (0,), state, Stretch(first, 100, 1, False))

    return steps


def frames() -> Round:
    """The whole of it: every frame, with its maps and IoU."""
    from lossviz.engine import _train

    _train()
    from lossviz import segment

    return lambda: list(segment.frames(plan(), (0,)))


def keras_fit() -> Round:
    """Keras, as it comes, in batches of 4 scenes; its own threads."""
    import keras

    inputs = keras.Input((64, 64, 5))
    conv = keras.layers.Conv2D
    fine = conv(12, 3, padding="same", activation="relu")(inputs)
    coarse = conv(24, 3, 2, padding="same", activation="relu")(fine)
    coarse = conv(24, 3, padding="same", dilation_rate=2, activation="relu")(coarse)
    joined = keras.layers.Concatenate()([fine, keras.layers.UpSampling2D()(coarse)])
    model = keras.Model(inputs, conv(12, 1)(joined))
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    from lossviz import segment

    x = segment._inputs(segment.tf.constant(plan().scenes.images)).numpy().transpose(1, 2, 3, 0)
    y = plan().scenes.labels
    weights = plan().weights[y]
    assert len(y) == 4 * FEWER
    return lambda: model.fit(x, y, sample_weight=weights, batch_size=4, epochs=1, verbose=0)


def _job(first: int) -> Round:
    os.environ["LOSSVIZ_WARM"] = "0"  # the rounds before the first that counts compile what it needs
    from lossviz import engine as engines

    engine = engines.engine()
    three = plan(("plain", "true_mask", "multiplied_mask"))

    def start() -> None:
        job = engine.start(three)
        while len({p.row for p in job.pieces() if p.frame >= first}) < 3:
            assert not job.error, job.error
            time.sleep(0.002)
        job.cancel()

    return start


def first_frame() -> Round:
    """Until all three methods have a frame: the network as it starts."""
    return _job(0)


def first_trained() -> Round:
    """Until all three have a trained one."""
    return _job(1)


COMPETITORS = [
    Competitor("segmentation.training", f"**lossviz**, {STEPS} steps, one thread"),
    Competitor("segmentation.frames", "the same, with all frames: maps, IoU, stuck pixels"),
    Competitor("segmentation.keras_fit", "Keras `fit`, two threads, no frames", STEPS / FEWER),
    Competitor("segmentation.first_frame", "first frame of three methods, warm engine"),
    Competitor("segmentation.first_trained", "first trained frame of three methods, warm engine"),
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.segmentation", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    race = Race(
        "segmentation", f"Segmentation: 48 scenes of 64×64, 12 classes, {STEPS} steps of 4 scenes", COMPETITORS, {}
    )
    run(race, 2 if chosen.quick else 8, 1 if chosen.quick else 3)
    best = {c.name.split(".")[1]: min(c.seconds) for c in COMPETITORS}
    print("\n".join(["# Segmentation", "", *machine(), f"### {race.title}", ""]))
    print("| | min | median | × steps | target |\n|---|--:|--:|--:|---|")
    for c in COMPETITORS:
        name = c.name.split(".")[1]
        said = {
            "keras_fit": f"at least {RATIO:g} × ours: {passed(best[name] >= RATIO * best['training'])}",
            "first_frame": f"under {FIRST:g} s: {passed(best[name] < FIRST)}",
            "first_trained": f"under {FIRST:g} s: {passed(best[name] < FIRST)}",
        }.get(name, "")
        ratio = best[name] / best["training"]
        print(f"| {c.told} | {1e3 * best[name]:,.0f} ms | {1e3 * median(c.seconds):,.0f} ms | {ratio:.2f} | {said} |")
    print(f"\n{SCALED}")
    print(f"\nMeasured in {time.perf_counter() - begun:.0f} s.")


if __name__ == "__main__":
    main()
