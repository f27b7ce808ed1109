"""How the answers of a set-up are tested: with the microphone, the speaker and the link to the home that run later.

Each trial has a loop of its own: between them a person thinks, and nothing runs. Knows no question.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.audio import trial
from assistant.audio.devices import Level, Sound
from assistant.config import Config
from assistant.intents.demo_home import DemoHome
from assistant.intents.home_address import version_at
from assistant.intents.home_trial import enter
from assistant.setup import Trials


def real(settings: Config) -> Trials:
    """On this machine."""

    def listen(device: str, on_level: Callable[[Level], None]) -> Level:
        return asyncio.run(trial.listen(Sound(), device, settings.audio.gain_db, on_level))

    def demo_rooms() -> Sequence[str]:
        return DemoHome(Path(settings.home.demo_file) if settings.home.demo_file else None).rooms()

    return Trials(
        devices=lambda: Sound().devices(),
        listen=listen,
        play=lambda device: asyncio.run(trial.play(Sound(), device)),
        answers=lambda url: asyncio.run(version_at(url)),
        enter=lambda url, token: asyncio.run(enter(url, token)),
        demo_rooms=demo_rooms,
    )
