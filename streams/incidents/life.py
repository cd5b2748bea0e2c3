"""The states of an incident: open → acknowledged → responding → stable → resolved → closed.

Besides: dismissed, reopened, merged.
"""

from __future__ import annotations

from schemas.times import MINUTE, from_ms, iso
from streams.incidents.paging import advance, begin, evaluate, restart, stop
from streams.incidents.state import IN_CHARGE, LIVE, Case
from streams.incidents.telling import all_clear, tell_stakeholders, update
from streams.incidents.turn import Turn
from streams.policy.labels import worst
from streams.policy.people import contacts, first_choice, has_role, resolve
from streams.policy.units import show_duration

ACK_EXPIRY, CLOSE, FIRST_RESPONSE = "ack_expiry", "close", "first_response"


def missing_roles(turn: Turn, case: Case) -> list[str]:
    """Return the roles that have to acknowledge at this severity and have not."""
    people = case.incident.acknowledged_by
    needed = turn.policy.band(case.incident.severity).ack_roles
    return [role for role in needed if not any(has_role(turn.policy, person, role) for person in people)]


def acknowledge(turn: Turn, case: Case, author: str, minutes: int | None, note: str = "") -> None:
    """Count `author` in; once all roles needed have answered, nobody else is paged."""
    incident = case.incident
    if author not in incident.acknowledged_by:
        incident.acknowledged_by.append(author)
    asked = f"needs {minutes} min" if minutes else ""
    turn.note(case, "acknowledged", author, "; ".join(part for part in (asked, note) if part))
    incident.ack_missing = missing_roles(turn, case)
    if incident.ack_missing and incident.state == "open":
        turn.note(case, "waits for", detail=f"acknowledgement of {', '.join(incident.ack_missing)}")
        _ask_roles(turn, case)
        return
    _take_charge(turn, case, author, minutes)


def _take_charge(turn: Turn, case: Case, author: str, minutes: int | None) -> None:
    incident = case.incident
    first = incident.state == "open"
    if first:
        incident.state = "acknowledged"
        incident.acknowledged_at = from_ms(turn.at)
    incident.nobody_reached = False
    case.held, incident.suppressed_by, case.grouping = "", None, False
    stop(turn, case)
    expiry = minutes * MINUTE if minutes else turn.policy.band(incident.severity).ack_expiry
    if incident.state == "acknowledged" and expiry:
        turn.arm(incident.incident_id, ACK_EXPIRY, 0, turn.at + expiry)
    if first:
        who = ", ".join(incident.acknowledged_by)
        update(turn, case, "acknowledged", f"{who} has taken charge", but=(author,))
        tell_stakeholders(turn, case, "acknowledged")


def _ask_roles(turn: Turn, case: Case) -> None:
    """Page at once those whose role is still needed and who were not paged yet."""
    incident = case.incident
    for role in incident.ack_missing:
        for person in resolve(turn.policy, [f"role:{role}"], turn.at).people:
            if person in case.first_paged:
                continue
            ways = contacts(turn.policy, person, incident.severity, turn.at)
            for way in first_choice(ways, [], everything=turn.policy.band(incident.severity).all_channels):
                turn.deliver(
                    case, person, way.called(), step=f"role {role}", round_=case.rounds,
                    reason=f"acknowledgement of {role} is needed",
                )  # fmt: skip
            if ways:
                if person not in incident.paged:
                    incident.paged.append(person)
                case.first_paged.setdefault(person, turn.at)


def ack_expired(turn: Turn, case: Case) -> None:
    """An acknowledgement after which nothing happened does not count any more: page from the beginning."""
    incident = case.incident
    if incident.state != "acknowledged":
        return
    turn.note(case, "acknowledgement expired", ", ".join(incident.acknowledged_by))
    incident.state, incident.acknowledged_by, incident.acknowledged_at = "open", [], None
    restart(turn, case)


def respond(turn: Turn, case: Case, author: str, what: str, note: str = "") -> None:
    """Somebody works on it: an acknowledgement that does not expire."""
    incident = case.incident
    acknowledge(turn, case, author, None, what if not note else f"{what}: {note}")
    if incident.state == "acknowledged":
        incident.state = "responding"
        turn.cancel_step(incident.incident_id, ACK_EXPIRY)


def steady(turn: Turn, case: Case, author: str, note: str) -> None:
    """The situation does not get worse; the incident stays live."""
    acknowledge(turn, case, author, None, note)
    if case.incident.state in IN_CHARGE:
        case.incident.state = "stable"
        turn.cancel_step(case.incident.incident_id, ACK_EXPIRY)
        turn.note(case, "stable", author)
        tell_stakeholders(turn, case, "stable")


def resolved_by_itself(turn: Turn, case: Case) -> None:
    """All alerts are over."""
    _end(turn, case, "resolved", "", "all alerts are over")


def end_by_hand(turn: Turn, case: Case, author: str, state: str, reason: str) -> None:
    """A person says that it is over (`resolved`) or was none (`dismissed`)."""
    word = "dismissed" if state == "dismissed" else "resolved"
    _end(turn, case, state, author, f"{word} by {author}" + (f": {reason}" if reason else ""))


def _end(turn: Turn, case: Case, state: str, author: str, note: str) -> None:
    incident = case.incident
    incident.state = state  # type: ignore[assignment]
    incident.resolved_at = from_ms(turn.at)
    incident.suppressed_by, incident.nobody_reached, incident.ack_missing = None, False, []
    case.ended_at, case.ended_by, case.ended_severity, case.held = turn.at, author, incident.severity, ""
    case.grouping = False
    turn.note(case, state, author, note)
    turn.cancel(incident.incident_id)
    all_clear(turn, case, note)
    tell_stakeholders(turn, case, "resolved")
    turn.arm(incident.incident_id, CLOSE, 0, turn.at + turn.policy.defaults.close_after)


def close(turn: Turn, case: Case) -> None:
    """File the ended incident; what is only needed while something may still be sent is let go."""
    if case.incident.state in LIVE or case.incident.state == "closed":
        return
    if case.incident.state == "resolved":
        case.incident.state = "closed"
    turn.note(case, "closed")
    case.planned = {key: one for key, one in case.planned.items() if one.outcome is None}
    case.runs.clear()


def reopen(turn: Turn, case: Case, why: str) -> None:
    """It is back. Who had acknowledged still knows; where nobody had, the chain begins anew."""
    incident = case.incident
    turn.cancel(incident.incident_id)
    incident.reopened += 1
    incident.resolved_at, incident.statement_sent_at, incident.merged_into = None, None, None
    incident.severity = worst(case.firing.values())
    incident.state = "open"
    turn.note(case, "reopened", detail=why)
    band = turn.policy.band(incident.severity)
    if band.first_response is not None:
        turn.arm(incident.incident_id, FIRST_RESPONSE, 0, turn.at + band.first_response)
    still = bool(incident.acknowledged_by) and case.ended_by == "" and not missing_roles(turn, case)
    higher = worst([incident.severity, case.ended_severity]) != case.ended_severity
    if still and not higher:
        incident.state = "acknowledged"
        if band.ack_expiry:
            turn.arm(incident.incident_id, ACK_EXPIRY, 0, turn.at + band.ack_expiry)
        update(turn, case, "reopened", why)
        return
    incident.acknowledged_by, incident.acknowledged_at = [], None
    restart(turn, case)
    tell_stakeholders(turn, case, "worsened")


def escalate(turn: Turn, case: Case, author: str, note: str) -> None:
    """Page the next step now."""
    turn.note(case, "escalated by hand", author, note)
    case.held, case.incident.suppressed_by = "", None
    if not case.runs:
        begin(turn, case, forced=True)
        return
    for run in list(case.runs.values()):
        run.done = False
        advance(turn, case, run, forced=True)


def merge(turn: Turn, case: Case, into: Case, author: str) -> None:
    """Let `into` carry on for both: its people, its alerts, its severity."""
    for person in case.incident.paged:
        if person not in into.incident.paged:
            into.incident.paged.append(person)
    into.reached = {**case.reached, **into.reached}
    update(turn, case, "merged", f"goes on as the incident of {into.incident.brand}")
    for alert in case.incident.alerts:
        if alert.alert_id in case.firing:
            into.incident.alerts.append(alert)
            into.incident.alerts_total += 1
    into.firing.update(case.firing)
    before = into.incident.severity
    into.incident.severity = worst([before, case.incident.severity])
    turn.note(into, "merged", author, f"with the incident of {case.incident.brand}")
    case.incident.state, case.incident.merged_into = "closed", into.incident.incident_id
    case.incident.resolved_at = from_ms(turn.at)
    turn.note(case, "merged", author, f"into the incident of {into.incident.brand}")
    turn.cancel(case.incident.incident_id)
    case.firing.clear()
    if into.incident.severity != before and into.incident.state in IN_CHARGE and missing_roles(turn, into):
        into.incident.state = "open"
        restart(turn, into)
    else:
        evaluate(turn, into)


def deadline_missed(turn: Turn, case: Case, span: int) -> None:
    """No public reply in time: all who were paged are told."""
    turn.note(case, "no public reply in time", detail=f"after {show_duration(span)}, at {iso(turn.at)}")
    update(turn, case, "first_response", f"no public reply after {show_duration(span)}")
