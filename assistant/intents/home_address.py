"""The address of a Home Assistant: how it is written, what answers there, and a session that goes nowhere else."""

import asyncio
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from assistant.errors import ConfigError, HomeAway

CONNECT_S = 10.0
NAME_SERVICES = Path("/etc/nsswitch.conf")


async def version_at(url: str, within_s: float = CONNECT_S) -> str:
    """Which Home Assistant answers at an address; no token is shown to it. Raises ConfigError, HomeAway."""
    address = websocket_url(url)
    try:
        async with asyncio.timeout(within_s), session() as http, http.ws_connect(address) as socket:
            greeting = await socket.receive_json()
        if not isinstance(greeting, dict) or greeting.get("type") != "auth_required":
            raise HomeAway(f"what answers at {url} is no Home Assistant", remedy="see its address in your browser")
        return str(greeting.get("ha_version", ""))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError) as e:
        reason = "no answer" if isinstance(e, TimeoutError) else str(e) or type(e).__name__
        raise HomeAway(f"{url} can't be reached: {reason}", remedy=_remedy(address, e)) from e


def _remedy(address: str, error: Exception) -> str:
    """A small Debian doesn't find names that end in .local."""
    if isinstance(error, aiohttp.ClientConnectorDNSError) and str(urlsplit(address).hostname).endswith(".local"):
        with suppress(OSError):
            if "mdns" not in NAME_SERVICES.read_text(encoding="utf-8", errors="replace"):
                return "sudo apt install libnss-mdns: it finds such names; or write the address in numbers"
    return "open that address in a browser here"


def session() -> aiohttp.ClientSession:
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
