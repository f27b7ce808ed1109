"""Progress in a terminal and in a pipe."""

import io

from rich.console import Console

from assistant.progress import meter


def test_a_pipe_gets_a_line_every_ten_per_cent() -> None:
    out = io.StringIO()
    with meter(Console(file=out, width=80))("weights", 200_000_000) as advance:
        for _ in range(1000):
            advance(200_000)
    lines = out.getvalue().splitlines()
    assert lines[0] == "weights: 0 % of 200 MB"
    assert lines[-1] == "weights: 100 % of 200 MB"
    assert len(lines) == 11


def test_a_terminal_gets_a_bar() -> None:
    out = io.StringIO()
    with meter(Console(file=out, width=100, force_terminal=True))("weights", 2_000_000) as advance:
        advance(1_000_000)
    assert "1.0/2.0 MB" in out.getvalue()


def test_a_transfer_that_begins_anew_goes_back() -> None:
    out = io.StringIO()
    with meter(Console(file=out))("weights", 10**8) as advance:
        advance(5 * 10**7)
        advance(-5 * 10**7)
        advance(10**8)
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["0", "50", "0", "100"]


def test_what_is_over_at_once_gets_one_line() -> None:
    out = io.StringIO()
    with meter(Console(file=out, width=80))("the ear [0]", 1_200_000) as advance:
        advance(1_200_000)
    assert out.getvalue() == "the ear [0]: 1.2 MB\n"
