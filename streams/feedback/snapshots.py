"""Snapshots of what labels taught: how one is cut into records, and which of those found is taken up again.

A snapshot is the fold's state after the labels before `offset`. It saves reading the whole topic `feedback` at each
start, nothing more: without a usable one the topic is read from its beginning, and ends in the same state. Two slots take
turns, so that a process that dies while it writes one leaves the other whole.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from detectors.text.feedback import RULES, FeedbackState
from streams.sealed import Seal

log = logging.getLogger(__name__)

EVERY: Final = 100
"""Labels between two snapshots: what a start has to read again at most."""
PART_BYTES: Final = 900_000
"""Bytes of one record's piece: below the megabyte that any Kafka takes."""
SLOTS: Final = 2
_SEAL: Final = Seal(b"TF", "part of a snapshot", (1,), ValueError)


class Part(Struct):
    """One record: a piece of a snapshot, with what tells whose."""

    offset: int
    """The next record of `feedback` to read."""
    number: int
    parts: int
    sha256: bytes
    """Of all pieces together."""
    source: str
    """Id of the topic `feedback`: offsets of a topic made anew mean something else."""
    data: bytes


class Found(Struct):
    """The snapshot to take up."""

    offset: int
    state: FeedbackState


def due(state: FeedbackState) -> bool:
    """Whether a snapshot is to be written at this place; it depends on the labels alone, not on who reads them."""
    return state.read > 0 and state.read % EVERY == 0


def encode(state: FeedbackState, offset: int, source: str) -> list[tuple[bytes, bytes]]:
    """Return the records (key, value) that hold `state`. Equal states at equal offsets give equal records."""
    packed = zlib.compress(state.to_bytes(), 1)
    pieces = [packed[i : i + PART_BYTES] for i in range(0, len(packed), PART_BYTES)]
    sha = hashlib.sha256(packed).digest()
    slot = state.read // EVERY % SLOTS
    records = []
    for number, piece in enumerate(pieces):
        part = Part(offset, number, len(pieces), sha, source, piece)
        records.append((f"{slot}|{number}".encode(), _SEAL.close(part)))
    return records


def choose(records: Mapping[bytes, bytes], source: str, base: str, end: int) -> Found | None:
    """Return the furthest usable snapshot among `records` (key -> last value); None where there is none.

    Usable is one that is whole, of this topic `feedback` (`source`) and not beyond its `end`, by the same rules and of the
    same shared model (`base`). Others are passed over and named in the log.
    """
    sets: dict[bytes, list[Part]] = {}  # of a snapshot that was written over, single parts may be left
    for key, value in records.items():
        try:
            part = _SEAL.open(Part, value)
            sets.setdefault(part.sha256, []).append(part)
        except ValueError as error:
            log.warning("feedback-snapshots: %s is passed over: %s", key.decode(errors="replace"), error)
    usable: list[Found] = []
    for parts in sets.values():
        try:
            found = _whole(parts, source, end)
            if found.state.rules != RULES:
                raise ValueError(f"it was learnt by rules {found.state.rules}, in use are {RULES}")
            if found.state.base != base:
                raise ValueError(f"it is of the model {found.state.base}, in use is {base}")
        except ValueError as error:
            log.info("feedback-snapshots: the one up to offset %d is passed over: %s", parts[0].offset, error)
        else:
            usable.append(found)
    return max(usable, key=lambda found: found.offset, default=None)


def _whole(parts: list[Part], source: str, end: int) -> Found:
    """Return what `parts` of one snapshot hold; raises ValueError."""
    first = parts[0]
    by_number = {part.number: part.data for part in parts}
    if set(by_number) != set(range(first.parts)):
        raise ValueError(f"{len(by_number)} of {first.parts} parts are there")
    if first.source != source:
        raise ValueError("the topic feedback was made anew since")
    if first.offset > end:
        raise ValueError(f"it ends at offset {first.offset}, the topic at {end}")
    packed = b"".join(by_number[number] for number in range(first.parts))
    if hashlib.sha256(packed).digest() != first.sha256:
        raise ValueError("the parts do not fit each other")
    try:
        return Found(first.offset, FeedbackState.from_bytes(zlib.decompress(packed)))
    except zlib.error as error:
        raise ValueError(f"it cannot be unpacked: {error}") from None
