"""How many steps of the whole model ten calls take: `python -m tests.call_steps`, a table for docs/RESULTS.md.

In Gemma 4's own vocabulary, with the demo home's tools. Each call is written as it stands here; counted is from the
opening token on, up to the end of the reply, which comes with the last step. Loads no weights.
"""

import lzma
import tempfile
from pathlib import Path

from assistant.audio.clock import AudioClock
from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.router import Router
from assistant.intents.timers import Timers
from assistant.llm.engine import read_vocabulary
from assistant.llm.grammar import CALL_END, QUOTE, Grammar, Tokenize
from assistant.manifest import VOCABULARY, models_dir

CALLS = {
    "turn on the kitchen light": "HassTurnOn{name:'kitchen light'}",
    "turn off all the lights": "HassTurnOff{domain:'light'}",
    "dim the living room light to thirty percent": "HassLightSet{name:'living room light',brightness:30}",
    "make the office light blue": "HassLightSet{name:'office light',color:'blue'}",
    "set the heating to twenty one degrees": "HassClimateSetTemperature{temperature:21}",
    "set a pasta timer for eight minutes": "HassStartTimer{minutes:8,name:'pasta'}",
    "add milk to the shopping list": "HassListAddItem{item:'milk'}",
    "what's the weather tomorrow": "HassGetWeather{day:'tomorrow'}",
    "next song": "HassMediaNext{}",
    "what time is it": "HassGetCurrentTime{}",
}


def cost(grammar: Grammar, tokenize: Tokenize, call: str) -> tuple[int, int, int]:
    """(tokens, choices, steps) of one call: guesses that are right need no step."""
    whole = list(tokenize(f"call:{call.replace(chr(39), QUOTE)}{CALL_END}"))
    guide = grammar.begin()
    written = guide.forced()
    choices, steps = 1, 1  # what the opening token brings along, read once
    guessed: list[list[int]] = []
    while len(written) < len(whole):
        run = guide.follow(whole[len(written)])
        written += run
        choices += 1
        if run in guessed[:1]:
            guessed.pop(0)
        else:
            guessed = guide.guess()
            steps += 1
    if written != whole:
        raise ValueError(f"not a legal call: {call}")
    return len(whole) + 1, choices, steps


def main() -> None:
    """Print the table."""
    timers = Timers(AudioClock(), lambda _: None)
    tools = Router([DemoHome(), timers, LocalClock(lambda: None)]).legal()  # type: ignore[arg-type, return-value]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocabulary.gguf"
        file.write_bytes(lzma.decompress((models_dir() / VOCABULARY).read_bytes()))
        tokenize = read_vocabulary(file).tokenize
    grammar = Grammar(tools, tokenize)
    print("| said | tokens | choices | steps |\n|---|---|---|---|")
    for said, call in CALLS.items():
        print(f"| {said} | {' | '.join(map(str, cost(grammar, tokenize, call)))} |")


if __name__ == "__main__":
    main()
