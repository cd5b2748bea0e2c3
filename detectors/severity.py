"""How bad it is: L1 to L4 from named terms that are printed with the alert.

    points = size + breadth + negativity + novelty + persistence + safety + reach + velocity + authenticity

Each doubling over what was expected is a point, each tenfold in people is a point (ten people are none), ten points
of negative share above the usual are a point; a burst of a size that the brand's days know loses some; the others
nudge. Surprise decides *whether* an alert fires (`detectors.onset`). Severity decides who is woken, so it speaks of
what people feel: how many, how angry, how fast.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from schemas.events import SEVERITIES, Severity

LEVELS: Final = (0.0, 2.5, 4.5, 7.0)
"""Points at which L1, L2, L3 and L4 begin."""
PEOPLE: Final = (0, 0, 20, 100)
"""Different people without whom a level is not reached, whatever the ratio (for L2 it is a setting)."""
SIZE_PRIOR: Final = 4.0
"""Mentions added to both sides of the ratio: two instead of none is no sixfold rise."""
SHARE_PRIOR: Final = 10.0
"""Mentions at the usual share that are added before a share is believed."""
SHARE_WEIGHT: Final = 10.0
"""Points for a share of 1.0 above the usual."""
PLAIN_SHARE: Final = 0.35
"""A share that is plain talk: the mean P(negative) of ordinary posts under the shipped model lies between 0.3 and
0.4."""
KNOWN: Final = 1.0
KNOWN_SIZE: Final = 0.7
"""Points, and part of its size, that a burst loses which is no larger than those of other days; one twice as large
loses none."""
PERSISTENCE: Final = 1.0
"""Points for anger that has been adding up for hours; they may make an L2, no more."""
SAFETY: Final = 4.0
"""Points at most for many who speak of a grave matter, however calmly: as many as an L2 lacks, no more."""
ROUTINE_ANGER: Final = 0.5
"""Points of negativity from which a burst is not routine even though other days had its like."""
ANGER: Final = 0.1
"""Points of negativity without which there is no L4 …"""
MILD: Final = -0.3
"""Points of negativity from which talk is plainly milder than usual (a joke, good news): no page …"""
LARGE: Final = 3.0
"""… nor an L3 below so many points of size (eightfold): a busy brand has a large crowd on any day."""
HUGE: Final = 5.0
"""… save that from these points of size on it may be one level more."""


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
    beyond: float = math.inf
    """Doublings beyond what other days of two weeks had."""
    lasting: bool = False
    """Whether it has been adding up for hours."""
    negative_reach: int = 0
    """Followers of the largest account with a negative post."""
    doubling_minutes: float | None = None
    authenticity: float = 0.0
    """Points, at most 0."""


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def terms(facts: Facts) -> dict[str, float]:
    """Return the points by name."""
    n = max(facts.crowd, 0.0)
    share = (facts.share * n + facts.usual_share * SHARE_PRIOR) / (n + SHARE_PRIOR)
    size = _clip(math.log2((n + SIZE_PRIOR) / (facts.expected + SIZE_PRIOR)), 0.0, 7.0)
    negativity = _clip(SHARE_WEIGHT * (share - facts.usual_share), -1.5, 2.0)
    negativity += _clip(5.0 * (share - max(PLAIN_SHARE, facts.usual_share)), 0.0, 0.5)
    negativity += _clip(5.0 * (share - PLAIN_SHARE), -0.5, 0.0)
    speed = 0.0
    if facts.doubling_minutes is not None and n >= 10:
        speed = _clip(0.25 * math.log2(30.0 / max(facts.doubling_minutes, 0.1)), 0.0, 1.0)
    found = {
        "size": size,
        "breadth": _clip(math.log10(max(facts.people, 1) / 10.0), -1.0, 3.0),
        "negativity": negativity,
        "novelty": 0.0,
        "persistence": PERSISTENCE if facts.lasting else 0.0,
        "safety": 0.0,
        "reach": _clip(math.log10(max(facts.negative_reach, 1) / 100_000.0), 0.0, 1.5),
        "velocity": speed,
        "authenticity": facts.authenticity,
    }
    used_to = _clip(1.0 - facts.beyond, 0.0, 1.0)
    found["novelty"] = 0.0 if facts.lasting else -used_to * _routine(size)
    return found


def _routine(size: float) -> float:
    return KNOWN + KNOWN_SIZE * size


def grave(points: dict[str, float], people: int, least_people: int, beyond: float) -> tuple[dict[str, float], int]:
    """Return the points, and the level (2 at most), of talk in which a grave matter is told.

    It need not be large or angry, and that others of its size were is no reason to let it pass: the media tell the
    gravest things calmly. What is no crowd (copies, new accounts) still counts against it.

    Args:
        points: of the talk as it is.
        people: how many tell it.
        least_people: how many make a page.
        beyond: doublings beyond what other days of two weeks had of it.
    """
    found = {**points, "novelty": 0.0}
    lacks = LEVELS[1] - sum(found.values())
    found["safety"] = _clip(lacks, 0.0, SAFETY * _clip(beyond, 0.0, 1.0))
    return found, 2 if people >= least_people and found["safety"] >= lacks else 1


def tempered(level: int, anger: float, mild: Collection[int]) -> int:
    """Return the level of a horizon beside longer ones that are plainly mild.

    Five minutes that are no milder than usual are chance where an hour has laughed: what is not angry itself is as bad as
    the worst of those.

    Args:
        level: its own.
        anger: its points for negativity.
        mild: levels of longer horizons with at most `MILD` points for negativity.
    """
    return min(level, max(mild)) if mild and anger < ROUTINE_ANGER else level


def level(points: dict[str, float], people: int, least_people: int) -> int:
    """Return the level, 1 to 4, of `points` from `people`; fewer than `least_people` are never a page."""
    total = sum(points.values())
    if total >= LEVELS[1]:
        total = max(LEVELS[1], total - points["persistence"])
    if points["negativity"] >= ANGER and total - points["novelty"] >= LEVELS[3]:
        total = max(total, LEVELS[1])  # anger of this size is never routine
    elif points["negativity"] < ROUTINE_ANGER and points["novelty"] <= -_routine(points["size"]):
        return 1  # the brand's days know such a burst
    least = [max(floor, least_people) if i else 0 for i, floor in enumerate(PEOPLE)]
    reached = max(i + 1 for i, floor in enumerate(LEVELS) if i == 0 or (total >= floor and people >= least[i]))
    if points["negativity"] < 0.0:  # a great deal of talk, but not of anger
        most = 2 if points["negativity"] > MILD else 1
        return min(reached, most + (points["size"] >= HUGE))
    if points["negativity"] < ANGER:
        return min(reached, 3 if points["size"] >= LARGE else 2)
    return reached


def name(level_: int) -> Severity:
    """Return the name of a level from 1 to 4."""
    return SEVERITIES[level_ - 1]
