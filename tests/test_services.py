"""The tools and what they ask of a home."""

import pytest

from assistant.intents.names import Entity
from assistant.intents.services import IMPLIED, SERVICES, TOOLS, domains_of, effects_of
from assistant.stages import Call, Effect, Value

LIGHT = Entity("light.a", ("a",))
COVER = Entity("cover.b", ("b",))
LOCK = Entity("lock.c", ("c",))
PLAYER = Entity("media_player.d", ("d",))


def test_every_service_belongs_to_a_declared_tool() -> None:
    """All tools act but the two that ask."""
    assert set(SERVICES) | {"HassGetState", "HassGetWeather"} == {tool.name for tool in TOOLS}


def test_a_tool_that_implies_its_target_has_one_kind_of_it() -> None:
    """A pause can mean players only."""
    assert all(len(SERVICES[name]) == 1 for name in IMPLIED)
    assert "HassTurnOff" not in IMPLIED


@pytest.mark.parametrize(
    ("tool", "entity", "arguments", "effect"),
    [
        ("HassTurnOn", LIGHT, {}, Effect("light.turn_on", "light.a")),
        ("HassTurnOn", COVER, {}, Effect("cover.open_cover", "cover.b")),
        ("HassTurnOff", COVER, {}, Effect("cover.close_cover", "cover.b")),
        ("HassTurnOn", LOCK, {}, Effect("lock.lock", "lock.c")),
        ("HassTurnOff", LOCK, {}, Effect("lock.unlock", "lock.c")),
        ("HassLightSet", LIGHT, {"brightness": 5}, Effect("light.turn_on", "light.a", {"brightness_pct": 5})),
        ("HassLightSet", LIGHT, {"color": "red"}, Effect("light.turn_on", "light.a", {"color_name": "red"})),
        (
            "HassSetVolume",
            PLAYER,
            {"volume_level": 7},
            Effect("media_player.volume_set", "media_player.d", {"volume_level": 0.07}),
        ),
    ],
)
def test_a_call_becomes_the_service_of_the_target(
    tool: str, entity: Entity, arguments: dict[str, Value], effect: Effect
) -> None:
    """Values are named and scaled as the service wants them; slots are not passed on."""
    assert effects_of(Call(tool, {"name": entity.name, **arguments}), [entity]) == (effect,)


def test_a_room_without_a_kind_means_plain_devices() -> None:
    """No door, blind or heating is swept along; named kinds are."""
    assert domains_of(Call("HassTurnOff", {"area": "x"})) == {"light", "fan", "switch", "media_player"}
    assert "lock" in domains_of(Call("HassTurnOff", {"area": "x", "domain": "lock"}))
    assert domains_of(Call("HassCloseCover", {"area": "x"})) == {"cover"}
