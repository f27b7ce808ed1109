"""What may happen. Pure: the model proposes, this decides, whatever the model says.

Knows services, values and what things are called, no states; the time of day is given. Only the kinds of services
listed here are ever allowed, on things that are exposed. Locks, alarms, garage doors and ovens are opened, disarmed and
started only where the config names them, and then only after a spoken yes or a PIN (consent.py). Values out of range
are refused, never clipped. A check takes 12 µs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

from assistant.config import PolicyConfig
from assistant.errors import CallFailed
from assistant.intents.words import number
from assistant.stages import Effect, Value

NEEDS_ANSWER = frozenset({"needs_yes", "needs_pin"})


@dataclass(frozen=True, slots=True)
class Limit:
    """A range with both ends, and what to say outside of it."""

    lowest: float
    highest: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which no music is started, and none made louder than `percent`. They may span midnight."""

    start: time
    end: time
    percent: float

    def holds(self, at: time) -> bool:
        """Whether it is quiet time."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def limits(*, volume: float = 100, coldest: float = 5, warmest: float = 30) -> Mapping[str, Limit]:
    """Ranges of arguments: volume up to `volume` percent, heating from `coldest` to `warmest` degrees."""
    degrees = f"I can set the temperature from {number(coldest)} to {number(warmest)} degrees."
    return {
        "brightness": Limit(0, 100, "Brightness goes from 0 to 100 percent."),
        "position": Limit(0, 100, "A position goes from 0 to 100 percent."),
        "temperature": Limit(coldest, warmest, degrees),
        "volume_level": Limit(0, volume, f"Volume goes from 0 to {number(volume)} percent."),
    }


HARMLESS = frozenset(
    {"light", "fan", "switch", "cover", "climate", "media_player", "todo", "input_boolean", "scene", "script", "vacuum"}
)
SAFER = frozenset({"lock.lock", "cover.close_cover", "switch.turn_off", "climate.turn_off"})
GUARDED = frozenset({"lock.unlock", "lock.open", "alarm_control_panel.alarm_disarm"})
# In names: English, German, French, Spanish, Italian, Portuguese. "Four" alone is a French oven, after a word a number.
_HEATS = re.compile(
    r"\b(?:oven|stove|hob|cooktop|cooker|(?:back|elektro|gas)?ofen|herd|kochfeld|cuisinière|horno|vitrocerámica|forno)s?\b"
    r"|(?:^|\ble |\bdu )four\b"
)
_LETS_IN = re.compile(
    r"\b(?:garage|gate|door|alarm|unlock|disarm|garagen?tor|(?:garten|hof|einfahrts)?tor|(?:haus|wohnungs|garagen)?tür|türe"
    r"|portail|portillon|porte|alarme|garaje|puerta|portón|verja|alarma|cancello|porta|portone|allarme|garagem|portão)s?\b"
)
_BLINDS = re.compile(
    r"\b(?:blind|curtain|shade|drape|rollladen|rolladen|rollo|jalousie|vorhang|volet|rideau|persiana|cortina|tenda|tapparella)s?\b"
)
_ASKS: Mapping[str, str] = {
    "unlock": "Unlock", "open": "Open", "alarm_disarm": "Disarm", "open_cover": "Open", "set_cover_position": "Move",
    "turn_on": "Turn on",
}  # fmt: skip
_STARTS_MUSIC = frozenset({"media_play", "turn_on", "media_next_track", "media_previous_track"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. `confirm`: entities whose guarded services may happen after a yes, or a PIN if there is one.

    `deny`: entities, kinds ("cover") and services ("media_player.turn_off") that nobody may touch by voice.
    """

    limits: Mapping[str, Limit] = field(default_factory=limits)
    harmless: frozenset[str] = HARMLESS
    confirm: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    needs_pin: bool = False
    quiet: Quiet | None = None

    def check_values(self, arguments: Mapping[str, Value]) -> None:
        """Raise CallFailed (out_of_range) where a number isn't one or isn't within its limits."""
        for name, value in arguments.items():
            if (limit := self.limits.get(name)) is None:
                continue
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not limit.lowest <= float(value) <= limit.highest:
                raise CallFailed(limit.sentence, code="out_of_range")

    def allow(
        self,
        effects: Sequence[Effect],
        what: str,
        *,
        exposed: Mapping[str, str] | None = None,
        at: time | None = None,
        confirmed_by: str | None = None,
    ) -> str:
        """Say why all `effects` may happen to `what` ("the front door"). Raises CallFailed: none may.

        `exposed` tells, by entity, all that a thing is called: an effect on another one is denied. `at` is the local
        time. `confirmed_by`: how a person agreed ("spoken yes"). Reasons: needs_yes, needs_pin, denied, quiet_hours.
        """
        reasons = [self._reason(effect, what, exposed, at, confirmed_by) for effect in effects]
        asking = [e for e, reason in zip(effects, reasons, strict=True) if reason is None]
        if asking:  # only when nothing else is forbidden
            raise self._question(asking[0].service, what)
        return ", ".join(dict.fromkeys(filter(None, reasons))) or "nothing to do"

    def _reason(
        self,
        effect: Effect,
        what: str,
        exposed: Mapping[str, str] | None,
        at: time | None,
        confirmed_by: str | None,
    ) -> str | None:
        """Why this may happen; None: after a yes."""
        domain, _, action = effect.service.partition(".")
        entity = effect.entity_id or ""
        denied = CallFailed(f"I'm not allowed to do that with {what}.", code="denied", remedy="see home.policy")
        if self.deny & {entity, domain, effect.service} or (exposed is not None and entity not in exposed):
            raise denied
        called = f"{(exposed or {}).get(entity, '')} {entity.replace('_', ' ').replace('.', ' ')}".casefold()
        if effect.service in GUARDED or _is_guarded(domain, effect.service, called):
            if entity not in self.confirm:
                raise denied
            return confirmed_by
        if effect.service in SAFER and domain not in self.harmless:
            return f"{effect.service} needs no yes"
        if domain not in self.harmless or not action:
            raise denied
        self._keep_quiet(effect, at)
        return "exposed"

    def _keep_quiet(self, effect: Effect, at: time | None) -> None:
        if self.quiet is None or at is None or not self.quiet.holds(at):
            return
        domain, _, action = effect.service.partition(".")
        level = effect.data.get("volume_level")
        loud = isinstance(level, int | float) and level > self.quiet.percent / 100
        if domain != "media_player" or not (loud or action in _STARTS_MUSIC):
            return
        until = f"It's quiet time until {self.quiet.end:%H:%M}"
        most = f": the volume goes up to {number(self.quiet.percent)} percent." if loud else "."
        raise CallFailed(until + most, code="quiet_hours", remedy="see home.policy")

    def _question(self, service: str, what: str) -> CallFailed:
        question = f"{_ASKS.get(service.partition('.')[2], 'Change')} {what}?"
        if self.needs_pin:
            return CallFailed(f"{question} Please say the PIN.", code="needs_pin", remedy="say its digits")
        return CallFailed(f"{question} Please say yes.", code="needs_yes", remedy="say yes or no")


def from_config(section: PolicyConfig) -> Policy:
    """The rules that the config states."""
    quiet = None
    if section.quiet_from and section.quiet_until:
        start, end = time.fromisoformat(section.quiet_from), time.fromisoformat(section.quiet_until)
        quiet = Quiet(start, end, section.quiet_volume)
    return Policy(
        limits=limits(volume=section.max_volume, coldest=section.min_temperature, warmest=section.max_temperature),
        confirm=frozenset(section.confirm),
        deny=frozenset(section.deny),
        needs_pin=bool(section.pin),
        quiet=quiet,
    )


def _is_guarded(domain: str, service: str, called: str) -> bool:
    """Whether it opens a garage or heats an oven, by its name. A relay or a script may do so by on and by off."""
    match domain:
        case "cover":
            return service not in SAFER and _LETS_IN.search(called) is not None and not _BLINDS.search(called)
        case "light" | "fan" | "media_player" | "todo" | "vacuum" | "lock" | "alarm_control_panel":
            return False
        case _:
            return _LETS_IN.search(called) is not None or (service not in SAFER and _HEATS.search(called) is not None)
