# PyTorch: Sequential with a sigmoid
from torch import nn

model = nn.Sequential(
    nn.Linear(10, 32),
    nn.ReLU(),
    nn.Linear(32, 1),
    nn.Sigmoid(),  # <- LV003
)
loss_fn = nn.BCEWithLogitsLoss()
loss = loss_fn(model(x), y)
