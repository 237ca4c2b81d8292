"""Test metrics of a decision rule, curves of its probabilities, and weighting against threshold; scikit-learn computes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz.strategies import Decision, Tables

Array = NDArray[Any]


def measure(labels: Array, decision: Decision, logits: Array) -> dict[str, Any]:
    """Metrics of one model under one decision rule.

    Args:
        labels: True classes, [N].
        decision: How it decides.
        logits: What the model puts out, [N, K].

    Returns:
        "recall", "precision" and "predicted_share" (the mean predicted probability) by class, [K]; "confusion", counts
        [true, decided]; "balanced_accuracy" (mean recall of the classes that occur), "macro_f1", "accuracy" and "log_loss"
        (nats). Recall of a class that does not occur is NaN, and so is the precision of one that is never decided.

    Example:
        >>> from lossviz.strategies import get
        >>> m = measure(np.array([0, 0, 0, 1]), get("cross_entropy").tables([3, 1]).decisions[0], np.eye(2)[[0, 0, 1, 1]])
        >>> m["recall"].round(3).tolist(), m["precision"].tolist(), m["confusion"].tolist()
        ([0.667, 1.0], [1.0, 0.5], [[2, 1], [0, 1]])
    """
    from sklearn.metrics import confusion_matrix, log_loss

    classes = np.arange(logits.shape[1])
    decided, p = decision.classes(logits), decision.probabilities(logits)
    confusion = confusion_matrix(labels, decided, labels=classes)
    hit, of_class, taken = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    # scikit-learn's own functions would each count anew, which takes longer than training a chunk
    recall = np.divide(hit, of_class, out=np.full(len(hit), np.nan), where=of_class > 0)
    precision = np.divide(hit, taken, out=np.full(len(hit), np.nan), where=taken > 0)
    f1 = np.divide(2 * hit, of_class + taken, out=np.zeros(len(hit)), where=of_class + taken > 0)
    return {
        "recall": recall,
        "precision": precision,
        "predicted_share": p.mean(0),
        "confusion": confusion,
        "balanced_accuracy": float(np.nanmean(recall)),
        "macro_f1": float(f1.mean()),
        "accuracy": float(np.trace(confusion) / len(labels)),
        "log_loss": float(log_loss(labels, p, labels=classes)),
    }


BINS = 15
"""Equally wide bins of confidence, for calibration."""
POINTS = 400
"""Most points kept of a curve."""


def calibration_error(labels: Array, p: Array, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy − mean confidence| in equally wide bins of confidence, weighted by size.

    Args:
        labels: True classes, [N].
        p: Probabilities, [N, K]; the confidence is that of the most probable class.
        bins: How many.

    Returns:
        Between 0 and 1. Source: Guo et al. 2017, arXiv:1706.04599.

    Example:
        Two predictions at .9, one of them right: |½ − .9|.

        >>> calibration_error(np.array([0, 1]), np.array([[.9, .1], [.9, .1]])).__round__(3)
        0.4
    """
    sure, right = p.max(1), p.argmax(1) == labels
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    size = np.bincount(bin_of, minlength=bins)
    gap = np.abs(np.bincount(bin_of, right, bins) - np.bincount(bin_of, sure, bins))
    return float(gap[size > 0].sum() / len(labels))


def judge(labels: Array, decision: Decision, logits: Array) -> dict[str, Any]:
    """All of `measure`, and what takes longer.

    Args:
        labels: True classes, [N].
        decision: How it decides.
        logits: What the model puts out, [N, K].

    Returns:
        What `measure` returns, "mcc" (Matthews correlation), "brier" (mean Σ_c (p_c − 1[y=c])², 0 to 2), "ece", and by
        class against the rest, NaN where only one of the two occurs: "roc_auc" and "average_precision", [K]; "roc"
        (false alarm rate, recall), "pr" (recall, precision) and "reliability" (mean predicted, observed share, size), a list
        of arrays [3 or 2, points] a class.

    Example:
        >>> from lossviz.strategies import get
        >>> rule = get("cross_entropy").tables([2, 2]).decisions[0]
        >>> j = judge(np.array([0, 0, 1, 1]), rule, np.log([[.9, .1], [.4, .6], [.65, .35], [.2, .8]]))
        >>> j["roc_auc"].tolist(), round(j["brier"], 3), j["mcc"]
        ([0.75, 0.75], 0.416, 0.0)
    """
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import (
        average_precision_score,
        matthews_corrcoef,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    p = decision.probabilities(logits)
    k = p.shape[1]
    out = measure(labels, decision, logits)
    out |= {
        "mcc": float(matthews_corrcoef(labels, decision.classes(logits))),
        "brier": float(((p - np.eye(k)[labels]) ** 2).sum(1).mean()),
        "ece": calibration_error(labels, p),
        "roc_auc": np.full(k, np.nan),
        "average_precision": np.full(k, np.nan),
        "roc": [],
        "pr": [],
        "reliability": [],
    }
    for c in range(k):
        is_c = labels == c
        if is_c.all() or not is_c.any():
            for name, rows in (("roc", 2), ("pr", 2), ("reliability", 3)):
                out[name].append(np.zeros((rows, 0)))
            continue
        out["roc_auc"][c] = roc_auc_score(is_c, p[:, c])
        out["average_precision"][c] = average_precision_score(is_c, p[:, c])
        fpr, tpr, _ = roc_curve(is_c, p[:, c])
        precision, recall, _ = precision_recall_curve(is_c, p[:, c])
        share, mean = calibration_curve(is_c, p[:, c], n_bins=10)
        size = np.histogram(p[:, c], np.linspace(0, 1, 11))[0]
        out["roc"].append(_thin(np.stack([fpr, tpr])))
        out["pr"].append(_thin(np.stack([recall, precision])))
        out["reliability"].append(np.stack([mean, share, size[size > 0]]))
    return out


def _thin(curve: Array) -> Array:
    """A curve [2, points] of at most POINTS points, ends included, at equal distances along it.

    By index they would crowd where a long list of thresholds changes nothing, as at the end of a rare class's curve.
    """
    if curve.shape[1] <= POINTS:
        return curve
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(curve)).sum(0))])
    return curve[:, np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)))]


def matched_shift(labels: Array, logits: Array, direction: Array, c: int, recall: float) -> Array:
    """How far the threshold of a plain model must move for a recall: t · direction, added to its logits.

    Args:
        labels: True classes, [N].
        logits: Of the plain model, [N, K].
        direction: What to move along, such as the log of the class weights, [K]; class `c` must gain most.
        c: The class whose recall is to be matched.
        recall: The recall to reach; the smallest shift that reaches it is taken.

    Returns:
        The shift, [K].

    Raises:
        ValueError: `c` does not gain most, so that its recall need not grow along the direction.

    Example:
        >>> z = np.array([[3., 0.], [1., 0.], [2., 0.], [.5, 0.]])
        >>> matched_shift(np.array([0, 0, 1, 1]), z, np.array([0., 1.]), 1, 0.5).round(3).tolist()
        [0.0, 0.5]
    """
    gain = direction[c] - np.delete(direction, c)
    if (gain <= 0).any():
        raise ValueError(f"class {c} must gain more than the others along the direction; not {direction}")
    # example i of class c is decided for c from t_i on: where the last other class is overtaken
    mine = logits[labels == c].astype(np.float64)
    t = np.sort(((np.delete(mine, c, 1) - mine[:, [c]]) / gain).max(1))
    needed = min(max(int(np.ceil(recall * len(t) - 1e-9)), 0), len(t))
    if needed == 0:
        return direction * (t[0] - 1e-6)
    return direction * (t[needed - 1] * (1 + 1e-12) + 1e-9)


def repaired(scores: Array, tables: Tables) -> Array | None:
    """Scores with the weighting taken out again, p ∝ q/w.

    Args:
        scores: What the strategy decides on, `decision.scores(logits)`, [..., K].
        tables: Of the strategy.

    Returns:
        Scores whose softmax estimates p(c|x); None for a strategy whose optimum is not log p(c|x) plus a shift.

    Example:
        Weights 1 and 9 had turned p = (.9, .1) into q = (.5, .5):

        >>> from lossviz.strategies import get
        >>> tables = get("weighted_cross_entropy").tables([90, 10], class_weight=[1, 9])
        >>> p = np.exp(repaired(np.log([[.5, .5]]), tables))
        >>> (p / p.sum()).round(3).tolist()
        [[0.9, 0.1]]
    """
    target = tables.target
    if target is None or target.cost is not None or tables.focus.any() or not (target.scale == 1).all():
        return None
    return np.asarray(scores - target.shift)
