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
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from schemas import topics
from schemas.events import Alert, Notification
from schemas.journal import Delivered, Leader, PolicyRead
from streams import metrics
from streams.agents.context import Context
from streams.agents.notify_lately import HeldLately, changed_lately
from streams.agents.notify_records import journal_record, notification_record, read_entry, recorded, take
from streams.agents.notify_timers import DueTimers
from streams.agents.notify_writes import count, note, publish
from streams.agents.snapshots import Snapshots
from streams.delivery.outlet import Outlet
from streams.engine.closing import asked_to_end
from streams.engine.guard import StalledError
from streams.engine.hooks import Hooks, Positions, slices
from streams.engine.reader import ends, read_to_end, reading
from streams.engine.records import Write
from streams.errors import UserError
from streams.incidents.effects import Deliver, Effect, Publish, Record, Refused
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.messages.render import Minutes
from streams.policy.load import digest, without_addresses
from streams.policy.model import Policy

log = logging.getLogger(__name__)

BATCH = 500
"""Records of the journal folded before what follows from them is done: all of it in flight together."""
GRACE = 5.0
"""Seconds that a batch under way gets when the notifier stops."""
TIMER_GRAIN = 0.2
"""Seconds: how late a due timer may be noticed."""


class NotifyAgent:
    """The shell round the fold over the journal."""

    def __init__(self, context: Context, policy: Policy, about: Callable[[Alert], Alert] = lambda alert: alert) -> None:
        """`about` says of an alert that is taken what people's labels make of its trigger."""
        self.context = context
        self._about = about
        self._policy = policy
        self._me = ""
        self._leading = False
        self._position: int | None = None
        """Next record of the journal to fold; None before the first assignment."""
        self._progress = asyncio.Event()
        """Set when more of the journal has been folded, or the lead is lost; then there is a new one."""
        self._done: int | None = None
        """Up to there what follows from the journal has been done, too."""
        self._held = HeldLately()
        """While the journal is read: what was held back last, for the last notifier perhaps did not record it."""
        self._snapshots = Snapshots(context)
        self._due = DueTimers()
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
        settings = self.context.settings
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
            self.context.fail(error)
            raise

    async def _take(self, tp: TP, records: Sequence[Any]) -> None:
        topic = tp.topic.removeprefix(self.context.settings.topic_prefix)
        writes: list[Write] = []
        for record in records:
            took, dead = take(self._me, topic, record)
            if took.alert is not None:
                # Here, for what is in the journal is what counts ever after: labels that come later change nothing of it.
                took.alert = self._about(took.alert)
            if dead is not None:
                writes.append(dead)
            writes.append(journal_record(took))
        await self.context.producer.send(writes)

    # --- leading ---------------------------------------------------------------------------------------------------

    async def _revoked(self, _tps: set[TP]) -> None:
        await self._step_down()

    async def stop(self) -> None:
        """Let deliveries under way end, and stop."""
        await self._step_down()

    async def _step_down(self) -> None:
        me, self._me, self._leading = self._me, "", False
        self._tell_progress()
        metrics.LEADER.set(0)
        tail, self._tail = self._tail, None
        if tail is not None:
            await asyncio.wait({tail}, timeout=GRACE if me else 0)
            tail.cancel()
            await asyncio.gather(tail, return_exceptions=True)
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            await outlet.stop()
        if self._position is None:
            return
        if self._position == self._done:
            await self._snapshots.stop(self.state, self._position, me)
        else:  # cut short between the fold and what follows from it: the journal has to tell it again
            self.state, self._position = self._new_state(), None

    async def _assigned(self, tps: set[TP]) -> Positions:
        await self._step_down()
        try:
            return await self._take_over(tps) if tps else {}
        except UserError as error:
            self.context.give_up(error)

    async def _take_over(self, tps: set[TP]) -> Positions:
        # What was folded before is still right: it is what the journal says up to there. Only the rest is read.
        began = time.monotonic()
        if self._position is None:
            await self._recall()
        start = self._position
        await self._read_journal()
        me = uuid.uuid4().hex
        plain = PolicyRead(me, digest(self._policy), without_addresses(self._policy))
        await self.context.producer.send([journal_record(Leader(me))])
        if self.state.policy_digest != plain.digest:
            await self.context.producer.send([journal_record(plain)])
        await self._read_journal()
        self._me = me
        self._leading = self.state.leader == me
        self._outlet = Outlet(
            self.context,
            self._policy,
            self._record,
            self._allowed,
            self.state.why_not,
            lambda: [case.incident for case in self.state.live_cases()],
            self.minutes,
        )
        await self._outlet.start()
        await self._settle()
        self._done = self._position
        metrics.LEADER.set(1)
        log.info(
            "notify: leads; journal read from %s to %s, %d incidents, ready in %.2f s",
            start, self._position, len(self.state.cases), time.monotonic() - began,
        )  # fmt: skip
        self._tail = asyncio.create_task(self._follow() if self._leading else self._deposed())
        prefix = self.context.settings.topic_prefix
        return {tp: self.state.offsets.get(tp.topic.removeprefix(prefix), -1) + 1 for tp in tps}

    async def _recall(self) -> None:
        """Take up the furthest snapshot, where there is one; else the journal is folded from its beginning."""
        first, end = await ends(self.context.settings, topics.JOURNAL.name, 0)
        found = await self._snapshots.find(end)
        self.hooks.steps += 1
        if found is None:
            self._position = first
            return
        self.state, self._position = found.state, max(found.position, first)
        if first > found.position:
            log.warning("notify: the journal from %d to %d is gone; going on without it", found.position, first)

    async def _read_journal(self) -> None:
        async for records in read_to_end(self.context.settings, topics.JOURNAL.name, 0, self._position):
            self.hooks.steps += 1
            for record in records:
                self._held.add(self.state, self._fold(record))
            self._held.cut()
            self._position = records[-1].offset + 1

    async def _settle(self) -> None:
        """Publish again what the last notifier perhaps did not; plan again what was decided and has no outcome."""
        producer = self.context.producer
        await publish(producer, self.state, changed_lately(self.state))
        recent = self._held.take(self.state)
        floors = [floor for floor in (self.state.floor(), *(held.noted for held in recent)) if floor is not None]
        outcomes, held_back = await recorded(self.context.settings, self.hooks, floors)
        await note(producer, [h.what for h in recent if (h.what.notification_id, h.what.reason) not in held_back])
        for deliver in self.state.undelivered():
            known = outcomes.get(deliver.notification.notification_id)
            if known is None:
                self._submit(deliver)
            else:  # sent and recorded, but the journal was not told before the end
                notification, offset = known
                await producer.send([journal_record(Delivered(self._me, notification, offset))])

    async def _follow(self) -> None:
        """Fold the journal as it grows, and do what follows from it, a batch at a time."""
        try:
            async with reading(self.context.settings, reset="none") as reader:
                tp = TopicPartition(self.context.settings.topic_prefix + topics.JOURNAL.name, 0)
                reader.assign([tp])
                reader.seek(tp, self._position)
                while self._leading:
                    found = await reader.getmany(tp, timeout_ms=200, max_records=BATCH)
                    await self._go_on(found.get(tp, []))
            await self._deposed()
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            self.context.fail(StalledError("watchdog: the notifier follows its journal no longer"))
        except TimeoutError as error:
            self.context.fail(StalledError(f"watchdog: the notifier follows its journal no longer ({error})"))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the worker stops for it
            self.context.fail(error)

    async def _deposed(self) -> None:
        """Stand by: who leads now has the partitions, and ours will be taken away any moment.

        Unless it was a process that froze in the middle of taking over and has lost them since: then nobody would lead.
        So a worker that still has them after a while ends, and claims the lead afresh when it is started again.
        """
        if not self._me:
            return  # it stops by itself
        log.warning("notify: another process leads now; this one stands by")
        self._me = ""
        metrics.LEADER.set(0)
        patience = 2 * self.context.settings.engine.session_timeout
        await asyncio.sleep(patience)
        self.context.fail(
            StalledError(f"another notifier took the lead, but {topics.ALERTS.name} is still ours after {patience:g} s")
        )

    async def _go_on(self, records: Sequence[Any]) -> None:
        effects: list[Effect] = []
        for record in records:
            effects += self._fold(record)
            self._position = record.offset + 1
            if self.state.leader != self._me:
                self._leading = False
                break
        self._tell_progress()
        await self._do(effects)
        self._done = done = self._position or 0
        if self._leading and self._snapshots.due(done):
            self._snapshots.begin(self.state, done, self._me)

    def _fold(self, record: Any) -> list[Effect]:
        self._snapshots.passed(len(record.value or b""))
        entry = read_entry(self.state.leader, record)
        return fold(self.state, entry, record.timestamp, self._policy) if entry is not None else []

    # --- doing -----------------------------------------------------------------------------------------------------

    async def _do(self, effects: Sequence[Effect]) -> None:
        producer = self.context.producer
        await publish(producer, self.state, [effect.incident for effect in effects if isinstance(effect, Publish)])
        await note(producer, [effect.notification for effect in effects if isinstance(effect, Record)])
        for number, effect in enumerate(effects):
            if isinstance(effect, Deliver):
                self._submit(effect)
                if number % 8 == 7:
                    await asyncio.sleep(0)  # a message takes a millisecond or two to write: let others send meanwhile
            elif isinstance(effect, Refused):
                log.warning("notify: command %s is not carried out: %s", effect.command_id, effect.reason)

    def _submit(self, deliver: Deliver) -> None:
        if self._outlet is not None:
            self._outlet.submit(deliver)

    def _allowed(self, notification: Notification) -> bool:
        return self._leading and self.state.leader == self._me

    async def _record(self, notification: Notification) -> None:
        """Record an attempt: first for the world, then, when it has ended, as an input of the fold."""
        if notification.outcome == "pending":
            # Both before the send, in no order: the fold needs no offset of an attempt that has not ended.
            entry = journal_record(Delivered(self._me, notification))
            _, place = await self.context.producer.send([notification_record(notification), entry])
            count(notification)
            await self._read_back(place)
            return
        (offset,) = await self.context.producer.send([notification_record(notification)])
        count(notification)
        await self.context.producer.send([journal_record(Delivered(self._me, notification, offset))])

    def _tell_progress(self) -> None:
        """Wake who waits in `_read_back`; whoever waits from now on waits for the next time."""
        self._progress.set()
        self._progress = asyncio.Event()

    async def _read_back(self, place: int) -> None:
        """Wait until the journal is read beyond `place`: a leader record before it would have ended this one's lead.

        So a process that was frozen and does not know yet that another leads begins no delivery.
        """
        while self._leading and (self._position or 0) <= place:
            await self._progress.wait()

    async def _timers(self) -> None:
        """Live: append a timer's record when it is due; the fold says whether it still counts."""
        while True:
            await asyncio.sleep(TIMER_GRAIN)
            if not self._leading or self.state.replay:
                continue
            writes = self._due.records(self.state.timers, self._me)
            if writes:
                await self.context.producer.send(writes)
