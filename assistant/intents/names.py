"""What people say -> entities. Pure.

A name counts exactly, but for case, articles and plural. Then the same words in another order, another name of a room,
or a kind of device ("fan", "all the lights"), where the assistant's own room decides. Then without adjectives or with a
letter put right (meaning.py), which lead to one thing or to a question. Every word must be accounted for: a name that
it doesn't know never falls back to an area or a domain, and nothing happens. Knows no states and no services.
A name among 20 entities is found in 0.1 ms, one with a wrong letter in 1.6 ms.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assistant.errors import CallFailed
from assistant.intents.alike import ARTICLES, EVERY, KINDS, clean, key, plural, singular, split
from assistant.intents.meaning import Entity, Meaning
from assistant.intents.words import listing
from assistant.stages import Value

__all__ = ["Directory", "Entity", "key", "speakable"]

_NOUNS: Mapping[str, str] = {"cover": "blind", "media_player": "speaker", "switch": "switch", "climate": "thermostat"}


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything exposed. `here` is the area that the assistant stands in."""

    entities: Sequence[Entity]
    areas: Sequence[str] = ()
    here: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "areas", tuple(filter(None, map(clean, self.areas))))
        object.__setattr__(self, "here", None if self.here is None else clean(self.here) or None)

    def resolve(
        self, arguments: Mapping[str, Value], domains: AbstractSet[str], *, implied: bool = False
    ) -> tuple[Entity, ...]:
        """The entities that the slots `name`, `area` and `domain` mean, for a tool that works on `domains`.

        `implied`: without slots the tool means the only such thing here or in the home (the music, the heating).
        Raises CallFailed (unknown_name, unknown_area, unknown_domain, not_found, which_one, no_target, not_supported).
        """
        area = self._area(arguments)
        domain = self._domain(arguments)
        if "name" in arguments:
            found = self._named(str(arguments["name"]), area, domains if domain is None else {domain})
        elif domain is not None or area is not None:
            wanted = domains if domain is None else {domain}
            found = tuple(e for e in self.entities if e.domain in wanted and area in (None, e.area))
            if not found:
                raise CallFailed(f"There's no {_noun(domain)}{_in(area)}.", code="not_found")
        elif implied:
            found = self._choose([e for e in self.entities if e.domain in domains], plural=False)
        else:
            raise CallFailed("You didn't say what.", code="no_target", remedy="name a thing or a room")
        fitting = tuple(e for e in found if e.domain in domains)
        if not fitting:
            what = f"the {found[0].name}" if found else "anything here"
            raise CallFailed(f"I can't do that with {what}.", code="not_supported")
        return fitting

    def weather(self) -> Entity:
        """The weather, which nobody can name: of several, the one here, or one called so, or home, or the first.

        Raises CallFailed (not_found).
        """

        def unlikely(e: Entity) -> tuple[bool, bool, bool, str]:
            called = {"weather", "home"} & set(map(key, e.names))
            return e.area is None or e.area != self.here, not called, "home" not in e.id, e.id

        there = [e for e in self.entities if e.domain == "weather"]
        if not there:
            raise CallFailed("I don't know any weather.", code="not_found")
        return min(there, key=unlikely)

    def vocabulary(self, domains: AbstractSet[str]) -> tuple[str, ...]:
        """Every word for things of `domains`: their names, those for their kinds, and for what was meant last."""
        there = domains & {e.domain for e in self.entities}
        names = _as_said(name for e in self.entities if e.domain in domains for name in e.names)
        kinds = [word for word, domain in KINDS.items() if domain in there]
        pronouns = ("it", "them") if there else ()
        return tuple(dict.fromkeys([*names, *kinds, *(f"{kind}s" for kind in kinds), *pronouns]))

    def rooms(self) -> tuple[str, ...]:
        """Every word for a room."""
        return tuple(_as_said(self.areas))

    def describe(self, targets: Sequence[Entity]) -> str:
        """What answers call the targets: a name, "all lights", "bedroom lights", or the names in a row."""
        kinds = {e.domain for e in targets}
        if len(targets) > 1 and len(kinds) == 1:
            alike = [e for e in self.entities if e.domain in kinds]
            if len(alike) == len(targets):
                return f"all {_nouns(targets[0].domain)}"
            areas = {e.area for e in targets}
            if len(areas) == 1 and (area := targets[0].area) is not None:
                return f"{area} {_nouns(targets[0].domain)}"
        return listing([e.name for e in targets])

    def _area(self, arguments: Mapping[str, Value]) -> str | None:
        if "area" not in arguments:
            return None
        said = str(arguments["area"])
        meaning = Meaning(self.entities, self.areas, self.here)
        meant = [meaning.mention(words) for words in (meaning.words(said), *meaning.mended(said))]
        found = {area for area, rest in meant if area is not None and not rest}
        if len(found) != 1:
            raise CallFailed(_unknown(said), code="unknown_area")
        return found.pop()

    def _domain(self, arguments: Mapping[str, Value]) -> str | None:
        if "domain" not in arguments:
            return None
        said = str(arguments["domain"])
        domain = KINDS.get(key(said), said.strip().casefold())
        if any(e.domain == domain for e in self.entities):
            return domain
        raise CallFailed(_unknown(said), code="unknown_domain")

    def _named(self, said: str, area: str | None, domains: AbstractSet[str]) -> tuple[Entity, ...]:
        wanted = key(said)
        found = self._called(f"{key(area)} {wanted}", area) if area else []
        if found := found or self._called(wanted, area):
            return self._choose(_fitting(found, domains), plural=False)
        meaning = Meaning(self.entities, self.areas, self.here)
        words = meaning.words(said)
        if words[:1] and words[0] in EVERY and (found := meaning.of_kind(words[1:], area)):
            return tuple(found)
        if found := meaning.things(words, area):
            plural = any(word != singular(word) and singular(word) in KINDS for word in split(said))
            return self._choose(_fitting(found, domains), plural=plural)
        for readings in ((words,), meaning.mended(said)):  # what is too much goes before what is mended
            if found := [e for r in readings for e in meaning.things(meaning.bare(r), area)]:
                return self._choose(_fitting(list(dict.fromkeys(found)), domains), plural=False)
        raise CallFailed(_unknown(said, area), code="unknown_name")

    def _called(self, wanted: str, area: str | None) -> list[Entity]:
        if not wanted:
            return []
        return [e for e in self.entities if area in (None, e.area) or e.area is None if wanted in map(key, e.names)]

    def _choose(self, found: Sequence[Entity], *, plural: bool) -> tuple[Entity, ...]:
        """The one that is meant; of several, the one here; else ask."""
        if len(found) > 1:
            found = [e for e in found if e.area is not None and e.area == self.here] or found
        alike = len({e.area for e in found}) == 1
        if len(found) <= 1 or (plural and alike):
            return tuple(found)
        called = [e.name for e in found]
        unique = len(set(called)) == len(called)
        each = [f"the {e.name}" + ("" if unique else _in(e.area)) for e in found]
        question = f"Which one: {listing(each, 'or')}?" if len(found) <= 4 else "Which one do you mean?"
        raise CallFailed(question, code="which_one", remedy="say its full name")


def speakable(said: str) -> str | None:
    """A name as we may repeat it aloud, articles taken off; None for anything long or odd."""
    words = said.split()
    while words and words[0].casefold() in ARTICLES:
        words = words[1:]
    text = " ".join(words).lower()
    return text if 0 < len(text) <= 40 and re.fullmatch(r"[^\W_]+(?:[ '\u2019-][^\W_]+)*", text) else None


def _as_said(names: Iterable[str]) -> dict[str, None]:
    """Names as they are written and in small letters: a model writes what it has heard."""
    written = tuple(names)
    return dict.fromkeys([*written, *map(str.lower, written)])


def _fitting(found: Sequence[Entity], domains: AbstractSet[str]) -> Sequence[Entity]:
    """Those that the tool works on; all, if it works on none."""
    return [e for e in found if e.domain in domains] or found


def _unknown(said: str, area: str | None = None) -> str:
    name = speakable(said)
    if name is None:
        return "I don't know that name."
    article = "any" if plural(name) else "an" if name[0] in "aeiou" else "a"
    return f"I don't know {article} {name}{_in(area)}."


def _noun(domain: str | None) -> str:
    return "such thing" if domain is None else _NOUNS.get(domain, domain.replace("_", " "))


def _nouns(domain: str) -> str:
    noun = _noun(domain)
    return f"{noun}es" if noun.endswith("ch") else f"{noun}s"


def _in(area: str | None) -> str:
    return "" if area is None else f" in the {area}"
