"""The volume detector in the field: what it wakes for, what it lets pass, what it learns."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest

from detectors.volume import VolumeDetector, VolumeVerdict

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_490_000_000_000 // DAY * DAY


def poisson(rng: random.Random, rate: float) -> int:
    if rate > 50:
        return max(0, round(rng.gauss(rate, math.sqrt(rate))))
    n, p, floor = 0, rng.random(), math.exp(-rate)
    while p > floor:
        n, p = n + 1, p * rng.random()
    return n


class Brand:
    """A brand with so many mentions an hour, minute by minute, and the detector that listens to it."""

    def __init__(self, per_hour: float, seed: int = 0, bin_seconds: int = 60, sensitivity: float = 1.0) -> None:
        self.rng = random.Random(seed)
        self.per_hour = per_hour
        self.bin_ms = bin_seconds * 1_000
        self.detector = VolumeDetector(bin_seconds, sensitivity)
        self.time = START
        self.last: VolumeVerdict | None = None

    def say(self, counts: Iterable[float]) -> list[int]:
        """Pass bins with these counts; return the times of the alerts."""
        alerts = []
        for count in counts:
            self.last = self.detector.step(self.time, count)
            if self.last.fired:
                alerts.append(self.time)
            self.time += self.bin_ms
        return alerts

    def live(self, *, days: float = 0, hours: float = 0, factor: float = 1.0, rhythm: bool = False) -> list[int]:
        """Pass usual life, `factor` times as loud as usual."""
        bins = round((days * DAY + hours * HOUR) / self.bin_ms)
        rate = self.per_hour * self.bin_ms / HOUR * factor

        def counts() -> Iterable[float]:
            for _ in range(bins):
                swing = 1.0 - 0.8 * math.cos(2 * math.pi * self.time / DAY) if rhythm else 1.0
                yield poisson(self.rng, rate * swing)

        return self.say(counts())


@pytest.mark.parametrize("per_hour", [0.05, 1, 18, 300, 60_000])
def test_given_a_quiet_fortnight_nobody_is_woken(per_hour):
    brand = Brand(per_hour)
    assert brand.live(days=14) == []


@pytest.mark.parametrize("per_hour", [18, 3_000])
def test_day_and_night_are_no_news(per_hour):
    brand = Brand(per_hour)
    assert brand.live(days=14, rhythm=True) == []


def test_given_fourteen_days_at_eighteen_an_hour_when_thirty_come_in_ten_minutes_then_one_alert_within_them():
    brand = Brand(18)
    brand.live(days=14)
    began = brand.time
    alerts = brand.say([3] * 10)
    assert len(alerts) == 1 and alerts[0] - began < 10 * MINUTE
    assert brand.last is not None and brand.last.high < brand.last.observed


def test_a_flood_is_noticed_in_its_first_minute():
    brand = Brand(18)
    brand.live(days=14)
    assert brand.say([75]) != []


def test_a_brand_with_one_mention_an_hour_is_not_woken_by_three_but_by_a_dozen():
    brand = Brand(1)
    brand.live(days=14)
    assert brand.say([1, 1, 1]) == []
    brand.say([0] * 120)
    assert len(brand.say([3] * 4)) == 1


def test_a_slow_burn_is_noticed_within_hours():
    brand = Brand(60)
    brand.live(days=14)
    alerts = [a for hour in range(12) for a in brand.live(hours=1, factor=1 + hour)]
    assert len(alerts) == 1


def test_one_story_is_one_alert_even_when_it_lasts_a_day():
    brand = Brand(60)
    brand.live(days=14)
    assert len(brand.live(hours=23, factor=10)) == 1


def test_a_small_alert_does_not_hide_the_crisis_that_follows_it():
    brand = Brand(60)
    brand.live(days=14)
    assert len(brand.live(hours=1, factor=6)) == 1
    brand.live(hours=4)
    assert len(brand.live(hours=1, factor=60)) == 1


def test_repeats_of_the_same_burst_stop_alerting():
    brand = Brand(60)
    brand.live(days=7)
    alerts = []
    for _ in range(14):
        alerts.append(len(brand.live(hours=1, factor=8)))
        brand.live(hours=23)
    assert alerts[0] == 1 and sum(alerts[8:]) == 0
    assert len(brand.live(hours=1, factor=24)) == 1, "a larger one is news again"


def test_a_level_shift_alarms_once_and_is_learnt():
    brand = Brand(60)
    brand.live(days=14)
    assert len(brand.live(days=14, factor=5)) == 1
    assert brand.last is not None and brand.last.expected > 3 * 45
    assert len(brand.live(hours=2, factor=40)) == 1, "the new level has a surge of its own"


def test_what_never_calms_down_is_one_story_until_it_is_three_times_as_large():
    brand = Brand(60)
    brand.live(days=14)
    assert len(brand.live(days=2, factor=20)) == 1
    assert len(brand.live(hours=1, factor=90)) == 1


def test_after_an_outage_nobody_knows_how_the_last_story_went_on():
    brand = Brand(60)
    brand.live(days=14)
    assert len(brand.live(hours=1, factor=10)) == 1
    brand.time += 30 * 60 * MINUTE
    brand.detector.blind(brand.time)
    assert len(brand.live(hours=1, factor=10)) == 1


def test_an_incident_does_not_move_its_own_baseline_while_it_lasts_but_is_learnt_when_it_is_over():
    brand = Brand(60)
    brand.live(days=7)
    before = brand.detector.step(brand.time, 1.0).expected
    brand.time += MINUTE
    brand.live(hours=3, factor=30)
    assert brand.last is not None
    assert brand.last.expected < 1.1 * before
    brand.live(hours=6)
    assert brand.last.expected > 1.2 * before


def test_warming_up_is_said_and_wakes_nobody():
    brand = Brand(60)
    assert brand.live(hours=20) == []
    assert brand.say([500] * 5) == []
    assert brand.last is not None and not brand.last.warm
    brand.live(hours=5)
    assert brand.last.warm


def test_sensitivity_two_fires_at_half_the_strength():
    scores = {}
    for sensitivity in (0.5, 1.0, 2.0):
        brand = Brand(60, sensitivity=sensitivity)
        brand.live(days=7)
        brand.say([40])
        assert brand.last is not None
        scores[sensitivity] = brand.last.score
    assert scores[0.5] < scores[1.0] < scores[2.0]


@pytest.mark.parametrize("bin_seconds", [1, 10, 60, 300, 900, 3_600, 6 * 3_600, 86_400])
def test_any_width_of_bins_sees_the_same_surge(bin_seconds):
    days = 1.5 if bin_seconds < 60 else 40
    brand = Brand(120, bin_seconds=bin_seconds)
    assert brand.live(days=days) == []
    assert len(brand.live(hours=max(1.0, bin_seconds / 3_600), factor=12)) == 1


def test_votes_explain_the_score():
    brand = Brand(60)
    brand.live(days=7)
    brand.say([90])
    assert brand.last is not None
    votes = {name: (score, fired) for name, score, fired in brand.last.votes}
    assert set(votes) == {
        *(f"{scale}_{days}d" for scale in ("linear", "log") for days in (4, 7, 14)),
        "novelty",
        "tail",
    }
    assert votes["linear_4d"][1] and votes["tail"][1]


def test_an_outage_is_no_silence():
    blind, silent = Brand(600), Brand(600)
    for brand in (blind, silent):
        brand.live(days=2)
    until = blind.time + 2 * DAY
    blind.detector.blind(until)
    blind.time = silent.time = until
    for brand in (blind, silent):
        assert brand.live(hours=2) == []
    assert blind.last is not None and silent.last is not None
    assert silent.last.expected < 0.7 * blind.last.expected
    assert blind.last.expected == pytest.approx(450, rel=0.1)


def test_when_the_source_dies_in_an_incident_its_beginning_is_learnt_all_the_same():
    brand = Brand(600)
    brand.live(days=2)
    brand.live(hours=2, factor=20)
    before = brand.last
    brand.detector.blind(brand.time + DAY)
    brand.time += DAY
    brand.live(hours=1)
    assert before is not None and brand.last is not None
    assert brand.last.expected > 1.3 * before.expected


@pytest.mark.parametrize("days", [0.35, 3])
def test_a_thousand_million_in_one_bin_deafens_nobody_while_warming_up_or_later(days: float):
    brand = Brand(600, bin_seconds=300)
    brand.live(days=days)
    brand.say([1e9])
    brand.live(days=4)
    assert len(brand.live(hours=0.5, factor=10)) == 1


def test_a_level_of_a_thousand_times_the_usual_is_learnt_when_it_lasts():
    brand = Brand(6, bin_seconds=300)
    brand.live(days=3)
    assert len(brand.live(days=3, factor=1_000)) == 1
    assert brand.last is not None and brand.last.score < 1.0


def test_what_waits_to_be_learnt_survives_a_restart():
    brand = Brand(600, bin_seconds=300)
    brand.live(days=3)
    brand.say([1e9, 50])
    again = VolumeDetector(300)
    again.load(brand.detector.dump())
    for k in range(200):
        assert again.step(brand.time + k * 300_000, 50) == brand.detector.step(brand.time + k * 300_000, 50)
