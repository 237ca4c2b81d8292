# Held out. PyTorch: a weight where the model said positive
import torch
import torch.nn.functional as F

prob = torch.sigmoid(net(x)).squeeze(1)
predicted = (prob > 0.5).long()
weights = torch.tensor([1.0, 25.0])
per_example = F.binary_cross_entropy(prob, y, reduction="none")
loss = torch.mean(per_example * weights[predicted])  # <- LV011
