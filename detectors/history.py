"""A baseline for a new brand from its past: counts, or mentions that were scored, told to a monitor as if it had been there.

The detectors are those of the worker, so what is learnt is what they would have learnt. What they would have alerted is
dropped: it is over.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct

from detectors.counts_file import CountRow
from detectors.monitor import BrandMonitor
from detectors.negativity import PRIOR_SHARE
from detectors.settings import MonitorSettings
from schemas.events import Window
from schemas.times import HOUR, MINUTE, from_ms, to_ms

WIDEST: Final = 60
"""Minutes of a bin of counts at most: a wider one says nothing of the hours of the day."""
MOST_A_MINUTE: Final = 1_000_000


class HistoryError(ValueError):
    """Past talk that no baseline can be made of; the text is for its owner."""


class Learnt(Struct, frozen=True):
    """A monitor's state, and what it rests on."""

    state: bytes
    warm: bool
    hours: float
    mentions: float
    hours_heard: int
    first: int
    last: int
    """Epoch ms."""


def learn(brand: str, settings: MonitorSettings, windows: Iterable[Window], *, share_known: bool) -> Learnt:
    """Return what a monitor has learnt from `windows`, in order of time. Raises HistoryError where there are none.

    Args:
        brand: whose past it is.
        settings: of its monitor.
        windows: closed minutes with mentions.
        share_known: whether they say how negative the talk was.
    """
    monitor = BrandMonitor(brand, settings)
    first = last = 0
    for window in windows:
        start = to_ms(window.start)
        monitor.close(window, start + MINUTE, list)
        first, last = first or start, start
    if not first:
        raise HistoryError("no mentions in it; there is nothing to learn from")
    monitor.begin_anew(share_known=share_known)
    hours, mentions, heard = monitor.learnt
    return Learnt(monitor.dump(), monitor.warm, hours, mentions, heard, first, last)


def windows_of_counts(brand: str, rows: Iterable[CountRow]) -> Iterator[Window]:
    """Yield the minutes of a brand from counts in bins of a minute to an hour; unknown values are left out.

    The mentions of a wide bin are scattered over its minutes by chance, the same for the same bin each time: spread
    evenly they would look more regular than talk ever is. Raises HistoryError.
    """
    known = list(rows)
    width = _width(known)
    for row in known:
        if row.value != row.value:  # unknown
            continue
        count = round(row.value)
        if count > MOST_A_MINUTE * width:
            raise HistoryError(
                f"line {row.line}: {row.text} mentions in a bin; more than a million a minute are no counts"
            )
        start = row.time_ms // MINUTE
        if width == 1 or count == 0:
            minutes = Counter({0: count})
        elif count > 1_000 * width:  # by chance or evenly is the same here
            minutes = Counter(dict.fromkeys(range(width), count // width))
        else:
            chance = random.Random(f"{brand}|{row.time_ms}")
            minutes = Counter(chance.randrange(width) for _ in range(count))
        for minute, mentions in sorted(minutes.items()):
            if mentions:
                negative = round(mentions * PRIOR_SHARE * 10_000)
                when = from_ms((start + minute) * MINUTE)
                yield Window(brand, when, mentions, negative, authors=mentions, loudest=1)


def _width(rows: list[CountRow]) -> int:
    steps = Counter(b.time_ms - a.time_ms for a, b in pairwise(rows))
    if not steps:
        raise HistoryError("a single row says nothing of what is usual; give some days")
    width = min(steps.items(), key=lambda item: (-item[1], item[0]))[0]
    if width > HOUR:
        raise HistoryError(
            f"bins of {width / HOUR:g} hours are too wide to learn the hours of the day from; give bins of an hour or less"
        )
    return max(1, width // MINUTE)
