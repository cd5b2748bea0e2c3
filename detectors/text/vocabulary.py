"""What the model knows of a word: lexicon values, what its letters say, how French spells it, which languages it speaks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from detectors.text.accents import Accents
from detectors.text.language import LanguageTable
from detectors.text.set_words import call_in
from detectors.text.softmax import CLASSES
from detectors.text.table import Known
from detectors.text.tokens import HASHTAG, WORD, Piece, familiar, word_hash

Ints = npt.NDArray[np.int64]

VALUES: Final = 6
"""Lexicon columns: valence, polarity and subjectivity, each in English and French."""
CHAR_BITS: Final = 16


def char_places(word: str) -> list[int]:
    """Return the places of a word's letter sequences of 3 to 5, its ends marked."""
    marked = f"<{word}>"
    shift = 32 - CHAR_BITS
    if marked.isascii():  # a letter is a byte: cut the bytes, which is what the hash is of
        raw = marked.encode()
        hashes = [crc32(raw[i : i + n]) for n in (3, 4, 5) for i in range(len(raw) - n + 1)]
    else:
        hashes = [word_hash(marked[i : i + n]) for n in (3, 4, 5) for i in range(len(marked) - n + 1)]
    return [(h * 0x9E3779B1 & 0xFFFFFFFF) >> shift for h in hashes]


class Vocabulary:
    """The words of a model.

    Args:
        arrays: of the model (`word_hash`, `word_values`, `char`, `lang_hash`, `lang_rows`).
        char_step: the unit of `char`, in 1/1024.
        languages: names of the columns of `lang_rows`.
        accents: French words that are often typed without their accents.
    """

    def __init__(
        self, arrays: Mapping[str, npt.NDArray[Any]], char_step: int, languages: list[str], accents: Accents
    ) -> None:
        self._values = arrays["word_values"]
        self._char: npt.NDArray[np.int32] = arrays["char"].astype(np.int32) * char_step
        self._words = {h: k for k, h in enumerate(arrays["word_hash"].tolist())}
        rows = dict(zip(arrays["lang_hash"].tolist(), arrays["lang_rows"].tolist(), strict=True))
        self.languages = LanguageTable(languages, rows)
        self.accents = accents

    def knows(self, word: str) -> int:
        """Return how well a word is known: 2 from a lexicon or a list of words, 1 from posts, 0 not at all."""
        for spelt in (word, self.accents.of(word)):
            if word_hash(spelt) in self._words:
                return 2
        return familiar(word) or int(self.languages.has(word))

    def known(self, pieces: Sequence[Piece]) -> Known:
        """Return all that is known of some pieces."""
        texts, flags = [piece.text for piece in pieces], [piece.flags for piece in pieces]
        french = [self.accents.of(text) if flag & WORD else text for text, flag in zip(texts, flags, strict=True)]
        values, scores = self._of(texts, flags)
        other = [i for i, text in enumerate(texts) if french[i] != text]
        if other:
            values_f, scores_f = self._of([french[i] for i in other], [flags[i] for i in other])
            values[other, 1::2] = values_f[:, 1::2]
            scores[other, len(CLASSES) :] = scores_f[:, len(CLASSES) :]
        listed = np.stack([values[:, k::2].any(axis=1) for k in range(2)], axis=1)
        return Known(values, scores, self.languages.of(pieces, listed), french)

    def _of(self, words: Sequence[str], flags: Sequence[int]) -> tuple[Ints, Ints]:
        """Return the lexicon values (k, VALUES) and static scores (k, 2 · classes) of some words."""
        values = np.zeros((len(words), VALUES), dtype=np.int64)
        rows = [(i, row) for i, row in enumerate(map(self._row, words, flags)) if row is not None]
        if rows:
            places, found = zip(*rows, strict=True)
            values[list(places)] = self._values[list(found)]
        scores = np.zeros((len(words), 2 * len(CLASSES)), dtype=np.int64)
        spelt = [i for i, flag in enumerate(flags) if flag & WORD]
        if spelt:
            letters = [char_places(words[i]) for i in spelt]
            counts = np.fromiter(map(len, letters), np.int64, len(letters))
            picked = self._char[:, list(chain.from_iterable(letters))]
            sums = np.add.reduceat(picked, np.cumsum(counts) - counts, axis=1, dtype=np.int64)
            scores[spelt] = np.rint(sums / np.sqrt(counts)[:, None]).swapaxes(0, 1).reshape(len(spelt), -1)
        return values, scores

    def _row(self, word: str, flags: int) -> int | None:
        """Return a word's row in the lexica."""
        row = self._words.get(word_hash(word))
        if row is None and flags & HASHTAG:
            row = self._words.get(word_hash(call_in(word)))
        return row
