"""The sections of the config for an MQTT broker: the home on it, and what is told there of the assistant.

Knows shapes only, as config.py, which reads them.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

_STRICT = ConfigDict(extra="forbid")
Topic = Annotated[str, Field(pattern=r"^[^+#\x00]*$", max_length=200)]
MOST_DEVICES = 200


@dataclass(frozen=True, slots=True)
class MqttDevice:
    """One thing on topics of its own. Without a `state_topic` nobody sees whether it did what it was asked.

    `on` and `off` are what it takes and, unless `state_on` and `state_off` say otherwise, what it reports. `state_key`:
    where the state is in a JSON object, as "relay.state"; empty: the payload is the state.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Annotated[str, Field(pattern="^(switch|light|fan|lock|cover|sensor|binary_sensor)$")] = "switch"
    area: str = ""
    command_topic: Topic = ""
    on: Annotated[str, Field(max_length=1000)] = "ON"
    off: Annotated[str, Field(max_length=1000)] = "OFF"
    state_topic: Topic = ""
    state_key: str = ""
    state_on: str = ""
    state_off: str = ""
    unit: str = ""
    device_class: str = ""


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """A broker, the devices on it, and whether the assistant shows itself there.

    `port` 0: 1883, or 8883 with `tls`. `zigbee2mqtt`: its base topic; empty: there is none. `rooms`: the room of a
    device, by its name.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    host: str = ""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    tls: bool = False
    ca_file: str = ""
    username: str = ""
    password_file: str = ""
    zigbee2mqtt: Topic = "zigbee2mqtt"
    tasmota: bool = True
    rooms: dict[str, str] = field(default_factory=dict)
    device: Annotated[tuple[MqttDevice, ...], Field(max_length=MOST_DEVICES)] = ()
    announce: bool = False
    announce_words: bool = False
    topic: Annotated[Topic, Field(min_length=1)] = "hey-gemma"
    discovery: Topic = "homeassistant"
