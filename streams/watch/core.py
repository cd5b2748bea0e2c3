"""The core of `watch`: a function of one `scored` partition's log.

Each batch is applied (`apply`, `steps`), and what follows from it comes back as effects. Time is the least progress of all
source partitions (the clock). When the clock passes a minute boundary M, in this order:
the arrival minute that ended at M is judged a last time; minutes that end at or before M - lateness close and are
judged; monitors that asked to be woken are woken. Early verdicts are sought after every batch in the arrival minute
that the clock is in. So which verdicts there are depends on the rows and ticks alone, never on how partitions
interleave; only when they come does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from schemas import scored
from schemas.events import AlertTick
from schemas.scored import Rows, ScoredBatch
from schemas.times import MINUTE
from streams.watch import blind, changes, verdicts
from streams.watch.agenda import Agenda
from streams.watch.intake import Intake
from streams.watch.lexicon import Lexicon
from streams.watch.minutes import Batch, Chunk, minute_of
from streams.watch.roster import LoadMonitor, NewMonitor, Retracted, Roster, WatchList
from streams.watch.sources import Sources
from streams.watch.state import SCHEMA, Brand, BrandRecord, PartitionRecord, Tally
from streams.watch.trail import Trail
from streams.watch.verdicts import Effect


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
        self.sources = Sources(settings.sources, settings.blind_after)
        self.roster = Roster(settings.lateness, new_monitor, load_monitor, watch_list)
        self.brands = self.roster.brands
        self.dirty: set[str] = set()
        self._agenda = Agenda()
        self._intake = Intake(self._agenda, settings.lateness, bounded=settings.blind_after > 0)
        self._touched: set[str] = set()
        self._offset = -1
        self._trail = Trail()
        self._lexicon = Lexicon()

    # --- the fold ------------------------------------------------------------------------------------------------

    def apply(self, offset: int, batch: ScoredBatch) -> list[Effect]:
        """Apply the record at `offset` of the partition's log; return what follows from it."""
        return list(self.steps(offset, batch))

    def steps(self, offset: int, batch: ScoredBatch) -> Iterator[Effect]:
        """Do the same step by step, for the minute in which thousands of brands close a window at once.

        The record is applied when the iterator has come to its end; a core whose iterator was left before is of no more use.
        """
        source = self.sources.of(batch)
        self._offset = offset
        self.sources.count_outcomes(source, batch)
        after = source.last
        self._trail.note(offset, source, after)
        arrived, table = self._arrived(batch), batch.table
        for begin, end, tick in batch.segments():
            self._touched.clear()
            self._rows(offset, arrived, table, slice(begin, end), after, counting=True)
            if tick is not None and tick > source.progress:
                self.sources.go_on(source, tick)
                clock = self.sources.least_progress(batch.source)
                if clock > self.clock:
                    yield from self._advance(clock)
            if self._touched:
                yield from self._early(self._touched)
        source.last = max(source.last, batch.last)
        self.applied = offset

    def pass_over(self, offset: int) -> None:
        """Go on beyond the record at `offset`, which is no batch: there is nothing in it to apply."""
        self.applied = offset

    def refill(self, offset: int, batch: ScoredBatch) -> None:
        """Fill open minutes from a record at or below `applied` that was applied before a restart."""
        source = self.sources.of(batch)
        self._trail.note(offset, source, source.before)
        self._rows(offset, self._arrived(batch), batch.table, slice(None), source.before, counting=False)
        source.before = max(source.before, batch.last)

    def _arrived(self, batch: ScoredBatch) -> Batch:
        self._lexicon = self._lexicon.next()
        return Batch(batch, self._lexicon)

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
        fresh = fresh[np.argsort(rows["brand"][fresh], kind="stable")]
        by_brand = rows[fresh]  # copied once: what each brand keeps is a part of it, not an array of its own
        cuts = [0, *(np.flatnonzero(np.diff(by_brand["brand"])) + 1).tolist(), len(fresh)]
        for begin, end in pairwise(cuts):
            self._brand_rows(offset, Chunk(batch, fresh[begin:end], by_brand[begin:end]), counting=counting)

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
                self.roster.retract(offset, told)
            else:
                known[mention].add(batch.brands[row["brand"]])
                self._brand_rows(offset, Chunk(batch, np.array([i]), rows[i : i + 1].copy()), counting=counting)
        if counting:
            self.dirty.update(changes.forget_examples(self.brands, gone, offset))

    def _brand_rows(self, offset: int, chunk: Chunk, *, counting: bool) -> None:
        name = chunk.batch.brands[int(chunk.rows["brand"][0])]
        brand = self.brands.get(name)
        present = self.roster.before_leaving(name, self.clock if brand is None else brand.since, offset, chunk)
        if present is None:
            return
        chunk = present
        if brand is None:
            if not counting:  # a restart knows all brands of before: this one has left
                return
            brand = self.roster.join(name, int(chunk.rows["label"].min()), self.clock)
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

    def _plan_wake(self, brand: Brand) -> None:
        wake = brand.monitor.wake_at
        if wake is not None:
            due = max(minute_of(wake + MINUTE - 1) + self.settings.lateness, minute_of(self.clock) + MINUTE)
            self._agenda.plan(due, brand.name)

    def _advance(self, clock: int) -> Iterator[Effect]:
        before, last = minute_of(self.clock), minute_of(clock)
        if before < last:
            self.roster.plan(self._agenda, before + MINUTE)
        for boundary, names in self._agenda.due(last):
            yield from self._see_again(boundary, exact=False)
            self.clock = max(self.clock, boundary)
            for name in names:
                brand = self.brands.get(name)
                if brand is not None:
                    yield from self._boundary(brand, boundary)
                self._come_back(name, boundary)
        self.clock = clock
        yield from self._see_again(clock, exact=True)
        if before < last:
            # Partitions that ran ahead may have filled the minute that the clock now enters.
            self._touched.update(name for name, brand in self.brands.items() if last in brand.arrivals)
            if self.settings.replay:
                yield AlertTick(self.settings.partition, clock)

    def _see_again(self, now: int, *, exact: bool) -> Iterator[Effect]:
        """Tell what was missed in the gaps that are over: by the clock, or before the minute boundary `now`."""
        for gap in self.sources.seen_again(now, exact=exact):
            for name, brand in sorted(self.brands.items()):
                if brand.unseen and self._offset > brand.applied:
                    self.dirty.add(name)
                    told = brand.unseen.tell(gap)
                    brand.unseen = blind.Kept()
                    brand.monitor.unheard(gap[0], gap[1], told)
                    yield from told

    def _boundary(self, brand: Brand, at: int) -> Iterator[Effect]:
        """Judge what is due at `at`; what is decided about a time in which nobody watched waits for its end."""
        unseen = self.sources.unseen(at)
        judged = self._judged(brand, at)
        yield from judged if unseen is None else verdicts.kept(brand, judged)
        # Afterwards: what is judged here is of the time before.
        change = self.roster.change(brand, at)
        if change is not None and self._offset > brand.applied:
            self.dirty.add(brand.name)
            yield from self.roster.follow(brand, change, at, unseen)
            if brand.name not in self.brands:
                self.dirty.discard(brand.name)

    def _come_back(self, name: str, boundary: int) -> None:
        """Take up what has waited until the brand had left."""
        for offset, one in self.roster.come_back(name, boundary):
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
                unseen = self.sources.unseen(self.clock)
                yield from said if unseen is None else verdicts.kept(brand, said)

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
        resting_on += self.roster.resting_on()
        replay_from = self._trail.back_to(self.applied, resting_on, self.sources)
        names_now = sorted(self.brands)
        return PartitionRecord(
            SCHEMA, self.applied, replay_from, self.clock, self.sources.records(), names_now, self.roster.former.copy(), self.log,
            {name: tally.copy() for name, tally in self.roster.left.items()},
        )  # fmt: skip

    def restore(self, partition: PartitionRecord, brands: Iterable[BrandRecord]) -> None:
        """Take up a checkpoint; then `refill` from `replay_from` to `applied`, then `finish_refill`."""
        self.applied, self.clock = partition.applied, partition.clock
        brands = list(brands)
        self._trail.restored(max((record.applied for record in brands), default=-1), partition.replay_from)
        self.sources.restore(partition.sources)
        self.roster.restore(partition, brands)

    def begin_log_anew(self) -> None:
        """Forget the offsets of the log: its topic was made anew. Which source offsets are applied stays known."""
        self.applied = -1
        for brand in self.brands.values():
            brand.applied = -1
        self.dirty.update(self.brands)

    def tally(self) -> Tally:
        """Return the account of this partition: input offsets of its home sources, and rows of its brands."""
        total = self.roster.tally()
        total.add(self.sources.tally())
        return total
