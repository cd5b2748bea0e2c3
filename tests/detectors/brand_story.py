"""A brand's life told minute by minute, for tests: seeded talk in, alerts out."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from schemas.events import Alert, Signal, Window
from schemas.times import MINUTE, from_ms, parse_iso

LATENESS = 2 * MINUTE
START = parse_iso("2026-03-02T00:00:00Z")  # a Monday
PLAIN = 0.35  # share of negative mentions on an ordinary day
JOY = 0.20
ANGER = 0.85


class Story:
    """Tells minutes to a monitor as the worker would; `events` is all that it said."""

    def __init__(self, settings: MonitorSettings | None = None, seed: int = 1, brand: str = "Nimbrook") -> None:
        self.settings = settings or MonitorSettings()
        self.monitor = BrandMonitor(brand, self.settings)
        self.brand = brand
        self.random = random.Random(seed)
        self.minute = START // MINUTE
        self.events: list[Alert | Signal] = []
        self.between: Callable[[Story], None] | None = None

    # ------------------------------------------------------------------------------------------------------ what is said

    @property
    def alerts(self) -> list[Alert]:
        return [e for e in self.events if isinstance(e, Alert)]

    @property
    def pages(self) -> list[Alert]:
        """Alerts of L2 and more that nothing holds back, at their onset or when they worsen."""
        return [a for a in self.alerts if a.status in {"firing", "updated"} and a.severity >= "L2"]

    @property
    def worst(self) -> str:
        """The highest severity that people heard of; L0 for none."""
        heard = [a.severity for a in self.alerts if a.status in {"firing", "updated"} and a.signal != "silence"]
        return max(heard, default="L0")

    def forget(self) -> Story:
        """Go on with an empty page: what was said before is not of interest."""
        self.events = []
        return self

    # ---------------------------------------------------------------------------------------------------- what happens

    def tell(
        self, count: int, share: float = PLAIN, people: int | None = None, *, speaker: int = 0, **more: Any
    ) -> Story:
        """One minute with `count` mentions, each negative with probability near `share`."""
        if self.between is not None:
            self.between(self)
        if count:
            negative = sum(round(10_000 * self._leaning(share)) for _ in range(count))
            authors = count if people is None else people
            window = Window(
                brand=self.brand, start=from_ms(self.minute * MINUTE), count=count, negative=negative, authors=authors,
                loudest=max(1, count - authors + 1), **more,
            )  # fmt: skip
            at = (self.minute + 1) * MINUTE + LATENESS
            # The first author of a minute with more posts than authors is the same one each time.
            hashes = [self.random.getrandbits(64) for _ in range(min(authors, 2_000))]
            if authors < count:
                hashes[0] = 42
            said = [(who, self.random.getrandbits(64)) for who in hashes[: window.grave]]
            self.events += self.monitor.close(window, at, lambda: ["x:1", "x:2"], hashes, said, speaker)
        elif self.monitor.wake_at is not None and self.monitor.wake_at <= (self.minute + 1) * MINUTE:
            self.events += self.monitor.pass_time((self.minute + 1) * MINUTE, (self.minute + 1) * MINUTE + LATENESS)
        self.minute += 1
        return self

    def _leaning(self, share: float) -> float:
        """What a model says of one post: unsure, 0.15 below or above its mean."""
        return min(1.0, max(0.0, share + self.random.choice((-0.15, 0.15))))

    def minutes(self, n: int, per_hour: float, share: float = PLAIN, grave_share: float = 0.0, **more: Any) -> Story:
        """`n` minutes of independent talk at a mean rate; a part `grave_share` speaks of a grave matter."""
        for _ in range(n):
            count = poisson(self.random, per_hour / 60)
            if grave_share:
                more["grave"] = round(grave_share * count)
            self.tell(count, share, **more)
        return self

    def hours(self, n: float, per_hour: float, share: float = PLAIN, **more: Any) -> Story:
        return self.minutes(round(60 * n), per_hour, share, **more)

    def days(self, n: float, per_hour: float = 18.0, share: float = PLAIN, rhythm: float = 0.0) -> Story:
        """Ordinary days; `rhythm` 0.8 means that the rate swings by 80 % between night and afternoon."""
        for _ in range(round(n * 24 * 60)):
            day = math.sin(2 * math.pi * (self.minute % 1440 / 1440 - 0.35))
            self.tell(poisson(self.random, per_hour / 60 * (1 + rhythm * day)), share)
        return self

    def silence(self, minutes: int) -> Story:
        return self.minutes(minutes, 0.0)


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson count (Knuth's method; a rounded normal above 50)."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, k, p = math.exp(-mean), 0, 1.0
    while True:
        p *= rng.random()
        if p <= limit:
            return k
        k += 1
