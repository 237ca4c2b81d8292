# PyTorch: oversampled rows in the loader, and weights in the criterion as before
import torch
from imblearn.over_sampling import SMOTE
from torch.utils.data import DataLoader, TensorDataset

X_even, y_even = SMOTE(random_state=0).fit_resample(X_train, y_train)
data = TensorDataset(torch.tensor(X_even).float(), torch.tensor(y_even))
loader = DataLoader(data, batch_size=64, shuffle=True)
criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 16.0]))  # <- LV004
for xb, yb in loader:
    loss = criterion(net(xb), yb)
