"""What stock Faust 0.15.3 loses and our transport does not: the same scenario on both, on real Kafka.

A test fails when stock Faust stops losing as well: then the override against it in `streams/engine/transport.py` may go.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.broker import KafkaBroker
from tests.system.harness import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

KINDS = ("stock", "ours")
VALUES = [str(i) for i in range(10)]
SETTLED = 4.0
"""Seconds in which nothing new must be handled before a run counts as settled; commits come three times a second."""
BEGINS_WITHIN = 30.0
"""Seconds until a first record is handled, at the latest."""


class Scenario:
    """A topic, the app on it, and what the app wrote down."""

    def __init__(self, broker: KafkaBroker, folder: Path, name: str) -> None:
        self.bootstrap, self.name, self.folder = broker.bootstrap, name, folder
        self.topic = f"loss-{name}-{random.getrandbits(32):x}"
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        outs = [NewTopic(f"{self.topic}-{kind}-out", 1, 1) for kind in KINDS]
        admin.create_topics([NewTopic(self.topic, 1, 1), *outs])
        admin.close()
        self.children: list[subprocess.Popen[bytes]] = []

    def say(self, *values: str, **options: str) -> None:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=50, **options)
        for value in values:
            producer.send(self.topic, value.encode(), b"k")
        producer.close()

    def start(self, kind: str, *options: str, hide: str = "") -> subprocess.Popen[bytes]:
        arguments = [
            kind,
            self.name,
            self.bootstrap,
            self.topic,
            f"{self.topic}-{kind}",
            str(self.file(kind)),
            *options,
        ]
        code = f"import sys, runpy; sys.modules[{hide!r}] = None; sys.argv[0] = 'app'; "
        code += "runpy.run_module('tests.system.loss_app', run_name='__main__')"
        with (self.folder / f"{kind}.log").open("ab") as log:
            child = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def file(self, kind: str) -> Path:
        return self.folder / f"{self.name}-{kind}.txt"

    def handled(self, kind: str) -> list[str]:
        file = self.file(kind)
        return file.read_text().splitlines() if file.exists() else []

    def settle(self, child: subprocess.Popen[bytes], look: Callable[[], object], *, at_least: float = 8.0) -> None:
        """Wait until nothing new comes any more (something must, on a busy machine late), or the app has ended."""
        seen, since, began = look(), time.monotonic(), time.monotonic()
        while child.poll() is None and (
            time.monotonic() - since < SETTLED
            or time.monotonic() - began < (at_least if seen else max(at_least, BEGINS_WITHIN))
        ):
            time.sleep(0.2)
            now = look()
            if now != seen:
                seen, since = now, time.monotonic()

    def run_out(self, kind: str) -> None:
        """Run it until nothing new comes."""
        self.settle(self.start(kind), lambda: self.handled(kind))

    def crash_and_restart(self, kind: str, look: Callable[[], object]) -> None:
        """Run it with the mishap, kill -9 it, run it again without."""
        first = self.start(kind, "--fault")
        self.settle(first, look)
        first.kill()
        first.wait()
        second = self.start(kind)
        self.settle(second, look, at_least=14.0)  # a session time-out of six seconds passes first
        second.kill()
        second.wait()

    def out(self, kind: str) -> list[str]:
        """Return what the app of `kind` has sent."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None, auto_offset_reset="earliest")
        tp = TopicPartition(f"{self.topic}-{kind}-out", 0)
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end, found = consumer.end_offsets([tp])[tp], []
        while consumer.position(tp) < end:
            found += [r.value.decode() for records in consumer.poll(200).values() for r in records]
        consumer.close()
        return found


def on_both(run: Callable[[str], None]) -> None:
    """Do `run` with stock Faust and with ours at the same time, each in a group of its own: most of it is waiting."""
    with ThreadPoolExecutor(len(KINDS)) as pool:
        for done in [pool.submit(run, kind) for kind in KINDS]:
            done.result()


@pytest.fixture
def scenario(kafka: KafkaBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scenario]:
    made = Scenario(kafka, tmp_path, request.param)
    yield made
    for child in made.children:
        if child.poll() is None:
            child.kill()
            child.wait()


@pytest.mark.parametrize("scenario", ["exception", "take"], indirect=True)
def test_a_record_whose_handling_failed_comes_again(scenario: Scenario):
    """Stock acknowledges what raised, and with take() the whole batch."""
    scenario.say(*VALUES)
    on_both(lambda kind: scenario.crash_and_restart(kind, lambda: scenario.handled(kind)))
    assert "5" not in scenario.handled("stock")
    assert set(scenario.handled("ours")) == set(VALUES)


@pytest.mark.parametrize("scenario", ["send"], indirect=True)
def test_what_could_not_be_sent_is_not_acknowledged(scenario: Scenario):
    """Stock: a failed send is a warning. Ours: the process ends, and sends again when it can."""
    scenario.say(*VALUES)
    on_both(lambda kind: scenario.crash_and_restart(kind, lambda: scenario.out(kind)))
    assert "5" not in scenario.out("stock")
    assert set(scenario.out("ours")) == set(VALUES)


@pytest.mark.parametrize("scenario", ["concurrency"], indirect=True)
def test_nothing_is_committed_past_a_record_that_is_still_being_handled(scenario: Scenario):
    """Stock with two agents on a partition commits past the one that hangs."""
    scenario.say(*VALUES)
    on_both(lambda kind: scenario.crash_and_restart(kind, lambda: scenario.handled(kind)))
    assert "5" not in scenario.handled("stock")
    assert set(scenario.handled("ours")) == set(VALUES)


@pytest.mark.parametrize("scenario", ["decode"], indirect=True)
def test_a_record_that_cannot_be_decoded_is_handed_over(scenario: Scenario):
    """Stock acknowledges it and tells its log; ours hands over bytes, and what is wrong becomes a dead letter."""
    values = ["1", "2", "{", "4", "5"]
    scenario.say(*values)
    on_both(scenario.run_out)
    assert scenario.handled("stock") == ["1", "2", "4", "5"]
    assert scenario.handled("ours") == values


@pytest.mark.parametrize("scenario", ["slices"], indirect=True)
def test_an_agent_wakes_once_a_slice_not_once_a_record(scenario: Scenario):
    """One event at a time is where stock's time goes."""
    scenario.say(*(str(i) for i in range(3_000)))
    scenario.run_out("ours")
    handled = scenario.handled("ours")
    assert [value for value in handled if value != "slice"] == [str(i) for i in range(3_000)]
    assert handled.count("slice") <= 10


@pytest.mark.parametrize("scenario", ["compressed"], indirect=True)
def test_compressed_records_need_cramjam_which_we_depend_on(scenario: Scenario):
    """Stock Faust does not ask for it: a record compressed with zstd ends its worker."""
    scenario.say(*VALUES, compression_type="zstd")
    stock = scenario.start("stock", hide="cramjam")
    scenario.settle(stock, lambda: scenario.handled("stock"))
    ours = scenario.start("ours")
    scenario.settle(ours, lambda: scenario.handled("ours"))
    assert scenario.handled("stock") == []
    assert scenario.handled("ours") == VALUES


@pytest.mark.parametrize("scenario", ["holes"], indirect=True)
def test_holes_in_the_offsets_are_no_loss(scenario: Scenario):
    """Compaction leaves holes: a slice must begin where the last one ended, not at the next number."""
    admin = KafkaAdminClient(bootstrap_servers=scenario.bootstrap)
    producer = KafkaProducer(bootstrap_servers=scenario.bootstrap, transactional_id=scenario.topic)
    producer.init_transactions()
    for value in VALUES:  # each transaction ends with a control record that nobody is given
        producer.begin_transaction()
        producer.send(scenario.topic, value.encode(), b"k")
        producer.commit_transaction()
    producer.close()
    admin.close()
    child = scenario.start("ours")
    scenario.settle(child, lambda: scenario.handled("ours"))
    assert child.poll() is None
    assert scenario.handled("ours") == VALUES


@pytest.mark.parametrize("scenario", ["web"], indirect=True)
def test_no_port_is_bound_that_nobody_asked_for(scenario: Scenario):
    """Stock binds 0.0.0.0:6066 although its web server is switched off."""
    if _listens(6066):
        pytest.skip("somebody else listens at port 6066")
    stock = scenario.start("stock")
    assert _comes(lambda: _listens(6066), 30)
    stock.kill()
    stock.wait()
    ours = scenario.start("ours")
    scenario.say(*VALUES)
    scenario.settle(ours, lambda: scenario.handled("ours"))
    assert scenario.handled("ours") == VALUES
    assert not _listens(6066)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _comes(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
