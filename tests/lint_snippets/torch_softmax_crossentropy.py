# PyTorch: forward ends with a softmax
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 100)
        self.fc2 = nn.Linear(100, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return F.softmax(self.fc2(x), dim=1)  # <- LV003


net = Net()
criterion = nn.CrossEntropyLoss()
for inputs, labels in trainloader:
    outputs = net(inputs)
    loss = criterion(outputs, labels)
