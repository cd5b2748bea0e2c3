"""The delivery loop: a queue per channel, each attempt recorded before it is made.

    submit ─► queue of the channel ─► may I? ─► record pending ─► may I still? ─► send ─► record sent
                     ▲                                                             │
                     └──────────── wait (back-off) ◄── worth another try ──────────┴──► record failed

It knows nothing of Kafka: `record` writes to `notifications` and returns once that is acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from schemas.events import SEVERITIES, Notification, Outcome
from schemas.times import from_ms
from streams.delivery.breaker import Breaker
from streams.delivery.model import Channel, Delivery, Permanent, SendError, Target, Transient
from streams.delivery.redact import redact
from streams.delivery.retry import Retry
from streams.messages.model import Message

log = logging.getLogger(__name__)

PARALLEL: Final = 32
"""Deliveries under way at once over one channel: one slow server of 10 s must not hold a night's pages in a line, and
at 100 alerts a second each delivery spends most of its time on waiting for Kafka to take the record of it."""
GRACE: Final = 5.0
"""Seconds that deliveries under way get when the dispatcher stops; what is not done then stays pending."""
REMEMBERED: Final = 10_000
"""Keys that are done; `allowed` knows the older ones."""

_URGENT: Final = {"nobody_reached": -10, "page": 0, "all_clear": 10, "update": 20, "stakeholder": 30, "digest": 40}


@dataclass(order=True, slots=True)
class _Job:
    """A delivery and its tries so far; ordered by urgency, then by age."""

    rank: int
    number: int
    delivery: Delivery = field(compare=False)
    attempt: int = field(default=0, compare=False)
    first_try: int = field(default=0, compare=False)
    failure: str = field(default="", compare=False)
    """Why the last try failed."""


class Dispatcher:
    """Sends what is submitted, and records how it went.

    Args:
        channels: Adapter by type (`smtp`, `webhook`, …).
        record: Writes a notification to the log; awaited. What it raises ends the dispatcher (see `failed`): nothing
            is sent that cannot be recorded.
        allowed: Asked right before each attempt: is this process still in charge of this delivery (leader, key not sent
            by somebody else)? Where not, nothing is sent and nothing recorded: the delivery belongs to another.
        clock: Epoch milliseconds.
        why_not: Asked at the same moments: why this must not be sent any more (`the incident is resolved`). It is
            then recorded as held back with this reason.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        record: Callable[[Notification], Awaitable[None]],
        allowed: Callable[[Notification], bool],
        clock: Callable[[], int],
        why_not: Callable[[Notification], str | None] | None = None,
        retry: Retry | None = None,
        breaker: Callable[[], Breaker] = Breaker,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        parallel: int = PARALLEL,
    ) -> None:
        self._channels = dict(channels)
        self._record_to = record
        self._allowed = allowed
        self._why_not = why_not or (lambda _: None)
        self._clock = clock
        self._retry = retry or Retry()
        self._new_breaker = breaker
        self._sleep = sleep
        self._chance = chance
        self._parallel = parallel
        self._queues: dict[str, asyncio.PriorityQueue[_Job]] = {}
        self._breakers: dict[str, Breaker] = {}
        self._known: dict[str, bool] = {}
        """Keys queued or under way (False) and the latest that are done (True): a key submitted twice is sent once."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._number = 0
        self._running = False
        self._broken: asyncio.Future[None] | None = None

    def submit(self, notification: Notification, message: Message, target: Target) -> None:
        """Plan one delivery; a key that is known already is not planned again. Returns at once."""
        if notification.notification_id in self._known:
            return
        self._known[notification.notification_id] = False
        self._number += 1
        urgency = _URGENT[notification.purpose] - SEVERITIES.index(notification.severity)
        self._put(_Job(urgency, self._number, Delivery(notification, message, target)))

    async def start(self) -> None:
        """Begin to send. What was submitted before waits until now."""
        self._running = True
        self._broken = asyncio.get_running_loop().create_future()
        for channel in self._queues:
            self._serve(channel)

    async def failed(self) -> None:
        """Wait for ever; raises what `record` or `allowed` raised, after which nothing is sent any more."""
        if self._broken is None:
            raise RuntimeError("not started")
        await asyncio.shield(self._broken)

    async def idle(self) -> None:
        """Wait until nothing is queued, waiting for another try or under way."""
        while self.backlog():
            if self._broken is not None and self._broken.done():
                await self._broken
            await asyncio.sleep(0.005)

    def backlog(self) -> int:
        """Return how many deliveries are queued, waiting for another try or under way."""
        return sum(queue.qsize() for queue in self._queues.values()) + self._busy + len(self._waiting)

    def closed_channels(self) -> list[str]:
        """Return the channels whose breaker is open now."""
        now = self._clock()
        return sorted(name for name, breaker in self._breakers.items() if breaker.mode(now) == "open")

    async def stop(self, grace: float = GRACE) -> None:
        """Stop within `grace` seconds and a little. What was not sent stays pending and is planned again later."""
        self._running = False
        for task in self._waiting:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._busy:  # noqa: ASYNC110 - an event would have to be kept in step with a count
                    await asyncio.sleep(0.01)
        tasks = [*self._tasks, *self._waiting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in self._channels.values():
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await channel.close()
        if self._broken is not None and not self._broken.done():
            self._broken.cancel()

    # ------------------------------------------------------------------------------------------------------ inside

    def _put(self, job: _Job) -> None:
        name = job.delivery.target.channel
        if name not in self._queues:
            self._queues[name] = asyncio.PriorityQueue()
            self._breakers[name] = self._new_breaker()
            if self._running:
                self._serve(name)
        self._queues[name].put_nowait(job)

    def _serve(self, name: str) -> None:
        for _ in range(self._parallel):
            task = asyncio.create_task(self._work(name), name=f"deliver-{name}")
            self._tasks.add(task)

    async def _work(self, name: str) -> None:
        queue = self._queues[name]
        while True:
            job = await queue.get()
            if not self._running:
                return
            self._busy += 1
            try:
                await self._handle(job)
            except Exception as error:  # noqa: BLE001 - whoever waits in `failed` gets it
                self._break(error)
                return
            finally:
                self._busy -= 1

    def _break(self, error: Exception) -> None:
        self._running = False
        log.error("delivery stops: %s", type(error).__name__)
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _handle(self, job: _Job) -> None:
        delivery = job.delivery
        breaker = self._breakers[delivery.target.channel]
        if not await self._may(job):
            return
        job.first_try = job.first_try or self._clock()
        if not breaker.permit(self._clock()):
            seconds = breaker.reopens_in(self._clock()) / 1_000
            await self._record(
                job, "failed", f"channel {delivery.target.channel} keeps failing; next trial in {seconds:.0f} s"
            )
            return
        channel = self._channels.get(delivery.target.type)
        if channel is None:
            await self._record(job, "failed", f'no channel of type "{delivery.target.type}"')
            return
        job.attempt += 1
        await self._record(job, "pending", job.failure)
        if not await self._may(job):
            breaker.release()
            return
        try:
            receipt = await channel.send(delivery)
        except SendError as error:
            await self._failed(job, breaker, error)
        except Exception as error:  # noqa: BLE001 - an adapter's own mistake costs one delivery, not the loop
            # Its text may quote an address, so only its type is told.
            await self._failed(job, breaker, Permanent(f"channel broke: {type(error).__name__}"))
        else:
            breaker.succeeded()
            await self._record(job, "sent", receipt=redact(receipt, delivery.target))

    async def _may(self, job: _Job) -> bool:
        notification = job.delivery.notification
        if not self._allowed(notification):
            # Not ours now; it may be given back to us later.
            self._known.pop(notification.notification_id, None)
            return False
        reason = self._why_not(notification)
        if reason is not None:
            await self._record(job, "held_back", reason)
        return reason is None

    async def _failed(self, job: _Job, breaker: Breaker, error: SendError) -> None:
        if isinstance(error, Transient):
            breaker.failed(self._clock())
            delay = self._retry.delay(job.attempt, self._chance(), error.retry_after)
            waited = (self._clock() - job.first_try) / 1_000 + delay
            if self._retry.again(job.attempt, waited):
                job.failure = error.reason
                self._later(job, delay)
                return
            if job.attempt > 1:
                await self._record(job, "failed", f"{error.reason} ({job.attempt} attempts)")
                return
        else:
            # The other side answered, so the channel works.
            breaker.succeeded()
        await self._record(job, "failed", error.reason)

    def _later(self, job: _Job, delay: float) -> None:
        async def wait() -> None:
            await self._sleep(delay)
            self._put(job)

        task = asyncio.create_task(wait(), name="deliver-again")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _record(self, job: _Job, outcome: Outcome, reason: str = "", receipt: str | None = None) -> None:
        await self._record_to(
            msgspec.structs.replace(
                job.delivery.notification,
                outcome=outcome,
                attempt=job.attempt,
                reason=reason,
                receipt=receipt,
                at=from_ms(self._clock()),
            ),
        )
        if outcome != "pending":
            self._done(job.delivery.key)

    def _done(self, key: str) -> None:
        self._known.pop(key, None)
        self._known[key] = True
        while len(self._known) > REMEMBERED and next(iter(self._known.values())):
            del self._known[next(iter(self._known))]
