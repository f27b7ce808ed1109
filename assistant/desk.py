"""What others may see of a conversation and switch in it, from outside: over MQTT where the config asks for it.

Knows no wire. A mute outlives a restart: an ear that somebody switched off isn't on again after a power cut.
"""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from assistant.config_mqtt import MqttConfig
from assistant.conversation import Conversation
from assistant.intents.mqtt import password_reader
from assistant.intents.mqtt_announce import Announcer, Desk, Standing
from assistant.intents.timers import Timers
from assistant.speech import Voices
from assistant.stages import Voice
from assistant.states import Drafting, is_muted

_log = logging.getLogger(__name__)


def announcer_for(config: MqttConfig) -> Announcer | None:
    """Who shows the assistant; None: the config doesn't ask for it. Raises ConfigError."""
    return Announcer(config, password_reader(config)) if config.announce else None


@asynccontextmanager
async def shown(
    announcer: Announcer | None, talk: Conversation, timers: Timers, voice: Voice, *, mark: Path | None
) -> AsyncIterator[None]:
    """Show a conversation while it runs. `mark`: a file that is there while the ear is switched off.

    Raises ConfigError, HomeRefused.
    """
    if announcer is None:
        yield
        return
    if mark is not None and _is_there(mark):
        _log.warning("the ear is switched off, as it was at the end: the mute switch on MQTT switches it on")
        talk.mute(muted=True)

    def mute(muted: bool) -> None:
        talk.mute(muted=muted)
        if mark is not None:
            _keep(mark, muted=muted)

    desk = Desk(lambda: _standing(talk, timers, voice), mute, lambda percent: _set(voice, percent), talk.announce)
    try:
        await announcer.start(desk)
        yield
    finally:
        await announcer.aclose()


def _standing(talk: Conversation, timers: Timers, voice: Voice) -> Standing:
    state = talk.state
    name = "listening" if isinstance(state, Drafting) else re.sub(r"(?<!^)(?=[A-Z])", "_", type(state).__name__).lower()
    countdown = timers.countdown
    left_s = [left for entry in countdown.entries if (left := countdown.left_s(entry)) >= 0]
    due = None
    if left_s:
        due = (countdown.now() + timedelta(seconds=min(left_s))).replace(microsecond=0).isoformat()
    volume = voice.volume if isinstance(voice, Voices) else 1.0
    return Standing(name, is_muted(state), round(volume * 100), len(countdown.entries), due)


def _set(voice: Voice, percent: int) -> None:
    if isinstance(voice, Voices):
        voice.volume = percent / 100


def _is_there(mark: Path) -> bool:
    return mark.exists()


def _keep(mark: Path, *, muted: bool) -> None:
    try:
        if muted:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        else:
            mark.unlink(missing_ok=True)
    except OSError as e:
        _log.warning("%s: %s; after a restart the ear is as before", mark, e.strerror)
