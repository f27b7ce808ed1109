"""What people say -> one thing, several, a question or nothing: a table."""

import pytest

from assistant.errors import CallFailed
from assistant.intents.alike import canonical, is_slip, rooms_in, slips
from assistant.intents.names import Directory, Entity

HOME = Directory(
    entities=(
        Entity("light.kitchen", ("kitchen light",), "kitchen"),
        Entity("light.island", ("kitchen island light",), "kitchen"),
        Entity("light.standing", ("standing lamp", "reading lamp"), "living room"),
        Entity("light.bed_left", ("left bedside lamp",), "bedroom"),
        Entity("light.bed_right", ("right bedside lamp",), "bedroom"),
        Entity("light.hallway", ("hallway light",), "hallway"),
        Entity("light.desk", ("desk lamp", "office light"), "office"),
        Entity("light.marla", ("Marla's lamp",), "kids room"),
        Entity("light.marta", ("Marta's lamp",), "kids room"),
        Entity("light.lamp10", ("lamp10",), "garden"),
        Entity("fan.living_room", ("living room fan",), "living room"),
        Entity("fan.bedroom", ("bedroom fan",), "bedroom"),
        Entity("cover.bedroom", ("bedroom blinds",), "bedroom"),
        Entity("cover.living_room", ("living room blinds",), "living room"),
        Entity("media_player.radio", ("radio",), "kitchen"),
        Entity("media_player.bedroom", ("bedroom speaker",), "bedroom"),
        Entity("switch.coffee", ("coffee machine",), "kitchen"),
        Entity("switch.tv", ("television",), "living room"),
        Entity("climate.home", ("thermostat", "heating")),
        Entity("lock.front", ("front door",), "hallway"),
        Entity("light.red_lantern", ("red lantern",), "garden"),
        Entity("switch.pump2", ("pump 2",), "garden"),
    ),
    areas=("kitchen", "living room", "bedroom", "hallway", "office", "kids room", "garden"),
    here="living room",
)
ALL = frozenset(e.domain for e in HOME.entities)
LIVING = "light.standing"

RESOLVED = {
    # another name of a room
    "the light in the lounge": LIVING,
    "lounge lamp": LIVING,
    "sitting room fan": "fan.living_room",
    "the hall light": "light.hallway",
    "corridor light": "light.hallway",
    "light in the study": "light.desk",
    "family room blinds": "cover.living_room",
    # another order
    "light of the kitchen": "light.kitchen",
    "kitchen lamp": "light.kitchen",
    "fan in the bedroom": "fan.bedroom",
    "the fan in the living room": "fan.living_room",
    "blinds of the bedroom": "cover.bedroom",
    "the curtains in the bedroom": "cover.bedroom",
    "lamp on the desk": "light.desk",
    "machine for coffee": None,
    "island light in the kitchen": "light.island",
    "the speaker in the bedroom": "media_player.bedroom",
    # kinds, and one too many
    "reading light": LIVING,
    "standing light": LIVING,
    "telly": "switch.tv",
    "the tv in the lounge": "switch.tv",
    "radio speaker": "media_player.radio",
    "coffee machine switch": "switch.coffee",
    "front door lock": "lock.front",
    "the lamp in here": LIVING,
    "light here": LIVING,
    "the lights in this room": LIVING,
    "pump two": "switch.pump2",
    # an adjective that tells nothing apart
    "the big lamp in the lounge": LIVING,
    "the big light": LIVING,
    "that's stupid": None,
    "the stupid coffee machine": "switch.coffee",
    "the little red radio": None,
    "the little old radio": "media_player.radio",
    "my favorite lamp": LIVING,
    "the red lantern": "light.red_lantern",
    "the old red lantern in the garden": "light.red_lantern",
    # one wrong letter
    "kitchen lihgt": "light.kitchen",
    "kichen light": "light.kitchen",
    "kitchenn light": "light.kitchen",
    "thermostst": "climate.home",
    "televison": "switch.tv",
    "the big coffee maschine": "switch.coffee",
    "bedroom blnds": None,
    "bedroom blimds": "cover.bedroom",
    "loungr lamp": LIVING,
    "marla lamp": "light.marla",
    "martas lamp": "light.marta",
}
ASKED = {
    "the bedside lamp": None,
    "the lamp in the bedroom": ("light.bed_left", "light.bed_right"),
    "the big lamp in the bedroom": ("light.bed_left", "light.bed_right"),
    "the light in the kitchen": None,
    "the nice lights in the bedroom": ("light.bed_left", "light.bed_right"),
    "Marna's lamp": ("light.marla", "light.marta"),
    "the small lamp in the kids' room": ("light.marla", "light.marta"),
    "speaker": ("media_player.radio", "media_player.bedroom"),
}
UNKNOWN = [
    "garage light",
    "the light in the garage",
    "the light in the attic",
    "the big light in the garage",
    "the other lamp",
    "the second light",
    "the right",
    "the night",
    "the lihgt",
    "lihgts",
    "kitchen night",
    "kitchen",
    "the lounge",
    "the big one",
    "big",
    "the big",
    "this",
    "here",
    "it",
    "them",
    "everything",
    "everything here",
    "all",
    "all the big lights",
    "all the lihgts",
    "lights and fans",
    "kitchen and bedroom light",
    "kitchen light bedroom",
    "the kitchen fan",
    "hallway blinds",
    "back door",
    "side door",
    "door two",
    "ligt",
    "fam",
    "desc",
    "lamp11",
    "lamp 10",
    "pump 3",
    "pump three",
    "kiktchenn light",
    "kitchen island lihgt and fan",
    "coffee",
    "machine",
    "bedside",
    "standing",
    "red",
    "the light that is on",
    "the light in the living room and the kitchen",
    "radio in the bedroom",
    "the thermostat in the attic",
    "bedrom kitchen lihgt",
    "Marta's Marla lamp",
    "any lamp",
    "no light",
    "not the kitchen light",
    "kitchen light off",
]


def resolve(said: str, domains: frozenset[str] = ALL) -> tuple[str, ...]:
    return tuple(e.id for e in HOME.resolve({"name": said}, domains))


def reason(said: str) -> str:
    with pytest.raises(CallFailed) as caught:
        HOME.resolve({"name": said}, ALL)
    return caught.value.reason


@pytest.mark.parametrize(("said", "entity_id"), [(s, e) for s, e in RESOLVED.items() if e is not None])
def test_a_saying_that_leaves_no_doubt_means_one_thing(said: str, entity_id: str) -> None:
    assert resolve(said) == (entity_id,)


@pytest.mark.parametrize("said", [*UNKNOWN, *(s for s, e in RESOLVED.items() if e is None)])
def test_a_saying_with_a_word_that_nothing_accounts_for_does_nothing(said: str) -> None:
    assert reason(said) == "unknown_name"


@pytest.mark.parametrize(("said", "which"), [(s, w) for s, w in ASKED.items() if w])
def test_where_two_could_be_meant_it_asks_which(said: str, which: tuple[str, ...]) -> None:
    with pytest.raises(CallFailed, match=r"^Which one: ") as caught:
        HOME.resolve({"name": said}, ALL)
    assert caught.value.reason == "which_one"
    for entity in HOME.entities:
        assert (entity.name in caught.value.message) == (entity.id in which)


def test_half_of_the_table_must_not_resolve() -> None:
    refused = len(UNKNOWN) + sum(w is not None for w in ASKED.values())
    assert refused >= len(RESOLVED)
    assert refused + len(RESOLVED) >= 100


def test_several_things_are_meant_only_by_words_that_are_right() -> None:
    assert resolve("the lights in the bedroom") == ("light.bed_left", "light.bed_right")
    assert resolve("all the lamps in the kitchen") == ("light.kitchen", "light.island")
    assert reason("the ligths in the bedroom") == "which_one"
    assert reason("all the ligths in the bedroom") == "unknown_name"


def test_of_alike_things_the_tool_takes_those_it_can_handle() -> None:
    both = Directory((Entity("light.fan", ("bed fan",), "bedroom"), Entity("fan.bed", ("bed fan",), "bedroom")))
    assert [e.id for e in both.resolve({"name": "fan of the bed"}, frozenset({"fan"}))] == ["fan.bed"]


@pytest.mark.parametrize("area", ["lounge", "The Living-Room", "livng room", "sitting room", "here", "this room"])
def test_a_room_has_other_names_too(area: str) -> None:
    assert [e.id for e in HOME.resolve({"area": area, "domain": "fan"}, ALL)] == ["fan.living_room"]


@pytest.mark.parametrize("area", ["garage", "attic", "room", "living", "kitchen bedroom", "", "bedrooom kitchn"])
def test_an_unknown_room_is_no_room(area: str) -> None:
    with pytest.raises(CallFailed) as caught:
        HOME.resolve({"area": area, "domain": "light"}, ALL)
    assert caught.value.reason == "unknown_area"


def test_two_rooms_of_one_row_go_by_their_own_names_only() -> None:
    rooms = rooms_in(["hall", "hallway"])
    assert canonical("hall light", rooms) != canonical("hallway light", rooms)
    home = Directory(
        (Entity("light.a", ("light",), "hall"), Entity("light.b", ("light",), "hallway")), ("hall", "hallway"), "hall"
    )
    assert [e.id for e in home.resolve({"name": "light in the hallway"}, ALL)] == ["light.b"]
    with pytest.raises(CallFailed):
        home.resolve({"name": "light in the corridor"}, ALL)


@pytest.mark.parametrize(
    ("word", "other", "slip"),
    [
        ("lihgt", "light", True),
        ("ligt", "light", True),
        ("lighht", "light", True),
        ("ligho", "light", True),
        ("light", "light", False),
        ("night", "light", False),
        ("lgiht", "light", True),
        ("lgith", "light", False),
        ("lightest", "light", False),
        ("", "light", False),
        ("l", "", False),
    ],
)
def test_one_slip_is_one_letter_more_less_other_or_exchanged(word: str, other: str, slip: bool) -> None:
    assert is_slip(word, other) is slip
    assert is_slip(other, word) is slip


def test_short_words_and_numbers_are_taken_as_they_are() -> None:
    assert slips("lamq", ["lamp"]) == []
    assert slips("lamp11", ["lamp10"]) == []
    assert slips("marna", ["marla", "marta", "kitchen"]) == ["marla", "marta"]
