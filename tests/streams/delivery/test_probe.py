"""A test of a channel says that it is one, and tells whether the channel answers."""

from __future__ import annotations

import asyncio
import json

from schemas.times import to_ms
from streams.delivery import Target
from streams.delivery.channels import channels
from streams.delivery.probe import probe_all
from tests.streams.delivery.world import ONSET, Server


def test_a_channel_that_answers_one_that_refuses_and_one_that_is_not_there() -> None:
    async def run() -> tuple[list[str], Server]:
        async with Server(200) as good, Server(401) as bad:
            targets = [
                Target("ann", "fr", "hook", "webhook", good.url),
                Target("bob", "en", "hook", "webhook", bad.url),
                Target("cy", "en", "mail", "smtp", "smtp://127.0.0.1:1/?from=a@example.org&to=b@example.org"),
                Target("dee", "en", "bird", "pigeon"),
            ]
            found = await probe_all(channels(), targets, to_ms(ONSET))
            return [f"{one.target.person} {one.answered} {one.words}" for one in found], good

    told, good = asyncio.run(run())
    assert told == [
        "ann True HTTP 200",
        "bob False answered 401",
        "cy False connection refused",
        'dee False no channel of type "pigeon"',
    ]
    body = json.loads(good.calls[0][2])
    assert body["notification"]["kind"] == "test"
    assert body["message"]["subject"].startswith("TEST ")
    assert "Ceci est un test du canal" in body["message"]["text"]
    assert "incident ack" not in body["message"]["text"]
