"""`hey-gemma doctor`: arguments only, as cli.py."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer
from rich.console import Console

from assistant.cli_models import ConfigOption
from assistant.errors import OutputError


def doctor(
    config_file: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Don't read every byte of the model.")] = False,
) -> None:
    """Examine machine, settings, models, sound, home and service, with the fix for what is wrong."""
    from assistant.doctor import rounds, view
    from assistant.doctor.examine import examine
    from assistant.progress import silent

    logging.basicConfig(level=logging.CRITICAL)  # what goes wrong is told in the report
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a terminal without UTF-8 is told of, too
    console = Console(highlight=False)
    patient = rounds.meet(config_file)
    asked = rounds.studies(patient, silent, quick=quick)
    live = console.status("looking") if console.is_terminal and not as_json else nullcontext()
    with _hushed(), live as status:
        report = examine(asked, lambda area: status.update(f"looking at {area}") if status is not None else None)
    try:
        if as_json:
            typer.echo(view.as_json(report, well=rounds.well(patient)))
        else:
            view.show(report, console, well=rounds.well(patient))
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has seen enough
        os._exit(report.exit_code)
    except OSError as e:
        raise OutputError(f"the report can't be written: {e.strerror}", remedy="free space, or leave > away") from e
    if report.hung:  # what hangs would hang the exit, too
        os._exit(report.exit_code)
    sys.exit(report.exit_code)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep native libraries from writing between the lines: ALSA tells of each card it can't open, on file 2."""
    theirs = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(theirs, 2)
        os.close(nowhere)
        os.close(theirs)
