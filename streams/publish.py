"""Publishing a replay: mentions and ticks to `mentions`, in the order of the plan and at the wanted speed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from schemas import topics
from schemas.mention import Tick, tick_record
from streams.engine.producer import Producer
from streams.engine.records import Write
from streams.replay_plan import Item
from streams.settings import Settings

BATCH: Final = 1_000
"""Records in flight together at full speed."""


async def publish(
    settings: Settings,
    producer: Producer,
    items: Iterable[Item],
    *,
    speed: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Send `items`; return the number of records.

    `speed` is seconds of the data a second (None: as fast as it goes). Within one partition the order is the plan's:
    a batch is acknowledged before the next one is begun, and a tick ends a batch. `progress(sent, time)` is called
    after each batch.
    """
    sent = 0
    waiting: list[Write] = []
    began: float | None = None
    first = 0
    for item in items:
        at = item.at if isinstance(item, Tick) else item.time
        if began is None:
            began, first = time.monotonic(), at
        if speed is not None:
            ahead = (at - first) / 1_000 / speed - (time.monotonic() - began)
            if ahead > 0.02:
                sent += await _flush(producer, waiting)
                if progress:
                    progress(sent, at)
                await asyncio.sleep(ahead)
        if isinstance(item, Tick):
            key, value = tick_record(item.at)
            waiting += (Write(topics.MENTIONS.name, key, value, p) for p in range(settings.partitions.mentions))
        else:
            waiting.append(Write(topics.MENTIONS.name, item.key, item.value))
        if len(waiting) >= BATCH:
            sent += await _flush(producer, waiting)
            if progress:
                progress(sent, at)
    sent += await _flush(producer, waiting)
    return sent


async def _flush(producer: Producer, waiting: list[Write]) -> int:
    count = len(waiting)
    if waiting:
        await producer.send(waiting)
        waiting.clear()
    return count
