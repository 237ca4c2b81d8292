# PyTorch: weights in the criterion, and once more by hand
import torch.nn as nn

criterion = nn.CrossEntropyLoss(weight=class_weights, reduction="none")
for inputs, labels in loader:
    losses = criterion(net(inputs), labels)
    loss = (losses * class_weights[labels]).mean()  # <- LV005
    loss.backward()
