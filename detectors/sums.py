"""Sliding sums over the closed minutes of a brand, on several horizons at once; empty minutes cost nothing."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

HORIZONS: Final = (1, 5, 15, 60, 240)
"""Minutes. A flash is seen by the shortest, a slow burn by the longest."""
MOST: Final = 2**53
"""A minute's figure beyond it is cut, so that sums fit into 64 bits."""


class Totals(NamedTuple):
    """What is kept of a closed minute, and of several minutes: each figure is summed."""

    crowd: int
    """Mentions in 1/100, copies of one text counting little (see `detectors.authenticity`)."""
    mass: int
    """Sum of P(negative) over `crowd`, in 1/10,000."""
    mentions: int
    authors: int
    copies: int
    loudest: int
    """Posts of each minute's loudest author, where that is more than one."""
    reach: int
    young: int
    grave: int = 0
    """People who speak of a grave matter."""


class SlidingSums:
    """Sums over the last 1, 5, … 240 minutes with mentions. Minutes are since the epoch.

    Each column holds running totals, so that the sum over a horizon is one subtraction. Integers: a restored copy has
    the very same sums.
    """

    def __init__(self) -> None:
        self.now = 0
        """Newest closed minute."""
        self.crowd = [0] * len(HORIZONS)
        self.mass = [0] * len(HORIZONS)
        self.grave = [0] * len(HORIZONS)
        self._minutes = array("q")
        self._columns = tuple(array("q", [0]) for _ in Totals._fields)  # column[i + 1]: total up to minute i
        self._first = [0] * len(HORIZONS)

    def push(self, minute: int, figures: Totals) -> None:
        """Add the newest minute and let old ones go."""
        self._minutes.append(minute)
        for column, figure in zip(self._columns, figures, strict=True):
            column.append(column[-1] + min(figure, MOST))
        self.expire(minute)

    def expire(self, now: int) -> None:
        """Let go of what is too old when `now` is the newest closed minute."""
        self.now = now
        minutes, (crowd, mass, *_, grave) = self._minutes, self._columns
        for k, horizon in enumerate(HORIZONS):
            first, oldest = self._first[k], now - horizon
            while first < len(minutes) and minutes[first] <= oldest:
                first += 1
            self._first[k] = first
            self.crowd[k] = crowd[-1] - crowd[first]
            self.mass[k] = mass[-1] - mass[first]
            self.grave[k] = grave[-1] - grave[first]
        gone = self._first[-1]
        if gone > HORIZONS[-1] // 4:
            del minutes[:gone]
            self._columns = tuple(array("q", [total - c[gone] for total in c[gone:]]) for c in self._columns)
            self._first = [first - gone for first in self._first]

    def totals(self, k: int) -> Totals:
        """Return the sums over horizon number `k`."""
        first = self._first[k]
        return Totals(*(column[-1] - column[first] for column in self._columns))

    def crowd_until(self, k: int, minute: int) -> int:
        """Return the crowd of horizon `k` up to `minute`, that included."""
        crowd, first = self._columns[0], self._first[k]
        return crowd[max(first, bisect_right(self._minutes, minute))] - crowd[first]

    def crowds(self, k: int) -> list[tuple[int, int]]:
        """Return (minute, crowd) of each minute with mentions inside horizon `k`."""
        first = self._first[k]
        return list(zip(self._minutes[first:], self._steps(0, first), strict=True))

    def after(self, minute: int) -> Totals:
        """Return the sums over the minutes after `minute`, as far as they are closed and kept."""
        first = bisect_right(self._minutes, minute)
        return Totals(*(column[-1] - column[first] for column in self._columns))

    def first_grave(self, k: int) -> int:
        """Return the first minute of horizon `k` in which somebody spoke of a grave matter; now, where nobody did."""
        first, column = self._first[k], self._columns[-1]
        at = bisect_right(column, column[first], first) - 1
        return self._minutes[at] if at < len(self._minutes) else self.now

    def _steps(self, column: int, first: int) -> Iterable[int]:
        return (after - before for before, after in pairwise(self._columns[column][first:]))

    def dump(self) -> list[Any]:
        """Return the state as plain lists: column by column, times as steps, which packs small."""
        first = self._first[-1]
        kept = self._minutes[first:]
        if not kept:
            return [self.now, []]
        steps = [kept[0], *(b - a for a, b in pairwise(kept))]
        return [self.now, steps, *(list(self._steps(k, first)) for k in range(len(self._columns)))]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        now, steps, *columns = data
        self.__init__()  # type: ignore[misc]
        minute = 0
        for step, *figures in zip(steps, *columns, strict=True):
            minute += step
            self.push(minute, Totals(*figures))
        self.expire(now)
