from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mention import Author, Mention, Tick, decode
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_ms, parse_iso
from streams.replay_plan import GRAIN, TAIL, Item, Record, plan, records_of, shift

NOON = parse_iso("2026-03-02T12:00:00Z")


def said(*seconds: float) -> list[Record]:
    return [Record(b"x:%d" % n, b"", NOON + round(each * SECOND)) for n, each in enumerate(seconds)]


def told(items: list[Item]) -> list[str]:
    """What a plan does, in seconds after noon: `@30` is a tick, `31` a mention."""
    return [
        f"@{(item.at - NOON) // SECOND}" if isinstance(item, Tick) else str((item.time - NOON) // SECOND)
        for item in items
    ]


def ticks(items: list[Item]) -> list[int]:
    return [item.at for item in items if isinstance(item, Tick)]


def test_among_mentions_time_moves_in_steps_of_ten_seconds():
    assert told(list(plan(said(3, 9, 10, 10, 34), tail=0))) == ["@0", "3", "9", "@10", "10", "10", "@30", "34", "@60"]


def test_a_gap_has_a_tick_a_minute_up_to_the_next_mention():
    assert told(list(plan(said(5, 215), tail=0))) == ["@0", "5", "@60", "@120", "@180", "@210", "215", "@240"]


def test_a_minute_begins_with_a_tick_of_its_own():
    day_later = list(plan(said(0, 86_400 + 95), tail=0))
    assert told(day_later)[-4:] == ["@86460", "@86490", "86495", "@86520"]


def test_after_two_hours_of_silence_time_moves_in_tens_of_minutes_and_after_two_days_by_the_hour():
    steps = [b - a for a, b in pairwise(ticks(list(plan(said(0, 4 * 86_400), tail=0))))]
    assert steps[:120] == [MINUTE] * 120
    assert set(steps[121:][: 46 * 6 - 1]) == {10 * MINUTE}
    assert steps[-24:] == [HOUR] * 24


def test_years_of_silence_do_not_cost_millions_of_ticks():
    assert len(list(plan(said(0, 85 * 366 * 86_400)))) < 40_000


def test_time_goes_on_after_the_last_mention_so_that_windows_close_and_alerts_resolve():
    items = list(plan(said(5)))
    assert ticks(items)[-1] == NOON + TAIL + MINUTE  # up to the next whole minute
    assert ticks(list(plan(said(0), tail=3 * HOUR)))[-1] == NOON + 3 * HOUR


def test_nothing_said_is_nothing_to_do():
    assert list(plan([])) == []


def test_records_out_of_order_are_refused():
    with pytest.raises(ValueError, match="sorted by time"):
        list(plan(said(5, 4)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=30).map(sorted))
def test_every_plan_keeps_time(times: list[int]):
    records = [Record(b"x:1", b"", NOON + each) for each in times]
    items = list(plan(records))
    assert [item for item in items if isinstance(item, Record)] == records
    at = ticks(items)
    assert all(a < b for a, b in pairwise(at)) and all(each % GRAIN == 0 for each in at)
    progress = 0
    for item in items:
        if isinstance(item, Tick):
            progress = item.at
        else:
            assert 0 <= item.time - progress < GRAIN  # a mention's label is its time cut to ten seconds
    # Within two hours of a mention no minute is skipped.
    for a, b in pairwise(at):
        assert (
            b // MINUTE - a // MINUTE <= 1 or a - max(t for t in times if NOON + t < b) - NOON >= 2 * HOUR - 10 * MINUTE
        )


def test_shifted_records_begin_at_the_time_given_and_keep_their_distances_and_their_authors_age():
    mentions = [
        Mention("x", "1", from_ms(NOON), text="a", author=Author("ann", created_at=from_ms(NOON - 10 * DAY))),
        Mention("x", "2", from_ms(NOON + HOUR), text="b", ingested_at=from_ms(NOON + HOUR + SECOND)),
    ]
    now = parse_iso("2026-11-22T20:00:00Z")
    moved = shift([*records_of(mentions), Record(None, b"junk", NOON + 2 * HOUR)], now)
    assert [record.time for record in moved] == [now, now + HOUR, now + 2 * HOUR]
    first, second = (decode(record.key, record.value) for record in moved[:2])
    assert isinstance(first, Mention) and isinstance(second, Mention)
    assert first.author == Author("ann", created_at=from_ms(now - 10 * DAY)) and first.time == now
    assert second.time == now + HOUR and second.ingested_at == from_ms(now + HOUR + SECOND)
    assert moved[2].value == b"junk" and moved[0].key == b"x:1"


def test_shifted_at_speed_what_lies_between_shrinks():
    records = records_of([Mention("x", str(n), from_ms(NOON + n * HOUR), text="a") for n in range(3)])
    assert [record.time for record in shift(records, 0 * HOUR + NOON, speed=60)] == [
        NOON,
        NOON + MINUTE,
        NOON + 2 * MINUTE,
    ]
    assert shift([], NOON) == []
    with pytest.raises(ValueError, match="speed"):
        shift(records, NOON, speed=0)
