"""The last minutes of every brand, packed: enough for the plots of the page, bounded whatever the watch list is."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from typing import Final, NamedTuple

from schemas.events import Window
from schemas.times import DAY, HOUR, MINUTE, to_ms

BRANDS: Final = 10_000
"""Brands that are remembered; the one that was quiet for longest is forgotten first."""
TOTAL: Final = 1_440_000
"""Minutes kept over all brands, at 16 bytes each: a day of a thousand brands."""
LEAST: Final = 6 * HOUR
"""Kept of every brand however many there are."""
LEAST_LIVE: Final = DAY
"""Kept of a brand with a live incident."""
MOST: Final = 7 * DAY
_SLACK: Final = 64
"""Minutes too many before the front is cut off: cutting each minute would copy each minute."""
_CAP: Final = 2**32 - 1
_SMALL_CAP: Final = 2**16 - 1


class Point(NamedTuple):
    """One minute (or one bin) of a brand."""

    start: int
    """Epoch milliseconds."""
    mentions: int
    negative: float
    """Sum of P(negative)."""


class _Series:
    """Minutes with mentions, in order of time."""

    __slots__ = ("counts", "masses", "minutes", "questions", "replies")

    def __init__(self) -> None:
        self.minutes = array("I")
        self.counts = array("I")
        self.masses = array("I")
        self.questions = array("H")
        self.replies = array("H")

    def put(self, minute: int, count: int, mass: int, questions: int = 0, replies: int = 0) -> None:
        """Add a minute; one that is there already is replaced (a window may be written twice)."""
        count, mass, minute = min(max(count, 0), _CAP), min(max(mass, 0), _CAP), min(max(minute, 0), _CAP)
        questions, replies = min(max(questions, 0), _SMALL_CAP), min(max(replies, 0), _SMALL_CAP)
        i = len(self.minutes)
        if i and minute <= self.minutes[-1]:
            i = bisect_left(self.minutes, minute)
            if self.minutes[i] == minute:
                self.counts[i], self.masses[i] = count, mass
                self.questions[i], self.replies[i] = questions, replies
                return
        self.minutes.insert(i, minute)
        self.counts.insert(i, count)
        self.masses.insert(i, mass)
        self.questions.insert(i, questions)
        self.replies.insert(i, replies)

    def cut(self, first: int) -> None:
        """Forget what lies before the minute `first`, once that is worth it."""
        i = bisect_left(self.minutes, first)
        if i > _SLACK:
            del self.minutes[:i], self.counts[:i], self.masses[:i], self.questions[:i], self.replies[:i]


class History:
    """Minutes by brand."""

    def __init__(self, total: int = TOTAL) -> None:
        self._total = total
        self._series: OrderedDict[str, _Series] = OrderedDict()
        self.newest = 0
        """End of the newest minute of all (epoch ms); 0 before the first."""

    def __len__(self) -> int:
        return len(self._series)

    def brands(self) -> list[str]:
        """Return the brands that are remembered, the most lately heard of last."""
        return list(self._series)

    def put(self, window: Window, *, live: bool = False) -> None:
        """Take one closed minute; `live` says that the brand has a live incident."""
        start = to_ms(window.start)
        series = self._series.get(window.brand)
        if series is None:
            series = self._series[window.brand] = _Series()
            if len(self._series) > BRANDS:
                self._series.popitem(last=False)
        self._series.move_to_end(window.brand)
        series.put(start // MINUTE, window.count, window.negative, window.questions, window.replies)
        self.newest = max(self.newest, start + MINUTE)
        series.cut((series.minutes[-1] * MINUTE - self.keep(live=live)) // MINUTE)

    def keep(self, *, live: bool) -> int:
        """Return how much of a brand is kept (ms): the fewer brands, the more."""
        share = self._total // max(1, len(self._series)) * MINUTE
        return max(LEAST_LIVE if live else LEAST, min(MOST, share))

    def points(self, brand: str, start: int, end: int) -> list[Point]:
        """Return the minutes of `brand` with mentions in [start, end), in order (epoch ms)."""
        series = self._series.get(brand)
        if series is None:
            return []
        first, last = bisect_left(series.minutes, -(-start // MINUTE)), bisect_left(series.minutes, -(-end // MINUTE))
        return [
            Point(series.minutes[i] * MINUTE, series.counts[i], series.masses[i] / 10_000) for i in range(first, last)
        ]

    def asked(self, brand: str, start: int, end: int) -> tuple[int, int]:
        """Return how many questions were put to `brand`, and how many replies it gave, in [start, end) (epoch ms)."""
        series = self._series.get(brand)
        if series is None:
            return 0, 0
        first, last = bisect_left(series.minutes, -(-start // MINUTE)), bisect_left(series.minutes, -(-end // MINUTE))
        return sum(series.questions[first:last]), sum(series.replies[first:last])

    def bins(self, brand: str, start: int, end: int, width: int) -> list[Point]:
        """Return `brand` in equal bins of `width` ms that cover [start, end); empty ones are there too."""
        counts = [0] * max(0, -(-(end - start) // width))
        masses = [0.0] * len(counts)
        for point in self.points(brand, start, end):
            i = (point.start - start) // width
            counts[i] += point.mentions
            masses[i] += point.negative
        return [Point(start + i * width, counts[i], masses[i]) for i in range(len(counts))]
