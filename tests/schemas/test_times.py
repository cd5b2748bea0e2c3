"""Times inside and outside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import FIRST_TWEET, from_ms, iso, parse_iso, to_ms

MOMENTS = st.integers(FIRST_TWEET, parse_iso("2100-01-01T00:00:00Z"))


@given(MOMENTS)
def test_a_moment_survives_both_ways(ms: int):
    assert to_ms(from_ms(ms)) == ms
    assert parse_iso(iso(ms)) == ms


def test_whole_seconds_are_written_short():
    assert iso(1_491_862_200_000) == "2017-04-10T22:10:00Z"
    assert iso(1_491_862_200_007) == "2017-04-10T22:10:00.007Z"


def test_a_time_without_zone_is_utc():
    assert to_ms(datetime(2017, 4, 10, 22, 10)) == to_ms(datetime(2017, 4, 10, 22, 10, tzinfo=UTC)) == 1_491_862_200_000


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError):
        parse_iso("yesterday")
