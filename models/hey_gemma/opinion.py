"""Wakes with and without the second opinion: `python -m models.hey_gemma.opinion DIR`, clips of `opinion_set`.

Every clip's scores decide without it. Where a score is doubtful the whole assistant hears the clip, as `hey-gemma eval`
replays it; elsewhere the opinion isn't asked. Prints a row for each kind of clip, for several lower bounds.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant import app
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, NullSpeaker
from assistant.config import Config, WakeConfig
from assistant.evaluate import read_labels
from assistant.events import Event, WakeHeard
from assistant.speech.silent import Silent
from assistant.wake import WakeWord
from assistant.wake_decision import Doubted, Heard, WakeDecision
from assistant.waking import bounds

SCORE_MS = 80.0
TAIL = 0.025
MAYBE = (0.8, 0.5, 0.3)


@dataclass(frozen=True, slots=True)
class Result:
    """Wakes in one clip: by the threshold alone, by the opinion, and how often it was asked."""

    kind: str
    seconds: float
    alone: int
    asked: int
    judged: int


async def hear(path: Path, word: WakeWord) -> tuple[list[float], float]:
    """Every score, and the clip's length."""
    word.reset()
    found, seconds = [], 0.0
    async with FileSource(str(path), AudioClock()) as source:
        async for chunk in source:
            found.append(word.score(chunk.samples))
            seconds = chunk.end_ms / 1000
    return [score for score in found if score is not None], seconds


def decided(scores: list[float], wake: WakeConfig) -> tuple[int, int]:
    """How many are heard at once, and how many doubted."""
    doubt = (wake.maybe_threshold, wake.sure_threshold) if wake.second_opinion else None
    decision = WakeDecision(threshold=wake.threshold, near_threshold=wake.near_threshold, doubt=doubt)
    found = [decision.update(score, (n + 1) * SCORE_MS) for n, score in enumerate(scores)]
    return sum(isinstance(d, Heard) for d in found), sum(isinstance(d, Doubted) for d in found)


async def replayed(stages: app.Stages, path: Path) -> int:
    """How often the assistant wakes."""
    woken: list[Event] = []
    clock = AudioClock()

    def observe(event: Event) -> None:
        if isinstance(event, WakeHeard):
            woken.append(event)

    async with app.conversing(stages, clock=clock, wall=WallClock(), speaker=NullSpeaker(clock), observe=observe) as (
        talk,
        _,
    ):
        await talk.run(FileSource(str(path), clock))
    return len(woken)


async def measure(folder: Path, config: Config) -> dict[float, list[Result]]:
    """All clips, for each lower bound."""
    found: dict[float, list[Result]] = defaultdict(list)
    plain = replace(config.wake, second_opinion=False)
    async with app.loaded(config, AudioClock(), silent=Silent()) as stages:
        assert stages.wake is not None
        for label in read_labels(folder):
            path = folder / label["file"]
            scores, seconds = await hear(path, stages.wake)
            alone, _ = decided(scores, plain)
            for maybe in MAYBE:
                wake = replace(config.wake, second_opinion=True, maybe_threshold=maybe)
                judged, asked = decided(scores, wake)
                if asked:
                    judged = await replayed(replace(stages, config=replace(config, wake=wake)), path)
                found[maybe].append(Result(kind_of(label), seconds, alone, asked, judged))
    return found


def kind_of(label: Mapping[str, Any]) -> str:
    """What the row is called."""
    said, heard = label["said"], label.get("heard", "")
    return f"{said}, {'clean' if heard == 'clean' else 'noise or room'}" if said == "word" else str(said)


def share(hits: int, of: int) -> str:
    """Percent with its bounds."""
    low, high = (f(hits, of, TAIL) for f in (bounds.least_share, bounds.most_share))
    return f"{100 * hits / of:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


def show(found: Mapping[float, list[Result]], sure: float) -> None:
    """A table for each lower bound; talk in wakes an hour."""
    for maybe, results in found.items():
        print(
            f"\nDoubtful from {maybe:g} to {sure:g}:\n\n| clips | of | without | with | asked |\n|---|---|---|---|---|"
        )
        for kind in dict.fromkeys(result.kind for result in results):
            some = [result for result in results if result.kind == kind]
            asked = sum(result.asked for result in some)
            if kind == "talk":
                hours = sum(result.seconds for result in some) / 3600
                rates = (f"{sum(getattr(r, side) for r in some) / hours:.1f} an hour" for side in ("alone", "judged"))
                print(f"| {kind} | {hours:.2f} h | {' | '.join(rates)} | {asked} |")
            else:
                shares = (share(sum(bool(getattr(r, s)) for r in some), len(some)) for s in ("alone", "judged"))
                print(f"| {kind} | {len(some)} | {' | '.join(shares)} | {asked} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sure", type=float, default=WakeConfig().sure_threshold)
    options = parser.parse_args()
    config = Config(wake=WakeConfig(sure_threshold=options.sure, verify=False))
    found = asyncio.run(measure(options.folder, config))
    show(found, options.sure)


if __name__ == "__main__":
    main()
