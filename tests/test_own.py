"""The assistant's own volume and ear: who is meant, what is done, what outlives a restart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant import app, manifest
from assistant import states as s
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import NullSpeaker
from assistant.config import Config, SpeechConfig
from assistant.errors import CallFailed
from assistant.events import CallsDone, EndpointReached, Event, SpeechContinued, ToolCalled, name_of
from assistant.homes import build_home
from assistant.intents.demo_home import DemoHome
from assistant.intents.own import GOODBYE, MUTE, TOOL, Controls, Own, meant
from assistant.intents.router import Router
from assistant.llm.grammar import QUOTE
from assistant.own_volume import OwnVolume
from assistant.speech.voices import Voices
from assistant.stages import Call, Value
from tests.fakes import LevelVad, ScriptedSession, ToneVoice
from tests.test_grammar import END, Writer


class Knob:
    """What can be turned."""

    def __init__(self, percent: int = 50) -> None:
        self.percent = percent
        self.muted = False
        self.controls = Controls(lambda: self.percent, self._set, self._mute)

    def _set(self, percent: int) -> None:
        self.percent = percent

    def _mute(self) -> None:
        self.muted = True


@pytest.mark.parametrize(
    ("name", "arguments", "own"),
    [
        ("HassSetVolume", {"name": "your volume", "volume_level": 40}, {"volume_level": 40}),
        ("HassSetVolume", {"name": "You", "volume_level": 40}, {"volume_level": 40}),
        ("HassAdjust", {"name": "your voice", "way": "up"}, {"way": "up"}),
        ("HassAdjust", {"name": "music", "way": "up"}, None),
        ("HassAdjust", {"way": "up"}, None),
        ("HassSetVolume", {"volume_level": 40}, None),
        ("HassTurnOff", {"name": "you"}, None),
    ],
)
def test_who_is_meant_by_a_volume(name: str, arguments: Mapping[str, Value], own: Mapping[str, Value] | None) -> None:
    """The assistant where it is named; nothing else is guessed."""
    call = Call(name, arguments)
    assert meant(call) == (call if own is None else Call(TOOL, own))


@pytest.mark.parametrize(
    ("arguments", "before", "after"),
    [
        ({"volume_level": 40}, 50, 40),
        ({"volume_level": 0}, 50, 0),
        ({"way": "up"}, 50, 60),
        ({"way": "up"}, 97, 100),
        ({"way": "down"}, 50, 40),
        ({"way": "down"}, 10, 10),
        ({"way": "down"}, 4, 4),
    ],
)
async def test_louder_quieter_and_figures(arguments: Mapping[str, Value], before: int, after: int) -> None:
    """A step down never makes it unheard; a figure may."""
    knob = Knob(before)
    outcome = await Own(knob.controls).handle(Call(TOOL, arguments))
    assert (knob.percent, outcome.sentence) == (after, f"My volume is {after} percent.")
    with pytest.raises(CallFailed):
        await Own(knob.controls).handle(Call(TOOL))


async def test_the_volume_is_the_players_where_there_is_one_else_the_assistants() -> None:
    """And "your volume" is the assistant's in every home."""
    for home, own in (([DemoHome()], 50), ([], 30)):
        knob = Knob()
        router = Router([*home, Own(knob.controls)])
        (outcome,) = (await router.dispatch([Call("HassSetVolume", {"volume_level": 30})])).outcomes
        assert outcome.ok
        assert knob.percent == own
        await router.dispatch([Call("HassSetVolume", {"name": "your volume", "volume_level": 20})])
        assert knob.percent == 20


async def test_a_mute_is_said_to_need_more_than_words_to_end() -> None:
    knob = Knob()
    done = await Router([Own(knob.controls)]).dispatch([Call(MUTE)])
    assert (knob.muted, done.sentence) == (True, GOODBYE)


@pytest.mark.parametrize("things", [[DemoHome()], []], ids=["a home with a player", "no home"])
async def test_every_home_lets_its_own_volume_be_set_and_made_louder(things: Sequence[DemoHome]) -> None:
    """Two tools that the model is told, by the name "your volume" where a player has them too; no third one."""
    knob = Knob(50)
    router = Router([*things, Own(knob.controls)])
    told = {tool.name: tool for tool in router.tools()}
    assert {"HassSetVolume", "HassAdjust"} <= told.keys()
    assert TOOL not in told
    named = {"name": "your volume"} if things else {}
    for name in ("HassSetVolume", "HassAdjust"):
        slots = {slot.name: slot for slot in told[name].parameters}
        assert ("name" in slots) is bool(things)
        assert not things or "your volume" in slots["name"].values
    await router.dispatch([Call("HassSetVolume", {**named, "volume_level": 40})])
    assert knob.percent == 40
    done = await router.dispatch([Call("HassAdjust", {**named, "way": "up"})])
    assert (knob.percent, done.sentence) == (50, "My volume is 50 percent.")


VOLUMES = {  # as a model writes it: whose volume is how loud then
    f"call:HassSetVolume{{name:{QUOTE}your volume{QUOTE},volume_level:40}}": ("assistant.volume_set", 0.4),
    f"call:HassAdjust{{name:{QUOTE}your voice{QUOTE},way:{QUOTE}down{QUOTE}}}": ("assistant.volume_set", 0.3),
    "call:HassSetVolume{volume_level:55}": ("media_player.volume_set", 0.55),
    f"call:HassAdjust{{name:{QUOTE}music{QUOTE},way:{QUOTE}up{QUOTE}}}": ("media_player.volume_set", 0.65),
}


@pytest.mark.parametrize("model", ["tiny", "e2b"])
async def test_what_a_model_writes_of_a_volume_is_legal_and_changes_the_one_that_is_named(model: str) -> None:
    """Wired as in a run with a player in the home: its own volume stays as it is where the player's is meant."""
    entry = manifest.load().entry(model)
    tools = build_home(Config(), entry, AudioClock()).router.legal()
    for written in VOLUMES:
        assert Writer(*tools).write(f"{written}{END}") == f"{written}{END}"
    session = ScriptedSession(*(["<|tool_call>", written, END] for written in VOLUMES))
    voice, clock, events = ToneVoice(), AudioClock(), list[Event]()
    await clock.release()
    volume = OwnVolume(voice, 1.0)
    parts: Any = (session, None, LevelVad(), voice, volume)  # stand-ins at the seams
    async with app.conversing(
        app.Stages(Config(), entry, *parts), clock=clock, wall=WallClock(), speaker=NullSpeaker(clock),
        observe=events.append,
    ) as (talk, _):  # fmt: skip
        for _ in VOLUMES:
            await talk.ask("louder, quieter")
    done: list[Any] = [effect for event in events if isinstance(event, ToolCalled) for effect in event.effects]
    assert [(effect["service"], effect["data"]["volume_level"]) for effect in done] == list(VOLUMES.values())
    assert volume.get() == 30


def test_only_a_model_that_is_told_tools_can_mute_it() -> None:
    """Tiny was trained with the volume, but without that."""
    for model, told in (("tiny", False), ("e2b", True)):
        router = build_home(Config(), manifest.load().entry(model), AudioClock()).router
        assert TOOL in {tool.name for tool in router.legal()}
        assert (MUTE in {tool.name for tool in router.tools()}) is told


def test_the_volume_outlives_a_restart_until_the_config_says_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / "volume.json"
    voice = Voices(SpeechConfig(), ())
    OwnVolume(voice, 1.0, path).set(40)
    assert voice.volume == 0.4
    again = Voices(SpeechConfig(), ())
    assert (OwnVolume(again, 1.0, path).get(), again.volume) == (40, 0.4)
    assert OwnVolume(again, 0.7, path).get() == 70
    path.write_text("[1, 2")
    assert OwnVolume(again, 1.0, path).get() == 100
    assert "can't be read" in caplog.text


async def test_mute_yourself_is_answered_to_the_end_and_then_nobody_listens() -> None:
    """Wired as in a run: the answer is spoken, the turn ends, and only then the ear is off."""
    session = ScriptedSession(["<|tool_call>", f"call:{MUTE}{{}}", "<tool_call|>"])
    voice, clock, events = ToneVoice(), AudioClock(), list[Event]()
    await clock.release()
    volume = OwnVolume(voice, 1.0)
    parts: Any = (session, None, LevelVad(), voice, volume)  # stand-ins at the seams
    stages = app.Stages(Config(), manifest.load().entry("e2b"), *parts)
    async with app.conversing(
        stages, clock=clock, wall=WallClock(), speaker=NullSpeaker(clock), observe=events.append
    ) as (talk, _):
        await talk.ask("mute yourself")
        assert s.is_muted(talk.state)
    names = [name_of(event) for event in events]
    assert names.index("reply_audio_finished") < names.index("turn_ended") < names.index("mute_switched")
    assert voice.said == [(GOODBYE, "en")]


async def test_who_goes_on_behind_mute_yourself_hears_how_to_end_it_before_nobody_listens() -> None:
    """The turn ends and another begins with all of its sound: the ear is still on, for that may say "never mind"."""
    session = ScriptedSession(*[["<|tool_call>", f"call:{MUTE}{{}}", "<tool_call|>"]] * 2)
    voice, clock, events = ToneVoice(), AudioClock(), list[Event]()
    await clock.release()
    parts: Any = (session, None, LevelVad(), voice, OwnVolume(voice, 1.0))  # stand-ins at the seams
    stages = app.Stages(Config(), manifest.load().entry("e2b"), *parts)

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, CallsDone):
            talk.post(SpeechContinued(0.0, 0.0))

    async with app.conversing(stages, clock=clock, wall=WallClock(), speaker=NullSpeaker(clock), observe=observe) as (
        talk,
        _,
    ):
        await talk.ask("mute yourself")
        assert s.goes_on(talk.state)
        talk.post(EndpointReached(0.0, 0.0, "silence"))
        await talk._all_done()
        assert s.is_muted(talk.state)
    assert voice.said[-1] == (GOODBYE, "en")
