"""A partition far ahead waits, the slowest never does, and together they come to their ends."""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.times import MINUTE
from streams.engine.skew import MOST_AHEAD, Skew

T0 = 1_772_409_600_000


class Said(NamedTuple):
    time: int
    """Of a tick; 0: no tick."""


def skew(partitions: int = 2, own: tuple[int, ...] = (0, 1)) -> Skew:
    made = Skew(partitions, lambda record: record.time)
    made.begin(own)
    return made


def ticks(*minutes: int) -> list[Said]:
    return [Said(T0 + minute * MINUTE) for minute in minutes]


def test_one_that_has_come_too_far_ahead_waits_for_the_slowest():
    made = skew()
    assert made.allowed(1, ticks(0))
    assert made.allowed(0, ticks(0, 5, 11))
    assert not made.allowed(0, ticks(12))
    assert made.allowed(1, ticks(1))
    assert made.allowed(0, ticks(12))


def test_the_slowest_never_waits_however_long_the_gap_to_its_next_tick():
    made = skew()
    assert made.allowed(0, ticks(0))
    assert made.allowed(1, ticks(0))
    assert made.allowed(0, ticks(10_000))
    assert made.allowed(1, ticks(9_000))
    assert made.allowed(1, ticks(9_999))


def test_one_that_is_not_known_yet_is_waited_for():
    made = skew()
    assert made.allowed(0, [Said(0)])
    assert made.allowed(0, [Said(0), *ticks(0), Said(0)]), "until its own first tick nothing is known of it either"
    assert not made.allowed(0, [Said(0)])
    assert made.allowed(1, ticks(0, 1))
    assert made.allowed(0, [Said(0)])


def test_partitions_that_others_read_count_as_far_as_they_are_known():
    made = skew(own=(0,))
    assert made.strangers == [1]
    assert made.allowed(0, ticks(0))
    assert not made.allowed(0, ticks(1))
    made.learn({1: T0})
    assert made.allowed(0, ticks(1, 11))
    assert not made.allowed(0, ticks(12))
    made.learn({1: T0 - MINUTE})
    assert made.slowest_but(0) == (T0, 1), "progress does not go back"


def test_after_an_assignment_own_partitions_begin_anew():
    made = skew()
    made.allowed(0, ticks(0))
    made.allowed(1, ticks(0))
    made.begin((0,))
    assert made.allowed(0, ticks(0))
    assert not made.allowed(0, ticks(1)), "how far the other had come here is not how far its new owner has"


def test_one_partition_alone_never_waits():
    made = skew(1, (0,))
    assert made.allowed(0, ticks(0))
    assert made.allowed(0, ticks(10_000))


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 32), partitions=st.integers(2, 4))
def test_all_come_to_their_ends_and_nobody_is_further_ahead_than_allowed(seed: int, partitions: int):
    """Given logs with gaps of any length, read in slices of any size, by any of them first."""
    chance = random.Random(seed)
    logs: list[list[Said]] = []
    for _ in range(partitions):
        now, log = T0 + chance.randrange(60) * MINUTE, []
        for _ in range(chance.randrange(1, 40)):
            now += chance.choice((1, 10, 60, 3_000)) * 1_000
            log += [Said(now), *[Said(0)] * chance.randrange(3)]
        logs.append([*log, Said(T0 + 10_000 * MINUTE)])  # a replay ends with a tick to everyone
    made = skew(partitions, tuple(range(partitions)))
    at, progress = [0] * partitions, [0] * partitions
    while any(place < len(log) for place, log in zip(at, logs, strict=True)):
        moved = False
        for p in chance.sample(range(partitions), partitions):
            part = logs[p][at[p] : at[p] + chance.randrange(1, 9)]
            if not part or not made.allowed(p, part):
                continue
            assert progress[p] <= min(progress[q] for q in range(partitions) if q != p) + MOST_AHEAD
            progress[p] = max(progress[p], *(record.time for record in part))
            at[p] += len(part)
            moved = True
        assert moved, "they wait for each other"
