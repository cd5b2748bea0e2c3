"""Why an alert fired: its events, what the severest of them rests on, and how the minutes around it looked."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from detectors.hindsight import Watched, tell
from detectors.severity import LEVELS
from schemas.events import SEVERITIES, Alert
from schemas.times import HOUR, MINUTE, to_ms
from streams.explain.bins import Bin, gather, width_of
from streams.explain.log import Log
from streams.explain.missed import monitor_settings

BEFORE: Final = 3 * HOUR
AFTER: Final = HOUR
"""Shown in the plot before the onset and after the last event (ms)."""
LONGEST: Final = 24 * HOUR
COLUMNS: Final = 60


class Step(Struct, frozen=True):
    """How far the next severity was."""

    severity: str
    needed: float
    missing: float


class Fired(Struct, frozen=True):
    """The answer."""

    alert: Alert
    """The severest event that was told, else the severest held back: the figures are its."""
    events: list[Alert]
    points: float
    """Sum of the terms of its severity."""
    next: Step | None
    bins: list[Bin]
    """Empty where the minutes are no longer kept."""


def fired(events: list[Alert], log: Log) -> Fired:
    """Return why the alert with these `events` fired."""
    worst = max(
        events, key=lambda one: (one.status != "resolved", one.severity, bool(one.severity_terms), one.sequence)
    )
    points = round(sum(worst.severity_terms.values()), 2)
    start = to_ms(worst.starts_at) - BEFORE
    end = min(to_ms(events[-1].detected_at) + AFTER, start + LONGEST)
    bins: list[Bin] = []
    if any(start <= to_ms(window.start) < end for window in log.windows):
        eye = Watched(log.brand, monitor_settings(log))
        for _ in tell(eye, log.windows, end // MINUTE * MINUTE, log.settings.lateness_ms):
            pass
        bins = gather(log.windows, eye.usual, start, end, width_of(end - start, COLUMNS))
    return Fired(worst, events, points, _next(worst, points), bins)


def _next(alert: Alert, points: float) -> Step | None:
    """Return the next severity, where points are what it takes (not for one post, nor for silence)."""
    level = int(alert.severity[1:])
    if alert.signal in {"reach", "silence", "source_down"} or not alert.severity_terms or level >= len(SEVERITIES):
        return None
    missing = LEVELS[level] - points
    return Step(SEVERITIES[level], LEVELS[level], round(missing, 2)) if missing > 0 else None
