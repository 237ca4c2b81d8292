# PyTorch: one criterion for both
import torch
from torch import nn

criterion = nn.CrossEntropyLoss(weight=class_weights)
best = float("inf")
for epoch in range(50):
    for x, y in train_loader:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    val_loss = 0.0
    with torch.no_grad():
        for x, y in val_loader:
            val_loss += criterion(model(x), y).item()  # <- LV006
    if val_loss < best:
        best = val_loss
        torch.save(model.state_dict(), "best.pt")
