"""The token table: what is known about every token met so far, as columns, so that a batch is encoded by look-ups.

Posts repeat their words. A worker that has seen a token once finds its row by one dictionary look-up; hashes, flags,
lexicon values, static model scores, language scores and term all stand in numpy columns under that row. The table is a
cache of pure functions: emptying it changes no result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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

_MASK: Final = (1 << 64) - 1


class Known(NamedTuple):
    """What the model knows of one piece: all small integers, so that sums are exact in any order."""

    values: tuple[int, ...]  # lexicon columns, units of 1/256
    scores: tuple[int, ...]  # static log-odds per class, units of 1/1024
    languages: tuple[int, ...]  # log-likelihood per language, units of 1/64
    french: str  # the word as French spells it (`accents.py`)


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
        """Return the sums of columns of `TokenTable.sums` over each post (n, k)."""
        if self.summed is None:
            rows = self.table.size
            ones = np.ones(len(self.piece), dtype=np.int32)
            places = (self.piece.astype(np.int32), self.start.astype(np.int32))
            counts = sparse.csr_matrix((ones, *places), (self.n, max(rows, 1)))
            self.summed = counts @ self.table.summable[: max(rows, 1)]
        return self.summed[:, column]

    def sums(self, x: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
        """Return the sum of the integers `x` (p,) or (p, k) over each post: exact, and 0 for an empty post."""
        total = np.zeros((len(x) + 1, *x.shape[1:]), dtype=np.int64)
        np.cumsum(x, axis=0, dtype=np.int64, out=total[1:])
        out: npt.NDArray[np.int64] = total[self.start[1:]] - total[self.start[:-1]]
        return out


class TokenTable(dict[str, int]):
    """Raw token → row. A missing token is taken to pieces, looked up in the model and remembered.

    Args:
        lookup: what the model knows of a piece; must be pure.
        widths: how many lexicon values, classes and languages `lookup` returns.
        knows: how well the model knows a word (`tokens.pieces`); must be pure.
    """

    def __init__(
        self, lookup: Callable[[Piece], Known], widths: tuple[int, int, int], knows: Callable[[str], int] = familiar
    ) -> None:
        super().__init__()
        self._lookup = lookup
        self._knows = knows
        self._widths = widths
        self._pieces: dict[Piece, int] = {}
        self._empty()

    def _empty(self) -> None:
        self.clear()
        self._pieces.clear()
        size = 4096
        values, classes, languages = self._widths  # scores of every class in both languages count as classes
        self._rows = 0
        self.first = np.zeros((size, MAX_PIECES), dtype=np.int32)
        self.count = np.zeros(size, dtype=np.int64)
        self.cue = np.zeros(size, dtype=np.uint64)
        self._link: int | None = None
        self.hash = np.zeros(size, dtype=np.uint32)
        self.french = np.zeros(size, dtype=np.uint32)
        """Piece → the hash that it has in French posts."""
        self.role = np.zeros(size, dtype=np.uint32)
        """Piece → what it is to negations (`detectors.text.negation.role` and `KEY`)."""
        self.spelt = np.zeros((size, 3), dtype=np.uint8)
        """Piece → its letters in denied comparatives by language block (`detectors.text.comparatives.letters`)."""
        self.flags = np.zeros(size, dtype=np.int32)
        self.signature = np.zeros(size, dtype=np.uint64)
        self.grave = np.zeros(size, dtype=np.uint8)
        """Piece → what it says of a grave matter (`detectors.text.grave.kind`)."""
        self.lexica = np.zeros((size, values), dtype=np.int32)
        # All that is only ever added up over a post stands side by side, so that one product adds it all up.
        self.scores = slice(0, classes)
        self.languages = slice(classes, classes + languages)
        self.counts = slice(classes + languages, classes + languages + len(COUNTED))
        self.words_column = slice(self.counts.stop - 1, self.counts.stop)  # WORD is counted last
        self.summable = np.zeros((size, self.counts.stop), dtype=np.int32)
        self.term = np.zeros(size, dtype=np.int32)
        """Piece → row in `words`; of words only."""
        self.words: list[str] = []
        self.salience = np.zeros(size, dtype=np.uint64)
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
        row = self._rows
        self._rows += 1
        if row == len(self.count):
            self.first = np.concatenate([self.first, np.zeros_like(self.first)])
            self.count = np.concatenate([self.count, np.zeros_like(self.count)])
            self.cue = np.concatenate([self.cue, np.zeros_like(self.cue)])
        found = pieces(raw, self._knows)
        self.count[row] = len(found)
        self.cue[row] = cues.token_bits(raw)
        for k, piece in enumerate(found):
            self.first[row, k] = self._pieces[piece] if piece in self._pieces else self._add(piece)
        return row

    def _add(self, piece: Piece) -> int:
        row = self.size
        if row == len(self.hash):
            for name in (
                "hash",
                "french",
                "role",
                "spelt",
                "flags",
                "signature",
                "grave",
                "lexica",
                "summable",
                "term",
                "salience",
            ):
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        known = self._lookup(piece)
        h = word_hash(piece.text)
        self.hash[row] = h
        self.french[row] = h if known.french == piece.text else word_hash(known.french)
        spelt = comparatives.letters(piece.text, known.french)
        self.role[row] = negation.role(piece.text) | negation.KEY * comparatives.is_key(spelt)
        self.spelt[row] = spelt
        self.flags[row] = piece.flags
        self.grave[row] = grave.kind(piece.text)
        if not piece.flags & (USER | URL | REPOST) and (piece.flags & WORD or piece.shown):
            self.signature[row] = _spread(h)
        self.lexica[row] = known.values
        self.summable[row] = (*known.scores, *known.languages, *(piece.flags & flag != 0 for flag in COUNTED))
        if piece.flags & WORD:
            self.term[row] = self._term(piece.shown)
        self._pieces[piece] = row
        return row

    def _term(self, word: str) -> int:
        found = self._words.get(word)
        if found is None:  # never more words than pieces: the column is long enough
            found = self._words[word] = len(self.words)
            self.words.append(word)
            self.salience[found] = (word[:1] != "#") << 48 | (0xFFFF - len(word)) << 32 | word_hash(word)
        return found

    @property
    def size(self) -> int:
        """How many pieces have a row."""
        return len(self._pieces)

    @property
    def known(self) -> list[Piece]:
        """The pieces met so far, in the order of their rows."""
        return list(self._pieces)

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


def _spread(h: int) -> int:
    """Return `h` mixed into 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = (h + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
