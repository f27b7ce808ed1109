"""The score of the wake word while one speaks: a live bar with peak hold, plain lines in a pipe.

Decides as the assistant does, and does nothing about it. `WakeMeter` is pure: time comes with each score.
"""

from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from assistant.audio.devices import SILENCE_DBFS, meter
from assistant.config import WakeConfig
from assistant.stages import AudioSource, Pcm, WakeDetector
from assistant.wake_decision import Doubted, Heard, Rejected, WakeDecision

HOLD_MS = 3000.0
LINE_MS = 1000.0  # in a pipe
WIDTH = 40
LOWEST_DBFS = -60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The score now, the highest of the last 3 s, how loud it is, and what the assistant would have decided."""

    audio_ms: float
    score: float
    held: float
    level_dbfs: float
    decided: Heard | Doubted | Rejected | None


class WakeMeter:
    """Scores -> readings, and what they come to."""

    def __init__(self, config: WakeConfig) -> None:
        self.config = config
        self._decision = WakeDecision(
            threshold=config.from_score, near_threshold=config.near_threshold, refractory_s=config.refractory_s
        )
        self._recent: deque[tuple[float, float]] = deque()
        self._heard_ms = 0.0
        self._wakes = self._near = 0
        self._highest, self._loudest_dbfs = 0.0, SILENCE_DBFS

    def update(self, score: float, level_dbfs: float, audio_ms: float) -> Reading:
        """Take the score and the peak level of the 80 ms that end at `audio_ms`."""
        self._heard_ms = audio_ms
        self._highest = max(self._highest, score)
        self._loudest_dbfs = max(self._loudest_dbfs, level_dbfs)
        self._recent.append((audio_ms, score))
        while self._recent[0][0] < audio_ms - HOLD_MS:
            self._recent.popleft()
        decided = self._decision.update(score, audio_ms)
        self._wakes += isinstance(decided, Heard)
        self._near += isinstance(decided, Rejected)
        return Reading(audio_ms, score, max(value for _, value in self._recent), level_dbfs, decided)

    def summary(self) -> str:
        """What it came to, in a line."""
        wakes, near = counted(self._wakes, "wake"), counted(self._near, "near miss", "near misses")
        return (
            f"{self._heard_ms / 1000:.0f} s: {wakes}, {near}; "
            f"highest score {self._highest:.2f}, loudest {self._loudest_dbfs:.0f} dB"
        )


class MeterView:
    """Shows readings: a bar that moves in a terminal; in a pipe a line a second. What would wake is a line in both."""

    def __init__(self, console: Console, config: WakeConfig, hint: str = "") -> None:
        self._console = console
        self._config = config
        self._hint = hint
        self._live: Live | None = None
        self._second: list[Reading] = []
        self._next_line_ms = LINE_MS

    def __call__(self, reading: Reading) -> None:
        """Show one reading."""
        match reading.decided:
            case Heard(end_ms=end_ms, score=score):
                self._tell(end_ms, f"would have woken, score {score:.2f}", "bold green")
            case Rejected(end_ms=end_ms, score=score):
                self._tell(end_ms, f"near: score {score:.2f}, under {self._config.from_score:.2f}", "yellow")
            case Doubted() | None:  # the meter asks nobody
                pass
        if self._live is not None:
            self._live.update(bar(reading, self._config), refresh=True)
        elif not self._console.is_terminal:
            self._line(reading)

    def live(self) -> Live | None:
        """What has to be entered while a bar is shown; None: no terminal. The sound is there now."""
        if self._hint:
            self._console.print(self._hint, style="bold", markup=False)
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
        return self._live

    def _line(self, reading: Reading) -> None:
        self._second.append(reading)
        if reading.audio_ms >= self._next_line_ms:
            score, level = max(r.score for r in self._second), max(r.level_dbfs for r in self._second)
            self._tell(reading.audio_ms, f"score {score:.2f}, level {level:.0f} dB")
            self._second.clear()
            self._next_line_ms = LINE_MS * (reading.audio_ms // LINE_MS + 1)

    def _tell(self, at_ms: float, text: str, style: str = "") -> None:
        self._console.print(Text.assemble((f"{at_ms / 1000:7.1f} s  ", "dim"), (text, style)), soft_wrap=True)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 wake`, `2 wakes`, `0 near misses`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def bar(reading: Reading, config: WakeConfig) -> Text:
    """One line of 72 columns: score, bar with the highest of the last seconds and the threshold, level."""
    filled, held, mark = (round(value * WIDTH) for value in (reading.score, reading.held, config.from_score))
    cells = ["█" if n < filled else "·" for n in range(WIDTH + 1)]
    cells[mark] = "┃"
    if held > filled:
        cells[held] = "▌"
    woke = reading.held >= config.from_score
    style = "green" if woke else "yellow" if reading.held >= config.near_threshold else "cyan"
    level = f"{max(LOWEST_DBFS, reading.level_dbfs):4.0f} dB"
    return Text.assemble(
        f"score {reading.score:.2f} ", ("".join(cells), style), f" peak {reading.held:.2f}", (f" {level}", "dim")
    )


async def watch(
    source: AudioSource, detector: WakeDetector, wake_meter: WakeMeter, view: MeterView, seconds: float | None = None
) -> None:
    """Show the meter until the input is over, or for some seconds. Raises what the source raises."""
    sound: list[Pcm] = []
    async with source:
        with view.live() or nullcontext():
            async for chunk in source:
                sound.append(chunk.samples)
                score = detector.score(chunk.samples)
                if score is None:
                    continue
                view(wake_meter.update(score, meter(np.concatenate(sound)).peak_dbfs, chunk.end_ms))
                sound.clear()
                if seconds is not None and chunk.end_ms >= seconds * 1000:
                    return
