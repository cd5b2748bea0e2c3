"""The two shapes in which records enter and leave a core: what was read, and what is to be written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """What a core reads of a Kafka record (those of aiokafka and of its parser have all of it)."""

    @property
    def offset(self) -> int:
        """Offset in its partition."""
        ...

    @property
    def timestamp(self) -> int:
        """Append time, epoch ms."""
        ...

    @property
    def key(self) -> bytes | None:
        """Key."""
        ...

    @property
    def value(self) -> bytes | None:
        """Value; None is a tombstone."""
        ...


class Read(NamedTuple):
    """A record that did not come from Kafka; `timestamp` is its append time in epoch milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Unread(NamedTuple):
    """A record of which nothing can be read but where it is; the fields are those of aiokafka's parser's records."""

    offset: int
    timestamp: int
    timestamp_type: int
    reason: str
    """`too_large` or `unreadable`."""
    why: str
    key: None = None
    value: None = None
    headers: tuple[()] = ()
    checksum: None = None


class Write(NamedTuple):
    """A record to append; without a `partition` Kafka's default partitioner picks one by key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()
