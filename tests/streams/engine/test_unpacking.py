"""Compressed batches are unpacked as aiokafka does it, and no further than they may."""

from __future__ import annotations

import gzip
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer import fetcher
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import parsed, unpacking
from streams.engine.parsed import read_all_headers, take_as_parsed
from streams.engine.records import Unread
from streams.engine.unpacking import UnpackingError, unpacked
from tests.streams import cores
from tests.streams.engine.test_parsed import CODECS, batch

PACKERS = {
    "gzip": (1, gzip_encode),
    "snappy": (2, lambda data: snappy_encode(data, xerial_compatible=False)),
    "snappy in blocks": (2, snappy_encode),
    "lz4": (3, lz4_encode),
    "zstd": (4, zstd_encode),
}
MOST = 200_000


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(min_size=1, max_size=400), times=st.integers(1, 2_000))
def test_what_was_packed_is_unpacked_to_its_last_byte_and_not_where_it_has_one_too_many(
    name: str, data: bytes, times: int
):
    codec, pack = PACKERS[name]
    data *= times
    packed = memoryview(bytes(pack(data)))
    assert bytes(unpacked(codec, packed, len(data))) == data
    with pytest.raises(UnpackingError):
        unpacked(codec, packed, len(data) - 1)


def test_gzip_may_come_in_several_pieces_that_count_together():
    packed = memoryview(gzip.compress(b"a" * 1_000) + gzip.compress(b"b" * 1_000))
    assert unpacked(1, packed, 2_000) == b"a" * 1_000 + b"b" * 1_000
    with pytest.raises(UnpackingError):
        unpacked(1, packed, 1_999)


@pytest.mark.parametrize("codec", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "data",
    [b"no codec made this", b"\x82SNAPPY\x00" + b"\1" * 12, gzip.compress(b"a" * 99)[:-9]],
    ids=["words", "blocks of nothing", "half of it"],
)
def test_what_no_codec_made_is_an_error_of_one_kind(codec: int, data: bytes):
    with pytest.raises(UnpackingError):
        unpacked(codec, memoryview(data), MOST)


def test_many_small_members_take_no_longer_than_they_must():
    """Each left a copy of the rest behind: 8 MB of them took a minute."""
    packed = memoryview(gzip.compress(b"") * 200_000)
    began = time.perf_counter()
    assert unpacked(1, packed, MOST) == b""
    assert time.perf_counter() - began < 10


def test_a_block_of_less_than_nothing_is_an_error_and_not_for_ever():
    with pytest.raises(UnpackingError, match="a block of -4 bytes"):
        unpacked(2, memoryview(bytes(snappy_encode(b"abc")) + b"\xff\xff\xff\xfc"), MOST)


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(unpacking, "MOST", MOST)
    monkeypatch.setattr(parsed, "MOST_FETCHED", MOST)
    return MOST


def records(data: bytes, position: int = 0, *, as_parsed: bool = True) -> Any:
    consumer: Any = SimpleNamespace(_key_deserializer=None)
    if as_parsed:
        take_as_parsed(consumer)
    read_all_headers()
    return fetcher.PartitionRecords(
        TopicPartition("t", 3), fetcher.MemoryRecords(data), [], position, consumer._key_deserializer, None, True, 0
    )


GOOD = [(b"x:1", b"v" * 100, []), (b"x:2", b"w" * 100, [("h", b"1")])]


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "none"])
@pytest.mark.parametrize("as_parsed", [True, False])
def test_a_batch_too_large_is_told_record_by_record_and_what_stands_around_it_is_read(
    most: int, codec: str, as_parsed: bool
):
    kind = CODECS[codec]
    bomb: list[Any] = [(b"x:%d" % n, bytes(most // 3), []) for n in range(4)]
    data = batch(GOOD, kind, 4) + batch(bomb, kind, 8) + batch(GOOD, kind, 12)
    found = records(data, 5, as_parsed=as_parsed)
    read = list(found)
    assert [record.offset for record in read] == [5, 8, 9, 10, 11, 12, 13]
    assert [record.key for record in read] == [b"x:2", None, None, None, None, b"x:1", b"x:2"]
    assert [record.value for record in read[1:5]] == [None] * 4
    assert found.next_fetch_offset == 14
    if as_parsed:
        unread = [record for record in read if isinstance(record, Unread)]
        assert len(unread) == 4
        assert "the batch of the offsets 8 to 11" in unread[0].why
        assert f"at most {most}" in unread[0].why


def test_a_fetch_ends_with_the_batch_that_makes_it_too_large_and_the_rest_is_fetched_again(most: int):
    half: list[Any] = [(b"x:%d" % n, bytes(most // 4), []) for n in range(3)]
    data = b"".join(batch(half, 4, 3 * n) for n in range(5))
    found = records(data)
    assert [record.offset for record in found] == [0, 1, 2, 3, 4, 5]
    assert found.next_fetch_offset == 6
    plain = b"".join(batch(half, 0, 3 * n) for n in range(5))
    assert len(list(records(plain))) == 15, "uncompressed it is as large as the fetch"


def test_a_mention_that_was_not_unpacked_is_a_dead_letter_that_says_why():
    core = cores.score(cores.settings())
    made = core.slice("t", 1, 0, [Unread(7, 1_000, 0, "too_large", "too large to tell")])
    (letter,) = made.letters
    assert dict(letter.headers)["reason"] == b"too_large"
    assert dict(letter.headers)["detail"] == b"too large to tell"
    assert (letter.key, letter.value) == (b"#none|1|7", b""), "without a value compaction would take it away"
    assert made.outcomes["dead_letter"] == 1
