"""The agent `watch`: batches of `scored` in; windows, signals and alerts out; state in checkpoints."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from faust.types import TP

from schemas import scored, topics
from schemas.events import Alert, AlertTick, Signal, Window, encode
from schemas.ids import fingerprint
from schemas.scored import OtherVersionError, ScoredBatch
from schemas.times import to_ms
from streams import metrics
from streams.agents.context import Context, Known, nothing_to_know
from streams.engine.hooks import Hooks, PositionError, Positions, slices
from streams.engine.places import FRESH, Place, passed_over, places
from streams.engine.reader import read_to_end
from streams.engine.records import Headers, Write
from streams.errors import UserError
from streams.topics_admin import source_id
from streams.watch import checkpoints
from streams.watch.core import WatchCore
from streams.watch.state import BrandRecord, PartitionRecord
from streams.watch.verdicts import Effect

log = logging.getLogger(__name__)

BREATH: Final = 256
"""Effects, or brands, after which the loop's other tasks have their turn: a minute may end for thousands of brands at once."""
NewCore = Callable[[int], WatchCore]


class _Owned:
    """One partition of `scored` that is ours."""

    def __init__(self, partition: int, core: WatchCore, owner: str, topic: str = "", place: Place = FRESH) -> None:
        self.partition = partition
        self.core = core
        self.topic = topic
        """Its id."""
        self.place = place
        self.owner = owner
        """New at each assignment: nobody overwrites another's records."""
        self.sure = True
        """Whether all that the state has led to is acknowledged; a slice that is given up half way leaves it unsure."""


class WatchAgent:
    """The shell round `WatchCore`."""

    def __init__(
        self, context: Context, new_core: NewCore, *, accept_gap: bool = False, brands_known: Known = nothing_to_know
    ) -> None:
        """Make the agent; `brands_known` returns when the watch list is known as far as a slice in hand asks for it."""
        self._context = context
        self._brands_known = brands_known
        self._new_core = new_core
        self._accept_gap = accept_gap
        self._owned: dict[int, _Owned] = {}
        self._busy = asyncio.Lock()
        self._saving = asyncio.Lock()
        self.hooks = Hooks()
        self.hooks.assigned = self._assigned
        self.hooks.revoked = self._revoked

    async def run(self, stream: Any) -> None:
        """Apply slice after slice; what follows from a slice is acknowledged before the next one is taken."""
        try:
            async for tp, records in slices(stream):
                await self._take(tp.partition, records)
        except asyncio.CancelledError:
            raise
        except UserError as error:
            self._context.fail(error)
            await asyncio.Event().wait()  # until the worker stops: Faust would show a traceback and start this anew
        except BaseException as error:
            self._context.fail(error)
            raise

    async def _take(self, partition: int, records: list[Any]) -> None:
        await self._brands_known()
        async with self._busy:
            owned = self._owned.get(partition)
            if owned is not None:
                await self._slice(owned, records)

    async def _slice(self, owned: _Owned, records: list[Any]) -> None:
        core = owned.core
        writes: list[Write] = []
        owned.sure = False
        for record in records:
            if record.offset <= core.applied:
                continue
            if core.applied >= 0 and record.offset != core.applied + 1:
                await self._cross(owned, record.offset)
            batch = self._batch(owned.partition, record)
            if batch is None:
                core.pass_over(record.offset)
                continue
            for effect in core.steps(record.offset, batch):
                writes.append(self._write(owned.partition, effect, record.timestamp))
                if len(writes) % BREATH == 0:
                    await asyncio.sleep(0)
        if writes:
            await self._context.producer.send(writes)
        owned.sure = True
        self._show(owned)

    async def _cross(self, owned: _Owned, offset: int) -> None:
        """Go on to `offset`, which does not follow what is applied; raises PositionError where a record stands between.

        A transaction leaves a mark that is no record. Nobody of ours makes any, but what others do must not end us.
        """
        first = owned.core.applied + 1
        async for records in self._read(topics.SCORED.name, owned.partition, first, offset):
            if any(first <= record.offset < offset for record in records):
                raise PositionError(f"scored-{owned.partition}: {offset} comes after {first - 1}: records are missing")
        log.warning(
            "scored-%d: no record has an offset from %d to %d: marks of a transaction?",
            owned.partition,
            first,
            offset - 1,
        )
        owned.core.pass_over(offset - 1)

    def _batch(self, partition: int, record: Any) -> ScoredBatch | None:
        """Return the batch in a record of `scored`; None for what is none: nobody but `score` should be able to write there."""
        where = f"{topics.SCORED.name}-{partition}: offset {record.offset}"
        try:
            batch = scored.decode(record.value)
            if batch.partition >= self._context.settings.partitions.mentions:
                raise ValueError(f"partition {batch.partition} of mentions")
            return batch
        except OtherVersionError as error:
            raise UserError(f"{where}: {_why(error)}: run the version that wrote it, or a later one") from None
        except ValueError as error:
            metrics.FOREIGN.labels(topics.SCORED.name).inc()
            log.error("%s is no batch and is passed over: %s", where, _why(error))  # noqa: TRY400 - told in a line
            return None

    def _show(self, owned: _Owned) -> None:
        partition = str(owned.partition)
        tally = owned.core.tally()
        for name in ("applied", "late", "duplicate"):
            metrics.ROWS.labels(partition, name).set(getattr(tally, name))
        for name in ("scored", "unmatched", "dead_letter", "control"):
            metrics.INPUTS.labels(partition, name).set(getattr(tally, name))
        metrics.CLOCK.labels(partition).set(owned.core.clock / 1_000)
        metrics.BRANDS.labels(partition).set(len(owned.core.brands))

    def _write(self, partition: int, effect: Effect, appended: int) -> Write:
        if isinstance(effect, Window):
            return Write(topics.WINDOWS.name, effect.brand.encode(), encode(effect), partition)
        if isinstance(effect, Signal):
            return Write(topics.SIGNALS.name, effect.brand.encode(), encode(effect), partition)
        if isinstance(effect, AlertTick):
            return Write(topics.ALERTS.name, b"#tick|%d|%d" % (effect.partition, effect.at), encode(effect), 0)
        now = time.time()
        effect.emitted_at = datetime.fromtimestamp(now, UTC)
        metrics.ALERTS.labels(effect.signal, effect.severity, effect.status).inc()
        metrics.EMIT_DELAY.observe(max(0.0, now - appended / 1_000))
        if effect.sequence == 1:
            metrics.DETECTION_DELAY.observe(max(0, to_ms(effect.detected_at) - to_ms(effect.starts_at)) / 1_000)
        return alert_write(effect)

    # --- checkpoints ---------------------------------------------------------------------------------------------

    async def checkpoint_forever(self) -> None:
        """Write a checkpoint of every partition every few seconds."""
        while True:
            await asyncio.sleep(self._context.settings.engine.checkpoint_interval)
            async with self._saving:
                for owned in list(self._owned.values()):
                    await self._save(owned)

    async def _save(self, owned: _Owned, names: Iterable[str] | None = None) -> None:
        with self._context.doings.doing(f"the checkpoint of scored-{owned.partition}"):
            await self._write_checkpoint(owned, names)

    async def _write_checkpoint(self, owned: _Owned, names: Iterable[str] | None) -> None:
        async with self._busy:  # a cut: nothing changes while it is copied
            if self._owned.get(owned.partition) not in (owned, None) or not owned.sure:
                return
            brands: list[BrandRecord] = []
            for record in owned.core.brand_records(names if names is not None else owned.core.dirty):
                brands.append(record)
                if len(brands) % BREATH == 0:
                    await asyncio.sleep(0)
            partition = owned.core.partition_record()
            owned.core.dirty.clear()
        began = time.perf_counter()
        try:
            await self._context.producer.send([self._record(owned, record) for record in brands])
            await self._context.producer.send([self._record(owned, partition)])
        except BaseException:
            # A stop cancels it, too: the last checkpoint has to hold what this one did not bring home.
            owned.core.dirty.update(record.brand for record in brands if record.brand in owned.core.brands)
            raise
        metrics.CHECKPOINTS.labels(str(owned.partition)).inc()
        metrics.CHECKPOINT_SECONDS.observe(time.perf_counter() - began)

    def _record(self, owned: _Owned, record: BrandRecord | PartitionRecord) -> Write:
        name = record.brand if isinstance(record, BrandRecord) else ""
        value = checkpoints.encode(record)
        metrics.CHECKPOINT_BYTES.inc(len(value))
        if name and len(value) > checkpoints.MOST_BYTES:
            metrics.CHECKPOINT_OVERSIZE.inc()
            log.error("the checkpoint of the brand %s has %d bytes, %d are foreseen; please report it",
                      name, len(value), checkpoints.MOST_BYTES)  # fmt: skip
        return Write(topics.CHECKPOINTS.name, checkpoints.key(name, owned.owner), value, owned.partition)

    # --- assignment ----------------------------------------------------------------------------------------------

    async def _revoked(self, _tps: set[TP]) -> None:
        async with self._saving:
            for owned in list(self._owned.values()):
                await self._save(owned)
            self._owned.clear()

    async def stop(self) -> None:
        """Write the last checkpoint."""
        await self._revoked(set())

    async def _assigned(self, tps: set[TP]) -> Positions:
        try:
            async with self._saving:
                self._owned.clear()
                topic, found = await self._look([tp.partition for tp in tps]) if tps else ("", {})
                return {tp: await self._take_up(tp.partition, topic, found[tp.partition]) for tp in sorted(tps)}
        except UserError as error:
            self._context.give_up(error)

    async def _look(self, partitions: Iterable[int]) -> tuple[str, dict[int, Place]]:
        """Return the id of the topic `scored`, and where its partitions stand."""
        settings = self._context.settings
        topic = await source_id(settings, topics.SCORED)
        return topic, await places(settings, topics.SCORED.name, partitions, f"{settings.engine.group}-watch")

    async def _take_up(self, partition: int, topic: str, place: Place) -> int:
        """Recover `partition`; return the offset to begin with."""
        began = time.perf_counter()
        owned = _Owned(partition, self._new_core(partition), self._new_id(), topic, place)
        position = await self._recover(owned)
        self._owned[partition] = owned
        seconds = time.perf_counter() - began
        metrics.RECOVERY_SECONDS.labels(str(partition)).set(seconds)
        log.info("watch: partition %d begins at offset %d (%d brands, recovered in %.2f s)",
                 partition, position, len(owned.core.brands), seconds)  # fmt: skip
        return position

    def _new_id(self) -> str:
        return uuid.uuid4().hex

    def _read(
        self, topic: str, partition: int, start: int | None = None, end: int | None = None
    ) -> AsyncIterator[Sequence[Any]]:
        return read_to_end(self._context.settings, topic, partition, start, end)

    async def _recover(self, owned: _Owned) -> int:
        place = owned.place
        records: dict[bytes, bytes] = {}
        async for batch in self._read(topics.CHECKPOINTS.name, owned.partition):
            self.hooks.steps += 1
            for record in batch:
                if record.value is None:
                    records.pop(record.key, None)
                else:
                    records[record.key] = record.value
        found = self._restored(owned, records)
        core = owned.core
        core.log = owned.topic
        if found is None:
            core.applied = place.earliest - 1
        else:
            await self._refill(owned, found)
            core.finish_refill()
        if records:
            await self._save(owned, core.brands)
            gone = [
                Write(topics.CHECKPOINTS.name, raw, None, owned.partition)
                for raw in checkpoints.tombstones(records, owned.owner)
            ]
            await self._context.producer.send(gone)
        return core.applied + 1

    def _restored(self, owned: _Owned, records: dict[bytes, bytes]) -> PartitionRecord | None:
        """Give `owned` the state that `records` hold; return their partition's record, None where there is none."""
        try:
            found = checkpoints.choose(records)
            if found is None:
                return None
            owned.core.restore(found.partition, found.brands)
            return found.partition
        except (checkpoints.CorruptCheckpointError, checkpoints.NoWholeCheckpointError, ValueError) as error:
            told = f"{topics.CHECKPOINTS.name}-{owned.partition}: {error}"
            if not self._accept_gap:
                raise UserError(
                    f"{told}; restore the topic or run the version that wrote it, or start once with --accept-gap: "
                    "its brands then begin anew"
                ) from None
            log.error("%s (accepted: its brands begin anew)", told)  # noqa: TRY400 - told in a line
            owned.core = self._new_core(owned.partition)
            return None

    async def _refill(self, owned: _Owned, partition: PartitionRecord) -> None:
        core, place = owned.core, owned.place
        where, first = f"{topics.SCORED.name}-{owned.partition}", partition.applied + 1
        if partition.log not in ("", core.log):
            told = f"{where} was deleted and made anew: what had come behind offset {partition.applied} is gone"
            if not self._accept_gap:
                raise UserError(f"{told}; start once with --accept-gap to go on without it")
            log.error("%s (accepted)", told)
            core.begin_log_anew()
            core.applied = place.earliest - 1
            return
        if first > place.end and not self._context.settings.broker.embedded:  # which tells no end
            raise UserError(
                f"{where} ends at {place.end}, and {first} was applied: the topic has lost records, and the offsets of those "
                "that come would be taken for repeats; delete it, run tocsin topics create and start with --accept-gap"
            )
        if partition.replay_from < place.earliest:
            passed_over(where, partition.replay_from, place.earliest, accepted=self._accept_gap)
            core.applied = max(core.applied, place.earliest - 1)
        start = max(partition.replay_from, place.earliest)
        if start < first:
            async for records in self._read(topics.SCORED.name, owned.partition, start, first):
                self.hooks.steps += 1
                for record in records:
                    batch = self._batch(owned.partition, record)
                    if batch is not None:
                        core.refill(record.offset, batch)


def _why(error: ValueError) -> str:
    return str(error).removeprefix("scored: ")


def alert_write(alert: Alert) -> Write:
    """Return the record of `alert`, with CloudEvents 1.0 headers (Kafka protocol binding, binary mode)."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{alert.alert_id}:{alert.sequence}".encode()),
        ("ce_source", b"/tocsin/watch"),
        ("ce_type", f"tocsin.alert.{alert.status}".encode()),
        ("ce_subject", alert.brand.encode()),
        ("ce_time", alert.detected_at.isoformat().replace("+00:00", "Z").encode()),
        ("content-type", b"application/json"),
    ]
    return Write(topics.ALERTS.name, fingerprint(alert.brand, alert.signal).encode(), encode(alert), 0, headers)
