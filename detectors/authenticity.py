"""How much of it is a crowd: copies, one loud author, new accounts, and how many different people there were.

Copies of one text count little, unless they are marked as reposts (people passing a post on are people), and so do
an author's posts after the second one in a minute. What is found here lowers severity and is said with the alert; it
never hides an alert.
"""

from __future__ import annotations

from typing import Final

from detectors.sums import Totals
from schemas.events import Authenticity, Window

COPY_WEIGHT: Final = 5
"""Hundredths that a copy of another mention's text counts, or the third post of an author within a minute."""
SECOND_WEIGHT: Final = 50
"""Hundredths that an author's second post within a minute counts."""


LOUD: Final = 3
"""Posts within a minute from which an author is weighed apart."""
LOUD_MINUTES: Final = 60
"""Minutes for which such an author is remembered: who posts more than once in one of them is taken for the same."""
YOUNG: Final = 4.0
"""Points for a share of 1.0 of accounts younger than thirty days beyond three in ten: who has none of the brand's usual authors
with him is no crowd, whatever the texts."""
MOST: Final = 3.0
"""Severity points that a lack of authenticity takes away at most."""


def crowd(window: Window) -> int:
    """Return the mentions of a minute in 1/100: people in full, their second posts half, copies and the rest little."""
    copies = copies_of(window)
    people = max(1, min(window.authors, window.count - copies))
    repeats = max(0, window.count - people - copies)
    second = min(repeats - min(repeats, max(0, window.loudest - 2)), people)
    return 100 * people + SECOND_WEIGHT * second + COPY_WEIGHT * (copies + repeats - second)


def weighed(window: Window, *, again: bool = False) -> tuple[int, int]:
    """Return `crowd` and its sum of P(negative) in 1/10,000. The anger of copies and of one loud author weighs as much
    as they do, not as their number of posts; where the window does not say whose anger it is, all posts are alike.

    Args:
        window: a closed minute.
        again: whether an author was loud within the last hour: who posts more than once now is taken for the same one,
            whose posts are all repeats.
    """
    size, found = _weighed(window)
    if not again or window.loudest < 2:
        return size, found
    heard = 100 + SECOND_WEIGHT + COPY_WEIGHT * (window.loudest - 2)
    repeats = COPY_WEIGHT * window.loudest
    own = (
        window.loudest_negative * heard // (100 * window.loudest) if window.loudest_negative else found * heard // size
    )
    left = max(repeats, size - heard + repeats)
    return left, max(0, found - own + own * repeats // heard)


def _weighed(window: Window) -> tuple[int, int]:
    size, copies, posts = crowd(window), copies_of(window), window.loudest
    left, rest, mass, found = size, window.count, window.negative, 0
    if copies and window.copied_negative:
        own = COPY_WEIGHT * copies
        found += window.copied_negative * own // (100 * copies)
        left, rest, mass = left - own, rest - copies, mass - window.copied_negative
    if LOUD <= posts < rest and window.loudest_negative:
        own = min(left, 100 + SECOND_WEIGHT + COPY_WEIGHT * (posts - 2))
        found += window.loudest_negative * own // (100 * posts)
        left, rest, mass = left - own, rest - posts, mass - window.loudest_negative
    return size, found + max(0, mass) * left // (100 * rest)


def people(window: Window) -> int:
    """Return how many people spoke in a minute: an account that only copies another's text is none."""
    return max(1, min(window.authors, window.count - copies_of(window)))


def copies_of(window: Window) -> int:
    """Return how many mentions repeat another's text without being a repost."""
    return max(0, min(window.duplicates - window.reposts, window.count - 1))


def assess(totals: Totals, people: int) -> Authenticity:
    """Return how much of a crowd some minutes are; `people` is the number of different authors in them."""
    count = max(1, totals.mentions)
    return Authenticity(
        duplicate_share=round(min(1.0, totals.copies / count), 4),
        distinct_authors=people,
        loudest_share=round(min(1.0, totals.loudest / count), 4),  # at most: it may be another one each minute
        young_share=round(min(1.0, totals.young / count), 4) if totals.young else None,
    )


def penalty(seen: Authenticity, count: int) -> float:
    """Return the severity points (0 to -3) that copies, one loud author, repeats and new accounts take away."""
    repeats = 1.0 - min(1.0, seen.distinct_authors / max(1, count))
    points = (
        2.5 * max(0.0, seen.duplicate_share - 0.2)
        + 2.5 * max(0.0, seen.loudest_share - 0.2)
        + 1.0 * max(0.0, repeats - 0.4)
        + YOUNG * max(0.0, (seen.young_share or 0.0) - 0.3)
    )
    return -min(MOST, points)
