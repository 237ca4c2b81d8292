"""The list of pages: the one place to add one. The menu and the doors on Home are made from it."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lossviz import SCHEMES, STRATEGIES, class_weights, fit_logistic, lab
from lossviz.claims import CLAIMS, VERDICTS
from lossviz.figures import SCENE_COLOURS
from lossviz.lint import lint
from lossviz.lintsamples import SAMPLES
from lossviz.logitplane import value
from lossviz.multimethods import outputs
from lossviz.scenes import CLASSES, count_pixels, make_scenes
from lossviz.segplan import mask_weights


class Listed(NamedTuple):
    """A page.

    Attributes:
        file: In the folder of the pages.
        title: In the menu, and its heading.
        icon: A Material symbol.
        about: What its door says.
        trains: Whether opening it trains, so that its runs take turns.
        thumbnail: What `thumb.js` draws on its door, by name, and the data for it; given Home's two values.
    """

    file: str
    title: str
    icon: str
    about: str = ""
    thumbnail: Callable[[dict[str, float]], tuple[str, dict[str, Any]]] | None = None
    trains: bool = False

    @property
    def path(self) -> str:
        """Of its address, below the server's."""
        return "" if self.file == "home.py" else self.file.removesuffix(".py")


def _race(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    return "race", {}


def _bars(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """Counts of Home's two classes, and the weights of three schemes."""
    counts = [values["imbalance"], 1]
    shown = {SCHEMES[name].title: class_weights(counts, name, "sum").tolist() for name in ("balanced", "sqrt", "log")}
    return "bars", {"counts": counts, "weights": shown}


def _tables(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """Of every strategy the tables of the equation, for three classes."""
    tables = {s.title: s.tables([900, 90, 10]) for s in STRATEGIES.values()}
    fields = {"W": "weight", "S": "scale", "B": "shift", "C": "cost"}
    return "tables", {
        "rows": [
            {"title": title, "tables": {letter: getattr(t, field).tolist() for letter, field in fields.items()}}
            for title, t in tables.items()
        ]
    }


def _shift(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """Losses of one example while the same number is added to both its logits."""
    state, at = lab.Lab(), np.linspace(-6, 6, 61)
    z = np.array(state.logits) + at[:, None]
    losses = {n: lab.value(lab.tables(state, n), z, state.true).tolist() for n in state.shown}
    names = [{"title": STRATEGIES[n].title, "flawed": STRATEGIES[n].flawed, "losses": v} for n, v in losses.items()]
    return "shift", {"rows": names, "low": -6, "high": 6}


@lru_cache(maxsize=1)
def _walks() -> tuple[str, dict[str, Any]]:
    """The loss of a logistic regression over its two parameters, plain and weighted, and the walk on each."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-1, 0.8, 60), rng.normal(1, 0.8, 12)])
    y = np.repeat([0, 1], [60, 12])
    names = ("cross_entropy", "weighted_cross_entropy")
    walk = fit_logistic(names, x[:, None], y, 60, X_test=x[:, None], y_test=y, learning_rate=0.15, frames=31)
    low, high = np.array([-1.0, -4.5]), np.array([5.5, 2.0])
    a, b = (np.linspace(low[i], high[i], n) for i, n in enumerate((48, 24)))
    points = walk.plan.standardised(x[:, None])[:, 0]
    drawn = []
    for i, row in enumerate(walk.plan.rows):
        loss = np.zeros((len(b), len(a)))
        for at, c in zip(points, y, strict=True):
            half = ((a * at)[None] + b[:, None]).ravel() / 2
            loss += value(row.tables, np.stack([-half, half]), int(c)).reshape(loss.shape) / len(y)
        share = (np.log(loss) - np.log(loss).min()) / np.ptp(np.log(loss))
        path = (walk.parameters[:, i] - low) / (high - low)
        drawn.append({"title": row.title, "loss": share.round(3).tolist(), "path": path.round(3).tolist()})
    return "walks", {"drawn": drawn}


def _surfaces(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    return _walks()


def _lessons(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """The first lesson's question at Home's imbalance: the recall of the best line between two Gaussians 2 apart."""
    sd = 0.9
    beyond = (sd**2 * np.log(values["imbalance"]) / 2 - 1) / sd
    return "vote", {"recall": 0.5 * math.erfc(beyond / math.sqrt(2)), "imbalance": values["imbalance"]}


@lru_cache(maxsize=1)
def _lint() -> tuple[str, dict[str, Any]]:
    """A sample's lines behind its imports, the flawed one as the linter finds it, and its correction."""
    code = next(iter(SAMPLES.values()))
    first = lint(code)[0]
    imports = code[: code.index("\n\n") + 2].count("\n")
    return "lint", {
        "lines": code.rstrip().split("\n")[imports:],
        "at": first.line - 1 - imports,
        "title": first.rule.title,
        "fix": first.fix.split("\n"),
    }


def _flaws(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    return _lint()


def _trial(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """How many claims are on record as true, as depending, and as false."""
    found = [c.expected for c in CLAIMS.values()]
    return "trial", {"verdicts": {v: found.count(v) for v in VERDICTS}}


def _twice(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    """Logits of three labels, of which one after the other is there, through sigmoids and through a softmax."""
    logits = [[-3, -3, -3], [3, -3, -3], [3, 3, -3], [3, 3, 3]]
    return "twice", {kind: [outputs(kind, z).tolist() for z in logits] for kind in ("sigmoid", "softmax")}


def _prices() -> tuple[str, dict[str, Any]]:
    """Two bell curves, 9 to 1: what deciding costs while a miss costs more and more false alarms."""
    x = np.linspace(-5, 7, 401)
    p0, p1 = (share * np.exp(-((x - at) ** 2) / 2) for share, at in ((0.9, 0.0), (0.1, 2.0)))
    ratio, whole = np.geomspace(0.3, 100, 61), p0.sum() + p1.sum()
    lazy = np.minimum(p0.sum(), ratio * p1.sum()) / whole
    fixed = (p0[p1 > p0].sum() + ratio * p1[p1 <= p0].sum()) / whole
    moved = np.array([np.minimum(p0, r * p1).sum() for r in ratio]) / whole
    curves = {"most probable": fixed / lazy, "decided by cost": moved / lazy}
    return "prices", {"ratio": ratio.round(2).tolist(), "curves": {k: v.round(4).tolist() for k, v in curves.items()}}


def _costs(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    return _prices()


def _scene() -> tuple[str, dict[str, Any]]:
    """A street scene, its classes, and the weight of each pixel."""
    scenes = make_scenes(12)
    weights = mask_weights("presence", count_pixels(scenes.labels, len(CLASSES)))
    pictures = [
        {"pixels": scenes.images[i].ravel().tolist(), "classes": scenes.labels[i].ravel().tolist()} for i in (4, 8)
    ]
    strong = np.sqrt(np.minimum(weights / weights.max(), 1)).round(3).tolist()
    return "scene", {"pictures": pictures, "colours": SCENE_COLOURS, "weights": strong, "side": scenes.labels.shape[-1]}


def _segmentation(values: dict[str, float]) -> tuple[str, dict[str, Any]]:
    return _scene()


PAGES = (
    Listed("home.py", "Home", "home"),
    Listed(
        "lessons.py",
        "Lessons",
        "school",
        "Short lessons: predict, see it happen, learn why. With a mode for the classroom, and exercises.",
        _lessons,
    ),
    Listed(
        "race.py",
        "Strategy race",
        "sports_score",
        "All remedies side by side, on your own table too: boundaries, metrics, thresholds.",
        _race,
        trains=True,
    ),
    Listed(
        "weights.py",
        "Class weights",
        "balance",
        "Your labels: whether to weight, with what, at which price, and code that runs.",
        _bars,
    ),
    Listed(
        "lab.py",
        "Logit lab",
        "science",
        "One example under the microscope: drag its logits, and see which losses move that should not.",
        _shift,
    ),
    Listed(
        "surfaces.py",
        "Loss surfaces",
        "landscape",
        "What the optimiser walks on: every strategy's surface and path on one plane; what fades, and what is undone.",
        _surfaces,
        trains=True,
    ),
    Listed(
        "multilabel.py",
        "Multi-label",
        "checklist",
        "Several labels an example: rare ones found or lost, and why a softmax cannot say yes twice.",
        _twice,
        trains=True,
    ),
    Listed(
        "segmentation.py",
        "Segmentation",
        "grid_on",
        "A pixel is an example: weights from masks, used rightly and wrongly, and pixels that are stuck for ever.",
        _segmentation,
        trains=True,
    ),
    Listed(
        "costs.py",
        "Costs",
        "payments",
        "Say what each mistake costs: four remedies trained for it, and what their decisions really cost.",
        _costs,
        trains=True,
    ),
    Listed(
        "claims.py",
        "Claims on trial",
        "gavel",
        "What people tell each other about class weights: vote, and an experiment decides.",
        _trial,
    ),
    Listed(
        "lint.py",
        "Is my loss flawed?",
        "fact_check",
        "Paste your loss or training code: flawed lines are marked, with the reason and the code to write instead.",
        _flaws,
    ),
    Listed(
        "reference.py",
        "Reference",
        "menu_book",
        "Every strategy and every weight scheme: one equation, its tables, where each comes from.",
        _tables,
    ),
)
