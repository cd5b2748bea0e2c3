"""What is held back is an event with its reason, from the mention to the notifier: warm-up, campaign, alert budget."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas.events import Alert
from schemas.times import HOUR, MINUTE, iso
from streams import backtest
from streams.backtest import Outcome
from streams.policy import load as policy_file
from streams.replay_plan import Record, plan
from streams.settings import BrandSettings, CampaignSettings, Settings
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention

POLICY = """\
people:
  alice: {language: en, channels: [{type: console}]}
chains:
  night: {steps: [{notify: [alice], wait: 10m}]}
defaults: {chain: night, last_resort: [alice]}
digests: [{notify: [alice], at: ["08:30"], up_to: L1}]
"""


def told(log: Log, brand: BrandSettings, tmp_path: Path, pages: int = 5) -> Outcome:
    """Run the whole way over the mentions of `log`: score, watch, notify."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    settings = Settings(brands=[brand], pages_per_week=pages)
    records = [
        Record(r.key or b"", r.value or b"", r.timestamp) for r in log.records if not (r.key or b"").startswith(b"#")
    ]
    outcome, feed = backtest.run(plan(records), settings)
    backtest.notify(feed, policy_file.load_policy(tmp_path / "policy.yaml"), outcome)
    return outcome


def quiet(log: Log, hours: int, first: int = 0, start: int = 0) -> int:
    number = first
    for minute in range(start, start + hours * 60, 3):
        at = T0 + minute * MINUTE
        log.say(mention(number, at, text=f"what a day {number}"), at=at)
        number += 1
    return number


def burst(log: Log, at_minute: int, each: int, minutes: int, first: int, *, angry: bool) -> int:
    number = first
    for minute in range(at_minute, at_minute + minutes):
        for k in range(each):
            at = T0 + minute * MINUTE + k * 1_000
            text = angry_text(number) if angry else f"so happy, lovely, thank you! {number} {number * 7919 % 997}"
            log.say(mention(number, at, text=text), at=at)
            number += 1
    return number


def held(alerts: Iterable[Alert], why: str) -> list[Alert]:
    return [alert for alert in alerts if alert.status == "suppressed" and alert.suppressed_by == why]


def heard(alerts: Iterable[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.status in ("firing", "updated")]


def pages(outcome: Outcome) -> int:
    return sum(n.purpose == "page" and n.outcome == "sent" for n in outcome.notifications)


def test_in_the_warm_up_it_is_told_as_held_back_and_nobody_is_paged(tmp_path: Path):
    log = Log()
    number = quiet(log, 8)
    number = burst(log, 8 * 60, 4, 12, number, angry=True)
    quiet(log, 2, number, 8 * 60 + 12)
    outcome = told(log, BrandSettings("Acme"), tmp_path)
    (first, *_) = held(outcome.alerts, "warm_up")
    assert first.severity >= "L1"
    assert first.reason
    assert first.baseline is not None
    assert not first.baseline.warm
    assert heard(outcome.alerts) == []
    assert pages(outcome) == 0


@pytest.mark.parametrize("angry", [False, True])
def test_a_campaign_mutes_volume_and_not_anger(tmp_path: Path, angry: bool):
    log = Log()
    number = quiet(log, 44)
    number = burst(log, 44 * 60, 6, 30, number, angry=angry)
    quiet(log, 3, number, 44 * 60 + 30)
    campaign = CampaignSettings("launch", iso(T0 + 43 * HOUR), iso(T0 + 46 * HOUR), 3.0)
    outcome = told(log, BrandSettings("Acme", campaigns=[campaign]), tmp_path)
    loud = [alert for alert in heard(outcome.alerts) if alert.severity >= "L2"]
    if angry:
        assert any(alert.signal == "negative_spike" for alert in loud)
        assert pages(outcome) >= 1
    else:
        assert held(outcome.alerts, "campaign")
        assert [alert for alert in loud if alert.signal == "volume_spike"] == []
        assert pages(outcome) == 0


def test_what_is_over_the_budget_is_told_as_held_back_save_the_gravest(tmp_path: Path):
    log = Log()
    number = quiet(log, 44)
    number = burst(log, 44 * 60, 2, 25, number, angry=True)
    number = quiet(log, 9, number, 44 * 60 + 25)
    within = told(log, BrandSettings("Acme"), tmp_path)
    assert pages(within) >= 1
    over = told(log, BrandSettings("Acme"), tmp_path, pages=0)
    assert held(over.alerts, "budget")
    assert [a for a in heard(over.alerts) if "L2" <= a.severity < "L4"] == []
    assert pages(over) == 0
    burst(log, 54 * 60, 40, 20, number, angry=True)
    grave = told(log, BrandSettings("Acme"), tmp_path, pages=0)
    assert [a for a in heard(grave.alerts) if a.severity == "L4"], "L4 is above any budget"
    assert pages(grave) >= 1


def test_each_that_is_held_back_ends_too(tmp_path: Path):
    log = Log()
    number = quiet(log, 8)
    number = burst(log, 8 * 60, 4, 12, number, angry=True)
    quiet(log, 8, number, 8 * 60 + 12)
    outcome = told(log, BrandSettings("Acme"), tmp_path)
    last = {alert.alert_id: alert for alert in outcome.alerts}
    assert {alert.status for alert in last.values()} == {"resolved"}
