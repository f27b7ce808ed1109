"""What may happen."""

from dataclasses import replace
from datetime import time

import pytest

from assistant.config import PolicyConfig
from assistant.errors import CallFailed
from assistant.intents.policy import Policy, Quiet, from_config
from assistant.stages import Effect, Value

DOOR = "the front door"


@pytest.mark.parametrize("service", ["light.turn_on", "cover.close_cover", "todo.add_item", "media_player.volume_set"])
def test_harmless_things_are_allowed_because_they_are_exposed(service: str) -> None:
    """Every allowed effect has a reason."""
    assert Policy().allow([Effect(service, "x.y")], "the thing") == "exposed"


def refusal(
    rules: Policy, service: str, entity_id: str, *, name: str = "", at: time | None = None, **data: Value
) -> str:
    with pytest.raises(CallFailed) as caught:
        rules.allow([Effect(service, entity_id, data)], DOOR, exposed={entity_id: name}, at=at)
    return caught.value.reason


def test_locking_needs_no_yes_and_unlocking_is_denied_unless_the_config_names_the_lock() -> None:
    """Making the house safer is free."""
    assert Policy().allow([Effect("lock.lock", "lock.front")], DOOR) == "lock.lock needs no yes"
    assert refusal(Policy(), "lock.unlock", "lock.front") == "denied"
    assert refusal(Policy(confirm=frozenset({"lock.back"})), "lock.unlock", "lock.front") == "denied"


@pytest.mark.parametrize(
    ("service", "entity_id", "name", "question"),
    [
        ("lock.unlock", "lock.front", "", "Unlock the front door?"),
        ("lock.open", "lock.front", "", "Open the front door?"),
        ("alarm_control_panel.alarm_disarm", "alarm_control_panel.home", "", "Disarm the front door?"),
        ("cover.open_cover", "cover.garage_door", "", "Open the front door?"),
        ("cover.open_cover", "cover.xyz", "the Garage", "Open the front door?"),
        ("cover.set_cover_position", "cover.gate", "", "Move the front door?"),
        ("switch.turn_on", "switch.a", "Oven", "Turn on the front door?"),
        ("climate.set_temperature", "climate.oven", "", "Change the front door?"),
        ("script.turn_on", "script.leave", "Unlock everything", "Turn on the front door?"),
        ("switch.turn_off", "switch.alarm", "", "Change the front door?"),
        ("switch.turn_off", "switch.a", "garage gate", "Change the front door?"),
        ("cover.open_cover", "cover.a", "Garagentor", "Open the front door?"),
        ("cover.open_cover", "cover.a", "Portail du jardin", "Open the front door?"),
        ("cover.open_cover", "cover.a", "Puerta del garaje", "Open the front door?"),
        ("switch.turn_on", "switch.a", "Backofen", "Turn on the front door?"),
        ("switch.turn_on", "switch.a", "Four", "Turn on the front door?"),
        ("switch.turn_on", "switch.a", "Horno", "Turn on the front door?"),
        ("script.turn_on", "script.a", "Haustür auf", "Turn on the front door?"),
    ],
)
def test_what_the_config_names_needs_a_yes_or_the_pin(service: str, entity_id: str, name: str, question: str) -> None:
    """Without the config it is denied, with it asked about, with a yes allowed."""
    effects, exposed = [Effect(service, entity_id)], {entity_id: name}
    assert refusal(Policy(), service, entity_id, name=name) == "denied"
    named = Policy(confirm=frozenset({entity_id}))
    with pytest.raises(CallFailed) as caught:
        named.allow(effects, DOOR, exposed=exposed)
    assert (caught.value.reason, caught.value.message) == ("needs_yes", f"{question} Please say yes.")
    assert named.allow(effects, DOOR, exposed=exposed, confirmed_by="spoken yes") == "spoken yes"
    assert refusal(replace(named, needs_pin=True), service, entity_id, name=name) == "needs_pin"


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("cover.close_cover", "garage door"),
        ("switch.turn_off", "oven"),
        ("cover.open_cover", "kitchen blinds"),
        ("cover.open_cover", "patio door curtains"),
        ("light.turn_on", "garage light"),
        ("fan.turn_on", "cooker hood"),
        ("switch.turn_on", "outdoor lights"),
        ("switch.turn_on", "plug four"),
        ("switch.turn_on", "Monitor"),
        ("cover.open_cover", "Volet de la porte"),
        ("cover.open_cover", "Rollladen Terrassentür"),
    ],
)
def test_closing_and_switching_off_and_other_blinds_are_free(service: str, name: str) -> None:
    """Only what opens or heats is guarded."""
    assert Policy().allow([Effect(service, "cover.a")], DOOR, exposed={"cover.a": name})


def test_a_yes_allows_nothing_that_is_denied() -> None:
    """The deny list and exposure stand above it."""
    rules = Policy(confirm=frozenset({"lock.front"}), deny=frozenset({"lock.front"}))
    for exposed in ({"lock.front": ""}, {}):
        with pytest.raises(CallFailed, match="not allowed"):
            rules.allow([Effect("lock.unlock", "lock.front")], DOOR, exposed=exposed, confirmed_by="spoken yes")
    with pytest.raises(CallFailed, match="not allowed"):
        Policy().allow([Effect("shell_command.x", "light.a")], DOOR, confirmed_by="PIN")


@pytest.mark.parametrize("denied", ["light.a", "light", "light.turn_on"])
def test_the_deny_list_takes_things_kinds_and_services(denied: str) -> None:
    """Each stops the same call."""
    assert refusal(Policy(deny=frozenset({denied})), "light.turn_on", "light.a") == "denied"
    assert Policy(deny=frozenset({denied})).allow([Effect("fan.turn_on", "fan.a")], DOOR) == "exposed"


@pytest.mark.parametrize("entity_id", ["light.hidden", "", None])
def test_what_is_not_exposed_is_denied(entity_id: str | None) -> None:
    """Whoever resolved the name."""
    with pytest.raises(CallFailed) as caught:
        Policy().allow([Effect("light.turn_on", entity_id)], DOOR, exposed={"light.a": ""})
    assert caught.value.reason == "denied"


QUIET = Policy(quiet=Quiet(time(22), time(7), 20))


@pytest.mark.parametrize("at", [time(22), time(23, 59), time(0), time(6, 59)])
def test_in_quiet_hours_no_music_starts_and_none_gets_loud(at: time) -> None:
    """Pausing it and turning it down is welcome; lights are no music."""
    player = "media_player.a"
    for service in ("media_player.media_play", "media_player.turn_on", "media_player.media_next_track"):
        assert refusal(QUIET, service, player, at=at) == "quiet_hours"
    assert refusal(QUIET, "media_player.volume_set", player, at=at, volume_level=0.21) == "quiet_hours"
    for effect in (
        Effect("media_player.volume_set", player, {"volume_level": 0.2}),
        Effect("media_player.media_pause", player),
        Effect("light.turn_on", "light.a"),
    ):
        assert QUIET.allow([effect], DOOR, at=at) == "exposed"


@pytest.mark.parametrize("at", [time(7), time(12), time(21, 59), None])
def test_outside_quiet_hours_music_may_play(at: time | None) -> None:
    """The end is no quiet time any more; without a clock there is none."""
    assert QUIET.allow([Effect("media_player.media_play", "media_player.a")], DOOR, at=at) == "exposed"
    noon = replace(QUIET, quiet=Quiet(time(12), time(14), 20))
    assert noon.allow([Effect("media_player.media_play", "media_player.a")], DOOR, at=time(23)) == "exposed"


def test_the_rules_are_data_in_the_config() -> None:
    """Caps, quiet hours, lists."""
    section = PolicyConfig(
        confirm=("lock.front",), pin="1234", deny=("cover",), max_volume=60, max_temperature=24, quiet_from="22:30",
        quiet_until="06:15",
    )  # fmt: skip
    rules = from_config(section)
    with pytest.raises(CallFailed, match="0 to 60"):
        rules.check_values({"volume_level": 61})
    with pytest.raises(CallFailed, match="5 to 24"):
        rules.check_values({"temperature": 25})
    assert rules.quiet == Quiet(time(22, 30), time(6, 15), 20.0)
    assert (rules.needs_pin, rules.confirm, rules.deny) == (True, frozenset({"lock.front"}), frozenset({"cover"}))
    assert from_config(PolicyConfig()) == Policy()


@pytest.mark.parametrize(
    "service",
    ["lock.open", "alarm_control_panel.alarm_disarm", "homeassistant.restart", "shell_command.x", "lights.x", ""],
)
def test_what_is_not_listed_is_denied(service: str) -> None:
    """New kinds of services must be allowed here first."""
    with pytest.raises(CallFailed) as caught:
        Policy().allow([Effect(service)], DOOR)
    assert caught.value.reason == "denied"


def test_one_forbidden_effect_forbids_all() -> None:
    """Nothing happens by halves."""
    effects = [Effect("light.turn_on", "light.a"), Effect("lock.unlock", "lock.front")]
    with pytest.raises(CallFailed):
        Policy().allow(effects, DOOR)


@pytest.mark.parametrize(
    ("argument", "lowest", "highest"),
    [("brightness", 0, 100), ("position", 0, 100), ("temperature", 5, 30), ("volume_level", 0, 100)],
)
def test_values_are_checked_at_both_ends_and_never_clipped(argument: str, lowest: float, highest: float) -> None:
    """The ends themselves are allowed; just outside is refused aloud."""
    Policy().check_values({argument: lowest})
    Policy().check_values({argument: highest})
    for value in (lowest - 0.1, highest + 0.1, 1e300):
        with pytest.raises(CallFailed, match=f"{lowest} to {highest}") as caught:
            Policy().check_values({argument: value})
        assert caught.value.reason == "out_of_range"


@pytest.mark.parametrize("value", ["warm", "21", True, float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_no_number_is_refused(value: Value) -> None:
    """Whatever slips past the router."""
    for argument in ("temperature", "brightness"):
        with pytest.raises(CallFailed):
            Policy().check_values({argument: value})


def test_other_arguments_are_not_values() -> None:
    """Names and colors have no range."""
    Policy().check_values({"name": "200", "color": "blue"})
