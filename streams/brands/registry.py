"""Which brands are watched at a time, and with which settings: the configuration's, changed by the topic `brands`.

An entry counts from a moment of the log on: when the broker stored it, and ten seconds (in which every worker has read
it). `score` compares that with its partition's progress, `watch` with the minute that it closes, so what is decided
follows from the logs and not from when a worker read the entry. In a replay, where the log's time is the data's, an
entry counts from the beginning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.events import BrandEntry
from schemas.times import MINUTE
from streams.score.brands import BrandMatcher
from streams.settings import BrandSettings

GRACE: Final = 10_000
"""Milliseconds after which an entry counts: workers look every half second."""


class Change(Struct, frozen=True):
    """An entry, and from when on it counts (epoch ms)."""

    since: int
    entry: BrandEntry


class Registry:
    """Filled by whoever reads the topic; asked by the cores."""

    def __init__(self, configured: Sequence[BrandSettings], *, replay: bool = False) -> None:
        self._configured = {brand.name: brand for brand in configured}
        self._replay = replay
        self._changes: dict[str, list[Change]] = {}
        self._moments: list[int] = []
        self._taken: list[tuple[int, str]] = []
        self._matchers: dict[int, BrandMatcher] = {}

    def take(self, entry: BrandEntry, stored: int) -> None:
        """Take in an entry that the broker stored at `stored` (epoch ms); entries come in the order of the topic."""
        since = 1 if self._replay else stored + GRACE
        mine = self._changes.setdefault(entry.brand, [])
        mine[:] = [one for one in mine if one.since < since]
        mine.append(Change(since, entry))
        self._taken.append((since, entry.brand))
        self._moments = sorted({change.since for changes in self._changes.values() for change in changes})
        self._matchers.clear()

    def change_at(self, brand: str, at: int) -> Change | None:
        """Return what last changed `brand` by the time `at` (epoch ms); None where nothing did."""
        mine = self._changes.get(brand)
        if not mine:
            return None
        return next((change for change in reversed(mine) if change.since <= at), None)

    def leaves_at(self, brand: str, after: int) -> int | None:
        """Return the first minute boundary beyond `after` (epoch ms) at which `brand` has left; None where none is known.

        Who is back within the minute has not left.
        """
        return next((at for since, at in self._leavings(brand) if since > after), None)

    def left_at(self, brand: str, by: int) -> int:
        """Return the last minute boundary up to `by` (epoch ms) at which `brand` had left; 0 where none is known."""
        return max((at for _, at in self._leavings(brand) if at <= by), default=0)

    def _leavings(self, brand: str) -> Iterator[tuple[int, int]]:
        for change in self._changes.get(brand, ()):
            if change.entry.removed:
                boundary = change.since + -change.since % MINUTE
                last = self.change_at(brand, boundary)
                if last is not None and last.entry.removed:
                    yield change.since, boundary

    def taken(self, beyond: int) -> Sequence[tuple[int, str]]:
        """Return from when on entries count, and whose they are, in the order of the topic; the first `beyond` are left out."""
        return self._taken[beyond:]

    def settings_at(self, brand: str, at: int) -> BrandSettings | None:
        """Return the settings of `brand` at `at`; None where none are known, or it is not watched."""
        configured = self._configured.get(brand)
        change = self.change_at(brand, at)
        if change is None:
            return configured
        entry = change.entry
        if entry.removed:
            return None
        base = configured or BrandSettings(brand)
        return replace(
            base,
            words=entry.words or base.words,
            exclude=entry.exclude or base.exclude,
            sensitivity=base.sensitivity if entry.sensitivity is None else entry.sensitivity,
        )

    def watched_at(self, at: int) -> list[BrandSettings]:
        """Return the watch list at `at`, by name."""
        names = sorted({*self._configured, *self._changes})
        return [brand for name in names if (brand := self.settings_at(name, at)) is not None]

    def removed_at(self, at: int) -> list[str]:
        """Return the brands that are no longer watched at `at`."""
        return [n for n in sorted(self._changes) if (c := self.change_at(n, at)) is not None and c.entry.removed]

    def matcher_at(self, progress: int) -> BrandMatcher:
        """Return the matcher that counts when a partition has come to `progress` (epoch ms)."""
        place = bisect_right(self._moments, progress) if self._moments else 0
        found = self._matchers.get(place)
        if found is None:
            at = self._moments[place - 1] if place else 0
            found = self._matchers[place] = BrandMatcher(
                self.watched_at(at), anyone=not self._configured, removed=self.removed_at(at)
            )
        return found
