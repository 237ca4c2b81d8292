# PyTorch: a loss module with short names, its weights looked up by the prediction
import torch.nn as nn
import torch.nn.functional as F


class Loss(nn.Module):
    def __init__(self, alpha):
        super().__init__()
        self.alpha = alpha

    def forward(self, input, target):
        ce = F.cross_entropy(input, target, reduction="none")
        pred = input.argmax(dim=1)
        return (self.alpha[pred] * ce).mean()  # <- LV011


def step(params, cw, x, y):
    z = model(x)
    p = F.softmax(z, 1)
    w = cw[p.argmax(1)]  # <- LV011
    return (w * F.cross_entropy(z, y, reduction="none")).mean()
