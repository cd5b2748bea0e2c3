"""How a brand's name is spelt by people: with or without accents, with a telephone's apostrophe, in either of Unicode's forms."""

from __future__ import annotations

import unicodedata
from typing import Final

_FOLD: Final = {
    **dict.fromkeys(range(0x0300, 0x0370)),  # accents, once they stand apart; other scripts' marks are letters of their own
    **dict.fromkeys(map(ord, "’‘ʼ´`′＇"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–"), "-"),
    ord("æ"): "ae", ord("Æ"): "ae", ord("œ"): "oe", ord("Œ"): "oe",
}  # fmt: skip


def folded(text: str) -> str:
    """Return `text` without case, accents and ligatures, with one kind of apostrophe and hyphen.

    >>> folded("L’ORÉAL") == folded("l'oréal") == folded("L'Oreal")
    True
    """
    if text.isascii():
        return text.casefold().replace("`", "'")
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFKD", text.translate(_FOLD)).translate(_FOLD)
    ).casefold()
