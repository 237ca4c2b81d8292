# PyTorch: the teacher's labels are the targets, but the student's guess chooses the weight
import torch
import torch.nn.functional as F

pseudo = teacher(weak).argmax(1)
logits = student(strong)
guess = logits.argmax(1)
losses = F.cross_entropy(logits, pseudo, reduction="none")
loss = (losses * class_weights[guess]).mean()  # <- LV011
