"""What the notifier writes for the world: incidents as they now are, what was held back and why; and their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from schemas import topics
from schemas.events import Incident, IncidentState, Notification
from streams import metrics
from streams.agents.notify_records import notification_record
from streams.engine.producer import Producer
from streams.engine.records import Write
from streams.incidents.fitting import as_record
from streams.incidents.state import NotifyState


async def publish(producer: Producer, state: NotifyState, incidents: Sequence[Incident]) -> None:
    """Write `incidents` as they now are; raises nothing for one that is too large, it is told in fewer words."""
    writes = [Write(topics.INCIDENTS.name, i.incident_id.encode(), as_record(i), 0) for i in incidents]
    await producer.send(writes)
    if incidents:
        states = Counter(case.incident.state for case in state.cases.values() if case.incident.kind == "actual")
        for name in get_args(IncidentState):
            metrics.INCIDENTS.labels(name).set(states[name])


async def note(producer: Producer, held: Sequence[Notification]) -> None:
    """Write what was held back."""
    await producer.send([notification_record(notification) for notification in held])
    for notification in held:
        count(notification)


def count(notification: Notification) -> None:
    """Count an attempt; what an exercise does is no figure of real incidents."""
    if notification.kind == "actual":
        metrics.NOTIFICATIONS.labels(notification.outcome, notification.purpose, notification.channel).inc()
    else:
        metrics.EXERCISES.labels(notification.outcome).inc()
