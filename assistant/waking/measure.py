"""How well "hey gemma" is heard in a person's own recordings: recall and false wakes an hour, each with its 95 % bound.

`DIR/hey/` holds recordings with the word in each of them once, `DIR/other/` recordings without it, of any length;
folders inside are counted by themselves too (a person, a room, the television). Scores are taken once, so that other
thresholds cost nothing. What scores is listened to by the second ear as in use, where there is one; the model, which
turns down some more, isn't asked. An hour of sound takes 85 s of CPU, and each score that counts 30 ms.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.clock import AudioClock
from assistant.audio.pcm import amplified
from assistant.audio.replay import FileSource
from assistant.config import WakeConfig
from assistant.errors import AudioFileError, UsageError
from assistant.progress import Meter
from assistant.stages import CHUNK_MS, CHUNK_SAMPLES, SAMPLE_RATE_HZ, Pcm, Verifier, WakeDetector
from assistant.turn_gain import WORD_MS, gain_for
from assistant.wake_decision import HEARD_LAG_MS, Heard, Rejected, WakeDecision, by_score
from assistant.waking.bounds import least_share, most_events

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".aiff"}
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SCORE_MS = 80.0
SAMPLES_A_MS = SAMPLE_RATE_HZ // 1000
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
    """A recording's scores, one every 80 ms, and its length. `refused`: which of them the second ear turns down."""

    recording: Recording
    seconds: float
    scores: tuple[float, ...]
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Recall:
    """Of recordings with the word, how many woke; the share is at least `at_least` (95 %). `scored`: by score alone."""

    group: str
    recordings: int
    woke: int
    recall: float
    at_least: float
    scored: int


@dataclass(frozen=True, slots=True)
class FalseWakes:
    """In sound without the word, how often it woke, and nearly did; an hour has at most `at_most` (95 %)."""

    group: str
    hours: float
    wakes: int
    an_hour: float
    at_most: float
    near: int
    scored: int


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
    found: Sequence[Recording],
    detector: WakeDetector,
    meter: Meter,
    second: Verifier | None = None,
    from_score: float = THRESHOLDS[0],
) -> tuple[list[Scored], tuple[str, ...]]:
    """Hear every recording; those that can't be read are named, with why. Raises AudioFileError if none can.

    `second` is asked from `from_score` on.
    """
    scored, unreadable = [], []
    error: AudioFileError | None = None
    with meter("recordings", sum(recording.path.stat().st_size for recording in found)) as advance:
        for recording in found:
            try:
                scored.append(await _score(recording, detector, second, min(from_score, THRESHOLDS[0])))
            except AudioFileError as e:
                error = e
                unreadable.append(e.message)
            advance(recording.path.stat().st_size)
    if not scored and error is not None:
        raise error
    return scored, tuple(unreadable)


async def _score(recording: Recording, detector: WakeDetector, second: Verifier | None, from_score: float) -> Scored:
    detector.reset()
    scores: list[float] = []
    refused: set[int] = set()
    latest = deque[Pcm](maxlen=round((second.sound_ms if second else 0.0) / CHUNK_MS))

    def take(samples: Pcm) -> None:
        latest.append(samples)
        score = detector.score(samples)
        if score is None:
            return
        if second is not None and score >= from_score and not _was_said(second, np.concatenate(latest), score):
            refused.add(len(scores))
        scores.append(score)

    chunks = 0
    async with FileSource(str(recording.path), AudioClock()) as source:
        async for chunk in source:
            chunks += 1
            take(chunk.samples)
    for _ in range(SILENCE_CHUNKS):
        take(np.zeros(CHUNK_SAMPLES, np.int16))
    return Scored(recording, chunks * CHUNK_MS / 1000, tuple(scores), frozenset(refused))


def _was_said(second: Verifier, sound: Pcm, score: float) -> bool:
    """Ask as the listener does: as loud as the turn behind the word would be."""
    ends = len(sound) - round(HEARD_LAG_MS * SAMPLES_A_MS)
    word = sound[max(0, ends - round(WORD_MS * SAMPLES_A_MS)) : ends]
    return second.likely(amplified(sound, gain_for(word)), score) >= second.enough


_Judged = tuple[Scored, list[Heard | Rejected]]


def report(scored: Sequence[Scored], config: WakeConfig, unreadable: tuple[str, ...] = ()) -> Report:
    """Decide as the assistant does, and count. A second wake in a recording with the word is a false one."""
    judged = [(one, _decide(one, config, config.from_score)) for one in scored]
    words = [(one, decided) for one, decided in judged if one.recording.holds_word]
    others = [(one, decided) for one, decided in judged if not one.recording.holds_word]
    missed = [one for one, decided in words if not _heard(decided)]
    false = [(one, heard) for one, decided in words for heard in _heard(decided)[1:]]
    false += [(one, heard) for one, decided in others for heard in _heard(decided)]
    return Report(
        config.from_score,
        tuple(_recall(name, part, config) for name, part in _groups(words)),
        tuple(_false_wakes(name, part, config) for name, part in _groups(others)),
        tuple(_at(threshold, scored, config) for threshold in sorted({*THRESHOLDS, config.from_score})),
        tuple(Place(str(one.recording.path), None, round(max(one.scores), 3)) for one in missed),
        tuple(Place(str(one.recording.path), round(h.end_ms / 1000, 1), round(h.score, 3)) for one, h in false),
        unreadable,
    )


def _decide(one: Scored, config: WakeConfig, threshold: float, *, alone: bool = False) -> list[Heard | Rejected]:
    """By the score, and the second ear behind it, at each score as in use; `alone`: without that."""
    decision = WakeDecision(threshold=threshold, near_threshold=config.near_threshold, refractory_s=config.refractory_s)
    found: list[Heard | Rejected] = []
    for n, score in enumerate(one.scores):
        said = float(score >= threshold and n not in one.refused)
        witness = by_score if alone or not one.refused else (lambda *_, said=said: said)
        decided = decision.update(score, (n + 1) * SCORE_MS, "", witness)
        if isinstance(decided, Heard | Rejected):
            found.append(decided)
    return found


def _heard(decided: Sequence[Heard | Rejected]) -> list[Heard]:
    return [d for d in decided if isinstance(d, Heard)]


def _scored(one: Scored, config: WakeConfig) -> int:
    return len(_heard(_decide(one, config, config.from_score, alone=True)))


def _groups(judged: Sequence[_Judged]) -> list[tuple[str, Sequence[_Judged]]]:
    names = sorted({one.recording.group for one, _ in judged})
    rows = [(name or "-", [pair for pair in judged if pair[0].recording.group == name]) for name in names]
    return [*(rows if len(rows) > 1 else ()), ("all", judged)] if rows else []


def _recall(group: str, part: Sequence[_Judged], config: WakeConfig) -> Recall:
    woke, trials = sum(bool(_heard(decided)) for _, decided in part), len(part)
    alone = sum(bool(_scored(one, config)) for one, _ in part)
    return Recall(group, trials, woke, round(woke / trials, 4), round(least_share(woke, trials), 4), alone)


def _false_wakes(group: str, part: Sequence[_Judged], config: WakeConfig) -> FalseWakes:
    hours = sum(one.seconds for one, _ in part) / 3600
    wakes = sum(len(_heard(decided)) for _, decided in part)
    near = sum(len(decided) for _, decided in part) - wakes
    alone = sum(_scored(one, config) for one, _ in part)
    return FalseWakes(
        group, round(hours, 4), wakes, round(wakes / hours, 3), round(most_events(wakes) / hours, 3), near, alone
    )


def _at(threshold: float, scored: Sequence[Scored], config: WakeConfig) -> AtThreshold:
    woke = [len(_heard(_decide(one, config, threshold))) for one in scored]
    words = [bool(n) for n, one in zip(woke, scored, strict=True) if one.recording.holds_word]
    false = [n for n, one in zip(woke, scored, strict=True) if not one.recording.holds_word]
    hours = sum(one.seconds for one in scored if not one.recording.holds_word) / 3600
    return AtThreshold(
        threshold,
        round(sum(words) / len(words), 4) if words else None,
        round(sum(false) / hours, 3) if hours else None,
    )
