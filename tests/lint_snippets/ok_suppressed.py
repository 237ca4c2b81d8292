# Told to be left alone
import torch.nn.functional as F

loss = F.cross_entropy(logits * class_weights, labels)  # noqa: LV001
