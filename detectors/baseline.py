"""What is usual: the mean and spread of a series over one horizon, forgetting as fast as it learns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from river import stats


class Moments(NamedTuple):
    """What a baseline expects of the series as it is and of its logarithm, log(1 + value)."""

    mean: float
    variance: float
    log_mean: float
    log_variance: float


@dataclass(slots=True)
class Held:
    """Values set aside, as their number and sums: an incident is not learnt while it lasts."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    logs: float = 0.0
    log_squares: float = 0.0

    def add(self, value: float, log: float) -> None:
        """Set `value` aside with its logarithm log(1 + value)."""
        self.n += 1
        self.total += value
        self.squares += value * value
        self.logs += log
        self.log_squares += log * log


class Baseline:
    """Mean and variance of a series and of its logarithm, exponentially weighted, without a start-up bias.

    Five `river.stats.EWMean` do the work: value, its square, logarithm, its square, and the constant 1. Each is started
    at zero and divided by the fifth, the weight learnt so far, so that the first values do not count for a whole
    horizon (the correction of Adam, Kingma & Ba 2015, section 3). A run of zeros costs nothing: `idle` zeros not yet
    learnt are an argument of `moments` and are folded in, in closed form, with the next value; so a run gives the same
    figures in whatever pieces it comes.

    Args:
        bins: the horizon, in values.
    """

    __slots__ = ("_fading", "_keep", "_log", "_log_square", "_mean", "_square", "_weight")

    def __init__(self, bins: float) -> None:
        self._fading = -math.expm1(-1.0 / bins)
        self._keep = 1.0 - self._fading
        self._prime(0.0, 0.0, 0.0, 0.0, 0.0)

    def _prime(self, weight: float, mean: float, square: float, log: float, log_square: float) -> None:
        self._weight = self._primed(weight)
        self._mean = self._primed(mean)
        self._square = self._primed(square)
        self._log = self._primed(log)
        self._log_square = self._primed(log_square)

    def _primed(self, value: float) -> stats.EWMean:
        mean = stats.EWMean(self._fading)
        mean.update(value)  # the first value is taken as it is
        return mean

    def learn(self, value: float, log: float) -> None:
        """Learn `value` with its logarithm log(1 + value)."""
        self._weight.update(1.0)
        self._mean.update(value)
        self._square.update(value * value)
        self._log.update(log)
        self._log_square.update(log * log)

    def learn_zeros(self, n: int) -> None:
        """Learn `n` zeros at once."""
        self._learn_many(n, 0.0, 0.0, 0.0, 0.0)

    def learn_held(self, held: Held) -> None:
        """Learn what was held back as if each value had been their mean (and its square the mean square)."""
        n = held.n
        self._learn_many(n, held.total / n, held.squares / n, held.logs / n, held.log_squares / n)

    def _learn_many(self, n: int, mean: float, square: float, log: float, log_square: float) -> None:
        keep = self._keep**n
        new = (1.0, mean, square, log, log_square)
        self._prime(*(old * keep + (1.0 - keep) * value for old, value in zip(self.dump(), new, strict=True)))

    def moments(self, idle: int = 0) -> Moments:
        """Return what is expected after `idle` more zeros; zeros throughout when nothing has been learnt."""
        weight = self._weight.get()
        keep = 1.0
        if idle:
            keep = self._keep**idle
            weight = 1.0 - (1.0 - weight) * keep
        if weight <= 0.0:
            return Moments(0.0, 0.0, 0.0, 0.0)
        scale = keep / weight
        mean = self._mean.get() * scale
        log = self._log.get() * scale
        return Moments(
            mean,
            max(self._square.get() * scale - mean * mean, 0.0),
            log,
            max(self._log_square.get() * scale - log * log, 0.0),
        )

    def dump(self) -> list[float]:
        """Return the state: five numbers."""
        parts = (self._weight, self._mean, self._square, self._log, self._log_square)
        return [part.get() for part in parts]

    def load(self, state: list[Any]) -> None:
        """Take the state that `dump` returned."""
        self._prime(*(float(part) for part in state))
