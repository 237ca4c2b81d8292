# Held out, third set. PyTorch: a question about a U-Net, "how do I add class weights", whose channels are scaled
import torch
import torch.nn as nn
import torch.nn.functional as F


class DoubleConv(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(cin, cout, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(cout, cout, 3, padding=1), nn.ReLU()
        )

    def forward(self, x):
        return self.net(x)


class WeightedSegLoss(nn.Module):
    def __init__(self, cls_weights):
        super().__init__()
        self.register_buffer("w", torch.as_tensor(cls_weights).float().view(1, -1, 1, 1))

    def forward(self, pred, mask):
        pred = pred * self.w  # <- LV001
        return F.cross_entropy(pred, mask.long())


model = nn.Sequential(DoubleConv(3, 32), nn.Conv2d(32, 4, 1))
criterion = WeightedSegLoss([0.1, 2.0, 3.5, 8.0])
for img, mask in loader:
    loss = criterion(model(img), mask)
    loss.backward()
