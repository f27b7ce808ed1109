"""Exact 95 % bounds: of a rate from a count (Poisson), of a share from hits (binomial, Clopper and Pearson).

Pure arithmetic, by bisection; knows nothing of wake words.
"""

import math
from collections.abc import Callable

TAIL = 0.025  # each side


def poisson(count: int) -> tuple[float, float]:
    """Bounds of the mean that a count comes from. None seen: 0 to 3.69."""
    if count < 0:
        raise ValueError(f"{count} events can't be counted")
    lower = 0.0 if count == 0 else _rising(lambda mean: 1 - _poisson_cdf(count - 1, mean), 0, count)
    return lower, _rising(lambda mean: 1 - _poisson_cdf(count, mean), count, 4 * count + 10, 1 - TAIL)


def binomial(hits: int, of: int) -> tuple[float, float]:
    """Bounds of the probability behind `hits` of `of`."""
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of}")
    lower = 0.0 if hits == 0 else _rising(lambda p: 1 - _binomial_cdf(hits - 1, of, p), 0, 1)
    upper = 1.0 if hits == of else _rising(lambda p: 1 - _binomial_cdf(hits, of, p), 0, 1, 1 - TAIL)
    return lower, upper


def _rising(function: Callable[[float], float], low: float, high: float, goal: float = TAIL) -> float:
    """Where a rising function reaches `goal`."""
    for _ in range(100):
        middle = (low + high) / 2
        if function(middle) < goal:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _poisson_cdf(count: int, mean: float) -> float:
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1))


def _binomial_cdf(hits: int, of: int, p: float) -> float:
    return math.fsum(math.comb(of, n) * p**n * (1 - p) ** (of - n) for n in range(hits + 1))
