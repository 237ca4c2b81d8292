"""Training of every multi-label method at once, in chunks, through the kernel of the one equation; imports TensorFlow.

A row of the kernel is one label of one method, with the two-class tables and the 0/1 labels of its own. The softmax by mistake
is the same kernel over all labels as classes, summed over those that are there.
"""

import warnings
from collections.abc import Sequence
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz import models
from lossviz.equation import FIELDS, losses, stack, tf
from lossviz.multidata import MultiData, make_multilabel
from lossviz.multilabel import (
    RULES,
    Judged,
    MultiPlan,
    label_calibration_error,
    prepare_multilabel,
    repaired,
    stands_for,
)
from lossviz.multimethods import METHODS, NOTHING, LabelTables, outputs
from lossviz.strategies import STRATEGIES

Array = NDArray[Any]
SOFT = [m.output == "softmax" for m in METHODS.values()]
MARGIN = [any(k.name == "margin" for k in m.knobs) for m in METHODS.values()]
TWICE = [m.output == "double" for m in METHODS.values()]
_compiling = Lock()


def capacity(n: int) -> int:
    """Examples a program is compiled for: the next power of two from 512 on."""
    return max(512, 1 << (n - 1).bit_length())


def stacked(tables: Sequence[LabelTables], dtype: Any = np.float32) -> dict[str, Array]:
    """What `lossviz.equation.stack` makes of the tables, and their margins, a row each."""
    return stack(tables, dtype) | {"margin": np.array([t.margin for t in tables], dtype)}


def lowered(z: Any, margin: Any) -> Any:
    """The logit of max(σ(z) − m, 0), as `lossviz.multimethods.lowered`; where m is 0, z itself.

    Args:
        z: Logits, [L, N].
        margin: m of every label, [L, 1].
    """
    some = margin > 0
    m = tf.where(some, margin, 0.5)  # whatever is not used must be finite: 0 times its infinite slope is no number
    left = tf.sigmoid(z) - m
    kept = left > 0
    out = tf.math.log(tf.where(kept, left, 1.0)) - tf.math.log(tf.sigmoid(-z) + m)
    return tf.where(some, tf.where(kept, out, NOTHING), z)


def example_losses(z: Any, y: Any, tables: dict[str, Any]) -> Any:
    """Sum over the labels of each example's loss.

    Args:
        z: Logits, [M, L, N].
        y: 0 or 1 as floats, [L, N].
        tables: Two-class tables of every method and label, as `stacked` makes them of M·L rows.

    Returns:
        Nats, [M, N].
    """
    m, count = z.shape[0], z.shape[1]
    n = tf.shape(z)[2]
    logits = tf.where(tf.constant(TWICE)[:, None, None], tf.sigmoid(z), z)
    margin = tf.reshape(tables["margin"], [m, count, 1])
    noes = tf.stack([lowered(logits[i], margin[i]) if some else logits[i] for i, some in enumerate(MARGIN)])
    logits = tf.where(y > 0, logits, noes)
    pairs = tf.reshape(tf.stack([tf.zeros_like(logits), logits], 2), [m * count, 2, n])
    either = tf.tile(tf.stack([1.0 - y, y], 1), [m, 1, 1])
    each = tf.reshape(losses(pairs, either, tables), [m, count, n])
    # an example once for each label as its class; where the label is not there, a column of zeros costs nothing
    rows = [i for i, soft in enumerate(SOFT) if soft]
    wide = tf.tile(tf.gather(z, rows), [1, 1, count])
    there = tf.reshape(tf.eye(count, dtype=z.dtype)[:, :, None] * y[None], [count, count * n])
    plain = stack([STRATEGIES["cross_entropy"].tables(np.ones(count))] * len(rows), z.dtype.as_numpy_dtype)
    shared = tf.reshape(losses(wide, there, {f: tf.constant(a) for f, a in plain.items()}), [len(rows), count, n])
    total = tf.reduce_sum(each, 1)
    return tf.tensor_scatter_nd_update(total, [[i] for i in rows], tf.reduce_sum(shared, 1))


@lru_cache(maxsize=64)
def _program(dims: tuple[int, ...], size: int) -> Any:
    """The compiled program that takes steps of Adam, for up to `size` examples."""
    rows, count, parameters = len(METHODS), dims[-1], models.size(dims)

    def f32(*shape: int) -> Any:
        return tf.TensorSpec(shape, tf.float32)

    shapes = {"focus": (2,), "margin": ()}
    specs = {f: f32(rows * count, *shapes.get(f, (2, 2))) for f in (*FIELDS, "margin")}

    @tf.function(
        jit_compile=True,
        input_signature=[
            *[f32(rows, parameters)] * 3, tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32),
            f32(dims[0], size), f32(count, size), f32(size), specs, f32(),
        ],
    )  # fmt: skip
    def steps(theta, m, v, first, last, x, y, real, tables, rate):  # type: ignore[no-untyped-def]
        def own(theta: Any) -> Any:
            return tf.linalg.matvec(example_losses(models.logits(theta, x, dims), y, tables), real)

        def one(i: Any, theta: Any, m: Any, v: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(theta)
                total = tf.reduce_sum(own(theta))
            g = tape.gradient(total, theta)
            m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, tf.cast(i + 1, tf.float32)
            step = (m / (1.0 - 0.9**t)) / (tf.sqrt(v / (1.0 - 0.999**t)) + 1e-7)
            return i + 1, theta - rate * step, m, v

        _, theta, m, v = tf.while_loop(lambda i, *_: i < last, one, [first, theta, m, v])
        return theta, m, v, own(theta)

    return steps


@lru_cache(maxsize=4)
def _constants(plan: MultiPlan) -> tuple[Any, ...]:
    """Points, labels, 1/N for each real example, and tables: kept for the next chunk of the same plan."""
    data = plan.data
    n, size = len(data.y), capacity(len(data.y))
    x, y = np.zeros((plan.dims[0], size), np.float32), np.zeros((plan.dims[-1], size), np.float32)
    real = np.zeros(size, np.float32)
    x[:, :n], y[:, :n], real[:n] = data.X.T, data.y.T, 1 / n
    tables = stacked([t for of_method in plan.tables for t in of_method])
    return *(tf.constant(a) for a in (x, y, real)), {f: tf.constant(a) for f, a in tables.items()}


def advance(plan: MultiPlan, before: Any, frame: int, thorough: bool = True) -> tuple[Any, Judged]:
    """Train up to a frame, and judge what has come of it.

    Args:
        plan: What to train.
        before: The pair that the frame before returned; None for the first.
        frame: Index into `plan.steps`.
        thorough: Whether to judge everything; otherwise only what is decided above a half, and the rest is NaN.

    Returns:
        The state to go on from, and the picture.

    Raises:
        ValueError: Training diverged.
    """
    state = (plan.theta, np.zeros_like(plan.theta), np.zeros_like(plan.theta)) if before is None else before[0]
    first = plan.steps[frame - 1] if frame else 0
    program = _program(plan.dims, capacity(len(plan.data.y)))
    arguments = [*(tf.constant(a) for a in (*state, first, plan.steps[frame])), *_constants(plan)]
    call = program if program.experimental_get_tracing_count() else partial(_first, program)
    *state, loss = call(*arguments, tf.constant(plan.learning_rate, tf.float32))
    state = tuple(a.numpy() for a in state)
    if not np.isfinite(state[0]).all():
        raise ValueError(f"Training diverged before step {plan.steps[frame]}: choose a smaller learning rate.")
    return state, judge(plan, state[0], loss.numpy(), plan.steps[frame], thorough)


def _first(program: Any, *args: Any) -> Any:
    """The first call of a program compiles it: one at a time, so that it happens once."""
    with _compiling:
        return program(*args)


def logits(plan: MultiPlan, theta: Array, X: Array) -> Array:
    """Logits of every method, [M, L, N]."""
    return np.stack([models.forward(t.astype(np.float64), X, plan.dims).T for t in theta])


def judge(plan: MultiPlan, theta: Array, loss: Array, step: int, thorough: bool = True) -> Judged:
    """Everything that is measured, on the test part; thresholds are learned on the held-out part. scikit-learn computes."""
    from sklearn.metrics import (
        accuracy_score,
        average_precision_score,
        hamming_loss,
        precision_recall_curve,
        precision_recall_fscore_support,
    )

    data, (m, count) = plan.data, (len(METHODS), len(plan.data.labels))
    z, held = logits(plan, theta, data.X_test), logits(plan, theta, data.X_held)
    shares = data.y.mean(0)
    threshold = np.full((len(RULES), m, count), np.nan)
    by_rule = np.full((3, len(RULES), m, count), np.nan)
    subset, hamming = np.full((2, len(RULES), m), np.nan)
    ap, ece, fixed = np.full((3, m, count), np.nan)
    for i, method in enumerate(METHODS.values()):
        q, q_held = outputs(method.output, z[i]), outputs(method.output, held[i])
        threshold[0, i] = 0.5
        decided: list[Array | None] = [q >= 0.5, None, None]
        if method.output != "softmax" and thorough:
            etas = np.array([repaired(method, plan.tables[i][c], z[i, c]) for c in range(count)])
            decided[1] = etas >= shares[:, None]
            for c in range(count):
                at = stands_for(method, plan.tables[i][c], float(shares[c]))
                threshold[1, i, c] = np.nan if at is None else at
                if method.output == "sigmoid":
                    fixed[i, c] = label_calibration_error(data.y_test[:, c], etas[c])
        if thorough:
            ap[i] = average_precision_score(data.y_test, q.T, average=None)
            for c in range(count):
                precision, recall, cuts = precision_recall_curve(data.y_held[:, c], q_held[c])
                f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
                best = int(np.argmax(f1[:-1]))
                # halfway to the next lower output: one that is a rounding error away decides alike
                lower = q_held[c][q_held[c] < cuts[best]]
                threshold[2, i, c] = (cuts[best] + lower.max()) / 2 if len(lower) else cuts[best]
                ece[i, c] = label_calibration_error(data.y_test[:, c], q[c])
            decided[2] = q >= threshold[2, i][:, None]
        for r, yes in enumerate(decided):
            if yes is None:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # NaN for a label that is never decided is what is wanted
                found = precision_recall_fscore_support(
                    data.y_test, yes.T.astype(int), average=None, zero_division=np.nan
                )
            by_rule[:, r, i] = found[:3]
            subset[r, i] = accuracy_score(data.y_test, yes.T.astype(int))
            hamming[r, i] = hamming_loss(data.y_test, yes.T.astype(int))
    precision, recall, f1 = by_rule
    return Judged(
        step, theta, loss, z.astype(np.float32), threshold, recall, precision, f1, subset, hamming, ap, ece, fixed
    )


def fit_multilabel(data: MultiData, model: str = "linear", **options: Any) -> Judged:
    """Train every method of `lossviz.multilabel.METHODS` and judge it.

    Args:
        data: What `make_multilabel` or `from_label_table` returned.
        model: A key of `lossviz.MODELS`.
        **options: Of `lossviz.multilabel.prepare_multilabel`: steps, learning_rate, seed, knobs.

    Returns:
        The methods after the last step.

    Example:
        >>> run = fit_multilabel(make_multilabel(labels=3, n=200, rarest=0.1), steps=50)
        >>> run.recall.shape, run.logits.shape
        ((3, 8, 3), (8, 3, 200))
    """
    plan = prepare_multilabel(data, model, **options)
    state = None
    for frame in range(len(plan.steps)):
        state = advance(plan, state, frame, frame == len(plan.steps) - 1)
    assert state is not None
    judged: Judged = state[1]
    return judged


def warm(model: str, features: int, labels: int) -> None:
    """Compile what a page's default size needs."""
    data = make_multilabel(labels=labels)
    if len(data.features) == features:
        advance(prepare_multilabel(data, model, steps=12), None, 0)
