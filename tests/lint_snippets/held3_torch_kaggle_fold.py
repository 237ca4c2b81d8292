# Held out, third set. PyTorch: a competition notebook's fold, whose early stopping watches the weighted loss
import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.utils.class_weight import compute_class_weight
from tqdm import tqdm

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def run_fold(fold, model, trn_dl, val_dl, y_trn, epochs=10, patience=3):
    cw = compute_class_weight("balanced", classes=np.unique(y_trn), y=y_trn)
    crit = nn.CrossEntropyLoss(weight=torch.tensor(cw, dtype=torch.float32).to(device))
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, bad = np.inf, 0
    for ep in range(epochs):
        model.train()
        for xb, yb in tqdm(trn_dl):
            xb, yb = xb.to(device), yb.to(device)
            opt.zero_grad()
            loss = crit(model(xb), yb)
            loss.backward()
            opt.step()
        model.eval()
        vl = 0.0
        with torch.no_grad():
            for xb, yb in val_dl:
                xb, yb = xb.to(device), yb.to(device)
                vl += crit(model(xb), yb).item() * len(yb)  # <- LV006
        vl /= len(val_dl.dataset)
        if vl < best:
            best, bad = vl, 0
            best_wts = copy.deepcopy(model.state_dict())
        else:
            bad += 1
            if bad == patience:
                break
    model.load_state_dict(best_wts)
    return model
