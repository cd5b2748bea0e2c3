"""Holidays from an .ics file (RFC 5545), yearly repetitions included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import icalendar
import recurring_ical_events

from streams.errors import UserError

FIRST: Final = date(2006, 1, 1)
LAST: Final = date(2046, 1, 1)
"""Holidays are spelt out between these days: replays go back to the first tweet, schedules look ahead twenty years."""


def days_of(path: Path) -> list[str]:
    """Return the days (ISO dates) on which `path` has an event; raises UserError with the remedy."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f'there is no file "{path}": give its path beside the policy') from None
    except OSError as error:
        raise UserError(f'cannot read "{path}": {error.strerror}') from None
    try:
        found = set(_days(icalendar.Calendar.from_ical(raw)))
    except Exception as error:  # noqa: BLE001 - what a parser may stumble over in a foreign file is not listed
        why = " ".join(str(error).split())[:80]
        raise UserError(f'"{path}" is no iCalendar file that can be read ({why}): export it as .ics again') from None
    if not found:
        raise UserError(f'"{path}" has no event between {FIRST.year} and {LAST.year}: is it the right file?')
    return sorted(found)


def _days(calendar: icalendar.Component) -> Iterator[str]:
    for event in recurring_ical_events.of(calendar).between(FIRST, LAST):
        start, end = _date(event["DTSTART"].dt), event.get("DTEND")
        day, last = start, _date(end.dt) if end else start + timedelta(days=1)
        while day < max(last, start + timedelta(days=1)):  # DTEND of a whole day is the day after
            yield day.isoformat()
            day += timedelta(days=1)


def _date(when: date) -> date:
    return when.date() if isinstance(when, datetime) else when
