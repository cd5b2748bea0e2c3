"""Rows of a brand on their way into its open minutes: what is a repeat, an update, too late, or counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas import scored
from schemas.times import MINUTE
from streams.watch.agenda import Agenda
from streams.watch.minutes import Arrivals, Chunk, OpenMinute, minute_of
from streams.watch.state import Brand, Known, known_from

AHEAD: Final = 30_000
"""How far (ms) beyond its partition's last tick a mention may have been said to count for the early trigger."""


@dataclass(slots=True)
class Intake:
    """Takes up rows, of which what follows depends on the rows themselves and on what the brand remembers.

    Attributes:
        agenda: Where a minute that opens is planned.
        lateness: Milliseconds.
        bounded: Whether what was said long after the last tick is no arrival of its minute.
    """

    agenda: Agenda
    lateness: int
    bounded: bool

    @property
    def hold(self) -> int:
        """Milliseconds from the start of a minute to its close."""
        return MINUTE + self.lateness

    def take(self, brand: Brand, offset: int, chunk: Chunk, clock: int, *, counting: bool) -> bool:
        """Take up `chunk`, rows of `brand` in the record at `offset`; return whether some are news to the early trigger.

        `counting` is False for what a restart reads again.
        """
        late = (chunk.rows["flags"] & scored.LATE) != 0
        if late.any() and not self._in_time(brand, chunk):
            brand.tally.late += counting * int(np.count_nonzero(late))
            chunk = chunk.kept(~late)
        minutes = (chunk.rows["time"] // MINUTE * MINUTE).tolist()
        first_time: list[bool] = []
        kept: list[int] = []
        seen, hold = brand.seen, self.hold
        alike: dict[tuple[int, int, int], Known] = {}  # most rows of a chunk are remembered by the same few figures
        duplicates = 0
        mentions, revs, labels = (chunk.rows[column].tolist() for column in ("mention", "rev", "label"))
        for i, mention in enumerate(mentions):
            known = seen.get(mention)
            if known is not None and labels[i] >= known.until(hold):
                known = None
            if known is None:
                figures = (revs[i], minutes[i], labels[i])
                same = alike.get(figures)
                if same is None:
                    same = alike[figures] = known_from(revs[i], minutes[i], offset, labels[i])
                seen[mention] = same
            else:
                if minutes[i] != known.last:
                    known = self._follow(brand, mention, known, minutes[i])
                if known.rev >= revs[i]:
                    duplicates += 1
                    continue
                brand.replace(mention, revs[i], labels[i] - hold, known.last)
                seen[mention] = known._replace(rev=revs[i])
            if minutes[i] < brand.closed:  # only after a restart: the brand's checkpoint has closed this minute
                brand.strays.append(mention)
                brand.tally.late += counting
                continue
            kept.append(i)
            first_time.append(known is None)
        if counting:
            brand.tally.duplicate += duplicates
            brand.tally.applied += len(kept)
        if not kept:
            return False
        if len(kept) < len(mentions):
            mask = np.zeros(len(mentions), bool)
            mask[kept] = True
            chunk = chunk.kept(mask)
        return self._keep(offset, chunk, brand, np.array(first_time), clock)

    def retract(self, brand: Brand, mention: int, rev: int, label: int) -> None:
        """Take revisions of `mention` below `rev` from the open minutes of `brand`."""
        known = brand.seen.get(mention)
        if known is not None and label < known.until(self.hold) and known.rev < rev:
            brand.replace(mention, rev, label - self.hold, known.last)
            # A deletion is final; an update leaves its own revision to come.
            brand.seen[mention] = known._replace(rev=rev - 1)

    def _in_time(self, brand: Brand, chunk: Chunk) -> bool:
        """Return whether a late row is an update of what its still open minute holds: it takes that one's place."""
        row = chunk.rows[0]
        known = brand.seen.get(int(row["mention"]))
        return (
            row["op"] == scored.UPDATE  # then it comes alone
            and known is not None
            and int(row["label"]) < known.until(self.hold)
            and int(row["time"]) // MINUTE * MINUTE == known.last
        )

    def _follow(self, brand: Brand, mention: int, known: Known, start: int) -> Known:
        """Remember a mention that says another minute than before until that one closes too.

        That minute then rests on where the mention was first met: recovery must begin there to decide the same.
        """
        if start >= brand.closed:
            minute = self._minute(brand, start, known.offset)
            minute.offset = min(minute.offset, known.offset)
            minute.repeated.append(mention)
        else:
            brand.strays.append(mention)
        known = known._replace(last=max(known.last, start))
        brand.seen[mention] = known
        return known

    def _minute(self, brand: Brand, start: int, offset: int) -> OpenMinute:
        minute = brand.minutes.get(start)
        if minute is None:
            minute = brand.minutes[start] = OpenMinute(start, offset)
            self.agenda.plan(start + self.hold, brand.name)
        return minute

    def _keep(self, offset: int, chunk: Chunk, brand: Brand, first_time: NDArray[np.bool_], clock: int) -> bool:
        for start, part in chunk.by_minute(chunk.rows["time"]):
            self._minute(brand, start, offset).chunks.append(part)
        # What arrived before the minute that the clock is in has been judged; refilling must not judge it again.
        arrived = first_time & (chunk.rows["label"] >= max(minute_of(clock), 1))
        if self.bounded:
            # What was said long after the last tick did not arrive within its minute: nobody watched.
            arrived &= chunk.rows["time"] <= chunk.rows["label"] + AHEAD
        if not arrived.any():
            return False
        new = chunk if arrived.all() else chunk.kept(arrived)
        for start, part in new.by_minute(new.rows["label"]):
            arrivals = brand.arrivals.get(start)
            if arrivals is None:
                arrivals = brand.arrivals[start] = Arrivals(start)
                self.agenda.plan(start + MINUTE, brand.name)
            arrivals.add(part)
        return True
