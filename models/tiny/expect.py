"""What must follow a sample in the demo home: the lines of `expect.jsonl` that `hey-gemma eval` reads (DESIGN.md).

Knows the demo home's entities and services. Doesn't know wordings or sound, and imports nothing of the assistant: it is
the yardstick, so it shares no code with what is measured.
"""

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
MEDIA = {
    "HassMediaPause": "media_pause",
    "HassMediaUnpause": "media_play",
    "HassMediaNext": "media_next_track",
    "HassMediaPrevious": "media_previous_track",
}
QUESTIONS = {"HassGetWeather": "weather.home", "HassTimerStatus": "timer", "HassGetCurrentTime": "clock", "HassGetCurrentDate": "clock"}


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
    seconds = sum(int(arguments.get(unit, 0)) * size for unit, size in (("hours", 3600), ("minutes", 60), ("seconds", 1)))
    name = {"name": arguments["name"]} if "name" in arguments else {}
    return [{"service": "timer.start", "data": {"seconds": seconds, **name}}]


def effects(call: Call) -> list[Effect]:
    """What the demo home is asked for by one call. Unlocking asks for a yes first: nothing."""
    given = call.arguments
    match call.name:
        case "HassTurnOn" | "HassTurnOff":
            return _each("turn_on" if call.name == "HassTurnOn" else "turn_off", given)
        case "HassOpenCover":
            return _each("open_cover", given)
        case "HassCloseCover":
            return _each("close_cover", given)
        case "HassSetPosition":
            return _each("set_cover_position", given, {"position": given["position"]})
        case "HassLightSet":
            names = {"brightness": "brightness_pct", "color": "color_name"}
            return _each("turn_on", given, {names[key]: given[key] for key in sorted(names) if key in given})
        case "HassLock":
            return _each("lock", given)
        case "HassClimateSetTemperature":
            return [{"service": "climate.set_temperature", "entity_id": "climate.home", "data": dict(given)}]
        case "HassSetVolume":
            data = {"volume_level": float(given["volume_level"]) / 100}
            return [{"service": "media_player.volume_set", "entity_id": PLAYER, "data": data}]
        case "HassMediaPause" | "HassMediaUnpause" | "HassMediaNext" | "HassMediaPrevious":
            return [{"service": f"media_player.{MEDIA[call.name]}", "entity_id": PLAYER}]
        case "HassListAddItem":
            return [{"service": "todo.add_item", "entity_id": "todo.shopping_list", "data": {"item": given["item"]}}]
        case "HassStartTimer":
            return _timer(given)
        case "HassCancelTimer" | "HassCancelAllTimers":
            return [{"service": "timer.cancel"}]
        case "HassUnlock" | "HassGetState" | "HassGetWeather" | "HassTimerStatus" | "HassGetCurrentTime" | "HassGetCurrentDate":
            return []
        case _:
            raise ValueError(f"unknown tool {call.name}")


def expectation(sample: Sample) -> dict[str, Any]:
    """The keys of an expect.jsonl line that follow from what was said."""
    found: dict[str, Any] = {"kind": sample.kind, "effects": [entry for call in sample.calls for entry in effects(call)]}
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
