"""What goes wrong on the user's side, in words that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_CREDENTIALS: Final = re.compile(r"(//|^|['\",\s])[^\s/@'\",:]*:[^\s/@'\",]+@")
"""`user:password@` before a host."""


class UserError(Exception):
    """One line for people: file, field, value and remedy. The command line prints it and exits with status 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "…"?)` with the known word nearest to `word`, or nothing where none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f' (did you mean "{by_lower[near[0]]}"?)' if near else ""


def without_credentials(text: str) -> str:
    """Return `text` without what stands before the host in an address: it is quoted in an error, and may be a password."""
    return _CREDENTIALS.sub(r"\1…@", text)
