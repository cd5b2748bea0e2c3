"""No worker for three hours while a crisis begins: when one starts again, one alert and one page, not a stale series."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.broker import KafkaBroker
from schemas.mention import tick_record
from schemas.times import HOUR, MINUTE, SECOND, from_ms, iso, to_ms
from tests.streams.angry import angry_text
from tests.system.harness import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"b{random.getrandbits(32):x}", brands=["Acme"], clock="live")
    yield made
    made.close()


def stamped(system: System, kind: str) -> None:
    """Say who stamps the records of `mentions`: the past can only be written while their producers do."""
    admin = KafkaAdminClient(bootstrap_servers=system.settings.broker.bootstrap)
    topic = ConfigResource(
        ConfigResourceType.TOPIC, f"{system.settings.topic_prefix}mentions", {"message.timestamp.type": kind}
    )
    admin.alter_configs([topic])
    admin.close()


def test_after_an_outage_one_alert_tells_what_was_missed(live: System):
    """Given 26 quiet hours with a worker's ticks, then three hours without one in which a crisis began, then one page."""
    now = int(time.time() * 1_000)
    stop, crisis = now - 3 * HOUR, now - 2 * HOUR
    name = f"{live.settings.topic_prefix}mentions"
    stamped(live, "CreateTime")
    producer = KafkaProducer(bootstrap_servers=live.settings.broker.bootstrap, linger_ms=20)

    def say(number: int, at: int, text: str) -> None:
        value = {
            "platform": "x",
            "id": str(number),
            "created_at": iso(at),
            "text": text,
            "brand": "Acme",
            "author": {"id": f"a{number}"},
        }
        producer.send(name, json.dumps(value).encode(), f"x:{number}".encode(), timestamp_ms=at)

    number = 0
    for at in range(stop - 26 * HOUR, now - MINUTE, MINUTE):
        if at <= stop:
            for partition in range(live.settings.partitions.mentions):
                key, value = tick_record(at)
                producer.send(name, value, key, partition=partition, timestamp_ms=at)
        calm = at < crisis
        for k in range((at // MINUTE % 3 == 0) if calm else 12):
            number += 1
            say(number, at + k * SECOND, f"what a day {number}" if calm else angry_text(number))
    producer.flush()
    producer.close()
    stamped(live, "LogAppendTime")

    live.worker().wait_ready()
    live.wait(lambda: "alice" in live.hook.people(), timeout=60)
    time.sleep(3)  # whatever else were to come of the backlog has come
    told = [a for a in live.alerts() if a.detected_at > from_ms(stop + MINUTE)]
    (alert,) = [a for a in told if a.status in ("firing", "updated")]
    assert alert.blind is not None
    assert alert.severity >= "L3"
    assert stop - MINUTE <= to_ms(alert.blind.since) <= stop + MINUTE
    assert to_ms(alert.blind.until) >= now
    assert abs(to_ms(alert.starts_at) - crisis) < 5 * MINUTE
    assert live.hook.people().count("alice") == 1
    (incident,) = live.incidents().values()
    assert incident.severity == alert.severity
    print(f"{alert.severity}, {len(told)} event(s) told after the outage: {alert.reason}")
