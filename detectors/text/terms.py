"""What a post is about, and whether it was said before: salient terms for an alert's drivers, and a signature."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.text.table import Encoded
from detectors.text.tokens import STOP, WORD, word_hash
from schemas.terms import Terms

MOST: Final = 8
"""Terms kept of a post; a tweet seldom has more that are no stop words."""
TELLING: Final = 3
"""Words by which two wordings are told apart: the longest are the rarest (Zipf 1936)."""
HEAD: Final = 16
"""Words that the signature covers: a repost cut at 140 characters keeps that many."""

_ROLL: Final = 0x9E3779B97F4A7C15


def terms(enc: Encoded, flags: npt.NDArray[np.int32]) -> Terms:
    """Return at most `MOST` lower-case terms of each post: hashtags, then the words that say most; no stop words."""
    salient = np.flatnonzero((flags & WORD != 0) & (flags & STOP == 0))
    doc, term = enc.doc[salient], enc.table.term[enc.piece[salient]].astype(np.int64)
    first = _first_of_each(doc * len(enc.table.words) + term)  # each term once a post, where it comes first
    doc, term = doc[first], term[first]
    counts = np.bincount(doc, minlength=enc.n)
    long = np.flatnonzero(counts[doc] > MOST)  # the terms of posts that have more
    if len(long):
        order = long[np.lexsort((enc.table.salience[term[long]], doc[long]))]
        many = counts[counts > MOST]
        keep = np.ones(len(term), dtype=bool)
        keep[order] = np.arange(len(order)) - np.repeat(np.cumsum(many) - many, many) < MOST
        term = term[keep]
        counts = np.minimum(counts, MOST)
    return Terms(enc.table.words, counts.astype(np.uint8), term.astype(np.uint32))


def wording(words: Iterable[str]) -> int:
    """Return a hash of what a post with these terms says, the same for one headline under other hashtags and links: of its
    `TELLING` longest words.
    """
    plain = sorted({word for word in words if word[:1] != "#" and "/" not in word}, key=lambda word: (-len(word), word))
    return word_hash(" ".join(plain[:TELLING]))


def _first_of_each(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the places, ascending, where each value of `keys` (0 … 2^40) comes first."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    bits = len(keys).bit_length()
    # By value, then by place, in one sort of integers; post by post they are nearly sorted already.
    ordered = np.sort(keys << bits | np.arange(len(keys)), kind="stable")
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (ordered[1:] >> bits) != (ordered[:-1] >> bits)
    out: npt.NDArray[np.int64] = np.sort(ordered[new] & ((1 << bits) - 1), kind="stable")
    return out


def signatures(enc: Encoded) -> npt.NDArray[np.uint64]:
    """Return a hash of each post's first `HEAD` words without case, links, @names, RT, punctuation and digits.

    Σ h(word_i)·r^i modulo 2^64 (a polynomial hash, Karp & Rabin 1987). 0 where nothing is left: such posts are no
    duplicates of each other.
    """
    h = enc.table.signature[enc.piece]
    counts = h != 0
    seen = np.zeros(len(h) + 1, dtype=np.int64)
    np.cumsum(counts, out=seen[1:])
    place = seen[:-1] - seen[enc.start[enc.doc]]
    part = np.where(counts & (place < HEAD), h * _POWERS[np.minimum(place, HEAD - 1)], np.uint64(0))
    total = np.zeros(len(h) + 1, dtype=np.uint64)
    np.cumsum(part, out=total[1:])
    out: npt.NDArray[np.uint64] = total[enc.start[1:]] - total[enc.start[:-1]]
    return out


_POWERS: Final = np.array([pow(_ROLL, k, 1 << 64) for k in range(HEAD)], dtype=np.uint64)
