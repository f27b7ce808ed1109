"""What `hey-gemma devices --meter` and `--test` do and print: live in a terminal, a line a second in a pipe."""

from rich.console import Console

from assistant.audio import trial
from assistant.audio.devices import Sound
from assistant.audio.gauge import Reading, bar
from assistant.stages import SAMPLE_RATE_HZ, AudioClip

_LOUD_DBFS, _FAINT_DBFS = -25.0, -80.0


class SoundTest:
    """Tries one microphone, with the config's gain."""

    def __init__(self, console: Console, sound: Sound, microphone: str, gain_db: float) -> None:
        self._console = console
        self._sound = sound
        self._microphone = microphone
        self._gain_db = gain_db
        self._count = 0
        self._latest: Reading | None = None

    async def meter(self, seconds: float) -> None:
        """Show levels, and at the end what they mean. Raises AudioDeviceError."""
        self._console.print("Speak, and be silent for a while; Ctrl-C ends.")
        try:
            await trial.watch(self._sound, self._microphone, self._gain_db, self._show, seconds)
        finally:
            if self._latest is not None:
                self._console.print(f"\n{verdict(self._latest)}")

    async def record_and_play(self, speaker: str) -> None:
        """Record some seconds and play them, nothing is kept. Raises AudioDeviceError."""
        self._console.print(f"Speak now: {trial.SECONDS:.0f} s are recorded.")
        taken = await trial.record(self._sound, self._microphone, self._gain_db, lambda _: None, trial.SECONDS)
        self._console.print("And this is what was heard:")
        await trial.play(self._sound, speaker, AudioClip(taken.samples, SAMPLE_RATE_HZ))
        if taken.lost_ms:
            self._console.print(
                f"{taken.lost_ms:.0f} ms were lost on the way: this machine is too busy.", style="yellow"
            )

    def _show(self, reading: Reading) -> None:
        self._latest = reading
        self._count += 1
        level = reading.level
        line = (
            f"{level.rms_dbfs:6.1f} dBFS, peak {level.peak_dbfs:6.1f}, room {reading.floor_dbfs:6.1f}, "
            f"{reading.clipped} clipped"
        )
        if self._console.is_terminal:
            self._console.print(f"\r{line}  {bar(level.rms_dbfs):<40}", end="", markup=False)
        elif self._count % 10 == 0:
            self._console.print(line, markup=False)


def verdict(reading: Reading) -> str:
    """What to do about it."""
    if reading.floor_dbfs <= -119:
        return "Digital silence: is it switched off? alsamixer, F4."
    if reading.clipped:
        return "Some samples are at the limit: lower the microphone's volume (alsamixer), or audio.gain_db."
    if reading.floor_dbfs > _LOUD_DBFS:
        return "The room is loud, or the microphone hums: hey-gemma doctor looks closer."
    if reading.floor_dbfs < _FAINT_DBFS:
        return "Faint, even for a quiet room: faint voices are amplified; if you are often not heard, raise its volume."
    return "Fine."
