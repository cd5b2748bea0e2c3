"""Alerts become incidents: one live incident per brand gathers all of them, its severity is the highest of theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.events import Alert, Incident
from schemas.ids import incident_id
from schemas.times import from_ms, to_ms
from streams.incidents.last_resort import LAST_RESORT
from streams.incidents.life import FIRST_RESPONSE, missing_roles, reopen, resolved_by_itself
from streams.incidents.paging import ACK_DEADLINE, evaluate, restart, wake
from streams.incidents.state import IN_CHARGE, LIVE, Case
from streams.incidents.telling import tell_stakeholders, update
from streams.incidents.turn import Turn, keep_alert
from streams.policy.labels import fits, rank, worst
from streams.policy.routes import route_labels


def take_alert(turn: Turn, alert: Alert) -> None:
    """Fold one alert event in. Repeats (a `sequence` not above the last of the alert) change nothing."""
    state = turn.state
    if alert.sequence <= state.heard(alert.alert_id):
        return
    state.sequences[alert.alert_id] = alert.sequence
    case = state.cases.get(state.current.get((alert.brand, alert.kind), ""))
    if case:
        case = state.carrier(case)
    if alert.status == "suppressed":
        if case and case.incident.state in LIVE:
            turn.note(case, "alert held back", alert.signal, alert.suppressed_by or alert.reason)
    elif alert.status == "resolved":
        _resolved(turn, case, alert)
    elif case and case.incident.state in LIVE:
        _joins(turn, case, alert)
    elif case and _belongs_to_end(turn, case, alert):
        _after_end(turn, case, alert)
    else:
        _opens(turn, alert)


def _opens(turn: Turn, alert: Alert) -> None:
    key = incident_id(alert.brand, alert.alert_id)
    known = turn.state.cases.get(key)
    if known and (carrier := turn.state.carrier(known)) is not known and carrier.incident.state in LIVE:
        _joins(turn, carrier, alert)
        return
    if known:  # its alert lives on after the incident was closed
        turn.state.current[alert.brand, alert.kind] = key
        _take_in(known, alert)
        reopen(turn, known, "the alert that opened it goes on")
        return
    now = from_ms(turn.at)
    incident = Incident(key, alert.brand, "open", alert.severity, 0, now, now, kind=alert.kind)
    case = Case(incident, grouping=True, last_severity=alert.severity)
    turn.state.cases[key] = case
    turn.state.current[alert.brand, alert.kind] = key
    _take_in(case, alert)
    turn.note(case, "opened", alert.signal, alert.reason)
    band = turn.policy.band(alert.severity)
    if band.first_response is not None:
        turn.arm(key, FIRST_RESPONSE, 0, turn.at + band.first_response)
    evaluate(turn, case)
    tell_stakeholders(turn, case, "opened")
    look_around(turn, case)


def _take_in(case: Case, alert: Alert) -> None:
    keep_alert(case, alert)
    if alert.status == "resolved":
        case.firing.pop(alert.alert_id, None)
    else:
        case.firing[alert.alert_id] = alert.severity
    told_by_alerts(case)


def told_by_alerts(case: Case) -> None:
    """Make the incident about what the surest of its alerts' events so far is about, unless a person has said it.

    At the end people speak of the answer, the refund, the hotline: that is not what it was about.
    """
    for one in sorted(case.incident.alerts, key=lambda alert: rank(alert.severity), reverse=True):
        sure = one.trigger_confidence + (one.trigger_labels > 0)
        if one.trigger != "other" and sure > case.sure:
            case.about, case.sure = one.trigger, sure
    if case.about != "other" and not case.incident.trigger_by:  # what a person has said stands
        case.incident.trigger = case.about


def _replied(turn: Turn, case: Case, alert: Alert) -> None:
    """Stop the clock of the first public reply once the brand's own account has replied; nobody is in charge for that."""
    incident = case.incident
    incident.questions = max((one.questions for one in incident.alerts), default=0)
    incident.replies = max((one.replies for one in incident.alerts), default=0)
    if (
        alert.replied_at is None
        or incident.statement_sent_at is not None
        or alert.replied_at < _minute_before(incident)
    ):
        return
    incident.statement_sent_at = alert.replied_at
    turn.cancel_step(incident.incident_id, FIRST_RESPONSE)
    turn.note(case, "the brand has replied", detail=f"its own account, at {alert.replied_at:%H:%M} UTC")


def _minute_before(incident: Incident) -> datetime:
    """Return from when on a reply belongs to the incident: replies are known to the minute."""
    return incident.opened_at - timedelta(minutes=1)


def _joins(turn: Turn, case: Case, alert: Alert) -> None:
    joined = alert.alert_id not in case.firing
    _take_in(case, alert)
    _replied(turn, case, alert)
    if joined:
        turn.note(case, "alert joined", alert.signal, alert.reason)
    turn.changed(case)
    before = case.incident.severity
    after = worst([before, alert.severity])
    if rank(after) > rank(before):
        _worsens(turn, case, alert)
    elif case.incident.state == "open":
        evaluate(turn, case)


def _worsens(turn: Turn, case: Case, alert: Alert) -> None:
    """Page the higher chain, also when the lower one has acknowledged; where the chain stays, tell those who know."""
    incident, before = case.incident, case.incident.severity
    incident.severity = alert.severity
    turn.note(case, f"worse: {before} → {alert.severity}", alert.signal, alert.reason)
    paged, chains = tuple(incident.paged), tuple(case.runs)
    meant = route_labels(turn.policy, turn.labels(case)).chains
    missing = missing_roles(turn, case)
    band = turn.policy.band(alert.severity)
    if band.first_response is not None and incident.statement_sent_at is None:
        due = to_ms(incident.opened_at) + band.first_response
        turn.arm(incident.incident_id, FIRST_RESPONSE, 0, max(turn.at, due))
    if incident.state in IN_CHARGE and (set(meant) - set(chains) or missing):
        incident.state, incident.acknowledged_at = "open", None
        incident.ack_missing = missing
        if not missing:  # an acknowledgement of less does not answer for the higher chain
            incident.acknowledged_by = []
        turn.note(case, "to be acknowledged again", detail=f"{alert.severity} goes to {', '.join(meant)}")
        turn.cancel_step(incident.incident_id, "ack_expiry")
        restart(turn, case)
    elif incident.state == "open":
        turn.cancel_step(incident.incident_id, ACK_DEADLINE)
        alarmed = (incident.incident_id, LAST_RESORT, 0) in turn.state.timers
        if not alarmed and any(run.done for run in case.runs.values()):
            restart(turn, case)  # it needed no answer, or the caps kept it back: now it does
        else:
            evaluate(turn, case)
            wake(turn, case)
    if paged:
        told = turn.just_paged(case)
        update(turn, case, f"worse {alert.severity}", f"{before} → {alert.severity}", but=told, previous=before)
    tell_stakeholders(turn, case, "worsened")
    look_around(turn, case)


def _resolved(turn: Turn, case: Case | None, alert: Alert) -> None:
    if case is None or alert.alert_id not in case.firing:
        return
    _take_in(case, alert)
    _replied(turn, case, alert)
    turn.note(case, "alert resolved", alert.signal, alert.reason)
    if case.incident.state in LIVE and not case.firing:
        resolved_by_itself(turn, case)
        look_around(turn, case)


def _belongs_to_end(turn: Turn, case: Case, alert: Alert) -> bool:
    """Tell whether an alert after the end still is about the incident: one of its own, or a new onset soon after."""
    if alert.alert_id in case.firing:
        return True
    if case.incident.kind == "exercise":
        return False  # the next one is told and timed by itself
    soon = turn.at - case.ended_at < turn.policy.defaults.reopen
    if case.incident.state == "dismissed":
        return soon and any(one.signal == alert.signal for one in case.incident.alerts)
    return soon and case.incident.state == "resolved"


def _after_end(turn: Turn, case: Case, alert: Alert) -> None:
    own = alert.alert_id in case.firing
    worse = rank(alert.severity) > rank(case.ended_severity)
    _take_in(case, alert)
    turn.changed(case)
    if worse or not (own or case.incident.state == "dismissed"):
        reopen(turn, case, f"{alert.signal} again, {alert.severity}")
        look_around(turn, case)
    else:
        turn.note(case, "stays ended", case.ended_by, f"{alert.signal} is no worse than {case.ended_severity}")


def look_around(turn: Turn, changed: Case) -> None:
    """Have other open incidents look again whether they are held back by (or no longer by) `changed`."""
    if not turn.policy.inhibit:
        return
    mine = turn.labels(changed)
    may_hold = any(not fits(rule.source, mine) for rule in turn.policy.inhibit)
    for case in turn.state.live_cases():
        if case is not changed and case.incident.state == "open" and (may_hold or case.held.startswith("inhibited")):
            evaluate(turn, case)
