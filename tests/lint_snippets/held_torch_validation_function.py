# Held out. PyTorch: validation in a function, its loss returned
import torch
import torch.nn as nn


def validate(model, loader, criterion):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += criterion(model(x), y).item()  # <- LV006
    return total / len(loader)


criterion = nn.CrossEntropyLoss(weight=class_weights)
for epoch in range(30):
    train_epoch(model, train_loader, criterion)
    val_loss = validate(model, val_loader, criterion)
    scheduler.step(val_loss)
