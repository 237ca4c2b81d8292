# PyTorch: oversampled or weighted, never both
import torch
from imblearn.over_sampling import SMOTE

if args.smote:
    X, y = SMOTE().fit_resample(X, y)
    weights = None
else:
    weights = torch.tensor([1.0, 9.0])
criterion = torch.nn.CrossEntropyLoss(weight=weights)
loss = criterion(net(torch.tensor(X).float()), torch.tensor(y))
