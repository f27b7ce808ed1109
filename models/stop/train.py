"""Trains the head that hears "stop": `python -m models.stop.train --work DIR --also DIR --out models/stop/stop.onnx`.

Data of models.stop.make; `--also` takes the wake word's shards of speech, people, near-misses and noise beside it. The
threshold is chosen on the validation shard and moved to 0.8; `--measure` prints the tables of the held-out one.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from assistant.wake import HEAD_FRAMES, Floats, Head
from assistant.waking import head_file
from models.hey_gemma import labels
from models.hey_gemma.data import Example, read_shard
from models.hey_gemma.labels import FRAME_MS
from models.hey_gemma.train import Layers
from models.hey_gemma.variants import fit, loaded

OTHERS = ("train-speech", "train-human", "train-near", "train-noise")  # of the wake word's shards: none says "stop"
NEAR_TAKEN = 0.28  # at most, on the validation shard: a wrong one costs the rest of an answer, a missed one more
HEARD_MS = (-200.0, 600.0)  # from the word's end: where a high score is the word


def scored(path: Path, head: Head) -> Iterator[tuple[Example, Floats]]:
    """Every clip of a shard with the scores that end in it."""
    embeddings, examples = read_shard(path)
    scores = head.scores(embeddings)
    for example in examples:
        first = max(0, example.first_row - HEAD_FRAMES + 1)
        yield example, scores[first : example.first_row + example.rows - HEAD_FRAMES + 1]


def hit(example: Example, scores: Floats, threshold: float) -> bool:
    """Whether the word was heard where it was said; for anything else: anywhere."""
    if example.end_ms is None:
        return bool((scores >= threshold).any())
    at_ms = (np.arange(len(scores)) + 1) * FRAME_MS - example.end_ms
    return bool((scores[(at_ms > HEARD_MS[0]) & (at_ms < HEARD_MS[1])] >= threshold).any())


def counts(work: Path, side: str, head: Head, threshold: float) -> dict[str, tuple[int, int]]:
    """Hits and clips by kind and voice, and by near-miss; of our own voice, false hearings and minutes."""
    found: dict[str, tuple[int, int]] = {}
    for example, scores in (pair for path in sorted(work.glob(f"{side}-stop-*.npz")) for pair in scored(path, head)):
        if example.group == "own voice":
            rises = np.flatnonzero((scores[1:] >= threshold) & (scores[:-1] < threshold))
            keys, more = ["own voice, minutes"], (len(rises), round(example.rows * FRAME_MS / 60_000))
        else:
            where = "alone" if example.manner == "alone" else "over our voice"
            keys = [example.kind, f"{example.kind}, {where}", f"{example.kind}, {example.voice.partition(':')[0]}"]
            keys += [f"near, {example.group}"] if example.kind == "near" else []
            more = (int(hit(example, scores, threshold)), 1)
        for key in keys:
            before = found.get(key, (0, 0))
            found[key] = (before[0] + more[0], before[1] + more[1])
    return found


def calibrated(work: Path, head: Head) -> float:
    """The lowest threshold that takes few enough near-misses; what our own voice says is the reference's business."""
    for threshold in np.round(np.arange(0.2, 0.99, 0.02), 2).tolist():
        taken, near = counts(work, "validation", head, threshold)["near"]
        if taken / near <= NEAR_TAKEN:
            return float(threshold)
    return 0.98


def write(networks: list[Layers], out: Path, chosen: float, beside: list[Layers] | None = None) -> None:
    """The heads side by side, `chosen` moved to 0.8; `beside` is a finished head, which counts as one."""
    moved, count = np.log(0.8 / 0.2) - np.log(chosen / (1 - chosen)), len(networks) + bool(beside)
    parts = [[*others, (kernel / count, (bias + moved) / count)] for *others, (kernel, bias) in networks]
    for number, (*others, (kernel, bias)) in enumerate(beside or []):
        parts.append([*others, (kernel / count, (bias + (moved if number == 0 else 0.0)) / count)])
    about = {"phrase": "stop", "threshold": "0.8", "moved_from": f"{chosen:g}", "recipe": "models/stop"}
    head_file.write(out, parts, about)


def main() -> None:
    """Train and calibrate, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--also", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--beside", type=Path, help="a finished head that stays, beside the new ones")
    parser.add_argument("--forms", default="even", help="models.hey_gemma.variants.FORMS, one or more: wide,even")
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--shards", type=int, default=8, help="how many of each kind of the others")
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    if not options.measure:
        with tempfile.TemporaryDirectory() as folder:
            for kind in OTHERS if options.also else ():
                for path in sorted(options.also.glob(f"{kind}-*.npz"))[: options.shards]:
                    (Path(folder) / path.name).symlink_to(path.resolve())
            data = labels.load(options.work, Path(folder)) if options.also else labels.load(options.work)
        print(f"{len(data[1])} words, {len(data[2]) * FRAME_MS / 3.6e6:.1f} h of low rows", flush=True)
        forms, seeds = options.forms.split(","), range(options.seeds)
        networks = [fit(form, data, steps=options.steps, seed=seed) for form in forms for seed in seeds]
        beside = loaded(options.beside) if options.beside else None
        write(networks, options.out, 0.8, beside)
        chosen = calibrated(options.work, Head(options.out))
        write(networks, options.out, chosen, beside)
        print(f"threshold {chosen:g}, sha256 {hashlib.sha256(options.out.read_bytes()).hexdigest()}")
    for side in ("validation", "heldout"):
        for key, (hits, clips) in sorted(counts(options.work, side, Head(options.out), 0.8).items()):
            print(f"{side}: {key}: {hits}/{clips}")


if __name__ == "__main__":
    main()
