"""Transport contenders: each reads `count` records from a topic and decodes them, nothing else; one process each.

    python -m tests.benchmarks.engine.transports NAME BOOTSTRAP TOPIC COUNT

All decode with the same msgspec decoder of our schema. Each is written as its own documentation would have it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import uuid
from typing import Any, NoReturn

import msgspec

from schemas.mention import Mention
from tests.benchmarks.engine.meter import Stopwatch

DECODE = msgspec.json.Decoder(Mention).decode
BATCH = 2_000


def _done(figures: dict[str, float]) -> NoReturn:
    print(json.dumps(figures), flush=True)
    os._exit(0)  # a consumer that leaves its group takes seconds which nobody measures


def live(bootstrap: str, topic: str, watch: Stopwatch) -> None:
    """Tocsin's transport: slices."""
    from streams.engine.faust_app import create_app
    from streams.engine.hooks import Hooks, slices
    from streams.settings import Settings
    from streams.worker import calm_collector

    settings = Settings()
    settings.broker.bootstrap, settings.engine.group = bootstrap, _group()
    app = create_app(settings, "bench", Hooks())

    async def run(stream: Any) -> None:
        async for _, records in slices(stream):
            for record in records:
                DECODE(record.value)
            if found := watch.took(len(records)):
                _done(found)

    app.agent(app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw"), name="bench")(run)
    calm_collector()
    _start(app)


def faust(bootstrap: str, topic: str, watch: Stopwatch) -> None:
    """Stock Faust: one event at a time."""
    import faust as stock

    app = stock.App(
        _group(), broker=f"aiokafka://{bootstrap}", value_serializer="raw", key_serializer="raw", web_enabled=False,
        topic_disable_leader=True, topic_allow_declare=False, consumer_auto_offset_reset="earliest",
    )  # fmt: skip

    async def run(stream: Any) -> None:
        async for value in stream:
            DECODE(value)
            if found := watch.took(1):
                _done(found)

    app.agent(app.topic(topic, value_type=bytes), name="bench")(run)
    _start(app)


def _start(app: Any) -> None:
    async def main() -> None:
        app.finalize()
        await app.maybe_start()
        await asyncio.Event().wait()

    asyncio.run(main())


def quixstreams(bootstrap: str, topic: str, watch: Stopwatch) -> None:
    """Quix Streams: a dataframe over the topic."""
    from quixstreams import Application

    app = Application(bootstrap, consumer_group=_group(), auto_offset_reset="earliest", loglevel=logging.ERROR)
    frame = app.dataframe(app.topic(topic, value_deserializer="bytes", key_deserializer="bytes"))

    def take(value: bytes) -> None:
        DECODE(value)
        if found := watch.took(1):
            _done(found)

    frame.update(take)
    app.run()


def aiokafka(bootstrap: str, topic: str, watch: Stopwatch) -> None:
    """aiokafka's own batches."""
    from aiokafka import AIOKafkaConsumer

    async def main() -> None:
        async with AIOKafkaConsumer(
            topic, bootstrap_servers=bootstrap, group_id=_group(), auto_offset_reset="earliest"
        ) as consumer:
            while True:
                for records in (await consumer.getmany(timeout_ms=1_000, max_records=BATCH)).values():
                    for record in records:
                        DECODE(record.value)
                    if found := watch.took(len(records)):
                        _done(found)

    asyncio.run(main())


def limit(bootstrap: str, topic: str, watch: Stopwatch) -> None:
    """confluent-kafka (librdkafka, C) in batches: what Python can hope for."""
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": _group(), "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while True:
        records = consumer.consume(BATCH, timeout=1.0)
        for record in records:
            value = record.value()
            if value is not None:
                DECODE(value)
        if records and (found := watch.took(len(records))):
            _done(found)


def _group() -> str:
    return f"bench-{uuid.uuid4().hex[:8]}"


CONTENDERS = {run.__name__: run for run in (live, faust, quixstreams, aiokafka, limit)}

if __name__ == "__main__":
    name, bootstrap, topic, count = sys.argv[1:5]
    CONTENDERS[name](bootstrap, topic, Stopwatch(int(count)))
