# PyTorch: a softmax of two with a binary loss of both is the cross-entropy, and a sigmoid each is right for tags
import torch.nn as nn

two = nn.Sequential(nn.Linear(512, 2), nn.Softmax(dim=1))
tags = nn.Sequential(nn.Linear(512, 20), nn.Sigmoid())
criterion = nn.BCELoss()
for images, onehot, several in loader:
    loss = criterion(two(images), onehot) + criterion(tags(images), several)
