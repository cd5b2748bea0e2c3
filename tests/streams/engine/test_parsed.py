"""What is read in slices comes as the parser yields it; and what its headers are called stops nobody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy, _DefaultRecordBatchPy

from streams.engine import unpacking
from streams.engine.parsed import read_all_headers, take_as_parsed
from streams.engine.records import Unread
from tests.streams.engine import crafted

WRITTEN = [(b"k", b"v", []), (None, b"", [("h", b"1")]), (b"", None, [])]
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class Latin(str):
    """A header's name of a producer that writes Latin-1."""

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        return super().encode("latin-1", errors)


POISON = [("plain", b"1"), (Latin("qualité"), b"1")]


def batch(written: list[Any], codec: int = 0, base: int = 0, *, append_time: bool = False) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 10_000_000)
    for offset, (key, value, headers) in enumerate(written):
        assert builder.append(offset, 1_000 + offset, key, value, headers)
    data = builder.build()
    data[:8] = base.to_bytes(8, "big")
    if append_time:
        data[22] |= _DefaultRecordBatchPy.TIMESTAMP_TYPE_MASK
    return bytes(data)


def read(consumer: Any, data: bytes, position: int = 1, *, check: bool = True) -> list[Any]:
    found = fetcher.PartitionRecords(
        TopicPartition("t", 3), fetcher.MemoryRecords(data), [], position, consumer._key_deserializer, None, check, 0
    )
    records = list(found)
    assert found.next_fetch_offset == _end(data)
    return records


def _end(data: bytes) -> int:
    at = last = 0
    while at < len(data):
        last, length = int.from_bytes(data[at : at + 8], "big"), int.from_bytes(data[at + 8 : at + 12], "big")
        last += int.from_bytes(data[at + 23 : at + 27], "big") + 1
        at += 12 + length
    return last


@pytest.fixture
def consumers() -> tuple[Any, Any]:
    """One that asks for the parser's records, and one that does not."""
    marked, plain = SimpleNamespace(_key_deserializer=None), SimpleNamespace(_key_deserializer=None)
    take_as_parsed(marked)
    read_all_headers()
    return marked, plain


def test_a_consumer_that_asks_for_it_gets_the_parsers_records_and_no_other_does(consumers: tuple[Any, Any]):
    ours, others = (read(one, batch(WRITTEN)) for one in consumers)
    assert all(isinstance(record, ConsumerRecord) for record in others)
    assert not any(isinstance(record, ConsumerRecord) for record in ours)
    for mine, other, offset in zip(ours, others, (1, 2), strict=True):  # from the position on
        assert mine.offset == other.offset == offset
        for name in ("timestamp", "timestamp_type", "key", "value"):
            assert getattr(mine, name) == getattr(other, name)
    assert (others[0].topic, others[0].partition, others[0].headers) == ("t", 3, (("h", b"1"),))


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("append_time", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_a_header_name_that_is_not_utf_8_stops_no_reader(
    consumers: tuple[Any, Any], codec: str, place: int, append_time: bool
):
    """Given batches around one with such a name at any place, all records are read, each once, from any position on."""
    good = [*WRITTEN, (b"x:" + b"9" * 200, "é".encode() * 5_000, [("h", None)])]
    bad = [(key, value, POISON if at == place else headers) for at, (key, value, headers) in enumerate(good)]
    kind = CODECS[codec]
    # Checked by no CRC: to say that the broker gave the time a bit is set afterwards.
    told = {"append_time": append_time}
    bases = (4, 8, 20)  # between the last two compaction left a hole
    data = b"".join(batch(part, kind, base, **told) for part, base in zip((bad, good, bad), bases, strict=True))
    clean = b"".join(batch(good, kind, base, **told) for base in bases)
    fields = ("offset", "timestamp", "timestamp_type", "key", "value")
    for consumer in consumers:
        for position in (4, 5, 6, 7):  # a fetch begins with the batch of its position
            found = read(consumer, data, position, check=False)
            wanted = read(consumer, clean, position, check=False)
            assert [[getattr(r, f) for f in fields] for r in found] == [[getattr(r, f) for f in fields] for r in wanted]
            assert len(found) == sum(offset >= position for base in bases for offset in range(base, base + 4))


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("headers", [(), crafted.LATIN])
def test_where_a_length_lies_the_rest_of_the_batch_is_unread_and_what_follows_is_read(
    consumers: tuple[Any, Any], codec: int, headers: crafted.Headers, *, marked: bool
):
    before, data = batch(WRITTEN, codec, 4), crafted.lying(codec, 7, headers) + batch(WRITTEN, codec, 10)
    consumer = consumers[0] if marked else consumers[1]
    for position in range(4, 10):  # a fetch begins with the batch of its position
        found = read(consumer, before + data if position < 7 else data, position)
        assert [record.offset for record in found] == list(range(position, 13))
        bad = [record for record in found if record.offset in {8, 9}]
        assert {(record.key, record.value) for record in bad} == {(None, None)}
        assert [record.key for record in found if record.offset > 9] == [key for key, _, _ in WRITTEN]
        if marked:
            assert all(isinstance(r, Unread) and r.reason == "unreadable" and "of t-3" in r.why for r in bad)


@pytest.mark.parametrize("name", ["gzip", "zstd", "a second frame"])
def test_nothing_is_made_up_out_of_a_batch_that_lies(consumers: tuple[Any, Any], name: str):
    data = crafted.phantom(CODECS[name], 7) if name in CODECS else crafted.doubled_frame(7)
    found = read(consumers[0], data + batch(WRITTEN, 1, 9), 7)
    assert [record.offset for record in found] == [7, 8, 9, 10, 11]
    assert {record.key for record in found} <= {b"x:a", b"x:b", None, b"k", b""}


def test_what_was_damaged_on_its_way_is_an_error_and_not_unread(consumers: tuple[Any, Any]):
    data = bytearray(batch(WRITTEN, 0, 4))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        read(consumers[0], bytes(data), 4)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "before", [b"", batch(WRITTEN, 0, 4), crafted.doubled_frame(5)], ids=["nothing", "a good one", "one that lies"]
)
def test_what_is_no_batch_is_an_error_and_not_for_ever(consumers: tuple[Any, Any], before: bytes):
    junk = (7).to_bytes(8, "big") + (5).to_bytes(4, "big") + b"\0" * 5
    with pytest.raises(CorruptRecordException):
        read(consumers[0], before + junk, 5)


def test_a_lack_of_memory_is_no_fault_of_the_batch(consumers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(unpacking, "unpacked", full)
    with pytest.raises(MemoryError):
        read(consumers[0], batch([(b"k", b"v" * 500, [])], 1, 4), 4)
