"""Sliding sums over the closed minutes of a brand, on several horizons at once; empty minutes cost nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

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

    def __init__(self) -> None:
        self.minutes: list[Minute] = []
        self.now = 0
        """Newest closed minute."""
        self._first = [0] * len(HORIZONS)
        self.crowd = [0] * len(HORIZONS)
        self.mass = [0] * len(HORIZONS)

    def push(self, minute: Minute) -> None:
        """Add the newest minute and let old ones go."""
        self.minutes.append(minute)
        for k in range(len(HORIZONS)):
            self.crowd[k] += minute.crowd
            self.mass[k] += minute.mass
        self.expire(minute.minute)

    def expire(self, now: int) -> None:
        """Let go of what is too old when `now` is the newest closed minute."""
        self.now = now
        minutes = self.minutes
        for k, horizon in enumerate(HORIZONS):
            first, oldest = self._first[k], now - horizon
            while first < len(minutes) and minutes[first].minute <= oldest:
                self.crowd[k] -= minutes[first].crowd
                self.mass[k] -= minutes[first].mass
                first += 1
            self._first[k] = first
        gone = self._first[-1]
        if gone > HORIZONS[-1]:
            del self.minutes[:gone]
            self._first = [first - gone for first in self._first]

    def within(self, k: int) -> list[Minute]:
        """Return the minutes inside horizon number `k`."""
        return self.minutes[self._first[k] :]

    def dump(self) -> list[Any]:
        """Return the state as plain lists: column by column, times as steps, which packs small."""
        kept = self.minutes[self._first[-1] :]
        if not kept:
            return [self.now, []]
        steps = [b.minute - a.minute for a, b in pairwise(kept)]
        return [self.now, [kept[0].minute, *steps], *(list(column) for column in list(zip(*kept, strict=True))[1:])]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        now, steps, *columns = data
        self.minutes, minute = [], 0
        self._first, self.crowd, self.mass = ([0] * len(HORIZONS) for _ in range(3))
        for step, *rest in zip(steps, *columns, strict=True):
            minute += step
            self.push(Minute(minute, *rest))
        self.expire(now)
