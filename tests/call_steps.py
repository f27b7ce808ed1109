"""What ten calls cost: `python -m tests.call_steps [shape]`, a table for docs/RESULTS.md.

In Gemma 4's own vocabulary, with the demo home's tools. Each call is written as it stands here; counted is from the
opening token on, up to the end of the reply, which comes with the last step. With `shape` each is computed too, on one
thread: processor time freely decoded, with choices only, and with guesses.
"""

import lzma
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from assistant import manifest, sessions
from assistant.audio.clock import AudioClock
from assistant.config import Config
from assistant.intents.demo_home import DemoHome
from assistant.intents.local import LocalClock
from assistant.intents.router import Router
from assistant.intents.timers import Timers
from assistant.llm import prompt
from assistant.llm.engine import Engine, Threads, read_vocabulary
from assistant.llm.grammar import CALL_END, QUOTE, Grammar, Guide, Tokenize
from assistant.llm.ledger import Ledger
from assistant.llm.prefix_cache import PrefixCache, identity
from assistant.llm.sampling import Script
from assistant.places import cache_dir, models_dir
from assistant.stages import Piece

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
REPEATS = 3


class Unsure(Grammar):
    """Guesses at nothing."""

    def begin(self) -> Guide:
        """A call whose every choice takes a step."""
        guide = super().begin()
        guide.guess = lambda most=0: []  # type: ignore[method-assign]
        return guide


def written(call: str) -> str:
    """As Gemma writes it, behind the opening token."""
    return f"call:{call.replace(chr(39), QUOTE)}{CALL_END}"


def cost(grammar: Grammar, tokenize: Tokenize, call: str) -> tuple[int, int, int]:
    """(tokens, choices, steps) of one call: guesses that are right need no step."""
    whole = list(tokenize(written(call)))
    guide = grammar.begin()
    done = guide.forced()
    choices, steps = 1, 1  # what the opening token brings along, read once
    guessed = guide.guess()
    while len(done) < len(whole):
        run = guide.follow(whole[len(done)])
        done += run
        choices += 1
        if run in guessed[:1]:
            guessed.pop(0)
        else:
            guessed = guide.guess()
            steps += 1
    if done != whole:
        raise ValueError(f"not a legal call: {call}")
    return len(whole) + 1, choices, steps


class Shape:
    """E2B's shapes, and the seconds of one thread that a call takes behind its opening token."""

    def __init__(self, router: Router) -> None:
        entry = manifest.load().entry("shape")
        spec = sessions.spec(Config().model, entry)
        engine = Engine(spec.model, spec.mmproj, threads=Threads(1, 1), ear=spec.ear)
        self._tokenize = engine.vocabulary.tokenize
        self._tools = router.legal()
        self._reply: list[int] = []
        script = Script(self._reply for _ in count())
        self._ledger = Ledger(engine, spec.prompt, script, max_tokens=64, now_s=lambda: 0.0)
        prefix = prompt.prefix(spec.prompt, router.tools(), router.context())
        self._ledger.prepare(prefix, PrefixCache(cache_dir()), identity(spec.model))

    def seconds(self, said: str, call: str) -> list[float]:
        """Free, choices, guesses: the least of some runs in turn."""
        self._reply[:] = self._tokenize(f"{prompt.TOOL_CALL}{written(call)}<|tool_response>")
        ways = (None, Unsure(self._tools, self._tokenize), Grammar(self._tools, self._tokenize))
        return [
            min(times) for times in zip(*([self._one(said, way) for way in ways] for _ in range(REPEATS)), strict=True)
        ]

    def _one(self, said: str, grammar: Grammar | None) -> float:
        began: list[float] = []

        def emit(piece: Piece) -> None:
            del piece
            if not began:
                began.append(time.process_time())

        self._ledger.grammar = grammar
        self._ledger.open()
        self._ledger.read(said)
        self._ledger.commit(emit)
        return time.process_time() - began[0]


def main() -> None:
    """Print the table."""
    timers = Timers(AudioClock(), lambda _: None)
    router = Router([DemoHome(), timers, LocalClock(lambda: None)])  # type: ignore[arg-type, return-value]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocabulary.gguf"
        file.write_bytes(lzma.decompress((models_dir() / manifest.VOCABULARY).read_bytes()))
        tokenize = read_vocabulary(file).tokenize
    grammar = Grammar(router.legal(), tokenize)
    shape = Shape(router) if "shape" in sys.argv else None
    print("| said | tokens | choices | steps |" + " free s | choices s | guesses s |" * bool(shape))
    print("|---|---|---|---|" + "---|---|---|" * bool(shape))
    for said, call in CALLS.items():
        timed = [f"{s:.2f}" for s in shape.seconds(said, call)] if shape else []
        print(f"| {said} | {' | '.join([*map(str, cost(grammar, tokenize, call)), *timed])} |", flush=True)


if __name__ == "__main__":
    main()
