"""The phrases that can be said at this home whoever speaks: what code itself says, with the home's names. Pure.

Nothing that anybody said is in here: no timer's name, no list's item, no talk of the model. A home of 15 things gives
some 350 phrases, the likeliest first.
"""

from collections.abc import Iterator, Sequence

from assistant.intents import asking, consent, replies, router
from assistant.intents.policy import limits
from assistant.intents.translated import refusal
from assistant.intents.words import LANGUAGES
from assistant.stages import Call, Outcome, Seen, Value

_FIXED = (
    router.NOT_UNDERSTOOD, "Sorry, something went wrong. Please try again.", "You didn't say what.",
    "Which one do you mean?", "I can't do that.", router.ONE_AT_A_TIME, "That took too long.", "Something went wrong.",
    "That is done.",
    *dict.fromkeys(asking.QUESTIONS.values()), asking.NOT_GOT, consent.WONT, consent.NO_YES, consent.WRONG_PIN,
    consent.LOCKED, "Please say yes.", "Please say the PIN.",
    "There's nothing to undo.", "I can't undo that.", "I haven't said anything.", "There's nothing to answer.",
    "I don't have a forecast for that day.", "I don't know any weather.", "I don't know that any more.",
    "The home didn't answer in time.", "The home can't tell me that.", "The home doesn't let me in.",
    "I can't reach the home.", "There's no such thing there.", "For what time?", "How loud? Say a figure.",
    "Into which language? Say the whole sentence again.",
    "That's no time of day.",
    "There are too many timers running.", "There's no timer running.", "I didn't get how long.",
    "A timer can run from 1 second to 24 hours.", "I didn't get the timer's name.", "Your timer is done.",
    *(limit.sentence for limit in limits().values()),
)  # fmt: skip
_STATES = {
    "light": ("on", "off"), "switch": ("on", "off"), "fan": ("on", "off"), "media_player": ("on", "off"),
    "input_boolean": ("on", "off"), "climate": ("off",), "cover": ("open", "closed"), "lock": ("locked", "unlocked"),
}  # fmt: skip
_MINUTES = (*range(1, 21), 25, 30, 35, 40, 45, 50, 55, 60, 90, 120)
_GUARDED = {"lock": "Unlock", "cover": "Open"}


def phrases(seen: Sequence[Seen], language: str = "en") -> tuple[str, ...]:
    """Every phrase once. Empty for a language without templates."""
    return tuple(dict.fromkeys(_phrases(seen, language))) if LANGUAGES.get(language) else ()


def _phrases(seen: Sequence[Seen], language: str) -> Iterator[str]:
    def say(tool: str, /, **result: Value) -> Iterator[str]:
        outcome = Outcome(Call(tool, {}), ok=True, sentence=None, result=result)
        if text := replies.sentence((outcome,), language):
            yield text

    fixed = [refusal(text, language) for text in _FIXED]
    yield from fixed[:5]
    for thing in seen:
        for state in _STATES.get(_domain(thing), ()):
            yield from say("HassTurnOn", name=thing.names[0], state=state)
    yield from fixed[5:]
    for minutes in _MINUTES:
        yield from say("HassStartTimer", seconds=60 * minutes)
    yield from say("HassCancelTimer")
    yield from say("HassPauseTimer")
    yield from say("HassUnpauseTimer")
    yield from say("HassCancelAllTimers")
    if any(_domain(thing) == "climate" for thing in seen):
        for half in range(30, 51):
            yield from say("HassClimateSetTemperature", name="heating", temperature=half / 2)
    if any(_domain(thing) == "media_player" for thing in seen):
        for tool in ("HassMediaPause", "HassMediaUnpause", "HassMediaNext", "HassMediaPrevious"):
            yield from say(tool, name="music")
        for percent in range(0, 101, 10):
            yield from say("HassSetVolume", name="music", volume_level=percent)
    for thing in seen:
        for state in _STATES.get(_domain(thing), ()):
            yield from say("HassGetState", name=thing.names[0], domain=_domain(thing), state=state)
        if _domain(thing) in _GUARDED:
            yield refusal(f"{_GUARDED[_domain(thing)]} the {thing.names[0]}?", language)
    for thing in seen:
        if _domain(thing) == "light":
            for percent in range(10, 101, 10):
                yield from say("HassLightSet", name=thing.names[0], brightness=percent)


def _domain(thing: Seen) -> str:
    return thing.id.partition(".")[0]
