"""Devices and models as a person and a program see them."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from assistant import listing
from assistant.audio.devices import Device
from assistant.manifest import Kind
from assistant.weights import Listed

NAME = "USB [hw:1,0] [/]"
DEVICE = Device(0, NAME, 1, 0, 16_000, is_default_input=True, is_default_output=False)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_name_with_brackets_is_shown_as_it_is(*, terminal: bool) -> None:
    out = io.StringIO()
    listing.devices(Console(file=out, width=100, force_terminal=terminal), [DEVICE])
    assert NAME in out.getvalue()


def test_in_a_pipe_a_line_has_tabs_and_nothing_is_cut() -> None:
    out, path = io.StringIO(), Path("/a/very/long/way" * 10)
    there = Listed("tiny", "a toy", Kind.SHIPPED, "Apache-2.0", 5_200_000, path)
    away = Listed("e2b", "the real one", Kind.FETCHED, "Apache-2.0", 4_340_000_000, None)
    listing.models(Console(file=out, width=80), [there, away])
    assert out.getvalue().splitlines() == [
        f"tiny\ta toy\tshipped\t5.2 MB\tApache-2.0\t{path}\tnot yet",
        "e2b\tthe real one\tfetched\t4.34 GB\tApache-2.0\tnot here: hey-gemma models fetch e2b",
    ]


def test_without_a_device_it_says_so() -> None:
    out = io.StringIO()
    listing.devices(Console(file=out, width=80), [])
    assert "hey-gemma doctor" in out.getvalue()
