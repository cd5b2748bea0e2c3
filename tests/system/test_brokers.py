"""Both brokers do what the demo and the other tests rely on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from deploy import kafka_jars
from deploy.broker import (
    QUICK_START,
    Broker,
    BrokerError,
    EmbeddedBroker,
    KafkaBroker,
    KafkaUnavailableError,
    free_port,
)

GIVE_UP_S = 30.0


def new_topic(broker: Broker, partitions: int = 1) -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(name, partitions, 1)])
    admin.close()
    return name


def produce(broker: Broker, topic: str, values: list[bytes], **settings: object) -> None:
    producer = KafkaProducer(
        **{"bootstrap_servers": broker.bootstrap, "acks": "all", "enable_idempotence": False, "linger_ms": 20}
        | settings
    )
    sent = [producer.send(topic, value, partition=0) for value in values]
    for future in sent:
        future.get(timeout=GIVE_UP_S)
    producer.close()


def consume(broker: Broker, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", group_id=None)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    got: list[bytes] = []
    deadline = time.monotonic() + GIVE_UP_S
    while len(got) < count and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=200).values():
            got += [record.value for record in records]
    consumer.close()
    return got


async def consume_with_aiokafka(broker: Broker, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        got: list[bytes] = []
        deadline = time.monotonic() + GIVE_UP_S
        while len(got) < count and time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                got += [record.value for record in records]
        return got
    finally:
        await consumer.stop()


def gone(pid: int) -> bool:
    deadline = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


# ---- the embedded broker


def test_what_is_produced_to_the_embedded_broker_is_consumed(embedded: EmbeddedBroker) -> None:
    topic = new_topic(embedded)
    values = [f"mention {i}".encode() for i in range(100)]
    produce(embedded, topic, values)
    assert consume(embedded, topic, 100) == values


def test_stop_ends_the_embedded_broker_and_removes_its_directory() -> None:
    broker = EmbeddedBroker().start()
    pid, directory = broker.pid, broker.directory
    broker.stop()
    assert gone(pid)
    assert not directory.exists()
    assert not broker.running
    broker.stop()  # twice does no harm


def test_the_embedded_broker_forgets_everything_when_it_restarts_and_keeps_its_address() -> None:
    with EmbeddedBroker() as broker:
        address, first = broker.bootstrap, broker.pid
        topic = new_topic(broker)
        broker.restart()
        assert broker.bootstrap == address
        assert broker.pid != first
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        assert topic not in admin.list_topics()
        admin.close()


def test_it_outlives_the_thread_that_started_it() -> None:
    broker = EmbeddedBroker()
    starting = threading.Thread(target=broker.start)
    starting.start()
    starting.join()
    try:
        time.sleep(0.3)
        assert broker.running
    finally:
        broker.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_it_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    program = f"""
        import time
        from deploy.broker import EmbeddedBroker
        broker = EmbeddedBroker({str(tmp_path)!r}).start()
        print(broker.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_a_port_that_is_taken_is_said(embedded: EmbeddedBroker) -> None:
    other = EmbeddedBroker(port=embedded.port)
    with pytest.raises(BrokerError, match=f"127.0.0.1:{embedded.port} is taken"):
        other.start()
    other.stop()


def test_two_free_ports_in_a_row_are_below_the_ephemeral_range() -> None:
    assert all(20_000 <= free_port() < 32_000 for _ in range(2))


# ---- what real Kafka says when it cannot run


def test_without_java_the_error_names_java_and_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(KafkaUnavailableError, match=r"needs Java 17.*apt-get install openjdk-17"):
        KafkaBroker(tmp_path).start()


def test_without_maven_and_jars_the_error_names_maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(kafka_jars.LIBS_VARIABLE, raising=False)
    with pytest.raises(KafkaUnavailableError, match=r"mvn.*apt-get install maven"):
        kafka_jars.ensure_jars()


def test_a_named_directory_without_the_jars_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(kafka_jars.LIBS_VARIABLE, str(tmp_path))
    with pytest.raises(KafkaUnavailableError, match=r"TOCSIN_KAFKA_LIBS=.*no kafka_2\.13-4\.4\.0\.jar"):
        kafka_jars.ensure_jars()


@pytest.mark.parametrize(("gently", "kept"), [(True, True), (False, False)])
def test_the_class_archive_is_kept_only_when_java_could_finish_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gently: bool, kept: bool
) -> None:
    monkeypatch.setenv(kafka_jars.LIBS_VARIABLE, str(tmp_path))
    monkeypatch.setattr(kafka_jars, "version_text", lambda java: 'version "17.0.1"')
    broker = KafkaBroker(tmp_path)
    (option,) = broker._class_archive("/usr/bin/java")
    kind, path = option.split("=")
    assert kind == "-XX:ArchiveClassesAtExit"
    Path(path).write_bytes(b"classes")
    broker._ended(gently)
    assert not Path(path).exists()
    assert kafka_jars.class_archive("/usr/bin/java").exists() is kept
    (option,) = broker._class_archive("/usr/bin/java")
    assert option.startswith("-XX:SharedArchiveFile=" if kept else "-XX:ArchiveClassesAtExit=")


@pytest.mark.parametrize(
    ("said", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ("command not found", 0),
    ],
)
def test_the_version_of_java_is_read(said: str, major: int) -> None:
    assert kafka_jars.java_major(said) == major


# ---- real Kafka


@pytest.mark.kafka
def test_what_is_produced_to_kafka_is_consumed(kafka: KafkaBroker) -> None:
    topic = new_topic(kafka)
    values = [f"mention {i}".encode() for i in range(100)]
    produce(kafka, topic, values, enable_idempotence=True)
    assert consume(kafka, topic, 100) == values


@pytest.mark.kafka
@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_aiokafka_reads_every_codec_from_kafka(kafka: KafkaBroker, codec: str) -> None:
    topic = new_topic(kafka)
    values = [b"we are sorry " * 50 + str(i).encode() for i in range(200)]
    produce(kafka, topic, values, compression_type=codec)
    assert asyncio.run(consume_with_aiokafka(kafka, topic, 200)) == values


@pytest.mark.kafka
def test_kafka_keeps_its_data_over_restart_and_kill_and_its_address(kafka_installed: None, tmp_path: Path) -> None:
    with KafkaBroker(tmp_path, jvm_options=QUICK_START) as broker:
        address = broker.bootstrap
        topic = new_topic(broker)
        produce(broker, topic, [b"before"])
        broker.restart()
        assert broker.bootstrap == address
        produce(broker, topic, [b"between"])
        broker.kill()
        assert not broker.running
        broker.start()
        assert broker.bootstrap == address
        assert consume(broker, topic, 2) == [b"before", b"between"]


@pytest.mark.kafka
def test_a_frozen_kafka_answers_nobody_and_goes_on_when_thawed(kafka_installed: None, tmp_path: Path) -> None:
    with KafkaBroker(tmp_path, jvm_options=QUICK_START) as broker:
        topic = new_topic(broker)
        broker.freeze()
        with pytest.raises(Exception, match=r"(?i)time|fail|avail|metadata"):
            produce(broker, topic, [b"unheard"], bootstrap_timeout_ms=1_500)
        broker.thaw()
        produce(broker, topic, [b"heard"])
        assert consume(broker, topic, 1) == [b"heard"]
        pid = broker.pid
        broker.stop()
        assert gone(pid)


@pytest.mark.kafka
def test_a_topic_that_nobody_created_is_an_error(kafka: KafkaBroker) -> None:
    with pytest.raises(Exception, match=r"(?i)unknown|metadata|timeout|timed out"):
        produce(kafka, "nobody-created-this", [b"x"], max_block_ms=2_000)
