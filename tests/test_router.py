"""Calls find their handlers; whatever goes wrong becomes a sentence."""

import asyncio
from collections.abc import Sequence

import pytest

from assistant.errors import CallFailed, HomeRefused
from assistant.intents.router import NOT_UNDERSTOOD, Dispatched, Router
from assistant.stages import Call, Outcome, Parameter, Tool, Value

TOOL = Tool(
    "Set",
    "",
    (
        Parameter("name", "string"),
        Parameter("level", "integer", required=True),
        Parameter("warmth_degrees", "number"),
        Parameter("color", "string", choices=("red", "blue")),
    ),
)


class Recorder:
    """A handler that does what `then` says and keeps the calls that reached it."""

    def __init__(self, *tools: Tool, then: BaseException | None = None, hangs: bool = False) -> None:
        self._tools = tools or (TOOL,)
        self._then = then
        self._hangs = hangs
        self.calls: list[Call] = []
        self.reached = asyncio.Event()

    def tools(self) -> Sequence[Tool]:
        return self._tools

    def context(self) -> str:
        return f"knows {self._tools[0].name}"

    async def handle(self, call: Call) -> Outcome:
        self.calls.append(call)
        self.reached.set()
        if self._hangs:
            await asyncio.Event().wait()
        if self._then is not None:
            raise self._then
        return Outcome(call, ok=True, sentence=f"{call.name} {len(self.calls)}")


async def set_(handler: Recorder, **arguments: Value) -> Outcome:
    (outcome,) = (await Router([handler], deadline_s=0.05).dispatch([Call("Set", arguments)])).outcomes
    return outcome


async def test_a_call_reaches_the_handler_that_owns_its_tool() -> None:
    """The first of two owners wins; tools and context of all are told."""
    one, two = Recorder(Tool("A", "")), Recorder(Tool("A", "other"), Tool("B", ""))
    router = Router([one, two])
    await router.dispatch([Call("A"), Call("B")])
    assert ([c.name for c in one.calls], [c.name for c in two.calls]) == (["A"], ["B"])
    assert router.tools() == (Tool("A", ""), Tool("B", ""))
    assert router.context() == "knows A\nknows A"


@pytest.mark.parametrize("written", ["Set", "light__Set", "__Set", "a__b__Set"])
async def test_a_prefixed_tool_is_the_same_tool(written: str) -> None:
    """Newer Home Assistants write `light__HassLightSet`."""
    handler = Recorder()
    done = await Router([handler]).dispatch([Call(written, {"level": 1})])
    assert done.outcomes[0].call == Call("Set", {"level": 1})


async def test_calls_run_in_order_and_a_failure_stops_none() -> None:
    """Outcomes come in the order of the calls, sentences too."""
    handler = Recorder(Tool("A", ""))
    done = await Router([handler]).dispatch([Call("A"), Call("Unknown"), Call("A")])
    assert [o.error for o in done.outcomes] == [None, "unknown_tool", None]
    assert done.sentence == "A 1. I can't do that. A 2."


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"level": 30}, {"level": 30}),
        ({"level": "30"}, {"level": 30}),
        ({"level": 30.0}, {"level": 30}),
        ({"level": 1, "warmth_degrees": "21.5"}, {"level": 1, "warmth_degrees": 21.5}),
        ({"level": 1, "color": " Blue "}, {"level": 1, "color": "blue"}),
        ({"level": 1, "name": " lamp "}, {"level": 1, "name": "lamp"}),
    ],
)
async def test_arguments_are_taken_as_the_tool_declares_them(given: dict[str, Value], taken: dict[str, Value]) -> None:
    """30, "30" and 30.0 are the same integer."""
    handler = Recorder()
    assert (await set_(handler, **given)).ok
    assert handler.calls == [Call("Set", taken)]
    assert isinstance(handler.calls[0].arguments["level"], int)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "I need a level for that."),
        ({"level": 1, "speed": 2}, NOT_UNDERSTOOD),
        ({"level": "high"}, "I didn't get the level."),
        ({"level": 1.5}, "I didn't get the level."),
        ({"level": True}, "I didn't get the level."),
        ({"level": float("nan")}, "I didn't get the level."),
        ({"level": "1e999"}, "I didn't get the level."),
        ({"level": 1, "warmth_degrees": "warm"}, "I didn't get the warmth."),
        ({"level": 1, "color": "wellow"}, "I don't know the color wellow."),
        ({"level": 1, "color": "<|turn>"}, "I don't know that color."),
        ({"level": 1, "name": 5}, NOT_UNDERSTOOD),
        ({"level": 1, "name": ""}, NOT_UNDERSTOOD),
        ({"level": 1, "name": "x" * 10_000}, NOT_UNDERSTOOD),
    ],
)
async def test_bad_arguments_never_reach_a_handler(given: dict[str, Value], sentence: str) -> None:
    """Missing, extra, mistyped, not among the choices, empty, endless."""
    handler = Recorder()
    outcome = await set_(handler, **given)
    assert (outcome.ok, outcome.error, outcome.sentence) == (False, "bad_arguments", sentence)
    assert handler.calls == []


@pytest.mark.parametrize("confidence", [0.0, 0.49, float("nan")])
async def test_calls_that_the_model_was_unsure_of_are_not_carried_out(confidence: float) -> None:
    """None of them, and it is said once."""
    handler = Recorder(Tool("A", ""))
    done = await Router([handler], min_confidence=0.5).dispatch([Call("A"), Call("A")], confidence)
    assert handler.calls == []
    assert done.sentence == NOT_UNDERSTOOD
    assert {o.error for o in done.outcomes} == {"low_confidence"}


async def test_calls_at_the_least_confidence_are_carried_out() -> None:
    """The threshold itself is enough."""
    handler = Recorder(Tool("A", ""))
    done = await Router([handler], min_confidence=0.5).dispatch([Call("A")], 0.5)
    assert done.outcomes[0].ok


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (CallFailed("I don't know a lamp.", code="unknown_name"), "unknown_name", "I don't know a lamp."),
        (HomeRefused("token revoked", remedy="x"), "home_refused", "Something went wrong with the lamp."),
        (ValueError("secret"), "internal", "Something went wrong with the lamp."),
        (KeyError(), "internal", "Something went wrong with the lamp."),
        (TimeoutError(), "deadline", "The lamp didn't answer in time."),
    ],
)
async def test_whatever_a_handler_raises_is_spoken(error: Exception, code: str, sentence: str) -> None:
    """No exception leaves the router, and no vendor text is spoken."""
    outcome = await set_(Recorder(then=error), level=1, name="the lamp")
    assert (outcome.ok, outcome.error, outcome.sentence) == (False, code, sentence)


async def test_without_a_name_a_failure_is_spoken_all_the_same() -> None:
    """And an odd name isn't repeated."""
    failing = Recorder(then=RuntimeError())
    assert (await set_(failing, level=1)).sentence == "Something went wrong."
    assert (await set_(failing, level=1, name="<|turn>")).sentence == "Something went wrong."


async def test_a_handler_that_hangs_is_given_up_at_the_deadline() -> None:
    """And the next call is still carried out."""
    outcome = await set_(Recorder(hangs=True), level=1, name="lamp")
    assert (outcome.error, outcome.sentence) == ("deadline", "The lamp didn't answer in time.")
    outcome = await set_(Recorder(hangs=True), level=1)
    assert outcome.sentence == "That took too long."
    slow = Recorder(Tool("Slow", ""), hangs=True)
    done = await Router([slow, Recorder(Tool("A", ""))], deadline_s=0.01).dispatch([Call("Slow"), Call("A")])
    assert [o.ok for o in done.outcomes] == [False, True]


async def test_cancelling_the_dispatch_cancels_the_call() -> None:
    """Only a deadline is turned into an outcome; a cancelled turn is cancelled."""
    handler = Recorder(hangs=True)
    task: asyncio.Task[Dispatched] = asyncio.create_task(Router([handler]).dispatch([Call("Set", {"level": 1})]))
    await handler.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_calls_are_no_outcomes_and_nothing_to_say() -> None:
    """An empty reply."""
    assert await Router([]).dispatch([]) == Dispatched((), "")
