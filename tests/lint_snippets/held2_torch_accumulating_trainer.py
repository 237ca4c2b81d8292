# Held out, second set. PyTorch: a trainer that accumulates gradients of weighted means
import torch
from torch import nn


class Trainer:
    def __init__(self, model, class_weights, cfg):
        self.model = model
        self.cfg = cfg
        self.criterion = nn.CrossEntropyLoss(weight=torch.tensor(class_weights))
        self.scaler = torch.cuda.amp.GradScaler()
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)

    def train_epoch(self, loader):
        self.model.train()
        self.optimizer.zero_grad()
        for step, (inputs, targets) in enumerate(loader):
            with torch.autocast("cuda"):
                outputs = self.model(inputs)
                loss = self.criterion(outputs, targets)
                loss = loss / self.cfg.gradient_accumulation_steps  # <- LV010
            self.scaler.scale(loss).backward()
            if (step + 1) % self.cfg.gradient_accumulation_steps == 0:
                self.scaler.step(self.optimizer)
                self.scaler.update()
                self.optimizer.zero_grad()
