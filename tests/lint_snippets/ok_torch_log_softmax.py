# Harmless: log_softmax twice is log_softmax
import torch.nn as nn
import torch.nn.functional as F

loss = F.nll_loss(F.log_softmax(net(x), dim=1), y, weight=class_weights)
again = nn.CrossEntropyLoss()(F.log_softmax(net(x), dim=1), y)
