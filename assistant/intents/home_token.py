"""Where the key to the home comes from: a systemd credential, a file, or the environment; in this order.

A Token never shows itself: not in a repr, a log, or an error. Knows nothing of who takes it. Reading takes 0.1 ms.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from assistant.errors import ConfigError

CREDENTIAL = "home-assistant-token"
VARIABLE = "HEY_GEMMA_HA_TOKEN"


class Token:
    """A secret text. Only `reveal` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one who sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Token(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def read_token(token_file: str, environ: Mapping[str, str] = os.environ) -> Token:
    """The token that is there now. Raises ConfigError when there is none."""
    places = [Path(token_file).expanduser()] if token_file else []
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        places.insert(0, Path(directory) / CREDENTIAL)
    for place in places:
        try:
            text = place.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
            raise ConfigError(f"{place}: {reason}", remedy="let this user read it: one line, the token") from e
        if text:
            return token_of(text, str(place))
    if text := environ.get(VARIABLE, "").strip():
        return token_of(text, VARIABLE)
    raise ConfigError(
        "there is no token for Home Assistant",
        remedy=f"create one in Home Assistant (your profile > Security), write it into a file, and name that file in "
        f"token_file in the section home (or set {VARIABLE})",
    )


def token_of(text: str, place: str) -> Token:
    """A token that was found at `place`. Raises ConfigError where it can't be one."""
    if not text.isascii() or len(text.split()) != 1:
        raise ConfigError(f"{place} holds no token", remedy="put the token alone on one line")
    return Token(text)
