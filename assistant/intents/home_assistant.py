"""Home Assistant as a real home: what only it has (to-do lists, a weather forecast), and how it is connected.

Knows nothing of the wire (home_link). Deeds and states are any real home's (real_home).
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from assistant.config import HomeConfig
from assistant.errors import CallFailed, ConfigError, HomeAway
from assistant.intents.home_answers import forecast_of
from assistant.intents.home_asking import ANSWER_WITHIN_S
from assistant.intents.home_link import HomeLink
from assistant.intents.home_registry import clean
from assistant.intents.home_states import AWAY, State
from assistant.intents.home_token import read_token
from assistant.intents.home_wire import Declined, Unreachable
from assistant.intents.names import Entity
from assistant.intents.policy import from_config
from assistant.intents.real_home import READING, RealHome
from assistant.intents.units import Scale
from assistant.stages import Call, Outcome, Value

WAIT_S = 5.0  # for the home at the start; one that comes later is taken in when it comes
_log = logging.getLogger(__name__)
_KINDS_OF_FORECAST = ((1, "daily"), (4, "twice_daily"), (2, "hourly"))  # Home Assistant's feature bits


class HomeAssistant(RealHome[HomeLink]):
    """Handler of a home behind Home Assistant, on a link that somebody else starts and closes."""

    def scale(self) -> Scale:
        """The degrees that the home counts in."""
        return "F" if self._wire.fahrenheit else "C"

    async def unexposed(self) -> int:
        """How many things it has that aren't exposed to its voice assistant, nor to us. Raises HomeAway."""
        try:
            rows = await self._wire.command("get_states")
        except (Unreachable, Declined, TimeoutError) as e:
            raise HomeAway(
                "Home Assistant can't be reached", remedy="see if it runs, and what url says in the section home"
            ) from e
        listed = rows if isinstance(rows, list) else ()
        ids = {str(row.get("entity_id")) for row in listed if isinstance(row, Mapping)}
        return len(ids - {entity.id for entity in self._directory.entities})

    async def _read(self, call: Call) -> Outcome:
        return await self._weather(call) if call.name == "HassGetWeather" else await super()._read(call)

    async def _more(self, entity: Entity) -> Mapping[str, Value]:
        return {"items": await self._items(entity.id)} if entity.domain == "todo" else {}

    async def _items(self, entity_id: str) -> str:
        answer = await self._wire.command("todo/item/list", within_s=ANSWER_WITHIN_S, entity_id=entity_id)
        rows = answer.get("items") if isinstance(answer, Mapping) else None
        open_ones = [row for row in rows if row.get("status") == "needs_action"] if isinstance(rows, list) else []
        return ", ".join(filter(None, (clean(row.get("summary")).replace(",", "") for row in open_ones)))

    async def _weather(self, call: Call) -> Outcome:
        entity = self._directory.weather()
        day = str(call.arguments.get("day", "today"))
        state = self._wire.states.of(entity.id) or State("unknown")
        features = state.attributes.get("supported_features", 0)
        kind = next((k for bit, k in _KINDS_OF_FORECAST if isinstance(features, int) and features & bit), "daily")
        answer = await self._wire.command(
            "call_service",
            within_s=ANSWER_WITHIN_S,
            domain="weather",
            service="get_forecasts",
            service_data={"type": kind},
            target={"entity_id": entity.id},
            return_response=True,
        )
        on = self._now() + timedelta(days=day == "tomorrow")
        told = answer.get("response", {}).get(entity.id, {}) if isinstance(answer, Mapping) else {}
        if (result := forecast_of(told.get("forecast"), day, on)) is None:
            raise CallFailed("I don't have a forecast for that day.", code="no_forecast")
        temperature = state.attributes.get("temperature")
        if day == "today" and state.state not in AWAY and isinstance(temperature, int | float):
            result |= {"condition": state.state, "temperature": temperature}
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by=READING)


@asynccontextmanager
async def connected(
    config: HomeConfig, now: Callable[[], datetime] = lambda: datetime.now().astimezone()
) -> AsyncIterator[HomeAssistant]:
    """The home that the config names; it needn't be there yet. `now`: local time. Raises ConfigError, HomeRefused."""
    if not config.url:
        raise ConfigError("the section home has no url", remedy="write one, as http://homeassistant.local:8123")
    read_token(config.token_file)  # a missing one ends the start
    link = HomeLink(config.url, lambda: read_token(config.token_file))
    home = HomeAssistant(link, here=config.area, policy=from_config(config.policy), now=now, shown=config.shown)
    try:
        await link.start(WAIT_S)
        if not link.ready:
            _log.warning("Home Assistant at %s can't be reached; it is tried again and again", config.url)
        yield home
    finally:
        await link.aclose()
