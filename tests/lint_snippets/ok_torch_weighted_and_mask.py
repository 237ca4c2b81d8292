# PyTorch: weights in the criterion; a mask and the annotators' trust by hand
import torch.nn as nn

criterion = nn.CrossEntropyLoss(weight=class_weights, reduction="none")
for inputs, labels, mask, trust in loader:
    losses = criterion(net(inputs), labels)
    loss = (losses * mask * trust).sum() / mask.sum()
    loss.backward()
