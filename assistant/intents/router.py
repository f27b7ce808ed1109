"""Call -> the handler that owns its tool -> Outcome. Every call gets a deadline, every failure a sentence.

Knows no home and no rule of one. Checks arguments against what the tool declares before a handler sees them. Never
raises (but for its own cancellation). Costs 0.05 ms a call on top of the handler.
"""

import asyncio
import dataclasses
import logging
import math
import re
import traceback
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass

from assistant.errors import CallFailed, HeyGemmaError
from assistant.intents import asking, own, replies, translated
from assistant.intents.alike import one_line
from assistant.intents.amend import LOW_CONFIDENCE, Done, compared, entities, is_in, replaces, unwanted
from assistant.intents.consent import LEAST_CONFIDENCE, Consent
from assistant.intents.deeds import CANNOT_UNDO, OWN, UNDO, Deed, Deeds
from assistant.intents.names import speakable
from assistant.intents.policy import NEEDS_ANSWER
from assistant.stages import UNKNOWN, Call, Handler, Outcome, Parameter, Tool, Value

NOT_UNDERSTOOD = "Sorry, I didn't understand that."
DEADLINE = "deadline"
ONE_AT_A_TIME = "That needs a yes for each: one at a time, please."
LONGEST_TEXT = 200
_LACKING = frozenset({asking.NEEDS_SLOT, "which_one"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of all calls of a reply. `sentence` None: the model words the outcomes.

    `asks`: the sentence asks for a "yes" (or the PIN), or "what" is missing, and the person's answer is waited for.
    `now`: what was carried out for it, which the beginning of the sentence had not brought about already, and what of
    that was taken back. `told`: what the sentence tells of.
    """

    outcomes: tuple[Outcome, ...]
    sentence: str | None
    asks: str = ""
    now: tuple[Outcome, ...] = ()
    told: tuple[Outcome, ...] = ()


class Router:
    """Hands calls to handlers; of two handlers with the same tool the first wins."""

    def __init__(
        self,
        handlers: Sequence[Handler],
        *,
        deadline_s: float = 4.0,
        min_confidence: float = 0.0,
        follow_confidence: float = 1.0,
        language: str = "en",
        twelve: bool = False,
        consent: Consent | None = None,
        deeds: Deeds | None = None,
    ) -> None:
        """`deeds`: what "undo that" and "it" refer to; None: nothing. `follow_confidence`: enough for that.

        `twelve`: the clock of twelve hours.
        """
        self._consent = Consent() if consent is None else consent
        self._deeds = deeds
        self._answered: Call | None = None
        self._handlers = (*handlers, *([] if deeds is None else [deeds]), self._consent)
        self._deadline_s = deadline_s
        self._min_confidence = min_confidence
        self._follow_confidence = min(min_confidence, follow_confidence)
        self._language = language
        self._twelve = twelve

    def tools(self) -> tuple[Tool, ...]:
        """What the model is told that it may call now."""
        return tuple(
            dataclasses.replace(tool, parameters=tuple(p for p in tool.parameters if p.told))
            for tool in self.legal()
            if tool.told
        )

    def legal(self) -> tuple[Tool, ...]:
        """What a call may be now: also what the model isn't told of."""
        owners = self._owners()
        tools = tuple(tool for _, tool in owners.values())
        return own.nameable(tools) if own.TOOL in owners else tools

    def context(self) -> str:
        """Static facts of all handlers for the prompt."""
        return "\n".join(filter(None, (handler.context() for handler in self._handlers)))

    def is_sure(self, confidence: float) -> bool:
        """Whether a model so sure of a whole sentence is sure enough for anything to be done, or undone."""
        return confidence >= self._min_confidence

    async def dispatch(
        self, calls: Sequence[Call], confidence: float = 1.0, *, before: Sequence[Done] = ()
    ) -> Dispatched:
        """Carry out calls in order. Below the least confidence none is: a misheard command does nothing.

        One that needs a yes is kept, and the answer asks for it. It is the only one: a yes means one thing. One that
        lacks something is asked about too, once. `before` was done for the beginning of the sentence: it isn't done
        again, and what the whole sentence doesn't ask for is taken back; all of it, where there are no calls.
        """
        self._consent.withdraw()
        if not self._is_clear(calls, confidence):
            refused = tuple(_failed(call, NOT_UNDERSTOOD, LOW_CONFIDENCE) for call in calls)
            return Dispatched(refused, self._sentence(refused), now=refused, told=refused)
        goes_back = any(call.name in OWN for call in calls)
        done, stale = compared(calls, before)
        wanted = [call for i, call in enumerate(calls) if i not in done]
        deeds = [] if goes_back or self._deeds is None else self._deeds.reopen([each.outcome for each in before])
        taken, undone = await self._take_back(deeds, unwanted([outcome for _, outcome in deeds], stale, wanted))
        if not goes_back and any(_is_beyond_undo(outcome, deeds, wanted) for outcome in stale):
            undone.append(_failed(UNDO, CANNOT_UNDO, "cannot_undo"))
        outcomes: list[Outcome] = []
        new: list[Outcome] = []
        touched: set[str] = set()
        for i, call in enumerate(calls):
            outcome = done.get(i)
            if outcome is None or is_in(outcome, taken) or entities(outcome) & touched:
                outcome = await self._carry_out(call, fresh=not before)
                new.append(outcome)
                touched |= entities(outcome)
            outcomes.append(outcome)
        if self._deeds is not None:
            owners = self._owners()
            stays = [deed for deed in deeds if not is_in(deed[1], (*taken, *outcomes))]
            noted = new if goes_back else outcomes
            self._deeds.note([(owners[n][0] if (n := o.call.name) in owners else None, o) for o in noted], stays)
        told = (*(outcome for outcome in undone if not (outcome.ok and calls)), *outcomes)
        needs = NEEDS_ANSWER if any(call is self._answered for call in calls) else NEEDS_ANSWER | _LACKING
        said, asks = self._answer(told, needs)
        said = said if calls else said or ""  # the model is asked for words about its calls only
        return Dispatched(tuple(outcomes), said, asks, now=(*undone, *new), told=told)

    def _is_clear(self, calls: Sequence[Call], confidence: float) -> bool:
        """Whether the model is sure enough of calls for anything to be done."""
        goes_on = self._deeds is not None and self._deeds.follows(calls)
        return confidence >= (self._follow_confidence if goes_on else self._min_confidence)

    async def _take_back(
        self, deeds: Sequence[Deed], outcomes: Sequence[Outcome]
    ) -> tuple[list[Outcome], list[Outcome]]:
        """Undo these of the deeds, each by itself, the latest first: which were, and what became of it.

        What needs a yes isn't asked about: it stays.
        """
        taken: list[Outcome] = []
        undone: list[Outcome] = []
        for deed in reversed(deeds):
            if self._deeds is None or not is_in(deed[1], outcomes):
                continue
            self._deeds.begin(deed)
            back = await self._carry_out(UNDO)
            if back.ok:
                taken.append(deed[1])
            else:
                self._deeds.reopen([deed[1]])
            if back.error in NEEDS_ANSWER:
                back = dataclasses.replace(back, sentence=CANNOT_UNDO, error="cannot_undo")
            undone.append(back)
        return taken, undone

    def _answer(self, outcomes: Sequence[Outcome], needs: AbstractSet[str]) -> tuple[str | None, str]:
        """What is said, and what it asks for. What is in `needs` of answers is asked about."""
        open_ = [outcome for outcome in outcomes if outcome.error in needs]
        if not open_ or (len(open_) > 1 and not {o.error for o in open_} & NEEDS_ANSWER):
            return self._sentence(outcomes), ""
        if len(open_) > 1:
            outcomes = [_failed(o.call, ONE_AT_A_TIME, "one_at_a_time") if o in open_ else o for o in outcomes]
            return self._sentence(outcomes) or ONE_AT_A_TIME, ""
        slot = self._lacks(open_[0])
        self._consent.ask(open_[0].call, slot, max(self._min_confidence, LEAST_CONFIDENCE))
        others = [outcome for outcome in outcomes if outcome is not open_[0]]
        return f"{self._sentence(others) or ''} {self._sentence(open_)}".strip(), "what" if slot else "yes"

    def judge(self, said: str, calls: Sequence[Call], confidence: float) -> Call | str | None:
        """What a person's answer to the question means: see `Consent.judge`."""
        if translated.language_for(self._language) != "en":
            words = " ".join(re.findall(r"\d+[.,]\d+|\w+", said.casefold()))
            said = translated.words_for(words, self._language) or said
        answer = self._consent.judge(said, calls, confidence)
        self._answered = answer if isinstance(answer, Call) else None
        return translated.refusal(answer, self._language) if isinstance(answer, str) and answer else answer

    def _lacks(self, outcome: Outcome) -> str | None:
        """The slot that a call was refused for; None: it only needs a yes."""
        if outcome.error == asking.NEEDS_SLOT:
            return asking.missing(outcome.call, self._owners()[outcome.call.name][1])
        return "name" if outcome.error == "which_one" else None

    def said(self, text: str) -> None:
        """Take note of a whole answer: "repeat that" means it."""
        if self._deeds is not None:
            self._deeds.said(text)

    def _sentence(self, outcomes: Sequence[Outcome]) -> str | None:
        return replies.sentence(outcomes, self._language, twelve=self._twelve)

    def _owners(self) -> dict[str, tuple[Handler, Tool]]:
        owners: dict[str, tuple[Handler, Tool]] = {}
        for handler in self._handlers:
            for tool in handler.tools():
                owners.setdefault(tool.name, (handler, tool))
        return owners

    async def _carry_out(self, asked: Call, *, fresh: bool = True) -> Outcome:
        """Carry out one call. `fresh`: no figure of what was done last is said again in it."""
        call = own.meant(dataclasses.replace(asked, name=asked.name.rpartition("__")[2]))
        try:
            async with asyncio.timeout(self._deadline_s):
                if (owner := self._owners().get(call.name)) is None:
                    return _failed(call, "I can't do that.", "unknown_tool")
                handler, tool = owner
                if slot := asking.missing(call, tool):
                    return _failed(call, asking.QUESTIONS[slot], asking.NEEDS_SLOT)
                call = dataclasses.replace(call, arguments=_checked(tool, call.arguments))
                if self._deeds is None or not any(slot.name == "name" for slot in tool.parameters):
                    return await handler.handle(call)
                call = self._deeds.pointed(self._deeds.stepped(call) if fresh else call)
                try:
                    return await handler.handle(call)
                except CallFailed as e:
                    if e.reason != "unknown_name" or (there := self._deeds.elsewhere(call)) is None:
                        raise
                    with suppress(CallFailed):
                        return await handler.handle(there)
                    raise
        except CallFailed as e:
            return _failed(call, e.message, e.reason)
        except TimeoutError:
            what = _spoken_target(call)
            said = "That took too long." if what is None else f"T{what[1:]} didn't answer in time."
            return _failed(call, said, DEADLINE)
        except Exception as e:  # noqa: BLE001 - a turn must go on whatever a handler does
            where = "".join(traceback.format_tb(e.__traceback__))  # its message may hold what was said
            _log.error("%s failed: %s\n%s", call.name, type(e).__name__, where)
            what = _spoken_target(call)
            said = f"Something went wrong with {what}." if what else "Something went wrong."
            return _failed(call, said, e.code if isinstance(e, HeyGemmaError) else "internal")


def _is_beyond_undo(outcome: Outcome, deeds: Sequence[Deed], wanted: Sequence[Call]) -> bool:
    """Whether what nobody wants any more was done, or may yet be, and can neither be taken back nor is replaced."""
    was_done = outcome.error == DEADLINE or (outcome.ok and bool(outcome.effects))
    known = is_in(outcome, (done for _, done in deeds))
    return was_done and not known and not any(replaces(call, outcome.call) for call in wanted)


def _failed(call: Call, sentence: str, error: str) -> Outcome:
    return Outcome(call, ok=False, sentence=sentence, error=error)


def _spoken_target(call: Call) -> str | None:
    said = call.arguments.get("name")
    name = speakable(said) if isinstance(said, str) else None
    return None if name is None else f"the {name}"


def _checked(tool: Tool, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """The arguments as the tool declares them. Raises CallFailed (bad_arguments)."""
    declared = {p.name: p for p in tool.parameters}
    if not set(arguments) <= set(declared):
        raise CallFailed(NOT_UNDERSTOOD, code="bad_arguments")
    for parameter in tool.parameters:
        if parameter.required and parameter.name not in arguments:
            missing = parameter.name.partition("_")[0]
            article = "an" if missing[0] in "aeiou" else "a"
            raise CallFailed(f"I need {article} {missing} for that.", code="bad_arguments")
    return {name: _typed(declared[name], value) for name, value in arguments.items()}


def _typed(parameter: Parameter, value: Value) -> Value:
    if parameter.kind in ("integer", "number"):
        return _number(parameter, value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise CallFailed(NOT_UNDERSTOOD, code="bad_arguments")
    text = one_line(value)
    if not text:
        raise CallFailed(NOT_UNDERSTOOD, code="bad_arguments")
    if text.casefold() == UNKNOWN:
        raise CallFailed(f"I didn't get the {parameter.name}.", code="unknown_name")
    if not parameter.choices:
        return text
    if text.casefold() not in parameter.choices:
        said = speakable(text)
        what = "that" if said is None else "the"
        raise CallFailed(f"I don't know {what} {parameter.name}{f' {said}' if said else ''}.", code="bad_arguments")
    return text.casefold()


def _number(parameter: Parameter, value: Value) -> int | float:
    """30, "30" and 30.0 are all 30; 21.5 is a number, no integer."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (parameter.kind == "integer" and not number.is_integer()):
        raise CallFailed(f"I didn't get the {parameter.name.partition('_')[0]}.", code="bad_arguments")
    return int(number) if number.is_integer() else number
