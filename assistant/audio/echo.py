"""Echo cancellation: what the loudspeaker says is taken out of the microphone's sound, before anything listens to it.

`WithoutEcho` sits between microphone and listener; `EchoCanceller` does the work, and costs nothing while nothing is
played: then chunks pass as they are, bit for bit. Every chunk carries what was `played` meanwhile. Knows no word.

Measured (docs/RESULTS.md): 0.6 ms of CPU per 20 ms while something plays.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal, Protocol, Self

import numpy as np

from assistant.audio.adaptive import AdaptiveFilter, Floats
from assistant.audio.align import NEAR, Alignment
from assistant.audio.delay import DelayFinder
from assistant.audio.drift import Drift
from assistant.audio.pcm import to_float, to_int16
from assistant.audio.played import Played
from assistant.stages import CHUNK_MS, AudioChunk, AudioSource, Echo, Pcm

PARTITIONS = 14  # 280 ms: delay and room
EARLY_S = 0.04  # the reference comes so much too soon, so that what the sound system reports may be wrong both ways
FITS_S = (0.0, 0.16)  # an echo that begins in this part of the filter is left where it is
MIDDLE_S = 0.05  # else it is moved here
KEPT = 0.95  # of the path's power, where it was moved: else more is left of the echo than as a rule
WORSE = 1.5  # so much louder after the filter than before, for about a second: it has learned what isn't there
# Once so much was taken out, or was played, what is left is the better sound; half learned it is a stranger one.
PROVEN_DB, PROVEN_CHUNKS = 12.0, 250
SLOW, QUICK = 0.02, 0.05  # share of a chunk in a running mean: 1 s, 0.4 s
# Devices that cancel the echo themselves, by a part of their names.
OWN = ("respeaker", "xvf3800", "echo-cancel", "echo cancel", "echocancel", "speakerphone", "jabra", "powerconf")

Wish = Literal["auto", "on", "off"]


def wanted(wish: Wish, microphone: str) -> bool:
    """Whether we cancel the echo of this microphone, by its name."""
    if wish == "auto":
        return not any(name in microphone.casefold() for name in OWN)
    return wish == "on"


class EchoCanceller:
    """Chunk by chunk; knows the room better with every one. `played`: None while nothing sounds."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self._filter = AdaptiveFilter(partitions)
        self._drift = Drift(partitions + 1)
        self._partitions = partitions
        self._alignment: Alignment | None = None  # sees whether the echo is where it was, or where it is
        self._is_doubted = False
        self._rings = 0  # chunks for which an echo may still be heard
        self._heard_power = self._rest_power = 0.0
        self._heard_lately = self._rest_lately = 0.0
        self._unproven = PROVEN_CHUNKS  # chunks of our own voice that may still pass as they are
        self._power = 0.0  # of the newest chunk: mean square, int16, of the echo that was found in it
        self._located = False

    def cancel(self, samples: Pcm, played: Pcm | None) -> Pcm:
        """The chunk, shape (320,), without the echo of what was played."""
        if played is not None:
            self._rings = self._partitions
        elif self._rings == 0:
            self._drift.idle()
            self._power = 0.0
            return samples
        else:
            self._rings -= 1
        reference = np.zeros(len(samples), np.float32) if played is None else to_float(played)
        heard = to_float(samples)
        if moved := self._drift.overrun():
            self._filter.move(moved, self._drift.again())
        rest = self._rest(heard, self._drift.read(reference))
        if self._rings == 0:
            self._end_sound()
        heard_power, rest_power = float(heard @ heard), float(rest @ rest)
        self._power = max(0.0, heard_power - rest_power) * 32768.0**2 / len(samples)
        return to_int16(rest if self._is_better(heard_power, rest_power) else heard)

    def _rest(self, heard: Floats, reference: Floats) -> Floats:
        """What is left of a chunk; nothing is taken out or learned while it is doubted where the echo is."""
        if self._is_doubted:
            rest, echo = heard, self._filter.echo(reference)
        else:
            rest = self._filter.cancel(heard, reference)
            echo = heard - rest
            self._drift.learn(self._filter.path)
        if self._alignment is not None:
            late = self._alignment.push(heard, echo)
            if late is not None or self._alignment.given_up:
                self._settle(late)
        return rest

    def _settle(self, late: float | None) -> None:
        """The echo comes so much later than expected, in samples; None: nobody knows."""
        self._alignment = None
        if not self._is_doubted:
            self._located = late is not None and abs(late) <= NEAR
            return
        self._is_doubted = False
        self._heard_lately = self._rest_lately = 0.0
        self._located = late is not None and self._filter.move(late, self._drift.again()) >= KEPT
        if not self._located:
            self._filter.doubt()

    def _end_sound(self) -> None:
        """Until the next sound the volume may be turned, or the microphone moved."""
        self._filter.rinse()
        self._located = False
        if self._is_doubted and self._alignment is not None:
            self._alignment.rinse()
        elif self._filter.is_learned:
            self._alignment = Alignment()

    def _is_better(self, heard: float, rest: float) -> bool:
        """Whether there is less in what is left than there was; a filter that only adds, for long, begins anew."""
        self._heard_lately += QUICK * (heard - self._heard_lately)
        self._rest_lately += QUICK * (rest - self._rest_lately)
        self._heard_power += SLOW * (heard - self._heard_power)
        self._rest_power += SLOW * (rest - self._rest_power)
        if self._rest_power > WORSE * self._heard_power:
            self.reset()
        self._unproven = 0 if self.taken_db >= PROVEN_DB else max(0, self._unproven - 1)
        return not self._unproven and rest <= heard

    @property
    def echo(self) -> Echo:
        """What was found in the newest chunk."""
        is_whole = self._is_doubted or self._unproven > 0
        return Echo(self.taken_db, self._power, self._located, is_whole)

    @property
    def taken_db(self) -> float:
        """How much was taken out of the last half second; 0 while nothing is played."""
        if self._rings == 0 or self._heard_lately <= 0:
            return 0.0
        return float(10 * np.log10(self._heard_lately / max(self._rest_lately, 1e-12)))

    def doubt(self) -> None:
        """The clocks were set anew, the echo may come from elsewhere: what was learned is where the search begins."""
        self._drift.compared()
        self._located = False
        self._heard_lately = self._rest_lately = 0.0
        self._is_doubted = self._filter.is_learned
        self._alignment = Alignment() if self._is_doubted else None

    def reset(self) -> None:
        """Forget the room."""
        self._alignment, self._is_doubted, self._located = None, False, False
        self._filter.reset()
        self._heard_power = self._rest_power = 0.0
        self._unproven = PROVEN_CHUNKS


class TimedSource(AudioSource, Protocol):
    """A microphone that knows when its sound was heard. `runs` grows whenever it had to begin that anew."""

    @property
    def name(self) -> str:
        """What the device is called."""

    @property
    def runs(self) -> int:
        """How often `heard_s` began anew."""

    def heard_s(self, start_sample: int) -> float:
        """When a place of the input was heard."""

    def anchor(self) -> None:
        """Take up how far the clock has drifted."""


class WithoutEcho:
    """An AudioSource: a microphone's chunks without the echo, and with what was played."""

    def __init__(self, microphone: TimedSource, played: Played, canceller: EchoCanceller, wish: Wish) -> None:
        self._microphone = microphone
        self._played = played
        self._canceller = canceller
        self._wish = wish
        self._delay = DelayFinder()
        self._late_s = 0.0  # how much later than reported the echo comes
        self._runs: tuple[int, int] | None = None
        self._quiet_ms = float("inf")

    async def __aenter__(self) -> Self:
        await self._microphone.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._microphone.__aexit__(*exception)

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        """Chunks for ever. Raises AudioDeviceError, as the microphone does."""
        cancels = wanted(self._wish, self._microphone.name)
        async for chunk in self._microphone:
            played = self._played.at(self._microphone.heard_s(chunk.start_sample) + EARLY_S - self._late_s)
            self._follow(chunk.samples, played)
            rest = self._canceller.cancel(chunk.samples, played)  # switched off too: it tells how much is our own voice
            echo = self._canceller.echo
            if cancels:
                yield AudioChunk(rest, chunk.start_sample, played, echo)
            else:
                yield AudioChunk(chunk.samples, chunk.start_sample, played, replace(echo, is_whole=True))

    def _follow(self, samples: Pcm, played: Pcm | None) -> None:
        """See where in the reference the echo is, and whether the clocks were set anew."""
        if played is None:
            self._quiet_ms += CHUNK_MS
            return
        if self._quiet_ms > 1000:
            self._microphone.anchor()
        self._quiet_ms = 0.0
        runs = (self._microphone.runs, self._played.runs)
        if self._runs is not None and runs != self._runs:
            self._canceller.doubt()
            self._delay.reset()
        self._runs = runs
        lag_s = self._delay.push(samples, played)
        if lag_s is not None and not FITS_S[0] <= lag_s <= FITS_S[1]:
            self._late_s += lag_s - MIDDLE_S
            self._canceller.reset()
            self._delay.reset()
