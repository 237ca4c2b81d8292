# Right: calibration by trained factors, one a class
import torch
from torch import nn


class VectorScaling(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(k))
        self.bias = nn.Parameter(torch.zeros(k))

    def forward(self, logits):
        return logits * self.weight + self.bias


scaler = VectorScaling(10)
loss = nn.CrossEntropyLoss()(scaler(logits), labels)
