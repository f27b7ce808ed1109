"""The things of `demo_home.toml` inside a real Home Assistant, for tests. Runs in Home Assistant's Python, not in ours.

`demo_home.freeze` makes one thing say yes to every service and change nothing, `demo_home.thaw` ends that,
`demo_home.remove` takes one away, `demo_home.reset` puts all back as the file says, `demo_home.add` adds more `things`.
`demo_home.assist` answers with the prompt and the tools that Home Assistant gives a model.
"""

import dataclasses
import tomllib
from datetime import timedelta
from pathlib import Path

try:
    from probatio import to_openapi
except ImportError:  # before 2026
    from voluptuous_openapi import convert as to_openapi
from homeassistant.components.climate import ClimateEntity, ClimateEntityFeature, HVACMode
from homeassistant.components.cover import CoverEntity, CoverEntityFeature
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.components.light import ColorMode, LightEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.media_player import MediaPlayerEntity, MediaPlayerEntityFeature, MediaPlayerState
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.components.todo import TodoItem, TodoItemStatus, TodoListEntity, TodoListEntityFeature
from homeassistant.components.weather import WeatherEntity, WeatherEntityFeature
from homeassistant.const import UnitOfTemperature
from homeassistant.core import SupportsResponse
from homeassistant.helpers import llm
from homeassistant.util import dt as dt_util


class Thing:
    """What all have: a fixed id, a name, a state that `change` writes unless the thing is frozen."""

    _attr_should_poll = False

    def __init__(self, table):
        self.entity_id = table["id"]
        self._attr_unique_id = "demo_home_" + table["id"]
        self._attr_name = table["names"][0]
        self.table = table
        self.frozen = False
        self.prepare(table["state"], table.get("attributes", {}))

    def change(self, **attributes):
        if not self.frozen:
            for name, value in attributes.items():
                setattr(self, f"_attr_{name}", value)
            self.async_write_ha_state()


class Switchable(Thing):
    def prepare(self, state, attributes):
        self._attr_is_on = state == "on"

    async def async_turn_on(self, *_, **__):
        self.change(is_on=True)

    async def async_turn_off(self, **_):
        self.change(is_on=False)


class Switch(Switchable, SwitchEntity):
    pass


class Fan(Switchable, FanEntity):
    _attr_supported_features = FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF

    @property
    def is_on(self):
        return self._attr_is_on


class Light(Switchable, LightEntity):
    _attr_supported_color_modes = {ColorMode.HS}
    _attr_color_mode = ColorMode.HS
    _attr_hs_color = (30.0, 20.0)

    def prepare(self, state, attributes):
        super().prepare(state, attributes)
        self._attr_brightness = round(attributes.get("brightness_pct", 100) * 2.55)

    async def async_turn_on(self, **kwargs):
        known = {name: kwargs[name] for name in ("brightness", "hs_color") if name in kwargs}
        self.change(is_on=True, **known)


class Cover(Thing, CoverEntity):
    _attr_supported_features = CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE | CoverEntityFeature.SET_POSITION

    def prepare(self, state, attributes):
        self.move(attributes["position"])

    def move(self, position):
        self._attr_current_cover_position, self._attr_is_closed = position, position == 0

    async def async_open_cover(self, **_):
        self.change(current_cover_position=100, is_closed=False)

    async def async_close_cover(self, **_):
        self.change(current_cover_position=0, is_closed=True)

    async def async_set_cover_position(self, position, **_):
        self.change(current_cover_position=position, is_closed=position == 0)


class Lock(Thing, LockEntity):
    def prepare(self, state, attributes):
        self._attr_is_locked = state == "locked"

    async def async_lock(self, **_):
        self.change(is_locked=True)

    async def async_unlock(self, **_):
        self.change(is_locked=False)


class Climate(Thing, ClimateEntity):
    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_hvac_modes = [HVACMode.HEAT, HVACMode.OFF]
    _attr_supported_features = (
        ClimateEntityFeature.TARGET_TEMPERATURE | ClimateEntityFeature.TURN_ON | ClimateEntityFeature.TURN_OFF
    )

    def prepare(self, state, attributes):
        self._attr_hvac_mode = HVACMode(state)
        self._attr_target_temperature = attributes["temperature"]
        self._attr_current_temperature = attributes["current_temperature"]

    async def async_set_hvac_mode(self, hvac_mode):
        self.change(hvac_mode=hvac_mode)

    async def async_set_temperature(self, temperature, **_):
        self.change(target_temperature=temperature)


class Player(Thing, MediaPlayerEntity):
    _attr_supported_features = (
        MediaPlayerEntityFeature.TURN_ON
        | MediaPlayerEntityFeature.TURN_OFF
        | MediaPlayerEntityFeature.PAUSE
        | MediaPlayerEntityFeature.PLAY
        | MediaPlayerEntityFeature.NEXT_TRACK
        | MediaPlayerEntityFeature.PREVIOUS_TRACK
        | MediaPlayerEntityFeature.VOLUME_SET
    )

    def prepare(self, state, attributes):
        self._attr_state = MediaPlayerState(state)
        self._attr_volume_level = attributes["volume_level"]
        self._attr_media_title = attributes["media_title"]
        self._attr_media_track = 1

    async def async_turn_on(self):
        self.change(state=MediaPlayerState.PLAYING)

    async def async_turn_off(self):
        self.change(state=MediaPlayerState.OFF)

    async def async_media_pause(self):
        self.change(state=MediaPlayerState.PAUSED)

    async def async_media_play(self):
        self.change(state=MediaPlayerState.PLAYING)

    async def async_set_volume_level(self, volume):
        self.change(volume_level=volume)

    async def async_media_next_track(self):
        self.change(media_track=self._attr_media_track + 1, state=MediaPlayerState.PLAYING)

    async def async_media_previous_track(self):
        self.change(media_track=self._attr_media_track - 1, state=MediaPlayerState.PLAYING)


class Sensor(Thing, SensorEntity):
    _attr_device_class = SensorDeviceClass.TEMPERATURE

    def prepare(self, state, attributes):
        self._attr_native_value = float(state)
        self._attr_native_unit_of_measurement = attributes["unit"]


class Todo(Thing, TodoListEntity):
    _attr_supported_features = TodoListEntityFeature.CREATE_TODO_ITEM | TodoListEntityFeature.DELETE_TODO_ITEM

    def prepare(self, state, attributes):
        self._attr_todo_items = [TodoItem(t, t, TodoItemStatus.NEEDS_ACTION) for t in attributes["items"]]

    async def async_create_todo_item(self, item):
        item.uid = f"{item.summary}-{len(self._attr_todo_items)}"
        self.change(todo_items=[*self._attr_todo_items, item])

    async def async_delete_todo_items(self, uids):
        self.change(todo_items=[item for item in self._attr_todo_items if item.uid not in uids])


class Weather(Thing, WeatherEntity):
    _attr_native_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_supported_features = WeatherEntityFeature.FORECAST_DAILY

    def prepare(self, state, attributes):
        self._attr_condition = state
        self._attr_native_temperature = attributes["temperature"]
        self._attr_humidity = attributes["humidity"]

    async def async_forecast_daily(self):
        noon = dt_util.now().replace(hour=12, minute=0, second=0, microsecond=0)
        return [
            {
                "datetime": (noon + timedelta(days=days)).isoformat(),
                "condition": day["condition"],
                "native_temperature": day["high"],
                "native_templow": day["low"],
            }
            for days, day in enumerate(self.table["forecast"])
        ]


KINDS = {
    "climate": Climate, "cover": Cover, "fan": Fan, "light": Light, "lock": Lock, "media_player": Player,
    "sensor": Sensor, "switch": Switch, "todo": Todo, "weather": Weather,
}  # fmt: skip


async def assist(call):
    """The prompt and the tools of Home Assistant's own Assist API, as JSON schemas."""
    known = {field.name for field in dataclasses.fields(llm.LLMContext)}
    asked = {"platform": "demo_home", "context": call.context, "language": "en", "assistant": "conversation",
             "device_id": None, "user_prompt": None}  # fmt: skip
    context = llm.LLMContext(**{name: value for name, value in asked.items() if name in known})
    api = await llm.async_get_api(call.hass, llm.LLM_API_ASSIST, context)
    tools = [
        {
            "name": tool.name,
            "description": tool.description or "",
            "parameters": to_openapi(tool.parameters, custom_serializer=api.custom_serializer),
        }
        for tool in api.tools
    ]
    return {"prompt": api.api_prompt, "tools": tools}


async def async_setup(hass, config):
    """Add every thing of the file that the configuration names, and the services for faults."""
    path = Path(config["demo_home"]["file"])
    home = tomllib.loads(await hass.async_add_executor_job(path.read_text, "utf-8"))
    things = {table["id"]: KINDS[table["id"].partition(".")[0]](table) for table in home["entity"]}
    for domain in KINDS:
        await hass.data[domain].async_add_entities(
            [thing for id_, thing in things.items() if id_.startswith(f"{domain}.")]
        )

    async def freeze(call):
        things[call.data["entity_id"]].frozen = call.service == "freeze"

    async def remove(call):
        await things[call.data["entity_id"]].async_remove()

    async def reset(call):
        for thing in things.values():
            thing.frozen = False
            thing.prepare(thing.table["state"], thing.table.get("attributes", {}))
            if thing.hass is not None:
                thing.async_write_ha_state()

    async def add(call):
        for table in call.data["things"]:
            things[table["id"]] = KINDS[table["id"].partition(".")[0]](table)
            await hass.data[table["id"].partition(".")[0]].async_add_entities([things[table["id"]]])

    hass.services.async_register("demo_home", "add", add)
    hass.services.async_register("demo_home", "assist", assist, supports_response=SupportsResponse.ONLY)
    for name, service in (("freeze", freeze), ("thaw", freeze), ("remove", remove), ("reset", reset)):
        hass.services.async_register("demo_home", name, service)
    return True
