"""The Japanese voice: Open JTalk with "Mei", all inside pyopenjtalk-plus. Reads kanji, and English words in kana.

Opens nothing but its own files. Measured, CPU on one thread: real-time factor 0.043, 0.33 s to load, 110 MB resident.
"""

import importlib.util
from typing import Any

import numpy as np

from assistant.errors import SpeechFailed
from assistant.stages import AudioClip

LANGUAGE = "ja"
LONGEST = 120  # the filter runs away in what has no pause: 200 letters gave 6e63
_AS_LOUD_AS_PIPER = 0.5  # peaks of 37,000 are usual, more than 16 bits hold
_LOUDEST = 100_000.0
_REMEDY = "pip install --force-reinstall pyopenjtalk-plus; until then espeak speaks Japanese"


class JapaneseVoice:
    """Loaded when it first speaks."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._engine: Any = None

    def speaks(self, language: str) -> bool:
        """Only Japanese."""
        return language == LANGUAGE

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize. Raises SpeechFailed, also for what has no sound in Japanese."""
        del language
        if sum(3 if c.isascii() and c.isalpha() else 1 for c in sentence) > LONGEST:  # letters are spelled out
            raise SpeechFailed("too long for the Japanese voice", remedy="none: espeak says it")
        try:
            self._engine = self._engine or _load()
            wave, rate_hz = self._engine.tts(sentence, speed=self._speed)
        except Exception as e:  # what it raises is nowhere written; any of it means: no sound
            raise SpeechFailed(f"the Japanese voice can't speak: {e}", remedy=_REMEDY) from e
        if not len(wave) or not np.abs(wave).max() < _LOUDEST:
            raise SpeechFailed(f"no Japanese sound for {sentence[:20]!r}", remedy="none: espeak says it")
        levelled = np.clip(wave * _AS_LOUD_AS_PIPER, -32_768, 32_767)
        return AudioClip(levelled.astype(np.int16), int(rate_hz))

    def stop(self) -> None:
        """Too fast to be worth it: 0.15 s at most."""


def is_installed() -> bool:
    """Whether there is such a voice here, without loading it."""
    return importlib.util.find_spec("pyopenjtalk") is not None


def _load() -> Any:
    import pyopenjtalk

    return pyopenjtalk
