"""Which timers are due and not reported yet, on a live clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from schemas.journal import TimerDue
from streams.agents.notify_records import journal_record
from streams.engine.records import Write

RESEND: Final = 2.0
"""Seconds after which a timer that is still armed is reported again."""


class DueTimers:
    """Remembers what was reported lately."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str, int, int], float] = {}

    def records(self, timers: Mapping[tuple[str, str, int], int], me: str) -> list[Write]:
        """Return the journal's records, written by `me`, of those of `timers` that are due now."""
        now, tried = int(time.time() * 1_000), time.monotonic()
        # Due counts by the journal's clock, which may be behind ours: what came too early is sent again.
        self._sent = {key: at for key, at in self._sent.items() if tried - at < RESEND}
        due = [(key, at) for key, at in timers.items() if at <= now and (*key, at) not in self._sent]
        self._sent |= {(*key, at): tried for key, at in due}
        return [journal_record(TimerDue(me, *key, at)) for key, at in sorted(due)]
