"""The lamp follows the states. Draws 20 times a second while something moves, else only at a change.

Knows neither pins nor colours' meaning. A lamp that breaks is told once and left dark: nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from assistant.events import Event, Failed
from assistant.panel.patterns import ERROR, ERROR_S, OFF, Colour, Look, level, look
from assistant.states import State

STEP_S = 0.05
_log = logging.getLogger(__name__)


class Lamp(Protocol):
    """Something that shines. `colourful`: in more than one colour."""

    colourful: bool

    def show(self, colour: Colour) -> None:
        """Shine, each part 0..1."""

    def close(self) -> None:
        """Go dark and free the pins."""


class Lights:
    """Shows states on a lamp from `start` to `aclose`."""

    def __init__(self, lamp: Lamp, now_s: Callable[[], float]) -> None:
        self._lamp = lamp
        self._now_s = now_s
        self._look = Look(OFF)
        self._since_s = 0.0
        self._error_until_s = 0.0
        self._changed = asyncio.Event()
        self._drawing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to draw."""
        self._drawing = asyncio.create_task(self._draw(), name="lights")

    def show(self, state: State) -> None:
        """Take a state; it may be the same as before."""
        if (wanted := look(state)) != self._look:
            self._look, self._since_s = wanted, self._now_s()
            self._changed.set()

    def see(self, event: Event) -> None:
        """Show a failure for two seconds. An observer of events."""
        if isinstance(event, Failed):
            self._error_until_s = self._now_s() + ERROR_S
            self._changed.set()

    async def aclose(self) -> None:
        """Stop, in the dark."""
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.wait([self._drawing])
        self._lamp.close()

    async def _draw(self) -> None:
        try:
            while True:
                moves = self._shine()
                self._changed.clear()
                try:
                    async with asyncio.timeout(STEP_S if moves else None):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        except Exception as e:  # noqa: BLE001 - a lamp is no reason to stop listening
            _log.warning("the lamp can't be used any more: %s", e)

    def _shine(self) -> bool:
        now_s = self._now_s()
        failing = now_s < self._error_until_s
        shown, since_s = (ERROR, self._error_until_s - ERROR_S) if failing else (self._look, self._since_s)
        motion = shown.alone if shown.alone and not self._lamp.colourful else shown.motion
        bright = level(motion, now_s - since_s)
        red, green, blue = shown.colour
        self._lamp.show((red * bright, green * bright, blue * bright))
        return failing or motion != "steady"
