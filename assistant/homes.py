"""The home of a conversation, from the config: the demo home, Home Assistant or MQTT, with timers and a clock.

Knows no model but its thresholds, no sound and no turn.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo

from assistant import manifest
from assistant.audio.clock import AudioClock
from assistant.config import Config
from assistant.disk import at_home
from assistant.intents import home_assistant, mqtt, policy
from assistant.intents.consent import Consent
from assistant.intents.deadlines import Entry
from assistant.intents.deeds import Deeds
from assistant.intents.demo_file import Furnished
from assistant.intents.demo_home import DemoHome
from assistant.intents.home_wire import Wire
from assistant.intents.local import LocalClock, local_zone
from assistant.intents.own import Controls, Own
from assistant.intents.real_home import RealHome
from assistant.intents.router import Router
from assistant.intents.timer_file import TimerFile
from assistant.intents.timers import Timers
from assistant.intents.translate import Translate
from assistant.intents.units import InDegrees, Scale, temperature_limit
from assistant.stages import Clock, Handler

_REAL_HOMES = {"home_assistant": home_assistant.connected, "mqtt": mqtt.connected}


@dataclass(frozen=True, slots=True)
class Home:
    """The home of one conversation."""

    router: Router
    timers: Timers
    things: DemoHome | RealHome[Wire]


def build_home(
    config: Config,
    model: manifest.ModelEntry,
    clock: Clock,
    ring: Callable[[Entry], None] = lambda _: None,
    *,
    timer_file: TimerFile | None = None,
    real: RealHome[Wire] | None = None,
    furnished: Furnished | None = None,
    controls: Controls | None = None,
) -> Home:
    """The handlers that the config names: the real home where there is one, else the demo home, or one `furnished`.

    A model that is told no tools was trained without translation and mute: it could only write them wrongly.
    """
    place = config.place
    zone = local_zone(place.time_zone)
    now = local_time(clock, zone)
    timers = Timers(clock, ring, now=now, file=timer_file)
    rules = config.home.policy
    demo_file = at_home(config.home.demo_file) if config.home.demo_file else None
    things = real or DemoHome(
        furnished or demo_file,
        here=config.home.area,
        policy=policy.from_config(rules),
        now=now,
        shown=config.home.shown,
    )
    said: Scale = "F" if place.units == "imperial" else "C"
    limit = temperature_limit(said, rules.min_temperature, rules.max_temperature)
    told = bool(model.prompt.get("tools"))
    translate: tuple[Handler, ...] = (Translate(config.speech.language),) if told else ()
    router = Router(
        (
            InDegrees(things, said, things.scale, limit),
            timers,
            LocalClock(lambda: datetime.now(zone)),
            Own(controls or Controls(), mutes=told),
            *translate,
        ),
        deadline_s=config.home.call_deadline_s,
        min_confidence=float(model.thresholds.get("call_confidence", 0.0)),
        follow_confidence=float(model.thresholds.get("follow_confidence", 1.0)),
        language=config.speech.language,
        twelve=place.clock == "12h",
        deeds=Deeds(clock.now_s),
        consent=Consent(rules.pin, told=bool(rules.confirm), now_s=clock.now_s),
    )
    return Home(router, timers, things)


def local_time(clock: Clock, zone: tzinfo) -> Callable[[], datetime]:
    """Time of day: the wall clock's; in a fast replay it passes with the audio, from now on."""
    if not isinstance(clock, AudioClock):
        return lambda: datetime.now(zone)
    start_s = datetime.now(zone).timestamp() - clock.now_s()
    return lambda: datetime.fromtimestamp(start_s + clock.now_s(), zone)


@asynccontextmanager
async def real_home(config: Config, clock: Clock) -> AsyncIterator[RealHome[Wire] | None]:
    """The home that the config names, on its connection; None: the demo home. Raises ConfigError, HomeRefused."""
    connected = _REAL_HOMES.get(config.home.kind)
    if connected is None:
        yield None
        return
    async with connected(config.home, local_time(clock, local_zone(config.place.time_zone))) as home:
        yield home
