"""The fold over the journal: `fold(state, entry, at, policy) -> effects`. Pure; time is an argument or a record.

The notifier appends what it takes and folds only what it reads back, so the state follows from the journal's prefix.
Live, `at` is the time at which the journal took the entry, and due timers come back as entries of their own.
In replay, time comes from ticks in the journal; alerts wait until it has reached them and timers are fired in here, so
that neither the order in which partitions were read nor the speed of the replay changes anything.
"""

from __future__ import annotations

from typing import Final

from schemas.events import Alert, AlertTick
from schemas.journal import Delivered, JournalEntry, Leader, PolicyRead, TimerDue, Took
from schemas.times import in_utc, to_ms
from streams.incidents.ageing import age
from streams.incidents.alerts import take_alert
from streams.incidents.commands import take_command
from streams.incidents.effects import Effect
from streams.incidents.outcomes import take_outcome
from streams.incidents.state import NotifyState
from streams.incidents.timers import fire
from streams.incidents.turn import Turn
from streams.policy.load import from_plain
from streams.policy.model import Policy

_NEVER: Final = 1 << 62


def fold(state: NotifyState, entry: JournalEntry, at: int, policy: Policy) -> list[Effect]:
    """Fold `entry`, which the journal took at `at` (epoch ms), into `state` and return what is to be done.

    `policy` counts until the journal names one itself (`PolicyRead`): decisions once taken stay what they were when
    the file has changed since. Entries of anyone but the latest leader, repeats and timers not armed or not due
    change nothing.
    """
    if isinstance(entry, Leader):
        state.leader = entry.leader
        return []
    if entry.leader != state.leader:
        return []
    if isinstance(entry, PolicyRead):
        state.policy, state.policy_digest = from_plain(entry.policy), entry.digest
        return []
    if not state.replay:
        state.now = max(state.now, at)
    turn = Turn(state, state.policy or policy, state.now or at)
    if isinstance(entry, Took):
        _take(turn, entry)
    elif isinstance(entry, Delivered):
        take_outcome(turn, entry.notification)
        if entry.recorded is not None:
            state.noted = entry.recorded
    elif isinstance(entry, TimerDue) and not state.replay:
        key = (entry.incident_id, entry.step, entry.round)
        due = state.timers.get(key)
        if due is not None and due == entry.due and due <= at:
            fire(turn, key)
    age(turn)
    return turn.finish()


def _take(turn: Turn, took: Took) -> None:
    """Take one record of an input topic, once: offsets at or below the last one are repeats."""
    state = turn.state
    if took.offset <= state.offsets.get(took.topic, -1):
        return
    state.offsets[took.topic] = took.offset
    if took.command is not None:
        take_command(turn, took.command)
    elif took.alert is not None and state.replay:
        state.waiting.append(in_utc(took.alert))
    elif took.alert is not None:
        take_alert(turn, in_utc(took.alert))
    elif took.tick is not None and state.replay:
        _tick(turn, took.tick)


def _tick(turn: Turn, tick: AlertTick) -> None:
    """Replay: time is the least tick over all partitions; do what lies between the old time and the new, in order."""
    state = turn.state
    state.ticks[tick.partition] = max(tick.at, state.ticks.get(tick.partition, 0))
    if len(state.ticks) < state.partitions:
        return
    target = min(state.ticks.values())
    if target < state.now:
        return
    state.waiting.sort(key=_order)
    while True:
        alert_at = max(state.now, to_ms(state.waiting[0].detected_at)) if state.waiting else _NEVER
        due, key = state.next_due() or (_NEVER, ("", "", 0))
        if min(alert_at, due) > target:
            break
        # An alert goes before a timer of the same moment: a resolved one may make it needless.
        turn.at = state.now = max(state.now, min(alert_at, due))
        if alert_at <= due:
            take_alert(turn, state.waiting.pop(0))
        else:
            fire(turn, key)
    turn.at = state.now = target


def _order(alert: Alert) -> tuple[int, str, str, int]:
    return to_ms(alert.detected_at), alert.brand, alert.alert_id, alert.sequence
