"""The HTTP server of a worker: put together here, in one place, from the views."""

from __future__ import annotations

import errno
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

from streams.errors import UserError
from streams.links import ENV_KEYS, MIN_KEY_BYTES, Links, keys_from
from streams.policy.load import load_policy
from streams.policy.model import Policy
from streams.settings import Settings, WebSettings
from streams.web.board import Board
from streams.web.feed import Feed
from streams.web.guard import ENV_TOKEN, Guard, Handler, check_access, is_loopback
from streams.web.site import Site
from streams.web.views.actions import Actions
from streams.web.views.api import Api
from streams.web.views.labels import Labels
from streams.web.views.machines import Machines
from streams.web.views.message_links import MessageLinks
from streams.web.views.pages import Pages
from streams.web.views.signin import SignIn

if TYPE_CHECKING:
    from streams.app import Assembly  # imports every agent; the page needs none of them

log = logging.getLogger(__name__)

LARGEST_FORM: Final = 64 * 1_024
"""Bytes of a posted form."""
STOP_WITHIN: Final = 2.0
"""Seconds that open requests have to end."""


class WebServer:
    """Serves the page, the JSON, the health check and the metrics of one worker.

    Args:
        assembly: The worker's agents, settings and producer.
        links: What checks links from messages; made from settings and environment where not given.
    """

    def __init__(self, assembly: Assembly, *, links: Links | None = None) -> None:
        self._assembly = assembly
        settings = assembly.context.settings
        self._web = settings.web
        board = Board()
        self.site = Site(
            settings, board, Feed(settings, board), Guard(settings.web), assembly.context.producer,
            links or links_of(settings), policy_of(settings), assembly.model, assembly.feedback,
        )  # fmt: skip
        self.minutes = board.history.points
        """The last hours of a brand, minute by minute, for the pictures in messages."""
        self._machines = Machines(self.site, self)
        self._runner: web.AppRunner | None = None
        self.url = ""
        """Where it listens, once it is started: `http://127.0.0.1:6066`."""

    async def start(self) -> None:
        """Listen and begin to follow the topics; raises UserError where the address cannot be taken, or not without a token."""
        check_access(self._web)
        public = urlsplit(self._web.public_url or "").hostname
        if not self.site.guard.asks_token and not all(map(is_loopback, (self._web.host, public or "localhost"))):
            log.warning(
                "page: %s is open to others and %s is not set: whoever reaches it can read and act",
                public or self._web.host, ENV_TOKEN,
            )  # fmt: skip
        runner = web.AppRunner(self.application(), access_log=None, handle_signals=False, shutdown_timeout=STOP_WITHIN)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._web.host, self._web.port).start()
        except OSError as error:
            await runner.cleanup()
            raise _taken(self._web, error) from None
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        await self.site.feed.start()

    async def stop(self) -> None:
        """Close open pages, stop following, stop listening."""
        self._machines.closing.set()
        await self.site.feed.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def application(self) -> web.Application:
        """Return the application with all its addresses."""
        application = web.Application(
            middlewares=[self.site.guard.middleware, SignIn(self.site).middleware, self._explain],
            client_max_size=LARGEST_FORM,
        )
        pages = Pages(self.site)
        for views in (
            pages, Actions(self.site, pages), Labels(self.site, pages), MessageLinks(self.site), Api(self.site), SignIn(self.site),
            self._machines,
        ):  # fmt: skip
            application.add_routes(views.routes())
        return application

    @web.middleware
    async def _explain(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a wrong address with a page, and an error of ours with a line in the log, never with its text."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            if request.path.startswith(("/api/", "/static/")):
                raise
            return self.site.problem(request, "no_page", 404)
        except web.HTTPException:
            raise
        except Exception:
            log.exception("page: %s %s failed", request.method, request.match_info.route.resource)
            return web.Response(status=500, text="Something went wrong here; the worker's log says what.\n")

    # -- health

    def agents(self) -> dict[str, str]:
        """Return each agent's state: running, stopped or crashed."""
        states = {}
        for name, app in zip(self._assembly.names, self._assembly.apps, strict=True):
            running = app.started and not app.should_stop
            states[name] = "crashed" if app.crashed else "running" if running else "stopped"
        return states

    def failure(self) -> str | None:
        """Return the kind of error that stopped the worker; its text may hold what is nobody's business."""
        failed = self._assembly.context.failed
        if not failed.done() or failed.cancelled():
            return None
        error = failed.exception()
        return type(error).__name__ if error is not None else None


def check_address(web_settings: WebSettings) -> None:
    """Raise UserError where the page cannot listen at its address now."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            web_settings.host, web_settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
            probe.bind(address)
    except OSError as error:
        raise _taken(web_settings, error) from None


def _taken(web_settings: WebSettings, error: OSError) -> UserError:
    field, remedy = "web.port", "set web.port (or --port) to another one, or to 0 for any that is free"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        field, remedy = "web.host", "write an address of this machine, 127.0.0.1, or 0.0.0.0 for all of them"
    elif error.errno == errno.EACCES:
        remedy = "only root may take a port below 1024; set web.port (or --port) to a higher one"
    where = f"{web_settings.host}:{web_settings.port}"
    return UserError(f"{field}: {where} cannot be used ({error.strerror}); {remedy}")


def policy_of(settings: Settings) -> Policy | None:
    """Return the configuration's policy; None where there is no such file, or none that can be used."""
    if not Path(settings.policy).is_file():
        return None
    try:
        return load_policy(settings.policy)
    except UserError as error:
        log.warning("page: without approved statements and cards: %s", str(error).splitlines()[0])
        return None


def links_of(settings: Settings) -> Links | None:
    """Return what checks links from messages; None without a public address or a key; UserError for a short one."""
    keys = keys_from(os.environ)
    if not settings.web.public_url or not keys:
        return None
    if any(len(key) < MIN_KEY_BYTES for key in keys):
        raise UserError(f"{ENV_KEYS}: a key is shorter than {MIN_KEY_BYTES} bytes; use `openssl rand -hex 32`")
    return Links(keys, settings.web.public_url)
