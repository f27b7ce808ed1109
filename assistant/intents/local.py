"""Clock and date, from an injected `now`. Knows nothing of the home. Answers in 0.02 ms."""

from collections.abc import Callable, Sequence
from datetime import datetime

from assistant.errors import CallFailed
from assistant.intents import replies
from assistant.stages import Call, Outcome, Tool, Value

_TOOLS = (Tool("HassGetCurrentTime", "Time"), Tool("HassGetCurrentDate", "Date"))


class LocalClock:
    """Handler of the time of day. `now` gives local time, aware of its zone."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return _TOOLS

    def context(self) -> str:
        """Nothing: the time isn't static."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed."""
        now = self._now()
        result: dict[str, Value]
        match call.name:
            case "HassGetCurrentTime":
                result = {"time": f"{now:%H:%M}"}
            case "HassGetCurrentDate":
                result = {"date": now.date().isoformat()}
            case _:
                raise CallFailed("I can't do that.", code="unknown_tool")
        return replies.worded(Outcome(call, ok=True, sentence=None, result=result, allowed_by="changes nothing"))
