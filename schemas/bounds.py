"""What a command, an alert or an incident from a topic may hold: JSON takes integers of any length and the year 0001.

Such a value goes well until something adds a minute to it, packs it or draws it, and then fails there each time it is
read again. So whoever takes events in from outside looks first.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from schemas.mention import MALFORMED
from schemas.times import parse_iso, to_ms

S = TypeVar("S", bound=Struct)

LARGEST: Final = 2**53
"""Whole numbers beyond it are not the same in every JSON reader; no count comes near."""
FIRST: Final = 0
LAST: Final = parse_iso("2100-01-01T00:00:00Z")
SIGNED: Final = frozenset({"score", "weight", "threshold", "severity_terms", "low", "high"})
"""Figures that may be less than nothing."""


def bounded(event: S) -> S:
    """Return `event` with all its times in UTC (one without a zone is taken as UTC).

    Raises ValueError that names the field for a time outside 1970 to 2100, a whole number beyond 2**53, a figure that is
    not finite, and one below zero that counts something.
    """
    _look(event, "")
    return event


def readable(value: bytes | None, type_: type[S]) -> S | None:
    """Return the event in `value`, `bounded`; None for what somebody else, or a later version, put there."""
    try:
        return bounded(msgspec.json.decode(value or b"", type=type_))
    except (*MALFORMED, ValueError):
        return None


def _look(event: Struct, path: str) -> None:
    for name in event.__struct_fields__:
        value = getattr(event, name)
        where = f"{path}.{name}" if path else name
        if isinstance(value, datetime):
            utc = _time(value, where)
            if utc is not value:
                setattr(event, name, utc)
        else:
            _value(value, name, where)


def _value(value: Any, name: str, where: str) -> None:
    if isinstance(value, Struct):
        _look(value, where)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            _value(one, name, f"{where}[{at}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            _value(one, name, f"{where}.{str(key)[:40]}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) if isinstance(value, float) else abs(value) > LARGEST:
            raise ValueError(f"{where}: a number beyond all measure; at most 2**53 is taken")
        if abs(value) > LARGEST:
            raise ValueError(f"{where}: {value:g} is beyond all measure; at most 2**53 is taken")
        if value < 0 and name not in SIGNED:
            raise ValueError(f"{where}: {value:g} must not be below zero")


def _time(value: datetime, where: str) -> datetime:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        known = FIRST <= to_ms(utc) < LAST
    except (OverflowError, ValueError):
        known = False
    if not known:
        raise ValueError(f"{where}: {value.isoformat()} is not between 1970 and 2100")
    return utc
