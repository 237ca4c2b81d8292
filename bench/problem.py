"""The reference run, as every competitor gets it: 8 strategies × 1,000 points × MLP 2-16-16-3 × 400 Adam steps."""

from functools import cache
from typing import Any

import numpy as np

import lossviz
from lossviz import models
from lossviz.plan import Plan, prepare

STEPS = 400
FRAMES = 60
RATE, BETA1, BETA2, EPSILON = 0.02, 0.9, 0.999, 1e-7
STRATEGIES = (
    "cross_entropy",
    "weighted_cross_entropy",
    "weighted_by_prediction",
    "expected_cost",
    "multiplied_logits",
    "focal",
    "logit_adjustment",
    "ldam",
)
"""One for each term of the equation: a trainer that leaves a term out cannot win by it."""


def plan(n: int = 1000, steps: int = STEPS, repeats: int = 1, **options: Any) -> Plan:
    """The run as lossviz plans it; the test part is a fresh draw of 1,000 points."""
    train = lossviz.make_dataset("spirals", n=n, imbalance=20, classes=3, seed=0)
    test = lossviz.make_dataset("spirals", n=1000, imbalance=20, classes=3, seed=1)
    return prepare(STRATEGIES, train.X, train.y, steps=steps, repeats=repeats, X_test=test.X, y_test=test.y, **options)


@cache
def arrays() -> tuple[Any, Any, Any, Any]:
    """For the peers: points [2,N], labels [N], parameters [S,D] and what each strategy weighs each class by, [S,K]."""
    p = plan()
    theta = np.stack([models.initial(p.dims, row.seed) for row in p.rows])
    weights = np.stack([lossviz.class_weights(p.counts, "balanced") ** (s / 7) for s in range(len(p.rows))])
    return np.ascontiguousarray(p.standardised(p.X).T), p.y, theta, weights.astype(np.float32)


def layers(theta: Any) -> list[tuple[Any, Any]]:
    """Parameters [S,D] as weights [S,out,in] and biases [S,out,1] of each layer."""
    out, at = [], 0
    for o, i in models.layers(plan().dims):
        w = theta[:, at : at + o * i].reshape(-1, o, i)
        out.append((np.ascontiguousarray(w[:, :, :-1]), np.ascontiguousarray(w[:, :, -1:])))
        at += o * i
    return out
