"""What the fold lets go, so that its state and its snapshot stay small however long the journal is.

All of it by the fold's own time, so that the state stays a function of the journal's prefix.
"""

from __future__ import annotations

from typing import Final

from schemas.times import DAY, to_ms
from streams.incidents.state import LIVE, Case, NotifyState
from streams.incidents.turn import Turn

FORGET_AFTER: Final = 30 * DAY
"""A closed incident that nothing happened to for so long is let go; `incidents` and `journal` still have it."""
GENERATION: Final = 45 * DAY
"""Repeats of an alert's event or of a command are recognised for at least this long, at most for twice as long."""


def age(turn: Turn) -> None:
    """Once a day of the fold's time: let go what is over and what no repeat can be expected of any more."""
    state = turn.state
    day = state.now // DAY
    if not state.aged:
        state.aged = state.now
    if day == state.swept:
        return
    state.swept = day
    if state.now - state.aged >= GENERATION:
        state.sequences_before, state.sequences = state.sequences, {}
        state.commands_before, state.commands = state.commands, set()
        state.aged = state.now
    for key in [key for key, silence in state.silences.items() if silence.to <= state.now]:
        del state.silences[key]
    busy = {key[0] for key in state.timers} | {name for queue in state.digests.values() for name in queue}
    limit = state.now - max(FORGET_AFTER, turn.policy.defaults.reopen)
    gone = {
        name for name, case in state.cases.items() if name not in busy and _is_over(state, case) and _last(case) < limit
    }
    if gone:
        state.cases = {name: case for name, case in state.cases.items() if name not in gone}
        state.current = {key: name for key, name in state.current.items() if name not in gone}


def _is_over(state: NotifyState, case: Case) -> bool:
    """Tell whether nothing can come back to the incident: no alert of it fires, nothing of it is to be sent."""
    if case.incident.state in LIVE or case.firing or any(one.open() for one in case.planned.values()):
        return False
    into = state.cases.get(case.incident.merged_into or "")
    return into is None or into.incident.state not in LIVE


def _last(case: Case) -> int:
    return to_ms(case.incident.updated_at)
