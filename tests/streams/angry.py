"""Angry posts in many words: copies of one text would be taken for a campaign of copies, and rightly so."""

from __future__ import annotations

from itertools import product
from typing import Final

_WHAT: Final = (
    "kettle",
    "charger",
    "battery",
    "order",
    "app",
    "box",
    "lid",
    "cable",
    "handle",
    "base",
    "plug",
    "switch",
)
_DID: Final = (
    "caught fire", "exploded", "broke", "burnt my hand", "melted", "arrived smashed", "nearly hurt my son", "smells of smoke"
)  # fmt: skip
_SO: Final = (
    "I am furious", "this is dangerous", "terrible", "never again", "awful company", "I want my money back", "disgusting",
    "shame on you", "worst purchase ever", "do not buy this",
)  # fmt: skip
TEXTS: Final = tuple(f"my {what} {did}, {so}" for so, did, what in product(_SO, _DID, _WHAT))


def angry_text(number: int, brand: str = "") -> str:
    """Return the `number`-th text; 960 differ."""
    return f"{brand} {TEXTS[number * 37 % len(TEXTS)]}".strip()
