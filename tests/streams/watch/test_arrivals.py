"""What is counted of a minute of arrival that is still open."""

from __future__ import annotations

import numpy as np

from schemas import scored
from schemas.scored import ROW
from schemas.terms import Terms
from streams.watch.minutes import Arrivals, Batch, Chunk


def chunk(authors: range, flags: int) -> Chunk:
    rows = np.zeros(len(authors), ROW)
    rows["author"], rows["mention"], rows["flags"] = list(authors), list(authors), flags
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
