# Right: focal loss with class weights
import torch
import torch.nn.functional as F


class FocalLoss(torch.nn.Module):
    def __init__(self, weight=None, gamma=2.0):
        super().__init__()
        self.weight, self.gamma = weight, gamma

    def forward(self, logits, target):
        logp = F.log_softmax(logits, dim=1)
        ce = F.nll_loss(logp, target, weight=self.weight, reduction="none")
        p = logp.gather(1, target[:, None]).squeeze(1).exp()
        return ((1 - p) ** self.gamma * ce).mean()
