from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant import runs
from assistant.config import Config
from assistant.events import (
    CallsDone,
    CallsReady,
    EndpointReached,
    Event,
    ReplyAudioStarted,
    ToolCalled,
    TurnEnded,
    WakeHeard,
)
from assistant.places import runtime_dir
from assistant.stages import Call
from assistant.states import Idle
from assistant.unfinished import Unfinished

WAKE = WakeHeard(0.0, 0.0, 0.9)
CALLS = CallsReady(0.0, 0.0, (Call("HassTurnOn"),), 0.9)
SILENCE = EndpointReached(0.0, 0.0, "silence")
LAST = (
    ToolCalled(0.0, 0.0, "HassTurnOn", {}, [], ok=True, error=None, allowed_by=None),
    ReplyAudioStarted(0.0, 0.0),
    TurnEnded(0.0, 0.0, 1, None, None, None, None, None),
)


def test_a_turn_that_a_crash_cut_off_is_found_once(tmp_path: Path) -> None:
    Unfinished(tmp_path / "run").observe(WAKE)
    assert Unfinished(tmp_path / "run").found
    assert not Unfinished(tmp_path / "run").found


@pytest.mark.parametrize("event", LAST)
def test_what_was_done_answered_or_ended_needs_no_apology(
    tmp_path: Path, event: ToolCalled | ReplyAudioStarted | TurnEnded
) -> None:
    before = Unfinished(tmp_path)
    before.observe(WAKE)
    before.observe(event)
    assert not Unfinished(tmp_path).found


def test_a_crash_in_a_turn_that_interrupted_another_is_found(tmp_path: Path) -> None:
    """The turn before ends, or its light is told, when the next one's wake word was heard."""
    before = Unfinished(tmp_path)
    for event in (WAKE, SILENCE, WAKE, LAST[2], LAST[0], SILENCE):
        before.observe(event)
    assert Unfinished(tmp_path).found


def test_whoever_was_only_overheard_waits_for_nothing(tmp_path: Path) -> None:
    before = Unfinished(tmp_path)
    for event in (WAKE, SILENCE, LAST[2], SILENCE):
        before.observe(event)
    assert not Unfinished(tmp_path).found


def test_a_never_mind_that_has_nothing_to_take_back_is_over(tmp_path: Path) -> None:
    """What may have been done of the turn behind it isn't known by it."""
    mark = Unfinished(tmp_path)
    for event in (WAKE, CallsReady(0, 0, (), 1.0), CallsDone(0, 0, "", "en", ()), WAKE):
        mark.observe(event)
    found = Unfinished(tmp_path)
    assert (found.found, found.perhaps_done) == (True, False)


async def test_an_end_on_purpose_leaves_nothing(tmp_path: Path) -> None:
    before = Unfinished(tmp_path)
    before.observe(WAKE)
    await before.aclose()
    assert not Unfinished(tmp_path).found


async def test_nowhere_to_put_it_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "run"):
        mark = Unfinished(folder)
        mark.observe(WAKE)
        await mark.aclose()
        assert not mark.found


def test_the_service_managers_folder_comes_before_the_users() -> None:
    assert runtime_dir({"RUNTIME_DIRECTORY": "/run/hey-gemma:/run/b", "XDG_RUNTIME_DIR": "/run/user/1"}) == Path(
        "/run/hey-gemma"
    )
    assert runtime_dir({"XDG_RUNTIME_DIR": "/run/user/1"}) == Path("/run/user/1/hey-gemma")
    assert runtime_dir({}) is None


async def told_at_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch, language: str = "en") -> Sequence[str]:
    """What is announced where the microphone is listened to again; without model, home and sound."""
    said: list[str] = []

    async def listen(*_: object, **__: object) -> None:
        pass

    @asynccontextmanager
    async def loaded(*_: object, **__: object) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(volume=None, real_home=None, session=None)

    @asynccontextmanager
    async def conversing(*_: object, **__: object) -> AsyncIterator[tuple[SimpleNamespace, SimpleNamespace]]:
        talk = SimpleNamespace(announce=said.append, run_microphone=listen, state=Idle(0), on_state=None)
        yield talk, SimpleNamespace(timers=None)

    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    monkeypatch.setenv("STATE_DIRECTORY", str(folder / "state"))
    monkeypatch.setattr(runs, "loaded", loaded)
    monkeypatch.setattr(runs, "conversing", conversing)
    config = Config()
    await runs.run(replace(config, speech=replace(config.speech, language=language)), runs.Options(), [])
    return said


@pytest.mark.parametrize(
    ("language", "sorry"),
    [
        ("en", "Sorry, something went wrong. Please try again."),
        ("de", "Da ging leider etwas schief. Bitte noch einmal."),
        ("ja", "Sorry, something went wrong. Please try again."),
    ],
)
async def test_the_apology_is_in_the_language_of_the_answers(
    language: str, sorry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Japanese has no words of ours."""
    Unfinished(tmp_path).observe(WAKE)
    assert await told_at_the_start(tmp_path, monkeypatch, language) == [sorry]
    assert await told_at_the_start(tmp_path, monkeypatch, language) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((WAKE, SILENCE, CALLS), ["Da ging etwas schief."]),
        ((CALLS,), ["Da ging etwas schief."]),  # after a yes, without a wake word
        ((WAKE, SILENCE, CALLS, WAKE, LAST[2], SILENCE), ["Da ging etwas schief."]),  # it still goes on
        ((WAKE, SILENCE, CALLS, LAST[0]), []),
        ((WAKE, SILENCE, CALLS, LAST[0], LAST[2], WAKE), ["Da ging leider etwas schief. Bitte noch einmal."]),
        ((CALLS, WAKE, LAST[2], LAST[0], SILENCE), ["Da ging leider etwas schief. Bitte noch einmal."]),
    ],
)
async def test_nobody_is_told_to_try_again_what_may_have_been_done(
    events: Sequence[Event], said: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between handing a call to the home and knowing what became of it."""
    before = Unfinished(tmp_path)
    for event in events:
        before.observe(event)
    assert await told_at_the_start(tmp_path, monkeypatch, "de") == said
