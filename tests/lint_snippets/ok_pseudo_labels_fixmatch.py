# Right. PyTorch: FixMatch; the weak view labels the strong one, and rare pseudo-classes weigh more
import torch
import torch.nn.functional as F

for (x, y), (weak, strong) in zip(labelled, unlabelled):
    supervised = F.cross_entropy(model(x), y)
    with torch.no_grad():
        probs = torch.softmax(model(weak), dim=-1)
        confidence, pseudo = torch.max(probs, dim=-1)
        mask = confidence.ge(0.95).float()
    targets = pseudo.detach()
    losses = F.cross_entropy(model(strong), targets, reduction="none") * mask
    loss = supervised + lambda_u * (losses * class_weights[targets]).mean()
    loss.backward()
