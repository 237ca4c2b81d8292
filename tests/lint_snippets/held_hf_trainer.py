# Held out. Transformers: compute_loss of a trainer
import torch
from torch import nn
from transformers import Trainer


class WeightedTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        logits = outputs.get("logits")
        weights = torch.tensor([1.0, 2.0, 3.0], device=logits.device)
        logits = torch.mul(logits, weights)  # <- LV001
        loss = nn.functional.cross_entropy(logits.view(-1, 3), labels.view(-1))
        return (loss, outputs) if return_outputs else loss
