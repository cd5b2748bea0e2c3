"""The parts of the monitor one by one: tails, onset, severity, drivers, authenticity, habits, the mean that forgets."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import authenticity, severity
from detectors.crowd import Crowd
from detectors.drivers import Drivers
from detectors.fading import FadingMean
from detectors.habits import Habits
from detectors.onset import began
from detectors.sums import HORIZONS, SlidingSums, Totals
from detectors.tails import excess, reaching, upper
from schemas.events import Window
from schemas.times import from_ms

# ---------------------------------------------------------------------------------------------------------------- tails


def exact_tail(count: int, mean: float, alpha: float) -> float:
    """P(count or more) of a negative binomial, added up; a Poisson when alpha is 0."""
    total, log_p = 0.0, -mean if alpha == 0 else -math.log1p(alpha * mean) / alpha
    for k in range(count):
        total += math.exp(log_p)
        if alpha == 0:
            log_p += math.log(mean / (k + 1))
        else:
            log_p += math.log((k + 1 / alpha) / (k + 1) * alpha * mean / (1 + alpha * mean))
    return max(1.0 - total, 1e-300)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("mean", [0.02, 0.3, 3.0, 40.0, 400.0])
@pytest.mark.parametrize("z", [2.0, 3.0, 4.5])
def test_the_root_deviance_is_an_honest_normal_score(mean, alpha, z):
    count = reaching(z, mean, alpha)
    tail, normal = exact_tail(count, mean, alpha), 0.5 * math.erfc(z / math.sqrt(2))
    assert tail <= 2.5 * normal, "never much more frequent than it claims"


@given(st.floats(1e-3, 1e6), st.floats(0, 3), st.integers(0, 10**6), st.integers(0, 10**6))
def test_excess_is_monotone_in_the_count(mean, alpha, a, b):
    low, high = sorted((a, b))
    assert excess(low, mean, alpha) <= excess(high, mean, alpha) + 1e-9
    assert math.isfinite(excess(high, mean, alpha))


@given(st.floats(1e-3, 1e4), st.floats(0, 2), st.floats(0.5, 8))
def test_reaching_is_the_least_count(mean, alpha, z):
    count = reaching(z, mean, alpha)
    assert excess(count, mean, alpha) >= z > excess(count - 1, mean, alpha)


def test_upper_lies_above_the_mean():
    assert 10 < upper(10, 0.1, 2) < 20


# ----------------------------------------------------------------------------------------------------------------- sums


def figures(crowd: int, mass: int) -> Totals:
    return Totals(crowd, mass, 1, 1, 0, 0, 7, 0)


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 9_000), st.integers(0, 90_000)), max_size=60))
def test_sliding_sums_are_the_sums_of_their_windows(steps):
    sums, now, kept = SlidingSums(), 1_000, []
    for step, crowd, mass in steps:
        now += step
        kept.append((now, figures(crowd, mass)))
        sums.push(*kept[-1])
        copy = SlidingSums()
        copy.load(sums.dump())
        for k, horizon in enumerate(HORIZONS):
            inside = [(at, m) for at, m in kept if at > now - horizon]
            for s in (sums, copy):
                assert s.totals(k) == tuple(map(sum, zip(*(m for _, m in inside), strict=True)))
                assert (s.crowd[k], s.mass[k]) == s.totals(k)[:2]
                assert s.crowds(k) == [(at, m.crowd) for at, m in inside]
                assert s.crowd_until(k, now - 7) == sum(m.crowd for at, m in inside if at <= now - 7)


def test_a_rise_begins_where_the_excess_does():
    minutes = [(at, 100) for at in range(0, 60, 4)] + [(60 + i, 300) for i in range(10)]
    assert abs(began(minutes, 0.25, 3.0) - 60) <= 1


# ------------------------------------------------------------------------------------------------------------- severity


def points(**facts: float) -> dict[str, float]:
    usual = {"crowd": 30.0, "expected": 3.0, "people": 25, "share": 0.8, "usual_share": 0.35}
    return severity.terms(severity.Facts(**(usual | facts)))  # type: ignore[arg-type]


def level(found: dict[str, float], people: int = 25) -> int:
    return severity.level(found, people, 12)


def test_twenty_five_angry_people_where_three_are_usual_are_l3():
    assert level(points()) == 3


def test_few_people_are_no_page_whatever_the_ratio():
    assert level(points(crowd=30, expected=0.1, people=11), people=11) == 1


def test_joy_is_at_most_l2_and_l4_needs_anger():
    assert level(points(crowd=600, expected=100, people=600, share=0.2), 600) == 1
    assert level(points(crowd=6_000, expected=10, people=6_000, share=0.2), 6_000) == 2
    assert level(points(crowd=6_000, expected=10, people=6_000, share=0.35), 6_000) == 3
    assert level(points(crowd=6_000, expected=10, people=6_000, share=0.45), 6_000) == 4


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
def test_any_facts_have_finite_points_and_a_level(crowd, expected, people, share, usual):
    found = points(crowd=crowd, expected=expected, people=people, share=share, usual_share=usual)
    assert all(math.isfinite(value) for value in found.values())
    assert 1 <= level(found, people) <= 4


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_people_are_never_less_severe(a, b):
    low, high = sorted((a, b))
    assert level(points(crowd=low, people=int(low)), int(low)) <= level(points(crowd=high, people=int(high)), int(high))


def test_a_burst_that_other_days_had_is_no_page_unless_it_is_angry():
    assert level(points(share=0.36, beyond=0.0)) == 1
    assert level(points(share=0.36, beyond=2.0)) >= 2
    assert level(points(crowd=900, expected=3, people=900, beyond=0.0), 900) >= 2


def test_persistence_makes_an_l2_and_no_more():
    calm = points(crowd=90, expected=52, people=90, share=0.43, usual_share=0.42)
    lasting = points(crowd=90, expected=52, people=90, share=0.43, usual_share=0.42, lasting=True)
    assert (level(calm, 90), level(lasting, 90)) == (1, 2)
    assert level(points(lasting=True), 25) == level(points(), 25)


# --------------------------------------------------------------------------------------------------------- authenticity


def window(**fields) -> Window:
    return Window(brand="b", start=from_ms(0), **({"loudest": 1} | fields))


def test_copies_and_third_posts_hardly_count_and_reposts_do():
    assert authenticity.crowd(window(count=40, authors=40)) == 4_000
    assert authenticity.crowd(window(count=40, authors=40, duplicates=39)) < 400
    assert authenticity.crowd(window(count=40, authors=40, duplicates=39, reposts=39)) == 4_000
    assert authenticity.crowd(window(count=40, authors=2)) < 600
    assert authenticity.people(window(count=40, authors=40, duplicates=39)) == 1


def test_a_loud_author_is_taken_for_the_same_one_for_an_hour():
    minute = window(count=5, authors=3, loudest=3, negative=5 * 4_000, loudest_negative=3 * 8_000)
    first, later = authenticity.weighed(minute), authenticity.weighed(minute, again=True)
    assert first[0] - later[0] == 100 + 50 + 5 - 3 * 5
    assert 0 < later[1] < first[1] / 3, "two others' mild posts are what is left of the anger"
    alone = window(count=4, authors=1, loudest=4, negative=4 * 9_000, loudest_negative=4 * 9_000)
    assert authenticity.weighed(alone, again=True)[0] == 4 * 5
    assert 0 < authenticity.weighed(alone, again=True)[1] <= 4 * 5 * 9_000 // 100
    unknown = window(count=4, authors=1, loudest=4, negative=4 * 9_000)
    assert authenticity.weighed(unknown, again=True)[1] <= 4 * 5 * 9_000 // 100
    quiet = window(count=5, authors=5, loudest=1, negative=5 * 4_000)
    assert authenticity.weighed(quiet, again=True) == authenticity.weighed(quiet)


def test_twenty_nine_posts_from_seventeen_people_lose_severity():
    crowd = Totals(2_900, 232_000, 29, 29, 0, 0, 0, 0)
    few = authenticity.assess(crowd, 17)
    many = authenticity.assess(crowd, 29)
    assert authenticity.penalty(few, 29) < authenticity.penalty(many, 29) == 0.0
    assert few.distinct_authors == 17


# -------------------------------------------------------------------------------------------------------------- drivers


def test_drivers_are_what_is_new_not_what_is_frequent():
    drivers = Drivers()
    for at in range(2_000):
        drivers.observe(window(count=5, authors=5, terms={"flight": 4, "delay": 2}), at, frozen=False)
    for at in range(2_000, 2_005):
        drivers.observe(
            window(count=30, authors=30, terms={"flight": 20, "#removal": 18, "bit.ly/x": 9, "doctor": 12}),
            at,
            frozen=True,
        )
    found = {d.value: d.kind for d in drivers.top()}
    assert found == {"#removal": "hashtag", "doctor": "term", "bit.ly/x": "link"}
    weights = [d.weight for d in drivers.top()]
    assert weights == sorted(weights, reverse=True)


def test_drivers_are_bounded_and_restored_exactly():
    drivers = Drivers()
    for at in range(500):
        drivers.observe(window(count=9, authors=9, terms={f"t{at % 97}-{i}": 2 for i in range(32)}), at, frozen=False)
    assert len(drivers.usual) < 200
    copy = Drivers()
    copy.load(drivers.dump())
    assert copy.top() == drivers.top()


# --------------------------------------------------------------------------------------------------- habits and the mean


def test_one_crisis_is_no_habit_two_days_of_it_are():
    habits, day = Habits(), 24 * 60
    sums = SlidingSums()
    sums.push(5, figures(90_000, 400_000_0))
    habits.note(5, sums)
    assert habits.beyond(3, day + 5, 90_000, 400_000_0) == math.inf
    habits.note(day + 5, sums)
    assert habits.beyond(3, 2 * day + 5, 90_000, 400_000_0) == 0.0
    assert habits.beyond(3, 2 * day + 5, 180_000, 0) == 1.0
    assert habits.beyond(3, 20 * day, 90_000, 0) == math.inf, "after two weeks it is forgotten"


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80), st.floats(0.01, 0.5))
def test_the_mean_that_forgets_starts_as_an_ordinary_mean_and_restores_exactly(values, factor):
    mean = FadingMean(factor)
    for i, value in enumerate(values, 1):
        mean.update(value)
        if i * factor < 1:
            assert mean.get() == pytest.approx(sum(values[:i]) / i)
        copy = FadingMean(factor)
        n, got = mean.dump()
        copy.reset(got, int(n))
        assert copy.dump() == mean.dump()
        assert min(values) - 1e-6 <= mean.get() <= max(values) + 1e-6


@pytest.mark.parametrize("people", [1, 17, 60, 200])
def test_a_crowd_sketch_tells_many_who_speak_once_from_few_who_speak_often(people):
    often = Crowd()
    for at in range(60):
        often.note(at, 5, [random.Random((at * 5 + i) % people).getrandbits(64) for i in range(5)])
    assert often.share(3, 59) * 300 == pytest.approx(people, rel=0.12, abs=1.5)
    copy = Crowd()
    copy.load(often.dump())
    assert copy.share(3, 59) == often.share(3, 59)
    assert often.share(3, 200) == 1.0, "nothing is known of another hour"
