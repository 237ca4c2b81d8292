"""What came of a run, side by side: every metric with its spread over seeds, weight against threshold, and the undoing."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossviz import measure, models
from lossviz.plan import Plan
from lossviz.sentences import label, points, rarest

Array = NDArray[Any]
RATES = ("recall", "precision", "balanced_accuracy", "predicted_share")


def judged(plan: Plan, logits: Array) -> list[dict[str, Any]]:
    """`lossviz.measure.judge` of every row and decision rule.

    Args:
        plan: Of the run.
        logits: Of the test part at the end, [R, n, K].
    """
    return [
        {"row": i, "decision": d.name, **measure.judge(plan.y_test, d, logits[i])}
        for i, row in enumerate(plan.rows)
        for d in row.tables.decisions
    ]


def _titles(plan: Plan) -> dict[tuple[str, int | None], str]:
    """Columns of the table in their order: (metric, class or None) -> title; the rarest class first."""
    rare_first = np.argsort(plan.counts, kind="stable").tolist()
    name = plan.classes
    out: dict[tuple[str, int | None], str] = {("recall", c): f"Recall, {name[c]}" for c in rare_first}
    out |= {("precision", c): f"Precision, {name[c]}" for c in rare_first}
    out |= {
        ("balanced_accuracy", None): "Balanced accuracy", ("macro_f1", None): "Macro-F1", ("mcc", None): "MCC",
        ("log_loss", None): "Log loss (nats)", ("brier", None): "Brier", ("ece", None): "ECE",
    }  # fmt: skip
    rare = rarest(plan)
    out |= {
        ("roc_auc", rare): f"ROC AUC, {name[rare]}",
        ("average_precision", rare): f"Average precision, {name[rare]}",
    }
    return out | {("predicted_share", c): f"Mean predicted share, {name[c]}" for c in rare_first}


def table(plan: Plan, records: list[dict[str, Any]]) -> pd.DataFrame:
    """One line a strategy and decision rule: the mean over its seeds, and with several the lowest and the highest.

    Returns:
        Columns by title; the index is the strategy's. Text "mean (lowest to highest)" where there are several seeds.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((plan.rows[record["row"]].strategy, record["decision"]), []).append(record)
    lines: dict[str, dict[str, Any]] = {}
    for found in groups.values():
        line: dict[str, Any] = {}
        for (metric, c), title in _titles(plan).items():
            values = np.array([r[metric] if c is None else r[metric][c] for r in found], float)
            line[title] = values[0] if len(values) == 1 else _spread(values, metric in RATES)
        lines[label(plan, found[0], seed=False)] = line
    return pd.DataFrame.from_dict(lines, orient="index", columns=list(_titles(plan).values()))


def _spread(values: Array, rate: bool) -> str:
    if np.isnan(values).all():
        return "undefined"
    mean, low, high = np.nanmean(values), np.nanmin(values), np.nanmax(values)
    if rate:
        return f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def against_threshold(plan: Plan, logits: Array) -> pd.DataFrame:
    """Each model beside the plain one with its threshold moved until it finds as many of the rarest class.

    With K classes the threshold is a vector: the plain logits plus t · log of the balanced weights.

    Args:
        plan: Of the run; its first seed is used.
        logits: Of the test part at the end, [R, n, K].

    Returns:
        Two lines a strategy, the model and the moved plain one: recall, precision and share of false alarms of the rarest
        class, balanced accuracy, log loss and ECE; and both again with p ∝ q/w, where that repair exists. No line without
        a plain model.
    """
    c, y = rarest(plan), plan.y_test
    rows = plan.panels
    plain = next((i for i in rows if plan.rows[i].strategy == "cross_entropy"), None)
    lines = []
    if plain is None or not (y == c).any() or not 0 < plan.counts[c] < plan.counts.max():
        return pd.DataFrame()
    present = np.where(plan.counts > 0, plan.counts, plan.counts.max())
    direction = -np.log(present / present.sum())
    direction = np.where(np.arange(len(direction)) == c, direction, np.minimum(direction, direction[c] - 1e-3))
    base = plan.rows[plain]
    for i in rows:
        row = plan.rows[i]
        if i == plain:
            continue
        scores = row.rule.scores(logits[i])
        found = measure.measure(y, row.rule, logits[i])
        z = logits[plain].astype(np.float64)
        moved = z + measure.matched_shift(y, z, direction, c, float(found["recall"][c]))
        sides = ((row.title, scores, row.rule.classes(logits[i]), measure.repaired(scores, row.tables)),
                 (f"{base.title}, threshold moved", moved, moved.argmax(1), z))  # fmt: skip
        for name, score, decided, back in sides:
            lines.append({"Compared": row.title, "Model": name, **_numbers(y, c, score, decided, back)})
    return pd.DataFrame(lines)


def _probabilities(scores: Array) -> Array:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def _numbers(y: Array, c: int, scores: Array, decided: Array, back: Array | None) -> dict[str, float]:
    from sklearn.metrics import balanced_accuracy_score, log_loss

    p, of_class, taken = _probabilities(scores), y == c, decided == c
    classes = np.arange(p.shape[1])
    out = {
        "Recall": float(taken[of_class].mean()),
        "Precision": float(of_class[taken].mean()) if taken.any() else np.nan,
        "False alarms": float(taken[~of_class].mean()),
        "Balanced accuracy": float(balanced_accuracy_score(y, decided)),
        "Log loss (nats)": float(log_loss(y, p, labels=classes)),
        "ECE": measure.calibration_error(y, p),
        "Log loss, repaired": np.nan,
        "ECE, repaired": np.nan,
    }
    if back is not None:
        q = _probabilities(back)
        out |= {
            "Log loss, repaired": float(log_loss(y, q, labels=classes)),
            "ECE, repaired": measure.calibration_error(y, q),
        }
    return out


def threshold_sentence(plan: Plan, frame: pd.DataFrame) -> str:
    """What is left of the difference once the threshold is moved."""
    if not len(frame):
        return "Choose cross-entropy too: it is the model whose threshold is moved; and the test part needs the rarest class."
    parts = []
    for name, pair in frame.groupby("Compared", sort=False):
        model, moved = pair.iloc[0], pair.iloc[1]
        more = 100 * (model["False alarms"] - moved["False alarms"])
        parts.append(f"{name} {'as many' if abs(more) < 0.05 else points(more)}")
    c = plan.classes[rarest(plan)]
    seed = f"Of seed {plan.seed}. " if len(plan.panels) < len(plan.rows) else ""
    return (
        f"{seed}Where both find the same share of {c}, false alarms compared with the plain model whose threshold was moved: "
        + "; ".join(parts[:6])
        + ("; …" if len(parts) > 6 else "")
        + "."
        + _repair_sentence(frame)
    )


def _repair_sentence(frame: pd.DataFrame) -> str:
    """What taking the weights out of the probabilities again did; nothing where no model can be repaired."""
    models, plain = frame.iloc[::2], frame["Log loss, repaired"].iloc[1]
    fixed = models[models["Log loss, repaired"].notna() & (models["Log loss, repaired"] != models["Log loss (nats)"])]
    if not len(fixed):
        return ""
    parts = [
        f"{m['Compared']} from {m['Log loss (nats)']:.3f} to {m['Log loss, repaired']:.3f}"
        for _, m in fixed.iloc[:3].iterrows()
    ]
    more = "; …" if len(fixed) > 3 else ""
    near = (fixed["Log loss, repaired"] - plain).abs().max() < 0.1 * plain
    end = ": about the plain model's" if near else "; the plain model's is"
    return f" The repair p ∝ q/w takes the log loss of {'; of '.join(parts)}{more}{end} {plain:.3f}."


def undone(plan: Plan, theta: Array, logits: Array) -> dict[str, Any] | None:
    """How training undoes multiplied logits: spread of the logits and norms of the last layer, and what difference is left.

    Softmax does not see what is added to all classes alike, so logits and weights are taken relative to their mean over
    the classes. Of two classes that leaves one number, the difference, and it is what is measured.

    Args:
        plan: Of the run; its first seed is used.
        theta: Parameters of every frame, [F, R, D].
        logits: Of the test part at the end, [R, n, K].

    Returns:
        "logits" and "norms": {"plain" | "raw" | "effective": [F, K], or [F, 1] of two classes}, root mean square on the test
        part and length of the last layer's weights; "raw" and "scaled": mean absolute difference in probability from the
        plain model on the test part; None unless the run holds both.
    """
    rows = {plan.rows[i].strategy: i for i in plan.panels}
    if not {"cross_entropy", "multiplied_logits"} <= rows.keys():
        return None
    plain, multiplied = rows["cross_entropy"], rows["multiplied_logits"]
    outputs, inputs = models.layers(plan.dims)[-1]
    last = theta[:, :, -outputs * inputs :].reshape(*theta.shape[:2], outputs, inputs)
    scaled = next(d for d in plan.rows[multiplied].tables.decisions if d.name == "scaled")
    factor = scaled.scale[0]
    some = plan.standardised(plan.X_test[:: max(1, len(plan.X_test) // 1000)])
    z = {row: np.stack([models.forward(t, some, plan.dims) for t in theta[:, row]]) for row in (plain, multiplied)}

    def apart(values: Array, axis: int) -> Array:
        """Relative to the mean over the classes; of two classes, their difference."""
        if values.shape[axis] == 2:
            return np.diff(values, axis=axis)
        return np.asarray(values - values.mean(axis, keepdims=True))

    def norms(w: Array) -> Array:
        return np.asarray(np.linalg.norm(apart(w, 1)[..., :-1], axis=-1))  # without the bias

    def spread(values: Array) -> Array:
        return np.asarray(np.sqrt((apart(values, 2) ** 2).mean(1)))

    p = _probabilities(logits[plain].astype(np.float64))
    return {
        "logits": {
            "plain": spread(z[plain]),
            "raw": spread(z[multiplied]),
            "effective": spread(z[multiplied] * factor),
        },
        "norms": {
            "plain": norms(last[:, plain]),
            "raw": norms(last[:, multiplied]),
            "effective": norms(last[:, multiplied] * factor[:, None]),
        },
        "raw": float(np.abs(_probabilities(logits[multiplied].astype(np.float64)) - p).mean()),
        "scaled": float(np.abs(scaled.probabilities(logits[multiplied]) - p).mean()),
    }


def undone_sentence(plan: Plan, found: dict[str, Any]) -> str:
    """The network undoes it, in numbers."""
    raw, scaled = found["raw"], found["scaled"]
    multiplied = next(r for r in plan.rows if r.strategy == "multiplied_logits")
    weights = next(d for d in multiplied.tables.decisions if d.name == "scaled").scale[0]
    c = int(weights.argmax())
    at = min(c, found["logits"]["plain"].shape[1] - 1)
    plain, own, effective = (found["logits"][kind][-1, at] for kind in ("plain", "raw", "effective"))
    if max(raw, scaled) < 0.01:
        verdict = "there is hardly a difference"
    elif scaled < 0.5 * raw:
        verdict = "training has undone the multiplication"
    else:
        verdict = "training has not undone it yet"
    what = "The two logits are" if len(weights) == 2 else f"The logit of {plan.classes[c]}, weight {weights[c]:.2g}, is"
    apart = "apart" if len(weights) == 2 else "off the mean of all"
    return (
        f"Scaled as in training, multiplied logits predict probabilities {100 * scaled:.1f} points off the plain model's on "
        f"average; raw, {100 * raw:.1f} points: {verdict}. {what} {plain:.2f} {apart} in the plain model, {own:.2f} in the "
        f"multiplied one, raw, and {effective:.2f} with the weights in."
    )


def ranking_sentence(plan: Plan, records: list[dict[str, Any]], metric: str, c: int) -> str:
    """Who is best and worst by a metric, in the mean over the seeds, by the rule that is drawn."""
    groups: dict[str, list[float]] = {}
    for r in records:
        row = plan.rows[r["row"]]
        if r["decision"] == row.rule.name:
            value = r[metric] if np.ndim(r[metric]) == 0 else r[metric][c]
            groups.setdefault(label(plan, r, seed=False), []).append(float(value))
    who, value = list(groups), [float(np.mean(v)) for v in groups.values()]
    seeds = max(len(v) for v in groups.values())
    if not np.isfinite(value).all():
        return f"{plan.classes[c]} does not occur in the test part: there is nothing to rank."
    name = {"roc_auc": "ROC AUC", "average_precision": "Average precision", "ece": "Expected calibration error"}[metric]
    low, high = int(np.argmin(value)), int(np.argmax(value))
    about = ("" if metric == "ece" else f" for {plan.classes[c]}") + (f", mean of {seeds} seeds" if seeds > 1 else "")
    if len(who) == 1:
        return f"{name}{about}: {who[0]} {value[0]:.3f}."
    text = f"{name}{about}: lowest {who[low]}, {value[low]:.3f}; highest {who[high]}, {value[high]:.3f}."
    if metric == "roc_auc" and value[high] - value[low] < 0.01:
        text += " They rank the examples nearly alike: what differs is where each one cuts."
    if metric == "ece":
        text += (
            " It is of the decided class's probability, over all classes; the lower, the closer it is to what happens."
        )
    return text
