"""What carries a spike: terms, hashtags, links, languages and author kinds against the brand's usual talk.

Weight is the z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008,
"Fightin' Words", Political Analysis 16(4), eq. 16 and 22): the prior is the usual talk itself, so a rare word needs
more than one mention to count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any, Final, Literal

from detectors.text.triggers import plain
from schemas.events import Driver, Window

Kind = Literal["term", "hashtag", "link", "language", "author_kind"]

USUAL_LIMIT: Final = 80
RECENT_LIMIT: Final = 48
USUAL_FADING: Final = 1.0 - 1.0 / (3 * 24 * 60)  # per minute with mentions; about three days
RECENT_FADING: Final = 0.5 ** (1.0 / 15.0)  # per minute: half after a quarter of an hour
PRIOR: Final = 0.5  # mentions of a term never seen before
PRIOR_SIZE: Final = 100.0  # mentions that the usual talk weighs as a prior
MAX_DRIVERS: Final = 8
MIN_WEIGHT: Final = 2.0  # z
KINDS: Final[dict[str, Kind]] = {"t": "term", "l": "language", "k": "author_kind"}
PLATFORM: Final = "p"
_SPLIT: Final = re.compile(r"[\W_]+")


class Drivers:
    """Fading counts of what is usual and of what is said now; bounded, ties broken by name."""

    def __init__(self) -> None:
        self.usual: dict[str, float] = {}
        self.recent: dict[str, float] = {}
        self.usual_count = 0.0
        self.recent_count = 0.0
        self._scale = 1.0  # of `usual`: ageing all of it costs one multiplication
        self._minute = 0

    def observe(self, window: Window, minute: int, *, frozen: bool) -> None:
        """Take in a closed minute; nothing becomes usual while `frozen`."""
        age = RECENT_FADING ** min(10_000, max(0, minute - self._minute))
        self._minute = minute
        self.recent_count = self.recent_count * age + window.count
        self.recent = {key: value for key, old in self.recent.items() if (value := old * age) >= 0.05}
        if not frozen:
            self._scale /= USUAL_FADING
            self.usual_count = self.usual_count * USUAL_FADING + window.count
        for key, count in _counts(window):
            self.recent[key] = self.recent.get(key, 0.0) + count
            if not frozen:
                self.usual[key] = self.usual.get(key, 0.0) + count * self._scale
        if 2 * len(self.recent) > 3 * RECENT_LIMIT:
            self.recent = _largest(self.recent, RECENT_LIMIT)
        if 2 * len(self.usual) > 3 * USUAL_LIMIT:
            self.usual = _largest(self.usual, USUAL_LIMIT)
        if self._scale > 1e9:
            self.usual = {key: value / self._scale for key, value in self.usual.items()}
            self._scale = 1.0

    def top(self, names: Iterable[str] = ()) -> list[Driver]:
        """Return what stands out now, strongest first; the brand's own `names` say nothing."""
        own = own_terms(names)
        n, usual_n = self.recent_count, self.usual_count
        found: list[Driver] = []
        for key, count in self.recent.items():
            if key[0] == PLATFORM or _bare(key[1:]) in own:
                continue
            weight = _weight(count, n, self.usual.get(key, 0.0) / self._scale, usual_n)
            if weight >= MIN_WEIGHT:
                kind, value = KINDS[key[0]], key[1:]
                if kind == "term" and value.startswith("#"):
                    kind = "hashtag"
                elif kind == "term" and ("://" in value or value.startswith("www.") or "/" in value):
                    kind = "link"
                found.append(Driver(kind=kind, value=value, count=round(count), weight=round(weight, 2)))
        found.sort(key=lambda d: (-d.weight, d.kind, d.value))
        return found[:MAX_DRIVERS]

    def recent_terms(self, names: Iterable[str] = ()) -> dict[str, int]:
        """Return the terms of now with their rounded counts, without the brand's own `names`."""
        own = own_terms(names)
        found = {key[1:]: round(count) for key, count in sorted(self.recent.items()) if key[0] == "t" and count >= 0.5}
        return {term: count for term, count in found.items() if _bare(term) not in own}

    def platforms(self) -> list[str]:
        """Return the platforms of now by name."""
        return sorted(key[1:] for key in self.recent if key[0] == PLATFORM)

    def dump(self) -> list[Any]:
        """Return the state as plain numbers and maps; exact."""
        return [self.usual, self.recent, self.usual_count, self.recent_count, self._scale, self._minute]

    def load(self, data: list[Any]) -> None:
        """Take over what `dump` returned."""
        self.usual, self.recent, self.usual_count, self.recent_count, self._scale, self._minute = data


def own_terms(names: Iterable[str]) -> set[str]:
    """Return the terms that a brand's `names` (its name, watch words, accounts) make: their words, and all of them as one."""
    found: set[str] = set()
    for name in names:
        words = [word for part in _SPLIT.split(plain(name)) if (word := part)]
        found |= {*words, "".join(words), _bare(name)}
    return found - {""}


def _bare(term: str) -> str:
    """Return a term without accents, #, @ and an English genitive."""
    return plain(term).lstrip("@").removesuffix("'s").removesuffix("’s")


def _counts(window: Window) -> list[tuple[str, int]]:
    parts: tuple[tuple[str, Mapping[str, int]], ...] = (
        ("t", window.terms),
        ("l", window.languages),
        ("k", window.kinds),
        (PLATFORM, window.platforms),
    )
    # Interned: ten thousand brands speak of much the same things.
    return [(intern(tag + value), count) for tag, counts in parts for value, count in counts.items()]


def _largest(counts: dict[str, float], limit: int) -> dict[str, float]:
    kept = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return dict(kept)


def _weight(count: float, n: float, usual: float, usual_n: float) -> float:
    """Return the z-score of the log-odds of a term now against what the usual talk lets expect."""
    prior = PRIOR + min(1.0, usual / (usual_n + 1.0)) * PRIOR_SIZE
    total = PRIOR_SIZE + 2.0 * PRIOR
    now = math.log((count + prior) / (max(n - count, 0.0) + total - prior))
    before = math.log(prior / (total - prior))
    return (now - before) / math.sqrt(1.0 / (count + prior) + 1.0 / (usual + 1.0))
