"""Up the chain: page a step, wait, page the next, round again, until somebody has taken charge or nobody is left."""

from __future__ import annotations

from typing import Literal

from schemas.times import iso
from streams.incidents.effects import MessageContext
from streams.incidents.gates import capped, count_page, holding, resting
from streams.incidents.last_resort import LAST_RESORT, nobody_reached
from streams.incidents.state import IN_CHARGE, Case, Run
from streams.incidents.telling import digested
from streams.incidents.turn import Turn, heaviest
from streams.policy.model import Chain, Step
from streams.policy.people import contacts, first_choice, resolve
from streams.policy.routes import route_labels
from streams.policy.units import show_duration

GROUP, GATE, ACK_DEADLINE, QUIET = "group", "gate", "ack_deadline", "quiet "


def evaluate(turn: Turn, case: Case) -> None:
    """Decide afresh whether and along which chains an open incident is paged."""
    incident = case.incident
    if incident.state != "open":
        return
    hold = digested(turn, case) or holding(turn, case)
    if hold:
        _pause(turn, case, hold.reason, hold.until)
        return
    if case.held:
        turn.note(case, "paging goes on", detail=f"no longer {case.held}")
        case.held, incident.suppressed_by = "", None
    turn.cancel_step(incident.incident_id, GATE)
    decision = route_labels(turn.policy, turn.labels(case))
    if case.grouping and decision.group_wait > 0:
        key = (incident.incident_id, GROUP, 0)
        if key not in turn.state.timers:
            turn.arm(*key, turn.at + decision.group_wait)
        return
    begin(turn, case)


def begin(turn: Turn, case: Case, *, forced: bool = False) -> None:
    """Page along the chains that the route tree names now, whatever holds back."""
    case.grouping = False
    turn.cancel_step(case.incident.incident_id, GROUP)
    _follow(turn, case, route_labels(turn.policy, turn.labels(case)).chains, forced=forced)


def _pause(turn: Turn, case: Case, reason: str, until: int | None) -> None:
    incident = case.incident
    if case.held != reason:
        case.held, incident.suppressed_by = reason, reason
        turn.note(case, "held back", detail=reason)
        decision = route_labels(turn.policy, turn.labels(case))
        first = turn.policy.chains.get(decision.chains[0]) if decision.chains else None
        for person in resolve(turn.policy, first.steps[0].notify, turn.at).people if first and first.steps else ():
            turn.hold_back(case, person, reason, step=f"{decision.chains[0]}[0]", round_=case.rounds)
    for run in case.runs.values():
        turn.cancel_step(incident.incident_id, run.name(), QUIET + run.name())
    turn.cancel_step(incident.incident_id, GATE, ACK_DEADLINE, LAST_RESORT)
    if until is not None:
        turn.arm(incident.incident_id, GATE, 0, until)


def _follow(turn: Turn, case: Case, chains: tuple[str, ...], *, forced: bool) -> None:
    """Go on along `chains`: leave those no longer meant, begin new ones, go on in those that were held."""
    incident = case.incident
    for name in [name for name in case.runs if name not in chains]:
        run = case.runs.pop(name)
        turn.cancel_step(incident.incident_id, run.name(), QUIET + run.name())
    incident.chain = ", ".join(chains)
    for name in chains:
        if name not in case.runs:
            case.runs[name] = Run(name, round=case.next_round())
        run = case.runs[name]
        if not run.done and not _waits(turn, case, run):
            advance(turn, case, run, forced=forced)
    alarmed = (incident.incident_id, LAST_RESORT, 0) in turn.state.timers
    if incident.nobody_reached and not alarmed and all(run.done for run in case.runs.values()):
        nobody_reached(turn, case)  # it was held back meanwhile
    band = turn.policy.band(incident.severity)
    if band.ack is not None and (incident.incident_id, ACK_DEADLINE, 0) not in turn.state.timers:
        turn.arm(incident.incident_id, ACK_DEADLINE, 0, turn.at + band.ack)


def _waits(turn: Turn, case: Case, run: Run) -> bool:
    key = (case.incident.incident_id, run.name(), run.round)
    return key in turn.state.timers or (key[0], QUIET + key[1], key[2]) in turn.state.timers


def restart(turn: Turn, case: Case) -> None:
    """Begin all chains anew, as if for the first time, with rounds that no key has used."""
    stop(turn, case)
    case.runs.clear()
    case.first_paged.clear()
    case.told.pop(LAST_RESORT, None)
    case.incident.level = 0
    evaluate(turn, case)


def stop(turn: Turn, case: Case) -> None:
    """Stop paging; what runs besides (expiry, deadlines of the public reply, closing) goes on."""
    for run in case.runs.values():
        turn.cancel_step(case.incident.incident_id, run.name(), QUIET + run.name())
    turn.cancel_step(case.incident.incident_id, GROUP, GATE, ACK_DEADLINE, LAST_RESORT)


def advance(turn: Turn, case: Case, run: Run, *, forced: bool = False) -> None:
    """Page the next step of `run` that reaches somebody; after the last begin again, at the end sound the alarm."""
    incident = case.incident
    chain = turn.policy.chains.get(run.chain)
    if chain is None or not chain.steps:  # the policy was changed meanwhile
        case.runs.pop(run.chain, None)
        turn.note(case, "chain is gone", detail=f"{run.chain} is not in the policy any more")
        evaluate(turn, case)
        return
    if run.step >= 0:
        turn.cancel_step(incident.incident_id, run.name(), QUIET + run.name())
    while True:
        run.step += 1
        if run.step >= len(chain.steps) and not _again(turn, case, run, chain):
            return
        incident.level += 1
        incident.round = run.laps
        outcome, until = _page(turn, case, run, chain.steps[run.step], forced=forced)
        if outcome == "paged":
            _wait(turn, case, run, chain.steps[run.step])
            return
        if outcome == "later":
            turn.arm(incident.incident_id, QUIET + run.name(), run.round, until)
            return
        run.capped_in_lap |= outcome == "capped"


def _wait(turn: Turn, case: Case, run: Run, step: Step) -> None:
    """Wait for an answer to what was just paged, where one is needed."""
    run.paged_in_lap = True
    if case.incident.state in IN_CHARGE:
        return
    if turn.policy.band(case.incident.severity).needs_ack:
        turn.arm(case.incident.incident_id, run.name(), run.round, turn.at + step.wait)
    else:
        run.done = True


def resume(turn: Turn, case: Case, run: Run) -> None:
    """Page those of the present step whose quiet hours are over; nobody who was paged is paged again."""
    chain = turn.policy.chains.get(run.chain)
    if chain is None or not 0 <= run.step < len(chain.steps):
        advance(turn, case, run)
        return
    step = chain.steps[run.step]
    outcome, until = _page(turn, case, run, step, forced=False)
    waits = (case.incident.incident_id, run.name(), run.round) in turn.state.timers
    if outcome == "later":
        turn.arm(case.incident.incident_id, QUIET + run.name(), run.round, until)
    elif not waits and outcome == "paged":
        _wait(turn, case, run, step)
    elif not waits and not run.done:
        run.capped_in_lap |= outcome == "capped"
        advance(turn, case, run)


def wake(turn: Turn, case: Case) -> None:
    """Look again at those whose quiet hours were waited for: what has become worse does not wait."""
    for run in list(case.runs.values()):
        if (case.incident.incident_id, QUIET + run.name(), run.round) in turn.state.timers:
            turn.cancel_step(case.incident.incident_id, QUIET + run.name())
            resume(turn, case, run)


def _again(turn: Turn, case: Case, run: Run, chain: Chain) -> bool:
    """Begin the next lap; False where the chain is through."""
    run.laps += 1
    quietly = run.capped_in_lap and not run.paged_in_lap
    if run.laps > chain.repeat or not run.paged_in_lap:
        run.done, run.step = True, len(chain.steps) - 1
        if quietly:
            case.incident.suppressed_by = "page caps"
            turn.note(case, "held back", detail="everybody in the chain has reached the page cap")
        elif case.incident.state == "open":
            nobody_reached(turn, case)
        return False
    run.step, run.round = 0, case.next_round()
    run.paged_in_lap = run.capped_in_lap = False
    turn.note(case, "chain begins again", detail=f"{run.chain}, lap {run.laps + 1}")
    return True


def _page(
    turn: Turn, case: Case, run: Run, step: Step, *, forced: bool
) -> tuple[Literal["paged", "later", "capped", "nobody"], int]:
    """Page one step; also tells when those in quiet hours can be."""
    incident = case.incident
    reached = resolve(turn.policy, step.notify, turn.at)
    for why in reached.nobody:
        turn.hold_back(case, why.partition(": ")[0], why, step=run.name(), round_=run.round)
        turn.note(case, "nobody there", detail=why)
    paged, rests, caps = [], [], False
    for person in reached.people:
        if person in incident.acknowledged_by and not forced:
            turn.hold_back(case, person, "has acknowledged already", step=run.name(), round_=run.round)
            continue
        rest = None if forced else resting(turn, case, person)
        if rest and rest.until is not None:
            rests.append(rest.until)
            turn.hold_back(case, person, rest.reason, step=run.name(), round_=run.round)
            continue
        cap = None if forced else capped(turn, case, person)
        if cap:
            caps = True
            turn.hold_back(case, person, cap.reason, step=run.name(), round_=run.round)
            continue
        if page_person(turn, case, run, person, step, forced=forced):
            paged.append(person)
    if paged:
        turn.note(case, "paged", ", ".join(paged), f"{run.name()}, next after {show_duration(step.wait)}")
        if rests:
            turn.arm(incident.incident_id, QUIET + run.name(), run.round, min(rests))
        return "paged", 0
    if rests:
        turn.note(case, "waits", detail=f"all of {run.name()} are in quiet hours until {iso(min(rests))}")
        return "later", min(rests)
    return ("capped" if caps else "nobody"), 0


def page_person(turn: Turn, case: Case, run: Run, person: str, step: Step, *, forced: bool = False) -> bool:
    """Page one person over the channels that suit; True where something was planned."""
    band = turn.policy.band(case.incident.severity)
    ways = first_choice(
        contacts(turn.policy, person, case.incident.severity, turn.at), step.channels, everything=band.all_channels
    )
    if not ways:
        turn.hold_back(case, person, "has no way to be reached", step=run.name(), round_=run.round)
        return False
    planned = False
    for way in ways:
        planned |= turn.deliver(
            case, person, way.called(), step=run.name(), round_=run.round, forced=forced,
            context=_context(turn, case, run, person, step),
            reason=f"step {run.step + 1} of {run.chain}" + (f", lap {run.laps + 1}" if run.laps else ""),
        )  # fmt: skip
    if planned:
        count_page(turn, case, person)
        case.first_paged.setdefault(person, turn.at)
        if person not in case.incident.paged:
            case.incident.paged.append(person)
    return planned


def _context(turn: Turn, case: Case, run: Run, person: str, step: Step) -> MessageContext:
    """Return what the page says about the chain: who has not answered, who is next and when."""
    chain = turn.policy.chains[run.chain]
    waiting = {name: since for name, since in case.first_paged.items() if since < turn.at and name != person}
    following = chain.steps[run.step + 1] if run.step + 1 < len(chain.steps) else None
    return MessageContext(
        incident=case.incident,
        alert=heaviest(case.incident),
        language="en",
        why_you=f"step {run.step + 1} of chain {run.chain}",
        unanswered=[name for name in waiting if name not in case.incident.acknowledged_by],
        unanswered_ms=turn.at - min(waiting.values(), default=turn.at),
        next_people=list(resolve(turn.policy, following.notify, turn.at + step.wait).people) if following else [],
        next_at=turn.at + step.wait if following else None,
    )
