"""A whole reply that is a call written as text -> the calls. Pure. E2B writes a fifth of its calls so.

`HassTurnOff{area:...}`, `HassTurnOff Dining Room Light`, `HassTurnOff(name="lamp")`, JSON, any of them in a code fence.
Only a reply that begins with one and holds nothing else: text that merely talks of a tool is talk. Knows no tool.
"""

import ast
import json
import re
from collections.abc import Callable, Mapping

from assistant.stages import Call, Value

LONGEST = 2_000
_NAME = r"(?:[A-Za-z]\w{0,60}__)?Hass[A-Z][A-Za-z]{1,60}"
_BEGINS = re.compile(rf"\s*(?:`{{1,3}}|\{{|\[|call:|{_NAME})")
_FIRST_WORD = re.compile(r"\s*(?:`{0,3}|[A-Za-z]\w*)")
_FENCE = re.compile(r"\s*`{1,3}(?:json|tool_code|tool_call|python|text)?\s*(.*?)\s*`{1,3}\s*", re.DOTALL)
_BRACED = re.compile(rf"(?:call:)?\s*({_NAME})\s*(\{{.*\}})", re.DOTALL)
_PARENTHESIZED = re.compile(rf"(?:call:)?\s*({_NAME})\s*\((.*)\)", re.DOTALL)
_WORDS = re.compile(rf"(?:call:)?\s*({_NAME})(?:\s+([^\W_][\w' -]{{0,80}}))?\.?")
_CONTROL = re.compile(r"<[^<>\s]{1,32}>")
_NAME_KEYS, _ARGUMENT_KEYS = ("name", "tool", "function", "tool_name"), ("arguments", "parameters", "args", "input")


def may_be(text: str) -> bool:
    """Whether a reply that begins like this may still become a call: it mustn't be spoken yet."""
    return _BEGINS.match(text) is not None or _FIRST_WORD.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether this is something that nobody wants to hear read aloud."""
    return _BEGINS.match(text) is not None


def read(text: str, read_call: Callable[[str], object]) -> list[Call] | None:
    """Give the calls that the whole text is, or None. `read_call` reads `call:NAME{...}` in the model's own form."""
    if len(text) > LONGEST:
        return None
    fenced = _FENCE.fullmatch(text)
    body = (fenced[1] if fenced else text).strip()
    for reader in (_json, _braced(read_call), _parenthesized, _words, _lines):
        if calls := reader(body):
            return calls
    return None


def _json(body: str) -> list[Call] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    entries = found if isinstance(found, list) else [found]
    calls = [_entry(entry) for entry in entries]
    return [call for call in calls if call] if calls and all(calls) else None


def _entry(entry: object) -> Call | None:
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    if isinstance(inner, dict):
        return _entry(inner)
    name = next((entry[k] for k in _NAME_KEYS if isinstance(entry.get(k), str)), "")
    arguments: object = next((entry[k] for k in _ARGUMENT_KEYS if k in entry), {})
    return _call(name, arguments)


def _braced(read_call: Callable[[str], object]) -> Callable[[str], list[Call] | None]:
    def reader(body: str) -> list[Call] | None:
        found = _BRACED.fullmatch(body)
        if found is None:
            return None
        call = read_call(f"call:{found[1]}{found[2]}")
        if isinstance(call, Call):
            return [call]
        arguments: object
        try:
            arguments = json.loads(found[2])
        except (ValueError, RecursionError):
            pairs = re.findall(r"(\w+)\s*:\s*\"?([^,\"{}]+)\"?\s*(?:,|$)", found[2][1:-1])
            arguments = {key: value.strip() for key, value in pairs}
        call = _call(found[1], arguments)
        return [call] if call else None

    return reader


def _parenthesized(body: str) -> list[Call] | None:
    found = _PARENTHESIZED.fullmatch(body)
    if found is None:
        return None
    try:
        tree = ast.parse(f"f({found[2]})", mode="eval").body
        assert isinstance(tree, ast.Call)  # noqa: S101 - f(...) is one
        arguments = {str(k.arg): ast.literal_eval(k.value) for k in tree.keywords}
    except (SyntaxError, ValueError, AssertionError, MemoryError, RecursionError):
        return None
    call = None if tree.args else _call(found[1], arguments)
    return [call] if call else None


def _words(body: str) -> list[Call] | None:
    found = _WORDS.fullmatch(body)
    if found is None:
        return None
    return [Call(found[1], {"name": found[2].strip()} if found[2] else {})]


def _lines(body: str) -> list[Call] | None:
    """Several calls, a line each."""
    lines = [line for line in body.splitlines() if line.strip()]
    if not 1 < len(lines) <= 8:
        return None
    found = [_words(line.strip()) or _parenthesized(line.strip()) for line in lines]
    return [call for calls in found if calls for call in calls] if all(found) else None


def _call(name: str, arguments: object) -> Call | None:
    if not re.fullmatch(_NAME, name) or not isinstance(arguments, Mapping):
        return None
    values: dict[str, Value] = {}
    for key, value in arguments.items():
        if isinstance(value, list) and len(value) == 1:
            value = value[0]  # noqa: PLW2901  ("domain": ["light"])
        if value is None:
            continue
        if isinstance(value, str) and _CONTROL.search(value):
            return None
        if not isinstance(value, str | int | float) or not re.fullmatch(r"[A-Za-z_]\w{0,63}", str(key)):
            return None
        values[str(key)] = value
    return Call(name, values)
