"""French as typed without accents: *tres decu* is read as *très déçu*, in French posts alone.

The words come from the French lexica; the shipped model carries those whose plain form is no French word itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

_ENDINGS: Final = ("es", "e", "s")


def without_accents(word: str) -> str:
    """Return `word` without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def accented(words: Iterable[str], plain: Iterable[str]) -> list[str]:
    """Return those of `words` that have an accent, and whose form without it is none of the words in `plain`."""
    known, found = set(plain), set(words)
    return sorted(w for w in found if w.isalpha() and not w.isascii() and without_accents(w) not in known)


class Accents:
    """Unaccented → accented French words.

    Args:
        words: accented words; where two look the same without accents, the first in order.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_plain: dict[str, str] = {}
        for word in words:
            self._by_plain.setdefault(without_accents(word), word)

    def of(self, word: str) -> str:
        """Return `word` as French spells it; unchanged where it has accents or is not known."""
        if not word.isascii():
            return word
        found = self._by_plain.get(word)
        if found is None:
            for ending in _ENDINGS:
                stem = self._by_plain.get(word.removesuffix(ending)) if word.endswith(ending) else None
                if stem is not None:
                    return stem + ending
        return found or word
