# Held out, third set, right. PyTorch: a sampler that mixes hospitals evenly, and class weights in the loss
import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler

df = pd.read_csv("scans.csv")
per_site = df["hospital"].map(1.0 / df["hospital"].value_counts())
sampler = WeightedRandomSampler(torch.as_tensor(per_site.values), num_samples=len(df))
loader = DataLoader(ScanDataset(df), batch_size=16, sampler=sampler, num_workers=4)

counts = np.bincount(df["diagnosis"])
class_weights = torch.tensor(counts.sum() / (len(counts) * counts), dtype=torch.float32)
criterion = nn.CrossEntropyLoss(weight=class_weights)
for x, y in loader:
    loss = criterion(model(x), y)
    loss.backward()
