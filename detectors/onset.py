"""Has something begun? The tests of one closed minute on every horizon, and where the rise began.

Count surprise and share surprise are nearly independent under the usual talk, so `anger = (z_count + z_share) / sqrt
2` is again standard normal (Stouffer's method): more mentions that are also angrier than usual count twice, a joke
that goes viral cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from detectors import slowburn
from detectors.pace import Pace
from detectors.slowburn import SlowBurn
from detectors.sums import HORIZONS, SlidingSums
from detectors.tails import excess

CrowdSignal = Literal["negative_spike", "negativity_shift", "volume_spike"]
CROWD_SIGNALS: Final[tuple[CrowdSignal, ...]] = ("negative_spike", "negativity_shift", "volume_spike")
"""Where two say the same, the first one speaks."""

THRESHOLDS: Final = (4.8, 4.4, 4.0, 3.5, 3.0)
"""Standard deviations per horizon. The shorter a horizon, the more often it is asked: 10,080 minutes a week against
42 times four hours;
these give each about the same few hundredths of a false alarm a week if the tails are right."""
SHIFT_MENTIONS: Final = 25.0
"""Mentions below which a share is not judged by itself."""
SHIFT_RISE: Final = 0.06
"""By how much a share must exceed the usual one, whatever its z."""
CLUMPS: Final = 1.0
"""Standard deviations more that grave talk must surprise by: what people talk about comes in larger clumps than how much."""
DOUBT: Final = 2.0
"""Standard deviations of the share that are left out of the anger beside a campaign."""
ANGRIER: Final = 1.0
"""Standard deviations by which a share must exceed the usual one before a surge is called negative."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One test on one horizon."""

    signal: CrowdSignal
    k: int
    score: float
    threshold: float
    slow: bool = False
    """Whether it is hours of evidence (`detectors.slowburn`), not the sum of one horizon."""
    grave: bool = False
    """Whether it counts people who speak of a grave matter (`detectors.grave`)."""

    @property
    def strength(self) -> float:
        """The score in thresholds: it fires at 1."""
        return self.score / self.threshold

    @property
    def name(self) -> str:
        """What the vote is called."""
        if self.slow:
            return "slow burn"
        return f"{'grave_talk' if self.grave else self.signal} {HORIZONS[self.k]} min"


def threshold(k: int, sensitivity: float) -> float:
    """Return the score at which horizon `k` fires."""
    return THRESHOLDS[k] / sensitivity


def beside(pace: Pace, k: int, factor: float, n: float, mass: float) -> tuple[float, float]:
    """Return the mentions and the negative mass of horizon `k` without what a campaign explains.

    A campaign explains more talk at the usual share, whether it comes or not, and no anger. What is more negative than so
    many mentions usually are is not the campaign's: as much as is certain, in plainly negative mentions, on top of usual talk.

    Args:
        pace: what is usual.
        k: number of the horizon.
        factor: how many times the usual talk the campaign explains; 1: there is none, all is returned.
        n: mentions.
        mass: their sum of P(negative).
    """
    if factor <= 1.0:
        return n, mass
    usual, expected = pace.share.usual, pace.expected(k)
    surprise = pace.share.score_one(n, mass)
    if surprise <= DOUBT or n <= 0.0:
        return min(n, expected), min(n, expected) * usual
    angry = (mass - usual * n) / (1.0 - usual) * (1.0 - DOUBT / surprise)
    return min(n, expected + angry), min(mass, expected * usual + angry)


def gates(
    pace: Pace,
    sums: SlidingSums,
    slow: SlowBurn,
    sensitivity: float = 1.0,
    factors: Sequence[float] = (1.0,) * len(HORIZONS),
    known_slow: float = 0.0,
    tellers: Sequence[int] = (),
) -> list[Gate]:
    """Return the tests of the newest closed minute.

    Args:
        pace: what is expected.
        sums: what was said.
        slow: the evidence of the last hours.
        sensitivity: divides the thresholds.
        factors: multiply what is expected on each horizon (campaigns), of the volume alone: see `beside`.
        known_slow: the largest slow burn of the brand's last fortnight (`detectors.habits`).
        tellers: people who speak of a grave matter on each horizon, where they are enough to look at.
    """
    found: list[Gate] = []
    share, usual = pace.share, pace.share.usual
    for k in range(len(HORIZONS)):
        n, mass = sums.crowd[k] / 100.0, sums.mass[k] / 10_000.0
        base = pace.expected(k)
        expected = base * factors[k]
        own, own_mass = beside(pace, k, factors[k], n, mass)
        if n <= expected and own <= base and k < 3:
            continue
        z_count = excess(n, expected, pace.dispersion[k]) if n > expected else 0.0
        z_own = excess(own, base, pace.dispersion[k]) if own > base else 0.0
        limit = threshold(k, sensitivity)
        z_share = share.score_one(n, mass)
        found.append(Gate("volume_spike", k, z_count, limit))
        angrier = z_share >= ANGRIER
        z_mass = excess(own_mass, base * usual, pace.dispersion[k]) if angrier and z_own > 0.0 else 0.0
        anger = (z_own + z_share) / math.sqrt(2.0) if angrier else 0.0
        found.append(Gate("negative_spike", k, max(z_mass, anger), limit))
        if k >= 3 and n >= SHIFT_MENTIONS and mass >= n * (usual + SHIFT_RISE):
            found.append(Gate("negativity_shift", k, z_share, limit))
    for k, people in enumerate(tellers):
        if people:
            usual_of_it = pace.grave.expected(max(pace.expected(k) * factors[k], sums.crowd[k] / 100.0))
            z = excess(people, usual_of_it, pace.grave.dispersion[k])
            found.append(Gate("volume_spike", k, z, threshold(k, sensitivity) + CLUMPS, grave=True))
    limit = slowburn.limit(known_slow) / sensitivity
    k = len(HORIZONS) - 1
    explained = max(pace.expected(k), min(sums.crowd[k] / 100.0, pace.expected(k) * factors[k]))
    risen = sums.mass[k] / 10_000.0 >= slowburn.RISEN * explained * usual
    found.append(Gate("negative_spike", k, slow.score(pace) if risen else 0.0, limit, slow=True))
    return found


def began(crowds: list[tuple[int, int]], rate: float, now: float) -> int:
    """Return the minute in which the rise to `now` mentions a minute from the usual `rate` began.

    `crowds` are the minutes with mentions and their crowds in 1/100, in order.

    It is the start of the largest sum of excess over the level at which both rates are equally likely, Page's CUSUM for
    Poisson counts (Lucas 1985, Technometrics 27, eq. 2).
    """
    usual = max(rate, 1e-3)
    level = max(now, 2.0 * usual)
    between = (level - usual) / math.log(level / usual)
    best, best_start = float("-inf"), crowds[-1][0]
    total, start, last = 0.0, crowds[0][0], crowds[0][0] - 1
    for minute, crowd in crowds:
        total -= between * (minute - last - 1)
        if total <= 0.0:
            total, start = 0.0, minute
        total += crowd / 100.0 - between
        last = minute
        if total > best:
            best, best_start = total, start
    return best_start
