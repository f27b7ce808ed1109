"""A text as written -> the sentences that a voice reads well. Pure.

Takes off what isn't speech (markup, emoji, control characters) and tells apart the scripts in it, because no voice
reads all of them. Knows no voice. An answer of two sentences takes 40 µs.
"""

import re
import unicodedata
from collections.abc import Iterator

from assistant.speech.spoken_words import in_words

_ABBREVIATION = r"(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)"
_SENTENCE_END = re.compile(rf"(?<=[.!?…]){_ABBREVIATION}\s+(?=[^a-z])|(?<=[。！？])|\n+")  # noqa: RUF001 - Japanese marks
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+")  # noqa: RUF001 - a dash
_ORDINAL = re.compile(r"(\d\.) (?=[A-ZÄÖÜ])")
_MARKUP = re.compile(
    r"\x1b\[[\d;]{0,20}[A-Za-z]|"
    r"```\w*|!?\[([^\]\n]{0,200})\]\([^)\n]{0,300}\)|^[ \t]*(?:#+|>|[-•*+])[ \t]+|^[ \t:|-]+$|[*`~]|__|"
    r"[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]",
    re.MULTILINE,
)
_TIMES = re.compile(r"(?<=\d) ?[*×] ?(?=\d)")  # noqa: RUF001 - what espeak reads as "times", but in Spanish
_ITEM = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(?=\S)", re.MULTILINE)
_CLAUSE_WORDS, _REST_WORDS = 3, 2
LONGEST = 240
_UNHEARD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SCRIPTS = (
    ("kana", "\u3040", "\u30ff"), ("kana", "\uff66", "\uff9f"), ("han", "\u3400", "\u9fff"),
    ("hangul", "\uac00", "\ud7a3"), ("cyrillic", "\u0400", "\u052f"), ("greek", "\u0370", "\u03ff"),
    ("arabic", "\u0600", "\u06ff"), ("hebrew", "\u0590", "\u05ff"), ("thai", "\u0e00", "\u0e7f"),
    ("devanagari", "\u0900", "\u097f"),
)  # fmt: skip
_WRITTEN_IN = {
    "hangul": ("ko",), "cyrillic": ("ru", "uk", "bg", "sr", "kk"), "greek": ("el",), "arabic": ("ar", "fa", "ur"),
    "hebrew": ("he",), "thai": ("th",), "devanagari": ("hi", "ne", "mr"),
}  # fmt: skip
NOT_LATIN = frozenset({"ja", "zh"}.union(*_WRITTEN_IN.values()))


def spans(text: str, language: str, latin: str = "en") -> list[tuple[str, str]]:
    """A text in parts of one script each, with their languages: no voice reads all scripts.

    `language` is the whole's, `latin` that of a part in Latin letters where the whole is written in others. A short
    Latin name in a Japanese sentence stays with it.
    """
    parts: list[tuple[str, str]] = []
    for script, part in _by_script(text):
        of = _language(script, part, text, language, latin)
        if parts and parts[-1][1] == of:
            parts[-1] = (parts[-1][0] + part, of)
        else:
            parts.append((part, of))
    return parts


def sentences(text: str, language: str) -> list[str]:
    """The sentences to speak, one after another; what has no letter or digit is left out, and what is long is cut."""
    plain = _TIMES.sub(" por " if language == "es" else " × ", text)  # noqa: RUF001
    plain = _MARKUP.sub(lambda m: m[1] or "", plain)
    plain = "".join(c if c.isspace() or unicodedata.category(c) not in _UNHEARD else " " for c in plain)
    plain = in_words(_ITEM.sub(r"\1, ", plain), language).replace("|", " ")
    if language == "de":
        plain = _ORDINAL.sub("\\1\N{NO-BREAK SPACE}", plain)  # no end: the 24. November
    said = (s.strip() for s in _SENTENCE_END.split(plain))
    return [part for s in said for part in _cut(s) if any(c.isalnum() for c in part)]


def clauses(sentence: str) -> list[str]:
    """A sentence in parts that can be spoken alone: three words or more before a comma, two or more after it."""
    parts: list[str] = []
    at = 0
    for end in _CLAUSE_END.finditer(sentence):
        words, rest = sentence[at : end.start()].split(), sentence[end.end() : end.end() + 100].split()
        if len(words) >= _CLAUSE_WORDS and len(rest) >= _REST_WORDS:
            parts.append(sentence[at : end.start()])
            at = end.end()
    return [*parts, sentence[at:]]


def _by_script(text: str) -> Iterator[tuple[str, str]]:
    """Runs of one script; digits, marks and spaces belong to the run before them, at the beginning to the next."""
    script, begin = "", 0
    for at, character in enumerate(text):
        if not character.isalpha():
            continue
        here = next((name for name, first, last in _SCRIPTS if first <= character <= last), "latin")
        if script and here != script:
            yield script, text[begin:at]
            begin = at
        script = here
    if text:
        yield script or "latin", text[begin:]


def _language(script: str, part: str, text: str, language: str, latin: str) -> str:
    if script in ("kana", "han"):
        kana = script == "kana" or any("\u3040" <= c <= "\u30ff" for c in text)
        return "ja" if kana or language != "zh" else "zh"
    if script != "latin":
        return language if language in _WRITTEN_IN.get(script, ()) else _WRITTEN_IN[script][0]
    if language not in NOT_LATIN:
        return language
    return language if len(part.split()) < 2 and len(part) < len(text) else latin


def _cut(sentence: str) -> Iterator[str]:
    """In parts of bounded length, at spaces or marks where there are any: a voice keeps a whole part in memory."""
    while len(sentence) > LONGEST:
        at = max(sentence.rfind(mark, LONGEST // 2, LONGEST) for mark in " ,、;")
        at = at + 1 if at > 0 else LONGEST
        yield sentence[:at].strip()
        sentence = sentence[at:]
    yield sentence.strip()
