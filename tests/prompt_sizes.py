"""How many tokens a model reads before anybody speaks: `python -m tests.prompt_sizes`, with a Home Assistant up.

For homes of three sizes and for everything in Home Assistant's `demo`: what Home Assistant itself would tell a model
(its prompt and tools), and what we do. Puts 500 things into the server and changes what is exposed: `make ha-up` after.
"""

import asyncio
import lzma
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import jinja2

from assistant import homes, manifest, places
from assistant.audio.clock import WallClock
from assistant.config import Config, HomeConfig
from assistant.gguf.gguf_file import read_header
from assistant.intents.home_assistant import connected
from assistant.llm import prompt
from assistant.llm.engine import read_vocabulary
from assistant.llm.prompt import PromptProfile
from tests.sized_home import ROOMS, things

HOME = Path(os.environ.get("HA_HOME", Path(__file__).parents[1] / "build" / "home-assistant"))
SIZES = (20, 120, 500)
MODEL = "e2b"
Command = Callable[..., Any]


class Counter:
    """Counts tokens of prompts in Gemma 4's real vocabulary, written by the chat template that comes with it."""

    def __init__(self, vocabulary: Path) -> None:
        self._tokenize = read_vocabulary(vocabulary).tokenize
        source = str(read_header(vocabulary).values["tokenizer.chat_template"])
        self._template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False).from_string(source)  # noqa: S701 - a prompt
        self.profile = PromptProfile(**manifest.load().entry(MODEL).prompt)

    def ours(self, home: homes.Home) -> int:
        """The whole prefix."""
        return len(self._tokenize(prompt.prefix(self.profile, home.router.tools(), home.router.context())))

    def theirs(self, told: str, tools: Sequence[Mapping[str, Any]]) -> int:
        """The same system text with Home Assistant's own prompt and tools."""
        messages = [{"role": "system", "content": f"{self.profile.system.strip()}\n\n{told}"}]
        functions = [{"type": "function", "function": tool} for tool in tools]
        return len(self._tokenize(self._template.render(messages=messages, tools=functions, bos_token="<bos>")))  # noqa: S106


async def measure(counter: Counter) -> None:
    """Print a table for docs/RESULTS.md."""
    url, token = ((HOME / name).read_text(encoding="utf-8") for name in ("url", "token"))
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/api/websocket", max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        assert (await socket.receive_json())["type"] == "auth_ok", "the server takes no token of ours"
        number = 0

        async def command(kind: str, **fields: Any) -> Any:
            nonlocal number
            number += 1
            await socket.send_json({"id": number, "type": kind, **fields})
            answer = await socket.receive_json()
            assert answer["success"], answer
            return answer["result"]

        tables = list(things(max(SIZES)))
        every = sorted(state["entity_id"] for state in await command("get_states"))
        await furnish(command, tables)
        print("| home | entities | Home Assistant's own: tools | tokens | ours: tools | shown | tokens |")
        print("|---|---|---|---|---|---|---|")
        sized = {f"ordinary, {size}": [table["id"] for table in tables[:size]] for size in SIZES}
        for name, ids in {**sized, "Home Assistant's demo and ours": every}.items():
            await expose(command, ids)
            print(f"| {name} | {len(ids)} | {await row(command, counter, url)} |")


async def furnish(command: Command, tables: Sequence[Mapping[str, Any]]) -> None:
    """Add the things, in their rooms."""
    there = {area["name"]: area["area_id"] for area in await command("config/area_registry/list")}
    for room in set(ROOMS) - set(there):
        there[room] = (await command("config/area_registry/create", name=room))["area_id"]
    data = {"things": tables}
    await command("call_service", domain="demo_home", service="add", service_data=data)
    for table in tables:
        area_id = there[table["area"]]
        await command("config/entity_registry/update", entity_id=table["id"], area_id=area_id)


async def expose(command: Command, ids: Sequence[str]) -> None:
    """Expose these and nothing else."""
    states = {state["entity_id"] for state in await command("get_states")}
    for shown, which in ((False, states - set(ids)), (True, set(ids))):
        await command(
            "homeassistant/expose_entity",
            assistants=["conversation"], entity_ids=sorted(which), should_expose=shown,
        )  # fmt: skip


async def row(command: Command, counter: Counter, url: str) -> str:
    """What both tell of the home as it is exposed now."""
    assist = await command("call_service", domain="demo_home", service="assist", service_data={}, return_response=True)
    told = assist["response"]
    theirs = counter.theirs(told["prompt"], told["tools"])
    config = Config(home=HomeConfig("home_assistant", url=url, token_file=str(HOME / "token"), area=ROOMS[0]))
    async with connected(config.home) as real:
        home = homes.build_home(config, manifest.load().entry(MODEL), WallClock(), real=real)
        shown = min(config.home.shown, len(real.states()))
        return f"{len(told['tools'])} | {theirs:,} | {len(home.router.tools())} | {shown} | {counter.ours(home):,}"


def main() -> None:
    """Unpack the vocabulary, measure."""
    with tempfile.TemporaryDirectory() as directory:
        vocabulary = Path(directory) / "gemma-4.gguf"
        vocabulary.write_bytes(lzma.decompress((places.models_dir() / manifest.VOCABULARY).read_bytes()))
        asyncio.run(measure(Counter(vocabulary)))


if __name__ == "__main__":
    main()
