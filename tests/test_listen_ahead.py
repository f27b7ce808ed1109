"""Listening ahead: what is taken in early, drafted and retracted leaves what a fresh run leaves.

The bits are compared: the probability of every drafted token. On small random weights, on tiny, and on shape where it
has been made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from assistant.gguf import ear_slice
from assistant.llm.conformer import Conformer
from assistant.llm.decoder import Aborted, Rows
from assistant.llm.engine import Engine, Threads
from assistant.llm.hearing import ROW
from assistant.llm.ledger import Ledger
from assistant.llm.prompt import AUDIO_CLOSE, REPLY_OPEN, PromptProfile
from assistant.llm.sampling import Chooser, Script
from assistant.llm.session import LlamaSession
from assistant.manifest import data_dirs
from assistant.places import models_dir
from assistant.stages import Call, Outcome, Pcm, Piece, Verdict

REPLY = "Yes.<turn|>"
CHUNK = 320


class Ahead:
    """A ledger that listens ahead, one for all tests of this module; every reply is the same script."""

    def __init__(self, model: Path, mmproj: Path, ear: Path) -> None:
        self.engine = Engine(model, mmproj, context=1024, threads=Threads(1, 1), ear=ear)
        self.ledger = Ledger(
            self.engine,
            PromptProfile(""),
            self._script(),
            max_tokens=50,
            now_s=lambda: 0.0,
            encoder=Conformer(mmproj),
        )
        self.ledger.prepare("<bos><|turn>system\nYou are Gemma.<turn|>\n")

    def _script(self) -> Chooser:
        tokens = self.engine.vocabulary.tokenize(REPLY)
        return Script(tokens for _ in iter(int, 1))

    def hear(self, sound: Pcm) -> None:
        for start in range(0, len(sound), CHUNK):
            self.ledger.hear(sound[start : start + CHUNK])
            self.ledger.listen()

    def draft(self) -> list[float]:
        """What a reply now is made of: the probabilities of its tokens."""
        pieces: list[Piece] = []
        self.ledger.draft(pieces.append)
        return [piece.probability for piece in pieces]

    def commit(self) -> list[float]:
        """What the reply to the whole turn is made of."""
        pieces: list[Piece] = []
        self.ledger.commit(pieces.append)
        return [piece.probability for piece in pieces]

    def rows_read(self) -> int:
        """How many rows of sound the open turn's reply stands behind."""
        turn = self.ledger._turn
        assert turn is not None
        assert turn.sound_at is not None
        assert turn.reply_at is not None
        return turn.reply_at - turn.sound_at - len(self.engine.vocabulary.tokenize(AUDIO_CLOSE + REPLY_OPEN))

    def fresh(self, sound: Pcm) -> list[float]:
        """The same for a turn that was heard without any pause."""
        self.ledger.open()
        self.hear(sound)
        return self.commit()


@contextmanager
def listening(model: Path, mmproj: Path, folder: Path) -> Iterator[Ahead]:
    """A world around a model."""
    ear = ear_slice.cut(model)
    assert ear is not None
    ear.write(folder / "ear.gguf")
    world = Ahead(model, mmproj, folder / "ear.gguf")
    yield world
    world.ledger.close()
    world.engine.close()


@pytest.fixture(scope="module")
def ahead(mini: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ahead]:
    with listening(*mini, tmp_path_factory.mktemp("ear")) as world:
        yield world


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ahead]:
    text, mmproj = (models_dir() / "tiny" / f"tiny-{part}.gguf" for part in ("text", "mmproj"))
    with listening(text, mmproj, tmp_path_factory.mktemp("ear")) as world:
        yield world


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ahead]:
    text, mmproj = (data_dirs()[0] / "shape" / f"shape-{part}.gguf" for part in ("text-Q4_0", "mmproj-Q8_0"))
    if not (text.exists() and mmproj.exists()):
        pytest.skip("`hey-gemma models shape` makes it: 3.7 GB of random weights")
    with listening(text, mmproj, tmp_path_factory.mktemp("ear")) as world:
        yield world


def noise(rng: np.random.Generator, seconds: float) -> Pcm:
    return rng.normal(0, 2000, int(seconds * 16_000)).astype(np.int16)


def test_most_of_a_sentence_is_in_the_cache_before_it_ends(ahead: Ahead) -> None:
    ahead.ledger.open()
    before = ahead.ledger._trunk.at
    ahead.hear(noise(np.random.default_rng(1), 2.0))
    assert ahead.ledger._trunk.at - before >= 40


def check_that_drafts_leave_no_trace(ahead: Ahead, seed: int) -> None:
    """Whatever was drafted, wherever the decode was stopped, however the sound came in pieces."""
    rng = np.random.default_rng(seed)
    sound = noise(rng, rng.uniform(0.3, 1.2))
    expected = ahead.fresh(sound)
    ahead.ledger.open()
    at = 0
    while at < len(sound):
        end = min(len(sound), at + CHUNK * int(rng.integers(1, 20)))
        ahead.hear(sound[at:end])
        at = end
        if at < len(sound) and rng.random() < 0.5:
            _draft_a_little(ahead, int(rng.integers(0, 8)))
            ahead.ledger.hear(sound[at : at + CHUNK])
            at += CHUNK
            ahead.ledger.retract()
    assert ahead.commit() == expected


@pytest.mark.parametrize("seed", range(200))
def test_drafts_that_are_retracted_leave_no_trace(ahead: Ahead, seed: int) -> None:
    check_that_drafts_leave_no_trace(ahead, seed)


@pytest.mark.models
@pytest.mark.parametrize("seed", range(200))
def test_they_leave_none_on_tiny(tiny: Ahead, seed: int) -> None:
    check_that_drafts_leave_no_trace(tiny, seed)


@pytest.mark.models
@pytest.mark.parametrize("seed", range(2))
def test_they_leave_none_on_shape(shape: Ahead, seed: int) -> None:
    check_that_drafts_leave_no_trace(shape, seed)


@pytest.mark.parametrize("seed", range(20))
def test_what_was_committed_too_early_can_be_taken_back(ahead: Ahead, seed: int) -> None:
    """Draft or not, answered or not: the flush of the encoder leaves no trace either."""
    rng = np.random.default_rng(1000 + seed)
    sound = noise(rng, 1.2)
    expected = ahead.fresh(sound)
    cut = CHUNK * int(rng.integers(20, 50))
    ahead.ledger.open()
    ahead.hear(sound[:cut])
    if seed % 2:
        ahead.draft()
        ahead.ledger.retract()
    ahead.commit()
    if seed % 3 == 0:  # the home has done it, and the model has said so
        ahead.ledger.answer([Outcome(Call("A"), ok=True, sentence=None)], lambda piece: None)
    ahead.ledger.hear(sound[cut : cut + CHUNK])
    ahead.ledger.retract()
    ahead.hear(sound[cut + CHUNK :])
    assert ahead.commit() == expected


def check_that_a_cut_leaves_what_was_before(ahead: Ahead, seed: int) -> None:
    """The reply is that of a draft which read as much, whatever came behind and was answered already."""
    rng = np.random.default_rng(2000 + seed)
    sound, more = noise(rng, rng.uniform(0.4, 1.2)), noise(rng, rng.uniform(0.3, 0.9))
    ahead.ledger.open()
    ahead.hear(sound)
    expected = ahead.draft()
    rows = ahead.rows_read()
    if seed % 2:
        ahead.ledger.retract()
    else:
        ahead.ledger.open()
        ahead.hear(sound)
    ahead.hear(more)
    if seed % 3:
        ahead.commit()
        ahead.ledger.retract()
    behind = ahead.ledger.hearing.samples - rows * ROW
    ahead.ledger.cut(behind)
    assert ahead.commit() == expected


@pytest.mark.parametrize("seed", range(24))
def test_sound_that_was_somebody_elses_leaves_no_trace(ahead: Ahead, seed: int) -> None:
    check_that_a_cut_leaves_what_was_before(ahead, seed)


@pytest.mark.models
@pytest.mark.parametrize("seed", range(12))
def test_it_leaves_none_on_tiny(tiny: Ahead, seed: int) -> None:
    check_that_a_cut_leaves_what_was_before(tiny, seed)


@pytest.mark.models
def test_it_leaves_none_on_shape(shape: Ahead) -> None:
    check_that_a_cut_leaves_what_was_before(shape, 1)


@pytest.mark.models
def test_a_sound_that_is_taken_as_a_whole_can_be_cut_too(tiny: Ahead) -> None:
    """As many rows are read as of the sound that was before, and the reply is what those give."""
    rng = np.random.default_rng(11)
    sound, more = noise(rng, 0.8), noise(rng, 0.5)
    tiny.ledger.listen_ahead(on=False)
    try:
        read = []
        for heard, behind in ((sound, 0), (np.concatenate([sound, more]), len(more))):
            tiny.ledger.open()
            tiny.hear(heard)
            if behind:
                tiny.ledger.cut(behind)
            read.append((tiny.commit(), tiny.ledger._trunk.at))
            tiny.ledger.drop()
        assert read[0][1] == read[1][1]
        assert np.allclose(read[0][0], read[1][0], rtol=0.2)  # but for what the last row hears of the other voice
    finally:
        tiny.ledger.listen_ahead(on=True)


def test_a_draft_does_not_run_after_the_sound_that_comes_meanwhile(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine it would never begin to answer."""
    ahead.ledger.open()
    ahead.hear(noise(np.random.default_rng(9), 0.5))
    hearing, silence = ahead.ledger.hearing, np.zeros(1280, np.int16)
    encode, hops = hearing._encoder.encode, list[int]()

    def encode_while_more_comes(hop: int) -> Rows:
        hops.append(hop)
        hearing.hear(silence)
        return encode(hop)

    monkeypatch.setattr(hearing._encoder, "encode", encode_while_more_comes)
    hearing.hear(silence)
    ahead.draft()
    assert len(hops) <= 2
    ahead.ledger.drop()


def test_hops_are_multiples_of_four_and_grow_with_what_waits(ahead: Ahead) -> None:
    hearing = ahead.ledger.hearing
    hearing.reset()
    ready = []
    for _ in range(25):
        hearing.hear(np.full(320, 8000, np.int16))
        ready.append(hearing.ready())
    # a row is final with the first sample behind it
    assert ready == [0] * 8 + [4] * 8 + [8] * 8 + [12]


async def test_a_session_that_is_too_far_behind_makes_no_draft(ahead: Ahead) -> None:
    """And says so; it goes on listening, with the largest hops."""
    session = LlamaSession(ahead.engine, ahead.ledger)
    await session.open()
    ahead.ledger.hear(noise(np.random.default_rng(7), 1.5))
    assert not await session.draft(lambda: None, lambda _: None)
    assert ahead.ledger.hearing.ready() == 12
    ahead.ledger.listen()
    assert await session.draft(lambda: None, lambda _: None)
    await session.drop()


async def test_a_draft_is_held_until_it_is_committed(ahead: Ahead) -> None:
    told: list[object] = []
    session = LlamaSession(ahead.engine, ahead.ledger)
    await session.open()
    await session.feed(noise(np.random.default_rng(8), 0.6))
    await session.settled()
    assert await session.draft(lambda: told.append("token"), told.append)
    await session.settled()
    assert told == ["token", Verdict("talk", 1.0)]
    assert "".join([piece.text async for piece in session.commit()]) == "Yes."
    await session.drop()


def _draft_a_little(ahead: Ahead, tokens: int) -> None:
    """Draft, and be stopped after some tokens."""
    taken = 0

    def emit(_: Piece) -> None:
        nonlocal taken
        taken += 1
        if taken > tokens:
            ahead.engine.abort()

    try:
        ahead.ledger.draft(emit)
    except Aborted:
        pass
    finally:
        ahead.engine.allow()


def test_listening_ahead_and_after_give_nearly_the_same(ahead: Ahead) -> None:
    """Batches of another size round otherwise; nothing else differs."""
    sound = noise(np.random.default_rng(5), 1.5)
    early = ahead.fresh(sound)
    ahead.ledger.listen_ahead(on=False)
    try:
        late = ahead.fresh(sound)
    finally:
        ahead.ledger.listen_ahead(on=True)
    assert np.allclose(early, late, rtol=0.02)


def test_the_next_turn_goes_on_after_a_reply_that_only_the_main_decoder_knows(ahead: Ahead) -> None:
    """A history in the cache: what the ear missed is lent to it."""
    sound = noise(np.random.default_rng(6), 0.8)
    results = []
    for on in (True, False):
        ahead.ledger.listen_ahead(on=on)
        ahead.ledger.reset()
        ahead.fresh(sound)
        ahead.ledger.remember("Yes.", ())
        results.append(ahead.fresh(sound))
    ahead.ledger.listen_ahead(on=True)
    ahead.ledger.reset()
    assert np.allclose(results[0], results[1], rtol=0.02)
    assert not np.allclose(results[0], ahead.fresh(sound), rtol=0.02)  # without the history


def test_a_turn_after_a_long_pause_begins_where_the_forgotten_one_began(ahead: Ahead) -> None:
    """Both decoders forget a history that is too old: found by the soak, the first command after a pause failed."""
    rng = np.random.default_rng(5)
    at_s = 0.0
    ledger = ahead.ledger
    before, ledger._now_s = ledger._now_s, lambda: at_s
    try:
        ledger.reset()
        fresh = ahead.fresh(sound := noise(rng, 1.0))
        ledger.remember("Yes.", ())
        assert not ledger.idle
        at_s = 100_000.0
        assert ahead.fresh(sound) == fresh
    finally:
        ledger._now_s = before
        ledger.reset()
