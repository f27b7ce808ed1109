"""Was the wake word said? Its phones are looked for in the sound that woke us.

The last 1.75 s through tiny's audio encoder and a small head -> how likely each phone is, every 20 ms -> how much less
likely the word is than the likeliest phones (CTC). Another network than the wake word's, taught another thing: what
fools the one seldom fools the other. Knows no stream and no score. Some 40 ms of processor time a word.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelDamaged, ModelMissing
from assistant.llm.conformer import Conformer
from assistant.places import models_dir
from assistant.stages import Pcm

PHRASE = "hey gemma"
SOUND_MS = 1750.0  # so much before the decision is looked at
LEAST = -7.0  # of the logarithm: what is less likely wasn't the word
BLANK = 0
HEAD_FILE, ENCODER_FILE = "hey_gemma/phones.npz", "tiny/tiny-mmproj.gguf"
_REMEDY = "install Hey Gemma again: its models/ folder belongs to it"

Floats = NDArray[np.float32]


class PhoneHead:
    """Rows of an encoder -> log probabilities of phones, two places for a row: a convolution, GELU, a matrix.

    `word`: ways to say the word, as numbers of phones. Raises ModelMissing, ModelDamaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                self._kernel, self._bias, self._out, self._out_bias = (
                    np.asarray(file[name], np.float32) for name in ("kernel", "bias", "out", "out_bias")
                )
            self.phones: list[str] = list(about["phones"])
            self.word = [[self.phones.index(phone) for phone in way.split()] for way in about["word"]]
            tried = self.log_probabilities(np.zeros((2, self.width), np.float32))
        except FileNotFoundError as error:
            raise ModelMissing(f"{path} is not there", remedy=_REMEDY) from error
        except Exception as error:  # numpy and zipfile raise what they like about a damaged file
            raise ModelDamaged(f"{path.name} can't be read: {error}", remedy=_REMEDY) from error
        if not (np.isfinite(tried).all() and tried.shape[0] == 4 and self.word and all(self.word)):
            raise ModelDamaged(f"{path.name} tells no phones", remedy=_REMEDY)

    @property
    def width(self) -> int:
        """Of the rows that it takes."""
        return int(self._kernel.shape[1])

    def log_probabilities(self, rows: Floats) -> Floats:
        """(n, width) -> (2 n, phones)."""
        reach = len(self._kernel) // 2
        padded = np.pad(rows, ((reach, reach), (0, 0)))
        hidden = sum(padded[i : i + len(rows)] @ matrix for i, matrix in enumerate(self._kernel)) + self._bias
        hidden *= 0.5 + 0.5 * np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3))
        scores = (hidden @ self._out + self._out_bias).reshape(-1, len(self.phones))
        scores -= scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), np.float32)


def best_ratio(log_probabilities: Floats, word: Sequence[int]) -> float:
    """How much less likely it is that these phones were said one after another, somewhere, than whatever was likeliest.

    (places, phones) -> the logarithm, 0 at most: the best path through the word's phones and the blanks between them.
    """
    steps = np.array([step for phone in word for step in (phone, BLANK)][:-1])
    worse = log_probabilities[:, steps] - log_probabilities.max(axis=1, keepdims=True)
    skips = np.zeros(len(steps), bool)  # a blank between two phones may be left out, but for one between the same ones
    skips[2:] = (steps[2:] != BLANK) & (steps[2:] != steps[:-2])
    paths, best = np.full(len(steps), -np.inf), -np.inf
    for place in worse:
        one_before, two_before = np.roll(paths, 1), np.roll(paths, 2)
        one_before[0], two_before[:2] = 0.0, -np.inf  # the word may begin anywhere
        paths = np.maximum(np.maximum(paths, one_before), np.where(skips, two_before, -np.inf)) + place
        best = max(best, float(paths[-1]))
    return best


class WordVerifier:
    """Looks for "hey gemma" in a sound. One caller at a time. Raises ModelMissing, ModelDamaged, ModelError."""

    phrase, sound_ms = PHRASE, SOUND_MS

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or models_dir()
        self._head = PhoneHead(folder / HEAD_FILE)
        self._encoder = Conformer(folder / ENCODER_FILE)
        if self._encoder.width != self._head.width:
            raise ModelDamaged(f"{HEAD_FILE} doesn't fit {ENCODER_FILE}", remedy=_REMEDY)

    def ratio(self, samples: Pcm) -> float:
        """`best_ratio` of the word in a sound, shape (n,), int16 at 16 kHz."""
        self._encoder.reset()
        self._encoder.feed(samples)
        likely = self._head.log_probabilities(self._encoder.flush())
        return max(best_ratio(likely, way) for way in self._head.word)

    def was_said(self, samples: Pcm) -> bool:
        """Whether the word is in it."""
        return self.ratio(samples) >= LEAST

    def close(self) -> None:
        """Free the encoder."""
        self._encoder.close()
