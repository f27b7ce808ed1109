"""What a home's registries say: rooms by all their names, and where the assistant stands."""

from assistant.intents.home_registry import Registry, registry_of
from assistant.intents.home_states import LiveStates

AREAS = [
    {"area_id": "living_room", "name": "Living Room", "aliases": ["\U0001f6cb", "The", "lounge"]},
    {"area_id": "kitchen", "name": "Kitchen", "aliases": []},
]


def registry() -> Registry:
    return registry_of(frozenset(), AREAS, [], [], {})


def test_nobody_stands_in_a_room_only_because_it_has_an_alias_that_nobody_can_say() -> None:
    """A sofa as an alias, and no `area` in the config: lights off would have meant that room."""
    assert registry().directory(LiveStates()).here is None
    assert registry().directory(LiveStates(), "the lounge").here == "Living Room"
    assert registry().rooms("the") == ()
    assert registry().rooms("Lounge") == ("Living Room",)
    assert registry().other_places() == ("lounge",)
