# Held out, right. Cosine logits and a scale
import torch
import torch.nn as nn
import torch.nn.functional as F


class ArcFace(nn.Module):
    def __init__(self, dim, classes, s=30.0, m=0.5):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, dim))
        self.s, self.m = s, m

    def forward(self, features, target):
        cosine = F.linear(F.normalize(features), F.normalize(self.weight))
        one_hot = F.one_hot(target, cosine.size(1)).float()
        logits = self.s * (cosine - one_hot * self.m)
        return F.cross_entropy(logits, target)
