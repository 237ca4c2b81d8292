# Right: a batch of one image is many pixels
import torch
from torch import nn
from torch.utils.data import DataLoader

loader = DataLoader(images, batch_size=1)
net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1))
criterion = nn.CrossEntropyLoss(weight=class_weights)
loss = criterion(net(x), y)
