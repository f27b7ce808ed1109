"""`hey-gemma doctor`: arguments only, as cli.py."""

import logging
import os
import sys
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import Console

from assistant.cli_models import ConfigOption


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
    with live as status:
        report = examine(asked, lambda area: status.update(f"looking at {area}") if status is not None else None)
    if as_json:
        typer.echo(view.as_json(report, well=rounds.well(patient)))
    else:
        view.show(report, console, well=rounds.well(patient))
    if report.hung:  # what hangs would hang the exit, too
        sys.stdout.flush()
        os._exit(report.exit_code)
    sys.exit(report.exit_code)
