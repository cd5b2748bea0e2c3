"""Reading a partition from its beginning to its present end: for recovery, and for commands that look at topics."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError, UnknownTopicOrPartitionError

from streams.engine.closing import asked_to_end, close_within, within
from streams.engine.parsed import read_all_headers
from streams.settings import Settings, kafka_options

log = logging.getLogger(__name__)

ASK_AGAIN_MS: Final = 150
"""Milliseconds: a fetch from an empty partition waits as long before the watermark that came with it is looked at."""
START_WITHIN: Final = 20.0
"""Seconds that one try to connect may take."""
CLOSE_WITHIN: Final = 2.0
"""Seconds."""
COMMAND_PATIENCE: Final = 20.0
"""Seconds that a command waits for a broker that has gone away; workers wait for ever."""
UNREADABLE: Final = (KafkaError, OSError, LookupError)
"""What `read_to_end` and `reading` raise where a topic cannot be read, or not in full."""
PAUSE: Final = 0.5
"""Seconds between tries."""


def consumer(settings: Settings, max_bytes: int = 8 * 1_048_576, reset: str = "earliest") -> AIOKafkaConsumer:
    """Return a consumer without a group, to be started and stopped by the caller; `max_bytes` a fetch and partition.

    Where the record it stands before is gone it goes on at the earliest; with a `reset` of "none" `getmany` raises
    OffsetOutOfRangeError.
    """
    read_all_headers()
    return AIOKafkaConsumer(
        **kafka_options(settings.broker),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset=reset,
        max_partition_fetch_bytes=max_bytes,
        fetch_max_wait_ms=100,
    )


@asynccontextmanager
async def reading(
    settings: Settings, *, max_bytes: int = 8 * 1_048_576, reset: str = "earliest", patience: float = math.inf
) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a started `consumer`, and close it; waits `patience` seconds for a broker that is away.

    Raises what the last try to connect ended with when patience is at its end, and TimeoutError in place of a
    CancelledError that the client lets out though nobody has cancelled the caller (see `streams.engine.closing`).
    """
    until = time.monotonic() + patience
    while True:
        reader = consumer(settings, max_bytes, reset)
        try:
            await within(START_WITHIN, reader.start())
            break
        except (KafkaError, OSError) as error:
            await close_within(CLOSE_WITHIN, reader.stop(), "reader")
            if time.monotonic() > until or not may_pass(error):
                raise
            log.warning("the broker does not answer (%r); trying again in %.1f s", error, PAUSE)
        await asyncio.sleep(PAUSE)
    try:
        yield reader
    except asyncio.CancelledError:
        if asked_to_end():
            raise
        raise TimeoutError("the client has cancelled what it was asked for") from None
    finally:
        await close_within(CLOSE_WITHIN, reader.stop(), "reader")


def may_pass(error: Exception) -> bool:
    """Return whether waiting may help: a broker that is away comes back, a topic that is missing or forbidden does not."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return False
    return isinstance(error, OSError | KafkaTimeoutError) or (isinstance(error, KafkaError) and error.retriable)


async def read_to_end(
    settings: Settings,
    topic: str,
    partition: int,
    start: int | None = None,
    end: int | None = None,
    *,
    patience: float = math.inf,
) -> AsyncIterator[Sequence[Any]]:
    """Yield batches of records of `topic` (without prefix) from `start` (default: the beginning) up to the end.

    The end is the high watermark that the broker tells with what it sends, or `end` (exclusive). It is not asked for
    by itself: the embedded broker answers that question wrongly. A broker that goes away is waited for, `patience`
    seconds at a time, and the reading goes on where it was. Raises LookupError where `start` is gone, or what comes next
    is in the middle.
    """
    tp = TopicPartition(settings.topic_prefix + topic, partition)
    position, begun = start, start is not None
    until = time.monotonic() + patience
    while True:
        try:
            async with reading(settings, reset="none", patience=patience) as reader:
                reader.assign([tp])
                first = (await reader.beginning_offsets([tp]))[tp]
                if position is None:
                    position = first
                if position < first and begun:
                    raise LookupError(f"{topic}-{partition}: offset {position} is gone, the earliest kept is {first}")
                position = max(position, first)  # retention took the beginning before any of it was read
                reader.seek(tp, position)
                while end is None or position < end:
                    try:
                        found = await reader.getmany(tp, timeout_ms=ASK_AGAIN_MS, max_records=5_000)
                    except OffsetOutOfRangeError:
                        first = (await reader.beginning_offsets([tp]))[tp]
                        if begun or first <= position:
                            raise LookupError(
                                f"{topic}-{partition}: offset {position} is gone while it was read, "
                                f"the earliest kept is {first}"
                            ) from None
                        position = first
                        reader.seek(tp, position)
                        continue
                    records = [record for record in found.get(tp, []) if end is None or record.offset < end]
                    position = await reader.position(tp)
                    watermark = reader.highwater(tp)
                    begun = begun or bool(records)
                    until = time.monotonic() + patience
                    if records:
                        yield records
                    if watermark is not None and position >= watermark:
                        return
                return
        except (KafkaError, OSError) as error:
            if time.monotonic() > until or not may_pass(error):
                raise
            log.warning(
                "%s-%d: reading stops at offset %s (%r); going on in %.1f s", topic, partition, position, error, PAUSE
            )
        await asyncio.sleep(PAUSE)


async def ends(settings: Settings, topic: str, partition: int) -> tuple[int, int]:
    """Return the earliest offset kept of `topic` (without prefix) and the one behind its last record.

    The second is the high watermark that comes with a fetch, as in `read_to_end`.
    """
    tp = TopicPartition(settings.topic_prefix + topic, partition)
    while True:
        try:
            async with reading(settings) as reader:
                reader.assign([tp])
                first = (await reader.beginning_offsets([tp]))[tp]
                reader.seek(tp, first)
                while (watermark := reader.highwater(tp)) is None:
                    await reader.getmany(tp, timeout_ms=ASK_AGAIN_MS, max_records=1)
                return first, watermark
        except (KafkaError, OSError) as error:
            if not may_pass(error):
                raise
            log.warning(
                "the ends of %s-%d cannot be asked (%r); trying again in %.1f s", topic, partition, error, PAUSE
            )
        await asyncio.sleep(PAUSE)
