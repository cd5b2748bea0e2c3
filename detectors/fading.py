"""A mean that forgets, without the start-up error of one: River's `stats.Mean`, then River's `stats.EWMean`.

River's `EWMean` alone gives its very first value nearly all the weight for a long while; an ordinary mean is right
until it has seen as many values as the exponential one remembers.
"""

from __future__ import annotations

from river import stats


class FadingMean(stats.base.Univariate):
    """Mean of the last values, older ones with exponentially less weight.

    >>> mean = FadingMean(fading_factor=0.1)
    >>> for value in (1, 2, 3):
    ...     mean.update(value)
    >>> mean.get()
    2.0

    Parameters
    ----------
    fading_factor
        Weight of a new value once `1 / fading_factor` values have been seen.
    """

    def __init__(self, fading_factor: float = 0.01) -> None:
        self.fading_factor = fading_factor
        self.n = 0
        self._start = stats.Mean()
        self._later: stats.EWMean | None = None

    def update(self, x: float) -> None:
        """Take in one value."""
        self.n += 1
        if self._later is not None:
            self._later.update(x)
            return
        self._start.update(x)
        if self.n * self.fading_factor >= 1.0:
            self.reset(self._start.get(), self.n)

    def get(self) -> float:
        """Return the mean; 0.0 before the first value."""
        return float(self._later.get() if self._later is not None else self._start.get())

    def reset(self, mean: float, n: int) -> None:
        """Set what has been seen so far to `n` values of mean `mean`: a restored or an accepted level."""
        self.n = n
        if n * self.fading_factor >= 1.0:
            self._later = stats.EWMean(self.fading_factor)
            self._later.update(mean)
        else:
            self._start, self._later = stats.Mean(), None
            if n:
                self._start.update(mean, n)

    def dump(self) -> list[float]:
        """Return the state as plain numbers."""
        return [self.n, self.get()]
