"""What may happen."""

import pytest

from assistant.errors import CallFailed
from assistant.intents.policy import Policy
from assistant.stages import Effect, Value

DOOR = "the front door"


@pytest.mark.parametrize("service", ["light.turn_on", "cover.close_cover", "todo.add_item", "media_player.volume_set"])
def test_harmless_things_are_allowed_because_they_are_exposed(service: str) -> None:
    """Every allowed effect has a reason."""
    assert Policy().allow([Effect(service, "x.y")], "the thing") == "exposed"


def test_locking_needs_no_yes_and_unlocking_does() -> None:
    """Making the house safer is free."""
    assert Policy().allow([Effect("lock.lock", "lock.front")], DOOR) == "lock.lock needs no yes"
    with pytest.raises(
        CallFailed, match=r"^Unlocking the front door needs a yes, and I can't take one yet\.$"
    ) as caught:
        Policy().allow([Effect("lock.unlock", "lock.front")], DOOR)
    assert caught.value.reason == "needs_yes"


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
