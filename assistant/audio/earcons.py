"""Short soft sounds, synthesized: one for each thing to tell, and the ring, as loud as it shall be, with its pause.

Knows nothing of when they are played.

Measured: all of them take 5 ms of CPU to make; peak -15 dBFS; "heard" lasts 140 ms.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import to_int16
from assistant.stages import AudioClip

RATE_HZ = 22_050
PEAK = 0.18
PAUSE_S = 2.0
_FADE_S = 0.01

# Each note: start in s, frequency in Hz, duration in s. Fifths and fourths upwards for yes, downwards for no. Nothing
# under 580 Hz: Silero took 250 to 440 Hz for a voice (0.89). A ring on A5 scored 0.65 as "hey gemma", on C6 0.06.
_NOTES: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "listening": ((0.0, 1174.7, 0.07),),
    "heard": ((0.0, 659.3, 0.08), (0.05, 987.8, 0.09)),
    "done": ((0.0, 784.0, 0.09), (0.09, 1046.5, 0.16)),
    "cancelled": ((0.0, 987.8, 0.09), (0.08, 740.0, 0.12)),
    "not_understood": ((0.0, 784.0, 0.09), (0.14, 784.0, 0.13)),
    "muted": ((0.0, 1318.5, 0.08), (0.08, 987.8, 0.08), (0.16, 659.3, 0.14)),
    "unmuted": ((0.0, 659.3, 0.08), (0.08, 987.8, 0.08), (0.16, 1318.5, 0.14)),
    "error": ((0.0, 784.0, 0.14), (0.17, 587.3, 0.22)),
    "timer": tuple(
        (t + s, f, 0.5) for t in (0.0, 0.9, 1.8) for s, f in ((0.0, 1046.5), (0.14, 1318.5), (0.28, 1568.0))
    ),
}
_LISTENING_PEAK = 0.06  # it sounds while the person speaks


def make(alarm_volume: float = 0.5) -> dict[str, AudioClip]:
    """The earcons by name; `alarm_volume` is the peak of "timer", 0..1. "pause", between two rings, is silent."""
    peaks = {"timer": alarm_volume, "listening": _LISTENING_PEAK}
    sounds = {name: _render(notes, peaks.get(name, PEAK)) for name, notes in _NOTES.items()}
    return {**sounds, "pause": AudioClip(np.zeros(round(PAUSE_S * RATE_HZ), np.int16), RATE_HZ)}


def _render(notes: tuple[tuple[float, float, float], ...], peak: float) -> AudioClip:
    total_s = max(start_s + duration_s for start_s, _, duration_s in notes)
    sound = np.zeros(round(total_s * RATE_HZ) + 1)
    for start_s, frequency_hz, duration_s in notes:
        note = _note(frequency_hz, duration_s)
        start = round(start_s * RATE_HZ)
        sound[start : start + len(note)] += note
    return AudioClip(to_int16((sound * (peak / np.abs(sound).max())).astype(np.float32)), RATE_HZ)


def _note(frequency_hz: float, duration_s: float) -> NDArray[np.float64]:
    """A struck tone with a soft octave over it; both ends fade to zero as raised cosines, so nothing clicks."""
    t = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * frequency_hz * t) + 0.2 * np.sin(4 * np.pi * frequency_hz * t)
    fade = np.minimum(np.minimum(t, t[::-1]) / _FADE_S, 1.0)
    return tone * np.exp(-2.5 * t / duration_s) * (0.5 - 0.5 * np.cos(np.pi * fade))
