"""The rules of the protocol, each with the change to the project's code that takes it out.

`python -m tests.model --rules` says for each how many histories of a thousand go wrong without it. The names are those of
docs/protocol.md.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import pytest

from schemas.scored import ScoredBatch
from streams.agents import watch as watch_agent
from streams.agents.score import ScoreAgent
from streams.agents.watch import WatchAgent
from streams.brands.registry import Registry
from streams.engine.records import Write
from streams.score.core import ScoreCore, Sorter
from streams.score.rows import Drafts
from streams.watch import checkpoints
from streams.watch.core import WatchCore
from streams.watch.intake import Intake
from streams.watch.minutes import OpenMinute
from streams.watch.sources import Sources
from streams.watch.state import Brand, BrandRecord, Known, PartitionRecord
from tests.model.world import ModelWatchAgent

Patch = pytest.MonkeyPatch


class Rule(NamedTuple):
    """A rule, and how to take it out."""

    name: str
    without: Callable[[Patch], None]
    seed: int
    """A history that goes wrong without it, so that a test need not look for one."""


def _rows_twice(patch: Patch) -> None:
    rows = WatchCore._rows

    def take_all(self: Any, offset: int, batch: Any, table: Any, part: slice, after: int, *, counting: bool) -> None:
        rows(self, offset, batch, table, part, -1, counting=counting)

    patch.setattr(WatchCore, "_rows", take_all)


def _outcomes_twice(patch: Patch) -> None:
    count = Sources.count_outcomes

    def always(self: Any, source: Any, batch: ScoredBatch) -> None:
        source.counted = -1
        count(self, source, batch)

    patch.setattr(Sources, "count_outcomes", always)


def _brand_not_ahead(patch: Patch) -> None:
    restore = WatchCore.restore

    def forget(self: WatchCore, partition: PartitionRecord, brands: Any) -> None:
        restore(self, partition, brands)
        for brand in self.brands.values():
            brand.applied = partition.applied

    patch.setattr(WatchCore, "restore", forget)


def _catching_up_written_down_as_behind(patch: Patch) -> None:
    records = WatchCore.brand_records

    def behind(self: WatchCore, names: Iterable[str]) -> Iterator[BrandRecord]:
        for record in records(self, names):
            record.applied = self.applied
            yield record

    patch.setattr(WatchCore, "brand_records", behind)


def _cut(core: WatchCore, names: Iterable[str] | None) -> tuple[list[BrandRecord], PartitionRecord]:
    return list(core.brand_records(names if names is not None else core.dirty)), core.partition_record()


def _partition_before_brands(patch: Patch) -> None:
    async def write(self: Any, owned: Any, names: Iterable[str] | None) -> None:
        async with self._busy:
            if self._owned.get(owned.partition) not in (owned, None):
                return
            brands, partition = _cut(owned.core, names)
            owned.core.dirty.clear()
        await self._context.producer.send([self._record(owned, partition)])
        await self._context.producer.send([self._record(owned, record) for record in brands])

    patch.setattr(WatchAgent, "_write_checkpoint", write)


def _no_cut(patch: Patch) -> None:
    """Copy without waiting for the slice in hand: what it led to may not be acknowledged yet."""

    async def write(self: Any, owned: Any, names: Iterable[str] | None) -> None:
        brands, partition = _cut(owned.core, names)
        owned.core.dirty.clear()
        await self._context.producer.send([self._record(owned, record) for record in brands])
        await self._context.producer.send([self._record(owned, partition)])

    patch.setattr(WatchAgent, "_write_checkpoint", write)


def _unsure(patch: Patch) -> None:
    """Write down what a slice has led to though it was given up before that was acknowledged."""
    patch.setattr(watch_agent._Owned, "sure", property(lambda self: True, lambda self, value: None), raising=False)


def _dirty_forgotten_after(patch: Patch) -> None:
    async def write(self: Any, owned: Any, names: Iterable[str] | None) -> None:
        async with self._busy:
            if self._owned.get(owned.partition) not in (owned, None):
                return
            brands, partition = _cut(owned.core, names)
        await self._context.producer.send([self._record(owned, record) for record in brands])
        await self._context.producer.send([self._record(owned, partition)])
        owned.core.dirty.clear()

    patch.setattr(WatchAgent, "_write_checkpoint", write)


def _dirty_forgotten_at_a_stop(patch: Patch) -> None:
    """Take what was being written for written, though the stop has cancelled it."""
    write = WatchAgent._write_checkpoint

    async def forgets(self: Any, owned: Any, names: Iterable[str] | None) -> None:
        try:
            await write(self, owned, names)
        except asyncio.CancelledError:
            owned.core.dirty.clear()
            raise

    patch.setattr(WatchAgent, "_write_checkpoint", forgets)


def _rows_of_a_namesake(patch: Patch) -> None:
    """Let a restart fill a brand that came back with what was said of it before it left."""
    patch.setattr(Brand, "begun", property(lambda self: 0, lambda self, value: None), raising=False)


def _ahead_of_its_leaving(patch: Patch) -> None:
    """Let a brand that leaves take along what a faster partition has brought since."""
    patch.setattr(Registry, "leaves_at", lambda self, brand, after: None)


def _one_id_for_all(patch: Patch) -> None:
    patch.setattr(ModelWatchAgent, "_new_id", lambda self: "0" * 32)


def _remove_first(patch: Patch) -> None:
    recover = WatchAgent._recover

    async def early(self: Any, owned: Any) -> int:
        async for batch in self._read("watch-checkpoints", owned.partition):
            records = {record.key: record.value for record in batch}
            found = checkpoints.choose({k: v for k, v in records.items() if v is not None})
            save, self._save = self._save, _none
            at = await recover(self, owned)
            self._save = save
            if found is not None:
                await self._save(owned, owned.core.brands)
            return at
        return await recover(self, owned)

    async def _none(*_: Any) -> None:
        return None

    patch.setattr(WatchAgent, "_recover", early)


def _nearest_checkpoint(patch: Patch) -> None:
    choose = checkpoints.choose

    def any_partition(records: Any) -> Any:
        """Take the furthest partition's record, whole or not, and whatever there is of its brands."""
        found: list[Any] = []
        for raw, value in records.items():
            brand, owner = checkpoints.split_key(raw)
            if not brand:
                found.append((checkpoints.decode(PartitionRecord, value).applied, owner))
        if not found:
            return choose(records)
        _, owner = max(found)
        mine = {raw: value for raw, value in records.items() if checkpoints.split_key(raw)[1] == owner}
        partition = checkpoints.decode(PartitionRecord, mine[checkpoints.key("", owner)])
        partition.brands = [brand for brand in partition.brands if checkpoints.key(brand, owner) in mine]
        mine[checkpoints.key("", owner)] = checkpoints.encode(partition)
        return choose(mine)

    patch.setattr(checkpoints, "choose", any_partition)


def _from_what_is_applied(patch: Patch) -> None:
    record = WatchCore.partition_record

    def later(self: WatchCore) -> PartitionRecord:
        partition = record(self)
        partition.replay_from = self.applied + 1
        return partition

    patch.setattr(WatchCore, "partition_record", later)


def _commit_anywhere(patch: Patch) -> None:
    slice_ = ScoreAgent._slice

    async def anywhere(self: Any, tp: Any, records: list[Any]) -> None:
        await slice_(self, tp, records)
        self._ticks[tp] = records[-1].offset + 1

    patch.setattr(ScoreAgent, "_slice", anywhere)


def _fastest_clock(patch: Patch) -> None:
    def most(self: Sources, topic: str) -> int:
        known = [source.progress for source in self if source.topic == topic]
        return max(known) if len(known) >= self._expected else 0

    patch.setattr(Sources, "least_progress", most)


def _missing_holds_nothing(patch: Patch) -> None:
    def known(self: Sources, topic: str) -> int:
        return min(source.progress for source in self if source.topic == topic)

    patch.setattr(Sources, "least_progress", known)


def _ticks_at_home(patch: Patch) -> None:
    slice_ = ScoreCore.slice

    def home(self: Any, source: str, partition: int, progress: int, records: Any) -> Any:
        result = slice_(self, source, partition, progress, records)
        result.writes = [w for w in result.writes if w.partition == partition % self._partitions or _has_rows(w)]
        return result

    patch.setattr(ScoreCore, "slice", home)


def _has_rows(write: Write) -> bool:
    from schemas import scored

    return bool(scored.decode(write.value or b"").rows)


def _retractions_at_home(patch: Patch) -> None:
    parted = Drafts.parted

    def only(self: Any, partitions: int) -> Iterator[Any]:
        for partition, columns in parted(self, partitions):
            if columns["brands"]:
                yield partition, columns

    patch.setattr(Drafts, "parted", only)


def _late_by_the_clock(patch: Patch) -> None:
    """Have the configuration's lateness decide nothing: what is late is found out when the minute has closed."""
    sort = Sorter.sort

    def never(self: Sorter, record: Any, mention: Any) -> int:
        outcome = sort(self, record, mention)
        if self.pending and self.pending[-1].late and self.pending[-1].offset == record.offset:
            self.pending[-1] = self.pending[-1]._replace(late=False)
        return outcome

    patch.setattr(Sorter, "sort", never)


def _remembered_for_ever(patch: Patch) -> None:
    patch.setattr(Known, "until", lambda self, hold: math.inf)


def _remembered_by_its_minute(patch: Patch) -> None:
    """Let a repeat that says another minute neither be remembered with it nor move where recovery begins."""
    patch.setattr(Intake, "_follow", lambda self, brand, mention, known, start: known)


def _all_minutes_replaced(patch: Patch) -> None:
    def replace(self: Brand, mention: int, rev: int, after: int, last: int) -> None:
        for minute in self.minutes.values():
            minute.gone[mention] = rev

    patch.setattr(Brand, "replace", replace)


def _closed_again(patch: Patch) -> None:
    restore = WatchCore.restore

    def reopened(self: WatchCore, partition: PartitionRecord, brands: Any) -> None:
        restore(self, partition, brands)
        for brand in self.brands.values():
            brand.closed = 0

    patch.setattr(WatchCore, "restore", reopened)


def _effects_not_awaited(patch: Patch) -> None:
    """Send what follows from a slice only with the next one."""
    take = WatchAgent._slice

    async def later(self: Any, owned: Any, records: list[Any]) -> None:
        producer = self._context.producer
        held: list[Write] = getattr(owned, "held", [])
        if held:
            await producer.send(held)
        kept: list[Write] = []

        class Keep:
            async def send(self, writes: list[Write]) -> None:
                kept.extend(writes)

        self._context.producer = Keep()
        try:
            await take(self, owned, records)
        finally:
            self._context.producer = producer
        owned.held = kept

    patch.setattr(WatchAgent, "_slice", later)


def _order_of_arrival(patch: Patch) -> None:
    """Let sums depend on the order of rows."""
    close = OpenMinute.close

    def first_come(self: OpenMinute, brand: str) -> Any:
        window, *rest = close(self, brand)
        if self.chunks:
            window.negative += int(self.chunks[0].rows["negative"][0])
        return window, *rest

    patch.setattr(OpenMinute, "close", first_come)


RULES: Final = (
    Rule("rows-once", _rows_twice, 1),
    Rule("outcomes-once", _outcomes_twice, 1),
    Rule("brand-ahead", _brand_not_ahead, 42),
    Rule("brand-stays-ahead", _catching_up_written_down_as_behind, 42),
    Rule("partition-last", _partition_before_brands, 6),
    Rule("cut", _no_cut, 6),
    Rule("sure", _unsure, 72),
    Rule("dirty-at-the-cut", _dirty_forgotten_after, 6),
    Rule("dirty-until-acknowledged", _dirty_forgotten_at_a_stop, 6),
    Rule("rows-since-it-began", _rows_of_a_namesake, 1928),
    Rule("kept-when-ahead", _ahead_of_its_leaving, 67),
    Rule("own-id", _one_id_for_all, 881),
    Rule("write-before-remove", _remove_first, 42),
    Rule("whole-or-nothing", _nearest_checkpoint, 26),
    Rule("replay-from", _from_what_is_applied, 2),
    Rule("commit-at-ticks", _commit_anywhere, 1),
    Rule("least-progress", _fastest_clock, 1),
    Rule("missing-holds", _missing_holds_nothing, 3),
    Rule("ticks-everywhere", _ticks_at_home, 1),
    Rule("retractions-everywhere", _retractions_at_home, 19),
    Rule("late-by-own-partition", _late_by_the_clock, 1),
    Rule("forgotten-by-label", _remembered_for_ever, 11),
    Rule("remembered-with-its-minutes", _remembered_by_its_minute, 981),
    Rule("replaced-where-open", _all_minutes_replaced, 73),
    Rule("closed-once", _closed_again, 4),
    Rule("effects-before-checkpoint", _effects_not_awaited, 0),
    Rule("order-free-sums", _order_of_arrival, 5),
)
