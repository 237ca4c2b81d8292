"""One example under the microscope: what the logit lab holds, its tables, its planes, and one batch under three means.

The page computes in the browser, from the tables that `offers` sends; what is here is the state that a link holds, and
what is drawn or said on the server. NumPy only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz import logitplane
from lossviz.figures import CLASS_COLOURS, STRATEGY_COLOURS
from lossviz.knobs import Choice, Knob
from lossviz.strategies import STRATEGIES, Decision, Strategy, Tables, get
from lossviz.weights import SCHEMES

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[Any]

MOST = 1e4
"""Largest logit, either way."""
MANY = 1e9
"""Largest count."""
LOGITS, COUNTS = (2.0, 1.0, 0.0, -1.0, 0.5), (500.0, 31.0, 120.0, 250.0, 60.0)
"""What there is when nothing is said, for as many classes as there are."""
SHOWN = ("cross_entropy", "weighted_cross_entropy", "multiplied_logits")
ADDERS = ("multiplied_logits", "logit_adjustment", "cdt", "vs")
"""Compared where the question is whether to multiply or to add."""
REACHES = (2.0, 4.0, 6.0, 10.0, 20.0, 50.0, 200.0, 1000.0, 10_000.0)
"""How far a plane can reach from 0."""
HAND = "hand"
"""As a strategy's class weights: the lab's own."""
SHIFT = Knob("t", "Add to every logit", 0.0, -100.0, 100.0, 0.1, "The same number for all: no decision changes.")
RATE = Knob("eta", "Step size η", 1.0, 0.01, 100.0, 0.01, "One step takes z to z − η ∇ℓ.")
SHARE = Knob("p", "True share of the rarer class here", 0.2, 0.001, 0.999, 0.001, "What the labels at this spot are.")


@dataclass(frozen=True)
class Lab:
    """What the visitor has under the hand, all of it in the link.

    Attributes:
        logits: z, one a class, two to five.
        true: The true class y.
        counts: Training examples of each class.
        weights: Class weights: a scheme's name, or one number a class.
        shown: Names of the strategies.
        knobs: Strategy -> knob -> value, where it differs from the default.
        shift: Added to every logit.
        rate: Step size.
        reach: The plane goes from −reach to reach.
        axes: The two classes whose logits the plane shows.
        share: True share of the second of these two, where multiplying is compared with adding.
    """

    logits: tuple[float, ...] = LOGITS[:2]
    true: int = 1
    counts: tuple[float, ...] = COUNTS[:2]
    weights: str | tuple[float, ...] = "inverse_frequency"
    shown: tuple[str, ...] = SHOWN
    knobs: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)
    shift: float = 0.0
    rate: float = 1.0
    reach: float = 4.0
    axes: tuple[int, int] = (0, 1)
    share: float = 0.2

    @property
    def shifted(self) -> Array:
        """The logits that losses are taken at, z + t."""
        return np.array(self.logits) + self.shift


PARAMETERS = {"z", "y", "n", "w", "s", "t", "eta", "range", "axes", "p"} | {
    f"{entry.name}-{k.name}" for entry in STRATEGIES.values() for k in entry.knobs
}
"""What of a link is the lab's."""


def _numbers(text: str, low: float, high: float) -> tuple[float, ...]:
    found = tuple(float(part) for part in text.split(","))
    if not all(low <= v <= high for v in found):  # NaN neither
        raise ValueError
    return found


def _defaults(entry: Strategy) -> dict[str, float | str]:
    """Of a strategy's knobs in the lab: where it weights classes, by the weights under the hand."""
    return {
        k.name: HAND if k.name == "class_weight" and k.default != "none" else k.default
        for k in entry.knobs
        if isinstance(k, Knob) or len(k.options) > 1
    }


def read(parameters: Mapping[str, str]) -> tuple[Lab, list[str]]:
    """The state that a link asks for, and what in the link made no sense and was left at its default.

    Args:
        parameters: Of the link; those that are not the lab's are passed over.

    Returns:
        A `Lab`, and a phrase for each parameter that could not be used: what it says and what it may say.

    Example:
        >>> lab, wrong = read({"z": "3,-1,0", "y": "7", "w": "balanced"})
        >>> lab.logits, lab.true, lab.counts
        ((3.0, -1.0, 0.0), 1, (500.0, 31.0, 120.0))
        >>> wrong
        ["y='7' (a class, 0 to 2)"]
    """
    wrong: list[str] = []

    def ask(name: str, default: Any, parse: Any, allowed: str) -> Any:
        text = parameters.get(name)
        if text is None:
            return default
        try:
            if (found := parse(text)) is not None:
                return found
        except (ValueError, OverflowError):
            pass
        wrong.append(f"{name}={' '.join(text.split())[:40]!r} ({allowed})")
        return default

    def knob(of: Knob) -> Any:
        return ask(of.name, of.default, of.check, f"a number, {of.low:g} to {of.high:g}")

    def several(low: float, high: float, size: int | None) -> Any:
        def parse(text: str) -> tuple[float, ...] | None:
            found = _numbers(text, low, high)
            return found if (2 <= len(found) <= 5 if size is None else len(found) == size) else None

        return parse

    z = ask("z", LOGITS[:2], several(-MOST, MOST, None), f"2 to 5 logits, each from -{MOST:,.0f} to {MOST:,.0f}")
    k = len(z)
    index = {str(c): c for c in range(k)}
    n = ask("n", COUNTS[:k], several(0, MANY, k), f"{k} counts, each from 0 to {MANY:.0e}")
    if not any(n):
        wrong.append("n (all 0: at least one class must occur)")
        n = COUNTS[:k]

    def weights(text: str) -> Any:
        if text in SCHEMES:
            return text
        found = several(0, 1e6, k)(text)
        return found if found and any(found) else None

    def pair(text: str) -> Any:
        two = tuple(index.get(part) for part in text.split(","))
        return two if len(set(two)) == len(two) == 2 and None not in two else None

    lab = Lab(
        logits=z,
        true=ask("y", 1, index.get, f"a class, 0 to {k - 1}"),
        counts=n,
        weights=ask(
            "w", "inverse_frequency", weights, f"{', '.join(SCHEMES)}, or {k} numbers from 0 to 1e6, not all of them 0"
        ),
        shown=ask(
            "s",
            SHOWN,
            lambda text: tuple(x for x in STRATEGIES if x in text.split(",")) if _known(text) else None,
            "names of strategies, as on the Reference page, with commas between",
        ),
        shift=knob(SHIFT),
        rate=knob(RATE),
        reach=ask("range", 4.0, lambda text: float(text) if float(text) in REACHES else None, _listed(REACHES)),
        axes=ask("axes", (0, 1), pair, f"two different classes, 0 to {k - 1}"),
        share=knob(SHARE),
    )
    turned: dict[str, dict[str, float | str]] = {}
    for entry in STRATEGIES.values():
        for name, default in _defaults(entry).items():
            of = next(x for x in entry.knobs if x.name == name)
            options = _options(of)
            allowed = ", ".join(options) if options else f"a number, {of.low:g} to {of.high:g}"  # type: ignore[union-attr]
            parse = (lambda text, o=options: text if text in o else None) if options else of.check
            value = ask(f"{entry.name}-{name}", default, parse, allowed)
            if value != default:
                turned.setdefault(entry.name, {})[name] = value
    return replace(lab, knobs=turned), wrong


def _known(text: str) -> bool:
    return all(name in STRATEGIES for name in text.split(",")) and len(text) > 0


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)


def _options(knob: Knob | Choice) -> tuple[str, ...]:
    """What a choice offers in the lab; nothing for a number."""
    if isinstance(knob, Knob):
        return ()
    return (HAND, *knob.options) if knob.name == "class_weight" else knob.options


def link(lab: Lab) -> dict[str, str]:
    """The parameters that `read` makes this state of; what is at its default is left out.

    Example:
        >>> link(Lab(logits=(2.0, 1.5), shift=5.0))
        {'z': '2,1.5', 't': '5'}
    """

    def row(values: Sequence[float]) -> str:
        return ",".join(f"{v:.12g}" for v in values)

    k = len(lab.logits)
    usual = Lab()
    out = {
        "z": (row(lab.logits), row(usual.logits)),
        "y": (str(lab.true), str(usual.true)),
        "n": (row(lab.counts), row(COUNTS[:k])),
        "w": (lab.weights if isinstance(lab.weights, str) else row(lab.weights), usual.weights),
        "s": (",".join(lab.shown), ",".join(usual.shown)),
        "t": (row([lab.shift]), row([usual.shift])),
        "eta": (row([lab.rate]), row([usual.rate])),
        "range": (row([lab.reach]), row([usual.reach])),
        "axes": (row(lab.axes), row(usual.axes)),
        "p": (row([lab.share]), row([usual.share])),
    }
    said = {name: str(value) for name, (value, default) in out.items() if value != default}
    for strategy, knobs in lab.knobs.items():
        said |= {f"{strategy}-{name}": v if isinstance(v, str) else row([v]) for name, v in knobs.items()}
    return said


def weights(lab: Lab) -> Array:
    """The class weights under the hand, [K]; 0 for a class that does not occur.

    Example:
        >>> weights(Lab()) * 531
        array([ 31., 500.])
    """
    return get("weighted_cross_entropy").tables(lab.counts, class_weight=_given(lab.weights)).weight[:, 0]


def _given(weights: str | tuple[float, ...]) -> Any:
    return weights if isinstance(weights, str) else np.array(weights)


def arguments(lab: Lab, name: str) -> dict[str, Any]:
    """The knobs of a strategy as `lossviz.loss` takes them, where they are not that function's own defaults."""
    entry = get(name)
    settled = _defaults(entry) | dict(lab.knobs.get(name, {}))
    usual = {k.name: k.default for k in entry.knobs}
    out = {k: _given(lab.weights) if v == HAND else v for k, v in settled.items()}
    return {k: v for k, v in out.items() if not (isinstance(v, str | float | int) and v == usual[k])}


def tables(lab: Lab, name: str) -> Tables:
    """A strategy's tables, as the lab has them."""
    return get(name).tables(lab.counts, **arguments(lab, name))


def offers(lab: Lab) -> dict[str, Any]:
    """What the browser computes with: the class weights, and the tables of the strategies on the page.

    Returns:
        Plain values that JSON can hold: "weights", and "tables" by strategy with "W", "S", "B", "C" (K×K), "gamma" (K) and
        the decision rules.

    Raises:
        ValueError: Weights or knobs that make no sense, and which.
    """

    def rule(d: Decision) -> dict[str, Any]:
        cost = None if d.cost is None else d.cost.tolist()
        return {"name": d.name, "title": d.title, "scale": d.scale.tolist(), "shift": d.shift.tolist(), "cost": cost}

    out = {}
    for name in dict.fromkeys((*lab.shown, *ADDERS)):
        t = tables(lab, name)
        out[name] = {
            "W": t.weight.tolist(), "S": t.scale.tolist(), "B": t.shift.tolist(), "C": t.cost.tolist(),
            "gamma": t.focus.tolist(), "rules": [rule(d) for d in t.decisions],
        }  # fmt: skip
    return {"weights": weights(lab).tolist(), "tables": out}


def catalogue() -> dict[str, Any]:
    """What does not change with the state: strategies with their knobs, schemes, ranges and colours, for the browser."""

    def described(k: Knob | Choice, default: float | str) -> dict[str, Any]:
        said = {"name": k.name, "title": k.title, "help": k.help, "default": default}
        if isinstance(k, Knob):
            return said | {"low": k.low, "high": k.high, "step": k.step}
        return said | {"options": list(_options(k))}

    colours = {n: STRATEGY_COLOURS[i % len(STRATEGY_COLOURS)] for i, n in enumerate(STRATEGIES)}
    return {
        "strategies": [
            {
                "name": s.name, "title": s.title, "flawed": s.flawed, "summary": s.summary, "colour": colours[s.name],
                "knobs": [described(next(k for k in s.knobs if k.name == n), d) for n, d in _defaults(s).items()],
            }
            for s in STRATEGIES.values()
        ],
        "schemes": {s.name: s.title for s in SCHEMES.values()},
        "knobs": {k.name: described(k, k.default) for k in (SHIFT, RATE, SHARE)},
        "logits": LOGITS, "counts": COUNTS, "reaches": REACHES, "most": MOST, "many": MANY, "adders": ADDERS,
        "shown": SHOWN, "colours": CLASS_COLOURS[:5],
    }  # fmt: skip


def value(tables: Tables, logits: ArrayLike, labels: ArrayLike) -> Array:
    """The equation in NumPy, for the process that serves pages: what `lossviz.loss` computes with TensorFlow.

    Args:
        tables: Of one strategy.
        logits: z, [..., K].
        labels: y, integers that broadcast to [...].

    Returns:
        Losses in nats, [...].

    Example:
        >>> value(get("cross_entropy").tables([1, 1]), [[2.0, 1.0], [0.0, 0.0]], 0).round(7).tolist()
        [0.3132617, 0.6931472]
    """
    z = np.asarray(logits, dtype=np.float64)
    y = np.broadcast_to(np.asarray(labels), z.shape[:-1])
    out = np.empty(y.shape)
    for c in np.unique(y).tolist():
        out[y == c] = logitplane.value(tables, z[y == c].T, c)
    return out


def valley(tables: Tables, logits: ArrayLike) -> Array:
    """The direction in which logits can move without changing any q: a/s for scales s, [K], its shortest entry 1.

    Example:
        >>> valley(get("multiplied_logits").tables([500, 31], class_weight=[0.5, 2.0]), [2.0, 1.0])
        array([4., 1.])
    """
    scale = tables.scale[int(np.argmax(logits))]
    if not scale.all():  # a class whose logit does not count can move alone
        return (scale == 0).astype(np.float64)
    return np.abs(scale).max() / scale


def plane(lab: Lab, side: int = 61) -> tuple[Array, Array, tuple[str, str]]:
    """The points of the lab's plane: the two logits themselves for two classes, else their differences to a third.

    Args:
        lab: The state; other logits stay where they are.
        side: Points a side.

    Returns:
        Coordinates along an axis, [side]; logits, [side, side, K], rows from the bottom up; and the axes' titles.
    """
    a, b = lab.axes
    reach = reached(lab)
    at = np.linspace(-reach, reach, side)
    z = np.broadcast_to(lab.shifted, (side, side, len(lab.logits))).copy()
    r = reference(lab)
    base = 0.0 if r is None else z[0, 0, r]
    z[..., a] = at[None, :] + base
    z[..., b] = at[:, None] + base
    return at, z, (f"z{a}", f"z{b}") if r is None else (f"z{a} − z{r}", f"z{b} − z{r}")


def reference(lab: Lab) -> int | None:
    """The class that differences are taken to, the first that is on no axis; None for two classes."""
    return next((c for c in range(len(lab.logits)) if c not in lab.axes), None)


def reached(lab: Lab) -> float:
    """The plane's reach: what is asked for, or as much more as the point needs."""
    r = reference(lab)
    z = lab.shifted - (0 if r is None else lab.shifted[r])
    needed = max(abs(z[c]) for c in lab.axes)
    return next((x for x in REACHES if x >= max(lab.reach, needed)), 2 * needed)


def surfaces(lab: Lab) -> tuple["go.Figure", str]:
    """The plane in three dimensions, a scene a strategy (the first four), on one scale; and what it says."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = lab.shown[:4]
    titles = [get(n).title + (" (flawed)" if get(n).flawed else "") for n in names]
    columns = min(2, len(names))  # with three, axes are cut off
    rows = -(-len(names) // columns)
    kinds = [[{"type": "surface"}] * columns] * rows
    figure = make_subplots(
        rows, columns, specs=kinds, subplot_titles=titles, horizontal_spacing=0.02, vertical_spacing=0.05
    )
    at, z, axes = plane(lab)
    a, b = lab.axes
    r = reference(lab)
    base = 0.0 if r is None else lab.shifted[r]
    losses = [value(tables(lab, n), z, lab.true) for n in names]
    high = max(float(v.max()) for v in losses)
    said = []
    for i, (name, heights) in enumerate(zip(names, losses, strict=True)):
        here = float(value(tables(lab, name), lab.shifted, lab.true))
        figure.add_trace(
            go.Surface(
                x=at, y=at, z=heights.astype(np.float32), name=get(name).title, cmin=0, cmax=high, showscale=not i,
                colorscale="Viridis", colorbar={"title": "loss, nats", "len": 0.7},
                contours={"z": {"show": True, "start": 0, "end": high, "size": high / 15 or 1, "color": "white", "width": 1}},
            ),
            row=i // columns + 1, col=i % columns + 1,
        )  # fmt: skip
        figure.add_trace(
            go.Scatter3d(
                x=[lab.shifted[a] - base], y=[lab.shifted[b] - base], z=[here], mode="markers", hoverinfo="skip",
                showlegend=False, marker={"size": 6, "color": "red"},
            ),
            row=i // columns + 1, col=i % columns + 1,
        )  # fmt: skip
        said.append(f"{get(name).title} {here:.4g} (at most {heights.max():.4g} in the plane)")
    scene = {
        "xaxis": {"title": {"text": axes[0]}},
        "yaxis": {"title": {"text": axes[1]}},
        "zaxis": {"title": {"text": ""}, "range": [0, high]},
        "aspectmode": "cube",
        "camera": {"eye": {"x": -1.5, "y": -1.6, "z": 1.1}},
    }
    figure.update_scenes(**scene)
    figure.update_layout(height=60 + 400 * rows, margin={"l": 0, "r": 0, "t": 30, "b": 0}, meta={"panels": len(names)})
    sentence = f"Loss when class {lab.true} is true, on one scale; at the red point: {'; '.join(said)}."
    if len(lab.shown) > len(names):
        sentence += f" The first {len(names)} of {len(lab.shown)} strategies are drawn."
    return figure, sentence


def call(lab: Lab) -> str:
    """The Python that gives the lab's numbers: a loss and a gradient a strategy.

    Example:
        >>> print(call(Lab(shown=("focal",))))
        import lossviz
        <BLANKLINE>
        z, y, counts = [[2.0, 1.0]], [1], [500.0, 31.0]
        print("focal", lossviz.loss("focal", z, y, counts), lossviz.gradient("focal", z, y, counts))
    """
    z = [float(f"{v:.12g}") for v in lab.shifted]
    lines = ["import lossviz", "", f"z, y, counts = [{z}], [{lab.true}], {list(lab.counts)}"]
    for name in lab.shown:
        given = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in arguments(lab, name).items()}
        knobs = "".join(f", {k}={v!r}" for k, v in given.items())
        args = f'"{name}", z, y, counts{knobs}'
        lines.append(f'print("{name}", lossviz.loss({args}), lossviz.gradient({args}))')
    return "\n".join(lines)
