"""A Kafka in memory: partitions with offsets and append times, compaction, and producers that die in mid-send."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from streams.engine.records import Headers, Write


class Crashed(BaseException):
    """The process has died here; BaseException, as nothing may catch it."""


class Stored(NamedTuple):
    """A record in a partition."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Memory:
    """Topics by name; `now` is the broker's clock in epoch milliseconds, which records are stamped with."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._logs: dict[tuple[str, int], list[Stored]] = {}
        self._ends: dict[tuple[str, int], int] = {}

    def append(self, write: Write) -> int:
        """Append a record; return its offset."""
        where = write.topic, write.partition or 0
        offset = self._ends.get(where, 0)
        self._ends[where] = offset + 1
        record = Stored(offset, self.now, write.key, write.value, write.headers)
        self._logs.setdefault(where, []).append(record)
        return offset

    def read(self, topic: str, partition: int, start: int = 0) -> list[Stored]:
        """Return what there is from offset `start` on."""
        return [r for r in self._logs.get((topic, partition), []) if r.offset >= start]

    def end(self, topic: str, partition: int) -> int:
        """Return the offset that the next record gets."""
        return self._ends.get((topic, partition), 0)

    def compact(self, topic: str, partition: int) -> None:
        """Keep the last record of each key."""
        log = self._logs.get((topic, partition), [])
        last = {record.key: record.offset for record in log}
        self._logs[topic, partition] = [r for r in log if last[r.key] == r.offset]


class Producer:
    """One process's producer. Its writes are in flight together: where the process dies, any part of them has landed."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.left: int | None = None
        """Records that may still be appended before the process dies; None: it lives."""
        self.backwards = False
        """Whether the broker takes records to different partitions in the other order."""

    async def send(self, writes: Sequence[Write]) -> list[int]:
        """Append `writes`; raises Crashed where the process dies."""
        offsets = []
        order = sorted(writes, key=lambda w: -(w.partition or 0)) if self.backwards else writes
        for write in order:
            await asyncio.sleep(0)  # here another task of the process has its turn
            if self.left is not None:
                if self.left == 0:
                    raise Crashed
                self.left -= 1
            offsets.append(self._memory.append(write))
        if self.left == 0:  # all is there, the answer is not
            raise Crashed
        return offsets
