# Held out. PyTorch: genres, several at once, softmax loss
import torch
import torch.nn.functional as F
from sklearn.preprocessing import MultiLabelBinarizer

mlb = MultiLabelBinarizer()
genres = mlb.fit_transform(movies["genres"])
genres = torch.tensor(genres, dtype=torch.float32)
out = net(features)
loss = F.cross_entropy(out, genres)  # <- LV007
