"""The parts under the volume detector: tails of counts, a baseline without start-up bias, high-water marks."""

from __future__ import annotations

import math

import pytest
from scipy.stats import nbinom, norm, poisson

from detectors.baseline import Baseline, Held
from detectors.highwater import BLOCK_MS, HighWater
from detectors.stats import SURE, tail_z

DAY = 24 * 3_600_000


@pytest.mark.parametrize(("count", "mean"), [(1, 0.01), (3, 0.5), (10, 2.0), (140, 100.0)])
def test_without_over_dispersion_the_tail_is_poisson_s(count, mean):
    assert tail_z(count, mean, mean) == pytest.approx(norm.isf(poisson.sf(count - 1, mean)), rel=1e-6)


@pytest.mark.parametrize(("count", "mean", "variance"), [(1, 0.01, 0.02), (9, 2.0, 6.0), (300, 100.0, 2_500.0)])
def test_with_it_the_tail_is_the_negative_binomial_s(count, mean, variance):
    p = mean / variance
    r = mean * p / (1 - p)
    assert tail_z(count, mean, variance) == pytest.approx(norm.isf(nbinom.sf(count - 1, r, p)), rel=1e-6)


def test_the_tail_ends_where_floats_do():
    assert tail_z(0, 5.0, 5.0) == -SURE
    assert tail_z(10**9, 1e-6, 1e-6) == SURE


def test_a_baseline_gives_the_plain_mean_while_it_is_young():
    baseline = Baseline(bins=1_000_000)
    for value in (1.0, 2.0, 9.0):
        baseline.learn(value, math.log1p(value))
    usual = baseline.moments()
    assert usual.mean == pytest.approx(4.0, rel=1e-4)
    assert usual.variance == pytest.approx(38 / 3, rel=1e-4)
    assert usual.log_mean == pytest.approx(sum(math.log1p(v) for v in (1, 2, 9)) / 3, rel=1e-4)


def test_zeros_at_once_are_zeros_one_by_one():
    one, other = Baseline(100), Baseline(100)
    for baseline in (one, other):
        baseline.learn(8.0, math.log1p(8.0))
    for _ in range(50):
        one.learn(0.0, 0.0)
    assert other.moments(idle=50) == pytest.approx(one.moments())
    other.learn_zeros(50)
    assert other.moments() == pytest.approx(one.moments())


def test_what_was_held_back_weighs_as_much_as_what_was_not():
    one, other, held = Baseline(100), Baseline(100), Held()
    for _ in range(30):
        one.learn(6.0, math.log1p(6.0))
        held.add(6.0, math.log1p(6.0))
    other.learn_held(held)
    assert other.moments() == pytest.approx(one.moments(), abs=1e-9)


def test_a_baseline_that_knows_nothing_expects_nothing():
    assert Baseline(100).moments() == (0.0, 0.0, 0.0, 0.0)
    assert Baseline(100).moments(idle=1_000) == (0.0, 0.0, 0.0, 0.0)


def test_the_high_water_mark_leaves_out_today_and_forgets_after_its_span():
    mark = HighWater(span_ms=14 * DAY, lag_ms=DAY)
    mark.advance(0)
    mark.learn(50.0)
    assert mark.get() is None
    mark.advance(DAY)
    assert mark.get() is None, "the burst itself is a day old at most"
    mark.advance(2 * DAY - BLOCK_MS)
    assert mark.get() is None, "a morning is not a day"
    mark.advance(2 * DAY)
    assert mark.get() == 50.0
    mark.advance(15 * DAY)
    assert mark.get() == 50.0
    mark.advance(15 * DAY + BLOCK_MS)
    assert mark.get() == 0.0
    mark.advance(10_000 * DAY)
    assert mark.get() == 0.0


def test_days_that_saw_as_much_are_counted_without_today():
    mark = HighWater(span_ms=14 * DAY, lag_ms=DAY)
    for quarter in range(4 * 10):
        mark.advance(quarter * BLOCK_MS)
        mark.learn(80.0 if quarter % 8 == 1 else 5.0)  # every other day, and on the last in the evening only
    assert mark.days_at(80.0) == 5
    assert mark.days_at(5.0) == 9
    assert mark.days_at(81.0) == 0
    mark.advance(10 * DAY)
    assert mark.days_at(5.0) == 10
