"""The second recipe's data: `python -m models.hey_gemma.make --work out/hey_gemma-2`. Resumable, shard by shard.

`--plan` prints every family with its number of clips and its cost and makes nothing. Order: what is measured with, the
validation set, then the training families in turn, so that whenever it is stopped the set is balanced. Needs no torch.
"""

import argparse
import functools
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.hey_gemma import measured_takes, takes
from models.hey_gemma.data import VALIDATION, Take, read_shard, write_shard
from models.hey_gemma.takes import CPU_S, ENGINES, NEAR_MISSES, NOISE_S, SPEECH_S, WORDS

RECORDING_CPU_S = 0.045  # room, noise, codec, vocoder where one is due, embedding of 3 s


@dataclass(frozen=True, slots=True)
class Shard:
    """One file. `number` seeds it; `cpu_s` is what it costs, roughly."""

    family: str
    number: int
    cpu_s: float
    clips: int
    takes: Callable[[int], Iterator[Take]]

    @property
    def file(self) -> str:
        """Its name: what is trained on begins with "train"."""
        return f"{self.family}-{self.number:03d}.npz"


def spoken_cpu_s(clips_a_sound: float = 1.0) -> float:
    """Mean cost of one spoken clip with its recordings."""
    return sum(share * (CPU_S[e] * clips_a_sound + copies * RECORDING_CPU_S) for e, (share, copies) in ENGINES.items())


def copies() -> float:
    """Mean number of recordings of one spoken clip."""
    return sum(share * count for share, count in ENGINES.values())


def plan() -> list[Shard]:
    """Every shard, in the order in which they are made."""
    shards = [Shard(family, 0, cost, clips, made) for family, cost, clips, made in measured_takes.families()]
    shards += [Shard("dialogue", n, 45, 1, measured_takes.dialogue_takes) for n in range(60)]
    valid = [
        ("validation-words", 400, functools.partial(takes.word_takes, count=200, validation=True)),
        ("validation-near", 500, functools.partial(takes.near_takes, count=250, validation=True)),
        ("validation-speech", 900, functools.partial(takes.speech_takes, seconds=3600, validation=True)),
        ("validation-human", 550, functools.partial(takes.human_takes, validation=True)),
        ("validation-noise", 120, functools.partial(takes.noise_takes, seconds=1200, validation=True)),
    ]
    for family, clips, made in valid:
        shards.append(Shard(family, VALIDATION, clips * 0.12, clips, made))
    rounds: list[tuple[str, int, float, float, Callable[[int], Iterator[Take]]]] = [
        ("train-words", 48, WORDS * spoken_cpu_s(1.6), WORDS * copies(), takes.word_takes),
        ("train-near", 48, NEAR_MISSES * spoken_cpu_s(), NEAR_MISSES * copies(), takes.near_takes),
        ("train-speech", 72, SPEECH_S * 0.035, SPEECH_S / 4, takes.speech_takes),
        ("train-human", 24, 45, 500, takes.human_takes),
        ("train-noise", 18, 15, NOISE_S / 10, takes.noise_takes),
    ]
    # In turn: the n-th of k shards of a family comes at place n / k.
    placed = [
        ((number + 0.5) / count, Shard(family, number, cost, int(clips), made))
        for family, count, cost, clips, made in rounds
        for number in range(count)
    ]
    placed.sort(key=lambda pair: (pair[0], pair[1].file))
    return shards + [shard for _, shard in placed]


def first_batch(shards: list[Shard]) -> list[Shard]:
    """Validation first, then what is measured with, then training; ten hours of dialogue last."""
    order = ("validation", "measured", "train", "dialogue")
    return sorted(shards, key=lambda shard: order.index(shard.family.partition("-")[0]))


def show(shards: list[Shard], folder: Path) -> None:
    """Print families, what is there, and what is left to pay."""
    print("| family | shards | there | clips | CPU-min in all | left |\n|---|---|---|---|---|---|")
    total = left = 0.0
    for family in dict.fromkeys(shard.family for shard in shards):
        of = [shard for shard in shards if shard.family == family]
        there = [shard for shard in of if (folder / shard.file).exists()]
        cost, paid = (sum(shard.cpu_s for shard in some) / 60 for some in (of, there))
        total, left = total + cost, left + cost - paid
        print(f"| {family} | {len(of)} | {len(there)} | {sum(s.clips for s in of)} | {cost:.1f} | {cost - paid:.1f} |")
    print(f"| all | {len(shards)} | | | {total:.0f} | {left:.0f} |")


def main() -> None:
    """Make what isn't there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("out/hey_gemma-2"), help="shards are kept here")
    parser.add_argument("--plan", action="store_true", help="say what it costs, make nothing")
    parser.add_argument("--family", default="", help="only shards whose name begins so")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long, between two shards")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shards = [shard for shard in first_batch(plan()) if shard.family.startswith(options.family)]
    show(shards, options.work)
    if options.plan:
        return
    began = time.monotonic()
    for shard in shards:
        path = options.work / shard.file
        if path.exists():
            continue
        if time.monotonic() - began > options.minutes * 60:
            return
        before = _cpu_s()
        # Measured ones start afresh at every clip; training ones run on, as a room does.
        fresh = not shard.family.startswith(("train", "validation"))
        write_shard(path, shard.takes(shard.number), seed=None if fresh else zlib.crc32(shard.file.encode()))
        examples = read_shard(path)[1]
        words = sum(example.kind == "word" for example in examples)
        hours = sum(example.rows for example in examples) * 0.08 / 3600
        cost = _cpu_s() - before
        made = f"{shard.file}: {len(examples)} clips, {words} words, {hours:.2f} h"
        print(f"{made}, {cost:.0f} CPU-s ({shard.cpu_s:.0f} planned)", flush=True)


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    main()
