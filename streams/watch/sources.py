"""The source partitions as one partition of `scored` sees them: their progress, their account, and when nobody watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from schemas import scored
from schemas.scored import ScoredBatch
from streams.watch import blind
from streams.watch.blind import Gap
from streams.watch.state import Source, Tally

_CODES: Final = (
    ("scored", scored.SCORED), ("unmatched", scored.UNMATCHED),
    ("dead_letter", scored.DEAD_LETTER), ("control", scored.CONTROL),
)  # fmt: skip


class Sources:
    """All of them; a topic `mentions` that was made anew has others."""

    def __init__(self, expected: int, blind_after: int) -> None:
        """Begin without any.

        Args:
            expected: Partitions of `mentions`; time stands until every one has shown a tick.
            blind_after: Milliseconds between two ticks of a partition from which nobody is taken to have watched; 0: never.
        """
        self._expected = expected
        self._blind_after = blind_after
        self._all: dict[tuple[str, int], Source] = {}
        self._gaps: list[Gap] = []
        """Of all sources together, in order, until they have been told."""

    def of(self, batch: ScoredBatch) -> Source:
        """Return the source of `batch`; it may be new."""
        key = (batch.source, batch.partition)
        found = self._all.get(key)
        if found is None:
            found = self._all[key] = Source(*key)
        return found

    def __iter__(self) -> Iterator[Source]:
        return iter(self._all.values())

    def count_outcomes(self, source: Source, batch: ScoredBatch) -> None:
        """Count what became of the source's offsets, each once."""
        if not batch.outcomes or batch.last <= source.counted:
            return
        fresh = batch.outcomes[max(0, source.counted + 1 - batch.first) :]
        for name, code in _CODES:
            if count := fresh.count(code):
                setattr(source.tally, name, getattr(source.tally, name) + count)
        source.counted = batch.last

    # --- time ----------------------------------------------------------------------------------------------------

    def least_progress(self, topic: str) -> int:
        """Return the least progress of all partitions of `topic`, epoch ms; 0 where one has shown no tick."""
        known = [source.progress for source in self if source.topic == topic]
        return min(known) if len(known) >= self._expected else 0

    def go_on(self, source: Source, tick: int) -> None:
        """Set a source's progress to `tick` (epoch ms), which lies beyond it; note where nobody watched between."""
        if 0 < self._blind_after < tick - source.progress and source.progress:
            source.gaps.append((source.progress, tick))
            self._gaps = self._merged()
        source.progress = tick

    def unseen(self, at: int) -> Gap | None:
        """Return the time without a watcher before whose end what is decided at `at` (epoch ms) could not be known."""
        return self._gaps[0] if self._gaps and blind.covers(self._gaps[0], at) else None

    def seen_again(self, now: int, *, exact: bool) -> Iterator[Gap]:
        """Take off, one by one, the gaps that are over: by the clock, or before the minute boundary `now`."""
        while self._gaps and now >= (self._gaps[0][1] if exact else blind.past(self._gaps[0])):
            gap = self._gaps.pop(0)
            for source in self:
                source.gaps = [one for one in source.gaps if not gap[0] <= one[0] < gap[1]]
            yield gap

    def _merged(self) -> list[Gap]:
        return blind.merged(gap for source in self for gap in source.gaps)

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def records(self) -> list[Source]:
        """Return what is written down of them."""
        return [
            Source(s.topic, s.partition, s.last, s.counted, s.progress, s.tally.copy(), list(s.gaps), s.before)
            for s in self
        ]

    def restore(self, records: Iterable[Source]) -> None:
        """Take up a checkpoint."""
        self._all = {(source.topic, source.partition): source for source in records}
        self._gaps = self._merged()

    def tally(self) -> Tally:
        """Return the account of the input: where every offset went."""
        total = Tally()
        for source in self:
            total.add(source.tally)
        return total
