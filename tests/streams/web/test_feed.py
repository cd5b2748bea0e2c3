"""The page on a broker: it reads what was there, hears what comes, and outlives an outage."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from deploy.broker import EmbeddedBroker
from schemas import topics
from schemas.events import Command, decoder
from streams import topics_admin
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.engine.records import Write
from streams.settings import BrokerSettings, PartitionSettings, Settings, WebSettings
from tests.streams.web import samples
from tests.streams.web.harness import Visitor, page_of

ID = samples.incident().incident_id


def settings_for(broker: EmbeddedBroker, prefix: str) -> Settings:
    return Settings(
        broker=BrokerSettings(bootstrap=broker.bootstrap, embedded=True), clock="replay", topic_prefix=prefix,
        partitions=PartitionSettings(1, 2), web=WebSettings(port=0),
    )  # fmt: skip


def test_history_is_read_news_arrives_and_a_decision_reaches_the_topic(embedded: EmbeddedBroker) -> None:
    settings = settings_for(embedded, "web-")
    topics_admin.create(settings)

    async def run() -> None:
        producer = Producer(settings)
        await producer.start()
        await producer.send(samples.story())
        server = page_of(settings, producer)
        await server.start()
        feed = server.site.feed
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
                visitor = Visitor(session, server)
                assert await feed.until(lambda: feed.caught_up, 20)
                _, page = await visitor.get(f"/incidents/{ID}")
                assert "Nobody has taken charge yet" in page and '<svg class="plot"' in page
                broken = Write("incidents", b"x", b"not JSON", 0)
                acked = samples.incident(state="acknowledged", version=8, acknowledged_by=["sam"])
                await producer.send([broken, samples.write(topics.INCIDENTS, ID, acked)])
                assert await feed.until(lambda: server.site.board.incident(ID).state == "acknowledged", 5)  # type: ignore[union-attr]
                assert "sam has taken charge" in (await visitor.get(f"/incidents/{ID}"))[1]
                assert (await visitor.act(ID, "stable"))[0] == 303
                read = [record async for batch in read_to_end(settings, "commands", 0) for record in batch]
                assert [decoder(Command).decode(record.value).action for record in read] == ["stable"]
                assert read[0].key == ID.encode()
        finally:
            await server.stop()
            await producer.stop()

    asyncio.run(run())


def test_a_broker_that_goes_away_is_noticed_and_heard_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.web.feed.PROBE_AFTER", 0.5)
    monkeypatch.setattr("streams.web.feed.PROBE_TIMEOUT", 1.0)
    with EmbeddedBroker(tmp_path) as broker:
        settings = settings_for(broker, "")
        topics_admin.create(settings)

        async def run() -> None:
            producer = Producer(settings)
            await producer.start()
            await producer.send(samples.story())
            await producer.stop()
            server = page_of(settings, producer)
            feed, board = server.site.feed, server.site.board
            await server.start()
            try:
                assert await feed.until(lambda: feed.caught_up, 10)
                await asyncio.to_thread(broker.kill)
                assert await feed.until(lambda: not feed.connected, 15)
                assert board.incident(ID) is not None  # what was known is still shown
                await asyncio.to_thread(broker.start)  # in memory: it has forgotten everything
                await asyncio.to_thread(topics_admin.create, settings)
                assert await feed.until(lambda: feed.connected, 20)
                again = Producer(settings)
                await again.start()
                late = samples.incident(state="responding", version=50)
                await again.send([samples.write(topics.INCIDENTS, ID, late)])
                assert await feed.until(lambda: board.incident(ID).state == "responding", 10)  # type: ignore[union-attr]
                await again.stop()
            finally:
                await server.stop()

        asyncio.run(run())
