"""A segmentation run as bytes and words: what `lossviz.wire` is to the race, in the same messages."""

from typing import Any

import numpy as np

from lossviz import segsentences
from lossviz.figures import LOSS_SCALE, SCENE_COLOURS, STUCK_COLOUR, ZERO_COLOUR, strategy_colour
from lossviz.scenes import CLASSES, VOID, count_pixels
from lossviz.segplan import HIGH, LEVELS, LOW, METHODS, SHOWN, Array, Frame, ScenePlan, SceneRun, iou
from lossviz.wire import pack

SCENES = [f"{part} scene {i + 1}" for part in ("Training", "Unseen") for i in range(SHOWN // 2)]
"""What the shown scenes are called."""


def head(plan: ScenePlan) -> bytes:
    """What is known before training: the shown scenes and their truth, classes, weights and what is drawn with which colour."""
    from plotly.colors import get_colorscale

    shown, counts = plan.shown(), count_pixels(plan.scenes.labels, len(CLASSES))
    return pack(
        "head",
        {"images": shown.images, "labels": shown.labels},
        packed=["images", "labels"],
        steps=plan.steps.tolist(),
        side=shown.labels.shape[-1],
        scenes=SCENES,
        classes=list(CLASSES),
        colours=list(SCENE_COLOURS),
        void=VOID,
        shares=(counts.pixels / counts.total).round(6).tolist(),
        weights=plan.weights.round(4).tolist(),
        scale={"low": LOW, "high": HIGH, "levels": LEVELS, "colours": [c for _, c in get_colorscale(LOSS_SCALE)]},
        stuckColour=STUCK_COLOUR,
        zeroColour=ZERO_COLOUR,
        panels=[
            {
                "title": m.title, "flawed": m.flawed, "note": m.summary, "mask": m.mask, "region": m.region,
                "colour": strategy_colour(i), "table": _mask(plan, i).round(4).ravel().tolist(),
            }
            for i, m in enumerate(METHODS[name] for name in plan.methods)
        ],
    )  # fmt: skip


def _mask(plan: ScenePlan, row: int) -> Array:
    """The weights of a method that it multiplies by, whatever by: [12, 12], by true and predicted class."""
    m = METHODS[plan.methods[row]]
    if m.strategy != "masked_logits":
        return plan.tables(row).weight
    return np.tile(m.weights(plan.weights, plan.void), (len(CLASSES), 1))


def piece(plan: ScenePlan, part: Frame) -> bytes:
    """A frame of a method."""
    found = iou(part.confusion)
    found[VOID] = np.nan
    arrays: dict[str, Any] = {n: getattr(part, n).astype(np.uint8) for n in ("predicted", "loss", "gradient", "stuck")}
    return pack(
        "piece",
        arrays | {"iou": found.astype(np.float32)},
        packed=list(arrays),
        row=part.row,
        frame=part.frame,
        mean=segsentences.mean_iou(part.confusion),
        words=segsentences.frame(plan, part),
    )


def end(run: SceneRun, error: str | None = None) -> bytes:
    """The words on what came out."""
    return pack("end", {}, done=run.done, error=error, sentence=segsentences.outcome(run) if run.done else "")
