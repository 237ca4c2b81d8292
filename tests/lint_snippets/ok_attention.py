# Right: attention, masks and scales
import torch
import torch.nn.functional as F

scores = q @ k.transpose(-2, -1) * scale
scores = scores * attention_mask
attention = F.softmax(scores, dim=-1)
logits = head(attention @ v) * logit_scale.exp()
loss = F.cross_entropy(logits, targets, ignore_index=-100)
