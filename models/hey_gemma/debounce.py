"""Compares ways to decide over time: `python -m models.hey_gemma.debounce --work DIR`, on the validation shards.

One score over the threshold, two in a row, two of three, means: each at several thresholds, for they move recall and
false wakes alike. Needs no torch and no voice.
"""

import argparse
from pathlib import Path

import numpy as np

from assistant.wake import Floats, Head, shipped_head
from models.hey_gemma import measure
from models.hey_gemma.measure import IN_TIME_MS, Clip

WAYS = ("one", "two in a row", "two of three", "mean of two", "mean of three")
THRESHOLDS = (0.3, 0.5, 0.65, 0.8, 0.9, 0.95)


def over_time(scores: Floats, way: str) -> Floats:
    """Scores such that the plain decision, one over the threshold, decides in this way."""
    last = np.stack([np.concatenate([np.zeros(back, np.float32), scores])[: len(scores)] for back in range(3)])
    match way:
        case "two in a row":
            return np.asarray(last[:2].min(axis=0))
        case "two of three":
            return np.asarray(np.sort(last, axis=0)[1])
        case "mean of two":
            return np.asarray(last[:2].mean(axis=0))
        case "mean of three":
            return np.asarray(last.mean(axis=0))
        case _:
            return scores


def row(clips: list[Clip], threshold: float) -> str:
    """Recall, near-misses taken, false wakes an hour, and the time from the word's end to the event."""
    words = [clip for clip in clips if clip.example.kind == "word"]
    near = [bool(clip.wakes(threshold)) for clip in clips if clip.example.kind == "near"]
    others = [clip for clip in clips if clip.example.kind in {"speech", "noise"}]
    lags = [lag for clip in words if (lag := clip.lag_ms(threshold)) is not None]
    false = sum(len(clip.wakes(threshold)) for clip in others) / sum(clip.hours for clip in others)
    middle, late = np.percentile(lags, [50, 95]) if lags else (np.nan, np.nan)
    return f"{100 * len(lags) / len(words):.1f} | {100 * np.mean(near):.1f} | {false:.1f} | {middle:.0f} | {late:.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("out/hey_gemma-2"))
    parser.add_argument("--head", type=Path, default=shipped_head())
    options = parser.parse_args()
    found = measure.clips(sorted(options.work.glob("validation-*.npz")), Head(options.head).scores)
    print(f"Lags in ms, words {IN_TIME_MS[0]:.0f} to {IN_TIME_MS[1]:.0f} ms from their end.\n")
    print(
        "| decides | at | recall % | near-misses % | false an hour | lag, half | 95 % |\n|---|---|---|---|---|---|---|"
    )
    for way in WAYS:
        clips = [Clip(clip.example, over_time(clip.scores, way)) for clip in found]
        for threshold in THRESHOLDS:
            print(f"| {way} | {threshold:g} | {row(clips, threshold)} |", flush=True)


if __name__ == "__main__":
    main()
