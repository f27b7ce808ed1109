"""Text -> clauses, each in its language -> sound, from the best voice that speaks it.

Everything native runs in one thread of its own, because espeak's library keeps global state. A prepared phrase isn't
synthesized; of anything else the first clause is, and the next piece while that is heard. Abandoning the iterator stops
the work at the next piece. Knows neither the turn nor the speaker.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from assistant.config import SpeechConfig
from assistant.errors import ModelError, SpeechFailed
from assistant.speech import files, japanese, pacing
from assistant.speech.espeak import EspeakVoice
from assistant.speech.japanese import JapaneseVoice
from assistant.speech.phrases import PhraseStore, voice_key
from assistant.speech.piper import PiperVoice
from assistant.speech.spoken import NOT_LATIN, clauses, sentences, spans
from assistant.stages import AudioClip

_LOG = logging.getLogger(__name__)
_EDGE_S = 0.004
NO_VOICE = "Sorry, I have no voice for that language."


class SentenceVoice(Protocol):
    """One voice, synchronous, at full volume; always called from the same thread, but for `stop`."""

    def speaks(self, language: str) -> bool:
        """Whether it speaks the language, an ISO 639-1 code."""

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize one sentence. Raises SpeechFailed."""

    def stop(self) -> None:
        """Let `say` fail at once if it is under way. From any thread."""


class Voices:
    """A Voice that picks by language, and lets espeak speak where Piper has no voice or fails.

    Raises ModelMissing if the configured voice isn't there. `folders`: where NAME.onnx may lie; `phrases`: where
    prepared phrases are kept, None: there are none.
    """

    def __init__(self, config: SpeechConfig, folders: Sequence[Path] = (), phrases: Path | None = None) -> None:
        self._voices, self._models = _found(config, folders)
        self.volume = config.volume  # 0 to 1, from the next piece on
        self._config = config
        self._folder = phrases
        self._store: PhraseStore | None = None
        self._latin = "en" if config.language in NOT_LATIN else config.language
        self._factor = pacing.START_FACTOR
        self._lock = threading.Lock()
        self._preparing = False  # what is under way is for nobody
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="speech")

    async def warm_up(self, language: str = "en") -> None:
        """Load the voice and speak a word unheard: the first sentence would pay for it otherwise."""
        if self._folder is not None:
            await asyncio.wrap_future(self._thread.submit(self._open_store, self._folder))
        await asyncio.wrap_future(self._thread.submit(self._say, "Ready.", language))

    async def clips(self, text: str, language: str, ahead_s: float = 0.0) -> AsyncIterator[AudioClip]:
        """Speak piece by piece; `ahead_s` of sound waits to be heard already. Raises SpeechFailed."""
        said = [(s, of) for part, of in spans(text, language, self._latin) for s in sentences(part, of)]
        ready = {sentence for sentence, of in said if self._store is not None and self._store.has(sentence, of)}
        cut = [(of, [sentence] if sentence in ready else clauses(sentence)) for sentence, of in said]
        parts = [(piece, cut[at][0]) for at, piece in pacing.pieces([c for _, c in cut], self._factor, ahead_s)]
        first = 1 if not parts or parts[0][0] in ready else pacing.held([p for p, _ in parts], self._factor, ahead_s)
        submitted: list[Future[AudioClip]] = []
        waiting: list[AudioClip] = []
        try:
            for part, of in parts:
                submitted.append(self._thread.submit(self._recall if part in ready else self._measure, part, of))
                if len(submitted) > 1:  # one is in the making while another is heard
                    waiting.append(await asyncio.wrap_future(submitted.pop(0)))
                if len(waiting) >= first:
                    for clip in waiting:
                        yield self._finished(clip)
                    waiting, first = [], 1
            while submitted:
                waiting.append(await asyncio.wrap_future(submitted.pop(0)))
            for clip in waiting:
                yield self._finished(clip)
        finally:
            for abandoned in submitted:
                abandoned.cancel()

    def keep_only(self, texts: Sequence[str]) -> None:
        """Throw away prepared phrases but these, and those of other voices."""
        if self._store is not None:
            language = self._config.language
            self._store.keep_only([(sentence, language) for text in texts for sentence in sentences(text, language)])

    async def prepare(self, text: str) -> bool | None:
        """Make a phrase ahead. True: made; False: it was there; None: no room for more, or it isn't kept.

        Raises SpeechFailed, also when `abandon` was called.
        """
        return await asyncio.wrap_future(self._thread.submit(self._prepare, text, self._config.language))

    def abandon(self) -> None:
        """Stop making the phrase under way, if it isn't for somebody."""
        with self._lock:
            if self._preparing:
                for voice in self._voices:
                    voice.stop()

    async def aclose(self) -> None:
        """End the thread; a sentence under way is finished, unheard."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _open_store(self, folder: Path) -> None:
        model = self._models.get(self._config.language)
        try:
            key = voice_key(self._config.voice, model, self._config.speed)
        except OSError as e:
            _LOG.warning("%s: %s; no phrases are prepared", model, e.strerror)
            return
        self._store = PhraseStore(folder, key, limit=round(self._config.prepared_mb * 1e6))

    def _prepare(self, text: str, language: str) -> bool | None:
        if self._store is None:
            return None
        made = False
        for sentence in sentences(text, language):
            if self._store.get(sentence, language) is not None:
                continue
            self._preparing = True
            try:
                voice = next(voice for voice in self._voices if voice.speaks(language))
                clip = voice.say(sentence, language)  # never another voice in its place: it would stay
            finally:
                with self._lock:
                    self._preparing = False
            if not self._store.put(sentence, language, clip):
                return None
            made = True
        return made

    def _recall(self, sentence: str, language: str) -> AudioClip:
        clip = self._store.get(sentence, language) if self._store is not None else None
        return self._say(sentence, language) if clip is None else clip

    def _measure(self, sentence: str, language: str) -> AudioClip:
        began_s = time.perf_counter()
        clip = self._say(sentence, language)
        self._factor = pacing.measured(self._factor, time.perf_counter() - began_s, clip.duration_s)
        return clip

    def _finished(self, clip: AudioClip) -> AudioClip:
        """As loud as it shall be, from and to silence: where clips meet nothing clicks."""
        levels = np.full(len(clip.samples), self.volume, np.float32)
        edge = min(round(_EDGE_S * clip.rate_hz), len(levels) // 2)
        ramp = np.linspace(0, 1, edge, endpoint=False, dtype=np.float32)
        levels[:edge] *= ramp
        levels[len(levels) - edge :] *= ramp[::-1]
        return AudioClip((clip.samples * levels).astype(np.int16), clip.rate_hz)

    def _say(self, sentence: str, language: str) -> AudioClip:
        failure: SpeechFailed | None = None
        for voice in self._voices:
            if voice.speaks(language):
                try:
                    return voice.say(sentence, language)
                except SpeechFailed as e:
                    _LOG.warning("%s (%s)", e.message, e.remedy)
                    failure = e
        failure = failure or SpeechFailed(f"no voice speaks {language!r}", remedy=files.REMEDY)
        if language == "en":
            raise failure
        try:
            return self._say(NO_VOICE, "en")  # the text is shown all the same
        except SpeechFailed:
            raise failure from None


def _found(config: SpeechConfig, folders: Sequence[Path]) -> tuple[list[SentenceVoice], dict[str, Path]]:
    """All voices that are there, the best first, and the files of those that have one, by language."""
    chosen = files.find_voice(config.voice, folders)
    voices = [] if chosen is None else [PiperVoice(chosen, speed=config.speed)]
    for path in files.fetched(folders).values() if config.voice != files.ESPEAK else ():
        try:
            voices.append(PiperVoice(path, speed=config.speed))
        except ModelError as e:
            _LOG.warning("%s (%s)", e.message, e.remedy)
    models: dict[str, Path] = {}
    for voice in voices:
        models.setdefault(voice.language, voice.model)
    others: list[SentenceVoice] = [JapaneseVoice(speed=config.speed)] if japanese.is_installed() else []
    return [*voices, *others, EspeakVoice(speed=config.speed)], models
