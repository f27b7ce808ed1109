"""The connection to Home Assistant: one WebSocket, kept up for ever, and what came over it: registry and live states.

The only owner of hass-client. Knows no call and no sentence. It connects again after 0.5 s, then twice as long each
time up to 5 s; a refused token isn't tried again until there is another one. On a real server of 130 entities it is
ready 40 ms after it began.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from hass_client.client import HomeAssistantClient
from hass_client.exceptions import AuthenticationFailed, BaseHassClientError, FailedCommand

from assistant.errors import ConfigError, HomeAway, HomeRefused
from assistant.intents.home_registry import Registry, exposed_of, registry_of
from assistant.intents.home_states import LiveStates
from assistant.intents.home_token import Token
from assistant.intents.home_wire import Declined, News, Unreachable, up
from assistant.intents.names import Directory
from assistant.stages import Effect

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
CONNECT_S, COMMAND_S, GOODBYE_S = 10.0, 10.0, 5.0
REREAD_S = 30.0  # exposure of things without a unique id changes without an event; it also shows that the line lives
SETTLE_S = 0.2  # one change in the settings comes as several events
REGISTRIES = ("area", "floor", "device", "entity")
_BROKEN = (BaseHassClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError, KeyError)
_log = logging.getLogger(__name__)


class NotAllowed(Declined):
    """The token's owner may not ask that."""


class HomeLink:
    """`start` once, `aclose` at the end. `on_change` is called on the loop when other things may be named than before.

    `read_token` is asked before each connection, so that a new token heals a refusal.
    """

    yes_is_done = True

    def __init__(
        self,
        url: str,
        read_token: Callable[[], Token],
        *,
        on_change: Callable[[], None] = lambda: None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._url = websocket_url(url)
        self._read_token = read_token
        self.on_change = on_change
        self._first_wait_s = first_wait_s
        self._client: HomeAssistantClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._stale, self.news = asyncio.Event(), News()
        self._asking: set[asyncio.Future[Any]] = set()
        self._ready = False
        self.registry: Registry | None = None
        self.states = LiveStates()
        self.refusal: HomeRefused | None = None
        self.fahrenheit = False

    @property
    def ready(self) -> bool:
        """Connected, and registry and states are the home's."""
        return self._ready and self._client is not None and self._client.connected

    async def start(self, wait_s: float = 5.0) -> None:
        """Begin to connect; return when the home is known, or after `wait_s` without it. Raises HomeRefused."""
        self._task = asyncio.create_task(self._keep_up(), name="home link")
        await up(self, wait_s)

    async def aclose(self) -> None:
        """Close the connection; it isn't opened again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def directory(self, here: str) -> Directory | None:
        """What may be named now; None before the first connection. `here`: the area that the assistant stands in."""
        if self.registry is None:
            return None
        found = self.registry.directory(self.states, here)
        return replace(found, areas=(*found.areas, *self.registry.other_places()))

    def rooms(self, said: str) -> tuple[str, ...]:
        """The areas that an area's name, its alias or a floor means; empty: nobody knows."""
        return () if self.registry is None else self.registry.rooms(said)

    def able(self, effect: Effect) -> bool:
        """Always: the home itself declines."""
        del effect
        return True

    def tells(self, entity_id: str) -> bool:
        """Always: a home reports all of its states."""
        del entity_id
        return True

    async def service(self, effects: Sequence[Effect], within_s: float) -> None:
        """Call one service for all its entities. Raises Unreachable, Declined, TimeoutError."""
        domain, _, service = effects[0].service.partition(".")
        await self.command(
            "call_service",
            within_s=within_s,
            domain=domain,
            service=service,
            service_data=dict(effects[0].data),
            target={"entity_id": [effect.entity_id for effect in effects]},
        )

    async def command(self, kind: str, *, within_s: float = COMMAND_S, **fields: Any) -> Any:
        """Send one command, once, and give its result. Raises Unreachable, Declined, TimeoutError."""
        client = self._client
        if client is None:
            raise Unreachable(kind)
        # hass-client cancels who waits when the connection ends: a task of its own tells that from our cancellation.
        # It is never cancelled by us: hass-client fails where the answer to a cancelled command comes in.
        asking = asyncio.ensure_future(client.send_command(kind, **fields))
        self._asking.add(asking)
        asking.add_done_callback(self._forget)
        done, _ = await asyncio.wait({asking}, timeout=within_s)
        if not done:
            raise TimeoutError(kind)
        if asking.cancelled():
            raise Unreachable(kind)
        try:
            return asking.result()
        except FailedCommand as e:
            raise (NotAllowed if str(e) == "Unauthorized" else Declined)(str(e)) from e
        except (BaseHassClientError, aiohttp.ClientError, OSError) as e:
            raise Unreachable(kind) from e

    def _forget(self, asked: asyncio.Future[Any]) -> None:
        self._asking.discard(asked)
        if not asked.cancelled():
            asked.exception()  # whoever still waited has it already

    async def _keep_up(self) -> None:
        wait_s, refused = self._first_wait_s, None
        while True:
            try:
                token = self._read_token()
                if token != refused:
                    refused = None
                    async with _session() as http:
                        await self._live(http, token)
            except AuthenticationFailed:
                refused = token
                self._refused("Home Assistant refuses our token", "create a new one: your profile > Security")
            except NotAllowed:
                self._refused("Home Assistant doesn't show us the home", "use the token of an administrator")
            except ConfigError as e:
                self._refused(e.message, e.remedy)
            except Exception as e:  # noqa: BLE001 - whatever a home sends, a home that is there again is taken in
                level = logging.WARNING if self._ready else logging.INFO
                unforeseen = e if not isinstance(e, (*_BROKEN, Unreachable, Declined)) else None
                kind = type(e).__name__
                _log.log(
                    level, "no connection to the home (%s); trying again in %.1f s", kind, wait_s, exc_info=unforeseen
                )
            was_ready, self._ready, self._client = self._ready, False, None
            self.news.tell()
            wait_s = self._first_wait_s if was_ready else wait_s
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _refused(self, message: str, remedy: str) -> None:
        if self.refusal is None:
            _log.error("%s; %s", message, remedy)
        self.refusal = HomeRefused(message, remedy=remedy)

    async def _live(self, http: aiohttp.ClientSession, token: Token) -> None:
        """Connect, read everything, and follow changes until the connection ends."""
        client = HomeAssistantClient(self._url, token.reveal(), http)
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
            self._client, self._stale = client, asyncio.Event()
            tasks.append(asyncio.create_task(client.start_listening(), name="home events"))
            tasks.append(asyncio.create_task(self._follow(client), name="home registry"))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in reversed(tasks):
                if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                    raise error
            raise Unreachable("the home closed the connection")
        finally:
            for task in tasks[1:]:
                task.cancel()
            with suppress(*_BROKEN):  # also what came up half way; a home that doesn't say goodbye isn't waited for
                async with asyncio.timeout(GOODBYE_S):
                    await client.disconnect()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, client: HomeAssistantClient) -> None:
        for name in REGISTRIES:
            await self._subscribe(client, self._outdated, f"{name}_registry_updated")
        watched: frozenset[str] | None = None
        unwatch: Callable[[], None] = lambda: None  # noqa: E731 - nothing is watched yet
        while True:
            registry = await self._read(decide=self.registry is None or self._stale.is_set() or not self._ready)
            if registry.exposed != watched:
                states = LiveStates(self.states.reports)
                stop = await self._watch(client, states, registry.exposed)
                unwatch()
                unwatch, watched, self.states = stop, registry.exposed, states
            changed, self.registry = registry != self.registry or not self._ready, registry
            self._ready, self.refusal = True, None
            self.news.tell()
            if changed:
                self.on_change()
            with suppress(TimeoutError):
                async with asyncio.timeout(REREAD_S):
                    await self._stale.wait()
                    await asyncio.sleep(SETTLE_S)

    async def _subscribe(self, client: HomeAssistantClient, told: Callable[[Any], None], event: str) -> None:
        async with asyncio.timeout(COMMAND_S):
            await client.subscribe_events(told, event)

    def _outdated(self, _: object) -> None:
        self._stale.set()

    async def _read(self, *, decide: bool) -> Registry:
        """Read all registries. `decide`: let the home first decide for every new thing whether it is exposed."""
        self._stale.clear()
        if decide:
            with suppress(Declined):  # what it would understand of a sentence: acts on nothing
                await self.command("conversation/agent/homeassistant/debug", sentences=["turn on the light"])
        exposed = exposed_of(await self.command("homeassistant/expose_entity/list"))
        areas, floors, devices, entries = await asyncio.gather(
            self.command("config/area_registry/list"),
            self.command("config/floor_registry/list"),
            self.command("config/device_registry/list"),
            self.command("config/entity_registry/get_entries", entity_ids=sorted(exposed)),
        )
        settings = await self.command("get_config")
        units = settings.get("unit_system") if isinstance(settings, dict) else None
        self.fahrenheit = isinstance(units, dict) and units.get("temperature") == "°F"
        return registry_of(exposed, areas, floors, devices, entries if isinstance(entries, dict) else {})

    async def _watch(
        self, client: HomeAssistantClient, states: LiveStates, exposed: frozenset[str]
    ) -> Callable[[], None]:
        """Follow the states of what is exposed; return when all were told once."""
        if not exposed:  # to the home, no ids means all
            return lambda: None
        first = asyncio.Event()

        def told(event: object) -> None:
            renamed = states.apply(event)
            states.keep(exposed)
            self.news.tell()
            if renamed and first.is_set():
                self.on_change()
            first.set()

        async with asyncio.timeout(COMMAND_S):
            stop = await client.subscribe_entities(told, sorted(exposed))
            await first.wait()
        return stop


async def version_at(url: str, within_s: float = CONNECT_S) -> str:
    """Which Home Assistant answers at an address; no token is shown to it. Raises ConfigError, HomeAway."""
    address = websocket_url(url)
    try:
        async with asyncio.timeout(within_s), _session() as http, http.ws_connect(address) as socket:
            greeting = await socket.receive_json()
        if not isinstance(greeting, dict) or greeting.get("type") != "auth_required":
            raise HomeAway(f"what answers at {url} is no Home Assistant", remedy="see its address in your browser")
        return str(greeting.get("ha_version", ""))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError) as e:
        reason = "no answer" if isinstance(e, TimeoutError) else str(e) or type(e).__name__
        raise HomeAway(f"{url} can't be reached: {reason}", remedy="open that address in a browser here") from e


def _session() -> aiohttp.ClientSession:
    """A session that goes nowhere but where it is sent: aiohttp would follow a home that names another address."""

    async def stay(_: aiohttp.ClientSession, __: object, answer: aiohttp.TraceRequestRedirectParams) -> None:
        where = answer.response.headers.get("Location", "another address")[:200]
        raise ConfigError(
            f"what answers at {answer.url.origin()} sends us on to {where}",
            remedy="if that is your home, write it into home.url",
        )

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(stay)
    return aiohttp.ClientSession(trace_configs=[trace])


def websocket_url(url: str) -> str:
    """`http://homeassistant.local:8123` -> `ws://homeassistant.local:8123/api/websocket`. Raises ConfigError."""
    wrong = ConfigError(
        f"url in the section home is no address: {url!r}", remedy="write it as http://homeassistant.local:8123"
    )
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # read only when it is asked for
    except ValueError as e:
        raise wrong from e
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise wrong
    path = parts.path.rstrip("/").removesuffix("/websocket").removesuffix("/api")
    return urlunsplit((scheme, parts.netloc, f"{path}/api/websocket", "", ""))
