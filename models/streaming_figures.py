"""A Piper voice streamed inside a clause against the clause at once: `python -m models.streaming_figures VOICE.onnx`.

Processor time of one thread to the first sound and to the last. Needs `pip install streaming-vits onnx`, which the
product doesn't; the voice split in two graphs goes to a temporary folder.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

TEXTS = (
    "Sure.",
    "Kitchen light on.",
    "It's 21.4 degrees in the living room.",
    "The capital of France is Paris, which lies on the Seine and has two million people.",
)
LEFT, RIGHT = 34, 28  # frames of context with which the sound is that of the whole to 2e-6
REPEATS = 7


def median_ms(job: Callable[[], object]) -> float:
    """Processor time of a job."""
    spent = []
    for _ in range(REPEATS):
        began_s = time.process_time()
        job()
        spent.append((time.process_time() - began_s) * 1000)
    return sorted(spent)[REPEATS // 2]


def main() -> None:
    """Print a row a text."""
    profile: Any = import_module("streaming_vits.profile").Profile()
    profile.left, profile.right = LEFT, RIGHT
    make: Any = import_module("streaming_vits.engine").StreamingTTS
    with tempfile.TemporaryDirectory() as cache:
        voice = make(sys.argv[1], profile=profile, threads=1, verbose=False, cache=cache, use_cached=False)
        phonemes = voice.phoneme_ids
        for text in TEXTS:
            ids = phonemes(text)
            voice.phoneme_ids = lambda _text, ids=ids: ids  # espeak's part is the same for both

            def chunks(text: str = text) -> Iterable[Any]:
                return iter(voice.stream(text))

            whole = median_ms(lambda ids=ids[0]: voice.decode_all(*voice.frontend(ids)))  # type: ignore[misc]
            first, every = median_ms(lambda: next(iter(chunks()))), median_ms(lambda: list(chunks()))
            print(f"at once {whole:.0f} ms, first chunk {first:.0f}, all chunks {every:.0f}: {text}", flush=True)


if __name__ == "__main__":
    main()
