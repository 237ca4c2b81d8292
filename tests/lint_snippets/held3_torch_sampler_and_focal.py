# Held out, third set. PyTorch: WeightedRandomSampler by class frequency, and weights in the loss besides
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision import datasets, models, transforms

tfm = transforms.Compose([transforms.Resize(224), transforms.ToTensor()])
train_ds = datasets.ImageFolder("data/train", tfm)
freq = Counter(train_ds.targets)
n = len(train_ds)
class_w = torch.tensor([n / freq[c] for c in range(len(freq))])
sample_w = [class_w[t] for t in train_ds.targets]
train_dl = DataLoader(train_ds, batch_size=32, sampler=WeightedRandomSampler(sample_w, n, replacement=True))

net = models.resnet18(weights="IMAGENET1K_V1")
net.fc = nn.Linear(net.fc.in_features, len(freq))
loss_fn = nn.CrossEntropyLoss(weight=class_w)  # <- LV004
optimizer = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)

for epoch in range(5):
    for x, t in train_dl:
        optimizer.zero_grad()
        loss_fn(net(x), t).backward()
        optimizer.step()
