"""What people decide, from the page, the command line, a chat link or Kafka alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from schemas.events import Command, Kind
from schemas.times import MINUTE, from_ms
from streams.incidents.alerts import look_around, told_by_alerts
from streams.incidents.life import FIRST_RESPONSE, acknowledge, end_by_hand, escalate, merge, respond, steady
from streams.incidents.paging import evaluate
from streams.incidents.state import LIVE, Case, shortened
from streams.incidents.turn import Turn
from streams.policy.labels import matcher
from streams.policy.model import Match, Silence

NOT_DONE = "not done"
_DEFAULT_SILENCE = 60
"""Minutes of a silence that names none."""


LONGEST_NOTE: Final = 2_000
"""Characters of a note or reason that are kept, as many as the page takes."""
LONGEST_NAME: Final = 200
MOST_LABELS: Final = 20
MOST_VALUES: Final = 50
"""Of a silence."""


def take_command(turn: Turn, command: Command) -> None:
    """Fold one command in; one that was taken before (by its id) changes nothing."""
    command = msgspec.structs.replace(
        command,
        author=shortened(command.author, LONGEST_NAME),
        note=None if command.note is None else shortened(command.note, LONGEST_NOTE),
        reason=None if command.reason is None else shortened(command.reason, LONGEST_NOTE),
    )
    if turn.state.carried_out(command.command_id):
        return
    turn.state.commands.add(command.command_id)
    if command.action == "receipt":
        return  # a fact in the log: who has read which card; it decides nothing
    if command.action in {"silence", "unsilence"}:
        (_silence if command.action == "silence" else _unsilence)(turn, command)
        return
    case = _case(turn, command)
    if case is None:
        where = command.incident_id or command.brand or "(neither incident nor brand)"
        turn.refuse(command.command_id, f"no live incident {where}")
    elif case.incident.state not in LIVE and command.action != "note":
        _refuse(turn, case, command, f"the incident is {case.incident.state} already")
    else:
        _ACTIONS[command.action](turn, case, command)
        turn.changed(case)
        if case.incident.state not in LIVE:
            look_around(turn, case)


def _refuse(turn: Turn, case: Case, command: Command, why: str) -> None:
    """Say so in the incident's story too, where whoever gave the command looks for it."""
    turn.refuse(command.command_id, why)
    turn.note(case, NOT_DONE, command.author, f"{command.action}: {why}")


def _case(turn: Turn, command: Command) -> Case | None:
    case = turn.state.cases.get(command.incident_id or "")
    if case:
        return turn.state.carrier(case)
    if case is None and command.brand:
        kinds: tuple[Kind, ...] = ("actual", "exercise", "test")
        case = next((live for kind in kinds if (live := turn.state.live(command.brand, kind))), None)
    return case


def _ack(turn: Turn, case: Case, command: Command) -> None:
    acknowledge(turn, case, command.author, command.minutes, command.note or "")


def _take_over(turn: Turn, case: Case, command: Command) -> None:
    case.incident.owner = command.author
    respond(turn, case, command.author, "takes over", command.note or "")


def _statement(turn: Turn, case: Case, command: Command) -> None:
    case.incident.statement_sent_at = from_ms(turn.at)
    turn.cancel_step(case.incident.incident_id, FIRST_RESPONSE)
    respond(turn, case, command.author, "statement sent", command.note or "")


def _note(turn: Turn, case: Case, command: Command) -> None:
    if command.about is None:
        turn.note(case, "note", command.author, command.note or "")
        return
    incident = case.incident
    if command.about == "withdrawn":
        if incident.trigger_by != command.author:
            _refuse(turn, case, command, "what it is about was not said last by who withdraws it")
            return
        before, incident.trigger_by = incident.trigger, ""
        incident.trigger = "other"
        told_by_alerts(case)
        turn.note(case, "about", command.author, f"{before} withdrawn → {incident.trigger}")
        return
    before, incident.trigger, incident.trigger_by = incident.trigger, command.about, command.author
    changed = f"{before} → {command.about}" if before != command.about else command.about
    turn.note(case, "about", command.author, f"{changed}. {command.note}" if command.note else changed)


def _escalate(turn: Turn, case: Case, command: Command) -> None:
    escalate(turn, case, command.author, command.note or "")


def _stable(turn: Turn, case: Case, command: Command) -> None:
    steady(turn, case, command.author, command.note or "")


def _resolve(turn: Turn, case: Case, command: Command) -> None:
    end_by_hand(turn, case, command.author, "resolved", command.reason or command.note or "")


def _dismiss(turn: Turn, case: Case, command: Command) -> None:
    end_by_hand(turn, case, command.author, "dismissed", command.reason or command.note or "")


def _merge(turn: Turn, case: Case, command: Command) -> None:
    into = turn.state.cases.get(command.into or "")
    if into is None or into is case or into.incident.state not in LIVE or into.incident.kind != case.incident.kind:
        _refuse(turn, case, command, f"no other live incident {command.into}")
    else:
        merge(turn, case, into, command.author)


_ACTIONS: dict[str, Callable[[Turn, Case, Command], None]] = {
    "ack": _ack,
    "take_over": _take_over,
    "statement_sent": _statement,
    "note": _note,
    "escalate": _escalate,
    "stable": _stable,
    "resolve": _resolve,
    "dismiss": _dismiss,
    "merge": _merge,
}


def _silence(turn: Turn, command: Command) -> None:
    match = matcher(command.matchers)
    if command.brand and "brand" not in match:
        match["brand"] = [command.brand]
    case = turn.state.cases.get(command.incident_id or "")
    if case and "brand" not in match:
        match["brand"] = [case.incident.brand]
    if case and case.incident.kind != "actual" and "kind" not in match:
        match["kind"] = [case.incident.kind]  # said in an exercise, it must not hold back the real thing
    if too_much := _too_much(match):
        turn.refuse(command.command_id, too_much)
        return
    if not any(match.values()):
        turn.refuse(command.command_id, "a silence has to name something: a brand at least")
        return
    end = turn.at + (command.minutes or _DEFAULT_SILENCE) * MINUTE
    reason = command.reason or command.note or "no reason given"
    turn.state.silences[command.command_id] = Silence(match, command.author, reason, end, turn.at)
    _look_again(turn)


def _too_much(match: Match) -> str | None:
    """Return why a silence is not taken: each incident is held against each of its patterns again and again."""
    values = [value for wanted in match.values() for value in wanted]
    if len(match) <= MOST_LABELS and len(values) <= MOST_VALUES and max(map(len, values), default=0) <= LONGEST_NAME:
        return None
    return f"a silence names {MOST_LABELS} labels, {MOST_VALUES} values of {LONGEST_NAME} characters at most"


def _unsilence(turn: Turn, command: Command) -> None:
    match = matcher(command.matchers) | ({"brand": [command.brand]} if command.brand else {})
    found = [
        key for key, silence in turn.state.silences.items() if key == command.into or (match and silence.match == match)
    ]
    if not found:
        turn.refuse(command.command_id, "no such silence: give its id in `into`, or its matchers")
        return
    for key in found:
        del turn.state.silences[key]
    _look_again(turn)


def _look_again(turn: Turn) -> None:
    for key in [key for key, silence in turn.state.silences.items() if silence.to <= turn.at]:
        del turn.state.silences[key]
    for case in turn.state.live_cases():
        if case.incident.state == "open":
            evaluate(turn, case)
