"""How negative the talk about a brand usually is, and how surprising a share is.

A share is tested on counts: `z = (S - n p) / sqrt(n v + (d n)^2)` with S the sum of P(negative) over n mentions, p
the usual share, v the usual variance of a block's sum per mention (it holds what clumps: threads, retweets) and d the
drift of the share from hour to hour. Neither a joke that goes viral nor good news raises it, anger does.
"""

from __future__ import annotations

import math
from typing import Final

from detectors.fading import FadingMean

DAY_BLOCKS: Final = 288
PRIOR_SHARE: Final = 0.33
"""Before anything is known: three classes."""
PRIOR_MENTIONS: Final = 30.0
PRIOR_VARIANCE: Final = 0.05
"""Variance of one mention's P(negative): between 0.02 (a timid model) and 0.25 (labels)."""
PRIOR_BLOCKS: Final = 12.0
PRIOR_DRIFT: Final = 0.03
"""By how much the share wanders from hour to hour, before that is known (standard deviation)."""
LEAST_DRIFT: Final = 0.015
MOST_DRIFT: Final = 0.12
PRIOR_HOURS: Final = 24.0
HOUR_BLOCKS: Final = 12
MIN_BLOCK: Final = 3
"""Mentions below which a block says nothing about the variance of a share."""


class NegativeShare:
    """The usual share of negative mentions, from blocks of five minutes; its means are River's."""

    def __init__(self) -> None:
        factor = 1.0 / (4 * DAY_BLOCKS)
        self._count = FadingMean(factor)
        self._mass = FadingMean(factor)
        self._variance = FadingMean(1.0 / (2 * DAY_BLOCKS))
        self._wander = FadingMean(1.0 / (7 * 24))  # squared errors of hours beyond their variance …
        self._weight = FadingMean(1.0 / (7 * 24))  # … and what they are measured in, squared mentions
        self._hour = [0.0, 0.0, 0.0]  # blocks, mentions and mass of the open hour
        self.usual = PRIOR_SHARE
        self.variance = PRIOR_VARIANCE
        self.drift = PRIOR_DRIFT

    def learn_one(self, count: float, mass: float) -> None:
        """Learn a block of `count` mentions with a sum of P(negative) of `mass`."""
        if count >= MIN_BLOCK:
            off = mass - count * self.usual
            self._variance.update(min(off * off / count, 10.0 * self.variance))
        self._learn_hour(count, mass)
        self._count.update(count)
        self._mass.update(mass)
        self._settle()

    def _learn_hour(self, count: float, mass: float) -> None:
        hour = self._hour
        hour[0] += 1.0
        hour[1] += count
        hour[2] += mass
        if hour[0] < HOUR_BLOCKS:
            return
        off = hour[2] - hour[1] * self.usual
        noise = hour[1] * self.variance
        self._wander.update(min(off * off, 9.0 * (noise + (self.drift * hour[1]) ** 2)) - noise)
        self._weight.update(hour[1] * hour[1])
        self._hour = [0.0, 0.0, 0.0]

    def score_one(self, count: float, mass: float) -> float:
        """Return by how many deviations `mass` of `count` mentions is more negative than usual."""
        if count <= 0.0:
            return 0.0
        return (mass - count * self.usual) / math.sqrt(count * self.variance + (self.drift * count) ** 2)

    def reset(self, count: float, mass: float, blocks: int) -> None:
        """Accept `count` and `mass` a block as the new normal."""
        self._count.reset(count, blocks)
        self._mass.reset(mass, blocks)
        self._settle()

    def _settle(self) -> None:
        blocks = min(self._count.n, 4 * DAY_BLOCKS)
        count, mass = self._count.get() * blocks, self._mass.get() * blocks
        self.usual = (mass + PRIOR_SHARE * PRIOR_MENTIONS) / (count + PRIOR_MENTIONS)
        hours, weight = min(self._wander.n, 7 * 24), self._weight.get()
        if weight > 0.0:
            squared = (self._wander.get() * hours / weight + PRIOR_DRIFT**2 * PRIOR_HOURS) / (hours + PRIOR_HOURS)
            self.drift = math.sqrt(min(MOST_DRIFT**2, max(LEAST_DRIFT**2, squared)))
        n = self._variance.n
        self.variance = max(0.005, (self._variance.get() * n + PRIOR_VARIANCE * PRIOR_BLOCKS) / (n + PRIOR_BLOCKS))

    def dump(self) -> list[list[float]]:
        """Return the state as plain numbers."""
        return [*(mean.dump() for mean in self._means()), self._hour]

    def load(self, data: list[list[float]]) -> None:
        """Take over what `dump` returned."""
        *means, self._hour = data
        for mean, (n, value) in zip(self._means(), means, strict=True):
            mean.reset(value, int(n))
        self._settle()

    def _means(self) -> list[FadingMean]:
        return [self._count, self._mass, self._variance, self._wander, self._weight]
