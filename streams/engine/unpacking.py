"""Compressed batches of records, unpacked within bounds.

A batch of a megabyte can hold gigabytes of nothing, and aiokafka unpacks each in one piece, several copies at a time: one such batch on
a topic that others write to would have worker after worker killed for its memory. What would become larger than `MOST` is
handed out as records without key and value that say why.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import cramjam
import numpy as np
from aiokafka.codec import snappy_decode

from streams.engine.records import Unread

log = logging.getLogger(__name__)

MOST: Final = 64 * 1_048_576
"""Bytes of a batch without its compression. Brokers take a megabyte of `mentions` at once, and talk packs into a tenth at best."""
MOST_FETCHED: Final = 32 * 1_048_576
"""Bytes of a partition's fetch without compression, after which the rest is fetched again later."""
HEADER: Final = 61
"""Bytes before the records in a batch of message format 2."""
_LENGTH: Final = struct.Struct(">i")
_LENGTH_AT, _LENGTH_FROM, _CODEC_AT = 8, 12, 22
_CODEC_BITS: Final = 0b111
_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = 16
_PIECE: Final = 8_192
_GZIP: Final = 31  # window bits: 15, and 16 for the frame of gzip


class UnpackingError(ValueError):
    """A batch would become larger than it may, or is not what its codec makes."""


class Bounded:
    """A compressed batch of aiokafka's, in all but how it is unpacked; `raw` are its bytes, and `took` is told how many it became."""

    def __init__(self, batch: Any, raw: memoryview, took: Callable[[int], None]) -> None:
        self._batch = batch
        self._raw = raw
        self._took = took

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        batch = self._batch
        try:
            plain = unpacked(batch.compression_type, self._raw[HEADER:], MOST)
        except UnpackingError as error:
            first, last = batch.base_offset, batch.next_offset - 1
            why = (
                f"the batch of the offsets {first} to {last}, {len(self._raw)} bytes, cannot be unpacked into at most {MOST}: "
                f"{error}; its records may come again in smaller batches"
            )
            return unread(batch, first, "too_large", why)
        self._took(len(plain))
        header = bytearray(self._raw[:HEADER])
        header[_CODEC_AT] &= ~_CODEC_BITS & 0xFF
        _LENGTH.pack_into(header, _LENGTH_AT, HEADER - _LENGTH_FROM + len(plain))
        return iter(type(batch)(b"".join((header, plain))))


def unread(batch: Any, first: int, reason: str, why: str) -> Iterator[Unread]:
    """Return what stands for the records of `batch` from the offset `first` on, none of which can be read."""
    log.error("%s; none of them is read", why)
    return (
        Unread(offset, batch.max_timestamp, batch.timestamp_type, reason, why)
        for offset in range(first, batch.next_offset)
    )


def unpacked(codec: int, data: memoryview, most: int) -> bytes | memoryview:
    """Return `data` without its compression, by Kafka's number of the codec.

    Raises:
        UnpackingError: It would have more than `most` bytes, or is not what the codec makes.
    """
    try:
        return _CODECS[codec](bytes(data), most)
    except (zlib.error, cramjam.DecompressionError, struct.error, KeyError) as error:
        raise UnpackingError(str(error)) from error


def _gzip(data: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    left, member, begun = most, zlib.decompressobj(_GZIP), False
    # In small pieces: what is beyond the bound is noticed soon; and what is left behind each member, of which a batch may have hundreds
    # of thousands, is copied.
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        while piece:
            parts.append(member.decompress(piece))  # at most a thousand times as much
            left -= len(parts[-1])
            if left < 0:
                raise UnpackingError("it would be larger")
            piece, begun = member.unused_data, not member.eof
            if member.eof:
                member = zlib.decompressobj(_GZIP)
    if begun:
        raise UnpackingError("its end is missing")
    return b"".join(parts)


def _snappy(data: bytes, most: int) -> bytes:
    if _snappy_size(data) > most:
        raise UnpackingError("it would be larger")
    plain: bytes = snappy_decode(data)
    return plain


def _snappy_size(data: bytes) -> int:
    """Return how large `data` says that it will be: one block, or several with their lengths before them (xerial's format)."""
    if not data.startswith(_XERIAL):
        return int(cramjam.snappy.decompress_raw_len(data))
    size, at = 0, _XERIAL_HEADER
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        if length <= 0:
            raise UnpackingError(f"a block of {length} bytes")
        at += _LENGTH.size
        size += int(cramjam.snappy.decompress_raw_len(data[at : at + length]))
        at += length
    return size


def _into_room(unpack: Callable[[bytes, Any], int]) -> Callable[[bytes, int], memoryview]:
    def unpacked_into(data: bytes, most: int) -> memoryview:
        room = np.empty(most, np.uint8)  # of which the system gives only the pages that are written to
        return room.data[: unpack(data, room)]

    return unpacked_into


_CODECS: Final[dict[int, Callable[[bytes, int], bytes | memoryview]]] = {
    1: _gzip, 2: _snappy, 3: _into_room(cramjam.lz4.decompress_into), 4: _into_room(cramjam.zstd.decompress_into),
}  # fmt: skip
