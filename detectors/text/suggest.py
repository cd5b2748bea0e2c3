"""Which posts to label next: a small set that stands for all of them and teaches the most words.

    chosen = suggest(candidates, 20)

Posts are ordered by brand and by P(negative), and cut into as many strata of equal size as labels are wanted, so that
every brand and every shade of opinion gets its share (stratified sampling, Neyman 1934). Within a stratum, of four posts
taken without regard to their content the one is chosen that has the most frequent words and pairs of words which no
post chosen before it has (a greedy cover, Nemhauser, Wolsey & Fisher 1978), for its length.

Asking for what the model is most unsure of (Lewis & Gale 1994), also weighed by density (Settles & Craven 2008), was
tried and does worse than chance here: those posts are mostly neutral, and teach little about negative ones.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from detectors.text.features import PLACES

OF_A_STRATUM: Final = 4
"""Posts of a stratum that are looked at. More find rarer wordings, and stand less for the rest."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that might be labelled."""

    name: str
    """`platform:id`."""
    brand: str
    negative: int
    """P(negative) in 1/10,000."""
    features: Mapping[int, float]
    """As `TextModel.features` gives them."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A post whose label would help, and why."""

    index: int
    """Place among the candidates."""
    stands_for: int
    """Posts of its stratum."""
    new_words: int
    """Frequent words and pairs of words that no suggestion before it has."""


def suggest(candidates: Sequence[Candidate], n: int = 20) -> list[Suggestion]:
    """Return at most `n` posts to label, in an order without pattern; the same for the same posts in any order."""
    words = [frozenset(place for place in c.features if place < PLACES) for c in candidates]
    order = _distinct(candidates, words)
    frequent = Counter((candidates[i].brand, place) for i in order for place in words[i])
    covered: set[tuple[str, int]] = set()
    out: list[Suggestion] = []
    n = min(n, len(order))
    for k in range(n):
        stratum = order[k * len(order) // n : (k + 1) * len(order) // n]
        best, gain, new = -1, -1.0, 0
        for i in sorted(stratum, key=lambda i: _lot(candidates[i]))[:OF_A_STRATUM]:
            brand = candidates[i].brand
            fresh = [frequent[brand, place] for place in words[i] if (brand, place) not in covered]
            # Sorted: a sum of fractions depends on its order, and a set has none.
            worth = sum(math.log(count) for count in sorted(fresh)) / math.sqrt(len(words[i]) + 2)
            if worth > gain:
                best, gain, new = i, worth, sum(count > 1 for count in fresh)
        covered |= {(candidates[best].brand, place) for place in words[best]}
        out.append(Suggestion(best, len(stratum), new))
    return sorted(out, key=lambda one: _lot(candidates[one.index]))


def _distinct(candidates: Sequence[Candidate], words: Sequence[frozenset[int]]) -> list[int]:
    """Return the places of the candidates by brand and P(negative); of posts with equal words one, of empty ones none."""
    order = sorted(
        range(len(candidates)), key=lambda i: (candidates[i].brand, candidates[i].negative, candidates[i].name)
    )
    seen: set[tuple[str, frozenset[int]]] = set()
    out: list[int] = []
    for i in order:
        key = candidates[i].brand, words[i]
        if words[i] and key not in seen:
            seen.add(key)
            out.append(i)
    return out


def _lot(candidate: Candidate) -> tuple[int, str]:
    return zlib.crc32(candidate.name.encode("utf-8", "replace")), candidate.name
