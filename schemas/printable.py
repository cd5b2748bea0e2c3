"""Text from outside on a terminal: no control characters, and no more of it than helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 40
"""Characters that are shown of one text …"""
MOST: Final = 12
"""… and texts of a list."""


def printable(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, cut to `longest` characters, with escapes for what cannot be printed."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in cut)


def listed(texts: Sequence[str]) -> str:
    """Return `texts` with commas between them; how many more there are, where they are many."""
    shown = ", ".join(printable(text) for text in texts[:MOST])
    return shown if len(texts) <= MOST else f"{shown} and {len(texts) - MOST} more"


def quoted(text: str, longest: int = LONGEST) -> str:
    """Return `text` as Python quotes it, cut to `longest` characters."""
    return repr(text if len(text) <= longest else f"{text[:longest]}…")
