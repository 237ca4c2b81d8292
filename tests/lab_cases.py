"""Examples for the logit lab's kernel: every strategy, at random and at extreme points, with what `lossviz.loss` says."""

import numpy as np

from lossviz import STRATEGIES, gradient, lab, loss

COUNTS = {2: [500, 31], 3: [900, 80, 20], 5: [500, 31, 120, 250, 60]}


def cases():
    """For each strategy and number of classes: its tables as the browser gets them, points, labels, losses, gradients."""
    out = []
    for k, counts in COUNTS.items():
        rng = np.random.default_rng(k)
        z = np.concatenate(
            [
                rng.normal(0, 2, (30, k)),
                rng.normal(0, 50, (10, k)),
                rng.choice([-1e4, -50.0, 0.0, 40.0, 1e4], (20, k)),
                np.zeros((1, k)),
            ]
        )
        y = rng.integers(0, k, len(z))
        state = lab.Lab(
            logits=tuple(z[0]), true=0, counts=tuple(counts), weights="balanced", shown=tuple(STRATEGIES),
            knobs={"focal": {"gamma": 1.5}, "expected_cost": {"cross_entropy": 0.25}, "vs": {"class_weight": "sqrt"}},
        )  # fmt: skip
        tables = lab.offers(state)["tables"]
        for name in STRATEGIES:
            knobs = lab.arguments(state, name)
            out.append(
                {
                    "name": name, "tables": tables[name], "z": z.tolist(), "y": y.tolist(),
                    "loss": loss(name, z, y, counts, **knobs), "gradient": gradient(name, z, y, counts, **knobs),
                }
            )  # fmt: skip
    return out


def check(case, values, slopes):
    """Equal to 1e-9, relative to the largest number of the example: where terms cancel, nothing smaller means anything."""
    scale = np.maximum(np.abs(case["loss"]), 1e-3)
    np.testing.assert_array_less(np.abs(np.array(values) - case["loss"]) / scale, 1e-9, err_msg=case["name"])
    size = np.maximum(np.abs(case["gradient"]).max(1, keepdims=True), 1e-3)
    np.testing.assert_array_less(np.abs(np.array(slopes) - case["gradient"]) / size, 1e-9, err_msg=case["name"])
