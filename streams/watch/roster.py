"""The brands of a partition: how they come, follow the watch list, leave, and come back.

A brand is there from its first row on. A change of the watch list counts for it at the first minute boundary from its moment
on, whether anybody speaks of the brand or not. One that leaves ends there; one that comes back is another brand of the same
name, which goes on with the account alone. A source partition that is ahead may bring rows of that one before the other has
left: they wait here.

The rules have their names in docs/protocol.md, "When brands come and go".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from detectors.monitor import BrandMonitor
from schemas.events import Alert
from schemas.times import MINUTE
from streams.brands.registry import Change
from streams.watch.agenda import Agenda
from streams.watch.blind import Gap
from streams.watch.minutes import Chunk, minute_of
from streams.watch.state import Brand, BrandRecord, PartitionRecord, Tally
from streams.watch.verdicts import Effect

NewMonitor = Callable[[str, int], BrandMonitor]
"""Of a brand as it is on the watch list at a time (epoch ms)."""
LoadMonitor = Callable[[str, bytes, int], BrandMonitor]
"""The same from its state."""


class WatchList(Protocol):
    """How the watch list has changed; see `streams.brands.registry`."""

    def change_at(self, brand: str, at: int) -> Change | None:
        """Return what last changed `brand` by the time `at` (epoch ms); None where nothing did."""
        ...

    def leaves_at(self, brand: str, after: int) -> int | None:
        """Return the first minute boundary beyond `after` (epoch ms) at which `brand` has left; None where none is known."""
        ...

    def left_at(self, brand: str, by: int) -> int:
        """Return the last minute boundary up to `by` (epoch ms) at which `brand` had left; 0 where none is known."""
        ...

    def taken(self, beyond: int) -> Sequence[tuple[int, str]]:
        """Return from when on changes count (epoch ms), and of which brand; the first `beyond` that came are left out."""
        ...


class Retracted(NamedTuple):
    """Revisions of `mention` below `rev` are gone; `label` is their partition's time."""

    mention: int
    rev: int
    label: int


Coming = tuple[int, Chunk | Retracted]
"""Offset on `scored`, and rows or a retraction."""


class Roster:
    """Who is there, who has left, and what waits for one that comes back.

    Attributes:
        brands: Those that are there, by name.
        left: The accounts of brands that have left the watch list, by name.
        former: The account of all that had left, as an older checkpoint has put them together.
    """

    def __init__(
        self, lateness: int, new_monitor: NewMonitor, load_monitor: LoadMonitor, watch_list: WatchList
    ) -> None:
        """Begin without a brand; `lateness` (ms) is how much later than its end a minute closes."""
        self.brands: dict[str, Brand] = {}
        self.left: dict[str, Tally] = {}
        self.former = Tally()
        self._lateness = lateness
        self._new_monitor = new_monitor
        self._load_monitor = load_monitor
        self._list = watch_list
        self._planned = 0
        """Changes of the watch list that stand in the agenda."""
        self._waiting: dict[str, tuple[int, list[Coming]]] = {}
        """By name: the boundary at which the brand leaves, and what is of the one that comes back."""

    # --- rows ----------------------------------------------------------------------------------------------------

    def join(self, name: str, label: int, clock: int) -> Brand:
        """Have the brand `name` come, of which a partition that had come to `label` (epoch ms) has brought the first row."""
        now = max(label, clock)
        change = self._list.change_at(name, now)
        brand = Brand(name, self._new_monitor(name, max(clock, change.since if change is not None else 0)))
        brand.begun = self._list.left_at(name, now)
        brand.closed = minute_of(clock) - self._lateness if clock else 0
        # What comes of a brand after it has left is let go again with the next minute.
        brand.since = change.since if change is not None and not change.entry.removed else 0
        brand.tally = self.left.pop(name, brand.tally)
        self.brands[name] = brand
        return brand

    def before_leaving(self, name: str, since: int, offset: int, chunk: Chunk) -> Chunk | None:
        """Return what of `chunk`, rows in the record at `offset`, is of the brand as it is; None for nothing.

        The others wait. `since` is the moment (epoch ms) of the brand's last change, or the clock where it is not there yet.
        """
        leaves = self._list.leaves_at(name, since)
        if leaves is None:
            return chunk
        after = chunk.rows["label"] >= leaves
        if not after.any():
            return chunk
        self._waiting.setdefault(name, (leaves, []))[1].append((offset, chunk.kept(after)))
        return None if after.all() else chunk.kept(~after)

    def retract(self, offset: int, told: Retracted) -> None:
        """Have what the record at `offset` retracts wait as well: it may be of rows that do."""
        for _, coming in self._waiting.values():
            coming.append((offset, told))

    def come_back(self, name: str, boundary: int) -> list[Coming]:
        """Take off, at the minute boundary `boundary`, what has waited until the brand `name` had left."""
        if name in self.brands or name not in self._waiting or boundary < self._waiting[name][0]:
            return []
        return self._waiting.pop(name)[1]

    # --- the watch list ------------------------------------------------------------------------------------------

    def plan(self, agenda: Agenda, earliest: int) -> None:
        """Put changes of the watch list into the agenda, at the first minute boundary from which they count."""
        for since, name in self._list.taken(self._planned):
            self._planned += 1
            agenda.plan(max(minute_of(since + MINUTE - 1), earliest), name)

    def change(self, brand: Brand, at: int) -> Change | None:
        """Return what changes `brand` at the minute boundary `at`; None where nothing does."""
        found = self._list.change_at(brand.name, at)
        return found if found is not None and found.since > brand.since else None

    def follow(self, brand: Brand, change: Change, at: int, unseen: Gap | None) -> Iterator[Effect]:
        """Let a brand follow the watch list: other settings, a baseline to begin with, or the end.

        `unseen` is the time without a watcher that `at` lies in.
        """
        brand.since = change.since
        closed = at - self._lateness
        if change.entry.removed:
            ended = [one for one in brand.monitor.let_go(closed, at) if isinstance(one, Alert)]
            yield from brand.unseen.last_words(ended, unseen) if unseen is not None else ended
            self.left[brand.name] = brand.tally
            del self.brands[brand.name]
        elif change.entry.baseline is not None and not brand.monitor.warm:
            yield from brand.monitor.let_go(closed, at)
            brand.monitor = self._new_monitor(brand.name, at)
        else:
            brand.monitor = self._load_monitor(brand.name, brand.monitor.dump(), at)

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def resting_on(self) -> Iterator[int]:
        """Yield the offsets on `scored` of what waits: recovery begins at or before them."""
        for _, coming in self._waiting.values():
            for offset, _ in coming:
                yield offset

    def restore(self, partition: PartitionRecord, brands: Iterable[BrandRecord]) -> None:
        """Take up a checkpoint."""
        self.former, self.left = partition.former, dict(partition.left)
        for record in brands:
            monitor = self._load_monitor(record.brand, record.monitor, record.since)
            self.brands[record.brand] = Brand.of(record, monitor)

    def tally(self) -> Tally:
        """Return the account of all rows: of brands that are there, and of those that have left."""
        total = self.former.copy()
        for part in (*(brand.tally for brand in self.brands.values()), *self.left.values()):
            total.add(part)
        return total
