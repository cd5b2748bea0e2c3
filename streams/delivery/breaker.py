"""A circuit breaker per channel: after failures in a row nothing is sent for a while, then one is let through to try.

States after Nygard, "Release It!", 2nd edition, chapter 5. While it is open a delivery fails at once, so that the
fallback channel or the next person gets the page instead of a queue growing before a dead server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["closed", "open", "half_open"]


@dataclass(slots=True)
class Breaker:
    """One channel's breaker. Times are epoch milliseconds and durations milliseconds."""

    failures_to_open: int = 5
    cool_down: int = 30_000
    longest: int = 300_000
    """The cool-down doubles with each failed trial up to this."""
    _failures: int = field(default=0, init=False)
    _opened: int = field(default=0, init=False)
    """Times opened in a row."""
    _until: int = field(default=0, init=False)
    _trial: int | None = field(default=None, init=False)
    """Since when a trial is under way."""

    def mode(self, now: int) -> Mode:
        """Return the state at `now`."""
        if not self._opened:
            return "closed"
        return "open" if now < self._until else "half_open"

    def permit(self, now: int) -> bool:
        """Tell whether a delivery may be tried at `now`; half open, the first one to ask is the trial."""
        mode = self.mode(now)
        if mode == "half_open":
            # A trial that never reported (its task was cancelled) must not close the way for ever.
            if self._trial is not None and now < self._trial + self.longest:
                return False
            self._trial = now
        return mode != "open"

    def release(self) -> None:
        """The delivery that was permitted was not tried after all."""
        self._trial = None

    def succeeded(self) -> None:
        """The channel works."""
        self._failures = self._opened = self._until = 0
        self._trial = None

    def failed(self, now: int) -> None:
        """The channel (not the message) failed at `now`."""
        self._failures += 1
        if self._trial is not None or (not self._opened and self._failures >= self.failures_to_open):
            self._until = now + min(self.longest, self.cool_down * 2**self._opened)
            self._opened += 1
            self._trial = None

    def reopens_in(self, now: int) -> int:
        """Return the milliseconds until a trial is let through; 0 where nothing is held back."""
        return max(0, self._until - now) if self._opened else 0
