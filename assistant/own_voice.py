"""Whether our own voice said the wake word: the same detector listens to what the loudspeaker is given. Pure.

A wake that the loudspeaker explains isn't one, however little of the echo is cancelled; neither is one in sound of
which nearly as much as ever was echo, until a moment ago. A person who says the word in the same second as our own
voice isn't heard. Knows no room; costs as much as the wake word, and only while something is played.
"""

from collections import deque

from assistant.near_voice import NearVoice
from assistant.stages import AudioChunk, WakeDetector

MAYBE = 0.1  # of the microphone: somebody may have said the word, and our own voice had better be quieter
EXPLAINS = 0.08  # of the reference, which is clean: the room can make the word of less than that (docs/RESULTS.md)
EXPLAINS_NEW = 0.02  # while the echo isn't known yet: what is left of it is louder, and stranger
WITHIN_MS = 1000.0  # between the word in the reference and in the microphone: delay, room, and the detector's frames
MOST_DB = 15.0  # of an hour of our own voice 20 to 27 were taken out; with a person 10 dB under it, 4 to 14
BELOW_DB = 3.0  # a person at least takes so much from what is taken out as a rule
LASTS_CHUNKS = 13  # so long it has been less, for a word takes its time: what clips is over at once
KNOWN_DB = 8.0  # so much is taken out as a rule where the echo is known
AT_ONCE = 0.1  # share of 20 ms in what is taken out now: 200 ms
SLOWLY, QUICKLY = 0.0005, 0.02  # share of 20 ms in what is usual, downward and upward: 40 s, 1 s
QUIET_MS = 1500.0  # after so long without a sound the past is forgotten, and nothing is computed


class OwnVoice:
    """Takes every chunk; `detector` is its alone."""

    def __init__(self, detector: WakeDetector) -> None:
        self._detector = detector
        self._high: deque[float] = deque(maxlen=64)  # places where the reference sounds like the word
        self._quiet_ms = QUIET_MS
        self._lately: deque[float] = deque(maxlen=LASTS_CHUNKS)
        self._near = NearVoice()
        self._usual_db = 0.0  # taken out while we speak; a person who talks over it hardly changes it
        self._now_db = self._best_db = 0.0  # taken out, and at best, since we began to speak: the delay may be another

    @property
    def speaks(self) -> bool:
        """Whether something is played, or was a moment ago."""
        return self._quiet_ms < QUIET_MS / 3

    def is_taken_out(self, chunk: AudioChunk) -> bool:
        """Whether we speak, and our voice is taken out of what is heard: then less may count as the word."""
        return self.speaks and self._knows and chunk.echo.taken_db > 0

    def is_over(self, chunk: AudioChunk) -> bool:
        """Whether somebody talks in it, clearly louder than what is left of our own voice.

        Not before its echo is located, or taken out: each time the speaker is opened its delay may be another.
        """
        if not self.speaks:
            return True
        is_known = self._best_db >= KNOWN_DB and not chunk.echo.is_whole
        return is_known and self.is_taken_out(chunk) and self._near.is_clear

    @property
    def beside_talk(self) -> bool:
        """Whether somebody talked just before a word that ends now: then it takes more to be meant for us."""
        return self._near.talked

    def hear(self, chunk: AudioChunk) -> None:
        """Take what was played with this chunk."""
        self._lately.append(chunk.echo.taken_db)
        self._near.hear(chunk, self._usual_db, self._best_db)
        if chunk.played is not None:
            if not self.speaks or chunk.echo.is_whole:
                self._now_db = self._best_db = 0.0
            self._quiet_ms = 0.0
            self._now_db += AT_ONCE * (chunk.echo.taken_db - self._now_db)
            self._best_db = max(self._best_db, self._usual_db if chunk.echo.located else self._now_db)
            more_db = chunk.echo.taken_db - self._usual_db
            self._usual_db += (QUICKLY if more_db > 0 else SLOWLY) * more_db
        elif self._quiet_ms >= QUIET_MS:
            return
        else:
            self._quiet_ms += chunk.end_ms - chunk.start_ms
            if self._quiet_ms >= QUIET_MS:
                self._detector.reset()
                return
        score = self._detector.score(chunk.samples * 0 if chunk.played is None else chunk.played)
        if score is not None and score >= (EXPLAINS if self._knows else EXPLAINS_NEW):
            self._high.append(chunk.end_ms)

    def explains(self, chunk: AudioChunk) -> bool:
        """Whether a word that was heard just now, at the end of this chunk, was our own."""
        return self.drowns() or any(0 <= chunk.end_ms - place_ms <= WITHIN_MS for place_ms in self._high)

    def covers(self, chunk: AudioChunk, score: float) -> bool:
        """Whether our voice may have covered somebody's word; an hour of ours alone seems so once."""
        return score >= MAYBE and self.is_taken_out(chunk) and not self.explains(chunk)

    def drowns(self) -> bool:
        """Whether a moment ago nearly all was our own voice: what is left of it can sound like anything."""
        return max(self._lately, default=0.0) > (min(MOST_DB, self._usual_db - BELOW_DB) if self._knows else MOST_DB)

    @property
    def _knows(self) -> bool:
        return self._usual_db >= KNOWN_DB
