"""Words that people hold equal: rooms with several names, kinds of devices, plurals, one wrong letter. Pure.

Knows no home: which of two things is meant, names.py decides. The first letter is never a slip of the ear here: "right"
and "night" are no light. Bringing a name into its canonical form takes 40 µs.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

ARTICLES = frozenset({"the", "a", "an", "my", "our"})
EVERY = frozenset({"all", "every", "each"})
JOINTS = frozenset({"of", "in", "at", "on", "from", "inside"})
SHORTEST_SLIP = 5
LONGEST_NAME = 60
FLOOD = 1000
_SIGNS = frozenset("'\u2019-.&+")

# A row is one room; written as `key` gives it.
ROOMS: tuple[tuple[str, ...], ...] = (
    ("living room", "lounge", "sitting room", "family room", "front room", "parlor", "parlour"),
    ("hallway", "hall", "corridor", "entrance hall", "entrance", "entry", "foyer"),
    ("bathroom", "bath", "washroom", "shower room"),
    ("toilet", "loo", "wc", "lavatory", "restroom"),
    ("office", "study", "home office", "workroom"),
    ("bedroom", "sleeping room"),
    ("children room", "kid room", "nursery", "playroom"),
    ("basement", "cellar"),
    ("attic", "loft"),
    ("garden", "yard", "backyard", "back yard"),
    ("terrace", "patio"),
    ("laundry room", "laundry", "utility room"),
    ("kitchen", "kitchenette"),
)
OTHER_ROOMS = frozenset({"garage", "porch", "balcony", "closet", "pantry", "conservatory", "stairs", "shed", "gym"})
SAME: Mapping[str, str] = {
    "lamp": "light", "bulb": "light", "curtain": "blind", "shade": "blind", "shutter": "blind", "tv": "television",
    "telly": "television", "plug": "switch", "outlet": "switch", "socket": "switch", "switche": "switch",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "light": "light", "lamp": "light", "fan": "fan", "blind": "cover", "curtain": "cover", "shade": "cover",
    "shutter": "cover", "cover": "cover", "switch": "switch", "switche": "switch", "plug": "switch", "outlet": "switch",
    "lock": "lock", "door": "lock", "speaker": "media_player",
}  # fmt: skip
ADJECTIVES = frozenset(
    {
        "big", "small", "little", "large", "tiny", "huge", "tall", "short", "long", "round", "square", "old", "new",
        "nice", "pretty", "lovely", "ugly", "good", "stupid", "silly", "damn", "bloody", "bright", "dark", "dim", "red",
        "green", "blue", "yellow", "orange", "white", "black", "brown", "grey", "gray", "pink", "wooden", "beautiful",
        "wonderful", "favorite", "favourite", "smart", "main", "noisy", "loud", "same",
    }
)  # fmt: skip


def key(text: str) -> str:
    """The form in which names are compared: no case, punctuation, articles or plural."""
    return " ".join(singular(word) for word in split(text))


def split(text: str) -> list[str]:
    """The words of a text, without case, punctuation and articles."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    return [word for word in re.findall(r"[^\W_]+", plain) if word not in ARTICLES]


def clean(name: str) -> str:
    """A name that others chose, as a person could say it: letters, digits and a few signs, in one short line.

    Control tokens, quotes, braces, line ends, invisible and direction marks end here, before prompt, grammar and voice.
    """
    kept = (c if c in _SIGNS or unicodedata.category(c)[0] in "LMN" else _gap(c) for c in _plain(name[:FLOOD]))
    words = "".join(kept).split()
    while len(" ".join(words)) > LONGEST_NAME and len(words) > 1:
        words.pop()
    return " ".join(words)[:LONGEST_NAME]


def one_line(text: str) -> str:
    """A text without control characters, invisible ones and direction marks, on one line."""
    seen = (c if unicodedata.category(c)[0] != "C" else _gap(c) for c in text)
    return " ".join("".join(seen).split())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _gap(character: str) -> str:
    """Nothing for what is invisible, a space for what else isn't said."""
    return "" if unicodedata.category(character) in {"Cf", "Cs", "Co", "Cn"} else " "


def singular(word: str) -> str:
    """Lights -> light; a glass stays one, and so does this."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "is")) else word


def plural(name: str) -> bool:
    """Whether a name is of several things: kitchen lights, blinds; a glass is one."""
    return name.endswith("s") and not name.endswith("ss")


def be(name: str) -> str:
    """What follows the name: the light is, the lights are."""
    return "are" if plural(name) else "is"


def canonical(text: str, rooms: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a name as they count: one word for what has several, and none between "light" and "kitchen"."""
    words = f" {' '.join(word for word in key(text).split() if word not in JOINTS)} "
    for other, room in rooms.items():
        words = words.replace(f" {other} ", f" {room} ")
    return tuple(SAME.get(word, word) for word in words.split())


def rooms_in(areas: Iterable[str]) -> dict[str, str]:
    """What else each room of this home may be called, longest first. Of two rooms of a row neither has another name."""
    there = {key(area) for area in areas}
    found: dict[str, str] = {}
    for row in ROOMS:
        own = [room for room in row if room in there] or [row[0]]
        if len(own) == 1:
            found |= {other: own[0] for other in row if other != own[0]}
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def slips(word: str, known: Iterable[str]) -> list[str]:
    """The known words that `word` may be a misspelling of; none for short words and those with digits."""
    if len(word) < SHORTEST_SLIP or not word.isalpha():
        return []
    return sorted({other for other in known if len(other) >= SHORTEST_SLIP and is_slip(word, other)})


def is_slip(word: str, other: str) -> bool:
    """Whether one letter was left out, added, changed, or two neighbours exchanged, but for the first."""
    if word == other or word[:1] != other[:1] or abs(len(word) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    if left[1:] == right or left == right[1:] or left[1:] == right[1:]:
        return True
    return left[:2] == right[1::-1] and left[2:] == right[2:]


def room_words() -> AbstractSet[str]:
    """Every word that rooms have: a home may lack the room, but the word is no misspelling."""
    return OTHER_ROOMS | {word for row in ROOMS for room in row for word in room.split()}
