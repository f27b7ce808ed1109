"""Tones of a voice -> whether the person speaks, or somebody beside them: another person, a television. Pure.

Another voice is lower as a rule, of another colour, or both, and counts by how far it is from the person's. `Sinking`
tells it without a pause: 3 dB from the last two seconds. `BehindPause` tells it sooner, the farther it is and the
longer it lasts; soonest where everything was said before the pause.
"""

from collections import deque

from assistant.timbre import Tone, Voice

OTHER_DB = 3.0
LATELY_CHUNKS = 40  # 800 ms: a word or two
QUIET = 10 ** (-8 / 10)
KEPT = 1 - 1 / 100  # of what is known after each chunk: 2 s count, for a voice sinks in a long sentence
KNOWN_CHUNKS = 25  # half a second of voice: before that nobody knows how the person sounds
BEFORE_CHUNKS = 35  # 0.7 s of voice before the pause: "Hey Gemma," is often louder than what follows
# So many voiced chunks behind a pause, and how far they are at least: where everything was said before it, and where
# not. Sooner, more thoughts are cut off.
ALL_SAID = ((25, 5.0), (40, 3.0), (60, 2.0))
MORE_TO_COME = ((40, 6.0), (55, 4.0), (60, 3.0))
SUSPECT_CHUNKS, SUSPECT_DB = 10, 6.0  # what is so far goes on behind its own pauses


class Sinking:
    """How the person sounds without a pause, and whether what is heard now is that voice."""

    def __init__(self) -> None:
        self._recent: deque[Voice] = deque(maxlen=LATELY_CHUNKS)
        self._lately = Voice()  # all of these
        self._person = Voice()
        self._chunks = 0

    def holds(self, tone: Tone) -> bool:
        """Take one more voiced chunk."""
        if len(self._recent) == LATELY_CHUNKS:
            oldest = self._recent[0]
            self._lately += oldest * -1
            self._person = self._person * KEPT + oldest
            self._chunks += 1
        self._recent.append(self._lately.chunk(tone))
        self._lately += self._recent[-1]
        return self._chunks < KNOWN_CHUNKS or self.is_within(OTHER_DB)

    def is_quiet(self, tone: Tone) -> bool:
        """Whether a chunk is so faint beside the last 800 ms of voice that no word can be in it."""
        return self._lately.is_fainter(tone, QUIET)

    def is_within(self, other_db: float) -> bool:
        """Whether the last 800 ms of voice were no farther than this from the person's."""
        return not self._chunks or self._person.other_db(self._lately) < other_db


class BehindPause:
    """The person's voice before the last pause, and what is heard behind it."""

    def __init__(self) -> None:
        self._before, self._behind = Voice(), Voice()
        self.all_said = False
        self._paused = False

    @property
    def chunks(self) -> float:
        """How many voiced ones there are behind the pause."""
        return self._behind.count

    @property
    def other_db(self) -> float:
        """How far what is behind the pause is from the person's voice before it."""
        return self._before.other_db(self._behind)

    def go_on(self, *, all_said: bool) -> bool:
        """A voice is heard behind a pause. `all_said`: the model made a whole call of what was heard before.

        So all of that was the person's. So is what follows too little to be known by. False: it was far off before
        the pause already, and is the same stretch.
        """
        is_persons = all_said or self._before.count < BEFORE_CHUNKS
        if not is_persons and self.chunks >= SUSPECT_CHUNKS and self.other_db >= SUSPECT_DB:
            return False
        if is_persons:
            self._before += self._behind
        self._behind = Voice()
        self.all_said, self._paused = all_said, True
        return True

    def is_another(self, tone: Tone) -> bool:
        """Take one more voiced chunk; whether what is behind the pause isn't the person."""
        if not self._paused:
            self._before = self._before.hearing(tone)
            return False
        self._behind = self._behind.hearing(tone)
        steps, chunks = ALL_SAID if self.all_said else MORE_TO_COME, self.chunks
        if self._before.count < BEFORE_CHUNKS or chunks < steps[0][0]:
            return False
        other_db = self.other_db
        return any(chunks >= enough and other_db >= least for enough, least in steps)
