"""What the watchdog calls standing still, on a clock of the test's own."""

from __future__ import annotations

import pytest

from streams.engine.watchdog import Doings, Sight, Stall, Watchdog


def looks(dog: Watchdog, *seen: tuple[float, bool, object]) -> list[float]:
    """Return for how long one thing has stood still at each look (0 for not at all)."""
    stalls = (dog.look(now, [Sight("it", busy, mark)]) for now, busy, mark in seen)
    return [stall.seconds if stall else 0 for stall in stalls]


def test_what_has_work_and_keeps_its_mark_stands_still():
    assert looks(Watchdog(), (10, True, 1), (11, True, 1), (15, True, 1), (70, True, 1)) == [0, 1, 5, 60]


def test_what_gets_on_does_not():
    assert looks(Watchdog(), (0, True, 1), (50, True, 2), (100, True, 3), (130, True, 3)) == [0, 0, 0, 30]


def test_what_has_nothing_to_do_does_not_and_begins_anew():
    assert looks(Watchdog(), (0, True, 1), (50, False, 1), (100, True, 1), (130, True, 1)) == [0, 0, 0, 30]


def test_what_is_no_longer_seen_is_forgotten():
    """A partition that was taken away and comes back with the same position."""
    dog = Watchdog()
    looks(dog, (0, True, 1))
    assert dog.look(50, []) is None
    assert looks(dog, (100, True, 1)) == [0]


def test_time_with_the_broker_away_is_forgiven():
    dog = Watchdog()
    sight = Sight("it", True, 1)
    for now in range(0, 50, 10):
        dog.look(now, [sight])
    for now in range(50, 500, 10):
        assert dog.look(now, [sight], excused=True) == Stall("it", 0)
    assert dog.look(510, [sight]) == Stall("it", 20)


def test_of_several_the_one_that_stands_longest_is_told():
    dog = Watchdog()
    dog.look(0, [Sight("old", True, 1)])
    dog.look(5, [Sight("old", True, 1), Sight("new", True, 1)])
    assert dog.look(9, [Sight("new", True, 1), Sight("old", True, 1)]) == Stall("old", 9)


def test_a_leash_lets_one_stand_longer():
    """Ninety seconds of ten times the limit are less than fifteen of the limit."""
    dog = Watchdog()
    one, all_of_it = Sight("a partition", True, 1, leash=10), Sight("an agent", True, 1)
    dog.look(0, [one])
    dog.look(75, [one, all_of_it])
    assert dog.look(90, [one, all_of_it]) == Stall("an agent", 15)
    assert dog.look(300, [one]) == Stall("a partition", 300, 10)


def test_of_several_doings_of_a_name_the_first_one_counts():
    doings = Doings()
    assert list(doings.sights()) == []
    with doings.doing("a write"):
        (first,) = doings.sights()
        with doings.doing("a write"), doings.doing("a checkpoint"):
            assert [sight.what for sight in doings.sights()] == ["a write does not end", "a checkpoint does not end"]
            assert next(doings.sights()) == first
    with doings.doing("a write"):
        (later,) = doings.sights()
    assert later.mark != first.mark
    assert list(doings.sights()) == []


def test_a_doing_that_fails_has_ended():
    doings = Doings()
    with pytest.raises(KeyError), doings.doing("a write"):
        raise KeyError
    assert list(doings.sights()) == []
