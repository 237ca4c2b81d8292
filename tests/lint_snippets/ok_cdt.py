# A known method: CDT, the smaller factor on the rare class, in training only
import torch
import torch.nn.functional as F

delta = (counts / counts.max()) ** 0.3
loss = F.cross_entropy(model(x) * delta, y)
