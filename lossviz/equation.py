"""The one equation, in TensorFlow: value and gradient, for every strategy at once.

Importing this module imports TensorFlow (seconds), so nothing in the package does it before it must. Layout is
[strategy row, class, example]: examples run along the last axis, where the processor's vectors are.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.strategies import Tables, get

KEPT = 200
"""Compiled programs kept on disk, about 0.3 MB each."""
ROOM = 200 * 2**20
"""Bytes that must be free for more of them."""


def _compiled_programs() -> Path:
    """Where compiled programs are kept, by processor and TensorFlow version: machine code of one is poison to another."""
    try:
        processor = [
            x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith(("model name", "flags"))
        ][:2]
    except OSError:  # not Linux
        processor = list(os.uname()) if hasattr(os, "uname") else [os.environ.get("PROCESSOR_IDENTIFIER", "")]
    key = hashlib.sha256("\n".join(processor).encode()).hexdigest()[:12]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home) / "lossviz" / f"xla-{version('tensorflow')}-{key}"


def _has_room(folder: Path) -> bool:
    """Whether programs can be kept there; TensorFlow would end a training whose program it cannot write."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return shutil.disk_usage(folder).free > ROOM and file.write(bytes(2**20)) == 2**20
    except OSError:  # read-only, or full
        return False


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the models are tiny: a GPU would only add latency
if "xla_persistent_cache" not in os.environ.get("TF_XLA_FLAGS", ""):
    try:
        _programs = _compiled_programs()
        _programs.mkdir(parents=True, exist_ok=True)
        _flag = f"--tf_xla_persistent_cache_directory={_programs}"
        if _has_room(_programs):
            # TensorFlow numbers its functions in order of creation and takes the number for part of the program, so
            # another order of the same work leaves another copy: keep the newest
            for _old in sorted(_programs.iterdir(), key=lambda f: f.stat().st_mtime)[:-KEPT]:
                _old.unlink(missing_ok=True)
        else:
            _flag += " --tf_xla_persistent_cache_read_only"
    except (OSError, ImportError):
        pass  # no home, or it cannot be written: every process compiles for itself; no TensorFlow: told below
    else:
        os.environ["TF_XLA_FLAGS"] = f"{os.environ.get('TF_XLA_FLAGS', '')} {_flag}".strip()

try:
    import tensorflow as tf  # reads the settings above
except Exception as e:  # it is not there, or broken: a page shows this sentence
    _why = " ".join(f"{type(e).__name__}: {e}".split())[:120]
    raise ImportError(
        f"TensorFlow, which trains, cannot be imported ({_why}). Install it (pip install -c constraints.txt -r "
        "requirements.txt) and start again; what needs no training works without it."
    ) from e

FIELDS = ("weight", "late_weight", "scale", "shift", "focus", "cost")


def stack(tables: Sequence[Tables], dtype: Any = np.float32) -> dict[str, NDArray[Any]]:
    """The tables of several strategies as arrays with a leading row axis: what `losses` takes."""
    return {f: np.stack([getattr(t, f) for t in tables]).astype(dtype) for f in FIELDS}


def _select(table: Any, one_hot: Any) -> Any:
    """Table [R,A,B] at the A that one_hot [R or 1,A,N] marks -> [R,B,N]; 0 where it marks none."""
    return sum(table[:, a, :, None] * one_hot[:, a, None, :] for a in range(table.shape[1]))


def predicted(z: Any) -> Any:
    """One-hot of ŷ = argmax z over the classes, [R,K,N] -> [R,K,N]; of equal logits the first, as argmax does."""
    best = tf.reduce_max(z, 1)
    free = tf.ones_like(best)
    marks = []
    for c in range(z.shape[1]):
        hit = tf.cast(z[:, c] >= best, z.dtype) * free
        free -= hit
        marks.append(hit)
    return tf.stop_gradient(tf.stack(marks, 1))


def scaled(z: Any, one_hot: Any, scale: Any) -> Any:
    """S[ŷ] ⊙ z: logits [R,K,N] times the row of `scale` [R,K,K] that `one_hot` [R,K,N] marks."""
    return _select(scale, one_hot) * z


def losses(z: Any, y: Any, k: dict[str, Any], late: Any = None) -> Any:
    """The equation: one loss a row and example.

    Everything hangs on one number, the log-odds against the true class u = log Σ_{c≠y} exp q̃_c − q̃_y of the adjusted
    logits q̃: −log q_y = softplus(u) and 1 − q_y = exp(u − softplus(u)), both without cancellation at either end.

    Args:
        z: Logits, [R,K,N].
        y: Labels, one-hot, [K,N], or [R,K,N] where each row has its own; an all-zero column is padding and costs nothing.
        k: Tables, as `stack` makes them.
        late: Rows whose late weights are in force, booleans [R]; None for none.

    Returns:
        Losses in nats, [R,N].
    """
    table = k["weight"] if late is None else tf.where(late[:, None, None], k["late_weight"], k["weight"])
    # All that hangs on y alone in one matrix product, exact because y is one-hot: XLA would compute an elementwise
    # selection anew in each of the loops that use it, and takes a quarter longer for a training step.
    tables = tf.concat([table, k["shift"], k["cost"], k["focus"][:, :, None]], 2)
    own = y.shape.rank == 3
    of_true = tf.einsum("rya,ryn->ran" if own else "rya,yn->ran", tables, y)
    by_guess, shift, cost, focus = tf.split(of_true, [*[z.shape[1]] * 3, 1], 1)
    y = y if own else y[None]
    guess = predicted(z)
    z = scaled(z, guess, k["scale"]) + shift
    weight = tf.reduce_sum(by_guess * guess, 1)
    focus = focus[:, 0]
    z_true = tf.reduce_sum(z * y, 1)
    others = z - 1e30 * y
    top = tf.stop_gradient(tf.reduce_max(others, 1, keepdims=True))
    u = tf.math.log(tf.reduce_sum(tf.exp(others - top), 1)) + (top[:, 0] - z_true)
    nats = tf.nn.softplus(u)
    q = tf.exp(tf.minimum(z - z_true[:, None] - nats[:, None], 0.0))  # rounding must not make it more than 1
    return weight * tf.exp(focus * (u - nats)) * nats + tf.reduce_sum(cost * q, 1)


def _inputs(logits: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    z = np.asarray(logits)
    if z.dtype != np.float32:
        try:
            z = z.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"logits must be numbers; not {z.dtype}") from None
    y = np.asarray(labels)
    if z.ndim < 1 or z.shape[-1] < 2:
        raise ValueError(f"logits must have shape [..., K] with K ≥ 2 classes; not {z.shape}")
    if y.shape != z.shape[:-1]:
        raise ValueError(f"labels must have the shape of logits without its last axis, {z.shape[:-1]}; not {y.shape}")
    if y.dtype.kind not in "iub" and y.size:
        raise ValueError(f"labels must be integers, class indices; not {y.dtype}")
    classes = z.shape[-1]
    for i in np.argwhere((y < 0) | (y >= classes)):
        where = tuple(i.tolist())
        raise ValueError(f"labels{list(where)} is {int(y[where])}: labels must be between 0 and {classes - 1}")
    for i in np.argwhere(~np.isfinite(z)):
        where = tuple(i.tolist())
        raise ValueError(f"logits{list(where)} is {z[where]}: logits must be finite")
    return z, y.astype(np.int64)


def _evaluate(
    name: str, logits: ArrayLike, labels: ArrayLike, counts: ArrayLike, knobs: dict[str, Any], slope: bool
) -> Any:
    tables = get(name).tables(counts, **knobs)
    z, y = _inputs(logits, labels)
    classes = z.shape[-1]
    if len(tables.focus) != classes:
        raise ValueError(f"counts must have one number a class, {classes}; not {len(tables.focus)}")
    flat = tf.constant(z.reshape(-1, classes).T[None])
    one_hot = tf.constant(np.eye(classes, dtype=z.dtype)[y.reshape(-1)].T)
    k = {f: tf.constant(a) for f, a in stack([tables], z.dtype).items()}
    with tf.GradientTape() as tape:
        tape.watch(flat)
        value = losses(flat, one_hot, k)
    if slope:
        return tape.gradient(value, flat).numpy()[0].T.reshape(z.shape)
    return value.numpy()[0].reshape(z.shape[:-1])


def loss(name: str, logits: ArrayLike, labels: ArrayLike, counts: ArrayLike, **knobs: Any) -> NDArray[Any]:
    """The training loss of a strategy, one value an example, in nats.

    Args:
        name: A name in `lossviz.STRATEGIES`.
        logits: What the model puts out, [..., K].
        labels: True classes, integers, [...].
        counts: Training examples of each class, [K]; 0 is an absent class.
        **knobs: The strategy's parameters, such as `gamma` or `class_weight`.

    Returns:
        Losses, [...], float32 for float32 logits, else float64.

    Raises:
        ValueError: An unknown name or knob, shapes that do not fit, a label out of range, or a count that is negative or
            not finite; the message says which.

    Example:
        Counts 500 and 31 with weights that sum to 1, at logits [2, 1]: the weighted loss of the common class is
        31/531 · log(1 + e⁻¹); the multiplied one is that of logits [2·31/531, 500/531].

        >>> w = [31 / 531, 500 / 531]
        >>> loss("weighted_cross_entropy", [[2., 1.], [2., 1.]], [0, 1], [500, 31], class_weight=w).round(7).tolist()
        [0.0182883, 1.2365929]
        >>> loss("multiplied_logits", [[2., 1.], [2., 1.]], [0, 1], [500, 31], class_weight=w).round(7).tolist()
        [1.1883185, 0.3634597]
    """
    return _evaluate(name, logits, labels, counts, knobs, slope=False)


def gradient(name: str, logits: ArrayLike, labels: ArrayLike, counts: ArrayLike, **knobs: Any) -> NDArray[Any]:
    """The gradient of `loss` with respect to the logits; the predicted class is taken as constant.

    Args:
        name: A name in `lossviz.STRATEGIES`.
        logits: What the model puts out, [..., K].
        labels: True classes, integers, [...].
        counts: Training examples of each class, [K].
        **knobs: The strategy's parameters.

    Returns:
        d loss / d logits, of the shape of `logits`.

    Raises:
        ValueError: As `loss`.

    Example:
        w_y (p − e_y): at equal logits p is a half each.

        >>> gradient("weighted_cross_entropy", [[0., 0.]], [1], [90, 10]).tolist()
        [[2.5, -2.5]]
    """
    return _evaluate(name, logits, labels, counts, knobs, slope=True)
