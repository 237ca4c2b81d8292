"""What to train, settled before TensorFlow is needed, and what came of it.

`prepare` checks every argument and returns a `Plan`; `lossviz.train` turns a plan into pieces, here or in a worker
process; `assemble` puts pieces together to a `Run`. Nothing here imports TensorFlow, so a page can do it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz import models, strategies
from lossviz.dataset import split
from lossviz.knobs import one_of, settle
from lossviz.strategies import Decision, Tables

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]
Shard = tuple[int, ...]
"""Rows that are trained together, by their number."""
ROWS = 4
"""Rows of one compiled program: strategies are padded to a multiple, so that a row's result never depends on others."""
BLOCK = 256
"""Points of one block: points are padded to a multiple."""
SLOTS = 64
"""Most stretches of steps, and most snapshots, in one call of a compiled program."""
RULES = 2
"""Most decision rules of one strategy."""
INFERENCES = {"raw": "Raw logits", "scaled": "Scaled as in training"}
"""How strategies that scale logits in training may decide."""
LANES = 2
"""Threads that share the work."""


@dataclass(frozen=True)
class Optimizer:
    """Coefficients of m ← βm + cg; θ ← θ − rate · m, with Adam's scaling where `adaptive`."""

    name: str
    title: str
    learning_rate: float
    beta: float
    adaptive: bool


OPTIMIZERS = {
    o.name: o
    for o in (
        Optimizer("adam", "Adam", 0.02, 0.9, True),
        Optimizer("momentum", "Momentum 0.9", 0.05, 0.9, False),
        Optimizer("sgd", "Gradient descent", 0.3, 0.0, False),
    )
}


@dataclass(frozen=True, eq=False)
class Row:
    """One trained model: a strategy with its knobs settled, and a seed."""

    strategy: str
    seed: int
    knobs: dict[str, Any]
    tables: Tables
    rule: Decision
    """The one of its decision rules that is drawn."""

    @property
    def title(self) -> str:
        """What a picture is labelled with."""
        return strategies.get(self.strategy).title


@dataclass(frozen=True)
class Chunk:
    """A stretch of a run that is one call: `counts[i]` steps, after which a snapshot is kept where `keep[i]`."""

    first_step: int
    first_frame: int
    counts: tuple[int, ...]
    keep: tuple[bool, ...]
    last: bool


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Everything a run depends on; arrays are as given, in original units."""

    rows: tuple[Row, ...]
    X: Array
    y: Array
    X_test: Array
    y_test: Array
    classes: tuple[str, ...]
    features: tuple[str, ...]
    counts: Array
    centre: Array
    scale: Array
    model: str
    init: str
    optimizer: str
    learning_rate: float
    l2: float
    batch_size: int | None
    seed: int
    steps: Array
    extent: tuple[float, float, float, float] | None
    resolution: int
    room: str = field(default="train", init=False)
    """The room that trains it."""
    wire: str = field(default="wire", init=False)
    """The room that tells of it."""

    def __repr__(self) -> str:
        return f"Plan({len(self.rows)} rows, {len(self.y)} + {len(self.y_test)} examples, {self.steps[-1]} steps)"

    @property
    def dims(self) -> tuple[int, ...]:
        """Units of every layer of the model."""
        return models.get(self.model).dims(self.X.shape[1], len(self.classes))

    @property
    def panels(self) -> list[int]:
        """Rows that get a picture: those of the first seed."""
        return [i for i, r in enumerate(self.rows) if r.seed == self.seed]

    def standardised(self, X: Array) -> Array:
        """Points as the model sees them: float32, zero mean and unit deviation on the training part."""
        return ((X - self.centre) / self.scale).astype(np.float32)

    def grid(self) -> Array:
        """Points of the decision maps in original units, [resolution², 2]: pixel centres, rows from the bottom up."""
        if self.extent is None:
            return np.zeros((0, self.X.shape[1]))
        x0, x1, y0, y1 = self.extent
        at = (np.arange(self.resolution) + 0.5) / self.resolution
        gx, gy = np.meshgrid(x0 + (x1 - x0) * at, y0 + (y1 - y0) * at)
        return np.column_stack([gx.ravel(), gy.ravel()])

    def order(self, sampler: str, seed: int, epoch: int) -> Array:
        """Training examples in the order in which epoch `epoch` meets them: shuffled, or drawn class by class."""
        n = len(self.y)
        rng = np.random.default_rng([seed, 1, epoch])
        if sampler == "uniform":
            return rng.permutation(n)
        by_class = np.argsort(self.y, kind="stable")
        present = np.flatnonzero(self.counts)
        starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        c = present[rng.integers(0, len(present), n)]
        return by_class[starts[c] + (rng.random(n) * self.counts[c]).astype(np.int64)]

    def assemble(self, pieces: Iterable["Piece"]) -> "Run":
        """The run as far as these pieces go."""
        return assemble(self, pieces)

    def shards(self) -> list[Shard]:
        """Rows in shards of up to ROWS that see the same batches: what one thread trains at a time."""
        groups: dict[Any, list[int]] = {}
        for i, row in enumerate(self.rows):
            groups.setdefault((row.tables.sampler, row.seed) if self.batch_size else None, []).append(i)
        return [tuple(g[i : i + ROWS]) for g in groups.values() for i in range(0, len(g), ROWS)]

    def chunks(self) -> list[Chunk]:
        """A shard's run in stretches: a short one for the first picture, then about 0.1 s each."""
        blocks = -(-(self.batch_size or len(self.y)) // BLOCK)
        seconds = blocks * (20e-6 + 0.25e-6 * models.size(self.dims))
        out: list[Chunk] = []
        counts: list[int] = []
        keep: list[bool] = []
        step = begun = begun_frame = 0
        frame = 1  # frame 0 is the initial state

        def room() -> int:
            steps = max(1, int((0.1 if out else 0.003) / seconds))
            return min(steps, max(1, capacity(0) // blocks)) if self.batch_size else steps

        for target in self.steps[1:].tolist():
            while step < target:
                take = min(target - step, room() - sum(counts))
                counts.append(take)
                step += take
                keep.append(step == target)
                frame += step == target
                if sum(counts) >= room() or len(counts) == SLOTS - 1 or step == self.steps[-1]:
                    out.append(Chunk(begun, begun_frame, tuple(counts), tuple(keep), step == int(self.steps[-1])))
                    counts, keep, begun, begun_frame = [], [], step, frame
        return out


def capacity(points: int) -> int:
    """Blocks to pad to: fixed up to 100,352 points, so that one compiled program serves them all; then doubled."""
    blocks = 392
    while blocks * BLOCK < points:
        blocks *= 2
    return blocks


@dataclass(frozen=True, eq=False)
class Piece:
    """What one chunk of one shard gives back: its frames, from `first_frame` on, of its rows.

    Attributes:
        rows: Indices into the plan's rows, [r].
        first_frame: Index of the first frame.
        theta: Parameters, [f, r, D].
        losses: Each strategy's own mean training loss, [f, r].
        cross_entropy: Unweighted mean cross-entropy of the training part, [f, r].
        test_cross_entropy: The same of the test part.
        confusion: Test examples by true and decided class, [f, r, RULES, K, K]; the last rule repeats.
        maps: Decision maps, one byte a pixel as `decode_maps` reads them, [f, r, resolution²].
        test_logits: Logits of the test part at the end, [r, n, K]; none before the end.
        metrics: Test metrics at the end, one record a row and decision.
    """

    rows: tuple[int, ...]
    first_frame: int
    theta: Array
    losses: Array
    cross_entropy: Array
    test_cross_entropy: Array
    confusion: Array
    maps: Array
    test_logits: Array | None = None
    metrics: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Many strategies trained side by side from the same start on the same batches.

    Attributes:
        plan: What was asked for.
        frames: How many frames are there of every row; all of them when the run is done.
        steps: Step number of each frame, [F].
        theta: Parameters, [F, R, D].
        losses: Each strategy's own mean training loss, [F, R].
        cross_entropy: Unweighted mean cross-entropy on the training part, in nats, [F, R]: the common scale.
        test_cross_entropy: The same on the test part.
        confusion: Test examples by true and decided class, counts, [F, R, RULES, K, K]: of each of a strategy's decision
            rules, the last repeated.
        maps: Decision maps, one byte a pixel, [F, R, resolution, resolution], rows from the bottom up; see `decode_maps`.
        test_logits: Logits of the test part at the end, [R, n, K].
        metrics: Test metrics at the end, one record a row and decision.
    """

    plan: Plan
    frames: int
    steps: Array
    theta: Array
    losses: Array
    cross_entropy: Array
    test_cross_entropy: Array
    confusion: Array
    maps: Array
    test_logits: Array
    metrics: tuple[dict[str, Any], ...] = field(default=())

    def __repr__(self) -> str:
        return f"Run({', '.join(dict.fromkeys(self.strategies))}; {self.frames} of {len(self.steps)} frames)"

    @property
    def done(self) -> bool:
        """Whether every frame of every row is there."""
        return self.frames == len(self.steps) and len({m["row"] for m in self.metrics}) == len(self.plan.rows)

    @property
    def strategies(self) -> tuple[str, ...]:
        """Name of each row's strategy, [R]."""
        return tuple(r.strategy for r in self.plan.rows)

    def table(self) -> "pd.DataFrame":
        """Test metrics as a data frame: one line a strategy, seed and decision."""
        import pandas as pd

        return pd.DataFrame([flatten(self.plan, m) for m in self.metrics])


def flatten(plan: Plan, metric: dict[str, Any]) -> dict[str, Any]:
    """One record of metrics with a column for each class."""
    out: dict[str, Any] = {}
    for name, value in metric.items():
        if name == "row":
            row = plan.rows[value]
            out |= {"strategy": row.strategy, "seed": row.seed}
        elif np.ndim(value) == 0:
            out[name] = value
        elif np.ndim(value) == 1:
            out |= {f"{name}[{c}]": v for c, v in zip(plan.classes, value, strict=True)}
    return out


def decode_maps(maps: Array, classes: int) -> tuple[Array, Array]:
    """Class and confidence of each pixel of a decision map.

    Args:
        maps: Bytes, any shape: class · (256 // K) + level.
        classes: K.

    Returns:
        The decided class, uint8, and its probability in steps of (1 − 1/K) / (256 // K − 1), float32.

    Example:
        >>> decode_maps(np.array([0, 127, 128, 255], np.uint8), 2)
        (array([0, 0, 1, 1], dtype=uint8), array([0.5, 1. , 0.5, 1. ], dtype=float32))
    """
    levels = 256 // classes
    low = 1 / classes
    return maps // np.uint8(levels), (low + (1 - low) * (maps % levels) / (levels - 1)).astype(np.float32)


def encode_map(p: Array) -> Array:
    """Class and confidence of probabilities [..., K] in one byte each, as `decode_maps` reads them."""
    k = p.shape[-1]
    levels = 256 // k
    sure = np.maximum(p.max(-1) - 1 / k, 0) / (1 - 1 / k)
    return (p.argmax(-1) * levels + np.floor(sure * (levels - 1) + 0.5)).astype(np.uint8)


def assemble(plan: Plan, pieces: Iterable[Piece]) -> Run:
    """Put the pieces that have come so far together; what is missing is NaN, and black on the maps."""
    frames, rows, k = len(plan.steps), len(plan.rows), len(plan.classes)
    size = plan.resolution if plan.extent else 0

    def missing(*shape: int) -> Array:
        return np.full(shape, np.nan, np.float32)

    theta, logits = missing(frames, rows, models.size(plan.dims)), missing(rows, len(plan.y_test), k)
    curves = [missing(frames, rows) for _ in range(3)]
    maps = np.zeros((frames, rows, size * size), np.uint8)
    confusion = np.zeros((frames, rows, RULES, k, k), np.int64)
    metrics: list[dict[str, Any]] = []
    there = np.zeros(rows, int)
    for p in pieces:
        at = np.ix_(range(p.first_frame, p.first_frame + len(p.theta)), p.rows)
        theta[at], maps[at], confusion[at] = p.theta, p.maps, p.confusion
        for curve, part in zip(curves, (p.losses, p.cross_entropy, p.test_cross_entropy), strict=True):
            curve[at] = part
        there[list(p.rows)] = np.maximum(there[list(p.rows)], p.first_frame + len(p.theta))
        if p.test_logits is not None:
            logits[list(p.rows)] = p.test_logits
        metrics += p.metrics
    metrics.sort(key=lambda m: m["row"])
    return Run(
        plan=plan,
        frames=int(there.min()),
        steps=plan.steps,
        theta=theta,
        losses=curves[0],
        cross_entropy=curves[1],
        test_cross_entropy=curves[2],
        confusion=confusion,
        maps=maps.reshape(frames, rows, size, size),
        test_logits=logits,
        metrics=tuple(metrics),
    )


def lean(piece: Piece, run: Run) -> Piece:
    """A piece whose large arrays are the whole run's own: both then take the memory of one.

    Args:
        piece: One of those that `run` was assembled from.
        run: All of them.
    """
    low, high = piece.rows[0], piece.rows[-1] + 1
    if len(piece.rows) != high - low:  # rows that lie apart
        return piece
    at = slice(piece.first_frame, piece.first_frame + len(piece.theta)), slice(low, high)
    return replace(piece, theta=run.theta[at], maps=run.maps[at].reshape(piece.maps.shape))


def _whole(what: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{what} must be a whole number from {low} to {high}; not {value!r}")


def _between(what: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, (int, float, np.number)) or not low <= value <= high:
        raise ValueError(f"{what} must be between {low:g} and {high:g}; not {value!r}")


MAX_CLASSES = 128
"""Most classes: a byte of a map must hold the class and two levels of confidence."""


def _points(what: str, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Check points and labels against each other."""
    try:
        if np.iscomplexobj(X):
            raise TypeError
        x = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"X{what} must be numbers, [examples, features]; it holds other values") from None
    labels = np.asarray(y)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"X{what} must be 2-D, [examples, features]; not of shape {x.shape}")
    if labels.shape != (len(x),):
        raise ValueError(f"y{what} must have one label an example, ({len(x)},); not {labels.shape}")
    if not len(x):
        raise ValueError(f"X{what} has no examples")
    if np.abs(x).max() > 1e30:  # beyond it, squares overflow
        x = np.where(np.abs(x) > 1e30, np.inf, x)
    if not np.isfinite(x).all():
        i, j = np.argwhere(~np.isfinite(x))[0].tolist()
        raise ValueError(f"X{what}[{i}, {j}] is {x[i, j]}: features must be finite, and at most 1e30 in size")
    if labels.dtype.kind not in "iub":
        raise ValueError(
            f"y{what} must be integers, class indices from 0; not {labels.dtype}: pandas.factorize(y) makes them"
        )
    if (labels < 0).any():
        raise ValueError(f"y{what}[{int((labels < 0).argmax())}] is {labels[labels < 0][0]}: class indices start at 0")
    if labels.max() >= MAX_CLASSES:
        raise ValueError(
            f"y{what} has class {labels.max()}: there may be {MAX_CLASSES} classes at most, numbered from 0; "
            "pandas.factorize(y) numbers them without gaps"
        )
    return x, labels.astype(np.int64)


def prepare(
    names: str | Sequence[str],
    X: ArrayLike,
    y: ArrayLike,
    model: str = "mlp",
    steps: int = 400,
    seed: int = 0,
    *,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    test_size: float = 0.3,
    classes: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    knobs: Mapping[str, Mapping[str, Any]] | None = None,
    repeats: int = 1,
    optimizer: str = "adam",
    learning_rate: float | None = None,
    batch_size: int | None = None,
    l2: float = 0.0,
    init: str = "glorot",
    frames: int = 60,
    resolution: int = 100,
    inference: str = "raw",
) -> Plan:
    """Check what `lossviz.fit` is asked for; its docstring says what each argument means.

    Raises:
        ValueError: Whatever is wrong, by name, with what it must be.
    """
    if not isinstance(names, (str, Sequence)) and not np.iterable(names):
        raise ValueError(f"names must be strategy names; not {names!r}")
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ValueError("names is empty: name at least one strategy")
    for i, name in enumerate(names):
        strategies.get(name)
        if name in names[:i]:
            raise ValueError(f"strategy {name!r} is named twice")
    if knobs is not None and not isinstance(knobs, Mapping):
        raise ValueError(f"knobs must be a dictionary of strategy names; not {knobs!r:.80}")
    for name, values in (knobs or {}).items():
        one_of("strategy with knobs", name, names)
        if not isinstance(values, Mapping):
            raise ValueError(f"knobs[{name!r}] must be a dictionary of knob values; not {values!r}")
    models.get(model)
    one_of("init", init, models.INITS)
    one_of("inference", inference, INFERENCES)
    opt = OPTIMIZERS[one_of("optimizer", optimizer, OPTIMIZERS)]
    rate = opt.learning_rate if learning_rate is None else learning_rate
    _whole("steps", steps, 1, 10**6)
    _whole("seed", seed, 0, 2**31)
    _whole("repeats", repeats, 1, 100)
    _whole("frames", frames, 1, 1000)
    _whole("resolution", resolution, 2, 500)
    if batch_size is not None:
        _whole("batch_size", batch_size, 1, 10**9)
    _between("learning_rate", rate, 1e-8, 100)
    _between("l2", l2, 0, 100)
    _between("test_size", test_size, 0.01, 0.99)

    x, labels = _points("", X, y)
    if (X_test is None) != (y_test is None):
        raise ValueError("X_test and y_test go together: give both or neither")
    seen = np.bincount(labels)
    k = max(len(seen), len(classes) if classes is not None else 0)
    if X_test is None or y_test is None:
        few = np.flatnonzero(seen < 2)
        if len(few):
            raise ValueError(
                f"class {few[0]} has {seen[few[0]]} example(s): a split needs two, one to train on and one to test on; "
                "add examples, number the classes without gaps, or give X_test and y_test"
            )
        if k < 2:
            raise ValueError("y has one class only: there is nothing to tell apart")
        train, test = split(labels, test_size, np.random.default_rng(seed))
        x, x_test, labels, labels_test = x[train], x[test], labels[train], labels[test]
    else:
        x_test, labels_test = _points("_test", X_test, y_test)
        if x_test.shape[1] != x.shape[1]:
            raise ValueError(f"X_test must have as many features as X, {x.shape[1]}; not {x_test.shape[1]}")
    if np.count_nonzero(np.bincount(labels)) < 2:
        raise ValueError("y has one class only: there is nothing to tell apart")
    if labels_test.max() >= k:
        raise ValueError(f"y_test has class {labels_test.max()}, which y never has")
    title = tuple(str(c) for c in classes) if classes is not None else tuple(str(c) for c in range(k))
    if len(title) != k:
        raise ValueError(f"classes must name all {k} classes; not {len(title)}")
    columns = tuple(str(f) for f in features) if features is not None else tuple(f"x{i + 1}" for i in range(x.shape[1]))
    if len(columns) != x.shape[1]:
        raise ValueError(f"features must name all {x.shape[1]} features; not {len(columns)}")

    counts = np.bincount(labels, minlength=k)
    rows = []
    for name in names:
        given = dict((knobs or {}).get(name, {}))
        settled = settle(name, strategies.get(name).knobs, given)
        tables = strategies.get(name).tables(counts, **given)
        rule = next((d for d in tables.decisions if d.name == inference), tables.decisions[0])
        rows += [Row(name, seed + i, settled, tables, rule) for i in range(repeats)]
    spread = x.std(0)
    batch = None if batch_size is None or batch_size >= len(x) else int(batch_size)
    return Plan(
        rows=tuple(rows),
        X=x,
        y=labels,
        X_test=x_test,
        y_test=labels_test,
        classes=title,
        features=columns,
        counts=counts,
        centre=x.mean(0),
        scale=np.where(spread > 0, spread, 1.0),
        model=model,
        init=init,
        optimizer=optimizer,
        learning_rate=float(rate),
        l2=float(l2),
        batch_size=batch,
        seed=int(seed),
        steps=np.unique(np.linspace(0, steps, min(frames, steps) + 1).round().astype(np.int64)),
        extent=_extent(x, labels) if x.shape[1] == 2 else None,
        resolution=int(resolution),
    )


def _extent(x: Array, labels: Array) -> tuple[float, float, float, float]:
    """What a picture shows: nearly all points, most of every class, and a margin; a far outlier does not shrink the rest."""
    low, high = np.percentile(x, [0.5, 99.5], axis=0)
    for c in np.unique(labels):  # a rare class may lie beyond nearly all points
        of_class = np.percentile(x[labels == c], [5, 95], axis=0)
        low, high = np.minimum(low, of_class[0]), np.maximum(high, of_class[1])
    margin = np.where(high > low, 0.15 * (high - low), 1.0)
    low, high = low - margin, high + margin
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])
