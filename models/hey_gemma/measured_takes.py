"""What is measured with, by held-out voices and people: the word, "hey jarvis", near-misses, speech, noise.

Knows the held-out side only (heldout.toml, `second`); trains nothing.
"""

import functools
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from models.hey_gemma import channel, corpus, human, manner, phrases
from models.hey_gemma.channel import Condition
from models.hey_gemma.data import Example, Studio, Take, heldout_voice, joined
from models.hey_gemma.sound import RATE, Samples
from models.hey_gemma.takes import attempt, spoken, take
from models.voices import Voice, voices

JARVIS = ("hey jarvis", "Hey Jarvis.", "Hey Jarvis!", "Hey Jarvis?", "Hey, Jarvis.", "hey jarvis,")
MANNERED = (
    "piper:joe",
    "flite:rms",
    "festival:slt-hts",
    "disguised:57",
    "disguised:60",
)  # cheap, and unlike each other
NEAR_VOICES = (
    "piper:joe",
    "flite:rms",
    "disguised:58",
    "disguised:61",
    "espeak:en-029+m3",
    "espeak:en-gb-scotland+linda",
    "foreign:it+f2",
)
DIALOGUE_S = 300


def rules() -> dict[str, dict[str, int] | list[str]]:
    """What heldout.toml's second step says."""
    return dict(tomllib.loads(human.HELDOUT.read_text())["second"])


def cast() -> dict[str, Voice]:
    """Held-out voices by name."""
    return {voice.name: voice for voice in voices() if heldout_voice(voice)}


def studio(*seed: int) -> Studio:
    """Chance, and held-out people for the babble."""
    return Studio(np.random.default_rng([2029, *seed]), human.second_files(held_out=True))


def word_takes(number: int, *, jarvis: bool = False, part: str = "") -> Iterator[Take]:
    """Every measured voice says the word, half of the time with a command, recorded in every condition of `TESTED`."""
    place = studio(1, number, jarvis, *part.encode())
    counts = rules()["measured"]
    assert isinstance(counts, dict)
    everybody = cast()
    for name, count in counts.items():
        if not name.startswith(part):
            continue
        for turn in range(count if not jarvis else (count + 1) // 2):
            sound, end = _said(everybody[name], turn, place, jarvis=jarvis)
            example = Example("word", "hey jarvis" if jarvis else "word", name, end * 1000 / RATE, manner="plain")
            example.pitch_hz = manner.pitch_hz(sound[: int(end)])
            for condition in channel.TESTED:
                yield take(place, replace(example), sound, condition)


def _said(voice: Voice, turn: int, place: Studio, *, jarvis: bool) -> tuple[Samples, float]:
    word = (JARVIS if jarvis else phrases.WORD)[turn % len(phrases.WORD)]
    sound = spoken(voice, word, place.rng)
    if turn % 2 == 0:
        return sound, len(sound) - 0.012 * RATE
    return joined(sound, spoken(voice, phrases.sentence(place.rng), place.rng), place.rng)


def manner_takes(number: int) -> Iterator[Take]:
    """Children, whispers, shouts, tiredness: five voices, twelve clips each, clean and at 10 dB of pink noise."""
    place = studio(2, number)
    everybody = cast()
    for how in manner.MANNERS:
        for name in MANNERED:
            for turn in range(12):
                plain = spoken(everybody[name], phrases.WORD[turn % len(phrases.WORD)], place.rng)
                sound = manner.said(plain, how, place.rng)
                end_ms = (len(plain) - 0.012 * RATE) * len(sound) / len(plain) * 1000 / RATE
                for condition in (Condition(), Condition("pink", 10.0)):
                    example = Example("word", "manner", name, end_ms, phrase="hey gemma", manner=how)
                    example.pitch_hz = manner.pitch_hz(sound)
                    yield take(place, example, sound, condition)


def near_takes(number: int) -> Iterator[Take]:
    """Every near-miss, the held-out ones too, by seven voices, clean and at 10 dB."""
    place = studio(3, number)
    everybody = cast()
    for group, said in (
        ("phrase kept out", rules()["phrases"]),
        ("phrase trained on", sorted(phrases.trained_near_misses())),
    ):
        for phrase in said:
            for name in NEAR_VOICES:
                sound = spoken(everybody[name], phrase, place.rng)
                for condition in (Condition(), Condition("pink", 10.0)):
                    yield take(place, Example("near", group, name, phrase=phrase), sound, condition)


def human_takes(number: int) -> Iterator[Take]:
    """Every held-out recording of a person once, as it is or in a room."""
    place = studio(4, number)
    for path in place.recordings:
        sound = human.load(path)
        if len(sound):
            condition = Condition(distance_m=float(place.rng.choice([0.3, 2.0])))
            yield take(place, Example("speech", f"human {human.language(path)}", human.speaker(path)), sound, condition)


def noise_takes(number: int) -> Iterator[Take]:
    """Two hours of noise, music and babble of voices too many to follow, a minute each."""
    place = studio(5, number)
    for turn in range(120):
        kind = ("white", "pink", "music", "mixed", "music", "babble")[turn % 6]
        yield take(place, Example("noise", kind, ""), np.zeros(60 * RATE, np.float32), Condition(kind, 0.0))


def dialogue_takes(number: int) -> Iterator[Take]:
    """Ten minutes: two scenes of two to four held-out voices, near or far, over noise, music or nothing."""
    place = studio(6, number)
    rng = place.rng
    pool = [v for v in cast().values() if v.engine in {"espeak", "flite", "piper", "foreign"}]
    by_engine = {e: [v for v in pool if v.engine == e] for e in ("flite", "espeak", "piper", "foreign")}
    for _ in range(2):
        engines = rng.choice(list(by_engine), size=int(rng.integers(2, 5)), p=[0.34, 0.32, 0.2, 0.14])
        scene = [by_engine[e][int(rng.integers(len(by_engine[e])))] for e in engines]
        parts, length = [], 0
        while length < DIALOGUE_S * RATE:
            voice = scene[int(rng.integers(len(scene)))]
            line = attempt(voice, corpus.line("en-us", rng, held_out=True), rng)
            if line is None:
                continue
            said = line * np.float32(rng.uniform(0.4, 1))
            parts += [said, np.zeros(int(rng.uniform(0.1, 1.0) * RATE), np.float32)]
            length += len(parts[-2]) + len(parts[-1])
        snr = None if rng.random() < 0.4 else float(rng.uniform(5, 25))
        condition = Condition(str(rng.choice(["pink", "music", "mixed"])), snr, float(rng.choice([0.3, 2.0, 3.0])))
        sound = np.concatenate(parts)[: DIALOGUE_S * RATE]
        yield take(place, Example("speech", "dialogue", "+".join(voice.name for voice in scene)), sound, condition)


def families() -> list[tuple[str, float, int, Callable[[int], Iterator[Take]]]]:
    """(family, CPU-s, clips, takes). Words are in parts by engine, so that a stopped run loses little."""
    measured = rules()["measured"]
    assert isinstance(measured, dict)
    found: list[tuple[str, float, int, Callable[[int], Iterator[Take]]]] = []
    for jarvis in (False, True):
        for part in dict.fromkeys(name.partition(":")[0] for name in measured):
            count = sum(n if not jarvis else (n + 1) // 2 for name, n in measured.items() if name.startswith(part))
            name = f"measured-{'jarvis' if jarvis else 'words'}-{part}"
            clip = (1.6 if part in {"kokoro", "speaker"} else 0.3) + 0.05 * len(channel.TESTED)
            made = functools.partial(word_takes, jarvis=jarvis, part=part)
            found.append((name, count * clip, count * len(channel.TESTED), made))
    near = (len(phrases.trained_near_misses()) + len(rules()["phrases"])) * len(NEAR_VOICES)
    found.append(("measured-manner", 80, 600, manner_takes))
    found.append(("measured-near", near * 0.2, near * 2, near_takes))
    found.append(("measured-human", 250, len(human.second_files(held_out=True)), human_takes))
    found.append(("measured-noise", 80, 120, noise_takes))
    return found
