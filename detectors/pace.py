"""How much a brand is usually talked about, minute by minute, and how far that usually strays.

Expected mentions a minute = slow level (days) x hour of the day x (recent level / what was expected of it)^(1/2). How wrong that
forecast was, is learnt on each horizon as the dispersion alpha of a negative binomial: variance = mean + alpha mean^2. So the daily
rhythm, threads and ordinary bursts widen the band of the horizon on which they occur, and no other.

It learns in blocks of five minutes, judged before learnt. A block far above the band is cut to its edge; during an incident
nothing is learnt; a silence that cannot be the brand's own is not learnt either (the source has died, not the interest).
"""

from __future__ import annotations

import math
from typing import Any, Final

from detectors.fading import FadingMean
from detectors.sums import HORIZONS
from detectors.tails import upper

BLOCK: Final = 5  # minutes
DAY_BLOCKS: Final = 24 * 60 // BLOCK
SLOW: Final = 1.0 / (4 * DAY_BLOCKS)  # memory of four days
RECENT: Final = 1.0 / (DAY_BLOCKS // 2)  # twelve hours
SHADOW: Final = 1.0 / (DAY_BLOCKS // 4)  # six hours
RECENT_POWER: Final = 0.5
"""0 would ignore the last hours, 1 would trust them alone; half is best of neither and good on both."""
HOUR_MEMORY: Final = 1.0 - 1.0 / (12 * 7)
"""Per block: an hour of the day remembers about a week of itself."""
PRIOR_DISPERSION: Final = (1.0, 0.8, 0.5, 0.3, 0.2)
"""Alpha on each horizon before anything is known."""
PRIOR_WEIGHT: Final = 12.0  # judged blocks
MIN_DISPERSION: Final = 0.01
EDGE: Final = 4.0
"""Standard deviations at which a learnt block is cut."""
_STEPS: Final = tuple(max(1, h // BLOCK) for h in HORIZONS)


class Pace:
    """The baseline of one brand's mentions. Counts are in mentions, times in minutes since the epoch."""

    def __init__(self) -> None:
        self.slow = FadingMean(SLOW)
        self.recent = FadingMean(RECENT)
        self.hoped = FadingMean(RECENT)
        self.shadow = FadingMean(SHADOW)
        self.shadow_mass = FadingMean(SHADOW)
        self.hour_count = [0.0] * 24
        self.hour_expected = [0.0] * 24
        self._error = [FadingMean(SLOW * step) for step in _STEPS]
        self._square = [FadingMean(SLOW * step) for step in _STEPS]
        self._open = [[0.0, 0.0] for _ in HORIZONS]
        self.dispersion = list(PRIOR_DISPERSION)
        self.mentions = 0.0
        self.rate = 0.0
        """Expected mentions a minute in the present block."""
        self._hours = [1.0] * 24

    @property
    def minutes(self) -> int:
        """How much time the baseline has learnt from."""
        return self.slow.n * BLOCK

    def begin(self, minute: int) -> None:
        """Set the expected rate for the block that begins at `minute`."""
        slow = self.slow.get() / BLOCK
        seen = min(self.slow.n, 4 * DAY_BLOCKS) * BLOCK
        base = (slow * seen + 0.5) / (seen + BLOCK)
        hour = minute // 60 % 24
        self._hours[hour] = self._hour_factor(hour, base)
        got, hoped = self.recent.get(), self.hoped.get()
        level = (got + 0.5) / (hoped + 0.5)
        self.rate = base * self._hours[hour] * min(3.0, max(1 / 3, level)) ** RECENT_POWER

    def _hour_factor(self, hour: int, base: float) -> float:
        prior = 60.0 * base + 5.0
        return (self.hour_count[hour] + prior) / (self.hour_expected[hour] + prior)

    def expected(self, k: int, minute: int) -> float:
        """Return the mentions expected in the `HORIZONS[k]` minutes that end with `minute`."""
        horizon = HORIZONS[k]
        if horizon <= 60:
            return max(1e-6, self.rate * horizon)
        hours, now = self._hours, minute // 60 % 24
        mean = sum(hours[(now - i) % 24] for i in range(horizon // 60)) / (horizon // 60)
        return max(1e-6, self.rate / hours[now] * mean * horizon)

    def learn(self, minute: int, count: float, mass: float, squares: float, *, frozen: bool) -> float:
        """Learn the block that ends with `minute` and return the share of it that was kept (0 when frozen).

        Args:
            minute: last minute of the block.
            count: mentions in it.
            mass: sum of P(negative).
            squares: sum over its minutes of the squared counts.
            frozen: an incident is going on.
        """
        self.shadow.update(count)
        self.shadow_mass.update(mass)
        if frozen:
            self._open = [[0.0, 0.0] for _ in HORIZONS]
            return 0.0
        mean = self.rate * BLOCK
        kept = min(count, upper(mean, self.dispersion[1], EDGE) + 3.0)
        share = kept / count if count else 1.0
        self._learn_errors(minute, count, squares, mean)
        hour = minute // 60 % 24
        base = self.slow.get() if self.slow.n else kept
        self.hour_count[hour] = self.hour_count[hour] * HOUR_MEMORY + kept
        self.hour_expected[hour] = self.hour_expected[hour] * HOUR_MEMORY + base
        self.slow.update(kept)
        self.recent.update(kept)
        self.hoped.update(base * self._hours[hour])
        self.mentions += kept
        return share

    def _learn_errors(self, minute: int, count: float, squares: float, mean: float) -> None:
        if self.slow.n < 12:
            return  # nothing is expected yet
        one = self.rate
        self._learn_error(0, (squares - 2 * one * count + BLOCK * one * one) / BLOCK, one)
        for k in range(1, len(HORIZONS)):
            box = self._open[k]
            box[0] += count
            box[1] += mean
            if (minute + 1) % HORIZONS[k] == 0:
                self._learn_error(k, (box[0] - box[1]) ** 2, box[1])
                self._open[k] = [0.0, 0.0]

    def _learn_error(self, k: int, squared_error: float, mean: float) -> None:
        cut = (EDGE * EDGE) * (mean + self.dispersion[k] * mean * mean)
        self._error[k].update(min(squared_error, cut) - mean)
        self._square[k].update(mean * mean)
        n = min(self._square[k].n, int(1 / (SLOW * _STEPS[k])))
        square = self._square[k].get()
        total = self._error[k].get() * n + PRIOR_WEIGHT * PRIOR_DISPERSION[k] * square
        self.dispersion[k] = max(MIN_DISPERSION, total / ((n + PRIOR_WEIGHT) * max(square, 1e-12)))

    def accept(self) -> tuple[float, float, int]:
        """Take the level of the last hours as the new normal; returns its mentions, mass a block, and blocks."""
        level, blocks = self.shadow.get(), DAY_BLOCKS
        for mean in (self.slow, self.recent, self.hoped):
            mean.reset(level, blocks)
        self.hour_count = [0.0] * 24
        self.hour_expected = [0.0] * 24
        self._hours = [1.0] * 24
        return level, self.shadow_mass.get(), blocks

    def dump(self) -> dict[str, Any]:
        """Return the state as plain numbers and lists."""
        return {
            "means": [m.dump() for m in self._means()],
            "hours": [self.hour_count, self.hour_expected, self._hours],
            "open": self._open,
            "dispersion": self.dispersion,
            "rest": [self.mentions, self.rate],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what `dump` returned."""
        for mean, (n, value) in zip(self._means(), data["means"], strict=True):
            mean.reset(value, int(n))
        self.hour_count, self.hour_expected, self._hours = (list(hours) for hours in data["hours"])
        self._open = [list(box) for box in data["open"]]
        self.dispersion = list(data["dispersion"])
        self.mentions, self.rate = data["rest"]

    def _means(self) -> list[FadingMean]:
        return [self.slow, self.recent, self.hoped, self.shadow, self.shadow_mass, *self._error, *self._square]


def plausible_gap(longest: int, learnt: int, least: int) -> int:
    """Return the minutes without a mention that may still be the brand's own: twice the longest gap so far.

    In the first day, when no night has been seen, at least twelve hours.
    """
    return max(least, 2 * longest, 0 if learnt >= 24 * 60 else 12 * 60)


def silent_after(rate: float, mentions: float) -> int:
    """Return after how many minutes `mentions` should have come at `rate` a minute."""
    return math.ceil(mentions / max(rate, 1e-9))
