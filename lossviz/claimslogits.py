"""Claims about multiplying: logits, scores and masks. One entry a claim."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from lossviz.claim import (
    Array,
    Claim,
    Evidence,
    Picture,
    cross_entropy,
    entered,
    log_softmax,
    multiplied,
    on_trial,
    ruling,
    slope,
    weighted,
    within,
)

ENTRIES: dict[int, Claim] = {}
entry = partial(entered, ENTRIES)
TOPIC, MASKS = "Multiplying logits", "Weighting by the prediction"
W = np.array([31 / 531, 500 / 531])
"""Inverse frequencies of 500 and 31 examples, made to sum to 1: the weights of the thread."""


@entry(
    1,
    "Multiplying the logits by the class weights weights the loss.",
    topic=TOPIC,
    thread="binary",
    packages=(),
    expected="false",
    why="Softmax sees only differences of logits. Adding the same number to all of them changes nothing, and a loss "
    "that is weighted, w·ℓ, keeps that. Multiplied logits lose it: the loss now depends on the level of the logits, "
    "which says nothing about the class. Their gradient is scaled column by column of the last layer, not example by "
    "example; that layer learns to divide by the weights, and the model, trained to the end and without a penalty "
    "such as L2, has the probabilities it would have had without them.",
    code="""import numpy as np

logits, labels = np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1])
class_weight = np.array([31 / 531, 500 / 531])

log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
loss = class_weight[labels] * -log_p[np.arange(len(labels)), labels]  # the weight multiplies the loss, not the logits
assert np.allclose(loss, [0.0182883, 1.2365929])
""",
    rival=weighted,
)
def weights_the_loss(loss: Callable[..., Array] = multiplied) -> Evidence:
    """Compare the loss with weight × cross-entropy on 2,000 random examples, and add the same number to both logits."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (2000, 2)), rng.integers(0, 2, 2000)
    alike = np.isclose(loss(z, y, W), weighted(z, y, W), rtol=1e-9, atol=1e-12)
    at = np.linspace(-6, 6, 61)
    row, rare = np.array([2.0, 1.0]) + at[:, None], np.ones(61, int)
    moved = float(np.ptp(loss(row, rare, W)))
    return Evidence(
        "true" if alike.all() else "depends" if alike.mean() > 0.5 else "false",
        f"The loss on trial equals the weighted loss on {alike.mean():.1%} of 2,000 random examples. Adding −6 to 6 to "
        f"both logits, which changes no probability, moves it by {within(moved)} nats and the weighted loss by "
        f"{within(float(np.ptp(weighted(row, rare, W))))}.",
        Picture(
            "added to both logits",
            "loss of a rare example, nats",
            lines={"weight × cross-entropy": (at, weighted(row, rare, W)), "on trial": (at, loss(row, rare, W))},
            flawed=() if alike.all() else ("on trial",),
        ),
    )


def _as_the_formula(z: Array, y: Array, w: Array) -> Array:
    """−w_y z_y + log Σ_j exp(w_y z_j): every logit times the weight of the true class."""
    return cross_entropy(z * np.asarray(w)[y][:, None], y)


def _in_tensorflow(z: Array, y: Array, w: Array) -> Array:
    found: Array = on_trial("multiplied_logits", z, y, w)
    return found


@entry(
    2,
    "The loss of logits times class weights is −w_y z_y + log Σ_j exp(w_y z_j): every logit times the weight of the true "
    "class y.",
    topic=TOPIC,
    thread="binary",
    packages=("tensorflow",),
    expected="false",
    why="`tf.multiply(logits, class_weight)` knows no labels: it multiplies column j by w_j, whatever the true class. So the "
    "loss is −w_y z_y + log Σ_j exp(w_j z_j). The formula with w_y everywhere would be a temperature that depends on the "
    "label: another loss, and not a weighted one either.",
    code="""import tensorflow as tf

logits, labels = tf.constant([[2.0, 1.0]]), tf.constant([1])
class_weight = tf.constant([31 / 531, 500 / 531])

loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.gather(class_weight, labels) * loss
assert abs(float(loss[0]) - 1.2365929) < 1e-6
""",
    rival=_as_the_formula,
)
def what_the_code_computes(loss: Callable[..., Array] = _in_tensorflow) -> Evidence:
    """Run the copied code on random logits, and compare it with both formulas."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (500, 2)), rng.integers(0, 2, 500)
    found, claimed, columns = loss(z, y, W), _as_the_formula(z, y, W), multiplied(z, y, W)
    apart = {"w_y": float(np.abs(found - claimed).max()), "w_j": float(np.abs(found - columns).max())}
    example, labels = np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1])
    places = ("true class 0", "true class 1")
    return Evidence(
        ruling([apart["w_y"] < 1e-9]),
        f"On 500 random examples the code is {within(apart['w_y'])} nats from the formula with the weight of the true class, and "
        f"{within(apart['w_j'])} from the one with a weight for each column.",
        Picture(
            "logits (2, 1)",
            "loss, nats",
            bars={
                "the code": dict(zip(places, loss(example, labels, W).tolist(), strict=True)),
                "weight of the true class": dict(
                    zip(places, _as_the_formula(example, labels, W).tolist(), strict=True)
                ),
                "a weight for each column": dict(zip(places, multiplied(example, labels, W).tolist(), strict=True)),
            },
            flawed=("the code",),
        ),
    )


Rule = Callable[[Array, Array], Array]
MULTIPLY: dict[str, Rule] = {"probabilities": lambda s, w: s * w, "logits": lambda s, w: s * w}


@entry(
    9,
    "To favour a class when deciding, multiply its score by a weight before comparing.",
    topic=TOPIC,
    thread="unbalanced",
    packages=(),
    expected="depends",
    why="If a miss of class c costs w_c, the best decision is the largest w_c·p_c. A probability is exp(logit) up to a "
    "factor that all classes share, so for logits the same rule reads z_c + log w_c: add, do not multiply. Multiplying a "
    "negative logit by a large weight makes the class *less* likely to be chosen, and adding 5 to all logits changes who wins.",
    code="""import numpy as np

logits, w = np.array([[1.0, -0.5], [-2.0, -3.0]]), np.array([1.0, 5.0])
p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)

decision = (w * p).argmax(1)
assert (decision == (logits + np.log(w)).argmax(1)).all()  # the same, on logits
assert (decision == [1, 1]).all()
""",
    rival={"probabilities": MULTIPLY["probabilities"], "logits": lambda s, w: s + np.log(w)},
)
def multiply_the_scores(rule: Mapping[str, Rule] = MULTIPLY) -> Evidence:
    """Draw 2,000 labels from known probabilities, 20 times, and charge every miss the weight of its true class.

    A rule works if it costs less than the plain argmax and than the best constant answer, whatever is added to all logits.
    """
    rng, w, draws = np.random.default_rng(0), np.array([1.0, 2.0, 5.0]), 20
    at = np.arange(-6.0, 6.5)
    paid: dict[str, list[list[float]]] = {"probabilities": [], "logits": [], "plain": [], "constant": []}
    for _ in range(draws):
        z = rng.normal(0, 2, (2000, 3))
        p = np.exp(log_softmax(z))
        y = (rng.random((2000, 1)) > p.cumsum(1)[:, :-1]).sum(1)

        def cost(decision: Array | int, y: Array = y) -> float:
            return float((w[y] * (decision != y)).mean())

        paid["probabilities"].append([cost(rule["probabilities"](np.exp(log_softmax(z + t)), w).argmax(1)) for t in at])
        paid["logits"].append([cost(rule["logits"](z + t, w).argmax(1)) for t in at])
        paid["plain"].append([cost((z + t).argmax(1)) for t in at])
        paid["constant"].append([min(cost(c) for c in range(3))] * len(at))
    costs = {name: np.array(of) for name, of in paid.items()}  # [draws, shifts] each

    def cheaper(name: str, other: str) -> bool:
        """Whether by more than two standard errors of the paired difference, at every shift."""
        saved = costs[other] - costs[name]
        return bool((saved.mean(0) > 2 * saved.std(0, ddof=1) / np.sqrt(draws)).all())

    right = {kind: cheaper(kind, "plain") and cheaper(kind, "constant") for kind in ("probabilities", "logits")}
    verdict = ruling(list(right.values()))
    condition = {
        "depends": "It depends on the score. ",
        "true": "It works for both scores. ",
        "false": "It works for neither score. ",
    }[verdict]
    titles = {
        "probabilities": "weighted probabilities",
        "logits": "weighted logits",
        "plain": "plain argmax",
        "constant": "best constant",
    }

    def told(name: str) -> str:
        means, spread = costs[name].mean(0), costs[name].std(0, ddof=1).max()
        low, high = f"{means.min():.2f}", f"{means.max():.2f}"
        return f"{titles[name]} {low if low == high else f'{low} to {high}'} (± {spread:.2f})"

    return Evidence(
        verdict,
        f"{condition}Cost of a case over all that is added to the logits, where misses cost 1, 2 and 5: "
        f"{'; '.join(told(name) for name in costs)}. ± is the largest standard deviation over the 20 draws.",
        Picture(
            "added to all logits",
            "mean cost of a case",
            lines={titles[name]: (at, of.mean(0)) for name, of in costs.items()},
            flawed=tuple(titles[kind] for kind in right if not right[kind]),
        ),
    )


@entry(
    10,
    "With weights chosen by the true label alone, how hard an example pulls on the model does not depend on its prediction.",
    topic=MASKS,
    thread="masks",
    packages=(),
    expected="false",
    why="The weight itself does not see the prediction; what it multiplies does. An example pulls by its gradient, which with "
    "respect to the logits is w_y(p − e_y), where p are the predicted probabilities and e_y is 1 at the true class and 0 "
    "elsewhere. So an example that is predicted well hardly pulls at all, and one that is predicted badly pulls with almost its "
    "full weight: no mask of predictions is needed for that.",
    code="""import numpy as np

logits, labels, class_weight = np.array([[4.0, 0.0], [-4.0, 0.0]]), np.array([0, 0]), np.array([3.0, 1.0])
p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)

gradient = class_weight[labels][:, None] * (p - np.eye(2)[labels])  # of class_weight[labels] * cross-entropy
assert abs(gradient[0, 0]) < 0.06  # predicted well
assert abs(gradient[1, 0]) > 2.9  # predicted badly
""",
    rival=lambda z, y, w: -np.asarray(w)[y] * np.asarray(z)[np.arange(len(y)), y],
)
def ignores_the_prediction(loss: Callable[..., Array] = weighted) -> Evidence:
    """Hold label and weight, move the prediction from wrong to right, and measure the slope in the true class's logit."""
    margins, w, label = np.linspace(-5, 5, 41), np.array([3.0, 1.0]), np.array([0])
    p = 1 / (1 + np.exp(-margins))
    pull = np.array([np.abs(slope(lambda z: loss(z[None], label, w)[0], [m, 0.0])[0]) for m in margins])
    apart = float(np.abs(pull - w[0] * (1 - p)).max())
    return Evidence(
        ruling([bool(np.ptp(pull) < 1e-6)]),
        f"With the same label and the same weight 3, an example pulls on the logit of its class with {pull[0]:.3g} where the "
        f"model gives that class {p[0]:.1%}, and with {pull[-1]:.3g} where it gives it {p[-1]:.1%}. At {len(p)} predictions the "
        f"pull is {within(apart)} from 3 × (1 − p).",
        Picture("predicted probability p of the true class", "pull on its logit", lines={"weight 3": (p, pull)}),
    )


LossAndGradient = Callable[[Array, Array, Array], tuple[Array, Array]]


def _masked(z: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """All logits of an example times the weight of its predicted class; the loss, and its gradient."""
    a = w[z.argmax(1)][:, None]
    return cross_entropy(a * z, y), a * (np.exp(log_softmax(a * z)) - np.eye(z.shape[1])[y])


def _weighted(z: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """The weighted loss, and its gradient."""
    return weighted(z, y, w), w[y][:, None] * (np.exp(log_softmax(z)) - np.eye(z.shape[1])[y])


@entry(
    11,
    "A mask made from the predictions and multiplied into the logits trains a better model.",
    topic=MASKS,
    thread="masks",
    packages=(),
    expected="false",
    why="All logits of a pixel times one number is a temperature: it changes how sure the model is, and not towards "
    "which class. The number depends on the model's own guess, so a pixel that is taken for a cheap class learns "
    "slowly, and one that is taken for a class of weight 0 (often the void class) has all logits 0: its loss is log K "
    "whatever the parameters, and its gradient is 0. It teaches nothing as long as it is taken for that class; only "
    "other pixels, through the parameters that they share, can change that.",
    code="""import numpy as np

logits = np.array([[3.0, 0.0, 0.0], [3.0, 0.0, 0.0]])  # two pixels, both taken for class 0
labels, class_weight = np.array([1, 0]), np.array([0.0, 1.0, 1.0])  # class 0 is void: it does not count

log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
w = class_weight[labels]  # by the true class: the void pixel drops out, the other one learns
loss = (w * -log_p[np.arange(2), labels]).sum() / w.sum()
assert abs(loss - 3.0949) < 1e-4
""",
    rival=_weighted,
)
def mask_of_predictions(train_on: LossAndGradient = _masked) -> Evidence:
    """Train a softmax regression on 900, 80 and 20 examples, and, on its own, a pixel that is taken for a class of weight 0."""
    rng, counts = np.random.default_rng(0), [900, 80, 20]
    centres = ((0, 0), (1.5, 0.3), (0.5, 1.8))
    X = np.concatenate([rng.normal(c, 1, (n, 2)) for c, n in zip(centres, counts, strict=True)])
    X, y = np.column_stack([X, np.ones(len(X))]), np.repeat(np.arange(3), counts)
    w = len(y) / (3 * np.array(counts, float))

    def recalls(train: LossAndGradient, w: Array) -> Array:
        theta = np.zeros((3, 3))
        for _ in range(1500):
            theta -= 0.3 * X.T @ train(X @ theta, y, w)[1] / len(y)
        guess = (X @ theta).argmax(1)
        return np.array([np.mean(guess[y == c] == c) for c in range(3)])

    found = {
        "plain": recalls(_weighted, np.ones(3)),
        "on trial": recalls(train_on, w),
        "weighted by the true class": recalls(_weighted, w),
    }
    z = np.array([[3.0, 0.0, 0.0]])
    for _ in range(500):
        loss, gradient = train_on(z, np.array([1]), np.array([0.0, 1.0, 1.0]))
        z = z - 0.1 * gradient
    better = found["on trial"].mean() - found["plain"].mean()
    stuck = "is still wrong" if z.argmax() != 1 else "is right"
    return Evidence(
        ruling([bool(better > 0.02 and z.argmax() == 1)]),
        f"Mean recall: plain {found['plain'].mean():.0%}, on trial {found['on trial'].mean():.0%}, weighted by the true class "
        f"{found['weighted by the true class'].mean():.0%}. A pixel alone, of class 1 but taken for class 0, whose weight is "
        f"0, {stuck} after 500 steps: loss {loss[0]:.3f} (log 3 is {np.log(3):.3f}), gradient {np.abs(gradient).max():.2g}.",
        Picture(
            "class and its number of examples",
            "recall",
            bars={name: {f"{c} ({n})": float(r[c]) for c, n in enumerate(counts)} for name, r in found.items()},
            flawed=("on trial",) if better <= 0.02 else (),
        ),
    )


@entry(
    12,
    "Scaling the logits of a dominant class's examples down lowers their loss.",
    topic=TOPIC,
    thread="masks",
    packages=(),
    expected="depends",
    why="A factor below 1 on all logits makes the probabilities more alike. Where the prediction is right, the true class can "
    "only lose by that: the loss goes *up*. Where it is wrong, the true class gains for sure if its logit is below the mean "
    "of the logits; with two classes a wrong prediction is just that. With more classes the true one may be a close second: "
    "then it, too, hands probability to the classes far below, and the loss can go up. So the recipe tells the model to worry "
    "about what it already gets right. A weight on the loss lowers all alike.",
    code="""import numpy as np

logits, labels = np.array([[3.0, 0.0], [-3.0, 0.0]]), np.array([0, 0])  # one right, one wrong
log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
loss = -log_p[[0, 1], labels]

assert (0.2 * loss < loss).all()  # a weight of 0.2 on the loss lowers it whether right or wrong
""",
    rival=lambda z, y, a: a * cross_entropy(z, y),
)
def scaling_down(
    loss: Callable[[Array, Array, float], Array] = lambda z, y, a: cross_entropy(a * z, y),
) -> Evidence:
    """Multiply the logits of 10,000 random examples by 0.3, with 2, 3 and 12 classes, apart by whether they are predicted right.

    For the wrong ones whose loss does not fall, look whether the true class has a logit above the mean of the logits.
    """
    rng, y = np.random.default_rng(0), np.zeros(10_000, int)
    falls: dict[str, dict[str, float | None]] = {"predicted right": {}, "predicted wrong": {}}
    every: list[bool] = []
    close = raised = 0
    for classes in (2, 3, 12):
        z = rng.normal(0, 2, (len(y), classes))
        right, lower = z.argmax(1) == y, loss(z, y, 0.3) < loss(z, y, 1.0)
        every += lower.tolist()
        for name, of in (("predicted right", right), ("predicted wrong", ~right)):
            falls[name][f"{classes} classes"] = float(lower[of].mean())
        odd = ~right & ~lower
        raised += int(odd.sum())
        close += int((z[odd, 0] > z[odd].mean(1)).sum())
    verdict = ruling(every)
    told = "; ".join(
        f"{k} {falls['predicted right'][k]:.0%} and {falls['predicted wrong'][k]:.0%}" for k in falls["predicted right"]
    )
    condition = (
        "It depends on whether the prediction is right and, beyond two classes, on how far behind the true class is. "
    )
    second = (
        f" Of the {raised:,} wrong ones whose loss rises, {close:,} have a true class above the mean of the logits."
    )
    return Evidence(
        verdict,
        (condition if verdict == "depends" else "")
        + f"Share of the examples predicted right, and of those predicted wrong, whose loss a factor of 0.3 lowers: {told}."
        + (second if raised else ""),
        Picture("", "share of examples whose loss falls", bars=falls),
    )
