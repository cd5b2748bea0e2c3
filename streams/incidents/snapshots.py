"""Snapshots of the fold's state, so that a new notifier reads the end of the journal and not 400 days of it.

A snapshot is what the journal had come to at a position: a function of the journal's prefix, so it does not matter who
wrote it, and of several the furthest counts. It is written in parts, each a record of its own under
`leader|number|part` (a leader's id is new at each assignment: nobody overwrites another's), and is whole only with all
its parts, so that a writer that dies half-way leaves the one before in force.

Encoding: `Part`, sealed (see `streams.sealed`) as `TN`; the parts' data together are zlib of MessagePack of
`NotifyState`. Fields may be added to the structs (with a default); whatever else changes takes a new schema number.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from streams.incidents.state import NotifyState
from streams.sealed import Seal

log = logging.getLogger(__name__)

PART_BYTES: Final = 900_000
"""Data of one record, under the usual limit of 1 MiB for one."""
MOST_BYTES: Final = 1 << 30
"""Of the state unpacked: a torn or foreign record must not fill the memory."""

_state = msgspec.msgpack.Decoder(NotifyState)


class Part(Struct, array_like=True):
    """One record of a snapshot."""

    owner: str
    number: int
    """Snapshots of one owner are counted from 1."""
    index: int
    count: int
    journal: str
    """Id of the topic `journal`: one made anew has other offsets."""
    position: int
    """All of the journal before this offset is in the state."""
    data: bytes


class BrokenSnapshotError(Exception):
    """A record is not what was written."""


_SEAL: Final = Seal(b"TN", "part of a snapshot", (1,), BrokenSnapshotError)


class Found(Struct):
    """The snapshot to take up."""

    state: NotifyState
    position: int
    owner: str
    number: int
    size: int
    """Bytes of its parts."""


def pack(state: NotifyState) -> bytes:
    """Return the state as MessagePack; quick, and later changes of the state do not show in it."""
    return msgspec.msgpack.encode(state)


def unpack(data: bytes) -> NotifyState:
    """Return the state that `pack` wrote; raises msgspec.DecodeError."""
    return _state.decode(data)


def parts(packed: bytes, journal: str, position: int, owner: str, number: int) -> list[tuple[bytes, bytes]]:
    """Return the (key, value) records of one snapshot."""
    data = zlib.compress(packed, 1)
    pieces = [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]
    found = []
    for index, piece in enumerate(pieces):
        part = Part(owner, number, index, len(pieces), journal, position, piece)
        found.append((key(owner, number, index), _SEAL.close(part)))
    return found


def key(owner: str, number: int, index: int) -> bytes:
    """Return the key of one part. Two numbers take turns, so that the snapshot before stays until the next is whole."""
    return f"{owner}|{number % 2}|{index}".encode()


def read_part(value: bytes) -> Part:
    """Return the part in a record's value; raises BrokenSnapshotError."""
    return _SEAL.open(Part, value)


def choose(records: Mapping[bytes, bytes], journal: str, end: int, *, replay: bool, partitions: int) -> Found | None:
    """Return the furthest whole snapshot of this journal among `records` (key -> last value), None where there is none.

    One that goes beyond the journal's `end`, or was made under another clock, is of no use. What cannot be read is
    told in the log and passed over: the journal itself is still there.
    """
    whole: dict[tuple[str, int], dict[int, Part]] = {}
    for raw, value in records.items():
        try:
            part = read_part(value)
        except BrokenSnapshotError as error:
            log.warning("notify: record %r of the snapshots is passed over: %s", raw, error)
            continue
        whole.setdefault((part.owner, part.number), {})[part.index] = part
    ready = [
        [mine[index] for index in range(mine[0].count)]
        for mine in whole.values()
        if 0 in mine and all(index in mine for index in range(mine[0].count))
    ]
    for mine in sorted(ready, key=lambda mine: (mine[0].position, mine[0].owner), reverse=True):
        first = mine[0]
        if first.journal != journal or first.position > end:
            continue
        try:
            state = unpack(_inflate(b"".join(part.data for part in mine)))
        except (BrokenSnapshotError, msgspec.DecodeError, zlib.error) as error:
            log.warning("notify: the snapshot at %d is passed over: %s", first.position, error)
            continue
        if (state.replay, state.partitions) == (replay, partitions if replay else state.partitions):
            return Found(state, first.position, first.owner, first.number, sum(len(part.data) for part in mine))
    return None


def _inflate(data: bytes) -> bytes:
    machine = zlib.decompressobj()
    whole = machine.decompress(data, MOST_BYTES)
    if not machine.eof:
        raise BrokenSnapshotError("it ends too early, or is too large")
    return whole


def tombstones(records: Iterable[bytes], keep: Iterable[bytes]) -> list[bytes]:
    """Return the keys among `records` that a snapshot just written makes needless."""
    return sorted(set(records) - set(keep))
