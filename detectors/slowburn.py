"""A slow crisis never looks like much in any one hour: evidence that adds up over hours.

Page's cumulative sum (Page 1954, Biometrika 41) over half hours: `S = max(0, S + anger - 1/2)`, anger being the
surprise of count and of share together, standard normal under the usual talk. A half hour a little angrier than usual
means nothing, ten in a row do. At S = 3.2 perfectly normal scores would fire every three days (Siegmund's
approximation: 150 half hours); counts are judged more cautiously than that, a page needs a crowd, and a brand whose
days come to so much by themselves gets a limit of its own (`limit`).
"""

from __future__ import annotations

import math
from typing import Any, Final

from detectors.pace import BLOCK, Pace
from detectors.tails import excess

SPAN: Final = 30  # minutes
DRIFT: Final = 0.5
THRESHOLD: Final = 3.2
MOST_KNOWN: Final = 7.6
"""The highest limit that a brand's own days can set."""
MOST: Final = 2.0
LEAST: Final = -2.0
"""Bounds of each surprise: one loud half hour is no slow burn."""
WORTH: Final = 0.6
"""A smaller sum cannot come close to the threshold with one more half hour."""
ANGRIER: Final = 1.5
RISE: Final = 0.04
"""Standard deviations, and share, by which the share since its beginning must exceed the usual one."""
RISEN: Final = 1.3
"""Times the usual negative mass of four hours without which it is none: a tenth more for hours is certain, and no news."""
AS_ANGRY: Final = 0.5
BITTER: Final = 0.38
"""Where the talk is bitter as it is (mean P(negative)), more of it is more anger, unless it has become milder."""
HOUR: Final = 3
"""Number of the horizon of an hour."""


def limit(known: float) -> float:
    """Return the sum at which a slow burn fires, where the brand's last fortnight has seen `known`: what its own days
    come to is no news. A crisis passes any such limit, since the sum goes on growing while it lasts.
    """
    return max(THRESHOLD, min(known, MOST_KNOWN))


class SlowBurn:
    """See the module. Fed with every block that the pace is fed with; minutes are since the epoch."""

    def __init__(self) -> None:
        self.sum = 0.0
        self._open = [0.0] * 4  # count, mass, expected count and minutes of the open half hour
        self._since = [0, 0.0, 0.0]  # first minute, count and mass since the sum was last zero

    def take(self, end: int, count: float, mass: float, expected: float, pace: Pace) -> None:
        """Take in a block of `count` mentions before the minute `end`, where `expected` would be usual."""
        box = self._open
        box[0] += count
        box[1] += mass
        box[2] += expected
        box[3] += BLOCK
        if end % SPAN:
            return
        self._open = [0.0] * 4
        if self.sum == 0.0:
            self._since = [end - SPAN, 0.0, 0.0]
        self._since[1] += box[0]
        self._since[2] += box[1]
        self.sum = max(0.0, self.sum + _anger(box, pace) - DRIFT)

    def restart(self) -> None:
        """Begin anew: it has been told, or nothing is known of the time before."""
        self.sum = 0.0
        self._open = [0.0] * 4

    def score(self, pace: Pace) -> float:
        """Return the sum, the half hour that is not over yet included if that makes it larger; 0 when what it is about
        is much talk and not anger.
        """
        _, count, mass = self._since
        total = self.sum
        if total < WORTH:
            return 0.0
        if self._open[3]:
            part = self._open[3] / SPAN  # of a sum of equal parts, each adds its deviation times the root of its share
            total = max(total, total + _anger(self._open, pace) * math.sqrt(part) - DRIFT * part)
            count, mass = count + self._open[0], mass + self._open[1]
        angrier = pace.share.score_one(count, mass)
        as_angry = angrier >= -AS_ANGRY and mass >= BITTER * count
        angrier_now = angrier >= ANGRIER and mass >= (pace.share.usual + RISE) * count
        return total if angrier_now or as_angry else 0.0

    @property
    def since(self) -> int:
        """The minute in which it began."""
        return int(self._since[0])

    def dump(self) -> list[Any]:
        """Return the state as plain numbers."""
        return [self.sum, self._open, self._since]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self.sum, box, self._since = data
        self._open = [*box, 0.0][:4]  # older states do not know the minutes: their half hour waits until it is over


def _anger(box: list[float], pace: Pace) -> float:
    count, mass, expected, _ = box
    # Half an hour lies between a quarter and an hour.
    counts = _clip(excess(count, expected, (pace.dispersion[HOUR - 1] + pace.dispersion[HOUR]) / 2))
    return (counts + _clip(pace.share.score_one(count, mass))) / math.sqrt(2.0)


def _clip(value: float) -> float:
    return min(MOST, max(LEAST, value))
