"""What a labelled clip brought about, and whether that is what its label states. Pure: events and values in.

A clip is ok when everything that its line states holds and nothing else was done; a `negative` also when nothing was
spoken.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.events import CallsReady, EndpointReached, Event, Failed, Reply, ToolCalled, TurnEnded, WakeHeard
from assistant.intents.deeds import UNDO

Effects = Sequence[Mapping[str, Any]]
ADDS_UP = ("timer", "todo", "shopping_list")  # what was done before isn't undone by what is done then


@dataclass(slots=True)
class Heard:
    """What one clip brought about. `undoing`: those of the effects that took another one back."""

    woke: bool = False
    effects: list[Mapping[str, Any]] = field(default_factory=list)
    undoing: list[Mapping[str, Any]] = field(default_factory=list)
    undoes: bool = False  # now
    calls: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    language: str | None = None
    ended_audio_ms: float | None = None
    endpoint_delay_ms: float | None = None
    first_token_ms: float | None = None
    failures: list[str] = field(default_factory=list)
    confidence: float | None = None

    def observe(self, event: Event) -> None:
        """Take one event."""
        match event:
            case WakeHeard():
                self.woke = True
            case EndpointReached(audio_ms=audio_ms) if self.ended_audio_ms is None:
                self.ended_audio_ms = audio_ms
            case CallsReady(calls=calls, confidence=confidence):
                self.confidence = confidence
                self.undoes = any(call.name == UNDO.name for call in calls)
            case ToolCalled(name=name, effects=effects, error=error):
                self.calls.append(name)
                self.errors += [error] if error else []
                self.effects += effects
                self.undoing += effects if self.undoes or name == UNDO.name else []
            case Reply(text=text, language=language):
                self.replies.append(text)
                self.language = language
            case TurnEnded(endpoint_ms=endpoint_ms, first_token_ms=first_token_ms):
                self.endpoint_delay_ms = self.endpoint_delay_ms or endpoint_ms
                self.first_token_ms = self.first_token_ms or first_token_ms
            case Failed(message=message):
                self.failures.append(message)
            case _:
                pass

    @property
    def reply(self) -> str:
        """Everything that was said, in order."""
        return " ".join(filter(None, self.replies))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A clip's label and result."""

    label: Mapping[str, Any]
    heard: Heard
    ok: bool
    cut_off: bool

    @property
    def right_effects(self) -> bool:
        """What was done is what was meant."""
        return same_effects(self.label.get("effects", []), self.heard.effects)

    @property
    def wrong_in_the_end(self) -> bool:
        """Something was done, and not all of it was put right."""
        wanted, done = in_the_end(self.label.get("effects", [])), self.heard.effects
        ways = done, _without(done, self.heard.undoing)
        return bool(done) and not any(same_effects(wanted, in_the_end(way)) for way in ways)

    def record(self) -> dict[str, Any]:
        """The clip in `--json`'s form."""
        heard = self.heard
        return {
            "file": self.label["file"],
            "woke": heard.woke,
            "effects": heard.effects,
            "answer_from": heard.calls,
            "reply": heard.reply,
            "ended_audio_ms": heard.ended_audio_ms,
            "endpoint_delay_ms": heard.endpoint_delay_ms,
            "first_token_ms": heard.first_token_ms,
            "confidence": heard.confidence,
            "ok": self.ok,
        }


def judge(label: Mapping[str, Any], heard: Heard, values: Mapping[str, Sequence[str]]) -> Verdict:
    """Compare one clip with its label. `values` gives, by entity, the words that an answer about it may contain."""
    cut_off = "speech_end_ms" in label and (heard.ended_audio_ms or 1e9) < label["speech_end_ms"]
    done_right = same_effects(label.get("effects", []), heard.effects)
    silent_negative = label.get("kind") == "negative" and not heard.reply
    said_right = (
        ("reply" not in label or plain(heard.reply) == plain(label["reply"]))
        and ("reply_language" not in label or heard.language == label["reply_language"])
        and ("answer_from" not in label or answers(heard, values.get(label["answer_from"], ())))
    )
    return Verdict(label, heard, done_right and (said_right or silent_negative) and not cut_off, cut_off)


def same_effects(wanted: Iterable[Mapping[str, Any]], done: Iterable[Mapping[str, Any]]) -> bool:
    """Whether two lists of effects are the same, whatever their order; numbers to 1e-6, strings without case."""
    left = list(done)
    for effect in wanted:
        match = next((other for other in left if _same(effect, other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def in_the_end(effects: Effects) -> Effects:
    """What counts when all is done: of each thing the last; timers and items of lists add up."""
    last: dict[object, Mapping[str, Any]] = {}
    for number, effect in enumerate(effects):
        adds_up = effect["service"].partition(".")[0] in ADDS_UP
        last[number if adds_up else effect.get("entity_id")] = effect
    return list(last.values())


def _without(effects: Effects, undoing: Effects) -> list[Mapping[str, Any]]:
    """Without what was taken back: before what brought a thing back the latest effect on it, or on one of its kind."""
    left = list(effects)
    for back in undoing:
        at = left.index(back)
        undone = [i for i, effect in enumerate(left[:at]) if _thing(effect) == _thing(back)]
        named = [i for i in undone if _which(left[i]) == _which(back)]
        for i in (at, *(named or undone)[-1:]):
            del left[i]
    return left


def _thing(effect: Mapping[str, Any]) -> object:
    return effect.get("entity_id") or effect["service"].partition(".")[0]


def _which(effect: Mapping[str, Any]) -> object:
    """What of a list, or which timer."""
    data = effect.get("data") or {}
    return data.get("item") or data.get("name")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        a, b = ({k: v for k, v in x.items() if v not in ({}, None)} for x in (a, b))
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-6
    if isinstance(a, str) and isinstance(b, str):
        return a.casefold() == b.casefold()
    return bool(a == b)


def answers(heard: Heard, values: Sequence[str]) -> bool:
    """Whether the reply contains one of the words for the state, as a whole word."""
    said = heard.reply.casefold()
    return any(re.search(rf"(?<![\w.]){re.escape(v.casefold())}(?!\w)", said) for v in values)


def plain(text: str) -> str:
    """Without case, punctuation and doubled spaces."""
    return " ".join(re.sub(r"[^\w\s]", "", text.casefold()).split())
