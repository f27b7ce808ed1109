"""A deeper ear from a shallower one: `python -m models.tiny.grow OLD.pt NEW.pt --layers 4`.

Every conformer layer gets copies of itself behind it, scaled so that they change next to nothing at first: training
goes on where the shallow model stood (layer stacking). `--layers` is the old number, `sizes.AUDIO_LAYERS` the new.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

import torch

from models.tiny import sizes
from models.tiny.tiny import Tiny
from models.tiny.tokens import Tokens

QUIET = 0.1  # share of a copied branch that is heard at first
BRANCH_ENDS = ("post_layer_norm.weight", "norm_post_attn.weight", "linear_end.linear.weight")


def came_from(name: str, each: int) -> tuple[str, bool]:
    """Return (name of the same weight in the shallow model, whether it is in a copied layer)."""
    head, mark, rest = name.partition("audio_tower.layers.")
    if not mark:
        return name, False
    number, _, tail = rest.partition(".")
    return f"{head}{mark}{int(number) // each}.{tail}", int(number) % each > 0


@torch.no_grad()
def grow(flat: torch.Tensor, old: Tiny, new: Tiny, each: int) -> torch.Tensor:
    """Return the flat weights of `new`, filled from `flat`, those of `old`."""
    have = dict(old.named_parameters())
    parts = flat.split([p.numel() for p in have.values()])
    values = {name: part.view_as(have[name]) for name, part in zip(have, parts, strict=True)}
    for name, weight in new.named_parameters():
        source, copied = came_from(name, each)
        value = values[source]
        if copied and name.endswith(BRANCH_ENDS):
            value = value * QUIET
        if copied and name.endswith("norm_out.weight"):  # its input comes out of such a norm already
            value = torch.full_like(value, float(value.pow(2).mean().sqrt()))
        weight.copy_(value)
    return torch.cat([p.flatten() for p in new.parameters()])


def main() -> None:
    """Grow a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--layers", type=int, default=4, help="conformer layers of the old model")
    parser.add_argument("--phones", type=int, default=60, help="classes of the phone head")
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    args = parser.parse_args()
    tokens = Tokens(args.tokenizer)
    with mock.patch.object(sizes, "AUDIO_LAYERS", args.layers):
        old = Tiny(tokens, args.phones)
    state = torch.load(args.old)
    each = sizes.AUDIO_LAYERS // args.layers
    torch.save({"ema": grow(state["ema"], old, Tiny(tokens, args.phones), each)}, args.new)


if __name__ == "__main__":
    main()
