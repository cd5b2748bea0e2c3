"""How bad it is: L1 to L4 from named terms that are printed with the alert.

    points = size + breadth + negativity + reach + velocity + authenticity

Each doubling over the expected count is a point, each tenfold in people a point (ten people are zero), ten points of negative
share above the usual are a point; the other terms nudge. Surprise decides *whether* an alert fires (`detectors.onset`), severity decides
who is woken, so it speaks of what people feel: how many, how angry, how fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from schemas.events import SEVERITIES, Severity

LEVELS: Final = (0.0, 2.5, 4.5, 7.0)
"""Points at which L1, L2, L3 and L4 begin."""
LEAST_PEOPLE: Final = (0, 12, 20, 100)
"""Different people without whom a level is not reached, whatever the ratio (the second one is a setting)."""
SIZE_PRIOR: Final = 4.0
"""Mentions added to both sides of the ratio: two instead of none is no sixfold rise."""
SHARE_PRIOR: Final = 10.0
"""Mentions at the usual share that are added before a share is believed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict on severity rests on."""

    crowd: float
    """Mentions, copies discounted."""
    expected: float
    people: int
    share: float
    """Mean P(negative)."""
    usual_share: float
    negative_reach: int = 0
    """Followers of the largest account with a negative post."""
    doubling_minutes: float | None = None
    authenticity: float = 0.0
    """Points, at most 0."""


def _clip(value: float, low: float, high: float) -> float:
    return low if value < low else high if value > high else value


def terms(facts: Facts) -> dict[str, float]:
    """Return the points by name."""
    n = max(facts.crowd, 0.0)
    share = (facts.share * n + facts.usual_share * SHARE_PRIOR) / (n + SHARE_PRIOR)
    size = math.log2((n + SIZE_PRIOR) / (facts.expected + SIZE_PRIOR))
    speed = 0.0
    if facts.doubling_minutes is not None and n >= 10:
        speed = _clip(0.25 * math.log2(30.0 / max(facts.doubling_minutes, 0.1)), 0.0, 1.0)
    return {
        "size": _clip(size, 0.0, 7.0),
        "breadth": _clip(math.log10(max(facts.people, 1) / 10.0), -1.0, 3.0),
        "negativity": _clip(10.0 * (share - facts.usual_share), -1.5, 2.0) + _clip(5.0 * (share - 0.35), -0.75, 0.5),
        "reach": _clip(math.log10(max(facts.negative_reach, 1) / 100_000.0), 0.0, 1.5),
        "velocity": speed,
        "authenticity": facts.authenticity,
    }


def level(points: dict[str, float], people: int, least_people: int) -> int:
    """Return the level, 1 to 4, of `points` from `people`."""
    total = sum(points.values())
    least = (0, least_people, max(LEAST_PEOPLE[2], least_people), max(LEAST_PEOPLE[3], least_people))
    reached = max(i + 1 for i, floor in enumerate(LEVELS) if i == 0 or (total >= floor and people >= least[i]))
    if reached > 2 and points["negativity"] < 0.0:
        return 3 if points["size"] >= 5.0 else 2  # a great deal of talk, but not of anger
    return reached


def name(level_: int) -> Severity:
    """Return the name of a level from 1 to 4."""
    return SEVERITIES[level_ - 1]
