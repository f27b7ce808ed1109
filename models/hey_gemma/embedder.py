"""The feature models over a whole sound at once, for making data.

Equal to `assistant.wake.Features` to the last bit; knows nothing of words, voices or shards. Needs the package onnx.
"""

from importlib import import_module
from typing import Any

import numpy as np

from assistant.stages import Pcm
from assistant.wake import EMBEDDING_SIZE, FRAME_SAMPLES, MEL_BINS, OVERLAP_SAMPLES, Features, Floats, features_folder


class Embedder(Features):
    """The embeddings of a whole sound at once: what `Features` gives from a reset on, at a sixth of the cost.

    The speech embedding is convolutions only, so over a long melspectrogram it gives one for every 80 ms.
    """

    def __init__(self) -> None:
        super().__init__()
        onnx: Any = import_module("onnx")  # heavy: only where shards are made
        onnxruntime: Any = import_module("onnxruntime")
        model = onnx.load(features_folder() / "embedding_model.onnx")
        first, last = (node for node in model.graph.node if node.op_type == "Reshape")
        batch, time = model.graph.input[0].type.tensor_type.shape.dim[:2]
        batch.dim_value, time.dim_param = 1, "time"
        shape = next(item for item in model.graph.initializer if item.name == first.input[1])
        shape.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 1, -1, MEL_BINS]), shape.name))
        model.graph.node.remove(last)
        del model.graph.output[:], model.graph.value_info[:]
        model.graph.output.append(onnx.helper.make_tensor_value_info(last.input[0], 1, [1, EMBEDDING_SIZE, None, 1]))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._whole = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def embeddings(self, pcm: Pcm) -> Floats:
        """Shape (frames, 96), for every full 80 ms."""
        sound = np.concatenate([np.zeros(OVERLAP_SAMPLES, dtype=np.int16), pcm])
        starts = range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
        mel = [self._mel_frames(sound[start : start + OVERLAP_SAMPLES + FRAME_SAMPLES]) for start in starts]
        window = np.concatenate([self._silent_mel, *mel])[len(mel[0]) :]
        (found,) = self._whole.run(None, {"input_1": window[None, :, :, None]})
        return np.asarray(found[0, :, :, 0].T, dtype=np.float32)
