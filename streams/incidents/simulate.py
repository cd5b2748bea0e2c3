"""Who would have been paged? The fold over alerts of the past: `policy replay`, and the last third of `backtest`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from schemas.events import Alert, AlertTick, Command, Incident, Notification
from schemas.journal import Delivered, JournalEntry, Leader, Took
from schemas.times import DAY, to_ms
from streams.incidents.effects import Deliver, Effect, MessageContext, Publish, Record, Refused
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.policy.model import Policy

_SELF = "simulation"


class Simulated(Struct):
    """What the notifier would have done."""

    incidents: dict[str, Incident]
    """The last version of each, by id."""
    notifications: list[Notification]
    """Everything sent or held back, in order; what was planned counts as sent."""
    contexts: dict[str, MessageContext]
    """What each message would have been written from, by notification id."""
    refused: int = 0
    """Commands that could not be carried out."""


def simulate(
    policy: Policy, alerts: Iterable[Alert], commands: Iterable[Command] = (), *, until: int | None = None
) -> Simulated:
    """Fold `alerts` (and `commands`, at their `issued_at`) under `policy` in event time; every delivery arrives.

    Goes on to `until` (epoch ms), by default a day after the last record, so that chains run to their end.
    """
    items: list[tuple[int, int, Alert | Command]] = [(to_ms(alert.detected_at), 0, alert) for alert in alerts]
    items += [(to_ms(one.issued_at), 1, one) for one in commands if one.issued_at is not None]
    items.sort(key=lambda item: item[:2])
    run = _Run(policy)
    for at, _, record in items:
        if isinstance(record, Alert):
            run.fold(Took(_SELF, "alerts", run.next(), alert=record))
        run.advance(at)
        if isinstance(record, Command):
            run.fold(Took(_SELF, "commands", run.next(), command=record))
    if items:
        run.advance(until if until is not None else items[-1][0] + DAY)
    return run.found


class _Run:
    """The replay clock moved by hand."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.state = NotifyState(replay=True)
        self.found = Simulated({}, [], {})
        self._offset = 0
        self.fold(Leader(_SELF))

    def next(self) -> int:
        self._offset += 1
        return self._offset

    def advance(self, at: int) -> None:
        """Move to `at`, timer by timer: what is sent arrives before the next one."""
        while (due := self.state.next_due()) and due[0] < at:
            self._tick(due[0])
        self._tick(at)

    def _tick(self, at: int) -> None:
        self.fold(Took(_SELF, "alerts", self.next(), tick=AlertTick(0, at)))

    def fold(self, entry: JournalEntry) -> None:
        pending: list[Effect] = fold(self.state, entry, self.state.now, self.policy)
        while pending:
            effect = pending.pop(0)
            if isinstance(effect, Publish):
                self.found.incidents[effect.incident.incident_id] = effect.incident
            elif isinstance(effect, Record):
                self.found.notifications.append(effect.notification)
            elif isinstance(effect, Refused):
                self.found.refused += 1
            elif isinstance(effect, Deliver):
                reason = self.state.why_not(effect.notification)
                outcome = msgspec.structs.replace(
                    effect.notification,
                    outcome="held_back" if reason else "sent",
                    reason=reason or effect.notification.reason,
                )
                self.found.notifications.append(outcome)
                self.found.contexts[outcome.notification_id] = effect.context
                pending += fold(self.state, Delivered(_SELF, outcome), self.state.now, self.policy)
