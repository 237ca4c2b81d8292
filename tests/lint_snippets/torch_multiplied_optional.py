# PyTorch: only if there are weights
import torch.nn.functional as F


def segmentation_loss(logits, target, weights=None):
    if weights is not None:
        logits = logits * weights.view(1, -1, 1, 1)  # <- LV001
    return F.cross_entropy(logits, target, ignore_index=255)
