"""How often and when a delivery is tried again: exponential back-off with full jitter.

Formula: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (full jitter). The first half of the
delay is kept, so that a second try never comes at once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retry:
    """Bounds of the tries of one delivery; times in seconds."""

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 15.0
    within: float = 60.0
    """No try begins later than this after the first: by then the fallback channel or the next person is better."""

    def delay(self, attempt: int, chance: float, asked: float | None = None) -> float:
        """Return the seconds to wait after failed try `attempt` (from 1).

        Args:
            attempt: Number of the try that failed.
            chance: Uniform in [0, 1).
            asked: What the other side asked for; never less than this.
        """
        most = min(self.longest, self.first * self.factor ** (attempt - 1))
        return max(most * (0.5 + chance / 2), asked or 0.0)

    def again(self, attempt: int, waited: float) -> bool:
        """Tell whether a try may follow failed try `attempt` when it would begin `waited` seconds after the first."""
        return attempt < self.attempts and waited <= self.within
