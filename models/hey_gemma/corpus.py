"""Other speech to synthesize: lines in many languages, from Debian's fortunes and the recipe's own grammar.

Knows text and languages, no voice's sound. A line is held out by its hash. Lines with the word in them are left out.
"""

import functools
import re
import zlib
from pathlib import Path

from models.hey_gemma import phrases
from models.hey_gemma.phrases import Rng

FORTUNES = Path("/usr/share/games/fortunes")
# espeak-ng voice -> folder of lines. A language without lines of its own reads numbers and names with others' words.
LANGUAGES = {
    "de": "de",
    "it": "it",
    "en-us": "",
    "en-gb": "",
    "nl": "de",
    "fr": "it",
    "es": "it",
    "pt-br": "it",
    "ru": "it",
}
LANGUAGES |= {"pl": "de", "sv": "de", "tr": "it", "hi": "", "cs": "de"}
LEFT_OUT = re.compile(r"\bh?[ea]y,? g|gemma|jemma", re.IGNORECASE)


@functools.cache
def lines(folder: str, *, held_out: bool) -> tuple[str, ...]:
    """Lines of one side, 20 to 240 letters long, sorted."""
    root = FORTUNES / folder
    files = [path for path in sorted(root.iterdir()) if path.is_file() and path.suffix == ""] if root.is_dir() else []
    found = set()
    for path in files:
        for joke in path.read_text(encoding="utf-8", errors="replace").split("\n%"):
            plain = " ".join(re.sub(r"[^\w\s.,!?';:-]", " ", joke, flags=re.UNICODE).split())
            found |= {part for part in re.split(r"(?<=[.!?])\s+[^\w]*", plain.lstrip(" -.,;:'")) if usable(part)}
    return tuple(sorted(line for line in found if of_heldout(line) == held_out))


def usable(line: str) -> bool:
    """Prose of a speakable length, without the word."""
    letters = sum(letter.isalpha() or letter == " " for letter in line)
    return 20 <= len(line) <= 240 and letters > 0.85 * len(line) and not LEFT_OUT.search(line)


def of_heldout(line: str) -> bool:
    """Whether a line is only for measuring."""
    return zlib.crc32(line.encode()) % 5 == 0


def line(language: str, rng: Rng, *, held_out: bool) -> str:
    """One line for a voice of `language`; a made-up English sentence where no lines are installed."""
    choices = lines(LANGUAGES[language], held_out=held_out)
    if not choices or (language.startswith("en") and rng.random() < 0.3):
        return phrases.sentence(rng)
    return choices[int(rng.integers(len(choices)))]
