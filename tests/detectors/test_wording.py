"""What an alert says holds together: its points reach its severity, its figures are in its own measure, its words are not its name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from detectors.drivers import own_terms
from detectors.early import PLAINLY, SoFar
from detectors.settings import MonitorSettings
from detectors.severity import LEVELS
from schemas.events import Alert
from schemas.times import MINUTE
from tests.detectors.brand_story import ANGER, PLAIN, Story, poisson


def quiet(seed: int = 1, **settings: Any) -> Story:
    return Story(MonitorSettings(**settings), seed).days(8, 30.0).forget()


def reach(seed: int, followers: int = 2_400_000) -> Story:
    return quiet(seed).tell(1, 0.8, top_reach=followers, top_negative=8_000, reach=followers)


def anger(seed: int) -> Story:
    return quiet(seed).minutes(25, 400, ANGER)


def slow_burn(seed: int) -> Story:
    story = quiet(seed)
    for hour in range(8):
        story.hours(1, 30 * (1.1 + 0.25 * hour), 0.5)
    return story


def volume(seed: int) -> Story:
    return quiet(seed).minutes(40, 600)


def grave(seed: int) -> Story:
    story = quiet(seed)
    for _ in range(15):
        story.tell(poisson(story.random, 1.5), PLAIN, grave=1)
    return story


def public(seed: int) -> Story:
    story = quiet(seed, official=True).minutes(10, 500, ANGER)
    return story.minutes(3, 30, PLAIN, replies=1, questions=9)


def known(seed: int) -> Story:
    """Two days of the last fortnight had such a burst already, as angry."""
    story = quiet(seed)
    for _ in range(4):
        story.minutes(30, 2_500, 0.6).days(1, 30.0)
    return story


def early(seed: int) -> Story:
    story = quiet(seed)
    at = story.minute * MINUTE
    said = [(i, i) for i in range(40)]
    for share in (PLAINLY, 9_000):
        story.events += story.monitor.early(at, at + MINUTE, SoFar(60, 60 * share, 60, 60), list, said)
    return story


KINDS = [reach, anger, slow_burn, volume, grave, public, known, early]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("tell", KINDS)
def test_the_points_that_are_printed_reach_the_severity_that_is_shown(tell, seed):
    alerts = [a for a in tell(seed).alerts if a.status != "resolved"]
    assert alerts
    for alert in alerts:
        if not alert.severity_terms:
            assert "has replied" in alert.reason or "wait for an answer" in alert.reason
            continue
        level = int(alert.severity[1])
        assert sum(alert.severity_terms.values()) >= LEVELS[level - 1] - 0.005, (alert.severity, alert.severity_terms)


@pytest.mark.parametrize("followers", [120_000, 500_000, 3_000_000, 80_000_000, 9_000_000_000])
def test_a_large_account_has_the_points_of_its_level_and_no_more(followers):
    (alert,) = reach(1, followers).alerts
    level = int(alert.severity[1])
    assert LEVELS[level - 1] <= alert.severity_terms["reach"] < LEVELS[level]


def spikes(story: Story) -> list[Alert]:
    return [a for a in story.alerts if a.signal == "negative_spike" and a.status in {"firing", "updated"}]


@pytest.mark.parametrize("tell", [anger, slow_burn])
def test_anger_is_told_in_negative_mentions_and_what_of_those_would_be_usual(tell):
    found = spikes(tell(1))
    assert found
    for alert in found:
        if alert.severity_terms["persistence"]:
            assert alert.interval is None and "no surprise" not in alert.reason
            continue
        said = re.search(
            r", ([\d.,]+) of them negative, where ([\d.]+) would be usual and ([\d.]+) no surprise", alert.reason
        )
        assert said is not None, alert.reason
        assert alert.interval is not None
        seen, usual, high = (float(text.replace(",", "")) for text in said.groups())
        assert seen == pytest.approx(alert.observed, abs=0.51)
        assert usual == pytest.approx(alert.expected, abs=0.51)
        assert high == pytest.approx(alert.interval.high, abs=0.51)


def test_a_slow_burn_says_that_it_is_one():
    assert any(re.search(r"adding up for [\d.]+ (hours|minutes) \(slow burn\)", a.reason) for a in spikes(slow_burn(1)))
    assert not any("slow burn" in a.reason for a in spikes(anger(1)))


def test_volume_is_told_in_mentions():
    alert = next(a for a in volume(1).alerts if a.signal == "volume_spike")
    assert "of them negative" not in alert.reason
    assert re.search(r"where [\d.]+ would be usual and [\d.]+ no surprise", alert.reason)


@pytest.mark.parametrize("term", ["poison", "#PoisonParfums", "@poison", "parfums", "Poison's", "#poison", "éclat"])
def test_the_brands_own_name_is_neither_driver_nor_subject(term):
    story = Story(MonitorSettings(names=("poisonparfums", "Eclat")), 1, "Poison Parfums").days(8, 30.0).forget()
    story.minutes(10, 600, ANGER, terms={term: 12, "#poisonous": 5, "refund": 4})
    alert = [a for a in story.alerts if a.status in {"firing", "updated"}][-1]
    named = {driver.value for driver in alert.drivers}
    assert term not in named and {"#poisonous", "refund"} <= named
    assert term not in alert.trigger_terms


def test_own_terms_are_words_and_all_of_them_as_one():
    assert own_terms(["Crédit d'Azur", "@Azur_fr", "SNCF"]) == {
        "credit", "d", "azur", "creditdazur", "fr", "azurfr", "azur_fr", "credit d'azur", "sncf",
    }  # fmt: skip
