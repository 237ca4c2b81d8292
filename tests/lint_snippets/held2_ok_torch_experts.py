# Held out, second set, right. PyTorch: a mixture of experts: the gate's softmax weights experts, not classes
import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixture(nn.Module):
    def __init__(self, dim, n_classes, n_experts=4):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(dim, n_classes) for _ in range(n_experts))
        self.gate = nn.Linear(dim, n_experts)

    def forward(self, x):
        weights = F.softmax(self.gate(x), dim=-1)
        outputs = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (weights.unsqueeze(-1) * outputs).sum(dim=1), weights


def load_balance(weights):
    return weights.mean(0).pow(2).sum() * weights.size(1)


def train(model, loader, optimizer, class_weights, alpha=0.01):
    for x, y in loader:
        logits, weights = model(x)
        loss = F.cross_entropy(logits, y, weight=class_weights) + alpha * load_balance(weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
