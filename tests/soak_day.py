"""The sound of a simulated day: silence, noise, other speech and commands, in scenes, the same for the same seed.

Commands are spoken by the voice that comes along, and taken from the replay clips. Knows no assistant.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import soundfile

from assistant.audio.clock import AudioClock
from assistant.audio.pcm import resample
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, Pcm, Voice

REPLAY = Path(__file__).parent / "replay"
# Half a second: a house brings its sound in small pieces, too. Whole scenes, 30 MB of floats each, left our own heap in
# pieces: in a day the soak measured itself.
PIECE = 25 * CHUNK_SAMPLES
HISS = 8.0  # a quiet room
ANSWER_S = 11.0  # after a command: room for the answer, or for nobody to speak
COMMANDS = (
    "turn on the kitchen light", "turn off the kitchen light", "what time is it", "set a timer for one minute",
    "set a timer for ten minutes", "how warm is it in the living room", "set the bedroom light to thirty percent",
    "turn on the fan", "turn off the fan", "what's the weather like", "open the blinds", "close the blinds",
    "turn off all the lights", "what's the capital of France", "undo that", "good night", "cancel all timers",
    "cancel the timer", "how long is left on the timer", "turn on the desk lamp", "repeat that", "",
)  # fmt: skip
OTHERS = (
    "I think the train leaves at half past nine.", "Could you pass me the salt, please?",
    "And then she said that it would rain all week.", "The kitchen light is too bright, isn't it?",
    "We should turn on the heating soon.", "Emma, are you coming?", "He came home at ten and went straight to bed.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A stretch of the day, in pieces of whole chunks. `said`: what a command asks for, its wake word left out."""

    kind: str
    pieces: Iterator[Pcm]
    said: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """What people say, shape (n,) each: commands by their text, clips of commands, and what isn't meant for us."""

    commands: dict[str, Pcm]
    clips: dict[str, Pcm]
    others: list[Pcm]


async def record(voice: Voice) -> Voices:
    """Have the voice speak every sentence, and read the replay clips."""

    async def speak(text: str) -> Pcm:
        return np.concatenate([resample(clip, SAMPLE_RATE_HZ).samples async for clip in voice.clips(text, "en")])

    labels = [json.loads(line) for line in (REPLAY / "tiny" / "expect.jsonl").read_text().splitlines()]
    return Voices(
        {text: await speak(f"Hey Gemma, {text}." if text else "Hey Gemma.") for text in COMMANDS},
        {label["text"]: _read(REPLAY / "tiny" / label["file"]) for label in labels},
        [await speak(text) for text in OTHERS],
    )


def talk() -> list[Pcm]:
    """What is said in the replay clips, without the wake word: the second half of each, and words that are like it."""
    labels = [json.loads(line) for line in (REPLAY / "tiny" / "expect.jsonl").read_text().splitlines()]
    ends = [(REPLAY / "tiny" / label["file"], round(label["speech_end_ms"] * 16)) for label in labels]
    like_it = ("hey-siri-joe", "hey-there-rms", "command-only-joe")
    return [_read(path)[end // 2 : end] for path, end in ends] + [_read(REPLAY / "wake" / f"{n}.flac") for n in like_it]


def scenes(voices: Voices, seed: int) -> Iterator[Scene]:
    """Scenes for ever: by time two thirds silence, an eighth speech of others, a tenth noise, the rest commands.

    Each must be heard to its end before the next is asked for.
    """
    rng = np.random.default_rng(seed)
    while True:
        yield Scene("silence", _hiss(rng, rng.uniform(60, 240)))
        yield _commands(rng, voices)
        yield Scene("noise", _noise(rng, rng.uniform(10, 40)))
        yield _commands(rng, voices)
        yield Scene("speech", babble(rng, voices, rng.uniform(15, 45)))


def _commands(rng: np.random.Generator, voices: Voices) -> Scene:
    which = voices.commands if rng.random() < 0.7 else voices.clips
    said = str(rng.choice(sorted(which)))
    spoken, gain = which[said], 10 ** (rng.uniform(-12, 0) / 20) / 2

    def pieces() -> Iterator[Pcm]:
        for n, room in enumerate(_hiss(rng, len(spoken) / SAMPLE_RATE_HZ + ANSWER_S)):
            now = spoken[n * PIECE : (n + 1) * PIECE]
            room[: len(now)] += np.rint(now * gain).astype(np.int16)
            yield room

    return Scene("command", pieces(), said)


def _hiss(rng: np.random.Generator, seconds: float) -> Iterator[Pcm]:
    for _ in range(_count(seconds)):
        yield rng.normal(0, HISS, PIECE).astype(np.int16)


def _noise(rng: np.random.Generator, seconds: float) -> Iterator[Pcm]:
    """Brown-ish noise, as of a fan or the street, -40 to -20 dBFS."""
    gain = 32768 * 10 ** (rng.uniform(-40, -20) / 20)
    white = rng.normal(0, 1, 63)
    for _ in range(_count(seconds)):
        white = np.concatenate([white[-63:], rng.normal(0, 1, PIECE)])
        soft = np.convolve(white, np.ones(64) / 8, "valid")
        yield np.clip(soft * gain, -32768, 32767).astype(np.int16)


def babble(rng: np.random.Generator, voices: Voices, seconds: float) -> Iterator[Pcm]:
    """One to four people who talk to each other, sentences over sentences."""
    said: list[tuple[int, Pcm, float]] = []  # from which sample on, what, how loud
    for _ in range(rng.integers(1, 5)):
        at = int(rng.uniform(0, 2) * SAMPLE_RATE_HZ)
        while at < seconds * SAMPLE_RATE_HZ:
            sentence = voices.others[rng.integers(len(voices.others))]
            said.append((at, sentence, rng.uniform(0.1, 0.5)))
            at += len(sentence) + int(rng.uniform(0.2, 3) * SAMPLE_RATE_HZ)
    for n in range(_count(seconds)):
        sum_, start = rng.normal(0, HISS, PIECE), n * PIECE
        for at, sentence, gain in said:
            now = sentence[max(0, start - at) : max(0, start + PIECE - at)]
            sum_[(begin := max(0, at - start)) : begin + len(now)] += now * gain
        yield np.clip(sum_, -32768, 32767).astype(np.int16)


def _count(seconds: float) -> int:
    """How many pieces they are."""
    return max(1, round(seconds * SAMPLE_RATE_HZ / PIECE))


def _read(path: Path) -> Pcm:
    samples, _ = soundfile.read(path, dtype="int16")
    return np.asarray(samples, np.int16)


class DaySource:
    """An AudioSource that plays scenes on audio time until `seconds` are over. `scene_at` says what is on."""

    def __init__(self, scenes: Iterator[Scene], clock: AudioClock, seconds: float) -> None:
        self._scenes = scenes
        self._clock = clock
        self._samples = round(seconds * SAMPLE_RATE_HZ)
        self._ended = False
        self.scene: Scene | None = None
        self.counts: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clock.release()

    def end(self) -> None:
        """Let the scene that is on be the last."""
        self._ended = True

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        start = 0
        while start < self._samples and not self._ended:
            self.scene = next(self._scenes)
            self.counts[self.scene.kind] = self.counts.get(self.scene.kind, 0) + 1
            for piece in self.scene.pieces:
                for at in range(0, PIECE, CHUNK_SAMPLES):
                    chunk = AudioChunk(piece[at : at + CHUNK_SAMPLES], start)
                    await self._clock.reach(chunk.end_ms / 1000)
                    start += CHUNK_SAMPLES
                    yield chunk
