"""A segmentation network's training, settled before TensorFlow is needed, and what came of it.

A pixel is an example of the one equation, so a method is mostly the name of a strategy and the class weights it is given;
void is a class of weight 0. Dice and Tversky are losses of whole regions, which the equation has no row for: they stand
beside it. `prepare_scenes` checks every argument; `lossviz.segment` trains, here or in a worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz import camvid
from lossviz.knobs import Knob, one_of, settle
from lossviz.scenes import CLASSES, SIDE, VOID, PixelCounts, Scenes, count_pixels, make_scenes
from lossviz.strategies import Tables, get
from lossviz.weights import SCHEMES, class_weights

Array = NDArray[Any]
BATCH = 4
"""Scenes of a step."""
TEST = 12
"""Scenes that nothing is trained on."""
SHOWN = 4
"""Scenes whose maps travel with every frame: the first two of the training part, then the first two of the test part."""
LOW, HIGH, LEVELS = 1e-3, 100.0, 63
"""Ends of the logarithmic scale on which maps of losses and gradients are stored, and its levels; byte 0 is exactly 0."""


@dataclass(frozen=True)
class Method:
    """One way to train.

    Attributes:
        name: What `fit_scenes` calls it.
        title: What people call it.
        summary: One plain sentence.
        strategy: A name in `lossviz.STRATEGIES`; empty for a loss of regions.
        mask: What decides a pixel's weight: "none", "true" or "predicted".
        flawed: Whether it is one of the copied recipes that do not weight.
        knobs: Its parameters.
    """

    name: str
    title: str
    summary: str
    strategy: str
    mask: str
    flawed: bool = False
    knobs: tuple[Knob, ...] = ()

    @property
    def region(self) -> bool:
        """Whether its loss is one of regions, not of pixels."""
        return not self.strategy

    def weights(self, weights: Array, void: bool) -> Array:
        """What it makes of the class weights given: all 1 without a mask, and 0 for `void`."""
        w = weights if self.mask != "none" else np.ones(len(CLASSES))
        return np.where(np.arange(len(w)) == VOID, 0.0, w) if void else w

    def tables(self, weights: Array, void: bool) -> Tables:
        """Its tables for the one equation; of a loss of regions, those of its maps: the void alone is out.

        Args:
            weights: One a class, [12], for a method that has a mask.
            void: Whether void has weight 0.
        """
        w = self.weights(weights, void)
        return get(self.strategy or "weighted_cross_entropy").tables(np.ones(len(w)), class_weight=w)

    @property
    def heeds_void(self) -> bool:
        """Whether void's weight of 0 keeps pixels without a label from teaching anything, whatever is predicted for them.

        Example:
            A mask made from the prediction does not know which pixels have no label:

            >>> [m.name for m in METHODS.values() if not m.heeds_void]
            ['predicted_mask', 'multiplied_mask']
        """
        return not self.tables(np.ones(len(CLASSES)), void=True).weight[VOID].any()


METHODS = {
    m.name: m
    for m in (
        Method(
            "plain",
            "Plain",
            "Cross-entropy, every pixel alike: the large classes decide.",
            "weighted_cross_entropy",
            "none",
        ),
        Method(
            "true_mask",
            "Weighted by true label",
            "The correct form: each pixel's loss times the weight of its true class.",
            "weighted_cross_entropy",
            "true",
        ),
        Method(
            "predicted_mask",
            "Weighted by prediction",
            "Misguided: the weight hangs on the guess, so it favours places, and no class.",
            "weighted_by_prediction",
            "predicted",
            True,
        ),
        Method(
            "multiplied_mask",
            "Masks times logits",
            "Doubly flawed: all logits of a pixel times the weight of its predicted class. Where that is 0, the loss is log K "
            "whatever the truth, and the gradient 0.",
            "masked_logits",
            "predicted",
            True,
        ),
        Method(
            "dice",
            "Dice",
            "The overlap of predicted and true region, a class at a time: every class present counts the same, with no weights.",
            "",
            "none",
        ),
        Method(
            "tversky",
            "Tversky",
            "Dice with a price for false alarms (α) and another for misses (β).",
            "",
            "none",
            knobs=(
                Knob("alpha", "False alarms α", 0.3, 0.0, 1.0, 0.05, "Dice is α = β = ½."),
                Knob("beta", "Misses β", 0.7, 0.0, 1.0, 0.05, "Larger finds more of the small classes."),
            ),
        ),
    )
}
"""Name -> way to train; the one place to add one."""

SOURCES = {
    "presence": "Median frequency, from these scenes",
    "all": "Median frequency, every image counted (the common slip)",
    "camvid": "Median frequency, from CamVid's counts",
    "segnet": "SegNet's copied list",
} | {name: entry.title for name, entry in SCHEMES.items() if name not in ("median_frequency", "pos_weight")}
"""Where class weights come from: name -> title."""


def mask_weights(source: str, counts: PixelCounts, void: bool = True) -> Array:
    """Class weights for pixels.

    Args:
        source: A key of `SOURCES`.
        counts: Of the training scenes' labels.
        void: Whether the void class has weight 0; else it is weighted as any other.

    Returns:
        Weights, [12]; by the scenes' own counts, 0 for a class that none of them has.

    Raises:
        ValueError: An unknown source.

    Example:
        SegNet's list gives the signs 9.6446; by the counts of the same images they get 3.5331.

        >>> c = count_pixels(make_scenes(4).labels, 12)
        >>> sign = CLASSES.index("SignSymbol")
        >>> [round(float(mask_weights(s, c)[sign]), 4) for s in ("segnet", "camvid")]
        [9.6446, 3.5331]
    """
    one_of("weights", source, SOURCES)
    w = np.zeros(len(CLASSES))
    if source == "segnet":
        w[:] = camvid.SEGNET
    elif source == "camvid":
        w[:] = class_weights(camvid.PIXELS, "median_frequency", present=camvid.PRESENT)
    else:
        there = counts.pixels > 0
        n = counts.pixels[there]
        if source == "presence":
            w[there] = class_weights(n, "median_frequency", present=counts.present[there])
        else:
            w[there] = class_weights(n, "median_frequency" if source == "all" else source)
    if void:
        w[VOID] = 0.0
    elif source == "segnet":
        w[VOID] = 1.0  # the list has no weight for it: what a framework takes where none is given
    return w


@dataclass(frozen=True)
class Stretch:
    """One task: so many steps, and a frame after them."""

    first_step: int
    steps: int
    frame: int
    last: bool


@dataclass(frozen=True, eq=False, repr=False)
class ScenePlan:
    """Everything a run depends on.

    Attributes:
        methods: Names of the methods.
        knobs: Their knobs, settled.
        scenes: Training scenes.
        test: Test scenes.
        weights: Class weights of the methods that have a mask, [12].
        void: Whether void has weight 0; pixels without a label then teach nothing by the methods that heed it
            (`Method.heeds_void`).
        steps: Step number of each frame, [F], from 0.
        learning_rate: Of Adam.
        seed: Of the scenes, the initial parameters and the batches.
        room: The room that trains it.
        wire: The room that tells of it.
    """

    methods: tuple[str, ...]
    knobs: dict[str, dict[str, Any]]
    scenes: Scenes
    test: Scenes
    weights: Array
    void: bool
    steps: Array
    learning_rate: float
    seed: int
    room: str = field(default="segment", init=False)
    wire: str = field(default="segwire", init=False)

    def __repr__(self) -> str:
        return f"ScenePlan({', '.join(self.methods)}, {len(self.scenes.labels)} scenes, {self.steps[-1]} steps)"

    def shards(self) -> list[tuple[int, ...]]:
        """Each method is a shard of its own."""
        return [(i,) for i in range(len(self.methods))]

    def chunks(self) -> list[Stretch]:
        """A frame is a task; the first is the network as it starts."""
        ends = self.steps.tolist()
        taken = np.diff([0, *ends]).tolist()
        return [Stretch(e - n, n, f, f == len(ends) - 1) for f, (e, n) in enumerate(zip(ends, taken, strict=True))]

    def tables(self, row: int) -> Tables:
        """The tables of a method for the one equation."""
        return METHODS[self.methods[row]].tables(self.weights, self.void)

    def order(self, first: int, steps: int) -> Array:
        """Which scenes each of so many steps sees, int32 [steps, BATCH]: shuffled anew in every epoch."""
        n = len(self.scenes.labels)
        start, stop = first * BATCH, (first + steps) * BATCH
        epochs = range(start // n, -(-stop // n))
        shuffled = [np.random.default_rng([self.seed, 7, e]).permutation(n) for e in epochs]
        line = np.concatenate(shuffled or [np.zeros(0, int)])[start - start // n * n :][: stop - start]
        return line.reshape(steps, BATCH).astype(np.int32)

    def shown(self) -> Scenes:
        """The scenes whose maps travel: two of the training part, two of the test part."""
        half = SHOWN // 2
        return Scenes(
            np.concatenate([self.scenes.images[:half], self.test.images[:half]]),
            np.concatenate([self.scenes.labels[:half], self.test.labels[:half]]),
        )

    def assemble(self, pieces: Iterable["Frame"]) -> "SceneRun":
        """The run as far as these pieces go."""
        return assemble(self, pieces)


@dataclass(frozen=True, eq=False)
class Frame:
    """A method's network after some steps.

    Attributes:
        row: Index of the method.
        frame: Index into the plan's steps.
        predicted: Class of each pixel of the shown scenes, uint8 [SHOWN, SIDE, SIDE].
        loss: Loss of each of those pixels, a byte on a logarithmic scale, as `levels` makes it.
        gradient: Length of d loss / d logits, likewise; of a loss of regions times the pixels of the scene, so that it can be
            compared.
        stuck: Pixels of the shown scenes that are wrong, not void nor of a class of weight 0, and have a gradient of exactly 0,
            bool.
        confusion: Test pixels by true and predicted class, [12, 12].
        stuck_share: Share of the test part's pixels that are so stuck, void ones not counted among either.
        stuck_loss: Mean loss of the stuck pixels of the test part, NaN where there are none.
        own_loss: Mean training loss of these steps, NaN at the start.
    """

    row: int
    frame: int
    predicted: Array
    loss: Array
    gradient: Array
    stuck: Array
    confusion: Array
    stuck_share: float
    stuck_loss: float
    own_loss: float

    @property
    def rows(self) -> tuple[int, ...]:
        """Its row, as an engine's pieces have several."""
        return (self.row,)


def levels(values: ArrayLike) -> NDArray[np.uint8]:
    """Numbers on the logarithmic scale of the maps: 0 is exactly 0, 1 is LOW or less, LEVELS is HIGH or more.

    Example:
        >>> levels([0.0, 1e-9, 1e-3, 100.0, 1e9]).tolist()
        [0, 1, 1, 63, 63]
    """
    v = np.asarray(values, np.float64)
    at = np.log(np.maximum(v, LOW) / LOW) / np.log(HIGH / LOW)
    return np.where(v > 0, 1 + np.round((LEVELS - 1) * np.minimum(at, 1)), 0).astype(np.uint8)


def from_levels(stored: ArrayLike) -> Array:
    """What the levels stand for.

    Example:
        >>> from_levels([0, 1, 63]).round(3).tolist()
        [0.0, 0.001, 100.0]
    """
    b = np.asarray(stored, np.float64)
    return np.where(b > 0, LOW * (HIGH / LOW) ** ((b - 1) / (LEVELS - 1)), 0.0)


def iou(confusion: ArrayLike) -> Array:
    """Intersection over union of each class: right pixels over pixels that are of it, or said to be.

    Args:
        confusion: Pixels by true and predicted class, [..., K, K]; void pixels are in none of its rows.

    Returns:
        [..., K], NaN for a class that is neither there nor predicted.

    Example:
        >>> iou([[3, 1], [0, 2]]).round(3).tolist()
        [0.75, 0.667]
    """
    table = np.asarray(confusion, np.float64)
    hit = np.einsum("...cc->...c", table)
    union = table.sum(-1) + table.sum(-2) - hit
    return np.divide(hit, union, where=union > 0, out=np.full_like(hit, np.nan))


@dataclass(frozen=True, eq=False, repr=False)
class SceneRun:
    """What came of a plan; frames that are not there yet are NaN, or 0.

    Attributes:
        plan: What was trained.
        frames: Frames that every method has reached.
        confusion: [F, M, 12, 12].
        iou: Intersection over union on the test part, [F, M, 12]; NaN for void.
        mean_iou: Its mean over the classes that occur, [F, M].
        stuck: Share of the test pixels that are stuck, [F, M].
        stuck_loss: Mean loss of those, [F, M].
        own_loss: [F, M].
        maps: "predicted", "loss", "gradient" and "stuck" of the shown scenes, [F, M, SHOWN, SIDE, SIDE].
        done: Whether all is there.
    """

    plan: ScenePlan
    frames: int
    confusion: Array
    iou: Array
    mean_iou: Array
    stuck: Array
    stuck_loss: Array
    own_loss: Array
    maps: Mapping[str, Array]
    done: bool

    @property
    def steps(self) -> Array:
        """Step number of each frame, [F]."""
        return self.plan.steps


def assemble(plan: ScenePlan, pieces: Iterable[Frame]) -> SceneRun:
    """Put frames together."""
    f, m, k = len(plan.steps), len(plan.methods), len(CLASSES)
    confusion = np.zeros((f, m, k, k), np.int64)
    stuck, stuck_loss, own = (np.full((f, m), np.nan) for _ in range(3))
    maps = {n: np.zeros((f, m, SHOWN, SIDE, SIDE), np.uint8) for n in ("predicted", "loss", "gradient", "stuck")}
    there = np.zeros((f, m), bool)
    for p in pieces:
        at = p.frame, p.row
        there[at] = True
        confusion[at], stuck[at], stuck_loss[at], own[at] = p.confusion, p.stuck_share, p.stuck_loss, p.own_loss
        for name, whole in maps.items():
            whole[at] = getattr(p, name)
    found = iou(confusion)
    found[..., VOID] = np.nan
    known = confusion.sum((2, 3)) > 0
    occurs = confusion.sum(-1) > 0
    total = np.where(occurs & np.isfinite(found), found, 0).sum(-1)
    mean = np.where(known, total / np.maximum(occurs.sum(-1), 1), np.nan)
    frames = int(np.argmin(there.all(1))) if not there.all() else f
    return SceneRun(plan, frames, confusion, found, mean, stuck, stuck_loss, own, maps, frames == f)


N = Knob("scenes", "Training scenes", 48, 8, 200, 1, "Each 64 × 64 pixels; 12 more are kept for the test.")
STEPS = Knob("steps", "Steps", 300, 20, 3000, 10, f"Adam's steps, on {BATCH} scenes each.")
RATE = Knob("learning_rate", "Learning rate", 0.01, 0.0001, 0.2, 0.0001, "Of Adam.")
SEED = Knob("seed", "Seed", 0, 0, 9999, 1, "Decides the scenes, the initial parameters and the batches.")
FRAMES = 40


def prepare_scenes(
    methods: str | Sequence[str] = ("plain", "true_mask", "multiplied_mask"),
    scenes: int = 48,
    steps: int = 300,
    seed: int = 0,
    *,
    weights: str | ArrayLike = "presence",
    void: bool = True,
    learning_rate: float = 0.01,
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
) -> ScenePlan:
    """Settle what to train.

    Args:
        methods: Names in `METHODS`.
        scenes: Training scenes.
        steps: Adam's steps.
        seed: Of everything.
        weights: A key of `SOURCES`, or one weight a class, [12].
        void: Whether void has weight 0; a mask from the prediction takes it where void is predicted, not where it is true
            (`Method.heeds_void`).
        learning_rate: Of Adam.
        knobs: Of methods, by name.

    Returns:
        The plan.

    Raises:
        ValueError: Whatever is wrong, in a sentence.

    Example:
        >>> prepare_scenes("plain", scenes=8, steps=20)
        ScenePlan(plain, 8 scenes, 20 steps)
        >>> prepare_scenes("plane")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: method must be one of 'plain', 'true_mask', ... or 'tversky'; not 'plane'
    """
    names = (methods,) if isinstance(methods, str) else tuple(dict.fromkeys(methods))
    if not names:
        raise ValueError("choose at least one method")
    given = {name: dict(k) for name, k in (knobs or {}).items()}
    for name in (*names, *given):
        one_of("method", name, METHODS)
    n, total = int(N.check(scenes)), int(STEPS.check(steps))
    rate, start = RATE.check(learning_rate), int(SEED.check(seed))
    made = make_scenes(n + TEST, start)
    train, test = Scenes(made.images[:n], made.labels[:n]), Scenes(made.images[n:], made.labels[n:])
    if isinstance(weights, str):
        w = mask_weights(weights, count_pixels(train.labels, len(CLASSES)), void)
    else:
        w = np.array(weights, np.float64)
        if w.shape != (len(CLASSES),):
            raise ValueError(f"weights must be one number a class, {len(CLASSES)}; not an array of shape {w.shape}")
        for c in np.flatnonzero(~(np.isfinite(w) & (w >= 0))):
            raise ValueError(f"the weight of {CLASSES[c]} is {w[c]:g}: it must be finite and not negative")
        if void:
            w[VOID] = 0.0
    if not w.any():
        raise ValueError("every weight is 0: nothing would be learnt")
    early = [0, 2, 5, 10, 20]
    frames = np.unique([*[e for e in early if e < total], *np.linspace(0, total, FRAMES).round().astype(int)])
    settled = {name: settle(name, METHODS[name].knobs, given.get(name, {})) for name in names}
    return ScenePlan(names, settled, train, test, w, void, frames, rate, start)
