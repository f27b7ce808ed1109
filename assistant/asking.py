"""Questions to a person in a terminal, or to whoever writes answers into a pipe, one a line.

Knows no question. An answer that is a secret is never printed. Questions end: after a few wrong answers, or when the
pipe is empty.
"""

from collections.abc import Callable, Sequence
from typing import TextIO, TypeVar

from rich.console import Console

from assistant.errors import HeyGemmaError, UsageError

TRIES = 5
Tested = TypeVar("Tested")


class Asker:
    """Asks on `console`; answers come from the terminal, or from `stdin` where that is none."""

    def __init__(self, console: Console, stdin: TextIO) -> None:
        self.console = console
        self._stdin = stdin
        self._live = stdin.isatty() and console.is_terminal

    def tell(self, text: str, style: str = "") -> None:
        """Print a line."""
        self.console.print(text, style=style or None, markup=False, soft_wrap=True)

    def ask(self, question: str, default: str = "", *, secret: bool = False) -> str:
        """The answer; an empty one is the default, which is shown. Raises UsageError when no answer comes any more."""
        prompt = f"{question}{f' [{default}]' if default else ''}: "
        if self._live:
            try:
                answer = self.console.input(prompt, password=secret, markup=False)
            except EOFError:
                answer = None
        else:
            self.console.print(prompt, markup=False, soft_wrap=True)
            answer = self._stdin.readline() or None
        if answer is None:
            raise UsageError(f"no answer to: {question}", remedy="nothing was changed; begin again: hey-gemma setup")
        return answer.strip() or default

    def choose(self, question: str, choices: Sequence[str], default: str) -> str:
        """One of `choices`, as it is written there. Raises UsageError."""

        def chosen(answer: str) -> str:
            found = [choice for choice in choices if choice.casefold() == answer.casefold()]
            if not found:
                raise UsageError(f"{answer!r} is none of them", remedy=f"write one of: {', '.join(choices)}")
            return found[0]

        return self.until(lambda: self.ask(f"{question} ({', '.join(choices)})", default), chosen)

    def confirm(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        answer = self.ask(f"{question} (yes, no)", "yes" if default else "no")
        return answer.casefold() in ("y", "yes")

    def until(
        self,
        ask: Callable[[], str],
        test: Callable[[str], Tested],
        anyway: Callable[[str], Tested] | None = None,
    ) -> Tested:
        """Ask until the answer passes its test, a few times, or is taken `anyway`. Raises what the last test raised."""
        for tried in range(1, TRIES + 1):
            answer = ask()
            try:
                return test(answer)
            except HeyGemmaError as e:
                if tried == TRIES:
                    raise
                self.tell(f"{e.message}. What to do: {e.remedy}", "yellow")
                if anyway is not None and self.confirm("Take it all the same?", default=False):
                    return anyway(answer)
        raise AssertionError  # TRIES is more than none
