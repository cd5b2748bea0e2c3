"""Records as aiokafka's parser (C) yields them, and those that it cannot.

aiokafka copies each into a `ConsumerRecord` of eleven fields, which costs more than fetching, checking and parsing it. A slice's
records stand in one partition, whose name the slice has: offset, timestamp, key and value are all that is asked of them, and
the parser's own objects have these. Consumers that do not ask for it get what they always get.

The parser decodes the names of headers, which no broker looks at: one that is not UTF-8 would end every reader of the
partition, again and again. The batch of such a record is read here, without its headers. Nor does a broker look at the lengths
of compressed records: where they lie, what is left of the batch is handed out as unread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from streams.engine.unpacking import MOST_FETCHED, Bounded, unread

_FRAME: Final = struct.Struct(">qi")
"""What every batch begins with: the offset of its first record, and its length from here on."""

_UNREADABLE: Final = (CorruptRecordException, ValueError, IndexError, OverflowError)
"""What the parser raises at a batch that is not of Kafka's format; whatever else it may be is no fault of the batch."""


def _as_parsed(key: bytes) -> bytes:
    """Mark a consumer in the place of a deserializer; never called."""
    return key


class _Fetched(MemoryRecords):
    """What a fetch brought of a partition, and its bytes; what is compressed is unpacked within bounds."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data = data
        self._at = 0
        """Where the next batch begins."""
        self.current = memoryview(data)[:0]
        """The bytes of the last one."""
        self._unpacked = 0

    def has_next(self) -> bool:
        more: bool = super().has_next()
        return more and self._unpacked <= MOST_FETCHED

    def next_batch(self) -> Any:
        batch = super().next_batch()
        if batch is None:
            return None
        begin, (_, length) = self._at, _FRAME.unpack_from(self._data, self._at)
        self._at += _FRAME.size + length
        self.current = memoryview(self._data)[begin : self._at]
        if not isinstance(batch, DefaultRecordBatch) or not batch.compression_type:
            return batch
        return Bounded(batch, self.current, self._took)

    def _took(self, size: int) -> None:
        self._unpacked += size


class _Records(fetcher.PartitionRecords):
    next_fetch_offset: int

    def __iter__(self) -> Iterator[Any]:
        records: Iterator[Any] = self._records_iterator
        return records

    def _unpack_records(self) -> Iterator[Any]:
        mended = self._records.current
        while True:
            try:
                yield from super()._unpack_records()
            except _UNREADABLE as error:
                if self._records.current is mended:
                    raise  # that is behind us: what follows is no batch
                mended = self._records.current
                batch = _DefaultRecordBatchPy(mended)
                if self._check_crcs and not batch.validate_crc():
                    raise  # it was damaged on its way: fetched again it may be whole
                for record in self._mended(batch, error):
                    if record.offset >= self.next_fetch_offset:
                        found = self._consumer_record(self._tp, record)
                        self.next_fetch_offset = record.offset + 1
                        yield found
                self.next_fetch_offset = batch.next_offset
            else:
                return

    def _mended(self, batch: Any, error: Exception) -> Iterable[Any]:
        """Return the records of the batch that the parser broke off in with `error`, from the next one on at the least."""
        if isinstance(error, UnicodeDecodeError):
            try:
                return list(_plain(batch))
            except (ValueError, IndexError) as further:
                error = further
        first, last = self.next_fetch_offset, batch.next_offset - 1
        why = f"the records {first} to {last} of {self._tp.topic}-{self._tp.partition} are not what Kafka's format says: {error}"
        return unread(batch, first, "unreadable", why)

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record if self._key_deserializer is _as_parsed else super()._consumer_record(tp, record)


def _plain(batch: Any) -> Iterator[_DefaultRecordPy]:
    """Yield the records of `batch` (message format 2 of Kafka's protocol) without headers.

    Brokers do not hold a compressed record's length against what it holds: raises ValueError or IndexError where they differ.
    """
    batch._maybe_uncompress()  # noqa: SLF001
    data, at, least = batch._buffer, batch._pos, batch.base_offset  # noqa: SLF001
    for _ in range(batch._num_records):  # noqa: SLF001
        length, at = decode_varint(data, at)
        end = at + length
        later, at = decode_varint(data, at + 1)  # behind the attributes, which nobody uses
        further, at = decode_varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        headers, at = decode_varint(data, at)
        for _ in range(2 * headers):  # name and value
            _, at = _bytes(data, at)
        offset = batch.base_offset + further
        if at != end or not least <= offset < batch.next_offset:
            raise ValueError(
                f"a record of {length} bytes ends at {at} instead of {end}, or is not of offset {least} or beyond"
            )
        least = offset + 1
        time = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + later
        yield _DefaultRecordPy(offset, time, batch.timestamp_type, key, value, [])
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes behind its last record")


def _bytes(data: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(data, at)
    if length > len(data) - at:
        raise ValueError(f"{length} bytes of which {len(data) - at} are there")
    return (None, at) if length < 0 else (bytes(data[at : at + length]), at + length)


def read_all_headers() -> None:
    """Have consumers that start after this read records whatever their headers are called."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Fetched, _Records


def take_as_parsed(consumer: Any) -> None:
    """Have `consumer`, which has not started yet, hand out the parser's records."""
    read_all_headers()
    consumer._key_deserializer = _as_parsed  # noqa: SLF001
