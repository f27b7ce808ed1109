"""What the second recipe's training and validation shards are made of: words, near-misses, speech, human speech, noise.

Knows who speaks what and how it is recorded; a shard's number is its seed. Knows no file and no held-out side: what is
measured with is in measured_takes.py.
"""

import functools
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.hey_gemma import channel, corpus, human, manner, phrases
from models.hey_gemma.data import COMMAND_S, Example, Studio, Take, heldout_voice, joined, pause
from models.hey_gemma.sound import RATE, Rng, Samples, other_speaker
from models.voices import FOREIGN_ACCENTS, Voice, say, voices

# Share of an engine among the spoken clips, and how many recordings are made of one: what costs much, more.
ENGINES = {
    "espeak": (0.34, 2), "flite": (0.17, 2), "foreign": (0.08, 2), "hibari": (0.16, 2), "disguised": (0.13, 3),
    "festival": (0.02, 3), "kokoro": (0.025, 5), "speaker": (0.045, 5), "blend": (0.03, 5),
}  # fmt: skip
CPU_S = {
    "espeak": 0.02, "flite": 0.04, "foreign": 0.03, "hibari": 0.02, "disguised": 0.15, "festival": 0.25, "kokoro": 1.0,
    "speaker": 1.0, "blend": 1.0, "piper": 0.15,
}  # fmt: skip
WORDS, NEAR_MISSES = 100, 150  # spoken for a shard
SPEECH_S, NOISE_S = 600, 600  # seconds of sound in a shard
# The word as other mouths say it, in espeak-ng's phonemes: open, dark and short vowels, a light h.
SPOKEN_WORD = (
    "[[h'eI dZ'Em@]]",
    "[[h'e: dZ'Em%a]]",
    "[[h'EI dZ'Em%a#]]",
    "[[h'eI dZ'emV]]",
    "[[h'eI dZ'E:m@]]",
    "[['eI dZ'Em@]]",
    "[[h,eI dZ'Em@]]",
)


def training_voices(*, validation: bool) -> dict[str, list[Voice]]:
    """Voices of one side, by engine."""
    found: dict[str, list[Voice]] = {}
    for voice in voices():
        if not heldout_voice(voice) and of_validation(voice.name) == validation:
            found.setdefault(voice.engine, []).append(voice)
    return found


def of_validation(name: str) -> bool:
    """Whether a voice that isn't held out is kept for choosing heads and thresholds."""
    return zlib.crc32(name.encode()) % 12 == 0


@functools.cache
def recordings(*, validation: bool) -> tuple[Path, ...]:
    """Human speech of one side of training."""
    return tuple(p for p in human.second_files(held_out=False) if of_validation(p.name) == validation)


def drawn_voice(cast: dict[str, list[Voice]], rng: Rng) -> Voice:
    """An engine by its share, then a voice of it."""
    engines = [engine for engine in ENGINES if engine in cast]
    shares = np.array([ENGINES[engine][0] for engine in engines])
    engine = str(rng.choice(engines, p=shares / shares.sum()))
    return cast[engine][int(rng.integers(len(cast[engine])))]


def spoken(voice: Voice, text: str, rng: Rng) -> Samples:
    """What `say` gives, as float32."""
    return np.asarray(say(voice, text, rng) / 32768, dtype=np.float32)


def attempt(voice: Voice, text: str, rng: Rng) -> Samples | None:
    """`spoken`; None where the engine can't say this text."""
    try:
        return spoken(voice, text, rng)
    except (RuntimeError, ValueError, subprocess.SubprocessError) as error:
        print(f"{voice.name}: {text!r}: {error}", flush=True)
        return None


def take(studio: Studio, example: Example, sound: Samples, condition: channel.Condition) -> Take:
    """Record with silence around; the word's end moves along."""
    rng = studio.rng
    before, after = int(rng.uniform(0.15, 0.9) * RATE), int(rng.uniform(0.5, 0.8) * RATE)
    whole = np.concatenate([np.zeros(before), sound, np.zeros(after)]).astype(np.float32)
    noise = background(condition.background, len(whole), studio)
    if example.end_ms is not None:
        example.end_ms += before * 1000 / RATE
    example.heard = condition.name
    return example, channel.recorded(whole, noise, condition, rng)


def background(kind: str, length: int, studio: Studio) -> Samples:
    """Noise of that kind; babble and a second talker are human recordings of the studio's side."""
    rng, talk = studio.rng, np.zeros(length, dtype=np.float32)
    if kind in {"babble", "talker"}:
        for _ in range(1 if kind == "talker" else int(rng.integers(3, 8))):
            part = human.load(studio.recordings[int(rng.integers(len(studio.recordings)))])
            if len(part):
                talk += np.roll(np.resize(part, length), int(rng.integers(length))) * float(rng.uniform(0.4, 1))
        talk += 1e-4 * rng.normal(size=length).astype(np.float32)
    return channel.background(kind, length, rng, talk)


def word_takes(number: int, *, count: int = WORDS, validation: bool = False) -> Iterator[Take]:
    """One speaker says the word: alone, before a command, in one breath with it, or breaks off (which is no word)."""
    rng = np.random.default_rng([2028, 1, number, validation])
    cast = training_voices(validation=validation)
    studio = Studio(rng, list(recordings(validation=validation)))
    for _ in range(count):
        voice, how, seed = drawn_voice(cast, rng), manner.draw(rng), int(rng.integers(1 << 30))
        by_phonemes = voice.engine == "espeak" and rng.random() < 0.3
        word = str(rng.choice(SPOKEN_WORD if by_phonemes else phrases.WORD))
        alone = spoken(voice, word, np.random.default_rng(seed))
        way = rng.random()
        sound, end, spread = alone, len(alone) - 0.012 * RATE, 0.0
        if way > 0.35:
            cut = int(COMMAND_S * RATE)
            if way > 0.65 and not by_phonemes and CPU_S[voice.engine] < 0.5:
                text = f"{rng.choice(['hey gemma', 'Hey Gemma,', 'hey gemma,'])} {phrases.sentence(rng)}"
                sound = spoken(voice, text, np.random.default_rng(seed))[: len(alone) + cut]
                stop = pause(sound, len(alone))
                end, spread = (len(alone) * 0.93, 80.0) if stop is None else (stop, 0.0)
            else:
                command = spoken(voice, phrases.sentence(rng), np.random.default_rng(seed))[:cut]
                sound, end = joined(alone, command, rng)
        for _ in range(ENGINES[voice.engine][1]):
            if rng.random() < 0.06:
                part = alone[: int(len(alone) * rng.uniform(0.3, 0.62))]
                yield take(studio, Example("near", "broken off", voice.name), part, channel.drawn(rng))
                continue
            heard = manner.said(sound, how, rng)
            heard = other_speaker(heard, rng) if how == "plain" and rng.random() < 0.6 else heard
            end_ms = end * len(heard) / len(sound) * 1000 / RATE
            example = Example("word", "word", voice.name, end_ms, spread, phrase="hey gemma", manner=how)
            yield take(studio, example, heard, channel.drawn(rng))


def near_takes(number: int, *, count: int = NEAR_MISSES, validation: bool = False) -> Iterator[Take]:
    """Near-misses, half of them with more talk behind."""
    rng = np.random.default_rng([2028, 2, number, validation])
    cast = training_voices(validation=validation)
    studio = Studio(rng, list(recordings(validation=validation)))
    for _ in range(count):
        voice, how = drawn_voice(cast, rng), manner.draw(rng)
        group, phrase = phrases.other_near_miss(rng)
        more = f"{rng.choice([',', ''])} {phrases.sentence(rng)}" if rng.random() < 0.5 else ""
        sound = attempt(voice, phrase + more, rng)
        if sound is None:
            continue
        sound = sound[: int(2.5 * RATE)]
        for _ in range(ENGINES[voice.engine][1]):
            heard = manner.said(sound, how, rng)
            heard = other_speaker(heard, rng) if how == "plain" and rng.random() < 0.4 else heard
            example = Example("near", group, voice.name, phrase=phrase, manner=how)
            yield take(studio, example, heard, channel.drawn(rng))


def speech_takes(number: int, *, seconds: float = SPEECH_S, validation: bool = False) -> Iterator[Take]:
    """Other speech in many languages, synthetic."""
    rng = np.random.default_rng([2028, 3, number, validation])
    cast = training_voices(validation=validation)
    cheap = [voice for engine in ("flite", "hibari", "espeak") for voice in cast.get(engine, [])]
    studio = Studio(rng, list(recordings(validation=validation)))
    made = 0.0
    while made < seconds:
        language = str(rng.choice(["en-us", *corpus.LANGUAGES]))
        voice = cheap[int(rng.integers(len(cheap)))]
        if language in FOREIGN_ACCENTS:
            foreign = cast.get("foreign", [])
            voice = foreign[int(rng.integers(len(foreign)))]
            voice = replace(voice, name=f"espeak:{language}+{voice.name.rpartition('+')[2]}", engine="espeak")
        elif rng.random() < 0.5:
            voice = drawn_voice({e: v for e, v in cast.items() if CPU_S[e] < 0.1}, rng)
        text = corpus.line(language, rng, held_out=False)
        sound = attempt(voice, text, rng)
        if sound is None:
            continue
        sound = sound[: 12 * RATE]
        made += len(sound) / RATE
        sound = other_speaker(sound, rng) if rng.random() < 0.3 else sound
        yield take(studio, Example("speech", f"synthetic {language[:2]}", voice.name), sound, channel.drawn(rng))


def human_takes(number: int, *, validation: bool = False) -> Iterator[Take]:
    """An eighth of the human recordings of training; every round records them anew."""
    rng = np.random.default_rng([2028, 4, number, validation])
    studio = Studio(rng, list(recordings(validation=validation)))
    for path in studio.recordings:
        if validation or zlib.crc32(path.name.encode()) // 12 % 8 == number % 8:
            sound = human.load(path)[: 20 * RATE]
            if len(sound):
                sound = other_speaker(sound, rng) if rng.random() < 0.3 else sound
                yield take(
                    studio,
                    Example("speech", f"human {human.language(path)}", human.speaker(path)),
                    sound,
                    channel.drawn(rng),
                )


def noise_takes(number: int, *, seconds: float = NOISE_S, validation: bool = False) -> Iterator[Take]:
    """Noise and music without speech, clips of 10 s."""
    rng = np.random.default_rng([2028, 5, number, validation])
    studio = Studio(rng, list(recordings(validation=validation)))
    for _ in range(int(seconds / 10)):
        condition = replace(
            channel.drawn(rng), background=str(rng.choice(["white", "pink", "music", "mixed", "babble"])), snr_db=0.0
        )
        yield take(studio, Example("noise", condition.background, ""), np.zeros(9 * RATE, np.float32), condition)
