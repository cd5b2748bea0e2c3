"""How much of it is a crowd: copies, one loud author, new accounts, and how many different people there were.

Copies of one text count a tenth each, unless they are marked as reposts (people passing a post on are people). What is
found here lowers severity and is said with the alert; it never hides an alert.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from detectors.sums import Minute
from schemas.events import Authenticity, Window

COPY_WEIGHT: Final = 10
"""Hundredths that a copy of another mention's text counts."""
CROWD_BITS: Final = 1024
"""Size of a crowd sketch: linear counting (Whang et al. 1990) is within 5 % up to about 3,000 people."""


def crowd(window: Window) -> int:
    """Return the mentions of a minute in 1/100, copies counting a tenth and one author's repeats a half."""
    copies = copies_of(window)
    repeats = max(0, window.count - window.authors - copies)
    return max(0, 100 * (window.count - copies - repeats) + COPY_WEIGHT * copies + 50 * repeats)


def copies_of(window: Window) -> int:
    """Return how many mentions repeat another's text without being a repost."""
    return max(0, min(window.duplicates - window.reposts, window.count - 1))


def sketch(hashes: Iterable[int]) -> int:
    """Return the crowd sketch of author (or text) hashes: a bit set, from which nobody can be told."""
    bits = 0
    for value in hashes:
        bits |= 1 << (value % CROWD_BITS)
    return bits


def estimate(bits: int) -> int:
    """Return about how many different hashes a sketch has seen (linear counting)."""
    empty = CROWD_BITS - bits.bit_count()
    return round(CROWD_BITS * math.log(CROWD_BITS / max(empty, 0.5)))


def assess(minutes: list[Minute], people: int) -> Authenticity:
    """Return how much of a crowd these minutes are; `people` is the number of different authors in them."""
    count = max(1, sum(m.mentions for m in minutes))
    loudest = sum(m.loudest for m in minutes if m.loudest > 1)  # at most: the loudest need not be the same each minute
    young = sum(m.young for m in minutes)
    return Authenticity(
        duplicate_share=round(min(1.0, sum(m.copies for m in minutes) / count), 4),
        distinct_authors=people,
        loudest_share=round(min(1.0, loudest / count), 4),
        young_share=round(min(1.0, young / count), 4) if young else None,
    )


def penalty(seen: Authenticity, count: int) -> float:
    """Return the severity points (0 to -2) that copies, one loud author, repeats and new accounts take away."""
    repeats = 1.0 - min(1.0, seen.distinct_authors / max(1, count))
    points = (
        1.5 * max(0.0, seen.duplicate_share - 0.2)
        + 1.5 * max(0.0, seen.loudest_share - 0.2)
        + 1.0 * max(0.0, repeats - 0.4)
        + 1.5 * max(0.0, (seen.young_share or 0.0) - 0.3)
    )
    return -min(2.0, points)
