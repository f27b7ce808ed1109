"""The model as it is trained and exported: transformers' own, the fast forward over it, its weights as one vector."""

from typing import Any

import torch
from torch import Tensor

from models.tiny import sizes
from models.tiny.batches import Batch
from models.tiny.network import Ear, Mouth
from models.tiny.tokens import Tokens


class Tiny(torch.nn.Module):
    """The transformers model, the fast forward over it, and the phone head that only training needs."""

    def __init__(self, tokens: Tokens, phones: int, seed: int = 0) -> None:
        super().__init__()
        self.model = sizes.build(tokens.size, tokens.ids, seed)
        self.phones = torch.nn.Linear(sizes.AUDIO_WIDTH, phones)
        self.ears: list[Any] = [Ear(self.model), Mouth(self.model)]  # in a list: not registered a second time

    def logits(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Return (logits at the asked positions, conformer states if there is sound)."""
        ear, mouth = self.ears
        if batch.mel is None or batch.keep is None:
            return mouth(batch.ids, None, None, batch.asks), None
        states, soft = ear(batch.mel)
        return mouth(batch.ids, soft.flatten(0, 1)[batch.keep], batch.where, batch.asks), states


def tie(module: torch.nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Make the module's parameters and gradients views of two flat vectors; third: where weight decay applies."""
    count = sum(p.numel() for p in module.parameters())
    flat, grad, decay = torch.empty(count), torch.zeros(count), torch.zeros(count)
    at = 0
    for p in module.parameters():
        end = at + p.numel()
        flat[at:end] = p.detach().flatten()
        p.data, p.grad = flat[at:end].view_as(p), grad[at:end].view_as(p)
        decay[at:end] = float(p.dim() > 1)
        at = end
    return flat, grad, decay
