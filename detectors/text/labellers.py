"""Whether a labeller is to be listened to: what was said, against what the shared model says of the same posts.

A labeller's confusion with the model is kept by class (Dawid & Skene 1979), not as one share of agreement: who calls every
post negative agrees with the model on most posts of an unpopular brand. Counts are kept of all labels and of the
latest ones, so that who was honest for long and then is not is judged by what is said now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

SURE: Final = 0.6
"""P(negative) or P(positive) of the shared model from which the opposite label counts as a contradiction; on airline
tweets, never seen, it then errs to the opposite side in 8 of 100."""
FAIRLY: Final = 0.45
"""The same below SURE."""
SURE_POSTS: Final = 12
"""Posts the model was sure of before a labeller is judged by them."""
CONTRARY: Final = 0.45
"""Share of contradictions from which a labeller is not listened to: who labels at random has half, honest people have had
3 to 11 of 100 on five sets."""
FAIRLY_POSTS: Final = 30
FAIRLY_CONTRARY: Final = 0.6
"""Where the model is fairly sure honest people have had 17 to 36 of 100, who turns labels round only there 65 to 77."""
MISSED_POSTS: Final = 20
MISSED: Final = 0.75
"""Share of the posts that the model is sure are negative (or positive) called something else from which a labeller is not
listened to. Honest people have 8 (31) of 100 on airline tweets, and 69 (41) where neutral talk is common."""
EACH: Final = 15
"""Posts of each kind before a labeller is judged by how the labels differ between kinds."""
CERTAIN: Final = 2.0
"""Standard errors that are added to a labeller's favour."""
POLAR: Final = 0.5
"""P(negative label | model negative) - P(negative label | model positive), and the same for positive, added up: nought for a
labeller who says the same of everything or labels at random, below nought for one who turns labels round. Honest people have 0.7 to 1.8."""
NEUTRAL: Final = 0.1
"""P(neutral label | model neutral) - P(neutral label | model not neutral): nought for who knows no neutral posts or calls everything so.
Honest people have 0.4 to 0.9."""
LATELY: Final = 100

ZONES: Final = 6
_NEGATIVE, _POSITIVE, _FAIRLY_NEGATIVE, _FAIRLY_POSITIVE, _NEUTRAL, _OTHER = range(ZONES)
_CLASSES: Final = 3


class Said(msgspec.Struct):
    """A labeller's labels of a brand, counted by cell (`cell`)."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (ZONES * _CLASSES))
    lately: list[int] = msgspec.field(default_factory=list)
    """Cells of the last `LATELY` labels."""

    def add(self, at: int) -> None:
        """Count a label."""
        self.counts[at] += 1
        self.lately.append(at)
        del self.lately[:-LATELY]

    def take_back(self, at: int) -> None:
        """Count a label no longer among all; what was said lately was said."""
        self.counts[at] -= 1


def cell(p: Sequence[float], label: int) -> int:
    """Return where a label counts: by what the shared model says of the post (`p`), and by the label."""
    polar = max(p[0], p[2])
    side = p[2] > p[0]
    if polar >= SURE:
        zone = _POSITIVE if side else _NEGATIVE
    elif polar >= FAIRLY:
        zone = _FAIRLY_POSITIVE if side else _FAIRLY_NEGATIVE
    else:
        zone = _NEUTRAL if p[1] >= SURE else _OTHER
    return zone * _CLASSES + label


def unfit(said: Said) -> bool:
    """Whether all labels or the latest ones say that this labeller is not to be listened to."""
    lately = [0] * (ZONES * _CLASSES)
    for at in said.lately:
        lately[at] += 1
    return _unfit(said.counts) or _unfit(lately)


def contrary(said: Said) -> float | None:
    """Return the share of contradictions on posts that the model is sure of; None below five of them."""
    wrong, n = _contradictions(said.counts, _NEGATIVE, _POSITIVE)
    return wrong / n if n >= 5 else None


def _unfit(counts: Sequence[int]) -> bool:
    wrong, n = _contradictions(counts, _NEGATIVE, _POSITIVE)
    if n >= SURE_POSTS and wrong > CONTRARY * n:
        return True
    fairly_wrong, fairly = _contradictions(counts, _FAIRLY_NEGATIVE, _FAIRLY_POSITIVE)
    if fairly >= FAIRLY_POSTS and fairly_wrong > FAIRLY_CONTRARY * fairly:
        return True
    negative, neutral, positive = (_row(counts, zone) for zone in (_NEGATIVE, _NEUTRAL, _POSITIVE))
    if any(_missed(row, k) for row, k in ((negative, 0), (positive, 2))):
        return True
    if min(sum(negative), sum(positive)) >= EACH:
        by_negative, e1 = _difference(negative, positive, 0)
        by_positive, e2 = _difference(positive, negative, 2)
        if by_negative + by_positive + CERTAIN * math.sqrt(e1 + e2) < POLAR:
            return True
    other = [a + b for a, b in zip(negative, positive, strict=True)]
    if min(sum(neutral), sum(other)) >= EACH:
        by_neutral, e = _difference(neutral, other, 1)
        return by_neutral + CERTAIN * math.sqrt(e) < NEUTRAL
    return False


def _row(counts: Sequence[int], zone: int) -> Sequence[int]:
    return counts[zone * _CLASSES : (zone + 1) * _CLASSES]


def _missed(row: Sequence[int], k: int) -> bool:
    """Whether the class of a zone is hardly ever said there, surely more seldom than by honest people."""
    n = sum(row)
    share = (n - row[k] + 1) / (n + 2)
    return n >= MISSED_POSTS and share - CERTAIN * math.sqrt(share * (1 - share) / (n + 2)) > MISSED


def _contradictions(counts: Sequence[int], negative: int, positive: int) -> tuple[int, int]:
    """Return (labels that say the opposite, labels that take a side) of two zones."""
    a, b = _row(counts, negative), _row(counts, positive)
    return a[2] + b[0], a[0] + a[2] + b[0] + b[2]


def _difference(here: Sequence[int], there: Sequence[int], k: int) -> tuple[float, float]:
    """Return by how much more often label `k` is given here than there, and the variance of that."""
    n, m = sum(here), sum(there)
    a, b = here[k] / n, there[k] / m
    return a - b, a * (1 - a) / n + b * (1 - b) / m
