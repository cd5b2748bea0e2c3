"""What a brand's days are used to: the strongest moments of the last two weeks, so that repeats of one burst stop
being news.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
from msgspec import Struct

from detectors.sums import HORIZONS, SlidingSums

DAYS: Final = 14
DAY_MINUTES: Final = 24 * 60
ACCOUNTS: Final = 8
"""Large accounts of one day that are remembered."""
BITS: Final = 16
"""Bits kept of an account's hash: enough to tell a hundred apart, and nobody can be read off them."""


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
    """What the largest account with a negative post counts for."""
    slow: float = 0.0
    """The largest sum of a slow burn."""
    grave: int = 0
    """The most people in an hour who spoke of a grave matter."""
    accounts: dict[int, int] = {}
    """A few bits of the hashes of large accounts with a negative post, and what they counted for; the latest."""


class Habits:
    """The last two weeks, day by day. A burst is a habit once two other days of them had its like: one crisis makes
    no habit.
    """

    def __init__(self) -> None:
        self.days: list[Day] = []
        self._crowd = [0] * len(HORIZONS)
        self._mass = [0] * len(HORIZONS)

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

    def note(self, minute: int, sums: SlidingSums, slow: float = 0.0, grave: int = 0) -> None:
        """Remember the sums of a closed minute, the slow burn, and who spoke of a grave matter in the hour."""
        today = self.today(minute)
        today.grave = max(today.grave, grave)
        today.slow = max(today.slow, slow)
        today.crowd = [max(pair) for pair in zip(today.crowd, sums.crowd, strict=True)]
        today.mass = [max(pair) for pair in zip(today.mass, sums.mass, strict=True)]

    def beyond(self, k: int, minute: int, crowd: float, mass: float) -> float:
        """Return how many doublings this crowd, or its anger, lies beyond what other days had; infinity where none
        had any.

        Args:
            k: number of the horizon.
            minute: now.
            crowd: in 1/100 mentions.
            mass: in 1/10,000.
        """
        self.today(minute)
        pairs = ((crowd, self._crowd[k]), (mass, self._mass[k]))
        return max(math.log2(max(now, 1.0) / usual) if usual else math.inf for now, usual in pairs)

    def grave_beyond(self, minute: int, people: int) -> float:
        """Return how many doublings so many people who speak of a grave matter lie beyond what two other days had."""
        self.today(minute)
        usual = _second([d.grave for d in self.days[:-1]])
        return math.log2(max(people, 1) / usual) if usual else math.inf

    @property
    def longest_gap(self) -> int:
        """Longest time without a mention, in minutes."""
        return max((d.gap for d in self.days), default=0)

    def slow(self, minute: int) -> float:
        """Return what a slow burn must come to for the days before today not to know it: their largest one, or a tenth
        more than the second; 0 when there was none.
        """
        today = minute // DAY_MINUTES
        *_, second, first = [0.0, 0.0, *sorted(d.slow for d in self.days if d.day < today)]
        return max(first, 1.1 * second)

    @property
    def reach(self) -> int:
        """What the largest account with a negative post counted for."""
        return max((d.reach for d in self.days), default=0)

    def usual_reach(self, minute: int) -> int:
        """Return what the largest account with a negative post counted for on two other days at least."""
        self.today(minute)
        return _second([d.reach for d in self.days[:-1]])

    def heard(self, speaker: int, minute: int) -> int:
        """Return the most that the account with the hash `speaker` has counted for; 0 where it is not known."""
        self.today(minute)
        return max(d.accounts.get(speaker % (1 << BITS), 0) for d in self.days)

    def note_reach(self, minute: int, counted: int, speaker: int) -> None:
        """Remember a negative post by an account that counts for so much; `speaker` is its hash, 0 where it is not known."""
        today = self.today(minute)
        today.reach = max(today.reach, counted)
        if speaker:
            bits = speaker % (1 << BITS)
            today.accounts[bits] = max(counted, today.accounts.pop(bits, 0))
            if len(today.accounts) > ACCOUNTS:
                del today.accounts[next(iter(today.accounts))]

    def dump(self) -> list[Any]:
        """Return the state as plain lists."""
        return [self.days, self._crowd, self._mass]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        days, self._crowd, self._mass = data
        self.days = msgspec.convert(days, list[Day])


def _second(values: list[int]) -> int:
    return sorted(values)[-2] if len(values) > 1 else 0
