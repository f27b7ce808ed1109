"""A thing on topics of its own, as the config describes it: `[[home.mqtt.device]]`. Pure.

Knows no dialect: what is sent and reported is what the config says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.config_mqtt import MqttDevice
from assistant.errors import ConfigError
from assistant.intents.home_registry import clean
from assistant.intents.mqtt_things import Order, Reading, name_in, number, parsed
from assistant.stages import Effect

_ON = frozenset({"turn_on", "open_cover", "lock"})
_OFF = frozenset({"turn_off", "close_cover", "unlock"})
_WORDS: Mapping[str, tuple[str, str]] = {"cover": ("open", "closed"), "lock": ("locked", "unlocked")}
_READ_ONLY = frozenset({"sensor", "binary_sensor"})


@dataclass(frozen=True, slots=True)
class Configured:
    """One device of the config. Raises ConfigError where it can neither be commanded nor tell anything."""

    device: MqttDevice

    def __post_init__(self) -> None:
        device = self.device
        needed = "state_topic" if device.kind in _READ_ONLY else "command_topic"
        if not clean(device.name) or not getattr(device, needed):
            raise ConfigError(
                f"the MQTT device {device.name!r} has no {needed if clean(device.name) else 'name that can be said'}",
                remedy="see [[home.mqtt.device]] in config.example.toml",
            )

    @property
    def key(self) -> str:
        """Its name and topics."""
        return f"c:{self.device.name}:{self.device.command_topic}:{self.device.state_topic}:{self.device.state_key}"

    @property
    def domain(self) -> str:
        """Its kind."""
        return self.device.kind

    @property
    def names(self) -> tuple[str, ...]:
        """As the config says."""
        return (name_in(self.area, clean(self.device.name)),)

    @property
    def area(self) -> str | None:
        """Its room."""
        return clean(self.device.area) or None

    @property
    def about(self) -> Mapping[str, Any]:
        """Unit and class."""
        told = {"unit_of_measurement": clean(self.device.unit), "device_class": clean(self.device.device_class)}
        return {name: value for name, value in told.items() if value}

    @property
    def topics(self) -> frozenset[str]:
        """Its state topic, if there is one."""
        return frozenset(filter(None, [self.device.state_topic]))

    @property
    def tells(self) -> bool:
        """Whether there is a state topic."""
        return bool(self.device.state_topic)

    def heard(self, topic: str, payload: bytes) -> Reading | None:
        """What a message on the state topic says."""
        del topic
        value: Any = payload.decode(errors="replace").strip()
        if self.device.state_key:
            value = parsed(payload)
            for part in self.device.state_key.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if self.device.kind == "sensor":
            figure = number(value)
            return Reading(f"{figure:g}") if figure is not None else _words(value)
        plain = str(value).casefold() if isinstance(value, bool | str | int | float) else None
        on, off = _WORDS.get(self.device.kind, ("on", "off"))
        if plain == (self.device.state_on or self.device.on).casefold():
            return Reading(on)
        return Reading(off) if plain == (self.device.state_off or self.device.off).casefold() else None

    def orders(self, effect: Effect) -> tuple[Order, ...]:
        """The payload for on or off; how bright or how far it can't be told."""
        domain, _, service = effect.service.partition(".")
        device = self.device
        if domain != device.kind or device.kind in _READ_ONLY or service not in _ON | _OFF:
            return ()
        dark = effect.data.get("brightness_pct") == 0
        if effect.data and not dark:
            return ()
        return (Order(device.command_topic, device.on if service in _ON and not dark else device.off),)

    def query(self) -> None:
        """Nothing is known that would make it tell."""


def _words(value: object) -> Reading | None:
    """A sensor that tells words: "washing", "idle"."""
    return Reading(word) if isinstance(value, str) and (word := clean(value)) else None
