"""The session on its thread: pieces that stream, aborts, failures, and what the next turn finds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant import manifest, places
from assistant.errors import ModelDamaged, ModelFailed, ModelMissing
from assistant.llm.engine import Engine, Threads
from assistant.llm.grammar import Grammar
from assistant.llm.ledger import Ledger
from assistant.llm.loading import ModelSpec
from assistant.llm.parse import ReplyParser
from assistant.llm.prompt import PromptProfile
from assistant.llm.sampling import SamplingProfile, Script
from assistant.llm.session import LlamaSession
from assistant.llm.verdict import Doubts
from assistant.stages import Call, Outcome, Piece, Session, Tool, Verdict

Start = Callable[..., LlamaSession]
LONG = "la" * 200 + "<turn|>"
CALL = "<|tool_call>call:A{}<tool_call|><|tool_response>"


@pytest.fixture
async def start(mini: tuple[Path, Path]) -> AsyncIterator[Start]:
    """Sessions whose replies are scripted."""
    sessions = []

    def make(*replies: str) -> LlamaSession:
        engine = Engine(*mini, context=2048, threads=Threads(1, 1))
        script = Script(engine.vocabulary.tokenize(r) for r in replies)
        ledger = Ledger(engine, PromptProfile(""), script, max_tokens=1000, now_s=lambda: 0.0)
        ledger.prepare("<bos><|turn>system\nHi.<turn|>\n")
        sessions.append(LlamaSession(engine, ledger))
        return sessions[-1]

    yield make
    for session in sessions:
        await session.aclose()


async def ask(session: Session, text: str) -> str:
    await session.open()
    await session.write(text)
    return "".join([p.text async for p in session.commit()])


async def test_pieces_come_in_order_with_their_probability(start: Start) -> None:
    session = start("Hello there!<turn|>")
    await session.open()
    await session.write("hi")
    pieces = [p async for p in session.commit()]
    assert "".join(p.text for p in pieces) == "Hello there!"
    assert all(0 < p.probability <= 1 for p in pieces)
    assert session.timings.decoded_tokens == len(pieces)


async def test_what_can_be_nothing_else_comes_along_as_if_it_had_been_decoded(
    start: Start,
) -> None:
    """The same call, and the same probabilities after it, free and limited to tool A; then to tool B."""
    after = []
    for limited in (False, True):
        session = start(CALL, "Fine.<turn|>", CALL.replace(":A", ":B"))
        if limited:
            session._ledger.grammar = Grammar([Tool("A", "")], session._engine.vocabulary.tokenize)
        assert await ask(session, "hi") == CALL.removesuffix("<|tool_response>")
        assert (session.timings.forced_tokens > 0) == limited
        outcome = Outcome(Call("A", {}), ok=True, sentence=None)
        after.append([p.probability async for p in session.answer([outcome])])
    assert np.allclose(after[0], after[1], rtol=0.01)
    session.legalize([Tool("B", "")])
    assert ":B" in await ask(session, "again")


async def test_a_turn_that_begins_while_the_prompt_is_made_anew_is_not_disturbed(start: Start) -> None:
    """It stops the work, has the old prompt's bits, and the prompt follows after it."""
    undisturbed, session = start("Hello.<turn|>"), start("Hello.<turn|>", "Fine.<turn|>")
    expected = await probabilities(undisturbed)
    home = "lamp " * 250
    renewing = asyncio.create_task(session.renew((), home))
    async with asyncio.timeout(30):
        while session._ledger._trunk.at <= session._ledger._prefix.length:  # noqa: ASYNC110 - a thread of llama.cpp
            await asyncio.sleep(0)
    assert await probabilities(session) == expected
    assert not await renewing
    await session.drop()
    assert await session.renew((), home)
    assert session._ledger._prefix.length > 250
    assert await ask(session, "hi") == "Fine."


async def probabilities(session: Session) -> list[float]:
    await session.open()
    await session.write("hi")
    return [piece.probability async for piece in session.commit()]


async def test_pieces_come_while_the_model_still_decodes(start: Start) -> None:
    """The first one is here long before the last is computed."""
    session = start(LONG)
    await session.open()
    await session.write("sing")
    stream = session.commit()
    first = await anext(stream)
    assert first.text
    assert session.timings.decoded_tokens < 150
    rest = [p async for p in stream]
    assert len(rest) > 150


async def test_abort_ends_the_iterator_early(start: Start) -> None:
    """Without an error; the turn can be dropped, and the next one works."""
    session = start(LONG, "Fine.<turn|>")
    await session.open()
    await session.write("sing")
    pieces: list[Piece] = []
    async for piece in session.commit():
        pieces.append(piece)
        session.abort()
    assert 0 < len(pieces) < 150
    await session.drop()
    assert await ask(session, "how are you") == "Fine."


async def test_whoever_stops_listening_stops_the_model(start: Start) -> None:
    """Leaving the loop, or being cancelled, doesn't leave a decode behind."""
    session = start(LONG, LONG, "Fine.<turn|>")
    await session.open()
    await session.write("sing")
    async for _ in session.commit():
        break

    sings = asyncio.Event()

    async def listen() -> None:
        await session.open()
        await session.write("sing again")
        async for _ in session.commit():
            sings.set()

    task = asyncio.create_task(listen())
    await sings.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ask(session, "how are you") == "Fine."


async def test_results_are_worded_in_the_same_turn(start: Start) -> None:
    session = start(CALL, "Done.<turn|>", "Fine.<turn|>")
    outcome = Outcome(Call("A"), ok=True, sentence=None)
    assert await ask(session, "do it") == "<|tool_call>call:A{}<tool_call|>"
    assert "".join([p.text async for p in session.answer([outcome])]) == "Done."
    await session.remember("Done.", [outcome])
    assert await ask(session, "how are you") == "Fine."


async def test_a_failed_turn_raises_and_the_next_one_works(start: Start) -> None:
    """Whatever went wrong on the thread comes out as ModelFailed; the conversation begins again."""
    session = start()  # the script is empty: choosing fails
    await session.open()
    await session.write("hi")
    with pytest.raises(ModelFailed) as caught:
        _ = [p async for p in session.commit()]
    assert caught.value.remedy
    await session.remember("", ())
    session._ledger._writer._chooser = Script([session._engine.vocabulary.tokenize("Fine.<turn|>")])
    assert await ask(session, "how are you") == "Fine."


async def test_a_turn_too_long_for_the_cache_fails_alone(start: Start) -> None:
    session = start("Fine.<turn|>")
    with pytest.raises(ModelFailed, match="longer"):
        await ask(session, "x" * 5000)
    assert await ask(session, "how are you") == "Fine."


async def test_forget_leaves_the_prefix_only(start: Start) -> None:
    session = start("Hello.<turn|>", "Fine.<turn|>")
    await ask(session, "hi")
    await session.remember("Hello.", ())
    await session.forget()
    assert session._engine.main.length() == session._ledger._prefix.length


async def test_sound_is_taken_while_the_model_works(start: Start) -> None:
    """Feeding doesn't wait for the thread."""
    session = start("Fine.<turn|>")
    await session.open()
    for _ in range(50):
        await asyncio.wait_for(session.feed(np.zeros(320, np.int16)), 0.05)
    assert "".join([p.text async for p in session.commit()]) == "Fine."
    assert session.timings.audio_s == 1.0


async def test_closing_stops_a_running_reply(start: Start) -> None:
    session = start(LONG)
    await session.open()
    await session.write("sing")
    stream = session.commit()
    await anext(stream)
    await session.aclose()
    rest = [p async for p in stream]
    assert len(rest) < 150


def spec(files: Sequence[Path], **options: object) -> ModelSpec:
    model, mmproj = files
    return ModelSpec(model, mmproj, PromptProfile("Hi."), SamplingProfile(max_tokens=8), **options)  # type: ignore[arg-type]


async def test_a_start_loads_the_model_and_keeps_its_prefix(mini: tuple[Path, Path], tmp_path: Path) -> None:
    """The second start restores it, and answers the same to the bit."""

    async def answers() -> list[Piece]:
        session: Session = await LlamaSession.start(spec(mini, context=1024, threads=Threads(1, 1)), cache_dir=tmp_path)
        await session.open()
        await session.feed(np.arange(8000).astype(np.int16))
        pieces = [p async for p in session.commit()]
        await session.aclose()
        return pieces

    def files() -> list[tuple[str, int]]:
        return [(p.name, p.stat().st_mtime_ns) for p in tmp_path.iterdir()]

    first = await answers()
    written = files()
    assert len(written) == 1
    assert await answers() == first
    assert files() == written


async def test_a_scripted_session_says_its_line_in_every_turn(mini: tuple[Path, Path]) -> None:
    """For bench: random weights have nothing to say, but cost what they cost."""
    session = await LlamaSession.start(spec(mini, context=1024), script="Ok.<turn|>")
    assert [await ask(session, "hi"), await ask(session, "again")] == ["Ok.", "Ok."]
    await session.aclose()


async def test_a_start_without_files_says_what_to_do(mini: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        await LlamaSession.start(spec((mini[0], tmp_path / "none")))
    with pytest.raises(ModelDamaged):
        await LlamaSession.start(spec((mini[1], mini[1])))


@pytest.mark.parametrize(
    ("whole", "cut", "said"), [(CALL, False, CALL.removesuffix("<|tool_response>")), ("What?<turn|>", True, "Fine.")]
)
async def test_a_voice_beside_ours_is_given_up_unless_all_of_it_is_a_call(
    start: Start, whole: str, cut: bool, said: str
) -> None:
    """The call is held until it is let out."""
    session = start(whole, "Fine.<turn|>")
    await session.open()
    await session.feed(np.ones(16_000, np.int16))
    assert await session.cut(8_000) is cut
    assert "".join([p.text async for p in session.commit()]) == said
    assert session._ledger.hearing.samples == (8_000 if cut else 16_000)


async def test_a_draft_that_asks_for_what_the_one_before_it_did_says_so_in_the_same_turn(start: Start) -> None:
    """Whether that was thrown away, or let out already."""
    session, told = start(*[CALL] * 6), list[Verdict]()
    session._ledger.listens_ahead = True

    async def draft() -> bool:
        assert await session.draft(lambda: None, told.append)
        await session.settled()
        return told[-1].again

    for _ in range(2):
        await session.open()
        await session.feed(np.ones(16_000, np.int16))
        assert not await draft()
        await session.retract()
        assert await draft()
        assert len([piece async for piece in session.commit()]) > 2
        await session.retract()
        assert await draft()
    await session.drop()


async def drafted(session: LlamaSession) -> Verdict:
    """Half a second of sound, answered while it may go on."""
    told = list[Verdict]()
    session._ledger.listens_ahead = True
    await session.open()
    await session.feed(np.ones(8_000, np.int16))
    assert await session.draft(lambda: None, told.append)
    await session.settled()
    return told[-1]


@pytest.mark.parametrize(
    ("doubts", "second", "said", "vouched"),
    [
        (Doubts(sure=1.1, agreeing=0.0), CALL, ":A", True),
        (Doubts(sure=1.1, agreeing=1.1), CALL, ":A", False),
        (Doubts(sure=1.1, agreeing=0.0), CALL.replace(":A", ":B"), ":B", False),
        (Doubts(sure=1.1, agreeing=0.0), "What?<turn|>", "What?", None),
        (Doubts(), "unheard<turn|>", ":A", True),
    ],
)
async def test_a_doubtful_draft_counts_if_the_whole_sound_says_the_same(
    start: Start, doubts: Doubts, second: str, said: str, vouched: bool | None
) -> None:
    """Then it is as likely as the likelier of both; else the second is what is said."""
    session = start(CALL, second)
    session._doubts = doubts
    first = await drafted(session)
    await session.feed(np.full(8_000, 5, np.int16))
    pieces = [piece async for piece in session.commit()]
    assert said in "".join(piece.text for piece in pieces)
    if vouched is not None:
        assert (min(piece.probability for piece in pieces) >= first.confidence) is vouched


async def test_a_draft_of_talk_is_let_out_as_it_is(start: Start) -> None:
    session = start("Hello.<turn|>", "unheard<turn|>")
    session._doubts = Doubts(sure=1.1)
    assert (await drafted(session)).kind == "talk"
    assert "".join([piece.text async for piece in session.commit()]) == "Hello."


@pytest.mark.parametrize(("second", "addressed"), [(CALL, True), ("What?<turn|>", False)])
async def test_whether_a_doubtful_draft_was_meant_for_us_the_whole_sound_tells(
    start: Start, second: str, addressed: bool
) -> None:
    """It is decoded once for that, and let out when it is committed."""
    session = start(CALL, second)
    session._doubts = Doubts(frozenset({"What?"}), sure=1.1)
    await drafted(session)
    assert (await session.weigh()).addressed is addressed
    assert second.startswith("".join([piece.text async for piece in session.commit()]))


@pytest.mark.parametrize("replies", [(), (CALL,)])
async def test_a_draft_that_fails_or_whose_second_decode_does_leaves_nothing_behind(
    start: Start, replies: tuple[str, ...]
) -> None:
    """The model may read of another home at once."""
    session = start(*replies)
    session._doubts = Doubts(sure=1.1)
    await drafted(session)
    with pytest.raises(ModelFailed):
        _ = [piece async for piece in session.commit()]
    assert await session.renew((), "lamp")


async def test_whoever_stops_waiting_for_the_second_decode_stops_it(start: Start) -> None:
    session = start(CALL, LONG, "Fine.<turn|>")
    session._doubts = Doubts(sure=1.1)
    await drafted(session)

    async def listen() -> None:
        _ = [piece async for piece in session.commit()]

    steps, task = session.beats, asyncio.create_task(listen())
    async with asyncio.timeout(30):
        while session.beats < steps + 20:  # noqa: ASYNC110 - a thread of llama.cpp
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stopped = session.beats
    await session.settled()
    assert session.beats == stopped
    assert await ask(session, "how are you") == "Fine."


@pytest.mark.models
async def test_tiny_obeys_two_typed_commands_in_a_row() -> None:
    """The shipped model through the whole stack: its own prompt, its tokenizer, a call, and history in between."""
    entry = manifest.load().models["tiny"]
    model, mmproj = (places.models_dir() / f.file for f in (entry.text, entry.mmproj))
    if not (model.is_file() and mmproj.is_file()):
        pytest.skip("models/tiny holds no trained model yet")
    tiny = ModelSpec(model, mmproj, PromptProfile(**entry.prompt), SamplingProfile(**entry.sampling))
    session = await LlamaSession.start(tiny)
    for said, name, light in (("turn on", "HassTurnOn", "kitchen light"), ("turn off", "HassTurnOff", "hallway light")):
        parser = ReplyParser()
        await session.open()
        await session.write(f"{said} the {light}")
        parts = [part async for piece in session.commit() for part in parser.feed(piece)] + parser.finish()
        assert parts == [Call(name, {"name": light})]
        await session.remember("Done.", [Outcome(Call(name, {"name": light}), ok=True, sentence="Done.")])
    await session.aclose()


async def test_an_opinion_that_nobody_waits_for_any_more_is_stopped_and_the_turn_goes_on(start: Start) -> None:
    """The person went on while the model was asked: its thread still decodes, and the next reply works."""
    session = start(LONG, "Fine.<turn|>")
    await session.open()
    await session.write("perhaps")
    weighing = asyncio.create_task(session.weigh())
    async with asyncio.timeout(30):
        while not session.timings.decoded_tokens:  # noqa: ASYNC110 - a thread of llama.cpp
            await asyncio.sleep(0)
    weighing.cancel()
    await asyncio.wait([weighing])
    await session.retract()
    assert session.timings.decoded_tokens < 350
    assert "".join([p.text async for p in session.commit()]) == "Fine."


async def test_a_reply_that_was_given_up_is_stopped_though_the_next_turn_begins_at_once(start: Start) -> None:
    """Whoever read it hasn't come to an end yet: the abort isn't taken back before the thread has seen it."""
    session = start(LONG, "Fine.<turn|>")
    await session.open()
    await session.write("sing")

    async def listen() -> None:
        async for _ in session.commit():
            sings.set()

    sings = asyncio.Event()
    listening = asyncio.create_task(listen())
    await sings.wait()
    begun = session.beats
    session.abort()
    listening.cancel()
    next_turn = asyncio.create_task(session.open())
    await asyncio.wait([listening, next_turn])
    assert session.beats - begun < 200
    assert await ask(session, "how are you") == "Fine."
