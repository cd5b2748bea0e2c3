"""What the notifier knows: nothing but what the journal says, so that every copy that has read as far is the same."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from schemas.events import Alert, Incident, Kind, Notification, Outcome, Severity
from streams.incidents.effects import Deliver, MessageContext
from streams.policy.model import Policy, Silence

LIVE: Final = frozenset({"open", "acknowledged", "responding", "stable"})
"""States of an incident that gathers alerts."""
IN_CHARGE: Final = frozenset({"acknowledged", "responding", "stable"})
"""States in which somebody has taken charge and nobody else is paged."""

TimerKey = tuple[str, str, int]
"""Incident, step, round."""


class Run(Struct):
    """Where an incident stands in one of its chains."""

    chain: str
    step: int = -1
    """The step that was paged last; -1 before the first."""
    round: int = 0
    """Never used again once left: it is part of the keys of what was sent."""
    laps: int = 0
    """Times that the chain was gone through."""
    paged_in_lap: bool = False
    capped_in_lap: bool = False
    done: bool = False

    def name(self) -> str:
        """Return what notifications and timers call the present step: `night[0]`."""
        return f"{self.chain}[{self.step}]"


class Planned(Struct):
    """Something that was decided to be sent, and how it ended."""

    notification: Notification
    context: MessageContext | None
    """Until the outcome is known: needed to plan the delivery again after a restart."""
    outcome: Outcome | None = None
    forced: bool = False
    """Asked for by somebody (escalate now): sent although somebody is in charge."""


class Case(Struct):
    """An incident and all that is known about it beyond what is published."""

    incident: Incident
    firing: dict[str, Severity] = field(default_factory=dict)
    """Alerts that are not resolved."""
    runs: dict[str, Run] = field(default_factory=dict)
    planned: dict[str, Planned] = field(default_factory=dict)
    """By notification id, in the order of decision."""
    first_paged: dict[str, int] = field(default_factory=dict)
    """Since when each person has been asked (epoch ms), this time round."""
    rounds: int = 0
    """Rounds given out so far."""
    grouping: bool = False
    """Still gathering alerts before the first page."""
    held: str = ""
    """Why paging is held back at present."""
    ended_severity: Severity = "L1"
    """How bad it was when a person resolved or dismissed it: only worse brings it back."""
    ended_by: str = ""
    ended_at: int = 0
    last_severity: Severity = "L1"
    told: dict[str, int] = field(default_factory=dict)
    """How often each kind of telling (all-clear, update, stakeholder) has been done."""
    reached: dict[str, str] = field(default_factory=dict)
    """People whom a page has reached, and over which channel: they get updates and the all-clear there."""
    end_note: str = ""
    """What the all-clear says: kept for those whose page was in flight at the end."""

    def next_round(self) -> int:
        """Return a round that no key of this incident has used."""
        self.rounds += 1
        return self.rounds - 1


class NotifyState:
    """The state of the fold.

    Args:
        replay: Time comes from ticks in the journal, timers are fired by the fold.
        partitions: Partitions of `scored` whose ticks make up replay time.
    """

    def __init__(self, *, replay: bool = False, partitions: int = 1) -> None:
        self.replay = replay
        self.partitions = partitions
        self.leader: str | None = None
        self.policy: Policy | None = None
        self.policy_digest = ""
        self.offsets: dict[str, int] = {}
        """Last offset taken, by topic: the next leader goes on behind it."""
        self.sequences: dict[str, int] = {}
        self.commands: set[str] = set()
        self.cases: dict[str, Case] = {}
        self.current: dict[tuple[str, Kind], str] = {}
        """The latest incident of a brand, exercises apart."""
        self.timers: dict[TimerKey, int] = {}
        self.silences: dict[str, Silence] = {}
        self.pages: dict[str, list[int]] = {}
        """When each person was paged in the last week (epoch ms), for the caps."""
        self.digests: dict[int, list[str]] = {}
        self.ticks: dict[int, int] = {}
        self.waiting: list[Alert] = []
        """Replay: alerts that were detected after the present replay time."""
        self.now = 0

    def live(self, brand: str, kind: Kind = "actual") -> Case | None:
        """Return the live incident of `brand`, if there is one."""
        case = self.cases.get(self.current.get((brand, kind), ""))
        return case if case and case.incident.state in LIVE else None

    def live_cases(self) -> list[Case]:
        """Return all live incidents, in the order in which they opened."""
        return [case for case in self.cases.values() if case.incident.state in LIVE]

    def undelivered(self) -> list[Deliver]:
        """Return what was decided and has no outcome: a new leader plans all of it again."""
        return [
            Deliver(planned.notification, planned.context)
            for case in self.cases.values()
            for planned in case.planned.values()
            if planned.outcome in {None, "pending"} and planned.context is not None
        ]

    def next_due(self) -> tuple[int, TimerKey] | None:
        """Return when the next timer is due and which one it is."""
        return min(((due, key) for key, due in self.timers.items()), default=None)

    def why_not(self, notification: Notification) -> str | None:
        """Return why a planned notification must not be sent any more, None where it may; ask before each send."""
        case = self.cases.get(notification.incident_id)
        if case is None:
            return None if notification.purpose == "digest" else "the incident is not known"
        planned = case.planned.get(notification.notification_id)
        if planned is None:
            return "it is not planned any more"
        if planned.outcome not in {None, "pending"}:
            return f"its outcome is known: {planned.outcome}"
        incident = case.incident
        if notification.purpose in {"page", "nobody_reached"}:
            if incident.state not in LIVE:
                return f"the incident is {incident.state}"
            if incident.state in IN_CHARGE and not planned.forced:
                return f"acknowledged by {', '.join(incident.acknowledged_by)}"
        return None
