"""Where the key to the home or to a broker comes from: a systemd credential, a file, or the environment; in this order.

A Token never shows itself: not in a repr, a log, or an error. Knows nothing of who takes it. Reading takes 0.1 ms.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from assistant.disk import at_home
from assistant.errors import ConfigError

CREDENTIAL, VARIABLE = "home-assistant-token", "HEY_GEMMA_HA_TOKEN"
PASSWORD_CREDENTIAL, PASSWORD_VARIABLE = "mqtt-password", "HEY_GEMMA_MQTT_PASSWORD"


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
    text, place = _secret(token_file, CREDENTIAL, VARIABLE, "the token", environ)
    if not text:
        raise ConfigError(
            "there is no token for Home Assistant",
            remedy=f"create one in Home Assistant (your profile > Security), write it into a file, and name that file "
            f"in token_file in the section home (or set {VARIABLE})",
        )
    return token_of(text, place)


def token_of(text: str, place: str) -> Token:
    """A token that was found at `place`. Raises ConfigError where it can't be one."""
    if not text.isascii() or len(text.split()) != 1:
        raise ConfigError(f"{place} holds no token", remedy="put the token alone on one line")
    return Token(text)


def read_password(password_file: str, environ: Mapping[str, str] = os.environ) -> Token:
    """The broker's password that is there now. Raises ConfigError when there is none."""
    text, place = _secret(password_file, PASSWORD_CREDENTIAL, PASSWORD_VARIABLE, "the password", environ)
    if not text:
        raise ConfigError(
            "there is no password for the MQTT broker",
            remedy=f"write it into a file, and name that file in password_file in the section home.mqtt (or set "
            f"{PASSWORD_VARIABLE}, or leave username empty)",
        )
    if len(text.splitlines()) != 1:
        raise ConfigError(f"{place} holds no password", remedy="put the password alone on one line")
    return Token(text)


def _secret(file: str, credential: str, variable: str, what: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text and where it was found; empty where there is none. Raises ConfigError: it is there, and unreadable."""
    places = [at_home(file)] if file else []
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        places.insert(0, Path(directory) / credential)
    for place in places:
        try:
            text = place.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
            raise ConfigError(f"{place}: {reason}", remedy=f"let this user read it: one line, {what}") from e
        if text:
            return text, str(place)
    return environ.get(variable, "").strip(), variable
