"""`hey-gemma service|backup|restore`: arguments only, as cli.py."""

import os
from pathlib import Path
from typing import Annotated

import typer

from assistant import config
from assistant.cli_models import ConfigOption

FileArgument = Annotated[Path, typer.Argument(help="The backup.")]
app = typer.Typer(no_args_is_help=True, help="What the system's service needs.")


@app.command()
def allow(
    config_file: ConfigOption = None,
    *,
    show: Annotated[bool, typer.Option("--show", help="Only look up and show; change nothing.")] = False,
) -> None:
    """Let the service connect to the hosts that the config names, and to nothing else (root; done at every start)."""
    from assistant import fence

    settings = config.load(config.find(config_file, os.environ))
    found = fence.survey(fence.named(settings), fence.Fence({})) if show else fence.raise_fence(settings)
    for name, addresses in found.hosts.items():
        typer.echo(f"{name}: {', '.join(addresses) or 'not found: it is looked for again'}")
    if not found.hosts:
        typer.echo("The config names no host: the service may connect to nothing.")


def backup(file: FileArgument, config_file: ConfigOption = None) -> None:
    """Write settings, timers, own wake words and the mute into FILE; no token, no sound."""
    from assistant import backup as b

    where = b.place(config_file)
    names = b.save(file, where)
    typer.echo(f"In {file}: {', '.join(names) or 'nothing: nothing was set yet'}. Tokens and passwords aren't in it.")


def restore(file: FileArgument, config_file: ConfigOption = None) -> None:
    """Check FILE, then put what is in it in place of what is there, of which a backup is kept."""
    from assistant import backup as b

    where = b.place(config_file)
    names = b.restore(file, where)
    typer.echo(f"Restored: {', '.join(names) or 'nothing was in it'}. What was there before: {where.state / b.BEFORE}")
    typer.echo("Next: start the assistant again; as a service: sudo systemctl restart hey-gemma")
