"""What is read in slices comes as the parser yields it; all other consumers get what aiokafka documents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.parsed import take_as_parsed

WRITTEN = [(b"k", b"v", []), (None, b"", [("h", b"1")]), (b"", None, [])]


def read(consumer: Any) -> list[Any]:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 10_000)
    for offset, (key, value, headers) in enumerate(WRITTEN):
        builder.append(offset, 1_000 + offset, key, value, headers)
    found = fetcher.PartitionRecords(
        TopicPartition("t", 3), MemoryRecords(bytes(builder.build())), [], 1, consumer._key_deserializer, None, True, 0
    )
    first = next(found)
    return [first, *found]


def test_a_consumer_that_asks_for_it_gets_the_parsers_records_and_no_other_does():
    marked, plain = SimpleNamespace(_key_deserializer=None), SimpleNamespace(_key_deserializer=None)
    take_as_parsed(marked)
    ours, others = read(marked), read(plain)
    assert all(isinstance(record, ConsumerRecord) for record in others)
    assert not any(isinstance(record, ConsumerRecord) for record in ours)
    for mine, other, offset in zip(ours, others, (1, 2), strict=True):  # from the position on
        assert mine.offset == other.offset == offset
        for name in ("timestamp", "timestamp_type", "key", "value"):
            assert getattr(mine, name) == getattr(other, name)
    assert (others[0].topic, others[0].partition, others[0].headers) == ("t", 3, (("h", b"1"),))
