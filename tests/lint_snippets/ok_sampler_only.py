# Right: a sampler, and a plain loss
import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

sampler = WeightedRandomSampler([class_weights[t] for t in targets], len(targets))
loader = DataLoader(train, batch_size=64, sampler=sampler)
criterion = torch.nn.CrossEntropyLoss()
