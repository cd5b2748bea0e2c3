"""Finding posts again by their names in the topic `mentions`, which keeps texts for a week."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, UnsupportedVersionError
from aiokafka.partitioner import DefaultPartitioner

from schemas import topics
from schemas.mention import Deletion, Mention, decode
from streams.engine.reader import COMMAND_PATIENCE, read_to_end, reading
from streams.settings import Settings

Advance = Callable[[int], None]
"""Told how many records were read since the last call."""


def _ignore(_: int) -> None:
    pass


async def posts(
    settings: Settings, names: Collection[str], *, since: int | None = None, advance: Advance = _ignore
) -> dict[str, Mention]:
    """Return the posts called `names` (`platform:id`) as they now are; those unknown or deleted are missing.

    A key's usual partition is read first, the others only for what is not there: producers in other languages may
    spread keys in another way. Every version of a post is in one partition, the latest counts.

    Args:
        settings: where Kafka is.
        names: of posts.
        since: append time (epoch ms) from which to read; None for the topic's beginning.
        advance: for a progress bar.

    Raises KafkaError.
    """
    count = settings.partitions.mentions
    partitions = list(range(count))
    wanted = {name.encode() for name in names}
    usual = {key: DefaultPartitioner()(key, partitions, partitions) for key in wanted}
    found: dict[bytes, Mention | None] = {}
    for look in ("usual", "others"):
        for partition in partitions:
            here = {key for key in wanted - found.keys() if (usual[key] == partition) == (look == "usual")}
            if here:
                found |= await _in_partition(settings, partition, here, since, advance)
    return {key.decode(): mention for key, mention in found.items() if mention is not None}


async def _in_partition(
    settings: Settings, partition: int, keys: Collection[bytes], since: int | None, advance: Advance
) -> dict[bytes, Mention | None]:
    """Return the last version of `keys` in a partition; None for one that was deleted."""
    found: dict[bytes, Mention | None] = {}
    revision: dict[bytes, int] = {}
    async for records in batches(settings, partition, since):
        advance(len(records))
        for record in records:
            if record.key not in keys:
                continue
            what = decode(record.key, record.value)
            if isinstance(what, Deletion) or (isinstance(what, Mention) and what.op == "delete"):
                found[record.key] = None
            elif isinstance(what, Mention) and what.text is not None and what.rev >= revision.get(record.key, 0):
                found[record.key], revision[record.key] = what, what.rev
        await asyncio.sleep(0)
    return found


async def batches(settings: Settings, partition: int, since: int | None) -> AsyncIterator[Sequence[Any]]:
    """Yield a partition of `mentions` from the append time `since` (epoch ms) up to its present end."""
    start = None if since is None else await _offset_of(settings, partition, since)
    async for records in read_to_end(settings, topics.MENTIONS.name, partition, start, patience=COMMAND_PATIENCE):
        yield records


async def _offset_of(settings: Settings, partition: int, since: int) -> int | None:
    """Return the first offset at or after `since`; None (the beginning) where the broker does not tell."""
    async with reading(settings, patience=COMMAND_PATIENCE) as reader:
        tp = TopicPartition(settings.topic_prefix + topics.MENTIONS.name, partition)
        reader.assign([tp])
        try:
            place = (await reader.offsets_for_times({tp: since}))[tp]
            if place is not None:
                return int(place.offset)
            end: int = (await reader.end_offsets([tp]))[tp]
        except (UnsupportedVersionError, ValueError, KafkaError):
            return None
        return end
