"""Which language a post is in: the platform's word first, then letters in threes and whole words, then the script.

Each known word's likelihood under every language is a column of the token table, so a batch is decided by sums of
integers. Scripts that belong to one language decide by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from detectors.text.table import Encoded
from detectors.text.tokens import HASHTAG, WORD, Piece, word_hash

UNKNOWN: Final = "und"
UNIT: Final = 16
"""Log-likelihoods are integers of 1/16 nat."""
MARGIN: Final = 16
"""Lead in 1/16 nat below which nothing is claimed: one nat, odds of 2.7 to 1."""

_OLD: Final = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "nb": "no",
    "nn": "no",
    "qme": UNKNOWN,
    "qst": UNKNOWN,
    "zxx": UNKNOWN,
}

# Scripts written, among widely used languages, by one: first and last code point.
_SCRIPTS: Final = (
    ("el", 0x0370, 0x03FF), ("hy", 0x0530, 0x058F), ("he", 0x0590, 0x05FF), ("hi", 0x0900, 0x097F),
    ("bn", 0x0980, 0x09FF), ("pa", 0x0A00, 0x0A7F), ("gu", 0x0A80, 0x0AFF), ("ta", 0x0B80, 0x0BFF),
    ("te", 0x0C00, 0x0C7F), ("kn", 0x0C80, 0x0CFF), ("ml", 0x0D00, 0x0D7F), ("si", 0x0D80, 0x0DFF),
    ("th", 0x0E00, 0x0E7F), ("ka", 0x10A0, 0x10FF), ("ja", 0x3040, 0x30FF), ("ko", 0xAC00, 0xD7AF),
    ("ko", 0x1100, 0x11FF), ("zh", 0x4E00, 0x9FFF), ("ru", 0x0400, 0x052F), ("ar", 0x0600, 0x06FF),
)  # fmt: skip


def stated(lang: str | None) -> str | None:
    """Return a platform's language tag as ISO 639-1 (`en-US` → `en`, `in` → `id`); None where it says nothing."""
    if not lang:
        return None
    short = lang.replace("_", "-").partition("-")[0].lower()
    short = _OLD.get(short, short)
    return short if short != UNKNOWN and 2 <= len(short) <= 3 and short.isascii() and short.isalpha() else None


def script(text: str) -> str | None:
    """Return the language whose script the first foreign letter of `text` is in; None for Latin."""
    for c in text:
        if c > "\u036f":
            code = ord(c)
            for lang, first, last in _SCRIPTS:
                if first <= code <= last:
                    return lang
    return None


class LanguageTable:
    """Log-likelihoods of words and of letter threes: how much each speaks for each language.

    Args:
        names: ISO 639-1 codes, one per column.
        rows: hash of a word (`=mot`) or of three letters (`_mo`) → integers of 1/16 nat, one per language.
    """

    def __init__(self, names: Sequence[str], rows: Mapping[int, Sequence[int]]) -> None:
        self.names = list(names)
        self._rows = rows
        self._none = (0,) * len(self.names)

    def of(self, piece: Piece) -> tuple[int, ...]:
        """Return what `piece` says for each language; nothing for names, links, hashtags and numbers."""
        if not piece.flags & WORD or piece.flags & HASHTAG:
            return self._none
        by_script = script(piece.text)
        if by_script is not None:
            bonus = 8 * UNIT
            return tuple(bonus if name == by_script else -bonus for name in self.names)
        whole = self._rows.get(word_hash("=" + piece.text))
        if whole is not None:
            return tuple(whole)
        padded = f"_{piece.text}_"
        found = [self._rows.get(word_hash(padded[i : i + 3])) for i in range(len(padded) - 2)]
        known = [row for row in found if row is not None]
        if not known:
            return self._none
        return tuple(map(sum, zip(*known, strict=True)))


def identify(enc: Encoded, names: Sequence[str], langs: Sequence[str | None], texts: Sequence[str]) -> list[str]:
    """Return the language of each post of the batch: what the platform says, else what its words say, else `und`."""
    said = {lang: stated(lang) for lang in set(langs)}
    out = [said[lang] for lang in langs]
    if None not in out:
        return [lang or UNKNOWN for lang in out]
    scores = enc.totals(enc.table.languages)
    best = np.argmax(scores, axis=1)
    ordered = np.partition(scores, -2, axis=1)
    clear = (ordered[:, -1] - ordered[:, -2] >= MARGIN) & (ordered[:, -1] > 0)
    for i, (lang, column, sure) in enumerate(zip(out, best.tolist(), clear.tolist(), strict=True)):
        if lang is not None:
            continue
        if sure:
            out[i] = names[column]
        elif not texts[i].isascii():
            out[i] = script(texts[i][:400])
    return [lang or UNKNOWN for lang in out]
