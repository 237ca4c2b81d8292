# PyTorch: weights in the criterion; a mask and the annotators' trust by hand
import torch
import torch.nn as nn

criterion = nn.CrossEntropyLoss(weight=class_weights, reduction="none")
for inputs, labels, mask, trust in loader:
    losses = criterion(net(inputs), labels)
    loss = (losses * mask * trust).sum() / mask.sum()
    loss.backward()

losses = criterion(net(inputs), labels)
known = torch.where(labels == 255, 0.0, 1.0)
loss = (losses * known).sum() / known.sum()
