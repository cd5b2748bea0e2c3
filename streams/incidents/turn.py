"""One turn of the fold: the state, the policy, the time, and the effects gathered on the way."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from schemas.events import Alert, Incident, Notification, TimelineEntry
from schemas.ids import notification_id
from schemas.times import from_ms
from streams.incidents.effects import ArmTimer, CancelTimer, Deliver, Effect, MessageContext, Publish, Record, Refused
from streams.incidents.state import LONGEST_REASON, Case, NotifyState, Planned, shortened
from streams.policy.labels import Labels, fits, labels_of, rank
from streams.policy.model import Inhibit, Policy
from streams.policy.people import language_of

_STORY: Final = 200
"""Lines of an incident's timeline that are kept: its first and its latest."""
_DETAIL: Final = 2_100
"""Characters of a line: a note, and what goes before it."""
_ALERTS: Final = 40
"""Alerts that a published incident carries: with votes and drivers about 3 kB each, well under the record limit."""


_MOST_LABELS: Final = 20_000


class _KnownLabels(Struct, gc=False):
    """The labels of an incident as it was: a storm asks for those of each incident with each alert."""

    alerts: list[Alert]
    severity: str
    policy: Policy
    labels: Labels

    def of(self, incident: Incident, policy: Policy) -> bool:
        """Tell whether they still are those of `incident`."""
        same = self.severity == incident.severity and self.policy is policy and len(self.alerts) == len(incident.alerts)
        return same and all(mine is its for mine, its in zip(self.alerts, incident.alerts, strict=True))


_known_labels: dict[str, _KnownLabels] = {}


class Turn:
    """Changes to the state go through here, so that each leaves its effects and its line in the story."""

    def __init__(self, state: NotifyState, policy: Policy, at: int) -> None:
        self.state = state
        self.policy = policy
        self.at = at
        self.effects: list[Effect] = []
        self._changed: dict[str, Case] = {}
        self._sources: dict[int, list[Case]] = {}

    # timers

    def arm(self, incident_id: str, step: str, round_: int, due: int) -> None:
        """Have the fold called again at `due` (epoch ms), once, for this step and round."""
        key = (incident_id, step, round_)
        if self.state.timers.get(key) == due:
            return
        if key in self.state.timers:
            self.effects.append(CancelTimer(*key))
        self.state.timers[key] = due
        self.effects.append(ArmTimer(*key, due))

    def cancel(self, incident_id: str, *, but: frozenset[str] = frozenset()) -> None:
        """Disarm all timers of an incident whose steps are not among `but`."""
        for key in [key for key in self.state.timers if key[0] == incident_id and key[1] not in but]:
            del self.state.timers[key]
            self.effects.append(CancelTimer(*key))

    def cancel_step(self, incident_id: str, *steps: str) -> None:
        """Disarm the timers of these steps, whatever their round."""
        for key in [key for key in self.state.timers if key[0] == incident_id and key[1] in steps]:
            del self.state.timers[key]
            self.effects.append(CancelTimer(*key))

    # the story

    def note(self, case: Case, what: str, who: str = "", detail: str = "") -> None:
        """Add a line to the incident's story."""
        story = case.incident.timeline
        story.append(TimelineEntry(from_ms(self.at), what, who, shortened(detail, _DETAIL)))
        if len(story) > _STORY:
            del story[_STORY // 4 : len(story) - _STORY + _STORY // 4]
        self.changed(case)

    def changed(self, case: Case) -> None:
        """Have the incident published at the end of the turn."""
        self._changed[case.incident.incident_id] = case
        self._sources.clear()

    def refuse(self, command_id: str, reason: str) -> None:
        """Say that a command could not be carried out."""
        self.effects.append(Refused(command_id, reason))

    def labels(self, case: Case) -> Labels:
        """Return what routes and silences ask about the incident."""
        incident = case.incident
        known = _known_labels.get(incident.incident_id)
        if known is None or not known.of(incident, self.policy):
            found = labels_of(incident.alerts, incident.severity, self.policy)
            known = _KnownLabels(list(incident.alerts), incident.severity, self.policy, found)
            if len(_known_labels) >= _MOST_LABELS:
                _known_labels.clear()
            _known_labels[incident.incident_id] = known
        return known.labels

    def sources(self, rule: Inhibit) -> list[Case]:
        """Return the live incidents that may hold others back by `rule`, in the order in which they opened."""
        found = self._sources.get(id(rule))
        if found is None:
            found = [case for case in self.state.live_cases() if not fits(rule.source, self.labels(case))]
            self._sources[id(rule)] = found
        return found

    # what is sent and what is not

    def deliver(
        self,
        case: Case,
        person: str,
        channel: str,
        *,
        step: str,
        round_: int,
        purpose: str = "page",
        context: MessageContext | None = None,
        reason: str = "",
        forced: bool = False,
    ) -> bool:
        """Plan a delivery; False where its key was planned before (nobody gets the same step twice)."""
        notification = self._notification(case, person, channel, step, round_, purpose)
        key = notification.notification_id
        if key in case.planned:
            return False
        notification.outcome = "pending"
        notification.reason = shortened(reason, LONGEST_REASON)
        plain = context or MessageContext(case.incident, heaviest(case.incident), "en")
        full = msgspec.structs.replace(plain)  # of its own: one message's context never changes with another's
        full.language = language_of(self.policy, person)
        full.known_by = list(case.incident.paged)
        case.planned[key] = Planned(notification, full, forced=forced, floor=self.state.noted)
        self.effects.append(Deliver(notification, full))
        self.changed(case)
        return True

    def just_paged(self, case: Case) -> tuple[str, ...]:
        """Return whom this turn pages for `case`: they need no second message."""
        notes = [effect.notification for effect in self.effects if isinstance(effect, Deliver)]
        return tuple(
            note.person for note in notes if note.incident_id == case.incident.incident_id and note.purpose == "page"
        )

    def hold_back(self, case: Case, person: str, reason: str, *, step: str, round_: int, purpose: str = "page") -> None:
        """Record that `person` was not told, and why."""
        notification = self._notification(case, person, "", step, round_, purpose)
        notification.outcome = "held_back"
        notification.reason = shortened(reason, LONGEST_REASON)
        self.effects.append(Record(notification))

    def _notification(
        self, case: Case, person: str, channel: str, step: str, round_: int, purpose: str
    ) -> Notification:
        incident = case.incident
        heavy = heaviest(incident)
        return Notification(
            notification_id=notification_id(incident.incident_id, step, round_, person, channel),
            incident_id=incident.incident_id,
            brand=incident.brand,
            severity=incident.severity,
            step=step,
            round=round_,
            person=person,
            channel=channel,
            outcome="pending",
            at=from_ms(self.at),
            purpose=purpose,  # type: ignore[arg-type]
            alert_id=heavy.alert_id if heavy else None,
            kind=incident.kind,
        )

    def finish(self) -> list[Effect]:
        """Return the effects, with one published version per changed incident, and the messages written from it."""
        published: dict[str, Incident] = {}
        for case in self._changed.values():
            incident = case.incident
            incident.version += 1
            incident.updated_at = from_ms(self.at)
            published[incident.incident_id] = snapshot(incident)
        for effect in self.effects:
            if isinstance(effect, Deliver) and effect.notification.incident_id in published:
                effect.context.incident = published[effect.notification.incident_id]
        self._changed.clear()
        effects, self.effects = [*(Publish(one) for one in published.values()), *self.effects], []
        return effects


def snapshot(incident: Incident) -> Incident:
    """Return a copy that later turns do not change."""
    return msgspec.structs.replace(
        incident,
        alerts=list(incident.alerts),
        acknowledged_by=list(incident.acknowledged_by),
        ack_missing=list(incident.ack_missing),
        paged=list(incident.paged),
        timeline=list(incident.timeline),
    )


def heaviest(incident: Incident) -> Alert | None:
    """Return the alert that weighs most: a firing one before others, then severity, then the latest."""
    return max(
        incident.alerts,
        key=lambda alert: (alert.status != "resolved", rank(alert.severity), alert.detected_at, alert.alert_id),
        default=None,
    )


def keep_alert(case: Case, alert: Alert) -> None:
    """Put `alert` in the place of its earlier event; old resolved ones leave when there are too many."""
    alerts = case.incident.alerts
    for index, known in enumerate(alerts):
        if known.alert_id == alert.alert_id:
            # An alert that is over has figures of the calm; what drove it is what people are asked about afterwards.
            over = alert.status == "resolved" and not alert.drivers
            alerts[index] = msgspec.structs.replace(alert, drivers=known.drivers) if over else alert
            return
    alerts.append(alert)
    case.incident.alerts_total += 1
    while len(alerts) > _ALERTS:
        spare = next((index for index, known in enumerate(alerts) if known.status == "resolved"), 0)
        del alerts[spare]
