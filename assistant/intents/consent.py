"""A question that stands, and whether what was said to it is a yes: judged by code, from the model's words or its call.

Holds one call at a time, the one that policy.py wants a yes or the PIN for, or that lacks something (asking.py). Knows
no home and no clock: the turn-taking opens the ear for 8 s after the question, and only what is heard then comes here.
A model can't agree for a person by repeating its call: only yes is yes, and of a PIN every digit. Judging takes 20 µs.
"""

import dataclasses
import hmac
import re
from collections import deque
from collections.abc import Callable, Sequence

from assistant.errors import CallFailed
from assistant.intents import asking
from assistant.stages import Call, Outcome, Parameter, Tool

ANSWER = "HassAnswer"
LEAST_CONFIDENCE = 0.5
WONT = "Okay, I won't."
NO_YES = "I didn't hear a yes, so I won't."
WRONG_PIN = "That's not the PIN, so I won't."
LOCKED = "The PIN was wrong too often: please try again in five minutes."
MOST_WRONG = 3
LOCKED_S = 300.0
_YES = frozenset({"yes", "yes please", "yes do it", "yes i am sure", "yeah", "yep", "はい"})
_NO = frozenset({"no", "no thanks", "no thank you", "nope", "", "cancel", "stop", "いいえ"})
_NEVER_MIND = frozenset({"never mind", "nevermind", "forget it", "never mind that", "okay never mind"})
_DIGITS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9",
}  # fmt: skip


class Consent:
    """Handler of the answer. `told`: the model is told of its tool; a model may also just say yes."""

    def __init__(self, pin: str = "", *, told: bool = False, now_s: Callable[[], float] = lambda: 0.0) -> None:
        """`now_s`: the assistant's clock; without one, a PIN that was wrong too often stays refused."""
        self._pin = pin
        self._told = told
        self._now_s = now_s
        self._asked: Call | None = None
        self._slot: str | None = None
        self._least = LEAST_CONFIDENCE
        self._wrong_at_s: deque[float] = deque(maxlen=MOST_WRONG)

    def tools(self) -> Sequence[Tool]:
        """One: what a person answered."""
        answer = Parameter("answer", "string", required=True, values=() if self._pin else ("yes", "no", "never mind"))
        what = "PIN, when asked for it" if self._pin else "Yes or no, when asked for a yes"
        return (Tool(ANSWER, what, (answer,), told=self._told),)

    def context(self) -> str:
        """Nothing."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Refuse: an answer that comes when nothing was asked. Raises CallFailed (nothing_asked)."""
        del call
        raise CallFailed("There's nothing to answer.", code="nothing_asked")

    def ask(self, call: Call, slot: str | None = None, least_confidence: float = LEAST_CONFIDENCE) -> None:
        """Let a question about `call` stand; an older one is withdrawn. `slot`: what it lacks; None: a yes."""
        self._asked = dataclasses.replace(call, confirmed_by=None)
        self._slot, self._least = slot, least_confidence

    def withdraw(self) -> None:
        """Nothing is asked any more."""
        self._asked = None

    def judge(self, said: str, calls: Sequence[Call], confidence: float) -> Call | str | None:
        """Take what a person answered, as the model tells it; the question is answered with that, however it is.

        The call that may be carried out now; or the sentence that says why it isn't, empty after "never mind"; None: it
        is another command.
        """
        (asked, slot), self._asked, self._slot = (self._asked, self._slot), None, None
        if asked is not None and slot is not None and [call.name.rpartition("__")[2] for call in calls] == [asked.name]:
            return self._with_slot(asked, slot, said, calls, confidence)
        if len(calls) == 1 and calls[0].name.rpartition("__")[2] == ANSWER:
            said = str(calls[0].arguments.get("answer", ""))
        elif calls:
            return None
        words = " ".join(re.findall(r"\w+", said.casefold()))
        if words in _NEVER_MIND:
            return ""
        if asked is None or words in _NO:
            return WONT
        if slot is not None:
            return self._with_slot(asked, slot, said, (), confidence)
        if not confidence >= LEAST_CONFIDENCE:
            return NO_YES
        if self._pin:
            return self._with_pin(asked, digits(words))
        return dataclasses.replace(asked, confirmed_by="spoken yes") if words in _YES else NO_YES

    def _with_slot(self, asked: Call, slot: str, said: str, calls: Sequence[Call], confidence: float) -> Call | str:
        complete = asking.completed(asked, slot, said, calls) if confidence >= self._least else None
        return asking.NOT_GOT if complete is None else complete

    def _with_pin(self, asked: Call, said: str) -> Call | str:
        wrong, now_s = self._wrong_at_s, self._now_s()
        if len(wrong) == MOST_WRONG and now_s - wrong[0] < LOCKED_S:
            return LOCKED
        if hmac.compare_digest(said.encode(), self._pin.encode()):
            wrong.clear()
            return dataclasses.replace(asked, confirmed_by="PIN")
        wrong.append(now_s)
        return WRONG_PIN


def digits(words: str) -> str:
    """The digits of "one two 3 4" as "1234"; empty if anything else is in it."""
    found = [_DIGITS.get(word, word) for word in words.split()]
    return "".join(found) if all(re.fullmatch(r"[0-9]+", part) for part in found) else ""
