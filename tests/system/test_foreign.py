"""Records that somebody else has put on Tocsin's own topics, on real Kafka: passed over and told, at a restart too; those of a
later version are not."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.scored import ScoredBatch
from schemas.times import iso
from tests.benchmarks.engine.pipelines import metric
from tests.system.harness import System
from tests.system.test_notifier import event, send

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

CROOKED = ScoredBatch(
    scored.SCHEMA, "t", 0, 0, 0, [], [], [], [], scored.table_of([(0,) * 16]).tobytes(), ["x:1"], [], b"\0", b""
)
JUNK: tuple[bytes | None, ...] = (None, b"", b"{}", b"\xc1\xff", b'{"hello": "world"}', scored.encode(CROOKED))


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(
        kafka.bootstrap, tmp_path, name=f"f{random.getrandbits(32):x}", brands=["Acme"], clock="live", wait="10m"
    )
    yield made
    made.close()


class Writer:
    """Writes where it should not."""

    def __init__(self, system: System) -> None:
        self._producer = KafkaProducer(bootstrap_servers=system.settings.broker.bootstrap)
        self._system = system

    def put(self, topic: topics.Topic, *values: bytes | None, key: bytes = b"k") -> None:
        for value in values:
            self._producer.send(self._system.settings.topic_prefix + topic.name, value, key, partition=0).get(20)

    def say(self, native_id: str) -> None:
        body = {"platform": "x", "id": native_id, "created_at": iso(int(time.time() * 1_000)), "brand": "Acme"}
        self.put(
            topics.MENTIONS, json.dumps(body | {"text": "my Acme is fine"}).encode(), key=f"x:{native_id}".encode()
        )


@pytest.fixture
def writer(live: System) -> Iterator[Writer]:
    made = Writer(live)
    yield made
    made._producer.close()


def test_they_are_passed_over_and_told_and_nothing_of_ours_is_lost(live: System, writer: Writer):
    """Given them on `scored` and `journal`, when they are read, and again by a worker that starts, then all goes on."""
    worker = live.worker()
    worker.wait_ready()
    for n in range(3):
        writer.say(str(n))
        writer.put(topics.SCORED, *JUNK)
        writer.put(topics.JOURNAL, *JUNK, b'{"type": "of tomorrow", "leader": "nobody"}')
    live.wait(lambda: metric(worker, "tocsin_rows", outcome="applied") == 3)
    send(live, event("Acme", 0))
    live.wait(lambda: live.hook.people() == ["alice"])
    assert metric(worker, "tocsin_foreign_records_total", topic="scored") == 3 * len(JUNK)
    assert metric(worker, "tocsin_foreign_records_total", topic="journal") == 3 * len(JUNK) + 3
    said = worker.log.read_text(errors="replace")
    assert "scored-0: offset" in said and "is no batch and is passed over: not a batch" in said
    assert "passed over: brand 0 of 0" in said
    assert "journal: offset" in said and "is no entry and is passed over" in said
    worker.kill()
    after = live.worker()
    after.wait_ready()
    writer.say("last")
    live.wait(lambda: metric(after, "tocsin_rows", outcome="applied") == 4)
    send(live, event("Acme", 1, "resolved"))
    live.wait(lambda: len(live.hook.got) == 2)
    assert metric(after, "tocsin_rows", outcome="duplicate") == 0
    assert "Traceback" not in said + after.log.read_text(errors="replace")


@pytest.mark.parametrize("topic", [topics.SCORED, topics.JOURNAL], ids=lambda topic: topic.name)
def test_those_of_a_later_version_end_the_worker_with_one_line(live: System, writer: Writer, topic: topics.Topic):
    """Given one, when it is read, and again by a worker that starts, then each ends with status 2 and says what to do."""
    worker = live.worker()
    worker.wait_ready()
    if topic is topics.SCORED:
        tomorrow = msgspec.structs.replace(CROOKED, schema=scored.SCHEMA + 1)
        writer.put(topic, scored.encode(tomorrow), msgspec.msgpack.encode([scored.SCHEMA + 1, *["new"] * 20]))
    else:
        leader = msgspec.json.decode(live.read(topic)[0].value)["leader"]
        writer.put(topic, json.dumps({"type": "of tomorrow", "leader": leader}).encode())
    for one in (worker, None):
        ended = one or live.worker()
        live.wait(lambda ended=ended: not ended.running, 60)
        assert ended.process.returncode == 2
        said = ended.log.read_text(errors="replace")
        assert "run the version that wrote it" in said
        assert "Traceback" not in said
