"""How records that are Tocsin's own are written: what it is (two letters), schema (one byte), CRC-32, MessagePack.

Checkpoints and snapshots outlive the program that wrote them. So each says what it is and by which schema, and one that was
damaged, or is of a schema that this version does not know, is refused and not misread.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)
HEAD: Final = 7
"""Bytes before the MessagePack."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One kind of record.

    Attributes:
        magic: The two letters.
        what: What it is, in words.
        readable: The schemas that are known, in order; the last one is written.
        error: What is raised for a record that is not what was written; its message goes behind the record's name.
    """

    magic: bytes
    what: str
    readable: Sequence[int]
    error: type[Exception]

    def close(self, record: Struct) -> bytes:
        """Return `record` as bytes."""
        body = msgspec.msgpack.encode(record)
        return self.magic + bytes([self.readable[-1]]) + zlib.crc32(body).to_bytes(4, "big") + body

    def open(self, type_: type[T], value: bytes) -> T:
        """Return the record in `value`; raises `error`."""
        if value[:2] != self.magic or len(value) < HEAD:
            raise self.error(f"it is no {self.what}")
        if value[2] not in self.readable:
            first, last = self.readable[0], self.readable[-1]
            known = f"{last} is" if first == last else f"{first} to {last} are"
            raise self.error(f"schema {value[2]} is not known here, {known}")
        body = value[HEAD:]
        if zlib.crc32(body) != int.from_bytes(value[3:HEAD], "big"):
            raise self.error("its checksum does not fit: the record is damaged")
        try:
            return msgspec.msgpack.decode(body, type=type_)
        except msgspec.DecodeError as error:
            raise self.error(f"it cannot be read: {error}") from error
