r"""Every strategy is a row of one equation. The one place to add a strategy.

    q = softmax(S[ŷ] ⊙ z + B[y])
    ℓ = W[y, ŷ] · (1 − q_y)^{γ_y} · (−log q_y)  +  Σ_j C[y, j] q_j

with logits z, the true class y and the predicted class ŷ = argmax z, a constant. A strategy is a function from class
counts (and its knobs) to the tables W, S, B, C (K×K each) and γ (K), and the rules by which it may decide at test
time. `lossviz.loss` and the trainer run all of them through the same kernel; pages, tests and the reference take them
from `STRATEGIES`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lossviz.knobs import Choice, Knob, one_of
from lossviz.strategy import (
    NEVER,
    Array,
    Decision,
    Strategy,
    Tables,
    aim,
    array,
    logs,
    of_present,
    rule,
    tables,
    weights,
)
from lossviz.weights import SCHEMES

STRATEGIES: dict[str, Strategy] = {}


def strategy(
    title: str,
    formula: str,
    *,
    source: str,
    knobs: tuple[Knob | Choice, ...] = (),
    flawed: bool = False,
    wrong: str = "",
    instead: str = "",
) -> Callable:
    """Register a function `(counts, **knobs) -> Tables` under its own name."""

    def register(function: Callable[..., Tables]) -> Callable[..., Tables]:
        name = function.__name__
        STRATEGIES[name] = Strategy(name, title, formula, source, knobs, flawed, function, wrong, instead)
        return function

    return register


def get(name: str) -> Strategy:
    """The entry called `name`.

    Raises:
        ValueError: There is none; the message lists those that exist.
    """
    return STRATEGIES[one_of("strategy", name, STRATEGIES)]


def _class_weight(default: str = "balanced") -> Choice:
    return Choice(
        "class_weight", "Class weights", default, ("none", *SCHEMES), "A scheme, or one number a class.", arrays=True
    )


_BETA = Knob(
    "beta", "Beta β", 0.999, 0.0, 1.0, 0.0001, "Effective number of examples: 0 no weights, 1 inverse frequency."
)
_FOCUS = Knob("gamma", "Focus γ", 2.0, 0.0, 5.0, 0.1, "0 is cross-entropy; larger turns away from easy examples.")
_TAU = Knob("tau", "Strength τ", 1.0, 0.0, 3.0, 0.05, "0 is cross-entropy; 1 aims at the balanced error.")


@strategy("Cross-entropy", r"-\log \operatorname{softmax}(z)_y", source="maximum likelihood")
def cross_entropy(n: Array) -> Tables:
    """The plain loss: its optimum gives the probabilities of the data as they are."""
    return tables(n, target=aim(np.ones_like(n)))


@strategy(
    "Weighted cross-entropy",
    r"w_y \cdot \bigl(-\log \operatorname{softmax}(z)_y\bigr)",
    source="King & Zeng 2001, Political Analysis 9(2), doi:10.1093/oxfordjournals.pan.a004868",
    knobs=(_class_weight(),),
)
def weighted_cross_entropy(n: Array, *, class_weight: Any) -> Tables:
    """The correct form: each example's loss times the weight of its true class."""
    w = weights(n, class_weight)
    return tables(n, weight=w[:, None], target=aim(w))


@strategy(
    "Weighted by the predicted class",
    r"w_{\hat y} \cdot \bigl(-\log \operatorname{softmax}(z)_y\bigr)",
    source="asked for in public threads",
    knobs=(_class_weight(),),
    wrong="The weight follows the model's guess, not the truth: taking a rare example for the common class costs as little "
    "as the common class weighs. And the guess follows from the features alone: so this is a weight on places, not on a class, "
    "and a model that can say the truth ends where plain cross-entropy does.",
    instead="weighted_cross_entropy",
)
def weighted_by_prediction(n: Array, *, class_weight: Any) -> Tables:
    """Misguided: the weight depends on the model's guess, so it favours places, and no class."""
    return tables(n, weight=weights(n, class_weight)[None, :])


@strategy(
    "Weighted by the kind of error",
    r"M_{y \hat y} \cdot \bigl(-\log \operatorname{softmax}(z)_y\bigr)",
    source="folklore: weights by true and by predicted class are cases of it",
    knobs=(
        Choice("error_weight", "Weights M", "balanced", ("balanced",), "A K×K table [true, predicted].", arrays=True),
    ),
)
def error_weighted(n: Array, *, error_weight: Any) -> Tables:
    """A weight for each pair of true and predicted class; by default the balanced weight on mistakes, 1 when right."""
    k = len(n)
    if isinstance(error_weight, str):
        return tables(n, weight=np.where(np.eye(k, dtype=bool), 1.0, weights(n, error_weight)[:, None]))
    return tables(n, weight=array("error_weight", error_weight, (k, k)))


@strategy(
    "Expected cost",
    r"\textstyle\sum_j C_{yj}\,\operatorname{softmax}(z)_j - \lambda \log \operatorname{softmax}(z)_y",
    source="Elkan 2001, IJCAI",
    knobs=(
        Choice("cost", "Costs C", "balanced", ("balanced",), "A K×K table [true, decided]; 0 when right.", arrays=True),
        Knob("cross_entropy", "Cross-entropy added λ", 0.0, 0.0, 1.0, 0.05, "A share of plain cross-entropy besides."),
    ),
)
def expected_cost(n: Array, *, cost: Any, cross_entropy: float) -> Tables:
    """Pay what the decision is expected to cost; by default a mistake costs the balanced weight of the true class."""
    k = len(n)
    if isinstance(cost, str):
        c = (1 - np.eye(k)) * weights(n, cost)[:, None]
    else:
        c = array("cost", cost, (k, k))
    by_cost = rule(n, "cost", "least expected cost", cost=c)
    return tables(
        n, weight=cross_entropy, cost=c, decisions=(rule(n), by_cost), target=by_cost if cross_entropy == 0 else None
    )


def _raw_or_scaled(n: Array, scale: Array) -> tuple[Decision, ...]:
    return (rule(n, "raw", "raw logits"), rule(n, "scaled", "logits times weights", scale=scale))


@strategy(
    "Multiplied logits",
    r"-\log \operatorname{softmax}(w \odot z)_y",
    source="widely copied from public threads since 2016",
    knobs=(_class_weight(),),
    flawed=True,
    wrong="It weights the logits, not the losses. What a factor does depends on the sign of the logit, and adding the same "
    "number to all logits, which changes no probability, changes this loss. A last layer that is trained undoes the factors: "
    "at the optimum the scaled logits are those of plain cross-entropy, and nothing has been weighted.",
    instead="weighted_cross_entropy",
)
def multiplied_logits(n: Array, *, class_weight: Any) -> Tables:
    """Flawed: it weights the output columns, not the examples, and the last layer undoes it."""
    w = weights(n, class_weight)
    # at the optimum the *scaled* logits are those of plain cross-entropy; the raw ones are anybody's guess
    return tables(n, scale=w, decisions=_raw_or_scaled(n, w))


@strategy(
    "Masked logits",
    r"-\log \operatorname{softmax}(w_{\hat y}\, z)_y",
    source="a segmentation question in public threads",
    knobs=(_class_weight(),),
    flawed=True,
    wrong="All logits are multiplied by the weight of the class that is predicted: that sharpens or softens the "
    "probabilities and favours no class. An example that is predicted as a class of weight 0 has gradient 0: it teaches "
    "nothing as long as it is predicted so.",
    instead="weighted_cross_entropy",
)
def masked_logits(n: Array, *, class_weight: Any) -> Tables:
    """Doubly flawed: all logits times the weight of the predicted class, a temperature that depends on the guess."""
    s = weights(n, class_weight)[:, None]
    return tables(n, scale=s, decisions=_raw_or_scaled(n, s))


@strategy(
    "Focal loss",
    r"\alpha_y (1 - q_y)^{\gamma} (-\log q_y),\quad q = \operatorname{softmax}(z)",
    source="Lin et al. 2017, arXiv:1708.02002",
    knobs=(_FOCUS, _class_weight("none")),
)
def focal(n: Array, *, gamma: float, class_weight: Any) -> Tables:
    """Turns away from what is already easy; not proper: its probabilities are pulled towards the middle."""
    w = weights(n, class_weight)
    return tables(n, weight=w[:, None], focus=gamma, target=_focal_target(w, gamma))


def _focal_target(w: Array, gamma: float) -> Decision | None:
    """Unweighted focal keeps the order of the classes, so it decides like cross-entropy; weighted focal does not."""
    return aim(w) if gamma == 0 or np.ptp(w) == 0 else None


@strategy(
    "Class-balanced",
    r"\frac{1-\beta}{1-\beta^{n_y}} \cdot \bigl(-\log \operatorname{softmax}(z)_y\bigr)",
    source="Cui et al. 2019, arXiv:1901.05555",
    knobs=(_BETA,),
)
def class_balanced(n: Array, *, beta: float) -> Tables:
    """Weighted by the effective number of examples (weights sum to K)."""
    w = of_present(n, "effective_number", beta=beta)
    return tables(n, weight=w[:, None], target=aim(w))


@strategy(
    "Class-balanced focal",
    r"\frac{1-\beta}{1-\beta^{n_y}} (1 - q_y)^{\gamma} (-\log q_y)",
    source="Cui et al. 2019, arXiv:1901.05555",
    knobs=(_BETA, _FOCUS),
)
def class_balanced_focal(n: Array, *, beta: float, gamma: float) -> Tables:
    """Focal loss with effective-number weights."""
    w = of_present(n, "effective_number", beta=beta)
    return tables(n, weight=w[:, None], focus=gamma, target=_focal_target(w, gamma))


@strategy(
    "Logit adjustment",
    r"-\log \operatorname{softmax}(z + \tau \log \pi)_y",
    source="Menon et al. 2021, arXiv:2007.07314",
    knobs=(_TAU,),
)
def logit_adjustment(n: Array, *, tau: float) -> Tables:
    """Adds τ·log prior in training only, so that the bare logits decide for the balanced error."""
    return tables(n, shift=np.maximum(tau * logs(n / n.sum()), NEVER), target=aim(_prior_power(n, tau)))


def _prior_power(n: Array, tau: float) -> Array:
    """π^−τ: what is left of the classes' weights once the prior is taken out τ times; 0 for an absent class."""
    present = n > 0
    return np.where(present, (np.where(present, n, 1) / n.sum()) ** -tau, 0.0)


@strategy(
    "Post-hoc logit adjustment",
    r"-\log \operatorname{softmax}(z)_y,\quad \hat y = \arg\max z - \tau \log \pi",
    source="Menon et al. 2021, arXiv:2007.07314",
    knobs=(_TAU,),
)
def posthoc_logit_adjustment(n: Array, *, tau: float) -> Tables:
    """Trains plain and subtracts τ·log prior when deciding."""
    w = _prior_power(n, tau)
    return tables(n, decisions=(rule(n, "adjusted", "logits minus τ log π", shift=logs(w)), rule(n)), target=aim(w))


@strategy(
    "Balanced softmax",
    r"-\log \operatorname{softmax}(z + \log n)_y",
    source="Ren et al. 2020, arXiv:2007.10740",
)
def balanced_softmax(n: Array) -> Tables:
    """Logit adjustment with τ = 1: counts and priors differ by a constant that softmax does not see."""
    return tables(n, shift=logs(n), target=aim(_prior_power(n, 1.0)))


@strategy(
    "LDAM",
    r"-\omega_y \log \operatorname{softmax}\bigl(s\,(z - m_y e_y)\bigr)_y,\quad m_c \propto n_c^{-1/4}",
    source="Cao et al. 2019, arXiv:1906.07413",
    knobs=(
        Knob("scale", "Scale s", 1.0, 0.1, 50.0, 0.1, "30 in the paper, whose logits are cosines; 1 for raw logits."),
        Knob("max_margin", "Largest margin", 0.5, 0.0, 5.0, 0.05, "The margin of the rarest class."),
        Knob(
            "late",
            "Weights from",
            1.0,
            0.0,
            1.0,
            0.05,
            "Fraction of the steps after which class-balanced weights start (DRW); 1: never.",
        ),
        _BETA,
    ),
)
def ldam(n: Array, *, scale: float, max_margin: float, late: float, beta: float) -> Tables:
    """A margin that is wider for rare classes, with class-balanced weights switched on late (DRW) if asked for."""
    margin = np.zeros_like(n)
    margin[n > 0] = max_margin * (n[n > 0].min() / n[n > 0]) ** 0.25
    late_weight = of_present(n, "effective_number", beta=beta)[:, None] if late < 1 else None
    return tables(n, scale=scale, shift=-scale * np.diag(margin), late_weight=late_weight, late=late)


@strategy(
    "CDT",
    r"-\log \operatorname{softmax}(a \odot z)_y,\quad a_c = (n_c / n_{\max})^{\gamma}",
    source="Ye et al. 2020, arXiv:2001.01385",
    knobs=(Knob("gamma", "Power γ", 0.3, 0.0, 1.0, 0.01, "0 is cross-entropy; .1 to .4 is usual."),),
)
def cdt(n: Array, *, gamma: float) -> Tables:
    """Multiplies logits the right way round: the *smaller* factor on the rare class, and only while training."""
    return tables(n, scale=(n / n.max()) ** gamma)


@strategy(
    "VS loss",
    r"\omega_y \bigl(-\log \operatorname{softmax}(a \odot z + \tau \log \pi)_y\bigr),\quad a_c = (n_c / n_{\max})^{\gamma}",
    source="Kini et al. 2021, arXiv:2103.01550",
    knobs=(
        Knob("gamma", "Power γ", 0.2, 0.0, 1.0, 0.01, "Multiplicative part, as in CDT; .15 to .3 is usual."),
        _TAU,
        _class_weight("none"),
    ),
)
def vs(n: Array, *, gamma: float, tau: float, class_weight: Any) -> Tables:
    """Vector scaling: multiplies as CDT, adds as logit adjustment, and may weight besides."""
    w = weights(n, class_weight)
    return tables(n, weight=w[:, None], scale=(n / n.max()) ** gamma, shift=np.maximum(tau * logs(n / n.sum()), NEVER))


@strategy(
    "Equalization (SEQL)",
    r"-\log \frac{e^{z_y}}{\sum_c \bigl(1 - 1[c \text{ rare}, c \ne y]\bigr)\, e^{z_c}}",
    source="Tan et al. 2020, arXiv:2003.05176",
    knobs=(
        Knob("rare", "Rare below", 0.5, 0.0, 1.0, 0.05, "Rare: a share below this fraction of the equal share 1/K."),
    ),
)
def equalization(n: Array, *, rare: float) -> Tables:
    """Examples of other classes do not push rare classes down; with two classes nothing then holds the rare one back."""
    k = len(n)
    is_rare = n / n.sum() < rare / k
    return tables(n, shift=np.where(is_rare[None, :] & ~np.eye(k, dtype=bool), NEVER, 0.0))


@strategy(
    "Threshold moving",
    r"-\log \operatorname{softmax}(z)_y,\quad \hat y = \arg\max z + \log w",
    source="Saerens et al. 2002, Neural Computation 14(1), doi:10.1162/089976602753284446",
    knobs=(
        _class_weight(),
        Choice("cost", "Costs C", "none", ("none",), "A K×K table [true, decided], in place of weights.", arrays=True),
    ),
)
def threshold_moving(n: Array, *, class_weight: Any, cost: Any) -> Tables:
    """Trains plain and moves the threshold: weights only where they matter, in the decision."""
    if not isinstance(cost, str):  # costs may ask for what no weights can: argmin_i Σ_j C[j, i] p_j
        by_cost = rule(n, "moved", "least expected cost", cost=array("cost", cost, (len(n), len(n))))
        return tables(n, decisions=(by_cost, rule(n)), target=by_cost)
    w = weights(n, class_weight)
    return tables(n, decisions=(rule(n, "moved", "logits plus log w", shift=logs(w)), rule(n)), target=aim(w))


@strategy(
    "Resampling",
    r"-\log \operatorname{softmax}(z)_y \text{ on class-balanced batches}",
    source="Chawla et al. 2002, arXiv:1106.1813, section 2; Saerens et al. 2002",
)
def resampling(n: Array) -> Tables:
    """Mini-batches drawn with every class equally often; on the whole data at once, its expectation: balanced weights."""
    w = of_present(n, "balanced")
    return tables(n, weight=w[:, None], sampler="balanced", target=aim(w))
