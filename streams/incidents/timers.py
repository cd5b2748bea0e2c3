"""What happens when a timer of the journal runs out."""

from __future__ import annotations

from streams.incidents.gates import holding
from streams.incidents.last_resort import LAST_RESORT, nobody_reached
from streams.incidents.life import ACK_EXPIRY, CLOSE, FIRST_RESPONSE, ack_expired, close, deadline_missed
from streams.incidents.paging import (
    ACK_DEADLINE,
    GATE,
    GROUP,
    QUIET,
    advance,
    evaluate,
    resume,
)
from streams.incidents.state import LIVE, Case, TimerKey
from streams.incidents.telling import DIGEST, STAKEHOLDER, send_digest, told_one
from streams.incidents.turn import Turn


def fire(turn: Turn, key: TimerKey) -> None:
    """Do what the timer `key` was armed for; the caller has checked that it is armed and due."""
    incident_id, step, round_ = key
    del turn.state.timers[key]
    if incident_id == DIGEST:
        send_digest(turn, int(step))
        return
    case = turn.state.cases.get(incident_id)
    if case is None:
        return
    if step == CLOSE:
        close(turn, case)
    elif case.incident.state not in LIVE:
        return
    elif step == ACK_EXPIRY:
        ack_expired(turn, case)
    elif step == FIRST_RESPONSE:
        span = turn.policy.band(case.incident.severity).first_response
        deadline_missed(turn, case, span or 0)
    elif step.startswith(STAKEHOLDER):
        told_one(turn, case, int(step.removeprefix(STAKEHOLDER)), "goes on")
    elif case.incident.state == "open":
        _escalates(turn, case, step, round_)


def _escalates(turn: Turn, case: Case, step: str, round_: int) -> None:
    incident_id = case.incident.incident_id
    if holding(turn, case) is not None:  # a silence of the policy has begun: paging stops here
        evaluate(turn, case)
    elif step in {GROUP, GATE}:
        if step == GROUP:
            case.grouping = False
        evaluate(turn, case)
    elif step == LAST_RESORT:
        nobody_reached(turn, case)
    elif step == ACK_DEADLINE:
        turn.note(case, "not acknowledged in time")
        for run in list(case.runs.values()):
            rests = (incident_id, QUIET + run.name(), run.round) in turn.state.timers
            if not run.done and not rests:
                advance(turn, case, run)
    else:
        quiet = step.startswith(QUIET)
        name = step.removeprefix(QUIET)
        for run in list(case.runs.values()):
            if (run.name(), run.round) == (name, round_):
                (resume if quiet else advance)(turn, case, run)
