# PyTorch: inside the model
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, class_weights):
        super().__init__()
        self.fc = nn.Linear(20, 4)
        self.class_weights = class_weights

    def forward(self, x):
        logits = self.fc(x)
        return logits.mul(self.class_weights)  # <- LV001


net = Net(torch.tensor([1.0, 2.0, 3.0, 4.0]))
loss = F.cross_entropy(net(x), target)
