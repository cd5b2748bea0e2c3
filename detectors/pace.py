"""How much a brand is usually talked about, minute by minute, and how far that usually strays.

Expected mentions a minute = slow level (days) x hour of the day x day of the week x (recent level / what was expected
of it)^p. How wrong that forecast was is learnt on each horizon as the dispersion alpha of a negative binomial, variance = mean +
alpha mean^2. So threads, ordinary bursts and a rhythm not yet known widen the band of the horizon on which they
occur, and of no other.

It learns in blocks of five minutes, four hours late: what is still being judged is not yet usual, so a rise over
hours does not lift its own expectation, and what turns out to be an incident is dropped before it is learnt. A block
far above the band is cut to its edge. The means are River's (`detectors.fading`).
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from detectors.fading import FadingMean
from detectors.grave import GraveShare
from detectors.negativity import NegativeShare
from detectors.sums import HORIZONS
from detectors.tails import upper

BLOCK: Final = 5  # minutes
DAY_BLOCKS: Final = 24 * 60 // BLOCK
DELAY: Final = HORIZONS[-1] // BLOCK
"""Blocks until one is learnt: the longest horizon."""
SLOW: Final = 1.0 / (4 * DAY_BLOCKS)
"""The slow level remembers four days …"""
RECENT: Final = 1.0 / (DAY_BLOCKS // 2)
"""… the recent one half a day …"""
SHADOW: Final = 1.0 / (DAY_BLOCKS // 4)
"""… and what may become the new normal, a quarter."""
RECENT_POWER: Final = 0.5
"""p: 0 would ignore the last hours, 1 would trust them alone."""
RECENT_RANGE: Final = (1 / 3, 3.0)
HOUR_MEMORY: Final = 1.0 - 1.0 / (12 * 7)
"""Per block: an hour of the day remembers about a week of itself."""
HOUR_PRIOR: Final = 30.0
"""Minutes at the slow level added to an hour of the day: after one day of it the profile is two thirds believed …"""
HOUR_MENTIONS: Final = 3.0
"""… less for a sparse brand."""
DAY_MEMORY: Final = 1.0 - 1.0 / (DAY_BLOCKS * 4)
"""Per block: a day of the week remembers about four of itself."""
DAY_PRIOR: Final = 24 * 60.0
"""Minutes at the slow level added to a day of the week: after one of it, half of its difference is believed."""
PRIOR_DISPERSION: Final = (1.0, 0.8, 0.5, 0.3, 0.2)
"""Alpha on each horizon before anything is known."""
PRIOR_WEIGHT: Final = 12.0
"""Judged sums that the prior alpha counts for."""
MIN_DISPERSION: Final = 0.01
EDGE: Final = 4.0
"""Standard deviations at which a learnt block is cut."""
FIRST: Final = 12
"""Blocks before errors are learnt: until then nothing is expected."""
_STEPS: Final = tuple(max(1, h // BLOCK) for h in HORIZONS)


def weekday(minute: int) -> int:
    """Return the day of the week (UTC) of a minute since the epoch; 0 is Monday."""
    return (minute // (24 * 60) + 3) % 7  # the epoch began on a Thursday


class Pace:
    """The baseline of one brand's mentions and of their negative share. Counts are in mentions, minutes since the
    epoch.
    """

    def __init__(self) -> None:
        self.share = NegativeShare()
        self.grave = GraveShare()
        self.slow = FadingMean(SLOW)
        self._recent = FadingMean(RECENT)
        self._hoped = FadingMean(RECENT)
        self._shadow = FadingMean(SHADOW)
        self._shadow_mass = FadingMean(SHADOW)
        self._shadow_grave = FadingMean(SHADOW)
        self._hour_count = [0.0] * 24
        self._hour_hoped = [0.0] * 24
        self._day_count = [0.0] * 7
        self._day_hoped = [0.0] * 7
        self._error = [FadingMean(SLOW * step) for step in _STEPS]
        self._square = [FadingMean(SLOW * step) for step in _STEPS]
        self._box = [[0.0, 0.0] for _ in HORIZONS]  # got and expected of the open sum of each horizon
        # (first minute, rate, count, mass, squares, frozen, grave) of each block of the last four hours
        self._waiting: list[array[float]] = []
        self.dispersion = list(PRIOR_DISPERSION)
        self.mentions = 0.0
        self._heard = 0  # bit h: mentioned at some hour h of a day
        self.rate = 0.0
        """Expected mentions a minute in the present block."""
        self._means = [0.0] * len(HORIZONS)

    @property
    def minutes(self) -> int:
        """How much time the baseline has learnt from."""
        return self.slow.n * BLOCK

    @property
    def hours_heard(self) -> int:
        """In how many different hours of the day there have been mentions."""
        return self._heard.bit_count()

    # ------------------------------------------------------------------------------------------------------- forecast

    def begin(self, minute: int) -> None:
        """Make the forecast for the block that holds `minute`."""
        base = self._base()
        got, hoped = self._recent.get(), self._hoped.get()
        low, high = RECENT_RANGE
        level = min(high, max(low, (got + 0.5) / (hoped + 0.5)))
        self.rate = base * self._hour(minute // 60 % 24, base) * self._day(weekday(minute), base) * level**RECENT_POWER
        first = minute // BLOCK * BLOCK
        for k, horizon in enumerate(HORIZONS):
            rates = [self.rate]
            if horizon > BLOCK:
                rates += [w[1] for w in self._waiting[-_STEPS[k] + 1 :] if w[0] > first - horizon]
            self._means[k] = max(1e-6, horizon * sum(rates) / len(rates))

    def _base(self) -> float:
        seen = min(self.slow.n, 4 * DAY_BLOCKS) * BLOCK
        return (self.slow.get() / BLOCK * seen + 0.5) / (seen + BLOCK)

    def _hour(self, hour: int, base: float) -> float:
        prior = HOUR_PRIOR * base + HOUR_MENTIONS
        return (self._hour_count[hour] + prior) / (self._hour_hoped[hour] + prior)

    def _day(self, day: int, base: float) -> float:
        prior = DAY_PRIOR * base + HOUR_MENTIONS
        return (self._day_count[day] + prior) / (self._day_hoped[day] + prior)

    def expected(self, k: int) -> float:
        """Return the mentions expected in the `HORIZONS[k]` minutes that end in the present block."""
        return self._means[k]

    def usual(self, k: int) -> float:
        """Return the mentions of `HORIZONS[k]` minutes on the mean of the last days, whatever the hour."""
        return self._base() * HORIZONS[k]

    # ------------------------------------------------------------------------------------------------------- learning

    def finish(
        self, minute: int, count: float, mass: float, squares: float, grave: float = 0.0, *, frozen: bool
    ) -> None:
        """Take in the block that ends with `minute`, and learn the one of four hours ago.

        Args:
            minute: last minute of the block.
            count: mentions in it.
            mass: sum of P(negative).
            squares: sum over its minutes of the squared counts.
            grave: people in it who speak of a grave matter.
            frozen: an incident is going on.
        """
        self._shadow.update(count)
        self._shadow_mass.update(mass)
        self._shadow_grave.update(grave)
        block = [minute + 1 - BLOCK, self.rate, count, mass, squares, float(frozen), grave]
        self._waiting.append(array("d", block))
        while self._waiting[0][0] <= minute - HORIZONS[-1]:
            self._learn(self._waiting.pop(0))

    def drop_since(self, minute: int) -> None:
        """Do not learn what is waiting since `minute`: it has turned out to be an incident."""
        for block in self._waiting:
            if block[0] + BLOCK > minute:
                block[5] = 1.0

    def _learn(self, block: array[float]) -> None:
        first, rate, count, mass, squares, frozen, grave = block
        if frozen:
            self._box = [[0.0, 0.0] for _ in HORIZONS]
            self.grave.pause()
            return
        kept = min(count, upper(rate * BLOCK, self.dispersion[1], EDGE) + 3.0) if self.slow.n >= FIRST else count
        self._learn_errors(int(first) + BLOCK, rate, count, squares)
        hour, day = int(first) // 60 % 24, weekday(int(first))
        base = self._base()
        by_hour, by_day = self._hour(hour, base), self._day(day, base)
        self._hoped.update(base * by_hour * by_day * BLOCK)
        self._recent.update(kept)
        known = bool(self.slow.n)
        self._hour_count[hour] = self._hour_count[hour] * HOUR_MEMORY + kept
        self._hour_hoped[hour] = self._hour_hoped[hour] * HOUR_MEMORY + (base * by_day * BLOCK if known else kept)
        self._day_count[day] = self._day_count[day] * DAY_MEMORY + kept
        self._day_hoped[day] = self._day_hoped[day] * DAY_MEMORY + (base * by_hour * BLOCK if known else kept)
        self.slow.update(kept)
        self.share.learn_one(kept, mass * kept / count if count else 0.0)
        self.grave.learn_one(int(first) + BLOCK, kept, grave * kept / count if count else 0.0)
        self.mentions += kept
        if kept > 0.0:
            self._heard |= 1 << hour

    def _learn_errors(self, end: int, rate: float, count: float, squares: float) -> None:
        if self.slow.n < FIRST + DELAY:
            return  # the forecast of this block was made from nothing
        self._learn_error(0, (squares - 2 * rate * count + BLOCK * rate * rate) / BLOCK, rate)
        for k in range(1, len(HORIZONS)):
            box = self._box[k]
            box[0] += count
            box[1] += rate * BLOCK
            if end % HORIZONS[k] == 0:
                self._learn_error(k, (box[0] - box[1]) ** 2, box[1])
                self._box[k] = [0.0, 0.0]

    def _learn_error(self, k: int, squared_error: float, mean: float) -> None:
        cut = (EDGE * EDGE) * (mean + self.dispersion[k] * mean * mean)
        self._error[k].update(min(squared_error, cut) - mean)
        self._square[k].update(mean * mean)
        n = min(self._square[k].n, int(1 / (SLOW * _STEPS[k])))
        square = self._square[k].get()
        total = self._error[k].get() * n + PRIOR_WEIGHT * PRIOR_DISPERSION[k] * square
        self.dispersion[k] = max(MIN_DISPERSION, total / ((n + PRIOR_WEIGHT) * max(square, 1e-12)))

    def accept(self, minute: int) -> None:
        """Take the level of the last hours as the new normal."""
        level, blocks = self._shadow.get(), DAY_BLOCKS
        for mean in (self.slow, self._recent, self._hoped):
            mean.reset(level, blocks)
        self._hour_count = [0.0] * 24
        self._hour_hoped = [0.0] * 24
        self._day_count = [0.0] * 7
        self._day_hoped = [0.0] * 7
        self._waiting = []
        self.share.reset(level, self._shadow_mass.get(), blocks)
        self.grave.reset(level, self._shadow_grave.get(), blocks)
        self.begin(minute)

    # ---------------------------------------------------------------------------------------------------------- state

    def dump(self) -> list[Any]:
        """Return the state as plain numbers and lists."""
        return [
            self.share.dump(),
            [mean.dump() for mean in self._all_means()],
            [self._hour_count, self._hour_hoped, self._day_count, self._day_hoped],
            self._box,
            [list(block) for block in self._waiting],
            self.dispersion,
            [self.mentions, self.rate, self._heard],
            self._means,
            [self.grave.dump(), self._shadow_grave.dump()],
        ]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        share, means, hours, box, waiting, dispersion, (self.mentions, self.rate, self._heard), expected, *grave = data
        self.share.load(share)
        for mean, (n, value) in zip(self._all_means(), means, strict=True):
            mean.reset(value, int(n))
        self._hour_count, self._hour_hoped, *days = hours
        if days:  # states of before the days of the week were learnt have none
            self._day_count, self._day_hoped = days
        self._box, self.dispersion, self._means = box, dispersion, expected
        self._waiting = [array("d", [*block, 0.0][:7]) for block in waiting]  # older states know no grave talk
        for known, (n, value) in grave:
            self.grave.load(known)
            self._shadow_grave.reset(value, int(n))

    def _all_means(self) -> list[FadingMean]:
        fixed = [self.slow, self._recent, self._hoped, self._shadow, self._shadow_mass]
        return [*fixed, *self._error, *self._square]
