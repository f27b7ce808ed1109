"""The shards for "stop": `python -m models.stop.make --work DIR --own OWN.npz --shards 6`. Resumable.

`--own` is what models.own_speech made. Other speech, human speech and noise come from the wake word's shards
(models.hey_gemma.make), which the training takes beside these.
"""

import argparse
from pathlib import Path

from models.hey_gemma.data import write_shard
from models.stop import data


def main() -> None:
    """Make what isn't there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--own", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=6)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    own = data.own_clips(options.own)
    third = len(own) // 3  # no sentence that is measured with is trained on
    sides = [("heldout", 0), ("train", 0), ("validation", 0), *(("train", n) for n in range(1, options.shards))]
    for side, number in sides:
        path = options.work / f"{side}-stop-{number:02d}.npz"
        if not path.exists():
            said = own[:third] if side == "heldout" else own[third:]
            write_shard(path, data.takes(side, number, said), seed=number)
            print(path, flush=True)


if __name__ == "__main__":
    main()
