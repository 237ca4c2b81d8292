# PyTorch: in place
import torch
import torch.nn as nn

criterion = nn.CrossEntropyLoss()
class_weights = torch.tensor([0.3, 3.0])
for x, y in loader:
    outputs = model(x)
    outputs *= class_weights  # <- LV001
    loss = criterion(outputs, y)
    loss.backward()
