# Right: one framework, batches of many
import torch
from torch.utils.data import DataLoader

loader = DataLoader(train, batch_size=128, shuffle=True)
criterion = torch.nn.CrossEntropyLoss(weight=class_weights)
for x, y in loader:
    loss = criterion(net(x), y)
    loss.backward()
