"""Reading topics from a command: everything that is there now, then the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from schemas.topics import Topic
from streams.engine.handshake import UnreachableError
from streams.engine.producer import Producer
from streams.engine.reader import COMMAND_PATIENCE, UNREADABLE, read_to_end
from streams.engine.records import Write
from streams.errors import UserError
from streams.settings import Settings
from streams.topics_admin import check, partitions_of


def ready(settings: Settings) -> None:
    """Raise UserError unless a broker answers and has the topics."""
    try:
        check(settings)
    except UnreachableError as error:
        raise UserError(f"{error}; is it running, and is the address right?") from None


def read_all(
    settings: Settings,
    topic: Topic,
    partitions: Iterable[int] | None = None,
    wanted: Callable[[Any], bool] = lambda _: True,
) -> list[Any]:
    """Return all records of `topic` (or of some of its partitions) that are `wanted`, partition by partition."""

    async def read() -> list[Any]:
        records: list[Any] = []
        for partition in range(partitions_of(topic, settings)) if partitions is None else partitions:
            async for batch in read_to_end(settings, topic.name, partition, patience=COMMAND_PATIENCE):
                records += (record for record in batch if wanted(record))
        return records

    try:
        return asyncio.run(read())
    except UNREADABLE as error:
        raise UserError(f"{topic.name}: cannot be read: {error!r}; see tocsin topics check") from None


def write_all(settings: Settings, writes: list[Write]) -> None:
    """Append `writes`; returns when all are acknowledged."""

    async def write() -> None:
        producer = Producer(settings)
        await producer.start()
        try:
            await producer.send(writes)
        finally:
            await producer.stop()

    asyncio.run(write())
