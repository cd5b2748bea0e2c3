"""The producer on a broker that answers, but not as it should."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from deploy.broker import EmbeddedBroker
from streams.engine.producer import Producer
from streams.settings import Settings


async def tried(bootstrap: str) -> None:
    settings = Settings()
    settings.broker.bootstrap = bootstrap
    producer = Producer(settings)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(producer.start(), 3)
    await producer.stop()


@pytest.mark.parametrize("there", [True, False])
def test_the_embedded_broker_without_its_setting_is_told(
    embedded: EmbeddedBroker, caplog: pytest.LogCaptureFixture, there: bool
) -> None:
    asyncio.run(tried(embedded.bootstrap if there else "127.0.0.1:1"))
    assert "cannot be reached" in caplog.text
    assert ("set broker.embedded: true" in caplog.text) == there
