"""From a batch of pieces to numbers: hashed words and bigrams, and two dozen lexicon and shape features.

Everything is an exact integer until the last step, so that a post's features do not depend on its batch.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.text.negation import Negation
from detectors.text.table import Encoded
from detectors.text.tokens import BOOST, BUT, CAPS, DAMPEN

BITS: Final = 18
"""Hashed words, negated words and bigrams of one language share 2^18 places."""
SPACE: Final = 1 << BITS
BLOCKS: Final = 3
"""Weights of their own: English, French, any other language."""
PLACES: Final = BLOCKS * SPACE

Ints = npt.NDArray[np.int64]

_NEGATED: Final = np.uint32(0x5BD1E995)
_SILENT: Final = np.uint32(0x27D4EB2F)
_PAIR: Final = np.uint32(0x9E3779B1)


NOWHERE: Final = PLACES
"""The place of a bigram that is none, because the next word is another post's: its weight is zero."""


def hashed(
    enc: Encoded, neg: Negation, block: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return two places per position: of the word (negated ones and silent cues apart), and of the bigram that begins there.

    `block` is the language block of each post; every block has `SPACE` places.
    """
    which = block[enc.doc]
    h: npt.NDArray[np.uint32] = np.where(which == 1, enc.table.french[enc.piece], enc.table.hash[enc.piece])
    base = which * SPACE
    word = _fold(np.where(neg.turned, h ^ _NEGATED, np.where(neg.silent, h ^ _SILENT, h))) + base
    pair = np.full(len(h), NOWHERE, dtype=np.int64)
    if len(h) > 1:
        two = (h[:-1] * _PAIR) ^ (h[1:] >> np.uint32(7)) ^ h[1:]
        pair[:-1] = np.where(enc.doc[:-1] == enc.doc[1:], _fold(two) + base[:-1], NOWHERE)
    return word, pair


def places(enc: Encoded, word: Ints, pair: Ints) -> tuple[Ints, Ints]:
    """Return (place, post) of every hashed feature: what `hashed` found, without the bigrams that are none."""
    there = pair != NOWHERE
    return np.concatenate([word, pair[there]]), np.concatenate([enc.doc, enc.doc[there]])


def sizes(enc: Encoded) -> npt.NDArray[np.float64]:
    """Return √m per post, m being its number of hashed features: n words and n - 1 bigrams."""
    out: npt.NDArray[np.float64] = np.sqrt(np.maximum(2 * np.diff(enc.start) - 1, 1))
    return out


def _fold(h: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Return 32-bit hashes mixed down to `BITS` bits (Knuth's multiplicative hashing)."""
    mixed = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    out: npt.NDArray[np.int64] = (mixed >> np.uint32(32 - BITS)).astype(np.int64)
    return out


MARKED: Final = (512, 128, 0)
"""Valence, polarity and subjectivity of a denied comparative that is praise, in 1/256: those of *good*."""
DENSE: Final = (
    "positive", "negative", "highest", "lowest", "positives", "negatives", "compound", "after_but",
    "negations", "boosts", "exclaims", "questions", "capitals", "elongated", "users", "links", "hashtags",
    "emoji", "words", "bias",
    "polar_up", "polar_down", "polar_highest", "polar_lowest", "polar_compound", "subjective", "subjectives",
)  # fmt: skip
"""Names of the dense features, in order. Valences are VADER's (-4 … 4), polarity and subjectivity Pattern's (-1 … 1,
0 … 1), counts are log(1 + n)."""


class _Told(NamedTuple):
    """The positions that have a value in some lexicon, one in eight: all others add nothing."""

    at: Ints
    """(q,) ascending."""
    doc: Ints
    """(q,) whose each is."""
    start: Ints
    """(n + 1,) post `i` owns `start[i]:start[i + 1]`."""

    def sums(self, x: npt.NDArray[np.generic]) -> Ints:
        """Return the sum of the integers `x` (q,) over each post: exact, and 0 for a post without any."""
        total = np.zeros(len(x) + 1, dtype=np.int64)
        np.cumsum(x, dtype=np.int64, out=total[1:])
        out: Ints = total[self.start[1:]] - total[self.start[:-1]]
        return out

    def sides(self, x: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return per post the sum of the positive values of `x` (q,), of the negative ones, the highest and the lowest."""
        up, down = np.maximum(x, 0), np.minimum(x, 0)
        n = len(self.start) - 1
        highest, lowest = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        filled = np.flatnonzero(np.diff(self.start))
        if len(filled):
            highest[filled] = np.maximum.reduceat(up, self.start[filled])
            lowest[filled] = np.minimum.reduceat(down, self.start[filled])
        return self.sums(up), self.sums(down), highest, lowest


def dense(enc: Encoded, flags: npt.NDArray[np.int32], neg: Negation, values: Ints) -> npt.NDArray[np.float64]:
    """Return the dense features (n, len(DENSE)) for valence, polarity and subjectivity (p, 3) in units of 1/256.

    `values` is changed: what denied words really say is put in.
    """
    out = np.empty((enc.n, len(DENSE)))
    values[np.flatnonzero(neg.silent)] = 0
    marked = np.flatnonzero(neg.marks)
    values[marked] = neg.marks[marked, None] * np.array(MARKED)
    at = np.flatnonzero(values[:, 0] | values[:, 1] | values[:, 2])
    told = _Told(at, enc.doc[at], np.searchsorted(at, enc.start))
    values = values[at]
    turned = neg.turned[at]
    _valence(enc, flags, told, turned, values[:, 0], out)
    counts = enc.totals(enc.table.counts).copy()
    counts[:, 0] = np.bincount(enc.doc[neg.cues], minlength=enc.n)
    out[:, 8:19] = _LOG[np.minimum(counts, len(_LOG) - 1)]
    out[:, 19] = 1.0
    up, down, highest, lowest = told.sides(np.where(turned, -(values[:, 1] * 3) // 4, values[:, 1]))
    total = (up + down) / 256
    out[:, 20] = np.sqrt(up / 256)
    out[:, 21] = -np.sqrt(-down / 256)
    out[:, 22] = highest / 256
    out[:, 23] = lowest / 256
    out[:, 24] = total / np.sqrt(total * total + 2)
    out[:, 25] = np.sqrt(np.maximum(told.sums(values[:, 2]), 0) / 256)
    out[:, 26] = np.sqrt(told.sums(values[:, 2] > 0))
    return out


def _valence(
    enc: Encoded,
    flags: npt.NDArray[np.int32],
    told: _Told,
    turned: npt.NDArray[np.bool_],
    valence: Ints,
    out: npt.NDArray[np.float64],
) -> None:
    """Fill the first eight features: VADER's valences with its boosters, capitals, negation and "but"."""
    at, v = told.at, valence * 64
    before = at - 1  # of the batch's first position: the last one, which is no post's own
    same = (at > 0) & (enc.doc[before] == told.doc)
    boost = same * (((flags[before] & BOOST) != 0).astype(np.int64) - ((flags[before] & DAMPEN) != 0))
    # VADER: a booster adds 0.293, capitals 0.733 to a mean valence near 2; here as factors. A negation turns by -0.74.
    v = v + boost * v // 6 + np.where((flags[at] & CAPS) != 0, v // 4, 0)
    v = np.where(turned, -(v * 3) // 4, v)
    up, down, highest, lowest = told.sides(v)
    but = np.flatnonzero(flags & BUT)
    first = np.full(enc.n, len(flags), dtype=np.int64)
    np.minimum.at(first, enc.doc[but], but)
    unit = 1 / (256 * 64)
    total = (up + down) * unit
    out[:, 0] = np.sqrt(up * unit)
    out[:, 1] = -np.sqrt(-down * unit)
    out[:, 2] = highest * unit
    out[:, 3] = lowest * unit
    out[:, 4] = np.sqrt(told.sums(v > 0))
    out[:, 5] = np.sqrt(told.sums(v < 0))
    out[:, 6] = total / np.sqrt(total * total + 15)  # VADER's own normalisation
    out[:, 7] = told.sums(np.where(at > first[told.doc], v, 0)) * unit


_LOG: Final = np.round(np.log1p(np.arange(512)) * 4096) / 4096
