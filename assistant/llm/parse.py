"""Tokens as they stream -> clauses to say and calls to make. Pure.

A control token counts only as a whole piece: text that merely spells one is neither obeyed nor spoken. Whatever the
model writes, the answer is a `Call`, a `Say` or a `Malformed`, never an exception. Knows no tool and no home: whether
a call is allowed, and what its names mean, others decide. 10 kB of garbage take about 5 ms.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from assistant import translation
from assistant.llm import plain_call
from assistant.stages import Call, Piece, Say, Value

LONGEST_CALL = 2_000
LONGEST_CLAUSE = 240
FIRST_WORDS, LATER_WORDS = 3, 6  # a comma ends a clause after so many

CALL_OPEN, _CALL_CLOSE = "<|tool_call>", "<tool_call|>"
_THOUGHT_OPEN, _THOUGHT_CLOSE = "<|channel>", "<channel|>"
_QUOTE = '<|"|>'

_CONTROL = re.compile(r"<[^<>\s]{1,32}>")
_CALL = re.compile(r"\s*call:\s*([A-Za-z_][\w.\-]{0,99})\s*\{(.*)\}\s*", re.DOTALL)
_ARGUMENT = re.compile(
    r"\s*([A-Za-z_]\w{0,63})\s*:\s*"
    r'(?:<\|"\|>(?P<text>.*?)<\|"\|>|(?P<number>-?\d{1,15}(?:\.\d{1,15})?)|(?P<flag>true|false))'
    r"\s*(?:,(?!\s*\Z)|\Z)",
    re.DOTALL,
)

_SENTENCE_END = re.compile(r"[,;:\u2013\u2014](?=\s)|[。\uff01\uff1f]+[」』\uff09]*|[.!?…]+[\"'”\u2019)\]]*(?=\s)|\n")
_NO_END = re.compile(r"(?:(?:^|[\s.(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|vs|approx)\.|^\s*\d+\.)$")
_KANA_OR_KANJI = re.compile(r"[぀-ヿ㐀-䶿一-鿿ｦ-ﾟ]")
_MARKUP = re.compile(r"[*`#]+|^\s*[-•]\s+|__+")


@dataclass(frozen=True, slots=True)
class Malformed:
    """The model began a call that can't be read. `text` is what it wrote (cut), `reason` why not."""

    text: str
    reason: str


Part = Call | Say | Malformed


class _Mode(Enum):
    TALK = auto()
    CALL = auto()
    THOUGHT = auto()


class ReplyParser:
    """Feed it every piece of one reply, then `finish` it. `translates`: what stands before a label isn't said."""

    def __init__(self, default_language: str = "en", *, translates: bool = False) -> None:
        self._language = default_language
        self._translates = translates
        self._mode = _Mode.TALK
        self._text = ""
        self._confidence = 1.0
        self._has_said = False
        self._may_be_call = True  # a whole reply may be a call that is written as text

    @property
    def confidence(self) -> float:
        """The lowest probability of any token inside calls so far; 1.0 before the first call."""
        return self._confidence

    def feed(self, piece: Piece) -> list[Part]:
        """Take one piece; return what became complete with it."""
        if self._mode is _Mode.CALL or piece.text == CALL_OPEN or self._may_be_call:
            self._confidence = min(self._confidence, piece.probability)
        match self._mode:
            case _Mode.CALL:
                return self._in_call(piece.text)
            case _Mode.THOUGHT:
                if piece.text == _THOUGHT_CLOSE:
                    self._mode = _Mode.TALK
                return []
            case _Mode.TALK:
                return self._in_talk(piece.text)

    def finish(self) -> list[Part]:
        """End the reply: return its last clause, or the call that never ended."""
        rest, mode = self._take(), self._mode
        self._mode = _Mode.TALK
        match mode:
            case _Mode.CALL:
                return [_malformed(rest, "the call never ended")]
            case _Mode.THOUGHT:
                return []
            case _Mode.TALK if self._may_be_call and not self._translates:
                return self._plain_calls(rest)
            case _Mode.TALK:
                return self._say(rest if self._has_said else translation.rest(rest, sure=self._translates))

    def _plain_calls(self, text: str) -> list[Part]:
        """A reply that looks like a call from its first letter on is one, or is nothing to be spoken."""
        if calls := plain_call.read(text, read_call):
            return list(calls)
        if plain_call.is_code(text):
            return [_malformed(text, "a call as text that can't be read")]
        self._confidence = 1.0
        return self._say(text)

    def _in_call(self, text: str) -> list[Part]:
        if text == _CALL_CLOSE:
            self._mode = _Mode.TALK
            return [read_call(self._take())]
        if text == CALL_OPEN:
            return [_malformed(self._take(), "a call inside a call")]
        if len(self._text) <= LONGEST_CALL:
            self._text += text
        return []

    def _in_talk(self, text: str) -> list[Part]:
        if text in {CALL_OPEN, _THOUGHT_OPEN, _CALL_CLOSE}:
            self._may_be_call = False
        if text == CALL_OPEN:
            said = self._say(self._take())
            self._mode = _Mode.CALL
            return said
        if text == _THOUGHT_OPEN:
            said = self._say(self._take())
            self._mode = _Mode.THOUGHT
            return said
        if text == _CALL_CLOSE:
            return [_malformed(self._take(), "the end of a call that never began")]
        if _CONTROL.fullmatch(text):
            return []
        self._text += text
        if self._may_be_call and not self._translates and plain_call.may_be(self._text):
            return []
        if self._may_be_call:
            self._may_be_call, self._confidence = False, 1.0
        if not self._has_said:
            behind = translation.split(self._text, sure=self._translates)
            if behind is None:
                return []
            self._text = behind
        return self._clauses()

    def _clauses(self) -> list[Part]:
        done: list[Part] = []
        start = 0
        for end in _SENTENCE_END.finditer(self._text):
            clause = self._text[start : end.end()]
            if _NO_END.search(clause) or (end[0] in ",;:\u2013\u2014" and not self._long_enough(clause)):
                continue
            done += self._say(clause)
            start = end.end()
        self._text = self._text[start:]
        while len(self._text) > LONGEST_CLAUSE:
            cut = max(self._text.rfind(mark, 0, LONGEST_CLAUSE) for mark in (", ", "、", "; ", " "))
            cut = cut + 1 if cut > 0 else LONGEST_CLAUSE
            done += self._say(self._text[:cut])
            self._text = self._text[cut:]
        return done

    def _long_enough(self, clause: str) -> bool:
        return len(clause.split()) >= (LATER_WORDS if self._has_said else FIRST_WORDS)

    def _say(self, text: str) -> list[Part]:
        spoken = speakable(text)
        if not spoken:
            return []
        self._has_said = True
        if label := translation.label(text):
            self._language = label[0]
        return [Say(spoken, language_of(spoken, self._language))]

    def _take(self) -> str:
        text, self._text = self._text, ""
        return text


def read_call(body: str) -> Call | Malformed:
    """Read what stands between `<|tool_call>` and `<tool_call|>`: `call:NAME{key:value,...}`, flat."""
    if len(body) > LONGEST_CALL:
        return _malformed(body, "the call is too long")
    whole = _CALL.fullmatch(body)
    if whole is None:
        return _malformed(body, "no call:NAME{...}")
    arguments: dict[str, Value] = {}
    rest = whole[2]
    at = 0
    while rest[at:].strip():
        argument = _ARGUMENT.match(rest, at)
        if argument is None:
            return _malformed(body, f"unreadable argument at {rest[at : at + 20]!r}")
        if argument[1] in arguments:
            return _malformed(body, f"{argument[1]} is there twice")
        if _CONTROL.search(argument["text"] or ""):
            return _malformed(body, f"a control token inside {argument[1]}")
        arguments[argument[1]] = _value(argument)
        at = argument.end()
    return Call(whole[1], arguments)


def language_of(text: str, default: str) -> str:
    """The language of a text, as far as its letters tell it: Chinese only where that is expected."""
    if default == "zh" and not re.search("[\u3040-\u30ff]", text):
        return default
    return "ja" if _KANA_OR_KANJI.search(text) else default


def speakable(text: str) -> str:
    """Keep what a voice should say of a clause: no control tokens, markup, emoji or translation label."""
    text = _CONTROL.sub("", text)
    text = _MARKUP.sub("", text)
    if label := translation.label(text):
        text = text[label[1] :]
    text = "".join(" " if c.isspace() else c for c in text if _is_sayable(c))
    text = " ".join(text.split())
    return text if any(c.isalnum() for c in text) else ""


def _value(argument: re.Match[str]) -> Value:
    if (text := argument["text"]) is not None:
        return text
    if number := argument["number"]:
        return float(number) if "." in number else int(number)
    return argument["flag"] == "true"


def _is_sayable(character: str) -> bool:
    if character.isspace() or character == "°":
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk"}


def _malformed(text: str, reason: str) -> Malformed:
    return Malformed(text[:200], reason)
