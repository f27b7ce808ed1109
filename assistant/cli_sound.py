"""`hey-gemma devices|mute|unmute`: arguments only, as cli.py."""

import typer
from rich.console import Console


def devices() -> None:
    """List microphones and speakers."""
    from assistant.audio.devices import Sound
    from assistant.view import device_table

    Console().print(device_table(Sound().devices()))


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

    muting.switch_all(muting.places(), muted=muted)
