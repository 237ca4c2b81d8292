# Right. PyTorch: pseudo-labels are the targets, and each weighs what its class weighs
import torch
import torch.nn.functional as F


def self_training(model, x, cw):
    logits = model(x)
    pseudo = logits.argmax(1)
    w = cw[pseudo]
    return (F.cross_entropy(logits, pseudo, reduction="none") * w).mean()
