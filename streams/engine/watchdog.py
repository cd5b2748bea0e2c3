"""What stands still although it has work: the watchdog's judgement, without a clock and without Kafka.

Everything is seen as one of one kind: something that is busy or not, with a mark that changes whenever it gets on. A
partition with records to read, a slice in an agent's hands, a write that is not acknowledged, a checkpoint under way,
the event loop itself. What is busy and keeps its mark stands still.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Sight(NamedTuple):
    """One look at one thing."""

    what: str
    """In words that complete "… for 60 s": `score takes no records of mentions-0`."""
    busy: bool
    mark: Hashable
    leash: int = 1
    """So many times the usual limit may it stand still."""


class Stall(NamedTuple):
    """What stands still, for how many seconds, and how many times the usual limit it may."""

    what: str
    seconds: float
    leash: int = 1


class Watchdog:
    """Remembers since when each busy thing has kept its mark."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[Hashable, float]] = {}

    def look(self, now: float, sights: Iterable[Sight], *, excused: bool = False) -> Stall | None:
        """Return what has stood still longest for its leash at `now` (seconds of any clock that never goes back).

        `excused` while nothing can be expected to move: the broker is away, or this process itself was frozen. All
        time up to `now` is then forgiven.
        """
        if excused:
            self._since.clear()
        before, self._since = self._since, {}
        longest: Stall | None = None
        for what, busy, mark, leash in sights:
            if not busy:
                continue
            known, since = before.get(what, (mark, now))
            if known != mark:
                since = now
            self._since[what] = mark, since
            if longest is None or (now - since) / leash > longest.seconds / longest.leash:
                longest = Stall(what, now - since, leash)
        return longest


class Doings:
    """What is under way, by name; several of a name may be."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._under_way: dict[int, str] = {}

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Say that `what` is under way, from here to the end of the block."""
        number = next(self._numbers)
        self._under_way[number] = what
        try:
            yield
        finally:
            del self._under_way[number]

    def sights(self) -> Iterator[Sight]:
        """Yield one sight for each name; its mark is the one that began first."""
        first: dict[str, int] = {}
        for number, what in self._under_way.items():
            first.setdefault(what, number)
        return (Sight(f"{what} does not end", True, number) for what, number in first.items())
