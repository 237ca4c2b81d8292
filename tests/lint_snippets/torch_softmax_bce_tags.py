# PyTorch: several tags an image, a softmax over them
import torch.nn as nn

model = nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 20), nn.Softmax(dim=1))  # <- LV007
criterion = nn.BCELoss()
for images, targets in loader:
    loss = criterion(model(images), targets.float())
