"""Times: epoch milliseconds (UTC) inside, ISO 8601 with `Z` outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

S = TypeVar("S", bound=Struct)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

FIRST_TWEET = 1_142_899_200_000
"""2006-03-21T00:00:00Z, the day of the first tweet: nothing on the platform is older."""


def to_ms(time: datetime) -> int:
    """Return `time` as epoch milliseconds; a time without a zone is taken as UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return round(time.timestamp() * 1_000)


def in_utc(event: S) -> S:
    """Give every time of `event` that has no zone, also further inside, that of UTC; returns `event`."""
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                setattr(event, name, value.replace(tzinfo=UTC))
        elif isinstance(value, Struct):
            in_utc(value)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, Struct):
                    in_utc(one)
    return event


def from_ms(ms: int) -> datetime:
    """Return the time `ms` milliseconds after the epoch, in UTC."""
    return datetime.fromtimestamp(ms // 1_000, UTC).replace(microsecond=ms % 1_000 * 1_000)


def iso(ms: int) -> str:
    """Return `ms` as ISO 8601 in UTC, in seconds where it is whole: `2017-04-10T22:10:00Z`."""
    text = from_ms(ms).isoformat(timespec="milliseconds" if ms % 1_000 else "seconds")
    return text.replace("+00:00", "Z")


def parse_iso(text: str) -> int:
    """Return ISO 8601 `text` as epoch milliseconds; raises ValueError when it is not a time."""
    return to_ms(datetime.fromisoformat(text.strip()))
