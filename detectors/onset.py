"""Has something begun? The tests of one closed minute on every horizon, and where the rise began.

Count surprise and share surprise are nearly independent under the usual talk, so `anger = (z_count + z_share) / sqrt 2` is again standard
normal (Stouffer's method): more mentions that are also angrier than usual count twice, a joke that goes viral cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from detectors.habits import Habits
from detectors.pace import Pace
from detectors.sums import HORIZONS, Minute, SlidingSums
from detectors.tails import excess

CrowdSignal = Literal["negative_spike", "negativity_shift", "volume_spike"]
CROWD_SIGNALS: Final[tuple[CrowdSignal, ...]] = ("negative_spike", "negativity_shift", "volume_spike")
"""Where two say the same, the first one speaks."""

THRESHOLDS: Final = (4.8, 4.4, 4.0, 3.5, 3.0)
"""Standard deviations per horizon. The shorter a horizon, the more often it is asked: 10,080 minutes a week against 42 times four hours;
these give each about the same few hundredths of a false alarm a week if the tails are right."""
SHIFT_MENTIONS: Final = 25.0
"""Mentions below which a share is not judged by itself."""
SHIFT_RISE: Final = 0.06
"""By how much a share must exceed the usual one, whatever its z."""
ANGRIER: Final = 1.0
"""Standard deviations by which a share must exceed the usual one before a surge is called negative."""

# A slow crisis never looks like much in any one hour. Where a brand's own two weeks are known, the hour (or four) in which people
# are angrier than in all of them is told, from a score on that honest counting alone would have once or twice a week.
SLOW: Final = 3
"""Number of the horizon of an hour, from which on this holds."""
SLOW_FLOOR: Final = 2.1
SLOW_MENTIONS: Final = 30.0
SLOW_MARGIN: Final = 1.05
SLOW_QUARTERS: Final = 8
"""Quarters of a day that must be known."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One test on one horizon."""

    signal: CrowdSignal
    k: int
    score: float
    threshold: float
    record: bool = False
    """Whether it is judged against the brand's own angriest hours."""

    @property
    def strength(self) -> float:
        """The score in thresholds: it fires at 1."""
        return self.score / self.threshold

    @property
    def name(self) -> str:
        """What the vote is called."""
        return f"{self.signal} {HORIZONS[self.k]} min"


def threshold(k: int, sensitivity: float) -> float:
    """Return the score at which horizon `k` fires."""
    return THRESHOLDS[k] / sensitivity


def gates(
    pace: Pace,
    sums: SlidingSums,
    habits: Habits,
    minute: int,
    sensitivity: float = 1.0,
    factor: float = 1.0,
) -> list[Gate]:
    """Return the tests of the newest closed minute.

    Args:
        pace: what is expected.
        sums: what was said.
        habits: what the brand's days are used to.
        minute: the newest closed minute.
        sensitivity: divides the thresholds.
        factor: multiplies what is expected (a campaign).
    """
    found: list[Gate] = []
    share, usual = pace.share, pace.share.usual
    for k in range(len(HORIZONS)):
        n, mass = sums.crowd[k] / 100.0, sums.mass[k] / 10_000.0
        expected = pace.expected(k) * factor
        if n <= expected:
            if k < 3:
                continue
            z_count = 0.0
        else:
            z_count = excess(n, expected, pace.dispersion[k])
        limit = threshold(k, sensitivity)
        z_share = share.score_one(n, mass)
        found.append(Gate("volume_spike", k, z_count, limit))
        angrier = z_share >= ANGRIER
        z_mass = excess(mass, expected * usual, pace.dispersion[k]) if angrier and z_count > 0.0 else 0.0
        anger = (z_count + z_share) / math.sqrt(2.0) if angrier else 0.0
        slow = _slow_limit(k, n, habits, minute, sensitivity)
        found.append(Gate("negative_spike", k, max(z_mass, anger), min(limit, slow), slow < limit))
        if k >= 3 and n >= SHIFT_MENTIONS and mass >= n * (usual + SHIFT_RISE):
            found.append(Gate("negativity_shift", k, z_share, limit))
    return found


def _slow_limit(k: int, n: float, habits: Habits, minute: int, sensitivity: float) -> float:
    if k < SLOW or n < SLOW_MENTIONS or habits.quarters(minute) < SLOW_QUARTERS:
        return math.inf
    return max(SLOW_FLOOR, SLOW_MARGIN * habits.angriest(k, minute)) / sensitivity


def began(minutes: list[Minute], rate: float) -> int:
    """Return the minute in which a rise over `rate` mentions a minute began: the start of the largest sum of excess."""
    best, best_start = float("-inf"), minutes[-1].minute
    total, start, last = 0.0, minutes[0].minute, minutes[0].minute - 1
    for m in minutes:
        total -= 1.5 * rate * (m.minute - last - 1)
        if total <= 0.0:
            total, start = 0.0, m.minute
        total += m.crowd / 100.0 - 1.5 * rate
        last = m.minute
        if total > best:
            best, best_start = total, start
    return best_start
