# Right: weighted to train, plain to validate
import torch
from torch import nn

criterion = nn.CrossEntropyLoss(weight=class_weights)
val_criterion = nn.CrossEntropyLoss()
for epoch in range(10):
    for x, y in train_loader:
        criterion(model(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        val_loss = sum(val_criterion(model(x), y).item() for x, y in val_loader)
    scheduler.step(val_loss)
