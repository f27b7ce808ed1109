"""llama.cpp itself, on Gemma 4's architecture with 6 MB of random weights."""

import logging
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ModelDamaged, ModelFailed
from assistant.llm.decoder import Aborted, Logits
from assistant.llm.engine import Engine, Threads
from assistant.stages import SAMPLE_RATE_HZ, Pcm


@pytest.fixture
def tokens(engine: Engine) -> list[int]:
    return engine.vocabulary.tokenize("<bos><|turn>user\nturn on the kitchen light<turn|>\n<|turn>model\n")


def noise(samples: int) -> Pcm:
    return np.random.default_rng(1).normal(0, 3000, samples).astype(np.int16)


@pytest.mark.parametrize(("samples", "rows"), [(1, 3), (2, 3), (1600, 3), (16_000, 25), (16_001, 25)])
def test_sound_becomes_25_rows_a_second(engine: Engine, samples: int, rows: int) -> None:
    """The shortest sounds too, one sample of which aborts mtmd."""
    encoded = engine.encode(noise(samples))
    assert encoded.shape == (rows, engine.width)
    assert np.isfinite(encoded).all()


@pytest.mark.parametrize("samples", [0, 30 * SAMPLE_RATE_HZ + 1])
def test_sound_that_cannot_be_heard_is_refused(engine: Engine, samples: int) -> None:
    """Nothing, and more than 30 s."""
    with pytest.raises(ModelFailed):
        engine.encode(np.zeros(samples, np.int16))


def test_sound_changes_the_answer(engine: Engine, tokens: list[int]) -> None:
    """Rows are heard: other sound, other logits; the same sound, the same logits to the bit."""

    def heard(samples: Pcm) -> Logits:
        engine.main.remove(0)
        engine.main.decode_tokens(tokens[:3], 0)
        rows = engine.encode(samples)
        engine.main.decode_rows(rows, 3)
        return engine.main.decode_tokens(tokens[3:], 3 + len(rows))

    first, other, again = heard(noise(16_000)), heard(noise(16_000)[::-1].copy()), heard(noise(16_000))
    assert not np.allclose(first, other, atol=0.1)
    assert np.array_equal(first, again)


def test_what_was_removed_leaves_no_trace(engine: Engine, tokens: list[int]) -> None:
    """Dropping a turn restores the cache exactly, past the sliding window too."""
    rows = engine.encode(noise(8 * SAMPLE_RATE_HZ))
    engine.main.decode_tokens(tokens, 0)
    clean = engine.main.decode_tokens(tokens[:1], len(tokens))
    engine.main.decode_rows(rows, len(tokens) + 1)
    engine.main.remove(len(tokens))
    assert engine.main.length() == len(tokens)
    assert np.array_equal(engine.main.decode_tokens(tokens[:1], len(tokens)), clean)


def test_saved_state_comes_back_to_the_bit(engine: Engine, tokens: list[int]) -> None:
    """A restored prefix gives the same logits as a computed one."""
    engine.main.decode_tokens(tokens, 0)
    saved = engine.main.save()
    computed = engine.main.decode_tokens(tokens[:1], len(tokens))
    engine.main.remove(0)
    assert engine.main.restore(saved)
    assert engine.main.length() == len(tokens)
    assert np.array_equal(engine.main.decode_tokens(tokens[:1], len(tokens)), computed)


def test_a_branch_leaves_the_trunk_alone(engine: Engine, tokens: list[int]) -> None:
    """Sequence 1 shares the trunk, goes its own way and is forgotten."""
    engine.main.decode_tokens(tokens, 0)
    engine.main.copy(0, 1)
    engine.main.decode_tokens(tokens[::-1], len(tokens), sequence=1)
    engine.main.remove(0, sequence=1)
    assert (engine.main.length(0), engine.main.length(1)) == (len(tokens), 0)
    after = engine.main.decode_tokens(tokens[:1], len(tokens))
    engine.main.remove(0)
    engine.main.decode_tokens(tokens, 0)
    assert np.array_equal(engine.main.decode_tokens(tokens[:1], len(tokens)), after)


def test_sliding_turns_keys_back_to_their_new_places(engine: Engine, tokens: list[int]) -> None:
    """Positions are relative: the same tokens further on, slid back, say the same but for 16-bit rounding."""
    engine.main.decode_tokens(tokens, 0)
    at_zero = engine.main.decode_tokens(tokens[:1], len(tokens))
    engine.main.remove(0)
    engine.main.decode_tokens(tokens, 300)
    engine.main.slide(300, 300)
    assert engine.main.length() == len(tokens)
    np.testing.assert_allclose(engine.main.decode_tokens(tokens[:1], len(tokens)), at_zero, atol=0.03)


def test_a_full_cache_is_a_failed_turn(mini: tuple[Path, Path], tokens: list[int]) -> None:
    """It says so, and works again once something is removed."""
    small = Engine(*mini, context=256, threads=Threads(1, 1))
    with pytest.raises(ModelFailed, match="longer than 256 tokens"):
        small.main.decode_tokens(tokens[:1] * 257, 0)
    small.main.remove(0)
    assert small.main.decode_tokens(tokens, 0).shape == (small.vocabulary.size,)
    small.close()


def test_rows_of_another_width_are_refused(engine: Engine) -> None:
    """They would be read as if they were the right ones."""
    with pytest.raises(ModelFailed, match="width"):
        engine.main.decode_rows(np.zeros((3, engine.width + 1), np.float32), 0)


def test_abort_stops_a_running_decode(engine: Engine, tokens: list[int]) -> None:
    """From another thread, in the middle of a batch; afterwards everything works again."""
    engine.main.decode_tokens(tokens, 0)
    stopper = threading.Timer(0.02, engine.abort)
    stopper.start()
    begun_s = time.perf_counter()

    def decode_on_and_on() -> None:
        for _ in range(10_000):
            engine.main.decode_tokens(tokens[:1] * 512, len(tokens))
            engine.main.remove(len(tokens))

    with pytest.raises(Aborted):
        decode_on_and_on()
    stopper.join()
    assert time.perf_counter() - begun_s < 5
    engine.main.remove(len(tokens))
    engine.allow()
    engine.main.decode_tokens(tokens[:1], len(tokens))


def test_two_files_that_do_not_fit_are_damaged(mini: tuple[Path, Path], tmp_path: Path) -> None:
    """Anything that llama.cpp would abort on, or misread, is found before it sees it."""
    model, mmproj = mini
    with pytest.raises(ModelDamaged, match="no gemma4 audio encoder"):
        Engine(model, model)
    with pytest.raises(ModelDamaged, match="clip"):
        Engine(mmproj, mmproj)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(mmproj.read_bytes()[:-1000])
    with pytest.raises(ModelDamaged, match="cut off"):
        Engine(model, cut)


def test_a_model_that_llama_cpp_refuses_names_its_reason(mini: tuple[Path, Path], tmp_path: Path) -> None:
    """A header that looks right around tensors that aren't: llama.cpp's own words are in the error."""
    model, mmproj = mini
    odd = tmp_path / "odd.gguf"
    odd.write_bytes(model.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight"))
    with pytest.raises(ModelDamaged, match=r"attn_q"):
        Engine(odd, mmproj)


def test_llama_cpp_is_quiet(
    mini: tuple[Path, Path], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What it prints goes to the log, below what a person sees."""
    with caplog.at_level(logging.DEBUG, logger="assistant.llama"):
        Engine(*mini, context=256, threads=Threads(1, 1)).close()
    assert capfd.readouterr() == ("", "")
    assert any("gemma4" in r.message for r in caplog.records)
    assert max(r.levelno for r in caplog.records) < logging.WARNING
