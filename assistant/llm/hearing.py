"""The sound of the open turn on its way to rows, and the rows on their way to the cache in whole groups.

`GROUP` rows at a time go into the cache, counted from the sound's first row on: so it holds the same bits however the
sound came in pieces. Knows no prompt and no reply. One caller at a time, but `hear`, `behind_s` and `hurry`: those are
for any thread.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.llm.decoder import Rows
from assistant.llm.encoders import Encoder
from assistant.llm.loudness import Loudness
from assistant.llm.mtmd import LONGEST_AUDIO_S
from assistant.llm.stopwatch import Stopwatch
from assistant.stages import SAMPLE_RATE_HZ, Pcm

_LOG = logging.getLogger(__name__)
LONGEST_SOUND = LONGEST_AUDIO_S * SAMPLE_RATE_HZ
ROW = int(0.04 * SAMPLE_RATE_HZ)
GROUP = 4
HOPS = (12, 8, 4)  # rows that are encoded at once: the more wait, the more at once, and the less each costs
LAST_HOPS = (2, 4, 8, 12)  # for the end: two rows cost nearly what four do
STILL = int(0.12 * SAMPLE_RATE_HZ)  # a draft leaves out no more silence; it is made when the voice has been away 80 ms
LINGER = int(0.02 * SAMPLE_RATE_HZ)  # what it reads of the silence, at least


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """How far a sound has been taken in, to go back to."""

    rows: Rows
    encoded: int
    encoder: Any


class Hearing:
    """One sound at a time. `put` takes rows for the cache, shape (n, width), and may raise."""

    def __init__(self, width: int, put: Callable[[Rows], None], watch: Stopwatch) -> None:
        self._width = width
        self._put = put
        self._watch = watch

    def use(self, encoder: Encoder, *, in_groups: bool) -> None:
        """Encode with `encoder` from now on; put rows into the cache in groups, or those of a whole sound at once."""
        self._encoder = encoder
        self._group = GROUP if in_groups else LONGEST_SOUND
        self.reset()

    def reset(self) -> None:
        """Begin a new sound."""
        self._encoder.reset()
        self._inbox: deque[Pcm] = deque()
        self._rows = np.zeros((0, self._width), np.float32)  # not a whole group yet
        self._every: list[Rows] = []
        self._end = LONGEST_SOUND  # so many rows at most
        self._hurry = False
        self._overlong = False
        self._loudness = Loudness()
        self._encoded = 0
        self.samples = 0

    @property
    def behind_s(self) -> float:
        """How much sound waits to be encoded."""
        return (sum(map(len, tuple(self._inbox))) + self._encoder.ready * ROW) / SAMPLE_RATE_HZ

    def hear(self, samples: Pcm) -> None:
        """Hand over sound, shape (n,), 16 kHz int16. What goes beyond 30 s is not heard."""
        heard = samples[: LONGEST_SOUND - self.samples]
        if len(heard) < len(samples) and not self._overlong:
            self._overlong = True
            _LOG.warning("a turn longer than %d s: the rest is not heard", LONGEST_AUDIO_S)
        self.samples += len(heard)
        self._inbox.append(np.array(heard, np.int16))
        self._loudness.hear(heard)

    def hurry(self, *, on: bool) -> None:
        """Let a `listen` that runs end soon, for a reply is wanted; off again when its work begins."""
        self._hurry = on

    def ready(self) -> int:
        """How many rows could be encoded next, in one go; 0: too few."""
        self._take_in()
        return next((hop for hop in HOPS if hop <= self._encoder.ready), 0)

    def listen(self) -> None:
        """Encode what is final, as long as nobody is in a hurry."""
        while not self._hurry and (hop := self.ready()):
            self._encode(hop)

    def catch_up(self) -> int:
        """Encode what is final and audible, by two rows. Give how many rows are audible: the rest is silence."""
        silent_from = max(self._loudness.silent_from() + LINGER, self.samples - STILL)
        audible = -(-silent_from // ROW)
        self._take_in()
        self._put_groups()
        while self._encoded < audible and (hop := self._last_hop(audible - self._encoded)):
            self._encode(hop)
        return audible

    def cut(self, samples: int) -> int:
        """Let the sound end behind so many samples. Give how many of its rows may stay in the cache.

        Rows are of sound only that comes before them, but for 10 ms: what was encoded of the rest is forgotten.
        """
        self._take_in()
        self._put_groups()
        self._end = -(-samples // ROW)
        while self._encoded < self._end and (hop := self._last_hop(self._end - self._encoded)):
            self._encode(hop)
        rows = np.concatenate([np.zeros((0, self._width), np.float32), *self._every])[: self._end]
        kept = min(len(rows), self._encoded - len(self._rows)) // self._group * self._group
        self._rows, self._encoded, self._every = rows[kept:], len(rows), [rows]
        self.samples = samples
        return kept

    def finish(self) -> None:
        """Encode all of the sound, as it ends here. Only `restore` and `reset` may follow."""
        self._take_in()
        if self._encoded == self._end:
            return
        with self._watch.encoding(self.samples / SAMPLE_RATE_HZ):
            rows = self._encoder.flush()
        self._digest(rows[: self._end - self._encoded])

    def close(self, audible: int = LONGEST_SOUND) -> None:
        """Put the rows that aren't a whole group into the cache, too, if they are among the first `audible`."""
        rows = self._rows[: max(0, audible - self._encoded + len(self._rows))]
        if len(rows):
            self._put(rows)

    def snapshot(self, *, encoder: bool) -> Heard:
        """How far the sound has been taken in; with the `encoder`'s state if it will be finished."""
        self._take_in()  # what still waits must be there again after `restore`
        return Heard(self._rows, self._encoded, self._encoder.snapshot() if encoder else None)

    def restore(self, heard: Heard) -> None:
        """Go back."""
        self._rows, self._encoded = heard.rows, heard.encoded
        self._every = [np.concatenate([np.zeros((0, self._width), np.float32), *self._every])[: heard.encoded]]
        if heard.encoder is not None:
            self._encoder.restore(heard.encoder)

    def _take_in(self) -> None:
        while self._inbox:
            self._encoder.feed(self._inbox.popleft())

    def _last_hop(self, missing: int) -> int:
        """The hop that encodes `missing` rows at once, or else as many of them as it can."""
        possible = [hop for hop in LAST_HOPS if hop <= self._encoder.ready]
        return next((hop for hop in possible if hop >= missing), max(possible, default=0))

    def _encode(self, hop: int) -> None:
        with self._watch.encoding(hop * ROW / SAMPLE_RATE_HZ):
            rows = self._encoder.encode(hop)
        self._digest(rows)

    def _digest(self, rows: Rows) -> None:
        self._encoded += len(rows)
        self._every.append(rows)
        self._rows = np.concatenate([self._rows, rows])
        self._put_groups()

    def _put_groups(self) -> None:
        while len(self._rows) >= self._group and not self._hurry:
            self._put(self._rows[: self._group])
            self._rows = self._rows[self._group :]
