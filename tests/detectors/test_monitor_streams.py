"""A sample of `tests.benchmarks.monitor_streams`: generated talk whose truth is known, at a few rates."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from detectors.volume import VolumeDetector
from tests.benchmarks import generated_talk as gen
from tests.benchmarks import monitor_streams as streams
from tests.benchmarks.generated_talk import DAY, KINDS

RATES = (0.1, 3.0)
"""Mentions a minute."""


@cache
def settled(kind: str, rate: float) -> tuple[bytes, dict[str, Any], int]:
    return streams.settle(kind, rate, 1)


def told(name: str, rate: float, kind: str = "day and week", runs: int = 2) -> streams.Cell:
    cell = streams.Cell(name, rate)
    for seed in range(runs):
        streams.story(name, rate, seed, settled(kind, rate), kind, cell)
    return cell


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("name", "minutes"), [("flash", 1.0), ("angry crowd", 12.0), ("slow burn", 240.0)])
def test_a_crisis_is_paged_in_time(name, minutes, rate):
    cell = told(name, rate)
    assert cell.paged == cell.l3 == cell.runs
    assert max(cell.delays) <= minutes


@pytest.mark.parametrize("rate", RATES)
def test_the_early_trigger_gains_two_minutes_on_a_flash(rate):
    assert min(told("flash", rate).gains) >= 120


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    "name", ["viral joke x4", "viral joy x15", "bot burst", "one loud author", "campaign x3, told"]
)
def test_a_decoy_pages_nobody(name, rate):
    assert told(name, rate).paged == 0


def test_a_loud_author_beside_ordinary_talk_wakes_hardly_anybody():
    cell = told("one loud author", 1.0, runs=6)
    assert cell.paged <= 1  # a day may be at the edge of a slow burn by itself


def test_five_minutes_by_chance_do_not_make_a_page_of_an_hour_of_joy():
    assert told("viral joy x15", 1.0, runs=3).paged == 0


def test_fifteen_times_the_talk_all_of_it_joy_is_no_early_page_of_a_busy_brand():
    rng = np.random.default_rng(4)
    state = settled("constant", 30.0)
    first = state[2] + gen.LATENESS + 1
    joyful = gen.ordinary(rng, KINDS["constant"], first, 10, 30.0) + gen.joy(rng, first, 30.0)
    alerts = gen.listen(BrandMonitor.load("Nimbrook", MonitorSettings(), state[0]), joyful, rng, 12)
    assert all(a.severity == "L1" for a in alerts), "it is told, and wakes nobody"


def test_anger_in_a_campaign_is_paged_and_nothing_is_after_it():
    cell = told("crowd in a campaign", 3.0)
    assert (cell.paged, cell.further) == (cell.runs, 0)


def test_a_level_that_stays_is_one_story_for_both_detectors():
    cell = told("level shift x3", 3.0, runs=1)
    assert cell.paged == 1
    assert cell.further == 0
    rng = np.random.default_rng(2)
    detector = VolumeDetector(60)
    gen.count_alerts(detector, gen.ordinary(rng, KINDS["constant"], gen.START, 10 * DAY, 3.0))
    later = gen.ordinary(rng, KINDS["constant"], gen.START + 10 * DAY, 5 * DAY, 9.0)
    assert len(gen.count_alerts(detector, later)) == 1


def test_mondays_are_no_news_to_a_brand_of_weekdays():
    found = streams.ordinary("weekdays only", 1.0, 14, 1)
    assert found.mondays <= 1
    assert found.l3 == 0
    busy = BrandMonitor("Nimbrook", MonitorSettings())
    rng = np.random.default_rng(1)
    said = gen.ordinary(rng, KINDS["weekdays only"], gen.START, 28 * DAY, 1.0)
    gen.listen(busy, said, rng)
    pace = busy._picture.pace
    nine = gen.START + 28 * DAY + 9 * 60  # a Monday
    pace.begin(nine)
    monday = pace.rate
    usual = KINDS["weekdays only"]
    expected = 1 + usual.swing * np.sin(2 * np.pi * (9 / 24 - 0.35))
    assert monday == pytest.approx(expected, rel=0.35), "after a weekend at a tenth it expects a weekday"
