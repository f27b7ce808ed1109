"""Makes the wake word's data: speech, recorded in synthetic rooms, as embeddings with labels, in resumable shards.

A shard is one stream of what `assistant.wake.Features` computes, so training sees what the assistant does. Knows where
the word ends to about 30 ms: word and command are spoken apart and joined, or in one breath with the end at the pause
behind the word, else estimated from the word alone. Cost: 40 CPU-s a shard.
"""

import functools
import json
import tomllib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.wake import FRAME_SAMPLES, HEAD_FRAMES, Floats
from models.hey_gemma import human, phrases, sound
from models.hey_gemma.embedder import Embedder
from models.hey_gemma.sound import RATE, Rng, Samples
from models.voices import Pcm, Voice, say, voices

# Kokoro costs 1.7 CPU-s a clip, festival 0.24, the others 0.01 to 0.02. What costs much is recorded more often.
ENGINES = {"espeak": 0.45, "flite": 0.28, "festival": 0.015, "hibari": 0.24, "kokoro": 0.015}
CHEAP = {"espeak": 0.5, "flite": 0.26, "hibari": 0.24}
WORDS, NEAR_MISSES, SENTENCES, HUMAN, NOISES = 120, 180, 30, 20, 20  # spoken for a shard
COMMAND_S = 1.3  # what is kept of speech behind the word
VALIDATION = 9999  # the number of the shard that thresholds are chosen on, by voices that are in no other


@dataclass(slots=True)
class Example:
    """One clip in a shard. `end_ms`: where the word ends, from the start of `first_row`; None: no word in it."""

    kind: str
    group: str
    voice: str
    end_ms: float | None = None
    spread_ms: float = 0.0  # the end may be this much later
    first_row: int = 0
    rows: int = 0
    phrase: str = ""  # what was said, where a table asks for it
    heard: str = ""  # how it was recorded: "clean", "10 dB pink", "3 m"
    manner: str = ""  # how it was said: "plain", "child", "whispered", ...
    pitch_hz: float = 0.0  # the median of its voiced frames, measured


Take = tuple[Example, Pcm]


@dataclass(frozen=True, slots=True)
class Studio:
    """Where takes are recorded: chance, and human speech for the babble in the background."""

    rng: Rng
    recordings: list[Path]


@functools.cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(human.HELDOUT.read_text())


def heldout_voice(voice: Voice) -> bool:
    """Held out by the tiny model or by this recipe."""
    rules, second = _rules()["voices"], _rules()["second"]
    accent = voice.name.removeprefix("espeak:").partition("+")[0]
    return (
        voice.held_out
        or voice.name in {*rules["names"], *second["names"]}
        or accent in rules["espeak_accents"]
        or (voice.engine == "foreign" and voice.accent in second["foreign_accents"])
    )


def validation(name: str) -> bool:
    """Whether a training voice or recording is kept for choosing heads and thresholds."""
    return zlib.crc32(name.encode()) % 12 == 0


def training_takes(number: int) -> Iterator[Take]:
    """Give what shard `number` of the training set is made of, shuffled."""
    rng = np.random.default_rng([2027, number])
    cast = [v for v in voices() if not heldout_voice(v) and validation(v.name) == (number == VALIDATION)]
    recordings = [p for p in human.files(held_out=False) if validation(p.name) == (number == VALIDATION)]
    studio = Studio(rng, recordings)
    takes: list[Take] = []
    for _ in range(WORDS):
        takes += _positives(_pick(cast, ENGINES, rng), studio)
    for _ in range(NEAR_MISSES):
        voice = _pick(cast, ENGINES, rng)
        group, phrase = phrases.near_miss(rng)
        if rng.random() < 0.5:
            phrase = f"{phrase}{rng.choice([',', ''])} {phrases.sentence(rng)}"
        spoken = _float(say(voice, phrase, rng))[: int(2.5 * RATE)]
        takes += [
            _recorded(studio, Example("near", group, voice.name), _varied(spoken, rng))
            for _ in range(_copies(voice, 2))
        ]
    for _ in range(SENTENCES):
        voice = _pick(cast, CHEAP, rng)
        spoken = _float(say(voice, phrases.sentence(rng), rng))
        takes.append(_recorded(studio, Example("speech", "synthetic", voice.name), _varied(spoken, rng)))
    for _ in range(HUMAN):
        spoken = _excerpt(human.load(recordings[int(rng.integers(len(recordings)))]), rng)
        takes.append(_recorded(studio, Example("speech", "human", "human"), spoken))
    for _ in range(NOISES):
        takes.append(_recorded(studio, Example("noise", "noise", ""), np.zeros(2 * RATE, dtype=np.float32)))
    order = rng.permutation(len(takes))
    return iter([takes[n] for n in order])


def _copies(voice: Voice, usual: int) -> int:
    return usual if voice.engine in CHEAP else 7


def _positives(voice: Voice, studio: Studio) -> list[Take]:
    """One speaker says the word: alone, before a command, in one breath with it, or breaks off (which is no word)."""
    rng = studio.rng
    seed = int(rng.integers(1 << 30))  # the same rate and pitch, whatever is said
    alone = _float(say(voice, str(rng.choice(phrases.WORD)), np.random.default_rng(seed)))
    command = _float(say(voice, phrases.sentence(rng), np.random.default_rng(seed)))[: int(COMMAND_S * RATE)]
    end = len(alone) - 0.012 * RATE
    ways = [(alone, end, 0.0), (*joined(alone, command, rng), 0.0)]
    if voice.engine in CHEAP:
        text = f"{rng.choice(['hey gemma', 'Hey Gemma,', 'hey gemma,'])} {phrases.sentence(rng)}"
        breath = _float(say(voice, text, np.random.default_rng(seed)))[: len(alone) + int(COMMAND_S * RATE)]
        stop = pause(breath, len(alone))
        ways += [(breath, len(alone) * 0.93, 80.0) if stop is None else (breath, stop, 0.0)] * 2
    takes = []
    for _ in range(_copies(voice, 3)):
        if rng.random() < 0.08:
            part = alone[: int(len(alone) * rng.uniform(0.3, 0.62))]
            takes.append(_recorded(studio, Example("near", "broken off", voice.name), part))
            continue
        spoken, end, spread = ways[int(rng.integers(len(ways)))]
        heard = sound.other_speaker(spoken, rng) if rng.random() < 0.6 else spoken
        end_ms = end * len(heard) / len(spoken) * 1000 / RATE
        takes.append(_recorded(studio, Example("word", "word", voice.name, end_ms, spread), heard))
    return takes


def pause(spoken: Samples, length: int) -> float | None:
    """Find where sound stops behind a word that is about `length` long."""
    hop = RATE // 100
    frames = spoken[: len(spoken) // hop * hop].reshape(-1, hop)
    level = np.sqrt(np.mean(frames**2, axis=1))
    first, last = int(0.75 * length / hop), int(1.1 * length / hop)
    quiet = np.flatnonzero(level[first:last] < 0.03 * level.max())
    return float((first + quiet[0]) * hop) if len(quiet) else None


def joined(word: Samples, command: Samples, rng: Rng) -> tuple[Samples, float]:
    """Word, a gap (or the two run together), command; and the sample where the word ends."""
    gap = int(rng.uniform(-0.05, 0.3) * RATE)
    end = len(word) - 0.012 * RATE
    if gap >= 0:
        return np.concatenate([word, np.zeros(gap, dtype=np.float32), command]), end
    fade = np.linspace(1, 0, -gap, dtype=np.float32)
    joint = word[gap:] * fade + command[:-gap] * fade[::-1]
    return np.concatenate([word[:gap], joint, command[-gap:]]), end + gap / 2


def _recorded(studio: Studio, example: Example, spoken: Samples, *, snr_db: float | None = float("nan")) -> Take:
    """Put silence or noise around speech, a room over it; the end moves along. NaN: a random SNR, often none."""
    rng = studio.rng
    before, after = int(rng.uniform(0.15, 0.9) * RATE), int(rng.uniform(0.5, 0.8) * RATE)
    whole = np.concatenate([np.zeros(before), spoken, np.zeros(after)]).astype(np.float32)
    if snr_db is not None and np.isnan(snr_db):
        snr_db = None if rng.random() < 0.4 and example.kind != "noise" else float(rng.uniform(0, 30))
    draw = rng.random()
    if draw < 0.6 or snr_db is None:
        background = sound.noise(len(whole), rng)
    elif draw < 0.8:
        background = sound.music(len(whole), rng)
    else:
        background = _babble(len(whole), studio)
    if example.end_ms is not None:
        example.end_ms += before * 1000 / RATE
    return example, sound.record(whole, rng, background, snr_db=snr_db)


def _babble(length: int, studio: Studio) -> Samples:
    rng, recordings = studio.rng, studio.recordings
    mixed = np.zeros(length, dtype=np.float32)
    for number in rng.choice(len(recordings), size=int(rng.integers(1, 5)), replace=False):
        part = human.load(recordings[int(number)])
        if len(part):
            mixed += np.resize(part, length) * rng.uniform(0.3, 1)
    return np.asarray(mixed / (mixed.std() + 1e-4), dtype=np.float32)


def _excerpt(spoken: Samples, rng: Rng, longest_s: float = 4.0) -> Samples:
    room = max(0, len(spoken) - int(longest_s * RATE))
    start = int(rng.integers(room + 1))
    return spoken[start : start + int(longest_s * RATE)]


def _varied(spoken: Samples, rng: Rng) -> Samples:
    return sound.other_speaker(spoken, rng) if rng.random() < 0.4 else spoken


def _pick(cast: list[Voice], weights: dict[str, float], rng: Rng) -> Voice:
    there = {voice.engine for voice in cast}
    weights = {engine: weight for engine, weight in weights.items() if engine in there}
    engine = rng.choice(list(weights), p=np.array(list(weights.values())) / sum(weights.values()))
    choices = [voice for voice in cast if voice.engine == engine]
    return choices[int(rng.integers(len(choices)))]


def _float(pcm: Pcm) -> Samples:
    return np.divide(pcm, 32768, dtype=np.float32)


def human_takes() -> Iterator[Take]:
    """Record every human recording of the training set once, in a random order."""
    rng = np.random.default_rng([2027, 0, 1])
    recordings = [p for p in human.files(held_out=False) if not validation(p.name)]
    studio = Studio(rng, recordings)
    for number in rng.permutation(len(recordings)):
        spoken = human.load(recordings[number])
        if len(spoken):
            yield _recorded(studio, Example("speech", "human", "human"), _varied(spoken, rng))


def heldout_clips() -> list[tuple[Example, Samples]]:
    """Speak the frozen evaluation set: the word, half of the time with a command, and a near-miss for each."""
    rng = np.random.default_rng(77)
    cast = {voice.name: voice for voice in voices()}
    clips = []
    for name, count in tomllib.loads(human.HELDOUT.read_text())["voices"]["measured"].items():
        for number in range(count):
            spoken = _float(say(cast[name], phrases.WORD[number % len(phrases.WORD)], rng))
            end = len(spoken) - 0.012 * RATE
            if number % 2:
                spoken, end = joined(spoken, _float(say(cast[name], phrases.sentence(rng), rng)), rng)
            clips.append((Example("word", "word", name, end * 1000 / RATE), spoken))
            group = list(phrases.NEAR_MISSES)[number % len(phrases.NEAR_MISSES)]
            phrase = str(rng.choice(phrases.NEAR_MISSES[group]))
            clips.append((Example("near", group, name), _float(say(cast[name], phrase, rng))))
    return clips


def heldout_takes(clips: list[tuple[Example, Samples]], *, noisy: bool) -> Iterator[Take]:
    """Record the evaluation set: quiet, or at 20 to 5 dB of noise, music and babble."""
    rng = np.random.default_rng([77, noisy])
    studio = Studio(rng, human.files(held_out=True))
    for example, spoken in clips:
        yield _recorded(studio, replace(example), spoken, snr_db=float(rng.uniform(5, 20)) if noisy else None)


def heldout_speech() -> Iterator[Take]:
    """Record speech without the word, for false accepts: every second held-out human clip, and made-up sentences."""
    rng = np.random.default_rng(78)
    studio = Studio(rng, human.files(held_out=True))
    for path in studio.recordings[::2]:
        spoken = human.load(path)
        if len(spoken):
            yield _recorded(studio, Example("speech", f"human {path.parts[-2]}", "human"), spoken, snr_db=None)
    cast = [voice for voice in voices() if heldout_voice(voice) and voice.engine in {"espeak", "flite", "piper"}]
    for _ in range(300):
        voice = _pick(cast, {"espeak": 0.4, "flite": 0.3, "piper": 0.3}, rng)
        spoken = _float(say(voice, phrases.sentence(rng), rng))
        yield _recorded(studio, Example("speech", "synthetic", voice.name), spoken, snr_db=float(rng.uniform(5, 30)))


def write_shard(path: Path, takes: Iterator[Take], *, seed: int | None) -> None:
    """Embed takes one after the other. None: each starts afresh, else three in ten.

    A fresh start is preceded by 15 rows of silence, as the detector's window is.
    """
    rng = np.random.default_rng(seed)
    embedder = Embedder()
    streams: list[list[Pcm]] = []
    examples: list[Example] = []
    row = 0
    for example, pcm in takes:
        if seed is None or rng.random() < 0.3 or not streams:
            streams.append([])
            row += HEAD_FRAMES - 1
        whole = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES]
        if seed is None:
            whole = np.concatenate([pcm, np.zeros(-len(pcm) % FRAME_SAMPLES, dtype=np.int16)])
        streams[-1].append(whole)
        example.first_row, example.rows = row, len(whole) // FRAME_SAMPLES
        examples.append(example)
        row += example.rows
    before = np.repeat(embedder.silence[None], HEAD_FRAMES - 1, axis=0)
    rows = [part for stream in streams for part in (before, embedder.embeddings(np.concatenate(stream)))]
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        embeddings=np.concatenate(rows).astype(np.float16),
        examples=json.dumps([asdict(example) for example in examples]),
    )
    partial.rename(path)


def read_shard(path: Path) -> tuple[Floats, list[Example]]:
    """(embeddings of shape (rows, 96), examples)."""
    with np.load(path) as stored:
        return stored["embeddings"].astype(np.float32), [Example(**e) for e in json.loads(str(stored["examples"]))]


def make(folder: Path, shards: int) -> None:
    """Write what isn't there yet of the training shards and of the evaluation sets."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, shards + 1):
        _write_once(folder / f"train-{number:02d}.npz", functools.partial(training_takes, number), seed=number)
    _write_once(folder / "train-human.npz", human_takes, seed=0)
    _write_once(folder / "validation.npz", lambda: training_takes(VALIDATION), seed=VALIDATION)
    _write_once(folder / "heldout-speech.npz", heldout_speech, seed=None)
    if not all((folder / f"heldout-{part}.npz").exists() for part in ("clean", "noisy")):
        clips = heldout_clips()
        _write_once(folder / "heldout-clean.npz", lambda: heldout_takes(clips, noisy=False), seed=None)
        _write_once(folder / "heldout-noisy.npz", lambda: heldout_takes(clips, noisy=True), seed=None)


def _write_once(path: Path, takes: Callable[[], Iterator[Take]], *, seed: int | None) -> None:
    if not path.exists():
        write_shard(path, takes(), seed=seed)
        print(path, flush=True)
