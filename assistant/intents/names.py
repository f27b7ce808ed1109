"""What people say -> entities. Pure.

Matches names exactly but for case, articles and plural, and the words for kinds of devices ("fan", "all the lights"),
where the assistant's own room decides. Knows no states and no services. A name that it doesn't know never falls back to
an area or a domain: nothing happens. 20 entities are resolved in 0.1 ms.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assistant.errors import CallFailed
from assistant.intents.words import listing
from assistant.stages import Value

_ARTICLES = frozenset({"the", "a", "an", "my", "our"})
_EVERY = frozenset({"all", "every", "each"})
_KINDS: Mapping[str, str] = {
    "light": "light", "lamp": "light", "fan": "fan", "blind": "cover", "curtain": "cover", "shade": "cover",
    "shutter": "cover", "cover": "cover", "switch": "switch", "switche": "switch", "plug": "switch", "outlet": "switch",
    "lock": "lock", "door": "lock", "speaker": "media_player",
}  # fmt: skip
_NOUNS: Mapping[str, str] = {"cover": "blind", "media_player": "speaker", "switch": "switch", "climate": "thermostat"}


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing in the home. `id` is `domain.object`; the first of `names` is the one that answers use."""

    id: str
    names: tuple[str, ...]
    area: str | None = None

    @property
    def domain(self) -> str:
        """Its kind: light, cover, lock ..."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """What it is called in answers."""
        return self.names[0]


def key(text: str) -> str:
    """The form in which names are compared: no case, punctuation, articles or plural."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    words = (w for w in re.findall(r"[^\W_]+", plain) if w not in _ARTICLES)
    return " ".join(w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words)


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything exposed. `here` is the area that the assistant stands in."""

    entities: Sequence[Entity]
    areas: Sequence[str] = ()
    here: str | None = None

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

    def vocabulary(self, domains: AbstractSet[str]) -> tuple[str, ...]:
        """Every word for things of `domains`: their names, and those for their kinds."""
        there = domains & {e.domain for e in self.entities}
        names = [name for e in self.entities if e.domain in domains for name in e.names]
        kinds = [word for word, domain in _KINDS.items() if domain in there]
        return tuple(dict.fromkeys([*names, *kinds, *(f"{kind}s" for kind in kinds)]))

    def describe(self, targets: Sequence[Entity]) -> str:
        """What answers call the targets: a name, "all lights", "bedroom lights", or the names in a row."""
        kinds = {e.domain for e in targets}
        if len(targets) > 1 and len(kinds) == 1:
            alike = [e for e in self.entities if e.domain in kinds]
            if len(alike) == len(targets):
                return f"all {_noun(targets[0].domain)}s"
            areas = {e.area for e in targets}
            if len(areas) == 1 and (area := targets[0].area) is not None:
                return f"{area} {_noun(targets[0].domain)}s"
        return listing([e.name for e in targets])

    def _area(self, arguments: Mapping[str, Value]) -> str | None:
        if "area" not in arguments:
            return None
        said = str(arguments["area"])
        for area in self.areas:
            if key(area) == key(said):
                return area
        raise CallFailed(_unknown(said), code="unknown_area")

    def _domain(self, arguments: Mapping[str, Value]) -> str | None:
        if "domain" not in arguments:
            return None
        said = str(arguments["domain"])
        domain = _KINDS.get(key(said), said.strip().casefold())
        if any(e.domain == domain for e in self.entities):
            return domain
        raise CallFailed(_unknown(said), code="unknown_domain")

    def _named(self, said: str, area: str | None, domains: AbstractSet[str]) -> tuple[Entity, ...]:
        wanted = key(said)
        found = self._called(f"{key(area)} {wanted}", area) if area else []
        found = found or self._called(wanted, area)
        if found:
            return self._choose([e for e in found if e.domain in domains] or found, plural=False)
        by_kind = self._of_kind(said, area)
        if by_kind is None:
            raise CallFailed(_unknown(said, area), code="unknown_name")
        return by_kind

    def _called(self, wanted: str, area: str | None) -> list[Entity]:
        if not wanted:
            return []
        return [e for e in self.entities if area in (None, e.area) or e.area is None if wanted in map(key, e.names)]

    def _of_kind(self, said: str, area: str | None) -> tuple[Entity, ...] | None:
        """Things meant by [all] [area] kind and nothing else: "fan", "all the lights", "office lamp"."""
        words = key(said).split()
        every = bool(words) and words[0] in _EVERY
        words = words[1:] if every else words
        words = words[1:] if every and words[:1] == ["of"] else words
        for known in self.areas:
            if area is None and " ".join(words).startswith(f"{key(known)} "):
                area, words = known, words[len(key(known).split()) :]
                break
        if len(words) != 1 or (domain := _KINDS.get(words[0])) is None:
            return None
        found = [e for e in self.entities if e.domain == domain and area in (None, e.area)]
        if every or not found:
            return tuple(found) or None
        return self._choose(found, plural=said.rstrip(" .!?").casefold().endswith("s"))

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
    while words and words[0].casefold() in _ARTICLES:
        words = words[1:]
    text = " ".join(words).lower()
    return text if 0 < len(text) <= 40 and re.fullmatch(r"[^\W_]+(?:[ '\u2019-][^\W_]+)*", text) else None


def _unknown(said: str, area: str | None = None) -> str:
    name = speakable(said)
    if name is None:
        return "I don't know that name."
    plural = name.endswith("s") and not name.endswith("ss")
    article = "any" if plural else "an" if name[0] in "aeiou" else "a"
    return f"I don't know {article} {name}{_in(area)}."


def _noun(domain: str | None) -> str:
    return "such thing" if domain is None else _NOUNS.get(domain, domain.replace("_", " "))


def _in(area: str | None) -> str:
    return "" if area is None else f" in the {area}"
