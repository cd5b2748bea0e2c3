"""What machines ask: the metrics, the health of this worker, and the stream of news for open pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from streams.web.site import STATIC, Site

PULSE: Final = 15.0
"""Seconds after which an open page is told that nothing happened, so that it knows that it is not cut off."""
BETWEEN: Final = 1.0
"""Seconds between two pieces of news to one page: a storm must not make every page load every batch."""
PAGES: Final = 200
"""Open pages that are kept informed; others load again every half minute."""
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
WEEK: Final = 7 * 86_400


class Health(Protocol):
    """What the health check asks the worker."""

    def agents(self) -> dict[str, str]:
        """Return each agent's state: running, stopped or crashed."""

    def failure(self) -> str | None:
        """Return what stopped the worker, if something did."""


class Machines:
    """Handlers of requests by programs."""

    def __init__(self, site: Site, health: Health) -> None:
        self._site = site
        self._health = health
        self._open = 0
        self.closing = asyncio.Event()
        self._static = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in TYPES}

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses served."""
        return [
            web.get("/metrics", self.metrics),
            web.get("/health", self.health),
            web.get("/health/live", self.alive),
            web.get("/news", self.news, allow_head=False),
            web.get("/static/{name}", self.static),
            web.get("/favicon.ico", self.icon),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """Return all metrics in the format that the reader asks for."""
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})

    async def health(self, request: web.Request) -> web.Response:
        """Return 200 while this worker does its work and 503 while it does not, with the reasons as JSON."""
        agents, failure, feed = self._health.agents(), self._health.failure(), self._site.feed
        well = failure is None and feed.connected and all(state == "running" for state in agents.values())
        return _json({
            "status": "ok" if well else "failing",
            "agents": agents,
            "broker": "connected" if feed.connected else "unreachable",
            "page": {"caught_up": feed.caught_up, **self._site.board.counts()},
            "failed": failure,
        }, 200 if well else 503)  # fmt: skip

    async def alive(self, request: web.Request) -> web.Response:
        """Return 503 only where a restart helps: a broker that is away is waited for."""
        failure = self._health.failure()
        return _json({"status": "ok" if failure is None else "failing", "failed": failure}, 503 if failure else 200)

    async def static(self, request: web.Request) -> web.Response:
        """Return a style sheet, a script or the icon."""
        name = request.match_info["name"]
        body = self._static.get(name)
        if body is None:
            raise web.HTTPNotFound
        current = request.query.get("v") == self._site.version
        return web.Response(
            body=body, content_type=TYPES["." + name.rpartition(".")[2]], charset="utf-8",
            headers={"Cache-Control": f"public, max-age={WEEK}, immutable" if current else "no-cache"},
        )  # fmt: skip

    async def icon(self, request: web.Request) -> web.StreamResponse:
        """Return the icon to browsers that ask for it by its old name."""
        raise web.HTTPFound("/static/icon.svg")

    async def news(self, request: web.Request) -> web.StreamResponse:
        """Tell an open page each time that there is something new (server-sent events)."""
        if self._open >= PAGES:
            return web.Response(status=503, text="too many open pages\n")
        site = self._site
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        self._open += 1
        try:
            await response.prepare(request)
            known = _number(request.query.get("since", ""))
            while not self.closing.is_set():
                feed = site.feed
                seen, connected = max(known, site.board.version), feed.connected
                if site.board.version > known >= 0:
                    known = site.board.version
                    await response.write(f"event: news\ndata: {known}\n\n".encode())
                    await self._pause(BETWEEN)
                    continue
                known = site.board.version
                await response.write(f"event: pulse\ndata: {json.dumps(connected)}\n\n".encode())
                await feed.until(
                    lambda: site.board.version > seen or feed.connected != connected or self.closing.is_set(), PULSE  # noqa: B023
                )  # fmt: skip
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page was closed
        finally:
            self._open -= 1
        return response

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.closing.wait(), seconds)
        except TimeoutError:
            return


def _json(data: dict[str, Any], status: int) -> web.Response:
    return web.Response(text=json.dumps(data) + "\n", content_type="application/json", status=status)


def _number(text: str) -> int:
    """Return a version that a page names; -1, which is older than none, where it names none."""
    return int(text) if text.isdecimal() and len(text) < 16 else -1
