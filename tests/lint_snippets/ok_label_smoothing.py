# Right: label smoothing and weights
import torch

criterion = torch.nn.CrossEntropyLoss(weight=class_weights, label_smoothing=0.1)
loss = criterion(net(x), y)
