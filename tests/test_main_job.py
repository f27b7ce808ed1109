"""The main job on real parts: sound -> wake word -> model -> home -> voice. Nothing here is faked."""

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from assistant import evaluate, runs
from assistant.audio.clock import WallClock
from assistant.audio.devices import Sound
from assistant.audio.speaker import SoundSpeaker
from assistant.config import AudioConfig, Config, WakeConfig
from assistant.events import (
    Event,
    Reply,
    ReplyAudioFinished,
    RingingEnded,
    Started,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
    name_of,
)
from assistant.intents.deadlines import Timer
from assistant.intents.timer_file import TimerFile
from assistant.stages import AudioClip
from assistant.waking.store import Store
from tests.sound_server import sound_server, why_not

pytestmark = [pytest.mark.models, pytest.mark.slow]

REPLAY = Path(__file__).parent / "replay"
KITCHEN = [{"service": "light.turn_on", "entity_id": "light.kitchen"}]


async def replay(name: str, speaker_file: Path | None = None, *, fast: bool = True) -> list[Event]:
    events: list[Event] = []
    options = runs.Options(mic_file=str(REPLAY / name), speaker_file=speaker_file, fast=fast)
    await runs.run(Config(), options, [events.append])
    return events


def all_of(events: list[Event], kind: type[Any]) -> list[Any]:
    return [e for e in events if isinstance(e, kind)]


async def test_a_spoken_command_turns_on_the_light_and_a_voice_answers(tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    events = await replay("demo.flac", answer)
    assert [c.effects for c in all_of(events, ToolCalled)] == [KITCHEN]
    assert [r.text for r in all_of(events, Reply)] == ["Kitchen light on."]
    samples, rate_hz = soundfile.read(answer)
    assert 0.5 < len(samples) / rate_hz < 4
    assert np.sqrt(np.mean(samples**2)) > 0.01


def test_a_replay_neither_reads_nor_writes_the_users_own_timers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its turns starts a timer."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "timers.json").write_text("damaged")
    asyncio.run(replay("four_turns.flac"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["damaged"]


async def test_at_real_time_every_figure_of_the_turn_is_known() -> None:
    events = await replay("demo.flac", fast=False)
    (ended,) = all_of(events, TurnEnded)
    figures = [ended.first_token_ms, ended.decision_ms, ended.action_ms, ended.voice_ms]
    assert ended.endpoint_ms is not None
    assert None not in figures
    assert figures == sorted(figures)
    assert figures[0] > 40  # a draft begins in silence
    assert figures[1] >= ended.endpoint_ms > 290  # and stays one until the person has finished


async def test_three_commands_and_a_question_in_one_file_are_four_turns() -> None:
    events = await replay("four_turns.flac")
    assert len(all_of(events, WakeHeard)) == 4
    assert [e.turn for e in all_of(events, TurnEnded)] == [1, 2, 3, 4]
    effects = [effect for c in all_of(events, ToolCalled) for effect in c.effects]
    assert effects == [
        *KITCHEN,
        {"service": "light.turn_off", "entity_id": "light.living_room"},
        {"service": "timer.start", "data": {"seconds": 600}},
    ]
    assert "cloudy" in all_of(events, Reply)[-1].text
    order = ["wake_heard", "speech_started", "speech_ended", "endpoint_reached", "tool_called", "reply"]
    for number in range(4):
        turn = _turn(events, number)
        places = [turn.index(name) for name in order]
        assert places == sorted(places), turn
        assert turn.index("draft_started") < turn.index("first_token") < turn.index("endpoint_reached")


def _turn(events: list[Event], number: int) -> list[str]:
    names = [name_of(e) for e in events]
    wakes = [i for i, name in enumerate(names) if name == "wake_heard"] + [len(names)]
    return names[wakes[number] : wakes[number + 1]]


async def test_the_same_file_gives_the_same_events_every_time() -> None:
    def timeless(events: list[Event]) -> list[tuple[str, float]]:
        return [(name_of(e), e.audio_ms) for e in events if not isinstance(e, Started)]

    assert timeless(await replay("demo.flac")) == timeless(await replay("demo.flac"))


async def test_unseen_clips_are_understood_and_hardly_ever_misunderstood() -> None:
    clips = REPLAY / "tiny"
    verdicts = await evaluate.replay_all(Config(), clips, fast=True)
    summary = evaluate.summarise(verdicts)
    assert summary["ok_share"] >= OK_SHARE
    assert summary["wrong_action_share"] <= WRONG_SHARE
    assert summary["failures"] == 0


# 60 clips of voices and wordings kept out of training, two thirds of them noisy. What the weights in the repository
# reach (docs/RESULTS.md), less a margin: they have to get better, and must not get worse unseen.
OK_SHARE, WRONG_SHARE = 0.60, 0.08


@pytest.mark.sound
@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
async def test_a_command_through_a_real_microphone_is_answered_by_a_real_speaker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    events: list[Event] = []
    started, ended = asyncio.Event(), asyncio.Event()

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, Started):
            started.set()
        if isinstance(event, TurnEnded):
            ended.set()

    with sound_server(tmp_path):
        wake = WakeConfig(keep_clips=True)
        config = Config(audio=AudioConfig(microphone="mic", speaker="room", cue=False), wake=wake)
        assistant = asyncio.create_task(runs.run(config, runs.Options(), [observe]))
        async with asyncio.timeout(60):
            await started.wait()
        samples, rate_hz = soundfile.read(REPLAY / "demo.flac", dtype="int16")
        person = SoundSpeaker(Sound(), WallClock(), device="room")
        await asyncio.sleep(1.0)  # the stream of the microphone has to be open: the server plays to nobody before
        await person.play(AudioClip(np.asarray(samples, np.int16), rate_hz))
        async with asyncio.timeout(60):
            await ended.wait()
        await person.aclose()
        assistant.cancel()
        await asyncio.gather(assistant, return_exceptions=True)
    assert [c.effects for c in all_of(events, ToolCalled)] == [KITCHEN]
    assert "reply_audio_finished" in [name_of(e) for e in events]
    log = Store(tmp_path / "wake", wake)
    (entry,) = log.read().entries
    assert (entry.kind, entry.then) == ("wake", "acted")
    assert log.clip_of(entry) is not None


@pytest.mark.sound
@pytest.mark.skipif(why_not() is not None, reason=why_not() or "")
async def test_what_was_due_while_nothing_ran_rings_at_the_start_until_the_wake_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    file = TimerFile(tmp_path / "timers.json")
    file.save((Timer("pasta", 480, time.time() - 60),))
    events: list[Event] = []
    rang_twice, silenced = asyncio.Event(), asyncio.Event()

    def observe(event: Event) -> None:
        events.append(event)
        if len(all_of(events, ReplyAudioFinished)) == 2:
            rang_twice.set()
        if isinstance(event, RingingEnded):
            silenced.set()

    with sound_server(tmp_path):
        config = Config(audio=AudioConfig(microphone="mic", speaker="room", cue=False, alarm_volume=0.01))
        assistant = asyncio.create_task(runs.run(config, runs.Options(), [observe]))
        async with asyncio.timeout(60):
            await rang_twice.wait()
        assert len(file.load()) == 1
        samples, rate_hz = soundfile.read(REPLAY / "demo.flac", dtype="int16")
        person = SoundSpeaker(Sound(), WallClock(), device="room")
        async with asyncio.timeout(90):
            while not silenced.is_set():  # over the words between two rings nobody is heard
                await person.play(AudioClip(np.asarray(samples, np.int16), rate_hz))
        await person.aclose()
        assistant.cancel()
        await asyncio.gather(assistant, return_exceptions=True)
    assert [rang.name for rang in all_of(events, TimerRang)] == ["pasta"]
    assert all_of(events, RingingEnded)[0].reason == "wake_word"
    assert file.load() == ()
