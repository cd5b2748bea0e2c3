"""Batches that brokers accept and no parser can read, and marks of transactions, on real Kafka: they cost what is in them and no more."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import topics
from streams.agents.context import Context
from streams.agents.watch import WatchAgent, _Owned
from streams.engine.hooks import PositionError
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.wiring import watch_core
from tests.benchmarks.engine.pipelines import metric
from tests.streams.engine import crafted
from tests.system.harness import System, Worker
from tests.system.test_foreign import Writer
from tests.system.test_notifier import event, send

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

BATCHES = [crafted.lying(1), crafted.lying(4, headers=crafted.LATIN), crafted.doubled_frame(), crafted.phantom(1)]
OURS = (topics.MENTIONS, topics.ALERTS, topics.COMMANDS, topics.FEEDBACK, topics.BRANDS, topics.INCIDENTS, topics.NOTIFICATIONS,
        topics.WINDOWS, topics.SCORED, topics.JOURNAL, topics.CHECKPOINTS, topics.SNAPSHOTS, topics.FEEDBACK_SNAPSHOTS)  # fmt: skip


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(
        kafka.bootstrap, tmp_path, name=f"l{random.getrandbits(32):x}", brands=["Acme"], clock="live", wait="10m"
    )
    yield made
    made.close()


@pytest.fixture
def writer(live: System) -> Iterator[Writer]:
    made = Writer(live)
    yield made
    made._producer.close()


def applied(worker: Worker) -> float:
    assert worker.running, worker.log.read_text(errors="replace")[-3_000:]
    return metric(worker, "tocsin_rows", outcome="applied")


def test_no_topic_stands_still_for_them(live: System, writer: Writer):
    """Given some on every topic, when they are read, and again by a worker that starts, then all else is counted, once."""
    worker = live.worker()
    worker.wait_ready()
    writer.say("1")
    live.wait(lambda: applied(worker) == 1)
    for topic in OURS:
        crafted.send(live.settings.broker.bootstrap, live.settings.topic_prefix + topic.name, *BATCHES)
    for n in range(2, 5):
        writer.say(str(n))
    live.wait(lambda: applied(worker) == 4)
    send(live, event("Acme", 0))
    live.wait(lambda: live.hook.people() == ["alice"])
    worker.kill()
    after = live.worker()
    after.wait_ready()
    writer.say("5")
    live.wait(lambda: applied(after) == 5)
    send(live, event("Acme", 1, "resolved"))
    live.wait(lambda: len(live.hook.got) == 2)
    reasons = {(dict(r.headers)["topic"], dict(r.headers)["reason"]) for r in live.read(topics.DEAD_LETTERS)}
    assert {(topic, b"unreadable") for topic in (b"mentions", b"alerts", b"commands")} <= reasons
    assert "Traceback" not in worker.log.read_text(errors="replace") + after.log.read_text(errors="replace")


def test_marks_of_a_transaction_are_no_missing_records(live: System, writer: Writer):
    worker = live.worker()
    worker.wait_ready()
    writer.say("1")
    live.wait(lambda: applied(worker) == 1)
    producer = KafkaProducer(
        bootstrap_servers=live.settings.broker.bootstrap, transactional_id=f"t{random.getrandbits(32)}"
    )
    producer.init_transactions()
    for topic in OURS:
        producer.begin_transaction()
        producer.send(live.settings.topic_prefix + topic.name, b"junk", b"k", partition=0)
        producer.flush()
        producer.commit_transaction()
    producer.close()
    writer.say("2")
    live.wait(lambda: applied(worker) == 2)
    time.sleep(4)  # a checkpoint
    worker.kill()
    after = live.worker()
    after.wait_ready()
    writer.say("3")
    live.wait(lambda: applied(after) == 3)


def test_a_record_that_stands_in_a_hole_is_missing(live: System, writer: Writer):
    """Given a slice that leaves out what is in the topic, whatever lost it, then nothing behind it is applied."""
    worker = live.worker("--agents", "score,watch")
    worker.wait_ready()
    writer.say("1")
    live.wait(lambda: sum(record.partition == 0 for record in live.read(topics.SCORED)) >= 4)

    async def leave_out() -> None:
        producer = Producer(live.settings)
        await producer.start()
        try:
            agent = WatchAgent(Context(live.settings, producer), lambda q: watch_core(live.settings, q))
            owned = _Owned(0, watch_core(live.settings, 0), "me")
            found = [r async for records in read_to_end(live.settings, topics.SCORED.name, 0) for r in records]
            await agent._slice(owned, found[:2])
            with pytest.raises(PositionError, match="scored-0: 3 comes after 1: records are missing"):
                await agent._slice(owned, found[3:4])
            assert owned.core.applied == 1
            assert not owned.sure, "no checkpoint may be written of it"
            await agent._slice(owned, found[2:4])
            assert owned.core.applied == 3
        finally:
            await producer.stop()

    asyncio.run(leave_out())
