"""The core of `watch`: a function of one `scored` partition's log.

Each batch is applied (`apply`, `steps`), and what follows from it comes back as effects. Time is the least progress of all
source partitions (the clock). When the clock passes a minute boundary M, in this order:
the arrival minute that ended at M is judged a last time; minutes that end at or before M - lateness close and are
judged; monitors that asked to be woken are woken. Early verdicts are sought after every batch in the arrival minute
that the clock is in. So which verdicts there are depends on the rows and ticks alone, never on how partitions
interleave; only when they come does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.monitor import BrandMonitor
from schemas import scored
from schemas.events import Alert, AlertTick
from schemas.scored import Rows, ScoredBatch
from schemas.times import MINUTE
from streams.brands.registry import Change
from streams.watch import blind, changes, verdicts
from streams.watch.agenda import Agenda
from streams.watch.intake import Intake
from streams.watch.minutes import Batch, Chunk, minute_of
from streams.watch.state import SCHEMA, Brand, BrandRecord, PartitionRecord, Source, Tally
from streams.watch.trail import Trail
from streams.watch.verdicts import Effect

NewMonitor = Callable[[str, int], BrandMonitor]
"""Of a brand as it is on the watch list at a time (epoch ms)."""
LoadMonitor = Callable[[str, bytes, int], BrandMonitor]
"""The same from its state."""


class WatchList(Protocol):
    """How the watch list has changed; see `streams.brands.registry`."""

    def change_at(self, brand: str, at: int) -> Change | None:
        """Return what last changed `brand` by the time `at` (epoch ms); None where nothing did."""
        ...

    def leaves_at(self, brand: str, after: int) -> int | None:
        """Return the first minute boundary beyond `after` (epoch ms) at which `brand` has left; None where none is known."""
        ...

    def left_at(self, brand: str, by: int) -> int:
        """Return the last minute boundary up to `by` (epoch ms) at which `brand` had left; 0 where none is known."""
        ...

    def taken(self, beyond: int) -> Sequence[tuple[int, str]]:
        """Return from when on changes count (epoch ms), and of which brand; the first `beyond` that came are left out."""
        ...


Coming = tuple[int, "Chunk | Retracted"]
"""Offset on `scored`, and rows or a retraction."""


class Retracted(NamedTuple):
    """Revisions of `mention` below `rev` are gone; `label` is their partition's time."""

    mention: int
    rev: int
    label: int


_CODES: Final = (
    ("scored", scored.SCORED), ("unmatched", scored.UNMATCHED),
    ("dead_letter", scored.DEAD_LETTER), ("control", scored.CONTROL),
)  # fmt: skip


@dataclass(slots=True)
class WatchSettings:
    """What the core needs to know: where it stands and how long minutes stay open."""

    partition: int
    sources: int
    """Partitions of `mentions`; the clock stands until every one has shown a tick."""
    lateness: int
    """Milliseconds."""
    replay: bool = False
    blind_after: int = 0
    """Milliseconds between two ticks of a partition from which nobody is taken to have watched; 0: never."""


class WatchCore:
    """One partition's state and its fold."""

    def __init__(
        self, settings: WatchSettings, new_monitor: NewMonitor, load_monitor: LoadMonitor, watch_list: WatchList
    ) -> None:
        self.settings = settings
        self.applied = -1
        self.log = ""
        """Id of the topic that the offsets are of."""
        self.clock = 0
        self.sources: dict[tuple[str, int], Source] = {}
        self.brands: dict[str, Brand] = {}
        self.dirty: set[str] = set()
        self.former = Tally()
        """The account of brands that have left, as far as an older checkpoint has put them together."""
        self.left: dict[str, Tally] = {}
        """The accounts of brands that have left the watch list."""
        self._new_monitor = new_monitor
        self._load_monitor = load_monitor
        self._list = watch_list
        self._changes = 0
        """Changes of the watch list that stand in the agenda."""
        self._next: dict[str, tuple[int, list[Coming]]] = {}
        """What a partition that is ahead has brought of a brand that leaves at a boundary to come: it is of the one that comes
        back, and waits until then."""
        self._agenda = Agenda()
        self._intake = Intake(self._agenda, settings.lateness, bounded=settings.blind_after > 0)
        self._touched: set[str] = set()
        self._offset = -1
        self._trail = Trail()
        self._gaps: list[blind.Gap] = []

    # --- the fold ------------------------------------------------------------------------------------------------

    def apply(self, offset: int, batch: ScoredBatch) -> list[Effect]:
        """Apply the record at `offset` of the partition's log; return what follows from it."""
        return list(self.steps(offset, batch))

    def steps(self, offset: int, batch: ScoredBatch) -> Iterator[Effect]:
        """Do the same step by step, for the minute in which thousands of brands close a window at once.

        The record is applied when the iterator has come to its end; a core whose iterator was left before is of no more use.
        """
        source = self._source(batch)
        self._offset = offset
        self._count_outcomes(source, batch)
        after = source.last
        self._trail.note(offset, source, after)
        arrived, table = Batch(batch), batch.table
        for begin, end, tick in batch.segments():
            self._touched.clear()
            self._rows(offset, arrived, table, slice(begin, end), after, counting=True)
            if tick is not None and tick > source.progress:
                self._note_gap(source, tick)
                source.progress = tick
                clock = self._least_progress(batch.source)
                if clock > self.clock:
                    yield from self._advance(clock)
            if self._touched:
                yield from self._early(self._touched)
        source.last = max(source.last, batch.last)
        self.applied = offset

    def refill(self, offset: int, batch: ScoredBatch) -> None:
        """Fill open minutes from a record at or below `applied` that was applied before a restart."""
        source = self._source(batch)
        self._trail.note(offset, source, source.before)
        self._rows(offset, Batch(batch), batch.table, slice(None), source.before, counting=False)
        source.before = max(source.before, batch.last)

    def finish_refill(self) -> None:
        """Take up the agenda after the last `refill`."""
        for name, brand in self.brands.items():
            if brand.applied <= self.applied:  # one that is ahead has yet to come by what it decided with them
                brand.seen = {mention: known for mention, known in brand.seen.items() if known.last in brand.minutes}
                brand.strays.clear()
            for start in brand.minutes:
                self._agenda.plan(start + self._intake.hold, name)
            for start in brand.arrivals:
                self._agenda.plan(start + MINUTE, name)
            self._plan_wake(brand)

    def _source(self, batch: ScoredBatch) -> Source:
        key = (batch.source, batch.partition)
        found = self.sources.get(key)
        if found is None:
            found = self.sources[key] = Source(*key)
        return found

    def _count_outcomes(self, source: Source, batch: ScoredBatch) -> None:
        if not batch.outcomes or batch.last <= source.counted:
            return
        fresh = batch.outcomes[max(0, source.counted + 1 - batch.first) :]
        for name, code in _CODES:
            if count := fresh.count(code):
                setattr(source.tally, name, getattr(source.tally, name) + count)
        source.counted = batch.last

    def _rows(self, offset: int, batch: Batch, rows: Rows, part: slice, after: int, *, counting: bool) -> None:
        """Take up those of the batch's `rows` that are in `part` of it and beyond the source offset `after`."""
        table = rows[part]
        fresh = np.flatnonzero(table["offset"] > after)
        if not len(fresh):
            return
        apart = changes.told_anew(table)[fresh]
        fresh += part.start or 0
        if apart.any():
            # Each row of these may change what the next one means; the order of all others does not matter.
            self._changed(offset, batch, rows, fresh[apart], counting=counting)
            fresh = fresh[~apart]
            if not len(fresh):
                return
        whose = rows["brand"][fresh]
        order = np.argsort(whose, kind="stable")
        cuts = np.flatnonzero(np.diff(whose[order])) + 1
        for mine in np.split(fresh[order], cuts):
            self._brand_rows(offset, Chunk(batch, mine, rows[mine]), counting=counting)

    def _changed(self, offset: int, batch: Batch, rows: Rows, where: NDArray[np.intp], *, counting: bool) -> None:
        """Take up, in their order, the rows `where`: all that the batch has of mentions that are updated or deleted in it."""
        changed = rows[where]
        gone: dict[int, int] = {}
        for row in changed[changed["op"] == scored.DELETE]:
            mention, rev = int(row["mention"]), int(row["rev"])
            gone[mention] = max(rev, gone.get(mention, rev))
        known = changes.holders(self.brands, gone)
        for i, row in zip(where, changed, strict=True):
            mention = int(row["mention"])
            if row["op"] == scored.DELETE:
                told = Retracted(mention, int(row["rev"]), int(row["label"]))
                for name in known[mention] & self.brands.keys():
                    self._intake.retract(self.brands[name], *told)
                for _, coming in self._next.values():
                    coming.append((offset, told))
            else:
                known[mention].add(batch.brands[row["brand"]])
                self._brand_rows(offset, Chunk(batch, np.array([i]), rows[i : i + 1].copy()), counting=counting)
        if counting:
            self.dirty.update(changes.forget_examples(self.brands, gone, offset))

    def _brand_rows(self, offset: int, chunk: Chunk, *, counting: bool) -> None:
        name = chunk.batch.brands[int(chunk.rows["brand"][0])]
        brand = self.brands.get(name)
        leaves = self._list.leaves_at(name, self.clock if brand is None else brand.since)
        if leaves is not None and (after := chunk.rows["label"] >= leaves).any():
            self._next.setdefault(name, (leaves, []))[1].append((offset, chunk.kept(after)))
            if after.all():
                return
            chunk = chunk.kept(~after)
        if brand is None:
            if not counting:  # a restart knows all brands of before: this one has left
                return
            brand = self.brands[name] = self._new_brand(name, int(chunk.rows["label"].min()))
            brand.closed = self._closed_before()
        counting = counting and offset > brand.applied
        if counting:
            self.dirty.add(name)
        elif brand.begun and (before := chunk.rows["label"] < brand.begun).any():
            if before.all():
                return
            chunk = chunk.kept(~before)
        if self._intake.take(brand, offset, chunk, self.clock, counting=counting):
            self._touched.add(name)

    # --- time ----------------------------------------------------------------------------------------------------

    def _least_progress(self, topic: str) -> int:
        known = [source.progress for source in self.sources.values() if source.topic == topic]
        return min(known) if len(known) >= self.settings.sources else 0

    def _closed_before(self) -> int:
        return minute_of(self.clock) - self.settings.lateness if self.clock else 0

    def _plan_wake(self, brand: Brand) -> None:
        wake = brand.monitor.wake_at
        if wake is not None:
            due = max(minute_of(wake + MINUTE - 1) + self.settings.lateness, minute_of(self.clock) + MINUTE)
            self._agenda.plan(due, brand.name)

    def _advance(self, clock: int) -> Iterator[Effect]:
        before, last = minute_of(self.clock), minute_of(clock)
        if before < last:
            self._plan_changes(before + MINUTE)
        for boundary, names in self._agenda.due(last):
            yield from self._see_again(boundary, exact=False)
            self.clock = max(self.clock, boundary)
            for name in names:
                brand = self.brands.get(name)
                if brand is not None:
                    yield from self._boundary(brand, boundary)
                if name not in self.brands and name in self._next and boundary >= self._next[name][0]:
                    self._come_back(name)
        self.clock = clock
        yield from self._see_again(clock, exact=True)
        if before < last:
            # Partitions that ran ahead may have filled the minute that the clock now enters.
            self._touched.update(name for name, brand in self.brands.items() if last in brand.arrivals)
            if self.settings.replay:
                yield AlertTick(self.settings.partition, clock)

    def _plan_changes(self, earliest: int) -> None:
        """Have brands follow the watch list at the first minute boundary from which a change counts, spoken of or not."""
        for since, name in self._list.taken(self._changes):
            self._changes += 1
            self._agenda.plan(max(minute_of(since + MINUTE - 1), earliest), name)

    def _note_gap(self, source: Source, tick: int) -> None:
        if 0 < self.settings.blind_after < tick - source.progress and source.progress:
            source.gaps.append((source.progress, tick))
            self._gaps = self._all_gaps()

    def _all_gaps(self) -> list[blind.Gap]:
        return blind.merged(gap for source in self.sources.values() for gap in source.gaps)

    def _see_again(self, now: int, *, exact: bool) -> Iterator[Effect]:
        """Tell what was missed in the gaps that are over: by the clock, or before the minute boundary `now`."""
        while self._gaps and now >= (self._gaps[0][1] if exact else blind.past(self._gaps[0])):
            gap = self._gaps.pop(0)
            for source in self.sources.values():
                source.gaps = [one for one in source.gaps if not gap[0] <= one[0] < gap[1]]
            for name, brand in sorted(self.brands.items()):
                if brand.unseen and self._offset > brand.applied:
                    self.dirty.add(name)
                    told = brand.unseen.tell(gap)
                    brand.unseen = blind.Kept()
                    brand.monitor.unheard(gap[0], gap[1], told)
                    yield from told

    def _boundary(self, brand: Brand, at: int) -> Iterator[Effect]:
        """Judge what is due at `at`; what is decided about a time in which nobody watched waits for its end."""
        if not (self._gaps and blind.covers(self._gaps[0], at)):
            yield from self._judged(brand, at)
        else:
            yield from verdicts.kept(brand, self._judged(brand, at))
        # Afterwards: what is judged here is of the time before.
        change = self._list.change_at(brand.name, at)
        if change is not None and change.since > brand.since and self._offset > brand.applied:
            yield from self._change(brand, change, at)

    def _new_brand(self, name: str, label: int) -> Brand:
        """Return a brand of which a partition that had come to `label` (epoch ms) has brought the first row."""
        now = max(label, self.clock)
        change = self._list.change_at(name, now)
        brand = Brand(name, self._new_monitor(name, max(self.clock, change.since if change is not None else 0)))
        brand.begun = self._list.left_at(name, now)
        # What comes of a brand after it has left is let go again with the next minute.
        brand.since = change.since if change is not None and not change.entry.removed else 0
        brand.tally = self.left.pop(name, brand.tally)
        return brand

    def _change(self, brand: Brand, change: Change, at: int) -> Iterator[Effect]:
        """Let a brand follow the watch list: other settings, a baseline to begin with, or the end."""
        self.dirty.add(brand.name)
        brand.since = change.since
        closed = at - self.settings.lateness
        if change.entry.removed:
            ended = [one for one in brand.monitor.let_go(closed, at) if isinstance(one, Alert)]
            unseen = self._gaps and blind.covers(self._gaps[0], at)
            yield from brand.unseen.last_words(ended, self._gaps[0]) if unseen else ended
            self.left[brand.name] = brand.tally
            del self.brands[brand.name]
            self.dirty.discard(brand.name)
            return
        if change.entry.baseline is not None and not brand.monitor.warm:
            yield from brand.monitor.let_go(closed, at)
            brand.monitor = self._new_monitor(brand.name, at)
        else:
            brand.monitor = self._load_monitor(brand.name, brand.monitor.dump(), at)

    def _come_back(self, name: str) -> None:
        """Take up what has waited until the brand had left."""
        for offset, one in self._next.pop(name)[1]:
            if isinstance(one, Chunk):
                self._brand_rows(offset, one, counting=True)
            elif name in self.brands:
                self._intake.retract(self.brands[name], *one)

    def _judged(self, brand: Brand, at: int) -> Iterator[Effect]:
        if self._offset > brand.applied:
            yield from verdicts.judge(brand, at, at - self.settings.lateness, self.dirty)
        else:  # judged before the restart
            brand.arrivals.pop(at - MINUTE, None)
        self._plan_wake(brand)

    def _early(self, names: Iterable[str]) -> Iterator[Effect]:
        now = minute_of(self.clock)
        for name in sorted(names):
            brand = self.brands.get(name)
            arrivals = brand.arrivals.get(now) if brand is not None else None
            if brand is not None and arrivals is not None and self._offset > brand.applied:
                said = verdicts.judge_early(brand, arrivals, self.clock, self.dirty)
                unseen = self._gaps and blind.covers(self._gaps[0], self.clock)
                yield from verdicts.kept(brand, said) if unseen else said

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def brand_records(self, names: Iterable[str]) -> Iterator[BrandRecord]:
        """Yield the records of the brands `names`.

        With `partition_record` they are a cut, as of one moment, as long as nothing is applied between them.
        """
        for name in sorted(names):
            yield self.brands[name].record(self.applied)

    def partition_record(self) -> PartitionRecord:
        """Return the partition's record."""
        resting_on = [minute.offset for brand in self.brands.values() for minute in brand.minutes.values()]
        resting_on += [offset for _, coming in self._next.values() for offset, _ in coming]
        replay_from = self._trail.back_to(self.applied, resting_on, self.sources.values())
        sources = [
            Source(s.topic, s.partition, s.last, s.counted, s.progress, s.tally.copy(), list(s.gaps), s.before)
            for s in self.sources.values()
        ]
        names_now = sorted(self.brands)
        return PartitionRecord(
            SCHEMA, self.applied, replay_from, self.clock, sources, names_now, self.former.copy(), self.log,
            {name: tally.copy() for name, tally in self.left.items()},
        )  # fmt: skip

    def restore(self, partition: PartitionRecord, brands: Iterable[BrandRecord]) -> None:
        """Take up a checkpoint; then `refill` from `replay_from` to `applied`, then `finish_refill`."""
        self.applied, self.clock = partition.applied, partition.clock
        self.former, self.left = partition.former, dict(partition.left)
        brands = list(brands)
        self._trail.restored(max((record.applied for record in brands), default=-1), partition.replay_from)
        self.sources = {(s.topic, s.partition): s for s in partition.sources}
        for record in brands:
            monitor = self._load_monitor(record.brand, record.monitor, record.since)
            self.brands[record.brand] = Brand.of(record, monitor)
        self._gaps = self._all_gaps()

    def begin_log_anew(self) -> None:
        """Forget the offsets of the log: its topic was made anew. Which source offsets are applied stays known."""
        self.applied = -1
        for brand in self.brands.values():
            brand.applied = -1
        self.dirty.update(self.brands)

    def tally(self) -> Tally:
        """Return the account of this partition: input offsets of its home sources, and rows of its brands."""
        total = self.former.copy()
        counted = (self.sources.values(), self.brands.values())
        for part in (*(one.tally for group in counted for one in group), *self.left.values()):
            total.add(part)
        return total
