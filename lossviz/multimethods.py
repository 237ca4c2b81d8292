r"""Ways to train several yes-or-no labels: each label is a two-class problem over the logits (0, z).

softmax over (0, z) is (1 − σ(z), σ(z)), so that the tables of the one equation say it all: `pos_weight` is W[1] with W[0] = 1,
per-element weights are W[0] and W[1], asymmetric focusing is γ[0] ≠ γ[1], and its margin moves the logit of a no before the
equation sees it. `METHODS` is the one place to add a method.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Knob, one_of, settle
from lossviz.logitplane import slope, value
from lossviz.strategies import STRATEGIES, Tables
from lossviz.weights import class_weights

Array = NDArray[Any]
OUTPUTS = ("sigmoid", "softmax", "double")
"""How a method turns logits into what it puts out: σ of each, one softmax over all labels, or σ whose loss takes σ again."""
NOTHING = -1e4
"""A logit of which no loss is left, and no slope: of a no whose output is below the margin."""


@dataclass(frozen=True)
class LabelTables(Tables):
    """The two-class tables of one label.

    Attributes:
        margin: m: the loss of a no is that of the output max(σ(z) − m, 0).
    """

    margin: float = 0.0


@dataclass(frozen=True)
class Method:
    """One way to train several yes-or-no labels.

    Attributes:
        name: What `plan` calls it.
        title: What people call it.
        source: Reference.
        knobs: Its parameters, the same for every label.
        flawed: Whether it is a mistake that people make.
        output: One of `OUTPUTS`.
        build: Counts (without, with) the label, and knobs -> the tables of that label.
    """

    name: str
    title: str
    source: str
    knobs: tuple[Knob, ...]
    flawed: bool
    output: str
    build: Callable[..., LabelTables]

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.build.__doc__ or "").strip().split("\n")[0]

    def tables(self, counts: ArrayLike, **knobs: Any) -> LabelTables:
        """The tables of one label.

        Args:
            counts: Training examples without and with the label, [2].
            **knobs: The method's own parameters.

        Raises:
            ValueError: Counts or knobs that make no sense, and which.
        """
        return self.build(np.asarray(counts, np.float64), **settle(self.name, self.knobs, knobs))


METHODS: dict[str, Method] = {}


def method(
    title: str, *, source: str, knobs: tuple[Knob, ...] = (), flawed: bool = False, output: str = "sigmoid"
) -> Callable:
    """Register a function `(counts, **knobs) -> LabelTables` of one label under its own name."""

    def register(function: Callable[..., LabelTables]) -> Callable[..., LabelTables]:
        METHODS[function.__name__] = Method(function.__name__, title, source, knobs, flawed, output, function)
        return function

    return register


def get(name: str) -> Method:
    """The entry called `name`.

    Raises:
        ValueError: There is none; the message lists those that exist.
    """
    return METHODS[one_of("method", name, METHODS)]


def _plain(n: Array) -> LabelTables:
    return LabelTables(**vars(STRATEGIES["cross_entropy"].tables(n)))


def weighted(n: Array, no: float, yes: float) -> LabelTables:
    """Tables with a weight for a no and one for a yes.

    Args:
        n: Training examples without and with the label, [2].
        no: W[0].
        yes: W[1].
    """
    return LabelTables(**vars(STRATEGIES["weighted_cross_entropy"].tables(n, class_weight=[no, yes])))


def _focused(n: Array, no: float, yes: float, margin: float = 0.0) -> LabelTables:
    return replace(_plain(n), focus=np.array([no, yes]), margin=margin)


@method("Plain sigmoid", source="maximum likelihood")
def sigmoid(n: Array) -> LabelTables:
    """Cross-entropy of each label by itself: its optimum gives the probabilities of the data as they are."""
    return _plain(n)


@method(
    "pos_weight per label",
    source="King & Zeng 2001; TensorFlow's weighted_cross_entropy_with_logits",
    knobs=(
        Knob("power", "Power of the ratio", 1.0, 0.0, 2.0, 0.05, "pos_weight = (without / with)^power; 1 balances."),
    ),
)
def pos_weight(n: Array, *, power: float) -> LabelTables:
    """A yes weighs (without / with) for each label, a no weighs 1."""
    return weighted(n, 1.0, float(class_weights(n, "pos_weight")[1]) ** power)


@method(
    "Weights {0: a, 1: b}",
    source="asked for in public threads",
    knobs=(
        Knob("no", "Weight of a 0, a", 1.0, 0.05, 20.0, 0.05, "For every element of the table of labels that is 0."),
        Knob("yes", "Weight of a 1, b", 4.0, 0.05, 20.0, 0.05, "For every element that is 1, whichever its label."),
    ),
)
def element_weights(n: Array, *, no: float, yes: float) -> LabelTables:
    """The same two weights for every label, however rare it is."""
    return weighted(n, no, yes)


@method(
    "Focal",
    source="Lin et al. 2017, arXiv:1708.02002",
    knobs=(Knob("gamma", "Focus γ", 2.0, 0.0, 5.0, 0.1, "0 is the plain sigmoid."),),
)
def focal(n: Array, *, gamma: float) -> LabelTables:
    """Turns away from what is already easy, yes and no alike; its probabilities are pulled towards the middle."""
    return _focused(n, gamma, gamma)


@method(
    "Asymmetric focusing",
    source="Ridnik et al. 2021, arXiv:2009.14119",
    knobs=(
        Knob("gamma_yes", "Focus on yes, γ₊", 0.0, 0.0, 5.0, 0.1, "How far an easy 1 is turned down."),
        Knob("gamma_no", "Focus on no, γ₋", 3.0, 0.0, 5.0, 0.1, "How far an easy 0 is turned down; most labels are 0."),
        Knob("margin", "Margin on no, m", 0.05, 0.0, 0.5, 0.01, "A 0 below it costs nothing; 0: no margin."),
    ),
)
def asymmetric(n: Array, *, gamma_yes: float, gamma_no: float, margin: float) -> LabelTables:
    """Focuses on the many easy noes only, and drops the easiest, so that the few yeses count in full."""
    return _focused(n, gamma_no, gamma_yes, margin)


@method(
    "Class-balanced",
    source="Cui et al. 2019, arXiv:1901.05555",
    knobs=(Knob("beta", "Beta β", 0.999, 0.0, 1.0, 0.0001, "0: all weights 1; towards 1: inverse frequency."),),
)
def class_balanced(n: Array, *, beta: float) -> LabelTables:
    """Weights of yes and no by the effective number of examples, for each label."""
    return weighted(n, *class_weights(n, "effective_number", beta=beta).tolist())


@method("Softmax over the labels", source="a mistake in public threads", flawed=True, output="softmax")
def softmax(n: Array) -> LabelTables:
    """Flawed: all labels share one probability of 1, so that at most one can be above a half."""
    return _plain(n)


@method("Sigmoid twice", source="a mistake in public threads", flawed=True, output="double")
def double_sigmoid(n: Array) -> LabelTables:
    """Flawed: a last layer with σ under a loss that takes logits: σ again, and the slope is squeezed to a quarter or less."""
    return _plain(n)


def expit(z: ArrayLike) -> Array:
    """σ(z), without overflow."""
    z = np.asarray(z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def outputs(output: str, z: ArrayLike) -> Array:
    """What a model puts out for each label.

    Args:
        output: One of `OUTPUTS`; "double" puts out σ(z), of which its loss takes σ once more.
        z: Logits, [L, ...].

    Returns:
        Between 0 and 1, [L, ...].

    Example:
        Two labels that are surely there. A softmax cannot say so:

        >>> outputs("sigmoid", [[6.0], [6.0]]).round(3).ravel().tolist(), outputs("softmax", [[6.0], [6.0]]).ravel().tolist()
        ([0.998, 0.998], [0.5, 0.5])
    """
    z = np.asarray(z, np.float64)
    if one_of("output", output, OUTPUTS) != "softmax":
        return expit(z)
    e = np.exp(z - z.max(0))
    return np.asarray(e / e.sum(0))


def lowered(z: ArrayLike, margin: float) -> tuple[Array, Array]:
    """The logit of max(σ(z) − m, 0), and its slope: how a margin changes the logit of a no before the equation sees it.

    Args:
        z: Logits, [N].
        margin: m, from 0 to below 1.

    Returns:
        The lowered logits (`NOTHING` where σ(z) is not above m), and d lowered / dz, [N] each.

    Example:
        σ(0) − 0.05 = 0.45, whose logit is log(0.45 / 0.55):

        >>> [a.round(4).tolist() for a in lowered([0.0, -3.0], 0.05)]
        [[-0.2007, -10000.0], [1.0101, 0.0]]
    """
    z = np.asarray(z, np.float64)
    if not margin:
        return z, np.ones_like(z)
    p, rest = expit(z), expit(-z)
    kept = p > margin
    left = np.where(kept, p - margin, 1.0)
    out = np.log(left) - np.log(rest + margin)
    return np.where(kept, out, NOTHING), np.where(kept, p * rest / (left * (rest + margin)), 0.0)


def element_loss(tables: LabelTables, z: ArrayLike, y: int) -> tuple[Array, Array]:
    """Loss of one label and its slope dℓ/dz at the logits (0, z), in NumPy.

    Args:
        tables: Of the label.
        z: Logits, [N].
        y: 0 or 1.

    Returns:
        Nats, and their slope, [N] each.

    Example:
        A weight of 16.13 on a yes (500 without, 31 with), at an undecided z = 0: 16.13 log 2, and 16.13 (σ(0) − 1).

        >>> [a.round(4).tolist() for a in element_loss(get("pos_weight").tables([500, 31]), [0.0], 1)]
        [[11.1798], [-8.0645]]

        A no under the asymmetric loss, γ₋ = 3 and m = 0.05: the output 0.5 counts as 0.45, so that the loss is
        0.45³ · −log 0.55, and the slope (3 · 0.45² · −log 0.55 + 0.45³ / 0.55) · 0.5 · 0.5.

        >>> [a.round(4).tolist() for a in element_loss(get("asymmetric").tables([500, 31]), [0.0], 0)]
        [[0.0545], [0.1322]]
    """
    at, by = lowered(z, 0.0 if y else tables.margin)
    pair = np.stack([np.zeros_like(at), at])
    return value(tables, pair, y), slope(tables, pair, y)[1] * by
