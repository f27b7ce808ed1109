"""The half-depth ear against the whole decoder: the same bits, on tiny's trained weights and on E2B's shapes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from assistant import manifest, places, weights
from assistant.errors import ModelDamaged, ModelFailed
from assistant.llm.decoder import Aborted, Logits
from assistant.llm.engine import Engine, Threads
from assistant.stages import SAMPLE_RATE_HZ

PREFIX = "<bos><|turn>system\nYou are Gemma, a voice assistant.<turn|>\n"
OPEN = "<|turn>user\n<|audio>"
CLOSE = "<audio|><turn|>\n<|turn>model\n"
ROUNDING = 0.2  # logits are rounded otherwise in small batches; measured 0.07 (spread of logits: 3.3)


@dataclass
class Talk:
    """A prefix, the opening of a turn, rows of sound and the tokens that close the turn."""

    engine: Engine

    def __post_init__(self) -> None:
        words = self.engine.vocabulary
        self.prefix, self.open, self.close = (words.tokenize(text) for text in (PREFIX, OPEN, CLOSE))
        sound = np.random.default_rng(1).normal(0, 3000, 64 * 640).astype(np.int16)
        self.rows = self.engine.encode(sound[: 3 * SAMPLE_RATE_HZ])
        self.clear()

    def clear(self) -> None:
        for decoder in (self.engine.main, self.engine.ear):
            assert decoder is not None
            for sequence in (0, 1):
                decoder.remove(0, sequence=sequence)

    def whole(self, hop: int = 64) -> Logits:
        """All layers for everything, in the batches of `turn`: attention rounds by a batch's size."""
        self.clear()
        main = self.engine.main
        main.append_tokens(self.prefix, 0)
        main.append_tokens(self.open, len(self.prefix))
        at = len(self.prefix) + len(self.open)
        for begin in range(0, len(self.rows), hop):
            main.decode_rows(self.rows[begin : begin + hop], at + begin)
        main.append_tokens(self.close[:-1], at + len(self.rows))
        return main.decode_tokens(self.close[-1:], main.length())

    def half(self, hop: int = 64) -> Logits:
        """Half the layers for all but the prefix and the last token."""
        self.clear()
        self.engine.main.append_tokens(self.prefix, 0)
        self.engine.lend(0)
        return self.turn(hop)

    def turn(self, hop: int = 64) -> Logits:
        """The turn through the ear, behind a prefix that both have; its last token on the whole decoder."""
        main, ear, start = self.engine.main, self.engine.ear, len(self.prefix)
        assert ear is not None
        assert ear.length() == main.length() == start
        ear.append_tokens(self.open, start)
        at = start + len(self.open)
        for begin in range(0, len(self.rows), hop):
            ear.decode_rows(self.rows[begin : begin + hop], at + begin)
        ear.append_tokens(self.close[:-1], at + len(self.rows))
        self.engine.hand_over(start)
        assert main.length() == ear.length()
        assert main.length(1) == ear.length(1) == 0
        return main.decode_tokens(self.close[-1:], main.length())


def engine_of(name: str, cache: Path) -> Engine:
    found = weights.paths(manifest.load().entry(name))
    return Engine(found.text, found.mmproj, context=1024, threads=Threads(1, 1), ear=weights.prepared_ear(found, cache))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    engine = engine_of("tiny", tmp_path_factory.mktemp("cache"))
    yield Talk(engine)
    engine.close()


@pytest.fixture(scope="module")
def e2b_shaped() -> Iterator[Talk]:
    if not (manifest.data_dirs()[0] / "shape").is_dir():
        pytest.skip("E2B's shapes aren't here: hey-gemma models shape")
    engine = engine_of("shape", places.cache_dir())
    yield Talk(engine)
    engine.close()


def test_the_ear_gives_the_same_bits(tiny: Talk) -> None:
    """Prefix lent, sound and closing tokens through the ear, the last token through all layers."""
    assert np.array_equal(tiny.half(), tiny.whole())


@pytest.mark.parametrize("hop", [2, 4, 8])
def test_hops_give_the_bits_that_the_whole_decoder_gives_in_such_hops(tiny: Talk, hop: int) -> None:
    """Only the batch's size rounds otherwise, in both alike."""
    logits = tiny.half(hop)
    assert np.array_equal(logits, tiny.whole(hop))
    np.testing.assert_allclose(logits, tiny.whole(), atol=ROUNDING)


def test_a_prefix_can_go_through_the_ear(tiny: Talk) -> None:
    """In a third of the time, and with the same bits."""
    whole = tiny.whole()
    tiny.clear()
    assert tiny.engine.ear is not None
    tiny.engine.ear.append_tokens(tiny.prefix, 0)
    tiny.engine.hand_over(0)
    assert np.array_equal(tiny.turn(), whole)


def test_a_turn_that_was_taken_back_can_be_said_again(tiny: Talk) -> None:
    """Whole or only its closing: what was handed over and removed leaves no trace."""
    first = tiny.half()
    main, ear, start = tiny.engine.main, tiny.engine.ear, len(tiny.prefix)
    assert ear is not None
    for decoder in (main, ear):
        decoder.remove(start)
    assert np.array_equal(tiny.turn(), first)
    closing = start + len(tiny.open) + len(tiny.rows)
    main.remove(closing)
    ear.remove(closing)
    ear.append_tokens(tiny.close[:-1], closing)
    tiny.engine.hand_over(closing)
    assert np.array_equal(main.decode_tokens(tiny.close[-1:], main.length()), first)


def test_the_reply_can_be_lent_to_the_ear(tiny: Talk) -> None:
    """What the whole decoder appended is where the next turn goes on."""
    main, ear = tiny.engine.main, tiny.engine.ear
    assert ear is not None
    first = tiny.half()
    end = main.length()
    tiny.engine.lend(end - 1)
    assert ear.length() == end
    ear.append_tokens(tiny.open, end)
    tiny.engine.hand_over(end)
    through_ear = main.decode_tokens(tiny.close, main.length())
    assert np.array_equal(tiny.half(), first)
    main.append_tokens(tiny.open, end)
    assert np.array_equal(through_ear, main.decode_tokens(tiny.close, main.length()))


def test_what_slid_can_be_lent_at_once(tiny: Talk) -> None:
    """Keys are turned to their new places before they are copied, not at the next decode."""
    main, ear, gap = tiny.engine.main, tiny.engine.ear, len(tiny.prefix)
    assert ear is not None

    def slid() -> int:
        tiny.clear()
        main.append_tokens(tiny.prefix * 2 + tiny.open, 0)
        main.remove(gap, 2 * gap)
        main.slide(2 * gap, gap)
        return main.length()

    end = slid()
    expected = main.decode_tokens(tiny.close, end)
    assert slid() == end
    tiny.engine.lend(0)
    assert main.length() == ear.length() == end
    tiny.engine.hand_over(0)
    np.testing.assert_allclose(main.decode_tokens(tiny.close, end), expected, atol=ROUNDING)


def test_nothing_new_is_nothing_to_hand_over(tiny: Talk) -> None:
    tiny.half()
    end = tiny.engine.main.length()
    tiny.engine.lend(0)
    tiny.engine.hand_over(end)
    assert tiny.engine.main.length() == end


def test_a_full_cache_is_a_failed_turn(tiny: Talk) -> None:
    """The ear's too; afterwards everything works."""
    first, ear = tiny.half(), tiny.engine.ear
    assert ear is not None
    with pytest.raises(ModelFailed, match="longer than 1024 tokens"):
        ear.append_tokens(tiny.close * 200, ear.length())
    assert np.array_equal(tiny.half(), first)


def test_saved_keys_that_llama_cpp_refuses_are_a_failed_turn(tiny: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and sequence 1 is empty again."""
    first, engine = tiny.half(), tiny.engine
    assert engine.ear is not None
    monkeypatch.setattr(engine.ear, "save", lambda _sequence: b"no keys")
    with pytest.raises(ModelFailed, match="no room"):
        engine.hand_over(len(tiny.prefix))
    monkeypatch.undo()
    assert engine.main.length(1) == engine.ear.length(1) == 0
    assert np.array_equal(tiny.half(), first)


def test_an_abort_stops_both(tiny: Talk) -> None:
    """Until it is taken back."""
    first, engine = tiny.half(), tiny.engine
    engine.abort()
    for decoder in (engine.main, engine.ear):
        assert decoder is not None
        with pytest.raises(Aborted):
            decoder.append_tokens(tiny.close * 8, decoder.length())
    engine.allow()
    assert np.array_equal(tiny.half(), first)


def test_an_engine_without_an_ear_has_nothing_to_lend(engine: Engine) -> None:
    assert engine.ear is None
    with pytest.raises(RuntimeError, match="no ear"):
        engine.lend(0)


def test_an_ear_of_another_model_is_refused(tiny: Talk, mini: tuple[Path, Path], tmp_path: Path) -> None:
    """Never wrong output: the engine looks before it loads."""
    foreign = weights.prepared_ear(weights.ModelPaths(*mini), tmp_path)
    found = weights.paths(manifest.load().entry("tiny"))
    with pytest.raises(ModelDamaged, match="another model") as caught:
        Engine(found.text, found.mmproj, ear=foreign)
    assert "models prepare" in caught.value.remedy
    assert foreign is not None
    os.truncate(foreign, foreign.stat().st_size - 4096)
    with pytest.raises(ModelDamaged, match="cut off"):
        Engine(*mini, ear=foreign)


@pytest.mark.models
@pytest.mark.slow
def test_e2bs_shapes_give_the_same_bits(e2b_shaped: Talk) -> None:
    """15 of 35 layers, Q4_0 and Q6_K: in one batch, in hops, and said again."""
    whole = e2b_shaped.whole()
    assert np.array_equal(e2b_shaped.half(), whole)
    in_hops = e2b_shaped.whole(4)
    assert np.array_equal(e2b_shaped.half(4), in_hops)
    for decoder in (e2b_shaped.engine.main, e2b_shaped.engine.ear):
        assert decoder is not None
        decoder.remove(len(e2b_shaped.prefix))
    assert np.array_equal(e2b_shaped.turn(), whole)
