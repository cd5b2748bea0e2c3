"""The token table: what is known about every token met so far, as columns, so that a batch is encoded by look-ups.

Posts repeat their words. A worker that has seen a token once finds its row by one dictionary look-up; hashes, flags,
lexicon values, static model scores, language scores and term all stand in numpy columns under that row. The table is a
cache of pure functions: emptying it changes no result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from detectors.text import comparatives, cues, grave, negation
from detectors.text.markup import without_markup
from detectors.text.tokens import (
    BOOST,
    CAPS,
    ELONGATED,
    EMOJI,
    EXCLAIM,
    HASHTAG,
    MAX_PIECES,
    NEGATION,
    QUESTION,
    REPOST,
    URL,
    USER,
    WORD,
    Piece,
    familiar,
    pieces,
    word_hash,
)

MAX_CHARS: Final = 4_000
"""Characters of a post that are read; the rest of a long page says the same again."""
MAX_TOKENS: Final = 400
"""Tokens of a post that are read."""
MAX_ROWS: Final = 150_000
"""Tokens remembered (about 40 MB); beyond that the table starts afresh between two batches."""

COUNTED: Final = (NEGATION, BOOST, EXCLAIM, QUESTION, CAPS, ELONGATED, USER, URL, HASHTAG, EMOJI, WORD)
"""Flags whose number in a post is a feature."""

FEW: Final = 4_096
"""Rows that the columns begin with."""
_OF_PIECES: Final = (
    "hash", "french", "role", "spelt", "flags", "signature", "grave", "lexica", "summable", "term", "salience",
)  # fmt: skip


Ints = npt.NDArray[np.integer[Any]]


class Known(NamedTuple):
    """What the model knows of k pieces: all small integers, so that sums are exact in any order."""

    values: Ints
    """(k, v) lexicon columns, each in English and in French, units of 1/256."""
    scores: Ints
    """(k, c) static log-odds per class, units of 1/1024."""
    languages: Ints
    """(k, l) log-likelihood per language, units of 1/16 nat."""
    french: Sequence[str]
    """The words as French spells them (`accents.py`)."""


@dataclass(slots=True)
class Encoded:
    """A batch as columns. Positions run over all pieces of all posts; post `i` owns `start[i]:start[i + 1]`."""

    n: int
    start: npt.NDArray[np.int64]  # (n + 1,)
    doc: npt.NDArray[np.int64]  # (p,) which post
    piece: npt.NDArray[np.int64]  # (p,) row of the columns below
    table: TokenTable
    token_start: npt.NDArray[np.int64]  # (n + 1,) the same as `start`, over tokens
    cues: npt.NDArray[np.uint64]  # (t,) what each token tells of the writer (`cues.token_bits`)
    summed: npt.NDArray[np.int64] | None = None

    def totals(self, column: slice) -> npt.NDArray[np.int64]:
        """Return the sums of columns of `TokenTable.summable` over each post (n, k)."""
        if self.summed is None:
            rows = self.table.size
            ones = np.ones(len(self.piece), dtype=np.int32)
            places = (self.piece.astype(np.int32), self.start.astype(np.int32))
            counts = sparse.csr_matrix((ones, *places), (self.n, max(rows, 1)))
            self.summed = counts @ self.table.summable[: max(rows, 1)]
        return self.summed[:, column]


class TokenTable(dict[str, int]):
    """Raw token → row. A missing token is taken to pieces and remembered; the model is asked for all of a batch at once.

    Args:
        lookup: what the model knows of some pieces; must be pure.
        widths: how many lexicon values, classes and languages `lookup` returns.
        knows: how well the model knows a word (`tokens.pieces`); must be pure.
    """

    def __init__(
        self,
        lookup: Callable[[Sequence[Piece]], Known],
        widths: tuple[int, int, int],
        knows: Callable[[str], int] = familiar,
    ) -> None:
        super().__init__()
        self._lookup = lookup
        self._knows = knows
        self._widths = widths
        self._empty()

    def _empty(self) -> None:
        self.clear()
        values, classes, languages = self._widths  # scores of every class in both languages count as classes
        self._tokens: list[list[int]] = []
        """The pieces of tokens that have no row in the columns yet …"""
        self._bits: list[int] = []
        """… and what they tell of the writer."""
        self._rows = 0
        """Tokens that have a row in the columns."""
        self.first = np.zeros((FEW, MAX_PIECES), dtype=np.int32)
        self.count = np.zeros(FEW, dtype=np.int64)
        self.cue = np.zeros(FEW, dtype=np.uint64)
        self._link: int | None = None
        self._pieces: dict[Piece, int] = {}
        self.known: list[Piece] = []
        """The pieces met so far, in the order of their rows …"""
        self.size = 0
        """… and how many of them have one in the columns."""
        self.hash = np.zeros(FEW, dtype=np.uint32)
        self.french = np.zeros(FEW, dtype=np.uint32)
        """Piece → the hash that it has in French posts."""
        self.role = np.zeros(FEW, dtype=np.uint32)
        """Piece → what it is to negations (`detectors.text.negation.role` and `KEY`)."""
        self.spelt = np.zeros((FEW, 3), dtype=np.uint8)
        """Piece → its letters in denied comparatives by language block (`detectors.text.comparatives.letters`)."""
        self.flags = np.zeros(FEW, dtype=np.int32)
        self.signature = np.zeros(FEW, dtype=np.uint64)
        self.grave = np.zeros(FEW, dtype=np.uint8)
        """Piece → what it says of a grave matter (`detectors.text.grave.kind`)."""
        self.lexica = np.zeros((FEW, 3, values // 2), dtype=np.int64)
        """Piece and language block → lexicon values; in another language the sum of English and French."""
        # All that is only ever added up over a post stands side by side, so that one product adds it all up.
        self.scores = slice(0, classes)
        self.languages = slice(classes, classes + languages)
        self.counts = slice(classes + languages, classes + languages + len(COUNTED))
        self.words_column = slice(self.counts.stop - 1, self.counts.stop)  # WORD is counted last
        self.summable = np.zeros((FEW, self.counts.stop), dtype=np.int32)
        self.term = np.zeros(FEW, dtype=np.int32)
        """Piece → row in `words`; of words only."""
        self.words: list[str] = []
        self.salience = np.zeros(FEW, dtype=np.uint64)
        """By row in `words`; the least says most: hashtags, then longer words (they are rarer: Zipf 1936)."""
        self._words: dict[str, int] = {}

    def __missing__(self, raw: str) -> int:
        if raw.startswith(
            ("http:", "https:")
        ):  # nearly every one is new, and all say the same: one row, not kept by name
            if self._link is None:
                self._link = self._new(raw)
            return self._link
        row = self[raw] = self._new(raw)
        return row

    def _new(self, raw: str) -> int:
        row = self._rows + len(self._tokens)
        self._tokens.append([self._row(piece) for piece in pieces(raw, self._knows)])
        self._bits.append(cues.token_bits(raw))
        return row

    def _row(self, piece: Piece) -> int:
        row = self._pieces.setdefault(piece, len(self.known))
        if row == len(self.known):
            self.known.append(piece)
        return row

    def _settle(self) -> None:
        """Fill the columns for what was met since the last time."""
        begin, end = self._rows, self._rows + len(self._tokens)
        if begin == end:
            return
        self._settle_pieces()
        self._make_room(("first", "count", "cue"), end)
        counts = np.fromiter(map(len, self._tokens), np.int64, end - begin)
        self.count[begin:end] = counts
        self.cue[begin:end] = self._bits
        token, piece = np.repeat(np.arange(begin, end), counts), list(chain.from_iterable(self._tokens))
        place = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
        self.first[token, place] = piece
        self._rows = end
        self._tokens.clear()
        self._bits.clear()

    def _settle_pieces(self) -> None:
        at, new = slice(self.size, len(self.known)), self.known[self.size :]
        if not new:
            return
        self._make_room(_OF_PIECES, at.stop)
        texts, flags = [piece.text for piece in new], np.array([piece.flags for piece in new], dtype=np.int32)
        known = self._lookup(new)
        hashes = [word_hash(text) for text in texts]
        self.hash[at] = hashes
        self.french[at] = [
            h if french == text else word_hash(french)
            for text, french, h in zip(texts, known.french, hashes, strict=True)
        ]
        spelt = list(map(comparatives.letters, texts, known.french))
        self.spelt[at] = spelt
        self.role[at] = [
            negation.role(text) | negation.KEY * comparatives.is_key(letters)
            for text, letters in zip(texts, spelt, strict=True)
        ]
        self.flags[at] = flags
        self.grave[at] = list(map(grave.kind, texts))
        shown = np.array([piece.shown != "" for piece in new])
        said = (flags & (USER | URL | REPOST) == 0) & ((flags & WORD != 0) | shown)
        self.signature[at] = np.where(said, _spread(np.array(hashes, dtype=np.uint64)), np.uint64(0))
        english, french = known.values[:, 0::2], known.values[:, 1::2]
        self.lexica[at] = np.stack([english, french, english + french], axis=1)
        self.summable[at, self.scores] = known.scores
        self.summable[at, self.languages] = known.languages
        self.summable[at, self.counts] = flags[:, None] & np.array(COUNTED) != 0
        self.term[at] = [self._term(piece.shown) if piece.flags & WORD else 0 for piece in new]
        self.size = at.stop

    def _make_room(self, columns: Sequence[str], rows: int) -> None:
        for name in columns:
            column = getattr(self, name)
            if rows > len(column):
                more = np.zeros((max(rows, 2 * len(column)) - len(column), *column.shape[1:]), column.dtype)
                setattr(self, name, np.concatenate([column, more]))

    def _term(self, word: str) -> int:
        found = self._words.get(word)
        if found is None:  # never more words than pieces: the column is long enough
            found = self._words[word] = len(self.words)
            self.words.append(word)
            self.salience[found] = (word[:1] != "#") << 48 | (0xFFFF - len(word)) << 32 | word_hash(word)
        return found

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return the batch as columns. Any text is allowed, of any length and script."""
        if len(self) > MAX_ROWS:
            self._empty()
        rows: list[int] = []
        counts: list[int] = []
        row = self.__getitem__
        extend = rows.extend
        before = 0
        for text in texts:
            if len(text) > MAX_CHARS:
                text = text[:MAX_CHARS]
            tokens = without_markup(text).split() if "<" in text else text.split()
            extend(map(row, tokens if len(tokens) <= MAX_TOKENS else tokens[:MAX_TOKENS]))
            after = len(rows)
            counts.append(after - before)
            before = after
        self._settle()
        raw = np.array(rows, dtype=np.int64)
        per_token = self.count[raw]
        ends = np.zeros(len(raw) + 1, dtype=np.int64)
        np.cumsum(per_token, out=ends[1:])
        # The k-th piece of a token stands at row·MAX_PIECES + k of the flattened table.
        at = np.arange(ends[-1]) + np.repeat(raw * MAX_PIECES - ends[:-1], per_token)
        piece = self.first.ravel()[at].astype(np.int64)
        token_start = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(np.array(counts, dtype=np.int64), out=token_start[1:])
        start = ends[token_start]
        doc = np.repeat(np.arange(len(counts)), np.diff(start))
        return Encoded(len(counts), start, doc, piece, self, token_start, self.cue[raw])


def _spread(h: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return `h` mixed into 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = h + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return out
