"""Synthesize speech that doesn't end where it seems to: `python -m models.tiny.make_pauses --out DIR`.

Four kinds: a pause of 300-700 ms inside a command, a correction after such a pause, a trailing "please" after one, and
another voice (a television) that goes on 5-10 dB lower when the command is over. Folders `known` and `heldout` (voices)
as `hey-gemma eval` reads them. The wordings are trained ones: what is looked at is when a turn ends, not the words.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from models.tiny import wordings
from models.tiny.expect import expectation
from models.tiny.make_data import held_out_voice, some_voice
from models.tiny.slots import choose
from models.tiny.wordings import Sample
from models.voices import RATE, Voice, say

Rng = np.random.Generator
Sound = npt.NDArray[np.float32]
ENGINES = ((45.0, "espeak"), (20.0, "flite"), (35.0, "hibari"))
TELEVISION = (
    "and in the north there will be some rain tomorrow with temperatures around nine degrees and a light wind",
    "the minister said on monday that the new line will be opened before the end of the year",
    "well I never said that she would come but you know how it is with these people in the city",
    "our next guest has written eleven books about the sea and she has sailed around the world twice",
)


def float_speech(voice: Voice, text: str, rng: Rng) -> Sound:
    """Speak; shape (n,), -1..1."""
    return say(voice, text, rng).astype(np.float32) / 32768


def silence(seconds: float) -> Sound:
    """Nothing."""
    return np.zeros(int(seconds * RATE), np.float32)


def command(rng: Rng, fits: Callable[[Sample], bool]) -> Sample:
    """Draw a command with one effect that `fits`."""
    while True:
        sample = wordings.sample(rng, "train")
        if sample.kind == "command" and len(sample.calls) == 1 and fits(sample):
            return sample


def paused(rng: Rng, voice: Voice) -> tuple[Sample, list[Sound]]:
    """A command with a pause between two of its words, not before the last."""
    sample = command(rng, lambda s: len(s.text.split()) >= 5 and "," not in s.text)
    words = sample.text.split()
    cut = int(rng.integers(2, len(words) - 1))
    first, second = " ".join(words[:cut]), " ".join(words[cut:])
    return sample, [float_speech(voice, first, rng), silence(rng.uniform(0.3, 0.7)), float_speech(voice, second, rng)]


def corrected(rng: Rng, voice: Voice) -> tuple[Sample, list[Sound]]:
    """A command that is corrected after a pause ("... the kitchen, <pause> no, the bedroom light")."""
    sample = command(rng, lambda s: s.wording.startswith("correct:") and ", " in s.text)
    first, _, second = sample.text.partition(", ")
    return sample, [float_speech(voice, first, rng), silence(rng.uniform(0.3, 0.7)), float_speech(voice, second, rng)]


def pleading(rng: Rng, voice: Voice) -> tuple[Sample, list[Sound]]:
    """A command, a pause, "please"."""
    sample = command(rng, lambda s: "please" not in s.text and len(s.text.split()) >= 3)
    spoken = float_speech(voice, sample.text, rng)
    return sample, [spoken, silence(rng.uniform(0.25, 0.5)), float_speech(voice, "please", rng)]


def beside_a_television(rng: Rng, voice: Voice) -> tuple[Sample, list[Sound]]:
    """A command. The other voice is added by `clip`."""
    sample = command(rng, lambda s: len(s.text.split()) >= 3)
    return sample, [float_speech(voice, sample.text, rng)]


KINDS = {"pause": paused, "correction": corrected, "please": pleading, "television": beside_a_television}


def clip(kind: str, rng: Rng, voice: Voice, other: Voice) -> tuple[Sample, Sound, float]:
    """Make one clip: what is said, the sound from before "Hey Gemma" to 2.5 s after, where the person's speech ends."""
    sample, parts = KINDS[kind](rng, voice)
    lead = [silence(rng.uniform(0.3, 0.8)), float_speech(voice, "Hey Gemma,", rng), silence(rng.uniform(0.05, 0.2))]
    spoken = np.concatenate([*lead, *parts])
    ends_ms = (len(spoken) / RATE - 0.012) * 1000
    whole = np.concatenate([spoken, silence(2.5)])
    if kind == "television":
        level = float(np.sqrt(np.mean(parts[0] ** 2)))
        talk = np.concatenate([float_speech(other, choose(rng, TELEVISION), rng) for _ in range(2)])
        talk *= level * 10 ** (-rng.uniform(5, 10) / 20) / float(np.sqrt(np.mean(talk**2)))
        start = len(spoken) + int(rng.uniform(0.0, 0.15) * RATE)
        talk = talk[: len(whole) - start]
        whole[start : start + len(talk)] += talk
    return sample, whole, ends_ms


def main() -> None:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=40, help="clips of each kind in each folder")
    parser.add_argument("--seed", type=int, default=16)
    given = parser.parse_args()
    for number, folder in enumerate(("known", "heldout")):
        rng = np.random.default_rng((given.seed, number))
        (given.out / folder).mkdir(parents=True, exist_ok=True)
        lines: list[dict[str, Any]] = []
        for index in tqdm(range(given.each * len(KINDS)), desc=folder):
            kind = list(KINDS)[index % len(KINDS)]
            voice = some_voice(rng, ENGINES) if folder == "known" else held_out_voice(rng, index // len(KINDS))
            sample, whole, ends_ms = clip(kind, rng, voice, some_voice(rng, ENGINES))
            file = f"{kind}-{index:03d}.wav"
            soundfile.write(given.out / folder / file, whole.clip(-1, 1), RATE, subtype="PCM_16")
            labels = {"text": sample.text, "voice": voice.name, "set": kind, "speech_end_ms": round(ends_ms, 1)}
            lines.append({"file": file, **expectation(sample), **labels})
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (given.out / folder / "expect.jsonl").write_text(text)


if __name__ == "__main__":
    main()
