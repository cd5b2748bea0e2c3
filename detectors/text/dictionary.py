"""A brand's own words: phrases that mean there what the configuration says, replaced before a post is scored or learnt from.

    own = dictionary({"war zone": 0, "grounded": -2})
    own.replaced("The War  Zone booth: grounded again")   # "The Ⓟ booth: 🙁 again"

A phrase is found in any case, whatever blanks or dashes stand between its words and whichever apostrophe was typed; as
one word where it is a tag or a name (`#WarZone`). Of phrases that begin at one place the longest counts. What stands in its
place says the valence in steps: nothing for 0, then faces from :/ to three 🙁 and from 🙂 to three 😊.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_NEUTRAL: Final = "Ⓟ"
"""A sign that the model has no opinion of."""
_STEPS: Final = ((":/", "🙂"), ("🙁", "😊"), ("🙁 🙁", "😊 😊"), ("🙁 🙁 🙁", "😊 😊 😊"))
"""For valences up to 1, 2, 3 and 4: what bad and what good is written as. Faces say the same in every language."""
_APOSTROPHES: Final = "'’‘ʼ´`"
_PARTS: Final = re.compile(r"[\s_-]+")


class Dictionary:
    """The phrases of a brand, ready to be looked for. Make it with `dictionary`."""

    def __init__(self, words: Mapping[str, float]) -> None:
        self._signs: dict[str, str] = {}
        keys: set[str] = set()
        patterns: list[tuple[int, str]] = []
        for phrase, valence in words.items():
            parts = [part for part in _PARTS.split(phrase.strip().lstrip("#@")) if part]
            if not parts:
                continue
            self._signs[_key("".join(parts))] = _sign(valence)
            # What every way to write it has: its longest run without an apostrophe.
            keys.add(max((run for part in parts for run in re.split(f"[{_APOSTROPHES}]", part.lower())), key=len))
            told = [_with_apostrophes(part) for part in parts]
            apart, joined = r"[\s_-]+".join(told), "".join(told)
            patterns.append((len(joined), apart if len(told) == 1 else rf"(?:{apart}|(?<=[#@]){joined})"))
        patterns.sort(key=lambda one: (-one[0], one[1]))
        self._keys = tuple(sorted(keys, key=lambda key: (len(key), key)))
        self._pattern = (
            re.compile(rf"(?<!\w)[#@]?(?:{'|'.join(p for _, p in patterns)})(?!\w)", re.IGNORECASE)
            if patterns
            else None
        )

    def replaced(self, text: str) -> str:
        """Return the text with each phrase replaced; the same object where there is none."""
        if self._pattern is None:
            return text
        low = text.lower()
        if not any(key in low for key in self._keys):
            return text
        return self._pattern.sub(lambda found: self._signs.get(_key(found.group()), found.group()), text)


def dictionary(words: Mapping[str, float]) -> Dictionary:
    """Return the dictionary of these phrases, made once. Valences are -4 … 4; 0 means nothing."""
    return _made(tuple(words.items()))


@lru_cache(maxsize=1024)
def _made(words: tuple[tuple[str, float], ...]) -> Dictionary:
    return Dictionary(dict(words))


def _key(phrase: str) -> str:
    return re.sub(f"[{_APOSTROPHES}]", "'", _PARTS.sub("", phrase.lstrip("#@")).casefold())


def _with_apostrophes(part: str) -> str:
    return "".join(f"[{_APOSTROPHES}]" if c in _APOSTROPHES else re.escape(c) for c in part)


def _sign(valence: float) -> str:
    if not valence:
        return _NEUTRAL
    step = next((k for k in range(3) if abs(valence) <= k + 1), 3)
    return _STEPS[step][valence > 0]
