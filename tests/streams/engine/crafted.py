"""Batches of message format 2 that no client makes, byte by byte (Kafka's protocol guide, "Record Batch"), and how to send them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c, encode_varint_py

PACKERS: dict[int, Any] = {0: bytes, 1: gzip_encode, 2: snappy_encode, 3: lz4_encode, 4: zstd_encode}
Headers = Sequence[tuple[bytes, bytes]]
LATIN: Headers = [(b"qualit\xe9", b"1")]


def varint(number: int) -> bytes:
    out = bytearray()
    encode_varint_py(number, out.append)
    return bytes(out)


def record(offset: int, key: bytes, value: bytes, headers: Headers = (), *, lie: int = 0) -> bytes:
    """Return a record whose length is wrong by `lie`."""
    body = (
        b"\0" + varint(0) + varint(offset) + varint(len(key)) + key + varint(len(value)) + value + varint(len(headers))
    )
    for name, content in headers:
        body += varint(len(name)) + name + varint(len(content)) + content
    return varint(len(body) + lie) + body


def batch(records: Sequence[bytes], codec: int, base: int = 0, *, packed: bytes | None = None) -> bytes:
    """Return a batch of `records`; `packed` stands in place of what the codec makes of them."""
    payload = bytes(PACKERS[codec](b"".join(records))) if packed is None else packed
    count = len(records)
    after = struct.pack(">hiqqqhii", codec, count - 1, 1_000, 1_000, -1, -1, -1, count) + payload
    tail = struct.pack(">iBI", 0, 2, calc_crc32c(after)) + after
    return struct.pack(">qi", base, len(tail)) + tail


def lying(codec: int, base: int = 0, headers: Headers = ()) -> bytes:
    """Return a batch of three records, the second of which is said to be longer than it is."""
    parts = [record(0, b"x:a", b"1"), record(1, b"x:b", b"2", headers, lie=1), record(2, b"x:c", b"3")]
    return batch(parts, codec, base)


def phantom(codec: int, base: int = 0) -> bytes:
    """Return a batch in which whoever believes the first record's length finds one of offset 1,000,000 in the second's value."""
    ghost = record(1_000_000, b"x:ghost", b"boo")
    second = record(1, b"x:b", ghost + b"tail")
    first = record(0, b"x:a", b"1", LATIN, lie=second.index(ghost))
    return batch([first, second], codec, base)


def doubled_frame(base: int = 0) -> bytes:
    """Return a batch with a second lz4 frame, which brokers do not look at."""
    whole = [record(0, b"x:a", b"1"), record(1, b"x:b", b"2")]
    return batch(whole, 3, base, packed=bytes(lz4_encode(b"".join(whole))) + bytes(lz4_encode(b"junk")))


class _Ready(BatchBuilder):
    def __init__(self, data: bytes) -> None:
        super().__init__(1 << 22, 0, is_transactional=False, key_serializer=None, value_serializer=None)
        self.append(timestamp=1_000, key=b"k", value=b"v")
        self._data = data

    def _build(self) -> bytearray:
        super()._build()
        self._buffer = self.get_buffer()
        return self._buffer

    def get_buffer(self) -> bytearray:
        return bytearray(self._data)


def send(bootstrap: str, topic: str, *batches: bytes) -> list[int]:
    """Have the broker append `batches` to partition 0 as they are; return their first offsets."""

    async def sending() -> list[int]:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks=1)
        await producer.start()
        try:
            found = []
            for data in batches:
                ready = _Ready(data)
                ready.close()
                found.append((await (await producer.send_batch(ready, topic, partition=0))).offset)
            return found
        finally:
            await producer.stop()

    return asyncio.run(sending())
