# Right: accumulated by the number of examples
import torch
import torch.nn.functional as F

for x, y in loader:
    loss = F.cross_entropy(net(x), y, weight=class_weights, reduction="sum") / (len(y) * accumulation_steps)
    loss.backward()
