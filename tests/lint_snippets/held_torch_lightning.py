# Held out. Lightning: a module whose forward ends with a sigmoid
import pytorch_lightning as pl
import torch
from torch import nn


class Classifier(pl.LightningModule):
    def __init__(self, n_in):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, 1))
        self.loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(16.1))

    def forward(self, x):
        return torch.sigmoid(self.body(x))  # <- LV003

    def training_step(self, batch, batch_idx):
        x, y = batch
        y_hat = self(x).squeeze(1)
        loss = self.loss(y_hat, y.float())
        self.log("train_loss", loss)
        return loss
