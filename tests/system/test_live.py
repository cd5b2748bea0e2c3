"""The wall clock: mentions produced by hand, a page seconds later, escalation over a restart, a broker that goes away."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import topics
from schemas.events import Alert, Command, encode
from schemas.ids import alert_id, fingerprint
from schemas.times import HOUR, MINUTE, SECOND, from_ms, iso
from streams.replay_plan import Record, plan
from tests.system.harness import System
from tests.system.saying import angry, now, say

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ORDINARY = ("I like my Acme", "Acme shop today", "is Acme open on Sunday?", "thanks Acme", "my Acme is late")


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(
        kafka.bootstrap, tmp_path, name=f"l{random.getrandbits(32):x}", brands=["Acme"], clock="live", wait="6s"
    )
    yield made
    made.close()


def clock(system: System, value: str) -> None:
    config = json.loads(system.config.read_text()) | {"clock": value}
    system.config.write_text(json.dumps(config))


def ordinary(until: int, hours: int = 44) -> list[Record]:
    """Return quiet talk, about twenty an hour, up to `until`."""
    chance = random.Random(5)
    records: list[Record] = []
    at, number = until - hours * HOUR, 0
    while True:
        at += int(chance.expovariate(20 / HOUR))
        if at >= until:
            return records
        number += 1
        text = chance.choice(
            ["I like my Acme", "Acme shop today", "is Acme open on Sunday?", "thanks Acme", "my Acme is late"]
        )
        mention = {
            "platform": "x",
            "id": f"h{number}",
            "created_at": iso(at),
            "text": f"{text} {number}",
            "brand": "Acme",
            "author": {"id": f"h{number}"},
        }
        records.append(Record(f"x:h{number}".encode(), json.dumps(mention).encode(), at))


def test_on_the_wall_clock_a_page_comes_seconds_after_the_line_is_crossed(live: System):
    """Given two quiet days, imported by a replay, when ninety people are angry within half a minute, then Alice is paged."""
    clock(live, "replay")
    items = list(plan(ordinary(now() - 60 * SECOND), tail=0))
    worker = live.worker()
    worker.wait_ready()
    live.publish(items)
    live.wait_done(items)
    assert worker.term() == 0
    clock(live, "live")
    live.worker().wait_ready()
    time.sleep(5)
    producer = KafkaProducer(bootstrap_servers=live.settings.broker.bootstrap)
    began = time.time()
    for number in range(150):
        mention = angry(number)
        producer.send(live.settings.topic_prefix + "mentions", msgspec.json.encode(mention), mention.key)
        time.sleep(0.2)
        if "alice" in live.hook.people():
            break
    producer.flush()
    producer.close()
    live.wait(lambda: "alice" in live.hook.people(), timeout=20)
    paged = next(at for at, path, _, _ in live.hook.got if path == "/alice")
    (alert,) = {a.alert_id: a for a in live.alerts() if a.status == "firing" and a.severity >= "L2"}.values()
    assert alert.emitted_at is not None
    print(
        f"the first angry post to the page: {paged - began:.1f} s; from the alert to the page: {paged - alert.emitted_at.timestamp():.2f} s"
    )
    assert paged - alert.emitted_at.timestamp() < 5
    assert paged - began < 45


def fire(
    system: System, severity: str = "L3", *, sequence: int = 1, status: str = "firing", at: int | None = None
) -> Alert:
    at = at or now() // MINUTE * MINUTE
    key = fingerprint("Acme", "negative_spike")
    alert = Alert(
        alert_id(key, at), key, sequence, status, "negative_spike", severity, "Acme", from_ms(at), from_ms(now()),  # type: ignore[arg-type]
        reason="thirty angry people", observed=30, expected=2,
    )  # fmt: skip
    system.produce(topics.ALERTS, key.encode(), encode(alert))
    return alert


def test_an_unanswered_page_escalates_after_the_wait_also_over_a_restart(live: System):
    """Given Alice was paged and does not answer, when the worker is killed and restarted, then Bob is paged after the wait."""
    first = live.worker("--agents", "notify")
    first.wait_ready()
    fire(live)
    live.wait(lambda: live.hook.people() == ["alice"])
    first.kill()
    second = live.worker("--agents", "notify")
    second.wait_ready()
    live.wait(lambda: "bob" in live.hook.people(), timeout=30)
    waited = live.hook.got[-1][0] - live.hook.got[0][0]
    assert live.hook.people() == ["alice", "bob"], "nobody is paged twice"
    assert waited >= 6
    print(f"escalated {waited:.1f} s after the first page; the policy says 6 s")


def test_an_acknowledged_incident_does_not_escalate_and_everybody_gets_the_all_clear(live: System):
    worker = live.worker("--agents", "notify")
    worker.wait_ready()
    alert = fire(live)
    live.wait(lambda: live.hook.people() == ["alice"])
    (incident,) = live.incidents().values()
    command = Command("c1", "ack", "alice", incident_id=incident.incident_id)
    live.produce(topics.COMMANDS, incident.incident_id.encode(), encode(command))
    live.wait(lambda: next(iter(live.incidents().values())).state == "acknowledged")
    time.sleep(8)
    assert set(live.hook.people()) == {"alice"}
    resolved = msgspec.structs.replace(alert, sequence=2, status="resolved", ends_at=from_ms(now()))
    live.produce(topics.ALERTS, alert.fingerprint.encode(), encode(resolved))
    live.wait(lambda: any(body_purpose(body) == "all_clear" for _, _, _, body in live.hook.got))
    assert next(iter(live.incidents().values())).state == "resolved"


def body_purpose(body: dict[str, Any]) -> str:
    return str(body.get("purpose") or body.get("notification", {}).get("purpose"))


def test_a_broker_that_is_absent_is_waited_for_and_one_that_goes_away_loses_nothing(
    kafka_installed: None, tmp_path: Path
):
    """Given a worker before its broker, and a broker gone for half a minute, then it says so, and no mention is lost."""
    (tmp_path / "kafka").mkdir()
    with KafkaBroker(tmp_path / "kafka") as broker:
        system = System(broker.bootstrap, tmp_path, name="lost", brands=["Acme"], clock="live")
        try:
            broker.stop()
            worker = system.worker()
            worker.wait_for("does not answer")
            broker.start()
            worker.wait_ready(60)
            say(system, range(50))
            system.wait(lambda: system.checkpoint()[1].applied == 50, timeout=60)
            broker.stop()
            time.sleep(30)
            assert worker.running, system.logs()
            broker.start()
            say(system, range(50, 100))
            system.wait(lambda: system.checkpoint()[1].applied == 100, timeout=90)
            assert worker.term() == 0
        finally:
            system.close()
