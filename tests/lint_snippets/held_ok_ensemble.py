# Held out, right. Models' logits, averaged with weights of models
import torch
import torch.nn.functional as F

weights = [0.5, 0.3, 0.2]
outputs = sum(w * m(x) for w, m in zip(weights, models))
loss = F.cross_entropy(outputs, y)
