"""Numbers for the words of batches, so that the terms of many batches are put together as numbers and not word by word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from schemas.terms import Terms

MOST: Final = 50_000
"""Words of one lexicon (about 8 MB); the next batch then begins another, and this one goes with its last open minute."""


class Lexicon(dict[str, int]):
    """Word → number, in the order in which words are first met. No result may depend on that order: a restart has another."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self.words)
        self.words.append(word)
        return number

    def next(self) -> Lexicon:
        """Return the lexicon for the next batch: this one, or another where it is full."""
        return self if len(self.words) < MOST else Lexicon()

    def numbered(self, said: Terms) -> Terms:
        """Return the same terms over the words of this lexicon."""
        numbers = np.fromiter(map(self.__getitem__, said.words), np.uint32, len(said.words))
        return Terms(self.words, said.counts, numbers[said.index])


def together(parts: Iterable[Terms]) -> Terms:
    """Return the terms of `parts`, one after another, over a table that holds only words that are used."""
    merged = [_over_one_table(list(same)) for _, same in groupby(parts, lambda part: id(part.words))]
    if len(merged) == 1:
        return merged[0]
    numbers = Lexicon()
    return _over_one_table([numbers.numbered(part) for part in merged])


def _over_one_table(parts: Sequence[Terms]) -> Terms:
    if not parts:
        return Terms.none(0)
    return Terms(
        parts[0].words, np.concatenate([part.counts for part in parts]), np.concatenate([part.index for part in parts])
    ).compact()
