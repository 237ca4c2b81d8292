# Right: temperature scaling
import torch
import torch.nn.functional as F

temperature = torch.nn.Parameter(torch.ones(1) * 1.5)
logits = model(x)
loss = F.cross_entropy(logits / temperature, y)
loss_sharp = F.cross_entropy(logits * 4.0, y)
