"""A deeper ear from a shallower one: `python -m models.tiny.grow OLD NEW.pt --layers 8`.

OLD is a checkpoint, or a folder with the GGUF files.
Conformer layers get copies of themselves behind them, evenly, scaled so that they change next to nothing at first:
training goes on where the shallow model stood (layer stacking). `--layers` is the old number, `sizes.AUDIO_LAYERS` the
new.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest import mock

import torch

from models.tiny import sizes
from models.tiny.export import read_back
from models.tiny.tiny import Tiny
from models.tiny.tokens import Tokens

QUIET = 0.1  # share of a copied branch that is heard at first
BRANCH_ENDS = ("post_layer_norm.weight", "norm_post_attn.weight", "linear_end.linear.weight")


def came_from(name: str, old: int, new: int) -> tuple[str, bool]:
    """Return (name of the same weight in the shallow model, whether it is in a copied layer)."""
    head, mark, rest = name.partition("audio_tower.layers.")
    if not mark:
        return name, False
    number, _, tail = rest.partition(".")
    source = int(number) * old // new
    return f"{head}{mark}{source}.{tail}", int(number) > 0 and (int(number) - 1) * old // new == source


@torch.no_grad()
def grow(flat: torch.Tensor, old: Tiny, new: Tiny, layers: int) -> torch.Tensor:
    """Return the flat weights of `new`, filled from `flat`, those of `old` with its number of conformer layers."""
    have = dict(old.named_parameters())
    parts = flat.split([p.numel() for p in have.values()])
    values = {name: part.view_as(have[name]) for name, part in zip(have, parts, strict=True)}
    for name, weight in new.named_parameters():
        source, copied = came_from(name, layers, sizes.AUDIO_LAYERS)
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
    parser.add_argument("--layers", type=int, required=True, help="conformer layers of the old model")
    parser.add_argument("--phones", type=int, default=60, help="classes of the phone head")
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    args = parser.parse_args()
    tokens = Tokens(args.tokenizer)
    with mock.patch.object(sizes, "AUDIO_LAYERS", args.layers):
        old = Tiny(tokens, args.phones)
    if args.old.is_dir():
        read_back(args.old, old)
        flat = torch.cat([p.detach().flatten() for p in old.parameters()])
    else:
        flat = torch.load(args.old)["ema"]
    torch.save({"ema": grow(flat, old, Tiny(tokens, args.phones), args.layers)}, args.new)


if __name__ == "__main__":
    main()
