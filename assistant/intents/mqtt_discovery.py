"""What the assistant says of itself on MQTT: its topics, and how Home Assistant's discovery describes them. Pure.

Knows no broker. One retained message describes one device with all its entities (Home Assistant 2024.11 and later).
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from assistant import __version__

STATES = (
    "waiting_for_microphone", "idle", "muted", "listening", "thinking", "acting", "speaking", "confirming",
    "follow_up", "announcing", "ringing",
)  # fmt: skip
TURNS = ("none", "command", "refused", "talk", "nothing_heard", "failed")
ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one assistant, under `base`."""

    base: str

    @property
    def available(self) -> str:
        """Online or offline."""
        return f"{self.base}/availability"

    @property
    def announce(self) -> str:
        """Takes a text to speak."""
        return f"{self.base}/announce"

    @property
    def set_mute(self) -> str:
        """Takes ON and OFF."""
        return f"{self.base}/mute/set"

    @property
    def set_volume(self) -> str:
        """Takes 0 to 100."""
        return f"{self.base}/volume/set"

    def of(self, name: str) -> str:
        """Where one value is told."""
        return f"{self.base}/{name}"


def description(topics: Topics, prefix: str, *, words: bool) -> tuple[str, str]:
    """Topic and payload of the discovery message. `words`: what was answered is told, too."""
    own = re.sub(r"[^a-z0-9]+", "_", topics.base.casefold()).strip("_") or "hey_gemma"
    name = topics.base.replace("-", " ").replace("/", " ").title()
    parts: dict[str, dict[str, Any]] = {
        "state": {"p": "sensor", "name": "State", "device_class": "enum", "options": list(STATES)},
        "turn": {"p": "sensor", "name": "Last turn", "device_class": "enum", "options": list(TURNS)},
        "timers": {"p": "sensor", "name": "Timers", "icon": "mdi:timer-outline"},
        "next_timer": {"p": "sensor", "name": "Next timer", "device_class": "timestamp"},
        "mute": {"p": "switch", "name": "Mute", "command_topic": topics.set_mute, "icon": "mdi:microphone-off"},
        "volume": {
            "p": "number", "name": "Volume", "command_topic": topics.set_volume, "min": 0, "max": 100,
            "unit_of_measurement": "%", "icon": "mdi:volume-high",
        },
        "announce": {"p": "notify", "name": "Announce", "command_topic": topics.announce},
    }  # fmt: skip
    if words:
        parts["turn"]["json_attributes_topic"] = topics.of("words")
    for key, part in parts.items():
        part |= {"unique_id": f"{own}_{key}", "availability_topic": topics.available}
        if key != "announce":
            part["state_topic"] = topics.of(key)
    told = {
        "dev": {"ids": [own], "name": name, "mf": "Hey Gemma", "sw": __version__},
        "o": {"name": "hey-gemma", "sw": __version__},
        "cmps": parts,
        "qos": 1,
    }
    return f"{prefix}/device/{own}/config", json.dumps(told)
