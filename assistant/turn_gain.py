"""How much a turn is amplified: by how loud its own wake word was. Pure.

The wake word is heard down to -67 dBFS and needs no help, so it is the measure for the words behind it: one gain for
the whole turn, no memory, nothing that swells and fades. A voice that isn't faint is left alone, bit for bit.
"""

import numpy as np

from assistant.stages import CHUNK_SAMPLES, Pcm

WORD_MS = 900.0  # so long before its end the word is looked for
FAINT_DBFS, AIM_DBFS, MOST_DB = -36.0, -22.0, 36.0
_FULL_SCALE = 32768
_LOUD_DB = 15.0  # under the loudest chunk: what still is the voice


def level_dbfs(sound: Pcm) -> float:
    """How loud the voice in it is: the mean power of the chunks that are not much softer than the loudest."""
    whole = sound[: len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES).astype(np.float64)
    power = np.mean(whole**2, axis=1) / _FULL_SCALE**2
    if not power.any():
        return -120.0
    return float(10 * np.log10(power[power >= power.max() * 10 ** (-_LOUD_DB / 10)].mean()))


def gain_for(word: Pcm) -> float:
    """The factor for the turn behind this word, int16, shape (n,), at 16 kHz."""
    level = level_dbfs(word)
    if level >= FAINT_DBFS:
        return 1.0
    return float(10 ** (min(AIM_DBFS - level, MOST_DB) / 20))
