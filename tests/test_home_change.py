"""When an effect counts as seen."""

from typing import Any

import pytest

from assistant.intents.home_change import on_its_way, seen
from assistant.intents.home_states import LiveStates, State
from assistant.stages import Effect

BLUE, RED = [240.0, 100.0], [358.0, 97.0]


@pytest.mark.parametrize(
    ("service", "data", "state", "attributes", "is_seen"),
    [
        ("light.turn_on", {}, "on", {}, True),
        ("light.turn_on", {}, "off", {}, False),
        ("light.turn_on", {}, "unavailable", {}, False),
        ("light.turn_on", {"brightness_pct": 30}, "on", {"brightness": 77}, True),
        ("light.turn_on", {"brightness_pct": 30}, "on", {"brightness": 255}, False),
        ("light.turn_on", {"brightness_pct": 30}, "on", {}, True),
        ("light.turn_on", {"brightness_pct": 0}, "off", {}, True),
        ("light.turn_on", {"color_name": "blue"}, "on", {"hs_color": BLUE}, True),
        ("light.turn_on", {"color_name": "blue"}, "on", {"hs_color": RED}, False),
        ("light.turn_on", {"color_name": "red"}, "on", {"hs_color": RED}, True),
        ("light.turn_on", {"color_name": "white"}, "on", {"hs_color": [27.0, 6.0]}, True),
        ("light.turn_on", {"color_name": "blue"}, "on", {"hs_color": None}, True),
        ("light.turn_on", {"color_name": "blue"}, "on", {"hs_color": ["x", None]}, False),
        ("light.turn_on", {"hs_color": (240.0, 100.0)}, "on", {"hs_color": BLUE}, True),
        ("light.turn_on", {"hs_color": (240.0, 100.0)}, "on", {"hs_color": RED}, False),
        ("light.turn_on", {"hs_color": (2.0, 97.0)}, "on", {"hs_color": RED}, True),
        ("light.turn_on", {"brightness": 77}, "on", {"brightness": 77}, True),
        ("light.turn_on", {"brightness": 77}, "on", {"brightness": 90}, False),
        ("light.turn_on", {"brightness": 77, "color_temp_kelvin": 2700}, "on", {"brightness": 20}, False),
        ("climate.set_hvac_mode", {"hvac_mode": "cool"}, "cool", {}, True),
        ("climate.set_hvac_mode", {"hvac_mode": "cool"}, "heat", {}, False),
        ("media_player.media_stop", {}, "idle", {}, True),
        ("media_player.media_stop", {}, "playing", {}, False),
        ("switch.turn_off", {}, "off", {}, True),
        ("media_player.turn_on", {}, "idle", {}, True),
        ("media_player.turn_on", {}, "standby", {}, False),
        ("climate.turn_on", {}, "heat", {}, True),
        ("cover.open_cover", {}, "opening", {}, True),
        ("cover.close_cover", {}, "open", {}, False),
        ("cover.set_cover_position", {"position": 50}, "open", {"current_position": 49}, True),
        ("cover.set_cover_position", {"position": 50}, "open", {"current_position": 100}, False),
        ("cover.set_cover_position", {"position": 50}, "closing", {"current_position": 90}, True),
        ("lock.lock", {}, "jammed", {}, False),
        ("climate.set_temperature", {"temperature": 21}, "heat", {"temperature": 21.0}, True),
        ("climate.set_temperature", {"temperature": 21}, "heat", {"temperature": None}, False),
        ("media_player.volume_set", {"volume_level": 0.4}, "playing", {"volume_level": 0.41}, True),
        ("media_player.media_pause", {}, "playing", {}, False),
        ("media_player.media_next_track", {}, "playing", {}, True),
        ("scene.turn_on", {}, "2026-11-24T10:00:00+00:00", {}, True),
        ("todo.add_item", {"item": "milk"}, "4", {}, True),
        ("todo.add_item", {"item": "milk"}, "3", {}, False),
        ("todo.remove_item", {"item": "milk"}, "2", {}, True),
        ("todo.remove_item", {"item": "milk"}, "3", {}, False),
        ("vacuum.start", {}, "cleaning", {}, True),
        ("vacuum.return_to_base", {}, "returning", {}, True),
        ("vacuum.return_to_base", {}, "error", {}, False),
    ],
)
def test_a_newer_report_shows_the_effect_or_not(
    service: str, data: dict[str, Any], state: str, attributes: dict[str, Any], is_seen: bool
) -> None:
    """Each kind of thing shows what was done to it in its own way."""
    effect = Effect(service, f"{service.partition('.')[0]}.x", data)
    assert seen(effect, State("3", {}, 1), State(state, attributes, 2)) is is_seen


def test_a_scene_or_a_song_leaves_a_trace_only_in_a_newer_report() -> None:
    """An old state proves nothing; a thing that is gone neither."""
    effect = Effect("media_player.media_next_track", "media_player.x")
    state = State("playing", {}, 5)
    assert not seen(effect, state, state)
    assert not seen(effect, state, None)


def test_states_follow_additions_changes_and_removals() -> None:
    """The compressed form of Home Assistant's events."""
    states = LiveStates()
    assert states.apply({"a": {"light.a": {"s": "on", "a": {"friendly_name": "a", "brightness": 3}}}})
    assert not states.apply({"c": {"light.a": {"+": {"s": "off"}, "-": {"a": ["brightness"]}}}})
    state = states.of("light.a")
    assert state is not None
    assert (state.state, dict(state.attributes), state.report) == ("off", {"friendly_name": "a"}, 2)
    assert states.apply({"c": {"light.a": {"+": {"a": {"friendly_name": "b"}}}}})
    assert states.apply({"r": ["light.a"]})
    assert not states.apply({"r": ["light.a"]})
    assert states.of("light.a") is None


@pytest.mark.parametrize(
    ("asked", "was", "at", "way"),
    [
        (Effect("cover.open_cover", "cover.x"), 0, 20, "opening"),
        (Effect("cover.close_cover", "cover.x"), 100, 60, "closing"),
        (Effect("cover.set_cover_position", "cover.x", {"position": 50}), 100, 60, "closing"),
        (Effect("cover.set_cover_position", "cover.x", {"position": 50}), 100, 51, None),
        (Effect("cover.set_cover_position", "cover.x", {"position": 50}), 60, 70, None),
        (Effect("cover.open_cover", "cover.x"), None, 20, None),
        (Effect("light.turn_on", "light.x"), 0, 20, None),
    ],
)
def test_a_blind_that_moved_towards_what_was_asked_is_on_its_way(
    asked: Effect, was: int | None, at: int, way: str | None
) -> None:
    """Away from it, or there already, it isn't; nor by a report that is no newer."""
    before, now = State("open", {"current_position": was}, 1), State("open", {"current_position": at}, 2)
    assert on_its_way(asked, before, now) == way
    assert on_its_way(asked, before, State("open", {"current_position": at}, 1)) is None
