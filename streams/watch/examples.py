"""Which posts to look at first: by reach, and by typicality; fresh ones before old ones, copies once.

A post is typical when it says what others say: the authors who used its terms in the same minute are added up, less
for a long post (divided by the root of the number of its terms, as a cosine would). Both orders are weighed by
P(negative). What was said a quarter of an hour ago counts half, so that an alert shows what it is about and yet has
examples where people speak slowly. Ids only: texts are looked up when somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.terms import renumbered
from schemas.times import MINUTE
from streams.watch.minutes import Chunk

MOST: Final = 10
KEPT: Final = 10
"""Candidates of each kind that are remembered."""
HALF_LIFE: Final = 15 * MINUTE
SPAN: Final = 60 * MINUTE
"""Older ones are forgotten (ms)."""
SHORT: Final = 4
"""Terms of a short post: fewer do not make it more typical."""
REACH, TYPICAL = 0, 1


class Example(NamedTuple):
    """One candidate."""

    kind: int
    """REACH or TYPICAL."""
    at: int
    """Start of its minute, epoch ms."""
    weight: int
    mention: int
    signature: int
    name: str
    """`platform:id`."""


def candidates(start: int, chunks: Sequence[Chunk], terms: Mapping[str, int]) -> list[Example]:
    """Return the best examples of each kind of one minute, given its terms with the number of their authors."""
    found: list[Example] = []
    for chunk in chunks:
        rows = chunk.rows
        if not len(rows):
            continue
        negative = rows["negative"].astype(np.int64)
        reach = negative * (1 + np.log2(1 + rows["followers"].astype(np.float64))).astype(np.int64)
        found += _best(REACH, start, chunk, reach)
        if terms:
            found += _best(TYPICAL, start, chunk, (_typicality(chunk, terms) * (negative + 1_000)).astype(np.int64))
    return kept(found, start)


def _best(kind: int, start: int, chunk: Chunk, weight: NDArray[np.int64]) -> Iterable[Example]:
    rows = chunk.rows
    # Ties are broken by the mention itself: which rows came in which batch must not decide.
    best = np.lexsort((rows["mention"], -weight))[: KEPT * 4]
    for i in best:
        if weight[i] > 0:
            name = chunk.batch.ids[chunk.where[i]]
            yield Example(kind, start, int(weight[i]), int(rows["mention"][i]), int(rows["signature"][i]), name)


def _typicality(chunk: Chunk, terms: Mapping[str, int]) -> NDArray[np.float64]:
    said = chunk.batch.said.take(chunk.where)
    used, index = renumbered(said.index)
    authors = np.array([terms.get(said.words[i], 0) for i in used], np.float64)
    counts = said.counts.astype(np.int64)
    row = np.repeat(np.arange(len(counts)), counts)
    total = np.bincount(row, weights=authors[index] if len(index) else None, minlength=len(counts))
    scaled: NDArray[np.float64] = total / np.sqrt(np.maximum(counts, SHORT))
    return scaled


def kept(found: Iterable[Example], now: int) -> list[Example]:
    """Return the best of `found` of each kind as of the minute `now`: each post once, and of copies the best."""
    out: list[Example] = []
    ranked = sorted((one for one in found if one.at > now - SPAN), key=lambda one: (-worth(one, now), one.mention))
    for kind in (REACH, TYPICAL):
        seen: set[int] = set()
        mine: list[Example] = []
        for one in ranked:
            if one.kind == kind and one.mention not in seen and one.signature not in seen:
                mine.append(one)
                # A signature of 0 says nothing: such posts are no copies of each other.
                seen |= {one.mention, one.signature} if one.signature else {one.mention}
                if len(mine) == KEPT:
                    break
        out += mine
    return out


def worth(one: Example, now: int) -> float:
    """Return what an example counts for as of the minute `now`."""
    return one.weight * math.exp2(-(now - one.at) / HALF_LIFE)


def picked(found: Sequence[Example], now: int) -> list[str]:
    """Return at most ten ids, in turn by reach and by typicality, each post and each text once."""
    best = kept(found, now)
    turns = [[one for one in best if one.kind == kind] for kind in (REACH, TYPICAL)]
    names: list[str] = []
    seen: set[int] = set()
    while any(turns) and len(names) < MOST:
        for turn in turns:
            while turn:
                one = turn.pop(0)
                if one.mention in seen or one.signature in seen:
                    continue
                names.append(one.name)
                seen |= {one.mention, one.signature} if one.signature else {one.mention}
                break
    return names[:MOST]
