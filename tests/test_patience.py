"""A model that stands still: when it is stopped, when it is given up, and how the process gets out."""

import asyncio
import ctypes
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import ModelFailed, ModelStuck
from assistant.llm.engine import Engine, Threads
from assistant.llm.ledger import Ledger
from assistant.llm.patience import Patience
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import Script
from assistant.llm.session import LlamaSession


def test_a_standstill_is_stopped_once_and_given_up_when_that_does_not_help() -> None:
    patience = Patience(30, 5)
    looks = [patience.look(now, 7, working=True) for now in (0, 29, 30, 33, 34.9, 35)]
    assert looks == ["fine", "fine", "slow", "fine", "fine", "stuck"]


def test_a_beat_or_an_idle_thread_begins_anew() -> None:
    patience = Patience(30, 5)
    assert patience.look(0, 1, working=True) == "fine"
    assert patience.look(29, 2, working=True) == "fine"
    assert patience.look(50, 2, working=False) == "fine"
    assert patience.look(79, 2, working=True) == "fine"
    assert patience.look(80, 2, working=True) == "slow"
    assert patience.look(81, 3, working=True) == "fine"
    assert patience.look(110, 3, working=True) == "fine"


@pytest.fixture
def hung(mini: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., LlamaSession]:
    """Make sessions whose first reply hangs, until they are aborted or `free` is set."""

    def make(free: threading.Event, *, abortable: bool) -> LlamaSession:
        engine = Engine(*mini, context=1024, threads=Threads(1, 1))
        script = Script(engine.vocabulary.tokenize("Yes.<turn|>") for _ in range(2))
        ledger = Ledger(engine, PromptProfile(""), script, max_tokens=50, now_s=lambda: 0.0)
        ledger.prepare("<bos><|turn>system\nHi.<turn|>\n")
        real, first = engine.main.decode_tokens, iter([True])

        def hang(*args: object) -> object:
            if next(first, False):
                while not free.wait(0.01) and not (abortable and ctypes.string_at(engine._stop, 1) != b"\0"):
                    pass
            return real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(engine.main, "decode_tokens", hang)
        return LlamaSession(engine, ledger, patience=Patience(0.3, 0.3))

    return make


async def ask(session: LlamaSession) -> str:
    await session.open()
    await session.write("hi")
    return "".join([p.text async for p in session.commit()])


async def test_a_decode_that_stands_still_is_a_failed_turn_and_the_next_one_works(
    hung: Callable[..., LlamaSession],
) -> None:
    session = hung(threading.Event(), abortable=True)
    async with asyncio.timeout(60):
        with pytest.raises(ModelFailed, match="stood still"):
            await ask(session)
        assert await ask(session) == "Yes."
    await session.aclose()


async def test_one_that_can_not_be_stopped_is_told_and_nobody_waits_for_it(hung: Callable[..., LlamaSession]) -> None:
    free = threading.Event()
    session = hung(free, abortable=False)
    told: list[ModelStuck] = []
    session.when_stuck(told.append)
    asking = asyncio.create_task(ask(session))
    try:
        async with asyncio.timeout(60):
            await asyncio.shield(session._worker._stuck)
            await session.settled()
            with pytest.raises(ModelStuck):
                await session.aclose()
        assert len(told) == 1
    finally:
        free.set()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
