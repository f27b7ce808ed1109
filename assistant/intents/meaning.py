"""Which things of a home a saying may mean, when it isn't a name as it stands. Pure.

Gives candidates; whether one of several is meant, names.py decides. A saying is a row of words, and every one of them
must be in the thing's name, or name its room or its kind. 500 names are indexed and searched in 25 ms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.intents.alike import (
    ADJECTIVES,
    EVERY,
    JOINTS,
    KINDS,
    SAME,
    canonical,
    clean,
    key,
    room_words,
    rooms_in,
    slips,
)

Words = tuple[str, ...]
MOST_WORDS = 12
_HERE = (("this", "room"), ("here",))


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing in the home. `id` is `domain.object`; the first of `names` is the one that answers use.

    Names and area are cleaned: whoever named a thing can't speak to the model or through the voice.
    """

    id: str
    names: tuple[str, ...]
    area: str | None = None

    def __post_init__(self) -> None:
        names = tuple(filter(None, map(clean, self.names)))
        object.__setattr__(self, "names", names or (self.id.partition(".")[2].replace("_", " "),))
        object.__setattr__(self, "area", None if self.area is None else clean(self.area) or None)

    @property
    def domain(self) -> str:
        """Its kind: light, cover, lock ..."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """What it is called in answers."""
        return self.names[0]


class Meaning:
    """The index of one home: every name in its canonical form."""

    def __init__(self, entities: Sequence[Entity], areas: Sequence[str], here: str | None) -> None:
        self._entities = entities
        self._rooms = rooms_in(areas)
        self._names = {e.id: [sorted(self.words(name)) for name in e.names] for e in entities}
        called = [(self.words(area), area) for area in areas]
        called += [(words, here) for words in _HERE if here is not None]
        self._areas = sorted((c for c in called if c[0]), key=lambda c: -len(c[0]))
        spoken = [*(name for e in entities for name in e.names), *areas]
        self._spoken = {word for name in spoken for word in key(name).split()}

    def words(self, said: str) -> Words:
        """The words of a saying that count; of a very long one none."""
        words = canonical(said, self._rooms)
        return words if len(words) <= MOST_WORDS else ()

    def things(self, words: Words, area: str | None) -> list[Entity]:
        """Things whose name has these words in any order, with the room and the kind that may be said with it."""
        mention, rest = self.mention(words)
        near = [e for e in self._entities if area in (None, e.area) or e.area is None]
        within = [e for e in near if mention is not None and e.area == mention]
        for things, said in ((near, words), (within, rest)):
            if not said:
                continue
            if found := [e for e in things if sorted(said) in self._names[e.id]]:
                return found
            if found := [e for e in things if self._with_kind(e, said)]:
                return found
        return self.of_kind(words, area)

    def of_kind(self, words: Words, area: str | None) -> list[Entity]:
        """Things meant by a kind, a room and nothing else: "fan", "office lamp", "lights in the lounge"."""
        mention, rest = self.mention(words)
        if area not in (None, mention):
            mention, rest = area, words
        if len(rest) != 1 or (domain := KINDS.get(rest[0])) is None:
            return []
        return [e for e in self._entities if e.domain == domain and mention in (None, e.area)]

    def mention(self, words: Words) -> tuple[str | None, Words]:
        """The room that is named among the words, and the other words."""
        for room, area in self._areas:
            for at in range(len(words) - len(room) + 1):
                if words[at : at + len(room)] == room:
                    return area, words[:at] + words[at + len(room) :]
        return None, words

    def bare(self, words: Words) -> Words:
        """Leave out what only describes: "the big lamp". A word that some name has tells things apart, and stays."""
        return tuple(word for word in words if word not in ADJECTIVES or word in self._spoken)

    def mended(self, said: str) -> Iterator[Words]:
        """The readings with one letter of one word put right. A bare kind isn't mended: nothing else supports it."""
        known = self._spoken | KINDS.keys() | {word for room in self._rooms for word in room.split()}
        taken = known | room_words() | ADJECTIVES | EVERY | JOINTS | SAME.keys()
        words = key(said).split()
        for at, word in enumerate(words if len(words) <= MOST_WORDS else ()):
            for other in slips(word, known) if word not in taken else ():
                reading = self.words(" ".join([*words[:at], other, *words[at + 1 :]]))
                if not set(reading) <= KINDS.keys():
                    yield reading

    def _with_kind(self, entity: Entity, said: Words) -> bool:
        """Whether it is called so, but for a word too many that says what it is: "radio speaker"."""
        for at, word in enumerate(said if len(said) > 1 else ()):
            if KINDS.get(word) == entity.domain and sorted(said[:at] + said[at + 1 :]) in self._names[entity.id]:
                return True
        return False
