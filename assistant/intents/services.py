"""The tools of a home, and the service that each one means for each kind of device. Pure tables.

Names and slots are Home Assistant's; what the demo home and a real one share. Knows no entity, no state and no rule.
Every token that the model is told costs time while a person speaks: so a tool that another one stands for isn't told,
nor a slot that a name can stand for ("kitchen lights" is area and domain), nor a name where there is one thing to name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.intents.names import Directory, Entity
from assistant.stages import Call, Effect, Parameter, Tool, Value

COLORS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "cyan")
DAYS = ("today", "tomorrow")
_NAME = Parameter("name", "string")
_AREA, _DOMAIN = Parameter("area", "string"), Parameter("domain", "string", told=False)
_WHERE = (_NAME, replace(_AREA, told=False), _DOMAIN)
_SOME_NAME = replace(_NAME, told=False)

TOOLS: tuple[Tool, ...] = (
    Tool("HassTurnOn", "Turn on, open, lock", (_NAME, _AREA, _DOMAIN), bare=False),
    Tool("HassTurnOff", "Turn off, close, unlock", (_NAME, _AREA, _DOMAIN), bare=False),
    # Home Assistant's older names for the same: a model may know them, and tiny does.
    Tool("HassOpenCover", "Open blinds", _WHERE, told=False, bare=False),
    Tool("HassCloseCover", "Close blinds", _WHERE, told=False, bare=False),
    Tool("HassLock", "Lock", _WHERE, told=False, bare=False),
    Tool("HassUnlock", "Unlock", _WHERE, told=False, bare=False),
    Tool("HassVacuumStart", "Start a vacuum", (_NAME,), told=False),
    Tool("HassVacuumReturnToBase", "Send a vacuum home", (_NAME,), told=False),
    Tool(
        "HassLightSet",
        "Dim or color lights",
        (*_WHERE, Parameter("brightness", "integer"), Parameter("color", "string", choices=COLORS, listed=False)),
        bare=False,
    ),
    Tool(
        "HassAdjust",
        "Brighter, warmer, louder",
        (
            _NAME,
            *(replace(p, told=False) for p in _WHERE[1:]),
            Parameter("way", "string", choices=("up", "down"), required=True),
            Parameter("by", "integer", bounds=(1, 100)),
        ),
    ),
    Tool(
        "HassSetPosition",
        "Open blinds partly",
        (*_WHERE, Parameter("position", "integer", required=True, asked=True)),
    ),
    Tool(
        "HassClimateSetTemperature",
        "Set the heating",
        (_NAME, Parameter("temperature", "number", required=True, asked=True, bounds=(5, 30))),
    ),
    Tool(
        "HassSetVolume",
        "Set the volume",
        (_NAME, Parameter("volume_level", "integer", required=True, asked=True)),
    ),
    Tool("HassMediaPause", "Pause music", (_NAME,)),
    Tool("HassMediaUnpause", "Play music", (_NAME,)),
    Tool("HassMediaNext", "Next song", (_SOME_NAME,)),
    Tool("HassMediaPrevious", "Previous song", (_SOME_NAME,)),
    Tool("HassListAddItem", "Add to a list", (Parameter("item", "string", required=True, asked=True), _NAME)),
    Tool("HassGetState", "State of anything", _WHERE, bare=False),
    Tool("HassGetWeather", "Weather today or tomorrow", (Parameter("day", "string", choices=DAYS, listed=False),)),
)

_SWITCHED = ("light", "fan", "switch", "media_player", "climate", "input_boolean")
SERVICES: Mapping[str, Mapping[str, str]] = {
    "HassTurnOn": {
        **dict.fromkeys((*_SWITCHED, "scene", "script"), "turn_on"),
        "cover": "open_cover",
        "lock": "lock",
        "vacuum": "start",
    },
    "HassTurnOff": {
        **dict.fromkeys(_SWITCHED, "turn_off"),
        "cover": "close_cover",
        "lock": "unlock",
        "vacuum": "return_to_base",
    },
    "HassOpenCover": {"cover": "open_cover"},
    "HassCloseCover": {"cover": "close_cover"},
    "HassLock": {"lock": "lock"},
    "HassUnlock": {"lock": "unlock"},
    "HassVacuumStart": {"vacuum": "start"},
    "HassVacuumReturnToBase": {"vacuum": "return_to_base"},
    "HassLightSet": {"light": "turn_on"},
    "HassAdjust": {
        "light": "turn_on",
        "climate": "set_temperature",
        "media_player": "volume_set",
        "cover": "set_cover_position",
    },
    "HassSetPosition": {"cover": "set_cover_position"},
    "HassClimateSetTemperature": {"climate": "set_temperature"},
    "HassSetVolume": {"media_player": "volume_set"},
    "HassMediaPause": {"media_player": "media_pause"},
    "HassMediaUnpause": {"media_player": "media_play"},
    "HassMediaNext": {"media_player": "media_next_track"},
    "HassMediaPrevious": {"media_player": "media_previous_track"},
    "HassListAddItem": {"todo": "add_item"},
}
IMPLIED = frozenset(SERVICES) - {
    "HassTurnOn", "HassTurnOff", "HassOpenCover", "HassCloseCover", "HassLock", "HassUnlock", "HassLightSet",
    "HassSetPosition", "HassAdjust",
}  # fmt: skip
SWEPT = frozenset({"light", "fan", "switch", "media_player"})
VALUES = ("brightness", "color", "position", "temperature", "volume_level", "item")


def tools_for(home: Directory) -> tuple[Tool, ...]:
    """The tools for what a home has, with the names that it has now."""
    there = [entity.domain for entity in home.entities]
    needed: dict[str, set[str]] = {"HassGetState": set(there), "HassGetWeather": {"weather"}}
    found = []
    for tool in TOOLS:
        kinds = needed.get(tool.name) or set(SERVICES.get(tool.name, {}))
        if not kinds & set(there):
            continue
        alone = tool.name in IMPLIED and sum(domain in kinds for domain in there) == 1
        values = {
            "name": home.vocabulary(kinds),
            "area": home.rooms(),
            "domain": tuple(sorted(kinds & set(there))),
        }
        parameters = (
            replace(p, told=p.told and not (alone and p.name == "name"), values=values.get(p.name, ()))
            for p in tool.parameters
        )
        found.append(replace(tool, parameters=tuple(parameters)))
    return tuple(found)


def domains_of(call: Call) -> frozenset[str]:
    """The kinds of devices that the call may touch. "Everything in the room" means no door, blind or heating."""
    domains = frozenset(SERVICES[call.name])
    if "name" in call.arguments or "domain" in call.arguments or not domains & SWEPT:
        return domains
    return domains & SWEPT


def effects_of(call: Call, targets: Sequence[Entity]) -> tuple[Effect, ...]:
    """The service calls that the call asks for, one a target. Values must have been checked."""
    data = _data(call.arguments)
    services = SERVICES[call.name]
    return tuple(Effect(f"{e.domain}.{services[e.domain]}", e.id, data) for e in targets)


def shared_values(calls: Sequence[Call]) -> dict[str, Value]:
    """The values that calls set, where all set the same ones: what an answer may tell."""
    values = [{k: v for k, v in call.arguments.items() if k in VALUES} for call in calls]
    return values[0] if all(value == values[0] for value in values) else {}


def _data(arguments: Mapping[str, Value]) -> dict[str, Value]:
    """Arguments as the services name them."""
    names = {"brightness": "brightness_pct", "color": "color_name"}
    data = {names.get(k, k): v for k, v in arguments.items() if k in VALUES}
    if "volume_level" in data:
        data["volume_level"] = round(float(data["volume_level"]) / 100, 4)
    return data
