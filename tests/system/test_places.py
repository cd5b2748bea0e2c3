"""What a worker does when the place where it left off is gone: retention, a topic made anew, a damaged checkpoint."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import TopicAlreadyExistsError

from deploy.broker import KafkaBroker
from schemas import topics
from schemas.topics import Topic
from streams import topics_admin
from streams.errors import UserError
from streams.watch import checkpoints
from tests.system.harness import System
from tests.system.inside import Inside
from tests.system.saying import say

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

BOTH = ["score", "watch"]


@pytest.fixture
def system(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"p{random.getrandbits(32):x}", brands=["Acme"], clock="live", partitions=1,
                  extra={"web": {"port": 0}})  # fmt: skip
    yield made
    made.close()


@contextlib.contextmanager
def running(system: System, *agents: str, accept_gap: bool = False) -> Iterator[Inside]:
    worker = Inside(system, list(agents or BOTH), accept_gap=accept_gap)
    try:
        yield worker
        assert worker.term() == 0
    finally:
        print("the worker", "runs" if worker.running else f"has ended: {worker.end.exception()!r}")
        worker.close()


def refusal(system: System) -> str:
    """Run a worker that must end by itself; return its only complaint."""
    with pytest.raises(UserError) as told:
        Inside(system, BOTH).end.result(30)
    return str(told.value)


def counted(system: System, applied: int) -> None:
    system.wait(lambda: system.checkpoint()[1].applied >= applied, 40)
    tally = system.checkpoint()[1]
    assert (tally.applied, tally.duplicate, tally.scored) == (applied, 0, applied)


def remake(system: System, topic: Topic) -> None:
    """Delete `topic` and make it anew, as an operator would."""
    name = system.settings.topic_prefix + topic.name
    with topics_admin.admin(system.settings) as admin:
        admin.delete_topics([name])

    def gone() -> bool:
        with topics_admin.admin(system.settings) as admin:
            return name not in admin.list_topics()

    system.wait(gone)

    def made() -> bool:
        try:
            return bool(topics_admin.create(system.settings))
        except TopicAlreadyExistsError:
            return False

    system.wait(made)


def cut(system: System, topic: Topic, before: int) -> None:
    """Move the beginning of the log, as retention does."""
    admin = KafkaAdminClient(bootstrap_servers=system.settings.broker.bootstrap)
    admin.delete_records({TopicPartition(system.settings.topic_prefix + topic.name, 0): before})
    admin.close()


def test_mentions_made_anew_is_a_new_source(system: System):
    """Given that it was deleted and made anew once while nobody ran and once under a worker, then all of each counts."""
    with running(system):
        say(system, range(50))
        counted(system, 50)
    remake(system, topics.MENTIONS)
    say(system, range(50, 80))
    with running(system):
        counted(system, 80)
        remake(system, topics.MENTIONS)
        say(system, range(80, 120))
        counted(system, 120)
    (partition,) = system.checkpoint()[0]
    assert len({source.topic for source in partition.sources}) == 3


def test_a_gap_is_told_and_passed_over_only_when_accepted(system: System):
    """Given retention that overtook a stopped worker, in mentions and then in scored."""
    with running(system):
        say(system, range(20))
        counted(system, 20)
        system.wait(lambda: system.checkpoint()[1].control > 2)  # a tick has been committed
    say(system, range(20, 50))
    end = topics_end(system, topics.MENTIONS)
    cut(system, topics.MENTIONS, end - 10)
    line = refusal(system)
    assert line.startswith("mentions-0: offsets "), line
    assert f" to {end - 11} are gone (retention overtook a stopped worker): " in line
    assert line.endswith("start once with --accept-gap to go on without them")
    with running(system, accept_gap=True):
        counted(system, 30)
        time.sleep(1.5)  # offsets are committed once a second
    with running(system, "score"):
        before = topics_end(system, topics.SCORED)
        say(system, range(50, 70))
        system.wait(lambda: topics_end(system, topics.SCORED) > before + 2)
    end = topics_end(system, topics.SCORED)
    cut(system, topics.SCORED, end)
    line = refusal(system)
    assert line.startswith("scored-0: offsets "), line
    assert f" to {end - 1} are gone (retention overtook a stopped worker): " in line
    with running(system, accept_gap=True):
        say(system, range(70, 80))
        system.wait(lambda: system.checkpoint()[1].applied == 40)


def test_scored_made_anew_and_a_damaged_checkpoint_are_told(system: System):
    with running(system):
        say(system, range(20))
        counted(system, 20)
        system.wait(lambda: committed(system) >= 20)  # at the first tick behind them; before it they would come again
    remake(system, topics.SCORED)
    line = refusal(system)
    assert line.startswith("scored-0 was deleted and made anew: what had come behind offset "), line
    with running(system, accept_gap=True):
        say(system, range(20, 30))
        counted(system, 30)
    last = [r for r in system.read(topics.CHECKPOINTS) if r.key.startswith(b"|") and r.value is not None][-1]
    producer = KafkaProducer(bootstrap_servers=system.settings.broker.bootstrap)
    name = system.settings.topic_prefix + topics.CHECKPOINTS.name
    producer.send(name, last.value[:-3] + b"xyz", last.key, partition=0).get(20)
    producer.close()
    line = refusal(system)
    assert line.startswith("watch-checkpoints-0: the partition's record: its checksum does not fit"), line
    assert "--accept-gap" in line
    with running(system, accept_gap=True):
        say(system, range(30, 40))
        system.wait(lambda: readable(system) and system.checkpoint()[1].applied == 20)  # ten of them again


def committed(system: System) -> int:
    """Where `score` would go on in `mentions`."""
    group = f"{system.settings.topic_prefix.rstrip('.')}-score"
    consumer = KafkaConsumer(
        bootstrap_servers=system.settings.broker.bootstrap, group_id=group, enable_auto_commit=False
    )
    offset = consumer.committed(TopicPartition(system.settings.topic_prefix + topics.MENTIONS.name, 0))
    consumer.close()
    return offset or 0


def readable(system: System) -> bool:
    """Whether the damaged record has been removed."""
    try:
        return bool(system.checkpoint()[0])
    except checkpoints.CorruptCheckpointError:
        return False


def topics_end(system: System, topic: Topic) -> int:
    consumer = KafkaConsumer(bootstrap_servers=system.settings.broker.bootstrap)
    tp = TopicPartition(system.settings.topic_prefix + topic.name, 0)
    end = int(consumer.end_offsets([tp])[tp])
    consumer.close()
    return end
