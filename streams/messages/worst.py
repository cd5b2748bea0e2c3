"""What an alert was at its worst, put together from its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from schemas.events import Alert

_GROUNDS: Final = ("votes", "severity_terms", "drivers", "evidence")
"""What an event that tells of a reply or a question leaves out."""


def at_its_worst(events: Sequence[Alert]) -> Alert:
    """Return the severest of an alert's `events` with the largest figure that it had at that severity, and what both rest on.

    A crisis goes on growing at its highest severity, and events that tell so may leave out what the severity rests on.
    """
    told = max(events, key=lambda one: (one.status != "resolved", one.severity, bool(one.severity_terms), one.sequence))
    if told.signal == "silence":  # where less is worse
        return told
    ringing = [one for one in events if one.status in {"firing", "updated"} and one.severity == told.severity]
    peak = max(ringing, key=lambda one: one.observed, default=told)
    if peak.observed <= told.observed:
        return told
    missing = {name: getattr(told, name) for name in _GROUNDS if not getattr(peak, name)}
    if peak.trigger_confidence < told.trigger_confidence:
        missing |= {
            name: getattr(told, name) for name in ("trigger", "trigger_confidence", "trigger_terms", "trigger_labels")
        }
    return replace(peak, **missing)
