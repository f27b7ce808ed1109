"""What the assistant does to itself when asked: its voice's volume, and its ear. And who is meant by a volume: pure.

"Your volume" means the assistant, "the volume" the player, where the home has one: those are the home's tools, told
once for both, and this handler has them last. "Louder" by itself is the assistant's too: the model names it then.
Knows no voice and no microphone. Mute takes effect when the answer has been heard, and no word ends it: nobody listens
to one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.errors import CallFailed
from assistant.intents.names import key
from assistant.stages import Call, Effect, Outcome, Parameter, Tool, Value

TOOL, MUTE = "HassSetOwnVolume", "HassMuteYourself"
BY_NAME = ("HassSetVolume", "HassAdjust")  # the home's, which are its own where the home has none
STEP = 10
OWN_NAMES = frozenset(
    {"you", "your", "yours", "yourself", "your voice", "your volume", "your speech", "assistant", "the assistant",
     "gemma", "hey gemma", "voice"}
)  # fmt: skip
_SAID = ("your volume", "your voice", "you", "yourself")
GOODBYE = "I'm not listening any more. A button, a switch or hey-gemma unmute ends that; no word can."
_VOLUME = Parameter("volume_level", "integer")
_WAY = Parameter("way", "string", choices=("up", "down"), told=False)
_TOOLS = (
    Tool(TOOL, "Your own voice", (_VOLUME, _WAY), told=False, bare=False),
    Tool(MUTE, "Mute yourself"),
    Tool("HassSetVolume", "Set your volume", (replace(_VOLUME, required=True, asked=True),)),
    Tool("HassAdjust", "Louder, quieter", (replace(_WAY, required=True, told=True),)),
)


@dataclass(frozen=True, slots=True)
class Controls:
    """What can be done to the assistant: its volume from 0 to 100, and its ear, off at the end of the turn."""

    volume: Callable[[], int] = lambda: 100
    set_volume: Callable[[int], None] = lambda _: None
    mute: Callable[[], None] = lambda: None


def meant(call: Call) -> Call:
    """The call as one for the assistant itself, where it names the assistant as what shall be louder or quieter."""
    if call.name not in BY_NAME or key(str(call.arguments.get("name", ""))) not in OWN_NAMES:
        return call
    kept = {slot: value for slot, value in call.arguments.items() if slot in ("volume_level", "way")}
    return replace(call, name=TOOL, arguments=kept)


def nameable(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tools with the assistant among what may be named as louder or quieter, even where there is one player."""
    return tuple(
        replace(tool, parameters=tuple(_with_own_names(p) for p in tool.parameters)) if tool.name in BY_NAME else tool
        for tool in tools
    )


def _with_own_names(slot: Parameter) -> Parameter:
    return replace(slot, values=(*slot.values, *_SAID), told=True) if slot.name == "name" and slot.values else slot


class Own:
    """Handler of its own volume and mute. `mutes`: whether the model knows how to ask for a mute."""

    def __init__(self, controls: Controls, *, mutes: bool = True) -> None:
        self._controls = controls
        self._tools = tuple(tool for tool in _TOOLS if mutes or tool.name != MUTE)

    def tools(self) -> Sequence[Tool]:
        """What it can do now."""
        return self._tools

    def context(self) -> str:
        """Nothing that a model need know."""
        return ""

    async def handle(self, call: Call) -> Outcome:
        """Carry out one call. Raises CallFailed (unknown_tool, no_figure)."""
        if call.name == MUTE:
            self._controls.mute()
            effect = Effect("assistant.mute")
            return Outcome(call, ok=True, sentence=GOODBYE, effects=(effect,), allowed_by="own")
        if call.name not in (TOOL, *BY_NAME):
            raise CallFailed("I can't do that.", code="unknown_tool")
        call = replace(call, name=TOOL)  # answered as what it is
        before = self._controls.volume()
        percent = _wanted(call, before)
        self._controls.set_volume(percent)
        result: dict[str, Value] = {"name": "my volume", "volume_level": percent}
        return Outcome(
            call,
            ok=True,
            sentence=f"My volume is {percent} percent.",
            effects=(Effect("assistant.volume_set", None, {"volume_level": percent / 100}),),
            result=result,
            allowed_by="own",
            undo=Call(TOOL, {"volume_level": before}),
        )


def _wanted(call: Call, before: int) -> int:
    """A figure, or a step from what is; a step down leaves a voice that can be heard."""
    arguments = call.arguments
    if "volume_level" in arguments:
        return max(0, min(100, round(float(arguments["volume_level"]))))
    if "way" not in arguments:
        raise CallFailed("How loud? Say a figure.", code="no_figure")
    step = STEP if arguments["way"] == "up" else -STEP
    return max(min(STEP, before), min(100, before + step))
