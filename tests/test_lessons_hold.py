"""Lessons over a grid of their controls: sentences one can read, outcomes that another computation finds too, terms explained."""

import re
from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lossviz.data import make_dataset
from lossviz.lesson import Formula
from lossviz.lessons import LESSONS, l06_predicted, l07_several, l08_pixels
from lossviz.strategies import get

GRID = {
    "rare": {"imbalance": (1, 2, 50, 200), "overlap": (0.3, 0.9, 1.5)},
    "ways": {"weight": (1.5, 8, 20), "gap": (-4, 1, 4)},
    "undone": {"factor": (2, 5, 10), "start": (0, 1, 20)},
    "means": {"size": (1, 3, 4, 12, 64), "factor": (2, 10, 20)},
    "schemes": {"imbalance": (1, 2, 100, 200), "overlap": (0.3, 0.9, 1.5)},
    "predicted": {"imbalance": (1, 15, 30), "weight": (2, 15, 60)},
    "several": {"together": (0.05, 0.3, 0.9), "noise": (0.05, 0.25, 1)},
    "pixels": {"size": (1, 3, 10), "noise": (0.05, 0.35, 0.8)},
    "costs": {"miss": (1, 20, 100), "imbalance": (1, 30, 200)},
    "price": {"imbalance": (1, 2, 30, 200), "until": (1, 6, 20)},
}
CASES = [(name, dict(zip(knobs, at, strict=True))) for name, knobs in GRID.items() for at in product(*knobs.values())]
UNREADABLE = {
    "not a number": r"\bnan\b|undefined|\binf\b|None",
    "a raw exponent": r"\d[eE][-+]?\d",
    "a long fraction": r"\d\.\d{8}",
    "one of several": r"(?<![\d.,])1 ([a-z]+ )?(times|tags|examples)\b",
    "a tight minus": r"-\d",
    "a number set against itself": r"(\d+ %), not \1",
}


def model(x, y, weight=None, c=np.inf):
    return LogisticRegression(C=c, class_weight=weight, tol=1e-8, max_iter=5000).fit(x, y)


def blobs(n, imbalance, overlap=0.9):
    return make_dataset("blobs", n=n, classes=2, imbalance=imbalance, overlap=overlap, seed=0)


def recall(decided, y):
    return float((decided[y == 1] == 1).mean())


def rare(imbalance, overlap):
    data = blobs(2000, imbalance, overlap)
    found = recall(model(data.X, data.y).predict(data.X_test), data.y_test)
    return "most" if found > 0.8 else "half" if found > 0.3 else "few"


def schemes(imbalance, overlap):
    data = blobs(2000, imbalance, overlap)
    n = data.counts / data.counts.sum()
    ratios = {
        "balanced": n[0] / n[1],
        "sqrt": np.sqrt(n[0] / n[1]),
        "log": np.log(1.02 + n[0]) / np.log(1.02 + n[1]),
    }
    found = {
        k: recall(model(data.X, data.y, {0: 1, 1: r}).predict(data.X_test), data.y_test) for k, r in ratios.items()
    }
    first, second = sorted(found, key=found.get, reverse=True)[:2]
    return first if found[first] - found[second] > 0.01 else "same"


def several(together, noise):
    x, tags = l07_several.sample(together, noise)
    train, test = slice(0, 750), slice(750, None)
    p = np.stack([model(x[train], tags[train, j], c=1 / 0.75).predict_proba(x[test])[:, 1] for j in range(3)], 1)
    row, tag = np.nonzero(tags[train])
    one = LogisticRegression(C=1 / (1e-3 * len(row)), tol=1e-8, max_iter=5000)
    one.fit(x[row], tag, sample_weight=1 / tags[row].sum(1))
    chosen = (tags[test].sum(1) > 1)[:, None] & (tags[test] == 1)
    gap = (one.predict_proba(x[test]) > 0.5)[chosen].mean() - (p > 0.5)[chosen].mean()
    return "more" if gap > 0.02 else "fewer" if gap < -0.02 else "same"


def pixels(size, noise):
    scenes = [l08_pixels.scene(size, noise, seed) for seed in (1, 2, 3)]
    x, y = np.concatenate([s[0] for s in scenes[:2]]), np.concatenate([s[1].ravel() for s in scenes[:2]])
    at = [float((model(x, y, w, 1e4).predict(scenes[2][0]) == scenes[2][1].ravel()).mean()) for w in (None, "balanced")]
    gap = at[1] - at[0]
    return "more" if gap > 0.002 else "fewer" if gap < -0.002 else "same"


def costs(miss, imbalance):
    data = blobs(3000, imbalance)

    def paid(alarm):
        return (alarm & (data.y_test == 0)).sum() + miss * (~alarm & (data.y_test == 1)).sum()

    moved = paid(model(data.X, data.y).predict_proba(data.X_test)[:, 1] >= 1 / (1 + miss))
    weighted = paid(model(data.X, data.y, {0: 1, 1: miss}).predict_proba(data.X_test)[:, 1] >= 0.5)
    return "same" if abs(weighted - moved) <= 0.05 * moved else "weights" if weighted < moved else "threshold"


KNOWN = {
    "rare": rare,
    "ways": lambda weight, gap: "multiplied",  # softmax is blind to a shift, and a factor outside it too
    "undone": lambda factor, start: "same",  # a last layer undoes any factor
    "means": lambda size, factor: "keras",  # only a mean over the weights cancels a factor
    "schemes": schemes,
    "predicted": lambda imbalance, weight: "same",  # a weight that depends on x leaves a model that can say the truth
    "several": several,
    "pixels": pixels,
    "costs": costs,
    "price": lambda imbalance, until: "same" if imbalance == 1 else "fewer",  # the true odds are those said, over w
}


def read(entry, found):
    """All that a student reads of what was found, the picture's own words too."""
    parts = [p.words if isinstance(p, Formula) else p for p in entry.explanation(found)]
    figure = entry.picture(found)
    drawn = [t for bar in figure.data for t in np.ravel(bar.text).tolist() if t] + [
        bar.name or "" for bar in figure.data
    ]
    titles = re.findall(r'"text":\s*"([^"]*)"', figure.layout.to_plotly_json().__repr__().replace("'", '"'))
    return " ".join([entry.sentence(found), entry.happened(found), *parts, *map(str, drawn), *titles])


@pytest.mark.parametrize(("name", "values"), CASES, ids=lambda v: v if isinstance(v, str) else repr(v))
def test_sentences_are_readable_and_the_outcome_is_right(name, values):
    entry = LESSONS[name]
    found = entry.run(**values)
    text = read(entry, found)
    for what, pattern in UNREADABLE.items():
        assert not (match := re.search(pattern, text)), (
            f"{what}: …{text[max(0, match.start() - 60) : match.end() + 20]}"
        )
    assert entry.outcome(found) == KNOWN[name](**values)


def test_the_grid_reaches_the_ends_of_every_control():
    assert list(GRID) == list(LESSONS)
    for name, entry in LESSONS.items():
        assert {k.name: (k.low, k.high) for k in entry.knobs} == {k: (v[0], v[-1]) for k, v in GRID[name].items()}


def test_a_weight_of_places_weights_no_class(monkeypatch):
    """What lesson 6 says of all samples: on each the recall stays near the plain one; a weight by the true label shows."""
    for imbalance, weight in ((5, 30), (30, 5), (15, 15)):
        found = LESSONS["predicted"].run(imbalance=imbalance, weight=weight)
        each = found["each"]
        assert len(set(each["plain"]["recall"])) > 1  # the samples differ
        assert np.abs(found["gap"]).max() < 0.06
        assert abs(found["gap"].mean()) < 0.02
        assert (each["true"]["recall"] - each["plain"]["recall"]).min() > 0.15
    true = get("weighted_cross_entropy")
    monkeypatch.setattr(l06_predicted, "get", lambda name: true if name == "weighted_by_prediction" else get(name))
    assert LESSONS["predicted"].outcome(LESSONS["predicted"].run()) == "more"


@pytest.mark.parametrize("imbalance", [5, 50])
def test_the_first_picture_is_as_imbalanced_as_the_data(imbalance):
    found = LESSONS["rare"].run(imbalance=imbalance)
    common, few = (len(t.x) for t in LESSONS["rare"].picture(found).data[:2])
    assert common + few == 3000
    assert common / few == pytest.approx(imbalance, rel=0.25)


def test_what_a_balanced_model_calls_half_is_the_base_rate():
    found = LESSONS["price"].run(imbalance=10)
    plain, balanced = found["groups"]["plain"], found["groups"]["balanced"]
    assert np.nanmax(np.abs(plain["true"] - plain["said"])) < 0.1
    assert balanced["true"][3] == pytest.approx(1 / 11, abs=0.03)
    assert plain["size"].sum() == balanced["size"].sum()


# a key of `words` -> where else it counts as used; each key itself does, with or without an s
ALSO = {"Balanced weights": r"balanced", "⊙": r"\\odot", "Arg max": r"\\arg ?\\max|argmax", "Nats": r"nats?"}
EVERYDAY = {"Cost", "Mask"}
"""Words that earlier lessons use in no special meaning."""
SPECIAL = (
    "precision", "false alarm", "threshold", "balanced weights", "iou", "boundary", "linear model", "nats", "⊙", "gradient",
    "adam", "l2", "weight decay", "early stopping", "pos_weight", "arg max", "exponential loss", "calibrated",
)  # fmt: skip


def terms(entry):
    return {term: word for word in entry.words for term in word.split(", ")}


def student_text(entry):
    found = entry.run()
    questions = [
        t
        for q in (entry.prediction, entry.transfer)
        for t in (q.text, *(s for a in q.answers for s in (a.text, a.feedback)))
    ]
    formulas = [p.latex for p in entry.explanation(found) if isinstance(p, Formula)]
    exercises = [e.task for e in entry.exercises]
    return " ".join(
        [entry.question, read(entry, found), *questions, *formulas, *(k.help for k in entry.knobs), *exercises]
    )


def test_each_term_is_explained_where_it_is_first_used():
    known, texts = set(), {name: student_text(entry) for name, entry in LESSONS.items()}
    glossary = {t for entry in LESSONS.values() for t in terms(entry)}
    assert {t.lower() for t in glossary} >= set(SPECIAL)
    for name, entry in LESSONS.items():
        known |= set(terms(entry))
        for term in glossary - known - EVERYDAY:
            pattern = rf"(?<!\w)(?:{re.escape(term)}|{ALSO.get(term, '(?!)')})s?(?!\w)"
            used = re.search(pattern, texts[name], re.IGNORECASE)
            assert not used, (
                f"{name} uses {term!r} and explains it later: …{texts[name][used.start() - 40 : used.end() + 20]}"
            )


def test_no_term_is_explained_twice():
    explained = [t for entry in LESSONS.values() for t in terms(entry)]
    assert len(explained) == len(set(explained))
