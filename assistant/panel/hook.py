"""A program of the user's, started at each change of state with the state's name.

At most one runs; of the states that come meanwhile only the newest is told. It is killed after five seconds. No shell,
and of our environment only what a program needs: tokens are none of its business.
"""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

LONGEST_S = 5.0
_KEPT = ("PATH", "HOME", "LANG", "TZ", "XDG_RUNTIME_DIR")
_log = logging.getLogger(__name__)


class Hook:
    """Tells states to a program from `start` to `aclose`: its last argument, and $HEY_GEMMA_STATE."""

    def __init__(
        self, program: Sequence[str], environ: Mapping[str, str] = os.environ, *, longest_s: float = LONGEST_S
    ) -> None:
        self._program = program
        self._environ = {key: environ[key] for key in _KEPT if key in environ}
        self._longest_s = longest_s
        self._state = self._told = ""
        self._changed = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None
        self._complained = False

    def start(self) -> None:
        """Begin to tell."""
        self._telling = asyncio.create_task(self._tell_all(), name="state hook")

    def show(self, state: str) -> None:
        """Take the name of a state; it may be the same as before."""
        self._state = state
        self._changed.set()

    async def aclose(self) -> None:
        """Stop; what runs is killed."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])

    async def _tell_all(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._state != self._told:
                self._told = self._state
                await self._tell(self._told)

    async def _tell(self, state: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, state, env={**self._environ, "HEY_GEMMA_STATE": state},
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as e:
            self._complain(f"can't be started: {e.strerror}")
            return
        try:
            async with asyncio.timeout(self._longest_s):
                if code := await process.wait():
                    self._complain(f"ended with {code}")
        except TimeoutError:
            self._complain(f"took more than {self._longest_s:.0f} s and was killed")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it has just ended
                    process.kill()
                await process.wait()

    def _complain(self, what: str) -> None:
        if not self._complained:  # else at every change of state
            self._complained = True
            _log.warning("service.on_state: %s %s", self._program[0], what)
