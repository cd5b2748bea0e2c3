"""In which words a grave matter is told, and by how many different people: what an alert about it names.

Only words that speak of such a matter are kept, with a few bits of the author's hash, for an hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import numpy as np

from detectors.grave import BITS, KEPT
from detectors.text.grave import kind
from detectors.text.triggers import plain
from schemas import scored
from schemas.times import MINUTE
from streams.watch.minutes import Joined, who

SPAN: Final = 60 * MINUTE
"""Older ones are forgotten (ms)."""
MOST: Final = 5
"""Words that are named."""
LEAST: Final = 2
"""People who must have used a word before it is named (docs/operations.md, Personal data)."""


class Heard(NamedTuple):
    """One post's words."""

    at: int
    """Start of its minute, epoch ms."""
    who: int
    """Bits of the author's hash."""
    words: tuple[str, ...]


def heard(start: int, minute: Joined) -> list[Heard]:
    """Return what the posts of one minute say of grave matters."""
    places = np.flatnonzero(minute.rows["flags"] & scored.GRAVE)
    if not len(places):
        return []
    authors = who(minute.rows[places]).tolist()
    found = []
    for author, said in zip(authors, minute.said.take(places), strict=True):
        words = tuple(sorted({word for word in said if kind(word)}))
        found.append(Heard(start, author % (1 << BITS), words))
    return found


def kept(found: Iterable[Heard], now: int) -> list[Heard]:
    """Return what is remembered as of the minute `now`: the latest, each once."""
    return sorted({one for one in found if one.at > now - SPAN})[-KEPT:]


def named(found: Iterable[Heard], since: int, own: Collection[str]) -> dict[str, int]:
    """Return the words used from `since` on (epoch ms) with the number of different people, the commonest first; those in
    `own` are the brand's name.
    """
    people: dict[str, set[int]] = {}
    for one in found:
        if one.at >= since:
            for word in one.words:
                people.setdefault(word, set()).add(one.who)
    counted = sorted((-len(those), word) for word, those in people.items() if plain(word) not in own)
    return {word: -count for count, word in counted[:MOST] if -count >= LEAST}
