"""How well "hey gemma" is heard in a person's own recordings: recall and false wakes an hour, each with its 95 % bound.

`DIR/hey/` holds recordings with the word in each of them once, `DIR/other/` recordings without it, of any length;
folders inside are counted by themselves too (a person, a room, the television). Scores are taken once, so that other
thresholds cost nothing. By the score alone: in use the second ear and the model turn some of them down. An hour of
sound takes 85 s of CPU.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.clock import AudioClock
from assistant.audio.replay import FileSource
from assistant.config import WakeConfig
from assistant.errors import AudioFileError, UsageError
from assistant.progress import Meter
from assistant.stages import CHUNK_SAMPLES, WakeDetector
from assistant.wake_decision import Heard, Rejected, WakeDecision
from assistant.waking.bounds import least_share, most_events

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".aiff"}
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SCORE_MS = 80.0
SILENCE_CHUNKS = 50  # a second after the end: the word may be the last sound in the file
_REMEDY = "put recordings with one 'Hey Gemma' each into DIR/hey, others into DIR/other (WAV, FLAC, OGG, MP3)"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file; `group`: the folder that it is in."""

    path: Path
    group: str
    holds_word: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """A recording's scores, one every 80 ms, and its length."""

    recording: Recording
    seconds: float
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """Of recordings with the word, how many woke; the share is at least `at_least` (95 %)."""

    group: str
    recordings: int
    woke: int
    recall: float
    at_least: float


@dataclass(frozen=True, slots=True)
class FalseWakes:
    """In sound without the word, how often it woke, and nearly did; an hour has at most `at_most` (95 %)."""

    group: str
    hours: float
    wakes: int
    an_hour: float
    at_most: float
    near: int


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What another threshold would do. None: no such recordings."""

    threshold: float
    recall: float | None
    false_wakes_an_hour: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Something to listen to: a miss with its best score, or a false wake and where it is."""

    file: str
    at_s: float | None
    score: float


@dataclass(frozen=True, slots=True)
class Report:
    """All figures. Of `recall` and `false_wakes` the last row is all together; empty: no such recordings."""

    threshold: float
    recall: tuple[Recall, ...]
    false_wakes: tuple[FalseWakes, ...]
    thresholds: tuple[AtThreshold, ...]
    missed: tuple[Place, ...]
    woke_falsely: tuple[Place, ...]
    unreadable: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def recordings(directory: Path) -> list[Recording]:
    """What there is to measure. Raises UsageError."""
    found = []
    for name, holds_word in (("hey", True), ("other", False)):
        folder = directory / name
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                inside = path.relative_to(folder).parts
                found.append(Recording(path, inside[0] if len(inside) > 1 else "", holds_word))
    if not found:
        raise UsageError(f"no recordings in {directory / 'hey'} or {directory / 'other'}", remedy=_REMEDY)
    return found


async def score_all(
    found: Sequence[Recording], detector: WakeDetector, meter: Meter
) -> tuple[list[Scored], tuple[str, ...]]:
    """Hear every recording; those that can't be read are named, with why. Raises AudioFileError if none can."""
    scored, unreadable = [], []
    error: AudioFileError | None = None
    with meter("recordings", sum(recording.path.stat().st_size for recording in found)) as advance:
        for recording in found:
            try:
                scored.append(await _score(recording, detector))
            except AudioFileError as e:
                error = e
                unreadable.append(e.message)
            advance(recording.path.stat().st_size)
    if not scored and error is not None:
        raise error
    return scored, tuple(unreadable)


async def _score(recording: Recording, detector: WakeDetector) -> Scored:
    detector.reset()
    scores, chunks = [], 0
    async with FileSource(str(recording.path), AudioClock()) as source:
        async for chunk in source:
            chunks += 1
            scores.append(detector.score(chunk.samples))
    scores += [detector.score(np.zeros(CHUNK_SAMPLES, np.int16)) for _ in range(SILENCE_CHUNKS)]
    return Scored(recording, chunks * 0.02, tuple(score for score in scores if score is not None))


_Judged = tuple[Scored, list[Heard | Rejected]]


def report(scored: Sequence[Scored], config: WakeConfig, unreadable: tuple[str, ...] = ()) -> Report:
    """Decide as the assistant does, and count. A second wake in a recording with the word is a false one."""
    judged = [(one, _decide(one.scores, config, config.threshold)) for one in scored]
    words = [(one, decided) for one, decided in judged if one.recording.holds_word]
    others = [(one, decided) for one, decided in judged if not one.recording.holds_word]
    missed = [one for one, decided in words if not _heard(decided)]
    false = [(one, heard) for one, decided in words for heard in _heard(decided)[1:]]
    false += [(one, heard) for one, decided in others for heard in _heard(decided)]
    return Report(
        config.threshold,
        tuple(_recall(name, part) for name, part in _groups(words)),
        tuple(_false_wakes(name, part) for name, part in _groups(others)),
        tuple(_at(threshold, scored, config) for threshold in sorted({*THRESHOLDS, config.threshold})),
        tuple(Place(str(one.recording.path), None, round(max(one.scores), 3)) for one in missed),
        tuple(Place(str(one.recording.path), round(h.end_ms / 1000, 1), round(h.score, 3)) for one, h in false),
        unreadable,
    )


def _decide(scores: Iterable[float], config: WakeConfig, threshold: float) -> list[Heard | Rejected]:
    decision = WakeDecision(threshold=threshold, near_threshold=config.near_threshold, refractory_s=config.refractory_s)
    decided = [decision.update(score, n * SCORE_MS) for n, score in enumerate(scores, 1)]
    return [d for d in decided if isinstance(d, Heard | Rejected)]


def _heard(decided: Iterable[Heard | Rejected]) -> list[Heard]:
    return [d for d in decided if isinstance(d, Heard)]


def _groups(judged: Sequence[_Judged]) -> list[tuple[str, Sequence[_Judged]]]:
    names = sorted({one.recording.group for one, _ in judged})
    rows = [(name or "-", [pair for pair in judged if pair[0].recording.group == name]) for name in names]
    return [*(rows if len(rows) > 1 else ()), ("all", judged)] if rows else []


def _recall(group: str, part: Sequence[_Judged]) -> Recall:
    woke, trials = sum(bool(_heard(decided)) for _, decided in part), len(part)
    return Recall(group, trials, woke, round(woke / trials, 4), round(least_share(woke, trials), 4))


def _false_wakes(group: str, part: Sequence[_Judged]) -> FalseWakes:
    hours = sum(one.seconds for one, _ in part) / 3600
    wakes = sum(len(_heard(decided)) for _, decided in part)
    near = sum(len(decided) for _, decided in part) - wakes
    return FalseWakes(
        group, round(hours, 4), wakes, round(wakes / hours, 3), round(most_events(wakes) / hours, 3), near
    )


def _at(threshold: float, scored: Sequence[Scored], config: WakeConfig) -> AtThreshold:
    woke = [len(_heard(_decide(one.scores, config, threshold))) for one in scored]
    words = [bool(n) for n, one in zip(woke, scored, strict=True) if one.recording.holds_word]
    false = [n for n, one in zip(woke, scored, strict=True) if not one.recording.holds_word]
    hours = sum(one.seconds for one in scored if not one.recording.holds_word) / 3600
    return AtThreshold(
        threshold,
        round(sum(words) / len(words), 4) if words else None,
        round(sum(false) / hours, 3) if hours else None,
    )
