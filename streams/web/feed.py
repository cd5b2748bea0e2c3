"""Follows the topics that the page shows, apart from every agent: any worker can serve the page."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Counter, Gauge

from schemas import topics
from schemas.times import DAY
from streams.engine.closing import within
from streams.engine.reader import consumer
from streams.settings import Settings
from streams.web.board import Board

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 5.0
"""Seconds between two tries while the broker is away."""
PROBE_AFTER: Final = 4.0
"""Seconds without a record after which the broker is asked whether it is there: aiokafka itself waits in silence."""
PROBE_TIMEOUT: Final = 4.0
START_WITHIN: Final = 20.0
"""Seconds until a call to the client counts as failed."""
MOST: Final = {topics.ALERTS.name: 5_000, topics.NOTIFICATIONS.name: 20_000, topics.WINDOWS.name: 500_000}
"""Records that are read back at the start, counted from the end over all partitions; `incidents` is read whole."""
WINDOWS_SPAN: Final = DAY
"""How far back windows are read at the start, in append time (ms)."""
BREATH: Final = 0.002
"""Seconds left to the agents between two batches while the page catches up."""

CONNECTED: Final = Gauge("tocsin_page_connected", "1 while the page hears from the broker.")
RECORDS: Final = Counter("tocsin_page_records", "Records the page has read.", ["topic", "outcome"])


class Feed:
    """Keeps a Board up to date.

    Args:
        settings: Where the broker is, what the topics are called and how many partitions they have.
        board: What the records are folded into.
    """

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings = settings
        self.board = board
        self.connected = False
        self.caught_up = False
        """Whether everything that was there at the first connection has been read."""
        self.heard_at: float | None = None
        """When the broker last answered (Unix time); None before the first time."""
        self._topics: dict[TopicPartition, str] = {}
        for topic in (topics.INCIDENTS, topics.ALERTS, topics.NOTIFICATIONS, topics.WINDOWS):
            for partition in range(settings.partitions.scored if topic.partitions == "scored" else 1):
                self._topics[TopicPartition(settings.topic_prefix + topic.name, partition)] = topic.name
        self._next: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = asyncio.create_task(self._follow_forever())

    async def stop(self) -> None:
        """Stop following and wake everybody who waits for news."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._announce()

    async def until(self, true: Callable[[], bool], within: float) -> bool:
        """Wait until `true()` holds, looked at with every piece of news; False where it does not `within` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not true():
            left = deadline - loop.time()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return true()
        return True

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _heard(self, connected: bool) -> None:
        if connected:
            self.heard_at = time.time()
        if connected != self.connected:
            self.connected = connected
            CONNECTED.set(connected)
            self._announce()

    async def _follow_forever(self) -> None:
        pause = FIRST_PAUSE
        while True:
            reader = consumer(self._settings)
            try:
                await within(START_WITHIN, reader.start())
                await self._begin(reader)
                pause = FIRST_PAUSE
                await self._follow(reader)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("page: the broker does not answer (%r); trying again in %.1f s", error, pause)
            except Exception:
                log.exception("page: following the topics failed; trying again in %.1f s", pause)
            finally:
                self._heard(False)
                await _close(reader)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _begin(self, reader: AIOKafkaConsumer) -> None:
        """Assign the partitions and go on where the last connection ended, or start as far back as the page needs."""
        partitions = list(self._topics)
        reader.assign(partitions)
        ends = await within(PROBE_TIMEOUT * 2, reader.end_offsets(partitions))
        if not self._next:
            firsts = await within(PROBE_TIMEOUT * 2, reader.beginning_offsets(partitions))
            recent = await self._recent_windows(reader, ends)
            for tp in partitions:
                most = MOST.get(self._topics[tp])
                count = sum(name == self._topics[tp] for name in self._topics.values())
                start = firsts[tp] if most is None else max(firsts[tp], ends[tp] - most // count)
                self._next[tp] = max(start, recent.get(tp, 0))
        self._ends = ends
        for tp, offset in self._next.items():
            # A broker that forgot everything (the embedded one does) starts again from nought.
            reader.seek(tp, offset if offset <= ends[tp] else 0)
            self._next[tp] = min(offset, ends[tp])
        self._heard(True)
        self._look_whether_caught_up()

    async def _recent_windows(
        self, reader: AIOKafkaConsumer, ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        since = int(time.time() * 1_000) - WINDOWS_SPAN
        wanted = {tp: since for tp, name in self._topics.items() if name == topics.WINDOWS.name}
        try:
            found = await within(PROBE_TIMEOUT * 2, reader.offsets_for_times(wanted))
        except (KafkaError, TimeoutError) as error:
            log.info("page: no offsets by time (%r); reading windows from further back", error)
            return {}
        return {tp: ends[tp] if place is None else place.offset for tp, place in found.items()}

    async def _follow(self, reader: AIOKafkaConsumer) -> None:
        quiet_since = time.monotonic()
        while True:
            found = await within(START_WITHIN, reader.getmany(timeout_ms=500, max_records=500))
            if not found:
                if time.monotonic() - quiet_since > PROBE_AFTER:
                    await within(PROBE_TIMEOUT, reader.end_offsets(list(self._topics)))
                    self._heard(True)
                    quiet_since = time.monotonic()
                continue
            quiet_since = time.monotonic()
            for tp, records in found.items():
                for record in records:
                    self._take(self._topics[tp], record)
                self._next[tp] = records[-1].offset + 1
            self._heard(True)
            self._look_whether_caught_up()
            self._announce()
            await asyncio.sleep(0 if self.caught_up else BREATH)

    def _take(self, topic: str, record: Any) -> None:
        try:
            self.board.take(topic, record.key, record.value)
        except Exception as error:  # noqa: BLE001 - one odd record must not keep the page from all the others
            RECORDS.labels(topic, "unreadable").inc()
            log.warning("page: %s-%d at %d is not shown: %s", topic, record.partition, record.offset, error)
        else:
            RECORDS.labels(topic, "shown").inc()

    def _look_whether_caught_up(self) -> None:
        if not self.caught_up and all(self._next[tp] >= end for tp, end in self._ends.items()):
            self.caught_up = True
            self._announce()


async def _close(reader: AIOKafkaConsumer) -> None:
    try:
        await within(3, reader.stop())
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("page: reader not closed cleanly: %r", error)
