# Held out, right. A GAN: sigmoid outside the loss only for the picture
import torch
from torch import nn

bce = nn.BCEWithLogitsLoss()
real, fake = D(images), D(G(noise).detach())
d_loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
shown = torch.sigmoid(fake).mean().item()
