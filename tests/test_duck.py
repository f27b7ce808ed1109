"""Other players go quiet and come back as they were: in a room made by hand, a home that goes away, a real server."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant import states as s
from assistant.audio.streams import Streams, socket_path
from assistant.duck import Ducker, Volume, wanted
from tests.real_home import Server, living_in, needs_a_home
from tests.real_home import until as home_until
from tests.sound_server import sound_server, why_not

LISTENING, IDLE = s.Listening(1), s.Idle(1)


class Radio:
    """Players that a test looks at. `away`: nobody can reach them; `refuses`: they can be read, not set."""

    kind = "radio"
    rounding = 0.0

    def __init__(self, **volumes: Volume) -> None:
        self.now = dict(volumes)
        self.away = self.refuses = False
        self.sets = self.asked = 0

    async def playing(self) -> Mapping[str, Volume] | None:
        return None if self.away else dict(self.now)

    async def volumes(self, ids: Sequence[str]) -> Mapping[str, Volume] | None:
        self.asked += 1
        return None if self.away else {id_: self.now[id_] for id_ in ids if id_ in self.now}

    async def set(self, player: str, volume: Volume) -> Volume | None:
        self.sets += 1
        if self.away or self.refuses or player not in self.now:
            return None
        self.now[player] = volume
        return volume


class Television(Radio):
    """It knows 15 steps, and tells its volume late. `silent`: it does what is asked and says nothing."""

    rounding = 0.035

    def __init__(self, **volumes: Volume) -> None:
        super().__init__(**volumes)
        self.really = dict(volumes)
        self.silent = False

    async def set(self, player: str, volume: Volume) -> Volume | None:
        self.sets += 1
        if self.refuses:
            return None
        self.really[player] = (round(volume[0] * 15) / 15,)
        return None if self.silent else volume

    def told(self) -> None:
        self.now = dict(self.really)


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ducker(radio: Radio, folder: Path) -> AsyncIterator[Ducker]:
    duck = Ducker([radio], folder / "ducked.json", linger_s=0.01)
    async with duck.working():
        yield duck


async def test_while_somebody_is_listened_to_it_is_quiet_and_then_as_loud_as_before(tmp_path: Path) -> None:
    """Each channel, and nothing is left in the state directory."""
    radio = Radio(kitchen=(40_000.0, 20_000.0), silent=(0.0,))
    async with ducker(radio, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: radio.now["kitchen"] == (10_000.0, 5_000.0))
        assert (tmp_path / "ducked.json").exists()
        duck.show(s.Speaking(1))
        duck.show(IDLE)
        await until(lambda: radio.now["kitchen"] == (40_000.0, 20_000.0))
        await until(lambda: not (tmp_path / "ducked.json").exists())
    assert radio.sets == 2


async def test_a_volume_that_somebody_changed_meanwhile_is_theirs(tmp_path: Path) -> None:
    radio = Radio(kitchen=(0.8,), bath=(0.4,))
    async with ducker(radio, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: radio.sets == 2)
        radio.now["kitchen"] = (0.5,)
        duck.show(IDLE)
        await until(lambda: radio.now["bath"] == (0.4,))
    assert radio.now == {"kitchen": (0.5,), "bath": (0.4,)}


async def test_at_the_end_everything_is_as_before(tmp_path: Path) -> None:
    radio = Radio(kitchen=(0.8,))
    async with ducker(radio, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: radio.now["kitchen"] == (0.2,))
    assert radio.now["kitchen"] == (0.8,)


async def test_after_a_crash_the_next_start_makes_it_loud_again(tmp_path: Path) -> None:
    radio = Radio(kitchen=(0.8,))
    crashed = Ducker([radio], tmp_path / "ducked.json")
    crashed.show(LISTENING)
    await crashed._lower()
    assert radio.now["kitchen"] == (0.2,)
    async with ducker(radio, tmp_path):
        await until(lambda: radio.now["kitchen"] == (0.8,))


@pytest.mark.parametrize("trouble", ["away", "refuses"])
async def test_what_could_not_be_restored_is_tried_again(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its home was away, or it refused."""
    monkeypatch.setattr("assistant.duck.RETRY_S", 0.02)
    radio = Radio(kitchen=(0.8,))
    async with ducker(radio, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: radio.now["kitchen"] == (0.2,))
        setattr(radio, trouble, True)
        before = radio.asked
        duck.show(IDLE)
        await until(lambda: radio.asked > before + 2)
        assert radio.now["kitchen"] == (0.2,)
        setattr(radio, trouble, False)
        await until(lambda: radio.now["kitchen"] == (0.8,))
    assert not (tmp_path / "ducked.json").exists()


async def test_a_file_that_is_damaged_is_told_and_forgotten(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ducked.json").write_text('[{"kind": "radio"}]')
    radio = Radio(kitchen=(0.8,))
    async with ducker(radio, tmp_path):
        pass
    assert "can't be read" in caplog.text
    assert radio.sets == 0


async def test_a_volume_that_is_told_in_steps_is_still_ours(tmp_path: Path) -> None:
    """A quarter of three steps of 15 is told as one step."""
    television = Television(den=(3 / 15,))
    async with ducker(television, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: television.really["den"] == (1 / 15,))
        television.told()
    assert television.really["den"] == (3 / 15,)


async def test_what_is_told_late_is_restored_all_the_same(tmp_path: Path) -> None:
    """The home still shows the volume before; the report of what was asked for comes after the turn."""
    television = Television(den=(12 / 15,))
    async with ducker(television, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: television.really["den"] == (3 / 15,))
        duck.show(IDLE)
        await until(lambda: television.really["den"] == (12 / 15,))
        assert not (tmp_path / "ducked.json").exists()


async def test_turn_after_turn_it_does_not_sink(tmp_path: Path) -> None:
    """The next turn comes before the home has told that it is loud again."""
    television = Television(den=(12 / 15,))
    async with ducker(television, tmp_path) as duck:
        for _ in range(3):
            duck.show(LISTENING)
            await until(lambda: television.really["den"] == (3 / 15,))
            television.told()
            duck.show(IDLE)
            await until(lambda: television.really["den"] == (12 / 15,))


async def test_what_was_lowered_without_an_answer_is_restored(tmp_path: Path) -> None:
    """The service took too long, and happened; one that was refused isn't asked for again and again."""
    television = Television(den=(12 / 15,))
    television.silent = True
    async with ducker(television, tmp_path) as duck:
        duck.show(LISTENING)
        await until(lambda: television.really["den"] == (3 / 15,))
        television.told()
        television.silent = False
        duck.show(IDLE)
        await until(lambda: television.really["den"] == (12 / 15,))
        television.told()
        television.refuses = True
        duck.show(LISTENING)
        await until(lambda: television.sets == 3)
        duck.show(IDLE)
        await until(lambda: not (tmp_path / "ducked.json").exists())


def test_a_doubtful_wake_is_not_noticed() -> None:
    assert not wanted(IDLE)
    assert not wanted(s.Muted(1))
    assert wanted(s.Thinking(1))
    assert wanted(s.FollowUp(1))


def test_no_server_is_started_and_none_elsewhere_is_asked(tmp_path: Path) -> None:
    assert socket_path({"PULSE_SERVER": "tcp:192.0.2.1"}) is None
    assert socket_path({"XDG_RUNTIME_DIR": str(tmp_path)}) is None


async def test_without_a_server_nothing_plays(tmp_path: Path) -> None:
    assert await Streams(environ={"XDG_RUNTIME_DIR": str(tmp_path)}).playing() is None


def zeros(there: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["pacat", "--playback", "--raw", "--channels=2", "/dev/zero"], env=there)


@pytest.mark.sound
@pytest.mark.skipif(bool(why_not()), reason=str(why_not()))
async def test_a_program_that_plays_on_a_real_server_goes_quiet_and_comes_back(tmp_path: Path) -> None:
    """Its two channels aren't equally loud; a program of ours is left alone."""
    with sound_server(tmp_path):
        there = {**os.environ, "PULSE_SERVER": f"unix:{tmp_path / 'native'}"}
        players = [zeros(there) for _ in range(2)]
        try:
            streams = Streams(own_pid=players[1].pid, environ=there)
            found: Mapping[str, Volume] = {}
            async with asyncio.timeout(20):
                while not found:
                    found = await streams.playing() or {}
                    await asyncio.sleep(0.1)
            (stream,) = found
            assert await streams.set(stream, (50_000.0, 30_000.0))
            duck = Ducker([streams], tmp_path / "ducked.json", linger_s=0.01)
            async with duck.working():
                duck.show(LISTENING)
                await until((tmp_path / "ducked.json").exists)
                for _ in range(100):
                    if (await streams.volumes([stream]) or {}).get(stream) == (12_500.0, 7_500.0):
                        break
                    await asyncio.sleep(0.1)
                else:
                    pytest.fail("it stayed loud")
            assert await streams.volumes([stream]) == {stream: (50_000.0, 30_000.0)}
        finally:
            for player in players:
                player.kill()
                player.wait()


@pytest.mark.home_assistant
@needs_a_home
async def test_a_real_homes_player_in_this_room_goes_quiet_and_comes_back(tmp_path: Path) -> None:
    """As the server itself tells it; those of other rooms play on as they are."""
    server = Server()

    async def volumes() -> tuple[float, float]:
        here, there = [await server.state(f"media_player.{name}") for name in ("living_room", "bedroom")]
        return here["attributes"]["volume_level"], there["attributes"]["volume_level"]

    async def becomes(here: float, there: float) -> None:
        async with asyncio.timeout(20):
            while await volumes() != (here, there):  # noqa: ASYNC110 - a server is asked
                await asyncio.sleep(0.05)

    async with living_in(server) as (home, link):
        await server.service("media_player.media_play", entity_id="media_player.living_room")
        await server.service("media_player.volume_set", entity_id="media_player.living_room", volume_level=0.6)
        there = (await volumes())[1]

        def told() -> bool:
            state = link.states.of("media_player.living_room")
            return state is not None and state.attributes["volume_level"] == 0.6

        await home_until(link, told)
        duck = Ducker([home.players()], tmp_path / "ducked.json", linger_s=0.01)
        async with duck.working():
            duck.show(LISTENING)
            await becomes(0.15, there)
            duck.show(IDLE)
            await becomes(0.6, there)
    await server.service("media_player.volume_set", entity_id="media_player.living_room", volume_level=0.3)
    await server.aclose()
