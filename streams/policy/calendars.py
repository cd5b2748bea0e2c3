"""Holidays from an .ics file (RFC 5545), yearly repetitions included."""

from __future__ import annotations

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
        calendar = icalendar.Calendar.from_ical(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f'there is no file "{path}": give its path beside the policy') from None
    except OSError as error:
        raise UserError(f'cannot read "{path}": {error.strerror}') from None
    except ValueError as error:
        raise UserError(
            f'"{path}" is no iCalendar file ({" ".join(str(error).split())[:80]}): export it as .ics'
        ) from None
    found: set[str] = set()
    for event in recurring_ical_events.of(calendar).between(FIRST, LAST):
        start, end = _date(event["DTSTART"].dt), event.get("DTEND")
        day, last = start, _date(end.dt) if end else start + timedelta(days=1)
        while day < max(last, start + timedelta(days=1)):  # DTEND of a whole day is the day after
            found.add(day.isoformat())
            day += timedelta(days=1)
    return sorted(found)


def _date(when: date) -> date:
    return when.date() if isinstance(when, datetime) else when
