"""Faust's transport, reading whole slices: the only module that reaches into Faust.

Stock Faust hands an agent one record at a time and spends most of its time doing so. Here one message is one *slice*:
all consecutive records that a poll returned for one partition. Its value is the list of records, its offset that of
the last one. What is overridden, and why:

- `getmany` yields one message a partition and poll, and guards positions: a slice must begin where the last ended.
- `seek_to_committed` asks the application where to begin (`assigned`), before the flow resumes: the offset lives in
  the state, not in the group.
- `track_message`, `_add_gap`, `_new_offset`: slices are acknowledged at once and nothing waits for an acknowledgement,
  so a revoke or a stop cannot deadlock; what is committed is what the application says (`committable`).
- `wait_empty` waits for an agent's last slice for a bounded time; Faust's waits for ever, and takes no cancelling.
- `_wait_next_records` waits for room in a stream's buffer, where Faust sleeps a second.
- `getmany` keeps what the application does not allow yet (`allowed`): a partition far ahead waits, and is not fetched
  meanwhile.
- a position that the broker no longer has is not quietly set to the earliest one: the application is asked anew.
- records are the parser's own (`streams.engine.parsed`).
- a CancelledError that the client lets out unasked ends the worker: Faust's tasks would end by it without a word, and no
  rebalance would ever end again.
- `sights` shows the watchdog what stands still; heartbeats are counted for it.
- the partition assignor is settable: the notifier's topics belong together.
- the web server never starts: ours serves the metrics. No directory is made: nothing is kept on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import faust
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.app.base import BootStrategy
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage, Message

from streams import metrics
from streams.engine.closing import asked_to_end
from streams.engine.guard import StalledError
from streams.engine.hooks import GivenUpError, Hooks, PositionError, Positions, Pulse
from streams.engine.parsed import take_as_parsed
from streams.engine.watchdog import Sight
from streams.errors import UserError

log = logging.getLogger(__name__)

TESTED: Final = {"faust-streaming": "0.15.3", "mode-streaming": "0.7.1", "aiokafka": "0.14.0"}
"""What the overrides below were written against and are tested with."""

FINISH_WITHIN: Final = 4.0
"""Seconds that an agent has for the slice in its hands when its partitions are taken away or the worker stops."""
ONE_PARTITION: Final = 10
"""So many times longer than a whole agent may one of its partitions stand still."""

FETCH_WAIT_MS: Final = 100
"""How long a broker holds a fetch that finds nothing. Faust's 1500: a fetch under way for a silent partition (`commands`) kept what
came in another (`alerts`, 100 a second) waiting for as long."""
LOOK_AGAIN: Final = 0.2
"""Seconds after which a partition that waits for a slower one is looked at again, at the latest."""
NOWHERE: Final = {TP("", 0)}
"""Fetched instead of nothing: aiokafka leaves the group of one who does not fetch for ten minutes."""


def check_versions() -> None:
    """Raise UserError unless the engine's libraries are the tested ones: the overrides rest on their insides."""
    for package, tested in TESTED.items():
        found = version(package)
        if found != tested:
            raise UserError(
                f"{package} {found} is installed, the engine is tested with {tested}: pip install {package}=={tested}"
            )


class BrokenClientError(StalledError):
    """The Kafka client let out a CancelledError that nobody asked for: Faust's tasks would end by it without a word."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread of the client, which tells how the group fares."""

    heartbeats = 0
    """Those that the group's coordinator has answered well."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        together = getattr(self.app, "tocsin_together", False)
        # The range assignor gives partition 0 of every topic to one member: alerts and commands stay together.
        assignor = RangePartitionAssignor if together else RoundRobinPartitionAssignor
        consumer._partition_assignment_strategy = (assignor,)  # noqa: SLF001
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        take_as_parsed(consumer)
        return consumer

    async def on_start(self) -> None:
        """Start, and count heartbeats from now on."""
        await super().on_start()
        coordinator: Any = self._consumer._coordinator  # type: ignore[union-attr]  # noqa: SLF001
        send = coordinator._do_heartbeat  # noqa: SLF001

        async def counted() -> bool:
            heard: bool = await send()
            self.heartbeats += heard
            return heard

        coordinator._do_heartbeat = counted  # noqa: SLF001

    async def call_thread(self, fun: Any, *args: Any, **kwargs: Any) -> Any:
        """Run `fun` in the thread. Raises BrokenClientError where a client's CancelledError comes out of it."""
        try:
            return await super().call_thread(fun, *args, **kwargs)
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            raise BrokenClientError(
                f"{getattr(fun, '__qualname__', fun)} was cancelled, and nobody asked for it"
            ) from None

    @property
    def membership(self) -> tuple[bool, int]:
        """Return whether this member has its share of the partitions as far as it knows, and the group's generation."""
        consumer: Any = self._consumer
        subscription, coordinator = consumer._subscription.subscription, consumer._coordinator  # noqa: SLF001
        if subscription is None or coordinator is None:
            return False, -1
        return not coordinator.need_rejoin(subscription), coordinator.generation


class _NoReadOffsets(dict[TP, "int | None"]):
    """Faust's book of read offsets, left empty.

    Faust drops a message below the offset that it read last. It notes that offset after a wait in which a rebalance may
    begin and end: the note is then of the time before it, and slices that come again are dropped for good (seen under
    kills: 356 records). Slices are guarded by position instead.
    """

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Note nothing."""


class SliceConsumer(driver.Consumer):
    """A consumer whose messages are slices."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hooks: Hooks = self.app.tocsin_hooks  # type: ignore[attr-defined]
        self._next: dict[TP, int] = {}
        """Where each partition's next slice must begin, at the least."""
        self._handed: dict[TP, int] = {}
        """Offset after the last record handed out."""
        self._dropped: set[TP] = set()
        """Partitions of which a fetched slice was not handed out: only a seek may follow."""
        self._kept: dict[TP, list[Any]] = {}
        """Records that were fetched and may not be handed out yet; no more of their partitions is fetched."""
        self._placing: asyncio.Future[None] | None = None
        """The last search for where to begin; one follows another."""
        self._placed = asyncio.Event()
        """Set unless such a search is under way."""
        self._placed.set()
        self._abandoned = False
        self._read_offset = _NoReadOffsets()
        self._no_fetch = asyncio.Event()
        """Set while no fetch is under way."""
        self._no_fetch.set()
        self._fetched_after = 0
        """Seeks when the last fetch began: none begins while one ends, so what it brought is of the time after that one.

        Asked before the wait for records, which outlives a rebalance, it was one too few, and the first records after
        every rebalance were dropped for good.
        """
        self._room = asyncio.Event()
        """Set when a stream's buffer has drained."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's name
        """Fetch what there is and yield one message for each partition that has something."""
        pulse: Pulse = self.app.tocsin_pulse  # type: ignore[attr-defined]
        records, active = await self._wait_next_records(timeout)
        seeks = self._fetched_after
        generation = self.app.consumer_generation_id
        if not (records or self._kept) or self.should_stop:
            return
        waiting = {tp: batch for tp, batch in (records or {}).items() if batch}
        lost = self._dropped & waiting.keys()
        if lost and seeks == pulse.seeks:
            raise PositionError(f"{lost}: records were fetched and not handed out, and no seek has followed")
        try:
            # What is kept is looked at again behind the others: it may be those that it waits for.
            for tp in [*self._kept, *waiting, *self._kept]:
                if not self.flow_active or self.app.consumer_generation_id != generation or seeks != pulse.seeks:
                    return  # a rebalance has begun; positions are set anew when it ends
                if tp in self._kept:
                    if tp in self._buffered_partitions:
                        continue
                    fresh = self._kept.pop(tp)
                elif tp in waiting and (active is None or tp in active or tp in self._buffered_partitions):
                    fresh = self._fresh(tp, waiting.pop(tp))
                else:
                    continue
                if fresh and self._goes(tp, fresh):
                    yield tp, self._slice(tp, fresh)
        finally:
            if seeks == pulse.seeks:
                self._dropped |= waiting.keys()

    def _goes(self, tp: TP, batch: list[Any]) -> bool:
        """Return whether `batch` may be handed out now; keep it if not."""
        goes = self._hooks.allowed is None or self._hooks.allowed(tp, batch)
        if not goes:
            self._kept[tp] = batch
            self._show_lag(tp, batch[0].offset)
        metrics.WAITS.labels(tp.topic, str(tp.partition)).set(not goes)
        return goes

    def on_buffer_drop(self, tp: TP) -> None:
        """A stream's buffer has drained: fetch for it again."""
        super().on_buffer_drop(tp)
        self._room.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's name
        # With every buffer full Faust sleeps a second; of a few slices' work a second, half of it was spent idle.
        self._room.clear()
        if self.flow_active and self._active_partitions is not None and not self._active_partitions:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), timeout)
            if not self._active_partitions:
                return {}, self._active_partitions
        # Nor may a full buffer wait for what another partition may bring: alerts stood behind a silent `commands`.
        some_full = self._active_partitions is not None and len(self._active_partitions) < len(self.assignment())
        found = await super()._wait_next_records(min(timeout, LOOK_AGAIN) if self._kept or some_full else timeout)
        if self._hooks.anew and self.flow_active:
            await self._begin_anew()
            return {}, self._active_partitions
        return found

    async def _begin_anew(self) -> None:
        """Have the application say once more where its partitions begin."""
        if self._hooks.revoked is not None:
            await self._hooks.revoked({TP(tp.topic, tp.partition) for tp in self.assignment()})
        await self.seek_to_committed()

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        if not self.flow_active:
            return {}
        if not self._placed.is_set():
            self._check_placing()  # it may have failed with nobody waiting for it
            await asyncio.sleep(LOOK_AGAIN)
            return {}
        if self._kept and active_partitions is not None:
            active_partitions = active_partitions - self._kept.keys() or NOWHERE
        self._no_fetch.clear()
        self._fetched_after = self.app.tocsin_pulse.seeks  # type: ignore[attr-defined]
        try:
            return await super()._getmany(active_partitions, timeout)
        except NoOffsetForPartitionError:
            return {}  # assigned, but not sought yet
        except OffsetOutOfRangeError as error:
            log.warning("%s: what comes next is not there any more (%s)", self.app.conf.id, error)
            self._hooks.anew = True
            return {}
        finally:
            self._no_fetch.set()

    def _fresh(self, tp: TP, batch: list[Any]) -> list[Any]:
        """Return `batch` without what was handed out before: a fetch may be overtaken by a seek."""
        expected = self._next.get(tp, 0)
        return batch if batch[0].offset >= expected else [record for record in batch if record.offset >= expected]

    def _slice(self, tp: TP, batch: list[Any]) -> Message:
        self._next[tp] = self._handed[tp] = batch[-1].offset + 1
        self.app.tocsin_pulse.handed += 1  # type: ignore[attr-defined]
        message = self._to_message(tp, batch[-1])
        message.value = (self.app.tocsin_pulse.seeks, batch)  # type: ignore[assignment, attr-defined]
        self.app.monitor.track_tp_end_offset(tp, self._show_lag(tp, batch[-1].offset + 1))
        return message

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic, tp.partition, record.offset, record.timestamp / 1_000, record.timestamp_type, None, None, None, None,
            tp=tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def _show_lag(self, tp: TP, position: int) -> int:
        end: int = self.highwater(tp)
        metrics.LAG.labels(tp.topic, str(tp.partition)).set(max(0, end - position))
        return end

    async def seek_to_committed(self) -> Positions:
        """Ask the application where each assigned partition begins, and go there."""
        # A fetch begun before the rebalance may still wait in the consumer's thread. After the seek it would take what
        # comes first and, as the flow is stopped, drop it: the position would stand behind records nobody has seen
        # (under kills, 0.5 % of all records).
        self._placed = asyncio.Event()
        self._placing = asyncio.ensure_future(self._place(self._placing, self._placed))
        # Faust waits for a limited time, and then lets the flow resume; ours waits for `_placed`.
        await asyncio.wait({self._placing})
        self._check_placing()
        return {}

    def _check_placing(self) -> None:
        """Raise what the last search for where to begin has ended with; nothing where it went well or goes on."""
        if self._placing is None or not self._placing.done():
            return
        if self._placing.cancelled() and not self._abandoned:
            raise BrokenClientError("the search for where to begin was cancelled, and nobody asked for it")
        self._placing.result()

    async def _place(self, before: asyncio.Future[None] | None, placed: asyncio.Event) -> None:
        if before is not None:
            await asyncio.wait({before})
        await self._no_fetch.wait()
        try:
            await self._go_where_told()
        except GivenUpError:
            self._abandoned = True
            raise
        placed.set()

    def abandon(self) -> None:
        """Search no longer for where to begin: the worker stops."""
        self._abandoned = True
        if self._placing is not None:
            self._placing.cancel()

    async def _go_where_told(self) -> None:
        tps = {TP(tp.topic, tp.partition) for tp in self.assignment()}
        self._next.clear()
        self._handed.clear()
        self._dropped.clear()
        self._kept.clear()
        pulse: Pulse = self.app.tocsin_pulse  # type: ignore[attr-defined]
        pulse.seeks += 1
        self._hooks.anew = False
        pulse.handed = pulse.done  # what was handed out before is taken back
        positions = dict(await self._hooks.assigned(tps)) if self._hooks.assigned else {}
        left = tps - positions.keys()
        if left:
            committed = await self._thread.seek_to_committed()
            found = {TP(tp.topic, tp.partition): offset for tp, offset in committed.items()}
            positions |= {tp: offset for tp, offset in found.items() if tp in left and offset is not None}
        if new := tps - positions.keys():
            earliest = await self._thread.earliest_offsets(*new)
            positions |= {TP(tp.topic, tp.partition): offset for tp, offset in earliest.items()}
        if positions:
            await self._thread.seek_wait(positions)
        self._next.update(positions)
        self._committed_offset.clear()

    def sights(self, agent: str, ends: Mapping[TP, int]) -> Iterator[Sight]:
        """Yield what the watchdog looks at; `ends` are the partitions' ends as far as they were asked for."""
        app: Any = self.app
        pulse: Pulse = app.tocsin_pulse
        thread: _ConsumerThread = self._thread  # type: ignore[assignment]
        if thread._consumer is None:  # noqa: SLF001
            return  # it has not started
        member, generation = thread.membership
        flows = self.flow_active and not app.rebalancing
        # Each says something of its own: Faust lets the flow resume before the places are found, forgets a rebalance when
        # the one before it ends, and hears of one only when the client has come to it.
        settled = flows and self._placed.is_set() and member
        mark = (app.rebalancing_count, generation, pulse.seeks, self._hooks.steps)
        yield Sight(f"the group of {agent} does not settle", not settled, mark)
        yield Sight(f"the group of {agent} does not hear from it", settled, thread.heartbeats)
        yield Sight(f"{agent} does not finish a slice", flows and pulse.handed > pulse.done, pulse.done)
        for tp, position, end in self._positions():
            if tp in self._kept:
                continue  # it waits for a slower one, which is looked at where it is read
            waiting = flows and max(end, ends.get(tp, 0)) > position
            yield Sight(
                f"{agent} takes nothing, with records in {tp.topic}-{tp.partition},", waiting, (position, pulse.done)
            )
            # In a backlog partitions have their turn one after another: one alone may wait for long.
            yield Sight(f"{agent} takes no records of {tp.topic}-{tp.partition}", waiting, position, ONE_PARTITION)

    def _positions(self) -> Iterator[tuple[TP, int, int]]:
        """Yield (partition, offset to be fetched next, end as of the last fetch) of what is assigned."""
        consumer: Any = self._thread._consumer  # noqa: SLF001
        subscription = consumer._subscription.subscription if consumer is not None else None  # noqa: SLF001
        assignment = subscription.assignment if subscription is not None else None
        if assignment is None:
            return
        for tp in assignment.tps:
            state = assignment.state_value(tp)
            if state is not None and state.has_valid_position:
                yield TP(tp.topic, tp.partition), state.position, state.highwater or 0

    async def perform_seek(self) -> None:
        """Seek, and leave Faust's own offset book empty: slices keep theirs."""
        await self.seek_to_committed()

    def track_message(self, message: Message) -> None:
        """Do not wait for acknowledgements at a revoke: the application stops between slices by itself."""
        self._on_message_in(message.tp, message.offset, message)

    async def wait_empty(self) -> None:
        """Let the agent finish the slice in its hands, but not for ever: it may hang, or wait for a broker that is away."""
        pulse: Pulse = self.app.tocsin_pulse  # type: ignore[attr-defined]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pulse.idle.wait(), FINISH_WITHIN)
        self._unacked_messages.clear()
        await self.commit()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets between slices are no gaps."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterable[TP]:  # type: ignore[override]
        return list(self._handed)

    def _new_offset(self, tp: TP) -> int | None:
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        if self._hooks.committable is not None:
            return self._hooks.committable(tp)
        return self._handed.get(tp)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock warnings assume one record a message; the watchdog judges progress instead."""


class SliceTransport(driver.Transport):
    """Faust's aiokafka transport with `SliceConsumer`."""

    Consumer = SliceConsumer


class _Boot(BootStrategy):
    enable_web = False

    def web_server(self) -> Iterable[Any]:
        """Serve nothing: stock Faust would bind 0.0.0.0:6066 here."""
        return []


class SliceApp(faust.App):
    """A Faust app that reads slices."""

    BootStrategy = _Boot
    tocsin_hooks: Hooks
    tocsin_pulse: Pulse
    tocsin_together: bool = False

    def _create_directories(self) -> None:
        """Make none: stock Faust makes three for tables that there are not, and a disk may be read-only."""

    def _new_transport(self) -> SliceTransport:
        return SliceTransport(self.conf.broker_consumer, self)

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super()._on_partitions_revoked(revoked)
        if self.tocsin_hooks.revoked is not None:
            await self.tocsin_hooks.revoked(revoked)
