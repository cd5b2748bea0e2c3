"""The alert budget: a brand's own history says which of its stories are worth a page."""

from __future__ import annotations

import random

import msgspec
import pytest

from detectors.book import WEEK_MINUTES, AlertBook
from detectors.settings import MonitorSettings
from schemas.times import MINUTE

DAY = 24 * 60


def tell(book: AlertBook, minute: int, points: float, level: int = 2) -> str | None:
    """One story from its beginning to its end; returns what held it back."""
    said = book.raise_("negative_spike", level, 3, minute * MINUTE, minute, None, points=points)
    assert said is not None
    live = said[0]
    held = live.suppressed_by
    book.end(live, minute + 60)
    return held


def noisy(weeks: int, a_day: int, seed: int, budget: int) -> list[tuple[int, float, str | None]]:
    book = AlertBook("Nimbrook", MonitorSettings(pages_per_week=budget))
    rng = random.Random(seed)
    found = []
    for day in range(7 * weeks):
        for i in range(a_day):
            minute, points = day * DAY + i * (DAY // a_day), 2.5 + rng.expovariate(2.0)
            found.append((minute, points, tell(book, minute, points)))
    return found


@pytest.mark.parametrize(("a_day", "budget"), [(1, 2), (3, 5), (6, 1)])
def test_a_noisy_brand_gets_the_worst_of_its_stories_within_its_budget(a_day, budget):
    found = [s for s in noisy(12, a_day, 3, budget) if s[0] >= 4 * WEEK_MINUTES]
    paged = [points for _, points, held in found if held is None]
    held = [points for _, points, held in found if held == "budget"]
    assert 0 < len(paged) <= budget * 8
    assert min(paged) > sorted(held)[len(held) // 2], "a page is worse than most of what is held back"
    assert sum(paged) / len(paged) > sum(held) / len(held) + 0.3


def test_a_quiet_brand_s_bar_stays_where_it_is():
    book = AlertBook("Nimbrook", MonitorSettings(pages_per_week=1))
    assert [tell(book, week * WEEK_MINUTES, points) for week, points in enumerate((4.0, 2.5, 3.0, 2.6))] == [None] * 4


def test_l4_is_never_held_back_and_l3_has_twice_the_budget():
    book = AlertBook("Nimbrook", MonitorSettings(pages_per_week=1))
    held = [tell(book, i * 600, 5.0 + i, level) for i, level in enumerate((3, 3, 3, 2, 4, 4))]
    assert held == [None, None, "budget", "budget", None, None]


def test_what_is_held_back_pages_when_it_outgrows_the_brand_s_history():
    book = AlertBook("Nimbrook", MonitorSettings(pages_per_week=1))
    for week in range(4):
        for i in range(3):
            tell(book, week * WEEK_MINUTES + i * DAY, 3.0 + i / 10)
    now = 4 * WEEK_MINUTES + 3 * DAY
    first = book.raise_("negative_spike", 2, 3, now * MINUTE, now, None, points=2.6)
    assert first is not None and first[1] == "suppressed"
    again = book.raise_("negative_spike", 2, 3, now * MINUTE, now + 1, None, points=2.7)
    assert again is None, "a little worse is nothing new"
    worse = book.raise_("negative_spike", 2, 3, now * MINUTE, now + 2, None, points=3.9)
    assert worse is not None and worse[1] == "firing"


def test_the_history_is_restored_and_bounded_and_states_without_one_are_read():
    book = AlertBook("Nimbrook", MonitorSettings())
    for i in range(300):
        tell(book, i * 90, 2.5 + i % 7)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(book.dump()))
    assert len(msgspec.msgpack.encode(state)) < 3_000
    copy = AlertBook("Nimbrook", MonitorSettings())
    copy.load(state)
    assert copy.dump() == book.dump()
    assert [tell(copy, 40_000 + i * DAY, 3.0) for i in range(9)] == [
        tell(book, 40_000 + i * DAY, 3.0) for i in range(9)
    ]
    older = AlertBook("Nimbrook", MonitorSettings())
    older.load(state[:3])
    assert tell(older, 90_000, 3.0) is None
