"""The home that the config names: whether it answers, lets us in, has anything for us, and fits the model.

Asked with the links that run later. Nothing is switched.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.config import Config, HomeConfig
from assistant.doctor.findings import Finding, NotHere, Study, absent, fine, first, refused, warn
from assistant.errors import HeyGemmaError
from assistant.intents import broker_trial, home_trial
from assistant.intents.demo_home import DemoHome
from assistant.intents.home_address import version_at
from assistant.intents.home_token import read_token
from assistant.intents.names import key

VERSION_S = 8.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Home Assistant's: its version, and what is there for us; or what went wrong on the way."""

    room: str
    away: HeyGemmaError | None = None
    version: str = ""
    refusal: HeyGemmaError | None = None
    found: home_trial.Found | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """Which model is to control which home."""

    model: str
    home: str


def studies(config: Config) -> tuple[Study[Answer], Study[str], Study[str], Study[Fit]]:
    """What is looked at."""
    checks = (("Home Assistant", reached), ("token", token), ("exposed things", exposed), ("room", room))
    return (
        Study("home", lambda: probe_home_assistant(config.home), checks, deadline_s=25),
        Study("home", lambda: probe_broker(config.home), (("MQTT broker", broker),), deadline_s=15),
        Study("home", lambda: probe_demo(config.home), (("demo home", demo),)),
        Study("home", lambda: Fit(config.model.name, config.home.kind), (("model and home", fits),)),
    )


def probe_home_assistant(config: HomeConfig) -> Answer:
    """Knock, then enter with the token. Raises NotHere."""
    if config.kind != "home_assistant":
        raise NotHere(f"the home is {config.kind}")
    answer = Answer(config.area)
    try:
        answer = replace(answer, version=asyncio.run(version_at(config.url, VERSION_S)))
    except HeyGemmaError as e:
        return replace(answer, away=e)
    try:
        return replace(answer, found=asyncio.run(home_trial.enter(config.url, read_token(config.token_file))))
    except HeyGemmaError as e:
        return replace(answer, refusal=e)


def probe_broker(config: HomeConfig, enter: Callable[..., Awaitable[str]] = broker_trial.enter) -> str:
    """Its address, where it lets us in. Raises NotHere, ConfigError, HomeRefused, HomeAway."""
    if config.kind != "mqtt" and not config.mqtt.announce:
        raise NotHere("none is used")

    async def entered() -> str:
        return await enter(config.mqtt)

    return asyncio.run(entered())


def probe_demo(config: HomeConfig) -> str:
    """Its file, read. Raises NotHere, ConfigError."""
    if config.kind != "demo":
        raise NotHere(f"the home is {config.kind}")
    home = DemoHome(Path(config.demo_file) if config.demo_file else None)
    return f"{config.demo_file or 'built in'}: {len(home.rooms())} rooms"


def reached(facts: Answer) -> Finding:
    """It answers at its address."""
    return refused(facts.away) if facts.away is not None else fine(f"version {facts.version}")


def token(facts: Answer) -> Finding:
    """It lets us in."""
    return first(
        absent("unknown: see Home Assistant") if facts.away is not None else None,
        refused(facts.refusal) if facts.refusal is not None else None,
        otherwise=fine("accepted"),
    )


def exposed(facts: Answer) -> Finding:
    """There is something that we may see."""
    if facts.found is None:
        return absent("unknown: see Home Assistant and token")
    if not facts.found.things:
        return warn("nothing is exposed", "in Home Assistant: Settings > Voice assistants > Expose")
    return fine(f"{facts.found.things} in {len(facts.found.rooms)} rooms")


def room(facts: Answer) -> Finding:
    """The room that the assistant stands in is one of the home's."""
    if facts.found is None:
        return absent("unknown: see Home Assistant and token")
    if not facts.room:
        return warn('none is set: "turn on the light" doesn\'t know where', "hey-gemma setup")
    if key(facts.room) not in {key(name) for name in facts.found.rooms}:
        return warn(f"the home has no {facts.room!r}", f"home.area in the config: {', '.join(facts.found.rooms[:8])}")
    return fine(facts.room)


def broker(facts: str) -> Finding:
    """It lets us in."""
    return fine(f"{facts} lets us in")


def demo(facts: str) -> Finding:
    """There are things in it."""
    return fine(facts)


def fits(facts: Fit) -> Finding:
    """The small model knows one home by heart; the one of random weights knows nothing."""
    return first(
        warn("shape has random weights: it makes no sense of anything", "hey-gemma models fetch --use")
        if facts.model == "shape" else None,
        warn("tiny knows only the demo home", "hey-gemma models fetch --use")
        if facts.model == "tiny" and facts.home != "demo" else None,
        otherwise=fine(f"{facts.model}, {facts.home} home"),
    )  # fmt: skip
