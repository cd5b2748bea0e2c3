"""What a policy would have meant for people: incidents and persons in figures, from alerts of the past.

A night is from 22:00 to 07:00 where the person lives; it counts as woken when a page or "nobody could be reached" comes
in it. Exercises and tests are left out. The time to acknowledge runs from the first page to the first answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from statistics import median

import msgspec
from msgspec import Struct

from schemas.events import Alert, Command, Incident, Notification, Severity
from schemas.times import DAY, MINUTE, from_ms, iso, to_ms
from streams.incidents.simulate import Simulated, simulate
from streams.policy.hours import local
from streams.policy.model import Policy
from streams.policy.people import ROOM, timezone_of

RUN_IN = 7 * DAY
"""Alerts from so long before are folded too: what was open then, and the week that page caps look back on."""
NIGHT_BEGINS, NIGHT_ENDS = 22, 7
"""Hours on the local clock."""
_LOUD = frozenset({"page", "nobody_reached"})


class IncidentFigures(Struct, frozen=True):
    """One incident as the policy would have treated it."""

    incident_id: str
    brand: str
    severity: Severity
    opened_at: str
    state: str
    chain: str
    paged: tuple[str, ...]
    """In the order in which they were reached."""
    pages: int
    held_back: int
    first_page_seconds: float | None
    """From its opening."""
    acknowledged_by: str
    ack_seconds: float | None
    """From the first page."""
    nobody_reached: bool
    why_held: str = ""
    """Where nobody was paged: why."""


class PersonFigures(Struct, frozen=True):
    """What the policy would have asked of one person."""

    person: str
    pages: int
    incidents: int
    nights_woken: int
    answered: int
    """Incidents that this person acknowledged after a page."""
    ack_seconds: float | None
    """Median from this person's first page to their answer."""
    told: int
    """Messages that ask for nothing: updates, all-clears, digests, word to stakeholders."""
    held_back: int


class Replayed(Struct, frozen=True):
    """The whole answer."""

    first: str
    last: str
    acks: str
    alerts: int
    commands: int
    refused: int
    """Recorded commands that found no live incident under this policy."""
    incidents: tuple[IncidentFigures, ...]
    people: tuple[PersonFigures, ...]

    def pages(self) -> int:
        """Return all pages together."""
        return sum(one.pages for one in self.incidents)


def replay(
    policy: Policy, alerts: Iterable[Alert], commands: Iterable[Command], first: int, last: int, acks: str = "recorded"
) -> Replayed:
    """Return who would have been paged under `policy` from `first` to `last` (epoch ms).

    Args:
        policy: The file in question.
        alerts: Events of `alerts`; those before `first` only prepare the state.
        commands: What people said then, each with `issued_at`; left out unless `acks` is `recorded`.
        first: Alerts of incidents that were live from then on are told.
        last: The end; escalation goes on until then.
        acks: `recorded`: people answer as they did; `never`: nobody does.
    """
    heard = [one for one in alerts if first - RUN_IN <= to_ms(one.detected_at) < last and one.kind == "actual"]
    said = [one for one in commands if one.issued_at is not None and first - RUN_IN <= to_ms(one.issued_at) < last]
    said = said if acks == "recorded" else []
    found = simulate(policy, heard, said, until=last)
    notes = [note for note in found.notifications if first <= to_ms(note.at) < last]
    incidents = [one for one in found.incidents.values() if to_ms(one.resolved_at or one.updated_at) >= first]
    answers = _answers(found)
    return Replayed(
        first=iso(first),
        last=iso(last),
        acks=acks,
        alerts=sum(to_ms(one.detected_at) >= first for one in heard),
        commands=sum(one.issued_at is not None and to_ms(one.issued_at) >= first for one in said),
        refused=found.refused,
        incidents=tuple(_incident(one, notes, answers) for one in sorted(incidents, key=lambda one: one.opened_at)),
        people=tuple(_people(policy, notes, answers)),
    )


def _answers(found: Simulated) -> dict[tuple[str, str], int]:
    """Return when each person first took charge of each incident (epoch ms), from the stories."""
    taken: dict[tuple[str, str], int] = {}
    for incident in found.incidents.values():
        for entry in incident.timeline:
            if entry.what == "acknowledged" and entry.who:
                taken.setdefault((incident.incident_id, entry.who), to_ms(entry.at))
    return taken


def _loud(note: Notification) -> bool:
    return note.outcome == "sent" and note.purpose in _LOUD


def _incident(incident: Incident, notes: list[Notification], answers: dict[tuple[str, str], int]) -> IncidentFigures:
    mine = [note for note in notes if note.incident_id == incident.incident_id]
    loud = [note for note in mine if _loud(note)]
    held = [note for note in mine if note.outcome == "held_back"]
    first = min((to_ms(note.at) for note in loud), default=None)
    answered = min(((at, person) for (key, person), at in answers.items() if key == incident.incident_id), default=None)
    return IncidentFigures(
        incident_id=incident.incident_id,
        brand=incident.brand,
        severity=incident.severity,
        opened_at=iso(to_ms(incident.opened_at)),
        state=incident.state,
        chain=incident.chain,
        paged=tuple(dict.fromkeys(note.person for note in loud)),
        pages=len(loud),
        held_back=len(held),
        first_page_seconds=None if first is None else (first - to_ms(incident.opened_at)) / 1_000,
        acknowledged_by=answered[1] if answered else "",
        ack_seconds=None if answered is None or first is None else max(0, answered[0] - first) / 1_000,
        nobody_reached=any(note.purpose == "nobody_reached" for note in loud),
        why_held="" if loud else _why_nobody(incident, held),
    )


def _why_nobody(incident: Incident, held: list[Notification]) -> str:
    """Return why nobody was paged: the last reason of a person, else of the whole incident (a digest, a silence)."""
    if held:
        return held[-1].reason
    return next((entry.detail for entry in reversed(incident.timeline) if entry.what == "held back"), "")


def _people(policy: Policy, notes: list[Notification], answers: dict[tuple[str, str], int]) -> Iterable[PersonFigures]:
    for person in dict.fromkeys([*policy.people, *(note.person for note in notes)]):
        mine = [note for note in notes if note.person == person]
        loud = [note for note in mine if _loud(note)]
        if person not in policy.people and not person.startswith(ROOM):
            continue  # a name that stands for nobody (`role:…`): it is in the incident's reasons
        firsts: dict[str, int] = {}
        for note in loud:
            firsts.setdefault(note.incident_id, to_ms(note.at))
        waits = [answers[key, person] - at for key, at in firsts.items() if answers.get((key, person), 0) >= at]
        yield PersonFigures(
            person=person,
            pages=len(loud),
            incidents=len(firsts),
            nights_woken=len({night for note in loud if (night := night_of(policy, person, to_ms(note.at)))}),
            answered=len(waits),
            ack_seconds=median(waits) / 1_000 if waits else None,
            told=sum(note.outcome == "sent" and note.purpose not in _LOUD for note in mine),
            held_back=sum(note.outcome == "held_back" for note in mine),
        )


def night_of(policy: Policy, person: str, at: int) -> date | None:
    """Return the evening of the night that `at` (epoch ms) lies in where `person` lives, None by day or for a room."""
    if person.startswith(ROOM):
        return None
    wall = local(at - at % MINUTE, timezone_of(policy, person))
    if wall.hour >= NIGHT_BEGINS:
        return wall.date()
    return wall.date() - timedelta(days=1) if wall.hour < NIGHT_ENDS else None


class Difference(Struct, frozen=True):
    """What another policy would have changed."""

    people: tuple[tuple[str, int, int, int, int], ...]
    """Person, pages before and after, nights woken before and after; only where something differs."""
    incidents: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...]
    """Brand, opened at, severity, paged before, paged after; only where it differs."""
    pages: tuple[int, int]


def compare(old: Replayed, new: Replayed) -> Difference:
    """Return where the same past differs under two policies."""
    before, after = ({one.person: one for one in side.people} for side in (old, new))
    none = PersonFigures("", 0, 0, 0, 0, None, 0, 0)
    rows = [
        (name, one.pages, other.pages, one.nights_woken, other.nights_woken)
        for name in dict.fromkeys([*before, *after])
        for one, other in [(before.get(name, none), after.get(name, none))]
    ]
    was, now = ({one.incident_id: one for one in side.incidents} for side in (old, new))
    changed = []
    for key in dict.fromkeys([*was, *now]):
        first, second = was.get(key), now.get(key)
        seen = first or second
        paged = (first.paged if first else (), second.paged if second else ())
        if seen is not None and paged[0] != paged[1]:
            changed.append((seen.brand, seen.opened_at, seen.severity, *paged))
    return Difference(
        tuple(row for row in rows if row[1] != row[2] or row[3] != row[4]), tuple(changed), (old.pages(), new.pages())
    )


def at_their_time(commands: Iterable[tuple[int, Command]], brands: dict[str, str]) -> list[Command]:
    """Return recorded commands with the time at which the topic took them, and their brand where they name none.

    An incident may have another id under another policy; the brand finds it.
    """
    return [
        msgspec.structs.replace(
            one, issued_at=one.issued_at or from_ms(at), brand=one.brand or brands.get(one.incident_id or "")
        )
        for at, one in commands
    ]
