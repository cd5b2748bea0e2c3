"""A page without a worker: the real server on a free port, a producer that remembers, a board filled by hand."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp

from schemas.events import Command, decoder
from streams.engine.records import Write
from streams.links import Links
from streams.settings import Settings, WebSettings
from streams.web.feed import Feed
from streams.web.server import WebServer

COMMAND = decoder(Command)
KEY = b"0123456789abcdef0123456789abcdef"
LINKS = Links([KEY], "http://127.0.0.1")
"""What signs the links of messages."""


class Producer:
    """Takes what is sent; `away` makes it hang as a broker that is gone does."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.away = False

    async def send(self, writes: Sequence[Write]) -> list[int]:
        if self.away:
            await asyncio.sleep(3600)
        self.writes += writes
        return list(range(len(writes)))

    @property
    def commands(self) -> list[Command]:
        return [COMMAND.decode(write.value or b"") for write in self.writes]


class StillFeed(Feed):
    """Hears nothing; what the board knows was put there by the test."""

    async def start(self) -> None:
        self.connected = self.caught_up = True
        self.heard_at = time.time()

    def tell(self) -> None:
        self._announce()


class Visitor:
    """A browser without scripts: keeps cookies, reads a page's form and sends it."""

    def __init__(self, session: aiohttp.ClientSession, server: WebServer) -> None:
        self.session = session
        self.server = server
        self.url = server.url

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        async with self.session.get(self.url + path, **more) as answer:
            return answer.status, await answer.text()

    async def form(self, path: str) -> dict[str, str]:
        _, page = await self.get(path)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        assert set(fields) == {"csrf", "command_id"}, page[:400]
        return fields

    async def act(
        self,
        incident_id: str,
        action: str,
        headers: dict[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        **more: str,
    ) -> tuple[int, str]:
        data = (
            await self.form(f"/incidents/{incident_id}")
            | {"action": action, "name": "noor"}
            | dict(fields or {})
            | more
        )
        return await self.post(f"/incidents/{incident_id}/act", data, headers)

    async def post(self, path: str, data: dict[str, str], headers: dict[str, str] | None = None) -> tuple[int, str]:
        async with self.session.post(self.url + path, data=data, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text()


def page_of(settings: Settings, producer: Any, links: Links | None = None, **context: Any) -> WebServer:
    """A server for a worker without agents."""
    failed = asyncio.get_running_loop().create_future()
    parts = SimpleNamespace(settings=settings, producer=producer, failed=failed)
    assembly = SimpleNamespace(
        context=parts, names=context.get("names", []), apps=context.get("apps", []),
        model=context.get("model"), feedback=context.get("feedback"),
    )  # fmt: skip
    return WebServer(assembly, links=links)  # type: ignore[arg-type]


@asynccontextmanager
async def open_page(
    writes: Sequence[Write] = (),
    *,
    links: Links | None = None,
    public_url: str | None = None,
    clock: Any = "replay",
    reading: Any = "auto",
    **context: Any,
) -> AsyncIterator[tuple[Visitor, Producer]]:
    """The server, listening, with `writes` on its board."""
    producer = Producer()
    settings = Settings(clock=clock, web=WebSettings(port=0, public_url=public_url, reading=reading))
    server = page_of(settings, producer, links, **context)
    server.site.feed = StillFeed(settings, server.site.board)
    for write in writes:
        server.site.board.take(write.topic, write.key, write.value)
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Visitor(session, server), producer
    finally:
        await server.stop()
