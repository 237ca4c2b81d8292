# Right: several labels, a sigmoid each
import torch
from sklearn.preprocessing import MultiLabelBinarizer

y = torch.tensor(MultiLabelBinarizer().fit_transform(tags)).float()
pos_weight = (len(y) - y.sum(0)) / y.sum(0)
loss = torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight)(net(x), y)
