"""What retention takes away while it is read, on real Kafka: told, never passed over."""

from __future__ import annotations

import asyncio
import random

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.broker import KafkaBroker
from streams.engine.reader import read_to_end
from streams.settings import Settings

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
