# PyTorch: by prediction
import torch
import torch.nn.functional as F

_, predicted = torch.max(outputs, 1)
loss = F.cross_entropy(outputs, targets, reduction="none")
loss = (loss * class_weights[predicted]).mean()  # <- LV011
