"""Open minutes: the rows of a minute that can still change, and the window they add up to when it closes.

Rows are kept as they came (arrays, not objects) and added up once, at the close: the sums do not depend on the order
in which rows arrived, and an update or a deletion needs no arithmetic of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.early import PLAINLY
from schemas import scored
from schemas.events import Window
from schemas.scored import KINDS, Rows, ScoredBatch
from schemas.terms import renumbered
from schemas.times import MINUTE, from_ms

MOST_TERMS: Final = 32
TERM_AUTHORS: Final = 2
"""A term enters a window only when so many authors used it (DESIGN section 2, principle 8)."""


class Batch:
    """A batch of `scored` with its columns as arrays, made once for all its chunks."""

    __slots__ = ("batch", "ids", "said", "table")

    def __init__(self, batch: ScoredBatch) -> None:
        self.batch = batch
        self.table = batch.table
        self.said = batch.said
        self.ids = batch.ids


@dataclass(slots=True)
class Chunk:
    """Rows of one batch for one minute of one brand; `where` are their places in the batch."""

    batch: Batch
    where: NDArray[np.intp]
    rows: Rows

    @classmethod
    def of(cls, batch: Batch, where: NDArray[np.intp]) -> Chunk:
        """Return the rows `where` of `batch`."""
        return cls(batch, where, batch.table[where])

    def kept(self, mask: NDArray[np.bool_]) -> Chunk:
        """Return the rows where `mask` is true."""
        return Chunk(self.batch, self.where[mask], self.rows[mask])

    @property
    def who(self) -> NDArray[np.uint64]:
        """The authors' hashes; an author who is not known stands for one of his own: the mention's hash."""
        authors: NDArray[np.uint64] = self.rows["author"]
        return np.where(authors == 0, self.rows["mention"], authors)

    def by_minute(self, times: NDArray[np.int64]) -> Iterator[tuple[int, Chunk]]:
        """Split by the minute of `times` (one a row); yields (start of the minute, rows)."""
        starts = times - times % MINUTE
        first = int(starts[0])
        if (starts == first).all():
            yield first, self
            return
        for start in np.unique(starts).tolist():
            yield start, self.kept(starts == start)


@dataclass(slots=True)
class OpenMinute:
    """A minute of one brand that has not closed; `start` in epoch ms."""

    start: int
    offset: int
    """Least offset on `scored` that it rests on: recovery reads from the least of all open minutes."""
    chunks: list[Chunk] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    """Mention -> least revision that still counts: rows below it are left out."""
    repeated: list[int] = field(default_factory=list)
    """Mentions that are remembered because of this minute though it may hold no row of them."""

    def close(self, brand: str) -> tuple[Window, list[Chunk], list[int]]:
        """Return the minute's window, the rows that it adds up and its known authors."""
        chunks = self.chunks
        if self.gone:
            chunks = [_without(chunk, self.gone) for chunk in chunks]
        known = {author for chunk in chunks for author in chunk.rows["author"].tolist() if author}
        return _window(brand, self.start, chunks), chunks, sorted(known)


def _without(chunk: Chunk, gone: dict[int, int]) -> Chunk:
    mentions = chunk.rows["mention"].tolist()
    revs = chunk.rows["rev"].tolist()
    keep = np.fromiter((revs[i] >= gone.get(m, -1) for i, m in enumerate(mentions)), bool, len(mentions))
    return chunk if keep.all() else chunk.kept(keep)


def _window(brand: str, start: int, chunks: list[Chunk]) -> Window:
    window = Window(brand, from_ms(start))
    chunks = [chunk for chunk in chunks if len(chunk.rows)]
    if not chunks:
        return window
    rows = chunks[0].rows if len(chunks) == 1 else np.concatenate([chunk.rows for chunk in chunks])
    authors = rows["author"]
    named = authors != 0
    known, place, counts = np.unique(authors[named], return_inverse=True, return_counts=True)
    followers = rows["followers"]
    # The largest account; among equals the one whose post is most negative, so that order does not decide.
    top = int(np.lexsort((rows["negative"], followers))[-1])
    flags = rows["flags"]
    window.count = len(rows)
    window.negative = int(rows["negative"].sum(dtype=np.int64))
    window.positive = int(rows["positive"].sum(dtype=np.int64))
    window.authors = len(known) + int((authors == 0).sum())
    window.loudest = 1
    if len(counts) and counts.max() > 1:
        own = np.bincount(place, weights=rows["negative"][named]).astype(np.int64)
        loudest = int(np.lexsort((own, counts))[-1])  # among equals the most negative
        window.loudest, window.loudest_negative = int(counts[loudest]), int(own[loudest])
    window.duplicates = len(rows) - len(np.unique(rows["signature"]))
    window.copied_negative = _copied(rows[(flags & scored.REPOST) == 0])
    window.reposts = int(np.count_nonzero(flags & scored.REPOST))
    window.reach = int(followers.sum(dtype=np.int64))
    window.top_reach = int(followers[top])
    window.top_negative = int(rows["negative"][top])
    window.verified = int(np.count_nonzero(flags & scored.VERIFIED))
    official = (flags & (scored.OFFICIAL | scored.REPLY)) == (scored.OFFICIAL | scored.REPLY)
    window.questions = int(np.count_nonzero(flags & scored.QUESTION))
    window.replies = int(np.count_nonzero(official))
    window.young = int(np.count_nonzero(flags & scored.YOUNG))
    kinds = np.bincount(rows["kind"], minlength=len(KINDS))
    window.kinds = {name: int(n) for name, n in zip(KINDS, kinds, strict=True) if n}
    window.languages = _named(chunks, "lang", "langs")
    window.platforms = _named(chunks, "platform", "platforms")
    window.terms = terms_of(chunks) if window.authors >= TERM_AUTHORS else {}
    return window


def _copied(rows: Rows) -> int:
    """Return the sum of P(negative) of the posts that repeat another's text, one of each text left out."""
    texts, place, counts = np.unique(rows["signature"], return_inverse=True, return_counts=True)
    if len(texts) == len(rows):
        return 0
    mass = np.bincount(place, weights=rows["negative"])
    return int((mass * (counts - 1) // counts).sum())


def _named(chunks: list[Chunk], column: str, table: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for chunk in chunks:
        counts = np.bincount(chunk.rows[column]).tolist()
        for name, count in zip(getattr(chunk.batch.batch, table), counts, strict=False):
            if count:
                total[name] += count
    return dict(sorted(total.items()))


def terms_of(chunks: list[Chunk]) -> dict[str, int]:
    """Return the terms that several authors used, with the number of authors; ties broken by the term itself."""
    numbers: dict[str, int] = {}
    term_parts, author_parts = [], []
    for chunk in chunks:
        said = chunk.batch.said.take(chunk.where)
        used, index = renumbered(said.index)
        number = np.array([numbers.setdefault(said.words[i], len(numbers)) for i in used], np.int64)
        term_parts.append(number[index])
        author_parts.append(np.repeat(chunk.who, said.counts))
    term, author = np.concatenate(term_parts), np.concatenate(author_parts)
    order = np.lexsort((author, term))
    term, author = term[order], author[order]
    first = np.ones(len(term), bool)  # of each pair of term and author
    first[1:] = (term[1:] != term[:-1]) | (author[1:] != author[:-1])
    authors = np.bincount(term[first], minlength=len(numbers))
    names = list(numbers)
    counted = [(-int(authors[i]), names[i]) for i in np.flatnonzero(authors >= TERM_AUTHORS)]
    return {name: -count for count, name in sorted(counted)[:MOST_TERMS]}


@dataclass(slots=True)
class Arrivals:
    """What arrived for a brand in one minute of arrival; the figures only grow, so that an early verdict stands."""

    start: int
    count: int = 0
    negative: int = 0
    """Sum of P(negative) over posts that are plainly negative."""
    authors: set[int] = field(default_factory=set)
    texts: set[int] = field(default_factory=set)
    """Signatures: copies from many accounts are not a crowd."""
    chunks: list[Chunk] = field(default_factory=list)

    def add(self, chunk: Chunk) -> None:
        """Count the rows of `chunk`."""
        self.count += len(chunk.rows)
        negative = chunk.rows["negative"]
        self.negative += int(negative[negative >= PLAINLY].sum(dtype=np.int64))
        self.authors.update(chunk.who.tolist())
        self.texts.update(chunk.rows["signature"].tolist())
        self.chunks.append(chunk)


def minute_of(ms: int) -> int:
    """Return the start of the minute that holds `ms`."""
    return ms - ms % MINUTE
