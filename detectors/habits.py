"""What a brand's days are used to: the strongest moments of the last two weeks, so that repeats of one burst stop being news."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from detectors.sums import HORIZONS

DAYS: Final = 14
DAY_MINUTES: Final = 24 * 60
QUARTER: Final = 6 * 60
"""Minutes: records of anger are kept by quarter days, so that a rise does not raise its own mark."""


class Day(Struct, array_like=True):
    """The strongest moments of one day; per horizon where there are several."""

    day: int
    """Days since the epoch."""
    scores: list[float]
    """Highest count scores (standard deviations)."""
    heat: list[float]
    """Highest severity points of size and negativity."""
    gap: int = 0
    """Longest time without a mention, minutes."""
    reach: int = 0
    """Followers of the largest account with a negative post."""


class Habits:
    """The last two weeks, day by day. A burst is a habit once another day of them had its like: one crisis makes no habit."""

    def __init__(self) -> None:
        self.days: list[Day] = []
        self._anger: list[list[int]] = []  # quarter since the epoch, then the highest score per horizon, in 1/1,000
        self._scores = [0.0] * len(HORIZONS)
        self._heat = [-9.0] * len(HORIZONS)

    def today(self, minute: int) -> Day:
        """Return the record of the day of `minute`."""
        day = minute // DAY_MINUTES
        if not self.days or self.days[-1].day < day:
            self.days = [d for d in self.days if d.day > day - DAYS]
            self._settle()
            self.days.append(Day(day, [0.0] * len(HORIZONS), [-9.0] * len(HORIZONS)))
        return self.days[-1]

    def _settle(self) -> None:
        for k in range(len(HORIZONS)):
            self._scores[k] = _second(sorted(d.scores[k] for d in self.days), 0.0)
            self._heat[k] = _second(sorted(d.heat[k] for d in self.days), -9.0)

    def scores(self, minute: int) -> list[float]:
        """Return per horizon the second highest daily count score before today."""
        self.today(minute)
        return self._scores

    def heat(self, k: int, minute: int) -> float:
        """Return the second highest daily size and negativity on horizon `k` before today."""
        self.today(minute)
        return self._heat[k]

    def note(self, minute: int, scores: list[float]) -> None:
        """Remember the count scores of a minute."""
        today = self.today(minute)
        today.scores = [max(old, new) for old, new in zip(today.scores, scores, strict=True)]

    def note_anger(self, minute: int, scores: list[float]) -> None:
        """Remember the scores of `negative_spike` of a minute."""
        quarter = minute // QUARTER
        found = [round(1_000 * score) for score in scores]
        if self._anger and self._anger[-1][0] == quarter:
            last = self._anger[-1]
            self._anger[-1] = [quarter, *(max(a, b) for a, b in zip(last[1:], found, strict=True))]
        else:
            self._anger = [q for q in self._anger if q[0] > quarter - DAYS * 4]
            self._anger.append([quarter, *found])

    def angriest(self, k: int, minute: int) -> float:
        """Return the highest score of `negative_spike` on horizon `k` in the two weeks before this quarter of a day."""
        quarter = minute // QUARTER
        return max((q[1 + k] for q in self._anger if q[0] < quarter), default=0) / 1_000

    def quarters(self, minute: int) -> int:
        """Return how many quarters of a day before this one are known."""
        quarter = minute // QUARTER
        return sum(1 for q in self._anger if q[0] < quarter)

    def note_heat(self, k: int, minute: int, heat: float) -> None:
        """Remember size and negativity on horizon `k`."""
        today = self.today(minute)
        today.heat[k] = max(today.heat[k], round(heat, 6))

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
        return [self.days, self._scores, self._heat, self._anger]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self.days = msgspec.convert(data[0], list[Day])
        self._scores, self._heat, self._anger = data[1:]


def _second(ascending: list[float], default: float) -> float:
    return ascending[-2] if len(ascending) > 1 else default
