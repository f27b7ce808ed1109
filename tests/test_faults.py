"""Faults in a running assistant, in one process: real models, sound on audio time. See docs/FAULTS.md."""

import asyncio
import itertools
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile

from assistant import app, homes, states
from assistant.audio.clock import AudioClock
from assistant.audio.replay import FileSource, NullSpeaker
from assistant.config import Config, WakeConfig
from assistant.errors import AudioDeviceError
from assistant.events import (
    AudioDropped,
    DraftStarted,
    EndpointReached,
    Event,
    Failed,
    MicrophoneFound,
    MicrophoneLost,
    ReplyAudioStarted,
    SpeechStarted,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeHeard,
)
from assistant.stages import AudioClip, AudioSource, Call, Pcm, Piece
from assistant.wake import WakeWord
from tests import soak_day
from tests.faults import KITCHEN, Scenes, World, command, quiet, recording, row, world

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

CONFIG = WakeConfig()
AT_ONCE = "≤ 0.5"  # the next command begins half a second after the fault


@pytest.fixture(scope="module", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CACHE_DIRECTORY", str(folder / "cache"))
        patch.setenv("STATE_DIRECTORY", str(folder / "state"))
        yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(places: Path) -> AsyncIterator[app.Stages]:
    async with app.loaded(Config(), AudioClock()) as loaded:
        yield loaded


def done_once(seen: World, times: int = 1) -> bool:
    return seen.did == [KITCHEN] * times and len(seen.of(ToolCalled)) == times


async def test_the_microphone_goes_away_in_the_middle_of_a_command(
    stages: app.Stages, caplog: pytest.LogCaptureFixture
) -> None:
    """What was half heard is dropped; the next command is done."""
    gone = AudioDeviceError("the microphone 'mic' is gone", remedy="plug it in")
    away = AudioDeviceError("no microphone was found", remedy="plug it in")
    half = command()[: 3 * 16_000]
    async with world(stages) as seen:
        scenes = iter((quiet(0.5), half, gone, away, command()))
        at_s: dict[type[Event], float] = {}

        def watch(event: Event) -> None:
            at_s[type(event)] = time.monotonic()
            if len(seen.of(TurnEnded)) == 2:
                listening.cancel()

        seen.on_event.append(watch)
        listening = asyncio.create_task(
            seen.talk.run_microphone(lambda start: Scenes(seen.clock, scenes, start), wait=True)
        )
        async with asyncio.timeout(240):
            await asyncio.gather(listening, return_exceptions=True)
    assert done_once(seen)
    assert len(seen.of(WakeHeard)) == 2
    row("microphone gone in the middle of a command, away for one look, back", hears=seen.voice.said,
        log=seen.of(MicrophoneLost)[0].message, again_s=at_s[MicrophoneFound] - at_s[MicrophoneLost])  # fmt: skip


class Unplugged(NullSpeaker):
    """A speaker that is away at first."""

    def __init__(self, clock: AudioClock) -> None:
        super().__init__(clock)
        self.there = False
        self.played = 0

    async def play(self, clip: AudioClip) -> None:
        if not self.there:
            raise AudioDeviceError("no speaker was found", remedy="plug one in")
        self.played += 1
        await super().play(clip)


async def test_the_speaker_is_gone(stages: app.Stages) -> None:
    """What was asked for is done; once it is back, answers are heard."""
    made: list[Unplugged] = []

    def make(clock: AudioClock) -> Unplugged:
        made.append(Unplugged(clock))
        return made[0]

    async with world(stages, speaker=make) as seen:

        def plug_in(event: Event) -> None:
            made[0].there |= isinstance(event, TurnEnded)

        seen.on_event.append(plug_in)
        await seen.hear(command(), command())
    assert done_once(seen, 2)
    assert made[0].played >= 1
    failed = [f"{event.code}: {event.message}" for event in seen.events if isinstance(event, Failed)]
    assert failed
    row("speaker gone for one answer, then back", hears=seen.voice.said[1:], log="\n".join(failed), again_s=AT_ONCE)


WORDS_FIRST = 'All right. <|tool_call>call:HassTurnOn{name:<|"|>kitchen light<|"|>}<tool_call|><|tool_response>'


async def test_the_speaker_is_gone_for_words_before_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call, which a slow model decodes when they have failed, is done, and told when the speaker is back."""
    made: list[Unplugged] = []
    failed = asyncio.Event()

    def make(clock: AudioClock) -> Unplugged:
        made.append(Unplugged(clock))
        return made[0]

    async with app.loaded(Config(), AudioClock(), script=WORDS_FIRST) as scripted:
        commit = scripted.session.commit

        async def slowly() -> AsyncIterator[Piece]:
            async for piece in commit():
                if "<|tool_call>" in piece.text:
                    await failed.wait()
                yield replace(piece, probability=1.0)  # of a script nobody is sure

        monkeypatch.setattr(scripted.session, "commit", slowly)
        async with world(scripted, speaker=make) as seen:

            def plug_in(event: Event) -> None:
                if isinstance(event, Failed) and isinstance(seen.talk.state, states.Speaking):
                    made[0].there = True
                    failed.set()

            seen.on_event.append(plug_in)
            async with asyncio.timeout(240):
                await seen.hear(command())
    assert done_once(seen)
    assert seen.voice.said == ["All right.", "Kitchen light on."]
    assert made[0].played >= 1
    log = [f"{event.code}: {event.message}" for event in seen.of(Failed)]
    row("speaker gone for the words before a call, then back", hears=seen.voice.said[1:], log="\n".join(log),
        again_s="never stopped")  # fmt: skip


@pytest.mark.parametrize("what", ["zeros", "NaN"])
async def test_a_minute_of_nothing(
    stages: app.Stages, what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A microphone that gives zeros, or a driver that gives what is no number."""
    value = 0.0 if what == "zeros" else np.nan
    sound = np.concatenate([np.full(60 * 16_000, value, np.float32), command().astype(np.float32) / 32768])
    soundfile.write(tmp_path / "in.wav", sound, 16_000, "FLOAT")
    async with world(stages) as seen:
        await seen.talk.run(FileSource(str(tmp_path / "in.wav"), seen.clock))
    assert done_once(seen)
    (wake,) = seen.of(WakeHeard)
    row(
        f"microphone delivers {what} for a minute",
        hears=seen.voice.said,
        log="\n".join(caplog.messages),
        again_s=AT_ONCE,
    )
    assert wake.audio_ms > 60_000


async def test_overruns(stages: app.Stages) -> None:
    """Every fifth chunk is lost for ten seconds, in a command too; the next one is whole."""
    torn: list[Pcm | Exception | None] = []
    for n, at in enumerate(range(0, 10 * 16_000, 320)):
        torn.append(None if n % 5 == 4 else command(10.0)[at : at + 320])
    async with world(stages) as seen:
        await seen.hear(*torn, command())
    assert set(map(str, seen.did)) <= {str(KITCHEN)}
    assert seen.did[-1] == KITCHEN
    lost = seen.of(AudioDropped)
    assert len(lost) == 100
    wakes = f"{len(seen.of(WakeHeard))} of 2 wake words heard, {len(seen.did)} done, nothing else"
    row("overruns: every fifth 20 ms lost for 10 s, with a command in them", hears=seen.voice.said,
        log=f"audio_dropped, {len(lost)} times", again_s=AT_ONCE, twice=f"nothing ({wakes})")  # fmt: skip


class NervousWake(WakeWord):
    """Hears the wake word every half second from the second second on, 20 times; then as the real one."""

    def __init__(self) -> None:
        super().__init__()
        self._pushed = 0

    def twin(self) -> WakeWord:
        return WakeWord().twin()

    def score(self, samples: Pcm) -> float | None:
        self._pushed += 1
        score = super().score(samples)
        at_ms = self._pushed * 20 - 1000
        if score is None or not 0 <= at_ms < 10_000:
            return score
        return 0.95 if at_ms % 500 < 80 else 0.0


async def test_twenty_wakes_in_ten_seconds(stages: app.Stages) -> None:
    """They open turns in which nobody asks for anything; the command after them is done."""
    nervous = replace(stages.config, wake=WakeConfig(refractory_s=0.0))
    async with world(replace(stages, config=nervous, wake=NervousWake(), verifier=None)) as seen:
        await seen.hear(quiet(20), command())
        assert isinstance(seen.talk.state, states.Idle)
    assert len(seen.of(WakeHeard)) == 21
    assert seen.did == [KITCHEN]
    turns, wakes = len(seen.of(TurnEnded)), len(seen.of(WakeHeard))
    assert seen.talk.state.turns == turns
    log = f"{wakes} wakes, {turns} turns, all ended"
    row("20 wake words in 10 s", hears=seen.voice.said, log=log, again_s="≤ 9.5")


async def test_babble(stages: app.Stages) -> None:
    """People talk to each other, a minute here, `FAULT_BABBLE_S` of them by hand."""
    seconds = float(os.environ.get("FAULT_BABBLE_S", "60"))
    rng = np.random.default_rng(7)
    voices = soak_day.Voices({}, {}, soak_day.talk())
    babble = itertools.chain.from_iterable(soak_day.babble(rng, voices, 20.0) for _ in range(round(seconds / 20)))

    async with world(stages) as seen:
        await seen.talk.run(Scenes(seen.clock, itertools.chain(babble, [command()])))
        assert isinstance(seen.talk.state, states.Idle)
    before = [event for event in seen.events if event.audio_ms < seconds * 1000]
    false = sum(isinstance(event, WakeHeard) for event in before)
    acted = [event for event in before if isinstance(event, ToolCalled) and event.effects]
    assert seen.did[-1] == KITCHEN
    assert seen.talk.state.turns == len(seen.of(TurnEnded))
    row(f"{seconds / 60:.0f} min of babble, one to four voices at once", hears=seen.voice.said[-1:], again_s=AT_ONCE,
        log=f"{false} false wakes", twice=f"{len(acted)} commands of the babble done")  # fmt: skip


async def test_the_clock_jumps_by_a_year(
    stages: app.Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A timer that runs rings when its time is over, not at once; and once."""
    ahead = timedelta()
    real = homes.local_time

    def jumping(clock: object, zone: object) -> Callable[[], datetime]:
        now = real(clock, zone)  # type: ignore[arg-type]
        return lambda: now() + ahead

    monkeypatch.setattr(homes, "local_time", jumping)
    caplog.set_level(logging.INFO, "assistant.intents.countdown")
    async with world(stages, timers=tmp_path / "timers.json") as seen:
        await seen.home.router.dispatch([Call("HassStartTimer", {"seconds": 60})])

        def jump(event: Event) -> None:
            nonlocal ahead
            if isinstance(event, TurnEnded):
                ahead = timedelta(days=365)

        seen.on_event.append(jump)
        await seen.hear(command(), command(), quiet(45))
    assert done_once(seen, 2)
    (rang,) = seen.of(TimerRang)
    assert 59_000 < rang.audio_ms < 62_000
    row("the clock jumps a year ahead, a timer of a minute runs", hears=seen.voice.said, log="\n".join(caplog.messages),
        again_s=AT_ONCE, twice=f"nothing (it rang at {rang.audio_ms / 1000:.1f} s, once)")  # fmt: skip


STATES: dict[str, type[Event] | None] = {
    "Idle": None,
    "Listening": SpeechStarted,
    "Drafting": DraftStarted,
    "Thinking": EndpointReached,
    "Acting": ToolCalled,
    "Speaking": ReplyAudioStarted,
    "Ringing": TimerRang,
}


@pytest.mark.parametrize("state", STATES)
async def test_an_end_in_every_state(stages: app.Stages, state: str, tmp_path: Path) -> None:
    """SIGTERM cancels the task (cli.py): it ends at once, whatever is under way, and nothing is done afterwards."""
    begins = STATES[state]
    reached = asyncio.Event()
    async with world(stages, timers=tmp_path / "timers.json") as seen:
        if state == "Ringing":
            await seen.home.router.dispatch([Call("HassStartTimer", {"seconds": 1})])

        def look(event: Event) -> None:
            if begins is not None and isinstance(event, begins):
                reached.set()

        seen.on_event.append(look)
        sound = quiet(3) if state in ("Idle", "Ringing") else command()
        running = asyncio.create_task(seen.hear(sound, quiet(20)))
        async with asyncio.timeout(240):
            await (asyncio.sleep(0.2) if begins is None else reached.wait())
        begun_s, before = time.monotonic(), len(seen.did)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    took_s = time.monotonic() - begun_s
    await stages.session.settled()
    assert took_s < 30
    assert len(seen.did) <= max(1, before)
    async with world(stages) as again:
        await again.hear(command())
    assert done_once(again)
    kept = "; the timer is kept" if "Ringing" in state and "seconds" in (tmp_path / "timers.json").read_text() else ""
    row(f"SIGTERM while {state}", hears=seen.voice.said, log="nothing", again_s=f"ended in {took_s:.1f}",
        twice=f"nothing{kept}")  # fmt: skip


class DoubtfulWake(WakeWord):
    """Is never sure of what it hears."""

    def twin(self) -> WakeWord:
        return WakeWord().twin()

    def score(self, samples: Pcm) -> float | None:
        score = super().score(samples)
        return None if score is None else min(score, (CONFIG.maybe_threshold + CONFIG.sure_threshold) / 2)


async def told(seen: World, state: str) -> None:
    """Bring it into a state that a recorded command doesn't pass."""
    talk = seen.talk
    match state:
        case "WaitingForMicrophone":
            await talk.run_microphone(_nothing_there, wait=True)
        case "Muted":
            talk.mute(muted=True)
        case "Announcing":
            talk.announce("Dinner is ready.")
        case "Confirming" | "FollowUp":
            await seen.clock.release()  # no sound comes in: the answer would wait for its time
            await talk.ask("unlock the front door")
        case _:
            await seen.hear(command(), quiet(20))  # by a wake word in doubt
    await seen.hear(quiet(0.5), recording("wake/command-only-joe.flac"), quiet(20))


def _nothing_there(_: int) -> AudioSource:
    raise AudioDeviceError("no microphone was found", remedy="plug one in")


@pytest.mark.parametrize(
    "state", ["WaitingForMicrophone", "Muted", "Announcing", "Confirming", "FollowUp", "Overhearing", "Weighing"]
)
async def test_an_end_in_the_quieter_states(stages: app.Stages, state: str) -> None:
    """As above. tiny never asks back: its question about the door is taken for one of the model's own."""
    begun_s, was = 0.0, list[str]()
    doubtful = replace(stages, wake=DoubtfulWake(), verifier=None) if state in ("Overhearing", "Weighing") else stages
    async with world(doubtful) as seen:

        def look(now: states.State) -> None:
            nonlocal begun_s
            was.append(type(now).__name__)
            if state == "FollowUp" and isinstance(now, states.Speaking) and now.asks == "yes":
                seen.talk._state = replace(now, asks="talk")
            if was[-1] == state and not begun_s:
                begun_s = time.monotonic()
                running.cancel()  # at once: with an answer drafted already, Weighing lasts for no time at all

        seen.talk.on_state = look
        running = asyncio.create_task(told(seen, state))
        async with asyncio.timeout(240):
            await asyncio.wait({running})
        assert running.cancelled(), was
    took_s = time.monotonic() - begun_s
    await stages.session.settled()
    assert took_s < 30
    assert seen.did == []
    async with world(stages) as again:
        await again.hear(command())
    assert done_once(again)
    row(f"SIGTERM while {state}", hears=seen.voice.said, log="nothing", again_s=f"ended in {took_s:.1f}")
