# Held out, right. Probabilities times weights to decide, plain training
import numpy as np
import torch
import torch.nn.functional as F

logits = net(x)
F.cross_entropy(logits, y).backward()
weights = np.array([1.0, 16.0])
decided = np.argmax(F.softmax(logits, 1).detach().numpy() * weights, axis=1)
