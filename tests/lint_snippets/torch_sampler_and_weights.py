# PyTorch: a balancing sampler and a weighted loss
import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

sample_weights = [class_weights[label] for _, label in train]
sampler = WeightedRandomSampler(weights=sample_weights, num_samples=len(train), replacement=True)
loader = DataLoader(train, batch_size=64, sampler=sampler)
criterion = torch.nn.CrossEntropyLoss(weight=class_weights)  # <- LV004
