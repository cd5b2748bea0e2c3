"""The worker's monitor as a River estimator, for pipelines and evaluations of River and for files of minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from river.base import SupervisedAnomalyDetector
from river.base.typing import Target

from detectors.monitor import BrandMonitor
from detectors.onset import Gate
from detectors.settings import MonitorSettings
from schemas.events import Alert, Window
from schemas.times import MINUTE, from_ms

LATENESS: Final = 2 * MINUTE
"""A minute is closed so long after its end, as in the worker."""
MOST: Final = 10**9
"""No count of mentions in a minute."""


class CrisisDetector(SupervisedAnomalyDetector):
    """Watches one brand minute by minute as the worker does: `y` is the count of mentions of a minute.

    `x` may carry what else is known of the minute:

    - `time`: its start, epoch ms; without it minutes follow one another. Minutes left out were empty.
    - `negative`: the sum of P(negative) over its mentions; without it their share is the usual one, and only the volume
      can tell.
    - `people`: different authors; without it every mention is by another one.

    The score is the strongest test's in parts of its threshold: it fires at 1; while warming up it is 0. It rises with
    the count of the same tone. A `y` that is no count (NaN, negative, infinite, above 10⁹) is unknown: neither judged
    nor learnt. What `detectors.monitor.BrandMonitor` tells is in `alerts`; the early trigger of open minutes and the
    drivers need more than a count, so they are not here.

    Args:
        brand: its name, printed in the alerts.
        sensitivity: divides every threshold, from 0.25 to 4.

    Example:
        >>> import random
        >>> from detectors import CrisisDetector
        >>> rng = random.Random(1)
        >>> detector = CrisisDetector("Nimbrook")
        >>> start = 1_772_409_600_000  # 2 March 2026
        >>> for minute in range(3 * 24 * 60):  # three days of ordinary talk, a third of it negative
        ...     said = rng.choice([0, 0, 1, 1, 2])
        ...     detector.learn_one({"time": start + minute * 60_000, "negative": 0.33 * said}, said)
        >>> detector.score_one({"negative": 0.3}, 1) < 1
        True
        >>> detector.score_one({"negative": 13.0}, 16) > 1
        True
        >>> detector.learn_one({"negative": 13.0}, 16)
        >>> [(alert.severity, alert.signal) for alert in detector.alerts]
        [('L2', 'negative_spike')]
    """

    def __init__(self, brand: str = "brand", sensitivity: float = 1.0) -> None:
        if not 0.25 <= sensitivity <= 4.0:
            raise ValueError(
                f"sensitivity: {sensitivity} must be from 0.25 to 4; 1 is the default, 2 halves thresholds"
            )
        self.brand = brand
        self.sensitivity = sensitivity
        self.alerts: list[Alert] = []
        """What the last minute learnt made it tell."""
        self._monitor = _Rated(brand, MonitorSettings(sensitivity=sensitivity))
        self._next = 0  # minute after the last one

    def learn_one(self, x: Mapping[Any, Any] | None, y: Target) -> None:
        """Judge, then learn, the minute `x["time"]` with `y` mentions.

        Raises:
            ValueError: the minute does not come after the last one.
        """
        minute = self._minute(x)
        if minute < self._next:
            raise ValueError(
                f"time {minute * MINUTE} lies in or before the last minute, {(self._next - 1) * MINUTE}; sort the minutes "
                "and add up those of the same time"
            )
        self.alerts = self._monitor.tell(minute, x or {}, float(y))
        self._next = minute + 1

    def score_one(self, x: Mapping[Any, Any] | None, y: Target) -> float:
        """Return the score that `y` mentions in that minute would have; nothing is learnt."""
        copy = _Rated.load(self.brand, self._monitor.settings, self._monitor.dump())
        assert isinstance(copy, _Rated)  # noqa: S101 - `load` makes what it is called on
        copy.tell(self._minute(x), x or {}, float(y))
        return copy.strength

    def _minute(self, x: Mapping[Any, Any] | None) -> int:
        time = x.get("time") if x else None
        return self._next if time is None else int(time) // MINUTE

    def dump(self) -> bytes:
        """Return the monitor's state, as the worker keeps it."""
        return self._monitor.dump()

    def load(self, state: bytes) -> None:
        """Take the state that `dump` returned. Raises ValueError when it is none."""
        monitor = _Rated.load(self.brand, self._monitor.settings, state)
        assert isinstance(monitor, _Rated)  # noqa: S101
        self._monitor, self._next = monitor, monitor.next_at // MINUTE


class _Rated(BrandMonitor):
    """A monitor that keeps how strong its strongest test was."""

    strength = 0.0

    def tell(self, minute: int, x: Mapping[Any, Any], count: float) -> list[Alert]:
        """Tell it one minute; return the alerts."""
        self.strength = 0.0
        if not 0.0 <= count <= MOST:  # also False for NaN
            return []
        at = (minute + 1) * MINUTE + LATENESS
        n = round(count)
        if n == 0:
            events = self.pass_time((minute + 1) * MINUTE, at)
        else:
            negative = _figure(x.get("negative"), n * self._picture.pace.share.usual, n)
            people = max(1, round(_figure(x.get("people"), n, n)))
            window = Window(
                self.brand,
                from_ms(minute * MINUTE),
                count=n,
                negative=round(10_000 * negative),
                authors=people,
                loudest=-(-n // people),  # nobody said who: spread evenly
            )
            events = self.close(window, at, list)
        return [event for event in events if isinstance(event, Alert)]

    def _tests(self, minute: int, *, campaign: bool = True) -> list[Gate]:
        found = super()._tests(minute, campaign=campaign)
        if campaign and self.warm:
            self.strength = max((gate.strength for gate in found), default=0.0)
        return found


def _figure(value: Any, otherwise: float, most: float) -> float:
    """Return `value` as a number from 0 to `most`; `otherwise` where it is none."""
    known = isinstance(value, int | float) and math.isfinite(value)
    return min(max(float(value), 0.0), most) if known else otherwise
