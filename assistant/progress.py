"""How far a long transfer is: a bar in a terminal, in a pipe a line every ten per cent of what takes its time.

Knows bytes only.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

SMALL_BYTES = 20_000_000  # one line is enough
Advance = Callable[[int], None]
Meter = Callable[[str, int], AbstractContextManager[Advance]]


def meter(console: Console) -> Meter:
    """Show transfers on `console`: `with show("the model", total_bytes) as advance: advance(4096)`."""
    return _bar(console) if console.is_terminal else _lines(console)


@contextmanager
def silent(_label: str, _total_bytes: int) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda _: None


def _bar(console: Console) -> Meter:
    @contextmanager
    def show(label: str, total_bytes: int) -> Iterator[Advance]:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
            task = progress.add_task(label, total=total_bytes)
            yield lambda nbytes: progress.advance(task, nbytes)

    return show


def _lines(console: Console) -> Meter:
    @contextmanager
    def show(label: str, total_bytes: int) -> Iterator[Advance]:
        if total_bytes < SMALL_BYTES:
            console.print(f"{label}: {total_bytes / 1e6:,.1f} MB", highlight=False, markup=False)
            yield lambda _: None
            return
        done, said = 0, -1

        def advance(nbytes: int) -> None:
            nonlocal done, said
            done += nbytes
            tenth = 10 * done // max(total_bytes, 1)
            if tenth != said:
                said = tenth
                console.print(f"{label}: {10 * tenth} % of {total_bytes / 1e6:,.0f} MB", highlight=False, markup=False)

        advance(0)
        yield advance

    return show
