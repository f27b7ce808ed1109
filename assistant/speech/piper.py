"""Piper's voices: a network each, spoken by one thread. Takes phonemes from espeak.

Measured, CPU: "Kitchen light on." 92 ms warm and 785 ms cold (imports 200, loading 435, first run 150).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ModelDamaged, ModelMissing, SpeechFailed
from assistant.speech import espeak
from assistant.speech.files import REMEDY
from assistant.stages import AudioClip

SEED = 1  # a voice's breath is drawn by chance: drawn alike in every process, figures and tests can be compared
_OTHER_CODES = {"cmn": "zh", "nb": "no"}  # espeak's names for languages


class PiperVoice:
    """A Piper model, `NAME.onnx` with `NAME.onnx.json` beside it. Loaded when it first speaks."""

    def __init__(self, model: Path, *, speed: float = 1.0) -> None:
        self.model = model
        try:
            self._config: dict[str, Any] = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
            self.language = _OTHER_CODES.get(code := str(self._config["espeak"]["voice"]).partition("-")[0], code)
            rate_hz = int(self._config.get("audio", {}).get("sample_rate", 22_050))
        except OSError as e:
            raise ModelMissing(f"{model}.json: {e.strerror}", remedy="put the voice's .onnx.json beside it") from e
        except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as e:
            raise ModelDamaged(
                f"{model}.json is no Piper voice's description", remedy="download the voice again"
            ) from e
        if not 8_000 <= rate_hz <= 96_000:
            raise ModelDamaged(f"{model}.json: {rate_hz} samples a second", remedy="download the voice again")
        self._speed = speed
        self._piper: Any = None
        self._espeak: Any = None

    def speaks(self, language: str) -> bool:
        """Whether this is the voice's language."""
        return language == self.language

    def say(self, sentence: str, language: str) -> AudioClip:
        """Synthesize; a whole answer keeps one loudness because no sentence is normalised."""
        del language
        try:
            from piper import SynthesisConfig

            self._piper = self._piper or self._load()
            form = SynthesisConfig(length_scale=self._piper.config.length_scale / self._speed, normalize_audio=False)
            self._espeak = self._espeak or espeak.library()
            try:
                parts = [chunk.audio_int16_array for chunk in self._piper.synthesize(sentence, form)]
            finally:
                espeak.free_voices(self._espeak)
        except Exception as e:  # onnxruntime and piper raise what they like; any of it means: no sound
            raise SpeechFailed(f"the voice {self.model.name} can't speak: {e}", remedy=REMEDY) from e
        return AudioClip(np.concatenate([*parts, np.zeros(0, np.int16)]), self._piper.config.sample_rate)

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
        options.enable_mem_pattern = False  # it would keep a plan for every length of a sentence
        onnxruntime.set_seed(SEED)  # type: ignore[attr-defined]
        session = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
            str(self.model), options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        stoppable: Any = _Stoppable(session, onnxruntime.RunOptions)  # type: ignore[attr-defined]
        return piper.PiperVoice(session=stoppable, config=PiperConfig.from_dict(self._config))


class _Stoppable:
    """The one method of a session that piper calls, with a way to end it from outside.

    onnxruntime keeps what the longest sentence needed, in blocks that double: 150 sentences took 208 MB more than the
    first. With all given back after each, and no plans kept, 60 to 90, for 9 % more time.
    """

    def __init__(self, session: Any, options: Callable[[], Any]) -> None:
        self._session = session
        self._new_options = options
        self._options = options()

    def run(self, outputs: Any, feed: Any) -> Any:
        self._options = self._new_options()
        self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        return self._session.run(outputs, feed, self._options)

    def stop(self) -> None:
        self._options.terminate = True
