"""Records as aiokafka's parser (C) yields them.

aiokafka copies each into a `ConsumerRecord` of eleven fields, which costs more than fetching, checking and parsing it. A slice's
records stand in one partition, whose name the slice has: offset, timestamp, key and value are all that is asked of them, and
the parser's own objects have these. Consumers that do not ask for it get what they always get.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher


def _as_parsed(key: bytes) -> bytes:
    """Mark a consumer in the place of a deserializer; never called."""
    return key


class _Records(fetcher.PartitionRecords):
    def __iter__(self) -> Iterator[Any]:
        records: Iterator[Any] = self._records_iterator
        return records

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record if self._key_deserializer is _as_parsed else super()._consumer_record(tp, record)


def take_as_parsed(consumer: Any) -> None:
    """Have `consumer`, which has not started yet, hand out the parser's records."""
    fetcher.PartitionRecords = _Records
    consumer._key_deserializer = _as_parsed  # noqa: SLF001
