"""What preparing the demo home's phrases costs, and how soon prepared and other answers begin: processor time.

python -m tests.phrase_figures [FOLDER]: phrases that are in FOLDER already aren't made again.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from assistant.config import SpeechConfig
from assistant.intents import sayings
from assistant.intents.demo_home import DemoHome
from assistant.speech.voices import Voices

OTHERS = (
    "Sure.",
    "It's 21.4 degrees in the living room.",
    "The capital of France is Paris, which lies on the Seine and has two million people.",
)
REPEATS = 7


async def first_ms(voices: Voices, text: str) -> float:
    """Processor time to the first clip, in ms: the median."""
    spent = []
    for _ in range(REPEATS):
        began_s = time.process_time()
        clips = voices.clips(text, "en")
        await anext(clips)
        spent.append((time.process_time() - began_s) * 1000)
        await asyncio.to_thread(voices._thread.submit(int).result)  # what was begun behind it isn't the next one's
    return sorted(spent)[REPEATS // 2]


async def measure(folder: Path) -> None:
    """Print the table."""
    voices = Voices(SpeechConfig(), phrases=folder)
    await voices.warm_up()
    texts = sayings.phrases(DemoHome().seen())
    began_s = time.process_time()
    made = [await voices.prepare(text) for text in texts]
    spent_s = time.process_time() - began_s
    sys.stdout.write(
        f"{len(texts)} phrases, {sum(map(bool, made))} made in {spent_s:.1f} CPU-s, {_mb(folder):.1f} MB\n"
    )
    for text in (texts[5], *OTHERS):
        sys.stdout.write(f"{await first_ms(voices, text):7.1f} ms to the first clip: {text}\n")
    await voices.aclose()


def _mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*/*")) / 1e6


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(measure(Path(sys.argv[1] if len(sys.argv) > 1 else temporary)))
