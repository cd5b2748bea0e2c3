"""Hours on the local clock, as instants – also on the nights when the clocks change."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from schemas.times import iso, parse_iso
from streams.policy.hours import local, spans, until
from streams.policy.model import Hours
from streams.policy.units import clock, days, duration, instant, show_duration

PARIS = "Europe/Paris"
NIGHT = Hours(clock("22:00"), clock("07:00"))
OFFICE = Hours(clock("09:00"), clock("18:00"), days("mon-fri"))


def ends(hours: Hours | list[Hours], at: str, zone: str = PARIS) -> str | None:
    end = until(hours if isinstance(hours, list) else [hours], zone, parse_iso(at))
    return None if end is None else iso(end)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-01-15T20:59:59+00:00", None),
        ("2026-01-15T21:00:00+00:00", "2026-01-16T06:00:00Z"),
        ("2026-01-16T05:59:59+00:00", "2026-01-16T06:00:00Z"),
        ("2026-01-16T06:00:00+00:00", None),
        ("2026-03-28T22:00:00+00:00", "2026-03-29T05:00:00Z"),  # to summer time: an hour less
        ("2026-10-24T22:00:00+00:00", "2026-10-25T06:00:00Z"),  # to winter time: an hour more
    ],
)
def test_over_midnight(at: str, end: str | None):
    assert ends(NIGHT, at) == end


def test_only_on_their_days():
    assert ends(OFFICE, "2026-03-06T12:00:00+01:00") == "2026-03-06T17:00:00Z"  # a Friday
    assert ends(OFFICE, "2026-03-07T12:00:00+01:00") is None


def test_a_night_belongs_to_the_day_on_which_it_begins():
    friday = Hours(clock("22:00"), clock("06:00"), days("fri"))
    assert ends(friday, "2026-03-07T03:00:00+01:00") == "2026-03-07T05:00:00Z"
    assert ends(friday, "2026-03-06T03:00:00+01:00") is None


def test_an_end_in_the_skipped_hour_is_the_moment_of_the_change():
    assert ends(Hours(clock("22:00"), clock("02:30")), "2026-03-29T00:30:00+01:00") == "2026-03-29T01:00:00Z"


def test_a_beginning_in_the_repeated_hour_is_its_first_time():
    hours = Hours(clock("02:30"), clock("04:00"))
    assert ends(hours, "2026-10-25T00:29:59+00:00") is None
    assert ends(hours, "2026-10-25T00:30:00+00:00") == "2026-10-25T03:00:00Z"


def test_hours_that_touch_are_one():
    weekend = [Hours(clock("18:00"), clock("24:00"), days("fri")), Hours(0, clock("24:00"), days("sat,sun"))]
    assert ends(weekend, "2026-03-06T20:00:00+01:00") == "2026-03-08T23:00:00Z"


def test_hours_without_an_end_are_said_to_last_a_week():
    always = [Hours(0, clock("24:00"))]
    at = parse_iso("2026-03-06T20:00:00Z")
    end = until(always, PARIS, at)
    assert end is not None
    assert end - at >= 7 * 86_400_000


def test_a_zone_of_their_own():
    tokyo = Hours(clock("09:00"), clock("18:00"), timezone="Asia/Tokyo")
    assert ends(tokyo, "2026-03-06T00:00:00+00:00") == "2026-03-06T09:00:00Z"


@given(at=st.integers(parse_iso("2025-01-01T00:00:00Z"), parse_iso("2028-01-01T00:00:00Z")))
def test_within_means_that_the_clock_on_the_wall_says_so(at: int):
    end = until([NIGHT], PARIS, at)
    wall = local(at, PARIS)
    assert (end is not None) == (wall.hour >= 22 or wall.hour < 7)
    if end is not None:
        assert local(end, PARIS).hour == 7
        assert local(end, PARIS).minute == 0
        assert 0 < end - at <= 10 * 3_600_000


def test_spans_of_a_year_have_one_night_each():
    first, last = parse_iso("2026-01-01T12:00:00Z"), parse_iso("2027-01-01T12:00:00Z")
    nights = list(spans(NIGHT, PARIS, first, last))
    assert len(nights) == 365
    assert sorted({(end - begin) // 3_600_000 for begin, end in nights}) == [8, 9, 10]


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("250ms", 250)]
)
def test_durations(text: str, ms: int):
    assert duration(text) == ms


@pytest.mark.parametrize("text", ["5", "", "5 minutes", "-5m", "m5", "1.5h"])
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError, match="is no duration: write"):
        duration(text)


@pytest.mark.parametrize(
    ("ms", "text"), [(90_000, "1 min"), (300_000, "5 min"), (5_400_000, "1 h 30 min"), (30_000, "30 s")]
)
def test_durations_as_people_say_them(ms: int, text: str):
    assert show_duration(ms) == text


def test_days_wrap_around_the_week():
    assert days("fri-mon") == [0, 4, 5, 6]
    assert days("mon, wed") == [0, 2]


def test_an_instant_needs_its_zone():
    with pytest.raises(ValueError, match="no time with its zone"):
        instant("2026-03-06T20:00")
