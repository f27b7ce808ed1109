"""What must follow a sample in the demo home: the lines of `expect.jsonl` that `hey-gemma eval` reads (DESIGN.md).

Knows the demo home's entities and services. Doesn't know wordings or sound, and imports nothing of the assistant: it is
the yardstick, so it shares no code with what is measured.
"""

from collections.abc import Callable
from typing import Any

from models.tiny.slots import BLIND_ROOMS, FAN_ROOMS, ROOMS, Value
from models.tiny.wordings import Call, Sample

Effect = dict[str, Any]


def _id(domain: str, room: str) -> str:
    return f"{domain}.{room.replace(' ', '_')}"


LIGHTS = {f"{room} light": _id("light", room) for room in ROOMS}
FANS = {f"{room} fan": _id("fan", room) for room in FAN_ROOMS}
BLINDS = {f"{room} blinds": _id("cover", room) for room in BLIND_ROOMS}
HERE = {"light": "light.living_room", "fan": "fan.living_room", "blinds": "cover.living_room"}
OTHERS = {
    "television": "switch.television",
    "coffee machine": "switch.coffee_machine",
    "thermostat": "climate.home",
    "front door": "lock.front_door",
    "outdoor temperature": "sensor.outdoor_temperature",
    "living room temperature": "sensor.living_room_temperature",
    "shopping list": "todo.shopping_list",
    "music": "media_player.living_room",
}
ENTITIES = {**LIGHTS, **FANS, **BLINDS, **HERE, **OTHERS}
DOMAINS = {"light": tuple(LIGHTS.values()), "fan": tuple(FANS.values()), "cover": tuple(BLINDS.values())}
PLAYER = "media_player.living_room"
OWN_VOLUME = "your volume"  # 100 percent at first, and steps are 10
QUESTIONS = {
    "HassGetWeather": "weather.home",
    "HassTimerStatus": "timer",
    "HassGetCurrentTime": "clock",
    "HassGetCurrentDate": "clock",
}


def _targets(arguments: dict[str, Value]) -> tuple[str, ...]:
    if "domain" in arguments:
        return DOMAINS[str(arguments["domain"])]
    return (ENTITIES[str(arguments["name"])],)


def _each(service: str, arguments: dict[str, Value], data: dict[str, Value] | None = None) -> list[Effect]:
    """One entry an entity; `service` without a domain takes the entity's own."""
    found = []
    for entity in _targets(arguments):
        full = service if "." in service else f"{entity.partition('.')[0]}.{service}"
        found.append({"service": full, "entity_id": entity} | ({"data": data} if data else {}))
    return found


def _timer(arguments: dict[str, Value]) -> list[Effect]:
    seconds = sum(
        int(arguments.get(unit, 0)) * size for unit, size in (("hours", 3600), ("minutes", 60), ("seconds", 1))
    )
    name = {"name": arguments["name"]} if "name" in arguments else {}
    return [{"service": "timer.start", "data": {"seconds": seconds, **name}}]


def _light(given: dict[str, Value]) -> list[Effect]:
    names = {"brightness": "brightness_pct", "color": "color_name"}
    return _each("turn_on", given, {names[key]: given[key] for key in names if key in given})


def _player(service: str, data: dict[str, Value] | None = None) -> list[Effect]:
    return [{"service": f"media_player.{service}", "entity_id": PLAYER} | ({"data": data} if data else {})]


def _volume(given: dict[str, Value]) -> list[Effect]:
    """The player's, or the assistant's own where that is named."""
    level = float(given["volume_level"]) / 100
    return _own_volume(level) if given.get("name") == OWN_VOLUME else _player("volume_set", {"volume_level": level})


def _own_volume(level: float) -> list[Effect]:
    return [{"service": "assistant.volume_set", "data": {"volume_level": level}}]


EFFECTS: dict[str, Callable[[dict[str, Value]], list[Effect]]] = {
    "HassTurnOn": lambda given: _each("turn_on", given),
    "HassTurnOff": lambda given: _each("turn_off", given),
    "HassOpenCover": lambda given: _each("open_cover", given),
    "HassCloseCover": lambda given: _each("close_cover", given),
    "HassSetPosition": lambda given: _each("set_cover_position", given, {"position": given["position"]}),
    "HassLightSet": _light,
    "HassLock": lambda given: _each("lock", given),
    "HassClimateSetTemperature": lambda given: _each("set_temperature", {"name": "thermostat"}, dict(given)),
    "HassSetVolume": _volume,
    "HassAdjust": lambda given: _own_volume(1.0 if given["way"] == "up" else 0.9),
    "HassMediaPause": lambda _: _player("media_pause"),
    "HassMediaUnpause": lambda _: _player("media_play"),
    "HassMediaNext": lambda _: _player("media_next_track"),
    "HassMediaPrevious": lambda _: _player("media_previous_track"),
    "HassListAddItem": lambda given: _each("add_item", given, {"item": given["item"]}),
    "HassStartTimer": _timer,
    "HassCancelTimer": lambda given: [{"service": "timer.cancel"} | ({"data": dict(given)} if given else {})],
    "HassCancelAllTimers": lambda _: [{"service": "timer.cancel"}],
    "HassUnlock": lambda _: [],  # asks for a yes first
    "HassGetState": lambda _: [],
    **dict.fromkeys(QUESTIONS, lambda _: []),
}


def effects(call: Call) -> list[Effect]:
    """List what the demo home is asked for by one call."""
    return EFFECTS[call.name](call.arguments)


def expectation(sample: Sample) -> dict[str, Any]:
    """Give the keys of an expect.jsonl line that follow from what was said."""
    found: dict[str, Any] = {
        # It is said to the assistant, after the wake word: for the evaluation that is talk, no negative.
        "kind": "talk" if sample.kind == "negative" else sample.kind,
        "effects": [entry for call in sample.calls for entry in effects(call)],
    }
    for call in sample.calls:
        if call.name in QUESTIONS:
            found["answer_from"] = QUESTIONS[call.name]
        elif call.name == "HassGetState":
            found["answer_from"] = ENTITIES[str(call.arguments["name"])]
    if sample.kind == "talk":
        found["reply_language"] = "ja" if sample.intent == "japanese" else "en"
        if sample.intent != "joke":  # one of several jokes: any will do
            found["reply"] = sample.reply
    return found
