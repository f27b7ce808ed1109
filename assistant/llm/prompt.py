"""Tools, home and conversation -> the exact text that Gemma 4 reads. Pure.

One string a stretch, to be tokenized with control tokens parsed: so whatever comes from outside (names, states, typed
text, results) goes through `plain` first. Gemma's vocabulary marks `<|"|>`, `<|tool_call>` and five others as user
defined, and llama.cpp parses those even when told not to parse control tokens: only the text itself can be made safe.

Knows no tokenizer and no model: what a model's prompt carries is its `PromptProfile`. Format: Google's page "Gemma 4
prompt formatting"; no empty thought channel after `<|turn>model`. The demo home's prefix is 1,064 tokens with tools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.stages import Outcome, Parameter, Tool, Value

BOS = "<bos>"
TURN_CLOSE = "<turn|>\n"
USER_OPEN = "<|turn>user\n"
AUDIO_OPEN = "<|audio>"
AUDIO_CLOSE = "<audio|>"
REPLY_OPEN = "<turn|>\n<|turn>model\n"
TOOL_CALL = "<|tool_call>"
LONGEST_RESULT = 300  # of what a home tells: a title of 10 kB is no reason to forget the conversation


@dataclass(frozen=True, slots=True)
class PromptProfile:
    """What one model's prompt carries: its `[prompt]` table in `models/manifest.toml`.

    `system` opens the prompt; `tools` and `home` say whether declarations and the home's facts follow. At most
    `history_turns` turns of the last `history_s` seconds stay.
    """

    system: str
    tools: bool = True
    home: bool = True
    history_turns: int = 4
    history_s: float = 60.0


def prefix(profile: PromptProfile, tools: Sequence[Tool], home: str) -> str:
    """Render everything that stands before the conversation: system text, the home's facts, tools."""
    stretches = [profile.system.strip()]
    if profile.home and home.strip():
        stretches.append(plain(home.strip()))
    declared = "".join(map(declaration, tools)) if profile.tools else ""
    return f"{BOS}<|turn>system\n" + "\n\n".join(stretches) + declared + TURN_CLOSE


def declaration(tool: Tool) -> str:
    """Render one tool as the chat template does: parameters sorted by name, types in capitals."""
    inner = f"description:{_quoted(tool.description)}"
    if tool.parameters:
        properties = ",".join(map(_parameter, sorted(tool.parameters, key=lambda p: p.name.lower())))
        required = ",".join(_quoted(p.name) for p in tool.parameters if p.required and not p.asked)
        required = f"required:[{required}]," if required else ""
        inner += f",parameters:{{properties:{{{properties}}},{required}type:{_quoted('OBJECT')}}}"
    return f"<|tool>declaration:{plain(tool.name)}{{{inner}}}<tool|>"


def typed(text: str) -> str:
    """Render what a user typed, as the content of a user turn."""
    return plain(text.strip())


def calls(outcomes: Sequence[Outcome]) -> str:
    """Render the calls that outcomes came of, as the model writes them."""
    made = [(plain(o.call.name), _fields(o.call.arguments)) for o in outcomes]
    return "".join(f"{TOOL_CALL}call:{name}{{{fields}}}<tool_call|>" for name, fields in made)


def responses(outcomes: Sequence[Outcome]) -> str:
    """Render what became of calls, to stand right behind them in the model's turn."""
    return "".join(_response(o) for o in outcomes)


def plain(text: str) -> str:
    """Take the power from control tokens in text from outside: every one of them begins with `<`."""
    return text.replace("<", "\u2039")


def _response(outcome: Outcome) -> str:
    fields: dict[str, Value] = {**outcome.result, "ok": outcome.ok}
    if outcome.error is not None:
        fields["error"] = outcome.error
    return f"<|tool_response>response:{plain(outcome.call.name)}{{{_fields(fields)}}}<tool_response|>"


def _parameter(parameter: Parameter) -> str:
    parts = [f"description:{_quoted(parameter.description)}"] if parameter.description else []
    if parameter.choices and parameter.listed and parameter.kind == "string":
        parts.append(f"enum:[{','.join(map(_quoted, parameter.choices))}]")
    parts.append(f"type:{_quoted(parameter.kind.upper())}")
    return f"{plain(parameter.name)}:{{{','.join(parts)}}}"


def _fields(fields: Mapping[str, Value]) -> str:
    return ",".join(f"{plain(k)}:{_value(fields[k])}" for k in sorted(fields, key=str.lower))


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _quoted(value if len(value) <= LONGEST_RESULT else f"{value[:LONGEST_RESULT]} ...")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quoted(text: str) -> str:
    return f'<|"|>{plain(text)}<|"|>'
