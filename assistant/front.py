"""The assistant's front: lamp, button, switch and the user's program, wired to a conversation.

Opens only what the config names. Knows no pins.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial

from assistant.config_panel import PanelConfig
from assistant.conversation import Conversation
from assistant.events import Event
from assistant.panel import pins
from assistant.panel.hook import Hook
from assistant.panel.lights import Lights
from assistant.states import State, is_muted, name


class Front:
    """`see` gets every event; `wired` while a conversation runs. Raises ConfigError when it is made."""

    def __init__(self, panel: PanelConfig, on_state: Sequence[str], now_s: Callable[[], float]) -> None:
        self._panel = panel
        lamp = pins.open_lamp(panel)
        self._lights = None if lamp is None else Lights(lamp, now_s)
        self._hook = Hook(on_state) if on_state else None

    def see(self, event: Event) -> None:
        """An observer of events."""
        if self._lights is not None:
            self._lights.see(event)

    @asynccontextmanager
    async def wired(self, talk: Conversation) -> AsyncIterator[None]:
        """Show its states, and let button and switch mute it. Raises ConfigError."""
        parts = [part for part in (self._lights, self._hook) if part is not None]
        with ExitStack() as stack:
            for part in parts:
                part.start()
            talk.on_state = self._show
            self._show(talk.state)
            try:
                self._open_buttons(talk, stack)
                yield
            finally:
                talk.on_state = None
                for part in parts:
                    await part.aclose()

    def _show(self, state: State) -> None:
        if self._lights is not None:
            self._lights.show(state)
        if self._hook is not None:
            self._hook.show(name(state))

    def _open_buttons(self, talk: Conversation, stack: ExitStack) -> None:
        loop = asyncio.get_running_loop()

        def pressed() -> None:
            talk.mute(muted=not is_muted(talk.state))

        def press(closed: bool) -> None:
            if closed:
                loop.call_soon_threadsafe(pressed)

        def switched(closed: bool) -> None:
            loop.call_soon_threadsafe(partial(talk.mute, muted=closed))

        if self._panel.button:
            stack.callback(pins.open_button(self._panel.button, press).close)
        if self._panel.switch:
            switch = pins.open_button(self._panel.switch, switched)
            stack.callback(switch.close)
            if switch.is_pressed:  # open, it changes nothing at the start: a mute of before stands
                talk.mute(muted=True)
