"""Writing to Kafka so that nothing is given up: a write returns when every record is acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownError, UnknownTopicOrPartitionError

from streams.engine.closing import close_within
from streams.engine.records import Write
from streams.engine.watchdog import Doings
from streams.settings import Settings, kafka_options

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
"""Seconds between two tries while the broker does not take a record."""
MAX_REQUEST: Final = 9 * 1_048_576
"""Bytes; just above the largest `max.message.bytes` of our topics."""
MAX_BATCH: Final = 512 * 1_024
"""Bytes that go to one partition in one request, under the smallest `max.message.bytes` of our topics. aiokafka has one
request to a broker under way at a time; with its 16 kB a storm of 100 alerts a second waited for its turn."""


class Producer:
    """Writes for all agents of a process; its aiokafka producer is made anew when it breaks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()
        self._refusals = 0
        self.doings = Doings()
        """The tries under way, for the watchdog."""

    @property
    def refused(self) -> bool:
        """Whether some writer waits for a broker that is away, or does not take records."""
        return self._refusals > 0

    async def start(self) -> None:
        """Connect; waits for an unreachable broker and says so."""
        await self._connected()

    def _create(self) -> AIOKafkaProducer:
        options: dict[str, Any] = kafka_options(self._settings.broker) | {
            "acks": "all",
            "enable_idempotence": not self._settings.broker.embedded,
            "max_request_size": MAX_REQUEST,
            "linger_ms": 0,
            "max_batch_size": MAX_BATCH,
            "compression_type": None,
            "request_timeout_ms": 15_000,
        }
        return AIOKafkaProducer(**options)

    async def stop(self) -> None:
        """Send what is under way, and close."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_within(5, producer.stop(), "producer")

    async def _connected(self) -> AIOKafkaProducer:
        async with self._lock:
            pause = FIRST_PAUSE
            while self._producer is None:
                producer = self._create()
                try:
                    await producer.start()
                    self._producer = producer
                except (KafkaError, OSError) as error:
                    await close_within(1, producer.stop(), "producer")
                    log.warning(
                        "broker %s cannot be reached (%r%s); trying again in %.1f s",
                        self._settings.broker.bootstrap,
                        error,
                        self._hint(error),
                        pause,
                    )
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
            return self._producer

    def _hint(self, error: Exception) -> str:
        """Return what else to look at: the embedded broker answers an idempotent producer with "unknown"."""
        plain = isinstance(error, UnknownError) and not self._settings.broker.embedded
        return ": is it the broker of `tocsin broker`? then set broker.embedded: true" if plain else ""

    async def _replace(self, broken: AIOKafkaProducer) -> None:
        async with self._lock:
            if self._producer is broken:
                self._producer = None
        await close_within(1, broken.stop(), "producer")

    async def send(self, writes: Sequence[Write]) -> list[int]:
        """Append `writes`, all in flight together; return their offsets when every one is acknowledged.

        Never gives up on a broker that is away. Raises MessageSizeTooLargeError and UnknownTopicOrPartitionError,
        which no retry can mend.
        """
        offsets: list[int | None] = [None] * len(writes)
        pause, refused = FIRST_PAUSE, False
        try:
            while None in offsets:
                producer = await self._connected()
                with self.doings.doing("a write"):
                    failed = await self._try(producer, writes, offsets)
                if failed is None:
                    continue
                if isinstance(failed, MessageSizeTooLargeError | UnknownTopicOrPartitionError):
                    raise failed
                if not isinstance(failed, KafkaError | OSError):
                    raise failed
                log.warning(
                    "broker did not take %d of %d records (%r); trying again in %.1f s",
                    offsets.count(None),
                    len(writes),
                    failed,
                    pause,
                )
                self._refusals += not refused
                refused = True
                await self._replace(producer)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            self._refusals -= refused
        return [offset for offset in offsets if offset is not None]

    async def _try(
        self, producer: AIOKafkaProducer, writes: Sequence[Write], offsets: list[int | None]
    ) -> BaseException | None:
        """Send what has no offset yet, fill in the offsets of what is acknowledged; return what went wrong first."""
        left = [i for i, offset in enumerate(offsets) if offset is None]
        futures = []
        failed: BaseException | None = None
        try:
            for i in left:
                write = writes[i]
                futures.append(
                    await producer.send(
                        self._settings.topic_prefix + write.topic,
                        write.value,
                        write.key,
                        write.partition,
                        headers=write.headers or None,
                    )
                )
        except (KafkaError, OSError) as error:
            failed = error
        results = await asyncio.gather(*futures, return_exceptions=True)
        for i, result in zip(left, results, strict=False):
            if isinstance(result, BaseException):
                failed = failed or result
            else:
                offsets[i] = result.offset
        return failed
