"""What retention takes away while it is read is told, never passed over; a broker that goes away is waited for. Real Kafka."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.broker import QUICK_START, KafkaBroker
from deploy.broker_process import free_port
from streams.engine.reader import read_to_end
from streams.settings import Settings
from tests.system.proxy import Proxy

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RECORDS = 40
SIZE = 900_000
"""A fetch brings nine of them at most, and another may be under way."""


@pytest.fixture
def topic(kafka: KafkaBroker) -> str:
    name = f"read-{random.getrandbits(32):x}"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, batch_size=0)
    for n in range(RECORDS):
        producer.send(name, b"%d" % n + bytes(SIZE))
    producer.close()
    return name


def read(kafka: KafkaBroker, topic: str, start: int | None, *, forget: int, after: int) -> list[int]:
    """Read; when `after` records have been read those before `forget` are deleted. Return the offsets."""
    settings = Settings()
    settings.broker.bootstrap = kafka.bootstrap
    found: list[int] = []
    gone = False

    async def run() -> None:
        nonlocal gone
        async for records in read_to_end(settings, topic, 0, start):
            found.extend(record.offset for record in records)
            if not gone and len(found) >= after:
                gone = True
                await asyncio.to_thread(delete, kafka, topic, forget)

    if not after:
        gone = True
        delete(kafka, topic, forget)
    asyncio.run(run())
    return found


def delete(kafka: KafkaBroker, topic: str, before: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.delete_records({TopicPartition(topic, 0): before})
    admin.close()


def test_what_is_gone_before_it_is_read_is_told(kafka: KafkaBroker, topic: str):
    with pytest.raises(LookupError, match="offset 3 is gone, the earliest kept is 7"):
        read(kafka, topic, 3, forget=7, after=0)
    assert read(kafka, topic, 7, forget=7, after=0) == list(range(7, RECORDS))
    assert read(kafka, topic, None, forget=9, after=0) == list(range(9, RECORDS)), "from the beginning that there is"


@pytest.mark.parametrize("start", [None, 0])
def test_what_goes_while_it_is_read_is_told(kafka: KafkaBroker, topic: str, start: int | None):
    with pytest.raises(LookupError, match="is gone while it was read, the earliest kept is 38"):
        read(kafka, topic, start, forget=38, after=1)


MANY = 200


@pytest.fixture(scope="module")
def behind_a_proxy(kafka_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A broker that is reached through a proxy only, with a topic `t` of `MANY` records."""
    port: int = free_port()
    proxy = Proxy(port)
    advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
    folder: Path = tmp_path_factory.mktemp("proxied")
    with KafkaBroker(folder, port=port, properties=advertised, jvm_options=QUICK_START) as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        admin.create_topics([NewTopic("t", 1, 1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
        for n in range(MANY):
            producer.send("t", b"%d" % n)
        producer.close()
        yield proxy
        proxy.close()


def offsets(proxy: Proxy, patience: float = 60) -> list[int]:
    settings = Settings()
    settings.broker.bootstrap = f"127.0.0.1:{proxy.port}"

    async def run() -> list[int]:
        return [r.offset async for records in read_to_end(settings, "t", 0, patience=patience) for r in records]

    return asyncio.run(run())


def test_a_broker_that_is_away_is_waited_for_as_long_as_patience_lasts(behind_a_proxy: Proxy):
    behind_a_proxy.refuse = True
    with pytest.raises(KafkaConnectionError):
        offsets(behind_a_proxy, patience=1)
    threading.Timer(2, lambda: setattr(behind_a_proxy, "refuse", False)).start()
    assert offsets(behind_a_proxy) == list(range(MANY))


def test_connections_that_are_cut_again_and_again_cost_no_record_and_repeat_none(behind_a_proxy: Proxy):
    over = threading.Event()
    chance = random.Random(4)

    def cut() -> None:
        while not over.wait(chance.uniform(0.005, 0.1)):
            behind_a_proxy.cut()

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert offsets(behind_a_proxy) == list(range(MANY))
    finally:
        over.set()
        cutter.join()
    assert behind_a_proxy.cuts > 50
