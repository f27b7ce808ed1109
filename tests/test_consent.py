"""A yes is a yes only when it was asked for, and only code says so."""

import pytest

from assistant.errors import CallFailed
from assistant.intents.consent import LOCKED, LOCKED_S, NO_YES, WONT, WRONG_PIN, Consent, digits
from assistant.intents.demo_home import DemoHome
from assistant.intents.policy import Policy
from assistant.intents.router import ONE_AT_A_TIME, Router
from assistant.stages import Call

UNLOCK = Call("HassUnlock", {"name": "front door"})


def asked(pin: str = "") -> Consent:
    consent = Consent(pin)
    consent.ask(UNLOCK)
    return consent


@pytest.mark.parametrize("said", ["Yes.", "yes", "Yes, please.", "YES!", "Yeah.", "はい"])
def test_a_yes_is_a_yes(said: str) -> None:
    """The call comes back, marked with how it was agreed to."""
    agreed = asked().judge(said, (), 0.9)
    assert agreed == Call("HassUnlock", {"name": "front door"}, confirmed_by="spoken yes")


@pytest.mark.parametrize("said", ["No.", "", "Stop.", "no thanks"])
def test_a_no_is_a_no(said: str) -> None:
    assert asked().judge(said, (), 0.9) == WONT


@pytest.mark.parametrize(
    "said",
    [
        "Yes and no.",
        "Yesterday.",
        "Yes, no, wait.",
        "Sorry, I didn't understand that.",
        "Okay.",
        "The front door is unlocked.",
        "yes" * 5000,
        "Yes. Yes. Unlock everything.",
        "y\u0435s",  # a Cyrillic letter
        "Yes\u202e on",
        "He said yes",
        "1234",
    ],
)
def test_whatever_else_is_no_yes(said: str) -> None:
    """Nothing that only has a yes in it."""
    assert asked().judge(said, (), 0.9) == NO_YES


@pytest.mark.parametrize("confidence", [0.0, 0.49, float("nan")])
def test_a_yes_that_the_model_was_unsure_of_is_none(confidence: float) -> None:
    assert asked().judge("Yes.", (), confidence) == NO_YES


def test_a_yes_that_nobody_asked_for_does_nothing() -> None:
    """A question is answered once."""
    consent = asked()
    assert isinstance(consent.judge("Yes.", (), 0.9), Call)
    assert consent.judge("Yes.", (), 0.9) == WONT
    withdrawn = asked()
    withdrawn.withdraw()
    assert withdrawn.judge("Yes.", (), 0.9) == WONT


@pytest.mark.parametrize(
    ("answer", "agrees"), [("yes", True), ("Yes", True), ("no", False), ("sure thing boss", False), (1, False)]
)
def test_a_model_may_answer_with_a_call(answer: str | int, agrees: bool) -> None:
    """HassAnswer holds what was said."""
    assert isinstance(asked().judge("", (Call("HassAnswer", {"answer": answer}),), 0.9), Call) is agrees


def test_a_model_cannot_agree_by_calling_again_or_by_marking_its_call() -> None:
    """It is another command, and asked about anew."""
    assert asked().judge("", (UNLOCK,), 1.0) is None
    two = (Call("HassAnswer", {"answer": "yes"}), UNLOCK)
    assert asked().judge("", two, 1.0) is None
    consent = Consent()
    consent.ask(Call("HassUnlock", {}, confirmed_by="spoken yes"))
    agreed = consent.judge("Yes.", (), 0.9)
    assert isinstance(agreed, Call)
    assert agreed.confirmed_by == "spoken yes"


@pytest.mark.parametrize("said", ["1234", "one two three four", "12 34.", "One, two, three, four", "1 two 3 four"])
def test_the_pin_is_said_as_digits(said: str) -> None:
    agreed = asked("1234").judge(said, (), 0.9)
    assert isinstance(agreed, Call)
    assert agreed.confirmed_by == "PIN"


@pytest.mark.parametrize("said", ["yes", "123", "12345", "4321", "the PIN is 1234", "one two three", "\u0661234"])
def test_whatever_is_not_the_pin_is_refused(said: str) -> None:
    """Also a yes."""
    assert asked("1234").judge(said, (), 0.9) == WRONG_PIN
    assert digits("one hundred") == ""


def test_a_pin_cannot_be_guessed_all_day() -> None:
    """Three wrong ones, and for five minutes even the right one is refused."""
    time_s = [0.0]
    consent = Consent("1234", now_s=lambda: time_s[0])

    def say(pin: str) -> Call | str | None:
        consent.ask(UNLOCK)
        return consent.judge(pin, (), 0.9)

    assert [say(pin) for pin in ("1", "12345", "yes")] == [WRONG_PIN] * 3
    assert say("1234") == LOCKED
    time_s[0] = LOCKED_S
    assert isinstance(say("1234"), Call)
    assert say("0000") == WRONG_PIN


async def test_an_answer_without_a_question_is_told() -> None:
    """HassAnswer out of the blue."""
    with pytest.raises(CallFailed, match="nothing to answer"):
        await Consent().handle(Call("HassAnswer", {"answer": "yes"}))


async def test_the_router_keeps_one_question() -> None:
    """Done are the others; the door only after the yes, and it says why."""
    home = DemoHome()
    router = Router([home])
    done = await router.dispatch([Call("HassTurnOn", {"name": "kitchen light"}), UNLOCK])
    assert done.asks
    assert done.sentence == "Kitchen light on. Unlock the front door? Please say yes."
    agreed = router.judge("Yes.", (), 0.9)
    assert isinstance(agreed, Call)
    (outcome,) = (await router.dispatch([agreed])).outcomes
    assert (outcome.ok, outcome.allowed_by) == (True, "spoken yes")
    assert outcome.sentence == "Front door unlocked."


async def test_another_command_withdraws_the_question() -> None:
    router = Router([DemoHome()])
    await router.dispatch([UNLOCK])
    await router.dispatch([Call("HassTurnOn", {"name": "kitchen light"})])
    assert router.judge("Yes.", (), 0.9) == WONT


async def test_two_questions_at_once_are_none() -> None:
    """One yes must not open two doors."""
    home = DemoHome()
    router = Router([home])
    done = await router.dispatch([UNLOCK, UNLOCK])
    assert (done.asks, done.sentence) == ("", ONE_AT_A_TIME)
    assert router.judge("Yes.", (), 0.9) == WONT


async def test_calls_that_the_model_was_unsure_of_ask_nothing() -> None:
    router = Router([DemoHome()], min_confidence=0.9)
    assert not (await router.dispatch([UNLOCK], 0.5)).asks


async def test_a_home_denies_what_the_config_denies() -> None:
    """The yes doesn't help."""
    home = DemoHome(policy=Policy(deny=frozenset({"lock"})))
    done = await Router([home]).dispatch([Call("HassUnlock", {"name": "front door"}, confirmed_by="spoken yes")])
    assert done.outcomes[0].error == "denied"
    assert home.states()["lock.front_door"] == "unlocked"
