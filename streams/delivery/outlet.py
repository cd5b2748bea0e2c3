"""The way out: what the fold wants delivered is rendered for its person and handed to the dispatcher."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from schemas.events import Incident, Notification
from schemas.times import from_ms
from streams.agents.context import Context
from streams.delivery.channels import channels
from streams.delivery.dispatcher import Dispatcher
from streams.delivery.model import Target
from streams.errors import UserError
from streams.incidents.effects import Deliver
from streams.messages.render import Renderer
from streams.policy.model import Policy
from streams.policy.people import channel_of
from streams.policy.secrets import resolve

ENV_LINK_KEYS = "TOCSIN_LINK_KEYS"


class Outlet:
    """Renders and submits; what cannot be submitted is recorded as failed, so that the fold takes the next way."""

    def __init__(
        self,
        context: Context,
        policy: Policy,
        record: Callable[[Notification], Awaitable[None]],
        allowed: Callable[[Notification], bool],
        why_not: Callable[[Notification], str | None],
        live: Callable[[], Iterable[Incident]],
    ) -> None:
        self._context = context
        self._policy = policy
        self._record = record
        self._renderer = Renderer(context.settings.web.public_url, link_keys(), policy)
        self._dispatcher = Dispatcher(
            channels(live, context.settings.web.public_url or ""),
            record=record,
            allowed=allowed,
            clock=_now,
            why_not=why_not,
        )
        self._watch: asyncio.Task[None] | None = None
        self._failing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to send."""
        await self._dispatcher.start()
        self._watch = asyncio.create_task(self._watched())

    async def _watched(self) -> None:
        try:
            await self._dispatcher.failed()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - nothing is sent that cannot be recorded
            self._context.fail(error)

    async def stop(self) -> None:
        """Let what is under way end; the rest stays pending."""
        if self._watch is not None:
            self._watch.cancel()
        await self._dispatcher.stop()

    def submit(self, deliver: Deliver) -> None:
        """Render `deliver` for its person and queue it."""
        notification = deliver.notification
        channel = channel_of(self._policy, notification.person, notification.channel)
        try:
            if channel is None:
                raise UserError(
                    f'the policy has no channel "{notification.channel}" for {notification.person} any more'
                )
            url = resolve(channel.url, os.environ)
        except UserError as error:
            self._fail(notification, str(error))
            return
        target = Target(
            notification.person,
            deliver.context.language,
            notification.channel,
            channel.type,
            url,
            dict(channel.options),
        )
        self._dispatcher.submit(notification, self._renderer.render(notification, deliver.context), target)

    def _fail(self, notification: Notification, reason: str) -> None:
        failed = msgspec.structs.replace(notification, outcome="failed", reason=reason, at=from_ms(_now()))
        task = asyncio.ensure_future(self._record(failed))
        self._failing.add(task)
        task.add_done_callback(self._failing.discard)


def link_keys() -> list[bytes]:
    """Return the keys that sign links, from TOCSIN_LINK_KEYS (newest first, separated by commas); none: no links act."""
    return [key.strip().encode() for key in os.environ.get(ENV_LINK_KEYS, "").split(",") if key.strip()]


def _now() -> int:
    return int(time.time() * 1_000)
