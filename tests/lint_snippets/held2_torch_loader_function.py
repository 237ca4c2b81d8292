# Held out, second set. PyTorch: a function makes balanced batches, another a weighted criterion
import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler


def make_loader(dataset, cfg):
    counts = torch.bincount(torch.tensor(dataset.targets))
    weights = 1.0 / counts.float()
    sampler = WeightedRandomSampler(weights[dataset.targets], num_samples=len(dataset), replacement=True)
    return DataLoader(dataset, batch_size=cfg.batch_size, sampler=sampler, num_workers=cfg.workers)


def make_criterion(dataset, device):
    counts = torch.bincount(torch.tensor(dataset.targets)).float()
    weights = counts.sum() / (len(counts) * counts)
    return nn.CrossEntropyLoss(weight=weights.to(device), label_smoothing=0.1)  # <- LV004


def train(cfg, model, dataset, device):
    loader = make_loader(dataset, cfg)
    criterion = make_criterion(dataset, device)
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=0.9)
    for _ in range(cfg.epochs):
        for images, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(images.to(device)), targets.to(device))
            loss.backward()
            optimizer.step()
