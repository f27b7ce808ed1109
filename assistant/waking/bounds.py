"""Exact bounds for small counts: how bad, or how good, may it be, given what was seen? Pure; knows no wake word.

Found by bisection: no library that the assistant needs has the inverse of a Poisson or binomial sum.
"""

import math
from collections.abc import Callable

CHANCE = 0.05  # one side alone; half of it a side gives an interval
_STEPS = 60


def most_events(seen: int, chance: float = CHANCE) -> float:
    """The highest mean of a Poisson count under which so few events or fewer still come with that chance.

    3.0 when none was seen.
    """
    return _where(lambda mean: _poisson_sum(seen, mean) < chance, 0.0, 10.0 + 2.0 * seen + 10.0 * math.sqrt(seen))


def least_events(seen: int, chance: float = CHANCE) -> float:
    """The lowest mean of a Poisson count under which so many events or more still come with that chance; 0 for none."""
    if seen == 0:
        return 0.0
    return _where(lambda mean: 1 - _poisson_sum(seen - 1, mean) >= chance, 0.0, float(seen))


def least_share(hits: int, trials: int, chance: float = CHANCE) -> float:
    """The lowest share under which so many hits or more still come with that chance (Clopper-Pearson); 0 for none."""
    if hits == 0:
        return 0.0
    return _where(lambda share: 1 - _binomial_sum(hits - 1, trials, share) >= chance, 0.0, 1.0)


def most_share(hits: int, trials: int, chance: float = CHANCE) -> float:
    """The highest share under which so few hits or fewer still come with that chance; 1 for all."""
    return 1.0 - least_share(trials - hits, trials, chance)


def _where(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where, between `low` and `high`, something begins to hold."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _poisson_sum(most: int, mean: float) -> float:
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(most + 1))


def _binomial_sum(most: int, trials: int, share: float) -> float:
    if share in (0.0, 1.0):
        return 1.0 - share
    logs = (
        math.lgamma(trials + 1) - math.lgamma(n + 1) - math.lgamma(trials - n + 1)
        + n * math.log(share) + (trials - n) * math.log1p(-share)
        for n in range(most + 1)
    )  # fmt: skip
    return math.fsum(map(math.exp, logs))
