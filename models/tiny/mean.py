"""Average checkpoints of one descent: `python -m models.tiny.mean OUT.pt A.pt B.pt ...`.

Weights that were reached from one another lie in one valley; their mean is often better on what training didn't show
than the last of them, which knows its data by heart. What isn't weights is the last one's. Needs torch.
"""

import argparse
from pathlib import Path

import torch

AVERAGED = ("weights", "ema")


def main() -> None:
    """Write the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    given = parser.parse_args()
    if given.out.exists():
        parser.error(f"{given.out} is there already: the first file is the one to write")
    states = [torch.load(path) for path in given.checkpoints]
    mean = dict(states[-1])
    for part in AVERAGED:
        mean[part] = torch.stack([state[part].float() for state in states]).mean(dim=0).to(states[-1][part].dtype)
    torch.save(mean, given.out)


if __name__ == "__main__":
    main()
