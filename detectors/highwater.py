"""How high it has been: the highest moments of the last days, so that a repeat is known as one."""

from __future__ import annotations

from typing import Any

from river import stats

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BLOCK_MS = 6 * HOUR_MS
"""One maximum is kept for each six hours: 56 numbers for two weeks."""


class HighWater:
    """Maximum of a series between `lag` and `lag + span` ago, in blocks of six hours (`river.stats.RollingMax` over the
    blocks).

    The lag keeps a rise from being compared with its own beginning. Blocks lie on the clock (multiples of six hours
    since the epoch), so the result depends on times and values only, not on when it was asked.

    Args:
        span_ms: how far back it remembers.
        lag_ms: how much of the recent past it leaves out.
    """

    __slots__ = ("_block", "_current", "_old", "_recent")

    def __init__(self, span_ms: int, lag_ms: int) -> None:
        self._old = stats.RollingMax(max(1, round(span_ms / BLOCK_MS)))
        self._recent = [0.0] * max(1, round(lag_ms / BLOCK_MS))
        self._block: int | None = None
        self._current = 0.0

    def advance(self, time_ms: int) -> None:
        """Move on to the block of `time_ms`; blocks without a value were zero."""
        block = time_ms // BLOCK_MS
        if self._block is None:
            # The days before the first value are unknown, not zero: they enter neither list's comparison.
            self._block = block
            self._recent = [-1.0] * len(self._recent)
        passed = min(block - self._block, self._old.window_size + len(self._recent) + 1)
        for _ in range(passed):
            self._recent.append(self._current)
            self._current = 0.0
            leaving = self._recent.pop(0)
            if leaving >= 0.0:
                self._old.update(leaving)
        self._block = max(block, self._block)

    def learn(self, value: float) -> None:
        """Note `value` in the block last advanced to."""
        self._current = max(self._current, value)

    def get(self) -> float | None:
        """Return the highest value remembered; None until that is a whole day, for a night says nothing of noon."""
        if len(self._old.window) < min(DAY_MS // BLOCK_MS, self._old.window_size):
            return None
        return float(self._old.get() or 0.0)

    def days_at(self, level: float) -> int:
        """Return on how many days (UTC) before today, of those remembered, a value of at least `level` was seen."""
        if self._block is None:
            return 0
        today = self._block * BLOCK_MS // DAY_MS
        blocks = [*self._old.window.unsorted_window, *self._recent]
        first = self._block - len(blocks)
        days = {(first + i) * BLOCK_MS // DAY_MS for i, highest in enumerate(blocks) if highest >= level}
        return len(days - {today})

    def dump(self) -> list[Any]:
        """Return the state: lists of numbers."""
        return [self._block, self._current, list(self._recent), list(self._old.window.unsorted_window)]

    def load(self, state: list[Any]) -> None:
        """Take the state that `dump` returned."""
        self._block, self._current, self._recent = state[0], float(state[1]), [float(v) for v in state[2]]
        old = stats.RollingMax(self._old.window_size)
        for value in state[3]:
            old.update(float(value))
        self._old = old
