"""What holds for every series: restored state, only the past decides, more never counts less, odd values do no harm."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.volume import VolumeDetector, VolumeVerdict

HOUR = 3_600_000
BIN = 900_000

counts = st.integers(0, 40) | st.sampled_from([0, 0, 0, 400, 10**9])
"""Bins of a quarter of an hour: mostly small counts, silences, floods."""


def series(draw_counts: list[int], gaps: list[int]) -> list[tuple[int, float]]:
    """Two days of usual life, then the drawn counts, each after its gap in bins."""
    rng = random.Random(7)
    out, time = [], 0
    for _ in range(2 * 96):
        out.append((time, float(rng.randint(0, 9))))
        time += BIN
    for count, gap in zip(draw_counts, gaps, strict=False):
        time += gap * BIN
        out.append((time, float(count)))
        time += BIN
    return out


gaps = st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 3, 5, 40, 3_000]), min_size=25, max_size=25)
drawn = st.lists(counts, min_size=1, max_size=25)


def run(rows: list[tuple[int, float]]) -> list[VolumeVerdict]:
    detector = VolumeDetector(BIN // 1_000)
    return [detector.step(time, value) for time, value in rows]


@settings(max_examples=40, deadline=None)
@given(drawn, gaps)
def test_saved_and_restored_at_every_step_the_verdicts_are_the_same(values, gap):
    rows = series(values, gap)
    restored = VolumeDetector(BIN // 1_000)
    for (time, value), verdict in zip(rows, run(rows), strict=True):
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(restored.dump()))
        restored = VolumeDetector(BIN // 1_000)
        restored.load(state)
        assert restored.step(time, value) == verdict


@settings(max_examples=40, deadline=None)
@given(drawn, gaps)
def test_empty_bins_said_or_left_out_are_the_same(values, gap):
    rows = series(values, [min(g, 60) for g in gap])
    filled, detector = [], VolumeDetector(BIN // 1_000)
    for time, value in rows:
        while detector._time is not None and time - detector._time > BIN:
            detector.step(detector._time + BIN, 0.0)
        filled.append(detector.step(time, value))
    assert filled == run(rows)


@settings(max_examples=40, deadline=None)
@given(drawn, gaps, st.integers(1, 300))
def test_what_comes_later_changes_no_verdict(values, gap, cut):
    rows = series(values, gap)
    assert run(rows)[:cut] == run(rows[:cut])


@settings(max_examples=60, deadline=None)
@given(drawn, gaps, st.floats(0, 1e9), st.floats(0, 1e9))
def test_the_score_never_falls_as_the_count_grows(values, gap, one, other):
    detector = VolumeDetector(BIN // 1_000)
    for time, value in series(values, gap):
        detector.step(time, value)
    low, high = sorted((one, other))
    assert detector.score_one(None, low) <= detector.score_one(None, high) + 1e-12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | counts.map(float), max_size=40), gaps)
def test_no_value_makes_it_stumble(values, gap):
    detector = VolumeDetector(BIN // 1_000)
    time = 0
    for value, g in zip(values, gap, strict=False):
        verdict = detector.step(time, value)
        time += (1 + g) * BIN
        figures = (verdict.score, verdict.observed, verdict.expected, verdict.low, verdict.high)
        assert all(math.isfinite(figure) and figure >= 0 for figure in figures)
        assert verdict.low <= verdict.expected <= verdict.high


@pytest.mark.parametrize("odd", [math.nan, -1.0, math.inf, -math.inf, 1e300])
def test_a_value_that_is_no_count_is_neither_judged_nor_learnt(odd):
    with_odd, without = VolumeDetector(900), VolumeDetector(900)
    for time, value in series([5] * 20, [0] * 20):
        with_odd.step(time, value)
        without.step(time, value)
    time = 20 * BIN + 192 * BIN
    verdict = with_odd.step(time, odd)
    assert (verdict.score, verdict.fired, verdict.votes) == (0.0, False, [])
    state = with_odd.dump()
    assert {**state, "time": 0} == {**without.dump(), "time": 0}


def test_years_of_silence_cost_nothing_and_a_mention_after_them_is_no_crisis():
    detector = VolumeDetector(60)
    for minute in range(3 * 1_440):
        detector.step(minute * 60_000, minute % 3)
    after = 10 * 365 * 24 * HOUR
    verdict = detector.step(after, 1)
    assert not verdict.fired and verdict.expected < 1e-6
    assert detector.step(after + 60_000, 60).fired


def test_a_milliard_in_a_bin_is_said_once_and_survived():
    detector = VolumeDetector(60)
    fired = [detector.step(m * 60_000, 10**9 if m == 3_000 else m % 5).fired for m in range(6_000)]
    assert [m for m, f in enumerate(fired) if f] == [3_000]


def test_time_must_move_on():
    detector = VolumeDetector(60)
    detector.step(120_000, 1)
    for time in (120_000, 60_000):
        with pytest.raises(ValueError, match="does not come a bin"):
            detector.step(time, 1)


def test_the_state_is_small_plain_and_of_this_version():
    detector = VolumeDetector(60)
    for minute in range(20 * 1_440):
        detector.step(minute * 60_000, minute * 7919 % 1_000)
    state = detector.dump()
    assert len(msgspec.msgpack.encode(state)) <= 6_000
    with pytest.raises(ValueError, match="version is 99"):
        VolumeDetector(60).load({**state, "version": 99})
    with pytest.raises(ValueError, match="bin_seconds is 60"):
        VolumeDetector(300).load(state)
