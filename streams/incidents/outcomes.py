"""How deliveries ended: the fallback channel, the next step when nobody can be reached, the late all-clear."""

from __future__ import annotations

from schemas.events import Notification
from streams.incidents.effects import MessageContext
from streams.incidents.paging import advance
from streams.incidents.state import IN_CHARGE, LIVE, Case
from streams.incidents.telling import clear_one
from streams.incidents.turn import Turn
from streams.policy.people import contacts

_PAGES = frozenset({"page", "nobody_reached"})


def take_outcome(turn: Turn, notification: Notification) -> None:
    """Fold in how the delivery of `notification` ended; a second outcome changes nothing."""
    case = turn.state.cases.get(notification.incident_id)
    planned = case.planned.get(notification.notification_id) if case else None
    if case is None or planned is None or planned.outcome not in {None, "pending"}:
        return
    begun, planned.outcome = planned.outcome == "pending", notification.outcome
    if notification.outcome == "pending":
        return
    ours, context = planned.notification, planned.context
    planned.context = None
    # A page begun and then held back was perhaps handed over just before a crash: better an all-clear too many.
    perhaps = notification.outcome == "sent" or (notification.outcome == "held_back" and begun)
    if perhaps and ours.purpose in _PAGES:
        case.reached.setdefault(ours.person, ours.channel)
        if case.incident.state not in LIVE:  # it was in flight when the end came
            clear_one(turn, case, ours.person, ours.channel)
    elif notification.outcome == "failed":
        turn.note(case, "not delivered", ours.person, f"{ours.channel}: {notification.reason}")
        forced = planned.forced
        if not _fall_back(turn, case, ours, forced=forced, context=context) and ours.purpose == "page":
            _nobody_in_step(turn, case, ours)


def _fall_back(turn: Turn, case: Case, failed: Notification, *, forced: bool, context: MessageContext | None) -> bool:
    """Try the person's next channel; True where one was planned or another is still under way."""
    over = case.incident.state not in LIVE or (case.incident.state in IN_CHARGE and not forced)
    if over and failed.purpose in _PAGES:
        return True  # it need not arrive any more
    same = [
        one
        for one in case.planned.values()
        if (one.notification.person, one.notification.step, one.notification.round)
        == (failed.person, failed.step, failed.round)
    ]
    tried = {one.notification.channel for one in same}
    for way in contacts(turn.policy, failed.person, case.incident.severity, turn.at):
        if way.called() not in tried:
            return turn.deliver(
                case, failed.person, way.called(), step=failed.step, round_=failed.round, purpose=failed.purpose,
                context=context, reason=f"fallback: {failed.channel} failed", forced=forced,
            )  # fmt: skip
    return any(one.outcome != "failed" for one in same)


def _nobody_in_step(turn: Turn, case: Case, failed: Notification) -> None:
    """All channels of all people of the step have failed: page the next step at once, or when nothing holds it back."""
    turn.note(case, "cannot be reached", failed.person, f"every channel failed at {failed.step}")
    for run in list(case.runs.values()):
        if (run.name(), run.round) != (failed.step, failed.round) or run.done:
            continue
        step = [
            one.outcome
            for one in case.planned.values()
            if (one.notification.step, one.notification.round) == (failed.step, failed.round)
        ]
        if all(outcome == "failed" for outcome in step) and case.incident.state == "open" and not case.held:
            advance(turn, case, run)
