"""The state of one partition of `scored`: what it has read, its sources' progress, and its brands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from detectors.monitor import BrandMonitor
from schemas.times import HOUR
from streams.watch import blind
from streams.watch.blind import Gap, Kept
from streams.watch.examples import Example
from streams.watch.grave_words import Heard
from streams.watch.minutes import Arrivals, OpenMinute

SCHEMA: Final = 3
"""Of the records of a checkpoint. 2: the partition's record names the topic that its offsets are of. 3: a brand's says
when it began, and the accounts of brands that have left are kept apart by name."""
READABLE: Final = (1, 2, SCHEMA)
LONGEST: Final = HOUR
"""Milliseconds that an id is remembered at most: one that is sent again and again, each time with a later time, must not hold
back the offset that recovery begins from."""
FOR_EVER: Final = 1 << 62


class Tally(Struct, array_like=True):
    """Where every input offset of a source and every row of a brand went; exact over restarts."""

    scored: int = 0
    unmatched: int = 0
    dead_letter: int = 0
    control: int = 0
    applied: int = 0
    late: int = 0
    duplicate: int = 0

    def add(self, other: Tally) -> None:
        """Add the counts of `other`."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def copy(self) -> Tally:
        """Return another of the same counts."""
        return Tally(*(getattr(self, name) for name in self.__struct_fields__))


class Source(Struct, array_like=True):
    """One partition of one `mentions` topic, as seen from here."""

    topic: str
    partition: int
    last: int = -1
    """Source offset up to which rows are applied: what comes again at or below it is dropped."""
    counted: int = -1
    """Source offset up to which outcomes are counted (home partition only)."""
    progress: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    gaps: list[Gap] = []
    """Pairs of ticks between which nobody watched, until that is told."""
    before: int = -1
    """What `last` was where recovery begins: what had come before that is a repeat there too."""


class Known(NamedTuple):
    """What is remembered of a mention, from its first row on until its last minute has closed.

    Everything that is decided from it follows from the rows themselves (their `label` is their partition's own time), so
    that a restart that reads the same rows again decides the same, however the partitions came together.
    """

    rev: int
    last: int
    """The latest minute that a row of it has claimed; rows of one mention nearly always claim the same."""
    offset: int
    """Where on `scored` it was first met."""
    limit: int
    """Label from which on it is a new mention whatever it claims."""

    def until(self, hold: int) -> int:
        """Return the label from which on it is no longer remembered; `hold` is how long a minute stays open."""
        return min(self.last + hold, self.limit)


def known_from(rev: int, minute: int, offset: int, label: int) -> Known:
    """Return what is remembered of a mention that is met for the first time."""
    return Known(rev, minute, offset, label + LONGEST if label else FOR_EVER)


@dataclass(slots=True)
class Brand:
    """One brand: its monitor, and what is still open of it."""

    name: str
    monitor: BrandMonitor
    applied: int = -1
    """Offset on `scored` up to which its checkpoint is applied: below it nothing is counted or judged again."""
    closed: int = 0
    """Minutes before this are closed (epoch ms)."""
    tally: Tally = field(default_factory=Tally)
    minutes: dict[int, OpenMinute] = field(default_factory=dict)
    arrivals: dict[int, Arrivals] = field(default_factory=dict)
    seen: dict[int, Known] = field(default_factory=dict)
    """Mentions that are remembered: as long as their last minute is open."""
    strays: list[int] = field(default_factory=list)
    """Mentions remembered after a restart though their minute has closed; to be forgotten with the next close."""

    unseen: Kept = field(default_factory=Kept)
    """What was decided while nobody watched, and is still to be told."""
    examples: list[Example] = field(default_factory=list)
    """Posts of the last minutes to show with an alert."""
    since: int = 0
    """From when on what last changed it on the watch list counts (epoch ms)."""
    begun: int = 0
    """Label that all its rows have reached (epoch ms): those below are of a brand of the same name that has left."""

    heard: list[Heard] = field(default_factory=list)
    """Who used which words for a grave matter in the last hour."""
    shown: set[int] = field(default_factory=set)
    """The mentions of `examples`."""

    def show(self, examples: Iterable[Example]) -> None:
        """Remember `examples` in place of those before."""
        self.examples = list(examples)
        self.shown = {one.mention for one in self.examples}

    def replace(self, mention: int, rev: int, after: int, last: int) -> None:
        """Leave revisions of `mention` below `rev` out of the minutes that begin after `after`, up to `last`.

        Older ones may still be open because another partition is slow; they are left as they are wherever it is not.
        """
        for start, minute in self.minutes.items():
            if after < start <= last:
                minute.gone[mention] = max(rev, minute.gone.get(mention, rev))

    def forget(self, mentions: Iterable[int], closed: int) -> None:
        """Forget those of `mentions` whose last minute is `closed` or before it."""
        for mention in mentions:
            known = self.seen.get(mention)
            if known is not None and known.last <= closed:
                del self.seen[mention]

    def record(self, applied: int) -> BrandRecord:
        """Return what is written down of it when the partition has applied `applied`."""
        return BrandRecord(
            SCHEMA,
            self.name,
            max(applied, self.applied),  # after a torn checkpoint it is ahead of its partition until that has caught up
            self.closed,
            self.tally.copy(),
            self.monitor.dump(),
            blind.dump(self.unseen),
            self.since,
            list(self.examples),
            self.begun,
            list(self.heard),
        )

    @classmethod
    def of(cls, record: BrandRecord, monitor: BrandMonitor) -> Brand:
        """Return the brand that was written down; its open minutes are read again."""
        brand = cls(
            record.brand,
            monitor,
            record.applied,
            record.closed,
            record.tally,
            unseen=blind.load(record.unseen),
            since=record.since,
            begun=record.begun,
            heard=list(record.heard),
        )
        brand.show(record.examples)
        return brand


class BrandRecord(Struct, array_like=True):
    """A brand's checkpoint."""

    schema: int
    brand: str
    applied: int
    closed: int
    tally: Tally
    monitor: bytes
    unseen: bytes = b""
    """See `streams.watch.blind`."""
    since: int = 0
    examples: list[Example] = []
    begun: int = 0
    heard: list[Heard] = []


class PartitionRecord(Struct, array_like=True):
    """A partition's checkpoint: written last, it makes the brands' records before it a whole."""

    schema: int
    applied: int
    """Offset on `scored` that is applied."""
    replay_from: int
    """Offset from which open minutes are filled again."""
    clock: int
    """Least progress of all sources, epoch ms."""
    sources: list[Source]
    brands: list[str]
    former: Tally = msgspec.field(default_factory=Tally)
    """The account of brands that have left the watch list, as schemas 1 and 2 kept it: all in one."""
    log: str = ""
    """Id of the topic `scored` that the offsets above are of; unknown before schema 2."""
    left: dict[str, Tally] = {}
    """The accounts of brands that have left the watch list: one that comes back takes its own up again, so that its record
    alone says all that was counted for its name."""
