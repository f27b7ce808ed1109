"""Does a token open this Home Assistant, and what is there for us? For who sets us up, with the link that runs later.

Knows no question and no config. On a real server of 130 entities it takes 60 ms.
"""

from dataclasses import dataclass

from assistant.errors import HomeAway
from assistant.intents.home_assistant import HomeAssistant
from assistant.intents.home_link import HomeLink
from assistant.intents.home_token import Token

WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """The rooms of a home, and how many things are exposed to us."""

    rooms: tuple[str, ...]
    things: int


async def enter(url: str, token: Token) -> Found:
    """Connect, look, leave. Raises ConfigError, HomeRefused, HomeAway."""
    link = HomeLink(url, lambda: token)
    home = HomeAssistant(link)
    try:
        await link.start(WAIT_S)
        if link.registry is None:
            raise HomeAway(f"{url} answers, but tells nothing of the home", remedy="see if it has started; try again")
        rooms = (area.names[0] for area in link.registry.areas.values())
        return Found(tuple(sorted(rooms)), len(home.seen()))
    finally:
        await link.aclose()
