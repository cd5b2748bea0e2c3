"""Stretches of the week in local time, as instants: right also where the clocks change.

A stretch begins when the local clock first shows its beginning and ends when it first shows its end. A time that the
clocks skip (02:30 on the night to summer time) is the moment of the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.times import SECOND, from_ms
from streams.policy.model import Hours

_WHOLE_WEEK = 8
"""Days after which a stretch without an end is taken to have none."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the time zone `name`; raises ZoneInfoNotFoundError or ValueError."""
    return ZoneInfo(name)


def local(at: int, timezone: str) -> datetime:
    """Return what the clock on the wall shows in `timezone`, without its zone."""
    return from_ms(at).astimezone(zone(timezone)).replace(tzinfo=None)


def instant(wall: datetime, timezone: str) -> int:
    """Return when the clock on the wall first shows `wall` (epoch ms); of a time it skips, the moment of the change."""
    there = wall.replace(tzinfo=zone(timezone))
    utc = there.astimezone(UTC)
    if utc.astimezone(zone(timezone)).replace(tzinfo=None) == wall:
        return round(utc.timestamp()) * SECOND
    early, late = sorted(round(there.replace(fold=fold).timestamp()) for fold in (0, 1))
    while early < late:  # the first second at which the clock shows `wall` or more
        middle = (early + late) // 2
        if local(middle * SECOND, timezone) >= wall:
            late = middle
        else:
            early = middle + 1
    return early * SECOND


@lru_cache(maxsize=8192)
def _span(day: date, from_: int, to: int, timezone: str) -> tuple[int, int]:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the wall clock's, the zone follows
    end = to if to > from_ else to + 24 * 60
    return (
        instant(midnight + timedelta(minutes=from_), timezone),
        instant(midnight + timedelta(minutes=end), timezone),
    )


def spans(hours: Hours, timezone: str, first: int, last: int) -> Iterable[tuple[int, int]]:
    """Yield the stretches (begin, end in epoch ms) of `hours` that touch the time from `first` to `last`."""
    name = hours.timezone or timezone
    day = local(first, name).date() - timedelta(days=1)
    final = local(last, name).date()
    while day <= final:
        if day.weekday() in hours.days:
            begin, end = _span(day, hours.from_, hours.to, name)
            if begin <= last and end > first:
                yield begin, end
        day += timedelta(days=1)


def until(hours: Iterable[Hours], timezone: str, at: int) -> int | None:
    """Return the end (epoch ms) of the stretch that holds `at`, None where none does.

    Stretches that touch (22:00–24:00 and 00:00–07:00) are one. Of hours that never end the answer is a week later.
    """
    every, end = list(hours), at
    for _ in range(3 * _WHOLE_WEEK):
        further = max(
            (stop for one in every for begin, stop in spans(one, timezone, end, end) if begin <= end), default=end
        )
        if further <= end:
            break
        end = further
        if end - at >= _WHOLE_WEEK * 86_400 * SECOND:
            break
    return end if end > at else None
