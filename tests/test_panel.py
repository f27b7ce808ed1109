"""Lamp, button, switch and the user's program: pure patterns, gpiozero's own mock pins, and real programs."""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from assistant import states as s
from assistant.config_panel import PanelConfig
from assistant.errors import ConfigError
from assistant.events import Failed, TimerRang, WakeDoubted
from assistant.front import Front
from assistant.panel import pins
from assistant.panel.hook import Hook
from assistant.panel.patterns import level, look
from tests.fakes import ScriptedSession
from tests.test_conversation import House

RING = TimerRang(0, 0, "pasta")
STATES: dict[str, s.State] = {
    "idle": s.Idle(0),
    "listening": s.Listening(1),
    "thinking": s.Thinking(1),
    "speaking": s.Speaking(1),
    "muted": s.Muted(0),
    "ringing": s.Ringing(0, (RING,)),
    "waiting": s.WaitingForMicrophone(0),
}


def seen(motion: str) -> tuple[float, ...]:
    return tuple(round(level(motion, n * 0.05), 2) for n in range(40))


def test_states_look_different_on_a_lamp_of_one_colour_too() -> None:
    """Idle is dark; who listens is not who is switched off. Speaking may look like listening there."""
    colourful = {name: (look(state).colour, seen(look(state).motion)) for name, state in STATES.items()}
    assert len(set(colourful.values())) == len(STATES)
    plain = {name: seen(look(state).alone or look(state).motion) for name, state in STATES.items()}
    told = [plain[name] for name in ("listening", "thinking", "muted", "ringing")]
    assert all(one != other for one, other in itertools.combinations(told, 2))
    assert max(look(STATES["idle"]).colour) == 0


def test_every_state_has_a_look_a_name_and_a_brightness_within_bounds() -> None:
    doubted = WakeDoubted(0, 0, 0.5)
    whole: dict[type[s.State], s.State] = {
        s.Announcing: s.Announcing(0, s.Idle(0)),
        s.Ringing: s.Ringing(0, ()),
        s.Overhearing: s.Overhearing(1, doubted),
        s.Weighing: s.Weighing(1, doubted),
    }
    for kind in get_args(s.State):
        state = whole.get(kind) or kind(0)
        assert all(0 <= bright <= 1 for bright in seen(look(state).motion))
        assert s.name(state).islower()
    assert (s.name(s.Drafting(1)), s.name(s.Weighing(1, doubted))) == ("listening", "idle")


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


# --- gpiozero's mock pins --------------------------------------------------------------------------------------------


@pytest.fixture
def gpio() -> Iterator[Any]:
    gpiozero = pytest.importorskip("gpiozero")
    mock = pytest.importorskip("gpiozero.pins.mock")
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = mock.MockFactory(pin_class=mock.MockPWMPin)
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before


async def test_a_lamp_follows_the_states_flashes_while_muted_and_is_dark_at_the_end(gpio: Any) -> None:
    """One pin: on while it listens, at the brightness of the config; it blinks for a failure, and goes on."""
    house = House(ScriptedSession(), fast=False)
    front = Front(PanelConfig(lamp="led", lamp_pins=(18,), brightness=0.5), (), time.monotonic)
    pin = gpio.pin(18)
    async with front.wired(house.conversation):
        house.conversation._enter((s.Listening(1), ()))
        await until(lambda: pin.state == 0.5)
        house.conversation._enter((s.Idle(1), ()))
        await until(lambda: pin.state == 0)
        front.see(Failed(0, 0, "audio_device", "gone", ""))
        await until(lambda: pin.state == 0.5)
        await until(lambda: pin.state == 0)
        house.conversation.mute(muted=True)
        for shines in (0.5, 0, 0.5):
            await until(lambda bright=shines: pin.state == bright)  # type: ignore[misc]
    assert house.conversation.on_state is None
    await house.conversation.aclose()


async def test_a_button_switches_the_mute_and_a_switch_says_how_it_stands(gpio: Any) -> None:
    """Presses come from a thread of gpiozero's; a switch that is closed at the start mutes at the start."""
    house = House(ScriptedSession(), fast=False)
    front = Front(PanelConfig(button=(17,)), (), time.monotonic)
    async with front.wired(house.conversation):
        for muted in (True, False):
            gpio.pin(17).drive_low()
            await until(lambda to=muted: s.is_muted(house.conversation.state) is to)  # type: ignore[misc]
            gpio.pin(17).drive_high()
            await asyncio.sleep(0.1)  # bouncing
    switch = gpio.pin(23)
    front = Front(PanelConfig(switch=(23,)), (), time.monotonic)
    house.conversation.mute(muted=True)
    async with front.wired(house.conversation):
        assert s.is_muted(house.conversation.state)  # by what was before: an open switch is no order to listen
        house.conversation.mute(muted=False)
        switch.drive_low()
        await until(lambda: s.is_muted(house.conversation.state))
        switch.drive_high()
        await until(lambda: not s.is_muted(house.conversation.state))
    await house.conversation.aclose()


def test_colours_go_to_three_pins_and_to_a_row_of_apa102(gpio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blue, green, red, each behind a full byte of brightness; zeros before, ones behind."""
    rgb = pins.open_lamp(PanelConfig(lamp="rgb", lamp_pins=(5, 6, 13), brightness=1))
    assert rgb is not None
    rgb.show((1.0, 0.5, 0.0))
    assert [gpio.pin(n).state for n in (5, 6, 13)] == [1.0, 0.5, 0.0]
    rgb.close()
    sent: list[list[int]] = []

    class Spi:
        def transfer(self, data: list[int]) -> None:
            sent.append(data)

        def close(self) -> None: ...

    monkeypatch.setattr(gpio, "spi", lambda **_: Spi())
    row = pins.open_lamp(PanelConfig(lamp="apa102", lamp_count=2, brightness=1))
    assert row is not None
    row.show((1.0, 0.2, 0.0))
    row.close()
    assert sent[0] == [0, 0, 0, 0, 255, 0, 51, 255, 255, 0, 51, 255, 255, 255, 255, 255]
    assert sent[1] == [0, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]


def test_wrong_pins_and_no_gpiozero_are_clear_errors(gpio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="takes 3 of them"):
        pins.open_lamp(PanelConfig(lamp="rgb", lamp_pins=(5,)))
    taken = pins.open_lamp(PanelConfig(lamp="led", lamp_pins=(18,)))
    assert taken is not None
    with pytest.raises(ConfigError, match="can't be used"):
        pins.open_lamp(PanelConfig(lamp="led", lamp_pins=(18,)))
    taken.close()
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(ConfigError, match="gpiozero isn't installed") as caught:
        pins.open_button((17,), lambda _: None)
    assert "make gpio" in caught.value.remedy


async def test_a_lamp_that_breaks_is_told_once_and_nothing_else_happens(
    gpio: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(ScriptedSession(), fast=False)
    front = Front(PanelConfig(lamp="led", lamp_pins=(18,)), (), time.monotonic)
    async with front.wired(house.conversation):
        front._lights._lamp._led.close()  # type: ignore[union-attr]
        house.conversation._enter((s.Listening(1), ()))
        await until(lambda: "the lamp can't be used any more" in caplog.text)
        house.conversation._enter((s.Idle(1), ()))
        await asyncio.sleep(0)
    await house.conversation.aclose()
    assert caplog.text.count("the lamp can't be used any more") == 1


# --- the user's program ----------------------------------------------------------------------------------------------


async def test_a_program_is_told_states_one_at_a_time_and_only_the_newest_of_many(tmp_path: Path) -> None:
    """The first is told, then the last of those that came while it ran; no token of ours is told."""
    out = tmp_path / "out"
    script = f'echo "$1 $HEY_GEMMA_STATE ${{HEY_GEMMA_HA_TOKEN:-none}}" >> {out}; sleep 0.3'
    hook = Hook(("sh", "-c", script, "sh"), {**os.environ, "HEY_GEMMA_HA_TOKEN": "secret"})
    hook.start()
    hook.show("idle")
    await until(out.exists)
    for state in ("listening", "thinking", "speaking", "idle", "muted"):
        hook.show(state)
    await until(lambda: out.read_text().count("\n") == 2)
    hook.show("muted")
    await asyncio.sleep(0.5)
    await hook.aclose()
    assert out.read_text() == "idle idle none\nmuted muted none\n"


async def test_a_program_that_hangs_is_killed_and_one_that_is_not_there_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No shell stands between: the one process that there is ends."""
    pid = tmp_path / "pid"
    hook = Hook((sys.executable, "-c", f"import os,time; open({str(pid)!r},'w').write(str(os.getpid())); time.sleep(60)"), longest_s=1)  # fmt: skip # noqa: E501
    hook.start()
    hook.show("idle")
    await until(lambda: "was killed" in caplog.text)
    if pid.exists():  # on a very busy machine it was killed before it began
        await until(lambda: not Path(f"/proc/{pid.read_text()}").exists())
    await hook.aclose()
    hook = Hook(("/nowhere/at/all",))
    hook.start()
    for state in ("idle", "muted"):
        hook.show(state)
        await asyncio.sleep(0.05)
    await hook.aclose()
    assert caplog.text.count("/nowhere/at/all can't be started") == 1
