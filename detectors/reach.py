"""What one post reaches: its author's followers, weighed by who that is.

Followers alone say how many may see a post. Who wrote it says how many more will hear of it: what the media write is
quoted, what a bot writes is not, and what the brand itself writes is no news about it. Whole numbers, so that no sum and
no comparison depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas import scored
from schemas.events import Window
from schemas.scored import KINDS, Rows

WEIGHT: Final[Mapping[str, int]] = {
    "media": 200,  # quoted by others, and found by those who follow nobody
    "employee": 150,  # an insider is believed and quoted
    "influencer": 125,  # mostly known as one by the followers, which count already
    "customer": 100,
    "unknown": 100,
    "official": 50,  # another organisation: mostly answers to its own customers
    "bot": 10,  # hardly anybody follows one to read it
}
"""Hundredths of a follower that a follower of each kind of author counts. The brand's own accounts count nothing."""
NOT_KNOWN: Final = 100_000
"""Followers that a verified or a media account is taken for whose followers are not known: as many as make a notice (L1)
and wake nobody, since it is a guess."""

_WEIGHTS: Final = np.array([WEIGHT[kind] for kind in KINDS], np.int64)
_MEDIA: Final = KINDS.index("media")


def counted(rows: Rows) -> NDArray[np.int64]:
    """Return what the followers of each row's author count for; -1 for the brand's own accounts."""
    flags, kind = rows["flags"], rows["kind"]
    followers = rows["followers"].astype(np.int64)
    unknown = (followers == 0) & (((flags & scored.VERIFIED) != 0) | (kind == _MEDIA))
    followers[unknown] = NOT_KNOWN
    found: NDArray[np.int64] = followers * _WEIGHTS[kind] // 100
    found[(flags & scored.OFFICIAL) != 0] = -1
    return found


def counted_of(window: Window) -> int:
    """Return what the followers of the largest account of `window` count for: as they are, where it does not say."""
    return window.top_counted or window.top_reach


def largest(rows: Rows, plainly: int) -> int | None:
    """Return the place of the post that reaches most: of the plainly negative ones, where there are any, so that no calm
    post of a larger account hides one; None where only the brand itself spoke.

    Among equals it is the one with more followers, then the more negative one, then it is decided by the mention's hash.

    Args:
        rows: of a minute.
        plainly: P(negative) in 1/10,000 from which a post is plainly negative.
    """
    size, negative = counted(rows), rows["negative"]
    others = size >= 0
    angry = others & (negative >= plainly)
    places = np.flatnonzero(angry if angry.any() else others)
    if not len(places):
        return None
    tied = places[size[places] == size[places].max()]
    if len(tied) > 1:
        tied = tied[np.lexsort((rows["mention"][tied], negative[tied], rows["followers"][tied]))]
    return int(tied[-1])
