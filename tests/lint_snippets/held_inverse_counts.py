# Held out. PyTorch: weights from counts, named otherwise
import torch
import torch.nn as nn

counts = torch.bincount(y_train)
inv = 1.0 / counts.float()
inv = inv / inv.sum()
loss_fn = nn.CrossEntropyLoss()
for xb, yb in train_dl:
    pred = model(xb)
    loss = loss_fn(pred * inv.to(pred.device), yb)  # <- LV001
    loss.backward()
