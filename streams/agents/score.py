"""The agent `score`: slices of `mentions` in, batches on `scored` and dead letters out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas import topics
from schemas.mention import TICK_KEY, Tick, decode, tick_record
from schemas.times import iso
from streams import metrics
from streams.agents.context import Context, Known, nothing_to_know
from streams.engine.closing import within
from streams.engine.hooks import Hooks, Positions, slices
from streams.engine.places import Place, passed_over, places
from streams.engine.reader import reading
from streams.engine.records import Write
from streams.engine.skew import Skew
from streams.errors import UserError
from streams.score.core import ScoreCore, Scored
from streams.topics_admin import source_id

log = logging.getLogger(__name__)

ASK_EVERY: Final = 0.5
"""Seconds between two questions how far the others have come, while a partition waits for them."""
ANSWER_WITHIN_MS: Final = 2_000
LEARNT_WITHIN: Final = 15.0
"""Seconds after which that question is given up, and asked anew: a client may hang that has seen the broker die."""
TOPIC_EVERY: Final = 15.0
"""Seconds between two looks whether `mentions` is still the same topic."""


class ScoreAgent:
    """The shell round `ScoreCore`."""

    def __init__(
        self, context: Context, core: ScoreCore, *, accept_gap: bool = False, brands_known: Known = nothing_to_know
    ) -> None:
        """Make the agent; `brands_known` returns when the watch list is known as far as a slice in hand asks for it."""
        self._context = context
        self._core = core
        self._brands_known = brands_known
        self._accept_gap = accept_gap
        self._source = ""
        """Id of the topic `mentions`: one that was deleted and made anew is another source."""
        self._progress: dict[TP, int] = {}
        self._ticks: dict[TP, int] = {}
        self._owned: set[int] = set()
        self._unproven: set[int] = set()
        """Partitions whose committed offset is to be believed no longer: of a topic made anew, or behind a gap."""
        self._epoch = 0
        """Counts assignments: what was begun before the last one must not touch what came after it."""
        settings = context.settings
        self._group = f"{settings.engine.group}-score"
        self._skew = Skew(settings.partitions.mentions, _tick_time if settings.replay else _append_time)
        self._waiting: set[int] = set()
        self._ask = asyncio.Event()
        self.hooks = Hooks()
        self.hooks.assigned = self._assigned
        self.hooks.revoked = self._revoked
        self.hooks.allowed = self._allowed
        # Committed only at a tick: a restart then reads its partition's progress before anything else.
        self.hooks.committable = self._ticks.get

    # --- assignment ------------------------------------------------------------------------------------------------

    @property
    def owns_first(self) -> bool:
        """Whether the first partition is this worker's: a duty that one worker has is theirs who has it."""
        return 0 in self._owned

    async def _assigned(self, tps: set[TP]) -> Positions:
        self._epoch += 1
        self._progress.clear()
        self._ticks.clear()
        self._waiting.clear()
        self._owned = {tp.partition for tp in tps}
        self._skew.begin(self._owned)
        try:
            known = self._source
            self._source, found = await self._look(self._owned)
            if known not in ("", self._source):
                log.warning("mentions was deleted and made anew: a new source, read from its beginning")
                self._unproven = set(range(self._context.settings.partitions.mentions))
                self._skew.forget_others()
            positions = {tp: self._begin(tp.partition, found[tp.partition]) for tp in tps}
        except UserError as error:
            self._context.give_up(error)
        # What a member committed while the topic was being deleted must not outlive it; a gap is accepted once.
        self._ticks |= {tp: offset for tp, offset in positions.items() if tp.partition in self._unproven}
        return positions

    async def _look(self, partitions: Iterable[int]) -> tuple[str, dict[int, Place]]:
        """Return the id of the topic `mentions`, and where its partitions stand."""
        settings = self._context.settings
        topic = await source_id(settings, topics.MENTIONS)
        return topic, await places(settings, topics.MENTIONS.name, partitions, self._group)

    def _begin(self, partition: int, place: Place) -> int:
        """Return the offset to begin with; raises UserError where what comes next is gone."""
        where = f"{topics.MENTIONS.name}-{partition}"
        if place.committed is None or partition in self._unproven:
            return place.earliest
        if place.committed < place.earliest:
            passed_over(where, place.committed, place.earliest, accepted=self._accept_gap)
            self._unproven.add(partition)
            return place.earliest
        if place.committed > place.end and not self._context.settings.broker.embedded:  # which tells no end
            raise UserError(
                f"{where} ends at {place.end}, and {place.committed} was read: the topic has lost records, and the offsets of "
                "those that come would be taken for repeats; delete it and run: tocsin topics create"
            )
        return place.committed

    async def _revoked(self, _tps: set[TP]) -> None:
        self._owned = set()

    async def watch_topic(self) -> None:
        """Begin anew where `mentions` was made anew and filled up so quickly that our offsets are there again."""
        while True:
            await asyncio.sleep(TOPIC_EVERY)
            if self._source and await source_id(self._context.settings, topics.MENTIONS) != self._source:
                self.hooks.anew = True

    # --- slices ----------------------------------------------------------------------------------------------------

    async def run(self, stream: Any) -> None:
        """Score slice after slice; a slice's records are acknowledged before the next one is taken."""
        try:
            async for tp, records in slices(stream):
                await self._slice(tp, records)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._context.fail(error)
            raise

    async def _slice(self, tp: TP, records: list[Any]) -> None:
        await self._brands_known()
        began, epoch = time.perf_counter(), self._epoch
        for result in self._core.parts(self._source, tp.partition, self._progress.get(tp, 0), records):
            metrics.SCORE_SECONDS.observe(time.perf_counter() - began)
            await self._context.producer.send(result.letters + result.writes)
            if epoch != self._epoch:
                return
            self._progress[tp] = result.progress
            if result.tick_offset is not None:
                self._ticks[tp] = result.tick_offset
                self._unproven.discard(tp.partition)
            self._show(result)
            began = time.perf_counter()

    def _show(self, result: Scored) -> None:
        for outcome, count in result.outcomes.items():
            metrics.SCORED_INPUTS.labels(outcome).inc(count)
        for language, count in result.languages.items():
            metrics.LANGUAGES.labels(language).inc(count)
        for write in result.dead:
            metrics.DEAD.labels(dict(write.headers)["reason"].decode()).inc()
        metrics.LATE.inc(result.late)

    async def tick(self) -> None:
        """On a live clock, put the time into every partition that is ours, every second."""
        while True:
            await asyncio.sleep(self._context.settings.engine.tick_interval)
            # The value is for people: what counts is when the broker appended it.
            key, value = tick_record(int(time.time() * 1_000))
            writes = [Write(topics.MENTIONS.name, key, value, partition) for partition in sorted(self._owned)]
            if writes:
                await self._context.producer.send(writes)

    # --- who waits for whom ----------------------------------------------------------------------------------------

    def _allowed(self, tp: TP, records: Sequence[Any]) -> bool:
        if self._skew.allowed(tp.partition, records):
            self._waiting.discard(tp.partition)
            return True
        least, slowest = self._skew.slowest_but(tp.partition)
        if slowest not in self._owned:
            self._ask.set()
        if tp.partition not in self._waiting:
            self._waiting.add(tp.partition)
            log.info("%s-%d waits: %s-%d is %s", tp.topic, tp.partition, tp.topic, slowest,
                     f"only at {iso(least)}" if least else "not known yet")  # fmt: skip
        return False

    async def follow_others(self) -> None:
        """Whenever a partition waits for one that somebody else reads, ask how far that has come."""
        while True:
            await self._ask.wait()
            self._ask.clear()
            try:
                self._skew.learn(await within(LEARNT_WITHIN, self._progress_of(self._skew.strangers)))
            except (KafkaError, OSError) as error:
                log.info("how far other workers have come cannot be asked (%r)", error)
            await asyncio.sleep(ASK_EVERY)

    async def _progress_of(self, partitions: list[int]) -> dict[int, int]:
        """Return how far `partitions` are scored: the time of the tick that each is committed at."""
        settings, topic = self._context.settings, topics.MENTIONS.name
        found = await places(settings, topic, partitions, self._group)
        begun = {
            TopicPartition(settings.topic_prefix + topic, p): place.committed
            for p, place in found.items()
            if place.committed is not None and place.earliest <= place.committed
        }
        progress: dict[int, int] = {}
        if not begun:
            return progress
        time_of = _tick_time if settings.replay else _append_time
        async with reading(settings, max_bytes=1) as reader:  # a batch at least comes all the same
            reader.assign(list(begun))
            for tp, offset in begun.items():
                reader.seek(tp, offset)
            until = time.monotonic() + ANSWER_WITHIN_MS / 1_000
            while len(progress) < len(begun) and time.monotonic() < until:
                waiting = [tp for tp in begun if tp.partition not in progress]
                for tp, records in (await reader.getmany(*waiting, timeout_ms=100)).items():
                    progress.setdefault(tp.partition, time_of(records[0]))
        return progress


def _append_time(record: Any) -> int:
    return int(record.timestamp)


def _tick_time(record: Any) -> int:
    key = record.key
    if key is None or not key.startswith(TICK_KEY):
        return 0
    what = decode(key, record.value)
    return what.at if isinstance(what, Tick) else 0
