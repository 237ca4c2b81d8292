"""What controls with a fixed list show for each name: the one place for pages and for links that hold names."""

from lossviz import DATASETS, MODELS, OPTIMIZERS, SCHEMES, STRATEGIES, calls
from lossviz.costmatrix import PRESETS as PRICED
from lossviz.costmatrix import STRATEGIES as REMEDIES
from lossviz.labelguess import LAYOUTS
from lossviz.lesson import STEPS
from lossviz.lessons import LESSONS
from lossviz.multilabel import RULES, WORKED
from lossviz.multimethods import METHODS as LABELLED
from lossviz.plan import INFERENCES
from lossviz.planes import PLANES
from lossviz.segplan import METHODS, SOURCES
from lossviz.segwire import SCENES

AXES = {"two": "Two columns", "pca": "PCA of all numbers", "lda": "LDA of all numbers"}
VIEWS = {
    "numbers": "All numbers",
    "pr": "Precision and recall",
    "roc": "ROC",
    "reliability": "Reliability",
    "threshold": "Weight or threshold",
    "undone": "The network undoes it",
}
SURFACES = {
    "look": {
        "surface": "Surface",
        "between": "Between two solutions",
        "undone": "The network undoes it",
        "fading": "Fading weights",
    },
    "drawn": {"flat": "Contours", "solid": "3-D"},
    "s-data": {name: DATASETS[name].title for name in ("blobs", "moons", "circles", "xor", "separable")},
    "s-model": {"bias": "Logistic: a weight and a bias", "two": "Logistic: two weights"}
    | {name: MODELS[name].title for name in ("linear", "mlp")},
    "plane": PLANES,
}
"""Controls of the page of loss surfaces."""
MULTILABEL = {
    "m-view": {
        "found": "Found and right",
        "boundary": "Boundaries",
        "threshold": "Thresholds",
        "calibration": "Calibration",
        "twice": "Yes twice",
        "logits": "Logits or probabilities",
        "worked": "Worked values",
    },
    "m-data": {"made": "Made, with known truth", "upload": "Your own table…"},
    "m-model": {m.name: m.title for m in MODELS.values()},
    "m-methods": {m.name: m.title + (" ⚠" if m.flawed else "") for m in LABELLED.values()},
    "m-rule": RULES,
    "m-true": {"0": "The label is 0", "1": "The label is 1"},
    "m-case": {name: name for name in WORKED},
}
"""Controls of the page of multi-label training."""
COSTS = {
    "c-problem": {name: entry.title for name, entry in PRICED.items()} | {"own": "Costs of your own…"},
    "c-strategies": {name: STRATEGIES[name].title for name in REMEDIES},
}
"""Controls of the page of costs."""
SEGMENTATION = {
    "seg-methods": {m.name: m.title + (" ⚠" if m.flawed else "") for m in METHODS.values()},
    "seg-row": {m.name: m.title for m in METHODS.values()},
    "seg-scene": {name: name for name in SCENES},
    "seg-weights": SOURCES | {"mine": "Median frequency, from your own masks"},
    "seg-look": {"scenes": "These scenes", "camvid": "CamVid and SegNet", "masks": "Your own masks"},
}
"""Controls of the page of segmentation."""
SCALES = {"own": "as it comes", "sum": "Σw = 1", "classes": "Σw = K", "mean": "mean example 1"}
TITLES = {
    "strategies": {s.name: s.title + (" ⚠" if s.flawed else "") for s in STRATEGIES.values()},
    "data": {name: entry.title for name, entry in DATASETS.items()} | {"upload": "Your own table…"},
    "model": {m.name: m.title for m in MODELS.values()},
    "optimizer": {o.name: o.title for o in OPTIMIZERS.values()},
    "batch": {"all": "All examples", "32": "32", "64": "64", "128": "128", "256": "256"},
    "inference": INFERENCES,
    "view": VIEWS,
    "scheme": {"auto": "Recommended"} | {s.name: s.title for s in SCHEMES.values()},
    "normalise": SCALES,
    "scale": SCALES,
    "said": {name: "" if name == "own" else f", {title}" for name, title in SCALES.items()},
    "read-encoding": {"auto": "As detected", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Latin-1 (Windows-1252)"},
    "read-delimiter": {
        "auto": "As detected",
        ",": "Comma",
        ";": "Semicolon",
        "tab": "Tab",
        "|": "Pipe",
        "none": "None",
    },
    "read-header": {"auto": "As detected", "yes": "First line holds names", "no": "First line is data"},
    "read-layout": {"auto": "As detected"} | LAYOUTS,
    "table-axes": AXES,
    "lesson": {"all": "All lessons"}
    | {name: f"{i}. {entry.title}" for i, (name, entry) in enumerate(LESSONS.items(), 1)},
    "step": STEPS,
    **SURFACES,
    **MULTILABEL,
    **COSTS,
    **SEGMENTATION,
} | {f"{name}-axes": AXES for name, entry in DATASETS.items() if entry.columns}
TITLES |= {
    "ref-scale": {name: title for name, title in SCALES.items() if name != "own"},
    "ref-code": calls.TITLES,
}
TITLES |= {f"s-{key}": TITLES[key] for key in ("optimizer", "strategies", "inference")}
TITLES |= {f"c-{key}": TITLES[key] for key in ("optimizer", "model")}
TITLES |= {
    key: {s.name: s.title for s in STRATEGIES.values()} for key in ("reference", "line-from", "line-to", "rule-of")
}
"""Parameter of a link -> name -> title."""


def canonical(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A link's parameters as Streamlit reads them: titles in the place of names, and no number that overflows.

    Example:
        >>> canonical([("model", "mlp"), ("seed", "9" * 400), ("steps", "50")])
        [('model', 'MLP, 16 + 16 tanh'), ('seed', '99999999999999999999…'), ('steps', '50')]
    """
    out = []
    for key, value in pairs:
        try:
            if len(value) > 300 and abs(float(value)) == float("inf"):
                value = f"{value[:20]}…"  # no number: it is told and not used
        except ValueError:
            pass
        out.append((key, TITLES.get(key, {}).get(value, value)))
    return out
