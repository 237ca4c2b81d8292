"""Growth with points and rows, each in a fresh process: `python -m bench.scaling points repeats steps`."""

import json
import resource
import sys
import time
from typing import Any

from bench.problem import STRATEGIES, plan

POINTS = {200: 400, 1000: 400, 5000: 400, 20_000: 100, 100_000: 20}
"""Steps to train so many points for."""
REPEATS = (1, 2, 4, 8)


def _peak() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(points: int, repeats: int, steps: int) -> dict[str, Any]:
    """Time and memory of the public path without maps: two frames, 1,000 test points."""
    import lossviz

    p = plan(points)

    def fit(steps: int, **options: Any) -> float:
        options |= {"X_test": p.X_test, "y_test": p.y_test, "frames": 1, "resolution": 2}
        begun = time.perf_counter()
        lossviz.fit(STRATEGIES, p.X, p.y, steps=steps, **options)
        return time.perf_counter() - begun

    fit(1)
    base = _peak()
    seconds = min(fit(steps, repeats=repeats) for _ in range(2))
    rows = len(STRATEGIES) * repeats
    return {
        "points": points, "rows": rows, "steps": steps, "seconds": seconds, "base": base, "peak": _peak(),
        "nanoseconds": seconds / (points * rows * steps) * 1e9,
    }  # fmt: skip


def compiled() -> dict[str, int]:
    """Programs compiled in one process that meets every size of the table, two models and two numbers of classes."""
    import lossviz
    from lossviz.train import compilations

    out, before = {}, 0
    for model in lossviz.MODELS:
        for classes in (2, 3):
            for n in POINTS:
                data = lossviz.make_dataset("blobs", n=n, imbalance=10, classes=classes, seed=0)
                for repeats, steps, frames in ((1, 1, 1), (3, 12, 12)) if n <= 1000 else ((1, 2, 1),):
                    lossviz.fit(STRATEGIES, data.X, data.y, model, steps, repeats=repeats, frames=frames)
            out[f"{model}, {classes} classes"] = compilations() - before
            before = compilations()
    return out


if __name__ == "__main__":
    answer = measure(*map(int, sys.argv[1:])) if sys.argv[1:] else compiled()
    print(json.dumps(answer))
