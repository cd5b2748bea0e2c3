"""Open minutes: the rows of a minute that can still change, and the window they add up to when it closes.

Rows are kept as they came (arrays, not objects) and added up once, at the close: the sums do not depend on the order
in which rows arrived, and an update or a deletion needs no arithmetic of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.early import PLAINLY, SoFar
from detectors.grave import people
from detectors.reach import counted, largest
from detectors.text.terms import wording
from schemas import scored
from schemas.events import Window
from schemas.scored import KINDS, ROW, Rows, ScoredBatch
from schemas.terms import Terms
from schemas.times import MINUTE, from_ms
from streams.watch.alike import LEAST_TERMS, near_copies
from streams.watch.lexicon import Lexicon, together
from streams.watch.names import Names

MOST_TERMS: Final = 32
FEW_YOUNG: Final = 3
"""Authors with accounts younger than thirty days who count in an open minute beside half as many as there are others."""
TERM_AUTHORS: Final = 2
"""A term enters a window only when so many authors used it (docs/operations.md, Personal data)."""


class Batch:
    """What chunks need of a batch of `scored` for as long as their minutes are open: all but its rows, of which each has its own."""

    __slots__ = ("brands", "langs", "names", "platforms", "said")

    def __init__(self, batch: ScoredBatch, lexicon: Lexicon) -> None:
        self.brands = batch.brands
        self.langs = batch.langs
        self.names = Names(batch.ids)
        self.platforms = batch.platforms
        self.said = lexicon.numbered(batch.said)


def who(rows: Rows) -> NDArray[np.uint64]:
    """Return the authors' hashes; an author who is not known stands for one of his own: the mention's hash."""
    authors: NDArray[np.uint64] = rows["author"]
    return np.where(authors == 0, rows["mention"], authors)


Told = list[tuple[int, int]]
"""Author (as of `who`) and wording of posts that speak of a grave matter."""


def _told(rows: Rows, said: Terms, where: NDArray[np.intp]) -> Told:
    """Return what those of `rows` say that speak of a grave matter; their terms stand at `where` in `said`."""
    places = np.flatnonzero(rows["flags"] & scored.GRAVE)
    if not len(places):
        return []
    return list(zip(who(rows[places]).tolist(), map(wording, said.take(where[places])), strict=True))


@dataclass(slots=True)
class Chunk:
    """Rows of one batch for one minute of one brand; `where` are their places in the batch."""

    batch: Batch
    where: NDArray[np.intp]
    rows: Rows

    def kept(self, mask: NDArray[np.bool_]) -> Chunk:
        """Return the rows where `mask` is true."""
        return Chunk(self.batch, self.where[mask], self.rows[mask])

    @property
    def who(self) -> NDArray[np.uint64]:
        """The authors' hashes; an author who is not known stands for one of his own: the mention's hash."""
        return who(self.rows)

    def told(self) -> Told:
        """Return what rows say that speak of a grave matter."""
        return _told(self.rows, self.batch.said, self.where)

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

    def close(self, brand: str) -> tuple[Window, Joined, Told]:
        """Return the minute's window, the rows that it adds up, and what they say of grave matters."""
        chunks = self.chunks
        if self.gone:
            chunks = [without(chunk, self.gone) for chunk in chunks]
        rows = joined(chunks)
        window, told = _window(brand, self.start, rows), rows.told()
        window.grave = people(told)
        return window, rows, told


def without(chunk: Chunk, gone: Mapping[int, int]) -> Chunk:
    """Return the rows that still count, where revisions of a mention below its one in `gone` do not."""
    mentions = chunk.rows["mention"].tolist()
    revs = chunk.rows["rev"].tolist()
    keep = np.fromiter((revs[i] >= gone.get(m, -1) for i, m in enumerate(mentions)), bool, len(mentions))
    return chunk if keep.all() else chunk.kept(keep)


@dataclass(slots=True)
class Joined:
    """Rows of several chunks in one piece; the parallel columns stand in the same order."""

    chunks: Sequence[Chunk]
    """What they were put together from."""
    rows: Rows
    said: Terms
    """Their terms, over a table that holds only words that are used."""
    languages: Counter[str]
    platforms: Counter[str]
    _ends: list[int] = field(default_factory=list)
    """Running sum of the chunks' lengths, once it is needed."""

    def __len__(self) -> int:
        return len(self.rows)

    def name(self, place: int) -> str:
        """Return `platform:id` of the post at `place`."""
        if not self._ends:
            self._ends = list(accumulate(len(chunk.rows) for chunk in self.chunks))
        number = bisect_right(self._ends, place)
        chunk = self.chunks[number]
        return chunk.batch.names[int(chunk.where[place - self._ends[number]])]  # counted from the chunk's end

    def largest(self) -> int | None:
        """Return the place of the post that reaches most (`detectors.reach.largest`)."""
        return largest(self.rows, PLAINLY) if len(self) else None

    def speaker(self) -> int:
        """Return the hash of the author of that post; 0 where there is none or nobody knows."""
        place = self.largest()
        return 0 if place is None else int(self.rows["author"][place])

    @property
    def who(self) -> NDArray[np.uint64]:
        """The authors' hashes, as of a chunk."""
        return who(self.rows)

    def known(self) -> list[int]:
        """Return the hashes of the authors who are known, ascending."""
        return sorted(set(self.rows["author"].tolist()) - {0})

    def told(self) -> Told:
        """Return what rows say that speak of a grave matter."""
        return _told(self.rows, self.said, np.arange(len(self)))


def joined(chunks: Sequence[Chunk]) -> Joined:
    """Put `chunks` together: everything that is asked of a minute is then asked once, not chunk by chunk."""
    languages: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    for chunk in chunks:
        batch = chunk.batch
        _add_names(languages, batch.langs, chunk.rows["lang"])
        _add_names(platforms, batch.platforms, chunk.rows["platform"])
    said = together(chunk.batch.said.take(chunk.where) for chunk in chunks)
    # By way of bytes: numpy compares the fields' types of every part before it concatenates records.
    rows = chunks[0].rows if len(chunks) == 1 else np.frombuffer(b"".join(c.rows.tobytes() for c in chunks), ROW)
    return Joined(chunks, rows, said, languages, platforms)


def _add_names(total: Counter[str], table: Sequence[str], column: NDArray[np.uint8]) -> None:
    for place, count in Counter(column.tolist()).items():
        total[table[place]] += count


def _window(brand: str, start: int, joined: Joined) -> Window:
    window = Window(brand, from_ms(start))
    if not len(joined):
        return window
    rows = joined.rows
    flags, negative = rows["flags"], rows["negative"]
    window.count = len(rows)
    window.negative = int(negative.sum(dtype=np.int64))
    window.positive = int(rows["positive"].sum(dtype=np.int64))
    window.authors, window.loudest, window.loudest_negative = _voices(rows)
    texts = Counter(rows["signature"].tolist())
    if len(texts) < len(rows):
        window.duplicates = len(rows) - len(texts)
        window.copied_negative = _copied(rows[(flags & scored.REPOST) == 0])
    near, mass = near_copies(rows, joined.said)
    window.duplicates += near
    window.copied_negative += mass
    window.reach = int(rows["followers"].sum(dtype=np.int64))
    place = joined.largest()
    if place is not None:
        top = rows[place]
        window.top_reach, window.top_negative = int(top["followers"]), int(top["negative"])
        window.top_counted, window.top_kind = int(counted(rows[place : place + 1])[0]), KINDS[top["kind"]]
    told = Counter(flags.tolist())
    window.reposts = _flagged(told, scored.REPOST)
    window.verified = _flagged(told, scored.VERIFIED)
    window.questions = _flagged(told, scored.QUESTION)
    window.replies = _flagged(told, scored.OFFICIAL | scored.REPLY)
    window.young = _flagged(told, scored.YOUNG)
    kinds = Counter(rows["kind"].tolist())
    window.kinds = {name: kinds[i] for i, name in enumerate(KINDS) if kinds[i]}
    window.languages = dict(sorted(joined.languages.items()))
    window.platforms = dict(sorted(joined.platforms.items()))
    window.terms = terms_of(joined) if window.authors >= TERM_AUTHORS else {}
    return window


def _flagged(told: Counter[int], bits: int) -> int:
    """Return how many rows have all of `bits`; `told` counts the values of their flags."""
    return sum(count for flags, count in told.items() if flags & bits == bits)


def _voices(rows: Rows) -> tuple[int, int, int]:
    """Return the number of authors, and how often the loudest known one spoke and how negatively in all.

    Among equals it is the most negative one. Where nobody spoke twice nobody is loud: (authors, 1, 0).
    """
    authors = rows["author"].tolist()
    counts = Counter(authors)
    unknown = counts.pop(0, 0)
    most = max(counts.values(), default=0)
    if most < 2:
        return len(counts) + unknown, 1, 0
    mass = dict.fromkeys((author for author, count in counts.items() if count == most), 0)
    for author, negative in zip(authors, rows["negative"].tolist(), strict=True):
        if author in mass:
            mass[author] += negative
    return len(counts) + unknown, most, max(mass.values())


def _copied(rows: Rows) -> int:
    """Return the sum of P(negative) of the posts that repeat another's text, one of each text left out."""
    counts: Counter[int] = Counter()
    mass: Counter[int] = Counter()
    for text, negative in zip(rows["signature"].tolist(), rows["negative"].tolist(), strict=True):
        counts[text] += 1
        mass[text] += negative
    return sum(mass[text] * (count - 1) // count for text, count in counts.items() if count > 1)


def terms_of(joined: Joined) -> dict[str, int]:
    """Return the terms that several authors used, with the number of authors; ties broken by the term itself."""
    said = joined.said
    people, author = np.unique(joined.who, return_inverse=True)
    pairs = np.sort(said.index.astype(np.int64) * len(people) + np.repeat(author, said.counts), kind="stable")
    first = np.ones(len(pairs), bool)  # of each pair of term and author
    first[1:] = pairs[1:] != pairs[:-1]
    authors = np.bincount(pairs[first] // max(len(people), 1), minlength=len(said.words))
    counted = [(-int(authors[i]), said.words[i]) for i in np.flatnonzero(authors >= TERM_AUTHORS).tolist()]
    return {name: -count for count, name in sorted(counted)[:MOST_TERMS]}


@dataclass(slots=True)
class Worst:
    """The largest figure of each name, and their sum, which only grows."""

    total: int = 0
    _of: dict[int, int] = field(default_factory=dict)

    def take(self, names: Sequence[int], figures: Sequence[int]) -> None:
        """Take in one figure of each of `names`."""
        of = self._of
        for name, figure in zip(names, figures, strict=True):
            before = of.get(name, 0)
            if figure > before:
                of[name] = figure
                self.total += figure - before


@dataclass(slots=True)
class Arrivals:
    """What arrived for a brand in one minute of arrival; the figures only grow, so that an early verdict stands."""

    start: int
    count: int = 0
    negative: int = 0
    """Sum of P(negative) over posts that are plainly negative."""
    grave: bool = False
    """Whether any speaks of a grave matter."""
    chunks: list[Chunk] = field(default_factory=list)
    _looked: int = 0
    """Chunks that the figures below are of: they are counted only where somebody looks."""
    _posts: Counter[int] = field(default_factory=Counter)
    """Posts by author."""
    _loudest: int = 0
    _grown: set[int] = field(default_factory=set)
    """Authors whose accounts are not young."""
    _texts: set[int] = field(default_factory=set)
    """Signatures: copies from many accounts are not a crowd."""
    _reposts: int = 0
    _young: int = 0
    """Posts of young accounts."""
    _words: set[str] = field(default_factory=set)
    _short: int = 0
    """Posts of too few terms to tell whether they are spun."""
    _worst: tuple[Worst, Worst, Worst] = field(default_factory=lambda: (Worst(), Worst(), Worst()))
    """Of plainly negative posts: by author, by author whose account is not young, by text."""

    def add(self, chunk: Chunk) -> None:
        """Count the rows of `chunk`."""
        self.count += len(chunk.rows)
        negative = chunk.rows["negative"]
        self.negative += int(negative[negative >= PLAINLY].sum(dtype=np.int64))
        self.grave = self.grave or bool((chunk.rows["flags"] & scored.GRAVE).any())
        self.chunks.append(chunk)

    def so_far(self) -> SoFar:
        """Return what the early trigger is shown."""
        people, texts, anger = self.people(), self.wordings(), self.anger()
        copies = max(0, self.count - len(self._texts) - self._reposts)
        loudest = self._loudest if self._loudest > 1 else 0
        return SoFar(self.count, anger, people, texts, copies, loudest, self._young)

    def people(self) -> int:
        """Return how many people may be a crowd: new accounts without others are none yet, whatever they write. It only
        grows; the closed minute weighs them all.
        """
        self._look()
        grown = len(self._grown)
        return grown + min(len(self._posts) - grown, self._few_young())

    def wordings(self) -> int:
        """Return how many different things are said at most: different texts, and no more than different terms, of which real
        talk has more than one a post and a template spun into many texts has a dozen or two. It only grows.
        """
        self._look()
        return min(len(self._texts), len(self._words) + self._short)

    def anger(self) -> int:
        """Return the sum of P(negative), in 1/10,000, over plainly negative posts: one of each author and of each text, and of new
        accounts no more than `people` counts. It only grows.
        """
        self._look()
        everybody, grown, texts = (worst.total for worst in self._worst)
        return min(everybody, grown + 10_000 * self._few_young(), texts)

    def _few_young(self) -> int:
        return FEW_YOUNG + len(self._grown) // 2

    def _look(self) -> None:
        for chunk in self.chunks[self._looked :]:
            said = chunk.batch.said
            self._words.update(map(said.words.__getitem__, set(said.index_of(chunk.where).tolist())))
            self._short += int((said.counts[chunk.where] < LEAST_TERMS).sum())
            authors, flags = chunk.who.tolist(), chunk.rows["flags"]
            self._posts.update(authors)
            self._loudest = max(self._loudest, max(map(self._posts.__getitem__, authors), default=0))
            self._grown.update(chunk.who[(flags & scored.YOUNG) == 0].tolist())
            self._reposts += int(((flags & scored.REPOST) != 0).sum())
            self._young += int(((flags & scored.YOUNG) != 0).sum())
            self._texts.update(chunk.rows["signature"].tolist())
            rows = chunk.kept(chunk.rows["negative"] >= PLAINLY)
            grown = rows.kept((rows.rows["flags"] & scored.YOUNG) == 0)
            for worst, names, posts in zip(
                self._worst, (rows.who, grown.who, rows.rows["signature"]), (rows, grown, rows), strict=True
            ):
                worst.take(names.tolist(), posts.rows["negative"].tolist())
        self._looked = len(self.chunks)

    def told(self) -> Told:
        """Return what they say of grave matters."""
        return [pair for chunk in self.chunks for pair in chunk.told()] if self.grave else []


def minute_of(ms: int) -> int:
    """Return the start of the minute that holds `ms`."""
    return ms - ms % MINUTE
