# Held out, right. Effective number of examples, in the loss
import numpy as np
import torch
import torch.nn.functional as F

effective = 1.0 - np.power(0.999, samples_per_cls)
weights = (1.0 - 0.999) / np.array(effective)
weights = weights / np.sum(weights) * len(samples_per_cls)
weights = torch.tensor(weights).float()
onehot = F.one_hot(labels, len(samples_per_cls)).float()
weights = (weights.unsqueeze(0).repeat(onehot.shape[0], 1) * onehot).sum(1)
weights = weights.unsqueeze(1).repeat(1, len(samples_per_cls))
loss = F.binary_cross_entropy_with_logits(logits, onehot, weight=weights)
