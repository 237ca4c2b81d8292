"""Labels counted where they are: any data frame, through its own engine -> how often each label occurs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = {
    "single": "One label a row",
    "multi": "Several labels a row",
    "pixels": "Pixels of each class",
}
"""What a count counts -> what people call it."""


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How often each label occurs: what weights, advice and code are made from.

    Attributes:
        labels: The labels as text, each once; in order of their numbers where all are numbers, else alphabetically: the
            order of `sklearn.preprocessing.LabelEncoder`, so that a label's place is its class index.
        counts: Rows that carry each label (of "pixels": pixels), int64, [K].
        rows: Rows looked at, with a label or without (of "pixels": all pixels).
        missing: Rows without any label. For "single" `counts.sum() + missing == rows`, always.
        kind: A key of `KINDS`.
        present: For "pixels": the pixels of the images that contain each label, int64, [K]; else None.
        notes: What was seen and decided while reading; plain sentences.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    rows: int
    missing: int = 0
    kind: str = "single"
    present: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()
