"""English sentences of our own -> another language, by their templates. Pure.

Handlers refuse and ask in English, and know no language; what they said is taken apart here, and said anew. What a
person or a home calls a thing stays as it is. A sentence takes 0.1 ms.
"""

import re
from collections.abc import Mapping
from functools import cache

from assistant.intents import french, german, spanish

_LANGUAGES = {"de": german, "fr": french, "es": spanish}
_DEPTH = 4
_LONGEST = 600
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
FAILED = "That didn't work."
Table = tuple[tuple[re.Pattern[str], str], ...]


def translated(sentence: str, language: str) -> str | None:
    """What `sentence` is in `language`; None: it isn't one of ours, or the language has no words."""
    if language == "en":
        return sentence
    if language not in _LANGUAGES or len(sentence) > _LONGEST:
        return None
    whole = _one(sentence, _tables(language), 0)
    if whole is not None:
        return _capital(whole)
    each = [_one(part, _tables(language), 0) for part in _SENTENCE.split(sentence)]
    return " ".join(_capital(part) for part in each if part) if all(each) else None


def refusal(sentence: str, language: str) -> str:
    """What `sentence`, which says why something wasn't done, is in `language`: at least that it wasn't."""
    return translated(sentence, language) or translated(FAILED, language) or sentence


def language_for(language: str) -> str:
    """The language that our own sentences are in where `language` is wanted: English where there are no words."""
    return language if language in _LANGUAGES else "en"


def thing(name: str, language: str) -> str:
    """What something is called that code gave a name: "all lights", "heating", "pasta timer"."""
    return (_one(name, _things(language), 0) or name) if language in _LANGUAGES else name


def words_for(answer: str, language: str) -> str:
    """A spoken answer of another language, in small letters, as English words (yes, no, never mind) and figures."""
    if language not in _LANGUAGES:
        return answer
    theirs = _LANGUAGES[language]
    if answer in theirs.YES | theirs.NO:
        return "yes" if answer in theirs.YES else "no"
    if answer in theirs.NEVER:
        return "never mind"
    pattern, numbers = _numbers(language)
    return pattern.sub(lambda m: numbers[m[0]], answer)


def _capital(text: str) -> str:
    at = 1 if text[:1] == "\N{INVERTED QUESTION MARK}" else 0
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]


def _one(text: str, table: Table, depth: int) -> str | None:
    """The template that fits `text`, filled with what its slots are in turn."""
    for pattern, own in table:
        if m := pattern.fullmatch(text):
            slots = {k: _slot_value(v, table, depth + 1) for k, v in m.groupdict().items()}
            return own.format_map(slots)
    return None


def _slot_value(text: str, table: Table, depth: int) -> str:
    if depth > _DEPTH:
        return text
    sentence = _one(f"{text}.", table, depth)  # "I did nothing: I can't do that."
    return _one(text, table, depth) or (sentence.rstrip(".") if sentence else text)


@cache
def _tables(language: str) -> Table:
    return _patterns({**_LANGUAGES[language].THINGS, **_LANGUAGES[language].SAID})


@cache
def _things(language: str) -> Table:
    said = _LANGUAGES[language].SAID
    lengths = {k: v for k, v in said.items() if k.startswith("{n} ") or k == "{a} and {b}"}
    return _patterns({**_LANGUAGES[language].THINGS, **lengths})


@cache
def _numbers(language: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Numbers as they are spoken, longest first, and their figures."""
    numbers = {words.casefold(): figure for words, figure in _LANGUAGES[language].NUMBERS.items()}
    longest_first = sorted(numbers, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})\b"), numbers


def _patterns(table: Mapping[str, str]) -> Table:
    """Fullest first: a template with more letters of its own is the better explanation."""
    ordered = sorted(table.items(), key=lambda item: -len(re.sub(r"\{\w+\}", "", item[0])))
    return tuple((_pattern(english), own) for english, own in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    body = "".join(_slot(part) if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(body, re.IGNORECASE)


def _slot(name: str) -> str:
    return rf"(?P<{name}>\d+(?:\.\d+)?)" if name == "n" else rf"(?P<{name}>[^.?!]+?)"
