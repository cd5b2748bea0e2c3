"""What a brand's days are used to: the strongest moments of the last two weeks, so that repeats of one burst stop being news."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
from msgspec import Struct

from detectors.sums import HORIZONS, SlidingSums

DAYS: Final = 14
DAY_MINUTES: Final = 24 * 60
QUARTER: Final = 6 * 60
"""Minutes: records of anger are kept by quarter days, so that a rise does not raise its own mark."""


class Day(Struct, array_like=True):
    """The strongest moments of one day."""

    day: int
    """Days since the epoch."""
    crowd: list[int]
    """Per horizon the largest crowd, in 1/100 mentions."""
    mass: list[int]
    """Per horizon the largest sum of P(negative), in 1/10,000."""
    gap: int = 0
    """Longest time without a mention, minutes."""
    reach: int = 0
    """Followers of the largest account with a negative post."""


class Habits:
    """The last two weeks, day by day. A burst is a habit once two other days of them had its like: one crisis makes no habit."""

    def __init__(self) -> None:
        self.days: list[Day] = []
        self._crowd = [0] * len(HORIZONS)
        self._mass = [0] * len(HORIZONS)
        self._anger: list[list[int]] = []  # quarter since the epoch, then the highest score per horizon, in 1/1,000

    def today(self, minute: int) -> Day:
        """Return the record of the day of `minute`."""
        day = minute // DAY_MINUTES
        if not self.days or self.days[-1].day < day:
            self.days = [d for d in self.days if d.day > day - DAYS]
            for k in range(len(HORIZONS)):
                self._crowd[k] = _second([d.crowd[k] for d in self.days])
                self._mass[k] = _second([d.mass[k] for d in self.days])
            self.days.append(Day(day, [0] * len(HORIZONS), [0] * len(HORIZONS)))
        return self.days[-1]

    def note(self, minute: int, sums: SlidingSums, anger: list[float] | None) -> None:
        """Remember the sums of a closed minute and, per horizon, how angry it was (standard deviations; None while warming up)."""
        today = self.today(minute)
        today.crowd = [max(pair) for pair in zip(today.crowd, sums.crowd, strict=True)]
        today.mass = [max(pair) for pair in zip(today.mass, sums.mass, strict=True)]
        if anger is None:
            return
        quarter, found = minute // QUARTER, [round(1_000 * score) for score in anger]
        if self._anger and self._anger[-1][0] == quarter:
            found = [max(pair) for pair in zip(self._anger.pop()[1:], found, strict=True)]
        elif self._anger:
            self._anger = [q for q in self._anger if q[0] > quarter - DAYS * 4]
        self._anger.append([quarter, *found])

    def beyond(self, k: int, minute: int, crowd: float, mass: float) -> float:
        """Return how many doublings this crowd, or its anger, lies beyond what other days had; infinity where none had any.

        Args:
            k: number of the horizon.
            minute: now.
            crowd: in 1/100 mentions.
            mass: in 1/10,000.
        """
        self.today(minute)
        pairs = ((crowd, self._crowd[k]), (mass, self._mass[k]))
        return max(math.log2(max(now, 1.0) / usual) if usual else math.inf for now, usual in pairs)

    def angriest(self, k: int, minute: int) -> float:
        """Return the highest anger on horizon `k` in the two weeks before this quarter of a day."""
        quarter = minute // QUARTER
        return max((q[1 + k] for q in self._anger if q[0] < quarter), default=0) / 1_000

    def quarters(self, minute: int) -> int:
        """Return how many quarters of a day before this one are known."""
        quarter = minute // QUARTER
        return sum(1 for q in self._anger if q[0] < quarter)

    @property
    def longest_gap(self) -> int:
        """Longest time without a mention, in minutes."""
        return max((d.gap for d in self.days), default=0)

    @property
    def reach(self) -> int:
        """Followers of the largest account with a negative post."""
        return max((d.reach for d in self.days), default=0)

    def dump(self) -> list[Any]:
        """Return the state as plain lists."""
        return [self.days, self._crowd, self._mass, self._anger]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        days, self._crowd, self._mass, self._anger = data
        self.days = msgspec.convert(days, list[Day])


def _second(values: list[int]) -> int:
    return sorted(values)[-2] if len(values) > 1 else 0
