"""Which rows of the shards must score high, and which low.

Knows where words end (the shards say so); knows no network.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.wake import HEAD_FRAMES, Floats
from models.hey_gemma.data import read_shard

FRAME_MS = 80.0
PEAK_MS = (0.0, 240.0)  # where the score may peak, from the word's end
FREE_MS = (-200.0, 480.0)  # where a high score is no mistake
Rows = npt.NDArray[np.int64]


def load(*folders: Path) -> tuple[Floats, list[Rows], Rows]:
    """Give the embeddings of all shards, each word's rows where the score may peak, the rows where it must stay low.

    A row is the last of its window of 16. Rows near a word that belong to neither are nobody's business.
    """
    streams, words, lows, offset = [], [], [], 0
    for path in (path for folder in folders for path in sorted(folder.glob("train-*.npz"))):
        embeddings, examples = read_shard(path)
        low = np.zeros(len(embeddings), dtype=bool)
        for example in examples:
            low[example.first_row : example.first_row + example.rows] = True
        for example in examples:
            if example.end_ms is None:
                continue
            ends_ms = (np.arange(len(embeddings)) - example.first_row + 1) * FRAME_MS - example.end_ms
            low[(ends_ms > FREE_MS[0]) & (ends_ms < FREE_MS[1] + example.spread_ms)] = False
            words.append(
                np.flatnonzero((ends_ms >= PEAK_MS[0]) & (ends_ms <= PEAK_MS[1] + example.spread_ms))[:4] + offset
            )
        low[: HEAD_FRAMES - 1] = False
        lows.append(np.flatnonzero(low) + offset)
        streams.append(embeddings)
        offset += len(embeddings)
    return np.concatenate(streams), [word for word in words if len(word)], np.concatenate(lows)
