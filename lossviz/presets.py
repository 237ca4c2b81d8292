"""Situations to start from: a name, a story, and what they set on the Strategy race."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A situation.

    Attributes:
        name: Short name.
        title: What people call it.
        story: What it is about, and what to look for.
        strategies: Names of the strategies to race.
        dataset: A name in `lossviz.DATASETS`.
        knobs: Of the dataset.
        options: Other controls of the page by key, such as "steps" or "model".
    """

    name: str
    title: str
    story: str
    strategies: tuple[str, ...]
    dataset: str
    knobs: Mapping[str, Any]
    options: Mapping[str, Any]

    def parameters(self) -> list[tuple[str, str]]:
        """Of the link to the Strategy race that sets its controls so.

        Example:
            >>> PRESETS["fraud"].parameters()[-4:]
            [('blobs-overlap', '0.6'), ('model', 'linear'), ('steps', '1000'), ('rate-adam', '0.1')]
        """
        pairs: list[tuple[str, Any]] = [("preset", self.name), *(("strategies", s) for s in self.strategies)]
        pairs += [("data", self.dataset), *((f"{self.dataset}-{k}", v) for k, v in self.knobs.items())]
        return [(key, str(value)) for key, value in (*pairs, *self.options.items())]


_CORE = ("cross_entropy", "weighted_cross_entropy", "multiplied_logits")
PRESETS = {
    p.name: p
    for p in (
        Preset(
            "fraud",
            "Fraud, 1 in 501",
            "20,000 payments, one in 501 of them fraud. Plain training misses most of it; weights find it, at the "
            "price of many honest customers. Look at precision, and at the moved threshold.",
            (*_CORE, "focal", "threshold_moving"),
            "blobs",
            {"n": 20_000, "classes": 2, "imbalance": 500.0, "overlap": 0.6},
            {"model": "linear", "steps": 1000, "rate-adam": 0.1},
        ),
        Preset(
            "disease",
            "A rare disease",
            "1,000 people, one in 21 ill, two measurements that overlap. A missed illness costs more than a second "
            "test: which remedy finds more of the ill, and at how many false alarms?",
            (*_CORE, "threshold_moving", "class_balanced"),
            "moons",
            {"n": 1000, "imbalance": 20.0, "overlap": 0.45},
            {"model": "mlp", "steps": 400},
        ),
        Preset(
            "uneven",
            "Three uneven classes",
            "The smallest is one in fifty: what is fair to the smallest is unfair to the largest. Multiplied logits, "
            "decided raw, go wherever the initial weights left them.",
            (*_CORE, "logit_adjustment", "cdt"),
            "blobs",
            {"n": 1000, "classes": 3, "imbalance": 45.0, "overlap": 0.8},
            {"model": "linear", "steps": 1000, "rate-adam": 0.1},
        ),
        Preset(
            "separable",
            "Separable: weights fade",
            "Nothing overlaps, so every loss can be brought to zero, and the longer it trains, the less weights matter. "
            "Compare with L2 at 0.01, which keeps them.",
            (*_CORE, "vs"),
            "separable",
            {"n": 500, "classes": 2, "imbalance": 20.0, "gap": 0.5},
            {"model": "linear", "steps": 5000, "rate-adam": 0.1},
        ),
    )
}
"""Name -> entry; the one place to add one."""
