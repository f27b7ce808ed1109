"""What of a model's reply counts: all of it, what makes sense, or calls. Pure."""

import re
from collections.abc import Sequence

from assistant.intents.consent import ANSWER
from assistant.intents.router import NOT_UNDERSTOOD
from assistant.llm.parse import Malformed, Part
from assistant.stages import Call, Only, Say

_NOTHING = frozenset({"okay", "ok", "alright", "never mind", "okay never mind", "no problem", "okay no problem"})


def counts(parts: Sequence[Part], only: Only) -> bool:
    """Whether there is something in a reply that counts."""
    match only:
        case "all":
            return True
        case "sense":
            return not _is_nothing(parts)
        case "calls":
            readable = not any(isinstance(part, Malformed) for part in parts)
            return readable and any(isinstance(part, Call) for part in parts) and not _is_nothing(parts)


def _is_nothing(parts: Sequence[Part]) -> bool:
    """Whether a reply to whoever answered our question says no more than that there was nothing to answer."""
    match parts:
        case [Say(text=text)]:
            return text == NOT_UNDERSTOOD or " ".join(re.findall(r"\w+", text.casefold())) in _NOTHING
        case [Call(name=name)]:
            return name.rpartition("__")[2] == ANSWER
        case _:
            return not parts or all(isinstance(part, Malformed) for part in parts)
