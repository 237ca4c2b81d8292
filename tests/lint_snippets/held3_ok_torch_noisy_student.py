# Held out, third set, right. PyTorch: pseudo-labels of a teacher, weighted by how frequent each pseudo-class is
import torch
import torch.nn.functional as F


@torch.no_grad()
def pseudo_label(teacher, u_weak):
    probs = F.softmax(teacher(u_weak), dim=1)
    conf, hard = probs.max(dim=1)
    return conf, hard


def unsupervised_step(teacher, student, u_weak, u_strong, pl_counts, tau=0.95):
    conf, hard = pseudo_label(teacher, u_weak)
    class_weights = pl_counts.sum() / (len(pl_counts) * pl_counts.clamp(min=1))
    logits = student(u_strong)
    losses = F.cross_entropy(logits, hard, reduction="none")
    keep = (conf >= tau).float()
    return (losses * class_weights[hard] * keep).mean()
