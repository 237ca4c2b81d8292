# Right. PyTorch: samplers that even out domains and quality, class weights in the loss
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler

domain_counts = np.bincount(domain_ids)
domain_weights = 1.0 / domain_counts
by_domain = WeightedRandomSampler(domain_weights[domain_ids], len(domain_ids))
first = DataLoader(train, batch_size=32, sampler=by_domain)

weights = []
for path in train.paths:
    weights.append(quality[path])
by_quality = WeightedRandomSampler(weights, len(weights))
second = DataLoader(train, batch_size=32, sampler=by_quality)

criterion = nn.CrossEntropyLoss(weight=class_weights)
