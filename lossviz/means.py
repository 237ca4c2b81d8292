"""The same weights, three means: what frameworks divide a weighted loss by, on a small batch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.lab import value
from lossviz.strategies import get

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[Any]

LOGITS = ((2, 2, 6, 1, 3), (9, 6, 1, 0, 1), (9, 0, 0, 9, 3), (4, 0, 0, 4, 1), (7, 3, 2, 4, 7), (2, 4, 8, 0, 7))
LABELS = (1, 3, 4, 4, 4, 1)
WEIGHTS = (0.3, 0.1, 0.2, 0.3, 0.1)
"""The batch to start from."""
FORMULAS = {"keras": "Keras: Σwℓ / N", "pytorch": "PyTorch: Σwℓ / Σw", "tf1": "TF1: Σwℓ / #{w ≠ 0}"}
MOST = 1e4
"""Largest logit, either way."""


@dataclass(frozen=True, eq=False)
class Means:
    """One batch, reduced.

    Attributes:
        losses: Plain cross-entropy of each example, [N].
        weights: The weight of each example's true class, [N].
        whole: Framework -> its mean of the batch.
        alone: Framework -> what it makes of each example as a batch of its own, [N]; NaN where it divides 0 by 0.
        multiplied: The mean loss with the weights multiplied into the logits.
    """

    losses: Array
    weights: Array
    whole: dict[str, float]
    alone: dict[str, Array]
    multiplied: float


def _reduce(losses: Array, w: Array) -> dict[str, float]:
    total, some = float(w @ losses), int(np.count_nonzero(w))
    return {
        "keras": total / len(w),
        "pytorch": total / float(w.sum()) if w.sum() else float("nan"),
        "tf1": total / some if some else 0.0,
    }


def means(logits: ArrayLike, labels: ArrayLike, class_weight: ArrayLike) -> Means:
    """Weighted cross-entropy of a batch, reduced as Keras, PyTorch and TensorFlow 1 do.

    Args:
        logits: [N, K], finite.
        labels: True classes, [N].
        class_weight: One number a class, [K], none of them negative.

    Returns:
        The three means, of the whole batch and of each example alone.

    Raises:
        ValueError: A number that is none, a label out of range, an empty batch; the message says where.

    Example:
        One example of weight 3: PyTorch divides by the weight it has multiplied by.

        >>> m = means([[0.0, 0.0]], [1], [1.0, 3.0])
        >>> {name: round(v, 4) for name, v in m.whole.items()}
        {'keras': 2.0794, 'pytorch': 0.6931, 'tf1': 2.0794}
    """
    z = np.asarray(logits, dtype=np.float64)
    w = np.asarray(class_weight, dtype=np.float64)
    y = np.asarray(labels, dtype=np.float64)
    if z.ndim != 2 or not len(z) or z.shape[1] < 2:
        raise ValueError("a batch needs at least one row, of two logits or more")
    for i, c in np.argwhere(~(np.abs(z) <= MOST)):
        raise ValueError(f"row {i}, z{c} is {_said(z[i, c])}: logits must be numbers from -{MOST:,.0f} to {MOST:,.0f}")
    k = z.shape[1]
    for i in np.flatnonzero(~np.isin(y, np.arange(k))):
        raise ValueError(f"row {i} has the label {_said(y[i])}: labels must be whole numbers from 0 to {k - 1}")
    if w.shape != (k,) or len(y) != len(z):
        raise ValueError(f"there must be a weight for each of the {k} classes, and a label for each row")
    for c in np.flatnonzero(~((w >= 0) & (w <= 1e6))):
        raise ValueError(f"the weight of class {c} is {_said(w[c])}: weights must be numbers from 0 to 1,000,000")
    if not w.any():
        raise ValueError("the weights are 0 for every class: nothing would be learnt")
    y = y.astype(np.int64)
    losses = value(get("cross_entropy").tables(np.ones(k)), z, y)
    alone = [_reduce(losses[i : i + 1], w[y[i : i + 1]]) for i in range(len(z))]
    multiplied = value(get("multiplied_logits").tables(np.ones(k), class_weight=w), z, y)
    return Means(
        losses,
        w[y],
        _reduce(losses, w[y]),
        {name: np.array([a[name] for a in alone]) for name in FORMULAS},
        float(multiplied.mean()),
    )


def row(values: ArrayLike) -> str:
    """Numbers as a link holds them.

    Example:
        >>> row([0.5, 2])
        '0.5,2'
    """
    return ",".join(f"{v:.12g}" for v in np.asarray(values, dtype=np.float64))


def link(logits: ArrayLike, labels: ArrayLike) -> str:
    """A batch as a link holds it: rows of logits and the label last, with semicolons between.

    Example:
        >>> link([[2, 1], [0, 0.5]], [0, 1])
        '2,1,0;0,0.5,1'
    """
    return ";".join(row([*z, y]) for z, y in zip(np.asarray(logits, float), np.asarray(labels, float), strict=True))


def read(batch: str | None, weights: str | None) -> tuple[tuple[Array, Array, Array], list[str]]:
    """Logits, labels and weights that a link asks for; if they make no sense, the ones to start from, and why.

    Example:
        >>> (z, y, w), wrong = read("1,2,0;0,0,1", "1,3")
        >>> z.tolist(), y.tolist(), w.tolist(), wrong
        ([[1.0, 2.0], [0.0, 0.0]], [0, 1], [1.0, 3.0], [])
        >>> read("1,2,0;0,0", None)[1]
        ["batch='1,2,0;0,0' (2 to 10 logits and a label a row, up to 200 rows, with ; between)"]
    """
    start = np.array(LOGITS, float), np.array(LABELS), np.array(WEIGHTS)
    z, y, w = start
    wrong = []
    try:
        if batch is not None:
            rows = [[float(x) for x in line.split(",")] for line in batch.split(";")]
            if len({len(line) for line in rows}) > 1 or not 3 <= len(rows[0]) <= 11 or len(rows) > 200:
                raise ValueError
            z, y = np.array(rows)[:, :-1], np.array(rows)[:, -1]
            w = np.ones(z.shape[1])
    except ValueError:
        return start, [f"batch={_quoted(batch)} (2 to 10 logits and a label a row, up to 200 rows, with ; between)"]
    try:
        if weights is not None:
            w = np.array([float(x) for x in weights.split(",")])
        elif z.shape[1] == len(WEIGHTS):
            w = np.array(WEIGHTS)
    except ValueError:
        wrong.append(f"batch-weights={_quoted(weights)} ({z.shape[1]} numbers)")
    try:
        means(z, y, w)
    except ValueError as e:
        asked = {"batch": batch, "batch-weights": weights}
        return start, [f"{', '.join(f'{n}={_quoted(v)}' for n, v in asked.items() if v is not None)} ({e})"]
    return (z, y.astype(np.int64), w), wrong


def _quoted(text: str | None) -> str:
    return repr(" ".join((text or "").split())[:40])


def _said(number: float) -> str:
    return "missing" if np.isnan(number) else f"{number:g}"


def sentence(m: Means) -> str:
    """What the three means say of this batch, and of its first example alone.

    Example:
        >>> sentence(means(LOGITS, LABELS, WEIGHTS))[:93]
        'The same weights, three numbers: Keras 0.7787589, PyTorch 5.840692, TF1 0.7787589 (no weight '
    """

    def shown(v: float) -> str:
        return "undefined (0/0)" if np.isnan(v) else f"{v:.7g}"

    whole = m.whole
    zeros = int((m.weights == 0).sum())
    divided = f"{zeros} of {len(m.weights)} weights are 0" if zeros else "no weight is 0, so it divides by N like Keras"
    out = (
        f"The same weights, three numbers: Keras {shown(whole['keras'])}, PyTorch {shown(whole['pytorch'])}, "
        f"TF1 {shown(whole['tf1'])} ({divided}); multiplied into the logits they give {shown(m.multiplied)}. "
    )
    one = {name: float(values[0]) for name, values in m.alone.items()}
    if m.weights[0] == 0:
        return out + "Alone, the first example has weight 0: PyTorch divides 0 by 0, Keras and TF1 say 0."
    same = (
        "its plain loss: the weight cancels" if m.weights[0] != 1 else "its plain loss, as the others (its weight is 1)"
    )
    return out + (
        f"Alone, the first example, of weight {m.weights[0]:g}, is {shown(one['keras'])} for Keras and TF1, "
        f"{'but' if m.weights[0] != 1 else 'and'} {shown(one['pytorch'])} for PyTorch, {same}."
    )


def figure(m: Means) -> "go.Figure":
    """Bars: the whole batch, and each example as a batch of its own, the three ways; multiplied logits are hatched."""
    import plotly.graph_objects as go

    places = ["whole batch", *(f"row {i} alone" for i in range(len(m.losses)))]
    out = go.Figure()
    for (name, title), colour in zip(FORMULAS.items(), ("#D55E00", "#0072B2", "#009E73"), strict=True):
        heights = np.array([m.whole[name], *m.alone[name]])
        out.add_trace(go.Bar(x=places, y=heights, name=title, marker={"color": colour}))
    out.add_trace(
        go.Bar(
            x=places[:1], y=[m.multiplied], name="Multiplied logits (flawed), mean",
            marker={"color": "#7A7A7A", "pattern": {"shape": "/", "fillmode": "overlay", "fgcolor": "white"}},
        )
    )  # fmt: skip
    out.update_layout(barmode="group", height=380, yaxis={"title": {"text": "loss, nats"}}, margin={"t": 20})
    out.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    out.update_xaxes(title_text="")
    return out
