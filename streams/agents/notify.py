"""The agent `notify`: alerts and commands in; incidents, pages and their outcomes out.

It appends what it takes to `journal` and folds only what it reads back, so its state follows from the journal alone.
One process is the notifier (whoever has partition 0 of `alerts` and `commands`); a new one writes a leader record, and
whoever reads another's leader record stops. Deliveries are made outside the fold, each recorded before it is tried.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition
from faust.types import TP

from schemas import topics
from schemas.events import (
    Alert,
    AlertTick,
    Command,
    Delivered,
    Incident,
    JournalEntry,
    Leader,
    Notification,
    PolicyRead,
    TimerDue,
    Took,
    encode,
)  # fmt: skip
from schemas.mention import Rejection
from streams import metrics
from streams.agents.context import Context
from streams.delivery.outlet import Outlet
from streams.engine.dead_letter import dead_letter
from streams.engine.reader import consumer, read_to_end
from streams.engine.records import Write
from streams.engine.transport import Hooks, Positions, slices
from streams.incidents.effects import Deliver, Effect, Publish, Record, Refused
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.messages.render import Minutes
from streams.policy.load import digest, without_addresses
from streams.policy.model import Policy

log = logging.getLogger(__name__)

_entry = msgspec.json.Decoder(JournalEntry)
_alert = msgspec.json.Decoder(Alert)
_command = msgspec.json.Decoder(Command)
_tick = msgspec.json.Decoder(AlertTick)
FINAL = ("sent", "failed", "held_back")
TIMER_GRAIN = 0.2
"""Seconds: how late a due timer may be noticed."""


RESEND = 2.0
"""Seconds after which a timer that is still armed is reported again."""


class NotifyAgent:
    """The shell round the fold over the journal."""

    def __init__(self, context: Context, policy: Policy) -> None:
        self._context = context
        self._policy = policy
        self._me = ""
        self._leading = False
        self._position = 0
        self._due_sent: dict[tuple[str, str, int, int], float] = {}
        self._outlet: Outlet | None = None
        self._tail: asyncio.Task[None] | None = None
        self.minutes: Minutes | None = None
        """Where messages find the picture of the last hours; set by whoever has it."""
        self.state = self._new_state()
        self.hooks = Hooks()
        self.hooks.assigned = self._assigned
        self.hooks.revoked = self._revoked
        self.tasks = [self._timers]

    def _new_state(self) -> NotifyState:
        settings = self._context.settings
        return NotifyState(replay=settings.replay, partitions=settings.partitions.scored)

    # --- taking ----------------------------------------------------------------------------------------------------

    async def run(self, stream: Any) -> None:
        """Append what comes to the journal, slice after slice."""
        try:
            async for tp, records in slices(stream):
                if self._me:
                    await self._take(tp, records)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._context.fail(error)
            raise

    async def _take(self, tp: TP, records: Sequence[Any]) -> None:
        topic = tp.topic.removeprefix(self._context.settings.topic_prefix)
        writes: list[Write] = []
        for record in records:
            took, dead = take(self._me, topic, record)
            if dead is not None:
                writes.append(dead)
            writes.append(_journal(took))
        await self._context.producer.send(writes)

    # --- leading ---------------------------------------------------------------------------------------------------

    async def _revoked(self, _tps: set[TP]) -> None:
        await self._step_down()

    async def stop(self) -> None:
        """Let deliveries under way end, and stop."""
        await self._step_down()

    async def _step_down(self) -> None:
        self._leading, self._me = False, ""
        metrics.LEADER.set(0)
        tail, self._tail = self._tail, None
        if tail is not None:
            tail.cancel()
            await asyncio.gather(tail, return_exceptions=True)
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            await outlet.stop()

    async def _assigned(self, tps: set[TP]) -> Positions:
        await self._step_down()
        if not tps:
            return {}
        self.state = self._new_state()
        await self._read_journal()
        me = uuid.uuid4().hex
        plain = PolicyRead(me, digest(self._policy), without_addresses(self._policy))
        await self._context.producer.send([_journal(Leader(me))])
        if self.state.policy_digest != plain.digest:
            await self._context.producer.send([_journal(plain)])
        await self._read_journal()
        self._me = me
        self._leading = self.state.leader == me
        self._outlet = Outlet(
            self._context,
            self._policy,
            self._record,
            self._allowed,
            self.state.why_not,
            lambda: [case.incident for case in self.state.live_cases()],
            self.minutes,
        )
        await self._outlet.start()
        await self._settle()
        metrics.LEADER.set(1)
        self._tail = asyncio.create_task(self._follow())
        prefix = self._context.settings.topic_prefix
        return {tp: self.state.offsets.get(tp.topic.removeprefix(prefix), -1) + 1 for tp in tps}

    async def _read_journal(self) -> None:
        async for records in read_to_end(self._context.settings, topics.JOURNAL.name, 0, self._position or None):
            self.hooks.steps += 1
            for record in records:
                self._fold(record)
            self._position = records[-1].offset + 1

    async def _settle(self) -> None:
        """Publish every live incident again, and plan again what was decided and has no outcome."""
        outcomes: dict[str, Notification] = {}
        async for records in read_to_end(self._context.settings, topics.NOTIFICATIONS.name, 0):
            self.hooks.steps += 1
            for record in records:
                notification = msgspec.json.decode(record.value, type=Notification)
                if notification.outcome in FINAL:
                    outcomes[notification.notification_id] = notification
        await self._publish([case.incident for case in self.state.live_cases()])
        for deliver in self.state.undelivered():
            known = outcomes.get(deliver.notification.notification_id)
            if known is None:
                self._submit(deliver)
            else:  # sent and recorded, but the journal was not told before the end
                await self._context.producer.send([_journal(Delivered(self._me, known))])

    async def _follow(self) -> None:
        """Fold the journal as it grows, and do what follows from it."""
        try:
            async with consumer(self._context.settings) as reader:
                tp = TopicPartition(self._context.settings.topic_prefix + topics.JOURNAL.name, 0)
                reader.assign([tp])
                reader.seek(tp, self._position)
                while self._leading:
                    found = await reader.getmany(tp, timeout_ms=200, max_records=500)
                    for record in found.get(tp, []):
                        effects = self._fold(record)
                        self._position = record.offset + 1
                        if self.state.leader != self._me:
                            log.warning("notify: another process leads now; this one stands by")
                            self._leading = False
                            metrics.LEADER.set(0)
                            return
                        await self._do(effects)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the worker stops for it
            self._context.fail(error)

    def _fold(self, record: Any) -> list[Effect]:
        return fold(self.state, _entry.decode(record.value), record.timestamp, self._policy)

    # --- doing -----------------------------------------------------------------------------------------------------

    async def _do(self, effects: Sequence[Effect]) -> None:
        await self._publish([effect.incident for effect in effects if isinstance(effect, Publish)])
        held = [effect.notification for effect in effects if isinstance(effect, Record)]
        await self._context.producer.send([_notification(n) for n in held])
        for notification in held:
            _count(notification)
        for effect in effects:
            if isinstance(effect, Deliver):
                self._submit(effect)
            elif isinstance(effect, Refused):
                log.warning("notify: command %s is not carried out: %s", effect.command_id, effect.reason)

    async def _publish(self, incidents: Sequence[Incident]) -> None:
        writes = [Write(topics.INCIDENTS.name, i.incident_id.encode(), encode(i), 0) for i in incidents]
        await self._context.producer.send(writes)
        if incidents:
            states = [case.incident.state for case in self.state.cases.values() if case.incident.kind == "actual"]
            for state in ("open", "acknowledged", "responding", "stable", "resolved", "closed", "dismissed"):
                metrics.INCIDENTS.labels(state).set(states.count(state))

    def _submit(self, deliver: Deliver) -> None:
        if self._outlet is not None:
            self._outlet.submit(deliver)

    def _allowed(self, notification: Notification) -> bool:
        return self._leading and self.state.leader == self._me

    async def _record(self, notification: Notification) -> None:
        """Record an attempt: first for the world, then, when it has ended, as an input of the fold."""
        await self._context.producer.send([_notification(notification)])
        _count(notification)
        await self._context.producer.send([_journal(Delivered(self._me, notification))])

    async def _timers(self) -> None:
        """Live: append a timer's record when it is due; the fold says whether it still counts."""
        while True:
            await asyncio.sleep(TIMER_GRAIN)
            if not self._leading or self.state.replay:
                continue
            now, tried = int(time.time() * 1_000), time.monotonic()
            # Due counts by the journal's clock, which may be behind ours: what came too early is sent again.
            self._due_sent = {key: at for key, at in self._due_sent.items() if tried - at < RESEND}
            due = [(key, at) for key, at in self.state.timers.items() if at <= now and (*key, at) not in self._due_sent]
            self._due_sent |= {(*key, at): tried for key, at in due}
            writes = [_journal(TimerDue(self._me, *key, at)) for key, at in sorted(due)]
            if writes:
                await self._context.producer.send(writes)


def take(leader: str, topic: str, record: Any) -> tuple[Took, Write | None]:
    """Return the journal's entry for a record of an input topic, and its dead letter where it cannot be read."""
    took = Took(leader, topic, record.offset)
    try:
        if topic == topics.COMMANDS.name:
            took.command = _command.decode(record.value or b"")
        elif (record.key or b"").startswith(b"#tick"):
            took.tick = _tick.decode(record.value or b"")
        else:
            took.alert = _alert.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        took.reason = f"invalid_{'command' if topic == topics.COMMANDS.name else 'alert'}: {error}"
        return took, dead_letter(record, topic, 0, Rejection(took.reason.partition(":")[0], str(error)))
    return took, None


def _count(notification: Notification) -> None:
    """Count an attempt; what an exercise does is no figure of real incidents."""
    if notification.kind == "actual":
        metrics.NOTIFICATIONS.labels(notification.outcome, notification.purpose, notification.channel).inc()
    else:
        metrics.EXERCISES.labels(notification.outcome).inc()


def _journal(entry: JournalEntry) -> Write:
    key = b""
    if isinstance(entry, Took) and entry.command is not None:
        key = (entry.command.incident_id or "").encode()
    elif isinstance(entry, TimerDue):
        key = entry.incident_id.encode()
    elif isinstance(entry, Delivered):
        key = entry.notification.incident_id.encode()
    return Write(topics.JOURNAL.name, key, encode(entry), 0)


def _notification(notification: Notification) -> Write:
    return Write(topics.NOTIFICATIONS.name, notification.incident_id.encode(), encode(notification), 0)
