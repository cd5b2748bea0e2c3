"""Reading a partition from its beginning to its present end: for recovery, and for commands that look at topics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.engine.parsed import read_all_headers
from streams.settings import Settings, kafka_options

ASK_AGAIN_MS: Final = 150
"""Milliseconds: a fetch from an empty partition waits as long before the watermark that came with it is looked at."""


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


async def read_to_end(
    settings: Settings, topic: str, partition: int, start: int | None = None, end: int | None = None
) -> AsyncIterator[Sequence[Any]]:
    """Yield batches of records of `topic` (without prefix) from `start` (default: the beginning) up to the end.

    The end is the high watermark that the broker tells with what it sends, or `end` (exclusive). It is not asked for
    by itself: the embedded broker answers that question wrongly. Raises LookupError where `start` is gone, or what comes
    next is in the middle.
    """
    async with consumer(settings, reset="none") as reader:
        tp = TopicPartition(settings.topic_prefix + topic, partition)
        reader.assign([tp])
        first = (await reader.beginning_offsets([tp]))[tp]
        position = begun = first if start is None else start
        if position < first:
            raise LookupError(f"{topic}-{partition}: offset {position} is gone, the earliest kept is {first}")
        reader.seek(tp, position)
        while end is None or position < end:
            try:
                found = await reader.getmany(tp, timeout_ms=ASK_AGAIN_MS, max_records=5_000)
            except OffsetOutOfRangeError:
                first = (await reader.beginning_offsets([tp]))[tp]
                if start is not None or position != begun or first <= position:
                    raise LookupError(
                        f"{topic}-{partition}: offset {position} is gone while it was read, the earliest kept is {first}"
                    ) from None
                position = begun = first  # retention took the beginning before it was read
                reader.seek(tp, position)
                continue
            records = [record for record in found.get(tp, []) if end is None or record.offset < end]
            if records:
                yield records
            position = await reader.position(tp)
            watermark = reader.highwater(tp)
            if watermark is not None and position >= watermark:
                return


async def ends(settings: Settings, topic: str, partition: int) -> tuple[int, int]:
    """Return the earliest offset kept of `topic` (without prefix) and the one behind its last record.

    The second is the high watermark that comes with a fetch, as in `read_to_end`.
    """
    async with consumer(settings) as reader:
        tp = TopicPartition(settings.topic_prefix + topic, partition)
        reader.assign([tp])
        first = (await reader.beginning_offsets([tp]))[tp]
        reader.seek(tp, first)
        while (watermark := reader.highwater(tp)) is None:
            await reader.getmany(tp, timeout_ms=ASK_AGAIN_MS, max_records=1)
        return first, watermark
