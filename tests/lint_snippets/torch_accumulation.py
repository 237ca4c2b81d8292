# PyTorch: accumulated
import torch

criterion = torch.nn.CrossEntropyLoss(weight=class_weights)
for i, (x, y) in enumerate(loader):
    loss = criterion(net(x), y)
    loss = loss / accumulation_steps  # <- LV010
    loss.backward()
    if (i + 1) % accumulation_steps == 0:
        optimizer.step()
        optimizer.zero_grad()
