"""Whether our own voice said the wake word: the same detector listens to what the loudspeaker is given. Pure.

A wake that the loudspeaker explains isn't one, however little of the echo is cancelled; neither is one in sound that
was nearly all echo. A person who says the word in the same second as our own voice isn't heard. Knows no room; costs as
much as the wake word, and only while something is played.
"""

from collections import deque

from assistant.stages import AudioChunk, WakeDetector

EXPLAINS = 0.08  # of the reference, which is clean: the room can make the word of less than that (docs/RESULTS.md)
WITHIN_MS = (
    1000.0  # between the word in the reference and in the microphone: delay, room, and the detector's own frames
)
MOST_DB = 15.0  # of an hour of our own voice 20 to 27 were taken out; with a person 10 dB under it, 9
SOME_DB = 1.0
QUIET_MS = 1500.0  # after so long without a sound the past is forgotten, and nothing is computed


class OwnVoice:
    """Takes every chunk; `detector` is its alone."""

    def __init__(self, detector: WakeDetector) -> None:
        self._detector = detector
        self._high: deque[float] = deque(maxlen=64)  # places where the reference sounds like the word
        self._quiet_ms = QUIET_MS

    @property
    def speaks(self) -> bool:
        """Whether something is played, or was a moment ago."""
        return self._quiet_ms < QUIET_MS / 3

    def is_taken_out(self, chunk: AudioChunk) -> bool:
        """Whether we speak, and our voice is taken out of what is heard: then less may count as the word."""
        return self.speaks and chunk.taken_db > SOME_DB

    def hear(self, chunk: AudioChunk) -> None:
        """Take what was played with this chunk."""
        if chunk.played is not None:
            self._quiet_ms = 0.0
        elif self._quiet_ms >= QUIET_MS:
            return
        else:
            self._quiet_ms += chunk.end_ms - chunk.start_ms
            if self._quiet_ms >= QUIET_MS:
                self._detector.reset()
                return
        score = self._detector.score(chunk.samples * 0 if chunk.played is None else chunk.played)
        if score is not None and score >= EXPLAINS:
            self._high.append(chunk.end_ms)

    def explains(self, chunk: AudioChunk) -> bool:
        """Whether a word that was heard just now, at the end of this chunk, was our own."""
        return self.drowns(chunk) or any(0 <= chunk.end_ms - place_ms <= WITHIN_MS for place_ms in self._high)

    @staticmethod
    def drowns(chunk: AudioChunk) -> bool:
        """Whether there was next to nothing but our own voice: what is left of it can sound like anything."""
        return chunk.taken_db > MOST_DB
