"""Who decides which token comes next."""

import numpy as np
import pytest

from assistant.llm.sampling import Logits, Sampler, SamplingProfile, Script, probability

CALL = 0


def logits(*p: float) -> Logits:
    return np.log(np.array(p, np.float32))


def drawn(profile: SamplingProfile, values: Logits, *, n: int = 300, seed: int = 0) -> list[int]:
    sampler = Sampler(profile, CALL, seed)
    sampler.begin()
    return [sampler.choose(values).token for _ in range(n)]


def test_talk_is_drawn_as_likely_as_the_model_says() -> None:
    """Temperature 1 with everything allowed."""
    tokens = drawn(SamplingProfile(top_p=1.0, top_k=0), logits(0.01, 0.29, 0.7), n=4000)
    assert tokens.count(2) / len(tokens) == pytest.approx(0.7 / 0.99, abs=0.03)


def test_the_same_seed_says_the_same() -> None:
    even = logits(0.1, 0.3, 0.3, 0.3)
    assert drawn(SamplingProfile(), even, seed=5) == drawn(SamplingProfile(), even, seed=5)
    assert drawn(SamplingProfile(), even, seed=5) != drawn(SamplingProfile(), even, seed=6)


@pytest.mark.parametrize(
    ("profile", "possible"),
    [
        (SamplingProfile(temperature=0.0), {1}),
        (SamplingProfile(top_k=2, top_p=1.0), {1, 2}),
        (SamplingProfile(top_p=0.6), {1, 2}),
        (SamplingProfile(top_p=0.3), {1}),
        (SamplingProfile(top_p=1.0), {1, 2, 3}),
    ],
)
def test_unlikely_tokens_are_left_out(profile: SamplingProfile, possible: set[int]) -> None:
    """Greedy, top-k, top-p; and a call is never begun by chance."""
    assert set(drawn(profile, logits(0.1, 0.4, 0.3, 0.2))) == possible


def test_a_call_is_greedy_to_its_end() -> None:
    """Once opening a call is the likeliest, nothing is drawn any more, until the next reply."""
    sampler = Sampler(SamplingProfile(), CALL, 0)
    sampler.begin()
    assert sampler.choose(logits(0.5, 0.3, 0.2)).token == CALL
    assert {sampler.choose(logits(0.01, 0.5, 0.49)).token for _ in range(100)} == {1}
    sampler.begin()
    assert {sampler.choose(logits(0.01, 0.5, 0.49)).token for _ in range(100)} == {1, 2}


def test_probability_is_the_models_own() -> None:
    """Whatever the temperature, and without overflow."""
    sampler = Sampler(SamplingProfile(temperature=0.0), CALL, 0)
    assert sampler.choose(logits(0.2, 0.8)).probability == pytest.approx(0.8)
    assert probability(np.array([3e4, -3e4], np.float32), 0) == 1.0


def test_a_script_is_followed_reply_by_reply() -> None:
    """For models whose weights mean nothing."""
    script = Script([[3, 1], [2]])
    script.begin()
    assert [script.choose(logits(0.25, 0.25, 0.25, 0.25)).token for _ in range(2)] == [3, 1]
    script.begin()
    assert script.choose(logits(0.25, 0.25, 0.25, 0.25)).token == 2


def test_of_the_legal_tokens_the_likeliest_is_taken_with_the_models_own_probability() -> None:
    """Unless the model would rather write something else: then that is the choice, and whoever asked sees it."""
    sampler = Sampler(SamplingProfile(), CALL, seed=0)
    choice = sampler.choose(logits(0.1, 0.2, 0.4, 0.3), [1, 2])
    assert choice.token == 2
    assert choice.probability == pytest.approx(0.4)
    assert sampler.choose(logits(0.1, 0.2, 0.4, 0.3), [0, 1]).token == 2
