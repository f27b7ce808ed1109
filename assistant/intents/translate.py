"""Translate mode: "translate to Japanese: where is the station". The model translates, told how. Pure.

Knows no language but by name. The call only says which one is wanted: its result is Google's prompt, behind the sound,
and of what the model then writes the translation alone is spoken (assistant.translation).
"""

from collections.abc import Sequence

from assistant.errors import CallFailed
from assistant.stages import Call, Outcome, Parameter, Tool
from assistant.translation import LANGUAGES, TOOL, task

_LANGUAGE = Parameter("language", "string", choices=tuple(LANGUAGES), told=False)  # the grammar asks for it
_TOOLS = (Tool(TOOL, "Translate speech", (_LANGUAGE,), bare=False),)


class Translate:
    """Handler of one call. `source` is the language that people speak here, as a code."""

    def __init__(self, source: str) -> None:
        self._source = source

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return _TOOLS

    def context(self) -> str:
        """Nothing: the tool says it."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Say how to translate. Raises CallFailed (unknown_tool, bad_arguments)."""
        if call.name != TOOL:
            raise CallFailed("I can't do that.", code="unknown_tool")
        if "language" not in call.arguments:
            raise CallFailed("Into which language? Say the whole sentence again.", code="bad_arguments")
        target = LANGUAGES[str(call.arguments["language"]).casefold()]
        result = {"task": task(self._source, target)}
        return Outcome(call, ok=True, sentence=None, result=result, allowed_by="changes nothing")
