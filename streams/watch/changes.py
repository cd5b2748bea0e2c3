"""Mentions of which a batch tells anew: updates, deletions, other revisions.

An update or a deletion names a mention, and only the brands know which of them hold it: they are looked through once for
all that a batch changes, not once for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from schemas import scored
from schemas.scored import Rows
from streams.watch.state import Brand


def told_anew(rows: Rows) -> NDArray[np.bool_]:
    """Return which of `rows` are of mentions that are updated or deleted among them, or are there in several revisions."""
    mentions = rows["mention"]
    again = rows["op"] != scored.CREATE
    later = rows["rev"] > 0
    if later.any():
        known, counts = np.unique(mentions, return_counts=True)
        again |= later & np.isin(mentions, known[counts > 1])
    return np.isin(mentions, mentions[again]) if again.any() else again


def holders(brands: Mapping[str, Brand], mentions: Mapping[int, int]) -> defaultdict[int, set[str]]:
    """Return, for each of `mentions` that is in an open minute, the names of its brands."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for name, brand in brands.items():
        for mention in brand.seen.keys() & mentions.keys():
            found[mention].add(name)
    return found


def forget_examples(brands: Mapping[str, Brand], gone: Mapping[int, int], offset: int) -> Iterator[str]:
    """Take from the examples what is `gone` or has been rewritten: of each mention the revisions below one.

    Yields the names of the brands that had one. `offset` is the record's that says so.
    """
    for name, brand in brands.items():
        if offset > brand.applied and not brand.shown.isdisjoint(gone):
            brand.show(one for one in brand.examples if one.rev >= gone.get(one.mention, 0))
            yield name
