"""Makes the few clips that the tests hear, by held-out voices: `python -m models.hey_gemma.replay tests/replay/wake`.

Knows which clips, and writes where the word ends in each (`words.jsonl`); doesn't know the head.
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile

from models.hey_gemma import sound
from models.hey_gemma.sound import RATE
from models.voices import say, voices

# (file, voice, the word or a near-miss, what follows in the same voice)
SPOKEN = (
    ("hey-gemma-joe", "piper:joe", "hey gemma", ""),
    ("hey-gemma-command-rms", "flite:rms", "hey gemma", "turn on the kitchen light"),
    ("hey-gemma-slt", "festival:slt-hts", "Hey Gemma.", ""),
    ("hey-gemma-command-joe", "piper:joe", "Hey Gemma,", "what's the weather"),
    ("hey-gemma-mix13", "kokoro:mix13", "Hey Gemma!", ""),
    ("hey-siri-joe", "piper:joe", "hey siri", "what time is it"),
    ("hey-there-rms", "flite:rms", "hey there", ""),
    ("command-only-joe", "piper:joe", "turn on the kitchen light", ""),
)


def main(folder: Path) -> None:
    """Half a second of faint hiss, the words, a second of hiss."""
    rng = np.random.default_rng(11)
    cast = {voice.name: voice for voice in voices()}
    lines = []
    for name, voice, word, follows in SPOKEN:
        clip = say(cast[voice], word, rng)
        end = RATE // 2 + len(clip) - 0.012 * RATE
        if follows:
            clip = np.concatenate([clip, np.zeros(RATE // 10, dtype=np.int16), say(cast[voice], follows, rng)])
        quiet = np.concatenate([np.zeros(RATE // 2), clip * 0.3, np.zeros(RATE)])
        write(folder / f"{name}.flac", quiet + rng.normal(0, 3, len(quiet)))
        is_word = word.lower().startswith("hey gemma")
        lines.append(
            {"file": f"{name}.flac", "voice": voice, "word_end_ms": round(end * 1000 / RATE) if is_word else None}
        )
    write(folder / "silence.flac", np.zeros(3 * RATE))
    write(folder / "noise.flac", sound.noise(3 * RATE, rng) * 900)
    lines += [{"file": f"{name}.flac", "voice": "", "word_end_ms": None} for name in ("silence", "noise")]
    (folder / "words.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write(path: Path, samples: sound.npt.NDArray[np.float64]) -> None:
    """16-bit FLAC."""
    soundfile.write(path, np.clip(np.round(samples), -32768, 32767).astype(np.int16), RATE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
