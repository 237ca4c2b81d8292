"""Test metrics of a decision rule; scikit-learn computes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossviz.strategies import Decision

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
    from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

    classes = np.arange(logits.shape[1])
    decided, p = decision.classes(logits), decision.probabilities(logits)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, decided, labels=classes, zero_division=0)
    confusion = confusion_matrix(labels, decided, labels=classes)
    recall = np.where(confusion.sum(1) > 0, recall, np.nan)
    precision = np.where(confusion.sum(0) > 0, precision, np.nan)
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
