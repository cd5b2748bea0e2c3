"""The state of one partition of `scored`: what it has read, its sources' progress, and its brands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Struct

from detectors.monitor import BrandMonitor
from streams.watch.minutes import Arrivals, OpenMinute

SCHEMA: Final = 1


class Tally(Struct, array_like=True):
    """Where every input offset of a source and every row of a brand went; exact over restarts."""

    scored: int = 0
    unmatched: int = 0
    dead_letter: int = 0
    control: int = 0
    applied: int = 0
    late: int = 0
    duplicate: int = 0


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
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Mention -> (revision, minute), as long as its minute is open."""
    gone: dict[int, int] = field(default_factory=dict)
    """Mention -> least revision that still counts."""


class BrandRecord(Struct, array_like=True):
    """A brand's checkpoint."""

    schema: int
    brand: str
    applied: int
    closed: int
    tally: Tally
    monitor: bytes


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
