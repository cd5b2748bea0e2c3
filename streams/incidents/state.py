"""What the notifier knows: nothing but what the journal says, so that every copy that has read as far is the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from schemas.events import Alert, Incident, Kind, Notification, Outcome, Severity, Trigger
from streams.incidents.effects import Deliver, MessageContext
from streams.policy.model import Policy, Silence

LIVE: Final = frozenset({"open", "acknowledged", "responding", "stable"})
"""States of an incident that gathers alerts."""
IN_CHARGE: Final = frozenset({"acknowledged", "responding", "stable"})
"""States in which somebody has taken charge and nobody else is paged."""

LONGEST_REASON: Final = 1_000
"""Characters of the reason of a notification."""
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
    floor: int = -1
    """Its outcome, if there is one, is on `notifications` behind this offset."""

    def open(self) -> bool:
        """Tell whether it is still to be sent, or to be settled."""
        return self.outcome in {None, "pending"} and self.context is not None


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
    about: Trigger = "other"
    """What its alerts say it is about, by the surest word of all its life …"""
    sure: float = 0.0
    """… and how sure that was; from 1 on it rests on what people said of similar incidents."""

    def next_round(self) -> int:
        """Return a round that no key of this incident has used."""
        self.rounds += 1
        return self.rounds - 1


def shortened(text: str, most: int) -> str:
    """Return `text`, cut where it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class NotifyState(Struct, kw_only=True):
    """The state of the fold; all of it is what a snapshot keeps (`streams.incidents.snapshots`)."""

    replay: bool = False
    """Time comes from ticks in the journal, timers are fired by the fold."""
    partitions: int = 1
    """Partitions of `scored` whose ticks make up replay time."""
    leader: str | None = None
    policy: Policy | None = None
    policy_digest: str = ""
    offsets: dict[str, int] = field(default_factory=dict)
    """Last offset taken, by topic: the next leader goes on behind it."""
    sequences: dict[str, int] = field(default_factory=dict)
    """Last sequence of each alert heard of since `aged`; of older ones see `sequences_before`."""
    sequences_before: dict[str, int] = field(default_factory=dict)
    commands: set[str] = field(default_factory=set)
    commands_before: set[str] = field(default_factory=set)
    swept: int = 0
    """The day (since the epoch) on which the fold last let go what is over."""
    aged: int = 0
    """When what is remembered of repeats was last put one generation back (epoch ms)."""
    cases: dict[str, Case] = field(default_factory=dict)
    current: dict[tuple[str, Kind], str] = field(default_factory=dict)
    """The latest incident of a brand, exercises apart."""
    timers: dict[TimerKey, int] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    pages: dict[str, list[int]] = field(default_factory=dict)
    """When each person was paged in the last week (epoch ms), for the caps."""
    digests: dict[int, list[str]] = field(default_factory=dict)
    ticks: dict[int, int] = field(default_factory=dict)
    waiting: list[Alert] = field(default_factory=list)
    """Replay: alerts that were detected after the present replay time."""
    now: int = 0
    noted: int = -1
    """Offset on `notifications` of the outcome that the journal told last; what is decided later is recorded behind."""

    def heard(self, alert_id: str) -> int:
        """Return the last sequence taken of an alert, -1 for one that is new."""
        return self.sequences.get(alert_id, self.sequences_before.get(alert_id, -1))

    def carried_out(self, command_id: str) -> bool:
        """Tell whether a command of this id was taken before."""
        return command_id in self.commands or command_id in self.commands_before

    def live(self, brand: str, kind: Kind = "actual") -> Case | None:
        """Return the live incident of `brand`, if there is one."""
        case = self.cases.get(self.current.get((brand, kind), ""))
        return case if case and case.incident.state in LIVE else None

    def carrier(self, case: Case) -> Case:
        """Return the case that carries on for `case`: where it was merged into, and that one in its turn."""
        seen = {case.incident.incident_id}
        while case.incident.merged_into and case.incident.merged_into not in seen:
            seen.add(case.incident.merged_into)
            following = self.cases.get(case.incident.merged_into)
            if following is None:
                break
            case = following
        return case

    def live_cases(self) -> list[Case]:
        """Return all live incidents, in the order in which they opened."""
        return [case for case in self.cases.values() if case.incident.state in LIVE]

    def undelivered(self) -> list[Deliver]:
        """Return what was decided and has no outcome: a new leader plans all of it again."""
        return [Deliver(one.notification, one.context) for one in self._open() if one.context is not None]

    def floor(self) -> int | None:
        """Return the offset on `notifications` behind which all outcomes of `undelivered` are; None: there are none."""
        return min((one.floor for one in self._open()), default=None)

    def _open(self) -> Iterator[Planned]:
        for case in self.cases.values():
            yield from (one for one in case.planned.values() if one.open())

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
                return shortened(f"acknowledged by {', '.join(incident.acknowledged_by)}", LONGEST_REASON)
        return None
