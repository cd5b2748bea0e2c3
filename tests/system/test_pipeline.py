"""The whole system on real Apache Kafka: real mentions in, the right person paged, whatever happens to the workers."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import KafkaBroker
from schemas.times import MINUTE, parse_iso, to_ms
from streams import backtest, files
from streams.demo.story import story
from streams.policy.load import load_policy
from streams.replay_plan import Item, plan, records_of
from streams.settings import Settings
from tests.system.harness import System, onsets

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture
def system(kafka: KafkaBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    made = System(
        kafka.bootstrap, tmp_path, name=f"t{random.getrandbits(32):x}", brands=["Nimbrook", "Maison Vaudrelle"]
    )
    made.settings.brands[0].words = ["nimbrook", "nimbrookhq"]
    made.settings.brands[1].words = ["vaudrelle", "maisonvaudrelle"]
    import msgspec

    made.config.write_bytes(msgspec.json.encode(msgspec.to_builtins(made.settings)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def tale() -> list[Item]:
    """The demo's story from its third day on."""
    start = parse_iso("2026-03-04T06:00:00Z")
    return list(plan(records_of(m for m in story() if m.time >= start)))


def oracle(items: list[Item], system: System) -> tuple[dict[str, tuple[Any, ...]], backtest.Outcome]:
    """The same cores, run once over the input."""
    settings = Settings(clock="replay", brands=system.settings.brands)
    outcome, feed = backtest.run(items, settings)
    backtest.notify(feed, load_policy(system.folder / "policy.yaml"), outcome)
    return onsets(outcome.alerts), outcome


def test_the_live_run_and_the_backtest_say_the_same_and_the_chain_is_paged(system: System, tale: list[Item]):
    expected, outcome = oracle(tale, system)
    assert any(severity >= "L3" for *_, severity, _ in expected.values())
    system.worker().wait_ready()
    system.publish(tale)
    tally = system.wait_done(tale)
    assert onsets(system.alerts()) == expected
    assert (tally.applied, tally.late, tally.duplicate) == (
        outcome.tally.applied,
        outcome.tally.late,
        outcome.tally.duplicate,
    )
    keys = {n.notification_id for n in outcome.notifications if n.outcome == "sent" and n.purpose == "page"}
    system.wait(lambda: keys <= {n.notification_id for n in system.notifications()})
    system.wait(lambda: {"alice", "bob"} <= set(system.hook.people()))


def test_killed_and_terminated_in_mid_replay_it_loses_nothing_and_doubles_nothing(system: System, tale: list[Item]):
    """Given three kills and three terminations while a replay runs, the alerts are the oracle's and the account holds."""
    expected, outcome = oracle(tale, system)
    chance = random.Random(11)
    with system.publishing(tale):
        for round_ in range(6):
            worker = system.worker()
            worker.wait_ready()
            time.sleep(chance.uniform(0.3, 3.0))
            if round_ % 2:
                assert worker.term() == 0
            else:
                worker.kill()
    system.worker().wait_ready()
    tally = system.wait_done(tale)
    assert onsets(system.alerts()) == expected
    assert (tally.applied, tally.late, tally.duplicate) == (
        outcome.tally.applied,
        outcome.tally.late,
        outcome.tally.duplicate,
    )
    assert tally.scored + tally.unmatched + tally.dead_letter == outcome.tally.scored + outcome.tally.unmatched
    sent = [n.notification_id for n in system.notifications() if n.outcome == "sent"]
    assert len(system.hook.got) <= len(set(sent)) + 6, "at most one repeat a kill"


def test_two_workers_one_joining_and_leaving_say_the_same(system: System, tale: list[Item]):
    expected, outcome = oracle(tale, system)
    system.worker().wait_ready()
    with system.publishing(tale):
        second = system.worker()
        second.wait_ready()
        time.sleep(6)
        assert second.term() == 0
    tally = system.wait_done(tale)
    assert onsets(system.alerts()) == expected
    assert (tally.applied, tally.late, tally.duplicate) == (
        outcome.tally.applied,
        outcome.tally.late,
        outcome.tally.duplicate,
    )


def test_real_tweets_of_a_real_storm(kafka: KafkaBroker, tmp_path: Path, shared_data: Path):
    """United's storm of 22 February 2015 is alerted and the chain is paged."""
    records, _ = files.load([shared_data / "mentions" / "airline_2015_dev.csv"])
    items = list(plan(records))
    system = System(kafka.bootstrap, tmp_path, name=f"t{random.getrandbits(32):x}")
    try:
        expected, _ = oracle(items, system)
        system.worker().wait_ready()
        system.publish(items)
        system.wait_done(items)
        assert onsets(system.alerts()) == expected
        united = [o for o in expected.values() if o[0] == "United" and o[3] >= "L2"]
        storm = range(parse_iso("2015-02-22T01:00:00Z"), parse_iso("2015-02-22T18:00:00Z"))
        assert any(start in storm for _, _, start, _, _ in united)
        system.wait(lambda: "alice" in system.hook.people())
    finally:
        system.close()


def test_quiet_days_stay_quiet_and_the_night_of_10_april_2017_is_l4(
    kafka: KafkaBroker, tmp_path: Path, shared_data: Path
):
    """Given four quiet days and then 250 times the usual, nobody is paged before, and L4 comes within twenty minutes."""
    parts = [shared_data / "mentions" / f"united_2017_a_apr06_11_{part}.csv" for part in (1, 2)]
    records, _ = files.load(parts, brand="United Airlines")
    items = list(plan(records))
    system = System(kafka.bootstrap, tmp_path, name=f"t{random.getrandbits(32):x}")
    try:
        expected, _ = oracle(items, system)
        system.worker().wait_ready()
        system.publish(items)
        system.wait_done(items, 200)
        alerts = system.alerts()
        assert onsets(alerts) == expected
        night = parse_iso("2017-04-10T22:10:00Z")
        told = [a for a in alerts if a.status in ("firing", "updated")]
        assert not [a for a in told if to_ms(a.detected_at) < night and a.severity >= "L2"]
        first = min(to_ms(a.detected_at) for a in told if a.severity == "L4")
        print(f"L4 {(first - night) / MINUTE:.1f} minutes after the data comes back")
        assert night <= first <= night + 20 * MINUTE
        system.wait(lambda: {"alice", "bob"} <= set(system.hook.people()))
    finally:
        system.close()
