"""Terms of many posts as columns: which words each post is about, without one Python object per post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SPARSE: Final = 32
"""Words of a table to each that is used from which only those are looked at."""


@dataclass(slots=True, eq=False)
class Terms:
    """The terms of n posts: post `i` has `counts[i]` of them, which stand one after another in `index`."""

    words: Sequence[str]
    """The table that `index` points into; it may hold words that none of the posts uses."""
    counts: NDArray[np.uint8]
    """(n,)"""
    index: NDArray[np.uint32]
    """(Σ counts,)"""
    _ends: NDArray[np.int64] | None = None
    """Running sum of `counts`, once it is needed."""

    @classmethod
    def none(cls, posts: int) -> Terms:
        """Return the terms of `posts` posts that have none."""
        return cls([], np.zeros(posts, np.uint8), np.zeros(0, np.uint32))

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, post: int) -> tuple[str, ...]:
        begin = int(self.counts[: post if post >= 0 else len(self) + post].sum(dtype=np.int64))
        return tuple(self.words[i] for i in self.index[begin : begin + int(self.counts[post])].tolist())

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        flat, begin = [self.words[i] for i in self.index.tolist()], 0
        for count in self.counts.tolist():
            yield tuple(flat[begin : begin + count])
            begin += count

    def take(self, where: NDArray[np.integer[Any]]) -> Terms:
        """Return the terms of the posts `where`, in that order, over the same table."""
        return Terms(self.words, self.counts[where], self.index_of(where))

    def index_of(self, where: NDArray[np.integer[Any]]) -> NDArray[np.uint32]:
        """Return where in `words` the terms of the posts `where` stand, post after post."""
        if self._ends is None:
            self._ends = np.cumsum(self.counts, dtype=np.int64)
        counts = self.counts[where].astype(np.int64)
        before = np.cumsum(counts)
        begins = self._ends[where] - before  # of each post in `index`, less what is taken before it
        index: NDArray[np.uint32] = self.index[np.repeat(begins, counts) + np.arange(len(before) and before[-1])]
        return index

    def compact(self) -> Terms:
        """Return the same terms over a table that holds only the words used."""
        used, index = renumbered(self.index)
        return Terms([self.words[i] for i in used], self.counts, index.astype(np.uint32))


def renumbered(index: NDArray[Any]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the distinct values of `index` (small integers ≥ 0), ascending, and `index` as positions among them."""
    if not len(index):
        return [], np.zeros(0, np.intp)
    if int(index.max()) > SPARSE * len(index):  # of a long table few are used: sorting them costs less than the table
        few, places = np.unique(index, return_inverse=True)
        return few.tolist(), places
    present = np.bincount(index)
    used = np.flatnonzero(present)
    present[used] = np.arange(len(used))
    return used.tolist(), present[index]
