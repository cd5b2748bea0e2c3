"""What the last notifier perhaps did not write before it ended: what changed lately, and what was held back lately."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.events import Incident, Notification
from schemas.times import HOUR, to_ms
from streams.incidents.effects import Effect, Record
from streams.incidents.state import LIVE, NotifyState

LATELY: Final = HOUR
"""What changed within this time before the journal's last record is published again by a new notifier."""
RECENT: Final = 2_000
"""Records of what was held back that are looked for on `notifications`, at most."""


class Held(NamedTuple):
    """Something held back: when, and up to where `notifications` was known to be written then."""

    at: int
    noted: int
    what: Notification


class HeldLately:
    """While the journal is read: what was held back last."""

    def __init__(self) -> None:
        self._found: list[Held] = []

    def add(self, state: NotifyState, effects: Iterable[Effect]) -> None:
        """Remember what was held back by the record that `state` has just folded."""
        held = [effect.notification for effect in effects if isinstance(effect, Record)]
        self._found += [Held(state.now, state.noted, notification) for notification in held]

    def cut(self) -> None:
        """Forget all but the last."""
        del self._found[:-RECENT]

    def take(self, state: NotifyState) -> list[Held]:
        """Return what was held back lately, and forget it."""
        found, self._found = self._found, []
        return [held for held in found if held.at >= state.now - LATELY or state.replay]


def changed_lately(state: NotifyState) -> list[Incident]:
    """Return the incidents that live or changed lately."""
    return [
        case.incident
        for case in state.cases.values()
        if case.incident.state in LIVE or state.replay or to_ms(case.incident.updated_at) >= state.now - LATELY
    ]
