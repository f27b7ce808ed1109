"""`hey-gemma devices|mute|unmute`: arguments only, as cli.py."""

import contextlib
from typing import Annotated

import typer
from rich.console import Console

from assistant.cli_models import ConfigOption


def devices(
    config_file: ConfigOption = None,
    microphone: Annotated[
        str | None, typer.Option(help="Its number or part of its name; default: the config's.")
    ] = None,
    speaker: Annotated[str | None, typer.Option(help="Its number or part of its name; default: the config's.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long --meter listens.")] = 30,
    *,
    meter: Annotated[bool, typer.Option("--meter", help="Show how loud the microphone is, live.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Record three seconds and play them.")] = False,
) -> None:
    """List microphones and speakers, meter one, or record and play a test. Nothing is kept."""
    import asyncio
    import os

    from assistant import config, listing
    from assistant.audio.devices import Sound
    from assistant.sound_test import SoundTest

    console = Console(highlight=False)
    if not meter and not test:
        listing.devices(console, Sound().devices())
        return
    audio = config.load(config.find(config_file, os.environ)).audio
    mic = audio.microphone if microphone is None else microphone
    shown = SoundTest(console, Sound(), mic, audio.gain_db)
    with contextlib.suppress(KeyboardInterrupt):
        if meter:
            asyncio.run(shown.meter(seconds))
        if test:
            asyncio.run(shown.record_and_play(audio.speaker if speaker is None else speaker))


def mute() -> None:
    """Switch the microphone off, in a running assistant and over restarts, until it is switched on again."""
    _switch(muted=True)
    typer.echo("Switched off: a running assistant closes the microphone within a second. On again: hey-gemma unmute")


def unmute() -> None:
    """Switch the microphone on again."""
    _switch(muted=False)
    typer.echo("The microphone is switched on.")


def _switch(*, muted: bool) -> None:
    from assistant import muting

    muting.switch_all(muting.marks(), muted=muted)
