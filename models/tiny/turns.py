"""What stands between two turns of a conversation: the home's responses to the calls and the spoken reply.

Training needs such history so that it doesn't confuse the model; the product's own sentences may differ a little.
"""

import random
import re

CALL = re.compile(r"<\|tool_call>call:(\w+)\{(.*?)\}<tool_call\|>")
QUOTE = '<|"|>'
STATES = (
    "on",
    "off",
    "open",
    "closed",
    "locked",
    "unlocked",
    "playing",
    "paused",
    "idle",
    "milk, eggs",
    "empty",
    "cloudy",
    "rainy",
)


def response(rng: random.Random, tool: str, arguments: str) -> tuple[str, str]:
    """One `response:...` field list and the words said after it."""
    name = re.search(r"name:<\|\"\|>(.*?)<\|\"\|>", arguments)
    fields: dict[str, str] = {"ok": "true"}
    said = rng.choice(("Done.", "Okay.", "Alright."))
    if name:
        fields["name"] = QUOTE + name[1] + QUOTE
    thing = name[1].capitalize() if name else "It"
    if rng.random() < 0.08:
        fields["ok"] = "false"
        return _join(fields), rng.choice(("Sorry, that didn't work.", "I couldn't do that."))
    if tool in ("HassGetState", "HassGetWeather", "HassTimerStatus", "HassGetCurrentTime", "HassGetCurrentDate"):
        if rng.random() < 0.5:
            value = round(rng.uniform(0, 30), 1)
            fields["value"] = f"{value}"
            said = f"It's {value} degrees."
        else:
            state = rng.choice(STATES)
            fields["state"] = QUOTE + state + QUOTE
            said = f"{thing} is {state}."
    elif tool == "HassTurnOn":
        said = f"{thing} on."
    elif tool == "HassTurnOff":
        said = f"{thing} off."
    return _join(fields), said


def _join(fields: dict[str, str]) -> str:
    return ",".join(f"{k}:{v}" for k, v in sorted(fields.items()))


def after(rng: random.Random, target: str) -> str:
    """Write what follows a TARGET in the history: responses and reply, up to and including the model's `<turn|>`.

    The target's own end token (`<|tool_response>` or `<turn|>`) is already there.
    """
    calls = CALL.findall(target)
    if not calls:
        return ""
    parts, said = [], "Done."
    for tool, arguments in calls:
        fields, said = response(rng, tool, arguments)
        parts.append(f"response:{tool}{{{fields}}}<tool_response|>")
    return "<|tool_response>".join(parts) + said + "<turn|>"
