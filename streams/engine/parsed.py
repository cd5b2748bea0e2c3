"""Records as aiokafka's parser (C) yields them, and those that it cannot.

aiokafka copies each into a `ConsumerRecord` of eleven fields, which costs more than fetching, checking and parsing it. A slice's
records stand in one partition, whose name the slice has: offset, timestamp, key and value are all that is asked of them, and
the parser's own objects have these. Consumers that do not ask for it get what they always get.

The parser decodes the names of headers, which no broker looks at: one that is not UTF-8 would end every reader of the
partition, again and again. The batch of such a record is read here, without its headers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from streams.engine.unpacking import MOST_FETCHED, Bounded

_FRAME: Final = struct.Struct(">qi")
"""What every batch begins with: the offset of its first record, and its length from here on."""


def _as_parsed(key: bytes) -> bytes:
    """Mark a consumer in the place of a deserializer; never called."""
    return key


class _Fetched(MemoryRecords):
    """What a fetch brought of a partition, and its bytes; what is compressed is unpacked within bounds."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data
        self._at = 0
        """Where the next batch begins."""
        self._unpacked = 0

    def has_next(self) -> bool:
        more: bool = super().has_next()
        return more and self._unpacked <= MOST_FETCHED

    def next_batch(self) -> Any:
        batch = super().next_batch()
        if batch is None:
            return None
        begin, (_, length) = self._at, _FRAME.unpack_from(self.data, self._at)
        self._at += _FRAME.size + length
        if not isinstance(batch, DefaultRecordBatch) or not batch.compression_type:
            return batch
        return Bounded(batch, memoryview(self.data)[begin : self._at], self._took)

    def _took(self, size: int) -> None:
        self._unpacked += size


class _Records(fetcher.PartitionRecords):
    next_fetch_offset: int

    def __iter__(self) -> Iterator[Any]:
        records: Iterator[Any] = self._records_iterator
        return records

    def _unpack_records(self) -> Iterator[Any]:
        while True:
            try:
                yield from super()._unpack_records()
            except UnicodeDecodeError:
                yield from self._without_headers()
            else:
                return

    def _without_headers(self) -> Iterator[Any]:
        """Yield what is left of the batch that the parser broke off in."""
        batch = _batch_of(self._records.data, self.next_fetch_offset)
        for record in _plain(batch):
            if record.offset >= self.next_fetch_offset:
                found = self._consumer_record(self._tp, record)
                self.next_fetch_offset = record.offset + 1
                yield found
        self.next_fetch_offset = batch.next_offset

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record if self._key_deserializer is _as_parsed else super()._consumer_record(tp, record)


def _batch_of(data: bytes, offset: int) -> Any:
    """Return the first batch in `data` that does not end before `offset`."""
    at = 0
    while True:
        _, length = _FRAME.unpack_from(data, at)
        batch = _DefaultRecordBatchPy(memoryview(data)[at : at + _FRAME.size + length])
        if batch.next_offset > offset:
            return batch
        at += _FRAME.size + length


def _plain(batch: Any) -> Iterator[_DefaultRecordPy]:
    """Yield the records of `batch` (message format 2 of Kafka's protocol) without headers."""
    batch._maybe_uncompress()  # noqa: SLF001
    data, at = batch._buffer, batch._pos  # noqa: SLF001
    for _ in range(batch._num_records):  # noqa: SLF001
        length, at = decode_varint(data, at)
        end = at + length
        later, at = decode_varint(data, at + 1)  # behind the attributes, which nobody uses
        further, at = decode_varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        time = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + later
        yield _DefaultRecordPy(batch.base_offset + further, time, batch.timestamp_type, key, value, [])
        at = end


def _bytes(data: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(data, at)
    return (None, at) if length < 0 else (bytes(data[at : at + length]), at + length)


def read_all_headers() -> None:
    """Have consumers that start after this read records whatever their headers are called."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Fetched, _Records


def take_as_parsed(consumer: Any) -> None:
    """Have `consumer`, which has not started yet, hand out the parser's records."""
    read_all_headers()
    consumer._key_deserializer = _as_parsed  # noqa: SLF001
