"""Which posts to look at first: by reach, and by typicality; fresh ones before old ones, copies once.

A post is typical when it says what others say: the authors who used its terms in the same minute are added up, less
for a long post (divided by the root of the number of its terms, as a cosine would). Both orders are weighed by
P(negative). What was said a quarter of an hour ago counts half, so that an alert shows what it is about and yet has
examples where people speak slowly. Ids only: texts are looked up when somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.early import PLAINLY
from schemas import scored
from schemas.terms import Terms
from schemas.times import MINUTE
from streams.watch.minutes import Joined

MOST: Final = 10
KEPT: Final = 10
"""Candidates of each kind that are remembered."""
HALF_LIFE: Final = 15 * MINUTE
SPAN: Final = 60 * MINUTE
"""Older ones are forgotten (ms)."""
SHORT: Final = 4
"""Terms of a short post: fewer do not make it more typical."""
REACH, TYPICAL, GRAVE, LARGEST = range(4)
"""By negative reach; by typicality; those that speak of a grave matter; the largest account with a plainly negative post."""
MOST_OF: Final = {REACH: KEPT, TYPICAL: KEPT, GRAVE: KEPT, LARGEST: 1}


class Example(NamedTuple):
    """One candidate."""

    kind: int
    """REACH, TYPICAL, GRAVE or LARGEST."""
    at: int
    """Start of its minute, epoch ms."""
    weight: int
    mention: int
    signature: int
    name: str
    """`platform:id`."""
    rev: int = 0


def candidates(start: int, minute: Joined, terms: Mapping[str, int]) -> list[Example]:
    """Return the best examples of each kind of one minute, given its terms with the number of their authors."""
    if not len(minute):
        return []
    negative = minute.rows["negative"].astype(np.int64)
    reach = negative * (1 + np.log2(1 + minute.rows["followers"].astype(np.float64))).astype(np.int64)
    found = _best(REACH, start, minute, reach)
    grave = (minute.rows["flags"] & scored.GRAVE) != 0
    if grave.any():
        found += _best(GRAVE, start, minute, np.where(grave, 1_000 + reach, 0))
    largest = minute.largest()
    if largest is not None and negative[largest] >= PLAINLY:
        found.append(_example(LARGEST, start, minute, largest, 1))
    if terms:
        found += _best(TYPICAL, start, minute, (_typicality(minute.said, terms) * (negative + 1_000)).astype(np.int64))
    return found


def _best(kind: int, start: int, minute: Joined, weight: NDArray[np.int64]) -> list[Example]:
    """Return the weightiest posts, each and of copies one, the weightiest first."""
    out: list[Example] = []
    seen: set[int] = set()
    # Ties are broken by the mention itself: which rows came first must not decide.
    for i in np.lexsort((minute.rows["mention"], -weight)).tolist():
        worth = int(weight[i])
        if worth <= 0 or len(out) == MOST_OF[kind]:
            break
        one = _example(kind, start, minute, i, worth)
        if _is_news(one, seen):
            out.append(one)
    return out


def _example(kind: int, start: int, minute: Joined, i: int, weight: int) -> Example:
    row = minute.rows[i]
    return Example(kind, start, weight, int(row["mention"]), int(row["signature"]), minute.name(i), int(row["rev"]))


def _is_news(one: Example, seen: set[int]) -> bool:
    """Return whether neither the post nor its text is among `seen`, and add both.

    A signature of 0 says nothing: such posts are no copies of each other.
    """
    if one.mention in seen or one.signature in seen:
        return False
    seen |= {one.mention, one.signature} if one.signature else {one.mention}
    return True


def _typicality(said: Terms, terms: Mapping[str, int]) -> NDArray[np.float64]:
    authors = np.array([terms.get(word, 0) for word in said.words], np.float64)
    row = np.repeat(np.arange(len(said)), said.counts)
    total = np.bincount(row, weights=authors[said.index] if len(row) else None, minlength=len(said))
    scaled: NDArray[np.float64] = total / np.sqrt(np.maximum(said.counts, SHORT))
    return scaled


def kept(found: Iterable[Example], now: int) -> list[Example]:
    """Return the best of `found` of each kind as of the minute `now`: each post once, and of copies the best. Of the large
    accounts' posts it is the newest: the one that an alert of this minute is about.
    """

    def rank(one: Example) -> tuple[float, int]:
        return -(one.at if one.kind == LARGEST else worth(one, now)), one.mention

    ranked = sorted((one for one in found if one.at > now - SPAN), key=rank)
    out: list[Example] = []
    for kind, most in MOST_OF.items():
        seen: set[int] = set()
        out += islice((one for one in ranked if one.kind == kind and _is_news(one, seen)), most)
    return out


def worth(one: Example, now: int) -> float:
    """Return what an example counts for as of the minute `now`."""
    return one.weight * math.exp2(-(now - one.at) / HALF_LIFE)


def picked(found: Sequence[Example], now: int, first: int | None = None) -> list[str]:
    """Return at most ten ids, in turn by reach and by typicality, each post and each text once; before them those of the
    kind `first`.
    """
    best = kept(found, now)
    turns = [[one for one in best if one.kind == kind] for kind in (REACH, TYPICAL)]
    seen: set[int] = set()
    names = [one.name for one in best if one.kind == first and _is_news(one, seen)]
    while any(turns) and len(names) < MOST:
        for turn in turns:
            while turn:
                one = turn.pop(0)
                if _is_news(one, seen):
                    names.append(one.name)
                    break
    return names[:MOST]
