"""A brand that leaves the watch list, and comes back: in silence, in an outage, within open minutes, over a restart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest

from schemas import scored
from schemas.events import Alert, BrandEntry, Window
from schemas.times import MINUTE, SECOND
from streams import wiring
from streams.brands.registry import GRACE, Registry
from streams.settings import Settings
from streams.watch.core import WatchCore, WatchSettings
from streams.watch.state import BrandRecord, PartitionRecord, Tally
from streams.watch.verdicts import Effect
from tests.model.monitor import SmallMonitor
from tests.streams import cores
from tests.streams.cores import T0, Log, mention


class Stream:
    """A log of two brands, and a watch list with entries that count from a moment after `T0`."""

    def __init__(self, *entries: tuple[bool, int]) -> None:
        self.settings: Settings = cores.settings("Acme", "Bolt")
        self.known = Registry(self.settings.brands)
        for removed, counts_from in entries:
            entry = BrandEntry("Acme", "alice", datetime(2026, 3, 2, tzinfo=UTC), removed=removed)
            self.known.take(entry, T0 + counts_from - GRACE)
        self.log = Log()
        self._number = 0

    def say(self, brand: str, at: int, count: int = 1) -> None:
        for _ in range(count):
            self._number += 1
            self.log.say(mention(self._number, at, text="what a day", brand=brand), at=at)

    def core(self) -> WatchCore:
        return wiring.watch_core(self.settings, 0, "test", brands=self.known)

    def batches(self, cut: Sequence[int] | None = None) -> list[bytes]:
        score = wiring.score_core(self.settings, cores.model(), brands=self.known)
        cuts = range(1, len(self.log.records)) if cut is None else cut
        return [value for _, value in cores.scored_log(score, self.log, cuts)]


def taken_up(core: WatchCore, partition: PartitionRecord, brands: Iterable[BrandRecord], batches: list[bytes]) -> None:
    core.restore(partition, brands)
    for offset in range(partition.replay_from, partition.applied + 1):
        core.refill(offset, scored.decode(batches[offset]))
    core.finish_refill()


def windows(effects: Iterable[Effect]) -> dict[tuple[str, int], int]:
    return {
        (e.brand, round((e.start.timestamp() * 1_000 - T0) / MINUTE)): e.count for e in effects if isinstance(e, Window)
    }


def test_a_brand_that_is_silent_leaves_in_its_time_and_its_silence_ends():
    days = 5 * 24 * 60
    stream = Stream((True, (days + 8 * 60) * MINUTE))
    for minute in range(days):
        at = T0 + minute * MINUTE
        stream.log.tick(at)
        stream.say("Acme", at + SECOND, 2)
    for minute in range(days, days + 12 * 60):
        stream.log.tick(T0 + minute * MINUTE)
    core = stream.core()
    effects = cores.apply(core, stream.batches(range(0, len(stream.log.records), 200)))
    silence = [e for e in effects if isinstance(e, Alert) and e.signal == "silence"]
    assert [e.status for e in silence] == ["firing", "resolved"]
    assert silence[-1].reason == "Acme is no longer watched."
    assert "Acme" not in core.brands
    assert core.tally().applied == 2 * days


@pytest.mark.parametrize("restart", [False, True])
def test_one_that_left_and_came_back_in_silence_begins_anew_with_and_without_a_restart(restart: bool):
    days = 2 * 24 * 60
    stream = Stream((True, (days + 20) * MINUTE), (False, (days + 40) * MINUTE))
    for minute in range(days):
        at = T0 + minute * MINUTE
        stream.log.tick(at)
        stream.say("Acme", at + SECOND, 2)
    cut = len(stream.log.records)
    for minute in range(days, days + 60):
        stream.log.tick(T0 + minute * MINUTE)
    stream.say("Acme", T0 + (days + 59) * MINUTE + SECOND)
    for minute in range(days + 60, days + 65):
        stream.log.tick(T0 + minute * MINUTE)
    batches = stream.batches([*range(0, cut, 200), cut])
    core = stream.core()
    cores.apply(core, batches[:-1])
    if restart:
        brands, partition = list(core.brand_records(core.brands)), core.partition_record()
        core = stream.core()
        taken_up(core, partition, brands, batches)
    cores.apply(core, batches[-1:])
    assert core.brands["Acme"].monitor.learnt == (0.0, 0.0, 0)
    assert core.brands["Acme"].tally.applied == 2 * days + 1


def brief_absence() -> Stream:
    """Return a stream in which a brand leaves at 3:05 and comes back at 4:15, within the minutes that are open."""
    stream = Stream((True, 3 * MINUTE + 5 * SECOND), (False, 4 * MINUTE + 15 * SECOND))
    stream.log.tick(T0)
    for half in range(20):
        at = T0 + half * 30 * SECOND
        stream.log.tick(at)
        stream.say("Bolt", at + SECOND)
        if at < T0 + 3 * MINUTE or at >= T0 + 4 * MINUTE + 30 * SECOND:
            stream.say("Acme", at + 2 * SECOND, 3)
    return stream


def test_a_restart_gives_one_that_came_back_nothing_of_before_it_left():
    stream = brief_absence()
    batches = stream.batches()
    whole = stream.core()
    expected = windows(cores.apply(whole, batches))
    for cut in range(1, len(batches)):
        first = stream.core()
        found = windows(cores.apply(first, batches[:cut]))
        second = stream.core()
        taken_up(second, first.partition_record(), list(first.brand_records(first.brands)), batches)
        found |= windows(cores.apply(second, batches[cut:]))
        assert (found, second.tally()) == (expected, whole.tally()), cut


def test_a_checkpoint_torn_across_its_absence_loses_nothing_of_its_account():
    stream = brief_absence()
    batches = stream.batches()
    whole = stream.core()
    cores.apply(whole, batches)
    for i in range(1, len(batches), 6):
        for j in range(i + 1, len(batches), 5):
            core = stream.core()
            cores.apply(core, batches[:i])
            records = {record.brand: record for record in core.brand_records(core.brands)}
            partition = core.partition_record()
            core.dirty.clear()
            cores.apply(core, batches[i:j])
            records |= {record.brand: record for record in core.brand_records(core.dirty)}
            found = stream.core()
            taken_up(found, partition, [records[name] for name in partition.brands], batches)
            cores.apply(found, batches[partition.applied + 1 :])
            assert found.tally() == whole.tally(), (i, j)


def test_what_a_partition_that_is_ahead_has_brought_of_it_is_the_new_ones():
    """Given two source partitions, one of which has come past the brand's return before the other reaches its leaving."""

    def run(order: Sequence[int]) -> tuple[dict[tuple[str, int], int], Tally]:
        stream = Stream((True, 3 * MINUTE), (False, 4 * MINUTE))
        score = wiring.score_core(stream.settings, cores.model(), brands=stream.known)
        core = wiring.watch_core(stream.settings, 0, "test", sources=2, brands=stream.known)
        parts: list[list[bytes]] = []
        for partition in (0, 1):
            log = Log()
            for minute in range(12):
                at = T0 + minute * MINUTE
                log.tick(at)
                if minute != 3:
                    number = 100 * partition + minute
                    log.say(mention(number, at + SECOND, text="what a day", brand="Acme"), at=at)
            cuts = range(2, len(log.records), 2)
            parts.append([v for _, v in cores.scored_log(score, log, cuts, partition)])
        effects: list[Effect] = []
        for partition in order:
            if parts[partition]:
                effects += core.apply(core.applied + 1, scored.decode(parts[partition].pop(0)))
        assert not any(parts)
        return windows(effects), core.tally()

    in_turn = run([0, 1] * 12)
    assert in_turn == run([0] * 12 + [1] * 12)
    assert in_turn == run([1] * 12 + [0] * 12)
    assert in_turn[0]["Acme", 4] == 2


def test_an_all_clear_that_waits_for_the_end_of_an_outage_is_told_when_the_brand_leaves_in_it():
    def run(*entries: tuple[bool, int]) -> tuple[list[tuple[str, str]], list[str]]:
        stream = Stream(*entries)
        core = WatchCore(
            WatchSettings(0, 1, 2 * MINUTE, blind_after=10 * MINUTE), SmallMonitor.new, SmallMonitor.load, stream.known  # type: ignore[arg-type]
        )  # fmt: skip
        for minute in range(6):
            stream.log.tick(T0 + minute * MINUTE)
            stream.say("Acme", T0 + minute * MINUTE, 5)
            stream.say("Bolt", T0 + minute * MINUTE)
        stream.log.tick(T0 + 6 * MINUTE)
        stream.log.say(mention(999, T0 + 10 * MINUTE + 50 * SECOND), at=T0 + 6 * MINUTE)
        for minute in range(60, 64):
            stream.log.tick(T0 + minute * MINUTE)
        effects = cores.apply(core, stream.batches())
        told = [
            (str(e.status), f"{e.detected_at:%H:%M}") for e in effects if isinstance(e, Alert) and e.brand == "Acme"
        ]
        return told, sorted(core.brands)

    stays, watched = run()
    leaves, left = run((True, 11 * MINUTE))
    assert stays[-1] == leaves[-1] == ("resolved", "01:00")
    assert (watched, left) == (["Acme", "Bolt"], ["Bolt"])
