# Held out, second set, right. PyTorch: Lightning with a weighted loss to train and a plain one to watch
import lightning as L
import torch
import torchmetrics
from torch import nn


class Classifier(L.LightningModule):
    def __init__(self, net, class_weights, num_classes):
        super().__init__()
        self.net = net
        self.train_loss = nn.CrossEntropyLoss(weight=class_weights, reduction="sum")
        self.val_loss = nn.CrossEntropyLoss()
        self.f1 = torchmetrics.F1Score("multiclass", num_classes=num_classes, average="macro")

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = self.train_loss(self.net(x), y) / len(y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self.net(x)
        self.f1(logits.softmax(dim=-1), y)
        self.log("val/loss", self.val_loss(logits, y), prog_bar=True)
        self.log("val/f1", self.f1)

    def predict_step(self, batch, batch_idx):
        return torch.softmax(self.net(batch), dim=-1)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=3e-4)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "monitor": "val/loss"}}
