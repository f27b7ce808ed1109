"""Logits -> the next token. Pure, but for its own random numbers.

A call is greedy from its first token on, talk is sampled; a call never begins by chance. Where only some tokens are
legal the best of them is taken, unless the model would rather have another one. Knows no tokenizer: the token that
opens a call is given as a number. With the real vocabulary (262,144 logits) a choice takes 3 ms.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
LEAST_LEGAL = 0.5  # what all legal tokens must have together: else the model means something that there isn't


@dataclass(frozen=True, slots=True)
class SamplingProfile:
    """How one model's talk is sampled: its `[sampling]` table in `models/manifest.toml`. Temperature 0 is greedy."""

    temperature: float = 1.0
    top_p: float = 0.95
    top_k: int = 64
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class Choice:
    """A token, and the probability that the model gave it before any sampling: 0..1."""

    token: int
    probability: float


class Chooser(Protocol):
    """Who decides which token comes next: a `Sampler`, or a `Script` in bench and tests."""

    def begin(self) -> None:
        """Begin a reply."""

    def choose(self, logits: Logits, legal: Sequence[int] | None = None) -> Choice:
        """Choose from the logits, shape (vocabulary,). `legal` None: any token; else the choice may be none of them."""

    def skip(self, tokens: Sequence[int]) -> None:
        """Take note of tokens that nobody had to choose."""


class Sampler:
    """Greedy inside calls, temperature, top-k and top-p outside."""

    def __init__(self, profile: SamplingProfile, call_token: int, seed: int) -> None:
        self._profile = profile
        self._call_token = call_token
        self._rng = np.random.default_rng(seed)
        self._in_call = False

    def begin(self) -> None:
        """Forget the last reply."""
        self._in_call = False

    def choose(self, logits: Logits, legal: Sequence[int] | None = None) -> Choice:
        """Choose from the logits, shape (vocabulary,). Not a legal token: together they are under `LEAST_LEGAL`."""
        best = int(logits.argmax())
        if legal is not None:
            p = probabilities(logits, legal)
            if p.sum() >= LEAST_LEGAL:
                return Choice(legal[int(p.argmax())], float(p.max()))
            return Choice(best, probability(logits, best))
        self._in_call = self._in_call or best == self._call_token
        token = best if self._in_call or self._profile.temperature <= 0 else self._draw(logits)
        return Choice(token, probability(logits, token))

    def skip(self, tokens: Sequence[int]) -> None:
        """Nothing."""

    def _draw(self, logits: Logits) -> int:
        k = min(self._profile.top_k or len(logits), len(logits))
        kept = np.argpartition(logits, -k)[-k:]
        kept = kept[kept != self._call_token]
        kept = kept[np.argsort(-logits[kept], kind="stable")]
        p = np.exp((logits[kept] - logits[kept[0]]).astype(np.float64) / self._profile.temperature)
        p /= p.sum()
        p = p[: int(np.searchsorted(np.cumsum(p), self._profile.top_p)) + 1]
        return int(self._rng.choice(kept[: len(p)], p=p / p.sum()))


class Script:
    """Choose the given tokens, reply by reply, whatever the model says: for models whose weights mean nothing."""

    def __init__(self, replies: Iterable[Sequence[int]]) -> None:
        self._replies = iter(replies)
        self._reply: Iterator[int] = iter(())

    def begin(self) -> None:
        """Go on to the next reply."""
        self._reply = iter(next(self._replies))

    def choose(self, logits: Logits, legal: Sequence[int] | None = None) -> Choice:  # noqa: ARG002  (the script decides)
        """Give the next token of the script."""
        token = next(self._reply)
        return Choice(token, probability(logits, token))

    def skip(self, tokens: Sequence[int]) -> None:
        """Go on behind tokens that stand in the script."""
        for token in tokens:
            if next(self._reply) != token:
                raise ValueError("the script isn't a legal call")


def probability(logits: Logits, token: int) -> float:
    """Softmax of one token."""
    return float(probabilities(logits, [token])[0])


def probabilities(logits: Logits, tokens: Sequence[int]) -> Logits:
    """Softmax of some tokens, shape (n,)."""
    with np.errstate(under="ignore"):
        weights = np.exp(logits - logits.max())
    return np.asarray(weights[list(tokens)] / weights.sum())
