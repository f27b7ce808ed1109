"""From an answer to its first sample on a private sound server: `taskset -c 0 python -m tests.first_sound [FOLDER]`.

Wall clock, through Voices, Mouth and SoundSpeaker, the stream open as it is after the sound for the wake word. "Begun":
the first clip is handed to the speaker, which is what `reply_audio_started` tells; "heard": its first
sample comes out, the device's buffer included. Phrases of FOLDER, else of the cache, aren't made again.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.speaker import SoundSpeaker
from assistant.config import SpeechConfig
from assistant.events import Event, ReplyAudioStarted
from assistant.mouth import Mouth
from assistant.places import cache_dir
from assistant.speech.voices import Voices
from tests.sound_server import sound_server

PREPARED = ("Kitchen light on.", "Living room light off.", "Sorry, I didn't understand that.")
GENERATED = (
    "It's 21.4 degrees in the living room.",
    "The capital of France is Paris, which lies on the Seine and has two million people.",
)
REPEATS = 5


async def measure(folder: Path) -> None:
    """Print a row a text: the median of some times."""
    clock, events = WallClock(), list[Event]()
    voices, speaker = Voices(SpeechConfig(), phrases=folder), SoundSpeaker(Sound(), clock)
    mouth = Mouth(voices, speaker, {}, now_ms=lambda: clock.now_s() * 1000, heard_ms=lambda: 0.0)
    failures: list[Exception] = []
    mouth.attach(events.append, failures.append)
    await voices.warm_up()
    for text in PREPARED:
        await voices.prepare(text)
    for text in (*PREPARED, *GENERATED):
        rows = []
        for _ in range(REPEATS):
            await speaker.open()
            events.clear()
            asked_s, first_s = clock.now_s(), None
            mouth.speak(text, "en")
            mouth.finish()
            while first_s is None:  # of an answer in pieces the first one's
                await asyncio.sleep(0.005)
                first_s = speaker.first_sample_s if events else None
            await mouth.wait()
            began = next(event for event in events if isinstance(event, ReplyAudioStarted))
            rows.append((began.at_ms - asked_s * 1000, (first_s - asked_s) * 1000))
        begun, heard = (sorted(column)[REPEATS // 2] for column in zip(*rows, strict=True))
        kind = "prepared" if text in PREPARED else "generated"
        sys.stdout.write(f"{kind}: begun after {begun:.1f} ms, heard after {heard:.0f} ms: {text}\n")
    await mouth.aclose()
    await voices.aclose()
    assert not failures


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as server, sound_server(Path(server)):
        asyncio.run(measure(Path(sys.argv[1]) if len(sys.argv) > 1 else cache_dir() / "phrases"))
