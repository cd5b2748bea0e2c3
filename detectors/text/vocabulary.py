"""What the model knows of a word: lexicon values, what its letters say, how French spells it, which languages it speaks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
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

    def known(self, piece: Piece) -> Known:
        """Return all that is known of a piece."""
        french = self.accents.of(piece.text) if piece.flags & WORD else piece.text
        values, scores = self._of(piece.text, piece.flags)
        if french != piece.text:
            values_f, scores_f = self._of(french, piece.flags)
            values = tuple(v for pair in zip(values[0::2], values_f[1::2], strict=True) for v in pair)
            scores = scores[: len(CLASSES)] + scores_f[len(CLASSES) :]
        listed = [lang for k, lang in enumerate(("en", "fr")) if any(values[k::2])]
        return Known(values, scores, self.languages.of(piece, listed), french)

    def _of(self, word: str, flags: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return a word's lexicon values and static scores."""
        row = self._words.get(word_hash(word))
        if row is None and flags & HASHTAG:
            row = self._words.get(word_hash(call_in(word)))
        values = (0,) * VALUES if row is None else tuple(self._values[row].tolist())
        scores = (0,) * (2 * len(CLASSES))
        if flags & WORD:
            places = char_places(word)
            sums = self._char[:, places].sum(axis=1) / math.sqrt(len(places))
            scores = tuple(np.rint(sums).astype(np.int64).ravel().tolist())
        return values, scores
