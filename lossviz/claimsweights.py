"""Claims about weights: where they go, how large they are, and what they do. One entry a claim."""

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
    logistic,
    multiplied,
    predicted,
    ruling,
    slope,
    two_blobs,
    weighted,
    within,
)
from lossviz.weights import SCHEMES, class_weights

ENTRIES: dict[int, Claim] = {}
entry = partial(entered, ENTRIES)
TOPIC, SIZES = "What weights do", "How large the weights are"


@entry(
    3,
    "To weight classes, multiply each example's loss by the weight of its true class.",
    topic=TOPIC,
    thread="unbalanced",
    packages=(),
    expected="true",
    why="A weight of 3 on an example's loss is what three copies of the example would do: the same sum, the same "
    "gradient for every parameter of every model. So the optimum is that of data in which the class is three times as "
    "frequent.",
    code="""import numpy as np

logits, labels = np.array([[0.2, 0.9], [1.5, 0.1]]), np.array([0, 1])
class_weight = np.array([1.0, 3.0])

log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
each = -log_p[np.arange(len(labels)), labels]
loss = (class_weight[labels] * each).sum()
assert np.isclose(loss, each[0] + 3 * each[1])  # as if the second example were there three times
""",
    rival=multiplied,
)
def by_true_class(loss: Callable[..., Array] = weighted) -> Evidence:
    """Compare its gradient, for every parameter of a linear model, with that of data that hold the rare class 5 times."""
    X, y = two_blobs(60, 0.2)
    w = np.array([1.0, 5.0])
    X = np.column_stack([X, np.ones(len(X))])
    repeated = np.repeat(np.arange(len(y)), np.where(y == 1, 5, 1))
    theta = np.random.default_rng(1).normal(size=(3, 2))
    one = slope(lambda t: loss(X @ t, y, w).sum(), theta)
    copies = slope(lambda t: cross_entropy(X[repeated] @ t, y[repeated]).sum(), theta)
    apart = float(np.abs(one - copies).max())
    names = [f"{f} to class {c}" for f in ("x1", "x2", "bias") for c in (0, 1)]
    return Evidence(
        ruling([apart < 1e-5]),
        f"The gradients of all 6 parameters are {within(apart)} apart; the largest is {np.abs(copies).max():.3g}.",
        Picture(
            "parameter",
            "gradient of the summed loss",
            bars={
                "on trial": dict(zip(names, one.ravel().tolist(), strict=True)),
                "rare class 5 times in the data": dict(zip(names, copies.ravel().tolist(), strict=True)),
            },
            flawed=() if apart < 1e-5 else ("on trial",),
        ),
    )


@entry(
    4,
    "To balance positives and negatives, pos_weight is 1 divided by the share of positives.",
    topic=SIZES,
    thread="binary",
    packages=(),
    expected="false",
    why="Positives and negatives weigh the same in sum if pos_weight × positives = negatives, so pos_weight is negatives "
    "/ positives. 1 / share is all / positives = negatives / positives + 1: too large by exactly 1. With one positive in "
    "a thousand nobody notices; with one in three it is 3 where 2 is right.",
    code="""import numpy as np

labels = np.repeat([0, 1], [500, 31])
negatives, positives = np.bincount(labels)
pos_weight = negatives / positives
assert round(pos_weight, 2) == 16.13  # 1 / share of positives would be 17.13
""",
    rival=lambda negatives, positives: negatives / positives,
)
def one_over_share(
    pos_weight: Callable[[float, float], float] = lambda negatives, positives: (negatives + positives) / positives,
) -> Evidence:
    """For shares of positives from 1 % to 50 %, compare the summed weight of the positives with that of the negatives."""
    share = np.linspace(0.01, 0.5, 50)
    ratio = np.array([pos_weight(1 - s, s) * s / (1 - s) for s in share])
    found = pos_weight(500, 31)
    return Evidence(
        ruling([bool(np.allclose(ratio, 1, atol=1e-9))]),
        f"With 500 negatives and 31 positives it is {found:.2f}; {500 / 31:.2f} balances. All positives together then weigh "
        f"{found * 31 / 500:.3f} times the negatives; at a share of 50 % it is {ratio[-1]:.3g} times.",
        Picture(
            "share of positives",
            "weight of all positives ÷ weight of all negatives",
            lines={"on trial": (share, ratio), "negatives ÷ positives": (share, np.ones(50))},
            flawed=() if np.allclose(ratio, 1) else ("on trial",),
        ),
    )


def _optimisers(mean: Callable[[Array], float] = len) -> dict[str, Callable[[Array, Array, Array, int], Array]]:
    """SGD and Adam on a logistic regression; `mean` is what the summed loss is divided by."""

    def gradient(theta: Array, X: Array, y: Array, w: Array) -> Array:
        out: Array = X.T @ (w * (1 / (1 + np.exp(-X @ theta)) - y)) / mean(w)
        return out

    def sgd(X: Array, y: Array, w: Array, steps: int) -> Array:
        theta = np.zeros(X.shape[1])
        for _ in range(steps):
            theta = theta - 0.1 * gradient(theta, X, y, w)
        return theta

    def adam(X: Array, y: Array, w: Array, steps: int) -> Array:
        theta, m, v = (np.zeros(X.shape[1]) for _ in range(3))
        for t in range(1, steps + 1):
            g = gradient(theta, X, y, w)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return theta

    return {"SGD": sgd, "Adam": adam}


@entry(
    8,
    "It matters whether the class weights sum to 1, or to the number of classes.",
    topic=SIZES,
    thread="unbalanced",
    packages=(),
    expected="depends",
    why="Only the ratio of the weights moves the optimum, unless there is a penalty such as L2. Their size multiplies "
    "the loss, and so the gradient: with SGD that is another learning rate, and the same number of steps gets less "
    "far. Adam divides the gradient by its own size, and hardly notices. Nor does a loss that divides by Σw, as "
    "PyTorch's `CrossEntropyLoss(weight=…)` does.",
    code="""import numpy as np

counts = np.array([500, 31])
w = counts.sum() / (2 * counts)  # balanced: the mean weight of an example is 1, so the learning rate keeps its meaning
assert np.isclose((counts * w).sum() / counts.sum(), 1)
""",
    rival=_optimisers(lambda w: float(w.sum())),
)
def sum_of_weights(
    optimisers: Mapping[str, Callable[[Array, Array, Array, int], Array]] = _optimisers(),
) -> Evidence:
    """Take 100 steps with weights in the same ratio and three sizes, and see how far apart the models are."""
    X, y = two_blobs(400, 0.1)
    A = np.column_stack([X, np.ones(len(X))])
    sizes = {
        name: class_weights([360, 40], "balanced", normal) for name, normal in
        {"Σw = 1": "sum", "Σw = K": "classes", "mean example 1": "mean"}.items()
    }  # fmt: skip
    recall: dict[str, dict[str, float | None]] = {}
    spread = {}
    for name, train in optimisers.items():
        p = {size: 1 / (1 + np.exp(-A @ train(A, y, w[y], 100))) for size, w in sizes.items()}
        recall[name] = {size: float(v[y == 1].mean()) for size, v in p.items()}
        spread[name] = float(np.ptp(list(p.values()), axis=0).max())
    best = [predicted(logistic(X, y, w[y]), X) for w in sizes.values()]
    apart = float(np.ptp(best, axis=0).max())
    verdict = ruling([s > 0.05 for s in spread.values()])
    told = " and ".join(f"{within(s)} with {name}" for name, s in spread.items())
    return Evidence(
        verdict,
        ("It depends on the optimiser. " if verdict == "depends" else "")
        + f"After 100 steps a prediction differs by {told}; at the optimum by {within(apart)}.",
        Picture("", "mean predicted probability of the rare examples", bars=recall),
    )


@entry(
    19,
    "The mean prediction of an unweighted model is close to the base rate.",
    topic=TOPIC,
    thread="keras",
    packages=(),
    expected="true",
    why="At the optimum the derivative with respect to the intercept is 0, and that derivative is the mean of prediction "
    "minus label. So the mean prediction is the share of positives, however rare they are: an unweighted model is not "
    "biased against the rare class, its probabilities are small because the class is rare. Weights break this on purpose.",
    code="""import numpy as np
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
y = np.repeat([0, 1], [950, 50])
X = rng.normal(size=(1000, 2)) + 1.5 * y[:, None]
p = LogisticRegression(C=1e6).fit(X, y).predict_proba(X)[:, 1]
assert abs(p.mean() - y.mean()) < 1e-3  # if yours is far off, look for a missing intercept, weights or resampling
""",
    rival=lambda X, y: predicted(logistic(X, y, bias=False), X),
)
def base_rate(
    fit: Callable[[Array, Array], Array] = lambda X, y: predicted(logistic(X, y), X),
) -> Evidence:
    """Fit models to data with 1 % to 50 % positives, and compare their mean prediction with that share."""
    share, plain, balanced = [], [], []
    for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5):
        X, y = two_blobs(2000, s)
        w = class_weights(np.bincount(y))
        share.append(y.mean())
        plain.append(fit(X, y).mean())
        balanced.append(predicted(logistic(X, y, w[y]), X).mean())
    at, found = np.array(share), np.array(plain)
    off = np.abs(found - at)
    return Evidence(
        ruling([bool(off.max() < 0.005)]),
        f"Over 7 shares of positives the mean prediction is {within(float(off.max()))} off; at {at[0]:.0%} positives it is "
        f"{found[0]:.2%}, and {balanced[0]:.1%} with balanced weights.",
        Picture(
            "share of positives",
            "mean prediction",
            lines={
                "on trial": (at, found),
                "share of positives": (at, at),
                "balanced weights": (at, np.array(balanced)),
            },
        ),
    )


SOFTER: dict[str, Callable[[list[int]], Array]] = {
    "square root": lambda counts: class_weights(counts, "sqrt"),
    "log": lambda counts: class_weights(counts, "log"),
}


@entry(
    24,
    "Weights softened by a square root or a log can work better than the balanced weights themselves.",
    topic=SIZES,
    thread="keras",
    packages=(),
    expected="depends",
    why="Weights slide the model along one frontier: more of the rare class found, more false alarms. Balanced weights "
    "sit about where the mean recall of the classes is largest, so softer weights lose by that measure; they raise fewer "
    "false alarms, and often win by F1. Tried are the square root, √(n_max / n_c), and the log, 1 / ln(1.02 + n_c / n), of ENet; "
    "here the square root is the softer of the two. Neither is better before you say what a miss and a false alarm cost. "
    "Moving the threshold of the plain model slides along the same frontier, without training again.",
    code="""import numpy as np

miss, false_alarm = 5.0, 1.0  # what the errors cost: this decides, not a rule for weights
threshold = false_alarm / (false_alarm + miss)
p = np.array([0.1, 0.2, 0.6])  # of a plain model
assert (np.array(p > threshold) == [False, True, True]).all()
""",
    rival=dict.fromkeys(SOFTER, lambda counts: class_weights(counts) ** 2),
)
def softer_weights(soften: Mapping[str, Callable[[list[int]], Array]] = SOFTER) -> Evidence:
    """Fit with every weight from none to ten times balanced, and judge square root and log by F1 and by mean recall."""
    X, y = two_blobs(4000, 0.05)
    X_test, y_test = two_blobs(20_000, 0.05, seed=1)

    def judged(w: Array) -> tuple[float, float, float, float]:
        guess = predicted(logistic(X, y, w[y]), X_test) > 0.5
        hit = (guess & (y_test == 1)).sum()
        recall, precision = hit / (y_test == 1).sum(), hit / max(guess.sum(), 1)
        return (
            recall,
            precision,
            2 * hit / (guess.sum() + (y_test == 1).sum()),
            (recall + (~guess[y_test == 0]).mean()) / 2,
        )

    counts = np.bincount(y).tolist()
    frontier = np.array([judged(np.array([1.0, r]))[:2] for r in np.geomspace(1, 190, 16)])
    full = judged(class_weights(counts))
    points = {name: judged(weights(counts)) for name, weights in soften.items()} | {"balanced": full}
    verdict = ruling([points[name][measure] > full[measure] for name in soften for measure in (2, 3)])

    def told(show: Callable[[tuple[float, float, float, float]], str]) -> str:
        return ", ".join(f"{show(point)} {name}" for name, point in points.items())

    return Evidence(
        verdict,
        ("It depends on the measure. " if verdict == "depends" else "")
        + f"F1 of the rare class: {told(lambda v: f'{v[2]:.2f}')}. Mean recall: {told(lambda v: f'{v[3]:.3f}')}. "
        f"Found, and right among alarms: {told(lambda v: f'{v[0]:.0%} and {v[1]:.0%}')}.",
        Picture(
            "recall of the rare class",
            "precision",
            lines={
                "every weight from 1 to 190": (frontier[:, 0], frontier[:, 1]),
                **{name: (np.array([v[0]]), np.array([v[1]])) for name, v in points.items()},
            },
        ),
    )


def _by_scheme(name: str, counts: list[int]) -> Array:
    return class_weights(counts, name)


@entry(
    25,
    "The rarer class gets the higher weight.",
    topic=SIZES,
    thread="unbalanced",
    packages=(),
    expected="true",
    why="From counts alone, every scheme is a decreasing function of the count; they differ in how steep it is. "
    "People who multiply logits often ask whether the weights should not be the other way round, for there the "
    "smaller factor on the rare class can even help. In a loss there is no such doubt. (The effective number "
    "saturates: far beyond 1 / (1 − β) examples, its weights are equal to rounding. And median frequency divides by "
    "the pixels of the images that hold a class: in CamVid, Fence has fewer pixels than SignSymbol, 714,595 against "
    "743,859, but in half as many images, and gets the lower weight.)",
    code="""import numpy as np

counts = np.array([900, 90, 10])
class_weight = counts.sum() / (len(counts) * counts)
assert (np.diff(class_weight) > 0).all()  # from the most frequent class to the rarest
""",
    rival=lambda name, counts: np.array(counts) / np.sum(counts) if name == "balanced" else _by_scheme(name, counts),
)
def rarer_is_heavier(weights: Callable[[str, list[int]], Array] = _by_scheme) -> Evidence:
    """Ask every scheme for the weights of 50 random pairs of counts up to 10,000, and of 500 and 31."""
    rng = np.random.default_rng(0)
    pairs = [sorted(rng.choice(10_000, 2, replace=False) + 1, reverse=True) for _ in range(50)]
    holds = {
        name: all(w[1] > w[0] for w in (weights(name, [int(c) for c in pair]) for pair in pairs)) for name in SCHEMES
    }
    shown = {SCHEMES[name].title: weights(name, [500, 31]) for name in SCHEMES}
    least = min(shown, key=lambda title: shown[title][1] / shown[title][0])
    return Evidence(
        ruling(list(holds.values())),
        f"{sum(holds.values())} of {len(holds)} schemes give the rarer class the higher weight on all 50 pairs of up to "
        f"10,000 examples a class. With 500 and 31 examples the ratio of the weights goes from "
        f"{shown[least][1] / shown[least][0]:.2f} ({least}) to {max(w[1] / w[0] for w in shown.values()):.2f}.",
        Picture(
            "",
            "weight of 31 examples ÷ weight of 500",
            bars={"weights": {title: float(w[1] / w[0]) for title, w in shown.items()}},
        ),
    )
