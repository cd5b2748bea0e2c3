"""What people write in a policy for times, and what it means: durations, times of day, days, instants.

Each reader takes the text and returns a number, or raises ValueError with a remedy.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from schemas.times import DAY, HOUR, MINUTE, SECOND, to_ms

Duration = Annotated[int, Meta(extra={"read": "duration"})]
"""Milliseconds; written `90s`, `5m`, `1h30m`, `2d`."""
Clock = Annotated[int, Meta(extra={"read": "clock"})]
"""Minutes after midnight, local; written `09:00`; `24:00` is the end of the day."""
Instant = Annotated[int, Meta(extra={"read": "instant"})]
"""Epoch milliseconds; written in ISO 8601 with its offset."""
Days = Annotated[list[int], Meta(extra={"read": "days"})]
"""Week days, Monday is 0; written `mon-fri` or `sat, sun`."""
Day = Annotated[str, Meta(extra={"read": "day"})]
"""A date, `2026-12-25`."""

DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS: Final = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)")


def duration(text: object) -> int:
    """Return `1h30m` as milliseconds."""
    written = str(text).strip().lower()
    if not re.fullmatch(rf"(?:{_PART.pattern})+", written):
        raise ValueError(f'{text!r} is no duration: write a number and its unit, such as "90s", "5m" or "1h30m"')
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(written))


def show_duration(ms: int) -> str:
    """Return milliseconds as a person would say them: `1 h 30 min`."""
    if ms < MINUTE:
        return f"{ms / SECOND:g} s"
    hours, rest = divmod(ms // MINUTE, 60)
    days, hours = divmod(hours, 24)
    words = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(word for word in words if word)


def clock(text: object) -> int:
    """Return `09:30` as minutes after midnight."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", str(text).strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not found or int(found[2]) > 59 or minutes > 24 * 60:
        raise ValueError(f'{text!r} is no time of day: write "09:00" (from "00:00" to "24:00")')
    return minutes


def days(text: object) -> list[int]:
    """Return `mon-fri, sun` as sorted numbers of week days."""
    parts = [str(part) for part in text] if isinstance(text, list) else str(text).split(",")
    found: set[int] = set()
    for part in parts:
        ends = [end.strip().lower() for end in part.split("-")]
        if len(ends) > 2 or not all(end in DAY_NAMES for end in ends):
            raise ValueError(f'{part.strip()!r} is no week day: write "mon-fri" or "sat, sun"')
        first, last = DAY_NAMES.index(ends[0]), DAY_NAMES.index(ends[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return sorted(found)


def instant(text: object) -> int:
    """Return ISO 8601 with its offset as epoch milliseconds."""
    try:
        time = datetime.fromisoformat(str(text).strip())
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError(f'{text!r} is no time with its zone: write "2026-12-24T18:00+01:00"')
    return to_ms(time)


def day(text: object) -> str:
    """Return a date as it was written, once it is one."""
    try:
        return date.fromisoformat(str(text).strip()).isoformat()
    except ValueError:
        raise ValueError(f'{text!r} is no date: write "2026-12-25"') from None


READERS: Final[dict[str, Any]] = {
    "duration": duration, "clock": clock, "days": days, "instant": instant, "day": day,
}  # fmt: skip
