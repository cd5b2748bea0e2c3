"""Names of headers that are not UTF-8, on real Kafka: brokers take them, and most clients break at them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.times import iso
from tests.system.harness import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


class Latin(str):
    """A header's name of a producer that writes Latin-1."""

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        return super().encode("latin-1", errors)


POISON = [(Latin("qualité"), b"1")]


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"h{random.getrandbits(32):x}", brands=["Acme"], clock="live")
    yield made
    made.close()


def test_they_stop_nothing_on_any_topic(live: System):
    """Given one on every topic that is read, when it is read, and read again by a worker that starts, mentions are scored."""
    producer = KafkaProducer(bootstrap_servers=live.settings.broker.bootstrap)
    prefix = live.settings.topic_prefix

    def say(native_id: str, headers: Sequence[tuple[str, bytes]], *to: topics.Topic) -> None:
        body = {"platform": "x", "id": native_id, "created_at": iso(int(time.time() * 1_000)), "brand": "Acme"}
        value = json.dumps(body | {"text": "my Acme is fine"}).encode()
        for topic in to:
            producer.send(prefix + topic.name, value, f"x:{native_id}".encode(), list(headers)).get(20)

    def known() -> set[str]:
        return {name for record in live.read(topics.SCORED) for name in scored.decode(record.value).ids}

    def dead() -> set[bytes]:
        return {dict(record.headers)["topic"] for record in live.read(topics.DEAD_LETTERS)}

    live.worker().wait_ready()
    say("1", POISON, topics.MENTIONS, topics.ALERTS, topics.COMMANDS, topics.BRANDS, topics.FEEDBACK)
    say("2", [], topics.MENTIONS)
    live.wait(lambda: {"x:1", "x:2"} <= known())
    live.wait(lambda: dead() == {b"alerts", b"commands", b"feedback"})  # there a mention is out of place
    live.workers[-1].kill()
    live.worker().wait_ready()
    say("3", [], topics.MENTIONS)
    live.wait(lambda: "x:3" in known())
    producer.close()
