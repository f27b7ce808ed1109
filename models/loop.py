"""An acoustic loop without air: what a microphone hears while our own loudspeaker speaks and a person talks over it.

Knows rooms, levels, delay, a loudspeaker that distorts a little, and two clocks that drift apart; knows no words. The
person stands 1 to 3 m away (`far`) or close by, the loudspeaker 0.35 m. Sound is float32, 16 kHz, full scale 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from assistant.audio.echo import EchoCanceller
from assistant.stages import CHUNK_SAMPLES, Pcm
from models.hey_gemma import channel, sound
from models.hey_gemma.sound import RATE, Rng, Samples

DRIFT_PPM = 100.0
SPEAKER_M = 0.35
DRIVE = 0.9  # into tanh: a third harmonic at -34 dB of a loud tone
LEVEL = 0.05  # RMS of the loudspeaker's voice at the microphone, of its loud parts
HISS = 1e-4
Stage = Callable[[Pcm, Pcm | None], Pcm]


@dataclass(frozen=True, slots=True)
class Scene:
    """`mic` and `played`, int16, on the microphone's and the loudspeaker's clock; `person` alone, as it arrives."""

    mic: Pcm
    played: Pcm
    person: Pcm
    places: list[tuple[int, int]]  # from which sample to which each of the person's clips lies


def scene(
    own: Sequence[Samples],
    said: Sequence[Samples],
    rng: Rng,
    *,
    over_db: float | Callable[[], float],
    seconds: float = 0.0,
    far: bool = True,
    ppm: float = DRIFT_PPM,
) -> Scene:
    """Let our voice speak `own` on and on, and the person say each of `said`, with pauses, so much more quietly."""
    before, parts, places = 3 * RATE, [], []
    place = before
    for clip in said:
        heard = np.concatenate([clip, np.zeros(RATE // 3, np.float32)])
        if far:
            heard = sound.convolve(heard, channel.far_room(float(rng.uniform(1, 3)), rng))
        gain = 10 ** (-(over_db() if callable(over_db) else over_db) / 20)
        parts += [
            heard * np.float32(LEVEL * gain / level(heard)),
            np.zeros(int(rng.uniform(0.7, 1.8) * RATE), np.float32),
        ]
        places.append((place, place + len(heard)))
        place += len(heard) + len(parts[-1])
    length = max(place, int(seconds * RATE))
    person = np.zeros(length, np.float32)
    person[before:place] = np.concatenate([np.zeros(0, np.float32), *parts])
    played = spoken(own, length, rng)
    mic = echo(played, rng, ppm=ppm) + person + HISS * rng.normal(size=length).astype(np.float32)
    return Scene(pcm(mic), pcm(played), pcm(person), places)


def reopened(own: Sequence[Samples], said: Sequence[Samples], rng: Rng, *, over_db: float) -> Scene:
    """20 s of our voice, then an answer with each of `said` over it, the loudspeaker being opened again each time.

    Its delay is up to 30 ms another then. The person begins with the answer, or up to 100 ms before it; `places` are
    whole chunks, from the answer's beginning on.
    """
    learned = spoken(own, 20 * RATE, rng)
    parts, starts = [learned, np.zeros(12 * RATE, np.float32)], list[int]()
    for _ in said:
        starts.append(sum(map(len, parts)) // CHUNK_SAMPLES * CHUNK_SAMPLES)
        answer = own[int(rng.integers(len(own)))][: int(1.6 * RATE)] * np.float32(0.12 / level(learned))
        parts += [answer, np.zeros(12 * RATE, np.float32)]
    played = np.concatenate(parts)
    straight = echo(played, rng, ppm=DRIFT_PPM / 3)
    mic, person = straight.copy(), np.zeros(len(played), np.float32)
    for start, word in zip(starts, said, strict=True):
        low, high, late = start - RATE // 2, start + 4 * RATE, int(rng.uniform(-0.03, 0.03) * RATE)
        mic[low:high] = straight[low - late : high - late]
        at = start - int(rng.uniform(0, 0.1) * RATE)
        person[at : at + len(word)] = word * np.float32(LEVEL * 10 ** (-over_db / 20) / level(word))
    mic += person + HISS * rng.normal(size=len(mic)).astype(np.float32)
    places = [(start, start + 2 * RATE) for start in starts]
    return Scene(pcm(mic), pcm(played), pcm(person), places)


def spoken(own: Sequence[Samples], length: int, rng: Rng) -> Samples:
    """Clips in a random order with short pauses, at the loudness of our own voice."""
    parts, made = [], 0
    while made < length:
        for number in rng.permutation(len(own)):
            parts += [own[number], np.zeros(int(rng.uniform(0.1, 0.6) * RATE), np.float32)]
            made += len(parts[-2]) + len(parts[-1])
    whole = np.concatenate(parts)[:length]
    return np.asarray(whole * (0.12 / level(whole)), dtype=np.float32)


def echo(played: Samples, rng: Rng, *, ppm: float = DRIFT_PPM) -> Samples:
    """What of it arrives at the microphone: as long, on the microphone's clock."""
    late = np.zeros(int(rng.uniform(0.03, 0.1) * RATE), np.float32)
    distorted = np.tanh(played / 0.5 * DRIVE) * 0.5 / DRIVE
    heard = sound.convolve(np.concatenate([late, distorted]).astype(np.float32), channel.far_room(SPEAKER_M, rng))
    if ppm:
        heard = soxr.resample(heard, RATE, RATE * (1 + ppm * 1e-6), quality="VHQ")
    heard = np.pad(heard, (0, max(0, len(played) - len(heard))))[: len(played)]
    return np.asarray(heard * (LEVEL / level(heard)), dtype=np.float32)


def through(stage: Stage, scene: Scene) -> Pcm:
    """What a stage makes of the scene, 20 ms at a time."""
    starts = range(0, len(scene.mic) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)
    chunks = [(scene.mic[n : n + CHUNK_SAMPLES], scene.played[n : n + CHUNK_SAMPLES]) for n in starts]
    return np.concatenate([stage(mic, played if played.any() else None) for mic, played in chunks])


def cancelled(scene: Scene, opened: Sequence[int] = ()) -> Pcm:
    """The scene without its echo. `opened`: places, whole chunks, where the loudspeaker was opened again."""
    canceller, count = EchoCanceller(), 0

    def stage(mic: Pcm, played: Pcm | None) -> Pcm:
        nonlocal count
        if count in opened:
            canceller.doubt()
        count += len(mic)
        return canceller.cancel(mic, played)

    return through(stage, scene)


def taken_db(scene: Scene, rest: Pcm, start: int, span_s: tuple[float, float]) -> float:
    """How much of the echo is gone in a `rest` of the scene, so many seconds from a place on."""
    part = slice(start + round(span_s[0] * RATE), start + round(span_s[1] * RATE))
    echo, left = (sound[part].astype(np.float64) - scene.person[part] for sound in (scene.mic, rest))
    return float(10 * np.log10((np.mean(echo**2) + 1) / (np.mean(left**2) + 1)))


def level(sound: Samples) -> float:
    """RMS of the loud parts."""
    loud = np.abs(sound) > 0.05 * np.abs(sound).max(initial=0.0)
    return float(np.sqrt(np.mean(sound[loud] ** 2))) if loud.any() else 1.0


def pcm(sound: Samples) -> Pcm:
    """float32 to int16, clipped."""
    return np.clip(np.round(sound * 32768), -32768, 32767).astype(np.int16)
