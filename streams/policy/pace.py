"""How many alerts a second a policy's route tree decides on: `tocsin policy route --pace`."""

from __future__ import annotations

import itertools
import time
from typing import get_args

from msgspec import Struct

from schemas.events import SEVERITIES, Alert, Driver, SignalName, Trigger
from schemas.ids import alert_id, fingerprint
from schemas.times import from_ms
from streams.policy.model import Policy, Route
from streams.policy.routes import route

BATCH = 200
"""Decisions between two looks at the clock."""


class Pace(Struct, frozen=True):
    """What was measured."""

    decisions: int
    cpu_seconds: float
    nodes: int
    """Routes in the tree."""
    alerts: int
    """Different alerts that were decided on."""

    @property
    def per_second(self) -> float:
        """Decisions a second of CPU time."""
        return self.decisions / self.cpu_seconds


def measure(policy: Policy, seconds: float = 1.0) -> Pace:
    """Route alerts of every brand, severity, signal and subject, again and again, for `seconds` of CPU time."""
    alerts = list(_alerts(policy))
    endless = itertools.cycle(alerts)
    done, began = 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for alert in itertools.islice(endless, BATCH):
            route(policy, alert)
        done += BATCH
    return Pace(done, spent, _count(policy.routes), len(alerts))


def _alerts(policy: Policy) -> list[Alert]:
    now = from_ms(0)
    drivers = [
        Driver("language", "fr", 3, 2.0),
        Driver("author_kind", "media", 3, 2.0),
        Driver("term", "recall", 9, 4.0),
    ]
    brands = ["a brand without a route", *policy.brands]
    return [
        Alert(
            alert_id(fingerprint(brand, signal), 0), fingerprint(brand, signal), 1, "firing", signal, severity, brand, now, now,
            platforms=["x", "bluesky"], drivers=drivers, trigger=trigger,
        )
        for brand in brands
        for severity in SEVERITIES
        for signal in get_args(SignalName)
        for trigger in get_args(Trigger)
    ]  # fmt: skip


def _count(routes: list[Route]) -> int:
    return sum(1 + _count(node.routes) for node in routes)
