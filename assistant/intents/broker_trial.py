"""Does this broker let us in? For who looks after us, with the link that runs later. Follows and sends nothing."""

from assistant.config_mqtt import MqttConfig
from assistant.errors import HomeAway
from assistant.intents.mqtt import password_reader
from assistant.intents.mqtt_link import MqttLink

WAIT_S = 8.0


async def enter(config: MqttConfig, wait_s: float = WAIT_S) -> str:
    """Connect and leave; its address. Raises ConfigError, HomeRefused, HomeAway."""
    link = MqttLink(config, password_reader(config), lambda _topic, _payload, _retained: None)
    try:
        await link.start(wait_s)
        if not link.ready:
            raise HomeAway(
                f"no MQTT broker answers at {link.address}",
                remedy="see if it runs there, and host and port in the section home.mqtt",
            )
        return link.address
    finally:
        await link.aclose()
