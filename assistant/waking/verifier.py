"""Was the wake word said? A second ear for the sound that woke us.

The last 1.75 s through the first layers of tiny's audio encoder and a small head -> log odds of the word. Another
network than the wake word's, taught another thing first (what sounds mean): what fools the one seldom fools the other,
so their log odds are added. The first layers, for the last know what was meant rather than how it sounded. Knows no
stream. 26 ms of processor time a word.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.config import SHIPPED_WORD
from assistant.errors import ModelDamaged, ModelMissing
from assistant.llm.conformer import Conformer
from assistant.places import models_dir
from assistant.stages import Pcm

SOUND_MS = 1750.0  # so much before the decision is looked at
HEAD_FILE, ENCODER_FILE = "hey_gemma/second_ear.npz", "tiny/tiny-mmproj.gguf"
SURE = 6.0  # log odds of both: less is a doubt that the model may settle (docs/RESULTS.md)
_REMEDY = "install Hey Gemma again: its models/ folder belongs to it"

Floats = NDArray[np.float32]


class WordHead:
    """Rows of an encoder -> log odds of the word in them: convolutions with GELU, a score a row, the softmax's sum.

    `depth`: so many layers of the encoder make the rows. `least`: the log odds that are enough, the wake word's added.
    Raises ModelMissing, ModelDamaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                arrays = {name: np.asarray(file[name], np.float32) for name in file.files if name != "about"}
            self._layers = [(arrays[f"kernel{n}"], arrays[f"bias{n}"]) for n in range(int(about["layers"]))]
            self._out, self._out_bias = arrays["out"], arrays["out_bias"]
            self.depth, self.least = int(about["depth"]), float(about["least"])
            tried = self.log_odds(np.zeros((2, self.width), np.float32))
        except FileNotFoundError as error:
            raise ModelMissing(f"{path} is not there", remedy=_REMEDY) from error
        except Exception as error:  # numpy and zipfile raise what they like about a damaged file
            raise ModelDamaged(f"{path.name} can't be read: {error}", remedy=_REMEDY) from error
        if not np.isfinite([tried, self.least]).all():
            raise ModelDamaged(f"{path.name} tells nothing", remedy=_REMEDY)

    @property
    def width(self) -> int:
        """Of the rows that it takes."""
        return int(self._layers[0][0].shape[1])

    def log_odds(self, rows: Floats) -> float:
        """(n, width) -> the logarithm of the odds that the word is in them."""
        for kernel, bias in self._layers:
            rows = _gelu(_convolved(rows, kernel) + bias)
        return float(np.logaddexp.reduce(rows @ self._out + self._out_bias))


def score_log_odds(score: float) -> float:
    """0 to 1 -> logarithm, 7 either way at most."""
    bounded = min(max(score, 0.001), 0.999)
    return float(np.log(bounded / (1 - bounded)))


def probability(log_odds: float) -> float:
    """Of log odds, 0..1."""
    return float(1 / (1 + np.exp(-log_odds)))


def _convolved(rows: Floats, kernel: Floats) -> Floats:
    """(n, width), (an odd reach, width, other width) -> (n, other width); beyond the ends is nothing."""
    reach = len(kernel) // 2
    padded = np.pad(rows, ((reach, reach), (0, 0)))
    return np.asarray(sum(padded[i : i + len(rows)] @ matrix for i, matrix in enumerate(kernel)), np.float32)


def _gelu(x: Floats) -> Floats:
    return np.asarray(x * (0.5 + 0.5 * np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), np.float32)


class WordVerifier:
    """Hears whether "hey gemma" is in a sound. One caller at a time. Raises ModelMissing, ModelDamaged, ModelError."""

    phrase, sound_ms = SHIPPED_WORD, SOUND_MS

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or models_dir()
        self._head = WordHead(folder / HEAD_FILE)
        self._encoder = Conformer(folder / ENCODER_FILE, layers=self._head.depth)
        self.enough, self.sure = probability(self._head.least), probability(SURE)
        if self._encoder.width != self._head.width:
            raise ModelDamaged(f"{HEAD_FILE} doesn't fit {ENCODER_FILE}", remedy=_REMEDY)

    def log_odds(self, samples: Pcm) -> float:
        """Of the word in a sound, shape (n,), int16 at 16 kHz."""
        self._encoder.reset()
        self._encoder.feed(samples)
        return self._head.log_odds(self._encoder.flush())

    def likely(self, samples: Pcm, score: float) -> float:
        """How likely the word is in it, 0..1, where the wake word's score is this: by what both heard."""
        return probability(self.log_odds(samples) + score_log_odds(score))

    def close(self) -> None:
        """Free the encoder."""
        self._encoder.close()
