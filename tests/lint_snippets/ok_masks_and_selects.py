# Right. PyTorch: masks, selections by one-hot rows, padding and short names that are no weights
import torch
import torch.nn.functional as F

logits = model(tokens)
pred = logits.argmax(-1)
losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
padding = torch.tensor([0.0, 1.0, 1.0, 1.0])[tokens.clamp(max=3)]
loss = (losses.view_as(padding) * padding).sum() / padding.sum()
foreground = torch.tensor([0.0, 1.0, 1.0])
hits = ((pred == labels).float() * foreground[pred]).mean()  # a metric
chosen = torch.eye(3)[pred]
picked = (logits * chosen).sum(-1)
allowed = torch.tensor([1.0, 0.0, 1.0])
narrowed = F.cross_entropy((logits + allowed.log()).flatten(0, 1), labels.flatten())
w = torch.randn(3, 16)
prototypes = w[pred]
alpha = 0.3
mixed = alpha * losses + (1 - alpha) * losses.flip(0)
gamma_mask = torch.tensor([1.0, 0.0, 1.0])[labels]
masked = (losses * gamma_mask.flatten()).mean()
