"""The canvas component: decision maps as small multiples and the loss curves under them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from lossviz import sentences
from lossviz.data import Dataset
from lossviz.figures import CLASS_COLOURS, LINE_GRID, strategy_colour
from lossviz.plan import Run
from lossviz.strategies import get

HERE = Path(__file__).parent
SHOWN = 1500
"""Most training points drawn; more would only cover each other."""

_race = st.components.v2.component(
    "lossviz_race",
    html='<div class="race" data-frames="0"></div>',
    css=(HERE / "player.css").read_text(),
    js=(HERE / "player.js").read_text(),
)


def shown_points(y: np.ndarray) -> np.ndarray:
    """Which training points to draw: all, or a fixed sample that keeps at least 100 of each class."""
    if len(y) <= SHOWN:
        return np.arange(len(y))
    rng = np.random.default_rng(0)
    keep = []
    for c in np.unique(y):
        of_class = np.flatnonzero(y == c)
        size = min(len(of_class), max(100, round(SHOWN * len(of_class) / len(y))))
        keep.append(rng.choice(of_class, size, replace=False))
    return np.sort(np.concatenate(keep))


def pack(meta: dict[str, Any], **arrays: np.ndarray) -> bytes:
    """One run of bytes for the component: only data that is bytes as a whole travels as such.

    The length of a JSON header, the header ({"meta", "arrays": {name: [type, start, length]}}), then the arrays, each
    from a multiple of 8 on, as typed arrays need.
    """
    at, index, body = 0, {}, []
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        index[name] = [str(array.dtype), at, array.size]
        body.append(data + b"\0" * (-len(data) % 8))
        at += len(body[-1])
    header = json.dumps({"meta": meta, "arrays": index}).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + b"".join(body)


def payload(run: Run, data: Dataset, lines: list[np.ndarray], aims: list[int], key: str) -> bytes:
    """What the component draws: arrays as bytes, and words."""
    plan = run.plan
    points = shown_points(plan.y)
    # in parts of the picture: float32 could not tell time stamps apart
    low, high = np.reshape(plan.extent, (2, 2)).T if plan.extent else (np.zeros(2), np.ones(2))
    starts = np.cumsum([0, *[len(line) for line in lines]])
    meta = {
        "run": key,
        "frames": run.frames,
        "steps": run.steps.tolist(),
        "resolution": plan.resolution,
        "extent": plan.extent,
        "classes": list(plan.classes),
        "counts": plan.counts.tolist(),
        "colours": [CLASS_COLOURS[c % len(CLASS_COLOURS)] for c in range(len(plan.classes))],
        "features": list(data.features),
        "points": len(points),
        "truth": bool(lines),
        "lineGrid": LINE_GRID,
        "lines": [[int(a), len(line)] for a, line in zip(starts, lines, strict=False)],
        "panels": [
            {
                "title": r.title,
                "flawed": get(r.strategy).flawed,
                "note": sentences.panel(run, i),
                "target": aims[i] if aims else -1,
                "colour": strategy_colour(i),
            }
            for i, r in enumerate(plan.rows)
        ],
        "sentence": sentences.boundaries(run),
        "curveSentence": sentences.curves(run),
    }
    return pack(
        meta,
        maps=run.maps[run.frames - 1] if run.frames else np.zeros(0, np.uint8),
        points=((plan.X[points] - low) / (high - low)).astype(np.float32),
        labels=plan.y[points].astype(np.uint8),
        lines=np.concatenate(lines) if lines else np.zeros(0, np.uint16),
        curves=np.stack([run.cross_entropy, run.test_cross_entropy]).astype(np.float32),
    )


def show(data: bytes) -> None:
    """Mount or update the component."""
    _race(data=data, key="race-player")
