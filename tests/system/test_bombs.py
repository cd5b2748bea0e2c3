"""Batches that are small and unpack to hundreds of megabytes, on real Kafka: no worker dies of them, and no neighbour is lost."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import topics
from schemas.times import iso
from tests.benchmarks.engine import meter
from tests.benchmarks.engine.pipelines import metric
from tests.system.harness import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

RECORDS, EACH = 200, 1_000_000
"""Of one batch: 200 MB of zeros, in 200 to 800 kB with gzip and lz4, in a few with zstd."""
MOST_MB = 250
"""By which a worker may grow; unpacked in one piece such a batch alone took three times its size."""


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"b{random.getrandbits(32):x}", brands=["Acme"], clock="live")
    yield made
    made.close()


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_they_are_dead_letters_and_the_worker_stays_small(live: System, codec: str):
    """Given one between mentions, when it is read, and again by a worker that starts, then both mentions count, once."""
    worker = live.worker()
    worker.wait_ready()
    before = meter.read(worker.process.pid).rss_mb
    producer = KafkaProducer(
        bootstrap_servers=live.settings.broker.bootstrap, compression_type=codec, linger_ms=60_000, acks=1,
        batch_size=2 * RECORDS * EACH, max_request_size=2 * RECORDS * EACH,
        request_timeout_ms=60_000,
    )  # fmt: skip
    topic = live.settings.topic_prefix + topics.MENTIONS.name

    def say(native_id: str) -> None:
        body = {"platform": "x", "id": native_id, "created_at": iso(int(time.time() * 1_000)), "brand": "Acme"}
        value = json.dumps(body | {"text": "my Acme is fine"}).encode()
        producer.send(topic, value, f"x:{native_id}".encode(), partition=0)
        producer.flush()

    say("1")
    sent = [producer.send(topic, bytes(EACH), b"x:bomb%d" % n, partition=0) for n in range(RECORDS)]
    producer.flush()
    assert sent[-1].get(1).offset == sent[0].get(1).offset + RECORDS - 1
    say("2")
    live.wait(lambda: metric(worker, "tocsin_rows", outcome="applied") == 2, 60)
    letters = [dict(record.headers) for record in live.read(topics.DEAD_LETTERS)]
    assert {letter["reason"] for letter in letters} == {b"too_large"}
    first = sent[0].get(1).offset
    assert {int(letter["offset"]) for letter in letters} == set(range(first, first + RECORDS))
    assert b"cannot be unpacked into at most" in letters[0]["detail"]
    grown = meter.read(worker.process.pid).peak_mb - before
    print(f"{codec}: grew by {grown:.0f} MB")
    assert grown < MOST_MB
    worker.kill()
    after = live.worker()
    after.wait_ready()
    say("3")
    live.wait(lambda: metric(after, "tocsin_rows", outcome="applied") >= 3, 60)
    time.sleep(1)
    assert metric(after, "tocsin_rows", outcome="applied") == 3
    assert metric(after, "tocsin_source_offsets", outcome="dead_letter") == RECORDS
    producer.close()
