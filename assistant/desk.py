"""What others may see of a conversation and switch in it, from outside: over MQTT where the config asks for it.

Knows no wire.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from assistant.config_mqtt import MqttConfig
from assistant.conversation import Conversation
from assistant.intents.mqtt import password_reader
from assistant.intents.mqtt_announce import Announcer, Desk, Standing
from assistant.intents.timers import Timers
from assistant.own_volume import OwnVolume
from assistant.states import is_muted, name


def announcer_for(config: MqttConfig) -> Announcer | None:
    """Who shows the assistant; None: the config doesn't ask for it. Raises ConfigError."""
    return Announcer(config, password_reader(config)) if config.announce else None


@asynccontextmanager
async def shown(
    announcer: Announcer | None, talk: Conversation, timers: Timers, volume: OwnVolume
) -> AsyncIterator[None]:
    """Show a conversation while it runs. Raises ConfigError, HomeRefused."""
    if announcer is None:
        yield
        return

    def mute(muted: bool) -> None:
        talk.mute(muted=muted)

    desk = Desk(lambda: _standing(talk, timers, volume), mute, volume.set, talk.announce)
    try:
        await announcer.start(desk)
        yield
    finally:
        await announcer.aclose()


def _standing(talk: Conversation, timers: Timers, volume: OwnVolume) -> Standing:
    state = talk.state
    countdown = timers.countdown
    left_s = [left for entry in countdown.entries if (left := countdown.left_s(entry)) >= 0]
    due = None
    if left_s:
        due = (countdown.now() + timedelta(seconds=min(left_s))).replace(microsecond=0).isoformat()
    return Standing(name(state), is_muted(state), volume.get(), len(countdown.entries), due)
