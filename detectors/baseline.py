"""What is usual: the mean and spread of a series over one horizon, forgetting as fast as it learns."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from river import stats


class Moments(NamedTuple):
    """What a baseline expects of the series as it is and of its logarithm, log(1 + value)."""

    mean: float
    variance: float
    log_mean: float
    log_variance: float


class Baseline:
    """Mean and variance of a series and of its logarithm, exponentially weighted, without a start-up bias.

    Five `river.stats.EWMean` do the work: value, its square, logarithm, its square, and the constant 1. Each is started at zero and
    divided by the fifth, the weight learnt so far, so that the first values do not count for a whole horizon (the correction
    of Adam, Kingma & Ba 2015, section 3). A run of zeros costs nothing: `idle` zeros not yet learnt are an argument of `moments`
    and are folded in, in closed form, with the next value; so a run gives the same figures in whatever pieces it comes.

    Args:
        bins: the horizon, in values.
    """

    __slots__ = ("_keep", "_log", "_log_square", "_mean", "_square", "_weight", "_fading")

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

    def learn(self, value: float, log: float, idle: int = 0) -> None:
        """Learn `idle` zeros, then `value` with its logarithm log(1 + value)."""
        if idle:
            keep = self._keep**idle
            self._prime(1.0 - (1.0 - self._weight.get()) * keep, *(part * keep for part in self.dump()[1:]))
        self._weight.update(1.0)
        self._mean.update(value)
        self._square.update(value * value)
        self._log.update(log)
        self._log_square.update(log * log)

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
