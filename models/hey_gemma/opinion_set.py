"""Clips for the second opinion: `python -m models.hey_gemma.opinion_set DIR`, then `hey-gemma eval DIR`.

The word before a command, near-misses before a command, before talk and alone, and talk of several voices, by voices
kept out of the head's training; clean, in noise and across the room. Whole sounds, for the whole assistant hears them.
Resumable clip by clip; the seed is the clip's number.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from models.hey_gemma import corpus, phrases
from models.hey_gemma.channel import Condition
from models.hey_gemma.data import Example, joined
from models.hey_gemma.measured_takes import cast, rules, studio
from models.hey_gemma.sound import RATE
from models.hey_gemma.takes import attempt, spoken, take

VOICES = ("piper:joe", "flite:rms", "festival:slt-hts", "disguised:57", "disguised:58", "disguised:60", "disguised:61",
          "espeak:en-029+m3", "espeak:en-gb-scotland+linda", "foreign:it+f2")  # fmt: skip
HEARD = (Condition(), Condition("pink", 10.0), Condition("babble", 10.0), Condition(distance_m=3.0),
         Condition("pink", 5.0), Condition("music", 5.0))  # fmt: skip
COMMANDS = ("turn on the kitchen light", "turn off the desk lamp", "set a timer for five minutes", "what time is it",
            "what's the weather like", "turn off all the lights", "close the blinds", "open the blinds")  # fmt: skip
WORDS, NEAR, TALK_S = 180, 240, 40.0


@dataclass(frozen=True, slots=True)
class Clip:
    """What is said in a clip, and by whom; `word` None: talk only."""

    number: int
    kind: str
    voice: str
    word: str | None
    follows: str
    condition: Condition


def plan(talks: int) -> Iterator[Clip]:
    """Every clip."""
    near = sorted({*rules()["phrases"], *phrases.trained_near_misses()})
    for n in range(WORDS):
        rng = np.random.default_rng([2031, n])
        word = phrases.WORD[int(rng.integers(len(phrases.WORD)))]
        yield Clip(n, "word", VOICES[n % len(VOICES)], word, _command(rng), HEARD[n // len(VOICES) % len(HEARD)])
    for n in range(WORDS, WORDS + NEAR):
        rng = np.random.default_rng([2031, n])
        follows = (_command(rng), corpus.line("en-us", rng, held_out=True), "")[n % 3]
        kind = ("near + command", "near + talk", "near")[n % 3]
        phrase = near[int(rng.integers(len(near)))]
        yield Clip(n, kind, VOICES[n % len(VOICES)], phrase, follows, HEARD[n // len(VOICES) % len(HEARD)])
    for n in range(WORDS + NEAR, WORDS + NEAR + talks):
        yield Clip(n, "talk", "", None, "", HEARD[n % len(HEARD)])


def _command(rng: np.random.Generator) -> str:
    return COMMANDS[int(rng.integers(len(COMMANDS)))]


def main() -> None:
    """Make what isn't there yet, and the labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--talks", type=int, default=90, help=f"clips of {TALK_S:g} s of talk")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    everybody, lines = cast(), []
    for clip in plan(options.talks):
        path = options.folder / f"{clip.number:04d}.flac"
        label = {"file": path.name, "kind": "command" if clip.kind == "word" else "negative", "said": clip.kind}
        lines.append(label | {"voice": clip.voice, "heard": clip.condition.name, "phrase": clip.word or ""})
        if path.exists():
            continue
        place = studio(9, clip.number)
        if clip.word is None:
            parts: list[np.ndarray] = []
            while sum(map(len, parts)) < TALK_S * RATE:
                who = everybody[VOICES[int(place.rng.integers(len(VOICES)))]]
                said = attempt(who, corpus.line("en-us", place.rng, held_out=True), place.rng)
                if said is not None:
                    parts += [said, np.zeros(int(place.rng.uniform(0.1, 1.0) * RATE), np.float32)]
            sound = np.concatenate(parts)[: int(TALK_S * RATE)]
        else:
            sound = spoken(everybody[clip.voice], clip.word, place.rng)
            if clip.follows:
                sound, _ = joined(sound, spoken(everybody[clip.voice], clip.follows, place.rng), place.rng)
        _, pcm = take(place, Example("word", clip.kind, clip.voice), sound, clip.condition)
        soundfile.write(path, np.concatenate([pcm, np.zeros(RATE // 2, np.int16)]), RATE)
    (options.folder / "expect.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
