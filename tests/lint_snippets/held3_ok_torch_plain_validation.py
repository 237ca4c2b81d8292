# Held out, third set, right. PyTorch: the weighted loss trains, the plain one and F1 decide
import torch
from sklearn.metrics import f1_score
from torch import nn


def train(model, loaders, weights, device, n_epochs):
    train_loss = nn.CrossEntropyLoss(weight=weights.to(device))
    eval_loss = nn.CrossEntropyLoss()
    opt = torch.optim.AdamW(model.parameters())
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt)
    best_f1 = 0.0
    for epoch in range(n_epochs):
        model.train()
        running = 0.0
        for x, y in loaders["train"]:
            opt.zero_grad()
            loss = train_loss(model(x.to(device)), y.to(device))
            loss.backward()
            opt.step()
            running += loss.item()
        model.eval()
        total, ps, ts = 0.0, [], []
        with torch.inference_mode():
            for x, y in loaders["val"]:
                out = model(x.to(device))
                total += eval_loss(out, y.to(device)).item()
                ps += out.argmax(1).tolist()
                ts += y.tolist()
        sched.step(total / len(loaders["val"]))
        f1 = f1_score(ts, ps, average="macro")
        if f1 > best_f1:
            best_f1 = f1
            torch.save(model.state_dict(), "best.pt")
