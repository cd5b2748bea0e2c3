"""How far one source partition may be ahead of the slowest: pure, without Kafka and without a clock.

Time closes minutes only as far as the slowest partition has come, so what a faster one brings beyond that waits in
memory. Here it waits in Kafka instead: a partition that has come more than ten minutes further than the slowest other one
gets no further slice. It is decided by how far it has come before the slice, so the slowest never waits and nothing can
come to a stand; by one slice it may be ahead further, which bounds memory all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from schemas.times import MINUTE

MOST_AHEAD: Final = 10 * MINUTE
"""Event time by which a partition may be ahead of the slowest one."""


class Skew:
    """How far each partition of `mentions` has come, and how much of what comes next may be taken.

    Args:
        partitions: how many there are, whoever reads them.
        time_of: what a record says about its partition's time (epoch ms); 0 where it says nothing.
    """

    def __init__(self, partitions: int, time_of: Callable[[Any], int]) -> None:
        self._partitions = partitions
        self._time_of = time_of
        self._own: dict[int, int] = {}
        self._others: dict[int, int] = {}

    def begin(self, own: Iterable[int]) -> None:
        """Read the partitions `own` from now on; what was known of them is forgotten: they may begin further back."""
        self._own = dict.fromkeys(own, 0)

    def forget_others(self) -> None:
        """Forget how far others have come: the topic was made anew, and so is its time."""
        self._others.clear()

    @property
    def strangers(self) -> list[int]:
        """Partitions that somebody else reads."""
        return [partition for partition in range(self._partitions) if partition not in self._own]

    def learn(self, progress: Mapping[int, int]) -> None:
        """Take up how far others have come, at the least: progress does not go back."""
        for partition, time in progress.items():
            self._others[partition] = max(time, self._others.get(partition, 0))

    def slowest_but(self, partition: int) -> tuple[int, int]:
        """Return (progress, partition) of the slowest one beside `partition`; progress 0: not known."""
        others = [
            (self._own[other] if other in self._own else self._others.get(other, 0), other)
            for other in range(self._partitions)
            if other != partition
        ]
        return min(others, default=(1 << 62, partition))

    def allowed(self, partition: int, records: Sequence[Any]) -> bool:
        """Return whether `records`, the next ones of `partition`, may be taken now; they then count as taken."""
        if partition not in self._own:
            return True
        progress = self._own[partition]
        if progress > self.slowest_but(partition)[0] + MOST_AHEAD:
            return False
        latest = next((time for time in map(self._time_of, reversed(records)) if time), 0)
        self._own[partition] = max(progress, latest)
        return True
