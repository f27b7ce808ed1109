"""The voice that espeak is: a robot's, but in 100 languages and within 5 ms.

Its library is the one inside piper-tts, called through ctypes: no Debian package is needed. It keeps global state, so
every voice that uses it (Piper takes its phonemes from it) must be called from one thread.
"""

import ctypes
from typing import Any

import numpy as np

from assistant.errors import SpeechFailed
from assistant.speech.files import REMEDY
from assistant.stages import AudioClip, Pcm

_WORDS_A_MINUTE = 175
_AS_LOUD_AS_PIPER = 0.55  # espeak is 5 dB levelled than en_US-joe-medium


def library() -> ctypes.PyDLL:
    """Open espeak's library; calls keep the interpreter's lock, as piper-tts's own do, so none comes between them."""
    from piper import espeakbridge

    return ctypes.PyDLL(espeakbridge.__file__)


def free_voices(espeak: ctypes.CDLL) -> None:
    """Speak a blank, which nobody hears: voices that were set are taken over and freed (5 µs, in any state)."""
    _speak(espeak, " ")


def _speak(espeak: ctypes.CDLL, text: str) -> int:
    raw = text.encode(errors="ignore") + b"\0"
    utf8 = 1
    return int(espeak.espeak_Synth(raw, ctypes.c_size_t(len(raw)), 0, 0, 0, utf8, None, None))


class EspeakVoice:
    """Piper sets the library's voice anew each time, and so does this: only the thread must be shared."""

    _CODES = {"en": "en-us", "zh": "cmn", "no": "nb"}  # noqa: RUF012 - a constant

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._library: ctypes.CDLL | None = None
        self._parts: list[Pcm] = []

    def speaks(self, language: str) -> bool:
        """It tries; `say` fails where it doesn't."""
        return bool(language)

    def phonemes(self, text: str, language: str = "en") -> str:
        """How it says a text. Raises SpeechFailed."""
        try:
            from piper import espeakbridge

            self._library = self._library or self._load(espeakbridge)
            espeakbridge.set_voice(self._CODES.get(language, language))
            read = espeakbridge.get_phonemes(text)
            free_voices(self._library)
            return " ".join(part for part, *_ in read)
        except (ImportError, OSError, AttributeError, RuntimeError) as e:
            raise SpeechFailed(f"espeak can't read {text!r}: {e}", remedy=REMEDY) from e

    def say(self, sentence: str, language: str, speed: float | None = None) -> AudioClip:
        """Synthesize. `language`: with an accent and a speaker, too, as espeak names them: en-gb-scotland+f3."""
        self._parts = []
        try:
            from piper import espeakbridge

            self._library = self._library or self._load(espeakbridge)
            espeakbridge.set_voice(self._CODES.get(language, language))
            self._library.espeak_SetParameter(1, round(_WORDS_A_MINUTE * (speed or self._speed)), 0)
            self._library.espeak_SetSynthCallback(self._callback)
            try:
                failed = _speak(self._library, sentence)
            finally:
                self._library.espeak_SetSynthCallback(None)  # it is ours, and the library outlives us
            rate_hz = self._library.espeak_ng_GetSampleRate()
        except (ImportError, OSError, AttributeError, RuntimeError) as e:
            raise SpeechFailed(f"espeak can't speak {language!r}: {e}", remedy=REMEDY) from e
        if failed:
            raise SpeechFailed(f"espeak can't speak {language!r}: error {failed}", remedy=REMEDY)
        levelled = np.multiply(
            np.concatenate([*self._parts, np.zeros(0, np.int16)]), _AS_LOUD_AS_PIPER, dtype=np.float32
        )
        return AudioClip(levelled.astype(np.int16), rate_hz)

    def stop(self) -> None:
        """Too fast to be worth it."""

    def _load(self, espeakbridge: Any) -> ctypes.CDLL:
        from piper.phonemize_espeak import ESPEAK_DATA_DIR

        espeakbridge.initialize(str(ESPEAK_DATA_DIR))
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = callback(self._take)  # kept here: espeak holds no reference
        return ctypes.CDLL(espeakbridge.__file__)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).astype(np.int16))
        return 0
