"""Training of the segmentation network, compiled: the one equation over pixels, a task a frame.

A scene is SIDE² examples of the equation, so the loss is `lossviz.equation.losses` and nothing else; only Dice and Tversky,
losses of regions, are written here. The network is four small convolutions. XLA's own convolutions take ten times as long on this
kind of processor as a matrix product over shifted copies (channels first, pixels along the last axis), so that is how they are
written. Images stay bytes until a step reads them, padded to the most scenes there may be: one program for any number.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.equation import FIELDS, losses, stack, tf
from lossviz.plan import LANES
from lossviz.scenes import CLASSES, SIDE, VOID
from lossviz.segplan import BATCH, METHODS, SHOWN, TEST, Frame, N, ScenePlan, SceneRun, Stretch, levels, prepare_scenes
from lossviz.train import _call, _f32, _i32, _once

Array = NDArray[Any]
State = tuple[Array, Array, Array]
"""Parameters and Adam's two moments, [D] each."""
CHANNELS = (5, 12, 24, 24)
"""Colours and two coordinates in; then what each convolution puts out."""
K = len(CLASSES)
MOST = int(N.high)
SLOTS = 128
"""Most steps of one call."""
SHAPES = (
    (CHANNELS[1], 9 * CHANNELS[0]),
    (CHANNELS[2], 9 * CHANNELS[1]),
    (CHANNELS[3], 9 * CHANNELS[2]),
    (K, CHANNELS[1] + CHANNELS[3]),
)
"""Of the weights of each layer: out, 9 places × in (the last sees its own pixel only); each has a bias besides."""
SIZE = sum(o * i + o for o, i in SHAPES)
"""Parameters."""


def initial(seed: int) -> Array:
    """Parameters to start from, float32 [SIZE]: He's normal, biases 0."""
    rng = np.random.default_rng([seed, 3])
    parts = [np.concatenate([rng.normal(0, np.sqrt(2 / i), o * i), np.zeros(o)]) for o, i in SHAPES]
    return np.concatenate(parts).astype(np.float32)


def layers(theta: Any) -> list[tuple[Any, Any]]:
    """Weights [out, 9 × in] and biases [out] of the four layers; the nine places run row by row."""
    out, at = [], 0
    for o, i in SHAPES:
        out.append((tf.reshape(theta[at : at + o * i], [o, i]), theta[at + o * i : at + o * i + o]))
        at += o * i + o
    return out


def _convolve(x: Any, weights: Any, bias: Any, stride: int = 1, apart: int = 1) -> Any:
    """A 3×3 convolution that keeps the size ("same"), [in, B, H, H] -> [out, B, H/stride, H/stride]."""
    high = x.shape[2]
    pads = [0, 1] if stride == 2 else [apart, apart]
    padded = tf.pad(x, [[0, 0], [0, 0], pads, pads])
    copies = [
        padded[:, :, i * apart : i * apart + high : stride, j * apart : j * apart + high : stride]
        for i in range(3)
        for j in range(3)
    ]
    return _mix(tf.concat(copies, 0), weights, bias)


def _mix(x: Any, weights: Any, bias: Any) -> Any:
    """Every pixel's channels times a matrix."""
    rest = x.shape[1:]
    return tf.reshape(weights @ tf.reshape(x, [x.shape[0], -1]) + bias[:, None], [weights.shape[0], *rest])


def _inputs(images: Any) -> Any:
    """Bytes [B, SIDE, SIDE, 3] -> what the network sees, [5, B, SIDE, SIDE]: colours about 0, and where a pixel is."""
    colours = tf.transpose(tf.cast(images, tf.float32) / 64.0 - 1.75, [3, 0, 1, 2])
    at = tf.linspace(-1.0, 1.0, SIDE)
    row = tf.broadcast_to(at[None, None, :, None], [1, *colours.shape[1:]])
    column = tf.broadcast_to(at[None, None, None, :], [1, *colours.shape[1:]])
    return tf.concat([colours, row, column], 0)


def logits(theta: Any, images: Any) -> Any:
    """The network.

    Args:
        theta: Parameters, [SIZE].
        images: Colours, uint8 [B, SIDE, SIDE, 3].

    Returns:
        Logits of every pixel, [12, B · SIDE²].
    """
    first, second, third, last = layers(theta)
    fine = tf.nn.relu(_convolve(_inputs(images), *first))
    coarse = tf.nn.relu(_convolve(fine, *second, stride=2))
    coarse = tf.nn.relu(_convolve(coarse, *third, apart=2))
    coarse = tf.repeat(tf.repeat(coarse, 2, 2), 2, 3)
    return tf.reshape(_mix(tf.concat([fine, coarse], 0), *last), [K, -1])


def _one_hot(labels: Any) -> Any:
    """Labels, bytes [B, SIDE, SIDE] -> [12, B · SIDE²]."""
    return tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), K, axis=0)


def tversky(z: Any, y: Any, counted: Any, alpha: Any, beta: Any) -> Any:
    """Tversky's loss (Salehi et al. 2017, arXiv:1706.05721); with α = β = ½ it is Dice's (Milletari et al. 2016, 1606.04797).

    1 − (TP + 1) / (TP + α FP + β FN + 1), with soft counts, in the mean over the classes that occur.

    Args:
        z: Logits, [B, 12, P]: B groups of pixels, each a loss.
        y: Labels, one-hot, likewise.
        counted: 1 for each pixel that counts, else 0, [B, P].
        alpha: Price of false alarms.
        beta: Price of misses.

    Returns:
        [B].
    """
    q = tf.nn.softmax(z, 1) * counted[:, None]
    y = y * counted[:, None]
    hit, said, true = tf.reduce_sum(q * y, 2), tf.reduce_sum(q, 2), tf.reduce_sum(y, 2)
    index = (hit + 1.0) / (hit + alpha * (said - hit) + beta * (true - hit) + 1.0)
    occurs = tf.cast(true > 0, z.dtype)
    return 1.0 - tf.reduce_sum(index * occurs, 1) / tf.maximum(tf.reduce_sum(occurs, 1), 1.0)


def _grouped(a: Any, scenes: int) -> Any:
    """[12, scenes · SIDE²] -> [scenes, 12, SIDE²]."""
    return tf.transpose(tf.reshape(a, [K, scenes, SIDE * SIDE]), [1, 0, 2])


def _bytes(*shape: int) -> Any:
    return tf.TensorSpec(shape, tf.uint8)


_TABLES = {f: _f32(1, K) if f == "focus" else _f32(1, K, K) for f in FIELDS}


@_once
def _programs() -> dict[str, Any]:
    """The two compiled programs: "step" and "look"."""

    @tf.function(
        jit_compile=True,
        input_signature=[
            *[_f32(SIZE)] * 3, _f32(), _bytes(MOST, SIDE, SIDE, 3), _bytes(MOST, SIDE, SIDE), _i32(SLOTS, BATCH), _i32(),
            _TABLES, _f32(3), _f32(),
        ],
    )  # fmt: skip
    def step(theta, m, v, t, images, labels, order, count, tables, region, rate):  # type: ignore[no-untyped-def]
        """`count` steps of Adam; also the sum of their losses. `region` is whether it is a loss of regions, α and β."""

        def one(i: Any, theta: Any, m: Any, v: Any, t: Any, total: Any) -> Any:
            x, y = tf.gather(images, order[i]), _one_hot(tf.gather(labels, order[i]))
            with tf.GradientTape() as tape:
                tape.watch(theta)
                z = logits(theta, x)
                pixels = tf.reduce_mean(losses(z[None], y, tables))
                counted = tf.cast(tf.reduce_sum(tables["weight"][0, :, :1] * y, 0) > 0, tf.float32)[None]
                regions = tversky(z[None], y[None], counted, region[1], region[2])[0]
                loss = (1.0 - region[0]) * pixels + region[0] * regions
            g = tape.gradient(loss, theta)
            t += 1.0
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            theta -= rate * (m / (1.0 - 0.9**t)) / (tf.sqrt(v / (1.0 - 0.999**t)) + 1e-7)
            return i + 1, theta, m, v, t, total + loss

        _, theta, m, v, _, total = tf.while_loop(lambda i, *_: i < count, one, [0, theta, m, v, t, 0.0])
        return theta, m, v, total

    seen = SHOWN // 2 + TEST

    @tf.function(
        jit_compile=True,
        input_signature=[_f32(SIZE), _bytes(seen, SIDE, SIDE, 3), _bytes(seen, SIDE, SIDE), _TABLES, _f32(3)],
    )
    def look(theta, images, labels, tables, region):  # type: ignore[no-untyped-def]
        """Predicted class, loss and length of the gradient of every pixel, [seen · SIDE²] each."""
        z, y = logits(theta, images), _one_hot(labels)
        counted = tf.cast(tf.reduce_sum(tables["weight"][0, :, :1] * y, 0) > 0, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(z)
            each = losses(z[None], y, tables)[0]
            of_regions = tversky(
                _grouped(z, seen), _grouped(y, seen), tf.reshape(counted, [seen, -1]), region[1], region[2]
            )
            whole = (1.0 - region[0]) * tf.reduce_sum(each) + region[0] * tf.reduce_sum(of_regions) * SIDE**2
        g = tape.gradient(whole, z)
        top = tf.reduce_max(tf.abs(g), 0)
        # squares of small numbers would be 0, which here is to mean 0
        length = top * tf.sqrt(tf.reduce_sum((g / tf.maximum(top, 1e-30)) ** 2, 0))
        missed = counted * (1.0 - tf.reduce_sum(tf.nn.softmax(z, 0) * y, 0))
        return tf.argmax(z, 0, tf.int32), tf.where(region[0] > 0, missed, each), length

    return {"step": step, "look": look}


@lru_cache(maxsize=4)
def _scenes(plan: ScenePlan) -> tuple[Any, Any, Any, Any]:
    """Images and labels of the training part, padded, and of what is looked at; kept for the next task of the same plan."""
    n = len(plan.scenes.labels)
    images, labels = np.zeros((MOST, SIDE, SIDE, 3), np.uint8), np.zeros((MOST, SIDE, SIDE), np.uint8)
    images[:n], labels[:n] = plan.scenes.images, plan.scenes.labels
    half = SHOWN // 2
    seen = (
        np.concatenate([getattr(s, a)[:most] for s, most in ((plan.scenes, half), (plan.test, TEST))])
        for a in ("images", "labels")
    )
    return tf.constant(images), tf.constant(labels), *(tf.constant(a) for a in seen)


def _settings(plan: ScenePlan, row: int) -> tuple[dict[str, Any], Any]:
    """Tables of a method, and whether it is a loss of regions, α and β."""
    name = plan.methods[row]
    tables = {f: tf.constant(a) for f, a in stack([plan.tables(row)]).items()}
    knobs = plan.knobs[name]
    region = [float(METHODS[name].region), knobs.get("alpha", 0.5), knobs.get("beta", 0.5)]
    return tables, tf.constant(region, tf.float32)


def start(plan: ScenePlan, shard: tuple[int, ...]) -> State:
    """The state before the first step: the same for every method."""
    theta = initial(plan.seed)
    return theta, np.zeros_like(theta), np.zeros_like(theta)


def advance(plan: ScenePlan, shard: tuple[int, ...], state: State, chunk: Stretch) -> tuple[State, Frame]:
    """Train one method for one stretch, and look at it.

    Args:
        plan: What to train.
        shard: One of `plan.shards()`: one method.
        state: Where the last stretch, or `start`, left off.
        chunk: One of `plan.chunks()`, in order.

    Returns:
        The state afterwards and the frame.

    Raises:
        FloatingPointError: The parameters are no longer finite.
    """
    (row,) = shard
    images, labels, seen, seen_labels = _scenes(plan)
    tables, region = _settings(plan, row)
    total = np.nan
    if chunk.steps:
        order = np.zeros((SLOTS, BATCH), np.int32)
        order[: chunk.steps] = plan.order(chunk.first_step, chunk.steps)
        *after, loss = _call(
            _programs()["step"], *state, tf.constant(float(chunk.first_step)), images, labels, tf.constant(order),
            tf.constant(chunk.steps), tables, region, tf.constant(plan.learning_rate, tf.float32),
        )  # fmt: skip
        theta, m, v = (a.numpy() for a in after)
        state, total = (theta, m, v), float(loss) / chunk.steps
        if not np.isfinite(theta).all():
            title, reached = METHODS[plan.methods[row]].title, chunk.first_step + chunk.steps
            raise FloatingPointError(f"{title} diverged by step {reached}: choose a smaller learning rate.")
    found = _call(_programs()["look"], tf.constant(state[0]), seen, seen_labels, tables, region)
    predicted, loss, length = (a.numpy().reshape(-1, SIDE, SIDE) for a in found)
    truth = seen_labels.numpy()
    # a class has weight 0 where no training scene has it, or where the weights given say so: no method learns it
    stuck = (length == 0) & (predicted != truth) & (truth != VOID) & (plan.weights[truth] > 0)
    half = SHOWN // 2
    confusion = np.zeros((K, K), np.int64)
    of_test = truth[half:] != VOID
    np.add.at(confusion, (truth[half:][of_test], predicted[half:][of_test]), 1)
    stuck_test = stuck[half:]
    frame = Frame(
        row=row,
        frame=chunk.frame,
        predicted=predicted[:SHOWN].astype(np.uint8),
        loss=levels(loss[:SHOWN]),
        gradient=levels(length[:SHOWN]),
        stuck=stuck[:SHOWN],
        confusion=confusion,
        stuck_share=float(stuck_test.sum() / of_test.sum()),
        stuck_loss=float(loss[half:][stuck_test].mean()) if stuck_test.any() else np.nan,
        own_loss=total,
    )
    return state, frame


def frames(plan: ScenePlan, shard: tuple[int, ...]) -> Iterator[Frame]:
    """Train one method here, a frame at a time."""
    state = start(plan, shard)
    for chunk in plan.chunks():
        state, frame = advance(plan, shard, state, chunk)
        yield frame


def fit_scenes(methods: str | Sequence[str] = ("plain", "true_mask", "multiplied_mask"), **options: Any) -> SceneRun:
    """Train a small segmentation network on drawn street scenes, by several methods: same start, same batches.

    Args:
        methods: Names in `lossviz.METHODS`.
        **options: Of `prepare_scenes`: `scenes` (48), `steps` (300), `seed` (0), `weights` ("presence", another key of
            `lossviz.segplan.SOURCES`, or 12 numbers), `void` (True: weight 0), `learning_rate` (0.01), `knobs`
            ({method: {knob: value}}).

    Returns:
        A `SceneRun`: confusion, intersection over union, stuck pixels and maps of every frame, NumPy arrays.

    Raises:
        ValueError: Whatever is wrong with the arguments, before anything is trained.
        FloatingPointError: Training diverged.

    Example:
        >>> run = fit_scenes("plain", scenes=8, steps=20)
        >>> run.iou.shape, run.done
        ((21, 1, 12), True)
    """
    plan = prepare_scenes(methods, **options)
    with ThreadPoolExecutor(LANES) as pool:  # TensorFlow releases the GIL
        return plan.assemble(chain(*pool.map(lambda shard: list(frames(plan, shard)), plan.shards())))


def pixel_loss(plan: ScenePlan, row: int, z: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Loss and gradient of single pixels by a method of the equation: what the maps are made of.

    Args:
        plan: Of a run.
        row: A method that is no loss of regions.
        z: Logits, [N, 12].
        labels: True classes, [N].

    Returns:
        Losses [N], and gradients with respect to the logits [N, 12].

    Raises:
        ValueError: The method is one of regions.

    Example:
        A pixel that is predicted as Void, where masks are multiplied into the logits, pays log 12 and learns nothing:

        >>> plan = prepare_scenes("multiplied_mask", scenes=8)
        >>> loss, slope = pixel_loss(plan, 0, np.eye(12)[[VOID]] * 3, [0])
        >>> round(float(np.exp(loss[0])), 4), bool((slope == 0).all())
        (12.0, True)
    """
    if METHODS[plan.methods[row]].region:
        raise ValueError(f"{METHODS[plan.methods[row]].title} has no loss of a single pixel")
    tables, _ = _settings(plan, row)
    logits_ = tf.constant(np.asarray(z, np.float32).T[None])
    with tf.GradientTape() as tape:
        tape.watch(logits_)
        value = losses(logits_, tf.one_hot(np.asarray(labels), K, axis=0), tables)
    return value.numpy()[0], tape.gradient(value, logits_).numpy()[0].T


def warm(model: str, features: int, classes: int) -> None:
    """Compile (or load from the cache) the programs, so that no visitor waits for them."""
    fit_scenes("plain", scenes=8, steps=20)
