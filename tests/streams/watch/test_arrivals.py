"""What is counted of a minute of arrival that is still open."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from schemas import scored
from schemas.scored import ROW
from schemas.terms import Terms
from streams.watch.minutes import Arrivals, Batch, Chunk


def chunk(authors: Iterable[int], flags: int, signatures: Iterable[int] = ()) -> Chunk:
    authors = list(authors)
    rows = np.zeros(len(authors), ROW)
    rows["author"], rows["mention"], rows["flags"] = authors, authors, flags
    rows["signature"] = list(signatures) or 0
    batch = Batch.__new__(Batch)
    batch.said = Terms.none(len(rows))
    return Chunk(batch, np.arange(len(rows)), rows)


def test_new_accounts_alone_are_no_early_crowd_and_people_only_grow():
    arrivals, seen = Arrivals(0), []
    for authors, flags in ((range(1, 41), scored.YOUNG), (range(100, 120), 0), (range(1, 41), 0)):
        arrivals.add(chunk(authors, flags))
        seen.append(arrivals.people())
    assert seen[0] < 5
    assert seen == sorted(seen)
    assert seen[-1] == 60, "an account that is not young after all counts in full"


def test_copies_the_loudest_author_and_young_accounts_are_told_apart():
    arrivals = Arrivals(0)
    arrivals.add(chunk(range(1, 11), 0, range(10)))
    assert arrivals.so_far()[4:] == (0, 0, 0)
    arrivals.add(chunk(range(11, 15), scored.YOUNG, [0, 0, 0, 20]))
    arrivals.add(chunk([7, 7, 7, 8], 0, range(30, 34)))
    arrivals.add(chunk(range(40, 45), scored.REPOST, [3] * 5))
    seen = arrivals.so_far()
    assert seen.mentions == 23
    assert (seen.copies, seen.loudest, seen.young) == (3, 4, 4), "people who pass a post on are no copies"
