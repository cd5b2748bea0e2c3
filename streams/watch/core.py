"""The core of `watch`: a function of one `scored` partition's log.

Each batch is applied (`apply`), and what follows from it comes back as effects. Time is the least progress of all
source partitions (the clock). When the clock passes a minute boundary M, in this order:
the arrival minute that ended at M is judged a last time; minutes that end at or before M - lateness close and are
judged; monitors that asked to be woken are woken. Early verdicts are sought after every batch in the arrival minute
that the clock is in. So which verdicts there are depends on the rows and ticks alone, never on how partitions
interleave; only when they come does.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.monitor import BrandMonitor
from schemas import scored
from schemas.events import Alert, AlertTick, Signal, Window
from schemas.scored import ScoredBatch
from schemas.times import MINUTE
from streams.brands.registry import Change
from streams.watch import blind, examples
from streams.watch.minutes import Arrivals, Batch, Chunk, OpenMinute, minute_of, terms_of
from streams.watch.state import SCHEMA, Brand, BrandRecord, Known, PartitionRecord, Source, Tally, known_from

Effect = Alert | Signal | Window | AlertTick
NewMonitor = Callable[[str, int], BrandMonitor]
"""Of a brand as it is on the watch list at a time (epoch ms)."""
LoadMonitor = Callable[[str, bytes, int], BrandMonitor]
"""The same from its state."""
ChangeAt = Callable[[str, int], Change | None]
"""What last changed a brand on the watch list by a time (epoch ms)."""

AHEAD: Final = 30_000
"""How far (ms) beyond its partition's last tick a mention may have been said to count for the early trigger."""

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
        self, settings: WatchSettings, new_monitor: NewMonitor, load_monitor: LoadMonitor, change_at: ChangeAt
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
        """The account of brands that have left the watch list."""
        self._new_monitor = new_monitor
        self._load_monitor = load_monitor
        self._change_at = change_at
        self._agenda: dict[int, set[str]] = {}
        self._boundaries: list[int] = []
        self._touched: set[str] = set()
        self._offset = -1
        self._trail: deque[tuple[int, Source, int]] = deque()
        """(offset, source, its `last` before), from where recovery would begin on."""
        self._restored = (-1, 0)
        """(offset up to which some brand was ahead, offset from which open minutes were filled) at the last restart."""
        self._hold = MINUTE + settings.lateness
        self._gaps: list[blind.Gap] = []

    # --- the fold ------------------------------------------------------------------------------------------------

    def apply(self, offset: int, batch: ScoredBatch) -> list[Effect]:
        """Apply the record at `offset` of the partition's log; return what follows from it."""
        source = self._source(batch)
        self._offset = offset
        self._count_outcomes(source, batch)
        effects: list[Effect] = []
        after = source.last
        self._trail.append((offset, source, after))
        arrived = Batch(batch)
        for begin, end, tick in batch.segments():
            self._touched.clear()
            self._rows(offset, arrived, begin, end, after, counting=True)
            if tick is not None and tick > source.progress:
                self._note_gap(source, tick)
                source.progress = tick
                clock = self._least_progress(batch.source)
                if clock > self.clock:
                    effects += self._advance(clock)
            if self._touched:
                effects += self._early(self._touched)
        source.last = max(source.last, batch.last)
        self.applied = offset
        return effects

    def refill(self, offset: int, batch: ScoredBatch) -> None:
        """Fill open minutes from a record at or below `applied` that was applied before a restart."""
        source = self._source(batch)
        self._trail.append((offset, source, source.before))
        self._rows(offset, Batch(batch), 0, len(batch.ids), source.before, counting=False)
        source.before = max(source.before, batch.last)

    def finish_refill(self) -> None:
        """Take up the agenda after the last `refill`."""
        for name, brand in self.brands.items():
            if brand.applied <= self.applied:  # one that is ahead has yet to come by what it decided with them
                brand.seen = {mention: known for mention, known in brand.seen.items() if known.last in brand.minutes}
                brand.strays.clear()
            for start in brand.minutes:
                self._plan(start + self._hold, name)
            for start in brand.arrivals:
                self._plan(start + MINUTE, name)
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

    def _rows(self, offset: int, batch: Batch, begin: int, end: int, after: int, *, counting: bool) -> None:
        table = batch.table[begin:end]
        fresh = np.flatnonzero(table["offset"] > after)
        if not len(fresh):
            return
        fresh += begin
        if (table["op"] != scored.CREATE).any():
            # Each update or deletion changes what the next row means.
            for i in fresh:
                if batch.table["op"][i] == scored.DELETE:
                    row = batch.table[i]
                    self._retract(int(row["mention"]), int(row["rev"]), int(row["label"]))
                    if counting:
                        self._forget_example(offset, int(row["mention"]))
                else:
                    self._brand_rows(offset, Chunk.of(batch, np.array([i])), counting=counting)
            return
        brand = batch.table["brand"][fresh]
        order = np.argsort(brand, kind="stable")
        cuts = np.flatnonzero(np.diff(brand[order])) + 1
        for mine in np.split(fresh[order], cuts):
            self._brand_rows(offset, Chunk.of(batch, mine), counting=counting)

    def _retract(self, mention: int, rev: int, label: int) -> None:
        for brand in self.brands.values():
            known = brand.seen.get(mention)
            if known is not None and label < known.until(self._hold) and known.rev < rev:
                brand.replace(mention, rev, label - self._hold, known.last)
                # A deletion is final; an update leaves its own revision to come.
                brand.seen[mention] = known._replace(rev=rev - 1)

    def _forget_example(self, offset: int, mention: int) -> None:
        """What is gone or has been rewritten is no example any more."""
        for brand in self.brands.values():
            if offset > brand.applied and any(one.mention == mention for one in brand.examples):
                brand.examples = [one for one in brand.examples if one.mention != mention]
                self.dirty.add(brand.name)

    def _brand_rows(self, offset: int, chunk: Chunk, *, counting: bool) -> None:
        """Take up rows of one brand."""
        name = chunk.batch.batch.brands[int(chunk.rows["brand"][0])]
        brand = self.brands.get(name)
        if brand is None:
            brand = self.brands[name] = self._new_brand(name)
            brand.closed = self._closed_before()
        counting = counting and offset > brand.applied
        if counting:
            self.dirty.add(name)
        late = (chunk.rows["flags"] & scored.LATE) != 0
        if late.any() and not self._in_time(brand, chunk):
            brand.tally.late += counting * int(np.count_nonzero(late))
            chunk = chunk.kept(~late)
        minutes = (chunk.rows["time"] // MINUTE * MINUTE).tolist()
        first_time: list[bool] = []
        kept: list[int] = []
        seen = brand.seen
        duplicates = 0
        mentions, revs, labels = (chunk.rows[column].tolist() for column in ("mention", "rev", "label"))
        for i, mention in enumerate(mentions):
            known = seen.get(mention)
            if known is not None and labels[i] >= known.until(self._hold):
                known = None
            if known is None:
                seen[mention] = known_from(revs[i], minutes[i], offset, labels[i])
            else:
                if minutes[i] != known.last:
                    known = self._follow(brand, mention, known, minutes[i])
                if known.rev >= revs[i]:
                    duplicates += 1
                    continue
                brand.replace(mention, revs[i], labels[i] - self._hold, known.last)
                seen[mention] = known._replace(rev=revs[i])
            if minutes[i] < brand.closed:  # only after a restart: the brand's checkpoint has closed this minute
                brand.strays.append(mention)
                brand.tally.late += counting
                continue
            kept.append(i)
            first_time.append(known is None)
        if counting:
            brand.tally.duplicate += duplicates
            brand.tally.applied += len(kept)
        if not kept:
            return
        if len(kept) < len(mentions):
            mask = np.zeros(len(mentions), bool)
            mask[kept] = True
            chunk = chunk.kept(mask)
        self._keep(offset, chunk, brand, np.array(first_time))

    def _in_time(self, brand: Brand, chunk: Chunk) -> bool:
        """Return whether a late row is an update of what its still open minute holds: it takes that one's place."""
        row = chunk.rows[0]
        known = brand.seen.get(int(row["mention"]))
        return (
            row["op"] == scored.UPDATE  # then it comes alone
            and known is not None
            and int(row["label"]) < known.until(self._hold)
            and int(row["time"]) // MINUTE * MINUTE == known.last
        )

    def _follow(self, brand: Brand, mention: int, known: Known, start: int) -> Known:
        """Remember a mention that says another minute than before until that one closes too.

        That minute then rests on where the mention was first met: recovery must begin there to decide the same.
        """
        if start >= brand.closed:
            minute = self._minute(brand, start, known.offset)
            minute.offset = min(minute.offset, known.offset)
            minute.repeated.append(mention)
        else:
            brand.strays.append(mention)
        known = known._replace(last=max(known.last, start))
        brand.seen[mention] = known
        return known

    def _minute(self, brand: Brand, start: int, offset: int) -> OpenMinute:
        minute = brand.minutes.get(start)
        if minute is None:
            minute = brand.minutes[start] = OpenMinute(start, offset)
            self._plan(start + self._hold, brand.name)
        return minute

    def _keep(self, offset: int, chunk: Chunk, brand: Brand, first_time: NDArray[np.bool_]) -> None:
        for start, part in chunk.by_minute(chunk.rows["time"]):
            self._minute(brand, start, offset).chunks.append(part)
        # What arrived before the minute that the clock is in has been judged; refilling must not judge it again.
        arrived = first_time & (chunk.rows["label"] >= max(minute_of(self.clock), 1))
        if self.settings.blind_after:
            # What was said long after the last tick did not arrive within its minute: nobody watched.
            arrived &= chunk.rows["time"] <= chunk.rows["label"] + AHEAD
        if not arrived.any():
            return
        new = chunk if arrived.all() else chunk.kept(arrived)
        for start, part in new.by_minute(new.rows["label"]):
            arrivals = brand.arrivals.get(start)
            if arrivals is None:
                arrivals = brand.arrivals[start] = Arrivals(start)
                self._plan(start + MINUTE, brand.name)
            arrivals.add(part)
        self._touched.add(brand.name)

    # --- time ----------------------------------------------------------------------------------------------------

    def _least_progress(self, topic: str) -> int:
        known = [source.progress for source in self.sources.values() if source.topic == topic]
        return min(known) if len(known) >= self.settings.sources else 0

    def _closed_before(self) -> int:
        return minute_of(self.clock) - self.settings.lateness if self.clock else 0

    def _plan(self, boundary: int, name: str) -> None:
        names = self._agenda.get(boundary)
        if names is None:
            self._agenda[boundary] = {name}
            heapq.heappush(self._boundaries, boundary)
        else:
            names.add(name)

    def _plan_wake(self, brand: Brand) -> None:
        wake = brand.monitor.wake_at
        if wake is not None:
            due = max(minute_of(wake + MINUTE - 1) + self.settings.lateness, minute_of(self.clock) + MINUTE)
            self._plan(due, brand.name)

    def _advance(self, clock: int) -> Iterator[Effect]:
        before, last = minute_of(self.clock), minute_of(clock)
        while self._boundaries and self._boundaries[0] <= last:
            boundary = heapq.heappop(self._boundaries)
            yield from self._see_again(boundary, exact=False)
            self.clock = max(self.clock, boundary)
            for name in sorted(self._agenda.pop(boundary)):
                brand = self.brands.get(name)
                if brand is not None:  # else it has left the watch list
                    yield from self._boundary(brand, boundary)
        self.clock = clock
        yield from self._see_again(clock, exact=True)
        if before < last:
            # Partitions that ran ahead may have filled the minute that the clock now enters.
            self._touched.update(name for name, brand in self.brands.items() if last in brand.arrivals)
            if self.settings.replay:
                yield AlertTick(self.settings.partition, clock)

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
        change = self._change_at(brand.name, at)
        if change is not None and change.since > brand.since and self._offset > brand.applied:
            yield from self._change(brand, change, at)
            if change.entry.removed:
                return
        if not (self._gaps and blind.covers(self._gaps[0], at)):
            yield from self._judged(brand, at)
        else:
            yield from _kept(brand, self._judged(brand, at))

    def _new_brand(self, name: str) -> Brand:
        brand = Brand(name, self._new_monitor(name, self.clock))
        change = self._change_at(name, self.clock)
        # What comes of a brand after it has left is let go again with the next minute.
        brand.since = change.since if change is not None and not change.entry.removed else 0
        return brand

    def _change(self, brand: Brand, change: Change, at: int) -> Iterator[Effect]:
        """Let a brand follow the watch list: other settings, a baseline to begin with, or the end."""
        self.dirty.add(brand.name)
        brand.since = change.since
        closed = at - self.settings.lateness
        if change.entry.removed:
            yield from brand.monitor.let_go(closed, at)
            self.former.add(brand.tally)
            del self.brands[brand.name]
            self.dirty.discard(brand.name)
            return
        if change.entry.baseline is not None and not brand.monitor.warm:
            yield from brand.monitor.let_go(closed, at)
            brand.monitor = self._new_monitor(brand.name, at)
        else:
            brand.monitor = self._load_monitor(brand.name, brand.monitor.dump(), at)

    def _judged(self, brand: Brand, at: int) -> Iterator[Effect]:
        arrivals = brand.arrivals.pop(at - MINUTE, None)
        if self._offset <= brand.applied:  # judged before the restart
            self._plan_wake(brand)
            return
        if arrivals is not None:
            yield from self._judge_early(brand, arrivals, at)
        closed = at - self.settings.lateness
        for start in sorted(start for start in brand.minutes if start + MINUTE <= closed):
            yield from self._close(brand, brand.minutes.pop(start), at)
        wake = brand.monitor.wake_at
        if wake is not None and wake <= closed:
            self.dirty.add(brand.name)
            yield from brand.monitor.pass_time(closed, at)
        brand.closed = max(brand.closed, closed)
        if brand.strays:
            brand.forget(brand.strays, brand.closed - MINUTE)
            brand.strays.clear()
        self._plan_wake(brand)

    def _close(self, brand: Brand, minute: OpenMinute, at: int) -> Iterator[Effect]:
        window, chunks, authors = minute.close(brand.name)
        for mentions in [*(chunk.rows["mention"].tolist() for chunk in minute.chunks), minute.repeated]:
            brand.forget(mentions, minute.start)
        self.dirty.add(brand.name)
        if window.count:
            yield window
            fresh = examples.candidates(minute.start, chunks, window.terms)
            brand.examples = examples.kept([*brand.examples, *fresh], minute.start)
            yield from brand.monitor.close(window, at, lambda: examples.picked(brand.examples, minute.start), authors)

    def _early(self, names: Iterable[str]) -> Iterator[Effect]:
        now = minute_of(self.clock)
        for name in sorted(names):
            brand = self.brands.get(name)
            arrivals = brand.arrivals.get(now) if brand is not None else None
            if brand is not None and arrivals is not None and self._offset > brand.applied:
                said = self._judge_early(brand, arrivals, self.clock)
                unseen = self._gaps and blind.covers(self._gaps[0], self.clock)
                yield from _kept(brand, said) if unseen else said

    def _judge_early(self, brand: Brand, arrivals: Arrivals, at: int) -> Iterable[Alert | Signal]:
        count, negative = brand.monitor.early_bound()
        if arrivals.count < count and arrivals.negative < negative:
            return []
        self.dirty.add(brand.name)
        return brand.monitor.early(
            arrivals.start,
            at,
            arrivals.count,
            arrivals.negative,
            len(arrivals.authors),
            lambda: _arrived(brand, arrivals),
            len(arrivals.texts),
        )

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def snapshot(self, names: Iterable[str]) -> tuple[list[BrandRecord], PartitionRecord]:
        """Return a cut: the records of the brands `names`, and the partition's, all as of now."""
        brands = [
            # After a torn checkpoint a brand is ahead of its partition until that has caught up.
            BrandRecord(
                SCHEMA,
                name,
                max(self.applied, brand.applied),
                brand.closed,
                _copy(brand.tally),
                brand.monitor.dump(),
                blind.dump(brand.unseen),
                brand.since,
                list(brand.examples),
            )
            for name in sorted(names)
            for brand in (self.brands[name],)
        ]
        offsets = [m.offset for brand in self.brands.values() for m in brand.minutes.values()]
        replay_from = min(offsets, default=self.applied + 1)
        ahead, began = self._restored
        if self.applied < ahead:  # what a brand has closed already still decides what it takes until then
            replay_from = min(replay_from, began)
        while self._trail and self._trail[0][0] < replay_from:
            self._trail.popleft()
        for source in self.sources.values():
            source.before = source.last
        for _, source, last in reversed(self._trail):
            source.before = last
        sources = [
            Source(s.topic, s.partition, s.last, s.counted, s.progress, _copy(s.tally), list(s.gaps), s.before)
            for s in self.sources.values()
        ]
        names_now = sorted(self.brands)
        return brands, PartitionRecord(
            SCHEMA, self.applied, replay_from, self.clock, sources, names_now, _copy(self.former), self.log
        )

    def restore(self, partition: PartitionRecord, brands: Iterable[BrandRecord]) -> None:
        """Take up a checkpoint; then `refill` from `replay_from` to `applied`, then `finish_refill`."""
        self.applied, self.clock = partition.applied, partition.clock
        self.former = partition.former
        brands = list(brands)
        self._restored = max((record.applied for record in brands), default=-1), partition.replay_from
        self.sources = {(s.topic, s.partition): s for s in partition.sources}
        for record in brands:
            self.brands[record.brand] = Brand(
                record.brand,
                self._load_monitor(record.brand, record.monitor, record.since),
                record.applied,
                record.closed,
                record.tally,
                unseen=blind.load(record.unseen),
                since=record.since,
                examples=record.examples,
            )
        self._gaps = self._all_gaps()

    def begin_log_anew(self) -> None:
        """Forget the offsets of the log: its topic was made anew. Which source offsets are applied stays known."""
        self.applied = -1
        for brand in self.brands.values():
            brand.applied = -1
        self.dirty.update(self.brands)

    def tally(self) -> Tally:
        """Return the account of this partition: input offsets of its home sources, and rows of its brands."""
        total = _copy(self.former)
        for part in [s.tally for s in self.sources.values()] + [b.tally for b in self.brands.values()]:
            total.add(part)
        return total


def _kept(brand: Brand, effects: Iterable[Effect]) -> Iterator[Effect]:
    """Pass `effects` on, save alerts: those are told when somebody watches again."""
    for effect in effects:
        if isinstance(effect, Alert):
            brand.unseen.keep(effect)
        else:
            yield effect


def _arrived(brand: Brand, arrivals: Arrivals) -> list[str]:
    """Return the examples of a minute of arrival that is still open, then those of the minutes before."""
    fresh = examples.candidates(arrivals.start, arrivals.chunks, terms_of(arrivals.chunks))
    return examples.picked([*brand.examples, *fresh], arrivals.start)


def _copy(tally: Tally) -> Tally:
    return Tally(*(getattr(tally, name) for name in Tally.__struct_fields__))
