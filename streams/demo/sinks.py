"""Where the demo's messages really arrive: a mail server and a webhook receiver, both on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class MailSink:
    """An SMTP server that keeps what it gets and calls `arrived` with each mail."""

    def __init__(self, arrived: Callable[[EmailMessage], None]) -> None:
        self._arrived = arrived
        self._server: asyncio.Server | None = None
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else bytes(content or b"")
        self._arrived(message_from_bytes(raw, policy=default))
        return "250 taken"

    async def start(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close."""
        if self._server is not None:
            self._server.close()


class HookSink:
    """A web server that takes POSTs and calls `arrived` with each JSON body."""

    def __init__(self, arrived: Callable[[dict[str, Any]], None]) -> None:
        self._arrived = arrived
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def _post(self, request: web.Request) -> web.Response:
        self._arrived(await request.json())
        return web.json_response({"taken": True})

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/pager", self._post)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()
