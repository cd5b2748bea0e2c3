"""Silence: nobody speaks of a brand that is usually spoken of. It is told (L1), and it is not learnt.

A silence is the brand's own up to twice its longest gap of two weeks (nights, Sundays); longer ones are taken for a
dead source: the baseline does not learn from them, so that what comes after is still compared with the time before.
"""

from __future__ import annotations

import math
from typing import Any, Final

from detectors.habits import Habits
from detectors.pace import BLOCK, Pace
from detectors.settings import MonitorSettings

MISSING: Final = 20.0
"""Mentions that should have come before a silence is told: P(none) is below one in a hundred even with alpha = 0.3."""
FIRST_DAY: Final = 24 * 60
FIRST_GAP: Final = 12 * 60
"""Minutes a silence may last in the first day, when no night has been seen."""


class Silence:
    """Watches the time since the last mention. Minutes are since the epoch."""

    def __init__(self, settings: MonitorSettings) -> None:
        self._settings = settings
        self.last = 0
        """Last minute with a mention; 0 before the first."""
        self.believed_until = 0
        """Empty minutes from here on are no fact about the brand."""
        self.due = 0
        """First minute at whose start a silence is told; 0 when none will be."""

    def heard(self, minute: int, pace: Pace, habits: Habits, *, warm: bool) -> None:
        """Take note of a mention in `minute`, before which the silence, if any, has ended."""
        gap = minute - self.last - 1 if self.last else 0
        if gap > 0:
            today = habits.today(minute)
            today.gap = max(today.gap, min(gap, 2 * self._longest(pace, habits)))
        limit = self._longest(pace, habits)
        self.last = minute
        self.believed_until = (minute + limit) // BLOCK * BLOCK
        rate = pace.slow.get() / BLOCK
        self.due = minute + 1 + max(limit, math.ceil(MISSING / rate)) if warm and rate > 0.0 else 0

    def _longest(self, pace: Pace, habits: Habits) -> int:
        least = round(self._settings.silence_hours * 60)
        return max(least, 2 * habits.longest_gap, 0 if pace.minutes >= FIRST_DAY else FIRST_GAP)

    def believes(self, minute: int) -> bool:
        """Whether an empty `minute` is the brand's own silence."""
        return minute < self.believed_until

    def dump(self) -> list[Any]:
        """Return the state as a plain list."""
        return [self.last, self.believed_until, self.due]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self.last, self.believed_until, self.due = data
