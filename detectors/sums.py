"""Sliding sums over the closed minutes of a brand, on several horizons at once; empty minutes cost nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

HORIZONS: Final = (1, 5, 15, 60, 240)
"""Minutes. A flash is seen by the shortest, a slow burn by the longest."""


class Minute(NamedTuple):
    """What is kept of a closed minute."""

    minute: int
    """Minutes since the epoch."""
    crowd: int
    """Mentions in 1/100, copies of one text counting little (see `detectors.authenticity`)."""
    mass: int
    """Sum of P(negative) over `crowd`, in 1/10,000."""
    mentions: int
    authors: int
    copies: int
    loudest: int
    reach: int
    young: int


class SlidingSums:
    """Sums of `crowd` and `mass` over the last 1, 5, … 240 minutes. Amortised constant time a minute.

    Integers, so that a restored copy, which adds up anew, has the very same sums.
    """

    def __init__(self, minutes: Iterable[Minute] = ()) -> None:
        self.minutes: list[Minute] = list(minutes)
        self._first = [0] * len(HORIZONS)
        self.crowd = [0] * len(HORIZONS)
        self.mass = [0] * len(HORIZONS)
        for k in range(len(HORIZONS)):
            self.crowd[k] = sum(m.crowd for m in self.minutes)
            self.mass[k] = sum(m.mass for m in self.minutes)

    def push(self, minute: Minute) -> None:
        """Add the newest minute and let old ones go."""
        self.minutes.append(minute)
        for k in range(len(HORIZONS)):
            self.crowd[k] += minute.crowd
            self.mass[k] += minute.mass
        self.expire(minute.minute)

    def expire(self, now: int) -> None:
        """Let go of what is too old when `now` is the newest closed minute."""
        minutes = self.minutes
        for k, horizon in enumerate(HORIZONS):
            first, oldest = self._first[k], now - horizon
            while first < len(minutes) and minutes[first].minute <= oldest:
                self.crowd[k] -= minutes[first].crowd
                self.mass[k] -= minutes[first].mass
                first += 1
            self._first[k] = first
        if self._first[-1] > 240:
            self._compact()

    def _compact(self) -> None:
        gone = self._first[-1]
        del self.minutes[:gone]
        self._first = [first - gone for first in self._first]

    def within(self, k: int) -> list[Minute]:
        """Return the minutes inside horizon number `k`."""
        return self.minutes[self._first[k] :]

    def kept(self) -> list[Minute]:
        """Return what a restored copy needs."""
        return self.minutes[self._first[-1] :]
