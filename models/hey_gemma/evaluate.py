"""Measures the wake word's head on what was held out: recall per voice, near-misses per group, false accepts an hour.

Uses the product's own `Head` and `WakeDecision` on embeddings that `data.py` stored; needs neither torch nor voices.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from assistant.wake import HEAD_FRAMES, Floats, Head
from assistant.wake_decision import HEARD_LAG_MS, Heard, WakeDecision
from models.hey_gemma.data import Example, read_shard

FRAME_MS = 80.0
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
IN_TIME_MS = (-200.0, 500.0)  # first score over the threshold, from the word's end


def heard_at(scores: Floats, threshold: float) -> list[float]:
    """Places in ms where the word was heard."""
    decision = WakeDecision(threshold=threshold)
    decided = [decision.update(float(score), (n + 1) * FRAME_MS) for n, score in enumerate(scores)]
    return [d.end_ms + HEARD_LAG_MS for d in decided if isinstance(d, Heard)]


def clips(path: Path, head: Head) -> Iterable[tuple[Example, Floats]]:
    """Each example with its scores, one a row."""
    embeddings, examples = read_shard(path)
    scores = head.scores(embeddings)
    for example in examples:
        start = example.first_row - HEAD_FRAMES + 1
        yield example, scores[start : start + example.rows]


def thresholds(folder: Path, path: Path) -> None:
    """Print what each threshold does on the validation set: the place to choose a head and its threshold."""
    found = list(clips(folder / "validation.npz", Head(path)))
    for threshold in THRESHOLDS:
        words, near, accepts, rows = [], [], 0, 0
        for example, scores in found:
            places = heard_at(scores, threshold)
            if example.end_ms is not None:
                words.append(bool(_in_time(example, places)))
            elif example.kind == "near":
                near.append(bool(places))
            else:
                accepts, rows = accepts + len(places), rows + len(scores)
        shares = f"recall {_share(words)}, near-misses taken {_share(near)}"
        print(f"threshold {threshold}: {shares}, {accepts} false accepts in {rows * FRAME_MS / 60_000:.0f} min")


def report(folder: Path, path: Path, threshold: float = 0.8) -> None:
    """Print the tables for every held-out set."""
    head = Head(path)
    for part in ("clean", "noisy"):
        _words(part, list(clips(folder / f"heldout-{part}.npz", head)), threshold)
    speech = list(clips(folder / "heldout-speech.npz", head))
    for name in sorted({example.group for example, _ in speech}):
        _speech(name, [(e, s) for e, s in speech if e.group == name], threshold)
    _speech("all", speech, threshold)


def _words(part: str, found: list[tuple[Example, Floats]], threshold: float) -> None:
    voices: dict[str, list[bool]] = defaultdict(list)
    groups: dict[str, list[bool]] = defaultdict(list)
    lags = []
    for example, scores in found:
        places = heard_at(scores, threshold)
        if example.end_ms is None:
            groups[example.group].append(bool(places))
            continue
        in_time = _in_time(example, places)
        voices[example.voice].append(bool(in_time))
        lags += in_time[:1]
    print(f"## {part}: recall {_percent(voices)}, near-misses taken {_percent(groups)}, threshold {threshold}")
    percentiles = ", ".join(f"{q} %: {np.percentile(lags, q):.0f}" for q in (5, 50, 95)) if lags else "none"
    print(f"heard after the word's end, ms: {percentiles}")
    for table in (voices, groups):
        for name, hits in sorted(table.items()):
            print(f"| {name} | {sum(hits)}/{len(hits)} |")


def _in_time(example: Example, places: list[float]) -> list[float]:
    """Give how long after the word's end it was heard."""
    end_ms = example.end_ms or 0.0
    return [p - end_ms for p in places if IN_TIME_MS[0] <= p - end_ms <= IN_TIME_MS[1] + example.spread_ms]


def _percent(table: dict[str, list[bool]]) -> str:
    return _share([hit for row in table.values() for hit in row])


def _share(hits: list[bool]) -> str:
    return f"{100 * sum(hits) / max(1, len(hits)):.1f} % of {len(hits)}"


def _speech(name: str, found: list[tuple[Example, Floats]], threshold: float) -> None:
    hours = sum(len(scores) for _, scores in found) * FRAME_MS / 3.6e6
    places = sum(len(heard_at(scores, threshold)) for _, scores in found)
    print(f"| {name} | {hours * 60:.0f} min | {places} false accepts | {places / max(hours, 1e-9):.1f} an hour |")
