"""Where the embedded broker differs from Kafka: our code steps round these, and wants to know when they change."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from deploy.broker import EmbeddedBroker

POSTED_2015_MS = 1_420_070_400_000


def new_topic(broker: EmbeddedBroker, **configs: str) -> str:
    name = f"limits-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(name, 1, 1, topic_configs={k.replace("_", "."): v for k, v in configs.items()})])
    admin.close()
    return name


async def produce(broker: EmbeddedBroker, topic: str, count: int, **settings: object) -> list[int]:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=50, **settings)
    try:
        await producer.start()
        sent = [await producer.send(topic, b"%d" % i, partition=0) for i in range(count)]
        return [(await one).offset for one in sent]
    finally:
        await producer.stop()


async def watermarks(broker: EmbeddedBroker, topic: str) -> tuple[int, int]:
    """The end as `end_offsets` tells it, and as a fetch does."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.getone()
        ends = await consumer.end_offsets([partition])
        return ends[partition], consumer.highwater(partition)
    finally:
        await consumer.stop()


def test_the_end_of_a_batch_is_told_wrong_by_list_offsets_and_right_by_a_fetch(embedded: EmbeddedBroker) -> None:
    async def scene() -> None:
        topic = new_topic(embedded)
        assert await produce(embedded, topic, 50) == list(range(50))
        assert await watermarks(embedded, topic) == (1, 50)

    asyncio.run(scene())


def test_with_one_record_a_batch_both_ends_are_right(embedded: EmbeddedBroker) -> None:
    async def scene() -> None:
        topic = new_topic(embedded)
        await produce(embedded, topic, 20, max_batch_size=1)
        assert await watermarks(embedded, topic) == (20, 20)

    asyncio.run(scene())


def test_log_append_time_is_not_honoured(embedded: EmbeddedBroker) -> None:
    async def scene() -> None:
        topic = new_topic(embedded, message_timestamp_type="LogAppendTime")
        producer = AIOKafkaProducer(bootstrap_servers=embedded.bootstrap)
        await producer.start()
        try:
            told = await producer.send_and_wait(topic, b"x", partition=0, timestamp_ms=POSTED_2015_MS)
        finally:
            await producer.stop()
        assert (told.timestamp, told.timestamp_type) == (POSTED_2015_MS, 0)

    asyncio.run(scene())


def test_topic_configs_can_be_asked_for_with_the_filter_all(embedded: EmbeddedBroker) -> None:
    topic = new_topic(embedded, cleanup_policy="compact")
    admin = KafkaAdminClient(bootstrap_servers=embedded.bootstrap)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    everything = admin.describe_configs([resource], config_filter="all")["topic"][topic]
    modified = admin.describe_configs([resource])["topic"][topic]
    admin.close()
    assert everything["cleanup.policy"]["value"] == "compact"
    assert modified == {}


@pytest.mark.parametrize("settings", [{"enable_idempotence": True}, {"transactional_id": "limits"}])
def test_aiokafkas_idempotent_and_transactional_producers_do_not_start(
    embedded: EmbeddedBroker, settings: dict[str, object]
) -> None:
    with pytest.raises(KafkaError):
        asyncio.run(produce(embedded, new_topic(embedded), 1, **settings))
