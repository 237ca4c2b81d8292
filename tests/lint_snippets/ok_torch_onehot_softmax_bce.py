# PyTorch: a softmax with the binary losses of one-hot labels, whose classes exclude each other
import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Sequential(nn.Linear(20, 10), nn.Softmax(dim=1))
loss = nn.BCELoss()(net(x), F.one_hot(y, 10).float())
loss = loss + F.binary_cross_entropy(net(x), torch.eye(10)[y])
loss = loss + F.binary_cross_entropy(net(x)[:, 3], (y == 3).float())
