# PyTorch: a sampler whose weights are made far away from class counts, and a weighted loss
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler


def example_weights(data):
    found = Counter(t for _, t in data.samples)
    return [1.0 / found[t] for t in data.targets]


w = example_weights(train)
loader = DataLoader(train, 64, sampler=WeightedRandomSampler(w, len(w)))
criterion = nn.CrossEntropyLoss(weight=class_weights)  # <- LV004
