"""What pictures of segmentation say, computed from them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lossviz.scenes import CLASSES, VOID
from lossviz.segplan import METHODS, Frame, ScenePlan, SceneRun, iou

LOG_K = float(np.log(len(CLASSES)))


def mean_iou(confusion: ArrayLike) -> float:
    """Mean intersection over union of the classes that occur.

    Example:
        >>> table = np.zeros((12, 12)); table[0, 0] = table[1, 0] = 5
        >>> mean_iou(table)
        0.25
    """
    table = np.asarray(confusion)
    occurs = table.sum(-1) > 0
    occurs[VOID] = False
    return float(iou(table)[occurs].mean()) if occurs.any() else 0.0


def share(part: float) -> str:
    """A small share in percent: not rounded to nothing.

    Example:
        >>> share(0), share(0.00012), share(0.042)
        ('0 %', '0.012 %', '4.2 %')
    """
    return f"{100 * part:.2g} %" if part < 0.1 else f"{100 * part:.0f} %"


def stuck(plan: ScenePlan, part: float, loss: float) -> str:
    """How many pixels learn nothing though they are wrong, and what they pay."""
    if not part:
        return "none stuck"
    paid = f"{loss:.3f}" + (f" = log {len(CLASSES)}" if abs(loss - LOG_K) < 1e-4 else "")
    return f"{share(part)} of the unseen pixels stuck: wrong, loss {paid}, gradient exactly 0"


def frame(plan: ScenePlan, part: Frame) -> str:
    """Of one method at one step."""
    return f"mean IoU {100 * mean_iou(part.confusion):.1f} %, {stuck(plan, part.stuck_share, part.stuck_loss)}"


def classes(run: SceneRun, row: int) -> str:
    """Of the classes that the test part has: which ends best, which worst, and which have no right pixel.

    Args:
        run: Ended.
        row: A method of its plan.
    """
    there = np.flatnonzero(run.confusion[-1, row].sum(1) > 0)
    last = run.iou[-1, row, there]
    best, worst = int(there[last.argmax()]), int(there[last.argmin()])
    ever = np.nan_to_num(run.iou[1:, row]).max(0)  # trained: what the first weights happen to say is no skill
    never = [CLASSES[c] for c in there if ever[c] == 0]
    lost = [CLASSES[c] for c in there if run.iou[-1, row, c] == 0 < ever[c]]
    title = METHODS[run.plan.methods[row]].title
    said = f"{title}: {CLASSES[best]} ends best with an IoU of {100 * last.max():.1f} %, "
    said += f"{CLASSES[worst]} worst with {100 * last.min():.1f} %"
    said += f"; never right: {', '.join(never)}" if never else ""
    said += f"; found for a while, and not at the end: {', '.join(lost)}" if lost else ""
    return said + "."


def outcome(run: SceneRun) -> str:
    """Which method came how far, what it did for the rarest classes, and how many pixels were ever stuck."""
    plan = run.plan
    titles = [METHODS[m].title for m in plan.methods]
    ends = ", ".join(f"{t} {100 * v:.1f} %" for t, v in zip(titles, run.mean_iou[-1], strict=True))
    counts = run.confusion[-1, 0].sum(1).astype(float)
    counts[VOID] = np.inf
    rare = [c for c in np.argsort(np.where(counts > 0, counts, np.inf)) if 0 < counts[c] < np.inf][:4]
    named = ", ".join(CLASSES[c] for c in rare)
    small = ", ".join(f"{t} {100 * v:.1f} %" for t, v in zip(titles, np.nanmean(run.iou[-1][:, rare], 1), strict=True))
    text = f"Mean IoU on {len(plan.test.labels)} unseen scenes: {ends}. Of the four rarest classes ({named}): {small}."
    most = run.stuck.max(0)
    for j in np.flatnonzero(most > 0):
        at = int(run.stuck[:, j].argmax())
        last = share(run.stuck[-1, j]) if run.stuck[-1, j] else "none"
        text += (
            f" {titles[j]}: at step {run.steps[at]}, {stuck(plan, most[j], run.stuck_loss[at, j])}; at the end {last}."
        )
    return text


def void(names: Sequence[str] = tuple(METHODS)) -> str:
    """What a weight of 0 for void does, and in which methods.

    Args:
        names: Of methods in `METHODS`.

    Example:
        >>> print(void(["plain", "multiplied_mask"]))  # doctest: +NORMALIZE_WHITESPACE
        Pixels without a label then teach nothing: Plain. Not so: Masks times logits, whose mask comes from the prediction and
        leaves out what is taken for void, not what is. Off: void is a class as any other.
    """
    heed, not_so = ([METHODS[n].title for n in names if METHODS[n].heeds_void == h] for h in (True, False))
    text = f"Pixels without a label then teach nothing: {', '.join(heed)}. " if heed else ""
    if not_so:
        text += (
            f"Not so: {', '.join(not_so)}, whose mask comes from the prediction and leaves out what is taken for void, "
        )
        text += "not what is. "
    return text + "Off: void is a class as any other."


def weights(right: ArrayLike, wrong: ArrayLike, images: ArrayLike, masks: int, names: tuple[str, ...]) -> str:
    """What the wrong denominator of median frequency does.

    Args:
        right: Weights with each class's own images in the denominator, [K], NaN where there are none.
        wrong: With all images.
        images: Images that contain each class, [K].
        masks: How many there are.
        names: Of the classes.

    Example:
        >>> weights([1.0, 2.0], [1.0, 4.0], [4, 2], 4, ("road", "sign"))
        'With all images in the denominator, sign, in 2 of 4 images, weighs 4 in place of 2: 2 times as much.'
    """
    a, b = np.asarray(right, float), np.asarray(wrong, float)
    ratio = np.divide(b, a, out=np.ones_like(a), where=np.isfinite(a) & np.isfinite(b) & (a > 0))
    if np.allclose(ratio, 1):
        there = np.asarray(images)[np.isfinite(a)]
        if (there < masks).any():
            return (
                "Both denominators give the same weights here: the images of each class hold equally many pixels, and a factor "
                "that all classes have in common cancels."
            )
        who = "Every class" if len(there) == len(a) else "Every class that occurs"
        return f"{who} is in every image, so that both denominators are the same, and so are the weights."
    far = np.abs(np.log(np.maximum(ratio, 1e-12)))
    fewer = np.where(np.asarray(images) < masks, far, 0.0)  # the others differ only as the median does
    c = int((fewer if fewer.max() > 0.01 else far).argmax())
    return (
        f"With all images in the denominator, {names[c]}, in {int(np.asarray(images)[c])} of {masks} images, weighs "
        f"{b[c]:.3g} in place of {a[c]:.3g}: {ratio[c]:.2g} times as much."
    )
