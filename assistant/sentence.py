"""What has come of one sentence so far: what was done for it, what was said, and whether it goes on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.intents.amend import LOW_CONFIDENCE, Done, is_same
from assistant.stages import Call, Outcome, Say


@dataclass(slots=True)
class Sentence:
    """`language` is that of the latest words. `answers`: it answers a question."""

    language: str
    said: str = ""
    done: list[Done] = field(default_factory=list)
    before: tuple[Done, ...] = ()  # what was done for its beginning, and may have to be taken back
    answers: bool = False
    first: tuple[Call, ...] = ()  # the calls of its first reply that were clear

    def go_on(self) -> None:
        """There is more of it."""
        self.before = tuple(self.done)

    def say(self, say: Say) -> None:
        """Add to the answer."""
        self.said, self.language = f"{self.said} {say.text}".strip(), say.language

    def note(self, calls: Sequence[Call], outcomes: Sequence[Outcome]) -> None:
        """Take what became of the calls of one reply; to the whole sentence, it counts instead of the beginning."""
        if self.before:
            self.done, self.before, self.said = [], (), ""
        if not self.done:
            self.first = tuple(c for c, o in zip(calls, outcomes, strict=True) if o.error != LOW_CONFIDENCE)
        self.done += map(Done, calls, outcomes)

    def knows(self, calls: Sequence[Call]) -> bool:
        """Whether these calls are what it asked for already."""
        return len(calls) == len(self.first) and all(map(is_same, calls, self.first))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of its calls."""
        return tuple(done.outcome for done in self.done)
