"""The way out: what the fold wants delivered is rendered for its person and handed to the dispatcher."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from schemas.events import Incident, Notification
from schemas.times import from_ms
from streams.agents.context import Context
from streams.delivery.channels import AlertmanagerChannel, channels
from streams.delivery.dispatcher import Dispatcher
from streams.delivery.model import Target
from streams.errors import UserError
from streams.incidents.effects import Deliver
from streams.links import keys_from
from streams.messages.render import Minutes, Renderer
from streams.policy.model import Policy
from streams.policy.people import channel_of
from streams.policy.secrets import resolved

log = logging.getLogger(__name__)


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
        minutes: Minutes | None = None,
    ) -> None:
        self._context = context
        self._policy = policy
        self._record = record
        self._allowed = allowed
        self._renderer = Renderer(context.settings.web.public_url, keys_from(os.environ), policy, minutes)
        self._alertmanager = AlertmanagerChannel(live, context.settings.web.public_url or "")
        self._dispatcher = Dispatcher(
            channels(live, context.settings.web.public_url or "") | {"alertmanager": self._alertmanager},
            record=record,
            allowed=allowed,
            clock=_now,
            why_not=why_not,
        )
        self._watch: asyncio.Task[None] | None = None
        self._failing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to send; what is live is posted again to each Alertmanager, or it would resolve by itself there."""
        await self._dispatcher.start()
        for name, channel in self._policy.channels.items():
            if channel.type == "alertmanager":
                try:
                    settled = resolved(channel, os.environ)
                except UserError as error:  # as with every channel: it fails, the others go on
                    log.warning("notify: live incidents are not posted again to %s: %s", name, error)
                    continue
                await self._alertmanager.watch(Target("", "en", name, channel.type, settled.url, settled.options))
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
        try:
            target = self._target(notification, deliver.context.language)
        except UserError as error:
            self._fail(notification, str(error))
            return
        try:
            message = self._renderer.render(notification, deliver.context)
        except Exception:  # a page does not depend on what is told with it
            log.exception("notify: the message %s cannot be written in full", notification.notification_id)
            message = self._renderer.bare(notification, deliver.context)
        self._dispatcher.submit(notification, message, target)

    def _target(self, notification: Notification, language: str) -> Target:
        channel = channel_of(self._policy, notification.person, notification.channel)
        if channel is None:
            raise UserError(f'the policy has no channel "{notification.channel}" for {notification.person} any more')
        settled = resolved(channel, os.environ)
        return Target(notification.person, language, notification.channel, channel.type, settled.url, settled.options)

    def _fail(self, notification: Notification, reason: str) -> None:
        if not self._allowed(notification):
            return  # it is the new leader's now
        failed = msgspec.structs.replace(notification, outcome="failed", reason=reason, at=from_ms(_now()))
        task = asyncio.create_task(self._recorded(failed))
        self._failing.add(task)
        task.add_done_callback(self._failing.discard)

    async def _recorded(self, notification: Notification) -> None:
        try:
            await self._record(notification)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be recorded stops the worker
            self._context.fail(error)


def _now() -> int:
    return int(time.time() * 1_000)
